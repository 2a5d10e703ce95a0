"""Doubts find what was made up and leave recordings in peace.

Fakes are simulated without looking at the rules' limits; honest walks have a receiver's noise
that drifts over about a minute, and the real recordings of the shared data stand beside them.
"""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.errors import GeoInspectError
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track
from geoinspect.patrols.campaign_doubts import outside_days, outside_ground
from geoinspect.patrols.doubts import track_doubts
from geoinspect.records import CHINA_TIME, Extra, Mode, Segment
from geoinspect.settings import Settings

SETTINGS = Settings()
NOW_S = datetime(2026, 11, 1, tzinfo=CHINA_TIME).timestamp()
EIGHT_S = datetime(2026, 5, 14, 8, tzinfo=CHINA_TIME).timestamp()
MADE_UP = {"constant_speed", "straight_line", "no_noise", "even_steps", "even_times", "drawn"}
DEGREE_M = 111_320.0
LAT = 27.0
SEEDS, FAKES = range(12), range(40)

# Of the shared files these are no recordings, or excerpts of them: the doubts are right.
# A phone in a train and in tunnels: rails are straight, and a person sees that at a glance.
BY_TRAIN = {"trackintel__posmo_trajectory.csv": {"straight_line"}}
NO_RECORDINGS = {
    "GPXEditor__TestHampelFilter.gpx": {"drawn"},  # 29 points 37 km apart
    "er-server__tara.geojson": {"drawn"},  # 28 points without their times
    "gdal__gx_track_without_when.kml": {"drawn"},  # seven points without their times
    "gpxgo__graphhopper.gpx.gz": {"constant_speed"},  # a router's way, its times worked out
    "gpxpy__route.gpx": {"drawn"},  # a planned route
    "gpxpy__track-with-extremes.gpx": {"drawn"},  # 25 points 90 m apart without times
    "gpxstudio__with_tracks_and_segments.gpx": {"constant_speed"},  # times put in at 20 km/h
    "steplife-universal-importer__sample_track.kml": {"drawn"},  # five points 1.4 km apart
}


def line(points_m, time_s, decimals: int = 7, extras=()) -> Segment:
    """A segment from metres east and north of 107° E, 27° N."""
    x, y = np.asarray(points_m, dtype=np.float64).T
    lon = 107 + x / (DEGREE_M * np.cos(np.radians(LAT)))
    said = {extra: np.zeros(len(x)) for extra in extras}
    return Segment(
        np.round(lon, decimals), np.round(LAT + y / DEGREE_M, decimals), np.asarray(time_s), said
    )


def doubts(*segments: Segment, mode: Mode | None = Mode.FOOT) -> dict[str, dict[str, float | str]]:
    cleaned = clean(segments, mode=mode, settings=SETTINGS)
    found = track_doubts(cleaned, settings=SETTINGS, now_s=NOW_S)
    assert all(d.text.zh and d.text.en and json.dumps(d.as_json()) for d in found)
    assert len({d.code for d in found}) == len(found)
    return {d.code: dict(d.evidence) for d in found}


def corners(rng: np.random.Generator, length_m: float, leg_m: float) -> np.ndarray:
    """A path of legs that turn by up to a right angle."""
    legs = max(int(length_m / leg_m), 1)
    turns = np.cumsum(rng.uniform(-1.5, 1.5, legs))
    steps = (
        leg_m
        * rng.uniform(0.7, 1.3, legs)[:, None]
        * np.column_stack([np.cos(turns), np.sin(turns)])
    )
    return np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)])


def along(path: np.ndarray, at_m: np.ndarray) -> np.ndarray:
    walked_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    return np.column_stack([np.interp(at_m, walked_m, path[:, k]) for k in (0, 1)])


def length_of(path: np.ndarray) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def drift(rng: np.random.Generator, count: int, every_s: float, memory_s: float) -> np.ndarray:
    """First-order noise of deviation 1 that forgets itself after ``memory_s``."""
    keeps = np.exp(-every_s / memory_s)
    out = np.empty(count)
    out[0] = rng.standard_normal()
    for k, push in enumerate(rng.standard_normal(count - 1) * np.sqrt(1 - keeps**2), 1):
        out[k] = keeps * out[k - 1] + push
    return out


def honest(
    rng: np.random.Generator,
    path: np.ndarray,
    *,
    mps: float = 1.2,
    every_s: float = 5.0,
    noise_m: float = 3.0,
    mood: float = 0.15,
    **more,
) -> Segment:
    """A recording: a pace that changes with ground and breath, fixes that drift."""
    count = int(length_of(path) / mps / every_s * 1.5)
    at_m = np.cumsum(mps * every_s * np.exp(mood * drift(rng, count, every_s, 200)))
    at_m = at_m[at_m < length_of(path)]
    noise = [
        noise_m * drift(rng, len(at_m), every_s, 60)
        + 0.15 * noise_m * rng.standard_normal(len(at_m))
        for _ in range(2)
    ]
    time_s = EIGHT_S + np.arange(len(at_m)) * every_s
    return line(along(path, at_m) + np.column_stack(noise), time_s, **more)


def even(path: np.ndarray, *, mps: float, every_s: float, **more) -> Segment:
    """A line walked by a program at one speed."""
    at_m = np.arange(0, length_of(path), mps * every_s)
    return line(along(path, at_m), EIGHT_S + np.arange(len(at_m)) * every_s, **more)


STRAIGHT = np.array([[0.0, 0.0], [5000.0, 2000.0]])


def fake(kind: str, rng: np.random.Generator) -> Segment:
    mps, every_s = rng.uniform(0.9, 1.6), float(rng.choice([1.0, 2.0, 5.0, 10.0]))
    drawn = corners(rng, rng.uniform(3000, 8000), rng.uniform(60, 500))
    decimals = int(rng.choice([5, 6, 7, 9]))
    if kind == "constant speed":
        return even(drawn, mps=mps, every_s=every_s, decimals=decimals)
    if kind == "constant speed with stops":
        one = even(drawn, mps=mps, every_s=every_s, decimals=decimals)
        rests = rng.choice(len(one), 3, replace=False)
        pauses = np.zeros(len(one))
        pauses[rests] = rng.uniform(60, 280, 3)
        return Segment(one.lon, one.lat, one.time_s + np.cumsum(pauses))
    if kind == "straight, uneven":
        at_m = np.cumsum(mps * every_s * rng.uniform(0.6, 1.4, int(4000 / mps / every_s)))
        points = along(STRAIGHT, at_m[at_m < length_of(STRAIGHT)])
        return line(points, EIGHT_S + np.arange(len(points)) * every_s, decimals=decimals)
    if kind == "long legs, uneven":
        legs = corners(rng, 6000, rng.uniform(300, 700))
        at_m = np.cumsum(mps * every_s * rng.uniform(0.6, 1.4, int(4000 / mps / every_s)))
        points = along(legs, at_m[at_m < length_of(legs)])
        return line(points, EIGHT_S + np.arange(len(points)) * every_s)
    if kind == "even steps without times":
        step_m = rng.uniform(5, 20)
        points = along(drawn, np.arange(0, length_of(drawn), step_m))
        return line(points, np.full(len(points), np.nan))
    if kind == "drawn by hand":
        path = corners(rng, 6000, rng.uniform(100, 400))
        return line(path, np.full(len(path), np.nan), decimals=6)
    if kind == "times shared out":
        one = honest(rng, drawn)
        step_s = rng.uniform(1, 10) + 0.0123
        return Segment(one.lon, one.lat, EIGHT_S + np.arange(len(one)) * step_s)
    if kind == "rounded":
        return honest(rng, drawn, decimals=4)
    if kind == "faked place":
        return line(
            np.zeros((400, 2)) + rng.normal(0, 0.05, (400, 2)), EIGHT_S + np.arange(400) * 6.0
        )
    if kind == "noise alone":
        return line(rng.normal(0, 40, (600, 2)), EIGHT_S + np.arange(600) * 1.0)
    if kind == "teleport":
        one = honest(rng, corners(rng, 4000, 60))
        half = len(one) // 2
        lon = one.lon + np.where(np.arange(len(one)) < half, 0.0, rng.uniform(0.3, 2))
        return Segment(lon, one.lat, one.time_s)
    assert kind == "clock"
    one = honest(rng, drawn)
    back_s = rng.choice([-1024 * 7 * 86_400.0, 30 * 365 * 86_400.0, -EIGHT_S])
    return Segment(one.lon, one.lat, one.time_s + back_s)


@pytest.mark.parametrize(
    ("kind", "signs"),
    [
        ("constant speed", {"constant_speed"}),
        ("constant speed with stops", {"constant_speed"}),
        ("straight, uneven", {"straight_line"}),
        ("long legs, uneven", {"no_noise"}),
        ("even steps without times", {"even_steps", "no_noise", "straight_line"}),
        ("drawn by hand", {"drawn"}),
        ("times shared out", {"even_times"}),
        ("rounded", {"round_coordinates"}),
        ("faked place", {"still"}),
        ("noise alone", {"acceleration", "impossible_speed"}),
        ("teleport", {"teleport"}),
        ("clock", {"dates"}),
    ],
)
def test_fakes_are_found(kind: str, signs: set[str]) -> None:
    found = [bool(signs & doubts(fake(kind, np.random.default_rng(seed))).keys()) for seed in FAKES]
    assert np.mean(found) >= 0.95


@pytest.mark.parametrize("every_s", [1.0, 5.0, 15.0, 60.0])
def test_honest_walks_are_not_doubted(every_s: float) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        path = corners(rng, rng.uniform(1500, 6000), rng.uniform(20, 300))
        noise_m = rng.uniform(1.5, 5)
        one = honest(rng, path, every_s=every_s, noise_m=noise_m, mood=rng.uniform(0.08, 0.3))
        assert doubts(one) == {}


def test_an_honest_walk_on_a_straight_dyke_is_not_doubted() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        one = honest(
            rng, STRAIGHT, noise_m=rng.uniform(1, 4), every_s=rng.choice([1.0, 5.0]), mood=0.08
        )
        assert doubts(one) == {}


def test_a_cruise_control_on_a_motorway_is_not_doubted() -> None:
    road = np.array([[0.0, 0.0], [4000.0, 0.0], [9000.0, 2000.0], [20_000.0, 2500.0]])
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        one = honest(rng, road, mps=28.0, every_s=1.0, noise_m=1.5, mood=0.008)
        assert doubts(one, mode=Mode.VEHICLE) == {}


def test_an_autopilot_is_not_doubted_but_a_drawn_drive_is() -> None:
    lawn = np.array(
        [[0, 0], [0, 800], [45, 800], [45, 0], [90, 0], [90, 800], [135, 800], [135, 0]]
    )
    flight = {"mps": 7.5, "every_s": 2.0}
    assert doubts(even(lawn, **flight), mode=Mode.DRONE) == {}
    assert doubts(even(lawn, extras=[Extra.HEIGHT], **flight), mode=None) == {}
    assert doubts(even(lawn, **flight), mode=Mode.VEHICLE).keys() & MADE_UP


def test_a_drive_that_claims_to_be_a_walk_is_told_with_its_share() -> None:
    rng = np.random.default_rng(4)
    walk = honest(rng, corners(rng, 3000, 40))
    drive = honest(rng, corners(rng, 9000, 400), mps=9.0, mood=0.2)
    start_s = walk.time_s[-1] + 5 - EIGHT_S
    lon = drive.lon + walk.lon[-1] - drive.lon[0]
    lat = drive.lat + walk.lat[-1] - drive.lat[0]
    both = Segment(
        np.concatenate([walk.lon, lon]),
        np.concatenate([walk.lat, lat]),
        np.concatenate([walk.time_s, drive.time_s + start_s]),
    )
    assert doubts(both)["driven"]["share"] == pytest.approx(0.75, abs=0.06)
    assert doubts(drive)["driven"]["share"] > 0.95
    assert "driven" not in doubts(both, mode=None)
    assert "driven" not in doubts(drive, mode=Mode.VEHICLE)


def test_bad_fixes_are_no_drive() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        one = honest(rng, corners(rng, 4000, 60))
        lat = one.lat.copy()
        for first in rng.choice(len(one) - 20, 8, replace=False):
            lat[first : first + int(rng.integers(1, 10))] += rng.uniform(0.004, 0.02)
        assert "driven" not in doubts(Segment(one.lon, lat, one.time_s))


def test_a_runner_is_no_driver_and_no_program() -> None:
    rng = np.random.default_rng(0)
    run = honest(rng, corners(rng, 9000, 80), mps=3.6, every_s=1.0, mood=0.06)
    assert doubts(run) == {}


def test_a_walk_at_night_is_a_hint() -> None:
    rng = np.random.default_rng(0)
    one = honest(rng, corners(rng, 3000, 60))
    night = Segment(one.lon, one.lat, one.time_s - 7 * 3600)
    assert doubts(night)["night"]["night_s"] == pytest.approx(
        night.time_s[-1] - night.time_s[0], rel=0.05
    )
    assert doubts(night, mode=Mode.BOAT) == {}


def test_a_walk_that_took_no_time_is_doubted() -> None:
    rng = np.random.default_rng(0)
    one = honest(rng, corners(rng, 3000, 60))
    assert "no_duration" in doubts(Segment(one.lon, one.lat, np.full(len(one), EIGHT_S)))


@pytest.mark.parametrize("first_day", [1, 5, 20])
def test_work_outside_the_days_of_a_campaign_is_told(first_day: int) -> None:
    start, end = date(2026, 5, 5), date(2026, 5, 19)
    begun_s = datetime(2026, 5, first_day, 0, 1, tzinfo=CHINA_TIME).timestamp()
    doubt = outside_days(begun_s, begun_s + 3600, start, end)
    assert (doubt is None) == (first_day == 5)


def test_a_walk_that_reaches_into_a_campaign_is_not_outside() -> None:
    before_s = datetime(2026, 5, 4, 23, tzinfo=CHINA_TIME).timestamp()
    assert outside_days(before_s, before_s + 7200, date(2026, 5, 5), date(2026, 5, 6)) is None


def test_work_off_the_ground_is_told_by_share() -> None:
    assert outside_ground(4000, 2000, 0) is None
    assert outside_ground(0, 0, 0) is None
    doubt = outside_ground(4000, 1000, 0)
    assert doubt is not None
    assert doubt.evidence["share_inside"] == 0.25
    assert "25%" in doubt.text.zh


def test_recordings_of_the_shared_data_are_not_taken_for_made_up(shared_data) -> None:
    """Known exceptions: NO_RECORDINGS; ``syn_`` files were computed, some of them evenly."""
    wrong, seen = {}, 0
    for path in sorted((shared_data / "tracks").iterdir()):
        if path.name.startswith(("syn_", "hostile_")) or path.name in (
            "expected.json",
            "LICENCES.md",
        ):
            continue
        try:
            file = read_track(path, settings=SETTINGS)
        except GeoInspectError:
            continue
        seen += 1
        cleaned = clean(file.segments, mode=None, settings=SETTINGS)
        found = {d.code for d in track_doubts(cleaned, settings=SETTINGS, now_s=NOW_S)} & MADE_UP
        if found != (NO_RECORDINGS | BY_TRAIN).get(path.name, set()):
            wrong[path.name] = found
    assert wrong == {}
    assert seen > 40


def test_computed_files_of_the_shared_data_are_doubted(shared_data) -> None:
    for name in ("syn_antimeridian.gpx", "syn_future.gpx", "syn_rollover.gpx"):
        file = read_track(shared_data / "tracks" / name, settings=SETTINGS)
        assert doubts(*file.segments, mode=None)


def test_a_long_recording_is_judged_quickly() -> None:
    rng = np.random.default_rng(0)
    one = honest(rng, corners(rng, 60_000, 60), every_s=1.0)
    many = [Segment(one.lon + k * 1e-3, one.lat, one.time_s) for k in range(4)]
    assert sum(map(len, many)) > 150_000
    assert not doubts(*many).keys() & MADE_UP


values = st.one_of(st.floats(-180, 180), st.just(107.0), st.just(0.0))
moments = st.one_of(
    st.floats(-1e10, 1e11), st.just(EIGHT_S), st.just(np.nan), st.floats(EIGHT_S, EIGHT_S + 60)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.tuples(values, st.floats(-90, 90), moments), max_size=40), max_size=3),
    st.sampled_from([None, *Mode]),
)
def test_nothing_breaks_it(drawn, mode: Mode | None) -> None:
    segments = [Segment(*np.array(points, dtype=np.float64).reshape(-1, 3).T) for points in drawn]
    doubts(*segments, mode=mode)
