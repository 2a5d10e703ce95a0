"""How two surveys lie to each other: the record, and the robust fit that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import Text

F8 = NDArray[np.float64]
_G = TypeVar("_G", bound=BaseGeometry)

# Windows agree when their shifts differ by no more than this from the fit.
_AGREE_PX, _AGREE_M = 2.0, 0.15
# A turn, stretch or shear is believed from this many windows on, and when it explains this much of
# what a mere shift leaves over.
_AFFINE_WINDOWS = 6
_AFFINE_GAIN = 0.7
# Beyond this over the overlap it is no survey error but a wrong fit.
_MOST_AFFINE = 0.01
# Without an alignment places are taken to be right to this: the usual error of a drone survey
# without ground control. An assumption.
UNALIGNED_RMS_M = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where the ground of an earlier survey lies in a later one.

    Attributes:
        crs: Metric CRS all is given in.
        gsd_m: Of the lattice the pictures were compared on.
        aligned: Whether the shift could be found; without it ``matrix`` moves nothing.
        origin: Point in ``crs`` that the linear part leaves in place.
        matrix: Rows x and y of the linear part and the shift in metres, shape (2, 3):
            after = origin + matrix[:, :2] @ (before − origin) + matrix[:, 2].
        rms_m: What the windows that agree leave over; `UNALIGNED_RMS_M` when not aligned.
        tried, distinct, agreeing: Windows with ground in both surveys, those with a clear peak,
            and those of them that fit.
        said: The result in words.
    """

    crs: str
    gsd_m: float
    aligned: bool
    origin: tuple[float, float]
    matrix: F8
    rms_m: float
    tried: int
    distinct: int
    agreeing: int
    said: Text

    @property
    def shift_m(self) -> tuple[float, float]:
        """East and north shift at the middle of the overlap, from the earlier to the later."""
        return float(self.matrix[0, 2]), float(self.matrix[1, 2])

    @property
    def agreement(self) -> float:
        """Share of the windows tried that agree, 0 to 1."""
        return self.agreeing / self.tried if self.tried else 0.0

    def to_after(self, geometry: _G) -> _G:
        """Return a geometry of the earlier survey, in ``crs``, where it lies in the later one."""
        return self._moved(geometry, self.matrix)

    def to_before(self, geometry: _G) -> _G:
        """Return a geometry of the later survey, in ``crs``, where it lies in the earlier one."""
        return self._moved(geometry, self.swapped().matrix)

    def swapped(self) -> Alignment:
        """Return the same with the surveys' roles swapped."""
        linear = np.linalg.inv(self.matrix[:, :2])
        matrix = np.column_stack([linear, -linear @ self.matrix[:, 2]])
        return Alignment(
            self.crs,
            self.gsd_m,
            self.aligned,
            self.origin,
            matrix,
            self.rms_m,
            self.tried,
            self.distinct,
            self.agreeing,
            self.said,
        )

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        east, north = self.shift_m
        return {
            "aligned": self.aligned,
            "shift_east_m": round(east, 3) + 0.0,
            "shift_north_m": round(north, 3) + 0.0,
            "rms_m": round(self.rms_m, 3),
            "gsd_m": round(self.gsd_m, 4),
            "windows": self.tried,
            "windows_distinct": self.distinct,
            "windows_agreeing": self.agreeing,
            "agreement": round(self.agreement, 3),
            "message": self.said.en,
            "message_zh": self.said.zh,
        }

    def _moved(self, geometry: _G, matrix: F8) -> _G:
        origin = np.asarray(self.origin)

        def move(points: F8) -> F8:
            moved: F8 = origin + (points - origin) @ matrix[:, :2].T + matrix[:, 2]
            return moved

        moved: _G = shapely.transform(geometry, move)
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class WindowShifts:
    """Shifts found in windows.

    Attributes:
        places: Middles of the windows in the earlier survey, metres, shape (n, 2).
        shifts: East and north, metres, shape (n, 2).
        tried: How many windows had ground in both.
    """

    places: F8
    shifts: F8
    tried: int


def fit(
    found: WindowShifts, crs: str, gsd_m: float, *, least_agreeing: int, middle: tuple[float, float]
) -> Alignment:
    """Return the alignment that most windows agree on.

    Every window's shift is tried as the answer (exhaustive RANSAC: there are few), the one most
    others agree with wins, and the least-squares fit of those is kept.

    Args:
        least_agreeing: With fewer, the surveys can't be aligned.
        middle: Of the overlap, in ``crs``.
    """
    reach_m = max(_AGREE_M, _AGREE_PX * gsd_m)
    n = len(found.shifts)
    agree = np.zeros(0, dtype=bool)
    if n:
        apart = np.linalg.norm(found.shifts[:, None] - found.shifts[None], axis=2)
        # A slight turn or stretch makes far windows differ: the circle is wider than the fit's.
        near = apart <= 3 * reach_m
        agree = near[int(np.argmax(near.sum(axis=1) - 1e-3 * np.where(near, apart, 0).sum(axis=1)))]
        agree = _refined(found, agree, reach_m, middle)
    if agree.sum() < least_agreeing or agree.sum() < 0.5 * n:
        return unaligned(crs, gsd_m, middle, tried=found.tried, distinct=n)
    matrix, rest = _least_squares(found.places[agree], found.shifts[agree], middle)
    rms_m = float(np.sqrt((rest**2).sum(axis=1).mean()))
    # One or two windows always fit themselves; the peak's own precision is the least error.
    rms_m = max(rms_m, 0.1 * gsd_m if agree.sum() > 2 else 0.5 * gsd_m)
    east, north = matrix[:, 2]
    k, length_m = int(agree.sum()), float(np.hypot(east, north))
    said = Text(
        f"后一次航测相对前一次偏移 {length_m:.2f} 米(东 {east:+.2f},北 {north:+.2f}),"
        f"{found.tried} 个窗口中 {k} 个一致,残差 {rms_m:.2f} 米;比较时已按此校正",
        f"the later survey lies {length_m:.2f} m off the earlier one (east {east:+.2f}, north "
        f"{north:+.2f}); {k} of {found.tried} windows agree, residual {rms_m:.2f} m; the "
        "comparison allows for it",
    )
    return Alignment(crs, gsd_m, True, middle, matrix, rms_m, found.tried, n, k, said)


def unaligned(
    crs: str, gsd_m: float, middle: tuple[float, float], *, tried: int, distinct: int
) -> Alignment:
    """Return that two surveys can't be aligned; places are taken as the files give them."""
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    why = (
        Text("重叠处没有可比的纹理", "there is nothing on the ground to go by where they overlap")
        if tried == 0
        else Text(
            f"{tried} 个窗口中没有足够多的窗口给出清楚一致的偏移",
            f"too few of {tried} windows give a clear shift that others agree with",
        )
    )
    said = Text(
        f"两次航测无法对齐:{why.zh};按文件坐标比较,位置误差假定为 {UNALIGNED_RMS_M:g} 米,"
        "结论均不确定",
        f"the surveys cannot be aligned: {why.en}; places are taken as the files give them, with "
        f"an assumed error of {UNALIGNED_RMS_M:g} m, and every verdict is uncertain",
    )
    return Alignment(crs, gsd_m, False, middle, matrix, UNALIGNED_RMS_M, tried, distinct, 0, said)


def _refined(
    found: WindowShifts, agree: NDArray[np.bool_], reach_m: float, middle: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return the windows within reach of the fit of those that agree, until it settles."""
    for _ in range(5):
        matrix, _ = _least_squares(found.places[agree], found.shifts[agree], middle)
        rest = np.linalg.norm(found.shifts - _shifts_at(matrix, found.places, middle), axis=1)
        kept: NDArray[np.bool_] = rest <= reach_m
        if not kept.any() or (kept == agree).all():
            return kept
        agree = kept
    return agree


def _least_squares(places: F8, shifts: F8, middle: tuple[float, float]) -> tuple[F8, F8]:
    """Return the matrix of a shift, or of a small affine map where that is plainly better."""
    centre = np.median(shifts, axis=0) if len(shifts) > 2 else shifts.mean(axis=0)
    matrix = np.column_stack([np.eye(2), centre])
    rest = shifts - centre
    if len(places) < _AFFINE_WINDOWS:
        return matrix, rest
    terms = np.column_stack([places - np.asarray(middle), np.ones(len(places))])
    spread = np.linalg.svd(terms[:, :2] - terms[:, :2].mean(axis=0), compute_uv=False)
    if spread[-1] < 0.2 * spread[0] or spread[-1] < 5:
        return matrix, rest
    solved, *_ = np.linalg.lstsq(terms, shifts, rcond=None)
    left = shifts - terms @ solved
    # Three figures per axis instead of one: the rest is compared per degree of freedom.
    gain = np.sqrt((left**2).sum() / (len(places) - 3)) / np.sqrt(
        max((rest**2).sum(), 1e-12) / (len(places) - 1)
    )
    if gain > _AFFINE_GAIN or np.abs(solved[:2]).max() > _MOST_AFFINE:
        return matrix, rest
    return np.column_stack([np.eye(2) + solved[:2].T, solved[2]]), left


def _shifts_at(matrix: F8, places: F8, middle: tuple[float, float]) -> F8:
    shifts: F8 = (places - np.asarray(middle)) @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]
    return shifts
