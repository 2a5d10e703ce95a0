"""Questions about people: who may sign in, and what they sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError, UsageError
from geoinspect.store import logins
from geoinspect.store.names import checked_name
from geoinspect.store.schema import FileRow, UploadRow, UserRow
from geoinspect.store.tokens import add_token, user_of_token

__all__ = ["add_token", "user_of_token"]  # scripts and tests know them by this module
ROLES = ("field", "analyst", "commander", "auditor", "admin")
# Which passwords are good enough is the office's choice (geoinspect.accounts.passwords); nothing
# below this is ever taken.
MIN_PASSWORD, MAX_PASSWORD = 8, 1000
KEPT_FORMER = 4
_HASHER = PasswordHasher()


def add_user(
    session: Session,
    *,
    name: str,
    role: str,
    unit_code: str | None,
    password: str,
    must_change: bool = False,
) -> UserRow:
    """Add a person.

    Args:
        session: Writing.
        name: What they sign in by.
        role: One of :data:`ROLES`.
        unit_code: Their unit; None: the whole workspace is theirs to see.
        password: As they will type it.
        must_change: They have to choose their own at the first login.

    Raises:
        UsageError: The name is taken or empty, the role unknown, or the password too short.
    """
    check_role(role)
    checked_name(name, "用户名", "user name")
    if user_named(session, name) is not None:
        raise UsageError(
            f"用户名“{name}”已被使用", f"the name {name!r} is taken", code="name_taken"
        )
    now = datetime.now(UTC)
    row = UserRow(
        name=name,
        role=role,
        unit_code=unit_code,
        password_hash=hashed(password),
        created_at=now,
        password_set_at=now,
        must_change=must_change,
        former_hashes=[],
    )
    session.add(row)
    session.flush()
    return row


def check_role(role: str) -> None:
    """Check that a role is known.

    Raises:
        UsageError: It is not.
    """
    if role not in ROLES:
        raise UsageError(
            f"角色“{role[:40]}”无法识别,可用:{'、'.join(ROLES)}",
            f"unknown role {role[:40]!r}, known: {', '.join(ROLES)}",
            code="bad_role",
        )


def set_password(session: Session, name: str, password: str, *, must_change: bool = False) -> None:
    """Give a person a new password, which ends their sessions.

    Raises:
        NotFoundError: There is no such person.
        UsageError: The password is too short.
    """
    row = needed_user(session, name)
    keep_hash(row, hashed(password), must_change=must_change)
    logins.end_all(session, row.id, "password")


def keep_hash(row: UserRow, password_hash: str, *, must_change: bool) -> None:
    """Put a new hash in the place of a person's, which joins the former ones."""
    row.former_hashes = [row.password_hash, *row.former_hashes][:KEPT_FORMER]
    row.password_hash = password_hash
    row.password_set_at = datetime.now(UTC)
    row.must_change = must_change


def user(session: Session, user_id: int) -> UserRow | None:
    """Return an active person by number."""
    row = session.get(UserRow, user_id)
    return row if row is not None and row.active else None


def user_named(session: Session, name: str) -> UserRow | None:
    """Return a person by name."""
    return session.scalar(select(UserRow).where(UserRow.name == name))


def needed_user(session: Session, name: str) -> UserRow:
    """Return a person by name.

    Raises:
        NotFoundError: There is no such person.
    """
    row = user_named(session, name)
    if row is None:
        raise NotFoundError(
            f"没有用户“{name[:40]}”", f"there is no user {name[:40]!r}", code="no_such_user"
        )
    return row


def everybody(session: Session) -> Sequence[UserRow]:
    """Return all people by name, those who may not sign in too."""
    return session.scalars(select(UserRow).order_by(UserRow.name)).all()


def check_password(session: Session, name: str, password: str) -> UserRow | None:
    """Return the person when the password is right.

    An unknown name costs as much time as a wrong password, so that names can't be guessed.
    """
    row = user_named(session, name)
    decoy = _decoy()
    right = is_password(row.password_hash if row is not None else decoy, password)
    return row if right and row is not None and row.active else None


def is_password(password_hash: str, password: str) -> bool:
    """Return whether a password is the one of a hash."""
    # Typed anew, a longer one could not have been taken; its length must cost nothing.
    typed = password if len(password) <= MAX_PASSWORD else ""
    try:
        return _HASHER.verify(password_hash, typed)
    except (VerificationError, InvalidHashError):
        return False


def first_admin(session: Session) -> UserRow:
    """Return the workspace's first administrator.

    Raises:
        NotFoundError: There is none yet.
    """
    row = session.scalar(select(UserRow).where(UserRow.role == "admin").order_by(UserRow.id))
    if row is None:
        raise NotFoundError(
            "还没有管理员:请先用 geoinspect users add 名字 --role admin 建立",
            "there is no administrator yet: make one with geoinspect users add NAME --role admin",
            code="no_admin",
        )
    return row


def record_upload(session: Session, *, file: FileRow, user_id: int, name: str) -> UploadRow:
    """Note that a file arrived whole; its number is the receipt.

    The same bytes from the same person again have the receipt they had.
    """
    known = session.scalar(
        select(UploadRow).where(UploadRow.file_id == file.id, UploadRow.user_id == user_id)
    )
    if known is not None:
        return known
    row = UploadRow(
        id=secrets.token_hex(6).upper(),
        file_id=file.id,
        user_id=user_id,
        name=name,
        received_at=datetime.now(UTC),
        status="received",
        result={},
    )
    session.add(row)
    session.flush()
    return row


def finish_upload(session: Session, upload_id: str, *, status: str, result: dict[str, Any]) -> None:
    """Note what became of an upload; that it came again takes nothing from what it was."""
    row = upload(session, upload_id)
    if row.status != "added" or status == "added":
        row.status, row.result = status, result


def upload(session: Session, upload_id: str) -> UploadRow:
    """Return one upload.

    Raises:
        NotFoundError: There is none with this receipt number.
    """
    row = session.get(UploadRow, upload_id)
    if row is None:
        raise NotFoundError(
            f"没有回执 {upload_id}", f"there is no receipt {upload_id}", code="no_such_receipt"
        )
    return row


def uploads_of(
    session: Session, user_id: int, limit: int, *, before: UploadRow | None = None
) -> Sequence[UploadRow]:
    """Return what a person sent, newest first; with ``before`` what follows that one."""
    query = select(UploadRow).where(UploadRow.user_id == user_id)
    if before is not None:
        earlier = UploadRow.received_at < before.received_at
        same = (UploadRow.received_at == before.received_at) & (UploadRow.id > before.id)
        query = query.where(earlier | same)
    ordered = query.order_by(UploadRow.received_at.desc(), UploadRow.id)
    return session.scalars(ordered.limit(limit)).all()


def hashed(password: str) -> str:
    """Return the argon2 hash of a new password.

    Raises:
        UsageError: It is shorter or longer than any may be.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise UsageError(
            f"密码应为 {MIN_PASSWORD} 到 {MAX_PASSWORD} 位",
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters",
            code="short_password",
        )
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _HASHER.hash(secrets.token_hex(16))
