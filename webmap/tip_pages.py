"""The pages of tips: two for the public, one for the office.

The public pages need no login and tell nothing of the workspace but the outline of its ground. They
use the session cookie for forgery protection alone. The claim code is made here with each form and
signed into it, so that a form sent twice is one tip with one code, and nobody's browser has to make
secrets; until the form comes back nothing of it is kept.
"""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for
from itsdangerous import BadData, URLSafeSerializer

from geoinspect.cases.tip_codes import new_code
from geoinspect.casework.tips import (
    MOST_PHOTOS,
    MOST_PLACE,
    MOST_TEXT,
    NewTip,
    TipTaken,
    take_tip,
)
from geoinspect.errors import GeoInspectError, UsageError
from webmap.auth import current_person
from webmap.errors import status_of
from webmap.language import in_words
from webmap.office import office
from webmap.scope_tips import heard, is_sent, public_outline
from webmap.tip_guard import asks_json, refusal, refused_new
from webmap.tip_page_words import public_tip_words, tip_page_words
from webmap.words import script_words

tip_pages = Blueprint("tip_pages", __name__)

# Nobody reads and fills the form so quickly.
_LEAST_S = 2.0
_MOST_S = 3 * 86400.0


@dataclass(frozen=True, slots=True)
class _Form:
    """What is signed into a form: who it is, its claim code, and when it was made."""

    client_id: str
    code: str
    made_s: float

    @classmethod
    def new(cls) -> _Form:
        return cls(secrets.token_hex(16), new_code(), time.time())

    @classmethod
    def of(cls, signed: str) -> _Form:
        try:
            client_id, code, made_s = _signer().loads(signed)
        except (BadData, ValueError, TypeError) as error:
            raise _expired() from error
        form = cls(str(client_id), str(code), float(made_s))
        age_s = time.time() - form.made_s
        if age_s > _MOST_S:
            raise _expired()
        if age_s < _LEAST_S:
            raise UsageError(
                "提交太快,请核对内容后再按一次“提交”",
                "that was very quick: look it over and press “Send” again",
                code="too_quick",
            )
        return form

    def signed(self) -> str:
        return str(_signer().dumps([self.client_id, self.code, self.made_s]))


@tip_pages.route("/tip", methods=["GET", "POST"])
def public_tip() -> Response | tuple[Response, int]:
    """Show the form to the public, and take what it sends."""
    if request.method == "GET":
        return _shown(_Form.new().signed())
    try:
        form = _Form.of(request.form.get("form", ""))
        # Only what is new counts: whose answer was lost sends again until it comes.
        too_many = None if _is_known(form) else refused_new()
        if too_many is not None:
            return too_many
        taken = _taken(form)
    except GeoInspectError as error:
        if asks_json():
            return refusal(error.text, status_of(error))
        return _shown(request.form.get("form", ""), problem=in_words(error.text))
    code = form.code if _is_on("reward") else None
    if asks_json():
        return jsonify(code=code, masked=taken.masked, again=taken.again), 201
    return _shown("", done={"code": code, "masked": taken.masked})


@tip_pages.route("/tip/status", methods=["GET", "POST"])
def public_status() -> Response:
    """Tell the holder of a claim code how the tip stands; an unknown code looks like a wrong one."""
    found, asked = None, request.method == "POST"
    if asked:
        with office().workspace.database.reading() as session:
            found = heard(session, request.form.get("code", "")[:200])
    page = render_template("tip_status.html", asked=asked, found=found)
    return Response(page, mimetype="text/html")


@tip_pages.get("/tips")
def tips_page() -> str:
    """Show the office the tips; its data comes from the API."""
    page = {
        "words": {**script_words(), **tip_page_words()},
        "role": current_person().role,
        "public": office().workspace.settings.public_tips,
        "near_m": office().workspace.settings.tip_near_m,
    }
    return render_template("tips.html", page=page)


def _is_known(form: _Form) -> bool:
    with office().workspace.database.reading() as session:
        return is_sent(session, form.client_id)


def _taken(form: _Form) -> TipTaken:
    given = request.form
    if given.get("website", ""):
        raise UsageError(
            "有一个应当留空的栏被自动填写:请重新打开本页,不要使用自动填充",
            "a field that must stay empty was filled in by itself: open the page anew and don't "
            "let the browser fill it in",
            code="not_empty",
        )
    photos = [file for file in request.files.getlist("photos") if file.filename]
    if len(photos) > MOST_PHOTOS:
        raise UsageError(
            f"照片最多 {MOST_PHOTOS} 张", f"at most {MOST_PHOTOS} photos", code="too_many_photos"
        )
    new = NewTip(
        form.client_id,
        text=given.get("text", ""),
        place=given.get("place", ""),
        lon=_number("lon"),
        lat=_number("lat"),
        place_from=given.get("place_from", "")[:10],
        accuracy_m=_number("accuracy_m"),
        photos=tuple(file.stream.read() for file in photos),
        keep_photo_place=_is_on("photo_place"),
        claim_code=form.code if _is_on("reward") else "",
    )
    return take_tip(office().workspace, new)


def _number(name: str) -> float | None:
    given = request.form.get(name, "").strip()
    if not given:
        return None
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            "位置不可用:请重新点选,或用文字说明",
            "the place can't be used: choose it anew, or say it in words",
            code="bad_place",
        )
    return value


def _is_on(name: str) -> bool:
    return request.form.get(name) == "1"


def _shown(signed: str, *, problem: str = "", done: dict[str, object] | None = None) -> Response:
    with office().workspace.database.reading() as session:
        outline = public_outline(session)
    page = {
        "words": public_tip_words(),
        "outline": outline,
        "most_mb": office().workspace.settings.tip_photo_max_mb,
        "most_photos": MOST_PHOTOS,
        "status": url_for("tip_pages.public_status"),
    }
    html = render_template(
        "tip_public.html",
        page=page,
        signed=signed,
        problem=problem,
        done=done,
        given=request.form,
        most_text=MOST_TEXT,
        most_place=MOST_PLACE,
    )
    return Response(html, status=400 if problem else 200, mimetype="text/html")


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="tip form")


def _expired() -> UsageError:
    return UsageError(
        "页面已过期:请先复制已写的内容,再重新打开举报页面",
        "the page is too old: copy what you wrote, then open the page anew",
        code="page_expired",
    )
