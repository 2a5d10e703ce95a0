"""The lie of the land in a picture: terraces along the contour, parcels, and what grows on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    strip = np.searchsorted(bounds, across.ravel()).reshape(shape).astype(np.int32)
    edge_m = np.minimum(across - bounds[strip - 1], bounds[strip] - across)
    parcel, cross_m = _parcels(strip, along, len(bounds), rng)
    wobble = zoom(smooth_field(coarse, 1.6 / knot_m, rng), shape)
    kind = _sown(strip, parcel, lie.crops, rng)
    kind[np.minimum(edge_m, cross_m + 0.25) < 0.42 + 0.13 * wobble] = CODE["bund"]
    if track is not None:
        kind[(strip == track) & (edge_m > 0.12 * wobble)] = CODE["track"]
    wood_m = _wood(coarse, shape, knot_m, lie, rng)
    kind[wood_m < 0] = CODE["forest"]
    # Each terrace leans a little towards the valley, then falls at its edge.
    lean = (across - bounds[strip - 1]) / np.maximum(bounds[strip] - bounds[strip - 1], 1)
    rise = -(strip + 0.25 * lean).astype(np.float32) * lie.step_m
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


def _parcels(
    strip: I4, along: F4, strips: int, rng: np.random.Generator
) -> tuple[I4, F4]:
    """Cut strips crosswise; return parcel numbers and the distance to the nearest cut."""
    length = rng.uniform(16, 48, strips + 1).astype(np.float32)[strip]
    shift = rng.uniform(0, 48, strips + 1).astype(np.float32)[strip]
    place = (along + shift) / length
    number = np.floor(place)
    cross_m = (0.5 - np.abs(place - number - 0.5)) * length
    parcel = (strip * 64 + (number.astype(np.int32) & 63)).astype(np.int32)
    return parcel, np.asarray(cross_m, dtype=np.float32)


def _sown(
    strip: I4, parcel: I4, crops: Sequence[tuple[str, float]], rng: np.random.Generator
) -> I1:
    names, weights = zip(*crops, strict=True)
    codes = np.array([CODE[name] for name in names], np.int8)
    chance = np.array(weights) / sum(weights)
    drawn = rng.choice(codes, int(strip.max() + 1) * 64 + 64, p=chance)
    return np.asarray(drawn[parcel])


def _wood(
    coarse: tuple[int, int], shape: tuple[int, int], knot_m: float, lie: Lie, rng: np.random.Generator
) -> F4:
    """Return the distance to the edge of the wood, metres; the wood lies up the slope."""
    row, col = np.mgrid[: coarse[0], : coarse[1]].astype(np.float32)
    place = (row / coarse[0] + 0.5 * col / coarse[1]) / 1.5
    ragged = 0.045 * smooth_field(coarse, 22 / knot_m, rng) + 0.012 * smooth_field(
        coarse, 4 / knot_m, rng
    )
    height_m = coarse[0] * knot_m
    return zoom(((place + ragged) - lie.wood).astype(np.float32) * np.float32(height_m), shape)
