"""Steps of cases for tests of work lists and of the zero-yield status, with their days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from case_builders import ADMIN, NOON, opened

from geoinspect.cases.counting import plain_count
from geoinspect.cases.facts import count_json
from geoinspect.cases.records import CaseAction, Outcome
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.store.workspace import Workspace

FIRST_DAY = date(2026, 5, 14)


def at(day: int) -> datetime:
    """Noon of so many days after the first."""
    return NOON + timedelta(days=day)


def said(day: int, **facts: Any) -> dict[str, Any]:
    """Facts of a step on a day."""
    return {"day": (FIRST_DAY + timedelta(days=day)).isoformat(), **facts}


def plants(count: int) -> dict[str, Any]:
    """Facts with a plain count."""
    return {"count": count_json(plain_count(count))}


def do(
    workspace: Workspace,
    case_id: int,
    action: str,
    *,
    day: int = 0,
    outcome: str | None = None,
    minute: int = 0,
    **more: Any,
) -> None:
    """Do a step on a day, as the administrator."""
    step = Step(CaseAction(action), outcome=None if outcome is None else Outcome(outcome), **more)
    act(workspace, case_id, step, ADMIN, now=at(day) + timedelta(minutes=minute))


def assigned(workspace: Workspace, *, day: int = 0, **more: Any) -> int:
    """A case that waits for its verification."""
    case_id = opened(workspace, now=at(day), **more)
    do(workspace, case_id, "triage", day=day, minute=1)
    do(workspace, case_id, "assign", day=day, minute=2)
    return case_id


def confirmed(workspace: Workspace, *, day: int = 0, facts: Any = None, **more: Any) -> int:
    """A case that stands."""
    case_id = assigned(workspace, day=day, **more)
    known = said(day, **(plants(10) if facts is None else facts))
    do(workspace, case_id, "verify", day=day, outcome="confirmed", minute=3, facts=known)
    return case_id


def eradicated(workspace: Workspace, *, day: int = 0, gone: int = 1, **more: Any) -> int:
    """A case that was eradicated some days later."""
    case_id = confirmed(workspace, day=day, **more)
    facts = said(gone, method="pulled", **plants(10))
    do(workspace, case_id, "eradicate", day=gone, facts=facts, minute=4)
    return case_id


def rechecked(
    workspace: Workspace, *, day: int = 0, gone: int = 1, clean: int = 5, **more: Any
) -> int:
    """A case that was seen clean."""
    case_id = eradicated(workspace, day=day, gone=gone, **more)
    do(workspace, case_id, "recheck", day=clean, outcome="clean", facts=said(clean), minute=5)
    return case_id
