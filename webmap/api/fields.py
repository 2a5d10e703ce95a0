"""The fields of a request's JSON or form, each read with a refusal that names it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from flask import request
from shapely import MultiPolygon, Polygon
from werkzeug.exceptions import BadRequest

from geoinspect.cases.ground import drawn_ground
from geoinspect.errors import Text, UsageError
from webmap.api.choices import a_day, known_units, one_of

_Kind = TypeVar("_Kind", bound=StrEnum)
_SHOWN = 40
MOST_PROSE = 2000


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields by name, and what people call them.

    Attributes:
        values: As they came.
        labels: Name → words; a field without them is not known.
    """

    values: Mapping[str, object]
    labels: Mapping[str, Text]

    def __post_init__(self) -> None:
        """Check that every field is known.

        Raises:
            UsageError: One is not.
        """
        for name in sorted(self.values.keys() - self.labels.keys()):
            known = ", ".join(sorted(self.labels))
            raise UsageError(
                f"不认识的字段“{name[:_SHOWN]}”,可用:{known}",
                f"unknown field {name[:_SHOWN]!r}, known: {known}",
                code="bad_field",
            )

    def has(self, name: str) -> bool:
        """Return whether a field was given and is not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str, most: int, *, needed: bool = False) -> str:
        """Return a text of one line, without blanks round it; empty where it was not given."""
        value = self.values.get(name)
        value = "" if value is None else value
        if not isinstance(value, str) or len(value) > most:
            raise self.bad(
                name, f"应为最多 {most} 字的文字", f"a text of at most {most} characters"
            )
        text = value.strip()
        if needed and not text:
            raise self.bad(name, "不能为空", "not empty")
        if text and not text.isprintable():
            raise self.bad(name, "不能含控制字符", "without control characters")
        return text

    def prose(self, name: str, most: int = MOST_PROSE) -> str:
        """Return a text of several lines; whoever keeps it says what it may not hold."""
        value = self.values.get(name) or ""
        if not isinstance(value, str) or len(value) > most:
            raise self.bad(
                name, f"应为最多 {most} 字的文字", f"a text of at most {most} characters"
            )
        return value

    def number(self, name: str, least: float, most: float, *, above: bool = False) -> float | None:
        """Return a number from ``least`` to ``most``; None where it was not given.

        Args:
            name: Of the field.
            least, most: What it may be.
            above: It must be above ``least``.
        """
        if not self.has(name):
            return None
        given = self.values[name]
        value = math.nan
        # Python reads 1_0 as ten, and digits of other scripts; people who type them mean neither.
        strange = isinstance(given, str) and ("_" in given or not given.isascii())
        if isinstance(given, int | float | str) and not isinstance(given, bool) and not strange:
            try:
                value = float(given)
            except (ValueError, OverflowError):
                value = math.nan
        if not least <= value <= most or (above and value == least):
            zh, en = ("大于", "above") if above else ("不小于", "at least")
            raise self.bad(
                name,
                f"应为{zh} {least:g}、不超过 {most:g} 的数",
                f"a number, {en} {least:g} and at most {most:g}",
            )
        return value

    def needed_number(self, name: str, least: float, most: float, *, above: bool = False) -> float:
        """Return a number that must be given."""
        value = self.number(name, least, most, above=above)
        if value is None:
            raise self.bad(name, "不能为空", "given")
        return value

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        """Return a whole number."""
        value = self.number(name, least, most)
        if value is None:
            return default
        if value != int(value):
            raise self.bad(name, "应为整数", "a whole number")
        return int(value)

    def needed_whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number that must be given."""
        self.needed_number(name, least, most)
        return self.whole(name, least, most, least)

    def flag(self, name: str) -> bool | None:
        """Return true or false; None where it was not given."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.bad(name, "应为 true 或 false", "true or false")
        return value

    def day(self, name: str) -> date | None:
        """Return a day written as 2026-05-14; None where it was not given."""
        if not self.has(name):
            return None
        day = a_day(self.text(name, _SHOWN))
        if not 1990 <= day.year < 2200:
            raise self.bad(name, "应在 1990 年至 2199 年之间", "between the years 1990 and 2199")
        return day

    def moment(self, name: str) -> datetime | None:
        """Return a time with its zone as UTC; None where it was not given.

        A time without a zone is refused: nobody knows whether it is Beijing's or UTC.
        """
        if not self.has(name):
            return None
        text = self.text(name, _SHOWN)
        moment: datetime | None = None
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(text)
        if moment is None or moment.tzinfo is None or not 1990 <= moment.year < 2200:
            raise self.bad(
                name,
                "应为带时区的时间,如 2026-05-14T08:30:00+08:00",
                "a time with its zone, such as 2026-05-14T08:30:00+08:00",
            )
        return moment.astimezone(UTC)

    def ground(self, name: str) -> Polygon | MultiPolygon | None:
        """Return ground drawn as GeoJSON, WGS84; None where it was not given.

        Raises:
            InputError: It is no polygon, or one that can't be.
            TooLargeError: It has too many points or too much ground.
        """
        return drawn_ground(self.values[name]) if self.has(name) else None

    def member(self, name: str, kind: type[_Kind]) -> _Kind | None:
        """Return one of an enumeration; None where it was not given."""
        return one_of(name, self.text(name, 200), kind) if self.has(name) else None

    def unit(self, name: str) -> str | None:
        """Return the code of a known unit; None where it was not given."""
        return known_units([self.text(name, 200)])[0] if self.has(name) else None

    def units(self, name: str, most: int) -> list[str]:
        """Return the codes of known units."""
        value = self.values.get(name) or []
        if (
            not isinstance(value, list)
            or len(value) > most
            or not all(isinstance(code, str) for code in value)
        ):
            raise self.bad(
                name, f"应为最多 {most} 个单位代码的列表", f"a list of at most {most} codes"
            )
        return sorted(set(known_units(value)))

    def bad(self, name: str, zh: str, en: str) -> UsageError:
        """Return the refusal of a field's value."""
        label, got = self.labels[name], self.values.get(name)
        shown = "" if got in (None, "") else str(got)[:_SHOWN]
        return UsageError(
            f"“{label.zh}”{zh}" + (f",得到“{shown}”" if shown else ""),
            f"{label.en} must be {en}" + (f", got {shown!r}" if shown else ""),
            code="bad_field",
        )


def json_fields(labels: Mapping[str, Text]) -> Fields:
    """Return the fields of the request's JSON object.

    Raises:
        UsageError: It is no JSON object, or has a field that is not known.
    """
    try:
        body = request.get_json(force=True)
    except (BadRequest, RecursionError) as error:
        raise UsageError(
            "请求内容不是可用的 JSON:请刷新页面后重试",
            "the request is no usable JSON: load the page again and repeat what you did",
            code="bad_json",
        ) from error
    if not isinstance(body, dict):
        raise UsageError(
            "请以 JSON 对象发送各字段", "send the fields as a JSON object", code="bad_json"
        )
    return Fields(body, labels)
