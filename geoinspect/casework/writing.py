"""How a step is written: the event, the case as it then stands, and the audit row that seals both,
together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.clocks import day_doubts, doubts_of
from geoinspect.cases.lifecycle import DAYS_SETTING, Event, Standing, stand
from geoinspect.cases.records import CaseAction, CaseState, Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import Done, Source
from geoinspect.errors import ConflictError, UsageError
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import cases, seals
from geoinspect.store.case_schema import CaseEventRow, CaseLinkRow, CaseRow
from geoinspect.store.names import checked_name
from geoinspect.store.schema import Base

Json = dict[str, Any]

MOST_NOTE = 2000
# These say again what an earlier step said.
_AGAIN = frozenset({CaseAction.OPEN, CaseAction.CORRECT, CaseAction.EVIDENCE})


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that is about to be written.

    Attributes:
        details: What was said (see :func:`said`).
        happened: By the sender's clock.
    """

    action: CaseAction
    to_state: CaseState
    details: Json
    happened: datetime | None = None
    client_id: str = ""


def write(
    session: Session,
    row: CaseRow,
    events: Sequence[Event],
    entry: Entry,
    actor: Actor,
    *,
    now: datetime,
    also: Sequence[Base] = (),
) -> Done:
    """Write an event, bring the case to where it now stands, and seal both with what goes along.

    Args:
        session: Holds the write lock.
        row: The case; a new one is flushed, so that it has a number.
        events: Of the case so far.
        entry: What to write.
        actor: Who did it.
        now: When the server took it.
        also: Rows of sealed tables that are new or changed with it.
    """
    today = now.astimezone(CHINA_TIME).date()
    earlier = [facts["day"] for facts in row.facts.values() if facts.get("day")]
    named = None if entry.action in _AGAIN else entry.details.get("facts", {}).get("day")
    doubts = doubts_of(entry.happened, now, events) + day_doubts(named, today, earlier)
    when = said(happened=moment_iso(entry.happened), doubts=doubts)
    event = CaseEventRow(
        case_id=row.id,
        seq=row.version + 1,
        action=entry.action.value,
        from_state=row.state if events else None,
        to_state=entry.to_state.value,
        actor=actor.name,
        role=actor.role,
        unit_code=actor.unit_code,
        at=now,
        happened=entry.happened,
        client_id=entry.client_id or uuid.uuid4().hex,
        details={**entry.details, **when},
    )
    before = told_briefly(stand(events)) if events else None
    after = stand([*events, event_of(event)])
    settle(row, after, event.seq)
    seals.record_sealed(
        session,
        [event, row, *also],
        actor=actor.name,
        action=f"case.{entry.action.value}",
        subject=f"case {row.id}",
        details={
            "number": row.number,
            "seq": event.seq,
            "old": before,
            "new": told_briefly(after),
            "said": event.details,
        },
    )
    return Done(row.id, event.seq, receipt_of(session, event))


def new_row(
    session: Session, title: str, origin: Origin, ground: BaseGeometry, actor: Actor, now: datetime
) -> CaseRow:
    """Return the flushed row of a case that has no event yet.

    Raises:
        UsageError: The title can't be one.
    """
    checked_name(title, "线索名称", "title of the case")
    place = ground.representative_point()
    area = cases.area_at(session, place.x, place.y)
    row = CaseRow(
        number=cases.next_number(session, now.astimezone(CHINA_TIME).year),
        title=title.strip(),
        origin=origin.value,
        opened_at=now,
        opened_by=actor.name,
        state=CaseState.SUSPECTED.value,
        state_since=now,
        unit_code=None,
        area_code=None if area is None else area.code,
        deadline=None,
        version=0,
        merged_into=None,
        facts={},
        geometry=ground,
    )
    session.add(row)
    session.flush()
    return row


def settle(row: CaseRow, standing: Standing, version: int) -> None:
    """Let a case's row say where its events put it."""
    row.state, row.state_since = standing.state.value, standing.since
    row.unit_code, row.deadline = standing.unit_code, standing.deadline
    row.facts = {step: dict(facts) for step, facts in standing.facts.items()}
    row.merged_into = standing.merged_into
    row.version = version


def history(session: Session, case_id: int) -> list[Event]:
    """Return the events of a case, in their order."""
    return [event_of(row) for row in cases.events_of(session, case_id)]


def event_of(row: CaseEventRow) -> Event:
    """Return the record of an event row."""
    action, state = CaseAction(row.action), CaseState(row.to_state)
    return Event(row.seq, action, state, row.actor, row.at, row.details)


def sent_before(
    session: Session,
    client_id: str,
    action: CaseAction,
    actor: Actor,
    case_id: int | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Done | None:
    """Return what became of a request that came before; None for a new one.

    Args:
        session: Holds the write lock.
        client_id: Made by the sender; empty is always new.
        action: What is asked now.
        actor: Who asks.
        case_id: Of the case it is asked of; None for one to be opened.
        asked: What was said then must be this: outcome, reason, note, corrected step, facts.

    Raises:
        ConflictError: The identifier was used for something else.
    """
    known = cases.event_sent(session, client_id) if client_id else None
    if known is None:
        return None
    same = known.action == action.value and known.actor == actor.name
    if asked is not None:
        told = {**known.details, **known.details.get("facts", {})}
        same = same and all(told.get(name) == value for name, value in asked.items())
    if not same or (case_id is not None and known.case_id != case_id):
        raise ConflictError(
            "这个提交编号已用于另一次操作:请刷新页面后重试",
            "this identifier was used for something else: load the page again",
            code="client_id_used",
        )
    return Done(known.case_id, known.seq, receipt_of(session, known), again=True)


def link_row(case_id: int, source: Source, actor: Actor, now: datetime) -> CaseLinkRow:
    """Return the row of a link."""
    return CaseLinkRow(
        case_id=case_id,
        kind=source.kind.value,
        source_id=source.source_id,
        survey_id=source.survey_id,
        label=source.label,
        at=now,
        by=actor.name,
        gone_at=None,
        details=dict(source.details),
        geometry=source.geometry,
    )


def receipt_of(session: Session, event: CaseEventRow) -> str:
    """Return the receipt of a step: the event's number and how its seal in the chain begins."""
    return f"{event.id}-{seals.seal_of(session, event)[:8].upper()}"


def due_day(settings: Settings, state: CaseState, now: datetime) -> date | None:
    """Return the day by which the step after a state is due, Beijing; None without a deadline."""
    name = DAYS_SETTING.get(state)
    days = 0 if name is None else int(getattr(settings, name))
    return now.astimezone(CHINA_TIME).date() + timedelta(days=days) if days else None


def said(**values: Any) -> Json:  # noqa: ANN401 - whatever JSON takes
    """Return what was said, without what was not; days as text."""
    found = {name: value for name, value in values.items() if value not in (None, "", {}, [])}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in found.items()}


def checked_note(text: str) -> str:
    """Return a note without blanks round it.

    Raises:
        UsageError: It is too long or has control characters.
    """
    text = text.strip()
    if len(text) > MOST_NOTE or any(not (c.isprintable() or c in "\n\t") for c in text):
        raise UsageError(
            f"备注最多 {MOST_NOTE} 字,不能含控制字符",
            f"a note has at most {MOST_NOTE} characters and no control characters",
            code="bad_note",
        )
    return text


def told_briefly(standing: Standing) -> Json:
    """Return where a case stands, for the audit chain."""
    return {
        "state": standing.state.value,
        "unit": standing.unit_code,
        "deadline": None if standing.deadline is None else standing.deadline.isoformat(),
        "facts": {step: dict(facts) for step, facts in standing.facts.items()},
        "merged_into": standing.merged_into,
    }
