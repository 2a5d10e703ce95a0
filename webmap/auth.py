"""Who is behind a request: the login page, sessions, API tokens, and the lock-out."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from geoinspect.store import audit, people
from geoinspect.store.schema import UserRow
from webmap import errors
from webmap.office import office
from webmap.patience import be_patient
from webmap.security import has_bearer

_PUBLIC_TIPS = ("tip_pages.public_tip", "tip_pages.public_status")
PUBLIC_ENDPOINTS = frozenset(
    {"pages.healthz", "pages.readyz", "auth.login", "static", *_PUBLIC_TIPS}
)
_TRIES = "5 per 5 minutes"
_TRIES_PER_ADDRESS = "60 per 5 minutes"
_WRONG = 401
_DECIDERS = frozenset({"analyst", "admin"})
_MARK, _SINCE = "mark", "since"


@dataclass(frozen=True, slots=True, eq=False)
class Person(UserMixin):  # type: ignore[misc]
    """A signed-in person."""

    id: int
    name: str
    role: str
    unit_code: str | None
    password_mark: str

    @classmethod
    def of(cls, row: UserRow) -> Person:
        """Return the person of a row."""
        mark = hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]
        return cls(row.id, row.name, row.role, row.unit_code, mark)

    @property
    def may_decide(self) -> bool:
        """Return whether this person may change what is made of tracks."""
        return self.role in _DECIDERS

    def get_id(self) -> str:
        """Return what the session keeps: a new password ends every older session."""
        return f"{self.id}:{self.password_mark}"


def current_person() -> Person:
    """Return the person behind this request; only where a login is required."""
    return cast(Person, current_user)


def use_login(app: Flask) -> None:
    """Put everything but the public endpoints behind a login."""
    manager = LoginManager(app)
    manager.session_protection = "basic"
    manager.user_loader(_person_of_session)
    manager.request_loader(_person_of_token)
    app.before_request(_bound_strangers)
    app.teardown_request(_let_next_stranger)
    limiter = Limiter(
        get_remote_address, app=app, storage_uri="memory://", strategy="moving-window"
    )
    blueprint = Blueprint("auth", __name__)
    view = limiter.limit(
        _TRIES,
        key_func=_name_and_address,
        deduct_when=_was_wrong,
        on_breach=_locked_out,
    )(login)
    view = limiter.limit(_TRIES_PER_ADDRESS, deduct_when=_was_wrong, on_breach=_locked_out)(view)
    blueprint.add_url_rule("/login", "login", view, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])
    app.register_blueprint(blueprint)

    @app.before_request
    def _require_login() -> AnyResponse | None:
        if request.endpoint in PUBLIC_ENDPOINTS or current_user.is_authenticated:
            return None
        if errors.wants_json():
            return errors.answer("not_signed_in", errors.SIGN_IN, 401)
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))


def login() -> AnyResponse:
    """Show the form; check name and password. Both failures look and cost the same."""
    if request.method != "POST":
        if current_user.is_authenticated:
            return redirect(_safe_next())
        return _form("", 200)
    name = request.form.get("username", "")[:200]
    password = request.form.get("password", "")[:1000]
    with office().workspace.database.reading() as reading:
        row = people.check_password(reading, name, password)
        person = None if row is None else Person.of(row)
    if person is None:
        return _form(_("The name or the password is wrong. Check both and try again."), _WRONG)
    # A new session: nothing planted before the login lives on.
    session.clear()
    session[_MARK] = secrets.token_urlsafe(12)
    session[_SINCE] = time.time()
    login_user(person)
    with office().workspace.database.writing() as writing:
        audit.record(writing, actor=person.name, action="login", subject=person.name, details={})
    return redirect(_safe_next())


def logout() -> AnyResponse:
    """End the session, also for whoever kept a copy of its cookie."""
    office().ended.end(session.get(_MARK, ""), _lifetime_s())
    logout_user()
    session.clear()
    return redirect(url_for("auth.login"))


def _form(message: str, status: int) -> Response:
    page = render_template("login.html", message=message, next=_safe_next())
    return Response(page, status=status, mimetype="text/html")


def _safe_next() -> str:
    """Return where to go after the login: a page of this server, else the map."""
    target = request.values.get("next", "")
    parts = urlsplit(target)
    harmless = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
        and target.isprintable()
    )
    return target if harmless else url_for("pages.map_page")


def _person_of_session(saved: str) -> Person | None:
    number, _colon, mark = saved.partition(":")
    if has_bearer() or not number.isdigit() or not _session_lives():
        return None
    with office().workspace.database.reading() as reading:
        row = people.user(reading, int(number))
        person = None if row is None else Person.of(row)
    return person if person is not None and person.password_mark == mark else None


def _person_of_token(_request: object) -> Person | None:
    if not has_bearer():
        return None
    secret = request.headers["Authorization"].removeprefix("Bearer ").strip()
    with office().workspace.database.reading() as reading:
        row = people.user_of_token(reading, secret)
        return None if row is None else Person.of(row)


def _name_and_address() -> str:
    return f"{get_remote_address()} {request.form.get('username', '')[:200]}"


def _was_wrong(response: Response) -> bool:
    return response.status_code == _WRONG


def _lifetime_s() -> float:
    return current_app.permanent_session_lifetime.total_seconds()


def _session_lives() -> bool:
    """Return whether the session is neither ended nor older than a session may get.

    A copied cookie is signed anew with every change, so its own age is no bound: the login's is.
    """
    since = session.get(_SINCE)
    if since is None or office().ended.holds(session.get(_MARK, "")):
        return False
    return bool(time.time() - since <= _lifetime_s())


def _bound_strangers() -> Response | None:
    """Wait less for those who have not signed in, and for few of them at once."""
    known = current_user.is_authenticated
    be_patient(request.environ, known=known)
    if known or request.method != "POST" or request.endpoint != "auth.login":
        return None
    if office().stranger_slots.acquire(blocking=False):
        g.holds_slot = True
        return None
    return errors.busy()


def _let_next_stranger(_error: BaseException | None) -> None:
    if g.pop("holds_slot", False):
        office().stranger_slots.release()


def _locked_out(_limit: RequestLimit) -> Response:
    message = _(
        "Too many tries. Wait 5 minutes and try again, or ask the administrator for a new password."
    )
    return _form(message, 429)
