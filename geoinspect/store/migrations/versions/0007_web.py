"""The web for many people: sessions, tries, jobs, uploads in pieces, settings of the web."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _widen_people()
    _make_logins()
    _make_jobs()
    _make_incoming()


def _text(name: str, length: int | None = None, *, empty: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=empty)


def _time(name: str, *, empty: bool = False) -> sa.Column[str]:
    return _text(name, 32, empty=empty)


def _whole(name: str, *, empty: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=empty)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _json(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _widen_people() -> None:
    former = sa.Column("former_hashes", sa.JSON(), nullable=False, server_default="[]")
    for column in (
        *(_flag("must_change"), _time("password_set_at", empty=True), former),
        *(_text("totp_secret", empty=True), _whole("totp_step", empty=True)),
    ):
        op.add_column("user", column)
    scope = sa.Column("scope", sa.String(8), nullable=False, server_default="all")
    times = ("created_at", "used_at", "revoked_at")
    for column in (scope, *(_time(name, empty=True) for name in times)):
        op.add_column("token", column)


def _make_logins() -> None:
    op.create_table(
        "login",
        _text("id", 64),
        _whole("user_id"),
        _time("created_at"),
        _time("seen_at"),
        _text("address"),
        _text("agent"),
        _time("ended_at", empty=True),
        _text("ended_why", 12, empty=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_login_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
    )
    op.create_index("ix_login_user_id", "login", ["user_id"])
    op.create_table(
        "login_try",
        _text("key", 64),
        _whole("wrong"),
        _time("first_at"),
        _time("locked_until", empty=True),
        sa.PrimaryKeyConstraint("key", name="pk_login_try"),
    )
    op.create_table(
        "setting",
        _text("name"),
        _json("value"),
        _text("set_by"),
        _time("set_at"),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )


def _make_jobs() -> None:
    op.create_table(
        "job",
        _whole("id"),
        _text("kind", 24),
        _text("subject"),
        _json("args"),
        _text("weight", 8),
        _whole("priority"),
        _text("key", empty=True),
        _text("state", 12),
        _whole("tries"),
        _whole("most_tries"),
        _time("due_at"),
        _text("lease", 32, empty=True),
        *(_time(name, empty=True) for name in ("lease_until", "beat_at")),
        _text("worker", empty=True),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("done", "total")),
        *(_json(name) for name in ("phase", "result", "error")),
        _whole("asked_by", empty=True),
        _time("created_at"),
        *(_time(name, empty=True) for name in ("started_at", "ended_at")),
        _flag("cancel_asked"),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name="fk_job_asked_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("key", name="uq_job_key"),
        sqlite_autoincrement=True,
    )
    for column in ("kind", "subject", "state", "asked_by"):
        op.create_index(f"ix_job_{column}", "job", [column])


def _make_incoming() -> None:
    op.create_table(
        "incoming",
        _text("id", 32),
        _whole("user_id"),
        _text("name"),
        _whole("length"),
        _text("sha256", 64, empty=True),
        _json("tags"),
        _text("state", 12),
        _text("receipt_id", 16, empty=True),
        _json("error"),
        *(_time(name) for name in ("created_at", "touched_at", "expires_at")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_incoming_user_id_user"),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["upload.id"], name="fk_incoming_receipt_id_upload"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_incoming"),
    )
    for column in ("user_id", "state"):
        op.create_index(f"ix_incoming_{column}", "incoming", [column])
