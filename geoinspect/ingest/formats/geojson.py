"""GeoJSON: lines with per-vertex times, and series of timed points grouped by who sent them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from geoinspect.crs import WGS84
from geoinspect.errors import Text, TrackError
from geoinspect.ingest.formats.json_text import load_json, scalar, sequence
from geoinspect.ingest.formats.reading import CoordinateValue, Reading, ReadOptions, TrackBuilder
from geoinspect.ingest.formats.stated_crs import SAME_AS_WGS84, checked_crs, unsure_datum
from geoinspect.records import Extra, Problem

# Lists of times along a line, as togeojson and others write them.
_LINE_TIMES = ("coordTimes", "times", "timestamps", "coordinateTimes", "time", "timestamp")
# Keys are compared in lower case without signs between words.
_POINT_TIMES = (
    "time", "timestamp", "datetime", "recordedat", "fixtime", "gpstime", "timeutc", "utctime",
    "utc", "observedat", "createdat", "loggedat", "locationtime", "localtime", "date", "when", "ts",
    "时间", "定位时间", "采集时间", "记录时间", "时间戳", "上报时间",
)  # fmt: skip
_POINT_GROUPS = (
    "trackid", "track", "tripid", "patrolid", "sourceid", "subjectid", "deviceid", "device", "imei",
    "userid", "user", "rangerid", "ranger", "person", "team", "unit", "id", "name", "轨迹编号",
    "设备", "设备编号", "人员", "姓名", "编号",
)  # fmt: skip
_DATUM_KEYS = ("datum", "crs", "coordinatesystem", "coordsys", "coordtype", "坐标系", "坐标系统")
_NOTED = ("name", "desc", "description", "creator", "generator", "keywords", "comment", "title")
_BETWEEN_WORDS = re.compile(r"[\s_.-]+")
_EPSG = re.compile(r"EPSG:{1,2}(?:[\d.]*:)?(\d{4,6})$", re.IGNORECASE)
# A fourth number of a position that can only be epoch seconds or milliseconds (2001 to 2100).
_EPOCH_RANGES = ((1e9, 4.1e9), (1e12, 4.1e12))

Json = Mapping[str, object]


def read_geojson(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the lines of a GeoJSON document; its timed points only where it has no line.

    Raises:
        TrackError: Not JSON, JSON that is no GeoJSON, or a ``crs`` member that can't be used.
        TooLargeError: More points than any day's work.
    """
    reading = Reading()
    document = _load(stream, reading)
    _note_words(document, reading)
    builder = TrackBuilder(_crs_of(document, reading))
    places: list[tuple[Json, Sequence[object]]] = []
    for properties, geometry in _geometries(document, {}):
        _note_words(properties, reading)
        kind, coordinates = geometry.get("type"), sequence(geometry.get("coordinates"))
        times = _line_times(properties)
        if kind == "LineString":
            _add_line(builder, coordinates, times)
        elif kind == "MultiLineString":
            nested = len(times) > 0 and isinstance(times[0], list)
            for number, part in enumerate(coordinates):
                chosen = times[number] if nested and number < len(times) else ()
                _add_line(builder, sequence(part), sequence(chosen))
        elif kind == "Point":
            places.append((properties, coordinates))
        builder.set_name(_text(properties, "name"))
        builder.end_line()
    reading.waypoints = len(places)
    reading.lines = builder.lines()
    if builder.points_seen == 0:
        _add_places(builder, places)
        reading.lines = builder.lines()
    reading.refused = builder.refused
    reading.problems += builder.time_problems()
    return reading


def _load(stream: BinaryIO, reading: Reading) -> Json:
    document = load_json(stream, reading)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise TrackError(
            "无法读取:文件是 JSON,但不是 GeoJSON 轨迹(可能是接口返回的错误信息);"
            "请在应用里选择“导出 GPX”",
            "the file is JSON but no GeoJSON track (perhaps an error message of a server): choose "
            "'export GPX' in the app",
            code="not_geojson",
        )
    return document


def _geometries(node: object, properties: Json) -> Iterator[tuple[Json, Json]]:
    """Yield every simple geometry with the properties of its feature."""
    pending: list[tuple[object, Json]] = [(node, properties)]
    while pending:
        item, around = pending.pop()
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind == "FeatureCollection":
            pending += [(part, {}) for part in reversed(sequence(item.get("features")))]
        elif kind == "Feature":
            own = item.get("properties")
            pending.append((item.get("geometry"), own if isinstance(own, dict) else {}))
        elif kind == "GeometryCollection":
            parts = reversed(sequence(item.get("geometries")))
            pending += [(part, around) for part in parts]
        else:
            yield around, item


def _add_line(
    builder: TrackBuilder, coordinates: Sequence[object], times: Sequence[object]
) -> None:
    """Add one segment; times in excess are ignored, missing ones leave the point untimed."""
    for number, position in enumerate(coordinates):
        builder.flush_when_full()
        time = times[number] if number < len(times) else None
        _add_position(builder, sequence(position), time)
    builder.end_segment()


def _add_position(builder: TrackBuilder, position: Sequence[object], time: object) -> None:
    numbers = [scalar(value) for value in position[:4]]
    if time is None and len(numbers) == 4:
        time = numbers[3] if _is_epoch(numbers[3]) else None
    builder.lon.append(numbers[0] if numbers else None)
    builder.lat.append(numbers[1] if len(numbers) > 1 else None)
    builder.time.append(scalar(time))
    if len(numbers) > 2 and not _is_epoch(numbers[2]):
        builder.set_extra(Extra.ELEVATION, numbers[2])


def _is_epoch(value: CoordinateValue) -> bool:
    return isinstance(value, (int, float)) and any(
        low <= value <= high for low, high in _EPOCH_RANGES
    )


def _add_places(builder: TrackBuilder, places: list[tuple[Json, Sequence[object]]]) -> None:
    """Join timed points to one line for each sender, in the order they stand in the file."""
    timed = []
    for properties, position in places:
        keyed = {_plain(key): value for key, value in properties.items()}
        time = next((keyed[key] for key in _POINT_TIMES if keyed.get(key) is not None), None)
        if time is not None:
            timed.append((keyed, position, time))
    group_key = _group_key([keyed for keyed, _, _ in timed])
    groups: dict[str, list[tuple[Sequence[object], object]]] = {}
    for keyed, position, time in timed:
        group = str(keyed.get(group_key)) if group_key is not None else ""
        groups.setdefault(group, []).append((position, time))
    for group, points in groups.items():
        for position, time in points:
            builder.flush_when_full()
            _add_position(builder, position, time)
        builder.set_name(group)
        builder.end_line()


def _group_key(points: list[dict[str, object]]) -> str | None:
    """Return the property that says whose point it is: one that repeats from point to point."""
    for key in _POINT_GROUPS:
        values = {str(keyed[key]) for keyed in points if keyed.get(key) is not None}
        if 0 < len(values) <= len(points) / 2:
            return key
    return None


def _line_times(properties: Json) -> Sequence[object]:
    nested = properties.get("coordinateProperties")
    for source in (properties, nested if isinstance(nested, dict) else {}):
        for key in _LINE_TIMES:
            if isinstance(value := source.get(key), list):
                return value
    return ()


def _crs_of(document: Json, reading: Reading) -> str:
    """Return the CRS of the coordinates: WGS84 unless the old ``crs`` member says otherwise."""
    member = document.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        return WGS84
    match = _EPSG.search(name)
    if match is None:
        # CRS84 under any of its names, or a datum such as GCJ-02, which is no projection.
        reading.state(name)
        return WGS84
    crs = f"EPSG:{int(match[1])}"
    if crs in SAME_AS_WGS84:
        return WGS84
    crs = checked_crs(crs)
    reading.problems.append(
        Problem(
            "reprojected",
            Text(f"坐标由 {crs} 换算为 WGS84", f"coordinates were transformed from {crs} to WGS84"),
        )
    )
    unsure = unsure_datum(crs)
    if unsure is not None:
        reading.problems.append(unsure)
    return crs


def _note_words(source: Json, reading: Reading) -> None:
    for key, value in source.items():
        if isinstance(value, str):
            plain = _plain(key)
            if plain in _DATUM_KEYS:
                reading.state(value)
            elif plain in _NOTED:
                reading.note(value)


def _plain(key: object) -> str:
    return _BETWEEN_WORDS.sub("", str(key)).lower()


def _text(properties: Json, key: str) -> str | None:
    value = properties.get(key)
    return value if isinstance(value, str) else None
