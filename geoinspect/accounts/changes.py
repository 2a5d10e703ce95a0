"""Changes that an administrator makes to people, each with its row in the audit chain."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect.accounts.passwords import check_rules, made_password, profile_of
from geoinspect.errors import ConflictError, ForbiddenError
from geoinspect.settings import Settings
from geoinspect.store import audit, grounds, logins, people, tokens
from geoinspect.store.schema import TokenRow, UserRow


@dataclass(frozen=True, slots=True)
class Changer:
    """Who changes something.

    Attributes:
        name: As the audit chain shows it.
        user_id: Of a signed-in person; None on the server's command line.
    """

    name: str
    user_id: int | None = None


COMMAND_LINE = Changer("cli")


def add_person(
    session: Session,
    settings: Settings,
    by: Changer,
    *,
    name: str,
    role: str,
    unit_code: str | None,
    password: str | None = None,
    must_change: bool = True,
) -> tuple[UserRow, str]:
    """Add a person.

    Args:
        session: Writing.
        settings: Say which passwords are good enough.
        by: Who adds them.
        name: What they sign in by.
        role: One of :data:`geoinspect.store.people.ROLES`.
        unit_code: Their unit; None: the whole workspace is theirs to see.
        password: None: one is made.
        must_change: They have to choose their own at the first login.

    Returns:
        The person, and the password.

    Raises:
        UsageError: The name or the role can't be, or the password breaks a rule.
        NotFoundError: There is no such unit.
    """
    people.check_role(role)
    grounds.require_unit(session, unit_code)
    given = made_password(profile_of(settings)) if password is None else password
    check_rules(given, profile_of(settings), name=name)
    row = people.add_user(
        session,
        name=name,
        role=role,
        unit_code=unit_code,
        password=given,
        must_change=must_change,
    )
    _record(session, by, "user.add", row, {"role": role, "unit": unit_code})
    return row, given


def give_password(
    session: Session,
    settings: Settings,
    by: Changer,
    row: UserRow,
    *,
    password: str | None = None,
    must_change: bool = True,
) -> str:
    """Give a person a new password, which ends their sessions and opens locks; return it."""
    given = made_password(profile_of(settings)) if password is None else password
    check_rules(given, profile_of(settings), name=row.name)
    people.set_password(session, row.name, given, must_change=must_change)
    _record(session, by, "user.password", row, {})
    return given


def set_active(session: Session, by: Changer, row: UserRow, *, active: bool) -> None:
    """Let a person sign in, or no more; disabling ends their sessions at once.

    Raises:
        ForbiddenError: It is the person who asks.
        ConflictError: It is the last active administrator.
    """
    if row.active == active:
        return
    if not active:
        _not_oneself(by, row)
        _not_the_last_admin(session, row)
        logins.end_all(session, row.id, "disabled")
    row.active = active
    _record(session, by, "user.enable" if active else "user.disable", row, {})


def set_place(
    session: Session, by: Changer, row: UserRow, *, role: str, unit_code: str | None
) -> None:
    """Give a person another role or unit, which ends their sessions.

    Raises:
        ForbiddenError: It is the person who asks.
        ConflictError: It is the last active administrator.
        UsageError: The role is unknown.
        NotFoundError: There is no such unit.
    """
    people.check_role(role)
    grounds.require_unit(session, unit_code)
    if (row.role, row.unit_code) == (role, unit_code):
        return
    _not_oneself(by, row)
    if role != "admin":
        _not_the_last_admin(session, row)
    before = {"role": row.role, "unit": row.unit_code}
    row.role, row.unit_code = role, unit_code
    logins.end_all(session, row.id, "revoked")
    _record(session, by, "user.role", row, {"role": role, "unit": unit_code, "before": before})


def end_sessions(session: Session, by: Changer, row: UserRow) -> int:
    """End every session of a person; return how many there were."""
    count = logins.end_all(session, row.id, "revoked")
    _record(session, by, "user.sessions", row, {"ended": count})
    return count


def drop_second_factor(session: Session, by: Changer, row: UserRow) -> None:
    """Take away a person's second factor, as when their phone is lost."""
    if row.totp_secret is None:
        return
    row.totp_secret = None
    _record(session, by, "user.second_factor", row, {"on": False})


def add_token(
    session: Session,
    by: Changer,
    row: UserRow,
    *,
    label: str,
    days: int,
    scope: str,
    most_days: int = tokens.MAX_TOKEN_DAYS,
) -> tuple[str, TokenRow]:
    """Make an API token for a person; return its secret, shown only now, and its row."""
    secret, token = tokens.add_token(
        session, label=label, user_id=row.id, days=days, scope=scope, most_days=most_days
    )
    details: dict[str, object] = {"user": row.name, "scope": scope, "days": days}
    audit.record(session, actor=by.name, action="token.add", subject=label, details=details)
    return secret, token


def revoke_token(session: Session, by: Changer, token: TokenRow) -> None:
    """Revoke a token; one that is revoked stays so."""
    if tokens.revoke(token):
        details: dict[str, object] = {"user": token.user.name, "id": token.id}
        audit.record(
            session, actor=by.name, action="token.revoke", subject=token.label, details=details
        )


def _not_oneself(by: Changer, row: UserRow) -> None:
    if by.user_id == row.id:
        raise ForbiddenError(
            "不能停用自己或改变自己的角色和单位:请由另一位管理员操作",
            "nobody disables themselves or changes their own role and unit: ask another "
            "administrator",
            code="own_account",
        )


def _not_the_last_admin(session: Session, row: UserRow) -> None:
    others = select(func.count(UserRow.id)).where(
        UserRow.role == "admin", UserRow.active, UserRow.id != row.id
    )
    if row.role == "admin" and row.active and not session.scalar(others):
        raise ConflictError(
            f"“{row.name}”是最后一位在用的管理员:请先另设一位管理员",
            f"{row.name!r} is the last active administrator: make another one first",
            code="last_admin",
        )


def _record(
    session: Session, by: Changer, action: str, row: UserRow, details: dict[str, object]
) -> None:
    audit.record(session, actor=by.name, action=action, subject=row.name, details=details)
