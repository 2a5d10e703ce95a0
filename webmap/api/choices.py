"""What people choose from: values of an enumeration, units and days, read with clear refusals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import TypeVar

from geoinspect.errors import UsageError
from webmap.office import office
from webmap.scope import scope_of

_Kind = TypeVar("_Kind", bound=StrEnum)
_SHOWN = 40


def one_of(name: str, given: str, kind: type[_Kind]) -> _Kind:
    """Return a member by its value.

    Raises:
        UsageError: There is no such member.
    """
    values = [member.value for member in kind]
    if given not in values:
        raise UsageError(
            f"参数 {name} 的值“{given[:_SHOWN]}”无法识别,可用:{'、'.join(values)}",
            f"unknown {name} {given[:_SHOWN]!r}, known: {', '.join(values)}",
            code="bad_option",
        )
    return kind(given)


def known_unit(given: str) -> str:
    """Return the code of a unit.

    Raises:
        UsageError: There is none with this code.
    """
    return known_units([given])[0]


def known_units(given: Iterable[str]) -> list[str]:
    """Return the codes of units.

    Raises:
        UsageError: There is none with one of the codes.
    """
    with office().workspace.database.reading() as session:
        known = scope_of(session).unit_names()
    codes = list(given)
    for code in codes:
        if code not in known:
            raise UsageError(
                f"没有代码为“{code[:_SHOWN]}”的单位:请从页面的列表中选择",
                f"there is no unit with the code {code[:_SHOWN]!r}: choose one from the page's "
                "list",
                code="bad_option",
            )
    return codes


def a_day(given: str) -> date:
    """Return a day written as 2026-05-14.

    Raises:
        UsageError: It is no day.
    """
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise UsageError(
            f"日期“{given[:_SHOWN]}”无法识别:请写成 2026-05-14 的样子",
            f"unknown day {given[:_SHOWN]!r}: write it as 2026-05-14",
            code="bad_option",
        ) from error


def a_month(given: str) -> date:
    """Return the first day of a month written as 2026-05.

    Raises:
        UsageError: It is no month.
    """
    try:
        return date.fromisoformat(f"{given}-01")
    except ValueError as error:
        raise UsageError(
            f"月份“{given[:_SHOWN]}”无法识别:请写成 2026-05 的样子",
            f"unknown month {given[:_SHOWN]!r}: write it as 2026-05",
            code="bad_option",
        ) from error
