"""A person overrules what was made of a track; coverage follows, and every decision is on record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from patrol_builders import (
    EAST,
    MAY14,
    WEST,
    Office,
    at,
    gpx_text,
    one,
    untimed,
    wander,
)
from sqlalchemy import select, text

from geoinspect.crs import GEOD, geodesic_length_m
from geoinspect.errors import NotFoundError, TrackError
from geoinspect.ingest.datum import from_wgs84
from geoinspect.intake import Intake
from geoinspect.patrol_book import patrol_list, track_points, track_report
from geoinspect.patrols.choices import Counts, Purpose
from geoinspect.records import Datum, Mode, Rule, Segment
from geoinspect.store import patrols, sightings
from geoinspect.store.schema import AuditRow, LookRow

TEAM = {"unit_code": WEST, "team": "一组", "mode": Mode.FOOT}
WAY = wander(1)
TRACK = WAY.recorded(1)
LENGTH_M = geodesic_length_m(TRACK.lon, TRACK.lat)
MATE = WAY.recorded(2, every_s=4.0, ahead_s=1.3)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def rounded(segment: Segment) -> Segment:
    return replace(segment, lon=np.round(segment.lon, 5), lat=np.round(segment.lat, 5))


def spiked(segment: Segment, *places: int) -> Segment:
    """The receiver leaps 400 m north for one fix and comes back."""
    lat = segment.lat.copy()
    lat[list(places)] += 400 / 110_925
    return segment.moved(segment.lon, lat)


def report_of(office: Office, number: int) -> dict[str, object]:
    with office.workspace.database.reading() as session:
        row = sightings.track(session, number)
        return track_report(session, row, office.workspace.settings)


def audited(office: Office) -> list[dict[str, object]]:
    with office.workspace.database.reading() as session:
        query = select(AuditRow.details).where(AuditRow.action == "track.review")
        return [json.loads(details) for details in session.scalars(query.order_by(AuditRow.id))]


def test_rules_off_and_on_again(office: Office) -> None:
    office.add("a.gpx", spiked(TRACK, 100, 200, 300), **TEAM)
    before, row = office.seen(), office.track(1)
    flagged = row.report["flagged"]
    assert sum(flagged.values()) == 3
    assert row.cleaned_length_m == pytest.approx(LENGTH_M, rel=0.02)
    off = office.review(1, rules_off=frozenset(Rule))
    assert off.report["flagged"] == {}
    assert off.cleaned_length_m == pytest.approx(row.cleaned_length_m + 6 * 400, abs=60)
    assert off.counted_length_m == off.cleaned_length_m
    assert office.seen().total_m == pytest.approx(off.counted_length_m, abs=0.2)
    shown = {rule["rule"]: rule for rule in report_of(office, 1)["rules"]}
    assert all(shown[name]["off"] and shown[name]["flagged"] == 0 for name in flagged)
    on = office.review(1, rules_off=frozenset())
    assert on.report["flagged"] == flagged
    assert (on.cleaned_length_m, on.counted_length_m) == (
        row.cleaned_length_m,
        row.counted_length_m,
    )
    assert office.seen().same(before)
    changes = audited(office)
    assert [change["after"]["choices"]["rules_off"] for change in changes] == [sorted(Rule), []]


def test_what_is_drawn_is_what_counts(office: Office) -> None:
    office.add("a.gpx", spiked(TRACK, 100), **TEAM)
    office.add("b.gpx", MATE, **TEAM)
    with office.workspace.database.reading() as session:
        for number in (1, 2):
            row = sightings.track(session, number)
            drawn = track_points(office.workspace, session, row)
            for key, length_m in (
                ("raw", row.length_m),
                ("cleaned", row.cleaned_length_m),
                ("counted", row.counted_length_m),
            ):
                metres = sum(
                    GEOD.line_length(*np.array(line).T) for line in drawn[key] if len(line) > 1
                )
                assert metres == pytest.approx(length_m, abs=0.1), key
            flagged = {rule: len(points) for rule, points in drawn["flagged"].items()}
            assert flagged == row.report["flagged"]


def test_another_mode_has_another_width(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM, headcount=4)
    before = office.seen()
    row = office.review(1, mode=Mode.BOAT)
    assert row.mode == "boat"
    settings = office.workspace.settings
    widths = settings.sweep_width_boat_m / settings.sweep_width_foot_m
    after = office.seen()
    assert after.effort.sum() == pytest.approx(widths * before.effort.sum(), rel=1e-4)
    assert after.total_m == pytest.approx(before.total_m, abs=0.1)
    (patrol,) = office.patrols()
    assert (patrol.mode, patrol.headcount) == ("boat", 4)
    office.review(1, mode=Mode.FOOT)
    assert office.seen().same(before)


def test_a_wrong_datum_is_put_right(office: Office) -> None:
    path = office.write("a.gpx", TRACK.moved(*from_wgs84(TRACK.lon, TRACK.lat, Datum.GCJ02)))
    office.send(path, **TEAM)
    wrong = office.seen()
    assert report_of(office, 1)["datum"]["used"] == "wgs84"
    row = office.review(1, datum=Datum.GCJ02, note="手机导出的是火星坐标")
    with office.workspace.database.reading() as session:
        points = track_points(office.workspace, session, sightings.track(session, 1))
    lon, lat = np.array(points["raw"][0]).T
    assert GEOD.inv(lon, lat, TRACK.lon, TRACK.lat)[2].max() < 0.05
    assert row.datum_used == "gcj02"
    told = report_of(office, 1)["datum"]
    assert (told["used"], told["declared"]) == ("gcj02", "gcj02")
    assert told["why"]
    assert not office.seen().same(wrong)
    right = office.seen()
    assert right.total_m == pytest.approx(LENGTH_M, abs=0.5)
    office.review(1, datum=None)
    assert office.seen().same(wrong)
    assert report_of(office, 1)["datum"]["used"] == "wgs84"
    office.add("mate.gpx", TRACK, **TEAM)
    assert [copy.kind for copy in office.copies(2)] == ["shifted"]
    twice = office.seen()
    assert twice.total_m == pytest.approx(wrong.total_m + LENGTH_M, rel=1e-3)
    office.review(1, datum=Datum.GCJ02)
    assert [copy.kind for copy in office.copies(2)] == ["same_recording"]
    assert office.seen().total_m == pytest.approx(right.total_m, rel=1e-3)


def test_a_copy_counts_when_its_original_does_not(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    alone = office.seen()
    office.add("b.gpx", rounded(TRACK), **TEAM)
    office.add("c.gpx", TRACK.part(slice(100, 300)), **TEAM)
    both = office.seen()
    office.review(1, counts=Counts.NOTHING, note="不是巡护")
    assert office.track(1).counted_length_m == 0
    assert office.track(2).counted_length_m == pytest.approx(LENGTH_M, rel=1e-2)
    assert office.track(3).counted_length_m < 40
    assert looks(office) >= {2}
    taken_over = office.seen()
    assert taken_over.total_m == pytest.approx(alone.total_m, rel=0.01)
    office.review(2, counts=Counts.NOTHING, note="也不是")
    assert office.track(3).counted_length_m > 0.3 * LENGTH_M
    assert looks(office) == {3}
    office.review(2, counts=Counts.AUTO)
    assert office.seen().same(taken_over)
    office.review(1, counts=Counts.AUTO)
    assert office.seen().same(both)


def looks(office: Office) -> set[int]:
    with office.workspace.database.reading() as session:
        return {look.source_id for look in session.scalars(select(LookRow))}


def test_a_copy_counts_whole_when_a_person_says_so(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    alone = office.seen()
    office.add("b.gpx", MATE, **TEAM)
    row = office.review(2, counts=Counts.WHOLE, note="两人相隔三十米")
    assert row.counted_length_m == row.cleaned_length_m
    assert row.decision["by"] == "clerk"
    assert row.decision["note"] == "两人相隔三十米"
    assert office.seen().total_m == pytest.approx(alone.total_m + row.cleaned_length_m, abs=0.2)
    with office.workspace.database.reading() as session:
        assert patrols.doubtful(session) == []
    assert office.doubts(2) == {"repeats_same_walk"}


def test_whose_it_was_can_be_corrected(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM, person="P1")
    row = office.review(
        1, unit_code=EAST, team="二组", people=("P2", "P3"), purpose=Purpose.RECHECK
    )
    assert (row.unit_code, row.team, row.people) == (EAST, "二组", ["P2", "P3"])
    assert row.inside_length_m is not None
    assert row.inside_length_m < 1
    (patrol,) = office.patrols()
    assert (patrol.unit_code, patrol.team, patrol.purpose) == (EAST, "二组", "recheck")
    (change,) = audited(office)
    assert change["before"]["unit"] == WEST
    assert change["after"]["unit"] == EAST
    with office.workspace.database.reading() as session:
        (told,) = patrol_list(
            office.workspace, session, start=date(2026, 5, 1), end=date(2026, 5, 31)
        )
    assert told["person_hours"] == pytest.approx(2 * 40 / 60, abs=0.02)


def test_a_patrol_that_a_track_leaves_forgets_its_hours(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    office.add("b.gpx", wander(2, start_s=at(10)).recorded(2), **TEAM)
    assert len(office.patrols()) == 1
    office.review(2, team="二组")
    spans = {
        patrol.team: (patrol.first_time.timestamp(), patrol.last_time.timestamp())
        for patrol in office.patrols()
    }
    assert spans["一组"] == pytest.approx((TRACK.time_s[0], TRACK.time_s[-1]), abs=1)
    assert spans["二组"][0] == at(10)


def test_a_later_zone_moves_the_outing(office: Office) -> None:
    """Naive times in a table: read as China's, then as UTC, eight hours later."""
    rows = [
        f"2026-05-14 {8 + n // 60:02}:{n % 60:02}:00,{lon:.7f},{lat:.7f}"
        for n, (lon, lat) in enumerate(zip(TRACK.lon[::12], TRACK.lat[::12], strict=True))
    ]
    path = office.folder / "a.csv"
    path.write_text("time,lon,lat\n" + "\n".join(rows), "utf-8")
    office.send(path, **TEAM)
    before = office.seen()
    row = office.review(1, timezone="UTC")
    assert row.first_time is not None
    assert row.first_time.timestamp() == at(16)
    (patrol,) = office.patrols()
    assert patrol.first_time == row.first_time
    office.review(1, timezone="Asia/Shanghai")
    assert office.seen().same(before)


def night(office: Office, *starts: str) -> None:
    """Tables of eight hours of work each, a fix a minute, at naive times."""
    rows = []
    for start in starts:
        for n, (lon, lat) in enumerate(zip(TRACK.lon, TRACK.lat, strict=True)):
            moment = datetime.fromisoformat(start) + timedelta(minutes=n)
            rows.append(f"{moment:%Y-%m-%d %H:%M:%S},{lon:.7f},{lat:.7f}")
    path = office.folder / "night.csv"
    path.write_text("time,lon,lat\n" + "\n".join(rows), "utf-8")
    office.send(path, **TEAM)


CAPE_VERDE = "Atlantic/Cape_Verde"  # an hour behind UTC: two in the afternoon is eleven at night


def test_what_is_one_outing_stays_one_in_another_zone(office: Office) -> None:
    """From eleven at night to seven would be two days' work had it come like that."""
    night(office, "2026-05-14 14:00:00")
    before = office.seen()
    row = office.review(1, timezone=CAPE_VERDE)
    assert row.first_time is not None
    assert row.first_time.timestamp() == at(23)
    assert row.points == len(TRACK)
    # The step across midnight is in neither half.
    assert office.seen().total_m == pytest.approx(before.total_m, abs=20)


def test_a_zone_that_would_cut_a_file_otherwise_is_refused(office: Office) -> None:
    night(office, "2026-05-14 14:00:00", "2026-05-17 10:00:00")
    assert len(office.tracks()) == 2
    before = office.track(1).choices, office.seen()
    with pytest.raises(TrackError) as caught:
        office.review(1, timezone=CAPE_VERDE)
    assert caught.value.code == "other_outings"
    assert "3" in caught.value.text.zh
    assert (office.track(1).choices, len(audited(office))) == (before[0], 0)
    assert office.seen().same(before[1])


def test_one_day_of_three_is_reviewed_alone(office: Office) -> None:
    days = [wander(n, start_s=at(8, 13 + n)).recorded(n) for n in (1, 2, 3)]
    gcj = [day.moved(*from_wgs84(day.lon, day.lat, Datum.GCJ02)) for day in days]
    office.add("week.gpx", one(*gcj), **TEAM)
    office.review(2, datum=Datum.GCJ02)
    for number, truth in ((1, gcj[0]), (2, days[1]), (3, gcj[2])):
        row = office.track(number)
        assert row.day == date(2026, 5, 13 + number)
        west, east = truth.lon.min(), truth.lon.max()
        assert (row.west, row.east) == pytest.approx((west, east), abs=2e-5)
    assert [row.datum_used for row in office.tracks()] == ["wgs84", "gcj02", "wgs84"]


def test_unknown_numbers_and_units_change_nothing(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    before = office.seen()
    with pytest.raises(NotFoundError, match="77"):
        office.intake.tracks.review(77, review_like(office))
    with pytest.raises(NotFoundError, match="U0"):
        office.review(1, unit_code="U0")
    with pytest.raises(NotFoundError, match="U0"):
        office.add("b.gpx", MATE, unit_code="U0")
    assert len(office.tracks()) == 1
    assert audited(office) == []
    assert office.seen().same(before)


def review_like(office: Office):
    from geoinspect.patrol_book import review_of

    with office.workspace.database.reading() as session:
        return review_of(session, sightings.track(session, 1))


def test_a_track_without_a_day_stays_reviewable(office: Office) -> None:
    office.add("a.gpx", untimed(TRACK), **TEAM)
    row = office.review(1, mode=Mode.VEHICLE)
    assert (row.mode, row.day) == ("vehicle", None)
    assert office.seen().total_m2 == 0
    assert office.add("a.gpx", untimed(TRACK), day=MAY14).status == "duplicate"
    assert office.track(1).mode == "vehicle"
    assert office.seen().total_m == pytest.approx(LENGTH_M, abs=0.1)


def as_before_version_two(office: Office, number: int) -> None:
    """Take away what tracks did not keep then."""
    with office.workspace.database.writing() as session:
        session.execute(
            text(
                "UPDATE track SET trace = NULL, sketch = NULL, route = NULL, patrol_id = NULL, "
                "choices = '{}', people = '[]' WHERE id = :id"
            ),
            {"id": number},
        )
        session.execute(text("DELETE FROM patrol"))
    office.intake = Intake(office.workspace, actor="clerk")


def test_tracks_of_the_first_version_can_be_reviewed(office: Office) -> None:
    office.add("a.gpx", spiked(TRACK, 100), unit_code=WEST, team="一组")
    before = office.seen()
    as_before_version_two(office, 1)
    office.review(1, rules_off=frozenset(Rule))
    assert office.seen().total_m == pytest.approx(before.total_m + 800, abs=60)
    row = office.review(1, rules_off=frozenset())
    assert office.seen().same(before)
    assert row.patrol_id is not None
    office.add("b.gpx", MATE, unit_code=WEST, team="一组")
    assert [copy.other_id for copy in office.copies(2)] == [1]


def test_a_new_copy_of_a_first_version_track_is_found(office: Office) -> None:
    office.add("a.gpx", TRACK, **TEAM)
    before = office.seen()
    as_before_version_two(office, 1)
    office.add("b.gpx", rounded(TRACK), **TEAM)
    assert [copy.other_id for copy in office.copies(2)] == [1]
    assert office.seen().total_m == pytest.approx(before.total_m, rel=0.01)


def test_a_first_version_track_of_several_days_keeps_them_all(office: Office) -> None:
    path = office.folder / "days.gpx"
    days = [wander(n, start_s=at(8, 13 + n)).recorded(n) for n in (1, 2)]
    path.write_text(gpx_text(*days), "utf-8")
    office.send(path, **TEAM)
    with office.workspace.database.writing() as session:
        session.execute(text("DELETE FROM look WHERE source_id = 2"))
        session.execute(text("DELETE FROM track WHERE id = 2"))
    as_before_version_two(office, 1)
    row = office.review(1, datum=Datum.WGS84)
    assert row.points == sum(map(len, days))
