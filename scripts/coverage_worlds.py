"""Random worlds swept both ways and by shapely: how exact is coverage?

An area of any shape (holes, parts, thin strips) somewhere in China or beyond, cells of any usual
size, walks and drives across it. shapely clips every cell by the buffer of every track; the
exact way must agree to rounding, the bit masks within what they promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.cells import Thresholds, combine
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Sweeper
from geoinspect.coverage.measure import MeasuredTrack, measure
from geoinspect.records import Segment

F8 = NDArray[np.float64]

# Lon, lat: five 3° zones of CGCS2000, one place on a zone's edge, and UTM outside China.
PLACES = (
    (108.05, 33.9), (104.6, 35.1), (117.2, 40.3), (121.5, 42.0), (100.3, 25.2),
    (109.49, 30.0), (75.2, 39.2), (2.3, 47.1), (-71.2, -33.0),
)  # fmt: skip
CELLS_M, WIDTHS_M = (20.0, 50.0, 100.0, 250.0), (20.0, 50.0, 100.0)
# Bits across the sweep width: in campaigns, and in ``coverage measure``.
CAMPAIGN, MEASURE = 4.0, 12.0
# Chords in a quarter circle of the oracle's buffers, as many as the exact way has.
_QUAD_SEGS = 64


@dataclass(frozen=True)
class World:
    """An area, its metric polygon, and walks in metres."""

    crs: str
    area: MultiPolygon
    shape: Polygon | MultiPolygon
    cell_m: float
    width_m: float
    walks: tuple[F8, ...]

    @property
    def tracks(self) -> list[MeasuredTrack]:
        """The walks as tracks in WGS84, without times."""
        found = []
        for walk in self.walks:
            lon, lat = crs_.transform_xy(self.crs, crs_.WGS84, walk[:, 0].copy(), walk[:, 1].copy())
            found.append(MeasuredTrack((Segment(lon, lat, np.full(len(walk), np.nan)),)))
        return found


@dataclass(frozen=True)
class Errors:
    """What one world came to; areas in m², errors of shares.

    Attributes:
        truth_m2: Seen ground by shapely.
        exact: Largest relative error of the exact way: total, cells, lengths.
        seen_m2: Seen ground by bits, by bits across the width.
        squares: Sum of squared errors of the cells' shares, weighted by the share of a whole
            cell that is ground; of cells that were seen.
        weight: Sum of those weights.
    """

    truth_m2: float
    exact: float
    seen_m2: dict[float, float]
    squares: dict[float, float]
    weight: float


def worlds(count: int, seed: int) -> Iterator[World]:
    """Return random worlds."""
    for number in range(count):
        yield make_world(np.random.default_rng([seed, number]), number)


def make_world(random: np.random.Generator, number: int) -> World:
    """Return one world: its place, cell and width go round with the number."""
    lon, lat = PLACES[number % len(PLACES)]
    cell_m = CELLS_M[int(random.integers(len(CELLS_M)))]
    width_m = WIDTHS_M[int(random.integers(len(WIDTHS_M)))]
    near = shapely.Point(lon, lat)
    crs = crs_.metric_crs_for(*crs_.centre_of(near.buffer(0.01)))
    (x,), (y,) = crs_.transform_xy(crs_.WGS84, crs, np.array([lon]), np.array([lat]))
    size_m = cell_m * random.uniform(5, 14)
    shape = _shape(random, np.array([x, y]), size_m)
    area = crs_.transform_geometry(crs, crs_.WGS84, shape)
    crs = crs_.metric_crs_for(*crs_.centre_of(area))
    shape = crs_.metric_shape(area, crs)
    walks = tuple(_walk(random, shape, width_m) for _ in range(int(random.integers(1, 6))))
    return World(crs, area, shape, cell_m, width_m, walks)


def _shape(random: np.random.Generator, middle: F8, size_m: float) -> MultiPolygon:
    """Return one to three crooked parts, some with holes, some thin."""
    parts: list[Polygon] = []
    for _ in range(int(random.integers(1, 4))):
        at = middle + random.uniform(-size_m, size_m, 2)
        ring = _ring(random, at, size_m * random.uniform(0.4, 1.0))
        hole = _ring(random, at, size_m * 0.2)
        part = shapely.make_valid(Polygon(ring))
        if random.uniform() < 0.5:
            part = shapely.difference(part, shapely.make_valid(Polygon(hole)))
        parts += [p for p in shapely.get_parts(part) if isinstance(p, Polygon) and p.area > 1]
    whole = shapely.union_all(parts)
    return MultiPolygon([p for p in shapely.get_parts(whole) if isinstance(p, Polygon)])


def _ring(random: np.random.Generator, at: F8, radius_m: float) -> F8:
    count = int(random.integers(3, 12))
    angle = np.sort(random.uniform(0, 2 * np.pi, count))
    radius = radius_m * random.uniform(0.3, 1.0, count)
    stretch = np.array([1.0, random.choice([1.0, 1.0, 0.1])])
    return at + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) * stretch


def _walk(random: np.random.Generator, shape: Polygon | MultiPolygon, width_m: float) -> F8:
    """Return a wandering or straight walk that starts in or near the area."""
    low, high = np.array(shape.bounds[:2]), np.array(shape.bounds[2:])
    count = int(random.integers(2, 60))
    turn = random.choice([0.0, 0.2, 0.8])
    heading = random.uniform(0, 2 * np.pi) + np.cumsum(random.normal(0, turn, count))
    step_m = random.uniform(0.2, 3) * width_m
    steps = step_m * np.column_stack([np.cos(heading), np.sin(heading)])
    return random.uniform(low, high) + np.cumsum(steps, axis=0)


def judge(world: World) -> Errors:
    """Measure a world by shapely, by the exact way and by bits.

    Places are taken as they come back from WGS84: rounding there is not the sweep's error.
    """
    done = measure(
        world.area,
        world.tracks,
        [],
        cell_m=world.cell_m,
        width_m=world.width_m,
        gap_s=300.0,
        thresholds=Thresholds(),
    )
    assert done.method == "exact"
    ground = done.ground
    pieces = shapely.intersection(ground.squares(), world.shape)
    lines = [shapely.LineString(walk) for walk in _as_given(world)]
    swath = shapely.union_all(
        [shapely.buffer(line, world.width_m / 2, quad_segs=_QUAD_SEGS) for line in lines]
    )
    truth = shapely.area(shapely.intersection(pieces, swath))
    metres = sum(
        shapely.length(shapely.intersection(pieces, leg)) for line in lines for leg in _legs(line)
    )
    seen_m2 = done.seen_fraction * ground.cell_m2
    exact = max(
        abs(seen_m2.sum() - truth.sum()) / max(truth.sum(), 1.0),
        float(np.abs(seen_m2 - truth).max() / world.cell_m**2),
        float(np.abs(done.length_m - metres).max() / max(np.sum(metres), 1.0)),
        abs(ground.cell_m2.sum() - world.shape.area) / world.shape.area,
    )
    share = truth / ground.cell_m2
    weight = np.where(truth > 0, ground.cell_m2 / world.cell_m**2, 0.0)
    seen, squares = {}, {}
    for across in (CAMPAIGN, MEASURE):
        table, fine = _by_bits(world, across)
        assert np.array_equal(fine.cell_row, ground.cell_row)
        seen[across] = float((table * fine.cell_m2).sum())
        squares[across] = float((weight * (table - share) ** 2).sum())
    return Errors(float(truth.sum()), float(exact), seen, squares, float(weight.sum()))


def _as_given(world: World) -> list[F8]:
    return [
        np.column_stack(crs_.transform_xy(crs_.WGS84, world.crs, s.lon, s.lat))
        for track in world.tracks
        for s in track.segments
    ]


def _legs(line: shapely.LineString) -> list[shapely.LineString]:
    xy = shapely.get_coordinates(line)
    return list(shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)))


def _by_bits(world: World, across: float) -> tuple[F8, Ground]:
    side = bits.side_for(world.cell_m, world.width_m, bits_across=across)
    ground = make_ground({"": world.shape}, crs=world.crs, cell_m=world.cell_m, side=side)
    sweeper = Sweeper(ground)
    looks = [
        sweeper.track(track.segments, width_m=world.width_m, gap_s=300.0) for track in world.tracks
    ]
    return combine(ground, looks, Thresholds()).seen_fraction, ground


def campaign(cases: int, seed: int) -> int:
    """Judge so many worlds, tell the figures, and return 1 when one is out of bounds."""
    found = [judge(world) for world in worlds(cases, seed)]
    told = summary(found)
    figures = ", ".join(f"{name} {value:.2g}" for name, value in told.items())
    print(f"{cases} worlds: {figures}, seed {seed}")
    return int(told["exact, worst"] > 1e-6 or told["bits total"] > 1e-3 or told["bits rms"] > 0.02)


def summary(found: Sequence[Errors]) -> dict[str, float]:
    """Return the figures over many worlds."""
    truth, weight = sum(e.truth_m2 for e in found), sum(e.weight for e in found)
    told = {"exact, worst": max(e.exact for e in found)}
    for name, across in (("bits", MEASURE), ("campaign bits", CAMPAIGN)):
        told[f"{name} total"] = abs(sum(e.seen_m2[across] for e in found) / truth - 1)
        told[f"{name} rms"] = (sum(e.squares[across] for e in found) / weight) ** 0.5
    return told
