"""Areas and zones from boundary files: which field is the code, the name, the level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.errors import AreaError, Text, UsageError
from geoinspect.ingest.vectors import Shape, read_shapes
from geoinspect.records import Area, Level, Problem, Zone, ZoneKind

# Field names met in Chinese and English boundary files; compared in lower case, best first.
_KNOWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "code",
        "代码",
        "编码",
        "区划代码",
        "行政代码",
        "adcode",
        "xzqdm",
        "林班号",
        "dm",
        "id",
    ),
    "name": ("name", "名称", "区划名称", "行政名称", "xzqmc", "林班名", "mc", "name_zh"),
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
# Neighbours drawn apart overlap by slivers; only more than this share of the smaller is told.
_OVERLAP_SHARE = 0.001


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
    label = name or path.name
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
    counted = _counted(missing, repeated, unknown_level)
    return AreaFile(tuple(areas.values()), file.problems + counted + overlaps(areas.values()))


def read_zones(path: Path, *, kind: ZoneKind | None, name: str | None = None) -> tuple[Zone, ...]:
    """Return the zones of a file, WGS84.

    Args:
        path: GeoJSON, GeoPackage, zipped Shapefile or KML.
        kind: Kind of every zone; None takes it from a field ``kind``.
        name: What the sender calls the file.

    Raises:
        AreaError: The file can't be read, a date is no date, or the kind is unknown.
    """
    label = name or path.name
    zones = []
    for shape in read_shapes(path, name=name).shapes:
        fields_ = {key.lower(): value for key, value in shape.attributes.items()}
        zones.append(
            Zone(
                kind=kind or _zone_kind(fields_.get("kind", ""), label),
                name=fields_.get("name") or fields_.get("名称") or label,
                polygon=shape.polygon,
                valid_from=_day(fields_, ("valid_from", "from", "起始日期"), label),
                valid_to=_day(fields_, ("valid_to", "to", "截止日期"), label),
            )
        )
    return tuple(zones)


def overlaps(areas: Iterable[Area]) -> tuple[Problem, ...]:
    """Return a problem when areas of one level lie on each other's ground."""
    listed = list(areas)
    tree = shapely.STRtree([area.polygon for area in listed])
    first, second = tree.query([area.polygon for area in listed], predicate="intersects")
    told = []
    for a, b in zip(first, second, strict=True):
        if a < b and listed[a].level == listed[b].level:
            both = shapely.intersection(listed[a].polygon, listed[b].polygon)
            smaller = min(listed[a].polygon.area, listed[b].polygon.area)
            if both.area > _OVERLAP_SHARE * smaller:
                m2 = crs_.geodesic_area_m2(_multi(both))
                told.append((listed[a].name, listed[b].name, m2))
    if not told:
        return ()
    one, other, m2 = max(told, key=lambda item: item[2])
    return (
        Problem(
            "areas_overlap",
            Text(
                f"{len(told)} 对同级辖区相互重叠,最大的是“{one}”与“{other}”,{m2 / 666.6667:.1f} 亩;"
                "重叠部分只计入代码在前的辖区,请核对边界",
                f"{len(told)} pairs of areas of one level overlap, most of all {one} and {other} by "
                f"{m2 / 1e4:.2f} ha; that ground counts once, for the lower code: check the borders",
            ),
            len(told),
        ),
    )


def _columns(names: set[str], chosen: FieldChoice, label: str) -> dict[str, str]:
    """Return which field of the file holds what."""
    by_lower = {name.lower(): name for name in names}
    columns = {}
    for item in fields(FieldChoice):
        wanted = getattr(chosen, item.name)
        if wanted is not None:
            if wanted not in names:
                raise UsageError(
                    f"{label}:没有字段“{wanted}”。现有字段:{'、'.join(sorted(names))}",
                    f"{label}: there is no field {wanted!r}. Fields: {', '.join(sorted(names))}",
                    code="no_such_field",
                )
            columns[item.name] = wanted
            continue
        known = [by_lower[k] for k in _KNOWN_FIELDS[item.name] if k in by_lower]
        if known:
            columns[item.name] = known[0]
    return columns


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


def _zone_kind(word: str, label: str) -> ZoneKind:
    try:
        return ZoneKind(word.lower())
    except ValueError as error:
        choices = ", ".join(kind.value for kind in ZoneKind)
        raise AreaError(
            f"{label}:区域类型“{word}”无法识别,可用:{choices}",
            f"{label}: unknown zone kind {word!r}, known: {choices}",
            code="bad_zone_kind",
        ) from error


def _day(values: Mapping[str, str], keys: tuple[str, ...], label: str) -> date | None:
    for key in keys:
        if key in values:
            try:
                return date.fromisoformat(values[key][:10])
            except ValueError as error:
                raise AreaError(
                    f"{label}:日期“{values[key]}”无法识别,请写成 2026-05-14",
                    f"{label}: cannot read the date {values[key]!r}, write it as 2026-05-14",
                    code="bad_date",
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
