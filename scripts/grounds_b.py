"""Simulated countryside to measure detectors on, in spring, as a drone sees it; nothing here is real.

A tree of half-planes divides the land into strips and gardens; each field has a crop, rows,
gaps and patchy growth; crowns, roofs and cloths are put on top; then the camera. What grows, how
dense and in which colours are assumptions, chosen to look natural beside real pictures.
``real_ground`` (see ``grounds_b_real``) makes ground out of real pictures instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from grounds_b_crops import CHARACTERS, CROPS, EDGES, GARDENS, Character, Crop
from grounds_b_paint import (
    cast_shadows,
    develop,
    noise_tiles,
    paint_boxes,
    paint_crowns,
    paint_fields,
)
from grounds_b_real import REAL_GROUNDS, real_ground
from numpy.typing import NDArray

__all__ = ["CHARACTERS", "REAL_GROUNDS", "ground", "real_ground"]

F8 = NDArray[np.float64]
Points = list[tuple[float, float]]


def ground(seed: int, side_m: float, gsd_m: float, character: str) -> NDArray[np.uint8]:
    """Return simulated ground, red, green, blue, shape (3, n, n) with n = side_m / gsd_m.

    Deterministic: the same arguments give the same picture; ``character`` is a key of
    :data:`CHARACTERS`.
    """
    scene = _Scene(np.random.default_rng([seed, 77]), CHARACTERS[character], side_m)
    scene.divide()
    size = max(1, round(side_m / gsd_m))
    noise = noise_tiles(gsd_m)
    out = np.empty((3, size, size), dtype=np.float32)
    lines, left, right = scene.tree()
    warp = np.stack([scene.bend_x(size), scene.bend_y(size)])
    salt = seed % 65536
    paint_fields(out, gsd_m, lines, left, right, np.array(scene.fields), noise, warp, salt)
    rng = scene.rng
    turn = rng.uniform(0, 2 * math.pi)
    sun = (math.cos(turn), math.sin(turn))
    things = scene.things()
    cast_shadows(out, gsd_m, things["shadows"], *sun, noise)
    paint_boxes(out, gsd_m, things["boxes"], noise)
    paint_crowns(out, gsd_m, things["trees"], *sun, noise)
    gains = rng.uniform(0.82, 1.15) * np.array([1.0, 1.0, 1.0]) * rng.uniform(0.94, 1.06, 3)
    slope = rng.uniform(-0.10, 0.10, 2)
    blur, grain = rng.uniform(0.1, 0.6), rng.uniform(0.15, 0.45)
    faded = rng.uniform(0.12, 0.38)
    return develop(out, gains, slope, blur, grain, faded, salt)


class _Scene:
    """The plan of a piece of countryside, in metres from its upper left corner."""

    def __init__(self, rng: np.random.Generator, character: Character, side_m: float) -> None:
        self.rng, self.character, self.side_m = rng, character, side_m
        self.fields: list[F8] = []
        self.lines: list[list[float]] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.trees: list[list[float]] = []
        self.boxes: list[list[float]] = []
        count = rng.poisson(character.villages_km2 * (side_m / 1000) ** 2 + 0.2)
        self.villages = rng.uniform(0, side_m, (count, 2))
        self.village_m = rng.uniform(18, 55, count)
        self.soil = np.array(character.soil) * rng.uniform(0.85, 1.12) * rng.uniform(0.97, 1.03, 3)
        self.tilt = rng.uniform(0, math.pi)
        self.waves = rng.uniform(0, 2 * math.pi, 8)

    def divide(self) -> None:
        """Part the land into fields, and plan what stands on each."""
        s, pad = self.side_m, 12.0
        c, n = s / 2, s / 2 + pad
        square = [(c - n, c - n), (c + n, c - n), (c + n, c + n), (c - n, c + n)]
        self._part(square, self.tilt, 0)
        if not self.lines:
            self.lines.append([0.0, 0.0, 1e9, 0, 0, 0, 0])
            self.left.append(-1)
            self.right.append(-1)
        self._lone_trees()

    def tree(self) -> tuple[F8, NDArray[np.int64], NDArray[np.int64]]:
        """Return the dividing lines and the children on either side of each."""
        return np.array(self.lines), np.array(self.left), np.array(self.right)

    def bend_x(self, size: int) -> F8:
        """Return how far the map is shifted sideways at each row."""
        return self._bend(size, self.waves[:4])

    def bend_y(self, size: int) -> F8:
        """Return how far the map is shifted down at each column."""
        return self._bend(size, self.waves[4:])

    def things(self) -> Mapping[str, F8]:
        """Return crowns, boxes, and what casts shade."""
        trees = np.array(self.trees).reshape(-1, 8)
        trees = trees[np.argsort(trees[:, 3], kind="stable")]
        boxes = np.array(self.boxes).reshape(-1, 11)
        high = boxes[boxes[:, 10] > 0.5]
        radius = np.minimum(high[:, 2], high[:, 3]) * 1.1
        roofs = np.column_stack([high[:, :2], radius, high[:, 10]])
        shadows = np.concatenate([trees[:, :4], roofs])
        return {"trees": trees, "boxes": boxes, "shadows": shadows}

    def _bend(self, size: int, phases: F8) -> F8:
        at = np.linspace(0, self.side_m, size)
        lengths, heights = (90.0, 41.0, 17.0, 5.3), (1.5, 0.55, 0.16, 0.05)
        waves = (
            h * np.sin(2 * math.pi * at / length + p)
            for h, length, p in zip(heights, lengths, phases, strict=True)
        )
        return np.sum(list(waves), axis=0)

    def _part(self, shape: Points, tilt: float, depth: int) -> int:
        """Divide a convex piece until it is a field; return its child number."""
        rng, character = self.rng, self.character
        area, centre = _area(shape), np.mean(shape, axis=0)
        near = len(self.villages) and np.min(np.hypot(*(self.villages - centre).T) - self.village_m)
        village = bool(len(self.villages)) and near < 0
        target = (90.0 if village else character.field_m2) * math.exp(rng.normal(0, 0.5))
        if area < 1.6 * target or depth > 24:
            self.fields.append(self._field(shape, area, village))
            return -len(self.fields)
        ca, sa = math.cos(tilt), math.sin(tilt)
        u = np.array([x * ca + y * sa for x, y in shape])
        v = np.array([-x * sa + y * ca for x, y in shape])
        slender = 1.3 if village else character.slender
        wide = np.ptp(u) > np.ptp(v) * slender
        turn = tilt + rng.normal(0, 0.03) + (0 if wide else math.pi / 2)
        nx, ny = math.cos(turn), math.sin(turn)
        along = np.array([x * nx + y * ny for x, y in shape])
        at = along.min() + np.ptp(along) * rng.uniform(0.35, 0.65)
        kind = self._edge(area / target, village)
        low, high, colour = EDGES[kind]
        tint = rng.uniform(0.85, 1.12) * rng.uniform(0.96, 1.04, 3)
        node = len(self.lines)
        self.lines.append([nx, ny, at, rng.uniform(low, high), *(np.array(colour) * tint)])
        self.left.append(0)
        self.right.append(0)
        swing = 0.5 if depth in {2, 4} else 0.03
        below, above = _clip(shape, nx, ny, at), _clip(shape, -nx, -ny, -at)
        self.left[node] = self._part(below, tilt + rng.normal(0, swing) * 0.5, depth + 1)
        self.right[node] = self._part(above, tilt + rng.normal(0, swing) * 0.5, depth + 1)
        return node

    def _edge(self, fields: float, village: bool) -> str:
        if fields > 60:
            return "road" if self.rng.random() < 0.3 else "track"
        if fields > 14 and self.rng.random() < 0.35:
            return "track"
        kinds = {"bund": 3.0, "ditch": 0.3} if village else self.character.edges
        if fields < 6:
            kinds = {**kinds, "track": 0.0}
        return _choose(self.rng, kinds)

    def _field(self, shape: Points, area: float, village: bool) -> F8:
        rng, character = self.rng, self.character
        use = rng.random()
        if village:
            house = use < 0.35
            name = "yard" if use < 0.5 else _choose(rng, GARDENS)
            if house:
                self._house(shape)
            elif rng.random() < 0.3:
                self._clutter(shape)
        elif use < character.woods:
            name = "litter"
            self._plant(shape, rng.uniform(2.2, 4.0), rng.uniform(1.3, 2.6), 0.35)
        elif use < character.woods + character.orchards:
            name = str(rng.choice(["grass", "meadow", "bare"]))
            self._plant(shape, rng.uniform(3.0, 5.0), rng.uniform(0.8, 1.6), 0.08)
        elif use < character.woods + character.orchards + 0.01 and area < 2000:
            name = "pond"
        else:
            name = _choose(rng, character.crops)
        return self._row(CROPS[name], name)

    def _row(self, crop: Crop, name: str) -> F8:
        rng = self.rng
        mood = rng.uniform(0.85, 1.15)
        leaf = np.array(crop.leaf) * mood * rng.normal(1, 0.035, 3)
        dry = np.array(crop.dry_leaf) * rng.normal(1, 0.04, 3)
        soil = self.soil * rng.uniform(0.85, 1.15) * rng.normal(1, 0.015, 3)
        if name == "yard":
            soil = np.array([176, 168, 156]) * rng.uniform(0.8, 1.15)
        angle = self.tilt + rng.normal(0, 0.1) + (math.pi / 2 if rng.random() < 0.3 else 0)
        flowers = rng.uniform(*crop.flowers_m2) * (rng.random() < 0.7 or name == "rape")
        return np.array(
            [
                *leaf, *soil, *dry, *crop.flower, rng.uniform(*crop.cover),
                rng.uniform(*crop.row_m), crop.plant_m, math.cos(angle), math.sin(angle), flowers,
                crop.flower_r_m, crop.rough, rng.uniform(*crop.dry), crop.kind,
                rng.integers(1024), rng.integers(1024), crop.furrow,
            ]
        )  # fmt: skip

    def _plant(self, shape: Points, step_m: float, radius_m: float, stray: float) -> None:
        """Stand trees on a field."""
        rng = self.rng
        low, high = np.min(shape, axis=0), np.max(shape, axis=0)
        base = np.array([74, 96, 48]) * rng.uniform(0.8, 1.25) * rng.uniform(0.92, 1.08, 3)
        if rng.random() < 0.12:
            base = np.array([206, 188, 194]) * rng.uniform(0.85, 1.05)
        for x in np.arange(low[0], high[0], step_m):
            for y in np.arange(low[1], high[1], step_m):
                at = (x + rng.normal(0, stray * step_m), y + rng.normal(0, stray * step_m))
                if rng.random() < 0.9 and _within(shape, at, 0.3 * radius_m):
                    self._tree(at, radius_m * rng.uniform(0.6, 1.25), base)

    def _tree(self, at: tuple[float, float], radius_m: float, base: F8) -> None:
        rng = self.rng
        colour = base * rng.uniform(0.85, 1.15) * rng.normal(1, 0.04, 3)
        x, y = self._unbent(at)
        self.trees.append(
            [x, y, radius_m, radius_m * rng.uniform(1.2, 2.2), *colour, rng.uniform(0.7, 1.3)]
        )

    def _unbent(self, at: tuple[float, float]) -> tuple[float, float]:
        """Return where on the picture a point of the plan lies."""
        lengths, heights = (90.0, 41.0, 17.0, 5.3), (1.5, 0.55, 0.16, 0.05)

        def bend(z: float, phases: F8) -> float:
            return sum(
                h * math.sin(2 * math.pi * z / length + p)
                for h, length, p in zip(heights, lengths, phases, strict=True)
            )

        return at[0] - bend(at[1], self.waves[:4]), at[1] - bend(at[0], self.waves[4:])

    def _lone_trees(self) -> None:
        rng = self.rng
        for _ in range(rng.poisson(self.character.lone_trees_ha * self.side_m**2 / 1e4)):
            at = tuple(rng.uniform(0, self.side_m, 2))
            shade = np.array([82, 104, 52]) * rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3)
            self._tree((at[0], at[1]), rng.lognormal(0.1, 0.6), shade)

    def _house(self, shape: Points) -> None:
        rng = self.rng
        x, y = self._unbent(tuple(np.mean(shape, axis=0)))
        roofs = ((118, 112, 108), (150, 96, 80), (96, 118, 150), (190, 188, 182), (104, 92, 84))
        colour = np.array(roofs[rng.integers(len(roofs))]) * rng.uniform(0.85, 1.15)
        half = math.sqrt(_area(shape)) / 2
        length, width = half * rng.uniform(0.7, 1.0), half * rng.uniform(0.4, 0.65)
        ribs = rng.choice([0.0, 0.25, 0.4])
        self.boxes.append(
            [x, y, length, width, self.tilt, *colour, rng.uniform(0, 0.18), ribs, rng.uniform(3, 7)]
        )

    def _clutter(self, shape: Points) -> None:
        """Put laundry, sheets and small heaps in a yard or garden."""
        rng = self.rng
        cloths = ((225, 225, 222), (190, 60, 66), (214, 130, 150), (70, 96, 170), (120, 84, 150))
        x, y = self._unbent(tuple(np.mean(shape, axis=0)))
        for k in range(rng.integers(1, 6)):
            colour = np.array(cloths[rng.integers(len(cloths))]) * rng.uniform(0.85, 1.1)
            half = rng.uniform(0.15, 0.6, 2)
            at = (x + 1.1 * k - 2, y + rng.normal(0, 0.4))
            self.boxes.append([*at, *half, self.tilt, *colour, 0.05, 0.0, 0.3])


def _choose(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    names = list(weights)
    p = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=p / p.sum()))]


def _area(shape: Points) -> float:
    x, y = np.array(shape).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _clip(shape: Points, nx: float, ny: float, at: float) -> Points:
    """Return the part of a convex shape where nx·x + ny·y ≤ at."""
    out: Points = []
    for (ax, ay), (bx, by) in zip(shape, shape[1:] + shape[:1], strict=True):
        a, b = nx * ax + ny * ay - at, nx * bx + ny * by - at
        if a <= 0:
            out.append((ax, ay))
        if a * b < 0:
            t = a / (a - b)
            out.append((ax + t * (bx - ax), ay + t * (by - ay)))
    return out


def _within(shape: Points, at: tuple[float, float], inset_m: float) -> bool:
    """Tell whether a point lies inside a convex shape, away from its sides."""
    signs = []
    for (ax, ay), (bx, by) in zip(shape, shape[1:] + shape[:1], strict=True):
        length = math.hypot(bx - ax, by - ay) or 1.0
        signs.append(((bx - ax) * (at[1] - ay) - (by - ay) * (at[0] - ax)) / length)
    return min(signs) > inset_m or max(signs) < -inset_m
