"""Cases as people read them: lists, one case with its history, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.clocks import DOUBT_WORDS
from geoinspect.cases.extent import area_of, count_of
from geoinspect.cases.lifecycle import OPEN, possible, stand, undoable, without_undone
from geoinspect.cases.records import ACTION_WORDS, CaseState, LinkKind, Origin
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.writing import event_of, receipt_of
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds
from geoinspect.store.case_schema import CaseEventRow, CaseLinkRow, CaseRow, EvidenceRow
from geoinspect.store.cases import CaseFilter

Json = dict[str, Any]
# What a step says of another case: its row number, and its number for people.
_OTHER_CASE = {
    "into": "into_number",
    "absorbed": "number",
    "released": "number",
    "split_from": "split_number",
}


def today_of(now: datetime | None = None) -> date:
    """Return the day in Beijing."""
    return (now or datetime.now(UTC)).astimezone(CHINA_TIME).date()


def is_overdue(row: CaseRow, today: date) -> bool:
    """Return whether the step that is next for a case should have been done before today."""
    ended = CaseState(row.state).ended
    return row.deadline is not None and not ended and row.deadline < today


def case_line(row: CaseRow, today: date) -> Json:
    """Return what a list shows of a case."""
    place = row.geometry.representative_point()
    return {
        "id": row.id,
        "number": row.number,
        "title": row.title,
        "origin": row.origin,
        "state": row.state,
        "state_since": moment_iso(row.state_since),
        "opened_at": moment_iso(row.opened_at),
        "opened_by": row.opened_by,
        "unit_code": row.unit_code,
        "area_code": row.area_code,
        "deadline": None if row.deadline is None else row.deadline.isoformat(),
        "overdue": is_overdue(row, today),
        "overdue_days": (today - row.deadline).days
        if row.deadline is not None and is_overdue(row, today)
        else 0,
        "place": [round(place.x, 7), round(place.y, 7)],
        "area_m2": None if (area := area_of(row.facts)) is None else area[0],
        "plants": _plants(row),
        "version": row.version,
    }


def case_told(
    session: Session,
    settings: Settings,
    row: CaseRow,
    actor: Actor,
    *,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Json:
    """Return a case with its history, what it rests on, its evidence, and what its reader may do.

    Other cases that it went into or took over are named as far as the reader may know of them.
    """
    now = now or datetime.now(UTC)
    rows = cases.events_of(session, row.id)
    events = [event_of(one) for one in rows]
    own = is_own(session, actor, row.unit_code)
    state, origin = CaseState(row.state), Origin(row.origin)
    admin = actor.role == "admin"
    last = undoable(events, actor.name, now, settings.case_undo_minutes, admin=admin)
    counted = {event.seq for event in without_undone(events)}
    moves = [
        {"action": move.action.value, "outcome": move.outcome and move.outcome.value}
        for move in possible(state, origin, actor.role, own=own)
        if move.action != "undo" or last is not None
    ]
    way = [] if row.area_code is None else grounds.breadcrumb(session, row.area_code)
    into = None if row.merged_into is None else cases.case(session, row.merged_into)
    absorbed = cases.merged_into(session, row.id)
    return {
        **case_line(row, today_of(now)),
        "ground": shapely.geometry.mapping(row.geometry),
        "areas": [area.name for area in way],
        "facts": row.facts,
        "merged_into": {"id": into.id, "number": into.number}
        if into and sight.case(into)
        else None,
        "absorbed": [{"id": one.id, "number": one.number} for one in absorbed if sight.case(one)],
        "moves": moves,
        "undo": None if last is None else {"seq": last.seq, "action": last.action.value},
        "events": [_event(session, one, one.seq in counted, sight) for one in rows],
        "links": [
            link_told(one) | _unnamed(session, one, sight)
            for one in cases.links_of(session, row.id)
        ],
        "evidence": [evidence_told(one) for one in cases.evidence_of(session, row.id)],
        "stands": stand(events).state.value == row.state,
    }


def link_told(row: CaseLinkRow) -> Json:
    """Return what a case rests on."""
    return {
        "id": row.id,
        "kind": row.kind,
        "source": row.source_id,
        "survey": row.survey_id,
        "label": row.label,
        "at": moment_iso(row.at),
        "by": row.by,
        "details": row.details,
        "ground": None if row.geometry is None else shapely.geometry.mapping(row.geometry),
    }


def evidence_told(row: EvidenceRow) -> Json:
    """Return a piece of evidence."""
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "note": row.note,
        "sha256": row.sha256,
        "bytes": None if row.file is None else row.file.bytes,
        "taken": moment_iso(row.taken),
        "place": None if row.lon is None or row.lat is None else [row.lon, row.lat],
        "distance_m": row.distance_m,
        "added_at": moment_iso(row.added_at),
        "added_by": row.added_by,
        "event": row.event_seq,
        "facts": row.facts,
    }


def counts_told(session: Session, wanted: CaseFilter, today: date) -> Json:
    """Return how many cases stand in each state, and how many are open and overdue."""
    by_state = cases.count_by_state(session, wanted)
    still = {state.value for state in OPEN}
    asked = still.intersection(wanted.states) if wanted.states else still
    late = replace(wanted, states=tuple(sorted(asked)), overdue_on=today)
    return {
        "states": by_state,
        "total": sum(by_state.values()),
        "open": sum(count for state, count in by_state.items() if state in still),
        "overdue": sum(cases.count_by_state(session, late).values()) if late.states else 0,
        "as_of": today.isoformat(),
    }


def _unnamed(session: Session, row: CaseLinkRow, sight: Sight) -> Json:
    """Return what to tell instead of a link that names a case which is not to be known."""
    if row.kind != LinkKind.CASE or _sees(session, row.source_id, sight):
        return {}
    return {"source": None, "label": "", "details": {}}


def _named(session: Session, details: Json, sight: Sight) -> Json:
    """Return what a step says, without the cases that are not to be known."""
    known = [name for name in _OTHER_CASE if name in details]
    hidden = {name for name in known if not _sees(session, int(details[name]), sight)}
    hidden |= {_OTHER_CASE[name] for name in hidden}
    return {name: value for name, value in details.items() if name not in hidden}


def _sees(session: Session, case_id: int | None, sight: Sight) -> bool:
    return sight.whole or case_id is None or sight.case(cases.case(session, case_id))


def _event(session: Session, row: CaseEventRow, counted: bool, sight: Sight) -> Json:
    action = event_of(row).action
    doubts: Sequence[str] = row.details.get("doubts", ())
    return {
        "seq": row.seq,
        "action": row.action,
        "action_zh": ACTION_WORDS[action].zh,
        "from": row.from_state,
        "to": row.to_state,
        "actor": row.actor,
        "role": row.role,
        "unit_code": row.unit_code,
        "at": moment_iso(row.at),
        "happened": moment_iso(row.happened),
        "details": _named(session, row.details, sight),
        "undone": not counted and row.action != "undo",
        "doubts": [{"code": code, **_words(code)} for code in doubts],
        "receipt": receipt_of(session, row),
    }


def _words(code: str) -> Json:
    words = DOUBT_WORDS[code]
    return {"message": words.en, "message_zh": words.zh}


def _plants(row: CaseRow) -> Json | None:
    """Return the newest count of a case's plants; None where nobody counted."""
    count = count_of(row.facts)
    return None if count is None else {k: count[k] for k in ("plants", "low", "high", "method")}
