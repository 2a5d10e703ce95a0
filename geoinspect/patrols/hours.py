"""Person-hours: ground counts once however many walk it, everybody's time counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Shift:
    """The time of one track.

    Attributes:
        people: Codes of those who went; empty when nobody is named.
        sent_again: The same recording as another track: without a name of its own it stands for
            nobody new.
    """

    start: datetime
    end: datetime
    people: tuple[str, ...] = ()
    sent_again: bool = False


def hours_by_person(shifts: Sequence[Shift]) -> dict[str, float]:
    """Return hours by person code; time that several tracks of one person share counts once."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for shift in shifts:
        for person in shift.people:
            spans.setdefault(person, []).append((shift.start, shift.end))
    return {person: _together_h(found) for person, found in sorted(spans.items())}


def person_hours(shifts: Sequence[Shift], headcount: int | None = None) -> float:
    """Return the hours that all who went spent together.

    A track that names nobody stands for one person. Where the sender said how many went, it is at
    least so many times the time of the outing.
    """
    named_h = sum(hours_by_person(shifts).values())
    unnamed = [shift for shift in shifts if not shift.people and not shift.sent_again]
    unnamed_h = sum((s.end - s.start).total_seconds() for s in unnamed) / _HOUR_S
    told_h = (headcount or 0) * _together_h((s.start, s.end) for s in shifts)
    return max(named_h + unnamed_h, told_h)


def _together_h(spans: Iterable[tuple[datetime, datetime]]) -> float:
    total_s = 0.0
    until: datetime | None = None
    for start, end in sorted(spans):
        begin = start if until is None else max(start, until)
        if end > begin:
            total_s += (end - begin).total_seconds()
        until = end if until is None else max(until, end)
    return total_s / _HOUR_S
