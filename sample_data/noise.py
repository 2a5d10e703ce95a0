"""Random fields: the one source of every irregular line, texture and tint of the sample county."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]


def fractal(
    shape: tuple[int, int], rng: np.random.Generator, *, slope: float, coarsest_px: float = 0.0
) -> F4:
    """Return a periodic random field with a power-law spectrum, mean 0 and deviation 1.

    Spectral synthesis: white noise is filtered by frequency ** -slope (about 1 is cloudy, 2 is
    hilly, 0 is white).

    Args:
        shape: Rows and columns.
        rng: Source of randomness.
        slope: Fall of the amplitude with frequency.
        coarsest_px: Features wider than this many pixels are left out; 0 keeps all.
    """
    rows, cols = shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(cols)[None, :])
    frequency[0, 0] = np.inf
    gain = frequency**-slope
    if coarsest_px > 0:
        gain[frequency < 1 / coarsest_px] = 0
    white = rng.standard_normal(shape, dtype=np.float32)
    field = np.fft.irfft2(np.fft.rfft2(white) * gain.astype(np.float32), s=shape)
    field -= field.mean()
    return np.asarray(field / field.std(), dtype=np.float32)


def zoom(small: F4, shape: tuple[int, int]) -> F4:
    """Return a field stretched to a shape by linear interpolation, corner pixels on corners."""
    out = np.asarray(small, dtype=np.float32)
    for axis in (0, 1):
        at = np.linspace(0, out.shape[axis] - 1, shape[axis])
        low = np.minimum(at.astype(np.int64), max(out.shape[axis] - 2, 0))
        share = (at - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        first = np.take(out, low, axis=axis)
        second = np.take(out, np.minimum(low + 1, out.shape[axis] - 1), axis=axis)
        second -= first
        second *= share
        first += second
        out = first
    return out


def smooth_field(shape: tuple[int, int], feature_px: float, rng: np.random.Generator) -> F4:
    """Return a smooth random field (deviation 1) whose hills are about ``feature_px`` wide."""
    knot_px = max(feature_px / 20, 1.0)
    rows, cols = (max(8, int(np.ceil(side / knot_px)) + 2) for side in shape)
    # Made larger than needed and cut, so that opposite edges of the picture don't match.
    made = fractal((rows + 9, cols + 9), rng, slope=2.5, coarsest_px=40.0)
    return zoom(made[:rows, :cols], shape)


def wrapped(tile: F4, shape: tuple[int, int], rng: np.random.Generator) -> F4:
    """Return a window of a periodic tile, from a random corner, repeated as often as needed."""
    rows = (np.arange(shape[0]) + int(rng.integers(tile.shape[0]))) % tile.shape[0]
    cols = (np.arange(shape[1]) + int(rng.integers(tile.shape[1]))) % tile.shape[1]
    return np.asarray(tile[rows][:, cols])


def sample(field: F4, row: F8, col: F8) -> F8:
    """Return a field's values at fractional cell centres (linear, held at the edges)."""
    row = np.clip(row, 0, field.shape[0] - 1.001)
    col = np.clip(col, 0, field.shape[1] - 1.001)
    r, c = row.astype(np.int64), col.astype(np.int64)
    down, right = row - r, col - c
    top = field[r, c] * (1 - right) + field[r, c + 1] * right
    low = field[r + 1, c] * (1 - right) + field[r + 1, c + 1] * right
    return np.asarray(top * (1 - down) + low * down, dtype=np.float64)
