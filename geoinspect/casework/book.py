"""The book of cases: opening one, and every step of its life."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from geoinspect.cases.facts import FACT_WORDS, check_facts, corrected_count
from geoinspect.cases.lifecycle import Event, check_move, check_opening, corrected
from geoinspect.cases.records import CaseAction, CaseState, DismissReason, Origin
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.asked import Done, NewCase, Step
from geoinspect.casework.former_sites import former_site_of
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.special import Asked, give_back, merge, split, undo
from geoinspect.casework.writing import (
    Entry,
    Json,
    checked_note,
    due_day,
    history,
    link_row,
    new_row,
    said,
    sent_before,
    write,
)
from geoinspect.errors import ConflictError, UsageError
from geoinspect.records import CHINA_TIME
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, sightings
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.workspace import Workspace

_NEEDS_NOTE = frozenset({CaseAction.REOPEN, CaseAction.CORRECT, CaseAction.EXTEND, CaseAction.NOTE})
_SETS_DEADLINE = frozenset({CaseAction.ASSIGN, CaseAction.EXTEND})
_SPECIAL: Mapping[CaseAction, Callable[[Asked], Done]] = {
    CaseAction.UNDO: undo,
    CaseAction.MERGE: merge,
    CaseAction.SPLIT: split,
}
# These are written by whoever brings what goes with them: evidence, links, a new case.
_ELSEWHERE = frozenset({CaseAction.OPEN, CaseAction.LINK, CaseAction.EVIDENCE})


def open_case(
    workspace: Workspace, new: NewCase, actor: Actor, *, now: datetime | None = None
) -> Done:
    """Open a case.

    Args:
        workspace: Opened.
        new: What is known of it.
        actor: Who opens it.
        now: When the server took it; None is this moment.

    Raises:
        UsageError: Its title or its ground can't be one.
        NotFoundError: There is no such unit.
        ConflictError: The identifier was used for something else.
    """
    with workspace.database.writing() as session:
        return open_in(session, workspace.settings, new, actor, now=now)


def open_in(
    session: Session,
    settings: Settings,
    new: NewCase,
    actor: Actor,
    *,
    now: datetime | None = None,
) -> Done:
    """Open a case in the caller's transaction (see :func:`open_case`)."""
    known = sent_before(session, new.client_id, CaseAction.OPEN, actor)
    if known is not None:
        return known
    check_opening(new.origin, actor.role)
    grounds.require_unit(session, new.unit_code)
    now = now or datetime.now(UTC)
    row = new_row(session, new.title, new.origin, new.ground, actor, now)
    deadline = due_day(settings, CaseState.SUSPECTED, now)
    details = said(unit=new.unit_code, note=checked_note(new.note), deadline=deadline)
    entry = Entry(CaseAction.OPEN, CaseState.SUSPECTED, details, new.happened, new.client_id)
    links = [link_row(row.id, source, actor, now) for source in new.sources]
    return write(session, row, (), entry, actor, now=now, also=links)


def act(
    workspace: Workspace,
    case_id: int,
    step: Step,
    actor: Actor,
    *,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Done:
    """Do something to a case.

    Args:
        workspace: Opened.
        case_id: Row number of the case.
        step: What to do.
        actor: Who does it.
        now: When the server took it; None is this moment.
        sight: Of whom asks: no step reaches another case that they may not know of.

    Raises:
        NotFoundError: There is no such case or unit.
        ForbiddenError: Not this person.
        ConflictError: Not in this state, or the case changed since the person saw it.
        UsageError: The step lacks what it needs.
    """
    with workspace.database.writing() as session:
        return act_in(session, workspace.settings, case_id, step, actor, now=now, sight=sight)


def act_in(
    session: Session,
    settings: Settings,
    case_id: int,
    step: Step,
    actor: Actor,
    *,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Done:
    """Do something to a case in the caller's transaction (see :func:`act`)."""
    if step.action in _ELSEWHERE:
        raise ValueError(f"{step.action} is not a step of its own")
    now = now or datetime.now(UTC)
    row = cases.case(session, case_id)
    known = sent_before(session, step.client_id, step.action, actor, row.id, _asked_of(step))
    if known is not None:
        return known
    if step.version is not None and step.version > row.version:
        raise UsageError(
            f"版本 {step.version} 不存在:线索现为第 {row.version} 版,请刷新页面",
            f"there is no version {step.version}: the case is at {row.version}, load it again",
            code="bad_version",
        )
    events = history(session, row.id)
    state, origin = CaseState(row.state), Origin(row.origin)
    own = is_own(session, actor, row.unit_code)
    move = check_move(state, step.action, step.outcome, origin, actor.role, own=own)
    check_version(events, step.version)
    asked = Asked(session, settings, row, events, step, actor, now, sight)
    special = _SPECIAL.get(step.action)
    if special is not None:
        return special(asked)
    ends = move.ends or state
    if state is CaseState.MERGED:
        give_back(asked)
    entry = Entry(step.action, ends, _details(asked, ends), step.happened, step.client_id)
    also: Sequence[SiteRow] = ()
    if step.action is CaseAction.CLOSE:
        # Where it grew once it is watched from the next season on.
        also = former_site_of(session, settings, row, actor, now)
    return write(session, row, events, entry, actor, now=now, also=also)


def _asked_of(step: Step) -> Json:
    """Return what tells one request for a step from another; its day may be that of the sending."""
    outcome = None if step.outcome is None else step.outcome.value
    facts = {name: value for name, value in step.facts.items() if name != "day"}
    note = step.note.strip()
    return said(outcome=outcome, reason=step.reason, note=note, step=step.corrects, **facts)


def check_version(events: Sequence[Event], version: int | None) -> None:
    """Check that nobody moved a case since a person saw it.

    Args:
        events: Of the case, in their order.
        version: Number of the last event that the person saw; None does not care.

    Raises:
        ConflictError: Somebody did.
    """
    since = [e for e in events if version is not None and e.seq > version and e.moves]
    if since:
        by = since[-1].actor
        raise ConflictError(
            f"这条线索刚被 {by} 更新:请刷新后再操作,您填写的内容仍在本页",
            f"{by} has just changed this case: load it again; what you filled in is still on "
            "this page",
            code="case_changed",
        )


def _details(asked: Asked, ends: CaseState) -> Json:
    step = asked.step
    _check_needs(asked)
    deadline = step.deadline if step.action in _SETS_DEADLINE else None
    if deadline is None and step.action not in (CaseAction.CORRECT, CaseAction.NOTE):
        deadline = due_day(asked.settings, ends, asked.now)
    return said(
        outcome=None if step.outcome is None else step.outcome.value,
        reason=step.reason,
        note=checked_note(step.note),
        unit=_unit(asked) if step.action is CaseAction.ASSIGN else None,
        deadline=deadline,
        facts=_facts(asked),
        step=step.corrects,
    )


def _facts(asked: Asked) -> Json:
    """Return what a step says of the ground, checked against what is known."""
    step = asked.step
    facts: Json = dict(step.facts)
    if not facts:
        return facts
    check_facts(facts)
    _check_seen(asked, facts)
    if step.action is CaseAction.CORRECT:
        before = asked.row.facts[step.corrects]
        if "area_m2" in facts and "count" not in facts:
            again = corrected_count(before, facts["area_m2"])
            facts |= {} if again is None else {"count": again}
        whole = corrected(before, facts)
        check_facts({name: whole[name] for name in whole if name in FACT_WORDS or name == "count"})
    return facts


def _check_seen(asked: Asked, facts: Json) -> None:
    """Check that the survey and the track that a step names are there and saw the ground."""
    ground = asked.row.geometry
    if "survey" in facts:
        survey = sightings.survey(asked.session, facts["survey"])
        if not survey.geometry.intersects(ground):
            raise UsageError(
                f"航测“{survey.name}”没有拍到这块地:请选择覆盖该地块的航测",
                f"the survey {survey.name!r} does not show this ground: choose one that does",
                code="not_seen",
            )
    if "track" in facts:
        sightings.track(asked.session, facts["track"])


def _check_needs(asked: Asked) -> None:
    step, action = asked.step, asked.step.action
    if action is CaseAction.DISMISS and step.reason not in set(DismissReason):
        raise UsageError(
            f"请选择排除原因:{'、'.join(DismissReason)}",
            f"say why it is dismissed, one of {', '.join(DismissReason)}",
            code="no_reason",
        )
    if (action in _NEEDS_NOTE or step.reason == DismissReason.OTHER) and not step.note.strip():
        raise UsageError("请在备注中写明", "say it in the note", code="no_note")
    if action is CaseAction.EXTEND and step.deadline is None:
        raise UsageError("请填写新的期限", "give the new deadline", code="no_deadline")
    if step.deadline is not None:
        _check_deadline(step.deadline, asked.now.astimezone(CHINA_TIME).date())
    if action is CaseAction.CORRECT and step.corrects not in asked.row.facts:
        known = "、".join(asked.row.facts) or "–"
        raise UsageError(
            f"没有可更正的步骤“{step.corrects[:40]}”,可用:{known}",
            f"there is no step {step.corrects[:40]!r} to correct, known: {known}",
            code="no_step",
        )


def _check_deadline(deadline: date, today: date) -> None:
    if not today <= deadline <= today.replace(year=today.year + 5, day=1):
        raise UsageError(
            f"期限 {deadline} 应在今天({today})之后",
            f"the deadline {deadline} must not be before today, {today}",
            code="bad_deadline",
        )


def _unit(asked: Asked) -> str:
    """Return the unit that a case is assigned to, by default the one that answers for its area."""
    session, row = asked.session, asked.row
    unit = asked.step.unit_code
    if unit is None and row.area_code is not None:
        way = grounds.breadcrumb(session, row.area_code)
        unit = next((area.unit_code for area in reversed(way) if area.unit_code), None)
    if unit is None:
        raise UsageError(
            "请选择承办单位:线索所在辖区没有登记责任单位",
            "choose a unit: no unit answers for the area of this case",
            code="no_unit",
        )
    grounds.require_unit(session, unit)
    return unit
