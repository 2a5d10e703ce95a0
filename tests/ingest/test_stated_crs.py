"""CRSs that a GeoJSON file states: used, used with a word, or refused."""

from __future__ import annotations

import json

import pytest

from geoinspect.ingest.formats.stated_crs import SAME_AS_WGS84, checked_crs, unsure_datum
from geoinspect.ingest.tracks import inspect_track
from geoinspect.settings import Settings


@pytest.fixture
def report(tmp_path):
    def of(crs: str, places: list[list[float]]) -> dict:
        path = tmp_path / "up.geojson"
        member = {"type": "name", "properties": {"name": crs}}
        path.write_text(json.dumps({"type": "LineString", "crs": member, "coordinates": places}))
        return inspect_track(path, settings=Settings())

    return of


def codes(report: dict) -> list[str]:
    return [problem["code"] for problem in report["problems"]]


@pytest.mark.parametrize("epsg", SAME_AS_WGS84)
def test_what_is_wgs84_needs_no_word(report, epsg):
    assert unsure_datum(checked_crs(epsg)) is None
    assert codes(report(epsg, [[112.5, 23.1], [112.6, 23.1]])) == ["no_time"]


@pytest.mark.parametrize("epsg", [4610, 4214, 4555])
def test_an_older_datum_is_told(report, epsg):
    found = report(f"urn:ogc:def:crs:EPSG::{epsg}", [[112.5, 23.1], [112.6, 23.1]])
    assert found["status"] == "ok_no_time"
    assert "other_datum" in codes(found)


def test_exact_datums_abroad_are_not(report):
    # PROJ knows ETRS89 to a metre.
    assert unsure_datum("EPSG:25832") is None
    found = report("EPSG:25832", [[500_000, 5_500_000], [500_100, 5_500_000]])
    assert "reprojected" in codes(found)
    assert "other_datum" not in codes(found)


@pytest.mark.parametrize("epsg", [4978, 5773, 999_999])
def test_what_holds_no_two_coordinates_is_refused(report, epsg):
    found = report(f"EPSG:{epsg}", [[112.5, 23.1], [112.6, 23.1]])
    assert (found["status"], codes(found)) == ("refused", ["bad_crs"])
