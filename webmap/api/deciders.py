"""What only analysts and administrators may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response

from geoinspect.errors import Text
from webmap import errors
from webmap.auth import current_person

_Arguments = ParamSpec("_Arguments")
_MAY_NOT = Text(
    "您可以查看,但只有分析员和管理员可以更改:请联系他们",
    "You may look; only analysts and administrators change this: ask one of them.",
)
_PART_ONLY = Text(
    "此行动的范围超出您的辖区,只能由管辖全部范围的单位操作:请联系上级单位",
    "This campaign reaches beyond your ground; only the unit that answers for all of it may do "
    "this: ask the unit above yours.",
)


def whole_campaign_only() -> Response:
    """Return the refusal of what concerns a whole campaign, to whoever answers for a part of it."""
    return errors.answer("not_all_yours", _PART_ONLY, 403)


def for_deciders(view: Callable[_Arguments, Response]) -> Callable[_Arguments, Response]:
    """Return a view that refuses everybody else in words, before it reads the request."""

    @wraps(view)
    def checked(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Response:
        if not current_person().may_decide:
            return errors.answer("may_not_decide", _MAY_NOT, 403)
        return view(*args, **kwargs)

    return checked
