"""A track's raw points as one small array file, so that nobody reads its file again to clean it
otherwise, compare it with another or draw it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.records import F8, Extra, Segment

# A hundred-millionth of a degree is a millimetre; times are kept to the millisecond.
_STEPS_A_DEGREE, _STEPS_A_SECOND = 1e8, 1e3
_NO_TIME = np.iinfo(np.int64).min


def trace_bytes(segments: Sequence[Segment]) -> bytes:
    """Return segments (WGS84) as bytes; :func:`trace_segments` gives them back within 1 mm."""
    arrays: dict[str, np.ndarray] = {
        "ends": np.cumsum([len(segment) for segment in segments], dtype=np.int64),
        "lon": _steps(_whole(segments, "lon"), _STEPS_A_DEGREE),
        "lat": _steps(_whole(segments, "lat"), _STEPS_A_DEGREE),
        "time": _steps(_whole(segments, "time_s"), _STEPS_A_SECOND),
    }
    for extra in Extra:
        if any(extra in segment.extras for segment in segments):
            parts = [s.extras.get(extra, np.full(len(s), np.nan)) for s in segments]
            arrays[extra.value] = np.concatenate(parts).astype(np.float32)
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def trace_segments(blob: bytes) -> tuple[Segment, ...]:
    """Return the segments that :func:`trace_bytes` wrote."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as arrays:
        ends = arrays["ends"][:-1]
        lon = _from_steps(arrays["lon"], _STEPS_A_DEGREE)
        lat = _from_steps(arrays["lat"], _STEPS_A_DEGREE)
        time_s = _from_steps(arrays["time"], _STEPS_A_SECOND)
        extras = {
            extra: arrays[extra.value].astype(np.float64)
            for extra in Extra
            if extra.value in arrays
        }
    pieces = [np.split(values, ends) for values in (lon, lat, time_s, *extras.values())]
    return tuple(
        Segment(x, y, t, dict(zip(extras, said, strict=True)))
        for x, y, t, *said in zip(*pieces, strict=True)
    )


def cells_bytes(cells: NDArray[np.int64]) -> bytes:
    """Return sorted cell numbers as bytes; :func:`cells_of` gives them back."""
    return zlib.compress(np.diff(cells, prepend=np.int64(0)).tobytes())


def cells_of(blob: bytes | None) -> NDArray[np.int64]:
    """Return the cell numbers that :func:`cells_bytes` wrote; none of no bytes."""
    if blob is None:
        return np.empty(0, np.int64)
    return np.cumsum(np.frombuffer(zlib.decompress(blob), np.int64))


def _whole(segments: Sequence[Segment], name: str) -> F8:
    return np.concatenate([np.empty(0), *(getattr(segment, name) for segment in segments)])


def _steps(values: F8, steps_a_unit: float) -> np.ndarray:
    """Return whole steps from value to value, which compress far better than the values."""
    whole = np.full(len(values), _NO_TIME)
    known = np.isfinite(values)
    whole[known] = np.round(values[known] * steps_a_unit).astype(np.int64)
    return np.diff(whole, prepend=np.int64(0))


def _from_steps(steps: np.ndarray, steps_a_unit: float) -> F8:
    whole = np.cumsum(steps, dtype=np.int64)
    return np.asarray(np.where(whole == _NO_TIME, np.nan, whole / steps_a_unit))
