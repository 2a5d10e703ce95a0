"""A county that was searched: walks, a survey's outline that clears ground, roads, an elevation model."""

from __future__ import annotations

import json
from pathlib import Path

import county_builder as county
import numpy as np
import rasterio
from patrol_builders import EAST, WEST, Office, at, wander
from rasterio.transform import from_origin

# A field of the western township that pictures show whole, some 60 cells, all of them cleared.
FIELD = (county.WEST + 0.002, county.SOUTH + 0.011, county.WEST + 0.010, county.SOUTH + 0.019)


def polygon(west: float, south: float, east: float, north: float, **properties: object) -> dict:
    geometry = {"type": "Polygon", "coordinates": county.box(west, south, east, north)}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def line(*points: tuple[float, float], **properties: object) -> dict:
    geometry = {"type": "LineString", "coordinates": [list(point) for point in points]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_layer(path: Path, *features: dict) -> Path:
    document = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return path


def write_survey(folder: Path, **properties: object) -> Path:
    """An outline of an outside survey that found 95 % of what was there."""
    stated = {"kind": "survey", "taken": "2026-05-15", "rate": 0.95, "patch_m2": 1} | properties
    return write_layer(folder / "survey.geojson", polygon(*FIELD, name="外部航测", **stated))


def write_roads(folder: Path) -> Path:
    """A road along the county's southern border."""
    south = county.SOUTH - 0.001
    road = line((county.WEST, south), (county.WEST + 2 * county.WIDTH, south), name="县道")
    return write_layer(folder / "roads.geojson", road)


def write_heights(folder: Path) -> Path:
    """Ground that climbs from 200 m in the west to 1400 m in the east, a little steeper north."""
    path = folder / "dem.tif"
    step = 0.001
    col, row = np.meshgrid(np.arange(60), np.arange(40))
    heights = 200 + 20.0 * col + 3.0 * (40 - row)
    transform = from_origin(county.WEST - 0.01, county.SOUTH + 0.03, step, step)
    profile = {"driver": "GTiff", "width": 60, "height": 40, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as out:
        out.write(heights.astype(np.float32), 1)
    return path


def walked(office: Office) -> None:
    """A walk of each township's unit on 14 May."""
    office.add("west.gpx", wander(2).recorded(1), unit_code=WEST, team="一组")
    office.add(
        "east.gpx", wander(3, x_m=2200, start_s=at(13)).recorded(2), unit_code=EAST, team="二组"
    )
