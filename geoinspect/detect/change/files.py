"""Changes as tables: JSON for programs, a GeoPackage to take away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from geoinspect.crs import WGS84, transform_geometry
from geoinspect.detect.change.alignment import Alignment
from geoinspect.detect.change.compare import Change
from geoinspect.files import replaced_file

LAYER = "changes"


def change_json(change: Change, crs: str) -> dict[str, object]:
    """Return one change for programs; its place is that in the later survey, WGS84."""
    ground = transform_geometry(crs, WGS84, change.polygon)
    point = ground.representative_point()
    return {
        "state": change.state.value,
        "uncertain": change.uncertain,
        "before": change.before,
        "after": change.after,
        "area_before_m2": round(change.area_before_m2, 1),
        "area_after_m2": round(change.area_after_m2, 1),
        **change.figures.as_json(),
        "point": [round(point.x, 7), round(point.y, 7)],
        "bbox": [round(value, 7) for value in ground.bounds],
        "reason": change.reason.en,
        "reason_zh": change.reason.zh,
    }


def write_changes(changes: Sequence[Change], alignment: Alignment, path: Path) -> None:
    """Write changes as layer ``changes`` of a GeoPackage, whole or not at all.

    Raises:
        UsageError: The folder is missing or can't be written.
        StoreError: The disk is full or fails.
    """
    names = ("before", "after")
    rows = [change_json(change, alignment.crs) for change in changes]
    columns = [
        "state",
        "uncertain",
        *names,
        "area_before_m2",
        "area_after_m2",
        *(changes[0].figures.as_json() if changes else ()),
        "reason",
        "reason_zh",
    ]
    frame = gpd.GeoDataFrame(
        {column: [row[column] for row in rows] for column in columns},
        geometry=[change.polygon for change in changes],
        crs=alignment.crs,
    ).astype({"state": "str", "uncertain": "bool", **dict.fromkeys(names, "Int64")})
    frame = frame.astype(dict.fromkeys(("reason", "reason_zh"), "str"))
    with replaced_file(path) as draft:
        frame.to_file(draft, layer=LAYER, driver="GPKG", engine="pyogrio", geometry_type="Unknown")
