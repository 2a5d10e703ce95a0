"""From wishes to a picture with patches on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, affinity

from geoinspect.detect.implants import (
    Implant,
    PatchForm,
    Picture,
    Planted,
    PlantedPicture,
    Wish,
)
from geoinspect.detect.rehearse.camera import (
    Camera,
    add_grain,
    blurred,
    compressed,
    draw_camera,
    reach_px,
)
from geoinspect.detect.rehearse.donors import (
    Palette,
    brightest,
    donor_texture,
    palette_of,
    smooth_noise,
)
from geoinspect.detect.rehearse.flowers import draw_heads, heads_of
from geoinspect.detect.rehearse.layers import (
    cover_ground,
    crown_with_petals,
    lay,
    tint_leaves,
)
from geoinspect.detect.rehearse.plants import grow, stand_of
from geoinspect.detect.rehearse.rasters import fill_outline
from geoinspect.detect.rehearse.siting import Grounds, Mask, judge_grounds, outline_of, site
from geoinspect.search_records import GrowthStage

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

# Leaves against those of the picture, by channel: waxy, a little brighter, bluer, less green.
_TINT = {
    Planted.POPPY: np.array([1.02, 1.00, 1.24]),
    Planted.BRASSICA: np.array([1.00, 1.02, 1.30]),
    Planted.WHITE_BLOOM: np.array([0.92, 1.00, 0.96]),
    Planted.CORN_POPPY: np.array([0.96, 1.00, 0.94]),
}
_RIPE = np.array([1.26, 1.10, 1.08])
_TINT_SPREAD = np.array([0.05, 0.03, 0.06])
# How much of the ground between plants was dug over; the rest keeps what grew there.
_DUG = {
    PatchForm.PARCEL: 0.85,
    PatchForm.BLOB: 0.5,
    PatchForm.ROWS: 0.6,
    PatchForm.STRIP: 0.8,
    PatchForm.SCATTERED: 0.05,
}
# Light kept away between plants, and beyond the edge, where the sky still lights the ground.
_SHADE, _CAST = 0.38, 0.28
_MOST_SHADE_M = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class _Flight:
    """What all patches of a call share."""

    picture: Picture
    grounds: Grounds
    palette: Palette
    camera: Camera
    top: float


def rehearse(picture: Picture, wishes: Sequence[Wish], rng: np.random.Generator) -> PlantedPicture:
    """Put simulated patches on a copy of a picture; see :data:`geoinspect.detect.implants.Renderer`.

    Patches stand whole on valid open ground, 2 m apart; a wish for which there is no place after
    a number of tries, or whose stage shows nothing above ground, is left out. A pixel further
    from every outline than half a metre and five pixels is as it was, and so is an invalid one.
    """
    pixels = picture.pixels.copy()
    shown = [wish for wish in wishes if wish.stage is not GrowthStage.NONE and wish.area_m2 > 0]
    if not picture.valid.any() or not shown:
        return PlantedPicture(pixels, ())
    grounds = judge_grounds(picture)
    if not grounds.open.any():
        return PlantedPicture(pixels, ())
    camera = draw_camera(rng)
    top = brightest(picture)
    flight = _Flight(picture, grounds, palette_of(picture, grounds), camera, top)
    implants: list[Implant] = []
    for wish in shown:
        shape_m = outline_of(wish.form, wish.area_m2, rng)
        outline = site(shape_m, picture, grounds, [i.outline for i in implants], rng)
        if outline is None:
            continue
        _paint(pixels, flight, wish, outline, rng)
        implants.append(Implant(wish, outline, outline.area * picture.gsd_m**2))
    return PlantedPicture(pixels, tuple(implants))


def _paint(
    pixels: NDArray[np.generic], flight: _Flight, wish: Wish, outline: Polygon,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Draw one patch into ``pixels``."""
    gsd_m, valid = flight.picture.gsd_m, flight.picture.valid
    margin = reach_px(flight.camera.psf_px) + 1 + math.ceil(_MOST_SHADE_M / gsd_m)
    left, top, right, bottom = outline.bounds
    a, b = max(0, int(top) - margin), max(0, int(left) - margin)
    c, d = (
        min(valid.shape[0], int(bottom) + margin + 2),
        min(valid.shape[1], int(right) + margin + 2),
    )
    seen = valid[a:c, b:d]
    before = np.asarray(pixels[:, a:c, b:d], dtype=np.float32)
    ground = np.where(seen, before, flight.palette.soil[:, None, None].astype(np.float32))
    shape = affinity.translate(outline, -b, -a)
    after = _patch(flight, wish, shape, ground, rng)
    # Half a step keeps rounding away from what was not drawn on.
    changed = seen & (np.abs(after - before) >= 0.5).any(axis=0)
    values = np.clip(after + 0.5, 0, flight.top).astype(pixels.dtype)
    pixels[:, a:c, b:d] = np.where(changed, values, pixels[:, a:c, b:d])


def _patch(flight: _Flight, wish: Wish, shape: Polygon, ground: F4, rng: np.random.Generator) -> F4:
    """Return a window, shape (3, h, w), with a patch drawn on the ground that was there."""
    gsd_m, camera = flight.picture.gsd_m, flight.camera
    size = (ground.shape[1], ground.shape[2])
    alpha, inside = _extent(shape, size, wish.form, gsd_m, rng)
    stand = stand_of(wish.kind, wish.stage, wish.form, _lie(shape), rng)
    plants = grow(stand, alpha, gsd_m, rng)
    plants[0] *= np.clip(1 + 0.25 * smooth_noise(size, max(1, 0.9 / gsd_m), rng), 0.3, 1)
    leaves = _leaves(flight, wish, alpha, rng)
    shade = _shade(plants[0] * alpha, stand.tall_m, flight)
    clods = 1 + np.float32(0.07) * smooth_noise(size, max(1.0, 0.05 / gsd_m), rng)
    soil = flight.palette.soil * rng.uniform(0.75, 1.05)
    dug = min(1.0, _DUG[wish.form] * float(rng.uniform(0.6, 1.15)))
    drawn = lay(leaves, plants, ground, soil, dug, clods, shade, _SHADE, alpha)
    if wish.form is PatchForm.SCATTERED:
        alpha = alpha * np.clip(plants[0] * np.float32(1.5), 0, 1)
    heads = heads_of(wish, inside, plants[0] * alpha, gsd_m, flight.palette.white, rng)
    share, petals = draw_heads(heads, size, gsd_m)
    crown_with_petals(drawn, petals, share, alpha)
    soft = blurred(alpha, camera.psf_px)
    layer = np.stack([blurred(plane, camera.psf_px) for plane in drawn])
    cast = blurred(shade, camera.psf_px)
    out = cover_ground(ground, layer, soft, cast, _CAST)
    add_grain(out, soft, flight.palette.leaf, flight.palette.noise, rng)
    pressed = compressed(out, flight.top, camera.quality)
    return np.asarray(out + (pressed - out) * np.clip(2 * soft, 0, 1), dtype=np.float32)


def _extent(
    shape: Polygon, size: tuple[int, int], form: PatchForm, gsd_m: float, rng: np.random.Generator
) -> tuple[F4, Mask]:
    """Return how far each pixel belongs to the patch, 0–1, and which ones do by their centres."""
    ring, finer = np.array(shape.exterior.coords), 3
    inside = fill_outline(ring, *size, False)
    fine = fill_outline(ring * finer, size[0] * finer, size[1] * finer, False)
    alpha = fine.reshape(size[0], finer, size[1], finer).mean(axis=(1, 3), dtype=np.float32)
    edge_px = {PatchForm.BLOB: 0.22, PatchForm.SCATTERED: 0.22}.get(form, 0.07) / gsd_m
    if edge_px > 0.6:
        ragged = smooth_noise(size, max(1.0, 0.12 / gsd_m), rng) * np.float32(0.22)
        near = blurred(alpha, min(edge_px, 12.0))
        alpha = np.clip((near + ragged * (4 * near * (1 - near)) - 0.5) * 3 + 0.5, 0, 1)
    return alpha.astype(np.float32), inside


def _leaves(flight: _Flight, wish: Wish, alpha: F4, rng: np.random.Generator) -> F4:
    """Return the colour of the canopy, shape (3, h, w): donor texture, mixed towards a tint."""
    size, gsd_m = (alpha.shape[0], alpha.shape[1]), flight.picture.gsd_m
    donor = donor_texture(flight.picture, flight.grounds, flight.palette, size, rng)
    # These are drawn for a decoy too, so that the same dice fall for all kinds.
    strength, spread = rng.uniform(0.2, 1.0), rng.normal(1, _TINT_SPREAD)
    bright = rng.uniform(0.88, 1.14)
    within = smooth_noise(size, max(1.0, 1.2 / gsd_m), rng) * np.float32(0.18)
    if wish.kind is Planted.DECOY:
        return donor
    ripe = wish.stage is GrowthStage.CAPSULE
    aim = flight.palette.leaf * _TINT[wish.kind] * spread * bright * (_RIPE if ripe else 1.0)
    # However blue the tint, leaves are green, and ripe ones no redder than straw.
    aim[0] = min(aim[0], (1.08 if ripe else 0.95) * aim[1])
    aim[2] = min(aim[2], 0.96 * aim[1])
    tint_leaves(donor, aim, np.float32(strength) + within, alpha)
    return donor


def _shade(cover: F4, tall_m: float, flight: _Flight) -> F4:
    """Return the share of each pixel that lies in the shade of plants."""
    camera, gsd_m = flight.camera, flight.picture.gsd_m
    out = np.zeros_like(cover)
    parts = (0.3, 0.55, 0.8, 1.0)
    for part in parts:
        reach_m = min(tall_m * part, _MOST_SHADE_M)
        dy, dx = round(camera.shade_y * reach_m / gsd_m), round(camera.shade_x * reach_m / gsd_m)
        out += _moved(cover, dy, dx) / np.float32(len(parts))
    return out


def _lie(shape: Polygon) -> float:
    """Return the direction of a shape's longer side, in radians."""
    corners = np.array(shape.minimum_rotated_rectangle.exterior.coords)
    sides = np.diff(corners[:3], axis=0)
    dx, dy = sides[int(np.argmax(np.hypot(*sides.T)))]
    return math.atan2(dy, dx)


def _moved(plane: F4, dy: int, dx: int) -> F4:
    """Return a plane moved by whole pixels; zeros come in."""
    h, w = plane.shape
    out = np.zeros_like(plane)
    if abs(dy) < h and abs(dx) < w:
        out[max(0, dy) : h + min(0, dy), max(0, dx) : w + min(0, dx)] = plane[
            max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)
        ]
    return out
