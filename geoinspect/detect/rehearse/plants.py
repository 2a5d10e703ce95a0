"""Plants in rows as seen from above: how much of each pixel they cover, and how they are lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.implants import PatchForm, Planted
from geoinspect.search_records import GrowthStage

F4 = NDArray[np.float32]

# Where rows can't be told apart only their mean cover counts.
_ROWS_SEEN = 1.6


@dataclass(frozen=True, slots=True)
class Stand:
    """How the plants of one patch stand, in metres.

    Attributes:
        jitter: How far plants stray from their place, as a share of the spacing.
        gaps: Share of places where no plant came up.
        lobed: How deep the leaves cut into the round of a plant.
        tall_m: Height, which casts shade.
    """

    row_m: float
    plant_m: float
    radius_m: float
    jitter: float
    gaps: float
    lobed: float
    tall_m: float
    angle: float


# Radius of a plant and its height by stage, least and most; assumed from garden descriptions.
_SIZE: dict[GrowthStage, tuple[tuple[float, float], tuple[float, float]]] = {
    GrowthStage.SEEDLING: ((0.03, 0.06), (0.02, 0.06)),
    GrowthStage.ROSETTE: ((0.10, 0.17), (0.08, 0.2)),
    GrowthStage.BUD: ((0.14, 0.22), (0.3, 0.8)),
    GrowthStage.FLOWER: ((0.14, 0.23), (0.6, 1.2)),
    GrowthStage.CAPSULE: ((0.11, 0.19), (0.6, 1.2)),
}


def stand_of(
    kind: Planted, stage: GrowthStage, form: PatchForm, lie: float, rng: np.random.Generator
) -> Stand:
    """Draw how the plants of a patch stand; ``lie`` is the direction of its longer side."""
    radius, tall = (rng.uniform(*limits) for limits in _SIZE[stage])
    row_m, plant_m = rng.uniform(0.2, 0.4), rng.uniform(0.12, 0.24)
    jitter, gaps, lobed = rng.uniform(0.15, 0.45), rng.uniform(0.02, 0.18), rng.uniform(0.12, 0.3)
    if kind is Planted.BRASSICA:
        row_m, plant_m, radius = rng.uniform(0.4, 0.6), rng.uniform(0.38, 0.5), radius * 1.4
        lobed, tall, jitter = 0.08, 0.3, 0.12
    elif kind is Planted.CORN_POPPY:
        row_m, plant_m, jitter = rng.uniform(0.3, 0.5), rng.uniform(0.2, 0.4), 0.9
        radius, gaps = 0.7 * radius, 0.3
    if form is PatchForm.ROWS:
        row_m = max(row_m, rng.uniform(0.5, 0.9))
    elif form is PatchForm.BLOB:
        jitter = max(jitter, 0.7)
    elif form is PatchForm.SCATTERED:
        row_m, plant_m, jitter, gaps = rng.uniform(1.0, 2.2), rng.uniform(1.0, 2.2), 0.9, 0.1
        radius *= 1.15
    # Rows mostly run along the bed; sometimes across it.
    angle = lie + rng.normal(0, 0.04) + np.pi / 2 * (rng.random() > 0.25)
    return Stand(row_m, plant_m, radius, jitter, gaps, lobed, tall, float(angle))


def grow(stand: Stand, within: F4, gsd_m: float, rng: np.random.Generator) -> F4:
    """Return cover (0–1) and light (about 1) of plants, shape (2, h, w), where ``within`` > 0."""
    out = np.zeros((2, *within.shape), dtype=np.float32)
    salt = int(rng.integers(1 << 30))
    share = (1 - stand.gaps) * np.pi * stand.radius_m**2 / (stand.row_m * stand.plant_m)
    if min(stand.row_m, stand.plant_m * 2) < _ROWS_SEEN * gsd_m:
        # Overlapping discs laid at random leave e^−share of the ground bare.
        out[0] = 1 - np.exp(-share)
        out[1] = 1.0
        return out
    finer = int(np.clip(np.ceil(gsd_m / (0.55 * stand.radius_m)), 1, 3))
    numbers = np.array(
        [stand.row_m, stand.plant_m, stand.radius_m, stand.jitter, stand.gaps, stand.lobed]
    )
    turn = rng.uniform(0, 2 * np.pi)
    _stand_plants(out, within, numbers, np.cos(stand.angle), np.sin(stand.angle), gsd_m, finer, salt,
                  np.cos(turn), np.sin(turn))  # fmt: skip
    return out


@njit(cache=True, nogil=True)
def _dice(i: int, j: int, salt: int) -> float:
    """Return a number in [0, 1) that belongs to a place."""
    h = (i * 0x27D4EB2F + j * 0x165667B1 + salt * 0x9E3779B1) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    h = ((h ^ (h >> 12)) * 0x297A2D39) & 0xFFFFFFFF
    h = h ^ (h >> 15)
    return (h & 0xFFFFFF) / 16777216.0


@njit(cache=True, nogil=True)
def _direction(dy: float, dx: float) -> float:
    """Return the direction of an offset within 0.01 rad, sooner than atan2 does."""
    ax, ay = abs(dx), abs(dy)
    z = min(ax, ay) / max(ax, ay, 1e-12)
    angle = z * (0.9724 - 0.1919 * z * z)
    if ay > ax:
        angle = 0.5 * np.pi - angle
    if dx < 0:
        angle = np.pi - angle
    return angle if dy >= 0 else -angle


@njit(cache=True, nogil=True)
def _one_plant(
    dx: float, dy: float, radius: float, lobed: float, turn: float, soft: float,
    sun_x: float, sun_y: float,
) -> tuple[float, float]:  # fmt: skip
    """Return cover and light of a plant at an offset from its middle."""
    d = np.sqrt(dx * dx + dy * dy)
    if d > radius * (1 + lobed) + soft:
        return 0.0, 0.0
    angle = _direction(dy, dx) + turn
    leaves = 5.0 + np.floor(turn)
    # Leaves spread from the middle; deeper lobes further out, the way a rosette looks.
    wave = np.cos(leaves * angle) + 0.5 * np.cos((2 * leaves + 3) * angle + 2 * turn)
    edge = radius * (1 + lobed * (0.7 * wave - 0.2))
    cover = min(1.0, max(0.0, (edge - d) / soft + 0.5))
    rib = 0.16 * wave * (d / radius) * min(1.0, 0.03 / soft + 0.3)
    facing = 0.14 * (dx * sun_x + dy * sun_y) / radius
    light = 1.08 - 0.22 * (d / radius) ** 2 + rib + facing
    return cover, light


@njit(cache=True, nogil=True)
def _stand_plants(
    out: F4, within: F4, numbers: NDArray[np.float64], ca: float, sa: float, gsd_m: float,
    finer: int, salt: int, sun_x: float, sun_y: float,
) -> None:  # fmt: skip
    """Fill cover and light: plants are drawn one by one on a grid ``finer`` times as fine."""
    row_m, plant_m, radius, jitter, gaps, lobed = numbers
    h, w = out.shape[1], out.shape[2]
    step = gsd_m / finer
    soft = max(step, 0.012)
    fine = np.zeros((2, h * finer, w * finer), dtype=np.float32)
    # The window's corners in the directions of the rows.
    wide, high = w * gsd_m, h * gsd_m
    low_x, high_x = (
        min(0.0, wide * ca) + min(0.0, high * sa),
        max(0.0, wide * ca) + max(0.0, high * sa),
    )
    low_y, high_y = (
        min(0.0, -wide * sa) + min(0.0, high * ca),
        max(0.0, -wide * sa) + max(0.0, high * ca),
    )
    for r in range(int(np.floor(low_x / row_m)) - 1, int(np.ceil(high_x / row_m)) + 1):
        lag = _dice(r, 11, salt)
        for k in range(int(np.floor(low_y / plant_m)) - 2, int(np.ceil(high_y / plant_m)) + 1):
            luck = _dice(r, k, salt)
            if luck < gaps:
                continue
            other = _dice(k, r, salt + 1)
            x = (r + 0.5 + jitter * 0.5 * (other - 0.5)) * row_m
            y = (k + lag + 0.5 + jitter * (luck - 0.5)) * plant_m
            size = radius * (0.75 + 0.5 * other)
            at_x, at_y = x * ca - y * sa, x * sa + y * ca
            reach = 1.3 * size + soft
            left, right = int((at_x - reach) / step), int((at_x + reach) / step) + 1
            top, bottom = int((at_y - reach) / step), int((at_y + reach) / step) + 1
            left, right = max(0, left), min(w * finer, right)
            top, bottom = max(0, top), min(h * finer, bottom)
            if left >= right or top >= bottom:
                continue
            i, j = min(h - 1, max(0, int(at_y / gsd_m))), min(w - 1, max(0, int(at_x / gsd_m)))
            if (
                within[i, j] <= 0
                and within[top // finer, left // finer] <= 0
                and within[top // finer, (right - 1) // finer] <= 0
                and within[(bottom - 1) // finer, left // finer] <= 0
                and within[(bottom - 1) // finer, (right - 1) // finer] <= 0
            ):
                continue
            for a in range(top, bottom):
                dy = (a + 0.5) * step - at_y
                for b in range(left, right):
                    dx = (b + 0.5) * step - at_x
                    c, light = _one_plant(dx, dy, size, lobed, 6.28 * luck, soft, sun_x, sun_y)
                    # The taller of two plants hides the other.
                    if c * light > fine[0, a, b] * fine[1, a, b]:
                        fine[0, a, b] = c
                        fine[1, a, b] = light
    _gather(out, fine, finer)


@njit(cache=True, nogil=True)
def _gather(out: F4, fine: F4, finer: int) -> None:
    """Average cover over each pixel, and light over what is covered."""
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            total, lit = 0.0, 0.0
            for a in range(i * finer, (i + 1) * finer):
                for b in range(j * finer, (j + 1) * finer):
                    total += fine[0, a, b]
                    lit += fine[0, a, b] * fine[1, a, b]
            out[0, i, j] = total / (finer * finer)
            out[1, i, j] = lit / total if total > 0 else 1.0
