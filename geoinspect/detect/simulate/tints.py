"""Colours of leaves, soil and petals, all from what the picture itself shows.

The glaucous tint is an assumption drawn widely (no reflectance table of opium poppy is published):
leaves bluer and paler than grass, mixed with the leaves around so that at the low end they can
hardly be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.implants import Planted
from geoinspect.detect.simulate.reading import Reading
from geoinspect.search_records import GrowthStage

F8 = NDArray[np.float64]

# Red, green, blue over green, and brightness beside the leaves around: least and most.
_LEAF = ((0.75, 0.95), (1.0, 1.0), (0.5, 0.75))
_GLAUCOUS = ((0.80, 0.95), (1.0, 1.0), (0.82, 1.0))
_SOIL = ((1.05, 1.3), (1.0, 1.0), (0.68, 0.88))
_SENESCENT = ((0.95, 1.1), (1.0, 1.0), (0.55, 0.75))
_TYPICAL_LEAF = np.array([0.85, 1.0, 0.625])
_GLAUCOUS_LIGHT = (0.8, 1.4)
_LEAST_MIX = 0.2
_BLUEST, _REDDEST = 1.0, 0.97
# Leaves this near (in blocks) are the ones the patch grows among.
_NEAR_BLOCKS = 40
_FEW = 12
_LOCAL_SOIL = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Tints:
    """What a patch is painted with.

    Attributes:
        leaf: Mean colour of its leaves, shape (3,), in the picture's unit.
        stray: By which share of each band single plants stray, shape (3,).
        soil: Of the bed.
        white: What a flower of albedo 1 shows at brightness 1, shape (3,).
    """

    leaf: F8
    stray: F8
    soil: F8
    white: F8


def _draw(ranges: tuple[tuple[float, float], ...], rng: np.random.Generator) -> F8:
    return np.array([rng.uniform(low, high) for low, high in ranges])


def leaves_around(reading: Reading, row: float, col: float, rng: np.random.Generator) -> F8:
    """Return the median colour of low leaves near a block, or failing that a plausible one."""
    if len(reading.leaf_colours) < _FEW:
        leaf = _draw(_LEAF, rng)
        return np.asarray(leaf / leaf.mean() * reading.brightness * rng.uniform(0.6, 1.1))
    away = np.abs(reading.leaf_rows_cols - (row, col)).max(axis=1)
    near = away <= _NEAR_BLOCKS
    few = near.sum() < _FEW
    return np.asarray(np.median(reading.leaf_colours[slice(None) if few else near], axis=0))


def _leaf_of(
    kind: Planted, stage: GrowthStage, around: F8, reading: Reading, rng: np.random.Generator
) -> F8:
    """Draw the colour of a patch's leaves."""
    if kind in (Planted.POPPY, Planted.BRASSICA):
        # How far the picture's leaves are from typical ones is partly the camera's cast.
        cast = np.clip(around / around[1] / _TYPICAL_LEAF, 0.9, 1.12) ** rng.uniform(0, 1)
        tint = _draw(_GLAUCOUS, rng) * cast
        tint[0] = min(tint[0], _REDDEST * tint[1])
        tint[2] = min(tint[2], _BLUEST * tint[1])
        tint *= around[1] / tint[1] * rng.uniform(*_GLAUCOUS_LIGHT)
        mix = rng.uniform(_LEAST_MIX, 1.0)
        leaf = (1 - mix) * around + mix * tint
    else:
        donors = reading.leaf_colours
        leaf = donors[rng.integers(len(donors))] if len(donors) else around
        leaf = leaf * rng.uniform(0.85, 1.2)
    if stage is GrowthStage.CAPSULE and kind is Planted.POPPY:
        straw = _draw(_SENESCENT, rng) * leaf[1]
        leaf = leaf + rng.uniform(0.15, 0.7) * (straw - leaf)
        leaf = leaf + rng.uniform(0.0, 0.4) * (leaf.mean() - leaf)
    return np.asarray(leaf)


def tints_for(
    kind: Planted,
    stage: GrowthStage,
    block: tuple[float, float],
    reading: Reading,
    rng: np.random.Generator,
) -> Tints:
    """Draw the colours of a patch whose middle is at ``block`` (row, column of the reading)."""
    around = leaves_around(reading, *block, rng)
    leaf = _leaf_of(kind, stage, around, reading, rng)
    bare = reading.soil_colours
    if len(bare) >= _FEW:
        away = np.abs(reading.soil_rows_cols - block).max(axis=1)
        near = bare[away <= _NEAR_BLOCKS]
        some = near if len(near) >= _FEW and rng.random() < _LOCAL_SOIL else bare
        soil = some[rng.integers(len(some))] * rng.uniform(0.8, 1.15)
    else:
        soil = _draw(_SOIL, rng)
        soil = soil / soil.mean() * reading.brightness * rng.uniform(0.6, 1.2)
    cast = np.clip(around / around[1] / _TYPICAL_LEAF, 0.9, 1.12) ** rng.uniform(0, 0.5)
    # Drawn alike for every kind, so that how much a patch varies says nothing about its kind.
    stray = rng.uniform(-0.2, 0.2) + rng.uniform(-0.05, 0.05, 3)
    light = float(around.mean() * 0.5 + leaf.mean() * 0.5)
    return Tints(leaf=leaf, stray=stray, soil=np.asarray(soil), white=light * cast)
