"""Browsers in which a person has signed in before: wrong tries of others do not shut them out.

The bound on wrong tries of one network address would lock a whole office behind one router. A
signed cookie names the person who signed in; for that name alone it passes the address's bound, and
its wrong tries are counted by themselves: whoever guesses the name elsewhere, in the same office too,
doesn't shut its person out. A stolen one gives as many guesses as one more address would.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

_COOKIE = "known"
_SALT = "geoinspect known device"
_DAYS_S = 90 * 86400
# Those of before had no mark.
_PARTS = 3


def remember(response: Response, name: str, user_id: int) -> None:
    """Let this browser be known as one in which the person has signed in."""
    response.set_cookie(
        _COOKIE,
        _serializer().dumps([_hashed(name), user_id, secrets.token_hex(16)]),
        max_age=_DAYS_S,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
        path="/login",
    )


def is_known(name: str | None, user_id: int | None) -> bool:
    """Return whether the person who is named or numbered has signed in from this browser."""
    return _known(name, user_id) is not None


def mark_of(name: str | None, user_id: int | None) -> str:
    """Return what tells this browser from all others, where the person has signed in from it;
    empty for any other person or browser.
    """
    known = _known(name, user_id)
    return "" if known is None or len(known) < _PARTS else str(known[2])


def _known(name: str | None, user_id: int | None) -> list[object] | None:
    try:
        known = _serializer().loads(request.cookies.get(_COOKIE, ""), max_age=_DAYS_S)
    except BadSignature:
        return None
    fits: bool = known[0] == _hashed(name or "") or known[1] == user_id
    return list(known) if fits else None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=_SALT)


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
