"""What of the office as a whole the person behind a request may see: all of it, or none.

The audit chain, the server's health and backups are not made of areas, so they can't be cut to
somebody's ground.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from geoinspect.errors import ForbiddenError
from webmap.auth import current_person
from webmap.office import office


def whole_office(session: Session) -> None:
    """Let pass whose ground is the whole workspace.

    Raises:
        ForbiddenError: The person belongs to a unit with ground of its own.
    """
    if not office().territories.get(session, current_person().unit_code).whole:
        raise ForbiddenError(
            "这一页涉及整个工作区,您的账号只属于一个单位:请联系不限单位的管理员或审计员",
            "this is about the whole workspace and your account belongs to one unit: ask an "
            "administrator or auditor who has none",
            code="whole_office_only",
        )
