"""Comparing tracks: worked out once, held within bounds; and the campaign that a doubt names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from patrol_builders import WEST, Office, at, wander

from geoinspect import pipeline
from geoinspect.intake import repeats
from geoinspect.patrols.choices import Counts
from geoinspect.records import Mode
from geoinspect.store import sightings

TEAM = {"unit_code": WEST, "team": "一组", "mode": Mode.FOOT}
WAY = wander(1)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def test_what_repeats_is_worked_out_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    true_repeats = repeats.repeats
    monkeypatch.setattr(
        repeats, "repeats", lambda *args, **rest: asked.append(1) or true_repeats(*args, **rest)
    )
    office.add("a.gpx", WAY.recorded(1), **TEAM)
    office.add("b.gpx", WAY.recorded(2, every_s=4.0, ahead_s=1.3), **TEAM)
    assert office.track(2).counted_length_m < 40
    assert len(asked) == 1


def test_what_was_stored_leaves_the_same_over(office: Office) -> None:
    office.add("a.gpx", WAY.recorded(1), **TEAM)
    office.add("b.gpx", wander(1, minutes=60).recorded(2, every_s=4.0), **TEAM)
    finder = repeats.Repeats(office.workspace)
    with office.workspace.database.reading() as session:
        row = sightings.track(session, 2)
        points, known = finder.points(row), finder.known(session, row)
        assert [one.again for one in known] == [None]
        found = finder.find(session, points, [row.sketch or b""], before=2)
        assert all(one.again is not None for one in found)
        kept = finder.left_over(points, Counts.AUTO, known)
        new = finder.left_over(points, Counts.AUTO, found)
    assert [len(piece) for piece in kept] == [len(piece) for piece in new]
    assert 0 < sum(map(len, new)) < sum(map(len, points))


def test_no_more_points_are_held_than_the_bound(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        office.add(f"{number}.gpx", wander(number, start_s=at(8, number)).recorded(number), **TEAM)
    finder = repeats.Repeats(office.workspace)
    with office.workspace.database.reading() as session:
        rows = sightings.tracks(session)
        most = 2 * max(row.points for row in rows) + 1
        monkeypatch.setattr(repeats, "_KEPT_POINTS", most)
        for row in [*rows, *rows]:
            points = finder.points(row)
            assert finder.points(row) is points
            assert 0 < held(finder) <= most
        # One that is too large alone is held until the next.
        monkeypatch.setattr(repeats, "_KEPT_POINTS", 10)
        for row in rows:
            points = finder.points(row)
            assert held(finder) == sum(map(len, points))


def held(finder: repeats.Repeats) -> int:
    return sum(len(one) for kept in finder._points.values() for one in kept)


def test_a_track_between_campaigns_is_told_of_the_nearest(office: Office) -> None:
    for name, month in (("秋季", 9), ("老", 1)):
        plan = pipeline.CampaignPlan(
            name, "990100", date(2026, month, 1), date(2026, month, 20), 500
        )
        pipeline.find_or_make_campaign(office.workspace, plan, actor="t")
    # The 3rd of June, the 10th of August, the 25th of January and the 20th of April.
    for number, day in enumerate((34, 102, -95, -10), 1):
        office.add(f"{number}.gpx", wander(number, start_s=at(8, day)).recorded(number), **TEAM)
    told = [
        next(doubt["evidence"]["start"] for doubt in row.doubts if doubt["code"] == "outside_days")
        for row in office.tracks()
    ]
    assert told == ["2026-05-01", "2026-09-01", "2026-01-01", "2026-05-01"]
