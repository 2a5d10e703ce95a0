"""Open flowers and seed capsules, drawn at 1 cm or finer and averaged to the picture's pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.implants import Planted, Wish
from geoinspect.detect.rehearse.siting import Mask
from geoinspect.search_records import GrowthStage

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

_FINEST_M = 0.01
# Petals against white ones, by channel; garden poppies come in these, most of them pale.
_PETALS = np.array([(1.0, 0.99, 0.97), (0.98, 0.70, 0.78), (0.78, 0.60, 0.84), (0.84, 0.24, 0.22)])
_OFTEN = np.array([0.4, 0.2, 0.25, 0.15])
_STRANGERS = 0.12
_BLOTCH = np.array([0.34, 0.20, 0.36])
_MIDDLE = np.array([0.60, 0.66, 0.46])
_CORN_RED = np.array([0.88, 0.20, 0.14])
_CORN_BLOTCH = np.array([0.16, 0.10, 0.10])
_CAPSULE = np.array([0.62, 0.63, 0.52])
_CAPSULES_M2 = (8.0, 35.0)


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Flowers or capsules: (column, row, radius_m, squash, turn, blotch share) and colours.

    ``places`` has shape (n, 6); ``colours`` shape (n, 3, 3): of petals, blotch and middle.
    """

    places: F8
    colours: F8


def heads_of(
    wish: Wish, inside: Mask, plants: F4, gsd_m: float, white: F8, rng: np.random.Generator
) -> Heads:
    """Draw the heads that stand on a patch.

    Args:
        inside: Pixels of the patch, shape (h, w); ``plants``: their cover, where heads stand.
        white: Colour of white petals in units of the picture.
    """
    density = _density(wish, rng)
    rows, cols = np.nonzero(inside)
    count = int(rng.poisson(density * len(rows) * gsd_m**2)) if len(rows) else 0
    if count == 0:
        return Heads(np.zeros((0, 6)), np.zeros((0, 3, 3)))
    weight = plants[rows, cols].astype(np.float64) + 0.03
    upto = np.cumsum(weight)
    chosen = np.searchsorted(upto, rng.uniform(0, upto[-1], count))
    chosen = np.minimum(chosen, len(rows) - 1)
    places = np.empty((count, 6))
    places[:, 0] = cols[chosen] + rng.uniform(0, 1, count)
    places[:, 1] = rows[chosen] + rng.uniform(0, 1, count)
    places[:, 3] = rng.uniform(0.65, 1.0, count)
    places[:, 4] = rng.uniform(0, 2 * np.pi, count)
    places[:, 5] = 0.0
    colours = np.empty((count, 3, 3))
    _dress(wish, places, colours, rng)
    light = rng.uniform(0.82, 1.04, (count, 1, 1))
    return Heads(places, colours * light * white)


def _density(wish: Wish, rng: np.random.Generator) -> float:
    """Return heads for each square metre."""
    if wish.kind is Planted.DECOY or wish.kind is Planted.BRASSICA:
        return 0.0
    if wish.stage is GrowthStage.FLOWER:
        return wish.bloom_per_m2
    if wish.stage is GrowthStage.CAPSULE and wish.kind is Planted.POPPY:
        return float(rng.uniform(*_CAPSULES_M2))
    return 0.0


def _dress(wish: Wish, places: F8, colours: F8, rng: np.random.Generator) -> None:
    """Give heads their size and colours."""
    count = len(places)
    if wish.stage is GrowthStage.CAPSULE:
        places[:, 2] = rng.uniform(0.014, 0.024, count)
        colours[:] = _CAPSULE
    elif wish.kind is Planted.WHITE_BLOOM:
        places[:, 2] = rng.uniform(0.010, 0.016, count)
        colours[:] = _PETALS[0]
        colours[:, 2] = _PETALS[0] * (1.0, 0.95, 0.7)
    elif wish.kind is Planted.CORN_POPPY:
        places[:, 2] = rng.uniform(0.02, 0.04, count)
        places[:, 5] = 0.3
        colours[:, 0], colours[:, 1], colours[:, 2] = _CORN_RED, _CORN_BLOTCH, _CORN_BLOTCH
    else:
        own = rng.choice(len(_PETALS), p=_OFTEN)
        strange = rng.random(count) < _STRANGERS * rng.random()
        which = np.where(strange, rng.choice(len(_PETALS), size=count, p=_OFTEN), own)
        petals = _PETALS[which] * rng.normal(1, 0.03, (count, 3))
        # Some are half shut; they show less of the inside.
        half_shut = np.where(rng.random(count) < 0.2, 0.6, 1.0)
        places[:, 2] = rng.uniform(0.035, 0.06, count) * half_shut
        places[:, 5] = rng.uniform(0.25, 0.42) * (rng.random() < 0.8)
        colours[:, 0], colours[:, 2] = petals, _MIDDLE
        colours[:, 1] = np.where(which[:, None] == 0, 0.5 * (_BLOTCH + petals), _BLOTCH)


def draw_heads(heads: Heads, size: tuple[int, int], gsd_m: float) -> tuple[F4, F4]:
    """Return the share of each pixel that heads fill, shape (h, w), and that share × colour."""
    share = np.zeros(size, dtype=np.float32)
    colour = np.zeros((3, *size), dtype=np.float32)
    _stamp(share, colour, heads.places, heads.colours, gsd_m, min(_FINEST_M, gsd_m / 2))
    crowded = np.maximum(share, np.float32(1.0))
    return np.asarray(share / crowded), np.asarray(colour / crowded)


@njit(cache=True, nogil=True)
def _stamp(share: F4, colour: F4, places: F8, colours: F8, gsd_m: float, step_m: float) -> None:
    """Add up the fine points of each head in the pixels they fall on."""
    h, w = share.shape
    part = (step_m / gsd_m) ** 2
    for n in range(len(places)):
        radius, squash, turn, blotch = places[n, 2], places[n, 3], places[n, 4], places[n, 5]
        ca, sa = np.cos(turn), np.sin(turn)
        reach = int(np.ceil(radius * 1.15 / step_m))
        for a in range(-reach, reach + 1):
            for b in range(-reach, reach + 1):
                dx, dy = b * step_m, a * step_m
                u, v = dx * ca + dy * sa, (-dx * sa + dy * ca) / squash
                square = u * u + v * v
                d = np.sqrt(square) / radius
                if d > 1.12:
                    continue
                # Four broad petals: |cos 2φ| of the direction.
                wave = abs(u * u - v * v) / max(square, 1e-12)
                if d > 0.86 + 0.24 * wave:
                    continue
                i = int(np.floor(places[n, 1] + dy / gsd_m))
                j = int(np.floor(places[n, 0] + dx / gsd_m))
                if i < 0 or j < 0 or i >= h or j >= w:
                    continue
                layer = 2 if d < 0.16 else (1 if d < blotch else 0)
                crease = 1.0 - 0.14 * (1.0 - wave) + 0.05 * (u / radius)
                share[i, j] += part
                for c in range(3):
                    colour[c, i, j] += part * crease * colours[n, layer, c]
