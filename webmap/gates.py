"""What stands between a request and its page: the login, a token's scope, what has to be done first."""

from __future__ import annotations

from flask import Flask, Response, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from geoinspect.errors import Text
from webmap import errors
from webmap.auth import PUBLIC_ENDPOINTS, current_person
from webmap.office import office
from webmap.patience import be_patient

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_UPLOADS = ("/api/v1/uploads", "/api/v1/files", "/api/v1/receipts")
# What a stolen token must not turn into an account for good.
SESSION_ONLY = frozenset(
    {
        "account_pages.password_page",
        "api.post_own_password",
        "api.post_own_token",
        "api.post_second_factor",
        "api.post_second_factor_on",
        "api.post_second_factor_off",
    }
)
_ALWAYS = PUBLIC_ENDPOINTS | {"auth.logout"}
_FIRST = {
    "password": frozenset({"account_pages.password_page"}),
    "second_factor": frozenset(
        {
            "account_pages.password_page",
            "account_pages.account_page",
            "api.account",
            "api.post_second_factor",
            "api.post_second_factor_on",
        }
    ),
}
_LEADS_TO = {
    "password": "account_pages.password_page",
    "second_factor": "account_pages.account_page",
}
_WORDS = {
    "password": Text(
        "请先在“账户”修改密码,再使用其他功能",
        "Change your password on the account page first.",
    ),
    "second_factor": Text(
        "您的角色须先在“账户”开启两步验证",
        "Your role needs a second factor: set it up on the account page first.",
    ),
}
_SCOPE = Text(
    "此令牌的权限不包括这项操作:请用权限合适的令牌",
    "The scope of this token does not allow that: use a token with the right one.",
)
_NEEDS_SESSION = Text(
    "这项操作须登录网页进行,不能用令牌",
    "This is done by somebody who has signed in, not with a token.",
)


def use_gates(app: Flask) -> None:
    """Put everything but the public endpoints behind a login, and hold tokens to their scope."""
    app.before_request(_bound_strangers)
    app.before_request(_require_login)
    app.before_request(_hold_tokens)
    app.before_request(_first_things_first)
    app.teardown_request(_let_next_stranger)


def token_may(scope: str, method: str, path: str) -> bool:
    """Return whether a token's scope allows a method at an address."""
    if scope == "all":
        return True
    if scope == "upload":
        return any(path == start or path.startswith(f"{start}/") for start in _UPLOADS)
    return scope == "read" and method in _READS


def _bound_strangers() -> Response | None:
    """Wait less for those who have not signed in, and for few of them at once."""
    if request.endpoint == "static":
        return None
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


def _require_login() -> AnyResponse | None:
    if request.endpoint in PUBLIC_ENDPOINTS or current_user.is_authenticated:
        return None
    if errors.wants_json():
        return errors.answer("not_signed_in", errors.SIGN_IN, 401)
    return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))


def _hold_tokens() -> Response | None:
    if request.endpoint in PUBLIC_ENDPOINTS or current_person().token_scope is None:
        return None
    if request.endpoint in SESSION_ONLY:
        return errors.answer("needs_session", _NEEDS_SESSION, 403)
    if token_may(current_person().token_scope or "", request.method, request.path):
        return None
    return errors.answer("token_scope", _SCOPE, 403)


def _first_things_first() -> AnyResponse | None:
    """Hold whoever has a borrowed or old password, or lacks a second factor, at that page."""
    if request.endpoint in _ALWAYS or not current_person().must:
        return None
    must = current_person().must
    if request.endpoint in _FIRST[must]:
        return None
    if errors.wants_json():
        code = "password_must_change" if must == "password" else "second_factor_needed"
        return errors.answer(code, _WORDS[must], 403)
    return redirect(url_for(_LEADS_TO[must]))
