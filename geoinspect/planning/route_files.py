"""Routes for phones and maps: GPX 1.1, KML and GeoPackage, in WGS84."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect import crs as crs_
from geoinspect.files import replaced_file
from geoinspect.planning.records import Plan, Route

F8 = NDArray[np.float64]

SUFFIXES = (".gpx", ".kml", ".gpkg", ".html")
# What XML 1.0 can't hold even escaped (2.2, Char).
_KML_NAME = "踏查路线 patrol routes"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Straight legs of a map in degrees bend away from straight legs of the grid by centimetres only.
_MAX_LEG_M = 1000.0


def route_degrees(route: Route, crs: str) -> F8:
    """Return a route's points as longitude and latitude to 1 cm, shape (n, 2).

    Long legs get points in between, so that the line stays where it was checked.
    """
    dense = route.line
    # A team that goes nowhere has its start alone, which GEOS can't cut into pieces.
    if np.ptp(dense, axis=0).any():
        dense = shapely.get_coordinates(shapely.segmentize(shapely.LineString(dense), _MAX_LEG_M))
    lon, lat = crs_.transform_xy(crs, crs_.WGS84, dense[:, 0].copy(), dense[:, 1].copy())
    return np.asarray(np.round(np.column_stack([lon, lat]), 7), dtype=np.float64)


def route_title(route: Route, name: str = "") -> str:
    """Return what a phone shows for a route."""
    team = f"第 {route.team} 队 team {route.team}"
    return f"{name} · {team}" if name else team


def route_words(route: Route) -> str:
    """Return a route's figures in one line."""
    return (
        f"{route.length_m / 1000:.2f} km · {route.duration_s / 3600:.2f} h · {route.cells} 格 cells · "
        f"+{route.gain:.4f}"
    )


def plan_gpx(plan: Plan, crs: str, *, name: str = "") -> str:
    """Return GPX 1.1 that is valid against its schema: one ``rte`` a team, named after the plan."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
    ]
    for route in plan.routes:
        parts.append(f"<rte><name>{_text(route_title(route, name))}</name>")
        parts.append(f"<desc>{_text(route_words(route))}</desc><number>{route.team}</number>\n")
        for lon, lat in route_degrees(route, crs).tolist():
            # The schema's longitude ends before 180, which is the same meridian as -180.
            west_lon = -180.0 if lon == 180.0 else lon
            parts.append(f'<rtept lat="{lat:.7f}" lon="{west_lon:.7f}"/>\n')
        parts.append("</rte>\n")
    parts.append("</gpx>\n")
    return "".join(parts)


def plan_kml(plan: Plan, crs: str, *, name: str = "") -> str:
    """Return KML 2.2: one line a team, named after the plan."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        f"<name>{_text(name or _KML_NAME)}</name>\n"
    ]
    for route in plan.routes:
        points = " ".join(f"{lon:.7f},{lat:.7f}" for lon, lat in route_degrees(route, crs).tolist())
        parts.append(
            f"<Placemark><name>{_text(route_title(route, name))}</name>"
            f"<description>{_text(route_words(route))}</description>"
            f"<LineString><tessellate>1</tessellate><coordinates>{points}</coordinates>"
            "</LineString></Placemark>\n"
        )
    parts.append("</Document></kml>\n")
    return "".join(parts)


def plan_frame(plan: Plan, crs: str) -> geopandas.GeoDataFrame:
    """Return one row a team: its figures and its line, in the grid's CRS."""
    return geopandas.GeoDataFrame(
        {
            "team": [r.team for r in plan.routes],
            "length_m": [r.length_m for r in plan.routes],
            "hours": [r.duration_s / 3600 for r in plan.routes],
            "cells": [r.cells for r in plan.routes],
            "gain": [r.gain for r in plan.routes],
        },
        geometry=[
            shapely.LineString(r.line if len(r.line) > 1 else r.line[[0, 0]]) for r in plan.routes
        ],
        crs=crs,
    )


def write_plan(path: Path, plan: Plan, crs: str, *, sheet: str = "") -> None:
    """Write a plan by the ending of its name; the file appears when it is whole.

    Args:
        path: Ends in one of :data:`SUFFIXES`.
        plan: The routes.
        crs: Of the routes' lines.
        sheet: The text of the printable sheet, for ``.html``.

    Raises:
        UsageError: The folder is missing or can't be written.
    """
    with replaced_file(path) as temp:
        if path.suffix.lower() == ".gpkg":
            frame = plan_frame(plan, crs)
            frame.to_file(temp, layer="routes", driver="GPKG", engine="pyogrio")
            return
        texts = {".gpx": plan_gpx, ".kml": plan_kml}
        writer = texts.get(path.suffix.lower())
        temp.write_text(sheet if writer is None else writer(plan, crs), encoding="utf-8")


def _text(words: str) -> str:
    return escape(_NOT_XML.sub("", words))
