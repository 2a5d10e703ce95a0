"""Gaps in pages and one by one: every one once and in order, exact, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from conftest import Visitor
from map_season import EARLY_DAY, EARLY_UNIT, Season, make_season

COUNTY, TOWN, VILLAGE = "990100", "990100001", "990100001001"


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("gaps"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def person(season: Season) -> Visitor:
    return season.visitor()


def walk(person: Visitor, limit: int, **query: object) -> list[dict[str, Any]]:
    """Return the gaps of all pages; each page says the same total."""
    found: list[dict[str, Any]] = []
    totals, cursor = set(), None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        told = person.json("gaps", limit=limit, **query, **more)
        assert len(told["features"]) <= limit
        found += told["features"]
        totals.add(told["total"])
        cursor = told["next"]
        if cursor is None:
            assert totals == {len(found)}
            return found


@pytest.mark.parametrize("area", [COUNTY, TOWN, VILLAGE])
@pytest.mark.parametrize("lacking", ["unseen", "uncleared"])
def test_pages_of_any_size_are_the_whole_list(person: Visitor, area: str, lacking: str) -> None:
    overview = person.json("overview", area=area, lacking=lacking)
    whole = person.json("gaps", area=area, lacking=lacking, limit=200)
    assert whole["next"] is None
    assert whole["total"] == overview["gaps_total"] == len(whole["features"]) > 0
    assert overview["gaps"] == whole["features"][:50]
    ranks = [gap["properties"]["rank"] for gap in whole["features"]]
    assert ranks == list(range(1, len(ranks) + 1))
    assert len({gap["properties"]["id"] for gap in whole["features"]}) == len(ranks)
    for limit in (1, 2, 3):
        assert walk(person, limit, area=area, lacking=lacking) == whole["features"]


def test_a_box_takes_what_meets_it_in_the_same_order(person: Visitor) -> None:
    whole = person.json("gaps", limit=200)["features"]
    for gap in whole:
        box = gap["properties"]["bbox"]
        middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
        asked = ",".join(str(side) for side in (*middle, *middle))
        near = walk(person, 1, bbox=asked)
        assert gap in near
        assert near == [one for one in whole if one in near]
    assert person.json("gaps", bbox="0,0,1,1") == {
        **{"type": "FeatureCollection", "features": [], "total": 0, "next": None}
    }
    lean = person.json("gaps", limit=200, outlines=0)["features"]
    assert [gap["properties"] for gap in lean] == [gap["properties"] for gap in whole]
    assert {gap["geometry"] for gap in lean} == {None}


@pytest.mark.parametrize("area", [COUNTY, VILLAGE])
def test_one_gap_has_the_outline_of_the_file_of_gaps(
    person: Visitor, area: str, tmp_path: Path
) -> None:
    answer = person.client.get(f"/api/v1/gaps.gpkg?area={area}")
    file = tmp_path / "gaps.gpkg"
    file.write_bytes(answer.data)
    exact = geopandas.read_file(file, layer="gaps").to_crs(4326)
    listed = person.json("gaps", area=area, limit=200)["features"]
    assert len(exact) == len(listed)
    for wanted, gap in zip(exact.geometry, listed, strict=True):
        properties = gap["properties"]
        told = person.json(f"gaps/{properties['id']}", area=area)
        assert told["properties"] == properties
        outline = shapely.geometry.shape(told["geometry"])
        assert shapely.get_num_coordinates(outline) == shapely.get_num_coordinates(wanted)
        assert outline.hausdorff_distance(wanted) < 2e-7


def test_a_gap_is_found_by_its_own_area_too(person: Visitor) -> None:
    gap = person.json("gaps", area=COUNTY)["features"][0]["properties"]
    told = person.json(f"gaps/{gap['id']}")["properties"]
    assert told | {"rank": gap["rank"]} == gap
    assert told["rank"] <= gap["rank"]


def test_another_coverage_is_another_list_and_says_so(person: Visitor) -> None:
    first = person.json("gaps", limit=1)
    assert first["next"]
    # The same coverage asked for by another question has the same cursor.
    same = person.json("gaps", limit=1, cursor=first["next"], team="")
    assert same["features"][0]["properties"]["rank"] == 2
    for other in ({"as_of": EARLY_DAY}, {"unit": EARLY_UNIT}, {"lacking": "uncleared"}):
        query = {"limit": 1, "cursor": first["next"], **other}
        answer = person.client.get("/api/v1/gaps", query_string=query)
        assert answer.status_code == 409
        assert answer.get_json()["code"] == "cursor_gone"
        assert "变化" in answer.get_json()["message_zh"]


def test_a_gap_that_was_searched_since_is_gone_in_words(person: Visitor) -> None:
    before = person.json("gaps", limit=200, as_of="2026-05-01", outlines=0)["features"]
    names = {gap["properties"]["id"] for gap in before}
    found = {
        name: person.client.get(f"/api/v1/gaps/{name}", query_string={"lacking": "unseen"})
        for name in [*names, "990100001-999999", f"{TOWN}-x", "nothing", "-", f"{TOWN}-0.9"]
    }
    for name, answer in found.items():
        assert answer.status_code in {200, 404}, name
        if answer.status_code == 404:
            assert answer.get_json()["code"] == "no_such_gap"
            assert "清单" in answer.get_json()["message_zh"]
    assert found["nothing"].status_code == found[f"{TOWN}-0.9"].status_code == 404


@pytest.mark.parametrize("cursor", ["x", "_", "abc_x", "1", "", "abc_٣", "abc_" + "9" * 30])
def test_a_cursor_that_is_none_is_refused_in_words(person: Visitor, cursor: str) -> None:
    answer = person.client.get("/api/v1/gaps", query_string={"cursor": cursor})
    assert answer.status_code in {400, 409}
    assert answer.get_json()["code"] in {"bad_cursor", "cursor_gone"}


def test_the_next_page_has_its_address_in_the_header(person: Visitor) -> None:
    answer = person.client.get("/api/v1/gaps?limit=1&lacking=unseen")
    following = answer.headers["Link"]
    address = re.fullmatch('<(.*)>; rel="next"', following)
    assert address is not None
    told = person.client.get(address[1]).get_json()
    assert told["features"][0]["properties"]["rank"] == 2
