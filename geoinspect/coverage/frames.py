"""The layer ``cells`` of the contract, for whoever writes it."""

from __future__ import annotations

from typing import Protocol

import geopandas
import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage.cells import STATES
from geoinspect.coverage.ground import Ground
from geoinspect.grid import cell_id
from geoinspect.records import utc_iso

F8 = NDArray[np.float64]


class CellFigures(Protocol):
    """What is known of each cell; arrays of shape (cells,)."""

    @property
    def seen_fraction(self) -> F8: ...
    @property
    def length_m(self) -> F8: ...
    @property
    def coverage(self) -> F8: ...
    @property
    def pod(self) -> F8: ...
    @property
    def passes(self) -> NDArray[np.int32]: ...
    @property
    def last_seen_s(self) -> F8: ...
    @property
    def state(self) -> NDArray[np.int8]: ...


def cell_frame(ground: Ground, figures: CellFigures) -> geopandas.GeoDataFrame:
    """Return one row a cell with its square, in the grid's CRS and the ground's order."""
    return geopandas.GeoDataFrame(
        {
            "cell_id": [
                cell_id(int(r), int(c))
                for r, c in zip(ground.cell_row, ground.cell_col, strict=True)
            ],
            "row": ground.cell_row,
            "col": ground.cell_col,
            "area_m2": ground.cell_m2,
            "seen_fraction": figures.seen_fraction,
            "length_m": figures.length_m,
            "coverage": figures.coverage,
            "pod": figures.pod,
            "passes": figures.passes,
            "last_seen": [utc_iso(s) for s in figures.last_seen_s],
            "state": [STATES[s].value for s in figures.state],
        },
        geometry=ground.squares(),
        crs=ground.grid.crs,
    )
