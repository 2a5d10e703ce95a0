"""Outlines of patches and where their plants stand, in metres around the patch's middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, affinity

from geoinspect.detect.implants import PatchForm, Planted, Wish
from geoinspect.detect.simulate.grain import noise_at
from geoinspect.search_records import GrowthStage

F8 = NDArray[np.float64]

_SEEDS = 2**31 - 1
_EDGE_POINTS = 24
_LONGEST_STRIP_M = 60.0
_MOST_PLANTS = 400_000
# More open flowers than this on every plant are not seen.
_FLOWERS_ON_ONE = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """Plants.

    Attributes:
        x_m, y_m: Where, shape (n,).
        radius_m: Of each.
        height_m: Of each, over the ground between them.
    """

    x_m: F8
    y_m: F8
    radius_m: F8
    height_m: F8


def _wavy_box(length: float, width: float, rng: np.random.Generator) -> Polygon:
    """A rectangle whose edges wander a little, corners not quite square."""
    t = np.linspace(-0.5, 0.5, _EDGE_POINTS, endpoint=False)
    wave = min(0.04 * width, 0.25) * rng.uniform(0, 1.5)
    sides = []
    for _ in range(4):
        phase, turns = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.5, 3, 2)
        sides.append(
            wave
            * (
                np.sin(2 * np.pi * turns[0] * t + phase[0])
                + 0.5 * np.sin(4 * np.pi * turns[1] * t + phase[1])
            )
        )
    x = np.concatenate([t * length, length / 2 + sides[1], -t * length, -length / 2 + sides[3]])
    y = np.concatenate([-width / 2 + sides[0], t * width, width / 2 + sides[2], -t * width])
    skew = rng.normal(0, 0.06)
    return Polygon(np.column_stack([x + skew * y, y * (1 + rng.normal(0, 0.05) * x / length)]))


def _blob(rng: np.random.Generator) -> Polygon:
    """A rounded patch of irregular outline."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones(72)
    for k in range(1, 8):
        radius += rng.normal(0, 0.28 / k) * np.sin(k * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.35)
    stretch = rng.uniform(1.0, 2.0)
    return Polygon(np.column_stack([stretch * radius * np.cos(angle), radius * np.sin(angle)]))


def outline_of(wish: Wish, rng: np.random.Generator) -> tuple[Polygon, float]:
    """Draw an outline of exactly the area wished, around the origin; y is down.

    Returns:
        The outline in metres, and the direction in radians its rows run.
    """
    area = wish.area_m2
    if wish.form in (PatchForm.BLOB, PatchForm.SCATTERED):
        shape = _blob(rng)
    elif wish.form is PatchForm.STRIP:
        width = min(rng.uniform(0.8, 1.5), math.sqrt(area))
        width = max(width, area / _LONGEST_STRIP_M)
        shape = _wavy_box(area / width, width, rng)
    else:
        width = math.sqrt(area / math.exp(rng.uniform(0, math.log(4))))
        shape = _wavy_box(area / width, width, rng)
    if not shape.is_valid:
        shape = shape.convex_hull
    grow = math.sqrt(area / shape.area)
    shape = affinity.scale(shape, grow, grow, origin=(0, 0))
    middle = shape.centroid
    turn = rng.uniform(0, math.pi)
    shape = affinity.translate(shape, -middle.x, -middle.y)
    return affinity.rotate(shape, turn, origin=(0, 0), use_radians=True), turn


@dataclass(frozen=True, slots=True)
class Habit:
    """How the plants of one patch stand and how big they are.

    Attributes:
        spacing_m: From row to row, or between neighbours where there are no rows.
        along_m: Between plants of a row.
        in_rows: Whether they stand in rows.
        radius_m: Typical, of a plant.
        height_m: Typical.
        gaps: Share of the plants that are missing.
    """

    spacing_m: float
    along_m: float
    in_rows: bool
    radius_m: float
    height_m: float
    gaps: float


def habit_of(wish: Wish, rng: np.random.Generator) -> Habit:
    """Draw how the plants stand; the same draw for the target and for its decoys."""
    spacing = rng.uniform(0.20, 0.45)
    in_rows = wish.form is PatchForm.ROWS or rng.random() < 0.5
    along = spacing * rng.uniform(0.45, 1.0)
    if wish.form is PatchForm.ROWS:
        spacing, along = rng.uniform(0.20, 0.40), rng.uniform(0.08, 0.2)
    gaps = rng.uniform(0, 0.4)
    if wish.stage is GrowthStage.SEEDLING:
        radius, height = rng.uniform(0.02, 0.05), rng.uniform(0.02, 0.05)
    elif wish.stage is GrowthStage.ROSETTE:
        radius, height = rng.uniform(0.05, 0.125), rng.uniform(0.05, 0.15)
    else:
        # In rows the ground between shows; without, the canopy closes or nearly so.
        full = rng.uniform(0.4, 0.6) if wish.form is PatchForm.ROWS else rng.uniform(0.45, 0.75)
        radius, height = min(0.3, max(0.075, full * spacing)), rng.uniform(0.12, 0.35)
    if wish.kind is Planted.BRASSICA:
        radius, height = rng.uniform(0.15, 0.30), rng.uniform(0.1, 0.25)
        along = spacing = radius * rng.uniform(1.6, 2.3)
    elif wish.kind is Planted.CORN_POPPY:
        radius, gaps = radius * 0.7, rng.uniform(0.35, 0.65)
    return Habit(spacing, along, in_rows, radius, height, gaps)


def _lattice(outline: Polygon, habit: Habit, turn: float, rng: np.random.Generator) -> F8:
    """Jittered lattice points over the outline's box, shape (n, 2)."""
    flat = affinity.rotate(outline, -turn, origin=(0, 0), use_radians=True)
    west, north, east, south = flat.bounds
    step_x, step_y = habit.along_m, habit.spacing_m
    many = (east - west) * (south - north) / (step_x * step_y)
    if many > _MOST_PLANTS:
        step_x, step_y = (v * math.sqrt(many / _MOST_PLANTS) for v in (step_x, step_y))
    x, y = np.meshgrid(
        np.arange(west + rng.uniform(0, step_x), east, step_x),
        np.arange(north + rng.uniform(0, step_y), south, step_y),
    )
    jitter_y = rng.uniform(0.03, 0.12) if habit.in_rows else rng.uniform(0.25, 0.45)
    x = x + rng.normal(0, rng.uniform(0.12, 0.4), x.shape) * step_x
    y = y + rng.normal(0, jitter_y, y.shape) * step_y
    c, s = math.cos(turn), math.sin(turn)
    return np.column_stack([(c * x - s * y).ravel(), (s * x + c * y).ravel()])


def _strays(outline: Polygon, bloom_per_m2: float, rng: np.random.Generator) -> F8:
    """Points scattered at 0.2–3 plants/m², or as many as the flowers need; shape (n, 2)."""
    west, north, east, south = outline.bounds
    per_m2 = math.exp(rng.uniform(math.log(0.2), math.log(3.0)))
    per_m2 = max(per_m2, bloom_per_m2 / _FLOWERS_ON_ONE)
    many = max(1, rng.poisson(per_m2 * (east - west) * (south - north)))
    many = min(many, _MOST_PLANTS)
    return np.column_stack([rng.uniform(west, east, many), rng.uniform(north, south, many)])


def stand_of(wish: Wish, outline: Polygon, turn: float, rng: np.random.Generator) -> Stand:
    """Set the plants of a patch; at least one."""
    habit = habit_of(wish, rng)
    scattered = wish.form is PatchForm.SCATTERED
    at = (
        _strays(outline, wish.bloom_per_m2, rng)
        if scattered
        else _lattice(outline, habit, turn, rng)
    )
    at = at[shapely.contains_xy(outline, at[:, 0], at[:, 1])]
    if len(at) == 0:
        inner = outline.representative_point()
        at = np.array([[inner.x, inner.y]])
    x, y = np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1])
    if not scattered and len(at) > 3:
        # Missing plants come half in bare spots, half singly.
        bare = noise_at(x, y, rng.uniform(0.6, 3.0), int(rng.integers(_SEEDS)))
        luck = rng.uniform(0.2, 1.0) * bare + rng.normal(0, 0.7, x.size)
        keep = luck >= np.quantile(luck, habit.gaps)
        x, y = x[keep], y[keep]
    vigour = noise_at(x, y, rng.uniform(1.0, 5.0), int(rng.integers(_SEEDS)))
    size = np.exp(rng.uniform(0.05, 0.25) * vigour + rng.normal(0, 0.15, x.size))
    radius = np.clip(habit.radius_m * size, 0.015, 0.35)
    return Stand(x, y, radius, habit.height_m * np.sqrt(size))
