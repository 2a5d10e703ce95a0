"""Browsers in which a person has signed in before: wrong tries of others do not shut them out.

The bound on wrong tries of one network address would lock a whole office behind one router. A
signed cookie names the person who signed in; for that name alone it passes the address's bound.
The bounds of the name itself hold as ever, so a stolen one gives no more guesses than they allow.
"""

from __future__ import annotations

import hashlib

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

_COOKIE = "known"
_SALT = "geoinspect known device"
_DAYS_S = 90 * 86400


def remember(response: Response, name: str, user_id: int) -> None:
    """Let this browser be known as one in which the person has signed in."""
    response.set_cookie(
        _COOKIE,
        _serializer().dumps([_hashed(name), user_id]),
        max_age=_DAYS_S,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
        path="/login",
    )


def is_known(name: str | None, user_id: int | None) -> bool:
    """Return whether the person who is named or numbered has signed in from this browser."""
    try:
        known = _serializer().loads(request.cookies.get(_COOKIE, ""), max_age=_DAYS_S)
    except BadSignature:
        return False
    return known in ([_hashed(name or ""), known[1]], [known[0], user_id])


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=_SALT)


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
