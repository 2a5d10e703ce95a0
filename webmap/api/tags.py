"""What the sender of a file says of it, read from the query or from an upload's metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from zoneinfo import available_timezones

from flask import request

from geoinspect.crs import authority_name
from geoinspect.errors import GeoInspectError, Text, UsageError
from geoinspect.ingest.formats.table_declared import canonical
from geoinspect.intake import TrackTags
from geoinspect.patrols.choices import Purpose
from geoinspect.records import Datum, Mode, Shot
from geoinspect.search_records import Visibility
from geoinspect.store.names import checked_name
from webmap.api.choices import a_day, known_unit, one_of
from webmap.api.fields import Fields

MAX_CODE, MAX_TEAM = 40, 100
_SHOT = {
    "lon": Text("经度", "the longitude"),
    "lat": Text("纬度", "the latitude"),
    "accuracy_m": Text("定位精度", "the accuracy"),
    "taken": Text("拍摄时间", "the time of the shot"),
}
# Half round the earth: a device that knows nothing better says no place.
_FARTHEST_M = 20_040_000
_MOST_PEOPLE = 500
_CHINA = "Asia/Shanghai"
_EPSG = re.compile(r"EPSG:(\d{4,6})", re.IGNORECASE)
_Kind = TypeVar("_Kind", bound=StrEnum)


def tags_of_request() -> TrackTags:
    """Return what the query says.

    ``?unit=&team=&mode=&datum=&day=&person=&headcount=&purpose=&timezone=&crs=&visibility=&columns=``
    and, of a photo, ``&lon=&lat=&accuracy_m=&taken=``.

    Raises:
        UsageError: One of them can't be used.
    """
    return tags_of(request.args)


def tags_of(said: Mapping[str, str]) -> TrackTags:
    """Return what was said of a file, by the names of :func:`tags_of_request`.

    Raises:
        UsageError: A value can't be used.
    """
    unit, day, purpose = (said.get(name) for name in ("unit", "day", "purpose"))
    return TrackTags(
        unit_code=known_unit(unit) if unit else None,
        team=checked_team(said.get("team", "")),
        mode=_member(said, "mode", Mode),
        datum=_member(said, "datum", Datum),
        day=a_day(day) if day else None,
        person=_person(said),
        headcount=_headcount(said),
        purpose=one_of("purpose", purpose, Purpose) if purpose else Purpose.SEARCH,
        timezone=_timezone(said),
        crs=known_crs(said.get("crs", "")),
        visibility=_member(said, "visibility", Visibility),
        columns=canonical(said["columns"]) if said.get("columns") else None,
        shot=shot_of(said),
    )


def shot_of(said: Mapping[str, str]) -> Shot | None:
    """Return where and when a device says that it took a photo; None where it says neither.

    Raises:
        UsageError: A value can't be used, or only half of a place is given.
    """
    asked = Fields({name: said[name] for name in _SHOT if name in said}, _SHOT)
    lon, lat = asked.number("lon", -180, 180), asked.number("lat", -90, 90)
    if (lon is None) != (lat is None):
        raise asked.bad("lon", "应与纬度一起给出", "given together with the latitude")
    accuracy_m, taken = asked.number("accuracy_m", 0, _FARTHEST_M), asked.moment("taken")
    if lon is None and taken is None:
        return None
    return Shot(lon, lat, None if lon is None else accuracy_m, taken)


def checked_team(given: str) -> str | None:
    """Return a team's name as it is kept, each blank of any width as one space; None for none.

    Raises:
        UsageError: It is too long or has control characters.
    """
    team = " ".join(given.split())
    if len(team) > MAX_TEAM:
        raise UsageError(
            f"小组名有 {len(team)} 字,最多 {MAX_TEAM} 字:请改短",
            f"the team's name has {len(team)} characters: give it at most {MAX_TEAM}",
            code="bad_option",
        )
    return checked_name(team, "小组", "team") if team else None


def checked_code(given: str) -> str:
    """Return a person's code as it is kept, each blank of any width as one space.

    Raises:
        UsageError: It is too long or has control characters.
    """
    code = " ".join(given.split())
    if not code or len(code) > MAX_CODE or not code.isprintable():
        raise UsageError(
            f"人员代码“{code[:MAX_CODE]}”不可用:应为 1 至 {MAX_CODE} 个可见字符",
            f"the person code {code[:MAX_CODE]!r} can't be used: give 1 to {MAX_CODE} visible "
            "characters",
            code="bad_option",
        )
    return code


def _member(said: Mapping[str, str], name: str, kind: type[_Kind]) -> _Kind | None:
    """Return the chosen value of a parameter, None where it is left to the file."""
    given = said.get(name, "")
    return None if given in {"", "auto"} else one_of(name, given, kind)


def _person(said: Mapping[str, str]) -> str | None:
    given = said.get("person", "").strip()
    return checked_code(given) if given else None


def _headcount(said: Mapping[str, str]) -> int | None:
    given = said.get("headcount", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= _MOST_PEOPLE):
        raise UsageError(
            f"人数“{given[:40]}”无法识别:请填 1 到 {_MOST_PEOPLE} 的整数",
            f"unknown headcount {given[:40]!r}: give a whole number from 1 to {_MOST_PEOPLE}",
            code="bad_option",
        )
    return int(given)


def _timezone(said: Mapping[str, str]) -> str:
    given = said.get("timezone", "").strip() or _CHINA
    if given not in available_timezones():
        raise UsageError(
            f"不认识的时区“{given[:40]}”,例如应写 Asia/Shanghai 或 UTC",
            f"unknown time zone {given[:40]!r}: write Asia/Shanghai or UTC, for example",
            code="bad_option",
        )
    return given


def known_crs(given: str) -> str | None:
    """Return the name of a coordinate system written as EPSG:n; None for a blank.

    Raises:
        UsageError: It is no such system.
    """
    given = given.strip()
    if not given:
        return None
    match = _EPSG.fullmatch(given)
    try:
        if match is not None:
            return authority_name(f"EPSG:{match[1]}")
    except GeoInspectError:
        match = None
    raise UsageError(
        f"坐标系“{given[:40]}”无法识别:请写成 EPSG:4545 的样子",
        f"unknown CRS {given[:40]!r}: write it as EPSG:4545",
        code="bad_option",
    )
