"""Values of settings as people give them: checked, and refused in words; where each comes from."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin
from urllib.parse import urlsplit, urlunsplit

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from geoinspect.errors import NotFoundError, UsageError
from geoinspect.setting_words import SAID
from geoinspect.settings import CONFIG_NAME, Settings

Value = str | int | float | bool
_ENV_PREFIX = "GEOINSPECT_"
_LONGEST = 500
_SHOWN = 80
_ROLES = ("field", "analyst", "commander", "auditor", "admin")
_LANGUAGES = ("zh_CN", "en")
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "是": True, "否": False}
_BOUNDS = (("gt", "大于", "above"), ("ge", "不小于", "at least"), ("lt", "小于", "below"), ("le", "不超过", "at most"))  # fmt: skip


class Kind(StrEnum):
    """What a value is made of."""

    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"


class Source(StrEnum):
    """Where the value that holds comes from; a later one beats those before it."""

    DEFAULT = "default"
    FILE = "file"
    WEB = "web"
    ENVIRONMENT = "environment"


def field_of(name: str) -> FieldInfo:
    """Return the field of a setting.

    Raises:
        NotFoundError: There is none of this name.
    """
    field = Settings.model_fields.get(name)
    if field is None:
        raise NotFoundError(
            f"没有名为“{name[:_SHOWN]}”的设置:请看 docs/guide/settings.md",
            f"there is no setting {name[:_SHOWN]!r}: see docs/guide/settings.md",
            code="no_such_setting",
        )
    return field


def kind_of(name: str) -> Kind:
    """Return what a setting's value is made of."""
    if choices_of(name):
        return Kind.CHOICE
    known: dict[object, Kind] = {bool: Kind.FLAG, int: Kind.WHOLE, float: Kind.NUMBER}
    return known.get(field_of(name).annotation, Kind.TEXT)


def choices_of(name: str) -> tuple[str, ...]:
    """Return what a setting's value must be one of; empty where it is free."""
    kind = field_of(name).annotation
    if name == "language":
        return _LANGUAGES
    if get_origin(kind) is Literal:
        return tuple(str(one) for one in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(one.value) for one in kind)
    return ()


def checked(name: str, given: object) -> Value:
    """Return a value as it is kept: a number, true or false, or text.

    Args:
        name: Of the setting.
        given: From JSON, a form or a command line, so numbers may be text.

    Raises:
        NotFoundError: There is no such setting.
        UsageError: It can't have this value.
    """
    field, kind = field_of(name), kind_of(name)
    value = given.strip() if isinstance(given, str) else given
    # Python reads 1_0 as ten, which nobody means who types it.
    if kind in (Kind.WHOLE, Kind.NUMBER) and "_" in str(value):
        raise _wrong(name, given)
    if kind is Kind.FLAG and isinstance(value, str):
        value = _FLAGS.get(value.lower())
    proper = {
        Kind.FLAG: isinstance(value, bool),
        Kind.CHOICE: value in choices_of(name) if isinstance(value, str) else False,
        Kind.TEXT: isinstance(value, str) and _is_line(value) and _names_roles(name, value),
    }.get(kind, not isinstance(value, bool) and isinstance(value, str | int | float))
    if not proper or (value == "" and kind is not Kind.TEXT):
        raise _wrong(name, given)
    try:
        wanted: Any = Annotated[cast(Any, field.annotation), field]
        made = TypeAdapter(wanted).validate_python(value)
    except (ValidationError, OverflowError) as error:
        raise _wrong(name, given) from error
    if isinstance(made, float) and not math.isfinite(made):
        raise _wrong(name, given)
    plain: Value = made.value if isinstance(made, Enum) else made
    return plain


def usable(kept: Mapping[str, object]) -> dict[str, Value]:
    """Return those kept values that are still values of settings that can be set."""
    found: dict[str, Value] = {}
    for name, value in kept.items():
        try:
            if not SAID[name].effect.fixed:
                found[name] = checked(name, value)
        except (KeyError, NotFoundError, UsageError):
            continue
    return found


def plain(name: str, value: object) -> Value:
    """Return a setting's value for showing and keeping; passwords in addresses are left out."""
    shown: Any = value.value if isinstance(value, Enum) else value
    if name == "basemap_url" and "@" in str(shown):
        return _without_password(str(shown))
    kept: Value = shown
    return kept


def default_of(name: str) -> Value:
    """Return a setting's default."""
    return plain(name, field_of(name).default)


def bounds_of(name: str) -> dict[str, float]:
    """Return the limits of a number as ``gt``, ``ge``, ``lt`` and ``le``."""
    found = {}
    for one in field_of(name).metadata:
        for key, _zh, _en in _BOUNDS:
            limit = getattr(one, key, None)
            if limit is not None:
                found[key] = float(limit)
    return found


def named_in_environment() -> frozenset[str]:
    """Return the settings that the environment says."""
    given = {key.upper() for key in os.environ}
    return frozenset(n for n in Settings.model_fields if f"{_ENV_PREFIX}{n.upper()}" in given)


def named_in_file(folder: Path) -> frozenset[str]:
    """Return the settings that a workspace's file says; none where it can't be read."""
    try:
        with (folder / CONFIG_NAME).open("rb") as stream:
            return frozenset(tomllib.load(stream)) & frozenset(Settings.model_fields)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return frozenset()


def _is_line(value: str) -> bool:
    return len(value) <= _LONGEST and (not value or value.isprintable())


def _names_roles(name: str, value: str) -> bool:
    if name != "totp_required_roles":
        return True
    return all(one.strip() in _ROLES for one in value.split(",")) if value else True


def _without_password(address: str) -> str:
    try:
        parts = urlsplit(address)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"…@{place}"))
    except ValueError:
        return "…"


def _wrong(name: str, given: object) -> UsageError:
    zh, en = _wanted(name)
    shown = str(given)[:_SHOWN]
    return UsageError(
        f"设置 {name} 应为{zh},得到“{shown}”",
        f"the setting {name} must be {en}, got {shown!r}",
        code="bad_setting",
    )


def _wanted(name: str) -> tuple[str, str]:
    kind, choices, limits = kind_of(name), choices_of(name), bounds_of(name)
    if kind is Kind.CHOICE:
        return f"其中之一:{'、'.join(choices)}", f"one of {', '.join(choices)}"
    if kind is Kind.FLAG:
        return "“是”或“否”(true、false)", "true or false"
    if name == "totp_required_roles":
        roles = ", ".join(_ROLES)
        return f"用逗号分开的角色({roles}),或为空", f"roles with commas between ({roles}), or empty"
    if kind is Kind.TEXT:
        return f"一行不超过 {_LONGEST} 字的文字", f"one line of at most {_LONGEST} characters"
    said = [(zh, en, limits[key]) for key, zh, en in _BOUNDS if key in limits]
    whole_zh, whole_en = ("整数", "a whole number") if kind is Kind.WHOLE else ("数", "a number")
    zh = "、".join(f"{zh} {limit:g}" for zh, _en, limit in said)
    en = " and ".join(f"{en} {limit:g}" for _zh, en, limit in said)
    return f"{zh} 的{whole_zh}" if zh else whole_zh, f"{whole_en}, {en}" if en else whole_en
