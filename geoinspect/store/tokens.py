"""API tokens: made, listed, found by their secret, revoked. Only a hash of the secret is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError, UsageError
from geoinspect.store.names import checked_name
from geoinspect.store.schema import TokenRow, UserRow

SCOPES = ("read", "upload", "all")
MAX_TOKEN_DAYS = 3650
_SECRET_BYTES = 32


def add_token(
    session: Session,
    *,
    label: str,
    user_id: int,
    days: int,
    scope: str = "all",
    most_days: int = MAX_TOKEN_DAYS,
) -> tuple[str, TokenRow]:
    """Make an API token; return the secret, shown only now, and its row.

    Raises:
        UsageError: The label can't be one, the scope is unknown, or it would hold too long.
    """
    checked_name(label, "令牌名称", "token's label")
    if scope not in SCOPES:
        raise UsageError(
            f"令牌权限“{scope[:40]}”无法识别,可用:{'、'.join(SCOPES)}",
            f"unknown scope {scope[:40]!r}, known: {', '.join(SCOPES)}",
            code="bad_scope",
        )
    if not 1 <= days <= most_days:
        raise UsageError(
            f"有效天数应在 1 到 {most_days} 之间,得到 {days}",
            f"a token holds for 1 to {most_days} days, got {days}",
            code="bad_days",
        )
    secret = f"gi_{secrets.token_urlsafe(_SECRET_BYTES)}"
    now = datetime.now(UTC)
    row = TokenRow(
        label=label,
        user_id=user_id,
        sha256=_digest(secret),
        expires=now + timedelta(days=days),
        scope=scope,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return secret, row


def token_of(session: Session, secret: str) -> TokenRow | None:
    """Return the token of a secret where it holds: neither over nor revoked, its person active."""
    row = session.scalar(select(TokenRow).where(TokenRow.sha256 == _digest(secret)))
    if row is None or row.revoked_at is not None or row.expires <= datetime.now(UTC):
        return None
    return row if row.user.active else None


def user_of_token(session: Session, secret: str) -> UserRow | None:
    """Return the person whose token this is, where it holds."""
    row = token_of(session, secret)
    return None if row is None else row.user


def token(session: Session, token_id: int) -> TokenRow:
    """Return one token.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(TokenRow, token_id)
    if row is None:
        raise NotFoundError(
            f"没有编号为 {token_id} 的令牌",
            f"there is no token with the number {token_id}",
            code="no_such_token",
        )
    return row


def tokens(session: Session, user_id: int | None = None) -> Sequence[TokenRow]:
    """Return the tokens of a person, or of all, the newest first."""
    query = select(TokenRow).order_by(TokenRow.id.desc())
    if user_id is not None:
        query = query.where(TokenRow.user_id == user_id)
    return session.scalars(query).all()


def revoke(row: TokenRow) -> bool:
    """Revoke a token; return whether it wasn't yet."""
    if row.revoked_at is not None:
        return False
    row.revoked_at = datetime.now(UTC)
    return True


def note_use(session: Session, token_id: int, at: datetime) -> None:
    """Note that a token was used."""
    session.execute(update(TokenRow).where(TokenRow.id == token_id).values(used_at=at))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
