"""The map's numbers answer the question that is asked: a day, units, teams, methods, a polygon."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from urllib.parse import parse_qs, urlsplit

import county_builder as county
import pytest
import shapely
from conftest import Visitor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from map_season import (
    BEFORE_ALL,
    EARLY_DAY,
    EARLY_UNIT,
    EXPIRED,
    LATE_UNIT,
    STILL_HOLDS,
    Season,
    make_season,
)

from geoinspect import crs as crs_
from geoinspect.search_records import Method
from geoinspect.snapshot import Question, take_snapshot


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("season"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def person(season: Season) -> Visitor:
    return season.visitor()


def seen(person: Visitor, **question: object) -> float:
    return person.json("overview", **question)["coverage"]["seen_m2"]


def inside(person: Visitor, polygon: object, token: str | None = None, **question: object):
    return person.client.post(
        "/api/v1/coverage/inside",
        query_string=question,
        data=polygon if isinstance(polygon, bytes) else json.dumps({"polygon": polygon}),
        headers={"X-CSRFToken": person.token("/map") if token is None else token},
    )


def box(west: float, south: float, east: float, north: float) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": county.box(west, south, east, north)}


def test_coverage_grows_and_expires(person: Visitor, season: Season) -> None:
    lon, lat = season.early
    assert seen(person, as_of=BEFORE_ALL) == 0
    grown = seen(person, as_of=EARLY_DAY)
    assert grown > 0
    assert seen(person, as_of=STILL_HOLDS) > grown
    # The county's own walks hold on; only what the early walks saw is lost again.
    expired = seen(person, as_of=EXPIRED)
    assert 0 < expired < seen(person, as_of=STILL_HOLDS)
    for day, gone in ((STILL_HOLDS, False), (EXPIRED, True)):
        cell = person.json("cells", lon=lon, lat=lat, as_of=day)["cell"]
        assert (cell["state"] == "unseen") == gone
        assert (cell["faded_from"] is not None) == gone
        assert {visit["expired"] for visit in cell["visits"]} == {gone}
        assert cell["as_of"] == day
    assert person.json("cells", lon=lon, lat=lat, as_of=BEFORE_ALL)["cell"]["visits"] == []


def test_no_track_is_drawn_before_its_day(person: Visitor) -> None:
    counts = [
        len(person.json("tracks", **({"as_of": day} if day else {}))["features"])
        for day in (BEFORE_ALL, EARLY_DAY, "2026-05-14", None)
    ]
    assert counts[0] == 0
    assert counts == sorted(set(counts))


def test_every_part_of_the_map_answers_the_same_question(person: Visitor, season: Season) -> None:
    workspace = season.app.extensions["geoinspect"].workspace
    for asked in (
        Question(as_of=date(2026, 6, 1), units=frozenset({EARLY_UNIT})),
        Question(teams=frozenset({"晚班"})),
        Question(methods=frozenset({Method.VEHICLE, Method.SURVEY})),
    ):
        query = {
            "as_of": asked.as_of and str(asked.as_of),
            "unit": sorted(asked.units or ()),
            "team": sorted(asked.teams or ()),
            "method": sorted(m.value for m in asked.methods or ()),
        }
        query = {name: value for name, value in query.items() if value}
        truth = take_snapshot(workspace, 1, question=asked)
        found = person.json("overview", **query)
        assert found["narrowed"] is True
        assert found["coverage"] == truth.sums["990100"].as_json()
        assert found["as_of"] == truth.as_of.isoformat()
        layer = person.json("layers/pod", **query)
        for address in (found["coverage_tiles"], layer["tiles"]):
            assert parse_qs(urlsplit(address).query) == {
                name: value if isinstance(value, list) else [value] for name, value in query.items()
            }
        around = box(county.WEST - 1, county.SOUTH - 1, county.WEST + 1, county.SOUTH + 1)
        sums = inside(person, around, **query).get_json()["coverage"]
        assert math.isclose(sums["seen_m2"], found["coverage"]["seen_m2"], rel_tol=1e-3)


def test_sources_that_occur_can_be_asked_for_one_by_one(person: Visitor) -> None:
    found = person.json("overview")
    sources = found["sources"]
    assert {EARLY_UNIT, LATE_UNIT} <= {unit["code"] for unit in sources["units"]}
    assert {"早班", "晚班"} <= set(sources["teams"])
    assert {"foot", "vehicle", "survey"} == set(sources["methods"])
    assert found["days"] == {"first": "2026-04-01", "last": "2026-06-30"}
    whole = found["coverage"]["seen_m2"]
    parts = [seen(person, method=method) for method in sources["methods"]]
    assert max(parts) <= whole <= sum(parts) + 1
    assert all(part > 0 for part in parts)
    assert seen(person, method=sources["methods"]) == whole
    assert seen(person, team="nobody") == 0


@pytest.mark.parametrize(
    "query",
    [
        "as_of=yesterday", "as_of=2026-02-30", "as_of=0001-01-01", "as_of=9999-12-31", "unit=nope",
        f"unit={LATE_UNIT}&unit=nope", "method=telepathy", "team=" + "x" * 101, "team=a%00b",
        "lacking=everything", "&".join(f"team=t{k}" for k in range(201)),
    ],
)  # fmt: skip
def test_bad_questions_get_words_everywhere(person: Visitor, query: str) -> None:
    paths = ["overview?", "cells?lon=107.91&lat=33.96&", "layers/state?", "gaps.gpx?"]
    if query.startswith("lacking"):
        paths = ["overview?", "gaps.gpx?"]
    for path in paths:
        answer = person.client.get(f"/api/v1/{path}{query}")
        assert answer.status_code == 400, path
        assert answer.get_json()["code"] in {"bad_option", "bad_name"}
    if not query.startswith("lacking"):
        assert person.client.get(f"/tiles/cells/1/pod/v/14/1/1?{query}").status_code == 400


def test_blank_values_ask_for_all(person: Visitor) -> None:
    found = person.client.get("/api/v1/overview?as_of=&unit=&team=&method=").get_json()
    assert found["narrowed"] is False
    assert found["coverage"] == person.json("overview")["coverage"]


def test_a_polygon_round_an_area_has_the_areas_sums(person: Visitor) -> None:
    for code in ("990100", "990100001", "990100002001L01"):
        found = person.json("overview", area=code)
        west, south, east, north = found["area"]["bbox"]
        sums = inside(person, box(west, south, east, north)).get_json()
        for name in ("area_m2", "seen_m2", "touched_m2", "covered_m2", "cleared_m2"):
            expected = found["coverage"][name]
            assert math.isclose(sums["coverage"][name], expected, rel_tol=5e-3, abs_tol=500), name
        assert math.isclose(sums["drawn_m2"], found["coverage"]["area_m2"], rel_tol=2e-3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.floats(-0.01, 0.05), st.floats(-0.01, 0.03), st.floats(0.004, 0.05), st.floats(0.004, 0.04)
)
def test_two_halves_make_the_whole(
    person: Visitor, west: float, south: float, width: float, height: float
) -> None:
    w, s = county.WEST + west, county.SOUTH + south
    whole = (w, s, w + width, s + height)
    middle = w + width / 2
    parts = [(w, s, middle, s + height), (middle, s, w + width, s + height)]
    total, *halves = (
        inside(person, box(*sides)).get_json()["coverage"] for sides in (whole, *parts)
    )
    ground = shapely.box(
        county.WEST, county.SOUTH, county.WEST + 2 * county.WIDTH, county.SOUTH + county.HEIGHT
    )
    exact = crs_.geodesic_area_m2(shapely.intersection(shapely.box(*whole), ground))
    # A bit of a cell is some metres wide; an outline of this length cuts so many of them.
    slack = 2 * (width + height) * 111_000 * 3
    assert math.isclose(total["area_m2"], exact, rel_tol=2e-3, abs_tol=slack)
    for name in ("area_m2", "seen_m2", "unseen_m2", "cleared_m2"):
        assert math.isclose(sum(half[name] for half in halves), total[name], abs_tol=slack), name
    assert total["seen_m2"] <= total["area_m2"] + 0.2


WORLD = box(-180, -90, 180, 90)
TIE = [[[107.90, 33.95], [107.94, 33.97], [107.94, 33.95], [107.90, 33.97], [107.90, 33.95]]]
CIRCLE = [[math.cos(k / 5001 * math.tau), math.sin(k / 5001 * math.tau)] for k in range(10_001)] + [
    [1.0, 0.0]
]


@pytest.mark.parametrize(
    "polygon",
    [
        None, 7, "x", [], {}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": "ab"},
        {"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}, {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": [108, 34]}, {"type": "Polygon", "coordinates": TIE},
        box(200, 0, 201, 1), box(0, 89, 1, 91), box(1e308, 0, 1.5e308, 1),
        {"type": "Polygon", "coordinates": [CIRCLE]},
        {"type": "Polygon", "coordinates": [[[float("nan"), 1], [2, 3], [4, 5], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[10**400, 1], [2, 3], [4, 5], [1, 1]]]},
        {"type": "GeometryCollection", "geometries": []},
        b"", b"no json", b"[1]", b'{"polygon": ' + b"[" * 60_000,
    ],
)  # fmt: skip
def test_what_is_no_polygon_is_refused_in_words(person: Visitor, polygon: object) -> None:
    answer = inside(person, polygon)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    told = answer.get_json()
    assert told["code"] == "bad_polygon"
    assert "多边形" in told["message_zh"]


def test_a_drawn_area_may_be_anywhere_and_any_size(person: Visitor) -> None:
    whole = person.json("overview")["coverage"]
    world = inside(person, WORLD).get_json()["coverage"]
    assert math.isclose(world["area_m2"], whole["area_m2"], rel_tol=1e-3)
    assert world["cells"] == whole["cells"]
    assert inside(person, box(10, 10, 11, 11)).get_json()["coverage"]["area_m2"] == 0
    large = b'{"polygon": "' + b"x" * 1_000_001 + b'"}'
    answer = inside(person, large)
    assert answer.status_code == 413
    assert "MB" in answer.get_json()["message_zh"]
    assert inside(person, WORLD, token="wrong").status_code == 400


def test_gaps_come_by_what_they_lack(person: Visitor) -> None:
    ground = person.json("overview")["coverage"]
    for lacking, missing in (
        ("unseen", ground["unseen_m2"]),
        ("uncleared", ground["area_m2"] - ground["cleared_m2"]),
    ):
        found = person.json("overview", lacking=lacking)
        assert found["lacking"] == lacking
        sizes = [gap["properties"]["area_m2"] for gap in found["gaps"]]
        assert math.isclose(sum(sizes), missing, rel_tol=0.01)
        weights = [g["properties"]["area_m2"] * g["properties"]["risk"] for g in found["gaps"]]
        assert all(one >= other * 0.99 for one, other in zip(weights, weights[1:], strict=False))
        for gap in found["gaps"]:
            way_in = gap["properties"]["access"]
            assert way_in["from"] in {"road", "searched", "inside"}
            outline = shapely.geometry.shape(gap["geometry"])
            # Outlines are thinned by a tenth of a cell for drawing.
            assert outline.distance(shapely.Point(way_in["point"])) < 20 / 90_000


@pytest.mark.parametrize("area", ["990100", "990100001001"])
def test_gaps_go_to_phones(person: Visitor, area: str) -> None:
    listed = person.json("overview", area=area)["gaps"]
    answer = person.client.get(f"/api/v1/gaps.gpx?area={area}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    points = ET.fromstring(answer.data).findall("{*}wpt")
    assert len(points) == len(listed)
    for point, gap in zip(points, listed, strict=True):
        lon, lat = gap["properties"]["access"]["point"]
        assert math.isclose(float(point.get("lon", "")), lon, abs_tol=2e-6)
        assert math.isclose(float(point.get("lat", "")), lat, abs_tol=2e-6)
    assert person.client.get(f"/api/v1/gaps.kml?area={area}").data.startswith(b"<?xml")
    assert person.client.get(f"/api/v1/gaps.gpkg?area={area}").data.startswith(b"SQLite format 3")
    assert person.client.get(f"/api/v1/gaps.exe?area={area}").status_code == 404
    assert person.client.get("/api/v1/gaps.gpx?area=nope").status_code == 404


def test_strangers_get_nothing(season: Season) -> None:
    stranger = Visitor(season.app.test_client())
    for path in ("layers/state", "gaps.gpx"):
        assert stranger.client.get(f"/api/v1/{path}").status_code == 401
    assert inside(stranger, WORLD, token=stranger.token("/login")).status_code == 401
    assert stranger.client.get("/tiles/cells/1/pod/v/14/1/1").status_code in {401, 302}
