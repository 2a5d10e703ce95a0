"""Track files in the store: split into outings, counted once, and what is odd told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from county_builder import HEIGHT, SOUTH, WIDTH
from county_builder import WEST as WEST_LON
from patrol_builders import (
    EAST,
    MAY14,
    WEST,
    Office,
    Seen,
    at,
    degrees,
    one,
    untimed,
    wander,
)

from geoinspect.crs import GEOD, geodesic_length_m
from geoinspect.ingest.datum import from_wgs84
from geoinspect.patrol_book import patrol_list, shifts_of
from geoinspect.patrols.hours import person_hours
from geoinspect.records import Datum, Mode, Segment
from geoinspect.store import patrols as book

COMPARTMENT = "U990100002001L01"
TEAM = {"unit_code": WEST, "team": "一组", "mode": Mode.FOOT}
WAY = wander(1)
TRACK = WAY.recorded(1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def moved_to(segment: Segment, hour: float, day: int) -> Segment:
    return replace(segment, time_s=segment.time_s - segment.time_s[0] + at(hour, day))


def length_m(segment: Segment) -> float:
    return geodesic_length_m(segment.lon, segment.lat)


def test_three_days_in_one_file_are_three_tracks_with_their_own_looks(office: Office) -> None:
    days = [moved_to(wander(n).recorded(n), 8, 13 + n) for n in (1, 2, 3)]
    result = office.add("week.gpx", one(*days), **TEAM)
    assert result.details["tracks"] == [1, 2, 3]
    assert "3 次踏查" in result.summary.zh
    rows = office.tracks()
    assert [(row.part, row.day) for row in rows] == [(n, date(2026, 5, 14 + n)) for n in range(3)]
    assert [row.points for row in rows] == [len(day) for day in days]
    assert len({row.patrol_id for row in rows}) == 3
    whole = office.seen()
    by_day = [office.seen(as_of=date(2026, 5, 13 + n)).total_m for n in range(4)]
    lengths = [row.cleaned_length_m for row in rows]
    assert by_day == pytest.approx(np.cumsum([0.0, *lengths]), abs=0.1)
    assert office.seen(as_of=date(2026, 5, 16)).same(whole)


def test_an_office_that_gets_the_days_one_by_one_sees_the_same(
    office: Office, tmp_path: Path
) -> None:
    days = [moved_to(wander(n).recorded(n), 8, 13 + n) for n in (1, 2, 3)]
    office.add("week.gpx", *days, **TEAM)
    (tmp_path / "other").mkdir()
    with Office(tmp_path / "other") as other:
        for n, day in enumerate(days):
            other.add(f"{n}.gpx", day, **TEAM)
        assert other.seen().same(office.seen())


def test_a_long_rest_makes_two_outings_of_one_day(office: Office) -> None:
    half = len(TRACK) // 2
    rest = replace(TRACK, time_s=TRACK.time_s + np.where(np.arange(len(TRACK)) < half, 0, 3 * 3600))
    assert office.add("rest.gpx", rest, **TEAM).details["tracks"] == [1, 2]
    assert [row.day for row in office.tracks()] == [MAY14, MAY14]
    assert len(office.patrols()) == 2
    hop_m = length_m(TRACK.part(slice(half - 1, half + 1)))
    assert office.seen().total_m == pytest.approx(length_m(TRACK) - hop_m, abs=0.1)


def test_untimed_segments_belong_to_the_one_outing_of_their_file(office: Office) -> None:
    bare = untimed(wander(7).recorded(7))
    office.add("mixed.gpx", TRACK, bare, **TEAM)
    (row,) = office.tracks()
    assert row.day == MAY14
    assert row.first_time is not None
    assert row.first_time.timestamp() == at(8)
    assert office.seen().total_m == pytest.approx(length_m(TRACK) + length_m(bare), abs=0.2)


def test_untimed_segments_beside_two_outings_wait_for_their_day(office: Office) -> None:
    timed, bare = [TRACK, moved_to(wander(2).recorded(2), 8, 15)], untimed(wander(7).recorded(7))
    dated_m = sum(map(length_m, timed))
    result = office.add("mixed.gpx", *timed, bare, **TEAM)
    assert "no_day" in {problem.code for problem in result.problems}
    assert [row.day for row in office.tracks()] == [MAY14, date(2026, 5, 15), None]
    assert office.seen().total_m == pytest.approx(dated_m, abs=0.2)
    again = office.add("mixed.gpx", *timed, bare, **TEAM, day=date(2026, 5, 20))
    assert again.status == "duplicate"
    assert [row.day for row in office.tracks()] == [MAY14, date(2026, 5, 15), date(2026, 5, 20)]
    assert office.seen().total_m == pytest.approx(dated_m + length_m(bare), abs=0.3)
    used = {row.patrol_id for row in office.tracks()}
    assert {patrol.id for patrol in office.patrols()} == used


def test_a_mates_device_counts_its_hours_and_no_ground(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM, person="P1")
    alone = office.seen()
    mate = WAY.recorded(2, every_s=4.0, ahead_s=1.3)
    result = office.add("b.gpx", mate, **TEAM, person="P2")
    (copy,) = office.copies(result.record_id)
    assert (copy.kind, copy.other_id) == ("same_walk", 1)
    assert office.track(2).counted_length_m < 0.01 * length_m(mate)
    both = office.seen()
    assert both.total_m == pytest.approx(alone.total_m, rel=0.01)
    assert both.total_m2 == pytest.approx(alone.total_m2, rel=0.005)
    assert np.abs(both.effort - alone.effort).max() < 0.02
    (patrol,) = listed(office)
    assert patrol["tracks"] == [1, 2]
    assert patrol["people"] == ["P1", "P2"]
    assert patrol["distance_m"] == pytest.approx(length_m(TRACK), rel=0.01)
    assert patrol["person_hours"] == pytest.approx(2 * 40 / 60, abs=0.02)


def test_the_same_bytes_from_another_person_add_the_person(office: Office) -> None:
    path = office.write("a.gpx", TRACK)
    office.send(path, **TEAM, person="P1")
    before = office.seen()
    result = office.send(path, **TEAM, person="P2")
    assert result.status == "duplicate"
    assert "P2" in result.summary.zh
    (row,) = office.tracks()
    assert row.people == ["P1", "P2"]
    assert office.seen().same(before)
    (patrol,) = listed(office)
    assert patrol["person_hours"] == pytest.approx(2 * 40 / 60, abs=0.02)
    assert office.send(path, **TEAM, person="P2").summary.zh.count("P2") == 0


def test_another_person_with_the_missing_day_brings_both(office: Office) -> None:
    path = office.write("a.gpx", untimed(TRACK))
    office.send(path, **TEAM, person="P1")
    office.send(path, **TEAM, person="P2", day=MAY14)
    (row,) = office.tracks()
    assert row.people == ["P1", "P2"]
    assert row.day == MAY14
    assert office.seen().total_m > 0


def test_people_abreast_see_ground_of_their_own(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM, person="P1")
    alone = office.seen()
    abreast = WAY.aside(30).recorded(3)
    result = office.add("b.gpx", abreast, **TEAM, person="P2")
    assert office.copies(result.record_id) == []
    assert office.track(2).counted_length_m == pytest.approx(length_m(abreast), rel=1e-3)
    assert office.seen().total_m2 > 1.8 * alone.total_m2
    (patrol,) = listed(office)
    assert patrol["distance_m"] == pytest.approx(length_m(TRACK) + length_m(abreast), rel=1e-3)


def rounded(segment: Segment) -> Segment:
    return replace(segment, lon=np.round(segment.lon, 5), lat=np.round(segment.lat, 5))


def backwards(segment: Segment) -> Segment:
    return segment.part(np.arange(len(segment))[::-1])


def thinned(segment: Segment) -> Segment:
    return segment.part(slice(None, None, 3))


def half(segment: Segment) -> Segment:
    return segment.part(slice(100, 340))


def a_day_later(segment: Segment) -> Segment:
    return replace(segment, time_s=segment.time_s + 86_400)


COPIES = [rounded, backwards, thinned, half, a_day_later, untimed]


@pytest.mark.parametrize("change", COPIES, ids=lambda change: change.__name__)
def test_a_changed_copy_adds_nothing(office: Office, change: Callable[[Segment], Segment]) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    alone = office.seen()
    result = office.add("b.gpx", change(TRACK), **TEAM, day=MAY14)
    assert result.status == "added"
    (copy,) = office.copies(2)
    assert copy.share > 0.98
    assert office.track(2).counted_length_m < 0.01 * length_m(TRACK)
    assert nearly(office.seen(), alone)
    assert any(code.startswith("repeats_") for code in office.doubts(2))


@pytest.mark.parametrize("change", COPIES, ids=lambda change: change.__name__)
def test_the_order_in_which_copies_come_changes_little(
    office: Office, change: Callable[[Segment], Segment], tmp_path: Path
) -> None:
    office.add("b.gpx", change(TRACK), **TEAM, day=MAY14)
    office.add("a.gpx", TRACK, **TEAM)
    (tmp_path / "other").mkdir()
    with Office(tmp_path / "other") as other:
        other.add("a.gpx", TRACK, **TEAM)
        truth = other.seen()
    # A thinned line cuts the corners; whichever came first is the one that counts.
    assert office.seen().total_m == pytest.approx(truth.total_m, rel=0.04)
    assert office.seen().total_m2 == pytest.approx(truth.total_m2, rel=0.04)


def nearly(one_: Seen, other: Seen) -> bool:
    """Within the few bits that a left-over end point marks."""
    return bool(
        abs(one_.total_m - other.total_m) < 0.005 * other.total_m
        and abs(one_.total_m2 - other.total_m2) < 0.005 * other.total_m2
        and np.abs(one_.effort - other.effort).max() < 0.02
    )


def test_only_the_new_part_of_an_overlapping_half_counts(office: Office) -> None:
    office.add("a.gpx", TRACK.part(slice(0, 320)), **TEAM)
    office.add("b.gpx", TRACK.part(slice(160, None)), **TEAM)
    new_m = length_m(TRACK.part(slice(319, None)))
    assert office.track(2).counted_length_m == pytest.approx(new_m, abs=60)
    assert office.seen().total_m == pytest.approx(length_m(TRACK), abs=60)
    assert office.copies(2)[0].share == pytest.approx(0.5, abs=0.05)


def test_a_repeat_of_two_tracks_together_adds_nothing(office: Office) -> None:
    middle = len(TRACK) // 2
    office.add("a.gpx", TRACK.part(slice(0, middle + 1)), **TEAM)
    office.add("b.gpx", TRACK.part(slice(middle, None)), **TEAM)
    before = office.seen()
    office.add("c.gpx", rounded(TRACK), **TEAM)
    assert [copy.other_id for copy in office.copies(3)] in ([1, 2], [2, 1])
    assert office.track(3).counted_length_m < 40
    assert nearly(office.seen(), before)


def test_another_teams_track_is_told_and_stays(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    result = office.add("b.gpx", rounded(TRACK), unit_code=EAST, team="二组", mode=Mode.FOOT)
    assert result.status == "added"
    assert "another_teams_track" in office.doubts(2)
    evidence = next(d for d in office.track(2).doubts if d["code"] == "another_teams_track")
    assert evidence["evidence"]["track"] == 1
    assert evidence["message"]
    assert "另一小组" in evidence["message_zh"]
    assert office.doubts(1) == set()
    assert len(office.patrols()) == 2


@pytest.mark.parametrize(
    "speed_mps",
    [1.2, 12.0],
    ids=["made up", "driven"],
)
def test_nothing_is_rejected_for_being_odd(office: Office, speed_mps: float) -> None:
    """A straight line at one speed, on foot: told, kept, and counted until a person decides."""
    count = int(2500 / speed_mps / 2)
    x = 200 + 2 * speed_mps * np.arange(count)
    lon, lat = degrees(x, 0.3 * x + 300)
    line = Segment(lon, lat, at(9) + 2.0 * np.arange(count))
    result = office.add("odd.gpx", line, **TEAM)
    assert result.status == "added"
    assert office.doubts(1)
    assert result.details["doubts"]
    with office.workspace.database.reading() as session:
        assert [row.id for row in book.doubtful(session)] == [1]


def test_a_gcj02_file_that_does_not_say_so_is_pointed_out(office: Office) -> None:
    # A compartment of 0.9 km by 1.1 km, searched from border to border; the offset is 460 m.
    whole = wander(4, minutes=190, x_m=10, y_m=15).recorded(4, every_s=10)
    shifted = whole.moved(*from_wgs84(whole.lon, whole.lat, Datum.GCJ02))
    unit = {**TEAM, "unit_code": COMPARTMENT}
    result = office.add("a.gpx", shifted, **unit)
    assert result.status == "added"
    (doubt,) = (d for d in office.track(1).doubts if d["code"] == "fits_after_shift")
    assert doubt["evidence"]["suggested"] == "gcj02"
    office.add("b.gpx", whole, **unit)
    assert "fits_after_shift" not in office.doubts(2)
    # Read aright it is found again in the one that was read wrongly.
    assert [copy.kind for copy in office.copies(2)] == ["shifted"]


def test_work_outside_the_days_or_the_ground_is_told(office: Office) -> None:
    office.add("late.gpx", moved_to(TRACK, 8, 31 + 5), **TEAM)
    assert "outside_days" in office.doubts(1)
    office.add("far.gpx", TRACK.moved(TRACK.lon + 0.5, TRACK.lat), **TEAM)
    assert "outside_ground" in office.doubts(2)
    away = next(d for d in office.track(2).doubts if d["code"] == "outside_ground")
    east = WEST_LON + 2 * WIDTH
    there = 0.5 + TRACK.lon.min()
    truth_m = GEOD.inv(east, SOUTH + HEIGHT / 2, there, SOUTH + HEIGHT / 2)[2]
    assert away["evidence"]["away_m"] == pytest.approx(truth_m, rel=0.01)
    assert office.seen().total_m == 0
    office.add("good.gpx", TRACK, **TEAM)
    assert office.doubts(3) & {"outside_days", "outside_ground"} == set()


def test_length_and_time_inside_the_units_own_ground(office: Office) -> None:
    # From the western township into the eastern one.
    crossing = wander(6, x_m=1400).recorded(6)
    office.add("a.gpx", crossing, **TEAM)
    row = office.track(1)
    border = WEST_LON + WIDTH
    west = shapely.box(WEST_LON, SOUTH, border, SOUTH + HEIGHT)
    parts = shapely.get_parts(
        shapely.intersection(
            shapely.linestrings(np.column_stack([crossing.lon, crossing.lat])), west
        )
    )
    truth_m = sum(GEOD.geometry_length(part) for part in parts)
    assert 0.1 < truth_m / length_m(crossing) < 0.9
    assert row.inside_length_m == pytest.approx(truth_m, rel=1e-4)
    share = np.mean(crossing.lon < border)
    assert row.inside_s == pytest.approx(share * np.ptp(crossing.time_s), rel=0.02)
    office.add("b.gpx", wander(8).recorded(8), team="二组")
    assert office.track(2).inside_length_m is None


def test_outings_of_a_team_and_a_day_are_one_patrol(office: Office) -> None:
    morning, later = wander(1), wander(2, start_s=at(10))
    office.add("a.gpx", morning.recorded(1), **TEAM, headcount=3)
    office.add("b.gpx", later.recorded(2), **TEAM)
    office.add("c.gpx", wander(3, start_s=at(8, 15)).recorded(3), **TEAM)
    office.add("d.gpx", wander(4, start_s=at(9)).recorded(4), **{**TEAM, "team": "二组"})
    rows = office.tracks()
    groups: dict[int | None, list[int]] = {}
    for row in rows:
        groups.setdefault(row.patrol_id, []).append(row.id)
    assert sorted(groups.values()) == [[1, 2], [3], [4]]
    first = next(patrol for patrol in office.patrols() if patrol.id == rows[0].patrol_id)
    assert first.headcount == 3
    assert first.first_time is not None
    assert first.first_time.timestamp() == at(8)
    with office.workspace.database.reading() as session:
        tracks = book.tracks_of_patrols(session, [first.id])[first.id]
        hours = person_hours(shifts_of(session, tracks), first.headcount)
    assert hours == pytest.approx(3 * 2 * 40 / 60, abs=0.05)


def test_a_team_mates_copy_of_another_unit_is_no_part_of_the_patrol(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    office.add("b.gpx", WAY.recorded(2), unit_code=EAST, team="一组", mode=Mode.FOOT)
    assert office.track(2).counted_length_m < 40
    assert len(office.patrols()) == 2


def listed(office: Office) -> list[dict[str, object]]:
    with office.workspace.database.reading() as session:
        return patrol_list(office.workspace, session, start=date(2026, 5, 1), end=date(2026, 5, 31))
