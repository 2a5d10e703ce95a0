"""Spectral anomaly and signature cues for multi-band pictures, streamed and masked.

- :func:`rx`: how unusual a pixel is (Reed & Yu 1990, IEEE Trans. ASSP 38(10): 1760-1770).
- :func:`matched_filter`: how much of a known spectrum a pixel holds (Manolakis & Shaw 2002, IEEE
  Signal Processing Magazine 19(1): 29-43).
- :func:`ace`: how alike its direction is (adaptive coherence estimator; Kraut, Scharf & McWhorter
  2001, IEEE Trans. SP 49(1): 1-16).

The background is one for the whole scene, as statistics of single tiles leave seams. Its moments
are sums of integers: blocks may come in any order and any cut, and the result is the same to the
last bit. Masked pixels, NaN and infinities take no part and get NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.spectral_kernels import F4, F8, Mask, level_sums, whitened
from geoinspect.errors import UsageError

_TOP_LEVEL = 65_535
# Least eigenvalue of a correlation matrix that is believed; below lies noise of the camera's steps.
_LEAST_EIGENVALUE = 1e-4


@dataclass(frozen=True, slots=True)
class Levels:
    """How the values of each band become whole numbers from 0 to 65,535.

    Attributes:
        origin: Value of level 0, one a band.
        step: Between two levels, one a band, above 0.
    """

    origin: tuple[float, ...]
    step: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.origin) != len(self.step) or not self.origin:
            raise UsageError(
                f"量化参数的波段数不一致({len(self.origin)} 与 {len(self.step)})",
                f"origin and step have {len(self.origin)} and {len(self.step)} bands",
                code="bad_levels",
            )
        if not (np.isfinite(self.origin).all() and np.isfinite(self.step).all()):
            raise _bad_step(self.step)
        if min(self.step) <= 0:
            raise _bad_step(self.step)

    @classmethod
    def of_dtype(cls, dtype: np.dtype[Any], bands: int) -> Levels | None:
        """Return levels that are exact for integers of at most 16 bits; None for other types."""
        if dtype.kind not in "ui" or dtype.itemsize > 2:
            return None
        lowest = 0.0 if dtype.kind == "u" else -(2.0 ** (8 * dtype.itemsize - 1))
        return cls((lowest,) * bands, (1.0,) * bands)

    @classmethod
    def of_range(cls, low: Sequence[float], high: Sequence[float]) -> Levels:
        """Return 65,536 levels from the lowest to the highest value of each band.

        Values beyond count as the nearest end. A band whose ends are equal gets steps of 1.
        """
        wide = [above - below for below, above in zip(low, high, strict=True)]
        step = tuple(width / _TOP_LEVEL if width > 0 else 1.0 for width in wide)
        return cls(tuple(float(value) for value in low), step)


def _bad_step(step: tuple[float, ...]) -> UsageError:
    return UsageError(
        f"量化步长 {step} 无效:每个波段都应是大于 0 的有限数",
        f"the steps {step} can't be used: every band needs a finite number above 0",
        code="bad_levels",
    )


@dataclass(frozen=True, slots=True)
class Moments:
    """Exact sums over the pixels of any number of blocks; ``a + b`` joins two.

    Attributes:
        levels: What the sums count.
        count: Pixels.
        sums: Σ levels, one a band.
        products: Σ products of levels, the rows of a lower triangle.
    """

    levels: Levels
    count: int
    sums: tuple[int, ...]
    products: tuple[tuple[int, ...], ...]

    @classmethod
    def of_block(cls, pixels: NDArray[np.generic], valid: Mask, levels: Levels) -> Moments:
        """Sum a block.

        Args:
            pixels: Shape (bands, h, w).
            valid: Which pixels count, shape (h, w).
            levels: One set for the whole scene.
        """
        _check_block(pixels, valid, len(levels.origin))
        origin, step = np.array(levels.origin), np.array(levels.step)
        count, sums, products = level_sums(pixels, valid, origin, step, _TOP_LEVEL)
        rows = tuple(tuple(int(v) for v in row[: i + 1]) for i, row in enumerate(products))
        return cls(levels, int(count), tuple(int(v) for v in sums), rows)

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both; they must count the same levels."""
        if self.levels != other.levels:
            raise UsageError(
                "两部分统计的量化方式不同,不能合并:全幅应使用同一套量化参数",
                "moments of different levels can't be joined: use one set for the whole scene",
                code="bad_levels",
            )
        return Moments(
            self.levels,
            self.count + other.count,
            tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
            tuple(
                tuple(a + b for a, b in zip(mine, theirs, strict=True))
                for mine, theirs in zip(self.products, other.products, strict=True)
            ),
        )

    def mean(self) -> F8:
        """Return the mean of each band, shape (bands,); NaN without pixels."""
        if self.count == 0:
            return np.full(len(self.sums), np.nan)
        at = np.array([total / self.count for total in self.sums])
        return np.asarray(np.array(self.levels.origin) + at * np.array(self.levels.step))

    def covariance(self) -> F8:
        """Return the covariance with n − 1, shape (bands, bands); NaN below two pixels.

        Numerators are whole numbers of any size, so nothing cancels.
        """
        bands, n = len(self.sums), self.count
        out = np.full((bands, bands), np.nan)
        if n < 2:
            return out
        for i, row in enumerate(self.products):
            for j, product in enumerate(row):
                exact = (n * product - self.sums[i] * self.sums[j]) / (n * (n - 1))
                out[i, j] = out[j, i] = exact * self.levels.step[i] * self.levels.step[j]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The scene that pixels are compared with.

    Attributes:
        mean: Shape (bands,).
        covariance: After shrinkage, positive definite, shape (bands, bands).
        whitener: Lower triangular W with WᵀW = covariance⁻¹.
        shrinkage: Share of the correlations given up, 0 to 1.
        count: Pixels behind it.
    """

    mean: F8
    covariance: F8
    whitener: F8
    shrinkage: float
    count: int


def background_of(moments: Moments, shrinkage: float | None = None) -> Background | None:
    """Return the background of a scene; None with fewer pixels than twice the bands (at least 2).

    Correlations (not covariances, so that the bands' units don't matter) are shrunk towards
    independence by the oracle approximating share (Chen, Wiesel, Eldar & Hero 2010, IEEE Trans. SP
    58(10): 5016-5029), and by more where bands are all but copies of each other. A variance is
    never taken below that of rounding to a level (step² / 12).

    Args:
        moments: Of the whole scene.
        shrinkage: 0 to 1 instead of the estimated share; the floor for copies still holds.

    Raises:
        UsageError: ``shrinkage`` is outside 0 to 1.
    """
    if shrinkage is not None and not 0 <= shrinkage <= 1:
        raise UsageError(
            f"收缩系数 {shrinkage} 无效:应在 0 到 1 之间",
            f"the shrinkage {shrinkage} is not between 0 and 1",
            code="bad_shrinkage",
        )
    bands = len(moments.sums)
    if moments.count < max(2, 2 * bands):
        return None
    found = moments.covariance()
    variance = np.maximum(np.diag(found), np.array(moments.levels.step) ** 2 / 12)
    spread = np.sqrt(variance)
    correlation = found / np.outer(spread, spread)
    np.fill_diagonal(correlation, 1.0)
    share = _oracle_share(correlation, moments.count) if shrinkage is None else shrinkage
    least = float(np.linalg.eigvalsh(correlation)[0])
    if (1 - share) * least + share < _LEAST_EIGENVALUE:
        share = (_LEAST_EIGENVALUE - least) / (1 - least)
    shrunk = (1 - share) * correlation + share * np.eye(bands)
    covariance = shrunk * np.outer(spread, spread)
    # Of the well-scaled matrix, as bands of very different units would cost digits.
    whitener = np.linalg.inv(np.linalg.cholesky(shrunk)) / spread
    return Background(moments.mean(), covariance, np.tril(whitener), share, moments.count)


def _oracle_share(correlation: F8, n: int) -> float:
    """Return the oracle approximating shrinkage of a matrix with trace p, from n samples."""
    p = len(correlation)
    if p == 1:
        return 0.0
    squares, trace = float((correlation**2).sum()), float(p)
    part = (1 - 2 / p) * squares + trace**2
    whole = (n + 1 - 2 / p) * (squares - trace**2 / p)
    return 1.0 if whole <= 0 else min(1.0, part / whole)


def rx(pixels: NDArray[np.generic], valid: Mask, background: Background) -> F4:
    """Return the squared Mahalanobis distance (x − μ)ᵀΣ⁻¹(x − μ), shape (h, w), NaN if masked.

    Args:
        pixels: Shape (bands, h, w).
        valid: Shape (h, w).
        background: Of the whole scene.
    """
    _check_block(pixels, valid, len(background.mean))
    nowhere = np.zeros_like(background.mean)
    length, _ = whitened(pixels, valid, background.mean, background.whitener, nowhere)
    return length.astype(np.float32)


def matched_filter(
    pixels: NDArray[np.generic], valid: Mask, background: Background, target: F8
) -> F4:
    """Return (t − μ)ᵀΣ⁻¹(x − μ) / (t − μ)ᵀΣ⁻¹(t − μ): 0 at the mean, 1 at the target.

    Args:
        pixels: Shape (bands, h, w); ``valid`` has shape (h, w).
        background: Of the whole scene.
        target: Spectrum in the picture's own units, shape (bands,).

    Returns:
        Shape (h, w), NaN if masked.

    Raises:
        UsageError: The target is not a spectrum of these bands, or is the background itself.
    """
    _, along, own = _against(pixels, valid, background, target)
    return (along / own).astype(np.float32)


def ace(
    pixels: NDArray[np.generic],
    valid: Mask,
    background: Background,
    target: F8,
    *,
    signed: bool = False,
) -> F4:
    """Return the squared cosine between pixel and target after whitening, 0 to 1.

    A pixel exactly at the mean has no direction and gets 0. Arguments and errors are those of
    :func:`matched_filter`.

    Args:
        signed: Give pixels that lie on the other side of the mean a minus sign.
    """
    length, along, own = _against(pixels, valid, background, target)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine2 = np.where(length > 0, along**2 / (own * length), 0.0)
    cosine2 = np.where(np.isnan(length), np.nan, np.clip(cosine2, 0.0, 1.0))
    out = np.copysign(cosine2, along) if signed else cosine2
    return out.astype(np.float32)


def _against(
    pixels: NDArray[np.generic], valid: Mask, background: Background, target: F8
) -> tuple[F8, F8, float]:
    """Return RX, projection on the whitened target, and the target's own squared length."""
    _check_block(pixels, valid, len(background.mean))
    target = np.asarray(target, dtype=np.float64)
    if target.shape != background.mean.shape or not np.isfinite(target).all():
        raise UsageError(
            f"目标光谱应是 {len(background.mean)} 个有限数,实际为 {target.tolist()}",
            f"the target must be {len(background.mean)} finite numbers, not {target.tolist()}",
            code="bad_target",
        )
    direction = background.whitener @ (target - background.mean)
    own = float(direction @ direction)
    if own < 1e-12:
        raise UsageError(
            "目标光谱与影像背景的均值相同,无法区分:请检查光谱的单位(反射率或像元值)",
            "the target is the mean of the background, so nothing can be told apart: check the "
            "spectrum's unit (reflectance or pixel values)",
            code="bad_target",
        )
    length, along = whitened(pixels, valid, background.mean, background.whitener, direction)
    return length, along, own


def _check_block(pixels: NDArray[np.generic], valid: Mask, bands: int) -> None:
    if pixels.ndim != 3 or len(pixels) != bands or pixels.shape[1:] != valid.shape:
        raise UsageError(
            f"像元数组 {pixels.shape} 与 {bands} 个波段、掩膜 {valid.shape} 不符",
            f"pixels of shape {pixels.shape} don't fit {bands} bands and a mask of shape "
            f"{valid.shape}",
            code="bad_shape",
        )
