"""How far one picture lies from another: masked, tapered phase correlation to parts of a pixel.

The normalised cross-power spectrum of two shifted pictures is a wave whose inverse transform is a
peak at the shift (Kuglin & Hines 1975); its place is refined by a matrix-multiply Fourier
transform of a small neighbourhood (Guizar-Sicairos, Thurman & Fienup 2008). The pictures are
gradient magnitudes of the logarithm of brightness, so that light, exposure and white balance,
which multiply brightness smoothly, drop out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Frequencies are weighted by a Gaussian of this width, cycles per pixel: the finest hold mostly
# noise and what resampling left over.
_PASS_CYCLES = 0.18
# Steps of a pixel the peak is refined to, and how far around the whole-pixel peak.
_FINEST = 50
_AROUND_PX = 1.5
# Around the highest peak this much belongs to it; the second highest is looked for outside.
_SAME_PEAK_PX = 6
# Pixels next to a hole are lost to the gradient and to resampling.
_RIM_PX = 2
# A window with less valid ground, or with a gradient nearly nowhere, is not tried.
_LEAST_VALID = 0.35
_LEAST_GRADIENT = 1e-3


@dataclass(frozen=True, slots=True)
class Peak:
    """The shift of one pair of windows.

    Attributes:
        right_px, down_px: How far what is at a place of the first lies from it in the second.
        distinct: Height of the peak over that of the next highest, ≥ 1.
    """

    right_px: float
    down_px: float
    distinct: float


def relief(brightness: F4, valid: Mask) -> tuple[F4, F4] | None:
    """Return a picture that light does not change, and the weight of its pixels.

    Args:
        brightness: Shape (h, w), any unit.
        valid: Which pixels hold ground, shape (h, w).

    Returns:
        Gradient magnitude of log brightness without its mean, times the weights; weights 0 to 1.
        None where there is too little ground, or nothing on it.
    """
    inner = eroded(valid, _RIM_PX)
    if inner.mean() < _LEAST_VALID:
        return None
    level = float(np.median(brightness[valid]))
    if not level > 0:
        return None
    # The offset keeps deep shadow, which is mostly noise, from having the largest gradients.
    logs = np.log(np.maximum(brightness, 0) / level + 0.25).astype(np.float32)
    logs[~valid] = 0
    gradient = np.zeros_like(logs)
    across = (logs[1:-1, 2:] - logs[1:-1, :-2]) / 2
    along = (logs[2:, 1:-1] - logs[:-2, 1:-1]) / 2
    gradient[1:-1, 1:-1] = np.hypot(across, along)
    if float(gradient[inner].std()) < _LEAST_GRADIENT:
        return None
    # One bright roof edge must not outweigh all plants.
    gradient = np.minimum(gradient, np.float32(4 * np.median(gradient[inner]) + 1e-6))
    weight = _softened(inner) * _taper(inner.shape)
    gradient -= np.float32((gradient * weight).sum() / weight.sum())
    return gradient * weight, weight


def correlate(one: F4, two: F4) -> Peak:
    """Return the shift between two reliefs of the same shape (h, w)."""
    h, w = one.shape
    cross = np.conj(np.fft.fft2(one)) * np.fft.fft2(two)
    size = np.abs(cross)
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None, :]
    passed = np.exp(-(fx**2 + fy**2) / (2 * _PASS_CYCLES**2))
    spectrum = cross / np.maximum(size, 1e-12 * size.max() + 1e-30) * passed
    surface = np.fft.ifft2(spectrum).real
    row, col = np.unravel_index(int(np.argmax(surface)), surface.shape)
    first = float(surface[row, col])
    gone = np.ix_(
        (np.arange(-_SAME_PEAK_PX, _SAME_PEAK_PX + 1) + row) % h,
        (np.arange(-_SAME_PEAK_PX, _SAME_PEAK_PX + 1) + col) % w,
    )
    surface[gone] = -np.inf
    second = max(float(surface.max()), 1e-12)
    down, right = _refined(spectrum, _signed(int(row), h), _signed(int(col), w))
    return Peak(right, down, first / second)


def eroded(mask: Mask, reach: int) -> Mask:
    """Return a mask without what lies within ``reach`` pixels of a hole or of the edge."""
    side = 2 * reach + 1
    padded = np.pad(mask.astype(np.int32), ((reach + 1, reach), (reach + 1, reach)))
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    full = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    inner: Mask = full == side * side
    return inner


def _refined(spectrum: NDArray[np.complexfloating], row: int, col: int) -> tuple[float, float]:
    """Return the place of the peak near a whole pixel, by two ever finer lattices."""
    h, w = spectrum.shape
    fy, fx = np.fft.fftfreq(h), np.fft.fftfreq(w)
    down, right, reach = float(row), float(col), _AROUND_PX
    for steps in (7, _FINEST):
        offsets = np.arange(-round(reach * steps), round(reach * steps) + 1) / steps
        rows = np.exp(2j * np.pi * np.outer(down + offsets, fy))
        cols = np.exp(2j * np.pi * np.outer(fx, right + offsets))
        surface = (rows @ spectrum @ cols).real
        i, j = np.unravel_index(int(np.argmax(surface)), surface.shape)
        down, right = down + float(offsets[i]), right + float(offsets[j])
        reach = 1.0 / steps
    return down, right


def _signed(place: int, size: int) -> int:
    return place - size if place > size // 2 else place


def _taper(shape: tuple[int, ...]) -> F4:
    """Return a Tukey window, flat over its middle half."""
    lines = []
    for size in shape:
        edge = np.minimum(np.arange(size) + 0.5, size - 0.5 - np.arange(size)) / (size / 4)
        lines.append(0.5 - 0.5 * np.cos(np.pi * np.minimum(edge, 1)))
    taper: F4 = np.outer(lines[0], lines[1]).astype(np.float32)
    return taper


def _softened(mask: Mask) -> F4:
    """Return a mask whose edge rises over some pixels inside it, 0 outside."""
    soft = np.zeros(mask.shape, dtype=np.float32)
    steps = (0, 3, 6, 9)
    for reach in steps:
        soft += eroded(mask, reach) if reach else mask
    return soft / np.float32(len(steps))
