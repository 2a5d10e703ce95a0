"""Kernels that paint simulated countryside: fields, trees, roofs, and the camera's last touch.

Everything is drawn in display values 0–255 as float32, one plane a colour, and in metres.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

TILE_PX = 1024
# Planes of `noise_tiles`: leaves, plants and tufts, patches of growth.
FINE, CLUMP, PATCH = range(3)
# Columns of the table of fields.
VEG, SOIL, SHIFT, FLOWER = 0, 3, 6, 9
COVER, ROW_M, PLANT_M, COS, SIN, FLOWERS_M2, FLOWER_R, ROUGH, DRY, KIND, OFF_I, OFF_J, FURROW = (
    range(12, 25)
)
PLAIN, WATER, FILM = 0, 1, 2
# Columns of the table of dividing lines.
NX, NY, AT, HALF_M, EDGE_R, EDGE_G, EDGE_B, LINE_COLUMNS = range(8)


@lru_cache(maxsize=4)
def noise_tiles(gsd_m: float) -> F4:
    """Return periodic noise of zero mean and unit spread, shape (3, 1024, 1024).

    Bands in metres on the ground; what is finer than a pixel is averaged away as a camera would.
    """
    rng = np.random.default_rng(90210)
    freq = np.hypot(*np.meshgrid(np.fft.fftfreq(TILE_PX), np.fft.rfftfreq(TILE_PX), indexing="ij"))
    freq[0, 0] = np.inf
    out = np.empty((3, TILE_PX, TILE_PX), dtype=np.float32)
    for plane, (short_m, long_m) in enumerate(((0.03, 0.14), (0.15, 0.8), (1.2, 9.0))):
        long_px = max(long_m / gsd_m, 2.2)
        short_px = max(short_m / gsd_m, 1.0)
        band = freq**-1.0 * (freq > 1 / long_px) / (1 + (freq * short_px) ** 4)
        white = np.fft.rfft2(rng.standard_normal((TILE_PX, TILE_PX)))
        tile = np.fft.irfft2(white * band)
        # Variance that lies below the size of a pixel does not reach the picture.
        seen = min(1.0, 0.3 * (short_m + long_m) / gsd_m)
        out[plane] = np.clip(tile / tile.std(), -3, 3) * seen
    return out


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _hash(i: int, j: int, salt: int) -> float:
    """Return a number in [0, 1) that belongs to a cell."""
    h = (i * 374761393 + j * 668265263 + salt * 2246822519) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = h ^ (h >> 16)
    return (h & 0xFFFFFF) / 16777216.0


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _plants(x: float, y: float, f: F8, gsd_m: float, salt: int, ragged: float) -> float:
    """Return how much of a pixel the plants of a field's rows fill."""
    row_m, plant_m, cover = f[ROW_M], f[PLANT_M], f[COVER]
    if row_m < 1.8 * gsd_m:
        return cover
    r = x / row_m
    i = np.floor(r)
    across = (r - i - 0.5) * row_m + ragged * 0.12 * row_m
    half = 0.5 * row_m * (0.25 + 0.9 * cover)
    if plant_m > 2.5 * gsd_m:
        a = y / plant_m + _hash(int(i), 7, salt)
        k = np.floor(a)
        size = _hash(int(i), int(k), salt)
        if size < 0.06:
            return 0.0
        along = (a - k - 0.5 + 0.4 * (size - 0.5)) * plant_m
        d = np.sqrt(across * across + along * along)
        radius = half * (0.65 + 0.5 * size) * (1.0 + 0.25 * ragged)
        return min(1.0, max(0.0, (radius - d) / max(gsd_m, 0.02) + 0.5))
    edge = half * (1.0 + 0.3 * ragged)
    return min(1.0, max(0.0, (edge - abs(across)) / max(gsd_m, 0.03) + 0.5))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _flower(x: float, y: float, f: F8, gsd_m: float, salt: int, fine: float) -> float:
    """Return how much of a pixel flowers fill."""
    density, radius = f[FLOWERS_M2], f[FLOWER_R]
    share = np.pi * radius * radius
    step = 1.0 / np.sqrt(density)
    if step < gsd_m * 0.8:
        return min(0.95, max(0.0, density * share * (1.0 + 0.5 * fine)))
    i, j = np.floor(x / step), np.floor(y / step)
    at_x = (i + 0.15 + 0.7 * _hash(int(i), int(j), salt)) * step
    at_y = (j + 0.15 + 0.7 * _hash(int(j), int(i), salt + 1)) * step
    d = np.sqrt((x - at_x) ** 2 + (y - at_y) ** 2)
    inside = min(1.0, max(0.0, (radius - d) / gsd_m + 0.5))
    return inside * min(1.0, 2.0 * share / (gsd_m * gsd_m))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _field_pixel(
    x: float, y: float, f: F8, gsd_m: float, salt: int, n: F4, i: int, j: int, rgb: F8
) -> None:
    """Write the colour of a pixel of a field into ``rgb``."""
    a, b = (i + int(f[OFF_I])) & (TILE_PX - 1), (j + int(f[OFF_J])) & (TILE_PX - 1)
    fine = n[FINE, a, b]
    clump = n[CLUMP, b, a]
    patch = n[PATCH, a, b]
    if f[KIND] == WATER:
        for c in range(3):
            rgb[c] = f[VEG + c] * (1.0 + 0.04 * patch + 0.02 * fine)
        return
    ca, sa = f[COS], f[SIN]
    across, along = x * ca + y * sa, -x * sa + y * ca
    across += 0.02 * patch
    if f[KIND] == FILM:
        r = across / f[ROW_M]
        if r - np.floor(r) < f[COVER]:
            glint = 1.0 + 0.06 * clump + 0.05 * fine + 0.05 * patch
            for c in range(3):
                rgb[c] = f[VEG + c] * glint
            return
    ground = 1.0 + f[ROUGH] * (0.10 * fine + 0.06 * clump) + 0.06 * patch
    if f[FURROW] > 0 and f[ROW_M] > 2 * gsd_m:
        r = across / f[ROW_M]
        ground += f[FURROW] * (abs(2 * (r - np.floor(r)) - 1) - 0.5)
    cover = f[COVER]
    if f[ROW_M] > 0:
        cover = _plants(across, along, f, gsd_m, salt, clump + 0.5 * fine)
        cover *= min(1.0, max(0.0, 1.15 + 0.35 * patch))
    else:
        cover = min(1.0, max(0.0, cover + 0.35 * clump + 0.25 * patch + 0.15 * fine))
    dry = min(1.0, max(0.0, f[DRY] * (0.6 + 0.5 * patch + 0.35 * clump)))
    light = 1.0 + f[ROUGH] * (0.17 * fine + 0.10 * clump) + 0.05 * patch
    shade = 1.0 - 0.35 * cover * (1.0 - cover) * 4 * 0.5
    flower = 0.0
    if f[FLOWERS_M2] > 0 and cover > 0.3:
        flower = _flower(x, y, f, gsd_m, salt, fine)
    for c in range(3):
        leaf = f[VEG + c] * (1.0 - dry) + f[SHIFT + c] * dry
        v = leaf * light * cover + f[SOIL + c] * ground * (1.0 - cover) * shade
        rgb[c] = v * (1.0 - flower) + f[FLOWER + c] * flower * (1.0 + 0.06 * fine)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def paint_fields(
    out: F4, gsd_m: float, lines: F8, left: I8, right: I8, fields: F8, n: F4, warp: F8, salt: int
) -> None:
    """Paint fields and the lines between them into ``out`` of shape (3, n, n).

    ``lines`` with ``left`` and ``right`` is a tree of half-planes; a child below 0 is field
    −child − 1. ``warp`` of shape (2, n) bends the map: x by the row, y by the column.
    """
    size = out.shape[1]
    rgb = np.zeros(3)
    for i in range(size):
        for j in range(size):
            x = (j + 0.5) * gsd_m + warp[0, i]
            y = (i + 0.5) * gsd_m + warp[1, j]
            ragged = 0.10 * n[CLUMP, i & (TILE_PX - 1), j & (TILE_PX - 1)]
            node, best, margin = 0, -1, 0.0
            while node >= 0:
                s = lines[node, NX] * x + lines[node, NY] * y - lines[node, AT]
                inside = lines[node, HALF_M] - abs(s) + ragged
                if inside > margin and lines[node, HALF_M] > 0:
                    best, margin = node, inside
                node = left[node] if s < 0 else right[node]
            field = -node - 1
            _field_pixel(x, y, fields[field], gsd_m, salt + field, n, i, j, rgb)
            if best >= 0:
                fine = n[FINE, (i + 331) & (TILE_PX - 1), j & (TILE_PX - 1)]
                clump = n[CLUMP, (i + 97) & (TILE_PX - 1), (j + 411) & (TILE_PX - 1)]
                patch = n[PATCH, j & (TILE_PX - 1), i & (TILE_PX - 1)]
                k = min(1.0, margin / (0.06 + gsd_m))
                wheels = 0.0
                if lines[best, HALF_M] > 1.2:
                    off = abs(lines[best, HALF_M] - margin)
                    wheels = 0.10 if 0.5 < off < 1.0 else -0.03
                light = 1.0 + 0.10 * fine + 0.09 * clump + 0.05 * patch + wheels
                for c in range(3):
                    rgb[c] = rgb[c] * (1 - k) + lines[best, EDGE_R + c] * light * k
            for c in range(3):
                out[c, i, j] = rgb[c]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def cast_shadows(out: F4, gsd_m: float, things: F8, sun_x: float, sun_y: float, n: F4) -> None:
    """Darken the ground where things (x, y, radius, height, …) keep the sun away."""
    size = out.shape[1]
    for t in range(len(things)):
        x, y, radius, height = things[t, 0], things[t, 1], things[t, 2], things[t, 3]
        x += sun_x * height * 0.5
        y += sun_y * height * 0.5
        reach = radius + 0.5 * height
        for i in range(max(0, int((y - reach) / gsd_m)), min(size, int((y + reach) / gsd_m) + 1)):
            for j in range(
                max(0, int((x - reach) / gsd_m)), min(size, int((x + reach) / gsd_m) + 1)
            ):
                dx, dy = (j + 0.5) * gsd_m - x, (i + 0.5) * gsd_m - y
                along = dx * sun_x + dy * sun_y
                across = dx * sun_y - dy * sun_x
                along /= radius + 0.35 * height
                across /= radius
                d = np.sqrt(along * along + across * across)
                d += 0.12 * n[CLUMP, i & (TILE_PX - 1), j & (TILE_PX - 1)]
                k = min(1.0, max(0.0, (1.0 - d) * 5.0)) * 0.55
                if k > 0:
                    out[0, i, j] *= 1 - k
                    out[1, i, j] *= 1 - 0.97 * k
                    out[2, i, j] *= 1 - 0.88 * k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def paint_crowns(out: F4, gsd_m: float, trees: F8, sun_x: float, sun_y: float, n: F4) -> None:
    """Paint crowns (x, y, radius, height, r, g, b, clumpiness): lobes lit from one side."""
    size = out.shape[1]
    for t in range(len(trees)):
        x, y, radius = trees[t, 0], trees[t, 1], trees[t, 2]
        shift = int(t * 131)
        reach = radius * 1.35
        for i in range(max(0, int((y - reach) / gsd_m)), min(size, int((y + reach) / gsd_m) + 1)):
            for j in range(
                max(0, int((x - reach) / gsd_m)), min(size, int((x + reach) / gsd_m) + 1)
            ):
                a, b = (i + shift) & (TILE_PX - 1), (j + 3 * shift) & (TILE_PX - 1)
                clump, fine = n[CLUMP, a, b], n[FINE, b, a]
                dx, dy = ((j + 0.5) * gsd_m - x) / radius, ((i + 0.5) * gsd_m - y) / radius
                wide = n[PATCH, (i + 5 * shift) & (TILE_PX - 1), a]
                d = np.sqrt(dx * dx + dy * dy) + 0.13 * clump + 0.12 * wide + 0.05 * fine
                if d > 1.0:
                    continue
                facing = -(dx * sun_x + dy * sun_y)
                light = (
                    0.80 + 0.17 * facing + 0.06 * wide + trees[t, 7] * (0.22 * clump + 0.20 * fine)
                )
                light *= 1.0 - 0.15 * d * d
                k = min(1.0, (1.0 - d) * radius / (gsd_m + 0.08))
                light = max(0.18, light)
                for c in range(3):
                    out[c, i, j] = out[c, i, j] * (1 - k) + trees[t, 4 + c] * light * k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def paint_boxes(out: F4, gsd_m: float, boxes: F8, n: F4) -> None:
    """Paint roofs and cloths: (x, y, half length, half width, angle, r, g, b, ridge, ribs)."""
    size = out.shape[1]
    for t in range(len(boxes)):
        x, y, half_l, half_w, angle = (
            boxes[t, 0],
            boxes[t, 1],
            boxes[t, 2],
            boxes[t, 3],
            boxes[t, 4],
        )
        ca, sa = np.cos(angle), np.sin(angle)
        reach = half_l + half_w
        for i in range(max(0, int((y - reach) / gsd_m)), min(size, int((y + reach) / gsd_m) + 1)):
            for j in range(
                max(0, int((x - reach) / gsd_m)), min(size, int((x + reach) / gsd_m) + 1)
            ):
                dx, dy = (j + 0.5) * gsd_m - x, (i + 0.5) * gsd_m - y
                along, across = dx * ca + dy * sa, -dx * sa + dy * ca
                inside = min(half_l - abs(along), half_w - abs(across))
                k = min(1.0, inside / gsd_m + 0.5)
                if k <= 0:
                    continue
                light = 1.0 + 0.05 * n[CLUMP, i & (TILE_PX - 1), j & (TILE_PX - 1)]
                light += 0.04 * n[FINE, j & (TILE_PX - 1), i & (TILE_PX - 1)]
                light += boxes[t, 8] * (1.0 if across > 0 else -1.0)
                if boxes[t, 9] > 2.5 * gsd_m:
                    r = along / boxes[t, 9]
                    light += 0.12 * (abs(2 * (r - np.floor(r)) - 1) - 0.5)
                for c in range(3):
                    out[c, i, j] = out[c, i, j] * (1 - k) + boxes[t, 5 + c] * light * k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def develop(
    scene: F4, gains: F8, slope: F8, blur: float, grain: float, faded: float, seed: int
) -> NDArray[np.uint8]:
    """Return the picture: light falling off across it, the camera's colours, blur and grain."""
    size = scene.shape[1]
    out = np.empty(scene.shape, dtype=np.uint8)
    np.random.seed(seed)
    dice = np.random.standard_normal(65536).astype(np.float32)
    for c in range(3):
        for i in range(size):
            up, down = max(0, i - 1), min(size - 1, i + 1)
            start = np.random.randint(0, 65536)
            for j in range(size):
                before, after = max(0, j - 1), min(size - 1, j + 1)
                v = scene[c, i, j]
                near = (
                    scene[c, up, j] + scene[c, down, j] + scene[c, i, before] + scene[c, i, after]
                )
                v = v * (1 - blur) + 0.25 * blur * near
                # Haze and the camera's curve take some of the colour.
                grey = (scene[0, i, j] + scene[1, i, j] + scene[2, i, j]) / 3
                v = (
                    (v + faded * (grey - v))
                    * gains[c]
                    * (1.0 + slope[0] * i / size + slope[1] * j / size)
                )
                v += grain * np.sqrt(max(v, 4.0)) * dice[(start + j) & 65535]
                out[c, i, j] = np.uint8(min(255.0, max(0.0, v + 0.5)))
    return out
