"""Compiled loops that lay canopy, soil and petals over one another, only where a patch is."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

# Texture keeps to these bounds of relative brightness.
_DARKEST, _LIGHTEST = 0.35, 1.9
_FLATTEST, _STEEPEST = 0.5, 1.6


@njit(cache=True, nogil=True)
def mean_total(colour: F4) -> float:
    """Return the mean of red + green + blue, at least a trace."""
    total = 0.0
    for c in range(3):
        for i in range(colour.shape[1]):
            row = 0.0
            for j in range(colour.shape[2]):
                row += colour[c, i, j]
            total += row
    mean: float = max(total / max(1, colour.shape[1] * colour.shape[2]), 1e-6)
    return mean


@njit(cache=True, nogil=True)
def tint_leaves(donor: F4, aim: F8, mixed: F4, alpha: F4) -> None:
    """Mix donor texture, shape (3, h, w), towards a colour by ``mixed`` (0–1), in place."""
    usual = mean_total(donor)
    for i in range(alpha.shape[0]):
        for j in range(alpha.shape[1]):
            if alpha[i, j] <= 0:
                continue
            texture = (donor[0, i, j] + donor[1, i, j] + donor[2, i, j]) / usual
            texture = min(_LIGHTEST, max(_DARKEST, texture))
            mix = min(1.0, max(0.0, mixed[i, j]))
            for c in range(3):
                donor[c, i, j] += mix * (aim[c] * texture - donor[c, i, j])


@njit(cache=True, nogil=True)
def lay(
    leaves: F4, plants: F4, ground: F4, soil: F8, dug: float, clods: F4, shade: F4, dark: float,
    alpha: F4,
) -> F4:  # fmt: skip
    """Return plants over dug ground, shape (3, h, w); zero outside the patch.

    Args:
        plants: Their cover and light, shape (2, h, w).
        ground: What was there; its relief stays in the soil.
        dug: Share of the ground that was dug over; ``clods``: light of the soil.
        shade: Share of a pixel in shade, which takes ``dark`` of its light.
    """
    usual = mean_total(ground)
    out = np.zeros_like(leaves)
    for i in range(alpha.shape[0]):
        for j in range(alpha.shape[1]):
            if alpha[i, j] <= 0:
                continue
            relief = (ground[0, i, j] + ground[1, i, j] + ground[2, i, j]) / usual
            relief = min(_STEEPEST, max(_FLATTEST, relief)) * clods[i, j] * dug
            lit = 1.0 - dark * shade[i, j]
            cover, light = plants[0, i, j], plants[1, i, j]
            for c in range(3):
                earth = (ground[c, i, j] * (1 - dug) + soil[c] * relief) * lit
                out[c, i, j] = leaves[c, i, j] * light * cover + earth * (1 - cover)
    return out


@njit(cache=True, nogil=True)
def crown_with_petals(drawn: F4, petals: F4, share: F4, alpha: F4) -> None:
    """Put petals on a patch and weigh it by how far each pixel belongs to it, in place.

    Petals hang over the edge: there the pixel belongs to the patch by their share.
    """
    for i in range(alpha.shape[0]):
        for j in range(alpha.shape[1]):
            own = alpha[i, j]
            bare = min(own, 1.0 - share[i, j])
            for c in range(3):
                drawn[c, i, j] = drawn[c, i, j] * bare + petals[c, i, j]
            alpha[i, j] = bare + share[i, j]


@njit(cache=True, nogil=True)
def cover_ground(ground: F4, layer: F4, soft: F4, cast: F4, dark: float) -> F4:
    """Return the ground in the shade a patch casts, with the patch over it."""
    out = np.empty_like(ground)
    for c in range(3):
        for i in range(soft.shape[0]):
            for j in range(soft.shape[1]):
                lit = ground[c, i, j] * (1.0 - dark * cast[i, j])
                out[c, i, j] = lit * (1.0 - soft[i, j]) + layer[c, i, j]
    return out


@njit(cache=True, nogil=True)
def between_knots(knots: F4, h: int, w: int, scale_px: float) -> F4:
    """Return a smooth plane of shape (h, w) through knots that lie ``scale_px`` apart."""
    out = np.empty((h, w), dtype=np.float32)
    for i in range(h):
        y = i / scale_px
        a = int(y)
        v = y - a
        v = v * v * (3 - 2 * v)
        for j in range(w):
            x = j / scale_px
            b = int(x)
            u = x - b
            u = u * u * (3 - 2 * u)
            top = knots[a, b] * (1 - u) + knots[a, b + 1] * u
            low = knots[a + 1, b] * (1 - u) + knots[a + 1, b + 1] * u
            out[i, j] = top * (1 - v) + low * v
    return out
