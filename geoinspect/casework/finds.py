"""What became of every growing place that was confirmed, as the events of its case tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import Event, without_undone
from geoinspect.cases.records import CaseAction, CaseState, Outcome
from geoinspect.casework.writing import event_of
from geoinspect.records import CHINA_TIME
from geoinspect.store.case_schema import CaseEventRow, CaseRow
from geoinspect.store.held import Held

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Done:
    """One step that counts: its event, and the day that was said for it, else that of the event."""

    seq: int
    day: date
    survey: int | None = None
    track: int | None = None


@dataclass(frozen=True, slots=True)
class Find:
    """What became of a growing place.

    Attributes:
        confirmed: The newest time that it was found standing.
        eradicated: After that; None while it stands.
        clean: The newest recheck after the eradication that found nothing.
        doubted: The case was opened again and nobody has been there since.
    """

    confirmed: Done
    eradicated: Done | None
    clean: Done | None
    doubted: bool

    @property
    def settled(self) -> bool:
        """Whether it was eradicated, seen clean, and nobody doubts it."""
        return self.eradicated is not None and self.clean is not None and not self.doubted


def find_of(events: Sequence[Event]) -> Find | None:
    """Return what became of what a case found; None where nothing was confirmed, where that was
    taken back, or where the case went into another one, which carries it on.

    Args:
        events: Of the case, in their order; undone ones are left out here.
    """
    counted = without_undone(events)
    corrected = _corrected_days(counted)
    confirmed: Done | None = None
    eradicated: Done | None = None
    clean: Done | None = None
    doubted = merged = False
    for event in counted:
        if not event.moves:
            continue
        done = _done(event, corrected)
        outcome = event.details.get("outcome")
        merged = event.to_state is CaseState.MERGED
        if event.action is CaseAction.REOPEN:
            doubted = True
        elif event.to_state is CaseState.CONFIRMED:
            confirmed, eradicated, clean, doubted = done, None, None, False
        elif event.action is CaseAction.ERADICATE:
            eradicated = done
        elif event.action is CaseAction.RECHECK and outcome == Outcome.CLEAN:
            # Who says to have been there before the eradication saw the plants, or errs.
            if eradicated is not None and done.day >= eradicated.day:
                clean = done
        elif event.action in (CaseAction.VERIFY, CaseAction.DISMISS):
            if outcome == Outcome.NO_ACCESS:
                continue
            doubted = False
            # Somebody went and saw no poppy: what was confirmed before eradication was wrong.
            if event.action is CaseAction.VERIFY and eradicated is None:
                confirmed = None
    if confirmed is None or merged:
        return None
    return Find(confirmed, eradicated, clean, doubted)


def finds_of(
    session: Session, held: Held | None = None
) -> list[tuple[CaseRow, Find, list[CaseEventRow]]]:
    """Return every case that found something, with what became of it and its event rows; with
    ``held`` only one person's own.
    """
    asked = select(CaseEventRow.case_id).where(CaseEventRow.to_state == CaseState.CONFIRMED.value)
    if held is not None:
        mine = select(CaseRow.id).where(held.cases(session))
        asked = asked.where(CaseEventRow.case_id.in_(mine))
    ids = sorted(set(session.scalars(asked)))
    found: list[tuple[CaseRow, Find, list[CaseEventRow]]] = []
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        rows = {row.id: row for row in session.scalars(select(CaseRow).where(CaseRow.id.in_(some)))}
        events = session.scalars(
            select(CaseEventRow)
            .where(CaseEventRow.case_id.in_(some))
            .order_by(CaseEventRow.case_id, CaseEventRow.seq)
        )
        for case_id, group in groupby(events, key=lambda one: one.case_id):
            told = list(group)
            find = find_of([event_of(one) for one in told])
            if find is not None:
                found.append((rows[case_id], find, told))
    return found


def _done(event: Event, corrected: Mapping[int, date]) -> Done:
    facts = event.details.get("facts") or {}
    if event.action is CaseAction.OPEN:
        # A case that was split off carries what was said at the step that confirmed it.
        facts = facts.get("verified") or {}
    day = corrected.get(event.seq)
    if day is None and facts.get("day"):
        day = date.fromisoformat(facts["day"])
    if day is None:
        day = event.at.astimezone(CHINA_TIME).date()
    return Done(event.seq, day, facts.get("survey"), facts.get("track"))


def _corrected_days(counted: Iterable[Event]) -> dict[int, date]:
    """Return the days that later corrections give steps, by the step's number."""
    names = {
        CaseAction.VERIFY: "verified",
        CaseAction.ERADICATE: "eradicated",
        CaseAction.RECHECK: "rechecked",
    }
    last: dict[str, int] = {}
    days: dict[int, date] = {}
    for event in counted:
        step = names.get(event.action)
        if step is not None:
            last[step] = event.seq
        facts = event.details.get("facts") or {}
        of = last.get(str(event.details.get("step")))
        if event.action is CaseAction.CORRECT and of is not None and facts.get("day"):
            days[of] = date.fromisoformat(facts["day"])
    return days
