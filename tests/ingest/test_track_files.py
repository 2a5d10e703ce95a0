"""Every file of the shared data gives what ``expected.json`` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from geoinspect.crs import GEOD
from geoinspect.errors import InputError
from geoinspect.ingest.tracks import inspect_track
from geoinspect.settings import Settings

# Where we differ from expected.json on purpose.
DIFFER = {
    "syn_projected_cgcs2000.csv": "read by its zone prefix and told, as data/README.md allows",
}
SETTINGS = Settings()


def disagreements(expected: dict, report: dict) -> Iterator[str]:
    """Yield how a report differs, by the rules of data/README.md and reference/tracks.md §2."""
    refused = report["status"] == "refused"
    if expected["acceptable"] == "must_reject":
        salvaged = report["points"] == expected.get("salvage_points") and report["problems"]
        if not refused and not salvaged:
            yield f"accepted with {report['points']} points"
        return
    if refused:
        if not expected.get("refusal_acceptable"):
            yield f"refused: {report['problems']}"
        return
    if report["status"] != expected["acceptable"]:
        yield f"status {report['status']}"
    if report["points"] not in expected.get("points_accept", [expected["points"]]):
        yield f"points {report['points']}, not {expected['points']}"
    if report["segments"] != expected["segments"]:
        yield f"segments {report['segments']}, not {expected['segments']}"
    if sum(report["points_refused"].values()) != expected["points_dropped_bad_coords"]:
        yield f"refused points {report['points_refused']}"
    if "length_accept_m" in expected:
        low, high = expected["length_accept_m"]
        if not low <= report["length_m"] <= high:
            yield f"length {report['length_m']}, not {low}-{high}"
    for key in ("first_time", "last_time"):
        if not same_time(report[key], expected[f"{key}_utc"]):
            yield f"{key} {report[key]}, not {expected[f'{key}_utc']}"
    yield from bbox_disagreements(expected, report)


def same_time(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    # The expected times are cut to milliseconds, ours are rounded.
    return abs((datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()) < 2e-3


def bbox_disagreements(expected: dict, report: dict) -> Iterator[str]:
    west, south, east, north = report["bbox"]
    truth = expected.get("wgs84_truth", {})
    shifted = report["datum"]["used"] != "wgs84"
    wanted = truth["bbox"] if shifted else expected["bbox"]
    if west > east:
        # RFC 7946, where expected.json holds the plain extremes.
        if not expected["crosses_antimeridian"]:
            yield "crosses the antimeridian"
        return
    if shifted:
        for key in ("first_point", "last_point"):
            (lon, lat), (true_lon, true_lat) = report[key], truth[key]
            away_m = GEOD.inv(lon, lat, true_lon, true_lat)[2]
            if away_m > 0.05:
                yield f"{key} is {away_m:.2f} m off"
    if max(abs(a - b) for a, b in zip((west, south, east, north), wanted, strict=True)) > 1e-6:
        yield f"bbox {report['bbox']}, not {wanted}"


def load(folder: Path) -> dict[str, dict]:
    entries = json.loads((folder / "expected.json").read_text("utf-8"))
    return {entry["file"]: entry for entry in entries}


def test_files_agree(shared_data):
    folder = shared_data / "tracks"
    differences, entries = {}, load(folder)
    for name, entry in entries.items():
        # Naive times stand there as if they were UTC, but for the one table in Chinese time.
        zone = "Asia/Shanghai" if name == "syn_bd09_gbk.csv" else "UTC"
        report = inspect_track(folder / name, timezone=zone, settings=SETTINGS)
        found = list(disagreements(entry, report))
        if found:
            differences[name] = found
    assert len(entries) > 130
    assert differences.keys() == DIFFER.keys(), differences


def test_what_is_refused_is_refused_in_words(shared_data):
    folder = shared_data / "tracks"
    refused = [e["file"] for e in load(folder).values() if e["acceptable"] == "must_reject"]
    assert len(refused) > 30
    for name in refused:
        for problem in inspect_track(folder / name, settings=SETTINGS)["problems"]:
            assert problem["message"], name
            assert any("\u4e00" <= sign <= "\u9fff" for sign in problem["message_zh"]), name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("syn_truncated.gpx", "truncated"),
        ("syn_gbk_lying_utf8.gpx", "encoding_mismatch"),
        ("syn_leading_blank.gpx", "repaired"),
        ("syn_control_char.gpx", "repaired"),
        ("syn_naive_time.gpx", "naive_time"),
        ("syn_bad_times.gpx", "bad_time"),
        ("syn_rollover.gpx", "implausible_time"),
        ("syn_future.gpx", "implausible_time"),
        ("gpxpy__Mojstrovka.gpx", "times_unusable"),
        ("gpxpy__route.gpx", "route_only"),
        ("OpenTracks__kml22_order_location_and_when.kml", "empty_coord"),
    ],
)
def test_dirt_is_told(shared_data, name, code):
    report = inspect_track(shared_data / "tracks" / name, settings=SETTINGS)
    assert code in [problem["code"] for problem in report["problems"]]


def test_refused_points_by_rule(shared_data):
    report = inspect_track(shared_data / "tracks" / "syn_bad_coords_some.gpx", settings=SETTINGS)
    assert report["points_refused"] == {
        "coordinate_missing": 2,
        "coordinate_not_a_number": 2,
        "latitude_out_of_range": 1,
    }
    lost = inspect_track(shared_data / "tracks" / "syn_bad_coords_all.gpx", settings=SETTINGS)
    assert sum(lost["points_refused"].values()) == 5


def test_ovkml_comes_back_to_wgs84(shared_data):
    name = "syn_ovital_gcj02.ovkml"
    truth = load(shared_data / "tracks")[name]["wgs84_truth"]
    report = inspect_track(shared_data / "tracks" / name, settings=SETTINGS)
    assert report["datum"]["found"] == report["datum"]["used"] == "gcj02"
    for key in ("first_point", "last_point"):
        assert report[key] == pytest.approx(truth[key], abs=4e-7)
    assert report["length_m"] == pytest.approx(truth["length_m_single_line"], abs=0.5)


KEYS = (
    "file status format tracks segments points has_time first_time last_time bbox first_point "
    "last_point length_m points_refused cleaned datum problems"
)


@pytest.mark.parametrize("name", ["syn_gap.gpx", "syn_empty.gpx", "syn_html_login.gpx"])
def test_report_has_the_keys_of_the_contract(shared_data, name):
    report = inspect_track(shared_data / "tracks" / name, settings=SETTINGS)
    assert set(report) == set(KEYS.split())
    json.dumps(report, allow_nan=False)


def test_paths_that_are_no_files(tmp_path):
    for path in (tmp_path, tmp_path / "none.gpx", tmp_path / ("x" * 300), Path("a\0b")):
        report = inspect_track(path, settings=SETTINGS)
        assert report["status"] == "refused"


def test_size_limit(tmp_path):
    path = tmp_path / "big.gpx"
    path.write_bytes(b"<gpx>" + b" " * 2000)
    report = inspect_track(path, settings=Settings(track_max_mb=0.001))
    assert report["problems"][0]["code"] == "too_large"


def test_unknown_zone_is_a_usage_error(tmp_path):
    from geoinspect.errors import UsageError

    with pytest.raises(UsageError):
        inspect_track(tmp_path / "a.gpx", timezone="Mars/Olympus", settings=SETTINGS)
    assert not issubclass(UsageError, InputError)
