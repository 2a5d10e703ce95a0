"""Checking passwords and codes, with bounds on wrong tries that hold over restarts and processes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

from sqlalchemy.orm import Session

from geoinspect.accounts.second_factor import accepted_step
from geoinspect.errors import ForbiddenError
from geoinspect.store import audit, people, tries
from geoinspect.store.schema import UserRow
from geoinspect.store.workspace import Workspace

# From many addresses at once, a name takes this many times the wrong tries of one address.
_ALL_ADDRESSES = 4


class LockedError(ForbiddenError):
    """Too many wrong tries; whoever tries has to wait.

    Args:
        wait: How long.
    """

    def __init__(self, wait: timedelta) -> None:
        self.wait_minutes = max(1, ceil(wait.total_seconds() / 60))
        super().__init__(
            f"错误次数过多,已锁定:请 {self.wait_minutes} 分钟后再试,或请管理员给您新密码",
            f"Too many wrong tries: wait {self.wait_minutes} minutes and try again, or ask the "
            "administrator for a new password.",
            code="locked",
        )


class Gatekeeper:
    """Lets in who knows a password or a code. Unknown names look and cost like known ones.

    Args:
        workspace: Opened.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._key = workspace.secret_key()

    def person(self, name: str, password: str, address: str, *, device: str = "") -> UserRow | None:
        """Return the active person of a name and a password, None where either is wrong.

        Args:
            name: As typed; what stands there may be a password, so it is kept only as a hash.
            password: As typed.
            address: Where from.
            device: Of a browser in which this very name has signed in before, what tells it from
                others: its tries are counted by themselves.

        Raises:
            LockedError: There were too many wrong tries of this name.
        """
        with self._database.writing() as session:
            known = people.user_named(session, name)
            bounds = self._bounds("login", name, address, _mark(known), device)
            self._take(session, bounds)
        with self._database.reading() as session:
            row = people.check_password(session, name, password)
        self._settle(bounds, right=row is not None, name=None if known is None else name)
        return row

    def knows_password(self, user: UserRow, password: str, address: str) -> bool:
        """Return whether somebody who has signed in knows the password of their account.

        Raises:
            LockedError: There were too many wrong tries.
        """
        bounds = self._bounds("own", user.name, address, _mark(user))
        with self._database.writing() as session:
            self._take(session, bounds)
        right = people.is_password(user.password_hash, password)
        self._settle(bounds, right=right, name=user.name)
        return right

    def knows_code(
        self, user_id: int, code: str, address: str, *, device: str = ""
    ) -> UserRow | None:
        """Return the active person when the code of their second factor is right and new.

        Raises:
            LockedError: There were too many wrong codes.
        """
        with self._database.writing() as session:
            row = people.user(session, user_id)
            if row is None or row.totp_secret is None:
                return None
            bounds = self._bounds("code", row.name, address, _mark(row), device)
            self._take(session, bounds)
            step = accepted_step(row.totp_secret, code, datetime.now(UTC), after=row.totp_step)
            if step is not None:
                row.totp_step = step
        self._settle(bounds, right=step is not None, name=row.name)
        return row if step is not None else None

    def _take(self, session: Session, bounds: Sequence[tries.Bound]) -> None:
        now = datetime.now(UTC)
        waits = [wait for bound in bounds if (wait := tries.locked_for(session, bound, now))]
        if waits:
            raise LockedError(max(waits))
        for bound in bounds:
            tries.count(session, bound, now)

    def _settle(self, bounds: Sequence[tries.Bound], *, right: bool, name: str | None) -> None:
        own, *shared = bounds
        with self._database.writing() as session:
            if right:
                tries.forget(session, own)
                for bound in shared:
                    tries.give_back(session, bound)
                return
            now = datetime.now(UTC)
            locked = any(tries.locked_for(session, bound, now) for bound in bounds)
            tries.sweep(session, 2 * (own.window + own.lock))
            # What was typed as a name that nobody has may be a password.
            audit.record(
                session,
                actor="login",
                action="login.failed",
                subject=name or "?",
                details={"locked": locked},
            )

    def _bounds(
        self, kind: str, name: str, address: str, mark: str, device: str = ""
    ) -> tuple[tries.Bound, ...]:
        """Return the bound of a name at one address, and of the name everywhere; of a browser that
        the person is known by, its own alone, so that nobody else's tries lock it.

        The mark changes with the password, so that a new one from the administrator opens a lock.
        """
        lock = timedelta(minutes=self._settings.lock_minutes)
        most = self._settings.lock_tries
        if device:
            return (tries.Bound(self._hashed(kind, name, mark, "", device), most, lock, lock),)
        return (
            tries.Bound(self._hashed(kind, name, mark, address), most, lock, lock),
            tries.Bound(self._hashed(kind, name, mark), most * _ALL_ADDRESSES, lock, lock),
        )

    def _hashed(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def _mark(user: UserRow | None) -> str:
    return "" if user is None else hashlib.sha256(user.password_hash.encode()).hexdigest()
