"""The queue as people and workers see it: lists, counts, places in line, time that is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from geoinspect.store.incoming import UNDERSTAND
from geoinspect.store.job_schema import JobRow
from geoinspect.store.jobs import LEASE_S, LIVE, Weight, due, lapsed
from geoinspect.store.schema import UploadRow

STATES = ("waiting", "running", "done", "failed", "cancelled")
# Jobs of a kind that were done last, by which the time of the next is guessed.
_EARLIER = 40
_LEAST_EARLIER = 4
# Below this share, or this soon, what was done says little of what is left.
_LEAST_SHARE, _LEAST_S = 0.05, 3.0
# What is left is told as a range about the straight-line guess.
_LOW, _HIGH = 0.7, 1.8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs to list; what is None or empty narrows nothing.

    Attributes:
        owners: Numbers of the people whose they are.
        states, kinds: Only these.
        before: Only jobs of a smaller number: the page after.
        searches: Only searches of pictures: asked for, or the reading of one, which is long.
    """

    owners: frozenset[int] | None = None
    states: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    before: int | None = None
    searches: bool = False


def listed(session: Session, wanted: Wanted, limit: int) -> list[JobRow]:
    """Return jobs, newest first."""
    asked = select(JobRow).where(*_conditions(wanted)).order_by(JobRow.id.desc()).limit(limit)
    return list(session.scalars(asked))


def counted(session: Session, owners: frozenset[int] | None) -> dict[str, int]:
    """Return how many jobs there are in each state, of these people or of all."""
    asked = select(JobRow.state, func.count()).where(*_conditions(Wanted(owners)))
    rows = session.execute(asked.group_by(JobRow.state))
    return dict.fromkeys(STATES, 0) | {state: n for state, n in rows}  # noqa: C416 - rows, no pairs


def of_subjects(session: Session, kind: str, subjects: Collection[str]) -> dict[str, JobRow]:
    """Return the newest job of a kind for each subject that has one."""
    newest = (
        select(func.max(JobRow.id))
        .where(JobRow.kind == kind, JobRow.subject.in_(list(subjects)))
        .group_by(JobRow.subject)
    )
    rows = session.scalars(select(JobRow).where(JobRow.id.in_(newest)))
    return {row.subject: row for row in rows}


def of_survey(
    session: Session, survey_id: int, file_id: int, wanted: Wanted, limit: int
) -> list[JobRow]:
    """Return the jobs that searched a survey or read its file, newest first."""
    receipts = select(UploadRow.id).where(UploadRow.file_id == file_id)
    about = or_(
        and_(JobRow.kind == "detect", JobRow.subject == str(survey_id)),
        and_(JobRow.kind == UNDERSTAND, JobRow.subject.in_(receipts)),
    )
    query = (
        select(JobRow).where(about, *_conditions(wanted)).order_by(JobRow.id.desc()).limit(limit)
    )
    return list(session.scalars(query))


def oldest_waiting(session: Session, now: datetime) -> float | None:
    """Return for how long the oldest waiting job waits, seconds; None when none waits."""
    first = session.scalar(select(func.min(JobRow.created_at)).where(JobRow.state == "waiting"))
    return None if first is None else max(0.0, (now - first).total_seconds())


def place_in_line(session: Session, row: JobRow) -> int | None:
    """Return how many jobs are begun before a waiting one, and itself; None when it doesn't wait."""
    if row.state != "waiting":
        return None
    before = or_(
        JobRow.priority < row.priority,
        and_(JobRow.priority == row.priority, JobRow.id <= row.id),
    )
    count = select(func.count()).where(JobRow.state == "waiting", before)
    return int(session.scalar(count) or 0)


def seconds_left(session: Session, row: JobRow, now: datetime) -> tuple[float, float] | None:
    """Return how long a running job may still take, from … to, seconds; None while unknown.

    By what it has done so far, else by how long the last ones of its kind took.
    """
    if row.state != "running" or row.started_at is None:
        return None
    passed_s = max(0.0, (now - row.started_at).total_seconds())
    share = row.done / row.total if row.total > 0 else 0.0
    if share >= _LEAST_SHARE and passed_s >= _LEAST_S:
        left_s = passed_s * (1.0 - min(share, 1.0)) / share
        return _LOW * left_s, _HIGH * left_s
    took_s = _took(session, row.kind)
    if len(took_s) < _LEAST_EARLIER:
        return None
    low, high = took_s[len(took_s) // 10], took_s[-1 - len(took_s) // 10]
    return max(0.0, low - passed_s), max(0.0, high - passed_s)


def anything_due(session: Session, now: datetime, weights: Collection[Weight]) -> bool:
    """Return whether a job of these weights may be begun; takes no lock."""
    one = select(JobRow.id).where(due(now), JobRow.weight.in_(weights)).limit(1)
    return session.scalar(one) is not None


def anything_lapsed(session: Session, now: datetime, *, lease_s: float = LEASE_S) -> bool:
    """Return whether a worker showed no life in time; takes no lock."""
    one = select(JobRow.id).where(JobRow.state == "running", lapsed(now, lease_s)).limit(1)
    return session.scalar(one) is not None


def holders(session: Session) -> list[str]:
    """Return the workers that hold jobs."""
    found = select(JobRow.worker).where(JobRow.state == "running").distinct()
    return [worker for worker in session.scalars(found) if worker is not None]


def cancel_asked(session: Session, ids: Collection[int]) -> set[int]:
    """Return which of these jobs somebody wants to stop."""
    asked = select(JobRow.id).where(JobRow.id.in_(list(ids)), JobRow.cancel_asked)
    return set(session.scalars(asked))


def failed_of(session: Session, owner: int) -> list[int]:
    """Return the numbers of a person's failed jobs, oldest first."""
    failed = select(JobRow.id).where(JobRow.asked_by == owner, JobRow.state == "failed")
    return list(session.scalars(failed.order_by(JobRow.id)))


def is_live(row: JobRow) -> bool:
    """Return whether a job waits or runs."""
    return row.state in LIVE


def _took(session: Session, kind: str) -> list[float]:
    """Return how long the last done jobs of a kind took, seconds, in order of length."""
    rows = session.execute(
        select(JobRow.started_at, JobRow.ended_at)
        .where(JobRow.kind == kind, JobRow.state == "done")
        .order_by(JobRow.id.desc())
        .limit(_EARLIER)
    )
    return sorted((ended - begun).total_seconds() for begun, ended in rows if begun and ended)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.owners is not None:
        found.append(JobRow.asked_by.in_(sorted(wanted.owners)))
    if wanted.states:
        found.append(JobRow.state.in_(sorted(wanted.states)))
    if wanted.kinds:
        found.append(JobRow.kind.in_(sorted(wanted.kinds)))
    if wanted.before is not None:
        found.append(JobRow.id < wanted.before)
    if wanted.searches:
        read = and_(JobRow.kind == UNDERSTAND, JobRow.weight == "long")
        found.append(or_(JobRow.kind == "detect", read))
    return found
