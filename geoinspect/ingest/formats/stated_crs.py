"""A CRS that a file or its sender states: whether it can be used, and how well it meets WGS84."""

from __future__ import annotations

import pyproj

from geoinspect.crs import WGS84, authority_name, transformer
from geoinspect.errors import InputError, Text, TrackError
from geoinspect.records import Problem

# CGCS2000 and ITRF frames are WGS84 to some centimetres (GB 22021-2008).
SAME_AS_WGS84 = (WGS84, "EPSG:4490", "EPSG:4979", "EPSG:4480")
# Transformations that PROJ knows to be this exact or better need no word, metres.
_EXACT_M = 5.0


def checked_crs(code: str) -> str:
    """Return a stated CRS as ``EPSG:n``.

    Args:
        code: ``EPSG:n`` in any case.

    Raises:
        TrackError: There is none of that number, or it holds no places of two coordinates.
    """
    try:
        crs = authority_name(code)
    except InputError as error:
        raise TrackError(error.text.zh, error.text.en, code="bad_crs") from error
    parsed = pyproj.CRS.from_user_input(crs)
    if not (parsed.is_projected or parsed.is_geographic):
        raise TrackError(
            f"坐标系 {crs}({parsed.name})不是经纬度或平面坐标系;请核对 EPSG 编号",
            f"{crs} ({parsed.name}) is neither geographic nor projected: check the EPSG code",
            code="bad_crs",
        )
    return crs


def unsure_datum(crs: str) -> Problem | None:
    """Return that nobody knows how far places of a CRS lie off in WGS84; None when it is known.

    The parameters of Beijing 1954 and Xi'an 1980 are not public, and PROJ then leaves degrees as
    they are, some 100 m off.
    """
    base = pyproj.CRS.from_user_input(crs).geodetic_crs
    datum = None if base is None or (epsg := base.to_epsg()) is None else f"EPSG:{epsg}"
    if base is None or datum in SAME_AS_WGS84:
        return None
    if 0 <= transformer(crs, WGS84).accuracy <= _EXACT_M:
        return None
    return Problem(
        "other_datum",
        Text(
            f"坐标系 {crs} 的基准面“{base.name}”无法准确换算为 WGS84,位置可能偏差百米左右;"
            "请先转换为 CGCS2000 再上传",
            f"the datum of {crs}, {base.name!r}, can't be converted to WGS84 exactly: positions may "
            "be off by a hundred metres or so; convert them to CGCS2000 first",
        ),
    )
