"""The same county as a plain folium page: everything as GeoJSON in one file, as people begin."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from big_county_ground import HEIGHT_DEG, LAT_M, LON_M, SOUTH, WEST, WIDTH_DEG
from playwright.sync_api import BrowserContext, Route

VENDOR = Path(__file__).resolve().parents[1] / "webmap/static/vendor/leaflet"
COLOURS = {"unseen": "#d7191c", "partly": "#fdae61", "seen": "#1a9641"}
DIGITS = 7
CELL_M = 100.0


def rows_of(folder: Path, table: str) -> Iterator[tuple[int, Any]]:
    """Yield number and geometry of every row of a table."""
    with sqlite3.connect(f"file:{folder / 'geoinspect.db'}?mode=ro", uri=True) as database:
        yield from database.execute(f"SELECT id, geometry FROM {table}")


def shapes(folder: Path, table: str) -> dict[str, Any]:
    """Return all of a table as GeoJSON with 7 decimals."""
    numbers, wkb = zip(*rows_of(folder, table), strict=True)
    made = shapely.set_precision(shapely.from_wkb(np.array(wkb, dtype=object)), 10.0**-DIGITS)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": str(n),
                "properties": {"id": n},
                "geometry": json.loads(text),
            }
            for n, text in zip(numbers, shapely.to_geojson(made), strict=True)
        ],
    }


def cells() -> dict[str, Any]:
    """Return squares of 100 m over the county, as many as the campaign has cells, in 3 states."""
    columns, rows = int(WIDTH_DEG * LON_M / CELL_M), int(HEIGHT_DEG * LAT_M / CELL_M)
    states = np.random.default_rng(1).choice(list(COLOURS), size=(columns, rows))
    x = np.round(WEST + np.arange(columns + 1) * CELL_M / LON_M, DIGITS).tolist()
    y = np.round(SOUTH + np.arange(rows + 1) * CELL_M / LAT_M, DIGITS).tolist()
    features = []
    for i in range(columns):
        w, e = x[i], x[i + 1]
        for j in range(rows):
            s, n = y[j], y[j + 1]
            ring = [[w, s], [e, s], [e, n], [w, n], [w, s]]
            features.append(
                {
                    "type": "Feature",
                    "id": f"{i}-{j}",
                    "properties": {"state": str(states[i, j])},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
    return {"type": "FeatureCollection", "features": features}


def write_page(folder: Path, file: Path, *, whole: bool) -> str:
    """Write the page; returns what is on it. Not ``whole``: the patches alone."""
    made = folium.Map(
        location=[SOUTH + HEIGHT_DEG / 2, WEST + WIDTH_DEG / 2], zoom_start=10, tiles=None
    )
    parts = [("patches", shapes(folder, "patch"))]
    if whole:
        ground = cells()
        colour = lambda one: {"color": COLOURS[one["properties"]["state"]], "weight": 0.5}  # noqa: E731
        folium.GeoJson(ground, style_function=colour).add_to(made)
        parts = [("cells", ground), ("tracks", shapes(folder, "track")), *parts]
    for name, found in parts:
        if name != "cells":
            folium.GeoJson(found).add_to(made)
    made.save(str(file))
    return ", ".join(f"{len(found['features']):,} {name}" for name, found in parts)


def without_network(context: BrowserContext) -> None:
    """Answer folium's other assets with nothing, and Leaflet with our copy: in its favour."""

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        own = {"leaflet.js": "leaflet.js", "leaflet.css": "leaflet.css"}.get(name)
        body = (VENDOR / own).read_bytes() if own else b""
        route.fulfill(status=200, body=body, headers={"Content-Type": kind})

    context.route(lambda url: url.startswith("https://"), answer)
