"""A tiny county made by code: areas in four levels, tracks as text, a workspace to put them in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from geoinspect.records import Segment

# South-west corner of the county, on EPSG:4545 ground (central meridian 108° E).
WEST, SOUTH = 107.90, 33.95
# Two townships beside each other, each of two villages; degrees.
WIDTH, HEIGHT = 0.02, 0.02
START = datetime(2026, 5, 14, 0, 30, tzinfo=UTC)


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def feature(
    code: str, name: str, level: str, parent: str | None, ring: object
) -> dict[str, object]:
    properties = {"code": code, "name": name, "level": level, "parent": parent, "unit": f"U{code}"}
    geometry = {"type": "Polygon", "coordinates": ring}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def county_geojson() -> dict[str, object]:
    """One county, two townships, four villages and, in one village, two compartments."""
    w, s, e, n = WEST, SOUTH, WEST + 2 * WIDTH, SOUTH + HEIGHT
    middle, half = WEST + WIDTH, SOUTH + HEIGHT / 2
    features = [
        feature("990100", "试验县", "county", None, box(w, s, e, n)),
        feature("990100001", "东镇", "township", "990100", box(middle, s, e, n)),
        feature("990100002", "西乡", "township", "990100", box(w, s, middle, n)),
        feature("990100001001", "东一村", "village", "990100001", box(middle, s, e, half)),
        feature("990100001002", "东二村", "village", "990100001", box(middle, half, e, n)),
        feature("990100002001", "西一村", "village", "990100002", box(w, s, middle, half)),
        feature("990100002002", "西二村", "village", "990100002", box(w, half, middle, n)),
        feature(
            "990100002001L01",
            "1林班",
            "compartment",
            "990100002001",
            box(w, s, w + WIDTH / 2, half),
        ),
    ]
    return {"type": "FeatureCollection", "features": features}


def write_county(folder: Path) -> Path:
    path = folder / "county.geojson"
    path.write_text(json.dumps(county_geojson(), ensure_ascii=False), encoding="utf-8")
    return path


def walk(points: int = 200, *, offset: float = 0.0) -> np.ndarray:
    """Lon, lat of a walk eastward through both townships, about 10 m between fixes."""
    lon = np.linspace(WEST + 0.002, WEST + 2 * WIDTH - 0.002, points)
    lat = SOUTH + 0.004 + offset + 0.0008 * np.sin(np.linspace(0, 9, points))
    return np.column_stack([lon, lat])


def gpx(
    points: np.ndarray, *, name: str = "巡护1号线", start: datetime | None = START, step_s: int = 9
) -> str:
    """GPX 1.1 text of a track; ``start`` None leaves times out."""
    rows = []
    for i, (lon, lat) in enumerate(points):
        when = ""
        if start is not None:
            moment = start + timedelta(seconds=i * step_s)
            when = f"<time>{moment:%Y-%m-%dT%H:%M:%SZ}</time>"
        rows.append(f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}">{when}</trkpt>')
    title = name.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>{title}</name><trkseg>{''.join(rows)}</trkseg></trk></gpx>"
    )


def segment(
    points: np.ndarray, *, start_s: float = 1_778_718_600.0, step_s: float = 9.0
) -> Segment:
    times = start_s + step_s * np.arange(len(points))
    return Segment(points[:, 0].astype(float), points[:, 1].astype(float), times)
