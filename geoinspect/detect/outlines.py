"""Patches as geometry: blocks to map coordinates, and the GeoPackage that people take away."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import WGS84
from geoinspect.errors import StoreError
from geoinspect.ingest.raster_ground import Placement
from geoinspect.survey_records import Detection

Mask = NDArray[np.bool_]

LAYER = "patches"
COLUMNS = ("patch_id", "rank", "score", "area_m2", "reasons", "state", "raster")


def ground_polygon(
    outline: BaseGeometry, block_px: int, placement: Placement
) -> Polygon | MultiPolygon:
    """Return an outline given in blocks as a valid polygon in the raster's CRS.

    Blocks at the right and bottom edge end where the raster ends.
    """
    ends = [placement.width, placement.height]

    def to_pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(points * block_px, ends)

    ground = placement.to_crs(shapely.transform(outline, to_pixels))
    valid: Polygon | MultiPolygon = shapely.make_valid(ground)
    return valid


def patch_frame(detection: Detection) -> gpd.GeoDataFrame:
    """Return the patches as a table with the columns of the contract, in their CRS.

    ``rank`` is a nullable integer, absent for licensed patches; ``reasons`` is JSON. A table
    without patches says WGS84.
    """
    patches = detection.patches
    frame = gpd.GeoDataFrame(
        {
            "patch_id": np.arange(1, len(patches) + 1, dtype=np.int64),
            "rank": [patch.rank for patch in patches],
            "score": [patch.score for patch in patches],
            "area_m2": [patch.area_m2 for patch in patches],
            "reasons": [json.dumps(dict(patch.reasons), sort_keys=True) for patch in patches],
            "state": [patch.state.value for patch in patches],
            "raster": [patch.raster for patch in patches],
        },
        geometry=[patch.polygon for patch in patches],
        crs=detection.crs or WGS84,
    )
    types = {"rank": "Int64", "score": "float64", "area_m2": "float64"}
    text = dict.fromkeys(("reasons", "state", "raster"), "str")
    return frame.astype({**types, **text})


def write_patches(detection: Detection, path: Path) -> None:
    """Write the patches as layer ``patches`` of a GeoPackage, whole or not at all.

    Raises:
        StoreError: The file can't be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".patches-", dir=path.parent) as folder:
            draft = Path(folder) / "patches.gpkg"
            patch_frame(detection).to_file(
                draft, layer=LAYER, driver="GPKG", engine="pyogrio", geometry_type="Unknown"
            )
            draft.replace(path)
    except OSError as error:
        raise StoreError(
            f"无法写入“{path}”:{error};请检查文件夹、权限和磁盘空间",
            f"cannot write {str(path)!r}: {error}; check the folder, permissions and disk space",
            code="cannot_write",
        ) from error


def burned(shape: Polygon | MultiPolygon, size: tuple[int, int]) -> Mask:
    """Return the cells whose middle a shape covers, (column, row) from the first cell's corner."""
    # rasterio warns of a picture without a place when it lies at (0, 0), and threads can't silence
    # a warning for themselves: step aside.
    place = Affine(1, 0, 1, 0, 1, 1)
    moved = shapely.transform(shape, lambda points: points + 1)
    found = rasterize([moved], out_shape=size, transform=place, dtype="uint8")
    return np.asarray(found, dtype=bool)
