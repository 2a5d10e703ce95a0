"""Questions to a campaign's looks: who, when, how; what expired; and what may be claimed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from patrol_builders import EAST, WEST, Office, at, wander

from geoinspect.campaign_book import load_book
from geoinspect.coverage.cells import CellTable
from geoinspect.coverage.sums import CoverageSum
from geoinspect.intake.opening import open_campaign
from geoinspect.records import Mode
from geoinspect.search_records import Method
from geoinspect.snapshot import Question, Snapshot, SnapshotCache, answer, take_snapshot

UNITS = (EAST, WEST)
TRACKS = (
    (EAST, "一组", Mode.FOOT, 3, 300.0, 200.0),
    (WEST, "二组", Mode.FOOT, 3, 700.0, 500.0),
    (WEST, "二组", Mode.VEHICLE, 9, 1500.0, 300.0),
    (EAST, None, Mode.FOOT, 14, 1900.0, 700.0),
    (None, "三组", Mode.DRONE, 20, 2300.0, 200.0),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with Office(tmp_path_factory.mktemp("asked")) as office:
        for number, (unit, team, mode, day, x_m, y_m) in enumerate(TRACKS):
            way = wander(number, start_s=at(8 + number % 3, day), x_m=x_m, y_m=y_m)
            office.add(f"{number}.gpx", way.recorded(number), unit_code=unit, team=team, mode=mode)
        yield office


def asked(office: Office, **question: object) -> Snapshot:
    return take_snapshot(office.workspace, 1, question=Question(**question))


def unexpired(office: Office, day: date) -> CellTable:
    """The table of a day when looks hold for good."""
    settings = office.workspace.settings.model_copy(update={"expire_looks": False})
    with office.workspace.database.reading() as session:
        book = load_book(office.workspace, session, 1)
    return answer(book, Question(as_of=day), settings).table


def assert_equal(one: CellTable, other: CellTable) -> None:
    np.testing.assert_array_equal(one.seen_bits, other.seen_bits)
    np.testing.assert_array_equal(one.passes, other.passes)
    np.testing.assert_array_equal(one.state, other.state)
    np.testing.assert_allclose(one.pod, other.pod, atol=1e-12)
    np.testing.assert_allclose(one.length_m, other.length_m)


def test_two_units_asked_together_are_both(office: Office) -> None:
    east, west = (asked(office, units=frozenset({unit})).table for unit in UNITS)
    both = asked(office, units=frozenset(UNITS)).table
    np.testing.assert_array_equal(both.seen_bits, east.seen_bits | west.seen_bits)
    np.testing.assert_array_equal(both.passes, east.passes + west.passes)
    np.testing.assert_allclose(both.length_m, east.length_m + west.length_m)
    np.testing.assert_allclose(1 - both.pod, (1 - east.pod) * (1 - west.pod), atol=1e-12)
    every = asked(office).table
    assert (every.passes >= both.passes).all()
    assert every.passes.sum() > both.passes.sum() > east.passes.sum() > 0


def test_teams_and_methods_part_the_looks(office: Office) -> None:
    every = asked(office).table
    by_method = [asked(office, methods=frozenset({m})).table for m in Method]
    np.testing.assert_array_equal(sum(t.passes for t in by_method), every.passes)
    np.testing.assert_array_equal(
        np.bitwise_or.reduce([t.seen_bits for t in by_method]), every.seen_bits
    )
    team = asked(office, teams=frozenset({"二组"}))
    on_foot = asked(office, teams=frozenset({"二组"}), methods=frozenset({Method.FOOT}))
    assert team.counted.any(axis=1).sum() == 2
    assert on_foot.counted.any(axis=1).sum() == 1
    assert asked(office, teams=frozenset({"nobody"})).table.passes.sum() == 0
    assert asked(office, teams=frozenset()).table.passes.sum() == 0


def test_days_only_add_where_nothing_expires(office: Office) -> None:
    before = unexpired(office, date(2026, 5, 1))
    assert before.passes.sum() == 0
    for day in range(2, 32):
        table = unexpired(office, date(2026, 5, day))
        assert not (before.seen_bits & ~table.seen_bits).any()
        assert (table.pod >= before.pod - 1e-12).all()
        assert (table.state >= before.state).all()
        before = table
    assert_equal(before, asked(office).table)


def test_the_day_asked_for_counts(office: Office) -> None:
    for day, looks in ((2, 0), (3, 2), (8, 2), (9, 3), (13, 3), (14, 4), (20, 5)):
        snapshot = asked(office, as_of=date(2026, 5, day))
        assert snapshot.counted.any(axis=1).sum() == looks
        assert snapshot.as_of == date(2026, 5, day)
        assert (snapshot.data_until is None) == (looks == 0)
        assert snapshot.data_until is None or snapshot.data_until <= snapshot.as_of


def test_sums_agree_from_compartment_to_county(office: Office) -> None:
    snapshot = asked(office)
    children: dict[str, list[str]] = {}
    for area in snapshot.book.areas:
        if area.parent_code is not None:
            children.setdefault(area.parent_code, []).append(area.code)
    root = snapshot.sums["990100"]
    for parent in ("990100", "990100001", "990100002"):
        added = sum((snapshot.sums[c] for c in children[parent]), CoverageSum())
        for name, value in snapshot.sums[parent].as_json().items():
            near = pytest.approx(added.as_json()[name], rel=1e-9, abs=0.6)
            assert name == "seen_fraction" or value == near
    assert root.cells == len(snapshot.ground.cell_row)
    assert root.area_m2 == pytest.approx(snapshot.ground.cell_m2.sum())


def test_a_duplicate_file_changes_nothing(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        way = wander(1).recorded(1)
        office.add("a.gpx", way, unit_code=EAST, mode=Mode.FOOT)
        before = office.seen()
        assert office.add("b.gpx", way, unit_code=EAST, mode=Mode.FOOT).status == "duplicate"
        assert office.seen().same(before)
        # Nor does the same walk in other bytes.
        text = (tmp_path / "a.gpx").read_text("utf-8")
        (tmp_path / "c.gpx").write_text(text.replace("<gpx", "<!-- again --><gpx"), "utf-8")
        office.send(tmp_path / "c.gpx", unit_code=EAST, mode=Mode.FOOT)
        assert office.seen().same(before)


def test_a_cache_that_grew_by_one_track_says_what_a_new_one_says(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        cache = SnapshotCache(office.workspace)
        for number in range(3):
            way = wander(number, start_s=at(8, 3 + number), x_m=400.0 * number + 200)
            office.add(f"{number}.gpx", way.recorded(number), unit_code=EAST, mode=Mode.FOOT)
            grown, new = cache.get(1), SnapshotCache(office.workspace).get(1)
            assert grown.version == new.version
            assert len(grown.book.sources) == number + 1
            for name in ("starts", "method", "cell", "masks", "exposure", "effort", "last_s"):
                one, other = getattr(grown.book.looks, name), getattr(new.book.looks, name)
                assert one.tobytes() == other.tobytes()
            assert_equal(grown.table, new.table)
        ground = cache.get(1).ground
        office.add("9.gpx", wander(9, start_s=at(8, 9)).recorded(9), mode=Mode.FOOT)
        assert cache.get(1).ground is ground


@pytest.fixture(scope="module")
def winter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A campaign of a year, and one of two, with the same walk before it comes up and at the bud."""
    with Office(tmp_path_factory.mktemp("winter")) as office:
        for name, end in (("一年", date(2026, 12, 31)), ("两年", date(2027, 12, 31))):
            open_campaign(
                office.workspace, name, area_code="990100", start=date(2026, 1, 1), end=end,
                cell_m=100, actor="t",
            )  # fmt: skip
        for number, day in enumerate((-100, -5)):
            way = wander(number, start_s=at(8, day), x_m=300.0)
            office.add(f"{number}.gpx", way.recorded(number), unit_code=EAST, mode=Mode.FOOT)
        yield office


def on(winter: Office, day: date, *, campaign: int = 2) -> Snapshot:
    return take_snapshot(winter.workspace, campaign, question=Question(as_of=day))


def test_ground_seen_before_emergence_is_not_cleared_at_flowering(winter: Office) -> None:
    early, late = (source.day for source in on(winter, date(2026, 5, 30)).book.sources)
    assert early == date(2026, 1, 20)
    assert late == date(2026, 4, 25)
    calendar = on(winter, late).book.calendar
    assert calendar.stages(early)[0] == "none"
    assert calendar.stages(late)[0] == "bud"
    # While nothing is up the early look holds; at flowering it counts no more, and nothing else
    # has been seen.
    assert on(winter, early).counted.any(axis=1).tolist() == [True, False]
    before = on(winter, date(2026, 4, 24))
    assert before.table.passes.sum() == 0
    assert (before.faded > before.table.state).any()
    after = on(winter, date(2026, 5, 5))
    assert calendar.stages(after.as_of)[0] == "flower"
    assert after.counted.any(axis=1).tolist() == [False, True]
    assert after.table.passes.max() == 1
    assert (after.faded >= after.table.state).all()


def test_a_new_season_starts_from_nothing(winter: Office) -> None:
    assert on(winter, date(2026, 12, 20)).counted.any(axis=1).tolist() == [False, True]
    for day in (date(2027, 1, 1), date(2027, 5, 1), date(2027, 12, 31)):
        assert on(winter, day).table.passes.sum() == 0
        assert on(winter, day).faded.max() > 0


def test_a_campaign_of_several_years_asks_what_was_ever_seen(winter: Office) -> None:
    last = on(winter, date(2027, 12, 31), campaign=3)
    assert last.counted.all()
    assert last.table.passes.max() >= 1
    np.testing.assert_array_equal(last.faded, last.table.state)


def test_looks_that_hold_for_good_by_setting(winter: Office) -> None:
    settings = winter.workspace.settings.model_copy(update={"expire_looks": False})
    with winter.workspace.database.reading() as session:
        book = load_book(winter.workspace, session, 2)
    last = answer(book, Question(as_of=date(2027, 12, 31)), settings)
    assert last.counted.all()
    np.testing.assert_array_equal(last.faded, last.table.state)


def test_a_patch_smaller_than_the_claims_leaves_out_looks_too_coarse_for_it(
    office: Office,
) -> None:
    settings = office.workspace.settings
    with office.workspace.database.reading() as session:
        book = load_book(office.workspace, session, 1)
    for patch_m2, looks in ((settings.claim_patch_m2, 5), (0.5, 0)):
        finer = settings.model_copy(update={"claim_patch_m2": patch_m2})
        snapshot = answer(book, Question(), finer)
        assert snapshot.counted.any(axis=1).sum() == looks
        assert snapshot.smallest_patch_m2 == patch_m2
