"""What the columns of a table hold, by the words of their headers.

The words are those of apps, loggers, drones, platforms and survey offices, compared in lower case
without signs between words. A unit in brackets is read apart. In Chinese surveying X is north and
Y is east, B is latitude and L is longitude (GB/T 18341), so X and Y alone decide nothing: values do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from geoinspect.records import Datum, Extra

_MAX_HEADER_CHARS = 60
_UNIT = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]?")
_BETWEEN = re.compile(r"[\s_.\-/#*:：\"'﻿°]+")
# Words that say whose position or which of several it is, and change nothing.
_BEFORE = re.compile(
    r"^(?:osd|gps|gnss|aircraft|drone|uav|location|geo|rtk|wgs84|wgs|cgcs2000|bd09|bd|gcj02|gcj|"
    r"baidu|amap|gaode|qq|current|point)(?=l)"
)
# How the number is written or in what datum, said behind the word.
_BEHIND = re.compile(
    r"(?:d{2,3}m{2,}s*|dms|dd|deg|degrees|decimal|wgs84|cgcs2000|gcj02|gcj|bd09|bd)$"
)
_CJK_WHERE = re.compile(r"经度|纬度|东经|北纬")
# Positions of something else than the one who moves.
_CJK_ELSEWHERE = re.compile(
    r"起点|起始|开始|结束|终点|目的|返航|家|起飞点|中心|差|误差|精度|度[度分秒]"
)
# Minutes in a column of their own: the degrees beside them are no whole coordinate.
_MINUTES = re.compile(r"(?:lat|latitude|lon|lng|long|longitude)min(?:ute)?s?")


class Role(StrEnum):
    """What a column says of where, when and who."""

    EAST = "east"
    NORTH = "north"
    X = "x"
    Y = "y"
    BOTH = "both"
    EAST_SIDE = "east_side"
    NORTH_SIDE = "north_side"
    TRACK = "track"
    NAME = "name"
    DATUM = "datum"
    KIND = "kind"


_WORDS: Mapping[Role, tuple[str, ...]] = {
    Role.EAST: (
        "longitude", "lon", "lng", "long", "longitud", "longtitude", "londeg", "lond", "lone",
        "longitudewe", "longitudeew", "lonlng", "decimallongitude", "locationlong", "poslon",
        "positionlong", "lonwgs84", "lngwgs84", "laenge", "länge", "längengrad", "laengengrad",
        "geolänge", "经度", "东经", "东坐标", "easting", "east", "eastm", "横坐标", "longitudee7",
        "lone7", "jd", "jingdu", "gpslongitude",
    ),
    Role.NORTH: (
        "latitude", "lat", "latitud", "latdeg", "latd", "latitudens", "decimallatitude",
        "locationlat", "poslat", "positionlat", "latwgs84", "breite", "breitengrad", "geobreite",
        "纬度", "北纬", "北坐标", "northing", "north", "northm", "纵坐标", "latitudee7", "late7",
        "wd", "weidu", "gpslatitude",
    ),
    Role.X: ("x", "xcoord", "xcoordinate", "pointx", "x坐标", "坐标x", "xm", "coordx", "gpsx"),
    Role.Y: ("y", "ycoord", "ycoordinate", "pointy", "y坐标", "坐标y", "ym", "coordy", "gpsy"),
    Role.BOTH: (
        "lnglat", "latlng", "lonlat", "latlon", "经纬度", "坐标", "经纬度坐标", "location",
        "position", "coordinate", "coordinates", "coord", "coords", "gps", "gps坐标", "位置坐标",
        "wkt", "geom", "geometry", "定位坐标", "位置",
    ),
    Role.EAST_SIDE: ("ew", "we", "eastwest", "lonhemisphere", "londir", "经度半球", "东西半球"),
    Role.NORTH_SIDE: ("ns", "sn", "northsouth", "lathemisphere", "latdir", "纬度半球", "南北半球"),
    Role.TRACK: (
        "tripid", "trip", "trackid", "track", "trk", "trackname", "segment", "segmentid", "seg",
        "segid", "trackseg", "tracksegment", "journeyid", "flightid", "sessionid", "activityid",
        "patrolid", "轨迹编号", "轨迹id", "轨迹号", "轨迹名称", "轨迹名", "轨迹", "航迹", "航迹号",
        "段号", "线路编号", "线路", "路线编号", "路线名称", "线路名称", "巡护编号", "任务编号",
        "userid", "user", "username", "uid", "rangerid", "ranger", "person", "personid", "memberid",
        "人员", "人员编号", "人员id", "人员姓名", "姓名", "巡护员", "护林员", "巡查员", "队员",
        "用户", "用户id", "用户名", "deviceid", "device", "devicename", "imei", "vehicleid",
        "vehicle", "设备", "设备号", "设备编号", "设备id", "设备名称", "终端号", "终端编号", "终端",
        "车牌", "车牌号", "sourceid", "subjectid", "individuallocalidentifier", "animalid", "unit",
        "team", "队伍", "小组", "组别",
    ),
    Role.NAME: ("name", "title", "名称", "标题", "id", "oid", "编号"),
    Role.DATUM: (
        "datum", "crs", "coordinatesystem", "coordsys", "coordtype", "coordstype", "坐标系",
        "坐标系统", "坐标类型", "坐标系类型",
    ),
    Role.KIND: ("trackpointtype", "pointtype", "rowtype", "recordtype", "点类型"),
}  # fmt: skip
# Names of the same meaning for the vertical and the camera, best first.
_EXTRAS: Mapping[Extra, tuple[str, ...]] = {
    Extra.ELEVATION: (
        "altitudeabovesealevel", "absolutealtitude", "absalt", "altitudemsl", "altmsl", "hmsl",
        "elevation", "ele", "elev", "altitude", "alt", "gpsaltitude", "osdaltitude", "海拔",
        "海拔高度", "高程", "大地高", "绝对高度", "höhe", "hoehe", "z", "h", "height", "高度",
    ),
    Extra.HEIGHT: (
        "heightabovetakeoff", "osdheight", "relativealtitude", "relalt", "relativeheight",
        "heightabovehome", "heightaboveground", "heightabovegroundatdronelocation", "agl",
        "altitudeagl", "相对高度", "飞行高度", "相对高", "真高", "离地高度",
    ),
    Extra.ACCURACY: (
        "accuracy", "horizontalaccuracy", "accuracyhorizontal", "hacc", "gpsaccuracy",
        "locationaccuracy", "positionaccuracy", "genauigkeit", "estimatedhorizontalerror", "精度",
        "定位精度", "水平精度", "gps精度", "误差", "水平误差",
    ),
    Extra.PITCH: ("gimbalpitch", "camerapitch", "云台俯仰", "云台俯仰角"),
    Extra.HEADING: (
        "gimbalheading", "gimbalyaw", "camerayaw", "cameraheading", "云台航向", "云台偏航角",
        "compassheading", "osdyaw",
    ),
}  # fmt: skip
# Beside these, drones log an altitude that counts from the start or from the sea: unknown.
_ABOVE_START = {"ascent", "homelatitude"}
_FEET = ("ft", "feet", "foot", "英尺")
_METRES_A_FOOT = 0.3048
_DATUM_HINTS: tuple[tuple[Datum, re.Pattern[str]], ...] = (
    (Datum.BD09, re.compile(r"bd[\s_-]?0?9|baidu|百度", re.I)),
    (Datum.GCJ02, re.compile(r"gcj|火星|高德|腾讯|国测局|amap|gaode", re.I)),
    (Datum.WGS84, re.compile(r"wgs|cgcs|国家2000", re.I)),
)
_ROLE_OF = {word: role for role, words in _WORDS.items() for word in words}
_WHERE = (Role.EAST, Role.NORTH, Role.X, Role.Y)


@dataclass(frozen=True, slots=True)
class Header:
    """One header cell: its bare word, its unit, and its text."""

    word: str
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row things stand.

    Attributes:
        headers: The header cells; empty when the table has none.
        east, north: Longitude and latitude, or two coordinates whose order their values tell.
        by_value: Whether the two are only X and Y.
        both: A column that holds both.
        roles: All other columns by what they hold.
        extras: Column and factor to metres or degrees of what else is said of a point.
    """

    headers: tuple[Header, ...] = ()
    east: int | None = None
    north: int | None = None
    by_value: bool = False
    both: int | None = None
    roles: Mapping[Role, tuple[int, ...]] = field(default_factory=dict)
    extras: Mapping[Extra, tuple[int, float]] = field(default_factory=dict)

    @property
    def placed(self) -> bool:
        """Whether positions can be read."""
        return self.both is not None or self.east is not None

    def first(self, role: Role) -> int | None:
        """Return the first column of a role."""
        return next(iter(self.roles.get(role, ())), None)

    def datum(self) -> Datum | None:
        """Return the datum that the headers of the positions name, as ``百度经度`` does."""
        chosen = (self.east, self.north, self.both)
        for number in chosen:
            if number is not None and number < len(self.headers):
                text = self.headers[number].text
                named = [datum for datum, hint in _DATUM_HINTS if hint.search(text)]
                if named:
                    return named[0]
        return None


def read_header(cells: Sequence[str], units: Sequence[str] = ()) -> Columns:
    """Return what the columns under these header cells hold.

    Args:
        cells: The header row.
        units: The row of units under it, where there is one.
    """
    headers = []
    for number, cell in enumerate(cells):
        header = header_of(cell)
        below = units[number].strip("()[] ") if number < len(units) else ""
        headers.append(Header(header.word, header.unit or below.lower(), header.text))
    roles: dict[Role, list[int]] = {}
    for number, header in enumerate(headers):
        role = _role(header)
        if role is not None:
            roles.setdefault(role, []).append(number)
    if any(_MINUTES.fullmatch(header.word) for header in headers):
        roles = {role: found for role, found in roles.items() if role not in _WHERE}
    east, north = _position_columns(headers, roles)
    both = roles.get(Role.BOTH, [None])[0] if east is None else None
    return Columns(
        tuple(headers),
        east,
        north,
        east is not None and headers[east].word in _WORDS[Role.X] + _WORDS[Role.Y],
        both,
        {role: tuple(numbers) for role, numbers in roles.items()},
        _extra_columns(headers),
    )


def header_of(cell: str) -> Header:
    """Return a header cell as its bare word and its unit."""
    text = cell[:_MAX_HEADER_CHARS].strip().lower()
    match = _UNIT.search(text)
    unit = match[1].strip() if match else ""
    return Header(_BETWEEN.sub("", _UNIT.sub("", text)), unit, text)


def _role(header: Header) -> Role | None:
    word = header.word
    if word in _ROLE_OF:
        return _ROLE_OF[word]
    bare = _BEHIND.sub("", _BEFORE.sub("", word))
    if bare != word and _ROLE_OF.get(bare) in _WHERE:
        return _ROLE_OF[bare]
    where = set(_CJK_WHERE.findall(word))
    if len(where) == 1 and not _CJK_ELSEWHERE.search(word):
        return Role.EAST if where & {"经度", "东经"} else Role.NORTH
    return None


def _position_columns(
    headers: Sequence[Header], roles: Mapping[Role, Sequence[int]]
) -> tuple[int | None, int | None]:
    """Return the best pair of position columns; two that say the same datum belong together."""
    pairs = [(e, n) for e in roles.get(Role.EAST, ()) for n in roles.get(Role.NORTH, ())]
    if pairs:
        return min(pairs, key=lambda pair: _pair_rank(headers[pair[0]], headers[pair[1]]))
    if Role.X in roles and Role.Y in roles:
        return roles[Role.X][0], roles[Role.Y][0]
    words = [header.word for header in headers]
    for east, north in (("l", "b"), ("e", "n")):
        if words.count(east) == words.count(north) == 1:
            return words.index(east), words.index(north)
    return None, None


def _pair_rank(east: Header, north: Header) -> tuple[bool, bool, int]:
    """Return how well two headers fit: of one datum, degrees before metres, WGS84 first."""
    hints = [
        next((n for n, (_, hint) in enumerate(_DATUM_HINTS) if hint.search(h.text)), None)
        for h in (east, north)
    ]
    projected = any(word in east.word for word in ("easting", "坐标", "eastm"))
    order = {2: 0, None: 1, 1: 2, 0: 3}
    return hints[0] != hints[1], projected, order[hints[0]]


def _extra_columns(headers: Sequence[Header]) -> dict[Extra, tuple[int, float]]:
    by_word: dict[str, int] = {}
    for number, header in enumerate(headers):
        by_word.setdefault(header.word, number)
    found: dict[Extra, tuple[int, float]] = {}
    for extra, words in _EXTRAS.items():
        column = _first_of(by_word, words)
        if column is not None:
            in_feet = headers[column].unit in _FEET
            found[extra] = (column, _METRES_A_FOOT if in_feet else 1.0)
    elevation = found.get(Extra.ELEVATION)
    if elevation and headers[elevation[0]].word == "altitude" and _ABOVE_START & by_word.keys():
        del found[Extra.ELEVATION]
    if Extra.PITCH not in found and Extra.HEIGHT not in found:
        # Only a drone has a camera whose heading matters.
        found.pop(Extra.HEADING, None)
    return found


def _first_of(by_word: Mapping[str, int], words: Iterable[str]) -> int | None:
    return next((by_word[word] for word in words if word in by_word), None)
