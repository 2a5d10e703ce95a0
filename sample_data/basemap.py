"""A calm base map of the simulated terrain: shaded relief, water, roads and villages as tiles."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rasterio.transform import Affine, from_origin
from rasterio.warp import Resampling, reproject

from geoinspect.crs import WGS84, transform_xy
from sample_data.areas import Tree
from sample_data.manifest import NOTE
from sample_data.terrain import RIVER_AREA_M2, Terrain
from sample_data.trails import Trails, smoothed
from sample_data.water import streams

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
U1 = NDArray[np.uint8]

_MERCATOR = "EPSG:3857"
_HALF_M = 20037508.342789244
_TILE_PX = 256
MIN_ZOOM, MAX_ZOOM = 8, 14

_PAPER_RGB = (246, 247, 245)
_PAPER = np.array(_PAPER_RGB, np.float32)
_TINTS = np.array(
    [(224, 231, 213), (233, 235, 216), (239, 234, 217), (236, 228, 214), (243, 240, 234)],
    np.float32,
)
_WATER = (171, 200, 218)
_ROAD = (252, 250, 244)
_ROAD_EDGE = (201, 190, 172)
_PLACE = (112, 100, 90)
_FADE_M = 1200.0


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """One line (or, with both ends in one place, a dot) to draw.

    Attributes:
        points: In Web Mercator, shape (n, 2).
        width_px: At zoom 14, shape (n,).
        least_px: Where it would be narrower, it is left out.
    """

    colour: tuple[int, int, int]
    points: F8
    width_px: F8
    least_px: float


def write_dem(path: Path, terrain: Terrain) -> None:
    """Write the terrain as a GeoTIFF of whole decimetres."""
    height = np.round(terrain.height_m, 1).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height.shape[0],
        width=height.shape[1],
        count=1,
        dtype="float32",
        crs=terrain.crs,
        transform=_transform(terrain),
        compress="deflate",
        predictor=3,
        tiled=True,
    ) as out:
        out.update_tags(TIFFTAG_IMAGEDESCRIPTION=NOTE)
        out.units = ("m",)
        out.write(height, 1)


def write_basemap(
    path: Path, terrain: Terrain, tree: Tree, trails: Trails, *, max_zoom: int = MAX_ZOOM
) -> None:
    """Write MBTiles in Web Mercator, zoom 8 to ``max_zoom``."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT)")
        database.execute(
            "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, "
            "tile_data BLOB, PRIMARY KEY (zoom_level, tile_column, tile_row))"
        )
        database.executemany(
            "INSERT INTO metadata VALUES (?, ?)", _metadata(terrain, max_zoom).items()
        )
        database.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)",
            _tiles(terrain, _ink(terrain, tree, trails), max_zoom),
        )
        database.commit()


def _metadata(terrain: Terrain, max_zoom: int) -> dict[str, str]:
    west, south, east, north = _bounds(terrain)
    lon, lat = transform_xy(_MERCATOR, WGS84, np.array([west, east]), np.array([south, north]))
    return {
        "name": "模拟地形 simulated terrain",
        "format": "png",
        "type": "baselayer",
        "version": "1",
        "description": NOTE,
        "attribution": "模拟地形 simulated terrain",
        "bounds": f"{lon[0]:.6f},{lat[0]:.6f},{lon[1]:.6f},{lat[1]:.6f}",
        "center": f"{lon.mean():.6f},{lat.mean():.6f},11",
        "minzoom": str(MIN_ZOOM),
        "maxzoom": str(max_zoom),
    }


def _transform(terrain: Terrain) -> Affine:
    return from_origin(terrain.west_m, terrain.north_m, terrain.step_m, terrain.step_m)


def _bounds(terrain: Terrain) -> tuple[float, float, float, float]:
    rows, cols = terrain.height_m.shape
    x = terrain.west_m + np.array([0, cols, 0, cols]) * terrain.step_m
    y = terrain.north_m - np.array([0, 0, rows, rows]) * terrain.step_m
    x, y = transform_xy(terrain.crs, _MERCATOR, x, y)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _ink(terrain: Terrain, tree: Tree, trails: Trails) -> list[Ink]:
    """Return everything drawn on the ground, in the order in which it is laid."""

    def moved(line: F8) -> F8:
        return np.column_stack(transform_xy(terrain.crs, _MERCATOR, line[:, 0], line[:, 1]))

    inks = [Ink(_WATER, moved(line), widths, 0.0) for line, widths in _streams(terrain)]
    roads = [moved(road) for road in trails.roads]
    inks += [Ink(_ROAD_EDGE, road, np.full(len(road), 4.0), 1.5) for road in roads]
    inks += [Ink(_ROAD, road, np.full(len(road), 2.4), 1.5) for road in roads]
    for level, size_px in (("village", 6.0), ("township", 11.0)):
        for area in tree.level(level):
            spot = moved(np.array([area.seat_xy, area.seat_xy]))
            inks.append(Ink(_PLACE, spot, np.full(2, size_px), 2.0))
    return inks


def _ground(terrain: Terrain, target: Affine, shape: tuple[int, int]) -> U1:
    """Return relief and lakes, shape (rows, cols, 3)."""
    picture, shown = _relief(terrain, target, shape)
    lake = _warped(terrain, terrain.lake.astype(np.float32), target, shape)
    _lay(picture, np.clip(np.nan_to_num(lake) * 3 - 1, 0, 1), _WATER)
    picture -= _PAPER
    picture *= shown[:, :, None]
    picture += _PAPER
    return np.asarray(np.clip(picture, 0, 255, out=picture).astype(np.uint8))


def _warped(
    terrain: Terrain,
    field: F4,
    target: Affine,
    shape: tuple[int, int],
    resampling: Resampling = Resampling.bilinear,
) -> F4:
    """Return a field of the terrain on the map's pixels, NaN beyond it."""
    out = np.full(shape, np.nan, np.float32)
    reproject(
        field,
        out,
        src_transform=_transform(terrain),
        src_crs=terrain.crs,
        dst_transform=target,
        dst_crs=_MERCATOR,
        dst_nodata=np.nan,
        resampling=resampling,
        num_threads=2,
    )
    return out


def _relief(terrain: Terrain, target: Affine, shape: tuple[int, int]) -> tuple[F4, F4]:
    """Return tinted and shaded ground, and how much of it is shown (fading at the rim)."""
    height = _warped(terrain, terrain.height_m, target, shape, Resampling.cubic)
    known = np.isfinite(height)
    height = np.where(known, height, np.float32(np.nanmean(height)))
    low, high = (float(value) for value in np.percentile(terrain.height_m, (1, 99.5)))
    at = np.clip((height - low) / (high - low), 0, 1) * (len(_TINTS) - 1.001)
    stops = np.arange(len(_TINTS))
    ground = np.empty((*shape, 3), np.float32)
    for band in range(3):
        ground[:, :, band] = np.interp(at, stops, _TINTS[:, band])
    # Broad forms count as much as single gullies, or the map reads as crumpled paper.
    broad = _warped(terrain, _softened(terrain.height_m, 9), target, shape)
    broad = np.where(known, broad, height)
    facing = 0.4 * _facing(height, target.a) + 0.6 * _facing(broad, target.a)
    shade = np.clip(0.66 + 0.34 * facing, 0.60, 1.05).astype(np.float32)[:, :, None]
    rows, cols = terrain.height_m.shape
    rim = np.minimum.outer(
        np.minimum(np.arange(rows), np.arange(rows)[::-1]),
        np.minimum(np.arange(cols), np.arange(cols)[::-1]),
    )
    fade = np.clip(rim * terrain.step_m / _FADE_M, 0, 1).astype(np.float32)
    shown = np.nan_to_num(_warped(terrain, fade, target, shape))
    ground *= shade
    return ground, np.clip(shown, 0, 1)


def _facing(height: F4, px_m: float) -> F4:
    """Return how much ground faces north-west, as readers of maps expect the light; level is 1."""
    # Web Mercator stretches the ground here by 1 / cos(33.5°).
    south, east = np.gradient(height, np.float32(px_m * 0.83))
    return np.asarray((1 + 0.75 * (south + east)) / np.sqrt(1 + south**2 + east**2))


def _softened(height: F4, span: int) -> F4:
    """Return a running mean over ``span`` cells each way, twice."""
    for axis in (0, 1, 0, 1):
        pads = [(span // 2 + 1, span // 2) if axis == a else (0, 0) for a in (0, 1)]
        total = np.cumsum(np.pad(height, pads, mode="edge"), axis=axis, dtype=np.float64)
        ends = np.take(total, range(span, total.shape[axis]), axis=axis)
        begins = np.take(total, range(total.shape[axis] - span), axis=axis)
        height = ((ends - begins) / span).astype(np.float32)
    return height


def _streams(terrain: Terrain) -> Iterator[tuple[F8, F8]]:
    """Yield lines of running water with their widths in pixels, springs first."""
    drained = terrain.drained_m2.ravel()
    for chain in streams(terrain):
        x, y = terrain.cell_xy(chain)
        line = smoothed(np.column_stack([x, y]), 2)
        width = 1.4 + 0.55 * np.log2(drained[chain] / RIVER_AREA_M2 + 1)
        # Along the rim, where the ground fades, nothing runs on across the empty paper.
        rows, cols = terrain.height_m.shape
        row, col = np.divmod(chain, cols)
        rim = np.minimum.reduce([row, col, rows - 1 - row, cols - 1 - col])
        width *= rim * terrain.step_m > _FADE_M / 2
        yield line, np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(chain)), width)


def _inked(
    ground: U1, inks: list[Ink], corner: tuple[float, float], px_m: float, shrink: float
) -> U1:
    """Return the ground with everything drawn on it that is wide enough at this scale.

    Args:
        ground: Shape (rows, cols, 3).
        inks: What to draw.
        corner: Left and top in Web Mercator.
        px_m: Size of a pixel there.
        shrink: Width of a line here for one pixel at the deepest zoom.
    """
    picture = ground.astype(np.float32)
    rows, cols = picture.shape[:2]
    for colour, group in groupby(inks, key=lambda ink: ink.colour):
        # Drawn twice as large, then halved: smooth edges.
        mask = Image.new("L", (cols * 2, rows * 2))
        pen = ImageDraw.Draw(mask)
        for ink in group:
            # Vertices closer than two pixels cost time and change nothing.
            length_px = float(np.hypot(*np.diff(ink.points, axis=0).T).sum()) / px_m
            every = max(1, int(2 * len(ink.points) / max(length_px, 1.0)))
            pick = np.unique(np.append(np.arange(0, len(ink.points), every), len(ink.points) - 1))
            x = (ink.points[pick, 0] - corner[0]) / px_m * 2
            y = (corner[1] - ink.points[pick, 1]) / px_m * 2
            wide = ink.width_px[pick] * shrink
            width = np.where(wide >= ink.least_px, wide, 0) * 2
            for k in np.flatnonzero(width[1:] > 1.2):
                pen.line((x[k], y[k], x[k + 1], y[k + 1]), fill=255, width=round(width[k + 1]))
                # Round joints: short pieces at an angle would leave notches.
                r = width[k + 1] * 0.48
                pen.ellipse((x[k + 1] - r, y[k + 1] - r, x[k + 1] + r, y[k + 1] + r), fill=255)
        _lay(picture, np.asarray(mask.reduce(2), dtype=np.float32) / np.float32(255), colour)
    return picture.astype(np.uint8)


def _lay(picture: F4, mask: F4, colour: tuple[int, int, int]) -> None:
    rows, cols = np.nonzero(mask > 0)
    share = mask[rows, cols, None]
    picture[rows, cols] += share * (np.array(colour, np.float32) - picture[rows, cols])


def _tiles(
    terrain: Terrain, inks: list[Ink], max_zoom: int
) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield zoom, column, row (counted from the south, as MBTiles does) and PNG."""
    west, south, east, north = _bounds(terrain)
    tile_m = 2 * _HALF_M / 2**max_zoom
    left, top = int((west + _HALF_M) // tile_m), int((_HALF_M - north) // tile_m)
    right, low = int((east + _HALF_M) // tile_m) + 1, int((_HALF_M - south) // tile_m) + 1
    target = from_origin(
        left * tile_m - _HALF_M, _HALF_M - top * tile_m, tile_m / _TILE_PX, tile_m / _TILE_PX
    )
    shape = ((low - top) * _TILE_PX, (right - left) * _TILE_PX)
    ground = Image.fromarray(_ground(terrain, target, shape))
    for zoom in range(max_zoom, MIN_ZOOM - 1, -1):
        tile_m = 2 * _HALF_M / 2**zoom
        corner = (left * tile_m - _HALF_M, _HALF_M - top * tile_m)
        shrink = 0.75 ** (MAX_ZOOM - zoom)
        picture = _inked(np.asarray(ground), inks, corner, tile_m / _TILE_PX, shrink)
        rows, cols = picture.shape[0] // _TILE_PX, picture.shape[1] // _TILE_PX
        for row in range(rows):
            for col in range(cols):
                tile = picture[
                    row * _TILE_PX : (row + 1) * _TILE_PX, col * _TILE_PX : (col + 1) * _TILE_PX
                ]
                yield zoom, left + col, 2**zoom - 1 - top - row, _png(tile)
        # The next level halves this one, so its tiles must pair up from an even number on.
        before = (left % 2, top % 2)
        after = ((left + cols) % 2, (top + rows) % 2)
        size = (cols + before[0] + after[0], rows + before[1] + after[1])
        paired = Image.new("RGB", (size[0] * _TILE_PX, size[1] * _TILE_PX), _PAPER_RGB)
        paired.paste(ground, (before[0] * _TILE_PX, before[1] * _TILE_PX))
        ground = paired.reduce(2)
        left, top = left // 2, top // 2


def _png(tile: U1) -> bytes:
    stream = io.BytesIO()
    small = Image.fromarray(tile).quantize(
        96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    small.save(stream, "PNG", compress_level=7)
    return stream.getvalue()
