"""How a line becomes a track: pace on slopes, pauses, and what a phone's GPS makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from geoinspect.records import Rule
from sample_data.noise import F4, fractal, sample
from sample_data.terrain import Terrain

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """Fixes in the order a device wrote them; all arrays of one length.

    Attributes:
        x_m, y_m: In the terrain's CRS; NaN where the device had no fix and wrote 0, 0.
        time_s: Epoch seconds.
        accuracy_m: What the device says of its error.
        planted: Number of the cleaning rule that should take the fix out, 0 for a good one.
    """

    x_m: F8
    y_m: F8
    height_m: F8
    time_s: F8
    accuracy_m: F8
    planted: U1

    def __len__(self) -> int:
        return len(self.x_m)

    def part(self, which: slice | I8 | NDArray[np.bool_]) -> Fixes:
        """Return the fixes of a slice, of indices (which may repeat) or of a mask."""
        return Fixes(
            self.x_m[which],
            self.y_m[which],
            self.height_m[which],
            self.time_s[which],
            self.accuracy_m[which],
            self.planted[which],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """Where somebody was when, as nobody ever knows it.

    Attributes:
        line: Shape (n, 2), in the terrain's CRS.
        height_m, elapsed_s: Shape (n,).
        rests_s: Begin and end of each stop, shape (stops, 2).
    """

    line: F8
    height_m: F8
    elapsed_s: F8
    rests_s: F8


@dataclass(frozen=True, slots=True)
class Pace:
    """How somebody moves and how often their device notes it.

    Attributes:
        speed_mps: On level ground.
        slope_brake: Speed falls as exp(-slope_brake * slope).
        interval_s: Time between fixes.
        noise_m: Deviation of the GPS error, which drifts over about a minute.
        pauses: Stops on the way, 1 to 15 minutes each.
    """

    speed_mps: float
    slope_brake: float
    interval_s: float
    noise_m: float
    pauses: int


def moved(line: F8, terrain: Terrain, pace: Pace, rng: np.random.Generator) -> Movement:
    """Return how one who follows a line of shape (n, 2) gets along."""
    dense = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(line), 6.0))
    step_m = np.hypot(*np.diff(dense, axis=0).T)
    keep = np.concatenate([[True], step_m > 0.01])
    dense = dense[keep]
    step_m = np.hypot(*np.diff(dense, axis=0).T)
    height = terrain.height_at(dense[:, 0], dense[:, 1])
    slope = np.minimum(np.abs(np.diff(height)) / step_m, 0.7)
    mood = np.exp(0.25 * drifting(len(step_m), 40.0, rng))
    took_s = step_m / (pace.speed_mps * np.exp(-pace.slope_brake * slope) * mood)
    at = np.empty(0, np.int64)
    if pace.pauses and len(took_s) > pace.pauses:
        at = np.sort(rng.choice(len(took_s), pace.pauses, replace=False))
        took_s[at] += rng.uniform(60, 900, pace.pauses)
    elapsed = np.concatenate([[0.0], np.cumsum(took_s)])
    return Movement(dense, height, elapsed, np.column_stack([elapsed[at], elapsed[at + 1]]))


def recorded(movement: Movement, pace: Pace, start_s: float, rng: np.random.Generator) -> Fixes:
    """Return what a device notes of a movement; fixes at rest are planted as jitter."""
    when = movement.elapsed_s
    time = np.arange(0.0, when[-1], pace.interval_s)
    correlation = 60.0 / pace.interval_s
    error = [
        pace.noise_m * drifting(len(time), correlation, rng) + 0.4 * rng.standard_normal(len(time))
        for _ in range(2)
    ]
    x = np.interp(time, when, movement.line[:, 0]) + error[0]
    y = np.interp(time, when, movement.line[:, 1]) + error[1]
    high = np.interp(time, when, movement.height_m) + 2 * drifting(len(time), correlation, rng)
    said = pace.noise_m * (1.5 + 0.3 * np.abs(rng.standard_normal(len(time))))
    resting = (time[:, None] > movement.rests_s[:, 0]) & (time[:, None] < movement.rests_s[:, 1])
    planted = np.where(resting.any(axis=1), Rule.JITTER.number, 0).astype(np.uint8)
    return Fixes(x, y, high, start_s + time, said, planted)


def ruled(movement: Movement, pace: Pace, start_s: float, _rng: np.random.Generator) -> Fixes:
    """Return what somebody makes up who draws the line and lets a program walk it."""
    along_m = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(movement.line, axis=0).T))])
    at_m = np.arange(0.0, along_m[-1], pace.speed_mps * pace.interval_s)
    x, y, height = (
        np.interp(at_m, along_m, values) for values in (*movement.line.T, movement.height_m)
    )
    time_s = np.asarray(start_s + pace.interval_s * np.arange(len(at_m)), np.float64)
    return Fixes(x, y, height, time_s, np.full(len(x), 5.0), np.zeros(len(x), np.uint8))


def drifting(count: int, memory: float, rng: np.random.Generator) -> F8:
    """Return noise of deviation 1 that forgets itself after about ``memory`` samples."""
    reach = max(1, int(4 * memory))
    kernel = np.exp(-np.arange(reach) / memory)
    white = rng.standard_normal(count + reach)
    size = 1 << int(np.ceil(np.log2(count + 2 * reach)))
    spectrum = np.fft.rfft(white, size) * np.fft.rfft(kernel, size)
    return np.asarray(
        np.fft.irfft(spectrum, size)[reach : reach + count] / np.sqrt((kernel**2).sum())
    )


def search_line(polygon: Polygon, spacing_m: float, rng: np.random.Generator) -> F8:
    """Return a zigzag that searches a polygon: parallel lines, bent as people bend them."""
    angle = rng.uniform(0, np.pi)
    turned = shapely.affinity.rotate(polygon.buffer(-12), -angle, origin=(0, 0), use_radians=True)
    west, south, east, north = turned.bounds
    rungs = np.arange(south + spacing_m * 0.4, north, spacing_m)
    points: list[F8] = []
    for number, y in enumerate(rungs):
        cut = shapely.get_parts(shapely.LineString([(west, y), (east, y)]).intersection(turned))
        ends = sorted((part.bounds[0], part.bounds[2]) for part in cut if part.length > 30)
        row = [np.array([[a, y], [b, y]]) for a, b in ends]
        points += [part[::-1] for part in row[::-1]] if number % 2 else row
    if not points:
        return np.empty((0, 2))
    line = shapely.segmentize(shapely.linestrings(np.vstack(points)), 30.0)
    line = shapely.affinity.rotate(line, angle, origin=(0, 0), use_radians=True)
    return bent(shapely.get_coordinates(line), spacing_m, rng)


def bent(line: F8, spacing_m: float, rng: np.random.Generator) -> F8:
    """Push a line about: nobody walks straight through a wood."""
    knot_m = 50.0
    west, south = line.min(axis=0) - 100
    cols, rows = np.ceil((line.max(axis=0) + 100 - (west, south)) / knot_m).astype(int) + 2
    at = ((line[:, 1] - south) / knot_m, (line[:, 0] - west) / knot_m)
    push = []
    for _ in range(2):
        wide: F4 = fractal((int(rows), int(cols)), rng, slope=1.3)
        push.append(0.22 * spacing_m * sample(wide, *at) + 6 * rng.standard_normal(len(line)))
    return line + np.column_stack(push)


def lawn_mower(centre: tuple[float, float], wide_m: float, high_m: float, spacing_m: float) -> F8:
    """Return parallel flight lines over a rectangle, as a planning app lays them."""
    x, y = centre
    lines = np.arange(-wide_m / 2, wide_m / 2 + 1, spacing_m)
    points = []
    for number, offset in enumerate(lines):
        ends = [(x + offset, y - high_m / 2), (x + offset, y + high_m / 2)]
        points += ends[::-1] if number % 2 else ends
    return np.array(points)
