"""Tiles of a base map in GCJ-02 (Chinese web maps) laid where they belong on a WGS84 map.

The offset is a few hundred metres and changes slowly, so a tile is a slightly bent part of at most
nine others: its four corners are moved (:mod:`geoinspect.ingest.datum`) and all between them with
them. Where the offset ends (Hong Kong, Macau, Taiwan, abroad) a tile across the line is bent wrongly.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from geoinspect.ingest.datum import wgs84_to_gcj02

TileOf = Callable[[int, int, int], tuple[bytes, str] | None]
_WEBP_QUALITY = 88
_MOST_TILES = 9
_MOST_PX = 1024


def shifted(tile_of: TileOf, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    """Return a WGS84 tile of a GCJ-02 base map as WebP; None where it has nothing.

    Args:
        tile_of: Gives the base map's own tiles.
        z, x, y: Of the tile on the WGS84 map.
    """
    corners = _corners(z, x, y)
    columns = range(math.floor(corners[:, 0].min()), math.floor(corners[:, 0].max()) + 1)
    rows = range(math.floor(corners[:, 1].min()), math.floor(corners[:, 1].max()) + 1)
    if len(columns) * len(rows) > _MOST_TILES:
        return None
    pictures = {}
    for column in columns:
        for row in rows:
            found = tile_of(z, column % (1 << z), row) if 0 <= row < 1 << z else None
            picture = None if found is None else _opened(found[0])
            if picture is not None:
                pictures[column, row] = picture
    if not pictures:
        return None
    side = max(picture.width for picture in pictures.values())
    whole = Image.new("RGBA", (side * len(columns), side * len(rows)))
    for (column, row), picture in pictures.items():
        fitted = picture if picture.size == (side, side) else picture.resize((side, side))
        whole.paste(fitted, (side * (column - columns[0]), side * (row - rows[0])))
    at = ((corners - (columns[0], rows[0])) * side).ravel().tolist()
    made = whole.transform(
        (side, side), Image.Transform.QUAD, data=at, resample=Image.Resampling.BILINEAR
    )
    out = io.BytesIO()
    made.save(out, "WEBP", quality=_WEBP_QUALITY, method=0)
    return out.getvalue(), "image/webp"


def _opened(data: bytes) -> Image.Image | None:
    """Return a tile's picture; None for one that is damaged or larger than tiles are."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            return None if max(picture.size) > _MOST_PX else picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError):
        return None


def _corners(z: int, x: int, y: int) -> np.ndarray:
    """Return where the corners of a WGS84 tile lie among GCJ-02 tiles: north-west, south-west,
    south-east, north-east; shape (4, 2), column and row.
    """
    count = 1 << z
    across = np.array([x, x, x + 1, x + 1], np.float64) / count
    down = np.array([y, y + 1, y + 1, y], np.float64) / count
    lon = (across - 0.5) * 360
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))
    lon, lat = wgs84_to_gcj02(lon, lat)
    across = lon / 360 + 0.5
    down = 0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * np.pi)
    return np.column_stack([across, down]) * count
