"""What is known of how well ground is searched: by which way, through what, at which stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geoinspect.errors import Text
from geoinspect.records import Mode


class Method(StrEnum):
    """How ground was looked at: the modes of tracks, and kinds of pictures."""

    FOOT = "foot"
    VEHICLE = "vehicle"
    BOAT = "boat"
    DRONE = "drone"
    SURVEY = "survey"
    VIDEO = "video"
    PHOTO = "photo"
    SATELLITE = "satellite"

    @property
    def is_line(self) -> bool:
        """Whether it has a sweep width; the others have a detection rate over a footprint."""
        return self.value in {mode.value for mode in Mode}


METHOD_WORDS: Mapping[Method, Text] = {
    Method.FOOT: Text("步行", "on foot"),
    Method.VEHICLE: Text("车辆", "by vehicle"),
    Method.BOAT: Text("船只", "by boat"),
    Method.DRONE: Text("无人机沿线", "along a drone's line"),
    Method.SURVEY: Text("航测影像", "analysed drone pictures"),
    Method.VIDEO: Text("无人机视频", "drone video"),
    Method.PHOTO: Text("无人机照片", "drone photos"),
    Method.SATELLITE: Text("卫星影像", "satellite scenes"),
}


class DetectionLaw(StrEnum):
    """How POD grows with coverage.

    ``random_search`` (Koopman 1946): 1 − e^(−C), what effort laid without plan reaches; the
    default, and the least of the three. ``inverse_cube`` (Koopman 1946): erf(√π/2 · C), ideal
    parallel sweeps under the inverse-cube law. ``definite_range``: min(1, C), ideal parallel
    sweeps that miss nothing within half the width and find nothing beyond.
    """

    RANDOM_SEARCH = "random_search"
    DEFINITE_RANGE = "definite_range"
    INVERSE_CUBE = "inverse_cube"


class Visibility(StrEnum):
    """How far one sees through what grows there."""

    OPEN = "open"
    MIXED = "mixed"
    DENSE = "dense"


class GrowthStage(StrEnum):
    """What a plant sown in season looks like on a day; ``none``: before it comes up or after
    it is gone.
    """

    NONE = "none"
    SEEDLING = "seedling"
    ROSETTE = "rosette"
    BUD = "bud"
    FLOWER = "flower"
    CAPSULE = "capsule"


STAGE_WORDS: Mapping[GrowthStage, Text] = {
    GrowthStage.NONE: Text("未出苗或已收", "not up, or gone"),
    GrowthStage.SEEDLING: Text("苗期", "seedling"),
    GrowthStage.ROSETTE: Text("莲座期", "rosette"),
    GrowthStage.BUD: Text("蕾期", "bud"),
    GrowthStage.FLOWER: Text("花期", "flower"),
    GrowthStage.CAPSULE: Text("果期", "capsule"),
}


@dataclass(frozen=True, slots=True)
class DetectionRate:
    """One row of the table of sweep widths and detection rates.

    Attributes:
        visibility, stage: None is any.
        width_m: Full effective sweep width of a line; None for a picture.
        rate: Share of the targets in a picture that are found; None for a line.
        low, high: 95 % interval of whichever it is, where one was measured.
        patch_m2: Smallest patch that the figure holds for.
        valid_from: First day it holds; None is always.
        source: Trial, survey or assumption that it comes from.
    """

    method: Method
    width_m: float | None
    rate: float | None
    patch_m2: float
    source: str
    visibility: Visibility | None = None
    stage: GrowthStage | None = None
    low: float | None = None
    high: float | None = None
    valid_from: date | None = None

    @property
    def value(self) -> float:
        """The sweep width in metres, or the rate."""
        found = self.width_m if self.width_m is not None else self.rate
        assert found is not None
        return found
