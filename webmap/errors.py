"""Which answer each error gets: a status, and words that say what to do.

Scripts get problem details (RFC 9457) with three keys of ours: ``code``, a short stable name, and
``message`` and ``message_zh``, the same words in both languages. ``type`` is about:blank, so that
``title`` is the name of the status; what there is to tell apart stands in ``code``.
"""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from geoinspect.accounts.signing_in import LockedError
from geoinspect.errors import (
    ConflictError,
    ForbiddenError,
    GeoInspectError,
    InputError,
    NotFoundError,
    StoreError,
    Text,
    TooLargeError,
    UsageError,
)
from webmap.language import in_words
from webmap.security import API_PREFIX

_LOG = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
_MACHINE_PREFIXES = (API_PREFIX, "/tiles/")

# The first class that fits counts.
STATUS = (
    (LockedError, 429),
    (TooLargeError, 413),
    (NotFoundError, 404),
    (ConflictError, 409),
    (ForbiddenError, 403),
    (UsageError, 400),
    (InputError, 422),
    (StoreError, 503),
    (GeoInspectError, 500),
)
_WORDS = {
    400: Text("请求无法识别:请返回重试", "The request can't be read: go back and try again."),
    401: Text("请先登录", "Sign in first."),
    403: Text("您没有此权限:请联系管理员", "You may not do this: ask the administrator."),
    404: Text("没有这个页面:请从地图重新开始", "There is no such page: start again from the map."),
    405: Text("此地址不支持这种操作", "This address does not take that kind of request."),
    413: Text("内容太大", "That is too large."),
    415: Text(
        "请以 application/octet-stream 发送文件内容",
        "Send the bytes of the file as application/octet-stream.",
    ),
    429: Text(
        "尝试次数过多:请 5 分钟后再试,或请管理员重设密码",
        "Too many tries: wait 5 minutes and try again, or ask the administrator for a new password.",
    ),
}
SIGN_IN = _WORDS[401]
# What the framework says beside the words: methods, ranges, patience.
_KEPT_HEADERS = ("Allow", "Content-Range", "Retry-After")
_BUSY_WAIT_S = 5
_BUSY = Text(
    "服务器正忙:请稍候几秒再试",
    "The server is busy: wait a few seconds and try again.",
)
_FORGERY = Text(
    "页面已过期:请刷新后重试", "The page is too old: load it again and repeat what you did."
)


def answer_errors(app: Flask, *, hide_surprises: bool) -> None:
    """Give an app its answers to every kind of error.

    Args:
        app: The app.
        hide_surprises: Answer what nobody expected with a number that the log explains; tests
            let it through.
    """
    app.register_error_handler(GeoInspectError, _own_error)
    app.register_error_handler(CSRFError, _forgery)
    app.register_error_handler(HTTPException, _http_error)
    if hide_surprises:
        app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    """Return whether the request came from a script rather than a person's address bar."""
    return request.path.startswith(_MACHINE_PREFIXES)


def answer(code: str, text: Text, status: int) -> Response:
    """Return an error as problem details for scripts and as a page for people."""
    if wants_json():
        body = _problem(code, text, status)
    else:
        body = Response(render_template("error.html", text=text), mimetype="text/html")
    body.status_code = status
    if status == 401:
        body.headers["WWW-Authenticate"] = 'Bearer realm="geoinspect"'
    if status == 503:
        body.headers["Retry-After"] = str(_BUSY_WAIT_S)
    return body


def _problem(code: str, text: Text, status: int) -> Response:
    # The tus protocol answers a wrong checksum with 460, which has no name of its own.
    known = status in HTTPStatus.__members__.values()
    body = jsonify(
        type="about:blank",
        title=HTTPStatus(status).phrase if known else "Client Error",
        status=status,
        detail=in_words(text),
        # Without the query, which may hold what nobody should find in a log.
        instance=quote(request.path),
        code=code,
        message=text.en,
        message_zh=text.zh,
    )
    body.mimetype = PROBLEM
    return body


def busy() -> Response:
    """Return the answer to a request that must wait until another one is done."""
    return answer("busy", _BUSY, 503)


def status_of(error: GeoInspectError) -> int:
    """Return the HTTP status of an error of ours."""
    if error.code == "disk_full":
        return 507
    return next(status for kind, status in STATUS if isinstance(error, kind))


def _own_error(error: GeoInspectError) -> Response:
    response = answer(error.code, error.text, status_of(error))
    if isinstance(error, LockedError):
        response.headers["Retry-After"] = str(error.wait_minutes * 60)
    return response


def _forgery(_error: CSRFError) -> Response:
    return answer("page_expired", _FORGERY, 400)


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    code = error.name.lower().replace(" ", "_")
    response = answer(code, _WORDS.get(error.code, _WORDS[400]), error.code)
    for name in _KEPT_HEADERS:
        if name in (said := error.get_response().headers):
            response.headers[name] = said[name]
    return response


def _unexpected(error: Exception) -> Response:
    number = secrets.token_hex(4)
    _LOG.error("error %s on %s %r", number, request.method, request.path, exc_info=error)
    text = Text(
        f"服务器内部出错(编号 {number}):请把编号告诉管理员,已保存的数据不受影响",
        f"Something broke on the server (number {number}): tell the administrator this number. "
        "What was saved is safe.",
    )
    return answer("internal", text, 500)
