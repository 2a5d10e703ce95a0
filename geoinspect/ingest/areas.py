"""Areas and zones from boundary files: which field is the code, the name, the level."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect.errors import AreaError, Text, UsageError
from geoinspect.files import readable
from geoinspect.ingest.area_checks import overlaps, without_circles
from geoinspect.ingest.target_fields import area_m2_of
from geoinspect.ingest.vectors import Shape, read_shapes
from geoinspect.records import MU_M2, Area, Level, Problem, Zone, ZoneKind

# Field names met in Chinese and English boundary files; compared in lower case, best first.
_KNOWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "code",
        "代码",
        "编码",
        "区划代码",
        "行政区代码",
        "行政代码",
        "adcode",
        "xzqdm",
        "林班号",
        "dm",
        "id",
    ),
    "name": (
        "name",
        "名称",
        "区划名称",
        "行政名称",
        "行政区名称",
        "xzqmc",
        "林班名",
        "mc",
        "name_zh",
    ),
    "parent": ("parent", "parent_code", "上级", "上级代码", "所属代码", "parent_id", "sjdm"),
    "level": ("level", "级别", "层级", "类型", "jb"),
    "unit": ("unit", "unit_code", "责任单位", "单位代码", "单位", "zrdw"),
}
_LEVEL_WORDS: Mapping[str, Level] = {
    "省": Level.PROVINCE,
    "市": Level.PREFECTURE,
    "地级": Level.PREFECTURE,
    "县": Level.COUNTY,
    "区县": Level.COUNTY,
    "乡": Level.TOWNSHIP,
    "镇": Level.TOWNSHIP,
    "乡镇": Level.TOWNSHIP,
    "街道": Level.TOWNSHIP,
    "村": Level.VILLAGE,
    "社区": Level.VILLAGE,
    "林班": Level.COMPARTMENT,
    "小班": Level.COMPARTMENT,
}
# A .dbf cuts field names after ten bytes, three Chinese characters and a bit in UTF-8.
_CUT_NAME_BYTES = (9, 10)
# Of a licensed parcel; a .dbf leaves three Chinese characters of a name.
_LICENCE_NO = (
    *("licence_no", "license_no", "licence", "license"),
    *("许可证号", "许可证编号", "许可证", "许可编号", "批准文号"),
)
_LICENCE_AREA: Mapping[str, float | None] = {
    "licence_m2": 1.0,
    "license_m2": 1.0,
    "licence_mu": MU_M2,
    "license_mu": MU_M2,
    "许可面积(亩)": MU_M2,
    "许可面积（亩）": MU_M2,
    "许可面积": None,
    "许可面": None,
    "批准面积": None,
}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{4})(\d\d)(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """Which field of a file holds what; None is recognised by its name."""

    code: str | None = None
    name: str | None = None
    parent: str | None = None
    level: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class AreaFile:
    """The areas of a file and what was wrong with the others."""

    areas: tuple[Area, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """The zones of a file and what was wrong with the others."""

    zones: tuple[Zone, ...]
    problems: tuple[Problem, ...]


def read_areas(
    path: Path,
    *,
    level: Level | None = None,
    chosen: FieldChoice | None = None,
    name: str | None = None,
) -> AreaFile:
    """Return the areas of a boundary file, WGS84.

    Args:
        path: GeoJSON, GeoPackage, zipped Shapefile or KML.
        level: Level of every area; None takes it from the file's field.
        chosen: Fields named by the user; others are recognised.
        name: What the sender calls the file.

    Raises:
        AreaError: The file can't be read, or no feature has a code and a level.
        UsageError: A chosen field is not in the file.
    """
    label = name or readable(path.name)
    file = read_shapes(path, name=name)
    names = {key for shape in file.shapes for key in shape.attributes}
    columns = _columns(names, chosen or FieldChoice(), label)
    if "code" not in columns:
        raise AreaError(
            f"{label}:找不到代码字段。现有字段:{'、'.join(sorted(names)) or '无'};请用 --code-field 指定",
            f"{label}: no field looks like a code. Fields: {', '.join(sorted(names)) or 'none'}; "
            "name one with --code-field",
            code="no_code_field",
        )
    areas: dict[str, Area] = {}
    missing, repeated, unknown_level = 0, 0, 0
    for shape in file.shapes:
        area = _area(shape, columns, level)
        if area is None:
            unknown_level += "code" in columns and columns["code"] in shape.attributes
            missing += columns["code"] not in shape.attributes
        elif area.code in areas:
            repeated += 1
            both = shapely.union(areas[area.code].polygon, area.polygon)
            areas[area.code] = replace(areas[area.code], polygon=_multi(both))
        else:
            areas[area.code] = area
    if not areas:
        raise AreaError(
            f"{label}:没有可用的辖区(缺代码 {missing} 个,级别不明 {unknown_level} 个)。请用 --level 指定级别",
            f"{label}: no usable area ({missing} without a code, {unknown_level} of unknown level). "
            "Name the level with --level",
            code="no_usable_area",
        )
    kept, circles = without_circles(areas.values())
    counted = _counted(missing, repeated, unknown_level)
    return AreaFile(kept, file.problems + counted + circles + overlaps(kept))


def read_zones(path: Path, *, kind: ZoneKind | None, name: str | None = None) -> ZoneFile:
    """Return the zones of a file, WGS84.

    A zone whose dates or kind can't be read is left out and reported: a licence is never assumed.

    Args:
        path: GeoJSON, GeoPackage, zipped Shapefile or KML.
        kind: Kind of every zone; None takes it from a field ``kind``.
        name: What the sender calls the file.

    Raises:
        AreaError: The file can't be read, or no zone in it is usable.
    """
    label = name or readable(path.name)
    file = read_shapes(path, name=name)
    zones: list[Zone] = []
    problems: dict[str, Problem] = {}
    for shape in file.shapes:
        values = {key.lower(): value for key, value in shape.attributes.items()}
        try:
            zones.append(_zone(shape, values, kind, label))
        except _UnreadableError as reason:
            count = problems[reason.code].count if reason.code in problems else 0
            problems[reason.code] = Problem(reason.code, reason.text(count + 1), count + 1)
    if not zones:
        first = next(iter(problems.values()))
        raise AreaError(f"{label}:{first.text.zh}", f"{label}: {first.text.en}", code=first.code)
    return ZoneFile(tuple(zones), file.problems + tuple(problems.values()))


def _columns(names: set[str], chosen: FieldChoice, label: str) -> dict[str, str]:
    """Return which field of the file holds what."""
    by_lower = {name.lower(): name for name in names}
    columns = {}
    for item in fields(FieldChoice):
        wanted = getattr(chosen, item.name)
        if wanted is not None:
            wanted = wanted if wanted in names else by_lower.get(wanted.lower(), wanted)
            if wanted not in names:
                raise UsageError(
                    f"{label}:没有字段“{wanted}”。现有字段:{'、'.join(sorted(names))}",
                    f"{label}: there is no field {wanted!r}. Fields: {', '.join(sorted(names))}",
                    code="no_such_field",
                )
            columns[item.name] = wanted
            continue
        known = [by_lower[k] for k in _KNOWN_FIELDS[item.name] if k in by_lower]
        known += [by_lower[n] for n in by_lower if _is_cut(n, _KNOWN_FIELDS[item.name])]
        if known:
            columns[item.name] = known[0]
    return columns


def _is_cut(name: str, known: tuple[str, ...]) -> bool:
    """Return whether a field name is a known one as a Shapefile cuts it."""
    fits = len(name.encode()) in _CUT_NAME_BYTES and len(name) >= 3
    return fits and any(word.startswith(name) and word != name for word in known)


def _area(shape: Shape, columns: Mapping[str, str], level: Level | None) -> Area | None:
    def value(what: str) -> str | None:
        return shape.attributes.get(columns[what]) if what in columns else None

    code = value("code")
    found_level = level or _level(value("level"))
    if code is None or found_level is None:
        return None
    return Area(
        code, value("name") or code, found_level, value("parent"), value("unit"), shape.polygon
    )


def _level(word: str | None) -> Level | None:
    if word is None:
        return None
    if word.lower() in set(Level):
        return Level(word.lower())
    return _LEVEL_WORDS.get(word.removesuffix("级"), _LEVEL_WORDS.get(word))


class _UnreadableError(Exception):
    """A zone has a value that can't be read."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self._zh, self._en = code, zh, en

    def text(self, count: int) -> Text:
        """Return what is wrong with so many zones, with the last of them as the example."""
        return Text(
            f"{count} 个区域未使用,例如:{self._zh}",
            f"{count} zones left out, for example: {self._en}",
        )


def _zone(shape: Shape, values: Mapping[str, str], kind: ZoneKind | None, label: str) -> Zone:
    start = _day(values, ("valid_from", "from", "起始日期", "开始日期"))
    end = _day(values, ("valid_to", "to", "截止日期", "结束日期"))
    if start is not None and end is not None and end < start:
        raise _UnreadableError(
            "bad_date",
            f"截止日期 {end} 早于起始日期 {start},请改正",
            f"it ends on {end}, before it starts on {start}: correct it",
        )
    number = next((values[key] for key in _LICENCE_NO if values.get(key)), None)
    return Zone(
        kind=kind or _zone_kind(values.get("kind", "")),
        name=values.get("name") or values.get("名称") or label,
        polygon=shape.polygon,
        valid_from=start,
        valid_to=end,
        licence_no=number,
        licence_m2=_licence_m2(values),
    )


def _licence_m2(values: Mapping[str, str]) -> float | None:
    for key, unit_m2 in _LICENCE_AREA.items():
        if not values.get(key):
            continue
        area_m2, fault = area_m2_of(values[key], unit_m2)
        if fault is not None:
            raise _UnreadableError(
                "bad_licence_area",
                f"许可面积“{values[key][:40]}”无法识别,请连单位写成“12 亩”或“8000 平方米”",
                f"cannot read the licensed area {values[key][:40]!r}, write it with its unit, as "
                "8000 m2",
            )
        return area_m2
    return None


def _zone_kind(word: str) -> ZoneKind:
    try:
        return ZoneKind(word.lower())
    except ValueError as error:
        choices = ", ".join(kind.value for kind in ZoneKind)
        raise _UnreadableError(
            "bad_zone_kind",
            f"区域类型“{word[:40]}”无法识别,可用:{choices}",
            f"unknown zone kind {word[:40]!r}, known: {choices}",
        ) from error


def _day(values: Mapping[str, str], keys: tuple[str, ...]) -> date | None:
    for key in keys:
        if key not in values:
            continue
        match = _DAY.match(values[key])
        year, month, day = (
            [g for g in match.groups() if g is not None] if match else ("0", "0", "0")
        )
        try:
            return date(int(year), int(month), int(day))
        except ValueError as error:
            raise _UnreadableError(
                "bad_date",
                f"日期“{values[key][:40]}”无法识别,请写成 2026-05-14",
                f"cannot read the date {values[key][:40]!r}, write it as 2026-05-14",
            ) from error
    return None


def _multi(geometry: shapely.Geometry) -> Polygon | MultiPolygon:
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _counted(missing: int, repeated: int, unknown_level: int) -> tuple[Problem, ...]:
    found = []
    if missing:
        found.append(
            Problem(
                "no_code",
                Text(
                    f"{missing} 个要素没有代码,未使用",
                    f"{missing} features have no code and were left out",
                ),
                missing,
            )
        )
    if repeated:
        found.append(
            Problem(
                "code_repeated",
                Text(
                    f"{repeated} 个要素代码重复,已并为一个辖区",
                    f"{repeated} features repeat a code and were joined with it",
                ),
                repeated,
            )
        )
    if unknown_level:
        found.append(
            Problem(
                "unknown_level",
                Text(
                    f"{unknown_level} 个要素级别不明,未使用;请用 --level 指定",
                    f"{unknown_level} features have no known level and were left out; name it with --level",
                ),
                unknown_level,
            )
        )
    return tuple(found)
