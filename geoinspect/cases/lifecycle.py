"""The life of a case: one table of what may be done in which state, by whom, and where it leads.

    suspected → triaged → assigned → confirmed → eradicated → rechecked → closed
        └─ dismissed         ├─ refuted, licensed ──────────────────────────┘
                             └─ no_access → assigned again

A case stands where its events put it: :func:`stand` replays them, and an undone event counts as
if it had not been. Nothing here knows a store or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from geoinspect.cases.records import (
    ACTION_WORDS,
    OUTCOME_WORDS,
    STATE_WORDS,
    CaseAction,
    CaseState,
    Origin,
    Outcome,
)
from geoinspect.errors import ConflictError, ForbiddenError

_S, _A, _O = CaseState, CaseAction, Outcome
Roles = frozenset[str]

# Who watches may not act, and who only administers accounts is trusted with everything else too.
OFFICE: Roles = frozenset({"analyst", "admin"})
LEAD: Roles = frozenset({"analyst", "commander", "admin"})
GROUND: Roles = frozenset({"field", "analyst", "admin"})
ANYONE: Roles = frozenset({"field", "analyst", "commander", "admin"})

# Before anything was confirmed on the ground.
EARLY = frozenset({_S.SUSPECTED, _S.TRIAGED, _S.ASSIGNED, _S.NO_ACCESS})
_DONE = frozenset({_S.CLOSED, _S.DISMISSED})
LIVE = frozenset(set(_S) - {_S.MERGED})
OPEN = frozenset(state for state in _S if not state.ended)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table.

    Attributes:
        outcome: What was found, for verifying and rechecking; None for other actions.
        starts: States in which it may be done.
        ends: The state it leads to; None leaves the case where it is.
        roles: Who may do it; field people only in cases of their own unit.
        origins: Cases for which it holds; empty is any.
    """

    action: CaseAction
    outcome: Outcome | None
    starts: frozenset[CaseState]
    ends: CaseState | None
    roles: Roles
    origins: frozenset[Origin] = frozenset()


def _verified(outcome: Outcome, ends: CaseState) -> tuple[Move, ...]:
    # Who found it stands on the ground already: no errand has to be written first.
    found = frozenset({Origin.SIGHTING, Origin.SITE})
    start = frozenset({_S.SUSPECTED, _S.TRIAGED})
    return (
        Move(_A.VERIFY, outcome, frozenset({_S.ASSIGNED}), ends, GROUND),
        Move(_A.VERIFY, outcome, start, ends, GROUND, found),
    )


MOVES: tuple[Move, ...] = (
    Move(_A.TRIAGE, None, frozenset({_S.SUSPECTED}), _S.TRIAGED, OFFICE),
    Move(_A.DISMISS, None, EARLY, _S.DISMISSED, OFFICE),
    Move(_A.ASSIGN, None, EARLY - {_S.SUSPECTED}, _S.ASSIGNED, LEAD),
    *_verified(_O.CONFIRMED, _S.CONFIRMED),
    *_verified(_O.NOT_POPPY, _S.REFUTED),
    *_verified(_O.LICENSED, _S.LICENSED),
    Move(_A.VERIFY, _O.NO_ACCESS, frozenset({_S.ASSIGNED}), _S.NO_ACCESS, GROUND),
    Move(_A.ERADICATE, None, frozenset({_S.CONFIRMED}), _S.ERADICATED, GROUND),
    Move(_A.RECHECK, _O.CLEAN, frozenset({_S.ERADICATED, _S.RECHECKED}), _S.RECHECKED, GROUND),
    Move(_A.RECHECK, _O.STANDING, frozenset({_S.ERADICATED, _S.RECHECKED}), _S.CONFIRMED, GROUND),
    Move(_A.CLOSE, None, frozenset({_S.RECHECKED, _S.REFUTED, _S.LICENSED}), _S.CLOSED, LEAD),
    Move(
        _A.REOPEN,
        None,
        frozenset({_S.DISMISSED, _S.REFUTED, _S.LICENSED, _S.RECHECKED, _S.CLOSED, _S.MERGED}),
        _S.TRIAGED,
        LEAD,
    ),
    Move(_A.MERGE, None, EARLY | {_S.CONFIRMED}, _S.MERGED, OFFICE),
    Move(_A.SPLIT, None, EARLY | {_S.CONFIRMED}, None, OFFICE),
    Move(_A.EXTEND, None, OPEN, None, LEAD),
    Move(_A.UNDO, None, frozenset(_S), None, ANYONE),
    Move(_A.CORRECT, None, LIVE - _DONE, None, GROUND),
    Move(_A.CORRECT, None, _DONE, None, OFFICE),
    Move(_A.LINK, None, LIVE, None, ANYONE),
    Move(_A.EVIDENCE, None, LIVE, None, ANYONE),
    Move(_A.NOTE, None, LIVE, None, ANYONE),
)

# What stands on the ground must not vanish in a case where nothing is known to stand.
MERGE_INTO: Mapping[CaseState, frozenset[CaseState]] = {
    **dict.fromkeys(EARLY, OPEN),
    _S.CONFIRMED: frozenset({_S.CONFIRMED}),
}

# The setting that says how many days the step after a state may take; offices set their own.
DAYS_SETTING: Mapping[CaseState, str] = {
    _S.SUSPECTED: "case_triage_days",
    _S.TRIAGED: "case_assign_days",
    _S.ASSIGNED: "case_verify_days",
    _S.NO_ACCESS: "case_assign_days",
    _S.CONFIRMED: "case_eradicate_days",
    _S.ERADICATED: "case_recheck_days",
    _S.REFUTED: "case_close_days",
    _S.LICENSED: "case_close_days",
    _S.RECHECKED: "case_close_days",
}
# These leave a case where it is, and are no reason to look at it anew before acting.
ASIDE = frozenset({_A.LINK, _A.EVIDENCE, _A.NOTE, _A.CORRECT, _A.EXTEND, _A.SPLIT})
# Who may open a case, by where it comes from: everybody tells what they saw.
OPENERS: Mapping[Origin, Roles] = {
    Origin.PATCH: LEAD,
    Origin.TARGET: LEAD,
    Origin.TIP: LEAD,
    Origin.SIGHTING: ANYONE,
    Origin.SITE: ANYONE,
    Origin.OTHER: ANYONE,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done to a case.

    Attributes:
        seq: Its number within the case, from 1.
        at: When the server took it.
        details: ``outcome``, ``unit``, ``deadline``, ``reason``, ``facts``, ``note``, ``undoes`` …
    """

    seq: int
    action: CaseAction
    to_state: CaseState
    actor: str
    at: datetime
    details: Mapping[str, Any]

    @property
    def moves(self) -> bool:
        """Whether it changed, or could have changed, where the case stands."""
        return self.action not in ASIDE


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands.

    Attributes:
        facts: What is known by step, such as ``verified``; the newest of each.
        merged_into: Number of the case it went into; None while it is its own.
    """

    state: CaseState
    since: datetime
    unit_code: str | None = None
    deadline: date | None = None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    merged_into: int | None = None


STEP_NAMES: Mapping[CaseAction, str] = {
    _A.DISMISS: "dismissed",
    _A.VERIFY: "verified",
    _A.ERADICATE: "eradicated",
    _A.RECHECK: "rechecked",
    _A.CLOSE: "closed",
}


def stand(events: Sequence[Event]) -> Standing:
    """Return where events leave a case; undone ones count as if they had not been.

    Args:
        events: In their order, the first one opens the case.
    """
    counted = without_undone(events)
    standing = Standing(counted[0].to_state, counted[0].at)
    for event in counted:
        standing = stand_after(standing, event)
    return standing


def stand_after(standing: Standing, event: Event) -> Standing:
    """Return where one more event leaves a case, of those that count: no undoing."""
    details = event.details
    state, since = standing.state, standing.since
    deadline, merged = standing.deadline, standing.merged_into
    if event.moves:
        if event.action is not _A.OPEN and event.to_state is not state:
            since = event.at
        state = event.to_state
        deadline = _day(details.get("deadline"))
        merged = details.get("into") if state is _S.MERGED else None
    elif event.action is _A.EXTEND:
        deadline = _day(details.get("deadline"))
    facts = {} if event.action is _A.REOPEN else dict(standing.facts)
    _take_facts(event, facts)
    return Standing(state, since, details.get("unit", standing.unit_code), deadline, facts, merged)


def _take_facts(event: Event, facts: dict[str, Mapping[str, Any]]) -> None:
    details = event.details
    if event.action is _A.OPEN and details.get("facts") and details.get("carried"):
        facts.update(details["facts"])
        return
    step = details.get("step") if event.action is _A.CORRECT else STEP_NAMES.get(event.action)
    if step is None:
        return
    told = {key: details[key] for key in ("outcome", "reason", "note") if details.get(key)}
    known = {**told, **(details.get("facts") or {}), "seq": event.seq}
    if event.action is _A.CORRECT:
        # What it corrected may have been undone since.
        if step in facts:
            facts[step] = corrected(facts[step], known)
    else:
        facts[step] = known
    if event.action is _A.RECHECK and details.get("outcome") == _O.STANDING.value:
        # What stands again has not been eradicated: the earlier step stays in the history.
        facts.pop("eradicated", None)


def corrected(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a step after a correction: a new area takes the old bounds with it."""
    stays = dict(before)
    if "area_m2" in said:
        for bound in ("area_low_m2", "area_high_m2", "area_how"):
            stays.pop(bound, None)
    return {**stays, **said, "seq": before.get("seq", said.get("seq"))}


def without_undone(events: Iterable[Event]) -> list[Event]:
    """Return the events that count, in their order: neither undone nor an undoing."""
    listed = list(events)
    gone = {event.details.get("undoes") for event in listed if event.action is _A.UNDO}
    return [e for e in listed if e.seq not in gone and e.action is not _A.UNDO]


def check_opening(origin: Origin, role: str) -> None:
    """Check that somebody may open a case that comes from there.

    Raises:
        ForbiddenError: Their role may not.
    """
    if role not in OPENERS[origin]:
        raise ForbiddenError(
            "您的角色不能这样立线索:请联系分析员",
            "your role may not open a case in this way: ask an analyst",
            code="not_your_role",
        )


def move_of(
    state: CaseState, action: CaseAction, outcome: Outcome | None, origin: Origin
) -> Move | None:
    """Return the row of the table that allows an action in a state; None where nothing does."""
    for move in MOVES:
        fits = move.action is action and move.outcome is outcome and state in move.starts
        if fits and (not move.origins or origin in move.origins):
            return move
    return None


def check_move(
    state: CaseState,
    action: CaseAction,
    outcome: Outcome | None,
    origin: Origin,
    role: str,
    *,
    own: bool,
) -> Move:
    """Return the row of the table by which somebody may act.

    Args:
        state: Where the case stands.
        action: What is to be done.
        outcome: What was found, for verifying and rechecking.
        origin: Where the case came from.
        role: Of the person.
        own: Whether the case belongs to the person's unit or one below it.

    Raises:
        ForbiddenError: Not this person, in any state or in this case.
        ConflictError: Not in this state; says what can be done.
    """
    name = ACTION_WORDS[action]
    move = move_of(state, action, outcome, origin)
    able = [m for m in MOVES if m.action is action and role in m.roles]
    if not able or (move is not None and role not in move.roles):
        raise ForbiddenError(
            f"您的角色不能“{name.zh}”:请联系分析员或指挥员",
            f"your role may not do this ({name.en}): ask an analyst or a commander",
            code="not_your_role",
        )
    if move is None:
        zh, en = _what_can(state, origin, role)
        stands = STATE_WORDS[state]
        what = "" if outcome is None else f"({OUTCOME_WORDS[outcome].zh})"
        what_en = "" if outcome is None else f" ({OUTCOME_WORDS[outcome].en})"
        raise ConflictError(
            f"线索现为“{stands.zh}”,不能“{name.zh}{what}”;现在可以:{zh}",
            f"the case is “{stands.en}”, which doesn't allow “{name.en}{what_en}”; now possible: {en}",
            code="move_not_allowed",
        )
    if role == "field" and not own:
        raise ForbiddenError(
            "这条线索不归您的单位:请联系派发人",
            "this case is not your unit's: ask who assigned it",
            code="not_your_unit",
        )
    return move


def possible(state: CaseState, origin: Origin, role: str, *, own: bool) -> list[Move]:
    """Return what a person may do in a state, in the order of the table."""
    if role == "field" and not own:
        return []
    return [
        move
        for move in MOVES
        if state in move.starts
        and role in move.roles
        and (not move.origins or origin in move.origins)
    ]


def _what_can(state: CaseState, origin: Origin, role: str) -> tuple[str, str]:
    seen = {
        m.action: None for m in possible(state, origin, role, own=True) if m.action not in ASIDE
    }
    names = [ACTION_WORDS[action] for action in seen if action is not _A.UNDO]
    if not names:
        return "无", "nothing"
    return "、".join(name.zh for name in names), ", ".join(name.en for name in names)


def undoable(
    events: Sequence[Event], actor: str, now: datetime, minutes: float, *, admin: bool
) -> Event | None:
    """Return the event that a person may take back: the last one that moved the case, their own,
    not too long ago; None where there is none. What opened a case is never taken back, nor what
    stood when another case was split off or went in: that one goes by it.

    Args:
        events: Of the case, in their order.
        actor: Name of the person.
        now: Time of the request.
        minutes: How long a step can be taken back.
        admin: Administrators may take back what others did.
    """
    counted = without_undone(events)
    last = [event for event in counted if event.moves][-1]
    if last.action is _A.OPEN or (last.actor != actor and not admin):
        return None
    since = [event for event in counted if event.seq > last.seq]
    if any(event.action is _A.SPLIT for event in since) or _holds_others(since):
        return None
    if last.action is _A.REOPEN and _before(counted, last).state is _S.MERGED:
        # The other case has given back what the merge had brought it.
        return None
    return last if now - last.at <= timedelta(minutes=minutes) else None


def _holds_others(events: Iterable[Event]) -> bool:
    """Return whether cases went in by some of the events and were not taken out again."""
    held: set[object] = set()
    for event in events:
        held.discard(event.details.get("released"))
        held.update({event.details["absorbed"]} if "absorbed" in event.details else ())
    return bool(held)


def _before(events: Sequence[Event], last: Event) -> Standing:
    return stand([event for event in events if event.seq < last.seq])


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
