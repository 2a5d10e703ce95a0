"""Who may open cases, and how cases that are made together get a number each for their sender."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.records import CaseAction
from geoinspect.casework.actors import Actor
from geoinspect.errors import ConflictError, ForbiddenError, UsageError
from geoinspect.store import cases
from geoinspect.store.case_schema import CaseEventRow, CaseRow

Json = dict[str, Any]

MOST_TOGETHER = 500
_SHOWN_PLACE = 120


def check_may_open(actor: Actor, roles: frozenset[str]) -> None:
    """Check that a person may open cases in this way.

    Raises:
        ForbiddenError: Their role may not.
    """
    if actor.role not in roles:
        raise ForbiddenError(
            "您的角色不能这样立线索:请联系分析员",
            "your role may not open cases in this way: ask an analyst",
            code="not_your_role",
        )


def checked_numbers(given: Iterable[int], zh: str, en: str) -> list[int]:
    """Return the numbers of what was chosen, each once, ascending.

    Raises:
        UsageError: None was chosen, or more than :data:`MOST_TOGETHER`.
    """
    numbers = sorted(set(given))
    if not numbers:
        raise UsageError(f"没有选择{zh}", f"no {en} were chosen", code="nothing_chosen")
    if len(numbers) > MOST_TOGETHER:
        raise UsageError(
            f"一次最多 {MOST_TOGETHER} 个{zh},得到 {len(numbers)} 个:请分批",
            f"at most {MOST_TOGETHER} of {en} at once, got {len(numbers)}: take them in parts",
            code="too_many",
        )
    return numbers


def digest_of(*what: object) -> str:
    """Return what tells one request from another."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def numbered_id(client_id: str, number: int) -> str:
    """Return the identifier of one of the events that a request makes; empty for none."""
    if not client_id:
        return ""
    return f"{hashlib.sha256(client_id.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}-{number}"


def events_sent(session: Session, client_id: str, actor: Actor) -> list[CaseEventRow]:
    """Return the events that a request made when it came before; none for a new one.

    Raises:
        ConflictError: Somebody else, or something else, used the identifier.
    """
    found: list[CaseEventRow] = []
    while client_id:
        row = cases.event_sent(session, numbered_id(client_id, len(found)))
        if row is None:
            break
        found.append(row)
    making = (CaseAction.OPEN, CaseAction.LINK)
    if any(row.actor != actor.name or row.action not in making for row in found):
        raise used_otherwise()
    return found


def used_otherwise() -> ConflictError:
    """Return the refusal of an identifier that was used for something else.

    It tells that somebody sent this text before, and nothing of who, when or for which record.
    Senders make identifiers at random (122 bits in our pages and client): who can guess one that
    another person used has read it where the work itself stands.
    """
    return ConflictError(
        "这个提交编号已用于另一次操作:请刷新页面后重试",
        "this identifier was used for something else: load the page again",
        code="client_id_used",
    )


def home(session: Session, row: CaseRow) -> CaseRow:
    """Return the case that one went into, or itself."""
    seen = {row.id}
    while row.merged_into is not None and row.merged_into not in seen:
        seen.add(row.merged_into)
        row = cases.case(session, row.merged_into)
    return row


def titled(session: Session, ground: BaseGeometry, what: str) -> str:
    """Return a title made of the smallest area's name and what was seen there."""
    place = ground.representative_point()
    area = cases.area_at(session, place.x, place.y)
    return what if area is None else f"{area.name[:_SHOWN_PLACE]} {what}"


def brief(row: CaseRow) -> Json:
    """Return what names a case in an answer."""
    return {"id": row.id, "number": row.number, "title": row.title, "state": row.state}


def ordered(rows: Iterable[CaseRow]) -> Sequence[CaseRow]:
    """Return cases by number, each once."""
    return sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)
