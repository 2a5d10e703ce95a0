"""The description of what the API says and takes of accounts, people, tokens and units."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, delete, get, path, post, query

_ID, _TEXT, _FLAG = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
_ROLE: Json = {"enum": ["field", "analyst", "commander", "auditor", "admin"]}
_SCOPE: Json = {"enum": ["read", "upload", "all"]}
_SOMEONE = path("person_id", {**_ID})
_ADMIN = "Administrators only."
_SESSION = "Only for somebody who has signed in, not with a token."

ACCOUNT_PATHS: dict[str, Json] = {
    "/api/v1/account": get("One's own account, and the rules of passwords."),
    "/api/v1/account/password": post(
        f"Change one's password; every other session ends. {_SESSION}",
        {"present": _TEXT, "new": _TEXT},
        needed=("present", "new"),
    ),
    "/api/v1/account/sessions": {
        **get("One's own living sessions, the last used first."),
        **delete("End all of one's sessions but this one."),
    },
    "/api/v1/account/sessions/{session_id}": delete(
        "End one of one's own sessions.", path("session_id", {**_TEXT})
    ),
    "/api/v1/account/second-factor": post(
        f"Begin to set up a second factor: secret, address and QR code, shown once. {_SESSION}", {}
    ),
    "/api/v1/account/second-factor/on": post(
        f"Turn it on with a code of it. {_SESSION}", {"code": _TEXT}, needed=("code",)
    ),
    "/api/v1/account/second-factor/off": post(
        f"Turn it off with the password. {_SESSION}", {"password": _TEXT}, needed=("password",)
    ),
    "/api/v1/tokens": {
        **get(
            "One's own API tokens, without their secrets.",
            query("everyone", "1: those of all visible people, for administrators and auditors."),
        ),
        **post(
            f"Make a token; its secret is shown now and never again. {_SESSION}",
            {"label": _TEXT, "days": _ID, "scope": _SCOPE},
            needed=("label",),
        ),
    },
    "/api/v1/tokens/{token_id}": delete("Revoke a token.", path("token_id", {**_ID})),
    "/api/v1/people": {
        **get("People of one's own unit and below. Administrators and auditors only."),
        **post(
            "Add a person, with a unit or whole: true; the password is shown now and holds for one "
            f"login. {_ADMIN}",
            {"name": _TEXT, "role": _ROLE, "unit": _TEXT, "whole": _FLAG},
            needed=("name", "role"),
        ),
    },
    "/api/v1/people/{person_id}": post(
        f"Change role, unit, or whether they may sign in; their sessions end. {_ADMIN}",
        {"role": _ROLE, "unit": _TEXT, "whole": _FLAG, "active": _FLAG},
        _SOMEONE,
    ),
    "/api/v1/people/{person_id}/password": post(
        f"Give a new password, shown now; it holds for one login. {_ADMIN}", {}, _SOMEONE
    ),
    "/api/v1/people/{person_id}/sessions": delete(f"End all sessions. {_ADMIN}", _SOMEONE),
    "/api/v1/people/{person_id}/second-factor": delete(
        f"Turn the second factor off, as when a phone is lost. {_ADMIN}", _SOMEONE
    ),
    "/api/v1/units": {
        **get("Units and areas with who answers for them. Administrators and auditors only."),
        **post(
            f"Add a unit, or rename the one with this code. {_ADMIN}",
            {"code": _TEXT, "name": _TEXT, "parent": _TEXT},
            needed=("code", "name"),
        ),
    },
    "/api/v1/areas/{code}/unit": post(
        f"Say which unit answers for an area; nobody without one. {_ADMIN}",
        {"unit": {"type": ["string", "null"]}},
        path("code", {**_TEXT}),
    ),
}
