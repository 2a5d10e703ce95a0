"""The course of NDVI through one season, pixel by pixel: freed of clouds, smoothed, described.

Clouds and their shadows only lower NDVI, and briefly; a harvest lowers it for long. So a reading
that both an earlier and a later one within 25 days (or the very next one, within 45) exceed is
distrusted: a grey closing in time; the best index slope extraction of Viovy, Arino & Belward 1992
(IJRS 13(8): 1585-1590) rests on the same thought. A fall that only the last reading shows is not
believed yet. What is left is smoothed by weighted penalised least squares (Whittaker's smoother;
Eilers 2003, Analytical Chemistry 75(14): 3631-3636) on a grid of five days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

STEP_DAYS = 5
# A valley is filled when both its shores lie this near; two crops in a row leave a wider one.
_REACH_DAYS = 25
# The very next reading is a shore even when it lies further away, up to this.
_NEXT_DAYS = 45
# A reading this far below both shores keeps 1/e of its weight.
_DIP = 0.08
# With a reading every five days, waves shorter than some 40 days are halved or less.
_STIFFNESS = 3.0
_LEAST_READINGS = 6
# Weight below which a reading counts as none.
_TRUSTED = 0.5
# A day is supported by a trusted reading this near.
_SUPPORT_DAYS = 15
# Rises and falls smaller than this are noise, so nothing rose or fell.
_LEAST_CHANGE = 0.1
# And so are those of less than this share of the season's amplitude: haze, a mown edge.
_LEAST_SHARE = 0.3
# A fall not seen to its end is measured when it reached this share of the rise before it; and so
# a rise not seen from its beginning.
_MOST_OF_IT = 0.6
FEATURES = ("green_up_day", "peak_day", "senescence_day", "fall_per_day", "amplitude")


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Smoothed courses of n pixels through a season.

    Attributes:
        days: Day of the harvest year (1 January is 1) of the grid, shape (k,).
        ndvi: Shape (k, n); meaningless where there is no support.
        support: Share of the season's days near a trusted reading, shape (n,); 0 with fewer than
            six of them.
        seen_from, seen_until: Days of the first and last trusted readings, shape (n,).
    """

    days: I8
    ndvi: F8
    support: F8
    seen_from: F8
    seen_until: F8


def days_of(dates: Sequence[date], year: int) -> I8:
    """Return days of the year (1 January is 1, the day before 0), shape (t,)."""
    first = date(year, 1, 1)
    return np.array([(day - first).days + 1 for day in dates], dtype=np.int64)


def smooth(days: I8, readings: F8, first_day: int, last_day: int) -> Courses:
    """Return smoothed courses from ``first_day`` to ``last_day``.

    Before the first and after the last trusted reading a course stays as it is there.

    Args:
        days: Of the readings, in any order, shape (t,).
        readings: NDVI, NaN where masked, shape (t, n).
        first_day, last_day: Of the season.
    """
    margin = 2 * _REACH_DAYS
    used = np.flatnonzero((days >= first_day - margin) & (days <= last_day + margin))
    used = used[np.argsort(days[used], kind="stable")]
    days, readings = days[used], readings[used]
    weights = _trust(days, readings)
    start = first_day - _REACH_DAYS
    steps = -(-(last_day + _REACH_DAYS - start) // STEP_DAYS) + 1
    weight, total = np.zeros((2, steps, readings.shape[1]))
    for day, reading, own in zip(days, readings, weights, strict=True):
        at = round((int(day) - start) / STEP_DAYS)
        if 0 <= at < steps:
            weight[at] += own
            total[at] += own * np.nan_to_num(reading)
    grid = start + STEP_DAYS * np.arange(steps)
    curve = _held(whittaker(weight, total), weight)
    inside = (grid >= first_day) & (grid <= last_day)
    trusted = np.where(weights >= _TRUSTED, days[:, None], np.nan)
    return Courses(
        grid[inside],
        curve[inside],
        _support(days, weights, first_day, last_day),
        np.fmin.reduce(trusted, axis=0, initial=np.inf),
        np.fmax.reduce(trusted, axis=0, initial=-np.inf),
    )


def _trust(days: I8, readings: F8) -> F8:
    """Return the weight of each reading, 0 to 1, shape (t, n): low in a brief dip."""
    earlier = _shore(days, readings, unseen=-np.inf)
    later = _shore(-days[::-1], readings[::-1], unseen=np.inf)[::-1]
    dip = np.maximum(np.minimum(earlier, later) - np.nan_to_num(readings), 0)
    return np.where(np.isnan(readings), 0.0, np.exp(-((dip / _DIP) ** 2)))


def _shore(days: I8, readings: F8, unseen: float) -> F8:
    """Return the highest reading up to each one and near it in time, shape (t, n).

    Args:
        days: Ascending.
        readings: NaN where masked.
        unseen: What to return where no earlier reading lies near.
    """
    lowest = np.where(np.isnan(readings), -np.inf, readings)
    out = np.empty_like(lowest)
    last_day = np.full(readings.shape[1], -np.inf)
    last = np.full(readings.shape[1], -np.inf)
    for at, day in enumerate(days):
        near = lowest[:at][days[:at] >= day - _REACH_DAYS].max(axis=0, initial=-np.inf)
        near = np.maximum(near, np.where(last_day >= day - _NEXT_DAYS, last, -np.inf))
        out[at] = np.where(np.isfinite(near), np.maximum(near, lowest[at]), unseen)
        seen = np.isfinite(lowest[at])
        last_day, last = np.where(seen, day, last_day), np.where(seen, lowest[at], last)
    return out


def whittaker(weight: F8, total: F8) -> F8:
    """Return z of (W + λD₂ᵀD₂)z = Wy for every pixel at once, shape (k, n), λ = 3.

    The matrix has five diagonals; LDLᵀ runs along them, a vector of pixels at each step.

    Args:
        weight: Diagonal of W, shape (k, n).
        total: Wy, shape (k, n).
    """
    steps = len(weight)
    bend = np.zeros((steps, steps))
    for i in range(steps - 2):
        bend[i : i + 3, i : i + 3] += np.outer([1, -2, 1], [1, -2, 1])
    bend *= _STIFFNESS
    diagonal, near, far = np.zeros((3, *weight.shape))
    solved = np.zeros_like(weight)
    for i in range(steps):
        # A trace of weight keeps courses with too few readings solvable; they get no support.
        diagonal[i] = weight[i] + 1e-6 + bend[i, i]
        solved[i] = total[i]
        coupling = 0.0
        if i >= 1:
            diagonal[i] -= diagonal[i - 1] * near[i - 1] ** 2
            solved[i] -= near[i - 1] * solved[i - 1]
            coupling = diagonal[i - 1] * near[i - 1] * far[i - 1]
        if i >= 2:
            diagonal[i] -= diagonal[i - 2] * far[i - 2] ** 2
            solved[i] -= far[i - 2] * solved[i - 2]
        if i + 1 < steps:
            near[i] = (bend[i, i + 1] - coupling) / diagonal[i]
        if i + 2 < steps:
            far[i] = bend[i, i + 2] / diagonal[i]
    out: F8 = solved / diagonal
    for i in range(steps - 2, -1, -1):
        out[i] -= near[i] * out[i + 1]
        if i + 2 < steps:
            out[i] -= far[i] * out[i + 2]
    return out


def _held(curve: F8, weight: F8) -> F8:
    """Return the courses held level beyond their first and last trusted readings."""
    steps, n = weight.shape
    trusted = weight >= _TRUSTED
    some = trusted.any(axis=0)
    first = np.where(some, trusted.argmax(axis=0), 0)
    last = np.where(some, steps - 1 - trusted[::-1].argmax(axis=0), steps - 1)
    at = np.clip(np.arange(steps)[:, None], first, last)
    return np.asarray(curve[at, np.arange(n)])


def _support(days: I8, weights: F8, first_day: int, last_day: int) -> F8:
    """Return the share of the season's days with a trusted reading near, shape (n,)."""
    trusted = weights >= _TRUSTED
    every = np.arange(first_day, last_day + 1, STEP_DAYS)
    near = np.zeros(weights.shape[1])
    for day in every:
        near += trusted[np.abs(days - day) <= _SUPPORT_DAYS].any(axis=0)
    inside = (days >= first_day - _SUPPORT_DAYS) & (days <= last_day + _SUPPORT_DAYS)
    enough = trusted[inside].sum(axis=0) >= _LEAST_READINGS
    return np.where(enough, near / len(every), 0.0)


def describe(courses: Courses) -> F8:
    """Return what marks each course, shape (5, n), in the order of ``FEATURES``.

    - green_up_day: last day before the peak at half the rise from the lowest value before it.
    - peak_day: day of the highest value.
    - senescence_day: first day after the peak at half the fall to the lowest value after it.
    - fall_per_day: NDVI lost a day between 80 % and 20 % of the fall.
    - amplitude: highest less lowest value of the season.

    What did not rise (or fall) by 0.1 and by 30 % of the amplitude did so before its first (after its last) day:
    it gets that day, and a fall of 0 a day. What was not seen is NaN: a fall after the last
    trusted reading, a peak at either end of the readings.
    """
    days, ndvi = courses.days.astype(np.float64), courses.ndvi
    k, n = ndvi.shape
    at, pixel = np.arange(k)[:, None], np.arange(n)
    top = ndvi.argmax(axis=0)
    peak = ndvi[top, pixel]
    before = np.where(at <= top, ndvi, np.inf).min(axis=0)
    after = np.where(at >= top, ndvi, np.inf).min(axis=0)
    rise, fall = peak - before, peak - after
    begun = courses.seen_from <= days[0] + _SUPPORT_DAYS
    ended = courses.seen_until >= days[-1] - _SUPPORT_DAYS
    amplitude = peak - np.minimum(before, after)
    least = np.maximum(_LEAST_CHANGE, _LEAST_SHARE * amplitude)
    rose = (rise >= least) & (begun | (rise >= _MOST_OF_IT * fall))
    fell = (fall >= least) & (ended | (fall >= _MOST_OF_IT * rise))
    # Reversed, the rise is a fall: one search serves both.
    backwards = _first_below(ndvi[::-1], k - 1 - top, before + 0.5 * rise)
    half, early, late = (
        days[0] + STEP_DAYS * _first_below(ndvi, top, after + share * fall)
        for share in (0.5, 0.8, 0.2)
    )
    speed = 0.6 * fall / np.maximum(late - early, 1.0)
    in_view = (begun | rose) & (ended | fell)
    return np.stack(
        [
            np.where(rose, days[-1] - backwards * STEP_DAYS, np.where(begun, days[0], np.nan)),
            np.where(in_view, days[top], np.nan),
            np.where(fell, half, np.where(ended, days[-1], np.nan)),
            np.where(fell, speed, np.where(ended, 0.0, np.nan)),
            np.where(in_view, amplitude, np.nan),
        ]
    )


def _first_below(curve: F8, start: I8, level: F8) -> F8:
    """Return the first place after ``start`` where a course reaches a level from above.

    Between two steps the course is a straight line. Shape (n,), in steps; the last step where
    the level isn't reached.
    """
    k, n = curve.shape
    pixel = np.arange(n)
    reached = (np.arange(k)[:, None] > start) & (curve <= level)
    to = np.where(reached.any(axis=0), reached.argmax(axis=0), k - 1)
    high, low = curve[np.maximum(to - 1, 0), pixel], curve[to, pixel]
    gap = np.where(high > low, high - low, 1.0)
    return np.asarray(to - 1 + np.clip((high - level) / gap, 0.0, 1.0), dtype=np.float64)
