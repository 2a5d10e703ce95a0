"""A track file from its bytes to a :class:`TrackFile`, and what to tell the person who sent it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from geoinspect.crs import geodesic_length_m
from geoinspect.errors import InputError, Text, TooLargeError, TrackError
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.datum_choice import flagged_datum, resolve_datum, tracks_in_wgs84
from geoinspect.ingest.datum_evidence import mixed_datum_points
from geoinspect.ingest.formats import HEAD_BYTES, read_any, recognise
from geoinspect.ingest.formats.reading import Reading, ReadOptions
from geoinspect.ingest.times import implausible, named_zone
from geoinspect.records import (
    CleanedTrack,
    Datum,
    Mode,
    Problem,
    Rule,
    Segment,
    TrackFile,
    utc_iso,
)
from geoinspect.settings import Settings

RULE_WORDS: Mapping[str, Text] = {
    "latitude_out_of_range": Text("纬度超出范围", "latitude out of range"),
    "longitude_out_of_range": Text("经度超出范围", "longitude out of range"),
    "coordinate_missing": Text("缺少坐标", "no coordinate"),
    "coordinate_not_a_number": Text("坐标不是数字", "coordinate is no number"),
    "coordinate_malformed": Text("坐标格式错误", "malformed coordinate"),
    "coordinate_outside_projection": Text("坐标超出投影范围", "outside the projection"),
    "row_unreadable": Text("行过长或引号有误", "row too long or wrongly quoted"),
    Rule.RANGE: Text("坐标为 0,0", "at 0, 0"),
    Rule.ACCURACY: Text("定位精度过差", "poor accuracy"),
    Rule.DUPLICATE_TIME: Text("时间重复", "repeated time"),
    Rule.OUT_OF_ORDER: Text("时间倒序", "out of order"),
    Rule.RESUME: Text("开始或恢复记录时的跳点", "jump at a start or after a pause"),
    Rule.SPEED: Text("速度异常", "impossible speed"),
    Rule.SPIKE: Text("尖刺", "spike"),
    Rule.JITTER: Text("静止漂移", "jitter while standing still"),
}

_NOTES = (
    ("naive_time", "时间没有时区,按 UTC 处理", "times without a zone taken as UTC"),
    ("local_time", "时间没有时区,按当地时间处理", "times without a zone taken as local"),
    ("no_time", "没有时间,按原样使用", "no times, used as it lies"),
    ("times_unusable", "时间不可用,按原样使用", "times of no use, used as it lies"),
    ("no_date", "只有时刻没有日期,时间未采用", "no date, so its times were not used"),
    ("other_datum", "基准面无法换算,位置可能偏移", "in a datum that can't be converted"),
    ("mixed_datum", "似有两种坐标系混用,请在地图上核对", "two datums seem mixed, check the map"),
    ("projected", "平面坐标已换算,请在地图上核对", "converted from metres, check the map"),
    ("axes_by_value", "经纬度的列按数值判断", "longitude and latitude told by their values"),
    ("columns_guessed", "坐标的列按数值推断,请核对", "coordinate columns guessed, check them"),
    ("route_only", "只有规划路线,请确认走过", "a planned route only, make sure it was walked"),
    ("places_only", "地点按顺序连成轨迹", "places joined to a track"),
    ("shapes_only", "画出的图形当作轨迹,请确认", "drawn shapes were read as tracks, check them"),
    ("implausible_time", "日期可疑,请检查设备时钟", "dates look wrong, check the clock"),
    ("truncated", "文件不完整,只读取了前面部分", "the file is cut off, its beginning was read"),
    ("faster_than_mode", "速度超过所选方式,请检查", "faster than the mode given, check it"),
)
_ABSENT_WHEN_REFUSED = (
    "first_time",
    "last_time",
    "bbox",
    "first_point",
    "last_point",
    "length_m",
)


class NoTrackError(TrackError):
    """A file was read and holds nothing to make a track of.

    Args:
        refused: Unusable points by rule.
    """

    def __init__(
        self, zh: str, en: str, *, code: str, refused: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(zh, en, code=code)
        self.refused: Mapping[str, int] = refused or {}


def read_track(
    path: Path,
    *,
    datum: Datum | None = None,
    timezone: str = "Asia/Shanghai",
    crs: str | None = None,
    settings: Settings,
    name: str | None = None,
    columns: str | None = None,
) -> TrackFile:
    """Read a track file: every usable point, in WGS84.

    Args:
        path: Where the bytes lie.
        datum: What the sender declares; None goes by what the file says.
        timezone: Zone of naive times in tables and logs; GPX, KML and GeoJSON mean UTC.
        crs: CRS that the sender declares for projected numbers, ``EPSG:n``.
        settings: For the size limit.
        name: The sender's file name where ``path`` is server-made.
        columns: Which columns of a table hold what, as ``time=1,lon=2,lat=3``.

    Raises:
        TrackError: No track, or nothing usable in it.
        TooLargeError: Beyond the size limit or the point limit.
        UsageError: An unknown time zone.
    """
    label = name or path.name
    options = ReadOptions(named_zone(timezone), crs, label, columns)
    _check_size(path, settings)
    try:
        with path.open("rb") as stream:
            format_, reading = read_any(stream, options)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not reading.lines:
        raise _no_track(reading)
    flag = flagged_datum(reading.statements, reading.words, label, reading.lines)
    choice = resolve_datum(datum, flag)
    lines, datum_problems = tracks_in_wgs84(reading.lines, choice)
    problems = [*reading.problems, *datum_problems]
    mixed = mixed_datum_points([segment for line in lines for segment in line.segments])
    if mixed is not None:
        problems.append(mixed.problem())
    if crs is not None and format_ != "csv":
        problems.append(_crs_not_used(crs, format_))
    times_s = np.concatenate([segment.time_s for line in lines for segment in line.segments])
    odd = int(implausible(times_s, time.time()).sum())
    if odd:
        problems.append(_implausible(odd))
    return TrackFile(format_, lines, dict(reading.refused), tuple(problems), choice)


def inspect_track(
    path: Path,
    *,
    datum: Datum | None = None,
    timezone: str = "Asia/Shanghai",
    crs: str | None = None,
    settings: Settings,
) -> dict[str, object]:
    """Return what ``tracks inspect`` says of one file; a file that can't be read is refused.

    Raises:
        UsageError: An unknown time zone.
    """
    try:
        file = read_track(path, datum=datum, timezone=timezone, crs=crs, settings=settings)
    except InputError as error:
        return _refused(path, error)
    cleaned = clean(file.segments, mode=None, settings=settings)
    segments = file.segments
    lon = np.concatenate([segment.lon for segment in segments])
    lat = np.concatenate([segment.lat for segment in segments])
    time_s = np.concatenate([segment.time_s for segment in segments])
    has_time = bool(np.isfinite(time_s).any())
    return {
        "file": str(path),
        "status": "ok" if has_time else "ok_no_time",
        "format": file.format,
        "tracks": len(file.lines),
        "segments": len(segments),
        "points": len(lon),
        "has_time": has_time,
        "first_time": utc_iso(np.nanmin(time_s)) if has_time else None,
        "last_time": utc_iso(np.nanmax(time_s)) if has_time else None,
        "bbox": _bbox(segments),
        "first_point": [round(float(lon[0]), 7), round(float(lat[0]), 7)],
        "last_point": [round(float(lon[-1]), 7), round(float(lat[-1]), 7)],
        "length_m": round(length_m(segments), 2),
        "points_refused": dict(file.refused),
        "cleaned": {
            "points": sum(len(segment) for segment in cleaned.segments),
            "length_m": round(length_m(cleaned.segments), 2),
            "segments": len(cleaned.segments),
            "flagged": cleaned.flagged,
            "mode": cleaned.mode.value,
            "stops": len(cleaned.stops),
            "settings": cleaning_settings(cleaned.mode, settings),
        },
        "datum": file.datum.as_json(),
        "problems": [problem.as_json() for problem in (*file.problems, *cleaned.problems)],
    }


def cleaning_settings(mode: Mode, settings: Settings) -> dict[str, float]:
    """Return the settings that a track of a mode is cleaned with."""
    return {
        "speed_limit_mps": settings.speed_limit_mps(mode),
        "gap_s": settings.gap_s,
        "accuracy_floor_m": settings.accuracy_floor_m,
        "stop_radius_m": settings.stop_radius_m,
        "stop_min_s": settings.stop_min_s,
    }


def length_m(segments: Sequence[Segment]) -> float:
    """Return the WGS84 geodesic length inside segments, metres."""
    return sum(geodesic_length_m(segment.lon, segment.lat) for segment in segments)


def summary(file: TrackFile, cleaned: Sequence[CleanedTrack], name: str) -> Text:
    """Return the one sentence for the sender: what was read, taken out and assumed."""
    flagged: Counter[str] = Counter()
    for track in cleaned:
        flagged.update(track.flagged)
    points = f"{sum(len(segment) for segment in file.segments):,}".replace(",", " ")
    zh, en = [f"轨迹 {name}:{points} 个点"], [f"track {name}: {points} points"]
    if file.refused:
        zh.append(f"跳过不可用的点({_listed(file.refused, 'zh')})")
        en.append(f"unusable points passed over ({_listed(file.refused, 'en')})")
    if flagged:
        zh.append(f"标出并不计异常点({_listed(flagged, 'zh')})")
        en.append(f"bad points flagged and left out ({_listed(flagged, 'en')})")
    used = file.datum.used
    if used is Datum.WGS84:
        zh_more, en_more = ["坐标按 WGS84 处理"], ["read as WGS84"]
    else:
        shown = used.value.upper().replace("0", "-0")
        zh_more, en_more = [f"坐标由 {shown} 换算为 WGS84"], [f"converted from {shown} to WGS84"]
    told = {problem.code for problem in file.problems}
    told.update(problem.code for track in cleaned for problem in track.problems)
    for code, zh_note, en_note in _NOTES:
        if code in told:
            zh_more.append(zh_note)
            en_more.append(en_note)
    return Text(f"{','.join(zh)};{';'.join(zh_more)}。", f"{', '.join(en)}; {'; '.join(en_more)}.")


def _listed(counts: Mapping[str, int], language: str) -> str:
    """Return ``速度异常 30、时间重复 4`` or the like in English."""
    parts = []
    for rule, count in counts.items():
        words = RULE_WORDS.get(rule, Text(rule, rule)).in_language(language)
        parts.append(f"{words} {count}" if language == "zh" else f"{count} {words}")
    return ("、" if language == "zh" else ", ").join(parts)


def _refused(path: Path, error: InputError) -> dict[str, object]:
    """Return the report of a file that can't be read: every key, nothing made up."""
    refused = error.refused if isinstance(error, NoTrackError) else {}
    return {
        "file": str(path),
        "status": "refused",
        "format": _format_name(path),
        "tracks": 0,
        "segments": 0,
        "points": 0,
        "has_time": False,
        **dict.fromkeys(_ABSENT_WHEN_REFUSED),
        "points_refused": dict(refused),
        "cleaned": None,
        "datum": None,
        "problems": [Problem(error.code, error.text).as_json()],
    }


def _format_name(path: Path) -> str | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return recognise(stream.read(HEAD_BYTES)).format
    except (OSError, ValueError):
        return None


def _bbox(segments: Sequence[Segment]) -> list[float]:
    """Return west, south, east, north; west > east where a track crosses the antimeridian
    (RFC 7946, 5.2).
    """
    lon = np.concatenate([segment.lon for segment in segments])
    lat = np.concatenate([segment.lat for segment in segments])
    west, east = float(lon.min()), float(lon.max())
    if np.any(np.abs(np.diff(lon)) > 180):
        turned = lon % 360
        if turned.max() - turned.min() < east - west:
            west, east = float(turned.min()), float(turned.max()) - 360
    return [round(edge, 7) for edge in (west, float(lat.min()), east, float(lat.max()))]


def _implausible(count: int) -> Problem:
    return Problem(
        "implausible_time",
        Text(
            f"{count} 个点的日期在将来或早得不合理(可能是 GPS 周数翻转或设备时钟错误);"
            "位置已保留,请检查设备日期",
            f"the dates of {count} points lie in the future or implausibly far back (a GPS week "
            "rollover or a wrong clock); positions are kept, check the device's date",
        ),
        count,
    )


def _crs_not_used(crs: str, format_: str) -> Problem:
    return Problem(
        "crs_not_used",
        Text(
            f"指定的坐标系 {crs} 未使用:{format_} 文件里写的是经纬度",
            f"the declared {crs} was not used: a {format_} file holds degrees",
        ),
    )


def _no_track(reading: Reading) -> NoTrackError:
    """Return why nothing can be made of a file that was read."""
    counts = dict(reading.refused)
    if counts:
        return NoTrackError(
            f"轨迹点全部不可用({_listed(counts, 'zh')});请在应用里重新导出",
            f"no track point is usable ({_listed(counts, 'en')}): export the track again",
            code="no_usable_point",
            refused=counts,
        )
    if reading.waypoints:
        return NoTrackError(
            f"文件里只有 {reading.waypoints} 个标注点,没有轨迹;请在应用里导出“轨迹”而不是“标注”",
            f"the file holds {reading.waypoints} waypoints and no track: export the track, not the "
            "places",
            code="no_track",
        )
    broken = next((problem for problem in reading.problems if problem.code == "truncated"), None)
    if broken is not None:
        return NoTrackError(broken.text.zh, broken.text.en, code="truncated")
    return NoTrackError(
        "文件里没有轨迹点;请确认记录时已定位,并在应用里导出“轨迹”",
        "the file holds no track point: make sure that the device had a fix and export the track",
        code="no_track",
    )


def _check_size(path: Path, settings: Settings) -> None:
    try:
        if not path.is_file():
            raise TrackError(
                f"找不到文件“{path.name}”,或它是一个文件夹",
                f"{path.name!r} does not exist or is a folder: give a track file",
                code="not_a_file",
            )
        size_mb = path.stat().st_size / 1e6
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if size_mb > settings.track_max_mb:
        raise TooLargeError(
            f"文件有 {size_mb:.0f} MB,上限是 {settings.track_max_mb:g} MB;请按天拆分后再上传",
            f"the file has {size_mb:.0f} MB, the limit is {settings.track_max_mb:g} MB: split it "
            "by day",
        )
    if size_mb == 0:
        raise TrackError(
            "文件是空的(0 字节);请在应用里重新导出",
            "the file is empty (0 bytes): export it again in the app",
            code="empty",
        )


def _unreadable(path: Path, error: Exception) -> TrackError:
    return TrackError(
        f"无法打开文件“{path.name}”({error});请检查文件名和权限",
        f"cannot open {path.name!r} ({error}): check its name and permissions",
        code="unreadable",
    )
