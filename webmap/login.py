"""The login page: name and password, then the code of the second factor where there is one."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from werkzeug.wrappers import Response as AnyResponse

from geoinspect.accounts.signing_in import Gatekeeper, LockedError
from geoinspect.store import people
from geoinspect.store.schema import UserRow
from geoinspect.store.workspace import Workspace
from webmap import known_device
from webmap.auth import current_person, home_of
from webmap.gates import use_gates
from webmap.language import in_words
from webmap.office import office
from webmap.sessions import begin, end, person_of_request

_TRIES_PER_ADDRESS = "60 per 5 minutes"
_WRONG = 401
_HALF = "half"
# From the right password to the right code.
_HALF_S = 300


def use_login(app: Flask, workspace: Workspace) -> None:
    """Give an app its login page, and put everything but the public endpoints behind it."""
    manager = LoginManager(app)
    # Cookies are not bound to browser and address: phones change theirs between two masts.
    manager.session_protection = None
    manager.request_loader(person_of_request)
    use_gates(app)
    app.config.update(SESSION_REFRESH_EACH_REQUEST=False)

    def _allow_longest() -> None:
        # How old a cookie's signature may be; the table knows what each session may.
        settings = workspace.settings
        longest_h = max(settings.session_max_hours, settings.session_max_field_hours)
        app.config["PERMANENT_SESSION_LIFETIME"] = longest_h * 3600

    _allow_longest()
    app.before_request(_allow_longest)
    limiter = Limiter(
        get_remote_address, app=app, storage_uri="memory://", strategy="moving-window"
    )
    blueprint = Blueprint("auth", __name__)
    view = limiter.limit(
        _TRIES_PER_ADDRESS,
        deduct_when=_was_wrong,
        on_breach=_too_many,
        exempt_when=_is_not_bound,
    )(login)
    blueprint.add_url_rule("/login", "login", view, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])
    app.register_blueprint(blueprint)


def login() -> AnyResponse:
    """Show the form; check name and password, then the code. All failures look and cost the same."""
    if request.method != "POST":
        if current_user.is_authenticated:
            return redirect(_safe_next() or home_of(current_person().role))
        return _form("", 200)
    try:
        return _check_code() if "code" in request.form else _check_password()
    except LockedError as locked:
        session.pop(_HALF, None)
        answer = _form(in_words(locked.text), 429)
        answer.headers["Retry-After"] = str(locked.wait_minutes * 60)
        return answer


def logout() -> AnyResponse:
    """End the session, also for whoever kept a copy of its cookie."""
    end(current_person())
    answer = redirect(url_for("auth.login"))
    if request.is_secure:
        # Tiles and pictures that this browser was allowed to keep; over plain http it can't be told.
        answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _check_password() -> AnyResponse:
    name = request.form.get("username", "")[:200]
    password = request.form.get("password", "")
    device = known_device.mark_of(name, None)
    row = Gatekeeper(office().workspace).person(
        name, password, request.remote_addr or "", device=device
    )
    if row is None:
        return _form(_("The name or the password is wrong. Check both and try again."), _WRONG)
    if row.totp_secret is None:
        return _let_in(row)
    session.clear()
    session[_HALF] = {"id": row.id, "mark": _mark(row), "at": time.time()}
    return _form("", 200, code=True)


def _check_code() -> AnyResponse:
    user_id = _half()
    if user_id is None:
        return _form(_("That took too long. Type name and password again."), _WRONG)
    code = request.form.get("code", "")[:20]
    device = known_device.mark_of(None, user_id)
    row = Gatekeeper(office().workspace).knows_code(
        user_id, code, request.remote_addr or "", device=device
    )
    if row is None:
        words = _("The code is wrong or was used. Type the one that the phone shows now.")
        return _form(words, _WRONG, code=True)
    return _let_in(row)


def _half() -> int | None:
    """Return the number of who gave the right password a moment ago, None for nobody."""
    half = session.get(_HALF)
    if not isinstance(half, dict) or not 0 <= time.time() - half["at"] <= _HALF_S:
        return None
    with office().workspace.database.reading() as reading:
        row = people.user(reading, half["id"])
        fits = row is not None and hmac.compare_digest(_mark(row), half["mark"])
    return int(half["id"]) if fits else None


def _mark(row: UserRow) -> str:
    return hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]


def _let_in(row: UserRow) -> AnyResponse:
    person = begin(row)
    answer = redirect(_safe_next() or home_of(person.role))
    known_device.remember(answer, person.name, person.id)
    return answer


def _form(message: str, status: int, *, code: bool = False) -> Response:
    page = render_template("login.html", message=message, next=_safe_next(), code=code)
    return Response(page, status=status, mimetype="text/html")


def _safe_next() -> str:
    """Return where to go after the login: a page of this server, else nothing."""
    target = request.values.get("next", "")
    parts = urlsplit(target)
    harmless = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
        and target.isprintable()
    )
    return target if harmless else ""


def _is_not_bound() -> bool:
    """Return whether the bound of the network address leaves this request alone."""
    if request.method != "POST":
        return True
    if "code" in request.form:
        return known_device.is_known(None, _half())
    return known_device.is_known(request.form.get("username", "")[:200], None)


def _was_wrong(response: Response) -> bool:
    return response.status_code == _WRONG


def _too_many(_limit: RequestLimit) -> Response:
    message = _("Too many wrong tries from this network. Wait 5 minutes and try again.")
    return _form(message, 429)
