"""Lists in pages: every one takes ``limit`` and ``cursor``, and answers ``next``.

``next`` is the cursor of the following page, null on the last one; the header ``Link`` has its
address (RFC 8288). A cursor names the last row that was shown, so that rows which come in between
neither double nor hide any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from flask import Response, g, request

from geoinspect.errors import ConflictError, UsageError
from webmap.api.blueprint import api, limit

Json = dict[str, Any]
# More than any of these lists has: without a limit the pages of the web read them whole.
MOST_ROWS = 100_000
_CURSOR = "cursor"
# What a cursor is called by lists that are older than it.
_OLD = frozenset({"before", "after", "offset"})
_MOST_CHARS, _MOST_DIGITS = 200, 15


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


_Row = TypeVar("_Row", bound=_Numbered)


def page(name: str, rows: Sequence[Json], key: str = "id", *, most: int = MOST_ROWS) -> Json:
    """Return one page of a list as ``{name: rows, "next": cursor}``.

    Args:
        name: What the list is called in the answer.
        rows: All rows in their order.
        key: Of each row, unique: what a cursor names.
        most: Rows at most; ``?limit=`` asks for fewer.

    Raises:
        ConflictError: The row that ``?cursor=`` names is not in the list any more.
    """
    begin = _place_after(rows, key)
    end = begin + limit(most)
    following = str(rows[end - 1][key]) if end < len(rows) else None
    return {name: list(rows[begin:end]), "next": mark_next(following)}


def mark_next(cursor: int | str | None) -> int | str | None:
    """Return the cursor of the following page, and put its address into the header ``Link``."""
    g.next_page = cursor
    return cursor


def walk_after() -> int | None:
    """Return after which number a walk over all records goes on; None without ``?cursor=``.

    Lists of what is drawn tell the first by rank or day. A walk from ``cursor=0`` on goes by
    number, which never changes, so that every record comes once.

    Raises:
        UsageError: The cursor is no number.
    """
    given = request.args.get(_CURSOR)
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS):
        raise UsageError(
            f"参数 cursor 应为从 0 起的编号,得到“{given[:_MOST_CHARS]}”",
            f"cursor must be a number from 0 on, got {given[:_MOST_CHARS]!r}",
            code="bad_cursor",
        )
    return int(given)


def walked(rows: Sequence[_Row], most: int, after: int | None) -> tuple[Sequence[_Row], int | None]:
    """Return the rows of a page, of one more than that were asked for, and the following cursor.

    Args:
        rows: At most ``most`` and one more.
        most: Rows of a page.
        after: From :func:`walk_after`; None: there is no following page.
    """
    shown = rows[:most]
    following = shown[-1].id if after is not None and len(rows) > most else None
    mark_next(following)
    return shown, following


def cursor_name(old: str) -> str | None:
    """Return the parameter that holds the cursor: ``cursor``, or ``old``; None without one."""
    return next((name for name in (_CURSOR, old) if name in request.args), None)


def cursor_gone(given: str) -> ConflictError:
    """Return the refusal of a cursor that names nothing in its list any more."""
    return ConflictError(
        f"参数 cursor 的值“{given[:_MOST_CHARS]}”已不在列表中:请从第一页重新开始",
        f"cursor {given[:_MOST_CHARS]!r} is not in the list any more: start again at its first "
        "page",
        code="cursor_gone",
    )


def _place_after(rows: Sequence[Json], key: str) -> int:
    given = request.args.get(_CURSOR)
    if given is None:
        return 0
    for place, row in enumerate(rows):
        if str(row[key]) == given:
            return place + 1
    raise cursor_gone(given)


@api.after_request
def _link(response: Response) -> Response:
    cursor = g.pop("next_page", None)
    if cursor is not None and response.status_code == 200:
        kept = [one for one in request.args.items(multi=True) if one[0] not in {_CURSOR, *_OLD}]
        query = urlencode([*kept, (_CURSOR, cursor)])
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response
