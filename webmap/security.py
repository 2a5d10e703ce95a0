"""Headers that hold a browser to this server, forgery protection, and compression."""

from __future__ import annotations

import gzip
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from wtforms import ValidationError

from geoinspect.settings import Settings

_GZIP_TYPES = {
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/geo+json",
}
_GZIP_MIN_BYTES = 1000
API_PREFIX = "/api/"


class _Sessions(SecureCookieSessionInterface):
    """Session cookies that are marked Secure wherever the request itself came by TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie may travel by TLS only."""
        return bool(request.is_secure)


def nonce() -> str:
    """Return this response's nonce for its own inline script and style."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def has_bearer() -> bool:
    """Return whether the request brings an API token, which no other page can make it do."""
    return request.headers.get("Authorization", "").startswith("Bearer ")


def protect(app: Flask, settings: Settings) -> None:
    """Give an app its cookie rules, forgery protection, headers and compression."""
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="geoinspect",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
    )
    csrf = CSRFProtect(app)

    @app.before_request
    def _check_forgery() -> None:
        if has_bearer() or request.method in {"GET", "HEAD", "OPTIONS"}:
            return
        _refuse_other_sites(settings.public_host)
        if not request.path.startswith(API_PREFIX):
            csrf.protect()
            return
        # Looking for the token in a form would read an upload's body: the API takes the header.
        try:
            validate_csrf(request.headers.get("X-CSRFToken"))
        except ValidationError as error:
            raise CSRFError(str(error)) from error

    app.after_request(_add_headers)
    app.after_request(_compress)
    app.jinja_env.globals["csp_nonce"] = nonce


def _refuse_other_sites(public_host: str) -> None:
    """Refuse what a browser says came from a page of elsewhere; the token stands behind it.

    Raises:
        CSRFError: It came from another site, or from a page without one.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        elsewhere = site not in {"same-origin", "none"}
    else:
        # Older browsers, and all of them over plain http, name where the page is from.
        elsewhere = not _is_ours(request.headers.get("Origin") or request.host_url, public_host)
    if elsewhere:
        raise CSRFError("the request came from another site")


def _is_ours(address: str, public_host: str) -> bool:
    try:
        origin = urlsplit(address)
    except ValueError:
        return False
    return origin.netloc == request.host or bool(public_host and origin.hostname == public_host)


def _add_headers(response: Response) -> Response:
    mark = f"'nonce-{nonce()}'" if response.mimetype == "text/html" else ""
    headers = response.headers
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' {mark}; style-src 'self' {mark}; "
            "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
            "frame-ancestors 'none'; form-action 'self'"
        ).replace(" ;", ";")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), payment=(), geolocation=(self)"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response


def _compress(response: Response) -> Response:
    """Gzip scripts, styles and JSON. HTML stays plain: it carries the forgery token, and a
    compressed secret beside text from outside can be guessed by its length.
    """
    if (
        response.mimetype not in _GZIP_TYPES
        or request.accept_encodings.quality("gzip") <= 0
        or response.status_code != 200
        or "Content-Encoding" in response.headers
        or request.method == "HEAD"
    ):
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) >= _GZIP_MIN_BYTES:
        response.set_data(gzip.compress(data, compresslevel=6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)
        response.vary.add("Accept-Encoding")
    return response
