"""Yards and trees: roofs, walls, woodland crowns, a pond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data.canvas import Blobs, Canvas, linear, varied
from sample_data.fields import CODE, Fields
from sample_data.noise import smooth_field

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

_TILE_RED = linear(158, 92, 74)
_TILE_GREY = linear(122, 122, 120)
_TIN_BLUE = linear(70, 122, 176)
_CONCRETE = linear(186, 181, 170)
_EARTH = linear(172, 152, 124)


@dataclass(frozen=True, slots=True)
class Box:
    """A turned rectangle: middle in metres from the top left corner, sides, direction."""

    x_m: float
    y_m: float
    wide_m: float
    deep_m: float
    angle: float

    def within(self, x_m: float, y_m: float, wide_m: float, deep_m: float) -> Box:
        """Return a box given in this box's own axes (origin in its middle)."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return Box(
            self.x_m + x_m * cos - y_m * sin,
            self.y_m + x_m * sin + y_m * cos,
            wide_m,
            deep_m,
            self.angle,
        )

    def cells(self, canvas: Canvas) -> tuple[I8, F4, F4]:
        """Return the pixels inside and their place along both sides, metres from the middle."""
        reach = np.hypot(self.wide_m, self.deep_m) / 2 + canvas.gsd_m
        rows, cols = canvas.shape
        top = max(int((self.y_m - reach) / canvas.gsd_m), 0)
        low = min(int((self.y_m + reach) / canvas.gsd_m) + 1, rows)
        left = max(int((self.x_m - reach) / canvas.gsd_m), 0)
        right = min(int((self.x_m + reach) / canvas.gsd_m) + 1, cols)
        row, col = np.mgrid[top : max(low, top), left : max(right, left)]
        dx = (col + 0.5) * canvas.gsd_m - self.x_m
        dy = (row + 0.5) * canvas.gsd_m - self.y_m
        along = dx * np.cos(self.angle) + dy * np.sin(self.angle)
        aside = -dx * np.sin(self.angle) + dy * np.cos(self.angle)
        inside = (np.abs(along) < self.wide_m / 2) & (np.abs(aside) < self.deep_m / 2)
        flat = (row * cols + col)[inside].astype(np.int64)
        return flat, along[inside].astype(np.float32), aside[inside].astype(np.float32)


def draw_yard(canvas: Canvas, fields: Fields, yard: Box) -> None:
    """Draw a farmyard: levelled floor, wall, house, shed, kitchen garden and odds and ends."""
    cells, along, aside = yard.cells(canvas)
    canvas.ground_m.ravel()[cells] = np.float32(np.median(canvas.ground_m.ravel()[cells]))
    fields.kind.ravel()[cells] = CODE["yard"]
    paved = canvas.rng.random() < 0.6
    worn = 1 + 0.05 * canvas.texture(canvas.grain, cells)
    worn = worn + 0.08 * canvas.texture(canvas.clumps, cells)
    joints = (np.abs(along / 3 - np.round(along / 3)) < 0.008) & paved
    canvas.paint(cells, _CONCRETE if paved else _EARTH, worn - 0.15 * joints, 0.0)
    edge = np.maximum(np.abs(along) - yard.wide_m / 2, np.abs(aside) - yard.deep_m / 2)
    gate = (aside > yard.deep_m / 2 - 0.6) & (np.abs(along) < 1.6)
    wall = cells[(edge > -0.26) & ~gate]
    canvas.paint(wall, linear(168, 150, 128), _ones(wall), 1.9)
    deep, side = yard.deep_m, float(canvas.rng.choice([-1, 1]))
    house = yard.within(0, -deep / 2 + 3.3, yard.wide_m - 1.0, 5.8)
    roof_colour = (_TILE_RED, _TILE_GREY)[int(canvas.rng.integers(2))]
    draw_roof(canvas, fields, house, 3.1, 1.5, roof_colour, 0.24)
    shed = yard.within(side * (2.3 - yard.wide_m / 2), 2.2, 3.6, deep * 0.42)
    draw_roof(canvas, fields, shed, 2.5, 0.25, _TIN_BLUE, 0.76)
    corner = yard.within(side * (yard.wide_m / 2 - 2.2), deep / 2 - 2.4, 3.2, 3.2)
    _flat_roof(canvas, fields, corner)
    _clutter(canvas, yard)


def draw_roof(
    canvas: Canvas,
    fields: Fields,
    box: Box,
    eaves_m: float,
    ridge_m: float,
    colour: F4,
    wave_m: float,
) -> None:
    """Draw a gable roof with tiles or corrugation running down its slopes."""
    cells, along, aside = box.cells(canvas)
    fields.kind.ravel()[cells] = CODE["roof"]
    down = np.abs(aside) / (box.deep_m / 2)
    wave = np.cos(2 * np.pi * along / np.float32(wave_m))
    course = np.cos(2 * np.pi * aside / 0.33) if wave_m < 0.5 else np.zeros_like(aside)
    weather = 0.10 * canvas.texture(canvas.clumps, cells) + 0.04 * canvas.texture(
        canvas.grain, cells
    )
    rust = np.exp(0.05 * canvas.rng.standard_normal())
    shade = rust * (1 + 0.07 * wave + 0.05 * course + weather)
    height = eaves_m + ridge_m * (1 - down) + 0.02 * wave
    canvas.paint(cells, colour, shade.astype(np.float32), height.astype(np.float32))
    ridge = cells[np.abs(aside) < 0.12]
    canvas.paint(ridge, colour * 0.8, _ones(ridge), eaves_m + ridge_m + 0.08)


def _flat_roof(canvas: Canvas, fields: Fields, box: Box) -> None:
    cells, along, aside = box.cells(canvas)
    fields.kind.ravel()[cells] = CODE["roof"]
    edge = np.maximum(np.abs(along) - box.wide_m / 2, np.abs(aside) - box.deep_m / 2)
    shade = 1 + 0.08 * canvas.texture(canvas.clumps, cells)
    canvas.paint(cells, linear(165, 163, 156), shade, 2.7 + 0.3 * (edge > -0.22))
    panel = box.within(-0.2, 0.1, 1.9, 1.1)
    cells, along, _ = panel.cells(canvas)
    bars = np.abs(along / 0.16 - np.round(along / 0.16)) < 0.12
    canvas.paint(cells, linear(44, 54, 84), (1 + 1.2 * bars).astype(np.float32), 3.0)


def _clutter(canvas: Canvas, yard: Box) -> None:
    """Straw, washing, flower pots and a heap of earth."""
    rng = canvas.rng

    def blobs(
        count: int,
        radius: tuple[float, float],
        dome_m: float,
        colours: tuple[F4, ...],
        depth: float,
    ) -> None:
        at = [
            yard.within(
                rng.uniform(-0.15, 0.3) * yard.wide_m, rng.uniform(0, 0.4) * yard.deep_m, 0, 0
            )
            for _ in range(count)
        ]
        canvas.stamp(
            Blobs(
                np.array([box.y_m for box in at]) / canvas.gsd_m,
                np.array([box.x_m for box in at]) / canvas.gsd_m,
                rng.uniform(*radius, count),
                np.full(count, 0.05),
                np.full(count, dome_m),
                5.0,
                depth,
                varied(colours, count, 0.1, rng),
            )
        )

    blobs(1, (0.9, 1.4), 1.4, (linear(196, 172, 118),), 0.05)
    blobs(5, (0.10, 0.28), 0.4, (linear(120, 84, 66), linear(90, 110, 130)), 0.0)
    blobs(9, (0.12, 0.25), 0.4, (linear(70, 108, 56), linear(96, 122, 66)), 0.3)
    # Garden flowers: as bright as what is looked for, and lawful.
    blobs(14, (0.02, 0.05), 0.7, (linear(212, 84, 128), linear(222, 190, 80)), 0.2)
    line = yard.within(0.12 * yard.wide_m, 0.1 * yard.deep_m, 0, 0)
    for place in range(5):
        wash = Box(line.x_m + 0.75 * place, line.y_m, 0.55, 0.16, line.angle)
        cells = wash.cells(canvas)[0]
        colour = varied(
            (linear(214, 214, 220), linear(168, 66, 74), linear(70, 92, 150)), 1, 0.1, rng
        )
        canvas.paint(cells, colour[0], _ones(cells), 1.6)


def draw_wood(canvas: Canvas, fields: Fields) -> None:
    """Draw the floor of the wood, its scrub and its crowns."""
    cells = fields.where("forest")
    if cells.size:
        litter = np.clip(0.5 + 0.3 * canvas.texture(canvas.clumps, cells), 0, 1)[:, None]
        colour = litter * linear(128, 112, 82) + (1 - litter) * linear(78, 96, 54)
        grain = canvas.texture(canvas.grain, cells)
        canvas.paint(cells, colour.astype(np.float32), 1 + 0.2 * grain, 0.1 + 0.06 * grain)
    spacing_px = 2.7 / canvas.gsd_m
    rows, cols = canvas.shape
    row, col = np.mgrid[0.5 * spacing_px : rows : spacing_px, 0.5 * spacing_px : cols : spacing_px]
    row = (row + canvas.rng.uniform(-0.4, 0.4, row.shape) * spacing_px).ravel()
    col = (col + canvas.rng.uniform(-0.4, 0.4, col.shape) * spacing_px).ravel()
    at = np.clip(row, 0, rows - 1).astype(int), np.clip(col, 0, cols - 1).astype(int)
    inside = (fields.wood_m[at] < -0.8) & (canvas.rng.random(row.size) < 0.78)
    draw_trees(canvas, row[inside], col[inside], (1.1, 2.9))
    # Scattered trees and bushes on the edges of the terraces.
    alone = (fields.kind[at] == CODE["bund"]) & (canvas.rng.random(row.size) < 0.16)
    draw_trees(canvas, row[alone], col[alone], (0.6, 1.9))


def draw_trees(canvas: Canvas, row: F8, col: F8, radius_m: tuple[float, float]) -> None:
    """Draw crowns as domes of leafy clumps."""
    rng = canvas.rng
    count = len(row)
    crown = rng.uniform(*radius_m, count) * np.exp(0.15 * rng.standard_normal(count))
    species = varied(
        (linear(74, 98, 48), linear(88, 112, 58), linear(62, 84, 50), linear(106, 120, 62)),
        count,
        0.12,
        rng,
    )
    clumps = np.maximum((26 * crown**2).astype(int), 14)
    tree = np.repeat(np.arange(count), clumps)
    angle = rng.uniform(0, 2 * np.pi, tree.size)
    lean = 1 + 0.22 * np.cos(3 * angle + tree)
    out = np.sqrt(rng.random(tree.size)) * 0.88
    away_m = out * crown[tree] * lean
    height = crown[tree] * (1.0 + 1.1 * np.sqrt(np.maximum(1 - out**2, 0)))
    height = height + 0.18 * rng.standard_normal(tree.size)
    colour = species[tree] * np.exp(0.20 * rng.standard_normal((tree.size, 1)))
    canvas.stamp(
        Blobs(
            row[tree] + away_m * np.sin(angle) / canvas.gsd_m,
            col[tree] + away_m * np.cos(angle) / canvas.gsd_m,
            rng.uniform(0.14, 0.36, tree.size) * np.minimum(1, 0.5 + 0.3 * crown[tree]),
            height,
            np.full(tree.size, 0.16),
            5.0,
            0.34,
            colour.astype(np.float32),
        )
    )


def draw_pond(canvas: Canvas, fields: Fields, box: Box) -> None:
    """Draw a small pond with a muddy rim."""
    cells, along, aside = box.cells(canvas)
    round_m = np.hypot(along / (box.wide_m / 2), aside / (box.deep_m / 2))
    ragged = smooth_field(canvas.shape, 6 / canvas.gsd_m, canvas.rng).ravel()[cells]
    rim = round_m + 0.06 * ragged
    mud, water = cells[(rim < 0.98) & (rim >= 0.88)], cells[rim < 0.88]
    canvas.paint(mud, linear(112, 96, 74), _ones(mud), 0.0)
    canvas.ground_m.ravel()[water] = np.float32(np.min(canvas.ground_m.ravel()[cells])) - 0.4
    ripple = canvas.texture(canvas.grain, water)
    canvas.paint(water, linear(88, 108, 92), 1 + 0.025 * ripple, 0.002 * ripple)
    fields.kind.ravel()[np.concatenate([mud, water])] = CODE["pond"]


def _ones(cells: I8) -> F4:
    return np.ones(cells.size, np.float32)
