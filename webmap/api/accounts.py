"""One's own account: password, sessions, second factor and tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, jsonify, request, session
from sqlalchemy.orm import Session

from geoinspect.accounts import changes, own
from geoinspect.accounts.passwords import profile_of, rules_in_words
from geoinspect.accounts.second_factor import address_of, drawn, new_secret
from geoinspect.errors import ConflictError, NotFoundError, Text
from geoinspect.records import moment_iso
from geoinspect.store import audit, logins
from geoinspect.store.schema import UserRow
from webmap.api.fields import json_fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope_people import people_scope, person_told, token_told
from webmap.sessions import begin, open_sessions

_MOST_LABEL_CHARS = 100
# The secret of a second factor on its way to a phone, until a code proves that it arrived.
_WAITING = "second_factor"
_PASSWORD = {
    "present": Text("现在的密码", "the present password"),
    "new": Text("新密码", "the new password"),
}
_CODE = {"code": Text("验证码", "the code")}
_OFF = {"password": Text("密码", "the password")}
_TOKEN = {
    "label": Text("名称", "the label"),
    "days": Text("有效天数", "the days"),
    "scope": Text("权限", "the scope"),
}


def account() -> Response:
    """Return the account of who asks."""
    settings = office().workspace.settings
    rules = rules_in_words(profile_of(settings))
    with office().workspace.database.reading() as reading:
        row = people_scope(reading).own()
        told = person_told(row, None)
    told.pop("last_login")
    return jsonify(
        person=told,
        must=current_person().must,
        rules=rules.en,
        rules_zh=rules.zh,
        token_max_days=settings.token_max_days,
    )


def post_own_password() -> Response:
    """Change one's own password; every other session ends, this one goes on under a new secret."""
    asked = json_fields(_PASSWORD)
    present, new = (asked.prose(name) for name in ("present", "new"))
    change_own_password(present, new)
    return jsonify(changed=True)


def change_own_password(present: str, new: str) -> None:
    """Change the password of who asks, and go on in a new session."""
    person_id = current_person().id
    workspace = office().workspace
    own.change_password(
        workspace, person_id, present=present, new=new, address=request.remote_addr or ""
    )
    with workspace.database.reading() as reading:
        row = reading.get_one(UserRow, person_id)
    begin(row)


def sessions() -> Response:
    """Return one's own living sessions, the last used first."""
    here = current_person().login_id
    with office().workspace.database.reading() as reading:
        found = open_sessions(reading, people_scope(reading).own())
    told = [
        {
            "id": row.id,
            "this": row.id == here,
            "address": row.address,
            "agent": row.agent,
            "created_at": moment_iso(row.created_at),
            "seen_at": moment_iso(seen_at),
        }
        for row, seen_at in found
    ]
    return jsonify(page("sessions", told))


def delete_session(session_id: str) -> Response:
    """End one of one's own sessions."""
    person = current_person()
    with office().workspace.database.writing() as writing:
        mine = {row.id for row in logins.not_ended(writing, person.id)}
        if session_id not in mine:
            raise NotFoundError(
                "没有这个登录:可能已经退出", "there is no such session: it may be over", code="no_such_session"
            )  # fmt: skip
        logins.end(writing, session_id, "revoked")
        _told_of_ending(writing, 1)
    return jsonify(ended=1)


def delete_other_sessions() -> Response:
    """End all of one's own sessions but this one."""
    person = current_person()
    with office().workspace.database.writing() as writing:
        ended = logins.end_all(writing, person.id, "revoked", keep=person.login_id)
        _told_of_ending(writing, ended)
    return jsonify(ended=ended)


def post_second_factor() -> Response:
    """Begin to set up a second factor; its secret is shown now and never again."""
    person = current_person()
    with office().workspace.database.reading() as reading:
        if people_scope(reading).own().totp_secret is not None:
            raise ConflictError(
                "两步验证已经开启", "the second factor is on already", code="second_factor_on"
            )
    secret = new_secret()
    session[_WAITING] = secret
    address = address_of(secret, person.name)
    return jsonify(secret=secret, address=address, picture=drawn(address))


def post_second_factor_on() -> Response:
    """Turn the second factor on with a code of it."""
    code = json_fields(_CODE).text("code", 20, needed=True)
    secret = session.get(_WAITING)
    if not isinstance(secret, str):
        raise ConflictError(
            "请先点“开始设置”", "begin to set it up first", code="no_second_factor_begun"
        )
    own.turn_on_second_factor(office().workspace, current_person().id, secret=secret, code=code)
    session.pop(_WAITING)
    return jsonify(on=True)


def post_second_factor_off() -> Response:
    """Turn the second factor off with the password."""
    password = json_fields(_OFF).prose("password")
    own.turn_off_second_factor(
        office().workspace,
        current_person().id,
        password=password,
        address=request.remote_addr or "",
    )
    return jsonify(on=False)


def own_tokens() -> Response:
    """Return one's own tokens; with ``everyone=1`` those of all visible people."""
    everyone = request.args.get("everyone") == "1"
    now = datetime.now(UTC)
    with office().workspace.database.reading() as reading:
        rows = people_scope(reading).tokens(everyone=everyone)
        told = [token_told(row, now) for row in rows]
    return jsonify(page("tokens", told))


def post_own_token() -> Response:
    """Make a token of one's own; its secret is shown now and never again."""
    asked = json_fields(_TOKEN)
    label = asked.text("label", _MOST_LABEL_CHARS, needed=True)
    scope = asked.text("scope", 20) or "read"
    most = office().workspace.settings.token_max_days
    days = asked.whole("days", 1, most, min(90, most))
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        secret, row = changes.add_token(
            writing, scoped.by, scoped.own(), label=label, days=days, scope=scope, most_days=most
        )
        told = token_told(row, datetime.now(UTC))
    return jsonify(
        token=secret, **{key: told[key] for key in ("id", "label", "user", "scope", "expires")}
    )


def delete_token(token_id: int) -> Response:
    """Revoke a token."""
    with office().workspace.database.writing() as writing:
        scoped = people_scope(writing)
        changes.revoke_token(writing, scoped.by, scoped.token(token_id))
    return jsonify(revoked=token_id)


def _told_of_ending(writing: Session, ended: int) -> None:
    name = current_person().name
    audit.record(
        writing, actor=name, action="user.sessions", subject=name, details={"ended": ended}
    )
