"""What goes wrong in a case's life: corrections, undoing out of order, merges of merges, wrong days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    FIELD,
    NOON,
    case_row,
    county,
    opened,
    place,
    plot,
)

from geoinspect.cases.facts import check_facts, read_facts
from geoinspect.cases.records import CaseAction, Origin, Outcome
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.law import known_facts, law_told
from geoinspect.casework.nothing_standing import nothing_standing_after
from geoinspect.casework.told import case_line, case_told
from geoinspect.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from geoinspect.store import cases

TODAY = date(2026, 5, 14)


@pytest.fixture
def workspace(tmp_path):
    with county(tmp_path / "w") as made:
        yield made
        assert verify_workspace(made).faults == ()


def take(workspace, case_id, action, actor=ADMIN, *, facts=None, minutes=1.0, **more):
    kind = CaseAction(action)
    said = read_facts(facts, kind, TODAY) if facts is not None else {}
    step = Step(kind, facts=said, **more)
    return act(workspace, case_id, step, actor, now=NOON + timedelta(minutes=minutes))


def confirmed(workspace, facts, **more) -> int:
    case_id = opened(workspace, **more)
    take(workspace, case_id, "triage")
    take(workspace, case_id, "assign")
    take(workspace, case_id, "verify", outcome=Outcome.CONFIRMED, facts=facts)
    return case_id


def keys_of(workspace, case_id) -> set[str]:
    return {
        one["key"]
        for one in law_told(workspace, case_row(workspace, case_id).facts, TODAY)["reached"]
    }


def test_what_a_recheck_finds_standing_counts_in_the_law_and_in_the_list(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 100, "sprouted": True})
    few = keys_of(workspace, case_id)
    take(workspace, case_id, "eradicate", facts={"plants": 100, "method": "pulled"})
    take(workspace, case_id, "recheck", outcome=Outcome.STANDING, facts={"plants": 3500})
    row = case_row(workspace, case_id)
    assert known_facts(row.facts)[0].plants == 3500
    assert case_line(row, TODAY)["plants"]["plants"] == 3500
    assert keys_of(workspace, case_id) != few
    take(workspace, case_id, "eradicate", facts={"plants": 3400, "method": "ploughed"})
    assert known_facts(case_row(workspace, case_id).facts)[0].plants == 3400


def test_a_corrected_area_takes_its_bounds_and_its_count_with_it(workspace) -> None:
    facts = {"area_m2": 100, "area_low_m2": 90, "area_high_m2": 110,
             "quadrats": {"counts": [6, 6, 6, 6, 6, 6, 6, 6], "quadrat_m2": 1}}  # fmt: skip
    case_id = confirmed(workspace, facts)
    assert case_row(workspace, case_id).facts["verified"]["count"]["plants"] == 600
    take(workspace, case_id, "correct", corrects="verified", note="量错", facts={"area_m2": 50})
    verified = case_row(workspace, case_id).facts["verified"]
    assert (verified["area_m2"], verified["count"]["plants"]) == (50, 300)
    assert "area_high_m2" not in verified
    with workspace.database.reading() as session:
        row = cases.case(session, case_id)
        assert case_told(session, workspace.settings, row, ADMIN)["plants"]["plants"] == 300
        assert law_told(workspace, row.facts, TODAY) is not None
    with pytest.raises(UsageError, match="之间"):
        take(workspace, case_id, "correct", corrects="verified", note="x", facts={"area_m2": 5, "area_low_m2": 9})  # fmt: skip


def test_undoing_a_corrected_step_takes_the_correction_too(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 9})
    take(workspace, case_id, "correct", corrects="verified", note="笔误", facts={"plants": 5})
    take(workspace, case_id, "undo")
    row = case_row(workspace, case_id)
    assert (row.state, row.facts) == ("assigned", {})


def test_nothing_before_a_split_is_undone(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 700})
    take(workspace, case_id, "split", title="另一处", ground=plot(0, east=0.503))
    with pytest.raises(ConflictError, match="撤销"):
        take(workspace, case_id, "undo")


def test_a_reopened_merged_case_takes_its_ground_back(workspace) -> None:
    one, two = opened(workspace), opened(workspace, title="二", east=0.52)
    before = case_row(workspace, one).geometry
    take(workspace, two, "merge", into=one)
    take(workspace, two, "reopen", note="是两处", minutes=60)
    assert case_row(workspace, one).geometry.equals(before)
    assert (case_row(workspace, two).state, case_row(workspace, two).merged_into) == (
        "triaged",
        None,
    )
    with workspace.database.reading() as session:
        assert cases.links_of(session, one) == []


def test_a_chain_of_merges_is_taken_apart_from_its_end(workspace) -> None:
    first, second, third = (opened(workspace, title=f"案{n}", east=0.4 + n / 50) for n in range(3))
    grounds = [case_row(workspace, n).geometry for n in (first, second, third)]
    take(workspace, first, "merge", into=second)
    take(workspace, second, "merge", into=third)
    for action in ("undo", "reopen"):
        with pytest.raises(ConflictError, match="先把"):
            take(workspace, first, action, note="x")
    take(workspace, second, "undo")
    take(workspace, first, "undo")
    found = [case_row(workspace, n).geometry for n in (first, second, third)]
    assert all(a.equals(b) for a, b in zip(found, grounds, strict=True))


def test_a_case_never_comes_to_hold_itself(workspace) -> None:
    one, two = opened(workspace), opened(workspace, east=0.52)
    take(workspace, one, "merge", into=two)
    with pytest.raises(ConflictError):
        take(workspace, two, "merge", into=one)


def test_only_who_leads_sets_a_deadline(workspace) -> None:
    case_id = opened(workspace)
    take(workspace, case_id, "triage")
    take(workspace, case_id, "assign", deadline=date(2026, 5, 30))
    assert case_row(workspace, case_id).deadline == date(2026, 5, 30)
    step = Step(CaseAction.VERIFY, Outcome.CONFIRMED, deadline=date(2031, 5, 1))
    act(workspace, case_id, step, FIELD, now=NOON + timedelta(minutes=3))
    assert case_row(workspace, case_id).deadline == TODAY + timedelta(days=3)


@pytest.mark.parametrize("origin", Origin)
def test_who_may_open_what(workspace, origin) -> None:
    new = NewCase("某处", origin, place())
    seen = origin in (Origin.SIGHTING, Origin.SITE, Origin.OTHER)
    for actor, may in ((AUDITOR, False), (FIELD, seen), (ANALYST, True)):
        if may:
            open_case(workspace, new, actor, now=NOON)
        else:
            with pytest.raises(ForbiddenError):
                open_case(workspace, new, actor, now=NOON)


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.NOT_POPPY, Outcome.LICENSED])
@pytest.mark.parametrize("origin", [Origin.SIGHTING, Origin.SITE])
def test_who_found_it_verifies_it_in_their_own_unit(workspace, origin, outcome) -> None:
    new = NewCase("沟边", origin, place(), unit_code="U11")
    case_id = open_case(workspace, new, FIELD, now=NOON).case_id
    take(workspace, case_id, "verify", FIELD, outcome=outcome)
    other = NewCase("沟", origin, place(1), unit_code="U12")
    case_id = open_case(workspace, other, ANALYST).case_id
    with pytest.raises(ForbiddenError):
        take(workspace, case_id, "verify", FIELD, outcome=outcome)


def test_wrong_days_are_told_and_never_make_a_statement_true(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 9, "day": "2026-05-12"})
    take(workspace, case_id, "eradicate", facts={"plants": 9, "method": "cut", "day": "2026-05-13"})
    for day in ("2025-01-01", "2027-01-01"):
        take(workspace, case_id, "recheck", outcome=Outcome.CLEAN, facts={"day": day})
        with workspace.database.reading() as session:
            told = nothing_standing_after(session, "990100", TODAY, TODAY, snapshot=None)
            events = case_told(session, workspace.settings, cases.case(session, case_id), ADMIN)[
                "events"
            ]
        assert told["holds"] is False
        assert events[-1]["doubts"][0]["code"] == (
            "day_before_step" if day < "2026" else "day_ahead"
        )
    take(workspace, case_id, "recheck", outcome=Outcome.CLEAN, facts={"day": "2026-05-14"})
    with workspace.database.reading() as session:
        assert nothing_standing_after(session, "990100", TODAY, TODAY, snapshot=None)["holds"]


def test_a_survey_or_track_that_is_not_there_is_refused(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 9})
    take(workspace, case_id, "eradicate", facts={"plants": 9, "method": "cut"})
    for name in ("survey", "track"):
        with pytest.raises(NotFoundError):
            take(workspace, case_id, "recheck", outcome=Outcome.CLEAN, facts={name: 999999})


@pytest.mark.parametrize(
    "facts",
    [
        {"plants": 5},
        {"count": {"plants": 5}},
        {"count": {"plants": 5, "low": 9, "high": 10, "level": 0.95}},
        {"area_m2": "viel"},
        {"what": 1},
        {"sprouted": "yes"},
    ],
)
def test_facts_that_were_not_read_are_not_kept(workspace, facts) -> None:
    with pytest.raises(UsageError):
        check_facts(facts)
    case_id = confirmed(workspace, None)
    with pytest.raises(UsageError):
        act(workspace, case_id, Step(CaseAction.NOTE, note="x", facts=facts), ADMIN)


def test_reopening_a_merged_case_is_not_taken_back(workspace) -> None:
    one, two = opened(workspace), opened(workspace, east=0.52)
    take(workspace, one, "merge", into=two)
    take(workspace, one, "reopen", note="是两处")
    with pytest.raises(ConflictError, match="撤销"):
        take(workspace, one, "undo")
    take(workspace, two, "merge", into=one)
    with pytest.raises(ConflictError):
        take(workspace, one, "undo")
    assert [case_row(workspace, n).merged_into for n in (one, two)] == [None, one]


def test_a_verification_stays_while_another_confirmed_case_rests_on_it(workspace) -> None:
    one = confirmed(workspace, {"plants": 9})
    two = confirmed(workspace, {"plants": 5}, title="二", east=0.52)
    take(workspace, one, "merge", into=two)
    with pytest.raises(ConflictError, match="撤销"):
        take(workspace, two, "undo")
    take(workspace, one, "undo")
    take(workspace, two, "undo")
    assert case_row(workspace, two).state == "assigned"


@pytest.mark.parametrize("action", ["merge", "split"])
def test_what_lies_far_away_is_another_place(workspace, action) -> None:
    case_id, far = opened(workspace), opened(workspace, town=2)
    more = {"into": far} if action == "merge" else {"title": "远处", "ground": plot(2)}
    with pytest.raises(UsageError, match="公里"):
        take(workspace, case_id, action, **more)


def test_days_before_the_case_was_confirmed_prove_nothing(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 9, "day": "2026-05-14"})
    take(workspace, case_id, "eradicate", facts={"plants": 9, "method": "cut", "day": "2025-06-01"})
    take(workspace, case_id, "recheck", outcome=Outcome.CLEAN, facts={"day": "2025-06-02"})
    with workspace.database.reading() as session:
        told = nothing_standing_after(session, "990100", TODAY, TODAY, snapshot=None)
    assert (told["found"], told["holds"]) == (1, False)


def test_an_identifier_stands_for_one_answer(workspace) -> None:
    case_id = opened(workspace)
    take(workspace, case_id, "note", note="甲", client_id="k")
    assert take(workspace, case_id, "note", note="甲 ", client_id="k").again
    with pytest.raises(ConflictError, match="编号"):
        take(workspace, case_id, "note", note="乙", client_id="k")
    with pytest.raises(UsageError, match="版本"):
        take(workspace, case_id, "triage", version=10**15)


def test_a_closed_case_is_corrected_by_the_office_alone(workspace) -> None:
    case_id = confirmed(workspace, {"plants": 9})
    take(workspace, case_id, "eradicate", FIELD, facts={"plants": 9, "method": "cut"})
    take(workspace, case_id, "recheck", FIELD, outcome=Outcome.CLEAN)
    take(workspace, case_id, "close")
    with pytest.raises((ConflictError, ForbiddenError)):
        take(workspace, case_id, "correct", FIELD, corrects="eradicated", note="x", facts={"plants": 1})  # fmt: skip
    take(workspace, case_id, "correct", ANALYST, corrects="eradicated", note="x", facts={"plants": 8})  # fmt: skip
