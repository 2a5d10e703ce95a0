"""Coverage of an area by files alone: no workspace, one answer.

Small jobs are clipped exactly; large ones take the bit masks, and the answer says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.cells import STATES, Thresholds, combine, states
from geoinspect.coverage.exact import ExactSource, clip_sources
from geoinspect.coverage.frames import cell_frame
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Sweeper, projected
from geoinspect.errors import UsageError
from geoinspect.files import replaced_file
from geoinspect.grid import check_cell_size
from geoinspect.records import CellState, Segment
from geoinspect.search_records import DetectionLaw

F8 = NDArray[np.float64]

# Up to here exact clipping takes seconds; beyond it the masks take over.
EXACT_MAX_POINTS = 20_000
EXACT_MAX_CELLS = 20_000
# Bits across the sweep width in the large way: finer than a campaign's, since nothing is stored.
_BITS_ACROSS = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredTrack:
    """A track to measure: its segments, and the latest time where known."""

    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredPicture:
    """An analysed picture to measure: its WGS84 outline of valid data and its detection rate."""

    outline: MultiPolygon
    pod: float
    taken_s: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """What was measured; arrays of shape (cells,), in the ground's order.

    Attributes:
        law: How detection was taken to grow with effort.
        method: ``exact`` or ``bits``.
        bit_m: Side of a bit in metres, None when exact.
    """

    ground: Ground
    width_m: float
    thresholds: Thresholds
    law: DetectionLaw
    method: str
    bit_m: float | None
    seen_fraction: F8
    length_m: F8
    coverage: F8
    pod: F8
    passes: NDArray[np.int32]
    last_seen_s: F8
    state: NDArray[np.int8]

    def as_json(self) -> dict[str, object]:
        """Return the contract's figures of ``coverage measure``."""
        area_m2 = float(self.ground.cell_m2.sum())
        seen_m2 = float((self.seen_fraction * self.ground.cell_m2).sum())
        counts = {
            name.value: int((self.state >= rank).sum())
            for rank, name in enumerate(STATES)
            if name is not CellState.UNSEEN
        }
        return {
            "crs": self.ground.grid.crs,
            "cell_m": self.ground.grid.cell_m,
            "width_m": self.width_m,
            "cells": len(self.state),
            "area_m2": round(area_m2, 3),
            "seen_m2": round(seen_m2, 3),
            "seen_fraction": round(seen_m2 / area_m2, 6),
            **counts,
            "length_m": round(float(self.length_m.sum()), 3),
            "thresholds": {"covered": self.thresholds.covered, "cleared": self.thresholds.cleared},
            "law": self.law.value,
            "method": self.method,
            "bit_m": self.bit_m,
        }

    def write_cells(self, path: Path) -> None:
        """Write layer ``cells`` as GeoPackage, one row a cell, in the grid's CRS.

        The file appears under its name only when it is whole.
        """
        frame = cell_frame(self.ground, self)
        with replaced_file(path) as temp:
            frame.to_file(temp, layer="cells", driver="GPKG", engine="pyogrio")


def measure(
    area: Polygon | MultiPolygon,
    tracks: Sequence[MeasuredTrack],
    pictures: Sequence[MeasuredPicture],
    *,
    cell_m: float,
    width_m: float,
    gap_s: float,
    thresholds: Thresholds,
    law: DetectionLaw = DetectionLaw.RANDOM_SEARCH,
) -> Measure:
    """Return the coverage of an area (WGS84) by tracks and pictures.

    Args:
        area: Ground to inspect, WGS84.
        tracks: Each file once.
        pictures: Each file once.
        cell_m: Cell size in metres.
        width_m: Full effective sweep width in metres.
        gap_s: Longer without a fix is not bridged.
        thresholds: What makes a cell covered and cleared.
        law: How detection grows with the effort of one track.

    Raises:
        UsageError: Width or cell size is no positive number.
        AreaError: The area has no ground.
    """
    if not (math.isfinite(width_m) and width_m > 0):
        raise UsageError(
            f"扫视宽度必须是正数(米),得到 {width_m}",
            f"the sweep width must be a positive number of metres, got {width_m}",
            code="bad_width",
        )
    check_cell_size(cell_m)
    crs = crs_.metric_crs_for(*crs_.centre_of(area))
    shape = crs_.metric_shape(area, crs)
    side = bits.side_for(cell_m, width_m, bits_across=_BITS_ACROSS)
    ground = make_ground({"": shape}, crs=crs, cell_m=cell_m, side=side)
    points = sum(len(segment) for track in tracks for segment in track.segments)
    if points <= EXACT_MAX_POINTS and len(ground.cell_row) <= EXACT_MAX_CELLS:
        return _exact(shape, ground, tracks, pictures, width_m, gap_s, thresholds, law)
    sweeper = Sweeper(ground)
    looks = [sweeper.track(t.segments, width_m=width_m, gap_s=gap_s) for t in tracks]
    looks += [sweeper.picture(p.outline, pod=p.pod, taken_s=p.taken_s) for p in pictures]
    table = combine(ground, looks, thresholds, law)
    return Measure(
        ground=ground,
        width_m=width_m,
        thresholds=thresholds,
        law=law,
        method="bits",
        bit_m=ground.bit_m,
        seen_fraction=table.seen_fraction,
        length_m=table.length_m,
        coverage=table.coverage,
        pod=table.pod,
        passes=table.passes,
        last_seen_s=table.last_seen_s,
        state=table.state,
    )


def _exact(
    shape: Polygon | MultiPolygon,
    ground: Ground,
    tracks: Sequence[MeasuredTrack],
    pictures: Sequence[MeasuredPicture],
    width_m: float,
    gap_s: float,
    thresholds: Thresholds,
    law: DetectionLaw,
) -> Measure:
    crs = ground.grid.crs
    squares = ground.squares()
    whole = ground.full
    pieces = squares.copy()
    pieces[~whole] = shapely.intersection(squares[~whole], shape)
    sources = []
    for track in tracks:
        x, y, time_s, starts = projected(track.segments, crs, gap_s=gap_s)
        cuts = starts[1:-1]
        sources.append(
            ExactSource(
                [part for part in np.split(np.column_stack([x, y]), cuts) if len(part)],
                [part for part in np.split(time_s, cuts) if len(part)],
            )
        )
    for picture in pictures:
        sources.append(ExactSource([], [], crs_.metric_shape(picture.outline, crs)))
    cells = clip_sources(pieces, sources, width_m=width_m, law=law)
    seen = np.clip(cells.seen_m2 / ground.cell_m2, 0.0, 1.0)
    miss = np.exp(-cells.exposure)
    for picture, share in zip(pictures, cells.picture_share, strict=True):
        miss *= 1.0 - picture.pod * np.clip(share, 0.0, 1.0)
    last_s = cells.last_seen_s
    for picture, share in zip(pictures, cells.picture_share, strict=True):
        last_s = np.where(share > 0, np.fmax(last_s, picture.taken_s), last_s)
    return Measure(
        ground=ground,
        width_m=width_m,
        thresholds=thresholds,
        law=law,
        method="exact",
        bit_m=None,
        seen_fraction=seen,
        length_m=cells.length_m,
        coverage=width_m * cells.length_m / ground.cell_m2,
        pod=1.0 - miss,
        passes=cells.passes,
        last_seen_s=last_s,
        state=states(seen, 1.0 - miss, thresholds),
    )
