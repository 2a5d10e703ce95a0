"""Seeded walks, drives, boat trips and drone flights whose true way is known, and their fixes.

The error of a receiver is correlated in time and wanders rather than jumps: an Ornstein-Uhlenbeck
process fits stationary receivers (Sensors 2020, 20(21), 6050) and makes tracks longer than the
way (Ranacher et al. 2016, doi 10.1080/13658816.2015.1086924); a small white part stands for
rounding and filtering.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoinspect.records import Extra, Mode, Rule, Segment

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Random = np.random.Generator

START_S = 1_778_718_600.0
LON, LAT = 112.5, 23.1
# Metres of a degree at that place: radii of the meridian and of the parallel on WGS84.
LAT_M, LON_M = 110_754.0, 102_450.0
# How often phones, watches and drones write a fix, seconds.
EVERY_S = {
    Mode.FOOT: (1, 2, 3, 5, 10, 15, 20, 30),
    Mode.VEHICLE: (1, 2, 3, 5, 10),
    Mode.BOAT: (1, 2, 5, 10, 30),
    Mode.DRONE: (1, 1, 2),
}
_LONG_STAND_S, _GAP_S = 120, 300


@dataclass(frozen=True)
class Way:
    """Where somebody was every second; ``still`` and ``yard`` say what was done then.

    Attributes:
        x_m, y_m: East and north of the start, shape (seconds,).
        still: Standing, for two minutes or longer.
        yard: Searching a small piece of ground to and fro.
    """

    x_m: F8
    y_m: F8
    still: NDArray[np.bool_]
    yard: NDArray[np.bool_]


@dataclass(frozen=True)
class Fixes:
    """What the device wrote, beside what is true of it; arrays of one length.

    Attributes:
        dirt: Number of the rule that should take the fix out, 0 for a good one.
        piece: Segment of the file that it is in.
    """

    x_m: F8
    y_m: F8
    time_s: F8
    accuracy_m: F8
    dirt: NDArray[np.uint8]
    piece: I8
    yard: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x_m)

    def rows(self, which: I8 | NDArray[np.bool_]) -> Fixes:
        """Return some of the fixes, or all in another order."""
        return Fixes(*(values[which] for values in vars(self).values()))

    def with_(self, **changes: NDArray) -> Fixes:
        """Return the fixes with some arrays changed."""
        return replace(self, **changes)

    @property
    def fresh(self) -> I8:
        """The places at which recording begins: the first, after a pause, in a new segment."""
        cut = (np.diff(self.time_s) > _GAP_S) | (np.diff(self.piece) != 0)
        return np.concatenate([[0], np.flatnonzero(cut) + 1])

    def segments(self) -> list[Segment]:
        """Return what a reader would give, in the order written."""
        lon, lat = degrees(self.x_m, self.y_m)
        null = self.dirt == Rule.RANGE.number
        lon[null] = lat[null] = 0.0
        whole = Segment(lon, lat, self.time_s, {Extra.ACCURACY: self.accuracy_m})
        cuts = np.flatnonzero(np.diff(self.piece)) + 1
        return [whole.part(part) for part in np.split(np.arange(len(self)), cuts)]


def degrees(x_m: F8, y_m: F8) -> tuple[F8, F8]:
    """Return lon and lat with six decimals, as most apps write."""
    return np.round(LON + x_m / LON_M, 6), np.round(LAT + y_m / LAT_M, 6)


def metres(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return the inverse of :func:`degrees`."""
    return (lon - LON) * LON_M, (lat - LAT) * LAT_M


def true_way(mode: Mode, random: Random, minutes: float) -> Way:
    """Return a way of about so many minutes."""
    parts: list[tuple[F8, F8, bool, bool]] = []
    heading, seconds = random.uniform(0, 2 * np.pi), 0
    while seconds < minutes * 60:
        east, north, yard = _leg(mode, random, heading)
        parts.append((east, north, False, yard))
        heading += random.choice([0.0, np.pi, 1.5, -1.5, *random.normal(0, 0.6, 4)])
        stand = _stand_s(mode, random)
        parts.append((np.zeros(stand), np.zeros(stand), stand >= _LONG_STAND_S, False))
        seconds += len(east) + stand
    return _way(parts)


def with_a_stop(way: Way, random: Random, seconds: int) -> Way:
    """Return the way with a long stand somewhere in its middle."""
    at = int(len(way.x_m) * random.uniform(0.3, 0.7))
    index = np.insert(np.arange(len(way.x_m)), at, np.full(seconds, at))
    stopped = np.zeros(len(index), dtype=bool)
    stopped[at : at + seconds] = True
    still = way.still[index] | stopped
    return Way(way.x_m[index], way.y_m[index], still, way.yard[index] & ~stopped)


def _way(parts: list[tuple[F8, F8, bool, bool]]) -> Way:
    east, north = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    still, yard = (
        np.concatenate([np.full(len(part[0]), part[i]) for part in parts]) for i in (2, 3)
    )
    return Way(np.cumsum(east), np.cumsum(north), still, yard)


def _leg(mode: Mode, random: Random, heading: float) -> tuple[F8, F8, bool]:
    """Return the steps of each second until the next turn or stand."""
    if mode is Mode.DRONE:
        return *_to_and_fro(
            random, heading, random.uniform(150, 500), 30, random.uniform(5, 12)
        ), False
    if mode is Mode.FOOT and random.random() < 0.2:
        side_m = random.uniform(12, 40)
        return *_to_and_fro(random, heading, side_m, 4, random.uniform(0.5, 0.9)), True
    seconds = int(random.uniform(60, 500))
    wander, brisk_mps, varies = {
        Mode.FOOT: (0.04, random.uniform(0.8, 1.7), 0.12),
        Mode.VEHICLE: (0.01, random.uniform(6, 22), 0.1),
        Mode.BOAT: (0.01, random.uniform(1.5, 8), 0.1),
    }[mode]
    headings = heading + np.cumsum(random.normal(0, wander, seconds))
    passed = np.arange(seconds) + 1.0
    # Everything gathers way and slows down again; a car at some 1.5 m/s².
    slowest = np.minimum(passed, passed[::-1]) * 1.5
    swing = 1 + varies * np.sin(passed / random.uniform(5, 30))
    speed_mps = np.minimum(brisk_mps * swing, slowest)
    return speed_mps * np.cos(headings), speed_mps * np.sin(headings), False


def _to_and_fro(
    random: Random, heading: float, side_m: float, lane_m: float, speed_mps: float
) -> tuple[F8, F8]:
    """Return the steps of a search in lanes over a square."""
    lanes = max(2, min(int(side_m / lane_m), 8))
    ends = np.array([(x, lane * lane_m) for lane in range(lanes) for x in _there(lane, side_m)])
    along_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(ends, axis=0).T))])
    seconds = int(along_m[-1] / speed_mps)
    pace = speed_mps * (1 + 0.2 * np.sin(np.arange(seconds) / random.uniform(3, 12)))
    at_m = np.concatenate([[0], np.cumsum(pace)])
    x_m, y_m = np.interp(at_m, along_m, ends[:, 0]), np.interp(at_m, along_m, ends[:, 1])
    cos, sin = np.cos(heading), np.sin(heading)
    return np.diff(x_m * cos - y_m * sin), np.diff(x_m * sin + y_m * cos)


def _there(lane: int, side_m: float) -> tuple[float, float]:
    return (0.0, side_m) if lane % 2 == 0 else (side_m, 0.0)


def _stand_s(mode: Mode, random: Random) -> int:
    """Return how long somebody stands before going on: mostly not, now and then for minutes."""
    if mode is Mode.BOAT or random.random() < 0.5:
        return 0
    long = mode is Mode.FOOT and random.random() < 0.15
    return int(random.uniform(120, 400) if long else random.uniform(5, 90))


def observed(way: Way, mode: Mode, random: Random) -> Fixes:
    """Return the fixes of a device that was carried along, without dirt."""
    every_s = int(random.choice(EVERY_S[mode]))
    index = np.arange(0, len(way.x_m), every_s)
    # Now and then a fix is missing.
    index = index[random.random(len(index)) > random.uniform(0, 0.03)]
    piece = np.zeros(len(index), np.int64)
    for _ in range(int(random.integers(0, 3))):
        begin = int(random.uniform(0.1, 0.8) * len(way.x_m))
        gone = (index > begin) & (index <= begin + random.uniform(60, 900))
        piece += (index > begin) & (random.random() < 0.7)
        index, piece = index[~gone], piece[~gone]
    sigma_m = (
        random.uniform(0.5, 2)
        if mode is Mode.DRONE
        else float(np.exp(random.uniform(*np.log([2, 8]))))
    )
    worse = _canopy(way, mode, random)[index]
    x_m, y_m = (
        at[index] + sigma_m * worse * _wander(index, random) + random.normal(0, 0.3, len(index))
        for at in (way.x_m, way.y_m)
    )
    stated_m = 1.5 * sigma_m * worse * random.lognormal(0, 0.2, len(index))
    dirt = np.where(way.still[index], Rule.JITTER.number, 0).astype(np.uint8)
    return Fixes(x_m, y_m, START_S + index, np.round(stated_m, 1), dirt, piece, way.yard[index])


def _canopy(way: Way, mode: Mode, random: Random) -> F8:
    """Return how many times the usual the error is: worse for minutes under trees."""
    worse = np.ones(len(way.x_m))
    if mode is Mode.FOOT and random.random() < 0.5:
        for _ in range(2):
            begin = int(random.uniform(0, 0.9) * len(worse))
            worse[begin : begin + int(random.uniform(180, 600))] = random.uniform(1.5, 2.5)
    # The edge of a wood is no step.
    return np.convolve(np.pad(worse, 30, mode="edge"), np.full(61, 1 / 61), mode="valid")


def _wander(seconds: I8, random: Random) -> F8:
    """Return an Ornstein-Uhlenbeck process of deviation 1 at those seconds."""
    lasting_s = random.uniform(40, 180)
    kept = np.exp(-np.diff(seconds, prepend=seconds[0] - 10**6) / lasting_s)
    pushes = random.normal(0, 1, len(seconds)) * np.sqrt(1 - kept**2)
    values, value = np.empty(len(seconds)), 0.0
    for place, (share, push) in enumerate(zip(kept.tolist(), pushes.tolist(), strict=True)):
        values[place] = value = share * value + push
    return values
