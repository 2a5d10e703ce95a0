"""The tables of signing in: open sessions, wrong tries, and settings that were changed on the web."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from geoinspect.store.schema import Base


class LoginRow(Base):
    """A session from the login to its end; its secret is in the cookie, only its hash here.

    Attributes:
        id: SHA-256 of the secret, hex.
        seen_at: When it was last used, to the minute.
        address, agent: Where from and by which browser, as the login told.
        ended_why: ``signed_out``, ``revoked``, ``idle``, ``too_old``, ``password`` or ``disabled``.
    """

    __tablename__ = "login"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str]
    agent: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(12))


class LoginTryRow(Base):
    """Wrong tries of one name from one address, or of an address alone.

    Attributes:
        key: SHA-256 of name and address, hex: what was typed as a name may be a password.
    """

    __tablename__ = "login_try"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    wrong: Mapped[int]
    first_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class SettingRow(Base):
    """A setting that somebody changed on the web; it holds until taken back."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    set_by: Mapped[str]
    set_at: Mapped[datetime]
