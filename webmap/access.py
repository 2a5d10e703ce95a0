"""Who may ask for which address: one row for each, and no answer without a row.

What of its answer a person sees is narrowed by their territory (:mod:`webmap.scope_territory`, used by
``scope.py`` and its neighbours). The test of roles and areas is made from this table.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from flask_login import current_user

from geoinspect.errors import Text
from webmap import errors
from webmap.access_rows import ROWS, Roles
from webmap.auth import PUBLIC_ENDPOINTS, current_person

_LOG = logging.getLogger(__name__)
_NOT_YOURS = Text(
    "您的角色不能使用此功能:需要时请联系管理员",
    "Your role can't use this: ask the administrator if you need it.",
)
_ROLES = {
    "field": Text("外勤人员", "field teams"),
    "analyst": Text("分析员", "analysts"),
    "commander": Text("指挥员", "commanders"),
    "auditor": Text("审计员", "auditors"),
    "admin": Text("管理员", "administrators"),
}


def use_access(app: Flask) -> None:
    """Answer 403 to whoever's role has no access to an address, and to all where none is said."""

    @app.before_request
    def _check_access() -> Response | None:
        endpoint = request.endpoint
        if endpoint is None or endpoint in PUBLIC_ENDPOINTS or not current_user.is_authenticated:
            return None
        row = ROWS.get(endpoint)
        if row is None:
            _LOG.error("nobody may use %s: it has no row in webmap/access_rows.py", endpoint)
            return errors.answer("not_your_role", _NOT_YOURS, 403)
        if current_person().role not in row.roles:
            return errors.answer("not_your_role", _for_others(row.roles), 403)
        return None


def _for_others(roles: Roles) -> Text:
    """Return the refusal of what only some roles may use."""
    words = [text for role, text in _ROLES.items() if role in roles]
    zh, en = "、".join(text.zh for text in words), ", ".join(text.en for text in words)
    return Text(
        f"此功能只供{zh}使用,您的角色不能使用:需要时请联系他们",
        f"Only these may use this, and your role is none of them: {en}. Ask one of them.",
    )
