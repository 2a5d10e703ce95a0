"""The lie of the land in a picture: terraces along the contour, parcels, and what grows on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from sample_data.noise import smooth_field, zoom

F4 = NDArray[np.float32]
I4 = NDArray[np.int32]
I1 = NDArray[np.int8]

GROUND = (
    "soil",
    "wheat",
    "rape",
    "maize",
    "film",
    "cabbage",
    "garlic",
    "potato",
    "fallow",
    "track",
    "bund",
    "forest",
    "yard",
    "roof",
    "pond",
)
CODE = {name: number for number, name in enumerate(GROUND)}
_BUND, _TRACK, _FOREST = CODE["bund"], CODE["track"], CODE["forest"]
# Parcels of a strip before what is sown repeats; a power of two.
_PARCELS = 64


@dataclass(eq=False)
class Fields:
    """Where what lies; all arrays of shape (rows, cols).

    Attributes:
        across_m, along_m: Place across and along the terraces; rows of crops follow ``along_m``.
        parcel: Number of the parcel.
        kind: Code of what is there, see ``GROUND``.
        wood_m: Metres outside (positive) or inside (negative) the wood.
        rise_m: Height of the bare ground.
        angle: Direction of the rows in the picture, radians.
    """

    across_m: F4
    along_m: F4
    parcel: I4
    kind: I1
    wood_m: F4
    rise_m: F4
    angle: float

    def where(self, kind: str) -> NDArray[np.int64]:
        """Return the flat indices of all pixels of a kind."""
        return np.flatnonzero(self.kind.ravel() == CODE[kind])


@dataclass(frozen=True, slots=True)
class Lie:
    """What shapes a scene.

    Attributes:
        crops: Kinds and how often each is sown.
        angle: Direction of the terraces, radians.
        widths_m: Narrowest and widest terrace.
        step_m: Height from terrace to terrace.
        bend_m: How far terraces swing.
        wood: Share of the scene under trees, at one side.
        track_at: Number of the strip that is a track, counted from the middle; None for none.
    """

    crops: Sequence[tuple[str, float]]
    angle: float
    widths_m: tuple[float, float]
    step_m: float
    bend_m: float
    wood: float
    track_at: int | None


def lay_out(shape: tuple[int, int], gsd_m: float, lie: Lie, rng: np.random.Generator) -> Fields:
    """Return the fields of a scene."""
    coarse = (shape[0] // 6 + 1, shape[1] // 6 + 1)
    knot_m = gsd_m * 6
    row, col = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) * np.float32(knot_m)
    swing = lie.bend_m * smooth_field(coarse, 75 / knot_m, rng)
    swing += 0.1 * lie.bend_m * smooth_field(coarse, 16 / knot_m, rng)
    cos, sin = np.float32(np.cos(lie.angle)), np.float32(np.sin(lie.angle))
    across = zoom(-col * sin + row * cos + swing, shape)
    sway = 2.5 * smooth_field(coarse, 40 / knot_m, rng)
    along = zoom(col * cos + row * sin + sway, shape)

    reach = (float(across.min()) - 1, float(across.max()) + 1)
    bounds, track = _bounds(reach, lie, rng)
    wobble = zoom(smooth_field(coarse, 1.6 / knot_m, rng), shape)
    wood_m = _wood(coarse, shape, knot_m, lie, rng)
    kind, parcel, rise = _cut(
        across,
        along,
        wobble,
        wood_m,
        bounds,
        rng.uniform(16, 48, len(bounds)).astype(np.float32),
        rng.uniform(0, 48, len(bounds)).astype(np.float32),
        _sown(len(bounds), lie.crops, rng),
        -1 if track is None else track,
        lie.step_m,
    )
    return Fields(across, along, parcel, kind, wood_m, rise, lie.angle)


def _bounds(
    reach: tuple[float, float], lie: Lie, rng: np.random.Generator
) -> tuple[F4, int | None]:
    """Return the lower bound of every strip, and the number of the strip that is the track."""
    bounds = [reach[0]]
    middle = sum(reach) / 2
    track: int | None = None
    while bounds[-1] < reach[1]:
        passed = bounds[-1] > middle and track is None and lie.track_at is not None
        bounds.append(bounds[-1] + (3.1 if passed else float(rng.uniform(*lie.widths_m))))
        if passed:
            track = len(bounds) - 1
    return np.array(bounds, np.float32), track


def _sown(strips: int, crops: Sequence[tuple[str, float]], rng: np.random.Generator) -> I1:
    """Return what is sown on each parcel, shape (strips, parcels of a strip)."""
    names, weights = zip(*crops, strict=True)
    codes = np.array([CODE[name] for name in names], np.int8)
    chance = np.array(weights) / sum(weights)
    return rng.choice(codes, (strips, _PARCELS), p=chance)


def _cut_pixels(
    across: F4,
    along: F4,
    wobble: F4,
    wood_m: F4,
    bounds: F4,
    length_m: F4,
    shift_m: F4,
    sown: I1,
    track: int,
    step_m: float,
) -> tuple[I1, I4, F4]:
    rows, cols = across.shape
    kind = np.empty((rows, cols), np.int8)
    parcel = np.empty((rows, cols), np.int32)
    rise = np.empty((rows, cols), np.float32)
    for r in range(rows):
        strip = 1
        for c in range(cols):
            v = across[r, c]
            while v >= bounds[strip] and strip < len(bounds) - 1:
                strip += 1
            while v < bounds[strip - 1] and strip > 1:
                strip -= 1
            wide = bounds[strip] - bounds[strip - 1]
            edge = min(v - bounds[strip - 1], bounds[strip] - v)
            place = (along[r, c] + shift_m[strip]) / length_m[strip]
            number = np.floor(place)
            cross = (0.5 - abs(place - number - 0.5)) * length_m[strip]
            own = int(number) & (_PARCELS - 1)
            parcel[r, c] = strip * _PARCELS + own
            # Each terrace leans a little towards the valley, then falls at its edge.
            rise[r, c] = -(strip + 0.25 * (v - bounds[strip - 1]) / wide) * step_m
            what = sown[strip, own]
            if min(edge, cross + 0.25) < 0.42 + 0.13 * wobble[r, c]:
                what = _BUND
            if strip == track and edge > 0.12 * wobble[r, c]:
                what = _TRACK
            kind[r, c] = _FOREST if wood_m[r, c] < 0 else what
    return kind, parcel, rise


_cut: Callable[..., tuple[I1, I4, F4]] = numba.njit(cache=True)(_cut_pixels)
"""Cut the ground into strips and parcels; returns kind, parcel number and height of ground."""


def _wood(
    coarse: tuple[int, int],
    shape: tuple[int, int],
    knot_m: float,
    lie: Lie,
    rng: np.random.Generator,
) -> F4:
    """Return the distance to the edge of the wood, metres; the wood lies up the slope."""
    row, col = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32)
    place = (row / coarse[0] + 0.5 * col / coarse[1]) / 1.5
    ragged = 0.045 * smooth_field(coarse, 22 / knot_m, rng) + 0.012 * smooth_field(
        coarse, 4 / knot_m, rng
    )
    height_m = coarse[0] * knot_m
    return zoom(((place + ragged) - lie.wood).astype(np.float32) * np.float32(height_m), shape)
