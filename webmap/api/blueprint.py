"""The blueprint of the API, and how its parameters are read."""

from __future__ import annotations

import math
from collections.abc import Iterable

import shapely
from flask import Blueprint, request
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import UsageError
from geoinspect.patrols.thinning import thin_lines
from geoinspect.store.sightings import Box

api = Blueprint("api", __name__, url_prefix="/api/v1")

# Six decimals of a degree are a decimetre: finer than anything drawn.
_STEP_DEG = 1e-6
_MOST_LINE_POINTS = 5000
# More than any table holds, and no more than the database can be asked for.
_MOST_ID = 10**15
_SHOWN = 80


def number(name: str, default: float | None = None) -> float:
    """Return a finite number from the query.

    Raises:
        UsageError: It is missing (without a default) or no number.
    """
    given = request.args.get(name)
    if given is None and default is not None:
        return default
    try:
        value = float(given or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"参数 {name} 必须是数字,得到“{(given or '')[:_SHOWN]}”",
            f"{name} must be a number, got {(given or '')[:_SHOWN]!r}",
            code="bad_number",
        )
    return value


def record_number(name: str) -> int:
    """Return the number of a record from the query.

    Raises:
        UsageError: It is missing or no whole number from 1 on.
    """
    value = number(name)
    if not (1 <= value <= _MOST_ID and value.is_integer()):
        raise UsageError(
            f"参数 {name} 应为从 1 起的编号,得到“{request.args[name][:_SHOWN]}”",
            f"{name} must be a number from 1 on, got {request.args[name][:_SHOWN]!r}",
            code="bad_number",
        )
    return int(value)


def campaign_number() -> int | None:
    """Return the campaign's number from the query, None without one."""
    return record_number("campaign") if "campaign" in request.args else None


def limit(most: int, unasked: int | None = None) -> int:
    """Return how many rows were asked for; more than ``most`` are ``most``.

    Args:
        most: That are answered.
        unasked: Without a word; None is ``most``.

    Raises:
        UsageError: It is no whole number from 1 on.
    """
    if "limit" not in request.args:
        return unasked or most
    return min(record_number("limit"), most)


def box() -> Box | None:
    """Return ``bbox=west,south,east,north`` in degrees from the query, None without one.

    Raises:
        UsageError: It is not four ordered numbers.
    """
    given = request.args.get("bbox")
    if given is None:
        return None
    try:
        west, south, east, north = (float(part) for part in given.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (west <= east and south <= north):
        raise UsageError(
            f"参数 bbox 应为“西,南,东,北”四个数字,得到“{given[:_SHOWN]}”",
            f"bbox must be west,south,east,north, got {given[:_SHOWN]!r}",
            code="bad_bbox",
        )
    return west, south, east, north


def feature(
    geometry: BaseGeometry, properties: dict[str, object], *, tolerance_deg: float = 0.0
) -> dict[str, object]:
    """Return a GeoJSON feature, thinned and rounded for drawing."""
    thin = _thinned(geometry, tolerance_deg) if tolerance_deg > 0 else geometry
    fine = shapely.set_precision(thin, _STEP_DEG, mode="pointwise")
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(fine),
        "properties": properties,
    }


def _thinned(geometry: BaseGeometry, tolerance_deg: float) -> BaseGeometry:
    """Return a geometry for drawing; lines are as people send them, so theirs is the safe way."""
    if not isinstance(geometry, shapely.MultiLineString):
        return shapely.simplify(geometry, tolerance_deg)
    lines = [shapely.get_coordinates(line) for line in geometry.geoms]
    return shapely.MultiLineString(thin_lines(lines, tolerance_deg, most=_MOST_LINE_POINTS))


def collection(features: Iterable[dict[str, object]], **extra: object) -> dict[str, object]:
    """Return a GeoJSON feature collection."""
    return {"type": "FeatureCollection", "features": list(features), **extra}
