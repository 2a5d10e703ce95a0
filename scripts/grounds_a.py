"""Simulated countryside A: what a drone sees of Chinese fields and villages in spring, no poppies.

Ground for planted scenes (bench of detection): parcels with crops of every colour, among them the
things that fool a detector. Parcels are drawn as polygons of a warped plan; each has one row of
numbers; one loop paints every pixel from its parcel's row; crowns are stamped on top.
Colours and sizes are assumptions, not measurements.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from grounds_a_covers import (
    Colour,
    Scene,
    crop,
    fallow,
    grass,
    leaf_of,
    made,
    ploughed,
    rgb_of,
    row_of,
    two,
    vegetables,
    xy,
)
from grounds_a_paint import average, expose, paint, stamp_crowns, texture_of
from numpy.typing import NDArray

F8 = NDArray[np.float64]
U1 = NDArray[np.uint8]
Rng = np.random.Generator
Rect = tuple[float, float, float, float]

CHARACTERS = ("terraces", "village", "valley_fields", "scrub_hills", "forest_edge")
_FINEST_M = 0.055
_BAND_PX = 256


def _split(rect: Rect, long_m: float, wide_m: float, rng: Rng) -> list[Rect]:
    """Split a rectangle at random until its parts are about ``long_m`` by ``wide_m``."""
    x0, y0, x1, y1 = rect
    over_x, over_y = (x1 - x0) / long_m, (y1 - y0) / wide_m
    if max(over_x, over_y) < rng.uniform(1.0, 1.9):
        return [rect]
    t = rng.uniform(0.3, 0.7)
    if over_x > over_y:
        cut = x0 + t * (x1 - x0)
        parts = [(x0, y0, cut, y1), (cut, y0, x1, y1)]
    else:
        cut = y0 + t * (y1 - y0)
        parts = [(x0, y0, x1, cut), (x0, cut, x1, y1)]
    return [p for part in parts for p in _split(part, long_m, wide_m, rng)]


class _Warp:
    """A turned plan bent by a few long waves, so that neighbours share their edges."""

    def __init__(self, side_m: float, bend_m: float, rng: Rng) -> None:
        self.turn, self.middle = rng.uniform(0, math.pi), side_m / 2
        self.k = rng.normal(0, 1, (4, 2)) / rng.uniform(12, 45, (4, 1))
        self.phase, self.amp = rng.uniform(0, 7, 4), rng.normal(0, bend_m / 2, (4, 2))

    def __call__(self, x: F8, y: F8) -> F8:
        bend = np.sin(np.outer(x, self.k[:, 0]) + np.outer(y, self.k[:, 1]) + self.phase) @ self.amp
        px, py = x + bend[:, 0] - self.middle, y + bend[:, 1] - self.middle
        c, s = math.cos(self.turn), math.sin(self.turn)
        return np.column_stack([c * px - s * py, s * px + c * py]) + self.middle

    def rect(self, rect: Rect, shrink: float) -> tuple[F8, float]:
        """The bent outline of a rectangle, and the direction of its x axis."""
        x0, y0, x1, y1 = rect[0] + shrink, rect[1] + shrink, rect[2] - shrink, rect[3] - shrink
        t = np.linspace(0, 1, max(3, int(max(x1 - x0, y1 - y0) / 1.5)), endpoint=False)
        x = np.concatenate([x0 + t * (x1 - x0), x1 + 0 * t, x1 - t * (x1 - x0), x0 + 0 * t])
        y = np.concatenate([y0 + 0 * t, y0 + t * (y1 - y0), y1 + 0 * t, y1 - t * (y1 - y0)])
        ends = self(np.array([x0, x1]), np.full(2, (y0 + y1) / 2))
        return self(x, y), math.atan2(ends[1, 1] - ends[0, 1], ends[1, 0] - ends[0, 0])


def _box(x: float, y: float, long_m: float, wide_m: float, turn: float) -> F8:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (long_m / 2, wide_m / 2)
    c, s = math.cos(turn), math.sin(turn)
    return np.asarray(corners @ np.array([[c, s], [-s, c]]) + (x, y))


def _blob(x: float, y: float, radius: float, rng: Rng) -> F8:
    a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    r = 1 + sum(rng.normal(0, 0.2 / k) * np.sin(k * a + rng.uniform(0, 7)) for k in range(1, 6))
    return np.column_stack([x + radius * r * np.cos(a), y + radius * r * np.sin(a)])


def _trees(s: Scene, per_ha: float, radius: tuple[float, float], where: Callable[[float, float], bool]) -> None:  # fmt: skip
    for _ in range(s.rng.poisson(per_ha * s.side_m**2 / 1e4)):
        x, y = s.rng.uniform(0, s.side_m, 2)
        if where(x, y):
            leaf = np.array(leaf_of(s)) * s.rng.uniform(0.5, 0.9)
            s.crown(x, y, s.rng.uniform(*radius), rgb_of(leaf, s.rng, 0.05, 0.1))


def _orchard(s: Scene, x: float, y: float, turn: float) -> None:
    rng, gap, bloom = s.rng, s.rng.uniform(2.5, 4.5), s.rng.uniform(0, 0.7)
    petal = [(240, 232, 232), (228, 170, 190)][rng.integers(2)]
    c, n, leaf = math.cos(turn), math.sin(turn), leaf_of(s)
    for i in range(-3, 4):
        for j in range(-2, 3):
            u, v = i * gap + rng.normal(0, 0.25), j * gap + rng.normal(0, 0.25)
            r = gap * rng.uniform(0.25, 0.48)
            s.crown(x + c * u - n * v, y + n * u + c * v, r, rgb_of(leaf, rng), bloom, petal)


def _litter(rng: Rng) -> F8:
    """A colour of laundry, plastic, tools: mostly dull, seldom gaudy."""
    return np.asarray(rng.uniform(50, 220) + rng.normal(0, 1, 3) * rng.choice([6, 15, 45]))


def _house(s: Scene, x: float, y: float, turn: float) -> None:
    """A house with its yard, things in it, and a garden bed or two."""
    rng = s.rng
    long_m, wide_m, high = rng.uniform(8, 16), rng.uniform(5, 9), rng.uniform(3, 9)
    yard = made(s, [(165, 160, 150), (150, 130, 105)][rng.integers(2)], grain=0.07, mid=0.12)
    s.draw(_box(x, y, long_m + 4, wide_m + rng.uniform(4, 12), turn + rng.normal(0, 0.03)), yard)
    base = [(150, 75, 55), (70, 105, 165), (120, 118, 115), (95, 92, 90), (190, 188, 182)][
        rng.integers(5)
    ]
    c, n = math.cos(turn), math.sin(turn)
    for side, light in ((-1, 1.0), (1, rng.uniform(0.65, 0.9))):
        off = side * wide_m / 4
        roof = made(s, np.array(base) * light, rng.uniform(0.03, 0.15), rng.uniform(0.2, 0.4))
        roof.turn = turn + math.pi / 2
        s.draw(_box(x - n * off, y + c * off, long_m, wide_m / 2, turn), roof, high)
    for _ in range(rng.poisson(6)):
        u, v = rng.uniform(-9, 9), rng.choice([-1, 1]) * (wide_m / 2 + rng.uniform(0.5, 5))
        size, colour = two(rng, 0.15, 1.2), _litter(rng)
        box = _box(x + c * u - n * v, y + n * u + c * v, *size, rng.uniform(0, 3))
        s.draw(box, made(s, colour), rng.uniform(0, 1))
    for _ in range(rng.poisson(2)):
        u, v = rng.uniform(-8, 8), rng.choice([-1, 1]) * (wide_m / 2 + rng.uniform(4, 8))
        bed = vegetables(s)
        bed.turn = turn
        s.draw(_box(x + c * u - n * v, y + n * u + c * v, *two(rng, 2, 7), turn), bed)


def _road(s: Scene, width: float, base: Colour) -> None:
    rng, t = s.rng, np.linspace(-0.1, 1.1, 60)
    a, b = rng.uniform(0.1, 0.9, 2) * s.side_m
    y = a + (b - a) * t + 3 * np.sin(t * rng.uniform(3, 12) + rng.uniform(0, 7))
    pts = np.column_stack([t * s.side_m, y])
    pts = pts[:, ::-1] if rng.random() < 0.5 else pts
    side = np.gradient(pts, axis=0)[:, ::-1] * (-1, 1)
    side = side / np.hypot(*side.T)[:, None] * width / 2
    s.draw(np.concatenate([pts + side, (pts - side)[::-1]]), made(s, base, grain=0.08, mid=0.1))
    if width > 2.5:
        for _ in range(rng.poisson(s.side_m / 60)):
            k = rng.integers(5, 55)
            turn = math.atan2(*(pts[k + 1] - pts[k])[::-1])
            s.draw(
                _box(*xy(pts[k]), 4.4, 1.8, turn),
                made(s, rng.choice([30, 120, 230]) * rng.uniform(0.6, 1, 3)),
                1.4,
            )
            s.draw(_box(*xy(pts[k]), 2.2, 1.5, turn), made(s, (40, 45, 50)))


def _fields(s: Scene, long_m: float, wide_m: float, bend_m: float, gap_m: float, share: float,
            where: Callable[[float, float], bool] = lambda x, y: True) -> None:  # fmt: skip
    """Fill the scene, or the part of it told by ``where``, with parcels."""
    warp, rng, more = _Warp(s.side_m, bend_m, s.rng), s.rng, 0.35 * s.side_m
    for rect in _split((-more, -more, s.side_m + more, s.side_m + more), long_m, wide_m, rng):
        shape, turn = warp.rect(rect, max(0.05, rng.normal(gap_m, gap_m / 3)))
        x, y = shape.mean(axis=0)
        if (
            rng.random() > share
            or not where(x, y)
            or not -30 < min(x, y) < max(x, y) < s.side_m + 30
        ):
            continue
        cover = crop(s)
        cover.turn = turn + (math.pi / 2 if rng.random() < 0.15 else 0)
        s.draw(shape, cover)
        kind = rng.random()
        if kind < 0.05:
            _orchard(s, x, y, turn)
        elif kind < 0.08:
            film = made(s, (180, 185, 185), 0.06, rng.uniform(0.8, 2), 0.02, 0.05)
            film.turn = turn
            s.draw(_box(x, y, rng.uniform(8, 25), rng.uniform(3, 7), turn), film, 2)


def _plan(s: Scene, character: str) -> None:
    """Draw the plan of a scene."""
    rng, side = s.rng, s.side_m
    s.covers.append(grass(s))
    bound, slope = rng.uniform(0.35, 0.65) * side, rng.normal(0, 0.5)

    def beyond(x: float, y: float) -> bool:
        return bool(y + slope * (x - side / 2) + 4 * math.sin(x / 9) > bound)

    if character == "terraces":
        _fields(s, rng.uniform(20, 45), rng.uniform(3.5, 8), rng.uniform(8, 16), 0.35, 0.95)
        _trees(s, 25, (0.6, 2.5), lambda x, y: True)
    elif character == "village":
        _fields(s, 18, 10, 2, 0.5, 0.8)
        _road(s, rng.uniform(3, 5), (150, 148, 142))
        turn = rng.uniform(0, math.pi)
        taken = np.zeros((0, 2))
        for _ in range(max(1, rng.poisson(25 * side**2 / 1e4))):
            at = rng.uniform(0, side, 2)
            if len(taken) == 0 or np.hypot(*(taken - at).T).min() > 17:
                taken = np.vstack([taken, at])
                _house(s, *xy(at), turn + rng.normal(0, 0.15) + rng.choice([0, math.pi / 2]))
        _trees(s, 60, (0.8, 3.5), lambda x, y: True)
    elif character == "valley_fields":
        _fields(s, rng.uniform(30, 60), rng.uniform(10, 22), rng.uniform(0.5, 4), 0.4, 0.97)
        _road(s, rng.uniform(3, 5), (165, 150, 125))
        _road(s, rng.uniform(0.8, 1.5), (75, 80, 62))
        _trees(s, 8, (0.8, 3.0), lambda x, y: True)
    elif character == "scrub_hills":
        for _ in range(int(18 * side**2 / 1e4) + 3):
            s.draw(
                _blob(*two(rng, 0, side), rng.uniform(4, 18), rng),
                [grass, fallow, ploughed][rng.choice(3, p=[0.6, 0.3, 0.1])](s),
            )
        _fields(s, 16, 9, 3, 0.3, 0.12)
        _road(s, rng.uniform(0.8, 2.4), (175, 155, 125))
        for _ in range(rng.poisson(120 * side**2 / 1e4)):
            size = rng.uniform(0.1, 1.2)
            s.draw(
                _blob(*two(rng, 0, side), size, rng),
                made(s, (150, 146, 138), grain=0.12, mid=0.15),
                size * 0.6,
            )
        _trees(s, 320, (0.3, 1.8), lambda x, y: rng.random() < 0.25 + 0.75 * beyond(x, y))
    else:
        _fields(s, 28, 12, 5, 0.5, 0.9, lambda x, y: not beyond(x, y))
        _road(s, rng.uniform(1, 2.5), (160, 140, 110))
        _trees(s, 1100, (1.2, 3.8), beyond)
        _trees(s, 30, (0.4, 2.0), lambda x, y: True)
    for _ in range(rng.poisson(0.5 * side**2 / 1e4 + 0.3)):
        water = made(
            s, [(70, 95, 90), (95, 105, 80), (60, 85, 100)][rng.integers(3)], grain=0.02, mid=0.03
        )
        s.draw(_blob(*two(rng, 0, side), rng.uniform(3, 12), rng), water)
    for _ in range(rng.poisson(6 * side**2 / 1e4)):
        litter = made(s, _litter(rng))
        s.draw(_box(*two(rng, 0, side), *two(rng, 0.1, 0.9), rng.uniform(0, 3)), litter)


def ground(seed: int, side_m: float, gsd_m: float, character: str) -> U1:
    """Make a simulated picture of a square of countryside.

    Args:
        seed: The same seed gives the same picture.
        side_m: Side of the square.
        gsd_m: Side of a pixel.
        character: One of `CHARACTERS`.

    Returns:
        Red, green, blue, shape (3, n, n), 1–255 (0 is left to nodata).
    """
    rng = np.random.default_rng([seed, CHARACTERS.index(character)])
    n, per_px = max(1, round(side_m / gsd_m)), max(1, math.ceil(gsd_m / _FINEST_M))
    azimuth, length = rng.uniform(0, 2 * math.pi), rng.uniform(0.4, 1.4)
    soils = [(150, 110, 72), (140, 121, 92), (162, 143, 108), (110, 95, 74), (120, 101, 80)]
    scene = Scene(
        cells=n * per_px,
        cell_m=gsd_m / per_px,
        rng=rng,
        sun=(length * math.cos(azimuth), length * math.sin(azimuth)),
        soil=np.array(rgb_of(soils[rng.integers(5)], rng, 0.04, 0.1)),
        green=np.array([rng.uniform(85, 105), rng.uniform(105, 135), rng.uniform(58, 80)]),
    )
    _plan(scene, character)
    texture, waves = texture_of(rng, 30, 0.9), texture_of(rng, 60, 2.0)
    noise = rng.standard_normal((512, 512)).astype(np.float32)
    table = np.array([row_of(cover) for cover in scene.covers], dtype=np.float32)
    labels, shade = np.asarray(scene.labels, dtype=np.int32), np.asarray(scene.shade)
    crowns = np.array(scene.crowns) if scene.crowns else np.zeros((0, 10))
    grey, veil = rng.uniform(0.0, 0.35), rng.uniform(4, 30)
    sides = (math.cos(azimuth), math.sin(azimuth))
    small = np.empty((3, n, n), dtype=np.uint16)
    # In bands, so that a big square needs little more than its plan.
    for first in range(0, n, _BAND_PX):
        rows, cell = min(_BAND_PX, n - first) * per_px, first * per_px
        cells = np.empty((3, rows, scene.cells), dtype=np.float32)
        paint(labels, shade, table, texture, waves, scene.cell_m, cell, cells)
        stamp_crowns(cells, crowns, texture, waves, scene.cell_m, cell, *sides)
        average(cells, per_px, grey, veil, first, small)
    gains = rng.uniform(0.8, 1.2) * np.array([rng.uniform(0.93, 1.07), 1, rng.uniform(0.9, 1.1)])
    many = rng.integers(0, 4)
    seams = np.column_stack(
        [
            rng.normal(0, 1, (many, 2)),
            rng.uniform(-0.4, 0.4, many),
            rng.uniform(0.95, 1.05, (many, 1)) * rng.uniform(0.99, 1.01, (many, 3)),
        ]
    ).reshape(many, 6)
    tilt = rng.uniform(-0.2, 0.2, 2)
    soft, sigma = rng.uniform(0.03, 0.1), rng.uniform(0.8, 3.0)
    return expose(small, gains, tilt, seams, noise, soft, sigma)
