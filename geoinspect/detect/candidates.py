"""From marked blocks to candidates: pieces found in windows, joined across them.

Pieces keep whole block numbers until the end, so joining them is exact: the candidates of a
raster are the same for any layout of windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features
from shapely.geometry import shape as geometry_shape
from shapely.geometry.base import BaseGeometry

from geoinspect.detect.detector import Evidence
from geoinspect.detect.kernels import label_pieces

I4 = NDArray[np.int32]


@dataclass(slots=True)
class Piece:
    """Marked blocks that hang together inside one core; sums, so that pieces can be added.

    Attributes:
        blocks: How many.
        strength: Sum of the blocks' evidence.
        cues: The same for each cue.
        outlines: Polygons in blocks of the raster's grid (column, row).
    """

    blocks: int
    strength: float
    cues: dict[str, float]
    outlines: list[BaseGeometry]

    def add(self, other: Piece) -> None:
        """Take another piece in."""
        self.blocks += other.blocks
        self.strength += other.strength
        self.cues = {name: value + other.cues[name] for name, value in self.cues.items()}
        self.outlines += other.outlines


@dataclass(frozen=True, slots=True)
class Candidate:
    """Ground that hangs together and was marked.

    Attributes:
        blocks: How many blocks.
        strength: Mean evidence of its blocks.
        cues: The same for each cue.
        outline: In blocks of the raster's grid (column, row).
    """

    blocks: int
    strength: float
    cues: Mapping[str, float]
    outline: BaseGeometry


@dataclass(slots=True)
class Collector:
    """Takes the evidence of cores in reading order and gives the candidates of the raster.

    Attributes:
        cols: Columns of blocks of the raster.
        least_blocks: Smaller pieces that touch no other core are dropped at once.
    """

    cols: int
    least_blocks: float
    _pieces: list[Piece] = field(default_factory=list)
    _parent: list[int] = field(default_factory=list)
    _above: I4 = field(init=False)
    _below: I4 = field(init=False)
    _left: I4 = field(init=False)
    _rows: tuple[int, int] = (-1, -1)
    _next_col: int = 0

    def __post_init__(self) -> None:
        self._above, self._below = self._no_pieces(), self._no_pieces()
        self._left = np.empty(0, dtype=np.int32)

    def add(self, evidence: Evidence, origin: tuple[int, int]) -> None:
        """Take the evidence of the next core, whose first block is at ``origin``.

        Cores without ground may be left out.
        """
        row, col = origin
        rows, cols = evidence.marked.shape
        if row != self._rows[0]:
            self._above = self._below if row == self._rows[1] else self._no_pieces()
            self._below = self._no_pieces()
            self._rows = (row, row + rows)
            self._next_col = 0
        if col == 0 or col != self._next_col:
            self._left = np.full(rows, -1, dtype=np.int32)
        labels, count = label_pieces(evidence.marked)
        mine = self._keep(labels, count, evidence, origin)[labels]
        self._join(mine[0], self._above[col : col + cols])
        self._join(mine[:, 0], self._left)
        self._below[col : col + cols] = mine[-1]
        self._left, self._next_col = mine[:, -1], col + cols

    def _no_pieces(self) -> I4:
        return np.full(self.cols, -1, dtype=np.int32)

    def candidates(self) -> Iterable[Candidate]:
        """Yield what hangs together, in no particular order."""
        for number, piece in enumerate(self._pieces):
            root = self._root(number)
            if root != number:
                self._pieces[root].add(piece)
        for number, piece in enumerate(self._pieces):
            if self._parent[number] == number and piece.blocks >= self.least_blocks:
                outline = shapely.normalize(shapely.simplify(shapely.union_all(piece.outlines), 0))
                cues = {name: value / piece.blocks for name, value in piece.cues.items()}
                yield Candidate(piece.blocks, piece.strength / piece.blocks, cues, outline)

    def _keep(self, labels: I4, count: int, evidence: Evidence, origin: tuple[int, int]) -> I4:
        """Store the pieces of a core that may matter; return their numbers by label, else −1."""
        flat = labels.ravel()
        blocks = np.bincount(flat, minlength=count + 1)
        rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        kept = blocks >= self.least_blocks
        kept[rim] = True
        kept[0] = False
        numbers = np.full(count + 1, -1, dtype=np.int32)
        chosen = np.flatnonzero(kept)
        if not len(chosen):
            return numbers
        numbers[chosen] = np.arange(len(chosen), dtype=np.int32) + len(self._pieces)
        outlines = _outlines(np.where(kept[labels], labels, 0).astype(np.int32), origin)
        strength = np.bincount(flat, evidence.strength.ravel(), count + 1)
        cues = {n: np.bincount(flat, v.ravel(), count + 1) for n, v in evidence.cues.items()}
        for label in chosen:
            sums = {name: float(values[label]) for name, values in cues.items()}
            found = outlines[int(label)]
            self._parent.append(len(self._pieces))
            self._pieces.append(Piece(int(blocks[label]), float(strength[label]), sums, found))
        return numbers

    def _join(self, mine: I4, others: I4) -> None:
        """Join pieces that lie side by side across a seam; −1 is no piece."""
        touching = (mine >= 0) & (others >= 0)
        for a, b in {*zip(mine[touching].tolist(), others[touching].tolist(), strict=True)}:
            first, second = sorted((self._root(a), self._root(b)))
            self._parent[second] = first

    def _root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number


def least_blocks(min_area_m2: float, block_area_m2: float) -> float:
    """Return the fewest blocks that can have an area, with a little room for varying scale."""
    return max(1.0, math.floor(0.99 * min_area_m2 / block_area_m2))


def _outlines(labels: I4, origin: tuple[int, int]) -> dict[int, list[BaseGeometry]]:
    """Return the polygons of each label, in blocks of the raster's grid."""
    found: dict[int, list[BaseGeometry]] = {}
    shift = np.array([origin[1], origin[0]])
    for geometry, value in features.shapes(labels, mask=labels > 0, connectivity=4):
        polygon = shapely.transform(geometry_shape(geometry), lambda points: points + shift)
        found.setdefault(int(value), []).append(polygon)
    return found
