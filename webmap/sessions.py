"""From a cookie or a token to the person behind a request, and back.

The cookie holds a secret, the table ``login`` its hash and all that ends a session: what is ended stays
ended over restarts, in every process, and for whoever kept a copy of the cookie. Finding the
person of a request is one read by primary key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from flask import g, request, session
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from geoinspect.accounts.lifetimes import (
    lifetime_of,
    needs_second_factor,
    password_is_due,
    why_over,
)
from geoinspect.errors import GeoInspectError
from geoinspect.settings import Settings
from geoinspect.store import audit, logins, tokens
from geoinspect.store.login_schema import LoginRow
from geoinspect.store.schema import UserRow
from webmap.auth import Person
from webmap.office import office
from webmap.security import has_bearer

_LOG = logging.getLogger(__name__)
_SECRET = "login"  # noqa: S105 - the name of a field


def begin(user: UserRow) -> Person:
    """Begin a session of its own for a person, whose name and password were right.

    Nothing that was planted in the cookie before lives on.
    """
    with office().workspace.database.writing() as writing:
        secret, row = logins.start(
            writing,
            user_id=user.id,
            address=request.remote_addr or "",
            agent=request.user_agent.string,
        )
        details: dict[str, object] = {"address": row.address}
        audit.record(writing, actor=user.name, action="login", subject=user.name, details=details)
    session.clear()
    session[_SECRET] = secret
    # A phone drops cookies without a date when it needs the memory.
    session.permanent = user.role == "field"
    return Person.of(user, login_id=row.id, must=_must(user, office().workspace.settings))


def end(person: Person) -> None:
    """End the session of this request."""
    if person.login_id is not None:
        with office().workspace.database.writing() as writing:
            logins.end(writing, person.login_id, "signed_out")
            audit.record(
                writing, actor=person.name, action="logout", subject=person.name, details={}
            )
    session.clear()


def person_of_request(_request: object) -> Person | None:
    """Return who is behind the request; None for a stranger."""
    # Asked again after a failure: the page that tells of it has nobody to greet.
    if g.get("asked_who", False):
        return None
    g.asked_who = True
    return _of_token() if has_bearer() else _of_session()


def open_sessions(reading: Session, user: UserRow) -> list[tuple[LoginRow, datetime]]:
    """Return the living sessions of a person with their last use, the latest first."""
    lifetime = lifetime_of(user.role, office().workspace.settings)
    now = datetime.now(UTC)
    found = []
    for row in logins.not_ended(reading, user.id):
        seen_at = _seen_at(row)
        if why_over(row, lifetime, seen_at=seen_at, now=now) is None:
            found.append((row, seen_at))
    return sorted(found, key=lambda one: one[1], reverse=True)


def _of_session() -> Person | None:
    secret = session.get(_SECRET)
    if not isinstance(secret, str):
        return None
    settings = office().workspace.settings
    now = datetime.now(UTC)
    with office().workspace.database.reading() as reading:
        found = logins.of_secret(reading, secret)
        if found is None:
            return None
        row, user = found
        lifetime = lifetime_of(user.role, settings)
        why = why_over(row, lifetime, seen_at=_seen_at(row), now=now)
        login_id, ended = row.id, row.ended_at is not None
        person = Person.of(user, login_id=login_id, must=_must(user, settings))
    if why is not None:
        if not ended:
            # So that a clock set back later does not bring it back to life.
            _write_if_free(lambda writing: logins.end(writing, login_id, why))
        return None
    if office().logins_seen.use(login_id, now):
        _write_if_free(lambda writing: logins.see(writing, login_id, now))
    return person


def _of_token() -> Person | None:
    secret = request.headers["Authorization"].removeprefix("Bearer ").strip()
    now = datetime.now(UTC)
    with office().workspace.database.reading() as reading:
        row = tokens.token_of(reading, secret)
        if row is None:
            return None
        token_id = row.id
        person = Person.of(row.user, token_scope=row.scope)
    if office().tokens_seen.use(str(token_id), now):
        _write_if_free(lambda writing: tokens.note_use(writing, token_id, now))
    return person


def _seen_at(row: LoginRow) -> datetime:
    """Return the last use; the process knows of those that the database could not take."""
    known = office().logins_seen.last(row.id)
    return row.seen_at if known is None else max(row.seen_at, known)


def _must(user: UserRow, settings: Settings) -> str:
    if password_is_due(user, settings, datetime.now(UTC)):
        return "password"
    return "second_factor" if needs_second_factor(user, settings) else ""


def _write_if_free(change: Callable[[Session], None]) -> None:
    """Write something small that must never keep a request from its answer."""
    try:
        with office().workspace.database.writing(at_once=True) as writing:
            change(writing)
    except (GeoInspectError, SQLAlchemyError) as error:
        _LOG.info("not noted, as the database is busy or full: %s", error)
