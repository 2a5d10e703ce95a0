"""Simulated walks, what a receiver makes of them, and what people make of the files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from geoinspect.ingest.datum import gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02
from geoinspect.patrols.copies import CopyKind
from geoinspect.records import Segment

LON, LAT = 104.2, 33.0
LON_M, LAT_M = 111_320 * np.cos(np.radians(LAT)), 110_900.0
START_S, DAY_S = 1.79e9, 86_400.0
Track = list[Segment]


# --- Walks -------------------------------------------------------------------------------------


def drift(count: int, lasting: float, rng: np.random.Generator) -> np.ndarray:
    """AR(1) noise of deviation 1 that is forgotten after so many steps."""
    keep = np.exp(-1 / lasting)
    fresh = rng.normal(size=count) * np.sqrt(1 - keep**2)
    values = [rng.normal()]
    for step in fresh[1:].tolist():
        values.append(keep * values[-1] + step)
    return np.array(values)


def a_path(rng: np.random.Generator, length_m: float = 2_500) -> np.ndarray:
    heading = rng.uniform(0, 6.28) + np.cumsum(0.06 * drift(int(length_m / 5), 20, rng))
    return np.cumsum(5 * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)


def walked(path, rng, *, speed=1.2, mood=0.25, pauses=2, wobble_m=1.0) -> np.ndarray:
    """Where somebody is each second."""
    way_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    pace = speed * np.exp(mood * drift(int(way_m[-1] / speed * 2), 40, rng))
    for pause in rng.integers(0, len(pace) // 2, pauses):
        pace[pause : pause + rng.integers(30, 200)] = 0
    at_m = np.cumsum(pace)
    at_m = at_m[at_m < way_m[-1]]
    ahead = np.gradient(path, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    beside = wobble_m * drift(len(path), 10, rng)[:, None] * ahead[:, ::-1] * [-1, 1]
    return np.column_stack([np.interp(at_m, way_m, axis) for axis in (path + beside).T])


def recorded(xy, rng, *, start_s=START_S, noise_m=None, every=None, clock_s=0.0) -> Track:
    noise_m = rng.uniform(3, 8) if noise_m is None else noise_m
    every = int(rng.choice([1, 2, 5, 10])) if every is None else every
    which = np.arange(0, len(xy), every)
    error = np.column_stack([drift(len(which), 60 / every, rng) for _ in "xy"]) * noise_m
    error += rng.normal(0, 0.3, error.shape)
    return [placed(xy[which] + error, start_s + clock_s + which)]


def placed(xy, time_s) -> Segment:
    lon, lat = LON + xy[:, 0] / LON_M, LAT + xy[:, 1] / LAT_M
    return Segment(np.round(lon, 7), np.round(lat, 7), np.asarray(time_s, np.float64))


def one_walk(seed: int, length_m: float = 2_500, **device) -> Track:
    rng = np.random.default_rng(seed)
    path = a_path(rng, length_m)
    if seed % 2:
        path = np.vstack([path, path[::-1]])
    return recorded(walked(path, rng), rng, **device)


# --- Disguises ---------------------------------------------------------------------------------


def each(change: Callable[[Segment], Segment]) -> Callable[[Track], Track]:
    return lambda track: [change(segment) for segment in track]


def rounded(decimals):
    return each(lambda s: s.moved(np.round(s.lon, decimals), np.round(s.lat, decimals)))


def later(seconds):
    return each(lambda s: Segment(s.lon, s.lat, s.time_s + seconds))


def thinned(step):
    return each(lambda s: s.part(slice(None, None, step)))


def simplified(tolerance_m):
    def change(segment):
        line = np.column_stack([segment.lon * LON_M, segment.lat * LAT_M])
        kept = shapely.get_coordinates(
            shapely.simplify(shapely.linestrings(line), tolerance_m, preserve_topology=False)
        )
        return segment.part(np.isin(line @ [1, 1j], kept @ [1, 1j]))

    return each(change)


def resampled(every_m):
    def change(segment):
        steps_m = np.hypot(np.diff(segment.lon) * LON_M, np.diff(segment.lat) * LAT_M)
        way_m = np.concatenate([[0], np.cumsum(steps_m)])
        at_m = np.arange(0, way_m[-1], every_m)
        columns = (segment.lon, segment.lat, segment.time_s)
        return Segment(*(np.interp(at_m, way_m, column) for column in columns))

    return each(change)


def part(first, last):
    return each(lambda s: s.part(slice(int(first * len(s)), int(last * len(s)))))


def shuffled(track):
    pieces = np.array_split(np.arange(len(track[0])), 5)
    return [track[0].part(pieces[number]) for number in (3, 0, 4, 2, 1)]


def moved_by(*datums):
    def change(segment):
        lon, lat = segment.lon, segment.lat
        for datum in datums:
            lon, lat = datum(lon, lat)
        return segment.moved(lon, lat)

    return each(change)


untimed = each(lambda s: Segment(s.lon, s.lat, np.full(len(s), np.nan)))


def turned(track):
    return [segment.part(slice(None, None, -1)) for segment in reversed(track)]


def then(*changes):
    def all_of(track):
        for change in changes:
            track = change(track)
        return track

    return all_of


SAME, LATER, SHIFTED = CopyKind.SAME_RECORDING, CopyKind.TIME_SHIFTED, CopyKind.SHIFTED
DISGUISES = {
    "none": (SAME, 0.99, then()),
    "5 decimals": (SAME, 0.99, rounded(5)),
    "4 decimals": (SAME, 0.99, rounded(4)),
    "5 decimals untimed": (SAME, 0.95, then(rounded(5), untimed)),
    "4 decimals untimed": (SAME, 0.75, then(rounded(4), untimed)),
    "turned untimed": (SAME, 0.99, then(turned, untimed)),
    "shuffled": (SAME, 0.9, shuffled),
    "shuffled untimed": (SAME, 0.9, then(shuffled, untimed)),
    "thinned": (SAME, 0.7, thinned(10)),
    "simplified": (SAME, 0.75, simplified(10)),
    "simplified coarse turned untimed": (
        SAME,
        0.75,
        then(simplified(10), rounded(5), turned, untimed),
    ),
    "dense": (SAME, 0.99, resampled(0.7)),
    "resampled untimed": (SAME, 0.95, then(resampled(7), untimed)),
    "a part": (SAME, 0.15, part(0.3, 0.7)),
    "a coarse part": (SAME, 0.3, then(part(0.5, 1), rounded(4))),
    "a week later": (LATER, 0.99, later(7 * DAY_S + 1234)),
    "wrong zone": (LATER, 0.99, then(later(-8 * 3600), rounded(5))),
    "later, thin, coarse": (LATER, 0.5, then(thinned(5), rounded(4), later(DAY_S + 77))),
    "later, simplified": (LATER, 0.75, then(simplified(8), later(DAY_S))),
    "GCJ-02": (SHIFTED, 0.99, moved_by(wgs84_to_gcj02)),
    "GCJ-02, 4 decimals": (SHIFTED, 0.99, then(moved_by(wgs84_to_gcj02), rounded(4))),
    "GCJ-02 thrice": (SHIFTED, 0.6, then(moved_by(gcj02_to_wgs84), thinned(9), untimed)),
    "BD-09": (SHIFTED, 0.75, then(moved_by(wgs84_to_gcj02, gcj02_to_bd09), simplified(8))),
    "shifted": (SHIFTED, 0.99, moved_by(lambda lon, lat: (lon + 0.004, lat + 0.003))),
}
