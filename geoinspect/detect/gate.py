"""What single pixels of a scene look like: how bright its leaves are, and what counts as a leaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]

# Greenness weighs red more than blue, so that glaucous leaves (blue nearly as high as green, red
# well below) stay apart from grey roofs and from soil.
RED_WEIGHT, BLUE_WEIGHT = 1.4, 0.6
# The gate lies this many spreads above what is no leaf, within bounds where it stays between
# leaves and soil even in a scene that has only one of them.
_SPREADS = 2.0
_GATE_RANGE = (0.012, 0.05)


@dataclass(frozen=True, slots=True)
class PixelScale:
    """Brightness of leaves (sum of the bands) and the greenness from which a pixel is a leaf."""

    reference: float
    gate: float


def pixel_scale(pixels: F4) -> PixelScale | None:
    """Return the scale of a scene from pixels spread over it, shape (n, 3): red, green, blue.

    Otsu's method (1979) parts greenness into two classes; the gate is set by the lower one, so
    that it follows a colour cast. None when all is black.
    """
    total = np.maximum(pixels, 0).sum(axis=1)
    lit = total > 0.1 * np.percentile(total, 90) if len(total) else np.zeros(0, dtype=bool)
    if not lit.any():
        return None
    red, green, blue = np.maximum(pixels[lit], 0).T
    greenness = (2 * green - RED_WEIGHT * red - BLUE_WEIGHT * blue) / total[lit]
    lower = greenness[greenness <= _otsu(greenness)]
    gate = float(np.median(lower) + _SPREADS * lower.std()) if len(lower) else _GATE_RANGE[1]
    gate = float(np.clip(gate, *_GATE_RANGE))
    leaves = greenness > gate
    chosen = total[lit][leaves] if leaves.any() else total[lit]
    return PixelScale(float(np.median(chosen)), gate)


def _otsu(values: F4) -> float:
    """Return the threshold that parts the values into two classes of least inner variance."""
    counts, edges = np.histogram(values, bins=256, range=(-0.5, 0.5))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    moment = np.cumsum(counts * centres)
    low = moment / np.maximum(below, 1)
    high = (moment[-1] - moment) / np.maximum(above, 1)
    between = below.astype(np.float64) * above * (low - high) ** 2
    return float(edges[1:][int(np.argmax(between))])
