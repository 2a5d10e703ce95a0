"""Which patrols are valid, by photos, ground and the rules of their days; and many of them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from patrol_builders import EAST, WEST, Office, at, degrees, wander
from sqlalchemy import insert

from geoinspect.patrol_book import month_report, patrol_list
from geoinspect.records import Area, Level, Mode, Segment
from geoinspect.store import grounds, patrols, sightings
from geoinspect.store.schema import FileRow, PatrolRow, PhotoRow
from geoinspect.store.vault import KeptFile

TEAM = {"unit_code": WEST, "team": "一组", "mode": Mode.FOOT}
RULE = """
[[rule]]
name = "{name}"
{dates}
modes = ["foot"]
min_length_m = {length}
min_duration_s = 0
photo_required = {photo}
max_route_overlap = {overlap}
days = [{days}, {days}, {days}, {days}, {days}, {days}, {days}, {days}, {days}, {days}, {days}, {days}]
source = "test"
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def rules(office: Office, *rows: dict[str, Any]) -> None:
    plain = {"name": "规则", "dates": "", "length": 0, "photo": "false", "overlap": 1.0, "days": 3}
    text = "".join(RULE.format(**(plain | row)) for row in rows)
    (office.workspace.folder / "patrol_rules.toml").write_text(text, "utf-8")


def listed(office: Office, first: date, last: date) -> list[dict[str, Any]]:
    with office.workspace.database.reading() as session:
        return patrol_list(office.workspace, session, start=first, end=last)


def may(office: Office) -> list[dict[str, Any]]:
    """The patrols of May, the oldest first."""
    return listed(office, date(2026, 5, 1), date(2026, 5, 31))[::-1]


def photo(office: Office, taken: datetime | None, unit: str | None, team: str | None) -> None:
    with office.workspace.database.writing() as session:
        number = len(sightings.photos_in(session, None, limit=100))
        kept = KeptFile(f"{number:064}", 1, Path("x"))
        file = sightings.file_row(session, kept, f"{number}.jpg")
        assert isinstance(file, FileRow)
        session.add(
            PhotoRow(
                file_id=file.id,
                name=file.name,
                unit_code=unit,
                team=team,
                taken=taken,
                geometry=shapely.Point(107.91, 33.96),
                report={},
            )
        )


def moment(hour: float, day: int = 14) -> datetime:
    return datetime.fromtimestamp(at(hour, day), UTC)


@pytest.mark.parametrize(
    ("hour", "day", "unit", "team", "counts"),
    [
        (9, 14, WEST, "一组", True),
        (9, 14, WEST, None, True),
        (0.5, 14, WEST, None, True),  # half past midnight in China is the day before in UTC
        (9, 14, WEST, "二组", False),
        (9, 14, EAST, "一组", False),
        (9, 14, None, None, False),
        (9, 15, WEST, "一组", False),
        (9, 13, WEST, "一组", False),
    ],
)
def test_a_photo_of_the_team_and_day_is_what_the_rule_wants(
    office: Office, hour: float, day: int, unit: str | None, team: str | None, counts: bool
) -> None:
    rules(office, {"photo": "true"})
    office.add("a.gpx", wander(1).recorded(1), **TEAM)
    photo(office, None, WEST, "一组")
    (before,) = may(office)
    assert before["valid"] is False
    assert "照片" in before["reasons"][0]["zh"]
    photo(office, moment(hour, day), unit, team)
    (patrol,) = may(office)
    assert patrol["valid"] is counts


def test_a_night_patrol_has_its_photos_of_the_small_hours(office: Office) -> None:
    rules(office, {"photo": "true"})
    office.add("a.gpx", wander(1, start_s=at(23.5)).recorded(1), **TEAM)
    photo(office, moment(3, 15), WEST, "一组")
    assert [patrol["valid"] for patrol in may(office)] == [False]
    photo(office, moment(0.1, 15), WEST, "一组")
    (patrol,) = may(office)
    assert (patrol["day"], patrol["valid"]) == ("2026-05-14", True)


def own(office: Office, unit: str, side_m: float) -> None:
    """Give a unit a square of its own."""
    corners = np.column_stack(degrees(np.array([0.0, side_m]), np.array([0.0, side_m])))
    ground = shapely.box(*corners.ravel())
    with office.workspace.database.writing() as session:
        grounds.add_unit(session, code=unit, name="小队", parent_code=None)
        area = Area("990100009", "小地块", Level.VILLAGE, "990100", unit, ground)
        grounds.add_areas(session, [area])


def comb(seed: int, day: int, first_m: float, last_m: float) -> Segment:
    """Rungs some 15 m apart between two heights of a square of 300 m, walked at a pace and in a
    direction of its own.
    """
    random = np.random.default_rng(seed)
    rungs = np.arange(first_m + random.uniform(0, 4), last_m, 15.0)[:: 1 if seed % 2 else -1]
    count = 50 + 7 * seed
    x = np.concatenate([np.linspace(2, 298, count)[:: 1 - 2 * (i % 2)] for i in range(len(rungs))])
    y = np.repeat(rungs, count)
    lon, lat = degrees(x + random.normal(0, 0.7, len(x)), y + random.normal(0, 0.7, len(y)))
    return Segment(lon, lat, at(8, day) + np.cumsum(random.uniform(4, 9, len(lon))))


def test_a_route_may_be_repeated_once_the_whole_ground_is_covered(office: Office) -> None:
    own(office, "U9", 300)
    rules(office, {"overlap": 0.5})
    team = {**TEAM, "unit_code": "U9"}
    office.add("south.gpx", comb(1, 11, 2, 150), **team)
    office.add("south2.gpx", comb(2, 12, 2, 150), **team)
    office.add("north.gpx", comb(3, 13, 150, 300), **team)
    office.add("south3.gpx", comb(4, 14, 2, 150), **team)
    told = may(office)
    # The third walk is new ground; at the fourth nothing is left to walk.
    assert [patrol["valid"] for patrol in told] == [True, False, True, True]


def test_each_day_is_judged_by_its_rule_and_the_last_says_how_many(office: Office) -> None:
    rules(
        office,
        {"name": "旧", "dates": "to = 2026-05-14", "length": 90_000, "days": 9},
        {"name": "新", "dates": "from = 2026-05-15", "days": 1},
    )
    for number, day in enumerate((14, 15), 1):
        way = wander(number, start_s=at(8, day))
        office.add(f"{day}.gpx", way.recorded(number), **TEAM, person="P1")
    assert [patrol["valid"] for patrol in may(office)] == [False, True]
    with office.workspace.database.writing() as session:
        patrols.set_roster(session, [("P1", WEST)])
    with office.workspace.database.reading() as session:
        report = month_report(office.workspace, session, date(2026, 5, 14))
    (person,) = report["people"]
    assert (person["days"], person["valid_days"], person["required_days"]) == (2, 1, 1)
    assert person["met"] is True
    assert report["total"]["reach_rate"] == 1.0


def test_a_rule_that_ends_before_the_month_does_asks_for_no_days(office: Office) -> None:
    rules(office, {"dates": "to = 2026-05-20"})
    with office.workspace.database.writing() as session:
        patrols.set_roster(session, [("P1", WEST)])
    with office.workspace.database.reading() as session:
        report = month_report(office.workspace, session, date(2026, 5, 1))
    assert report["people"][0]["required_days"] is None
    assert report["missing"]


def test_where_only_vehicles_have_a_rule_it_tells_the_days(office: Office) -> None:
    rules(office, {"days": 7})
    path = office.workspace.folder / "patrol_rules.toml"
    path.write_text(path.read_text("utf-8").replace('["foot"]', '["vehicle"]'), "utf-8")
    with office.workspace.database.writing() as session:
        patrols.set_roster(session, [("P1", WEST)])
    with office.workspace.database.reading() as session:
        report = month_report(office.workspace, session, date(2026, 5, 1))
    assert report["people"][0]["required_days"] == 7


def test_a_list_says_how_many_doubts_nobody_has_decided(office: Office) -> None:
    way = wander(1)
    office.add("a.gpx", way.recorded(1), **TEAM)
    office.add("mate.gpx", way.recorded(2, every_s=4.0, ahead_s=1.3), **TEAM)
    (patrol,) = may(office)
    assert patrol["tracks"] == [1, 2]
    assert patrol["doubts"] == len(office.track(1).doubts) + len(office.track(2).doubts) == 1
    office.review(2, note="一起走的")
    (patrol,) = may(office)
    assert office.track(2).doubts
    assert patrol["doubts"] == 0


def test_no_patrol_is_cut_off_a_long_list(office: Office) -> None:
    count = 10_400
    first = date(2026, 5, 1)
    rows = [
        {
            "unit_code": WEST,
            "team": f"{number}",
            "mode": "foot",
            "purpose": "search",
            "day": first + timedelta(days=number % 31),
        }
        for number in range(count)
    ]
    with office.workspace.database.writing() as session:
        session.execute(insert(PatrolRow), rows)
    assert len(office.patrols()) == count
    with office.workspace.database.reading() as session:
        assert len(patrols.patrols(session, limit=3)) == 3


def test_more_numbers_than_one_question_holds(office: Office) -> None:
    office.add("a.gpx", wander(1).recorded(1), **TEAM)
    ids = [*range(2, 40_000), 1]
    with office.workspace.database.reading() as session:
        driver = session.connection().connection.driver_connection
        # What SQLite allows unless it was built otherwise.
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        found = patrols.tracks_of_patrols(session, ids)
        assert [row.id for row in found[1]] == [1]
        assert len(found) == len(ids)
        assert list(patrols.sketches(session, ids)) == [1]
