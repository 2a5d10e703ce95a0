"""Lists in pages: every one takes ``limit`` and ``cursor``, and answers ``next``.

``next`` is the cursor of the following page, null on the last one; the header ``Link`` has its
address (RFC 8288). A cursor names the last row that was shown, so that rows which come in between
neither double nor hide any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
_OLD = frozenset({"before", "after"})
_MOST_CHARS, _MOST_DIGITS, _SHOWN = 200, 15, 80


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


_Row = TypeVar("_Row", bound=_Numbered)


_Any = TypeVar("_Any")


def page(name: str, rows: Sequence[Json], key: str = "id", *, most: int = MOST_ROWS) -> Json:
    """Return one page of a list as ``{name: rows, "next": cursor}``.

    Args:
        name: What the list is called in the answer.
        rows: All rows in their order.
        key: Of each row, unique: what a cursor names.
        most: Rows at most; ``?limit=`` asks for fewer.

    Raises:
        UsageError: ``?cursor=`` can't name a row.
        ConflictError: The row that it names is not in the list any more.
    """
    shown, following = paged(rows, lambda row: row[key], most=most)
    return {name: list(shown), "next": following}


def paged(
    rows: Sequence[_Any], key: Callable[[_Any], int | str], *, most: int = MOST_ROWS
) -> tuple[Sequence[_Any], str | None]:
    """Return the rows of the page that is asked for, and the following cursor, as :func:`page`."""
    begin = _place_after([key(row) for row in rows])
    end = begin + limit(most)
    following = str(key(rows[end - 1])) if end < len(rows) else None
    mark_next(following)
    return rows[begin:end], following


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
    if not _is_number(given):
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
        f"参数 cursor 的值“{given[:_SHOWN]}”已不在列表中:请从第一页重新开始",
        f"cursor {given[:_SHOWN]!r} is not in the list any more: start again at its first page",
        code="cursor_gone",
    )


def text_cursor(*, numbered: bool = False) -> str | None:
    """Return the cursor that is asked for; None without one.

    Raises:
        UsageError: It can't be one: empty, too long, or, where they are numbers, none.
    """
    given = request.args.get(_CURSOR)
    if given is None:
        return None
    if not 0 < len(given) <= _MOST_CHARS or (numbered and not _is_number(given)):
        raise UsageError(
            f"参数 cursor 应为上一页的 next,得到“{given[:_SHOWN]}”",
            f"cursor must be 'next' of the page before, got {given[:_SHOWN]!r}",
            code="bad_cursor",
        )
    return given


def _place_after(keys: Sequence[int | str]) -> int:
    given = text_cursor(numbered=bool(keys) and isinstance(keys[0], int))
    if given is None:
        return 0
    for place, one in enumerate(keys):
        if str(one) == given:
            return place + 1
    raise cursor_gone(given)


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS


@api.after_request
def _link(response: Response) -> Response:
    cursor = g.pop("next_page", None)
    if cursor is not None and response.status_code == 200:
        kept = [one for one in request.args.items(multi=True) if one[0] not in {_CURSOR, *_OLD}]
        query = urlencode([*kept, (_CURSOR, cursor)])
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response
