"""What people change of their own account: the password and the second factor."""

from __future__ import annotations

from datetime import UTC, datetime

from geoinspect.accounts.passwords import check_rules, profile_of
from geoinspect.accounts.second_factor import accepted_step
from geoinspect.accounts.signing_in import Gatekeeper
from geoinspect.errors import ConflictError, ForbiddenError, UsageError
from geoinspect.store import audit, logins, people
from geoinspect.store.schema import UserRow
from geoinspect.store.workspace import Workspace


def change_password(
    workspace: Workspace, user_id: int, *, present: str, new: str, address: str
) -> None:
    """Change one's password, which ends every session of the account.

    Args:
        workspace: Opened.
        user_id: Whose.
        present: The password up to now.
        new: The new one.
        address: Where the request came from.

    Raises:
        ForbiddenError: The present password is wrong.
        LockedError: It was wrong too often.
        UsageError: The new one breaks a rule or is a former one.
        ConflictError: The password was changed by somebody else at the same time.
    """
    user = _known(workspace, user_id)
    _check_present(workspace, user, present, address)
    profile = profile_of(workspace.settings)
    check_rules(new, profile, name=user.name)
    former = [user.password_hash, *user.former_hashes][: profile.former]
    if any(people.is_password(one, new) for one in former):
        raise UsageError(
            "这个密码用过不久:请换一个新的",
            "this password was used before: choose another one",
            code="former_password",
        )
    # argon2 is slow on purpose: not while others wait to write.
    made = people.hashed(new)
    with workspace.database.writing() as session:
        row = people.user(session, user_id)
        if row is None or row.password_hash != user.password_hash:
            raise ConflictError(
                "密码刚刚被别人改过:请重新登录",
                "the password was changed a moment ago: sign in again",
                code="changed_meanwhile",
            )
        people.keep_hash(row, made, must_change=False)
        logins.end_all(session, row.id, "password")
        audit.record(session, actor=row.name, action="user.password", subject=row.name, details={})


def turn_on_second_factor(workspace: Workspace, user_id: int, *, secret: str, code: str) -> None:
    """Turn on the second factor, now that a code proves that the phone has the secret.

    Raises:
        UsageError: The code is wrong.
        ConflictError: It is on already.
    """
    step = accepted_step(secret, code, datetime.now(UTC), after=None)
    if step is None:
        raise UsageError(
            "验证码不对:请看手机上现在显示的 6 位数字;手机时间要准确",
            "the code is wrong: type the 6 digits that the phone shows now; its clock must be right",
            code="wrong_code",
        )
    with workspace.database.writing() as session:
        row = session.get_one(UserRow, user_id)
        if row.totp_secret is not None:
            raise ConflictError(
                "两步验证已经开启", "the second factor is on already", code="second_factor_on"
            )
        row.totp_secret = secret
        # A clock that was set back must not bring used codes back.
        row.totp_step = max(step, row.totp_step or 0)
        audit.record(
            session,
            actor=row.name,
            action="user.second_factor",
            subject=row.name,
            details={"on": True},
        )


def turn_off_second_factor(
    workspace: Workspace, user_id: int, *, password: str, address: str
) -> None:
    """Turn off the second factor.

    Raises:
        ForbiddenError: The password is wrong.
        LockedError: It was wrong too often.
    """
    user = _known(workspace, user_id)
    _check_present(workspace, user, password, address)
    with workspace.database.writing() as session:
        row = session.get_one(UserRow, user_id)
        if row.totp_secret is not None:
            row.totp_secret = None
            audit.record(
                session,
                actor=row.name,
                action="user.second_factor",
                subject=row.name,
                details={"on": False},
            )


def _known(workspace: Workspace, user_id: int) -> UserRow:
    with workspace.database.reading() as session:
        row = session.get_one(UserRow, user_id)
        session.expunge(row)
        return row


def _check_present(workspace: Workspace, user: UserRow, password: str, address: str) -> None:
    if not Gatekeeper(workspace).knows_password(user, password, address):
        raise ForbiddenError(
            "现在的密码不对:请再试一次",
            "the present password is wrong: try again",
            code="wrong_password",
        )
