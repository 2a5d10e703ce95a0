"""The table of moves: its shape, and that a case stands where its events put it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.lifecycle import (
    DAYS_SETTING,
    MERGE_INTO,
    MOVES,
    Event,
    check_move,
    move_of,
    possible,
    stand,
    undoable,
)
from geoinspect.cases.records import CaseAction, CaseState, Origin, Outcome
from geoinspect.errors import ConflictError, ForbiddenError
from geoinspect.settings import Settings
from geoinspect.store.people import ROLES

START = datetime(2026, 5, 14, 1, tzinfo=UTC)
TARGETS = {move.ends for move in MOVES if move.ends is not None}

# Written once more by hand from the issue, apart from the code's own table.
WAY = [
    ("triage", None, "suspected", "triaged"),
    ("dismiss", None, "suspected", "dismissed"),
    ("assign", None, "triaged", "assigned"),
    ("verify", "confirmed", "assigned", "confirmed"),
    ("verify", "not_poppy", "assigned", "refuted"),
    ("verify", "licensed", "assigned", "licensed"),
    ("verify", "no_access", "assigned", "no_access"),
    ("assign", None, "no_access", "assigned"),
    ("eradicate", None, "confirmed", "eradicated"),
    ("recheck", "clean", "eradicated", "rechecked"),
    ("recheck", "standing", "eradicated", "confirmed"),
    ("close", None, "rechecked", "closed"),
    ("close", None, "refuted", "closed"),
    ("close", None, "licensed", "closed"),
    ("reopen", None, "closed", "triaged"),
    ("reopen", None, "dismissed", "triaged"),
    ("merge", None, "suspected", "merged"),
]
NEVER = [
    ("eradicate", None, "suspected"),
    ("eradicate", None, "assigned"),
    ("close", None, "confirmed"),
    ("close", None, "eradicated"),
    ("close", None, "suspected"),
    ("recheck", "clean", "confirmed"),
    ("verify", "confirmed", "closed"),
    ("dismiss", None, "confirmed"),
    ("dismiss", None, "eradicated"),
    ("assign", None, "suspected"),
    ("merge", None, "eradicated"),
    ("triage", None, "merged"),
    ("reopen", None, "confirmed"),
    ("verify", None, "assigned"),
    ("verify", "clean", "assigned"),
]


@pytest.mark.parametrize(("action", "outcome", "start", "end"), WAY)
def test_the_way_that_was_asked_for(action, outcome, start, end) -> None:
    found = None if outcome is None else Outcome(outcome)
    move = move_of(CaseState(start), CaseAction(action), found, Origin.PATCH)
    assert move is not None
    assert move.ends == CaseState(end)


@pytest.mark.parametrize(("action", "outcome", "start"), NEVER)
def test_what_must_never_be(action, outcome, start) -> None:
    found = None if outcome is None else Outcome(outcome)
    for role in ROLES:
        with pytest.raises((ConflictError, ForbiddenError)):
            check_move(CaseState(start), CaseAction(action), found, Origin.PATCH, role, own=True)


def test_every_state_is_reached_and_left_and_no_rule_stands_twice() -> None:
    assert TARGETS | {CaseState.SUSPECTED} == set(CaseState)
    for state in CaseState:
        leaving = [m for m in MOVES if state in m.starts and m.ends not in (None, state)]
        assert leaving, state
    seen = [
        (move.action, move.outcome, state, origin)
        for move in MOVES
        for state in move.starts
        for origin in move.origins or set(Origin)
    ]
    assert len(seen) == len(set(seen))


def test_who_found_it_may_verify_at_once_and_nobody_else() -> None:
    for origin in Origin:
        move = move_of(CaseState.SUSPECTED, CaseAction.VERIFY, Outcome.CONFIRMED, origin)
        assert (move is not None) == (origin in (Origin.SIGHTING, Origin.SITE))


def test_auditors_never_act_and_field_people_only_in_their_own() -> None:
    for move in MOVES:
        assert "auditor" not in move.roles
        state, origin = min(move.starts), min(move.origins or set(Origin))
        for role in ROLES:
            if role not in move.roles:
                with pytest.raises(ForbiddenError):
                    _checked(move, state, origin, role, own=True)
        if "field" in move.roles:
            assert _checked(move, state, origin, "field", own=True) is move
            with pytest.raises(ForbiddenError, match="单位"):
                _checked(move, state, origin, "field", own=False)


def _checked(move, state, origin, role, *, own):
    return check_move(state, move.action, move.outcome, origin, role, own=own)


def test_what_can_be_done_is_what_is_not_refused() -> None:
    for state in CaseState:
        for origin in Origin:
            for role in ROLES:
                for own in (True, False):
                    offered = {
                        (m.action, m.outcome) for m in possible(state, origin, role, own=own)
                    }
                    for move in MOVES:
                        pair = (move.action, move.outcome)
                        try:
                            _checked(move, state, origin, role, own=own)
                        except (ConflictError, ForbiddenError):
                            assert pair not in offered
                        else:
                            assert pair in offered


def test_every_open_state_has_a_deadline_of_the_offices_own() -> None:
    settings = Settings()
    for state in CaseState:
        assert (state in DAYS_SETTING) == (not state.ended)
    for name in DAYS_SETTING.values():
        assert isinstance(getattr(settings, name), int)
        assert "own rule" in Settings.model_fields[name].description


def test_what_stands_on_the_ground_never_goes_into_what_does_not() -> None:
    for state, others in MERGE_INTO.items():
        assert move_of(state, CaseAction.MERGE, None, Origin.PATCH) is not None
        assert all(not other.ended for other in others)
        if state is CaseState.CONFIRMED:
            assert others == {CaseState.CONFIRMED}
    for state in CaseState:
        allowed = move_of(state, CaseAction.MERGE, None, Origin.PATCH) is not None
        assert allowed == (state in MERGE_INTO)


def event(seq, action, to, *, actor="a", minutes=None, **details) -> Event:
    at = START + timedelta(minutes=seq if minutes is None else minutes)
    return Event(seq, CaseAction(action), CaseState(to), actor, at, details)


def walk(choices: list[int]) -> list[Event]:
    """Events made by taking any move that the table allows, an undo now and then."""
    events = [event(1, "open", "suspected", unit="U1", deadline="2026-05-17")]
    for choice in choices:
        seq, state = len(events) + 1, stand(events).state
        last = undoable(events, "a", START + timedelta(minutes=seq), 1e6, admin=True)
        if choice % 7 == 0 and last is not None:
            before = stand([e for e in events if e.seq != last.seq])
            events.append(event(seq, "undo", before.state, undoes=last.seq))
            continue
        moves = [m for m in possible(state, Origin.SIGHTING, "admin", own=True)
                 if m.action not in (CaseAction.UNDO, CaseAction.MERGE)]  # fmt: skip
        move = moves[choice % len(moves)]
        details = {"outcome": move.outcome} if move.outcome else {}
        if move.action is CaseAction.ASSIGN:
            details["unit"] = f"U{choice % 5}"
        if move.action is CaseAction.EXTEND:
            details["deadline"] = date(2026, 6, 1 + choice % 20).isoformat()
        if move.action in (CaseAction.VERIFY, CaseAction.ERADICATE, CaseAction.RECHECK):
            details["facts"] = {"area_m2": float(choice)}
        events.append(event(seq, move.action, move.ends or state, **details))
    return events


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_undoing_is_as_if_it_had_not_been(choices) -> None:
    events = walk(choices)
    undone = {e.details["undoes"] for e in events if e.action is CaseAction.UNDO}
    kept = [e for e in events if e.seq not in undone and e.action is not CaseAction.UNDO]
    assert stand(events) == stand(kept)


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_the_state_is_that_of_the_last_event_that_moved(choices) -> None:
    events = walk(choices)
    assert stand(events).state is events[-1].to_state
    for n in range(1, len(events)):
        # An event never changes what stood before it.
        assert stand(events[:n]) == stand(list(events[:n]))


def test_only_ones_own_last_step_and_not_for_long() -> None:
    events = [
        event(1, "open", "suspected", actor="甲"),
        event(2, "triage", "triaged", actor="甲"),
        event(3, "note", "triaged", actor="乙", note="路不通"),
    ]
    soon = START + timedelta(minutes=10)
    assert undoable(events, "甲", soon, 30, admin=False).seq == 2
    assert undoable(events, "乙", soon, 30, admin=False) is None
    assert undoable(events, "乙", soon, 30, admin=True).seq == 2
    assert undoable(events, "甲", START + timedelta(minutes=33), 30, admin=False) is None
    events.append(event(4, "undo", "suspected", actor="甲", undoes=2))
    assert undoable(events, "甲", soon, 30, admin=True) is None


def test_a_correction_adds_to_a_step_and_standing_plants_are_not_eradicated() -> None:
    events = [
        event(1, "open", "suspected"),
        event(
            2, "verify", "confirmed", outcome="confirmed", facts={"area_m2": 4.0, "witness": "甲"}
        ),
        event(3, "eradicate", "eradicated", facts={"method": "pulled"}),
        event(4, "correct", "eradicated", step="verified", facts={"area_m2": 6.0}, note="重量"),
    ]
    facts = stand(events).facts
    assert facts["verified"]["area_m2"] == 6.0
    assert facts["verified"]["witness"] == "甲"
    events.append(event(5, "recheck", "confirmed", outcome="standing"))
    assert "eradicated" not in stand(events).facts
