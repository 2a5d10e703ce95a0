"""What a person decides about a track, read from JSON: what is left out stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar
from unicodedata import category

from geoinspect.errors import UsageError
from geoinspect.intake import TrackReview
from geoinspect.patrols.choices import Counts, Purpose, TrackChoices
from geoinspect.records import Datum, Mode, Rule
from geoinspect.search_records import Visibility
from webmap.api.choices import known_unit, one_of
from webmap.api.tags import MAX_TEAM, checked_code, checked_team, known_crs

_FIELDS = frozenset(
    "rules_off mode datum crs counts visibility unit_code team people purpose note".split()  # noqa: SIM905 - one line says it all
)
_MAX_NOTE, _MOST_PEOPLE = 1000, 100
# Unicode's control characters, and halves of characters that no file can hold.
_UNUSABLE, _BLANKS = {"Cc", "Cs"}, "\n\r\t"
_Kind = TypeVar("_Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The fields of a request's JSON, each read with its own refusal."""

    fields: Mapping[str, object]

    def text(self, name: str, most: int) -> str:
        """Return a text field; null is empty."""
        value = self.fields[name]
        value = "" if value is None else value
        if not isinstance(value, str) or len(value) > most:
            raise _bad(name, f"最多 {most} 字的文字", f"a text of at most {most} characters", value)
        return value.strip()

    def prose(self, name: str, most: int) -> str:
        """Return a text field that may have several lines."""
        value = self.text(name, most)
        if any(category(c) in _UNUSABLE and c not in _BLANKS for c in value):
            raise _bad(name, "不含控制字符的文字", "a text without control characters", value)
        return value

    def texts(self, name: str, most: int) -> list[str]:
        """Return a field that lists texts."""
        value = self.fields[name]
        if (
            not isinstance(value, list)
            or len(value) > most
            or not all(isinstance(part, str) for part in value)
        ):
            raise _bad(name, f"最多 {most} 项的文字列表", f"a list of at most {most} texts", value)
        return value

    def member(self, name: str, kind: type[_Kind]) -> _Kind:
        """Return a field that names one of an enumeration."""
        return one_of(name, self.text(name, _MAX_NOTE), kind)

    def member_or_none(self, name: str, kind: type[_Kind]) -> _Kind | None:
        """Return such a field where null leaves it to the file."""
        return None if self.fields[name] in (None, "", "auto") else self.member(name, kind)


def reviewed(asked: object, before: TrackReview) -> TrackReview:
    """Return a review with the fields of a request's JSON in the place of the earlier ones.

    Raises:
        UsageError: A field is unknown or its value can't be used.
    """
    if not isinstance(asked, dict):
        raise UsageError(
            "请以 JSON 对象发送决定", "send the decision as a JSON object", code="bad_review"
        )
    unknown = sorted(str(name) for name in asked.keys() - _FIELDS)
    if unknown:
        raise UsageError(
            f"不认识的字段“{unknown[0][:40]}”,可用:{'、'.join(sorted(_FIELDS))}",
            f"unknown field {unknown[0][:40]!r}, known: {', '.join(sorted(_FIELDS))}",
            code="bad_review",
        )
    said = _Asked(asked)
    review = replace(before, choices=_choices(said, before.choices))
    if "unit_code" in asked:
        unit = said.text("unit_code", MAX_TEAM)
        review = replace(review, unit_code=known_unit(unit) if unit else None)
    if "team" in asked:
        review = replace(review, team=checked_team(said.text("team", MAX_TEAM)))
    if "people" in asked:
        codes = {checked_code(code) for code in said.texts("people", _MOST_PEOPLE)}
        review = replace(review, people=tuple(sorted(codes)))
    if "purpose" in asked:
        review = replace(review, purpose=said.member("purpose", Purpose))
    if asked.get("note") is not None:
        review = replace(review, note=said.prose("note", _MAX_NOTE))
    return review


def _choices(said: _Asked, before: TrackChoices) -> TrackChoices:
    choices, asked = before, said.fields
    if "rules_off" in asked:
        off = {one_of("rules_off", rule, Rule) for rule in said.texts("rules_off", len(Rule))}
        choices = replace(choices, rules_off=frozenset(off))
    if "mode" in asked:
        choices = replace(choices, mode=said.member_or_none("mode", Mode))
    if "datum" in asked:
        choices = replace(choices, datum=said.member_or_none("datum", Datum))
    if "crs" in asked:
        choices = replace(choices, crs=known_crs(said.text("crs", MAX_TEAM)))
    if "visibility" in asked:
        choices = replace(choices, visibility=said.member_or_none("visibility", Visibility))
    if "counts" in asked:
        choices = replace(choices, counts=said.member("counts", Counts))
    return choices


def _bad(name: str, zh: str, en: str, got: object) -> UsageError:
    return UsageError(
        f"字段 {name} 应为{zh},得到 {str(got)[:40]!r}",
        f"{name} must be {en}, got {str(got)[:40]!r}",
        code="bad_review",
    )
