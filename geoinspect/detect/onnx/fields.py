"""The fields of a manifest, each checked, with errors that name the field."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from geoinspect.errors import InputError

_MOST_TEXT, _MOST_LIST = 500, 1000


def bad_manifest(name: str, zh: str, en: str) -> InputError:
    """Return the error of a manifest that can't be used."""
    return InputError(
        f"模型说明“{name}”有误:{zh}", f"the manifest {name!r} is wrong: {en}", code="bad_manifest"
    )


class Fields:
    """One table of a manifest; a field that nobody asked for is an error.

    Args:
        table: As read from TOML.
        name: Of the file, for errors.
        prefix: Names of the tables around it, for errors.
    """

    def __init__(self, table: Mapping[str, Any], name: str, prefix: str = "") -> None:
        self._table, self._name, self._prefix = table, name, prefix
        self._asked: set[str] = set()

    def wrong(self, key: str, zh: str, en: str) -> InputError:
        """Return the error of a field."""
        return bad_manifest(self._name, f"{self._prefix}{key}:{zh}", f"{self._prefix}{key}: {en}")

    def has(self, key: str) -> bool:
        """Return whether a field is given."""
        return key in self._table

    def is_word(self, key: str, word: str) -> bool:
        """Return whether a field holds just this word."""
        return bool(self._get(key) == word)

    def done(self) -> None:
        """Refuse what was not asked for: a slip of the pen must not pass as a default."""
        left = sorted(set(self._table) - self._asked)
        if left:
            raise self.wrong(left[0][:60], "没有这个字段", "there is no such field")

    def table(self, key: str) -> Fields:
        """Return a table within."""
        value = self._get(key)
        if not isinstance(value, Mapping):
            raise self.wrong(key, "应为一个表 [...]", "must be a table [...]")
        return Fields(value, self._name, f"{self._prefix}{key}.")

    def text(self, key: str, *, default: str | None = None, most: int = _MOST_TEXT) -> str:
        """Return a printable text of at most so many characters."""
        value = self._get(key, default)
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            raise self.wrong(
                key, f"应为至多 {most} 字的一行文字", f"must be one line of at most {most} letters"
            )
        if default is None and not value.strip():
            raise self.wrong(key, "不能为空", "must not be empty")
        return value.strip()

    def choice(self, key: str, among: Sequence[str]) -> str:
        """Return one of several words."""
        value = self._get(key)
        if value not in among:
            said, choices = repr(value)[:60], ", ".join(among)
            raise self.wrong(
                key, f"应为 {choices} 之一,得到 {said}", f"{said} is none of {choices}"
            )
        return str(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "应为 true 或 false", "must be true or false")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        """Return a number within limits."""
        return self._number(key, self._get(key), least, most)

    def numbers(self, key: str, count: int, least: float, most: float) -> tuple[float, ...]:
        """Return so many numbers within limits."""
        return tuple(self._number(key, value, least, most) for value in self._list(key, count))

    def whole(self, key: str, least: int, most: int, *, default: int | None = None) -> int:
        """Return a whole number within limits."""
        return self._whole(key, self._get(key, default), least, most)

    def wholes(self, key: str, count: int, least: int, most: int) -> tuple[int, ...]:
        """Return so many whole numbers within limits."""
        return tuple(self._whole(key, value, least, most) for value in self._list(key, count))

    def texts(self, key: str, *, among: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return different texts, at least one, in the order given."""
        values = self._list(key, None)
        for value in values:
            if not isinstance(value, str) or not value or len(value) > _MOST_TEXT:
                raise self.wrong(key, "应为一列文字", "must be a list of texts")
            if among is not None and value not in among:
                choices = ", ".join(among[:20])
                raise self.wrong(
                    key,
                    f"“{value[:60]}”不在 {choices} 之中",
                    f"{value[:60]!r} is none of {choices}",
                )
        if not values or len(set(values)) < len(values):
            raise self.wrong(
                key, "不能为空,也不能重复", "must not be empty, nor hold anything twice"
            )
        return tuple(values)

    def _get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - whatever TOML holds
        self._asked.add(key)
        value = self._table.get(key, default)
        if value is None:
            raise self.wrong(key, "缺少这个字段", "this field is missing")
        return value

    def _list(self, key: str, count: int | None) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) > _MOST_LIST:
            raise self.wrong(key, "应为一个列表 [...]", "must be a list [...]")
        if count is not None and len(value) != count:
            raise self.wrong(
                key,
                f"应有 {count} 个数,得到 {len(value)} 个",
                f"must hold {count} numbers, not {len(value)}",
            )
        return value

    def _number(self, key: str, value: object, least: float, most: float) -> float:
        number = float("nan")
        if isinstance(value, int | float) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):
                number = float(value)
        if not least <= number <= most:
            said = repr(value)[:60]
            raise self.wrong(
                key,
                f"应为 {least:g} 到 {most:g} 的数,得到 {said}",
                f"must be a number from {least:g} to {most:g}, not {said}",
            )
        return number

    def _whole(self, key: str, value: object, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            said = repr(value)[:60]
            raise self.wrong(
                key,
                f"应为 {least} 到 {most} 的整数,得到 {said}",
                f"must be a whole number from {least} to {most}, not {said}",
            )
        return value
