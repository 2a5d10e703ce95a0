"""The loops that paint simulated countryside A: parcels, crowns, exposure."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.simulate.grain import chance

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
U1 = NDArray[np.uint8]
U2 = NDArray[np.uint16]
Rng = np.random.Generator

_TEXTURE = 1024
# Averages are kept in this part of a grey level.
UNIT = 128.0


# Columns of a parcel's row, as `grounds_a_covers.row_of` lays it out.
_GROUND, _SECOND, _SHARE, _SHARE_M, _WAVE, _WAVE_M, _FINE, _MID, _COARSE = (
    0,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
)
_LEAF, _ROW_M, _ALONG_M, _RADIUS_M, _PRESENT, _JITTER, _BED_ROWS = 13, 17, 18, 19, 20, 21, 22
_COS, _SIN, _PETAL_CELL_M, _PETAL_M, _PETAL = 23, 24, 25, 26, 27


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _plant_at(
    p: F4, k: int, along: float, across: float, rough: float, middle: float
) -> tuple[float, float]:
    """Return how far out on the nearest plant a point is (1 and more: beside it), and its tone."""
    u, v = along / p[_ALONG_M], across / p[_ROW_M]
    i0, j0 = int(np.floor(u - 0.5)), int(np.floor(v - 0.5))
    best, tone = 1.0, 1.0
    for j in range(j0, j0 + 2):
        if p[_BED_ROWS] > 0 and (j % int(p[_BED_ROWS])) == 0:
            continue
        for i in range(i0, i0 + 2):
            luck = chance(i, j, k) / p[_PRESENT]
            if luck > 1.0:
                continue
            side = chance(i, j, k + 7919)
            du = (u - i - 0.5 - p[_JITTER] * (2 * side - 1)) * p[_ALONG_M]
            dv = (v - j - 0.5 - p[_JITTER] * (2 * luck - 1)) * p[_ROW_M]
            size = p[_RADIUS_M] * (0.7 + 0.6 * side)
            d = (du * du + dv * dv) / (size * size) * (1.0 + 0.5 * rough + 0.3 * middle)
            if d < best:
                best = d
                tone = (1.05 - 0.45 * d + 0.25 * rough) * (0.85 + 0.3 * luck)
    return best, tone


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _is_petal(p: F4, k: int, mx: float, my: float) -> bool:
    """Tell whether a flower is at a point."""
    cell = p[_PETAL_CELL_M]
    i, j = int(np.floor(mx / cell)), int(np.floor(my / cell))
    if chance(i, j, k + 33) >= 0.75:
        return False
    du = mx - (i + 0.15 + 0.7 * chance(i, j, k + 31)) * cell
    dv = my - (j + 0.15 + 0.7 * chance(i, j, k + 32)) * cell
    return bool(du * du + dv * dv < p[_PETAL_M] * p[_PETAL_M])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _second_share(p: F4, across: float, patch: float, rough: float) -> float:
    """Return the share of a parcel's second colour: in patches, or in stripes along the rows."""
    if p[_SHARE_M] > 0:
        return float(
            min(1.0, max(0.0, 0.5 + 1.5 * (patch + 0.4 * rough + 2.2 * (p[_SHARE] - 0.5))))
        )
    turn = across / p[_WAVE_M]
    return 1.0 if turn - np.floor(turn) < p[_SHARE] else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def paint(
    labels: NDArray[np.int32],
    shade: U1,
    table: F4,
    texture: F4,
    waves: F4,
    cell_m: float,
    first: int,
    out: F4,
) -> None:
    """Paint the rows from ``first`` on, each cell from its parcel's; ``out`` is (3, rows, w)."""
    h, w = labels.shape
    mask = texture.shape[0] - 1
    # Averaged over a cell, the finest grain is less.
    grain = min(1.0, (0.03 / cell_m) ** 0.5)
    ragged = 0.07 / cell_m
    for y in range(first, min(h, first + out.shape[1])):
        for x in range(w):
            k = labels[y, x]
            p = table[k]
            mx, my = x * cell_m, y * cell_m
            along, across = p[_COS] * mx + p[_SIN] * my, p[_COS] * my - p[_SIN] * mx
            ox, oy = k * 131, k * 197
            rough = texture[(int(my * 40.0) + oy) & mask, (int(mx * 40.0) + ox) & mask]
            middle = waves[(int(my * 40.0) + ox) & mask, (int(mx * 40.0) + oy) & mask]
            broad = waves[int(my * 4.0 + 0.5 * rough) & mask, int(mx * 4.0 + 0.5 * middle) & mask]
            r, g, b = p[_GROUND], p[_GROUND + 1], p[_GROUND + 2]
            slow = 1.0 + p[_MID] * middle + p[_COARSE] * broad
            light = slow + p[_FINE] * grain * rough
            if p[_SHARE] > 0:
                scale = 40.0 / max(p[_SHARE_M], np.float32(0.1))
                py = int(my * scale + 0.9 * rough) + 5 * oy
                px = int(mx * scale + 0.9 * middle) + 3 * ox
                share = _second_share(p, across, waves[py & mask, px & mask], rough)
                r += share * (p[_SECOND] - r)
                g += share * (p[_SECOND + 1] - g)
                b += share * (p[_SECOND + 2] - b)
            if p[_WAVE] > 0:
                light += p[_WAVE] * np.sin(6.2832 * across / p[_WAVE_M] + 0.6 * middle)
            if p[_RADIUS_M] > 0:
                far, tone = _plant_at(p, k, along, across, rough, middle)
                if far < 1.0:
                    r, g, b = p[_LEAF] * tone, p[_LEAF + 1] * tone, p[_LEAF + 2] * tone
                    light = slow
                elif p[_RADIUS_M] > 0.4 * p[_ROW_M]:
                    light *= 0.8
            if p[_PETAL_M] > 0 and _is_petal(p, k, mx, my):
                r, g, b, light = p[_PETAL], p[_PETAL + 1], p[_PETAL + 2], 1.0 + 0.08 * rough
            # Shadows are ragged: leaves and stalks stand up into them.
            sy, sx = y + int(ragged * rough), x + int(ragged * middle)
            if shade[min(h - 1, max(0, sy)), min(w - 1, max(0, sx))] > 0:
                light *= 0.5
            light = max(light, 0.15)
            at = y - first
            out[0, at, x], out[1, at, x], out[2, at, x] = r * light, g * light, b * light


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def stamp_crowns(
    out: F4, crowns: F8, texture: F4, waves: F4, cell_m: float, first: int, sx: float, sy: float
) -> None:
    """Stamp lobed crowns on the rows from ``first`` on: clumps of leaves, gaps, blossom."""
    h, w = out.shape[1:]
    mask = texture.shape[0] - 1
    for k in range(crowns.shape[0]):
        x0, y0, radius = crowns[k, 0] / cell_m, crowns[k, 1] / cell_m, crowns[k, 2] / cell_m
        reach = radius * 1.15
        for y in range(max(first, int(y0 - reach)), min(first + h, int(y0 + reach) + 1)):
            for x in range(max(0, int(x0 - reach)), min(w, int(x0 + reach) + 1)):
                dx, dy = (x - x0) / radius, (y - y0) / radius
                d = dx * dx + dy * dy
                mx, my = x * cell_m, y * cell_m
                clump = waves[(int(my * 50.0) + 53 * k) & mask, (int(mx * 50.0) + 91 * k) & mask]
                fine = texture[(int(my * 45.0) + 17 * k) & mask, (int(mx * 45.0) + 29 * k) & mask]
                if d > 0.9 + 0.3 * clump + 0.12 * fine:
                    continue
                side = dx * sx + dy * sy
                light = 1.0 + 0.3 * side - 0.15 * d + 0.3 * clump + 0.22 * fine
                light = max(light, 0.25)
                bloom = crowns[k, 6]
                colour = 3
                if bloom > 0 and 0.5 + 0.35 * fine + 0.25 * clump < bloom:
                    colour, light = 7, 0.6 + 0.35 * light
                for band in range(3):
                    out[band, y - first, x] = crowns[k, colour + band] * light


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def average(cells: F4, per_px: int, grey: float, veil: float, first: int, out: U2) -> None:
    """Average cells to the pixels from row ``first`` on, greyer and hazier; in 1/`UNIT`."""
    rows, cols = cells.shape[1] // per_px, cells.shape[2] // per_px
    for i in range(min(rows, out.shape[1] - first)):
        for j in range(cols):
            sums = (0.0, 0.0, 0.0)
            for v in range(i * per_px, (i + 1) * per_px):
                for u in range(j * per_px, (j + 1) * per_px):
                    r, g, b = cells[0, v, u], cells[1, v, u], cells[2, v, u]
                    sums = (sums[0] + r, sums[1] + g, sums[2] + b)
            mean = (sums[0] + sums[1] + sums[2]) / 3.0
            for band in range(3):
                value = (sums[band] + grey * (mean - sums[band])) / (per_px * per_px)
                out[band, first + i, j] = int(UNIT * min(500.0, veil + (1 - veil / 200) * value))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def expose(small: U2, gains: F8, tilt: F8, seams: F8, noise: F4, soft: float, sigma: float) -> U1:
    """Blur a little, light unevenly, add noise; shape (3, n, n), in 1–255."""
    n = small.shape[1]
    out = np.empty((3, n, n), dtype=np.uint8)
    mask = noise.shape[0] - 1
    for band in range(3):
        plane = small[band]
        for y in range(n):
            up, low = max(0, y - 1), min(n - 1, y + 1)
            for x in range(n):
                a, b = max(0, x - 1), min(n - 1, x + 1)
                near = float(plane[up, x]) + plane[low, x] + plane[y, a] + plane[y, b]
                value = ((1 - 4 * soft) * plane[y, x] + soft * near) / UNIT
                fx, fy = x / n - 0.5, y / n - 0.5
                gain = gains[band] * (1 + tilt[0] * fx + tilt[1] * fy)
                for k in range(seams.shape[0]):
                    if seams[k, 0] * fx + seams[k, 1] * fy > seams[k, 2]:
                        gain *= seams[k, 3 + band]
                value = (
                    value * gain
                    + sigma * noise[(y + 311 * band) & mask, (x + (y >> 7) * 57) & mask]
                )
                out[band, y, x] = min(255.0, max(1.0, value + 0.5))
    return out


def texture_of(rng: Rng, longest_px: float, steepness: float) -> F4:
    """A periodic texture of unit spread, rough below a wavelength, shape (1024, 1024)."""
    f = np.hypot(np.fft.fftfreq(_TEXTURE)[:, None], np.fft.rfftfreq(_TEXTURE)[None, :])
    f[0, 0] = 1
    power = 1 / (f + 1 / longest_px) ** steepness
    spectrum = np.fft.rfft2(rng.standard_normal((_TEXTURE, _TEXTURE))) * power
    out = np.fft.irfft2(spectrum, (_TEXTURE, _TEXTURE))
    return np.asarray(np.clip((out - out.mean()) / out.std(), -3, 3), dtype=np.float32)
