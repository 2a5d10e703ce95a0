"""What points at ground before anybody has been there: sites to watch, and a satellite target list."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84, transform_xy
from sample_data.areas import SampleArea, Tree
from sample_data.features import write_features
from sample_data.manifest import NOTE, Ledger
from sample_data.terrain import Terrain

Row = dict[str, Any]

_KINDS = ("废弃厂房", "大棚", "养殖场", "院落", "采样点")
_QUESTIONS = "门窗是否有人进出;院内外有无疑似植株;棚内种的是什么"
_INTERVAL_DAYS = (14, 21, 30, 45)
_SITES_EACH_TOWN = 3
_BESIDE_M = 60.0
# A satellite places a find to about a pixel, sees most of the larger plots and much that is none.
_OFF_M, _SEEN, _FALSE_TARGETS = 7.0, 0.7, 6
_TARGET_DAY = "2026-05-20"


def write_sites(ledger: Ledger, terrain: Terrain, tree: Tree, rng: np.random.Generator) -> None:
    """Write the list of sites: a few in each township, beside the seats of villages."""
    rows: list[Row] = []
    for town in tree.level("township"):
        villages = tree.below(town.code, "village")
        for _ in range(min(_SITES_EACH_TOWN, len(villages))):
            village = villages[int(rng.integers(len(villages)))]
            rows.append(_site(village, town, len(rows) + 1, rng))
    relative = "leads/sites.geojson"
    write_features(ledger.path(relative), rows, terrain.crs)
    ledger.add(relative, "sites", count=len(rows))


def write_targets(
    ledger: Ledger,
    terrain: Terrain,
    tree: Tree,
    planted: Sequence[BaseGeometry],
    rng: np.random.Generator,
) -> None:
    """Write the target list: most of what was planted, a little off, and places where nothing is."""
    seen = [shape.centroid for shape in planted if rng.random() < _SEEN]
    places = [(one.x + rng.normal(0, _OFF_M), one.y + rng.normal(0, _OFF_M)) for one in seen]
    villages = tree.level("village")
    for _ in range(_FALSE_TARGETS):
        west, south, east, north = villages[int(rng.integers(len(villages)))].polygon.bounds
        places.append((rng.uniform(west, east), rng.uniform(south, north)))
    order = rng.permutation(len(places))
    x, y = np.array([places[k] for k in order]).T
    lon, lat = transform_xy(terrain.crs, WGS84, x, y)
    relative = "leads/targets.csv"
    _write_table(ledger.path(relative), lon, lat)
    ledger.add(relative, "targets", count=len(places))


def _site(village: SampleArea, town: SampleArea, number: int, rng: np.random.Generator) -> Row:
    x, y = village.seat_xy
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    side_m = rng.uniform(15, 40)
    middle = shapely.Point(x + rng.normal(0, _BESIDE_M), y + rng.normal(0, _BESIDE_M))
    return {
        "code": f"BW{number:03d}",
        "name": f"{village.name}{kind}(模拟)",
        "kind": kind,
        "interval_days": int(rng.choice(_INTERVAL_DAYS)),
        "unit": town.unit,
        "checklist": _QUESTIONS,
        "note": NOTE,
        "geometry": middle.buffer(side_m / 2, cap_style="square"),
    }


def _write_table(path: Path, lon: np.ndarray, lat: np.ndarray) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["靶标编号", "经度", "纬度", "发现日期", "备注"])
        for number, (east, north) in enumerate(zip(lon, lat, strict=True), start=1):
            out.writerow([f"TM-{number:03d}", f"{east:.6f}", f"{north:.6f}", _TARGET_DAY, NOTE])
