"""Lists of the map's shapes: every row once, in order, the same as the tiles draw, nobody else's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from conftest import Visitor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from map_season import EARLY_UNIT, Season, make_season

from webmap.tiles.shapes_order import SORTS
from webmap.tiles.shapes_sheets import Kind

KINDS = [kind.value for kind in Kind]


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("rows"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def person(season: Season) -> Visitor:
    return season.visitor()


def pages(person: Visitor, path: str, **query: object) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        told = person.json(path, **query, **({} if cursor is None else {"cursor": cursor}))
        yield told
        cursor = told["next"]
        if cursor is None:
            return


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_any_size_are_the_whole_list_in_order(person: Visitor, kind: str) -> None:
    for sort in (None, *SORTS[Kind(kind)]):
        query = {} if sort is None else {"sort": sort}
        whole = person.json(f"shapes/{kind}", limit=500, **query)
        assert whole["next"] is None
        ids = [row["id"] for row in whole["rows"]]
        assert len(set(ids)) == len(ids) == whole["total"]
        for size in (1, 2, 7):
            told = list(pages(person, f"shapes/{kind}", limit=size, **query))
            assert [row["id"] for page in told for row in page["rows"]] == ids
            assert {page["total"] for page in told} == {len(ids)}
            assert all(len(page["rows"]) <= size for page in told)


@pytest.mark.parametrize("kind", ["patches", "tracks"])
def test_a_sorted_list_is_sorted_and_turns_over(person: Visitor, kind: str) -> None:
    names = {"m2": "area_m2", "unit": "unit_code"}
    for sort in (one.removeprefix("-") for one in SORTS[Kind(kind)]):
        up = person.json(f"shapes/{kind}", limit=500, sort=sort)["rows"]
        down = person.json(f"shapes/{kind}", limit=500, sort=f"-{sort}")["rows"]
        key = names.get(sort, sort)
        for rows, turned in ((up, False), (down, True)):
            values = [row[key] for row in rows]
            known = [value for value in values if value is not None]
            assert known == sorted(known, reverse=turned)
            # What has no value stands last, whichever way.
            assert values[len(known) :] == [None] * (len(values) - len(known))
    assert len(up) > 3


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(KINDS))
def test_four_quarters_hold_every_point_once(
    person: Visitor, data: st.DataObject, kind: str
) -> None:
    rows = person.json(f"shapes/{kind}", limit=500)["rows"]
    if kind in {"tracks", "surveys"} or not rows:
        return
    lon, lat = data.draw(st.sampled_from([row["point"] for row in rows]))
    # Between two places: none lies on a side.
    lon, lat = lon + 5e-7, lat + 5e-7
    quarters = itertools.product(((-180, lon), (lon, 180)), ((-90, lat), (lat, 90)))
    met = [
        row["id"]
        for (west, east), (south, north) in quarters
        for row in person.json(f"shapes/{kind}", limit=500, bbox=f"{west},{south},{east},{north}")[
            "rows"
        ]
    ]
    assert sorted(met) == sorted(row["id"] for row in rows)


def test_filters_are_the_tiles_own(person: Visitor) -> None:
    whole = person.json("shapes/tracks", limit=500)["rows"]
    some = person.json("shapes/tracks", limit=500, unit=EARLY_UNIT)
    wanted = [row["id"] for row in whole if row["unit_code"] == EARLY_UNIT]
    assert 0 < len(wanted) < len(whole)
    assert [row["id"] for row in some["rows"]] == wanted
    assert some["total"] == len(wanted)
    days = sorted({row["day"] for row in whole})
    until = person.json("shapes/tracks", limit=500, to=days[0])["rows"]
    assert [row["id"] for row in until] == [r["id"] for r in whole if r["day"] == days[0]]
    assert person.json("shapes")["kinds"]["tracks"]["count"] == len(whole)
    assert date.fromisoformat(days[0]) <= date.fromisoformat(days[-1])


@pytest.mark.parametrize(
    ("kind", "query", "status", "code"),
    [
        ("ships", {}, 404, "no_such_kind"),
        ("tracks", {"sort": "colour"}, 400, "bad_option"),
        ("tracks", {"sort": "--day"}, 400, "bad_option"),
        ("tracks", {"cursor": "x"}, 400, "bad_cursor"),
        ("tracks", {"cursor": "999999"}, 409, "cursor_gone"),
        ("tracks", {"bbox": "1,2,3"}, 400, "bad_bbox"),
        ("tracks", {"unit": "NOWHERE"}, 400, None),
        ("cases", {"state": "lost"}, 400, "bad_option"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    person: Visitor, kind: str, query: dict[str, str], status: int, code: str | None
) -> None:
    answer = person.client.get(f"/api/v1/shapes/{kind}", query_string=query)
    assert answer.status_code == status
    told = answer.get_json()
    assert told["message_zh"]
    assert code in {None, told["code"]}
