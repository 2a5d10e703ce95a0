"""A look: what one track or one survey saw of a campaign's ground, kept per source.

Any question (as of a day, one unit, one mode) is an OR over some of the looks; nobody goes back
to the tracks for it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.sweep import sweep_lines
from geoinspect.records import Segment

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one source saw.

    Attributes:
        width_m: Sweep width over each cell, shape (n,); 0 for a picture.
        pod: Detection rate where it looked; NaN for a line, whose effort tells it.
        row, col: Absolute numbers of the cells seen, shape (n,).
        masks: Bits seen of each cell's ground, shape (n, words).
        length_m: Metres walked on each cell's ground, shape (n,).
        last_s: Latest time each cell was seen, epoch seconds, NaN where unknown, shape (n,).
    """

    width_m: F4
    pod: float
    row: I4
    col: I4
    masks: U8
    length_m: F4
    last_s: F8

    def to_bytes(self) -> bytes:
        """Return the look as one compressed block: a head of counts, then the arrays."""
        body = b"".join(
            np.ascontiguousarray(getattr(self, name), kind).tobytes() for name, kind in _COLUMNS
        )
        head = _HEAD.pack(_MARK, len(self.row), self.masks.shape[1], self.pod)
        return head + zlib.compress(body, level=1)

    @classmethod
    def from_bytes(cls, blob: bytes) -> Look:
        """Return the look that :meth:`to_bytes` wrote, now or in an earlier form."""
        if not blob.startswith(_MARK):
            return _from_archive(blob)
        _, count, words, pod = _HEAD.unpack_from(blob)
        body = zlib.decompress(blob[_HEAD.size :])
        parts: dict[str, NDArray[Any]] = {}
        at = 0
        for name, kind in _COLUMNS:
            n = count * words if name == "masks" else count
            # Read-only views: whoever changes a look makes a new one.
            parts[name] = np.frombuffer(body, kind, n, at)
            at += n * np.dtype(kind).itemsize
        parts["masks"] = parts["masks"].reshape(count, words)
        return cls(pod=pod, **parts)


_MARK = b"look2"
_HEAD = struct.Struct("<5sIId")
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("masks", "<u8"),
    ("last_s", "<f8"),
    ("row", "<i4"),
    ("col", "<i4"),
    ("width_m", "<f4"),
    ("length_m", "<f4"),
)


def _from_archive(blob: bytes) -> Look:
    """Return a look that was kept as a NumPy archive, as all were at first."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
        row = arrays["row"]
        if "numbers" in arrays:
            # Written before a look could have several widths.
            width_m, pod = arrays["numbers"]
            widths_m = np.full(len(row), width_m, np.float32)
        else:
            widths_m, pod = arrays["width_m"], arrays["pod"]
        return Look(
            widths_m,
            float(pod),
            row,
            arrays["col"],
            arrays["masks"],
            arrays["length_m"],
            arrays["last_s"],
        )


class Sweeper:
    """Sweeps many sources over one ground, keeping the scratch arrays between them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._slot = np.full(len(ground.cell_row), -1, np.int32)

    def track(self, segments: Sequence[Segment], *, width_m: float, gap_s: float) -> Look:
        """Return what a track saw (WGS84 segments; full sweep width in metres).

        More than ``gap_s`` without a fix is not bridged.
        """
        x, y, time_s, starts = projected(segments, self._ground.grid.crs, gap_s=gap_s)
        grid = self._ground.grid
        cells, masks, length_m, last_s = sweep_lines(
            x,
            y,
            time_s,
            starts,
            width_m / 2,
            (grid.row0, grid.col0, grid.cell_m, self._ground.side),
            self._ground.index,
            self._ground.cell_bits,
            self._ground.full,
            self._slot,
        )
        return Look(
            np.full(len(cells), width_m, np.float32),
            np.nan,
            self._ground.cell_row[cells],
            self._ground.cell_col[cells],
            masks,
            length_m,
            last_s,
        )

    def swaths(self, swaths: Sequence[tuple[float, Sequence[Segment]]], *, gap_s: float) -> Look:
        """Return what a track saw whose sweep width changes on the way.

        Args:
            swaths: Full sweep width in metres and the segments seen at it.
            gap_s: More than that without a fix is not bridged.
        """
        looks = [self.track(parts, width_m=width_m, gap_s=gap_s) for width_m, parts in swaths]
        return looks[0] if len(looks) == 1 else joined(looks)

    def picture(
        self, outline: Polygon | MultiPolygon, *, pod: float, taken_s: float = np.nan
    ) -> Look:
        """Return what a picture saw: the ground inside its WGS84 outline of valid data."""
        grid, ground = self._ground.grid, self._ground
        shape = crs_.metric_shape(outline, grid.crs)
        masks = ground.masks_inside(shape)
        seen = np.flatnonzero(masks.any(axis=1))
        return Look(
            np.zeros(len(seen), np.float32),
            pod,
            ground.cell_row[seen],
            ground.cell_col[seen],
            masks[seen],
            np.zeros(len(seen), np.float32),
            np.full(len(seen), taken_s),
        )


def joined(looks: Sequence[Look]) -> Look:
    """Return what lines saw together: lengths add up, the width of a cell is their mean by length.

    Args:
        looks: At least one, all on the same ground.
    """
    places = np.concatenate([np.column_stack([look.row, look.col]) for look in looks])
    cells, which = np.unique(places, axis=0, return_inverse=True)
    masks = np.zeros((len(cells), looks[0].masks.shape[1]), np.uint64)
    np.bitwise_or.at(masks, which, np.concatenate([look.masks for look in looks]))
    length_m = np.concatenate([look.length_m for look in looks])
    width_m = np.concatenate([look.width_m for look in looks])
    total_m = np.bincount(which, length_m, len(cells))
    widest_m = np.zeros(len(cells), np.float32)
    np.maximum.at(widest_m, which, width_m)
    swept_m2 = np.bincount(which, length_m * width_m, len(cells))
    mean_m = np.divide(swept_m2, total_m, out=widest_m.astype(np.float64), where=total_m > 0)
    last_s = np.full(len(cells), -np.inf)
    moments = np.concatenate([look.last_s for look in looks])
    np.maximum.at(last_s, which, np.where(np.isnan(moments), -np.inf, moments))
    return Look(
        mean_m.astype(np.float32),
        np.nan,
        cells[:, 0].astype(np.int32),
        cells[:, 1].astype(np.int32),
        masks,
        total_m.astype(np.float32),
        np.where(np.isfinite(last_s), last_s, np.nan),
    )


def projected(
    segments: Sequence[Segment], crs: str, *, gap_s: float
) -> tuple[F8, F8, F8, NDArray[np.int64]]:
    """Return x, y, time and segment starts in a metric CRS, cut at gaps and unplaceable points.

    Starts holds the first index of each segment and the number of points at its end.
    """
    xs, ys, times, starts = [np.empty(0)], [np.empty(0)], [np.empty(0)], [0]
    count = 0
    for segment in segments:
        x, y = crs_.transform_xy(crs_.WGS84, crs, segment.lon, segment.lat)
        placed = np.isfinite(x) & np.isfinite(y)
        x, y, time_s = x[placed], y[placed], segment.time_s[placed]
        if len(x) == 0:
            continue
        breaks = np.flatnonzero(gaps_before(time_s, gap_s))
        starts.extend(int(count + b) for b in breaks)
        count += len(x)
        starts.append(count)
        xs.append(x)
        ys.append(y)
        times.append(time_s)
    return (
        np.concatenate(xs),
        np.concatenate(ys),
        np.concatenate(times),
        np.array(starts, np.int64),
    )


def gaps_before(time_s: F8, gap_s: float) -> NDArray[np.bool_]:
    """Return which points come more than ``gap_s`` after the last timed point, shape (n,)."""
    late = np.zeros(len(time_s), np.bool_)
    timed = np.flatnonzero(np.isfinite(time_s))
    late[timed[1:]] = np.diff(time_s[timed]) > gap_s
    return late
