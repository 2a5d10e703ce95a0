"""The book of cases: steps kept with their audit row, once, by whoever may, in any order."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    COMMANDER,
    COUNTY,
    FIELD,
    NOON,
    OTHER_FIELD,
    TOWN_UNITS,
    TOWNS,
    case_row,
    county,
    opened,
    place,
    plot,
)
from sqlalchemy import text

from geoinspect.cases.facts import read_facts
from geoinspect.cases.lifecycle import MOVES
from geoinspect.cases.records import CaseAction, CaseState, LinkKind, Origin, Outcome
from geoinspect.casework.asked import NewCase, Source, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.told import case_told, counts_told, today_of
from geoinspect.errors import ConflictError, ForbiddenError, GeoInspectError, UsageError
from geoinspect.store import cases
from geoinspect.store.cases import CaseFilter

TODAY = date(2026, 5, 14)
ERADICATED = read_facts({"method": "pulled", "plants": 30}, CaseAction.ERADICATE, TODAY)


@pytest.fixture
def workspace(tmp_path):
    with county(tmp_path / "w") as made:
        yield made
        assert verify_workspace(made).faults == ()


def take(workspace, case_id, actor, action, *, minutes=1.0, **more):
    step = Step(CaseAction(action), **more)
    return act(workspace, case_id, step, actor, now=NOON + timedelta(minutes=minutes))


def to_state(workspace, state: CaseState, **more) -> int:
    """A case that was led to a state on a way the table allows."""
    case_id = opened(workspace, **more)
    way = {
        "suspected": [],
        "triaged": ["triage"],
        "dismissed": ["dismiss"],
        "assigned": ["triage", "assign"],
        "no_access": ["triage", "assign", Outcome.NO_ACCESS],
        "confirmed": ["triage", "assign", Outcome.CONFIRMED],
        "refuted": ["triage", "assign", Outcome.NOT_POPPY],
        "licensed": ["triage", "assign", Outcome.LICENSED],
        "eradicated": ["triage", "assign", Outcome.CONFIRMED, "eradicate"],
        "rechecked": ["triage", "assign", Outcome.CONFIRMED, "eradicate", Outcome.CLEAN],
        "closed": ["triage", "assign", Outcome.NOT_POPPY, "close"],
        "merged": ["merge"],
    }[state.value]
    for one in way:
        if isinstance(one, Outcome):
            action = "recheck" if one is Outcome.CLEAN else "verify"
            take(workspace, case_id, ADMIN, action, outcome=one)
        elif one == "merge":
            take(workspace, case_id, ADMIN, one, into=opened(workspace, title="另一处"))
        else:
            take(workspace, case_id, ADMIN, one, **needs(one))
    assert case_row(workspace, case_id).state == state.value
    return case_id


def needs(action: str, other: int = 0) -> dict[str, object]:
    return {
        "dismiss": {"reason": "grass"},
        "assign": {"unit_code": TOWN_UNITS[0]},
        "eradicate": {"facts": ERADICATED},
        "extend": {"deadline": date(2026, 6, 1), "note": "路断"},
        "reopen": {"note": "又见"},
        "note": {"note": "记"},
        "merge": {"into": other},
        "split": {"title": "分出", "ground": plot(0, east=0.503)},
        "correct": {"corrects": "verified", "note": "笔误"},
    }.get(action, {})


@pytest.mark.parametrize("state", CaseState)
def test_every_move_by_every_role_in_every_state(workspace, state) -> None:
    """What the table allows is done, all else is refused, changes nothing and says why."""
    tried, case_id = 0, 0
    rows = {(m.action, m.outcome) for m in MOVES} - {
        (CaseAction.LINK, None),
        (CaseAction.EVIDENCE, None),
    }
    for actor in (ANALYST, COMMANDER, ADMIN, AUDITOR, FIELD, OTHER_FIELD):
        for action, outcome in sorted(rows, key=str):
            if action is CaseAction.UNDO:
                continue
            case_id = case_id or to_state(workspace, state)
            other = to_state(workspace, CaseState.CONFIRMED) if action is CaseAction.MERGE else 0
            before = case_row(workspace, case_id)
            own = before.unit_code == TOWN_UNITS[0] and actor is FIELD
            allowed = [
                m for m in MOVES
                if (m.action, m.outcome) == (action, outcome)
                and state in m.starts and not m.origins
                and actor.role in m.roles and (actor.role != "field" or own)
            ]  # fmt: skip
            tried += 1
            more = {**needs(action.value, other), "outcome": outcome}
            if action is CaseAction.CORRECT and "verified" not in before.facts:
                continue
            if allowed:
                take(workspace, case_id, actor, action, minutes=9, **more)
                ends = allowed[0].ends or state
                assert case_row(workspace, case_id).state == ends.value, (action, state)
                case_id = 0
                continue
            with pytest.raises((ConflictError, ForbiddenError)) as refused:
                take(workspace, case_id, actor, action, minutes=9, **more)
            assert refused.value.text.zh
            assert case_row(workspace, case_id).version == before.version
    assert tried > 100


def test_a_step_sent_twice_is_one_step_with_one_receipt(workspace) -> None:
    case_id = opened(workspace)
    first = take(workspace, case_id, ANALYST, "triage", client_id="k1")
    again = take(workspace, case_id, ANALYST, "triage", client_id="k1")
    assert (again.receipt, again.seq, again.again, first.again) == (first.receipt, 2, True, False)
    with pytest.raises(ConflictError, match="编号"):
        take(workspace, case_id, ANALYST, "note", note="x", client_id="k1")
    with pytest.raises(ConflictError):
        take(workspace, case_id, ADMIN, "triage", client_id="k1")
    new = NewCase("沟边", Origin.SIGHTING, place(), client_id="k2")
    one, two = (open_case(workspace, new, FIELD, now=NOON) for _ in range(2))
    assert (one.case_id, one.receipt) == (two.case_id, two.receipt)
    with workspace.database.reading() as session:
        assert len(cases.cases(session)) == 2


def test_who_acts_on_an_old_picture_of_the_case_is_told(workspace) -> None:
    case_id = opened(workspace)
    take(workspace, case_id, ANALYST, "triage", version=1)
    take(workspace, case_id, ANALYST, "note", note="电话核实")
    with pytest.raises(ConflictError, match="analyst"):
        take(workspace, case_id, COMMANDER, "assign", version=1)
    # A note is no reason to look again.
    take(workspace, case_id, COMMANDER, "assign", version=2)
    assert case_row(workspace, case_id).unit_code == TOWN_UNITS[0]


def test_many_at_once_take_a_step_once(workspace) -> None:
    case_id = opened(workspace)
    outcomes: list[str] = []

    def go(n: int) -> None:
        try:
            take(workspace, case_id, ANALYST, "triage", client_id=f"c{n}")
            outcomes.append("done")
        except ConflictError:
            outcomes.append("refused")

    threads = [threading.Thread(target=go, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done"] + ["refused"] * 11
    assert case_row(workspace, case_id).version == 2


def test_deadlines_come_from_settings_and_overdue_is_counted(workspace) -> None:
    case_id = opened(workspace)
    assert case_row(workspace, case_id).deadline == TODAY + timedelta(days=3)
    with workspace.database.reading() as session:
        on_time = counts_told(session, CaseFilter(), TODAY + timedelta(days=3))
        late = counts_told(session, CaseFilter(), TODAY + timedelta(days=4))
    assert (on_time["overdue"], late["overdue"], late["open"]) == (0, 1, 1)
    take(workspace, case_id, COMMANDER, "extend", deadline=date(2026, 6, 1), note="大雪封山")
    take(workspace, case_id, ANALYST, "dismiss", reason="grass")
    assert case_row(workspace, case_id).deadline is None
    with workspace.database.reading() as session:
        assert counts_told(session, CaseFilter(), date(2027, 1, 1))["overdue"] == 0
    with pytest.raises(UsageError, match="期限"):
        take(workspace, opened(workspace), COMMANDER, "extend", deadline=date(2026, 5, 1), note="x")


def test_the_day_is_beijings(workspace) -> None:
    late_evening = datetime(2026, 5, 14, 17, tzinfo=UTC)
    assert today_of(late_evening) == date(2026, 5, 15)
    case_id = opened(workspace, now=late_evening)
    assert case_row(workspace, case_id).deadline == date(2026, 5, 18)
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    assert case_row(workspace, opened(workspace, now=new_year)).number == "2027-00001"


def test_a_wrong_clock_is_told_and_loses_nothing(workspace) -> None:
    case_id = opened(workspace)
    ahead, past = NOON + timedelta(hours=8), NOON - timedelta(days=400)
    take(workspace, case_id, ANALYST, "triage", happened=ahead)
    take(workspace, case_id, ANALYST, "note", note="x", happened=past)
    with workspace.database.reading() as session:
        told = case_told(session, workspace.settings, cases.case(session, case_id), ADMIN, now=NOON)
    codes = [[doubt["code"] for doubt in event["doubts"]] for event in told["events"]]
    assert codes == [[], ["clock_ahead"], ["sent_late", "before_opening"]]
    assert told["events"][1]["happened"] == "2026-05-14T12:00:00Z"


def test_a_merge_brings_the_ground_and_an_undo_takes_it_back(workspace) -> None:
    one, two = opened(workspace), opened(workspace, title="二", east=0.52)
    before = case_row(workspace, one).geometry
    take(workspace, two, ANALYST, "merge", into=one)
    assert case_row(workspace, one).geometry.area == pytest.approx(2 * before.area)
    assert case_row(workspace, two).merged_into == one
    with pytest.raises(ConflictError):
        take(workspace, two, ANALYST, "note", note="x")
    take(workspace, two, ANALYST, "undo")
    assert case_row(workspace, one).geometry.equals(before)
    assert (case_row(workspace, two).state, case_row(workspace, two).merged_into) == (
        "suspected",
        None,
    )
    with workspace.database.reading() as session:
        assert cases.links_of(session, one) == []


def test_a_case_never_goes_into_itself_or_into_one_that_cannot_take_it(workspace) -> None:
    standing = to_state(workspace, CaseState.CONFIRMED)
    fresh, done = opened(workspace), to_state(workspace, CaseState.CLOSED)
    for case_id, into in (
        (standing, fresh),
        (fresh, done),
        (fresh, to_state(workspace, CaseState.MERGED)),
    ):
        with pytest.raises(ConflictError, match="并入"):
            take(workspace, case_id, ANALYST, "merge", into=into)
    with pytest.raises(UsageError):
        take(workspace, fresh, ANALYST, "merge", into=fresh)
    with pytest.raises(UsageError):
        take(workspace, fresh, ANALYST, "merge")


def test_a_split_shares_out_what_the_case_rests_on(workspace) -> None:
    sources = tuple(
        Source(LinkKind.PATCH, n, f"图斑 {n}", None, plot(0, east=0.5 + n / 100)) for n in (1, 2, 3)
    )
    new = NewCase("三处", Origin.PATCH, plot(0, east=0.51), sources=sources)
    case_id = open_case(workspace, new, ANALYST, now=NOON).case_id
    take(workspace, case_id, ANALYST, "triage")
    take(workspace, case_id, ANALYST, "assign")
    with workspace.database.reading() as session:
        links = [link.id for link in cases.links_of(session, case_id)]
    take(workspace, case_id, ANALYST, "split", title="第三处", links=(links[2],))
    with workspace.database.reading() as session:
        child = cases.cases(session)[0]
        assert (child.state, child.unit_code, child.number) == ("assigned", "U11", "2026-00002")
        assert child.geometry.equals(plot(0, east=0.53))
        assert [link.source_id for link in cases.links_of(session, child.id)] == [3]
        assert [link.source_id for link in cases.links_of(session, case_id)] == [1, 2]
        assert cases.case(session, case_id).geometry.equals(
            plot(0, east=0.51).union(plot(0, east=0.52))
        )
    for wrong in ({"links": (links[2],)}, {"links": ()}, {"links": (10**6,)}):
        with pytest.raises(UsageError):
            take(workspace, case_id, ANALYST, "split", title="x", **wrong)


def test_what_a_step_needs_is_asked_for(workspace) -> None:
    asked = {
        "dismiss": (CaseState.SUSPECTED, {"reason": "why not"}),
        "assign": (CaseState.TRIAGED, {"unit_code": "没有"}),
        "reopen": (CaseState.CLOSED, {}),
        "extend": (CaseState.ASSIGNED, {"note": "x"}),
        "note": (CaseState.ASSIGNED, {"note": " \n"}),
        "correct": (CaseState.ASSIGNED, {"corrects": "verified", "note": "x"}),
    }
    for action, (state, more) in asked.items():
        case_id = to_state(workspace, state)
        with pytest.raises(GeoInspectError) as refused:
            take(workspace, case_id, ADMIN, action, **more)
        assert refused.value.exit_status in (2, 3)
    with pytest.raises(UsageError, match="控制字符"):
        take(workspace, opened(workspace), ADMIN, "note", note="a\0b")
    with pytest.raises(UsageError):
        open_case(workspace, NewCase(" ", Origin.OTHER, place()), ADMIN)


def test_the_unit_of_the_area_is_taken_and_outside_somebody_must_choose(workspace) -> None:
    inside, outside = opened(workspace, town=2), opened(workspace, town=9)
    assert case_row(workspace, inside).area_code == TOWNS[2]
    assert case_row(workspace, outside).area_code is None
    for case_id in (inside, outside):
        take(workspace, case_id, ANALYST, "triage")
    take(workspace, inside, COMMANDER, "assign")
    assert case_row(workspace, inside).unit_code == TOWN_UNITS[2]
    with pytest.raises(UsageError, match="单位"):
        take(workspace, outside, COMMANDER, "assign")
    assert TOWNS[2] != COUNTY


def test_a_unit_stands_above_those_that_answer_inside_its_area(tmp_path) -> None:
    import shapely

    from geoinspect.records import Area, Level
    from geoinspect.store import grounds
    from geoinspect.territory import units_below

    with county(tmp_path / "w") as made, made.database.writing() as session:
        for code, unit in (("990100101201", "V1"), ("990100101202", "U1")):
            grounds.add_unit(session, code=unit, name=unit, parent_code=None)
            box = shapely.box(108.01, 33.01, 108.02, 33.02)
            grounds.add_areas(session, [Area(code, code, Level.VILLAGE, TOWNS[0], unit, box)])
        assert units_below(session, "U11") == {"U11", "V1"}
        assert units_below(session, "U12") == {"U12"}
        assert units_below(session, "U1") == {"U1", *TOWN_UNITS, "V1"}
        assert units_below(session, None) == frozenset()


def test_without_its_audit_row_nothing_happens(workspace) -> None:
    case_id = opened(workspace)
    with workspace.database.writing() as session:
        session.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        )
    with pytest.raises(GeoInspectError):
        take(workspace, case_id, ANALYST, "triage")
    with pytest.raises(GeoInspectError):
        open_case(workspace, NewCase("x", Origin.OTHER, place()), ADMIN)
    assert (case_row(workspace, case_id).state, case_row(workspace, case_id).version) == (
        "suspected",
        1,
    )
    with workspace.database.writing() as session:
        assert len(cases.cases(session)) == 1
        assert len(cases.events_of(session, case_id)) == 1
        session.execute(text("DROP TRIGGER full"))


@pytest.mark.parametrize(
    "forged",
    [
        {"state": "closed"},
        {"deadline": date(2030, 1, 1)},
        {"unit_code": "U12"},
        {"facts": {"verified": {"outcome": "not_poppy"}}},
    ],
)
def test_a_forged_row_with_a_right_audit_row_still_shows(tmp_path, forged) -> None:
    from geoinspect.store import seals

    with county(tmp_path / "w") as made:
        case_id = opened(made)
        take(made, case_id, ANALYST, "triage")
        with made.database.writing() as session:
            row = cases.case(session, case_id)
            for name, value in forged.items():
                setattr(row, name, value)
            seals.record_sealed(
                session, [row], actor="鬼", action="case.note", subject="case 1", details={}
            )
        report = verify_workspace(made)
        assert report.fault_count == 1
        assert report.faults[0].case == "2026-00001"
        assert next(iter(forged)).split("_")[0] in report.faults[0].text.en
