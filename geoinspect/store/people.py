"""Questions about people: who may sign in, their tokens, and what they sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError, UsageError
from geoinspect.store.names import checked_name
from geoinspect.store.schema import FileRow, TokenRow, UploadRow, UserRow

ROLES = ("field", "analyst", "commander", "auditor", "admin")
MIN_PASSWORD = 8
MAX_TOKEN_DAYS = 3650
_HASHER = PasswordHasher()


def add_user(
    session: Session, *, name: str, role: str, unit_code: str | None, password: str
) -> UserRow:
    """Add a person.

    Raises:
        UsageError: The name is taken or empty, the role unknown, or the password too short.
    """
    if role not in ROLES:
        raise UsageError(
            f"角色“{role}”无法识别,可用:{'、'.join(ROLES)}",
            f"unknown role {role!r}, known: {', '.join(ROLES)}",
            code="bad_role",
        )
    checked_name(name, "用户名", "user name")
    if user_named(session, name) is not None:
        raise UsageError(
            f"用户名“{name}”已被使用", f"the name {name!r} is taken", code="name_taken"
        )
    row = UserRow(
        name=name,
        role=role,
        unit_code=unit_code,
        password_hash=_hashed(password),
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def set_password(session: Session, name: str, password: str) -> None:
    """Give a person a new password.

    Raises:
        NotFoundError: There is no such person.
        UsageError: The password is too short.
    """
    row = user_named(session, name)
    if row is None:
        raise NotFoundError(f"没有用户“{name}”", f"there is no user {name!r}", code="no_such_user")
    row.password_hash = _hashed(password)


def user(session: Session, user_id: int) -> UserRow | None:
    """Return an active person by number."""
    row = session.get(UserRow, user_id)
    return row if row is not None and row.active else None


def user_named(session: Session, name: str) -> UserRow | None:
    """Return a person by name."""
    return session.scalar(select(UserRow).where(UserRow.name == name))


def check_password(session: Session, name: str, password: str) -> UserRow | None:
    """Return the person when the password is right.

    An unknown name costs as much time as a wrong password, so that names can't be guessed.
    """
    row = user_named(session, name)
    try:
        _HASHER.verify(row.password_hash if row is not None else _decoy(), password)
    except (VerificationError, InvalidHashError):
        return None
    return row if row is not None and row.active else None


def add_token(session: Session, *, label: str, user_id: int, days: int) -> tuple[str, TokenRow]:
    """Make an API token; return the secret, shown only now, and its row."""
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise UsageError(
            f"有效天数应在 1 到 {MAX_TOKEN_DAYS} 之间,得到 {days}",
            f"a token holds for 1 to {MAX_TOKEN_DAYS} days, got {days}",
            code="bad_days",
        )
    secret = f"gi_{secrets.token_urlsafe(32)}"
    row = TokenRow(
        label=label,
        user_id=user_id,
        sha256=_digest(secret),
        expires=datetime.now(UTC) + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return secret, row


def user_of_token(session: Session, secret: str) -> UserRow | None:
    """Return the person whose unexpired token this is."""
    row = session.scalar(select(TokenRow).where(TokenRow.sha256 == _digest(secret)))
    if row is None or row.expires <= datetime.now(UTC) or not row.user.active:
        return None
    return row.user


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
        id=secrets.token_hex(4).upper(),
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


def uploads_of(session: Session, user_id: int, limit: int) -> Sequence[UploadRow]:
    """Return what a person sent, newest first."""
    return session.scalars(
        select(UploadRow)
        .where(UploadRow.user_id == user_id)
        .order_by(UploadRow.received_at.desc(), UploadRow.id)
        .limit(limit)
    ).all()


def _hashed(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise UsageError(
            f"密码至少 {MIN_PASSWORD} 位",
            f"a password has at least {MIN_PASSWORD} characters",
            code="short_password",
        )
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
