"""Write shapes with properties as GeoJSON in WGS84, marked as simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect.crs import WGS84, transform_geometry
from sample_data.manifest import NOTE

# A centimetre on the ground.
_DECIMALS = 7


def write_features(path: Path, rows: Sequence[dict[str, Any]], crs: str) -> None:
    """Write one feature a row.

    Args:
        path: GeoJSON file.
        rows: Properties, and under ``geometry`` a shape in ``crs``.
        crs: CRS of the shapes.
    """
    features = [
        {
            "type": "Feature",
            "properties": {key: value for key, value in row.items() if key != "geometry"},
            "geometry": json.loads(shapely.to_geojson(_degrees(row["geometry"], crs))),
        }
        for row in rows
    ]
    collection = {"type": "FeatureCollection", "note": NOTE, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False) + "\n", "utf-8")


def _degrees(shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    return shapely.transform(transform_geometry(crs, WGS84, shape), _rounded)


def _rounded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(points, _DECIMALS)
