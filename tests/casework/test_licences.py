"""Licences that come, end and are outgrown: what stored patches are, and what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely
from case_builders import ANALYST, county, place
from hypothesis import given, settings
from hypothesis import strategies as st
from source_builders import (
    ORIGIN,
    add_licence,
    add_survey,
    detect,
    moment,
    square,
    states_of,
)

from geoinspect import pipeline
from geoinspect.casework.licence_growth import growth_told
from geoinspect.casework.licences import licence_at, licences_told, relicense, share_inside
from geoinspect.ingest.areas import read_zones
from geoinspect.records import MU_M2, ZoneKind
from geoinspect.store import audit, grounds
from geoinspect.store.schema import ZoneRow
from geoinspect.store.workspace import Workspace

PARCEL = square(-20, -20, 60)
INSIDE, OVER, OUTSIDE = square(0, 0), square(38, 0), square(300, 0)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def states(book: Workspace, numbers: list[int]) -> list[str]:
    return [state for state, _ in states_of(book, numbers)]


def growth(book: Workspace, today: date = date(2026, 6, 1)) -> list[dict[str, object]]:
    with book.database.reading() as session:
        return growth_told(session, today)


def codes(survey: dict[str, object]) -> list[str]:
    return [problem["code"] for problem in survey["problems"]]  # type: ignore[attr-defined]


def zone_file(path: Path, *entries: dict[str, object]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"name": "百号", **entry},
            "geometry": shapely.geometry.mapping(PARCEL),
        }
        for entry in entries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def test_a_licence_that_comes_later_judges_stored_patches(book: Workspace, tmp_path: Path) -> None:
    numbers = detect(book, add_survey(book), [INSIDE, OVER, OUTSIDE])
    assert [rank for _, rank in states_of(book, numbers)] == [1, 2, 3]
    dates = {"valid_from": "2026-01-01", "valid_to": "2026-12-31", "licence_no": "许-7"}
    path = zone_file(tmp_path / "z.geojson", dates)
    added, problems = pipeline.add_zones(book, path, kind=ZoneKind.LICENSED, actor="test")
    assert added == 1
    assert [p.code for p in problems] == ["relicensed"]
    # What reaches over the border stays suspected, and the ranks close up.
    assert states_of(book, numbers) == [("licensed", None), ("suspected", 1), ("suspected", 2)]
    again, problems = pipeline.add_zones(book, path, kind=ZoneKind.LICENSED, actor="test")
    assert (again, problems) == (0, ())
    assert relicense(book, actor="test") == {"licensed": 0, "suspected": 0}


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [
        (date(2026, 5, 14), date(2026, 5, 14), "licensed"),
        (date(2026, 5, 15), date(2026, 12, 31), "suspected"),
        (date(2026, 1, 1), date(2026, 5, 13), "suspected"),
        (None, date(2026, 5, 14), "licensed"),
        (None, None, "licensed"),
    ],
)
def test_only_the_day_of_the_survey_counts(
    book: Workspace, first: date | None, last: date | None, state: str
) -> None:
    numbers = detect(book, add_survey(book, taken=moment(14)), [INSIDE])
    add_licence(book, PARCEL, first=first, last=last)
    relicense(book, actor="test")
    assert states(book, numbers) == [state]


def test_dates_never_hold_on_an_unknown_day(book: Workspace) -> None:
    numbers = detect(book, add_survey(book, taken=None), [INSIDE])
    add_licence(book, PARCEL)
    relicense(book, actor="test")
    assert states(book, numbers) == ["suspected"]
    add_licence(book, PARCEL, first=None, last=None, number="无期")
    relicense(book, actor="test")
    assert states(book, numbers) == ["licensed"]


def test_a_licence_cut_short_gives_the_patches_back(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [OUTSIDE, INSIDE])
    add_licence(book, PARCEL)
    relicense(book, actor="test")
    with book.database.writing() as session:
        session.query(ZoneRow).one().valid_to = date(2026, 2, 1)
    assert relicense(book, actor="test") == {"licensed": 0, "suspected": 1}
    assert states_of(book, numbers) == [("suspected", 1), ("suspected", 2)]
    with book.database.reading() as session:
        rows = session.query(audit.AuditRow).filter_by(action="patches.relicense").all()
        assert len(rows) == 2


def test_two_parcels_side_by_side_hold_one_patch(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [OVER])
    add_licence(book, PARCEL)
    relicense(book, actor="test")
    assert states(book, numbers) == ["suspected"]
    add_licence(book, square(40, -20, 60), number="许-2")
    relicense(book, actor="test")
    assert states(book, numbers) == ["licensed"]


corners = st.tuples(st.integers(-80, 80), st.integers(-80, 80), st.integers(1, 90))


@settings(max_examples=60, deadline=None)
@given(one=corners, other=corners)
def test_the_share_is_that_of_metres(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    """Squares on a grid of metres: their shared ground is known by arithmetic."""

    def along(a: int, a_side: int, b: int, b_side: int) -> int:
        return max(0, min(a + a_side, b + b_side) - max(a, b))

    shared = along(one[0], one[2], other[0], other[2]) * along(one[1], one[2], other[1], other[2])
    share = share_inside(square(*one), square(*other))
    assert share == pytest.approx(shared / one[2] ** 2, abs=1e-6)


def test_a_growth_beyond_the_licence_is_told(book: Workspace) -> None:
    add_licence(book, PARCEL, area_m2=30.0)
    detect(book, add_survey(book), [INSIDE, square(20, 0)])
    (licence,) = growth(book)
    (survey,) = licence["surveys"]  # type: ignore[misc]
    assert survey["patches"] == 2
    assert survey["inside_m2"] == pytest.approx(32, rel=0.01)
    assert codes(survey) == ["over_area"]
    assert "30" in survey["problems"][0]["message"]
    assert survey["seen"] == 1


def test_over_the_border_cut_or_not(book: Workspace) -> None:
    """Detection cuts a patch at the border; its remainder touches the parcel from outside."""
    add_licence(book, PARCEL, area_m2=500.0)
    detect(book, add_survey(book, "一号"), [OVER])
    cut = [shapely.intersection(OVER, PARCEL), shapely.difference(OVER, PARCEL)]
    detect(book, add_survey(book, "二号", taken=moment(20)), cut)
    (licence,) = growth(book)
    for survey in licence["surveys"]:  # type: ignore[attr-defined]
        assert codes(survey) == ["over_border"], survey["name"]
        assert survey["outside_m2"] == pytest.approx(8, rel=0.05)
        assert survey["inside_m2"] == pytest.approx(8, rel=0.05)
        assert survey["problems"][0]["count"] == 1


def test_before_and_after_the_dates_it_is_ordinary_ground(book: Workspace) -> None:
    add_licence(book, PARCEL, first=date(2026, 5, 10), last=date(2026, 5, 20), area_m2=1.0)
    days = {"before_start": moment(9), "after_end": moment(21), "day_unknown": None}
    for code, taken in days.items():
        detect(book, add_survey(book, code, taken=taken), [INSIDE])
    detect(book, add_survey(book, "over_area", taken=moment(10)), [INSIDE])
    add_survey(book, "empty", taken=moment(12))
    (licence,) = growth(book)
    told = {survey["name"]: codes(survey) for survey in licence["surveys"]}  # type: ignore[attr-defined]
    assert told == {**{code: [code] for code in (*days, "over_area")}, "empty": []}


def test_days_left_and_states(book: Workspace) -> None:
    today = date(2026, 6, 1)
    for number, (first, last) in {
        "future": (today + timedelta(1), today + timedelta(9)),
        "valid": (today, today),
        "expired": (None, today - timedelta(1)),
        "undated": (None, None),
    }.items():
        add_licence(book, PARCEL, first=first, last=last, number=number)
    with book.database.reading() as session:
        told = {one["licence_no"]: one for one in licences_told(session, today)}
    assert {number: one["state"] for number, one in told.items()} == {n: n for n in told}
    left = {number: one["days_left"] for number, one in told.items()}
    assert left == {"future": 10, "valid": 1, "expired": 0, "undated": None}


def test_the_licence_of_a_place(book: Workspace) -> None:
    add_licence(book, PARCEL, number="大")
    add_licence(book, square(-4, -4, 8), number="小", last=date(2026, 3, 1))
    point = shapely.Point(*ORIGIN)
    with book.database.reading() as session:
        told = licence_at(session, point, date(2026, 5, 1))
        assert told is not None
        assert (told["licence_no"], told["inside"]) == ("大", True)
        half = licence_at(session, OVER, date(2026, 5, 1))
        assert half is not None
        assert (half["inside"], half["share"]) == (False, pytest.approx(0.5, abs=0.01))
        assert licence_at(session, place(1), date(2026, 5, 1)) is None
        assert licence_at(session, point, date(2027, 5, 1)) is None
        assert licence_at(session, point, None) is None


@pytest.mark.parametrize(
    ("entry", "number", "area_m2"),
    [
        ({"licence_no": "A-1", "licence_m2": 800}, "A-1", 800),
        ({"许可证号": "许字〔2026〕3 号", "许可面积": "12亩"}, "许字〔2026〕3 号", 12 * MU_M2),
        ({"许可面积(亩)": "3"}, None, 3 * MU_M2),
        ({}, None, None),
    ],
)
def test_a_parcel_carries_its_licence(
    tmp_path: Path, entry: dict[str, object], number: str | None, area_m2: float | None
) -> None:
    path = zone_file(tmp_path / "z.geojson", entry)
    (zone,) = read_zones(path, kind=ZoneKind.LICENSED).zones
    assert zone.licence_no == number
    assert zone.licence_m2 == (None if area_m2 is None else pytest.approx(area_m2))


def test_an_area_that_can_not_be_read_is_never_assumed(tmp_path: Path) -> None:
    path = zone_file(tmp_path / "z.geojson", {"许可面积": "很多"}, {"licence_m2": 50})
    found = read_zones(path, kind=ZoneKind.LICENSED)
    assert [zone.licence_m2 for zone in found.zones] == [50]
    assert [problem.code for problem in found.problems] == ["bad_licence_area"]


def test_a_licence_number_that_comes_later_is_taken_over(book: Workspace, tmp_path: Path) -> None:
    for entry in ({}, {"licence_no": "B-2"}, {"licence_m2": 90}, {}):
        path = zone_file(tmp_path / "z.geojson", entry)
        pipeline.add_zones(book, path, kind=ZoneKind.LICENSED, actor="test")
    with book.database.reading() as session:
        (zone,) = grounds.zones(session, ZoneKind.LICENSED)
    assert (zone.licence_no, zone.licence_m2) == ("B-2", 90)
    assert ANALYST
