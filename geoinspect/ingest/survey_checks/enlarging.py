"""Whether a picture was enlarged smoothly (bilinear or cubic), from the rhythm it leaves.

Interpolated pixels are smoother than those at the old ones' places, so that the mean second
difference of columns (and rows) rises and falls with the enlargement's period (Gallagher 2005,
Detection of linear and cubic interpolation in JPEG compressed images, CRV). Its spectrum, averaged
over windows, peaks at 1 / factor, or mirrored at 1 − 1 / factor below 2; the lesser factor is told,
so it is "at least". The 8-pixel rhythm of JPEG blocks is left out. Exactly twofold enlargement leaves no
rhythm (all new pixels are equally far from the old) and is not seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

LENGTH_PX = 240  # divisible by the usual factors and by 8
_LOWEST = 0.1
_PEAK = 8.0
_JPEG = 8


def rhythm_of(plane: F8) -> F8 | None:
    """Return the spectrum of the second differences along both axes, shape (2, LENGTH_PX // 2 + 1).

    None for a window that is smaller or even.

    Args:
        plane: Brightness of a window that is all ground, shape (h, w).
    """
    if min(plane.shape) < LENGTH_PX + 2:
        return None
    out = []
    for turned in (plane, plane.T):
        bend = np.abs(np.diff(turned[:, : LENGTH_PX + 2], n=2, axis=1)).mean(axis=0)
        if not bend.mean() > 0:
            return None
        out.append(np.abs(np.fft.rfft(bend / bend.mean() - 1)))
    return np.array(out)


def enlarged_factor(rhythms: list[F8]) -> float:
    """Return how many times a picture was enlarged, at least; 1 where no rhythm shows."""
    if not rhythms:
        return 1.0
    mean = np.mean(rhythms, axis=0)
    frequency = np.arange(mean.shape[1]) / LENGTH_PX
    used = frequency >= _LOWEST
    above = (mean / np.median(mean[:, used], axis=1, keepdims=True)).min(axis=0)
    blocks = np.flatnonzero(used & (np.arange(len(above)) % (LENGTH_PX // _JPEG) == 0))
    if above[blocks[:-1]].max() >= _PEAK / 2:
        used[blocks] = False
    best = int(np.argmax(np.where(used, above, 0)))
    return float(1 / (1 - frequency[best])) if above[best] >= _PEAK else 1.0
