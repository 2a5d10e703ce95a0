"""Write tracks as platforms, survey offices, receivers and drones do: tables and sentences."""

from __future__ import annotations

import math
from functools import reduce
from operator import xor

import numpy as np

from geoinspect.crs import WGS84, transform_xy
from sample_data.manifest import NOTE
from sample_data.written import Point, TrackText

# CGCS2000, 3° zone 35 (central meridian 105° E) with its number before the easting.
_PLANE = "EPSG:4523"
_FEET_A_METRE = 1 / 0.3048
# Height above the take-off point at which the flights are planned.
_FLOWN_M = 120.0


def csv_gbk(text: TrackText) -> bytes:
    """Return a platform's table: Chinese headers, GBK, times in Beijing without a zone."""
    rows = [
        f"{number},{p.lon},{p.lat},{p.height},{p.local_time},{p.accuracy},模拟数据 simulated"
        for number, p in enumerate(text.points, 1)
    ]
    header = "序号,经度,纬度,海拔(米),定位时间,精度(米),备注"
    return ("\r\n".join([header, *rows]) + "\r\n").encode("gbk")


def csv_plane(text: TrackText) -> bytes:
    """Return a survey office's table: northing and easting of CGCS2000 with the zone's number."""
    points = text.points
    lon, lat = (np.array([float(getattr(p, name)) for p in points]) for name in ("lon", "lat"))
    east_m, north_m = transform_xy(WGS84, _PLANE, lon, lat)
    rows = [
        f"{number},{north:.3f},{east:.3f},{p.height},{p.local_time},模拟数据 simulated"
        for number, (p, east, north) in enumerate(zip(points, east_m, north_m, strict=True), 1)
    ]
    header = "点号,北坐标(米),东坐标(米),高程(米),时间,备注"
    return ("\r\n".join([header, *rows]) + "\r\n").encode("gbk")


def nmea(text: TrackText) -> bytes:
    """Return a receiver's log: RMC and GGA sentences."""
    lines = [f"# {NOTE}"]
    for point in text.points:
        clock, place = f"{point.moment:%H%M%S}.00", _place(point)
        lines.append(_sentence(f"GPRMC,{clock},A,{place},,,{point.moment:%d%m%y},,,A"))
        lines.append(_sentence(f"GPGGA,{clock},{place},1,09,1.0,{point.height},M,0.0,M,,"))
    return ("\r\n".join(lines) + "\r\n").encode()


def airdata(text: TrackText) -> bytes:
    """Return a drone's log as AirData writes it: feet, whole seconds, milliseconds beside them."""
    points = text.points
    start_s = points[0].time_s
    rows = [
        f"{(p.time_s - start_s) * 1000:.0f},{p.moment:%Y-%m-%d %H:%M:%S},{p.lat},{p.lon},"
        f"{_FLOWN_M * _FEET_A_METRE:.1f},{(float(p.height) + _FLOWN_M) * _FEET_A_METRE:.1f},"
        "0.0,-90.0,simulated"
        for p in points
    ]
    header = (
        "time(millisecond),datetime(utc),latitude,longitude,height_above_takeoff(feet),"
        "altitude_above_seaLevel(feet),gimbal_heading(degrees),gimbal_pitch(degrees),message"
    )
    return ("\n".join([header, *rows]) + "\n").encode()


def _place(point: Point) -> str:
    """Return latitude and longitude as degrees and minutes with their sides."""
    fields = []
    for value, digits, side in ((float(point.lat), 2, "N"), (float(point.lon), 3, "E")):
        minutes, degrees = math.modf(value)
        fields.append(f"{degrees:0{digits}.0f}{minutes * 60:09.6f},{side}")
    return ",".join(fields)


def _sentence(body: str) -> str:
    return f"${body}*{reduce(xor, body.encode()):02X}"
