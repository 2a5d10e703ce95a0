"""The tables of work in the background: jobs, and uploads that have not arrived whole yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from geoinspect.store.schema import Base


class JobRow(Base):
    """One piece of work in the background (:mod:`geoinspect.jobs.queue`).

    Attributes:
        kind: Which task does it (:mod:`geoinspect.jobs.tasks`).
        subject: What it works on, such as a receipt or a survey's number.
        weight: ``quick`` or ``long``; long ones never take every worker.
        priority: Smaller goes first.
        key: Of live jobs at most one has this key; None when it ended or needs none.
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
        tries, most_tries: How often it was begun, and how often it may be.
        due_at: Not begun before.
        lease: Secret of the worker that has it; another's word about it is not taken.
        lease_until: After this moment it is anybody's.
        beat_at: When its worker last showed a sign of life.
        done, total: How far it is, in its own units; ``total`` 0 while unknown.
        phase: What it does now, ``{"zh": …, "en": …}``; empty before it begins.
        result: What came of it.
        error: Why it failed, ``{"code": …, "message": …, "message_zh": …}``; empty otherwise.
        asked_by: Whose it is; None for the office's own.
        cancel_asked: Somebody wants it to stop.
    """

    __tablename__ = "job"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), index=True)
    subject: Mapped[str] = mapped_column(index=True)
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    weight: Mapped[str] = mapped_column(String(8))
    priority: Mapped[int]
    key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    tries: Mapped[int] = mapped_column(default=0)
    most_tries: Mapped[int]
    due_at: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    worker: Mapped[str | None]
    done: Mapped[float] = mapped_column(default=0.0)
    total: Mapped[float] = mapped_column(default=0.0)
    phase: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)


class IncomingRow(Base):
    """An upload that is arriving in pieces; its bytes lie in the workspace's ``incoming`` folder.

    Attributes:
        id: Unguessable, part of its address.
        length: Bytes that were announced.
        sha256: Hash that was announced, lower-case hex; None without one.
        tags: What its sender said of it, as the query of ``POST /files``.
        state: ``arriving``, ``checking``, ``received`` or ``refused``.
        receipt_id: The receipt, once it arrived whole.
        error: Why it was refused, ``{"code": …, "message": …, "message_zh": …}``.
        touched_at: When bytes last came.
        expires_at: When what came of an unfinished one is removed.
    """

    __tablename__ = "incoming"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str]
    length: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    tags: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(12), index=True)
    receipt_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id"))
    error: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    expires_at: Mapped[datetime]
