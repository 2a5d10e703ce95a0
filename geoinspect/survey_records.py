"""What is known of a survey: its raster, and what a detector found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text
from geoinspect.records import Problem, moment_iso


def detection_mark(detected_at: datetime) -> str:
    """Return the moment of a detection as what was measured of it notes it, to the second."""
    return str(moment_iso(detected_at.replace(microsecond=0)))


class PatchState(StrEnum):
    """What a patch is before anybody has looked at it."""

    SUSPECTED = "suspected"
    LICENSED = "licensed"


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a raster; ``index`` counts from 1."""

    index: int
    dtype: str
    role: str


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """What a raster is, without its pixels.

    Attributes:
        crs: ``EPSG:n`` or WKT.
        gsd_cm: Ground sampling distance, the geometric mean of both axes, in centimetres.
        valid_area_m2: Ground that holds data (alpha, nodata and fill taken out).
        bbox: West, south, east, north in WGS84.
        outline: Ground with valid data, WGS84, simplified to about a pixel of the overview used.
        taken: When it was flown, where the file says so.
    """

    file: str
    width: int
    height: int
    bands: tuple[Band, ...]
    crs: str
    gsd_cm: float
    valid_fraction: float
    valid_area_m2: float
    bbox: tuple[float, float, float, float]
    outline: MultiPolygon
    taken: datetime | None
    problems: tuple[Problem, ...] = ()

    @property
    def fit_for(self) -> dict[str, bool | float]:
        """What can be seen at this GSD: petals at ≤ 3 cm (a 7 cm flower is 2 px or more),
        plants at ≤ 10 cm, and a patch once it spans some 5 × 5 pixels.
        """
        return {
            "petals": self.gsd_cm <= 3.0,
            "plants": self.gsd_cm <= 10.0,
            "patch_min_area_m2": round(max(1.0, (5 * self.gsd_cm / 100) ** 2), 2),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Ground that a detector marked on a raster: a lead to check, never evidence by itself.

    Attributes:
        rank: 1 is the first to look at; None when licensed.
        score: 0–1, higher is more suspicious; a model's number, not a probability.
        reasons: Cue name → value in 0–1, how unusual the patch is in that cue.
        polygon: In ``crs``.
        logit: Of the ranking; the score is its logistic, lowered a little for each better patch
            close by.
        features: What the ranking was made from, to learn from people's answers; names in
            ``detect.objects.FEATURES``.
    """

    rank: int | None
    score: float
    area_m2: float
    reasons: Mapping[str, float]
    state: PatchState
    raster: str
    crs: str
    polygon: Polygon | MultiPolygon
    logit: float
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detection:
    """One run of a detector over one or more rasters.

    Attributes:
        crs: CRS of the patches, that of the first raster read; None when none could be.
        searched_area_m2: Valid ground the detector could judge; ground too coarse for it is not.
        budget_per_km2, min_area_m2: That the list was cut by.
    """

    patches: tuple[Patch, ...]
    detector: str
    crs: str | None
    valid_area_m2: float
    searched_area_m2: float
    megapixels: float
    seconds: float
    warnings: tuple[Text, ...] = ()
    budget_per_km2: float = 0.0
    min_area_m2: float = 0.0


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """What a caller may choose for a detection; None takes the setting or what the file says.

    Attributes:
        learn: Whether it learns from the survey's settled labels.
    """

    budget_per_km2: float | None = None
    min_area_m2: float | None = None
    bands: Mapping[str, int] | None = None
    learn: bool = True
