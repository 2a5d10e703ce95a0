"""The shapes of one kind that one person asked for, and the tiles of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webmap.tiles.shapes_drawing import BUFFER, drawn_grounds, drawn_lines, in_tile, world
from webmap.tiles.shapes_mvt import EXTENT, Column, Drawn, Layer, encode
from webmap.tiles.shapes_sheets import Kind, Sheet

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Tile = tuple[int, int, int]
# Geometries (WKB) of some rows by number.
Outlines = Callable[[Sequence[int]], Mapping[int, bytes]]

# Where a tile would hold more, there are counts instead.
MOST_IN_TILE: Mapping[Kind, int] = {
    Kind.PATCHES: 2500,
    Kind.CASES: 2500,
    Kind.SITES: 2500,
    Kind.PHOTOS: 2500,
    Kind.TRACKS: 500,
    Kind.SURVEYS: 500,
}
BINS, _BIN_ZOOMS = 16, 4
# So many signs are shown at any zoom; of more, so many to a bin can be told apart.
_FEW, _MOST_IN_BIN = 200, 6
# Beyond this zoom no tiles are asked for: these are shown larger.
DEEPEST_ZOOM = 16
OUTLINE_ZOOM = 16
# Properties of each kind's features, where they have them.
PROPERTIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PATCHES: ("rank", "state", "score", "m2", "survey", "day", "case", "review"),
    Kind.TRACKS: ("unit", "team", "mode", "day", "name", "doubtful"),
    Kind.SURVEYS: ("name", "day", "searched"),
    Kind.CASES: ("number", "state", "overdue", "unit"),
    Kind.SITES: ("name", "state", "unit"),
    Kind.PHOTOS: ("day",),
}
# By which property counts say how many are of each value, and what else they add up.
TALLIED: Mapping[Kind, str] = {
    Kind.PATCHES: "state",
    Kind.TRACKS: "mode",
    Kind.CASES: "state",
    Kind.SITES: "state",
}
SUMMED: Mapping[Kind, tuple[str, ...]] = {
    Kind.TRACKS: ("length_m",),
    Kind.SURVEYS: ("searched",),
    Kind.CASES: ("overdue",),
}
LINES, GROUNDS = frozenset({Kind.TRACKS}), frozenset({Kind.SURVEYS})


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The shapes of a sheet that are wanted.

    Attributes:
        rows: Their places in the sheet, ascending, shape (k,).
        xy: Their middles in shares of the world, shape (k, 2).
        reach: Their boxes likewise: west, north, east, south, shape (k, 4); None for points.
        counts_below_zoom: At smaller zooms there are counts.
    """

    sheet: Sheet
    rows: I8
    xy: F8
    reach: F8 | None
    counts_below_zoom: int

    def __len__(self) -> int:
        return len(self.rows)


def view_of(sheet: Sheet, rows: I8) -> View:
    """Return the view of some rows of a sheet."""
    xy = world(sheet.place[rows])
    reach = None
    if sheet.kind in LINES | GROUNDS:
        box = sheet.box[rows]
        reach = np.hstack([world(box[:, [0, 3]]), world(box[:, [2, 1]])])
    return View(sheet, rows, xy, reach, _counts_below(xy, MOST_IN_TILE[sheet.kind]))


def _counts_below(xy: F8, most: int) -> int:
    """Return the smallest zoom from which on signs can be told apart: no tile holds more than so
    many middles, and where there are many, a bin that holds any holds a few.
    """
    found = DEEPEST_ZOOM
    deep = DEEPEST_ZOOM + _BIN_ZOOMS
    keys, counts = _gathered(np.floor(xy * (1 << deep)).astype(np.int64), np.ones(len(xy)))
    for zoom in range(DEEPEST_ZOOM, -1, -1):
        _, held = _gathered(keys >> _BIN_ZOOMS, counts)
        crowded = len(xy) > _FEW and len(xy) > _MOST_IN_BIN * len(keys)
        if crowded or held.max(initial=0) > most:
            return found
        found = zoom
        keys, counts = _gathered(keys >> 1, counts)
    return found


def _gathered(squares: I8, counts: F8) -> tuple[I8, F8]:
    """Return the different squares (column, row), and the sum of the counts of each."""
    packed, which = np.unique((squares[:, 0] << 32) | squares[:, 1], return_inverse=True)
    found = np.column_stack([packed >> 32, packed & 0xFFFFFFFF])
    return found, np.asarray(np.bincount(which, counts, len(packed)), np.float64)


def tile_bytes(view: View, tile: Tile, outlines: Outlines) -> bytes:
    """Return a tile of a view as MVT; nothing where it is empty."""
    if tile[0] < view.counts_below_zoom:
        return encode([counts_layer(view, tile)])
    if view.sheet.kind in LINES | GROUNDS:
        return encode([_shapes_layer(view, tile, outlines)])
    at = in_tile(view.xy, tile)
    inside = ((at >= -BUFFER) & (at < EXTENT + BUFFER)).all(axis=1)
    if np.count_nonzero(inside) > 2 * MOST_IN_TILE[view.sheet.kind]:
        return encode([counts_layer(view, tile)])
    rows = view.rows[inside]
    drawn = Drawn.points(np.rint(at[inside]).astype(np.int64))
    layers = [_layer(view.sheet, view.sheet.kind.value, rows, drawn)]
    if view.sheet.kind is Kind.PATCHES and tile[0] >= OUTLINE_ZOOM and len(rows):
        layers.append(_outlines_layer(view.sheet, rows, tile, outlines))
    return encode(layers)


def counts_layer(view: View, tile: Tile) -> Layer:
    """Return how many shapes there are in each of 16 × 16 bins of a tile.

    A shape is in the bin of its middle, in one bin of one tile; the sign of a bin stands at the
    middle of all that is in it.
    """
    at = in_tile(view.xy, tile)
    inside = ((at >= 0) & (at < EXTENT)).all(axis=1)
    rows, at = view.rows[inside], at[inside]
    step = EXTENT // BINS
    column, row = (np.floor(at[:, k] / step).astype(np.int64) for k in (0, 1))
    bins, which = np.unique(row * BINS + column, return_inverse=True)
    counts = np.bincount(which, minlength=len(bins))
    middle = np.column_stack(
        [np.bincount(which, at[:, k], len(bins)) / np.maximum(counts, 1) for k in (0, 1)]
    )
    corner = np.column_stack([bins % BINS, bins // BINS]) * step
    xy = np.clip(np.floor(middle).astype(np.int64), corner, corner + step - 1)
    columns = [Column("n", counts.astype(np.int64)), *_sums(view.sheet, rows, which, len(bins))]
    return Layer("counts", Drawn.points(xy), columns)


def _sums(sheet: Sheet, rows: I8, which: NDArray[np.intp], count: int) -> list[Column]:
    """Return what the shapes of each bin add up to."""
    found = []
    tallied = TALLIED.get(sheet.kind)
    if tallied is not None:
        values = sheet.facts[tallied].values[rows]
        for value in np.unique(values):
            numbers = np.bincount(which[values == value], minlength=count)
            found.append(Column(str(value), numbers.astype(np.int64), numbers > 0))
    for name in SUMMED.get(sheet.kind, ()):
        total = np.bincount(which, sheet.facts[name].values[rows].astype(np.float64), count)
        found.append(Column(name, np.rint(total).astype(np.int64)))
    return found


def _shapes_layer(view: View, tile: Tile, outlines: Outlines) -> Layer:
    """Return the lines or grounds that reach into a tile."""
    assert view.reach is not None
    z, x, y = tile
    margin = BUFFER / EXTENT
    side = 1.0 / (1 << z)
    west, north = (x - margin) * side, (y - margin) * side
    east, south = (x + 1 + margin) * side, (y + 1 + margin) * side
    reach = view.reach
    near = (reach[:, 0] <= east) & (reach[:, 2] >= west)
    near &= (reach[:, 1] <= south) & (reach[:, 3] >= north)
    rows = view.rows[near]
    blobs = outlines(view.sheet.ids[rows].tolist())
    # Gone since the sheet was made: the next version knows.
    rows = np.array([row for row in rows if int(view.sheet.ids[row]) in blobs], np.int64)
    draw = drawn_lines if view.sheet.kind in LINES else drawn_grounds
    drawn, kept = draw([blobs[int(number)] for number in view.sheet.ids[rows]], tile)
    return _layer(view.sheet, view.sheet.kind.value, rows[kept], drawn)


def _outlines_layer(sheet: Sheet, rows: I8, tile: Tile, outlines: Outlines) -> Layer:
    """Return the outlines of patches whose middles stand in a tile or its margin."""
    blobs = outlines(sheet.ids[rows].tolist())
    rows = np.array([row for row in rows if int(sheet.ids[row]) in blobs], np.int64)
    drawn, kept = drawn_grounds([blobs[int(number)] for number in sheet.ids[rows]], tile)
    return _layer(sheet, "patch_shapes", rows[kept], drawn, ("state",))


def _layer(
    sheet: Sheet, name: str, rows: I8, drawn: Drawn, properties: tuple[str, ...] | None = None
) -> Layer:
    ids = sheet.ids[rows]
    facts = [sheet.facts[fact] for fact in properties or PROPERTIES[sheet.kind]]
    columns = [Column("id", ids)]
    for fact in facts:
        present = None if fact.present is None else fact.present[rows]
        columns.append(Column(fact.name, fact.values[rows], present))
    return Layer(name, drawn, columns, ids)
