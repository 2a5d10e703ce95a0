"""Planted scenes: ground, real or simulated, with simulated patches, decoys and look-alikes on it.

All of it is simulated or put together from small real pictures; it says nothing about real poppy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import grounds_a
import grounds_b
import numpy as np

from geoinspect.detect.implants import (
    Implant,
    PatchForm,
    Picture,
    Planted,
    Renderer,
    Wish,
)
from geoinspect.search_records import GrowthStage

Hand = Literal["a", "b"]
# Real grounds with room for plots; in the woodland and the town they would stand on crowns and roofs.
REAL = tuple(name for name in grounds_b.REAL_GROUNDS if name not in ("woodland", "urban"))

_FORMS = (
    (PatchForm.PARCEL, 0.45),
    (PatchForm.BLOB, 0.25),
    (PatchForm.ROWS, 0.15),
    (PatchForm.STRIP, 0.1),
    (PatchForm.SCATTERED, 0.05),
)
_CONFUSERS = (Planted.BRASSICA, Planted.WHITE_BLOOM, Planted.CORN_POPPY)


@dataclass(frozen=True)
class Stratum:
    """What a group of scenes has in common."""

    name: str
    gsds_m: tuple[float, ...]
    blooms: tuple[float, ...]
    stages: tuple[GrowthStage, ...]


IN_BLOOM_FINE = Stratum(
    "in bloom, 1–3 cm", (0.01, 0.02, 0.025, 0.03), (5, 15, 40), (GrowthStage.FLOWER,)
)
IN_BLOOM_COARSE = Stratum(
    "in bloom, 5–10 cm", (0.05, 0.075, 0.1), (5, 15, 40), (GrowthStage.FLOWER,)
)
BEFORE_BLOOM = Stratum(
    "before bloom, 2–10 cm",
    (0.02, 0.03, 0.05, 0.1),
    (0,),
    (GrowthStage.ROSETTE, GrowthStage.BUD),
)
STRATA = (IN_BLOOM_FINE, IN_BLOOM_COARSE, BEFORE_BLOOM)


@dataclass(frozen=True, eq=False)
class Scene:
    """One planted picture."""

    ground: str
    gsd_m: float
    pixels: np.ndarray
    implants: tuple[Implant, ...]


def wishes(
    stratum: Stratum, rng: np.random.Generator, *, targets: int, controls: int
) -> list[Wish]:
    """Return patches of 4 to 400 m² in random order: targets, as many decoys, some look-alikes."""
    forms, shares = zip(*_FORMS, strict=True)

    def one(kind: Planted) -> Wish:
        stage = stratum.stages[rng.integers(len(stratum.stages))]
        bloom = float(rng.choice(stratum.blooms)) if kind is not Planted.DECOY else 0.0
        if kind is Planted.BRASSICA:
            bloom, stage = 0.0, GrowthStage.BUD
        if kind in (Planted.WHITE_BLOOM, Planted.CORN_POPPY):
            bloom, stage = float(rng.choice((5, 15, 40))), GrowthStage.FLOWER
        area = float(np.exp(rng.uniform(np.log(4), np.log(400))))
        form = forms[int(rng.choice(len(forms), p=shares))]
        if form is PatchForm.STRIP:
            area = min(area, 40.0)
        return Wish(kind, area, stage, bloom, form)

    kinds = [Planted.POPPY] * targets + [Planted.DECOY] * controls
    kinds += [_CONFUSERS[i % 3] for i in range(controls // 2)]
    rng.shuffle(kinds)
    return [one(kind) for kind in kinds]


def renderer(hand: Hand) -> Renderer:
    """Return the renderer of a hand."""
    if hand == "a":
        from geoinspect.detect.simulate import simulate

        return simulate
    from geoinspect.detect.rehearse import rehearse

    return rehearse


def grounds_of(hand: Hand) -> Sequence[str]:
    """Return the simulated grounds that go with a renderer."""
    return list(grounds_a.CHARACTERS if hand == "a" else grounds_b.CHARACTERS)


def make_ground(name: str, seed: int, side_m: float, gsd_m: float) -> np.ndarray | None:
    """Return ground by its name ``a:terraces``, ``b:…`` or ``real:pasture``; None if too coarse."""
    kind, _, rest = name.partition(":")
    if kind == "a":
        return grounds_a.ground(seed, side_m, gsd_m, rest)
    if kind == "b":
        return grounds_b.ground(seed, side_m, gsd_m, rest)
    return grounds_b.real_ground(rest, seed, side_m, gsd_m)


def planted(
    ground: str,
    hand: Hand,
    stratum: Stratum,
    seed: int,
    *,
    side_m: float,
    targets_per_ha: float,
    most_px: int = 9000,
) -> Scene | None:
    """Return a planted scene; its side is cut so that it has at most ``most_px`` pixels a side."""
    rng = np.random.default_rng([seed, 17])
    gsd_m = float(rng.choice(stratum.gsds_m))
    side_m = min(side_m, most_px * gsd_m)
    pixels = make_ground(ground, seed, side_m, gsd_m)
    if pixels is None:
        return None
    targets = max(2, round(targets_per_ha * side_m**2 / 1e4))
    asked = wishes(stratum, rng, targets=targets, controls=max(2, targets // 2))
    picture = Picture(pixels, np.ones(pixels.shape[1:], dtype=bool), gsd_m)
    made = renderer(hand)(picture, asked, rng)
    return Scene(ground, gsd_m, np.asarray(made.pixels), made.implants)
