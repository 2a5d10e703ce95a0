"""Simulated patches on a copy of the user's own picture, for a detector to learn from.

What isn't known about the plant, the season, the ground and the camera is drawn widely (domain
randomisation), so that what is learnt doesn't hang on one renderer's habits. Decoys and look-alikes
go through every step that the target goes through. This is simulated data: it shows what a
detector makes of such patches, not what it finds in the field.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from geoinspect.detect.implants import Implant, PatchForm, Picture, PlantedPicture, Wish
from geoinspect.detect.simulate import bloom, canopy, sensor
from geoinspect.detect.simulate.forms import stand_of
from geoinspect.detect.simulate.place import find_place
from geoinspect.detect.simulate.reading import Reading, read
from geoinspect.detect.simulate.tints import Tints, tints_for

__all__ = ["neighbourhood_px", "simulate"]

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

_SEEDS = 2**31 - 1
_CELL_M = 0.015
# Finer cells than this have leaves of four or eight cells.
_FINE_CELL_M = 0.011
_MARGIN_M, _MARGIN_PX = 0.6, 6
_COMPRESSED = 0.5
# How often the ground between the plants is worked; strays stand in what was there.
_TILLED = {
    PatchForm.PARCEL: 0.7,
    PatchForm.ROWS: 0.7,
    PatchForm.STRIP: 0.5,
    PatchForm.BLOB: 0.5,
    PatchForm.SCATTERED: 0.1,
}


@dataclass(frozen=True, slots=True)
class _Box:
    """A window of the picture around a patch, in pixels."""

    top: int
    left: int
    h: int
    w: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.h), slice(self.left, self.left + self.w)


def neighbourhood_px(gsd_m: float) -> int:
    """Return how far around a patch's bounds pixels may change: shadow, blur, compression."""
    return math.ceil(_MARGIN_M / gsd_m) + _MARGIN_PX


def _box_around(shape_px: Polygon, picture: Picture) -> _Box:
    h, w = picture.valid.shape
    margin = neighbourhood_px(picture.gsd_m)
    west, north, east, south = shape_px.bounds
    left, top = max(0, math.floor(west) - margin), max(0, math.floor(north) - margin)
    right, low = min(w, math.ceil(east) + margin), min(h, math.ceil(south) + margin)
    return _Box(top, left, low - top, right - left)


def _drawn_light(rng: np.random.Generator) -> canopy.Light:
    azimuth = rng.uniform(0, 2 * math.pi)
    return canopy.Light(
        x=math.cos(azimuth),
        y=math.sin(azimuth),
        slope=math.tan(math.radians(rng.uniform(30, 70))),
        depth=rng.uniform(0.15, 0.7),
    )


def _rendered(
    wish: Wish,
    outline: Polygon,
    turn: float,
    middle: tuple[float, float],
    box: _Box,
    gsd_m: float,
    tints: Tints,
    light: canopy.Light,
    rng: np.random.Generator,
) -> F4:
    """Render the plants of a patch; ``middle`` in pixels. Shape (4, h, w), see `to_pixels`."""
    per_px = max(1, math.ceil(gsd_m / _CELL_M - 1e-9))
    cell_m = gsd_m / per_px
    stand = stand_of(wish, outline, turn, rng)
    cells = canopy.empty_cells(box.h * per_px, box.w * per_px)
    x0, y0 = (middle[0] - box.left) * per_px, (middle[1] - box.top) * per_px
    layers = (cells.height, cells.owner, cells.tone)
    canopy.stamp_plants(
        *layers,
        x0 + stand.x_m / cell_m,
        y0 + stand.y_m / cell_m,
        stand.radius_m / cell_m,
        stand.height_m,
        light.x,
        light.y,
        # How much the leaves of this patch shine and how coarse they look.
        rng.uniform(0.05, 0.45),
        rng.uniform(0.2, 1.1),
        int(rng.choice([1, 2]) if cell_m > _FINE_CELL_M else rng.choice([2, 3])),
        int(rng.integers(_SEEDS)),
    )
    # The leaves' mean brightness is the tint's, whatever relief and texture were drawn.
    leaf = tints.leaf / canopy.mean_tone(cells.owner, cells.tone)
    heads = bloom.heads_of(wish, stand, outline, tints.leaf, tints.white, rng)
    if heads.x_m.size:
        canopy.stamp_heads(
            *layers,
            x0 + heads.x_m / cell_m,
            y0 + heads.y_m / cell_m,
            heads.long_m / cell_m,
            heads.short_m / cell_m,
            heads.turn,
            stand.x_m.size,
            canopy.head_height(cells),
            light.x,
            light.y,
            int(rng.integers(_SEEDS)),
        )
    stray = np.clip(rng.normal(0, 0.5, stand.x_m.size), -1, 1)[:, None]
    leaves = leaf * (1 + stray * tints.stray)
    table = np.concatenate([leaves, heads.colour, bloom.blotched(heads.colour, heads.dark)])
    lit = (light.x, light.y, light.slope, light.depth)
    return canopy.to_pixels(*layers, table, per_px, cell_m, *lit)


def _drawn_bed(form: PatchForm, soil: F8, gsd_m: float, rng: np.random.Generator) -> sensor.Bed:
    tilled = rng.random() < _TILLED[form]
    return sensor.Bed(
        soil=soil,
        weight=rng.uniform(0.3, 1.0) if tilled else 0.0,
        clods=rng.uniform(0.04, 0.16),
        scale_px=max(1.0, rng.uniform(0.1, 0.6) / gsd_m),
    )


def _plant(
    wish: Wish,
    place: tuple[Polygon, Polygon, float],
    picture: Picture,
    out: NDArray[np.generic],
    reading: Reading,
    light: canopy.Light,
    rng: np.random.Generator,
) -> None:
    """Render one patch into ``out``."""
    shape_px, outline, turn = place
    box, gsd_m = _box_around(shape_px, picture), picture.gsd_m
    middle = shape_px.centroid
    block = (middle.y / reading.block_px, middle.x / reading.block_px)
    tints = tints_for(wish.kind, wish.stage, block, reading, rng)
    here = (middle.x, middle.y)
    layers = _rendered(wish, outline, turn, here, box, gsd_m, tints, light, rng)
    sigma = rng.uniform(0.4, 1.2)
    layers = sensor.blur(layers, sigma)
    inside = sensor.inside_share(shape_px, box.left, box.top, box.h, box.w)
    inside = sensor.blur(inside[None], max(sigma, rng.uniform(0.6, 1.2)))[0]
    window = (slice(None), *box.slices)
    after = out[window].astype(np.float32)
    bed = _drawn_bed(wish.form, tints.soil, gsd_m, rng)
    seed = int(rng.integers(_SEEDS))
    touched = sensor.compose(after, layers, inside, bed, reading.noise, seed)
    if rng.random() < _COMPRESSED:
        after = sensor.compressed(after, reading.ceiling, int(rng.integers(75, 96)))
        touched[:] = True
    touched &= picture.valid[box.slices]
    sensor.lay(out[window], after, touched, reading.ceiling)


def simulate(picture: Picture, wishes: Sequence[Wish], rng: np.random.Generator) -> PlantedPicture:
    """Plant simulated patches in a copy of a picture.

    Args:
        picture: Any GSD from 0.8 cm to 50 cm; uint8 or uint16.
        wishes: What to plant; one for which no open ground is found is left out.
        rng: The same generator state gives the same picture.

    Returns:
        The copy and what was planted, in the order of the wishes.
    """
    out = picture.pixels.copy()
    reading = read(picture)
    if reading is None or not reading.is_open.any():
        return PlantedPicture(out, ())
    light = _drawn_light(rng)
    places: dict[int, tuple[Polygon, Polygon, float]] = {}
    # The greatest first, while there is room for them.
    for k in sorted(range(len(wishes)), key=lambda k: -wishes[k].area_m2):
        taken = [place[0] for place in places.values()]
        if (place := find_place(wishes[k], picture, reading, taken, rng)) is not None:
            places[k] = place
    implants = []
    for k, place in sorted(places.items()):
        _plant(wishes[k], place, picture, out, reading, light, rng)
        area_m2 = place[0].area * picture.gsd_m**2
        implants.append(Implant(wish=wishes[k], outline=place[0], area_m2=area_m2))
    return PlantedPicture(out, tuple(implants))
