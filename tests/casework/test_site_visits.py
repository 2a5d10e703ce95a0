"""Real tracks prove visits to sites: added, reviewed, copied, flown over; sites that move."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patrol_builders import EAST, MAY14, Office, Way, at, degrees, untimed, wander
from shapely import Point

from geoinspect.casework.actors import COMMAND_LINE
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.site_visits import recount_visits
from geoinspect.casework.sites import add_site, change_site, retire_site
from geoinspect.casework.sites_told import site_list
from geoinspect.patrols.choices import Counts
from geoinspect.records import Mode, Segment
from geoinspect.store import sites
from geoinspect.store.site_schema import SiteVisitRow
from geoinspect.store.sites import SiteFilter

HALF = 20 * 60


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as made:
        yield made


def ground_on(way: Way, second: int) -> Point:
    """Where somebody truly was at a second of a walk."""
    lon, lat = degrees(way.x_m[second : second + 1], way.y_m[second : second + 1])
    return Point(float(lon[0]), float(lat[0]))


def made_site(office: Office, place: Point, code: str = "S1", **more: object) -> int:
    values = {"radius_m": 40.0, "dwell_s": 30.0, **more}
    return add_site(office.workspace, NewSite(code, "老砖厂", place, **values), COMMAND_LINE)


def visits(office: Office, site_id: int) -> list[SiteVisitRow]:
    with office.workspace.database.reading() as session:
        return list(sites.visits_of_site(session, site_id))


def state(office: Office, today: date) -> str:
    with office.workspace.database.reading() as session:
        (line,) = site_list(session, office.workspace.settings, SiteFilter(), today)
    return line["state"]


def seconds_within(segment: Segment, place: Point, radius_m: float) -> float:
    """A plain count of the steps between fixes that are both within the radius."""
    x = (segment.lon - place.x) * 92_385.0
    y = (segment.lat - place.y) * 110_925.0
    near = np.hypot(x, y) <= radius_m
    return float(np.diff(segment.time_s)[near[1:] & near[:-1]].sum())


def test_a_track_proves_a_visit_by_place_and_time(office: Office) -> None:
    way = wander(1)
    place = ground_on(way, HALF)
    site_id = made_site(office, place)
    assert visits(office, site_id) == []
    walk = way.recorded(1)
    office.add("a.gpx", walk, unit_code=EAST)
    found = visits(office, site_id)
    assert {v.day for v in found} == {MAY14}
    assert {v.unit_code for v in found} == {EAST}
    assert min(v.nearest_m for v in found) < 12
    assert any(abs(v.arrived.timestamp() - way.time_s[HALF]) < 120 for v in found)
    # The plain count knows whole steps only: it may lack one at each end of each stay.
    counted_s = sum(v.dwell_s for v in found)
    assert abs(counted_s - seconds_within(walk, place, 40.0)) <= 10 * len(found) + 40


def test_sites_that_come_after_the_tracks_find_the_same_visits(office: Office) -> None:
    ways = [wander(n, start_s=at(8, day=10 + n)) for n in range(3)]
    place = ground_on(ways[1], HALF)
    before = made_site(office, place, "S1")
    for n, way in enumerate(ways):
        office.add(f"{n}.gpx", way.recorded(n))
    after = made_site(office, place, "S2")
    told = [
        [(v.track_id, v.arrived, v.dwell_s) for v in visits(office, s)] for s in (before, after)
    ]
    assert told[0] == told[1]
    assert told[0]
    counts = recount_visits(office.workspace, actor="t")
    assert counts == (2 * len(told[0]), 2 * len(told[0]))


@pytest.mark.parametrize("spoiled", ["untimed", "drone", "elsewhere", "too short"])
def test_what_proves_nothing(office: Office, spoiled: str) -> None:
    way = wander(2)
    walk = way.recorded(2)
    place = ground_on(way, HALF)
    if spoiled == "elsewhere":
        place = Point(place.x, place.y + 0.01)
    dwell_s = 7200.0 if spoiled == "too short" else 30.0
    site_id = made_site(office, place, dwell_s=dwell_s)
    if spoiled == "untimed":
        walk = untimed(walk)
    office.add("a.gpx", walk, mode=Mode.DRONE if spoiled == "drone" else Mode.FOOT)
    assert visits(office, site_id) == []


def test_a_review_takes_visits_away_and_gives_them_back(office: Office) -> None:
    way = wander(3)
    site_id = made_site(office, ground_on(way, HALF))
    office.add("a.gpx", way.recorded(3), mode=Mode.FOOT)
    first = [(v.arrived, v.dwell_s) for v in visits(office, site_id)]
    assert first
    office.review(1, counts=Counts.NOTHING, note="不是踏查")
    assert visits(office, site_id) == []
    office.review(1, counts=Counts.AUTO)
    assert [(v.arrived, v.dwell_s) for v in visits(office, site_id)] == first
    office.review(1, mode=Mode.DRONE)
    assert visits(office, site_id) == []
    office.review(1, mode=Mode.FOOT, unit_code=EAST)
    assert {v.unit_code for v in visits(office, site_id)} == {EAST}


def test_a_copy_proves_nothing_until_the_first_no_longer_counts(office: Office) -> None:
    way = wander(4)
    walk = way.recorded(4)
    site_id = made_site(office, ground_on(way, HALF))
    office.add("a.gpx", walk)
    once = len(visits(office, site_id))
    # The same recording thinned out, and with its clock put on by a month.
    office.add("b.gpx", walk.part(slice(None, None, 2)))
    office.add("c.gpx", replace(walk, time_s=walk.time_s + 9 * 86_400))
    # The phone of somebody who walked along.
    office.add("d.gpx", way.recorded(40))
    assert once
    assert {v.track_id for v in visits(office, site_id)} == {1}
    assert len(visits(office, site_id)) == once
    office.review(1, counts=Counts.NOTHING, note="不是踏查")
    assert {v.track_id for v in visits(office, site_id)} == {2}


def test_a_site_that_moves_or_widens_is_settled_anew(office: Office) -> None:
    way = wander(5)
    place = ground_on(way, HALF)
    far = Point(place.x, place.y + 0.02)
    site_id = made_site(office, far)
    office.add("a.gpx", way.recorded(5))
    assert visits(office, site_id) == []
    assert change_site(office.workspace, site_id, {"ground": place}, COMMAND_LINE)
    near = visits(office, site_id)
    assert near
    change_site(office.workspace, site_id, {"dwell_s": 80_000.0}, COMMAND_LINE)
    assert visits(office, site_id) == []
    change_site(office.workspace, site_id, {"dwell_s": 30.0, "name": "改名"}, COMMAND_LINE)
    assert [v.arrived for v in visits(office, site_id)] == [v.arrived for v in near]
    # What was walked stays walked when nobody need go there any more.
    retire_site(office.workspace, site_id, "已拆除", COMMAND_LINE)
    assert visits(office, site_id)


def test_states_follow_the_last_visit_and_a_clock_ahead_proves_nothing_yet(office: Office) -> None:
    way = wander(6)
    place = ground_on(way, HALF)
    made_site(office, place, interval_days=10, starts=date(2026, 5, 1))
    assert state(office, date(2026, 4, 30)) == "not_started"
    assert state(office, MAY14) == "never"
    office.add("a.gpx", way.recorded(6))
    days = {day: state(office, date(2026, 5, day)) for day in (13, 14, 16, 17, 24, 25)}
    assert days == {
        13: "never",
        14: "fine",
        16: "fine",
        17: "due_soon",
        24: "due_soon",
        25: "overdue",
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seconds=st.lists(st.integers(60, 2300), min_size=1, max_size=4),
    radius_m=st.floats(5, 120),
    dwell_s=st.floats(0, 200),
)
def test_any_sites_before_or_after_a_track_agree(
    seconds: list[int], radius_m: float, dwell_s: float
) -> None:
    way = wander(7)
    with tempfile.TemporaryDirectory() as folder, Office(Path(folder)) as office:
        values = {"radius_m": radius_m, "dwell_s": dwell_s}
        first = [
            made_site(office, ground_on(way, s), f"A{n}", **values) for n, s in enumerate(seconds)
        ]
        office.add("a.gpx", way.recorded(7, every_s=10.0))
        second = [
            made_site(office, ground_on(way, s), f"B{n}", **values) for n, s in enumerate(seconds)
        ]
        for before, after in zip(first, second, strict=True):
            pairs = [
                [(v.arrived, v.dwell_s, v.nearest_m) for v in visits(office, s)]
                for s in (before, after)
            ]
            assert pairs[0] == pairs[1]
            assert all(dwell >= dwell_s and nearest <= radius_m for _, dwell, nearest in pairs[0])
