"""Coverage added up by area, so that the numbers agree from village to county."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.coverage import bits
from geoinspect.coverage.cells import STATES, CellTable
from geoinspect.coverage.ground import Ground
from geoinspect.records import CellState

F8 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CoverageSum:
    """Coverage of one area.

    Ground (``_m2``) is shared exactly between areas. A cell is counted once, in the area that
    holds most of it, so cell counts add up too. Touched, covered and cleared are nested.
    """

    area_m2: float = 0.0
    seen_m2: float = 0.0
    unseen_m2: float = 0.0
    touched_m2: float = 0.0
    covered_m2: float = 0.0
    cleared_m2: float = 0.0
    length_m: float = 0.0
    cells: int = 0
    unseen: int = 0
    touched: int = 0
    covered: int = 0
    cleared: int = 0

    def __add__(self, other: CoverageSum) -> CoverageSum:
        return CoverageSum(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def seen_fraction(self) -> float | None:
        """Share of the ground seen; None where there is no ground."""
        return self.seen_m2 / self.area_m2 if self.area_m2 > 0 else None

    def as_json(self) -> dict[str, float | int | None]:
        """Return every figure, areas rounded to 0.1 m²."""
        out: dict[str, float | int | None] = {
            f.name: round(getattr(self, f.name), 1)
            if f.name.endswith(("_m2", "_m"))
            else getattr(self, f.name)
            for f in fields(self)
        }
        share = self.seen_fraction
        out["seen_fraction"] = None if share is None else round(share, 6)
        return out


def own_sums(ground: Ground, table: CellTable) -> dict[str, CoverageSum]:
    """Return the coverage of each area's own ground (without its children's), by area code."""
    n, ranks = len(ground.area_codes), len(STATES)
    looked = np.flatnonzero(table.passes[ground.piece_cell])
    cell, area, m2 = ground.piece_cell[looked], ground.piece_area[looked], ground.piece_m2[looked]
    walked_m = table.length_m[cell] * m2 / ground.cell_m2[cell]

    def by_area(weights: F8) -> F8:
        return np.bincount(area, weights=weights, minlength=n).astype(np.float64)

    # One count by area and state; what has reached a state is all from there on.
    place = ground.piece_area * ranks + table.state[ground.piece_cell]
    state_m2 = np.bincount(place, ground.piece_m2, n * ranks).reshape(n, ranks)
    home = ground.cell_home * ranks + table.state
    state_cells = np.bincount(home, minlength=n * ranks).reshape(n, ranks)
    columns: dict[str, NDArray[np.generic]] = {
        "area_m2": state_m2.sum(axis=1),
        "seen_m2": by_area(m2 * _seen_shares(ground, table, looked)),
        "length_m": by_area(walked_m),
        "cells": state_cells.sum(axis=1),
    }
    for rank, name in enumerate(STATES):
        reached = slice(rank, rank + 1 if name is CellState.UNSEEN else ranks)
        columns[f"{name}_m2"] = state_m2[:, reached].sum(axis=1)
        columns[name.value] = state_cells[:, reached].sum(axis=1)
    return {
        code: CoverageSum(**{name: column[i].item() for name, column in columns.items()})
        for i, code in enumerate(ground.area_codes)
    }


def _seen_shares(ground: Ground, table: CellTable, pieces: NDArray[np.intp]) -> F8:
    """Return the share of some pieces that was seen, shape of ``pieces``.

    Only pieces of cells that are split and seen in part need their bits counted.
    """
    share: F8 = table.seen_fraction[ground.piece_cell[pieces]]
    split = ground.piece_m2[pieces] < ground.cell_m2[ground.piece_cell[pieces]]
    part = np.flatnonzero((share > 0) & (share < 1) & split)
    chosen = pieces[part].astype(np.int32)
    masks, rows = ground.piece_masks.rows(chosen), np.arange(len(chosen), dtype=np.int32)
    seen = bits.count_common(table.seen_bits, ground.piece_cell[chosen], masks, rows)
    share[part] = seen / np.maximum(ground.piece_masks.counts[chosen], 1)
    return share


def polygon_sum(ground: Ground, table: CellTable, shape: Polygon | MultiPolygon) -> CoverageSum:
    """Return the coverage of the campaign's ground inside any polygon.

    A cell counts where the polygon holds most of its ground; ground is shared exactly.

    Args:
        ground: The campaign's cells.
        table: Their figures.
        shape: In the grid's CRS.
    """
    inside = ground.masks_inside(shape)
    cells = np.flatnonzero(inside.any(axis=1)).astype(np.int32)
    of_ground = np.maximum(ground.cell_masks.counts[cells], 1)
    rows = np.arange(len(cells), dtype=np.int32)
    chosen = inside[cells]
    share = bits.count_bits(chosen) / of_ground
    seen = bits.count_common(table.seen_bits, cells, chosen, rows) / of_ground
    m2, state, home = ground.cell_m2[cells], table.state[cells], share >= 0.5
    figures: dict[str, float | int] = {
        "area_m2": float((m2 * share).sum()),
        "seen_m2": float((m2 * seen).sum()),
        "length_m": float((table.length_m[cells] * share).sum()),
        "cells": int(home.sum()),
    }
    for rank, name in enumerate(STATES):
        reached = state == rank if name is CellState.UNSEEN else state >= rank
        figures[f"{name}_m2"] = float((m2 * share)[reached].sum())
        figures[name.value] = int((reached & home).sum())
    return CoverageSum(**figures)  # type: ignore[arg-type]


def tree_sums(
    own: Mapping[str, CoverageSum], parents: Mapping[str, str | None]
) -> dict[str, CoverageSum]:
    """Return the coverage of every area with all that lies below it.

    Args:
        own: Coverage of each area's own ground; areas without any may be missing.
        parents: Code → parent's code, None for a root. An area that is its own ancestor counts
            as a root, so that a circle in stored data can neither hang nor count twice.
    """
    total = {code: own.get(code, CoverageSum()) for code in parents}
    ways = {code: _ancestors(code, parents) for code in parents}
    for code in sorted(parents, key=lambda c: len(ways[c]), reverse=True):
        parent = parents[code]
        if parent is not None and parent in total and code not in ways[code]:
            total[parent] = total[parent] + total[code]
    return total


def _ancestors(code: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the way up from an area, nearest first; in a circle, once round."""
    way: list[str] = []
    at = parents[code]
    while at is not None and at in parents and at not in way:
        way.append(at)
        at = parents[at]
    return way
