"""What stands on the parcels of simulated countryside A, and the plan they are drawn on.

Colours and sizes are assumptions, not measurements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely import MultiPoint

F8 = NDArray[np.float64]
Rng = np.random.Generator
RGB = tuple[float, float, float]
Colour = Sequence[float] | F8


@dataclass
class Cover:
    """What stands on a parcel; lengths in metres, colours 0–255, waves and grains as shares."""

    ground: RGB
    second: RGB = (0, 0, 0)
    second_share: float = 0.0
    second_scale: float = 1.5
    wave: float = 0.0
    wave_m: float = 0.5
    fine: float = 0.10
    mid: float = 0.08
    coarse: float = 0.06
    turn: float = 0.0
    leaf: RGB = (0, 0, 0)
    row_m: float = 0.4
    along_m: float = 0.3
    radius_m: float = 0.0
    present: float = 0.9
    jitter: float = 0.2
    bed_rows: float = 0.0
    petal: RGB = (0, 0, 0)
    petals_per_m2: float = 0.0
    petal_m: float = 0.02


@dataclass
class Scene:
    """A plan being drawn: labels and shadows at cell size, covers by label, crowns."""

    cells: int
    cell_m: float
    rng: Rng
    sun: tuple[float, float]
    soil: F8
    green: F8
    covers: list[Cover] = field(default_factory=list)
    crowns: list[tuple[float, ...]] = field(default_factory=list)
    labels: Image.Image = field(init=False)
    shade: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.labels = Image.new("I", (self.cells, self.cells), 0)
        self.shade = Image.new("L", (self.cells, self.cells), 0)
        self.pen, self.shader = ImageDraw.Draw(self.labels), ImageDraw.Draw(self.shade)

    @property
    def side_m(self) -> float:
        """Side of the square."""
        return self.cells * self.cell_m

    def draw(self, points_m: F8, cover: Cover, height_m: float = 0.0) -> None:
        """Draw a polygon, shape (n, 2) metres; one with a height casts its shadow."""
        points = points_m / self.cell_m
        if height_m > 0:
            off = -np.array(self.sun) * height_m / self.cell_m
            swept = MultiPoint(np.concatenate([points, points + off])).convex_hull
            if swept.geom_type == "Polygon":
                self.shader.polygon(list(swept.exterior.coords), fill=255)
        self.covers.append(cover)
        self.pen.polygon([tuple(p) for p in points], fill=len(self.covers) - 1)
        if height_m > 0:
            self.shader.polygon([tuple(p) for p in points], fill=0)

    def crown(self, x: float, y: float, radius: float, rgb: Colour, bloom: float = 0,
              petal: Colour = (240, 225, 228)) -> None:  # fmt: skip
        """Set a tree or bush; ``bloom`` is the share of it that is blossom."""
        r, off = radius / self.cell_m, -np.array(self.sun) * radius * 0.8 / self.cell_m
        cx, cy = x / self.cell_m + off[0], y / self.cell_m + off[1]
        self.shader.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255)
        self.crowns.append((x, y, radius, *rgb, bloom, *petal))


def two(rng: Rng, low: float, high: float) -> tuple[float, float]:
    """Draw two numbers."""
    return float(rng.uniform(low, high)), float(rng.uniform(low, high))


def xy(point: F8) -> tuple[float, float]:
    """Take a point apart."""
    return float(point[0]), float(point[1])


def rgb_of(base: Colour, rng: Rng, spread: float = 0.08, light: float = 0.15) -> RGB:
    """Draw a colour near another: ``spread`` of the bands, ``light`` of all together."""
    c = np.asarray(base) * np.exp(rng.normal(0, spread, 3)) * math.exp(rng.normal(0, light))
    return tuple(float(v) for v in np.clip(c, 3, 250))  # type: ignore[return-value]


def leaf_of(scene: Scene, glaucous: bool = False) -> RGB:
    """A leaf colour: the scene's green, each field its own; or a blue-green one."""
    rng = scene.rng
    if glaucous:
        g = rng.uniform(85, 150)
        return (g * rng.uniform(0.72, 0.95), g, g * rng.uniform(0.72, 0.98))
    g = scene.green[1] * math.exp(rng.normal(0, 0.16))
    return (
        g * float(np.clip(rng.normal(scene.green[0] / scene.green[1], 0.07), 0.6, 1.02)),
        g,
        g * float(np.clip(rng.normal(scene.green[2] / scene.green[1], 0.07), 0.35, 0.85)),
    )


def _soil(scene: Scene) -> RGB:
    return rgb_of(scene.soil, scene.rng, 0.03, 0.13)


def _wheat(s: Scene) -> Cover:
    r = s.rng
    return Cover(leaf_of(s), _soil(s), r.uniform(0, 0.12), 2.0, r.uniform(0.05, 0.25),
                 r.uniform(0.15, 0.25), r.uniform(0.12, 0.25), 0.1, 0.08)  # fmt: skip


def _rape(s: Scene) -> Cover:
    r = s.rng
    return Cover(leaf_of(s), rgb_of((205, 190, 40), r), r.uniform(0.2, 0.75), r.uniform(0.15, 0.5),
                 fine=0.25, mid=0.12, petal=rgb_of((225, 210, 45), r, 0.04, 0.06),
                 petals_per_m2=r.uniform(60, 250), petal_m=r.uniform(0.02, 0.05))  # fmt: skip


def vegetables(s: Scene) -> Cover:
    """Beds of plants of one size and colour, some as blue-green as cabbage."""
    r = s.rng
    size = r.uniform(0.07, 0.22)
    return Cover(_soil(s), wave=0.06, wave_m=1.2, leaf=leaf_of(s, r.random() < 0.35),
                 row_m=size * r.uniform(1.7, 2.8), along_m=size * r.uniform(1.6, 2.4),
                 radius_m=size, present=r.uniform(0.6, 0.98), jitter=r.uniform(0.05, 0.25),
                 bed_rows=float(r.choice([0, 3, 4, 5])))  # fmt: skip


def _garlic(s: Scene) -> Cover:
    r = s.rng
    return Cover(_soil(s), leaf=leaf_of(s, r.random() < 0.7), row_m=r.uniform(0.15, 0.25),
                 along_m=r.uniform(0.1, 0.16), radius_m=r.uniform(0.05, 0.09), present=0.92,
                 bed_rows=float(r.choice([0, 5, 7])))  # fmt: skip


def _maize(s: Scene) -> Cover:
    r = s.rng
    return Cover(_soil(s), wave=0.08, wave_m=0.6, leaf=leaf_of(s), row_m=r.uniform(0.5, 0.75),
                 along_m=r.uniform(0.2, 0.35), radius_m=r.uniform(0.07, 0.2), present=0.88)  # fmt: skip


def _potato(s: Scene) -> Cover:
    r = s.rng
    return Cover(_soil(s), wave=0.1, wave_m=0.7, leaf=leaf_of(s), row_m=r.uniform(0.6, 0.8),
                 along_m=r.uniform(0.28, 0.4), radius_m=r.uniform(0.2, 0.32), present=0.93,
                 petal=rgb_of((225, 220, 225), r, 0.05, 0.08), petal_m=r.uniform(0.01, 0.02),
                 petals_per_m2=float(r.choice([0, 2, 8, 25])))  # fmt: skip


def ploughed(s: Scene) -> Cover:
    """Bare furrows."""
    r = s.rng
    return Cover(_soil(s), _soil(s), 0.3, 3.0, r.uniform(0.03, 0.18), r.uniform(0.3, 0.9),
                 r.uniform(0.08, 0.2), r.uniform(0.06, 0.16), 0.07)  # fmt: skip


def fallow(s: Scene) -> Cover:
    """Weeds, soil, perhaps small flowers."""
    r = s.rng
    flower = [(235, 230, 225), (220, 200, 60), (170, 130, 190), (210, 150, 170)]
    return Cover(leaf_of(s), _soil(s), r.uniform(0.15, 0.7), r.uniform(0.4, 2.5), fine=0.2, mid=0.16,
                 leaf=leaf_of(s, r.random() < 0.15), row_m=r.uniform(0.4, 1.2),
                 along_m=r.uniform(0.4, 1.2), radius_m=r.uniform(0.08, 0.3),
                 present=r.uniform(0.1, 0.6), jitter=0.5, petal=rgb_of(flower[r.integers(4)], r),
                 petals_per_m2=float(r.choice([0, 0, 1, 6])), petal_m=r.uniform(0.01, 0.03))  # fmt: skip


def grass(s: Scene) -> Cover:
    """Grass, dry in patches."""
    r = s.rng
    dry = rgb_of((142, 129, 94), r, 0.04, 0.12)
    return Cover(leaf_of(s), dry, r.uniform(0.1, 0.8), r.uniform(0.5, 4.0), fine=r.uniform(0.1, 0.25),
                 mid=r.uniform(0.08, 0.2), coarse=0.1, leaf=leaf_of(s), row_m=0.8, along_m=0.8,
                 radius_m=r.uniform(0.1, 0.3), present=r.uniform(0, 0.4), jitter=0.5)  # fmt: skip


def _mulch(s: Scene) -> Cover:
    r = s.rng
    film = rgb_of((175, 178, 178) if r.random() < 0.7 else (60, 60, 62), r, 0.02, 0.1)
    return Cover(_soil(s), film, 0.55, 0.0, 0.0, r.uniform(0.9, 1.5), 0.08, leaf=leaf_of(s),
                 row_m=r.uniform(0.45, 0.75), along_m=r.uniform(0.25, 0.45),
                 radius_m=r.uniform(0.06, 0.16), present=0.85)  # fmt: skip


def made(s: Scene, base: Colour, rib: float = 0.0, rib_m: float = 0.25,
          grain: float = 0.05, mid: float = 0.06) -> Cover:  # fmt: skip
    """Something built, or water: one colour, perhaps ribs."""
    return Cover(rgb_of(base, s.rng, 0.04, 0.12), wave=rib, wave_m=rib_m, fine=grain, mid=mid,
                 coarse=0.03)  # fmt: skip


CROPS: tuple[tuple[Callable[[Scene], Cover], float], ...] = (
    (_wheat, 3), (_rape, 1.5), (vegetables, 3), (_garlic, 1), (_maize, 1.5), (_potato, 1),
    (ploughed, 2), (fallow, 2), (grass, 1), (_mulch, 0.7),
)  # fmt: skip


def crop(s: Scene) -> Cover:
    """Draw what a field bears."""
    weights = np.array([w for _, w in CROPS])
    return CROPS[s.rng.choice(len(CROPS), p=weights / weights.sum())][0](s)


def row_of(cover: Cover) -> list[float]:
    """Lay a cover out as `_paint` reads it."""
    c = cover
    petal_cell = math.sqrt(0.75 / c.petals_per_m2) if c.petals_per_m2 > 0 else 1.0
    return [*c.ground, *c.second, c.second_share, c.second_scale, c.wave, c.wave_m, c.fine, c.mid,
            c.coarse, *c.leaf, 0.0, c.row_m, c.along_m, c.radius_m, c.present, c.jitter,
            c.bed_rows, math.cos(c.turn), math.sin(c.turn), petal_cell,
            c.petal_m if c.petals_per_m2 > 0 else 0.0, *c.petal]  # fmt: skip
