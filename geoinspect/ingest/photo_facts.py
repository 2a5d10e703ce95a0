"""Where, when and how a photo was taken, from its EXIF and the fields of the drone."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from geoinspect.errors import Text
from geoinspect.ingest.camera import FILM_DIAGONAL_MM, fov_deg, sides_mm
from geoinspect.ingest.photo_records import Camera, PhotoError
from geoinspect.ingest.pictures import Embedded
from geoinspect.ingest.pictures.exif import Exif, Tag
from geoinspect.ingest.pictures.xmp import DroneField, DroneFields
from geoinspect.ingest.times import implausible, parse_times
from geoinspect.records import Problem

# EXIF dates have colons; what else is written after them, the readers of track times know.
_EXIF_DATE = re.compile(r"^\s*(\d{4}):(\d\d):(?=\d\d)")
_CLOCKS = (
    (Tag.TAKEN, Tag.TAKEN_SUBSECOND, Tag.TAKEN_OFFSET),
    (Tag.DIGITIZED, Tag.DIGITIZED_SUBSECOND, Tag.DIGITIZED_OFFSET),
    (Tag.CHANGED, Tag.CHANGED_SUBSECOND, Tag.CHANGED_OFFSET),
)
# A phone may stamp the place of some minutes ago; a clock farther off is wrong or of another zone.
_CLOCK_SLACK_S = 900.0

# FocalPlaneResolutionUnit → mm: inch (also when not given), cm, mm, µm.
_FOCAL_PLANE_UNITS_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_SENSOR_MM = (1.0, 100.0)
_FOCAL_MM = (0.5, 3_000.0)
# 35 mm equivalents are whole millimetres and some makers refer them to the width, not the
# diagonal; a sensor size farther off than that belongs to other pixels than these.
_SENSOR_SLACK = 1.2


class Position(NamedTuple):
    """Degrees as written, in whatever datum."""

    lon: float
    lat: float


def position(exif: Exif, drone: DroneFields, problems: list[Problem]) -> Position:
    """Return where the photo was taken; EXIF first, then the drone's own fields.

    Raises:
        PhotoError: It does not say, or nothing on earth.
    """
    if exif.numbers(Tag.LATITUDE) or exif.numbers(Tag.LONGITUDE):
        lat, no_ns = _angle(exif, Tag.LATITUDE, Tag.LATITUDE_REF, "S")
        lon, no_ew = _angle(exif, Tag.LONGITUDE, Tag.LONGITUDE_REF, "W")
        if no_ns or no_ew:
            problems.append(_NO_HEMISPHERE)
    else:
        lat = drone.number(DroneField.LATITUDE)
        lon = drone.number(DroneField.LONGITUDE)
        if lon is None:
            lon = drone.number(DroneField.LONGITUDE_MISSPELT)
        if lat is None and lon is None:
            raise _no_position("照片里没有位置", "the photo does not say where it was taken")
    if lat is None or lon is None or not (abs(lat) <= 90 and abs(lon) <= 180):
        raise PhotoError(
            f"照片里的位置不可用(纬度 {_shown(lat)},经度 {_shown(lon)});请上传手机或无人机拍的"
            "原图,不要经过编辑软件",
            f"the photo's position is of no use (latitude {_shown(lat)}, longitude {_shown(lon)}): "
            "send the original of the phone or drone, not an edited copy",
            code="bad_position",
        )
    if lat == lon == 0:
        raise _no_position(
            "照片里的位置是 0°, 0°,拍摄时没有定位",
            "the photo's position is 0°, 0°: there was no fix when it was taken",
        )
    if (exif.text(Tag.STATUS) or "").upper() == "V":
        problems.append(_VOID_FIX)
    return Position(lon, lat)


def taken(
    exif: Exif,
    drone: DroneFields,
    zone: tzinfo,
    problems: list[Problem],
    *,
    otherwise: datetime | None = None,
) -> datetime | None:
    """Return the moment in UTC.

    The camera's clock, in its own offset or else in ``zone``, unless satellites disagree with it;
    ``otherwise``, with its zone, where the picture has no time.
    """
    clock_s, naive = _camera_clock(exif, zone)
    satellite_s = _satellite_clock(exif, drone)
    moment_s = clock_s
    if math.isnan(clock_s):
        moment_s = satellite_s
    elif abs(clock_s - satellite_s) > _CLOCK_SLACK_S:
        moment_s = satellite_s
        problems.append(_clocks_disagree(clock_s, satellite_s))
    elif naive and math.isnan(satellite_s):
        problems.append(_naive(zone))
    if math.isnan(moment_s) and otherwise is not None:
        moment_s = otherwise.timestamp()
    if math.isnan(moment_s):
        problems.append(_NO_TIME)
        return None
    if implausible(moment_s, time.time()):
        problems.append(_IMPLAUSIBLE)
    return datetime.fromtimestamp(moment_s, UTC)


def heading(exif: Exif, drone: DroneFields, problems: list[Problem]) -> tuple[float | None, bool]:
    """Return where the camera looked (degrees clockwise from north) and whether from magnetic
    north.
    """
    stated = exif.number(Tag.DIRECTION)
    if stated is None or not 0 <= stated <= 360:
        yaw = drone.number(DroneField.YAW)
        return (None if yaw is None else yaw % 360), False
    magnetic = (exif.text(Tag.DIRECTION_REF) or "T").upper() == "M"
    if magnetic:
        problems.append(_MAGNETIC)
    return stated % 360, magnetic


def altitude_m(exif: Exif, drone: DroneFields) -> float | None:
    """Return metres above sea level, negative below it."""
    stated = exif.number(Tag.ALTITUDE)
    if stated is None:
        return drone.number(DroneField.ALTITUDE)
    # 1 is below sea level, 3 below the ellipsoid (Exif 3.0).
    return -abs(stated) if exif.number(Tag.ALTITUDE_REF) in (1, 3) else stated


def accuracy_m(exif: Exif, drone: DroneFields) -> float | None:
    """Return the horizontal accuracy: what a phone states, or the spread of a drone's RTK fix."""
    stated = exif.number(Tag.ACCURACY)
    if stated is None:
        east, north = (
            drone.number(name) for name in (DroneField.RTK_STD_EAST, DroneField.RTK_STD_NORTH)
        )
        stated = math.hypot(east, north) if east is not None and north is not None else None
    return stated if stated is not None and stated > 0 else None


def camera(exif: Exif, embedded: Embedded, problems: list[Problem]) -> Camera:
    """Return the camera; sizes and angles are those of the picture turned upright."""
    orientation = _whole(exif.number(Tag.ORIENTATION), 8)
    size = _picture_size(exif, embedded)
    focal = _within(exif.number(Tag.FOCAL_MM), _FOCAL_MM)
    film = _within(exif.number(Tag.FOCAL_35MM), _FOCAL_MM)
    sensor = _sensor_mm(exif, size, focal, film, problems)
    angles: tuple[float | None, float | None] = (None, None)
    if sensor is not None and focal is not None:
        angles = fov_deg(sensor[0], focal), fov_deg(sensor[1], focal)
    elif size is not None and film is not None:
        width, height = sides_mm(FILM_DIAGONAL_MM, *size)
        angles = fov_deg(width, film), fov_deg(height, film)
    # Orientations from 5 on stand for a quarter turn, with or without a mirror.
    if orientation is not None and orientation >= 5:
        size, sensor = size and size[::-1], sensor and sensor[::-1]
        angles = angles[::-1]
    width_px, height_px = size or (None, None)
    return Camera(
        exif.text(Tag.MAKE),
        exif.text(Tag.MODEL),
        focal,
        film,
        sensor,
        width_px,
        height_px,
        orientation,
        *angles,
    )


def _angle(exif: Exif, tag: Tag, ref_tag: Tag, negative: str) -> tuple[float | None, bool]:
    """Return signed degrees of degrees, minutes and seconds, and whether no hemisphere is given.

    Some programs write decimal degrees alone, or with their sign and no hemisphere.
    """
    parts = exif.numbers(tag)[:3]
    if not parts or not all(map(math.isfinite, parts)) or not all(0 <= p <= 60 for p in parts[1:]):
        return None, False
    size = sum(abs(part) / unit for part, unit in zip(parts, (1, 60, 3600), strict=False))
    ref = (exif.text(ref_tag) or "")[:1].upper()
    sign = -1 if ref == negative or parts[0] < 0 else 1
    return sign * size, not ref and parts[0] >= 0


def _camera_clock(exif: Exif, zone: tzinfo) -> tuple[float, bool]:
    """Return epoch seconds of the camera's clock, NaN without, and whether it has no zone."""
    for clock, subsecond, offset in _CLOCKS:
        reading = exif.text(clock)
        if reading is None:
            continue
        part = exif.text(subsecond) or ""
        fraction = f".{part}" if part.isdecimal() else ""
        for tail in (exif.text(offset) or "", ""):
            parsed = parse_times([_EXIF_DATE.sub(r"\1-\2-", reading) + fraction + tail], zone)
            if math.isfinite(parsed.time_s[0]):
                return float(parsed.time_s[0]), parsed.naive > 0
    return math.nan, False


def _satellite_clock(exif: Exif, drone: DroneFields) -> float:
    """Return epoch seconds of the GPS stamps or of the drone's exposure time; NaN without."""
    day, clock = exif.text(Tag.DATE), exif.numbers(Tag.TIME)
    readings = []
    if day is not None and len(clock) == 3 and all(0 <= part <= 60 for part in clock):
        hour, minute, second = clock
        readings.append(f"{day} {hour:02.0f}:{minute:02.0f}:{min(second, 59.999):06.3f}")
    exposed = drone.values.get(DroneField.EXPOSED_UTC)
    if exposed:
        readings.append(exposed)
    parsed = parse_times([_EXIF_DATE.sub(r"\1-\2-", reading) for reading in readings], UTC)
    return next((float(s) for s in parsed.time_s if math.isfinite(s)), math.nan)


def _picture_size(exif: Exif, embedded: Embedded) -> tuple[int, int] | None:
    """Return width and height as stored: of the file itself, else as EXIF has them."""
    if embedded.width_px and embedded.height_px:
        return embedded.width_px, embedded.height_px
    return _stated_size(exif)


def _stated_size(exif: Exif) -> tuple[int, int] | None:
    """Return the size the camera wrote, which programs that scale a picture leave as it was."""
    width, height = (_whole(exif.number(tag), 10**6) for tag in (Tag.WIDTH, Tag.HEIGHT))
    return (width, height) if width and height else None


def _sensor_mm(
    exif: Exif,
    size: tuple[int, int] | None,
    focal: float | None,
    film: float | None,
    problems: list[Problem],
) -> tuple[float, float] | None:
    """Return the sensor part in the picture: from its pixels a millimetre, else from the 35 mm
    equivalent, which also decides when the two contradict each other.
    """
    stated = _focal_plane_mm(exif, _stated_size(exif) or size)
    by_film = None
    if focal is not None and film is not None and size is not None:
        by_film = sides_mm(FILM_DIAGONAL_MM * focal / film, *size)
    if stated is None or by_film is None:
        return stated or by_film
    ratio = math.hypot(*stated) / math.hypot(*by_film)
    if not 1 / _SENSOR_SLACK <= ratio <= _SENSOR_SLACK:
        problems.append(_SENSOR_CONTRADICTION)
        return by_film
    return stated


def _focal_plane_mm(exif: Exif, size: tuple[int, int] | None) -> tuple[float, float] | None:
    unit = _FOCAL_PLANE_UNITS_MM.get(int(exif.number(Tag.FOCAL_PLANE_UNIT) or 2))
    per_unit = exif.number(Tag.FOCAL_PLANE_X), exif.number(Tag.FOCAL_PLANE_Y)
    zoom = max(1.0, exif.number(Tag.DIGITAL_ZOOM) or 1.0)
    if unit is None or size is None:
        return None
    sides = [
        _within(pixels / resolution * unit / zoom, _SENSOR_MM) if resolution else None
        for pixels, resolution in zip(size, per_unit, strict=True)
    ]
    return (sides[0], sides[1]) if sides[0] and sides[1] else None


def _within(value: float | None, limits: tuple[float, float]) -> float | None:
    return value if value is not None and limits[0] <= value <= limits[1] else None


def _whole(value: float | None, most: int) -> int | None:
    return int(value) if value is not None and 1 <= value <= most else None


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:.7g}"


def _no_position(zh: str, en: str) -> PhotoError:
    return PhotoError(
        f"{zh};请打开相机的定位再拍,并上传手机或无人机里的原图:微信、QQ 转发或截图会去掉位置,"
        "微信里请选“原图”或用“文件”发送",
        f"{en}: turn on location in the camera and send the original from the phone or drone; "
        "WeChat, QQ and screenshots take the position away, so send it as a file",
        code="no_position",
    )


def _naive(zone: tzinfo) -> Problem:
    return Problem(
        "local_time",
        Text(
            f"拍摄时间没有写时区,已按 {zone} 当地时间处理",
            f"the time of the photo has no zone and was taken as {zone}",
        ),
    )


def _clocks_disagree(clock_s: float, satellite_s: float) -> Problem:
    apart_min = abs(clock_s - satellite_s) / 60
    return Problem(
        "clock_disagrees",
        Text(
            f"相机时钟与卫星时间相差 {apart_min:.0f} 分钟,已采用卫星时间;请检查相机的时间和时区",
            f"the camera's clock is {apart_min:.0f} minutes off the satellites' time, which was "
            "used: check the camera's clock and zone",
        ),
    )


_NO_HEMISPHERE = Problem(
    "no_hemisphere",
    Text(
        "照片位置没有写南北纬或东西经,已按北纬、东经处理;请在地图上核对",
        "the photo's position does not say north or south, east or west; north and east were "
        "taken: check it on the map",
    ),
)
_VOID_FIX = Problem(
    "void_fix",
    Text(
        "拍摄时定位无效,位置可能是上一次的;请在地图上核对",
        "the device had no valid fix, so the position may be an earlier one: check it on the map",
    ),
)
_NO_TIME = Problem(
    "no_time", Text("照片里没有可用的拍摄时间", "the photo does not say when it was taken")
)
_IMPLAUSIBLE = Problem(
    "implausible_time",
    Text(
        "拍摄日期在将来或早得不合理;位置已保留,请检查设备日期",
        "the photo's date lies in the future or implausibly far back; its position is kept: check "
        "the device's date",
    ),
)
_MAGNETIC = Problem(
    "magnetic_heading",
    Text(
        "拍摄方向以磁北为准,没有换算为真北(中国境内一般相差几度)",
        "the heading is from magnetic north and was not turned to true north (a few degrees apart "
        "in most of China)",
    ),
)
_SENSOR_CONTRADICTION = Problem(
    "sensor_contradiction",
    Text(
        "照片写的像元尺寸与等效焦距不符(可能裁剪或缩放过),视场角按等效焦距计算",
        "the photo's pixel size contradicts its 35 mm equivalent (it may have been cropped or "
        "resized); the field of view goes by the equivalent",
    ),
)
