"""Plants as seen from above: stamped into cells of at most 1.5 cm, lit, averaged to pixels.

Each cell holds the height of what is on top, who owns it (its colour) and how light it is; the
ground shows where no one does. Shadows are cast by marching from a cell towards the sun.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.simulate.grain import chance

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

_HEAD_HEIGHT_M = 0.06
# Of the radius of a flower, where its dark base ends.
_BASE = 0.35
_MARCH = 8


@dataclass(frozen=True, slots=True)
class Light:
    """Where the sun stands: a unit vector towards it (x right, y down) and its slope.

    Attributes:
        depth: Share of the light that a shadow takes.
    """

    x: float
    y: float
    slope: float
    depth: float


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A box of cells, shapes (h, w).

    Attributes:
        height: Of what is on top, metres; 0 is ground.
        owner: Row of the colour table; −1 is ground.
        tone: Factor on that colour.
    """

    height: F4
    owner: I4
    tone: F4


def empty_cells(h: int, w: int) -> Cells:
    """Return bare ground."""
    return Cells(
        np.zeros((h, w), dtype=np.float32),
        np.full((h, w), -1, dtype=np.int32),
        np.ones((h, w), dtype=np.float32),
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def stamp_plants(
    height: F4,
    owner: I4,
    tone: F4,
    xs: F8,
    ys: F8,
    radii: F8,
    heights_m: F8,
    sun_x: float,
    sun_y: float,
    relief: float,
    texture: float,
    leaf_bits: int,
    seed: int,
) -> None:
    """Stamp lobed domes; places and radii in cells. A higher cell hides a lower one.

    ``relief`` is how much lighter the sunny side of a plant is, ``texture`` how much neighbouring
    cells of a leaf differ, ``leaf_bits`` the binary logarithm of the cells across a leaf.
    """
    h, w = height.shape
    for k in range(xs.size):
        radius = max(radii[k], 0.5)
        lobes = 4.0 + np.floor(6.0 * chance(k, 1, seed))
        phase = 6.2832 * chance(k, 2, seed)
        depth = 0.10 + 0.22 * chance(k, 3, seed)
        few = 1.0 + np.floor(3.0 * chance(k, 5, seed))
        lean = 6.2832 * chance(k, 6, seed)
        uneven = 0.25 * chance(k, 7, seed)
        light = 1.0 + 0.25 * (chance(k, 4, seed) - 0.5)
        x0, y0 = xs[k], ys[k]
        for y in range(max(0, int(y0 - radius)), min(h, int(y0 + radius) + 2)):
            dy = (y + 0.5 - y0) / radius
            for x in range(max(0, int(x0 - radius)), min(w, int(x0 + radius) + 2)):
                dx = (x + 0.5 - x0) / radius
                u = dx * dx + dy * dy
                # The second: whatever its lobes, this plant stays below what is there.
                if u > 1.0 or heights_m[k] * (1.0 - 0.75 * u) * 1.3 <= height[y, x]:
                    continue
                angle = np.arctan2(dy, dx)
                grain = chance(x, y, seed)
                leaf = chance(x >> leaf_bits, y >> leaf_bits, seed + k)
                lobe = np.cos(lobes * angle + phase + 2.5 * u + 1.6 * leaf)
                edge = 1.0 - depth - uneven + depth * lobe + uneven * np.cos(few * angle + lean)
                edge += 0.35 * (leaf - 0.6) + 0.12 * (grain - 0.5)
                if u > edge * edge and radius > 1.5:
                    continue
                z = heights_m[k] * (1.0 - 0.75 * u) * (0.8 + 0.2 * lobe * u + 0.3 * leaf)
                if z <= height[y, x]:
                    continue
                height[y, x] = z
                owner[y, x] = k
                side = dx * sun_x + dy * sun_y
                fine = texture * (0.6 * (leaf - 0.5) + 0.8 * (grain - 0.5) + 0.25 * lobe * u)
                tone[y, x] = max(0.2, light * (1.0 + relief * (side - 0.25 * u) + fine))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def stamp_heads(
    height: F4,
    owner: I4,
    tone: F4,
    xs: F8,
    ys: F8,
    longs: F8,
    shorts: F8,
    turns: F8,
    first: int,
    top_m: float,
    sun_x: float,
    sun_y: float,
    seed: int,
) -> None:
    """Stamp flowers over everything; colour rows from ``first``, those of their bases after."""
    h, w = height.shape
    many = xs.size
    for k in range(many):
        c, s = np.cos(turns[k]), np.sin(turns[k])
        a, b = max(longs[k], 0.5), max(shorts[k], 0.5)
        for y in range(max(0, int(ys[k] - a)), min(h, int(ys[k] + a) + 2)):
            for x in range(max(0, int(xs[k] - a)), min(w, int(xs[k] + a) + 2)):
                dx, dy = x + 0.5 - xs[k], y + 0.5 - ys[k]
                p, q = (c * dx + s * dy) / a, (c * dy - s * dx) / b
                u = p * p + q * q
                if u > 1.0 + 0.3 * (chance(x, y, seed) - 0.5):
                    continue
                height[y, x] = top_m
                owner[y, x] = first + (k if u > _BASE * _BASE else k + many)
                side = (dx * sun_x + dy * sun_y) / a
                tone[y, x] = 1.0 + 0.12 * side + 0.2 * (chance(x, y, seed + 1) - 0.5)


@njit(cache=True, nogil=True)
def mean_tone(owner: I4, tone: F4) -> float:
    """Return the mean tone of what plants cover; 1 where they cover nothing."""
    total, many = 0.0, 0
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            if owner[y, x] >= 0:
                total += tone[y, x]
                many += 1
    return float(total / many) if many else 1.0


@njit(cache=True, nogil=True)
def _busy_tiles(owner: I4, tile: int) -> NDArray[np.bool_]:
    """Tell which square tiles, or their neighbours, hold a plant."""
    h, w = owner.shape
    busy = np.zeros((-(-h // tile), -(-w // tile)), dtype=np.bool_)
    for y in range(h):
        for x in range(w):
            if owner[y, x] >= 0:
                i, j = y // tile, x // tile
                if not busy[i, j]:
                    busy[i, j] = True
    out = np.zeros_like(busy)
    for i in range(busy.shape[0]):
        for j in range(busy.shape[1]):
            out[i, j] = busy[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].any()
    return out


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def to_pixels(
    height: F4,
    owner: I4,
    tone: F4,
    table: F8,
    cells_px: int,
    cell_m: float,
    sun_x: float,
    sun_y: float,
    slope: float,
    depth: float,
) -> F4:
    """Light the cells and average them.

    Returns:
        Shape (4, h/cells_px, w/cells_px): what the plants add to the three bands, and the factor
        on the ground under them (its visible share, less in shadow).
    """
    h, w = height.shape
    rows, cols = h // cells_px, w // cells_px
    out = np.zeros((4, rows, cols), dtype=np.float32)
    highest = height.max()
    stride = max(1.0, highest / slope / cell_m / _MARCH)
    share = 1.0 / (cells_px * cells_px)
    tile = max(1, int(highest / slope / cell_m) + 2, cells_px)
    busy = _busy_tiles(owner, tile)
    for i in range(rows):
        for j in range(cols):
            if not busy[i * cells_px // tile, j * cells_px // tile]:
                out[3, i, j] = 1.0
                continue
            red, green, blue, ground = 0.0, 0.0, 0.0, 0.0
            for y in range(i * cells_px, (i + 1) * cells_px):
                for x in range(j * cells_px, (j + 1) * cells_px):
                    here = height[y, x]
                    lit = 1.0
                    for n in range(1, _MARCH + 1):
                        rise = n * stride * cell_m * slope
                        if here + rise >= highest:
                            break
                        v, u = int(y + n * stride * sun_y), int(x + n * stride * sun_x)
                        if v < 0 or u < 0 or v >= h or u >= w:
                            break
                        over = height[v, u] - here - rise
                        if over > 0:
                            # A grazing shadow is thin: leaves let light through at their rims.
                            lit = min(lit, 1.0 - depth * min(1.0, 0.3 + over / 0.05))
                    k = owner[y, x]
                    if k < 0:
                        ground += lit
                    else:
                        lit = tone[y, x] * (0.4 + 0.6 * lit)
                        red += table[k, 0] * lit
                        green += table[k, 1] * lit
                        blue += table[k, 2] * lit
            out[0, i, j], out[1, i, j], out[2, i, j] = red * share, green * share, blue * share
            out[3, i, j] = ground * share
    return out


def head_height(cells: Cells) -> float:
    """Return the height at which flowers stand over what is already there."""
    return float(cells.height.max()) * 0.9 + _HEAD_HEIGHT_M
