"""What stands before the public tip pages: whether they are open, how often, how large, how many.

It all happens before a body is read. Addresses of reporters are counted, never kept: the key of a
limit is a keyed hash whose key dies with the process, and the counts lie in memory.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

from flask import Flask, Response, abort, g, jsonify, render_template, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItem, parse

from geoinspect.casework.tips import MOST_PHOTOS
from geoinspect.errors import Text
from geoinspect.settings import Settings
from geoinspect.store.workspace import Workspace

TELL, STATUS = "tip_pages.public_tip", "tip_pages.public_status"
# A phone network hides thousands behind one address, so one address may do more than one person.
# A form sent again, since its answer was lost, is no new tip, but its body has to be read to know.
_EACH = {TELL: parse("80 per hour"), STATUS: parse("30 per 10 minutes")}
_ALL = {TELL: parse("800 per hour"), STATUS: parse("1000 per hour")}
_NEW = "tip_pages.new_tip"
_NEW_EACH, _NEW_ALL = parse("20 per hour"), parse("200 per hour")
_AT_ONCE = 4
_FORM_BYTES = 64 << 10
_TOO_MANY = Text(
    "现在提交的人太多,或同一网络提交过于频繁,这次没有收到。请稍后(最多一小时)再提交;"
    "情况紧急请直接拨打 110",
    "Too many are sending now, or too often from one network, so this was not received. Send it "
    "again later (an hour at most); if it is urgent, call the police (110).",
)
_BUSY = Text(
    "服务器正忙,这次没有收到:请过几秒再提交一次",
    "The server is busy and this was not received: send it again in a few seconds.",
)


def use_tips(app: Flask, workspace: Workspace) -> None:
    """Put a guard before the public tip pages; call it before forgery protection reads a form.

    Args:
        app: The app.
        workspace: Its settings say whether the pages are open and how large a photo may be.
    """
    counted = Limiter(
        get_remote_address, app=app, storage_uri="memory://", strategy="moving-window"
    )
    salt = secrets.token_bytes(32)
    slots = threading.BoundedSemaphore(_AT_ONCE)

    def key() -> str:
        return hmac.new(salt, get_remote_address().encode(), hashlib.sha256).hexdigest()

    def passes(limit: RateLimitItem, *names: str) -> bool:
        return counted.limiter.hit(limit, *names)

    @app.before_request
    def _guard() -> Response | None:
        endpoint = request.endpoint or ""
        if endpoint not in _EACH:
            return None
        settings = workspace.settings
        if not settings.public_tips:
            abort(404)
        if request.method != "POST":
            return None
        # What is turned away for want of a slot comes again, and has not been counted.
        if not slots.acquire(blocking=False):
            return refusal(_BUSY, 503)
        g.holds_tip_slot = True
        if not passes(_EACH[endpoint], endpoint, key()) or not passes(_ALL[endpoint], endpoint):
            return refusal(_TOO_MANY, 429)
        most_bytes = int(MOST_PHOTOS * settings.tip_photo_max_mb * 1e6) + _FORM_BYTES
        request.max_content_length = most_bytes if endpoint == TELL else _FORM_BYTES
        if (request.content_length or 0) > request.max_content_length:
            return refusal(_too_large(settings), 413)
        g.counts_new_tip = lambda: passes(_NEW_EACH, _NEW, key()) and passes(_NEW_ALL, _NEW)
        return None

    @app.teardown_request
    def _let_next(_error: BaseException | None) -> None:
        if g.pop("holds_tip_slot", False):
            # What a form's files were spooled to must not wait for the garbage collector.
            request.close()
            slots.release()


def refused_new() -> Response | None:
    """Count the request's form as a new tip; return the refusal where too many came."""
    return None if g.counts_new_tip() else refusal(_TOO_MANY, 429)


def refusal(text: Text, status: int) -> Response:
    """Return why a form was not taken: as JSON for the page's script, else as a page."""
    if asks_json():
        body = jsonify(message=text.en, message_zh=text.zh)
    else:
        body = Response(render_template("tip_notice.html", text=text), mimetype="text/html")
    body.status_code = status
    return body


def asks_json() -> bool:
    """Return whether the page's script sent the form, and not the browser itself."""
    return request.headers.get("Accept", "") == "application/json"


def _too_large(settings: Settings) -> Text:
    most = settings.tip_photo_max_mb
    return Text(
        f"照片太大:每张最多 {most:g} MB,共 {MOST_PHOTOS} 张。请缩小或少选几张再提交",
        f"The photos are too large: at most {most:g} MB each, {MOST_PHOTOS} in all. Send smaller "
        "ones or fewer.",
    )
