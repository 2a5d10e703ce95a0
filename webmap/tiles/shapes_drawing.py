"""Outlines and lines as a tile shows them: in tile units, thinned, cut at its margin, on the grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from webmap.tiles.shapes_mvt import EXTENT, Drawn, Form

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Lines reach this far over the edge, so that no seam shows.
BUFFER = 64
# A quarter of a pixel of a tile drawn 512 pixels wide.
_THIN = 2.0
# Web Mercator ends here; what lies beyond is drawn at its edge.
MOST_LAT_DEG = 85.0511


def world(place: F8) -> F8:
    """Return places in shares of the Web Mercator square from its north-west corner.

    Args:
        place: Longitude and latitude, WGS84, shape (n, 2).

    Returns:
        Shape (n, 2), each from 0 to less than 1. Source: EPSG:3857 as web maps use it.
    """
    turn = np.radians(np.clip(place[:, 1], -MOST_LAT_DEG, MOST_LAT_DEG))
    x = place[:, 0] / 360 + 0.5
    y = 0.5 - np.arcsinh(np.tan(turn)) / (2 * np.pi)
    return np.clip(np.column_stack([x, y]), 0.0, np.nextafter(1.0, 0.0))


def in_tile(xy: F8, tile: tuple[int, int, int]) -> F8:
    """Return world places in the units of a tile (z, x, y)."""
    z, x, y = tile
    return np.asarray((xy * float(1 << z) - np.array([x, y], np.float64)) * EXTENT, np.float64)


def drawn_lines(blobs: Sequence[bytes], tile: tuple[int, int, int]) -> tuple[Drawn, I8]:
    """Return lines (WKB, WGS84) as a tile shows them, and which of them reach into it."""
    parts, whose = shapely.get_parts(shapely.from_wkb(list(blobs)), return_index=True)
    parts, whose = _near(parts, whose, tile)
    thin = shapely.simplify(parts, _THIN, preserve_topology=False)
    cut = shapely.clip_by_rect(thin, -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    pieces, piece_of = shapely.get_parts(cut, return_index=True)
    xy, point_of = shapely.get_coordinates(pieces, return_index=True)
    return _assembled(Form.LINE, np.rint(xy).astype(np.int64), point_of, whose[piece_of])


def drawn_grounds(blobs: Sequence[bytes], tile: tuple[int, int, int]) -> tuple[Drawn, I8]:
    """Return polygons (WKB, WGS84) as a tile shows them, and which of them reach into it.

    Outer rings run clockwise on the screen and holes the other way, as the format wants.
    """
    parts, whose = shapely.get_parts(shapely.from_wkb(list(blobs)), return_index=True)
    parts, whose = _near(parts, whose, tile)
    cut = shapely.clip_by_rect(
        shapely.simplify(parts, _THIN), -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER
    )
    # On whole numbers a ring may touch itself; this keeps what remains a valid polygon.
    pieces, piece_of = shapely.get_parts(
        shapely.set_precision(shapely.make_valid(cut), 1.0), return_index=True
    )
    flat = shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON
    pieces, piece_of = pieces[flat], piece_of[flat]
    pieces = shapely.orient_polygons(pieces, exterior_cw=False)
    rings, ring_of = shapely.get_rings(pieces, return_index=True)
    xy, point_of = shapely.get_coordinates(rings, return_index=True)
    last = np.append(point_of[1:] != point_of[:-1], True)[: len(point_of)]
    xy, point_of = xy[~last], point_of[~last]
    return _assembled(
        Form.POLYGON, np.rint(xy).astype(np.int64), point_of, whose[piece_of][ring_of]
    )


def _near(
    parts: NDArray[np.object_], whose: I8, tile: tuple[int, int, int]
) -> tuple[NDArray[np.object_], I8]:
    """Return the parts whose boxes reach into a tile, in its units."""
    if not len(parts):
        return parts, whose
    moved = shapely.transform(parts, lambda xy: in_tile(world(xy), tile))
    west, north, east, south = shapely.bounds(moved).T
    edge = EXTENT + BUFFER
    near = (east >= -BUFFER) & (west <= edge) & (south >= -BUFFER) & (north <= edge)
    return moved[near], whose[near]


def _assembled(form: Form, xy: I8, part_of: I8, feature_of_part: I8) -> tuple[Drawn, I8]:
    """Return vertices as features, without repeated vertices and without parts that vanish.

    Args:
        xy: Vertices of all parts.
        part_of: The part of each vertex, rising from 0.
        feature_of_part: The feature of each part, rising.
    """
    if not len(xy):
        nothing = np.zeros(1, np.int64)
        return Drawn(form, np.zeros((0, 2), np.int64), nothing, nothing), np.zeros(0, np.int64)
    fresh = np.ones(len(xy), np.bool_)
    fresh[1:] = (part_of[1:] != part_of[:-1]) | (xy[1:] != xy[:-1]).any(axis=1)
    counts = np.bincount(part_of[fresh], minlength=len(feature_of_part))
    whole = counts >= (3 if form is Form.POLYGON else 2)
    fresh &= whole[part_of]
    owners, first = np.unique(feature_of_part[whole], return_index=True)
    parts = np.concatenate([[0], np.cumsum(counts[whole])])
    features = np.append(first, np.count_nonzero(whole))
    return Drawn(form, xy[fresh], parts, features), owners
