"""The queue of work in the background: rows with a lease, a heartbeat and a number of tries.

Every function takes the time, so that a test can shift it, and belongs into a writing transaction.
A worker holds a job by a secret lease; what it says of a job that it holds no more changes nothing.
A clock that jumps makes work be done again at worst: a moment farther ahead than any lease or any
wait can be is taken as past.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from geoinspect.errors import ConflictError, NotFoundError, Text
from geoinspect.store.job_schema import JobRow

Weight = Literal["quick", "long"]
ALL_WEIGHTS: tuple[Weight, ...] = ("quick", "long")
LIVE = ("waiting", "running")
# Smaller goes first: what somebody waits for before what can wait for the night.
PRIORITY_UPLOAD, PRIORITY_ASKED, PRIORITY_RASTER, PRIORITY_LATER = 10, 20, 30, 50
# How long a worker that shows no sign of life keeps its job.
LEASE_S = 60.0
_MOST_TRIES = 3
# A worker that ends in the middle is not the job's fault; a job that always has one end is stopped.
MOST_LOST = 10
_WAIT_S, _LONGEST_WAIT_S = 5.0, 600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed.

    Attributes:
        again: Trying again may help.
    """

    code: str
    text: Text
    again: bool = False

    def as_json(self) -> dict[str, str]:
        """Return it for keeping with the job."""
        return {"code": self.code, "message": self.text.en, "message_zh": self.text.zh}


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of one worker.

    Attributes:
        lease: Secret by which the worker holds it.
        tries: Which try this is, from 1.
        again: It was begun before, so some of it, or all, may be done already.
    """

    id: int
    kind: str
    subject: str
    args: dict[str, Any]
    weight: Weight
    asked_by: int | None
    lease: str
    tries: int
    again: bool


class Word(StrEnum):
    """What a worker hears when it shows a sign of life."""

    GO = "go"
    CANCEL = "cancel"
    LOST = "lost"


_LOST_TOO_OFTEN = Failure(
    "interrupted",
    Text(
        f"处理程序在这项工作上被中断了 {MOST_LOST} 次,已停止尝试:文件仍在,请联系管理员检查服务器后重试",
        f"the program was interrupted {MOST_LOST} times at this and tries no more: the file is kept; "
        "ask the administrator to look at the server, then try again",
    ),
)


def enqueue(
    session: Session,
    kind: str,
    subject: str,
    args: dict[str, Any],
    *,
    asked_by: int | None,
    weight: Weight = "quick",
    priority: int = PRIORITY_ASKED,
    key: str | None = None,
    most_tries: int = _MOST_TRIES,
) -> JobRow:
    """Add a job, or return the live one that has the same key.

    Belongs into the transaction that makes what it works on, so that neither is without the other.
    """
    if key is not None:
        live = session.scalar(select(JobRow).where(JobRow.key == key))
        if live is not None:
            return live
    now = datetime.now(UTC)
    row = JobRow(
        kind=kind,
        subject=subject,
        args=args,
        weight=weight,
        priority=priority,
        key=key,
        state="waiting",
        most_tries=most_tries,
        due_at=now,
        asked_by=asked_by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def lapsed(now: datetime, lease_s: float) -> ColumnElement[bool]:
    """Return the condition of a running job whose worker showed no life in time."""
    farthest = now + timedelta(seconds=2 * lease_s)
    return or_(JobRow.lease_until < now, JobRow.lease_until > farthest)


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a job that may be begun."""
    farthest = now + timedelta(seconds=2 * _LONGEST_WAIT_S)
    in_time = or_(JobRow.due_at <= now, JobRow.due_at > farthest)
    return (JobRow.state == "waiting") & in_time


def claim(
    session: Session,
    worker: str,
    now: datetime,
    *,
    weights: Collection[Weight] = ALL_WEIGHTS,
    lease_s: float = LEASE_S,
) -> Claim | None:
    """Take the first job that is due, by priority and age; None without one."""
    first = (
        select(JobRow.id)
        .where(due(now), JobRow.weight.in_(weights))
        .order_by(JobRow.priority, JobRow.id)
        .limit(1)
        .scalar_subquery()
    )
    lease = secrets.token_hex(16)
    taken = session.execute(
        update(JobRow)
        .where(JobRow.id == first)
        .values(
            state="running",
            tries=JobRow.tries + 1,
            lease=lease,
            lease_until=now + timedelta(seconds=lease_s),
            beat_at=now,
            worker=worker,
            started_at=now,
            done=0.0,
            total=0.0,
            phase={},
            error={},
        )
        .returning(
            *(JobRow.id, JobRow.kind, JobRow.subject, JobRow.args),
            *(JobRow.weight, JobRow.asked_by, JobRow.tries, JobRow.result),
        )
    ).one_or_none()
    if taken is None:
        return None
    return Claim(
        taken.id,
        taken.kind,
        taken.subject,
        taken.args,
        taken.weight,
        taken.asked_by,
        lease,
        taken.tries,
        taken.tries > 1 or bool(taken.result),
    )


def beat(
    session: Session,
    held: Claim,
    now: datetime,
    *,
    done: float = 0.0,
    total: float = 0.0,
    phase: Text | None = None,
    lease_s: float = LEASE_S,
) -> Word:
    """Show a sign of life and how far a job is; return whether to go on."""
    shown = {} if phase is None else {"zh": phase.zh, "en": phase.en}
    cancel_asked = session.scalar(
        update(JobRow)
        .where(*_held(held))
        .values(
            lease_until=now + timedelta(seconds=lease_s),
            beat_at=now,
            done=done,
            total=total,
            phase=shown,
        )
        .returning(JobRow.cancel_asked)
    )
    if cancel_asked is None:
        return Word.LOST
    return Word.CANCEL if cancel_asked else Word.GO


def finish(session: Session, held: Claim, now: datetime, result: dict[str, Any]) -> bool:
    """Note what came of a job; return False, and change nothing, when it is held no more."""
    return _end(session, held, now, state="done", result=result)


def stop(session: Session, held: Claim, now: datetime) -> bool:
    """Note that a job was stopped as somebody asked; False when it is held no more."""
    return _end(session, held, now, state="cancelled")


def fail(session: Session, held: Claim, now: datetime, failure: Failure) -> bool:
    """Note that a try failed: the job waits for the next one, or has failed for good.

    Returns:
        False, and nothing is changed, when it is held no more.
    """
    row = session.scalar(select(JobRow).where(*_held(held)))
    if row is None:
        return False
    row.error = failure.as_json()
    if row.cancel_asked:
        _close(row, "cancelled", now)
    elif failure.again and row.tries < row.most_tries:
        _wait(row, now + timedelta(seconds=wait_s(row.tries)))
    else:
        _close(row, "failed", now)
    session.flush()
    return True


def give_back(session: Session, held: Claim, now: datetime) -> bool:
    """Let go of a job unfinished, as its worker ends; the try doesn't count.

    Returns:
        False when it is held no more.
    """
    row = session.scalar(select(JobRow).where(*_held(held)))
    if row is None:
        return False
    if row.cancel_asked:
        _close(row, "cancelled", now)
    else:
        row.tries -= 1
        row.result = {"lost": row.result.get("lost", 0)}
        _wait(row, now)
    session.flush()
    return True


def reclaim(
    session: Session,
    now: datetime,
    *,
    gone: Collection[str] = (),
    lease_s: float = LEASE_S,
) -> int:
    """Let jobs wait again whose worker is gone or showed no life in time; return how many.

    Args:
        gone: Workers that are known to have ended.
    """
    lost = or_(lapsed(now, lease_s), JobRow.worker.in_(list(gone)))
    rows = session.scalars(select(JobRow).where(JobRow.state == "running", lost)).all()
    for row in rows:
        times = int(row.result.get("lost", 0)) + 1
        if row.cancel_asked:
            _close(row, "cancelled", now)
        elif times >= MOST_LOST:
            row.error = _LOST_TOO_OFTEN.as_json()
            _close(row, "failed", now)
        else:
            row.tries -= 1
            row.result = {"lost": times}
            _wait(row, now)
    session.flush()
    return len(rows)


def cancel(session: Session, job_id: int, now: datetime) -> JobRow:
    """Stop a job: at once while it waits, else as soon as its worker hears of it.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has ended.
    """
    row = job(session, job_id)
    if row.state not in LIVE:
        raise ConflictError(
            f"工作 {job_id} 已经结束,不能取消",
            f"job {job_id} has ended and can't be cancelled",
            code="job_ended",
        )
    row.cancel_asked = True
    if row.state == "waiting":
        _close(row, "cancelled", now)
    session.flush()
    return row


def retry(session: Session, job_id: int, now: datetime) -> JobRow:
    """Let a job that failed or was cancelled wait again, with all its tries.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is done, or waits or runs anyway.
    """
    row = job(session, job_id)
    if row.state not in {"failed", "cancelled"}:
        raise ConflictError(
            f"工作 {job_id} 没有失败,不需要重试",
            f"job {job_id} has not failed, so there is nothing to try again",
            code="job_not_failed",
        )
    row.tries, row.cancel_asked = 0, False
    row.error, row.result = {}, {}
    row.started_at = row.ended_at = None
    _wait(row, now)
    session.flush()
    return row


def job(session: Session, job_id: int) -> JobRow:
    """Return one job.

    Raises:
        NotFoundError: There is none of this number.
    """
    row = session.get(JobRow, job_id)
    if row is None:
        raise missing(job_id)
    return row


def missing(job_id: int) -> NotFoundError:
    """Return the error for a job that isn't there."""
    return NotFoundError(
        f"没有编号 {job_id} 的后台工作", f"there is no job {job_id}", code="no_such_job"
    )


def wait_s(tries: int) -> float:
    """Return how long a job waits after its so many-th try, seconds: doubling, bounded."""
    return float(min(_WAIT_S * 2.0 ** min(tries - 1, 20), _LONGEST_WAIT_S))


def _held(held: Claim) -> tuple[ColumnElement[bool], ...]:
    return JobRow.id == held.id, JobRow.state == "running", JobRow.lease == held.lease


def _end(session: Session, held: Claim, now: datetime, *, state: str, **told: object) -> bool:
    ended = session.scalar(
        update(JobRow)
        .where(*_held(held))
        .values(state=state, ended_at=now, key=None, lease=None, lease_until=None, **told)
        .returning(JobRow.id)
    )
    return ended is not None


def _wait(row: JobRow, due_at: datetime) -> None:
    row.state, row.due_at = "waiting", due_at
    row.lease = row.lease_until = None
    row.done = row.total = 0.0
    row.phase = {}


def _close(row: JobRow, state: str, now: datetime) -> None:
    row.state, row.ended_at, row.key = state, now, None
    row.lease = row.lease_until = None
