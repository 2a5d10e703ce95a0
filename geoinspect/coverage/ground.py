"""The ground of a campaign: which cells it has, and how each cell is shared by areas.

A cell is cut into *pieces*, one for each area whose own ground (its polygon without its
children's) it touches. Piece areas are exact; piece bits split the cell's mask so that every bit
belongs to one piece at most. Sums over pieces therefore agree at every level of the area tree.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.coverage import bits
from geoinspect.coverage.masks import Masks
from geoinspect.errors import AreaError
from geoinspect.grid import Grid

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]

# Overlay leaves slivers of rounding; a piece below this share of a cell is no ground.
SLIVER_SHARE = 1e-7


@dataclass(frozen=True, eq=False)
class Ground:
    """Cells with ground, sorted by row then column, and their pieces.

    Attributes:
        grid: The window of cells.
        side: Bits along a cell's side.
        area_codes: Areas that own pieces; ``piece_area`` indexes into it.
        cell_row, cell_col: Absolute numbers, shape (cells,).
        cell_m2: Ground of each cell, shape (cells,).
        cell_masks: Ground mask of each cell.
        cell_home: Area index that holds most of the cell's ground, shape (cells,).
        piece_cell, piece_area, piece_m2, piece_masks: One row a piece.
    """

    grid: Grid
    side: int
    area_codes: tuple[str, ...]
    cell_row: I4
    cell_col: I4
    cell_m2: F8
    cell_masks: Masks
    cell_home: I4
    piece_cell: I4
    piece_area: I4
    piece_m2: F8
    piece_masks: Masks

    @property
    def words(self) -> int:
        """64-bit words of a mask."""
        return bits.words_of(self.side)

    @property
    def cell_bits(self) -> U8:
        """Ground mask of each cell, shape (cells, words)."""
        return self.cell_masks.dense

    @property
    def piece_bits(self) -> U8:
        """Ground mask of each piece, shape (pieces, words)."""
        return self.piece_masks.dense

    @property
    def bit_m(self) -> float:
        """Side of the square that one bit stands for, metres."""
        return self.grid.cell_m / self.side

    @cached_property
    def index(self) -> I4:
        """Cell number per row and column of the window, -1 where there is no ground."""
        out = np.full((self.grid.rows, self.grid.cols), -1, np.int32)
        out[self.cell_row - self.grid.row0, self.cell_col - self.grid.col0] = np.arange(
            len(self.cell_row), dtype=np.int32
        )
        return out

    @cached_property
    def full(self) -> NDArray[np.bool_]:
        """Which cells are ground all over, shape (cells,)."""
        whole: NDArray[np.bool_] = self.cell_m2 >= self.grid.cell_m**2 * (1 - 1e-9)
        return whole

    def find(self, rows: NDArray[np.integer], cols: NDArray[np.integer]) -> I4:
        """Return the cell number of each absolute row and column, -1 where there is no ground."""
        r, c = rows - self.grid.row0, cols - self.grid.col0
        inside = (r >= 0) & (r < self.grid.rows) & (c >= 0) & (c < self.grid.cols)
        out = np.full(len(rows), -1, np.int32)
        out[inside] = self.index[r[inside], c[inside]]
        return out

    def masks_inside(self, shape: Polygon | MultiPolygon) -> U8:
        """Return the bits of each cell's ground that lie in a shape of the grid's CRS, shape
        (cells, words).
        """
        masks, grid = np.zeros_like(self.cell_bits), self.grid
        edges = polygon_edges(shape)
        bits.fill_polygon(edges, grid.row0, grid.col0, self.index, grid.cell_m, self.side, masks)
        masks &= self.cell_bits
        return masks

    def centres(self) -> tuple[F8, F8]:
        """Return x and y of the middle of every cell in the grid's CRS, shapes (cells,)."""
        x = (self.cell_col.astype(np.float64) + 0.5) * self.grid.cell_m
        y = (self.cell_row.astype(np.float64) + 0.5) * self.grid.cell_m
        return x, y

    def squares(self) -> NDArray[np.object_]:
        """Return the square polygon of every cell in the grid's CRS, shape (cells,)."""
        return self.grid.squares(self.cell_row.astype(np.int64), self.cell_col.astype(np.int64))

    def to_bytes(self) -> bytes:
        """Return the ground as one compressed array file.

        Most cells are ground all over, and most of those lie in one area: their size and mask
        are known without being written.
        """
        edge, part = np.flatnonzero(~self.full), np.flatnonzero(~self._whole_pieces())
        out = io.BytesIO()
        np.savez_compressed(
            out,
            allow_pickle=False,
            area_codes=np.array(self.area_codes, dtype=np.str_),
            window=np.array([self.grid.row0, self.grid.col0, self.grid.rows, self.grid.cols]),
            has_ground=np.packbits(self.index >= 0),
            edge=edge.astype(np.int32),
            edge_m2=self.cell_m2[edge],
            cell_part=self.cell_masks.part,
            cell_bits=self.cell_masks.part_bits,
            cell_home=self.cell_home,
            piece_cell=self.piece_cell,
            piece_area=self.piece_area,
            part=part.astype(np.int32),
            part_m2=self.piece_m2[part],
            piece_part=self.piece_masks.part,
            piece_bits=self.piece_masks.part_bits,
        )
        return out.getvalue()

    def _whole_pieces(self) -> NDArray[np.bool_]:
        """Return which pieces are a whole cell of ground."""
        whole: NDArray[np.bool_] = self.piece_m2 >= self.grid.cell_m**2 * (1 - 1e-9)
        return whole

    @classmethod
    def from_bytes(cls, blob: bytes, *, crs: str, cell_m: float, side: int) -> Ground:
        """Return the ground that :meth:`to_bytes` wrote, now or in an earlier form."""
        with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
            row0, col0, rows, cols = (int(n) for n in arrays["window"])
            grid = Grid(crs, cell_m, row0, col0, rows, cols)
            codes = tuple(str(code) for code in arrays["area_codes"])
            filled = _filled(arrays, grid, side) if "has_ground" in arrays else _plain(arrays, side)
            return cls(grid=grid, side=side, area_codes=codes, **filled)


def _plain(arrays: Mapping[str, Any], side: int) -> dict[str, Any]:
    """Return the arrays of a ground as all were kept at first, one value a cell and piece."""
    names = (
        *("cell_row", "cell_col", "cell_m2", "cell_home"),
        *("piece_cell", "piece_area", "piece_m2"),
    )
    return {
        **{name: arrays[name] for name in names},
        "cell_masks": Masks.of(arrays["cell_bits"], side),
        "piece_masks": Masks.of(arrays["piece_bits"], side),
    }


def _filled(arrays: Mapping[str, Any], grid: Grid, side: int) -> dict[str, Any]:
    """Return the arrays of a ground from what :meth:`Ground.to_bytes` wrote."""
    has = np.unpackbits(arrays["has_ground"], count=grid.rows * grid.cols)
    row, col = np.divmod(np.flatnonzero(has).astype(np.int32), np.int32(grid.cols))
    piece_cell = arrays["piece_cell"]
    cell_m2, piece_m2 = (np.full(n, grid.cell_m**2) for n in (len(row), len(piece_cell)))
    cell_m2[arrays["edge"]] = arrays["edge_m2"]
    piece_m2[arrays["part"]] = arrays["part_m2"]
    return {
        "cell_row": row + np.int32(grid.row0),
        "cell_col": col + np.int32(grid.col0),
        "cell_m2": cell_m2,
        "cell_masks": Masks(len(row), side, arrays["cell_part"], arrays["cell_bits"]),
        "cell_home": arrays["cell_home"],
        "piece_cell": piece_cell,
        "piece_area": arrays["piece_area"],
        "piece_m2": piece_m2,
        "piece_masks": Masks(len(piece_cell), side, arrays["piece_part"], arrays["piece_bits"]),
    }


def make_ground(
    owned: Mapping[str, Polygon | MultiPolygon],
    *,
    crs: str,
    cell_m: float,
    side: int,
    sliver_share: float = SLIVER_SHARE,
) -> Ground:
    """Return the ground of a campaign.

    Args:
        owned: Area code → its own ground, in ``crs``; polygons do not overlap.
        crs: Metric CRS of the grid.
        cell_m: Cell size in metres.
        side: Bits along a cell's side, one of :data:`geoinspect.coverage.bits.SIDES`.
        sliver_share: Pieces smaller than this share of a cell are left out.

    Raises:
        AreaError: No polygon has any ground.
        UsageError: The cell size is wrong for the ground.
    """
    sliver_m2 = sliver_share * cell_m**2
    polygons = {code: shape for code, shape in owned.items() if shape.area > sliver_m2}
    if not polygons:
        raise AreaError(
            "所选辖区没有面积:请检查边界文件",
            "the chosen area has no ground: check its boundary file",
            code="empty_area",
        )
    whole = shapely.MultiPolygon([shapely.box(*shape.bounds) for shape in polygons.values()])
    grid = Grid.over(whole, crs=crs, cell_m=cell_m)
    parts = [_pieces(shape, grid, side, sliver_m2) for shape in polygons.values()]
    keys = np.concatenate([part[0] for part in parts])
    area = np.concatenate([np.full(len(part[0]), i, np.int32) for i, part in enumerate(parts)])
    m2 = np.concatenate([part[1] for part in parts])
    masks = np.concatenate([part[2] for part in parts])

    cells, piece_cell = np.unique(keys, return_inverse=True)
    cell_m2 = np.bincount(piece_cell, weights=m2).astype(np.float64)
    cell_bits = np.zeros((len(cells), bits.words_of(side)), np.uint64)
    bits.or_into(cell_bits, piece_cell.astype(np.int32), masks)
    largest_last = np.lexsort((m2, piece_cell))
    home = np.zeros(len(cells), np.int32)
    home[piece_cell[largest_last]] = area[largest_last]
    return Ground(
        grid=grid,
        side=side,
        area_codes=tuple(polygons),
        cell_row=(cells // grid.cols + grid.row0).astype(np.int32),
        cell_col=(cells % grid.cols + grid.col0).astype(np.int32),
        cell_m2=cell_m2,
        cell_masks=Masks.of(cell_bits, side),
        cell_home=home,
        piece_cell=piece_cell.astype(np.int32),
        piece_area=area,
        piece_m2=m2,
        piece_masks=Masks.of(masks, side),
    )


def _pieces(
    shape: Polygon | MultiPolygon, grid: Grid, side: int, sliver_m2: float
) -> tuple[NDArray[np.int64], F8, U8]:
    """Return each touched cell's key (row · cols + col in the window), exact m² and mask."""
    local = Grid.over(shape, crs=grid.crs, cell_m=grid.cell_m)
    rows, cols = np.divmod(np.arange(local.rows * local.cols), local.cols)
    rows, cols = rows + local.row0, cols + local.col0
    squares = local.squares(rows, cols)
    tree = shapely.STRtree(squares)
    m2 = np.zeros(len(squares))
    m2[tree.query(shape, predicate="contains")] = grid.cell_m**2
    edge = tree.query(shape, predicate="intersects")
    edge = edge[m2[edge] == 0]
    clipped = shapely.intersection(squares[edge], shape)
    m2[edge] = shapely.area(clipped)
    has = np.flatnonzero(m2 > sliver_m2)

    index = np.full(local.rows * local.cols, -1, np.int32)
    index[has] = np.arange(len(has), dtype=np.int32)
    masks = np.zeros((len(has), bits.words_of(side)), np.uint64)
    bits.fill_polygon(
        polygon_edges(shape),
        local.row0,
        local.col0,
        index.reshape(local.rows, local.cols),
        grid.cell_m,
        side,
        masks,
    )
    _give_slivers_a_bit(masks, clipped, index[edge], rows[edge], cols[edge], grid.cell_m, side)
    key = (rows[has] - grid.row0) * grid.cols + (cols[has] - grid.col0)
    return key.astype(np.int64), m2[has], masks


def _give_slivers_a_bit(
    masks: U8,
    clipped: NDArray[np.object_],
    number: I4,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    cell_m: float,
    side: int,
) -> None:
    """Set one bit in pieces too small to hold a bit's centre: no ground may be unseeable."""
    for k in np.flatnonzero(number >= 0):
        if masks[number[k]].any():
            continue
        point = clipped[k].representative_point()
        c = min(max(math.floor((point.x - cols[k] * cell_m) / cell_m * side), 0), side - 1)
        r = min(max(math.floor((point.y - rows[k] * cell_m) / cell_m * side), 0), side - 1)
        position = r * side + c
        masks[number[k], position >> 6] |= np.uint64(1) << np.uint64(position & 63)


def polygon_edges(shape: Polygon | MultiPolygon) -> F8:
    """Return every ring edge of a polygon as x0, y0, x1, y1; shape (n, 4)."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    edges = [np.hstack([ring[:-1], ring[1:]]) for ring in map(shapely.get_coordinates, rings)]
    return np.concatenate(edges) if edges else np.empty((0, 4))
