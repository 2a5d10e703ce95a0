"""Ground that was measured for a case: from a track walked round it, or a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoinspect import crs
from geoinspect.cases.facts import AreaHow
from geoinspect.cases.ground import Walked, drawn_ground, walked_ring
from geoinspect.errors import InputError
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Datum, Extra, Problem, Segment
from geoinspect.settings import Settings

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measured ground.

    Attributes:
        ground: WGS84.
        facts: Area with its interval, how it was measured, and what that assumes.
    """

    ground: BaseGeometry
    facts: Json
    problems: tuple[Problem, ...] = field(default=())

    def as_json(self) -> Json:
        """Return the facts and the ground as GeoJSON, to the centimetre."""
        fine = shapely.set_precision(self.ground, 1e-7, mode="pointwise")
        return {**self.facts, "ground": shapely.geometry.mapping(fine)}


def walked_file(
    path: Path, *, name: str, datum: Datum | None, timezone: str, settings: Settings
) -> Measured:
    """Return the ground that a track file goes round.

    Args:
        path: Where the bytes lie.
        name: The sender's file name.
        datum: What the sender declares; None goes by the file.
        timezone: Zone of naive times.
        settings: For the size limit.

    Raises:
        InputError: No track, or none that goes round anything.
        UsageError: An unknown time zone.
    """
    track = read_track(path, datum=datum, timezone=timezone, settings=settings, name=name)
    lines = [segment for line in track.lines for segment in line.segments]
    return measured_by_walk(lines, track.problems)


def walked_points(points: Sequence[Sequence[float | None]]) -> Measured:
    """Return the ground that a row of places goes round.

    Args:
        points: ``[lon, lat]``, ``[lon, lat, epoch seconds]`` or with the accuracy in metres after
            that; None for what is not known. WGS84.

    Raises:
        InputError: They go round nothing, or are no such rows.
    """
    rows = [[*point, None, None][:4] for point in points if 2 <= len(point) <= 4]
    if len(rows) != len(points):
        raise InputError(
            "轨迹点应为 [经度, 纬度, 时间, 精度]",
            "each point must be [lon, lat, time, accuracy]",
            code="bad_walk",
        )
    try:
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            "轨迹点里有不是数字的值", "a point holds something that is no number", code="bad_walk"
        ) from error
    return _of_walk(walked_ring(table[:, 0], table[:, 1], table[:, 2], table[:, 3]), ())


def measured_by_walk(lines: Sequence[Segment], problems: tuple[Problem, ...]) -> Measured:
    """Return the ground inside the pieces of a track, taken as one walk in their order."""
    lon, lat, time_s = (
        np.concatenate([getattr(line, name) for line in lines]) for name in ("lon", "lat", "time_s")
    )
    unknown = [np.full(len(line), np.nan) for line in lines]
    stated = [
        line.extras.get(Extra.ACCURACY, none) for line, none in zip(lines, unknown, strict=True)
    ]
    return _of_walk(walked_ring(lon, lat, time_s, np.concatenate(stated)), problems)


def drawn(geojson: object) -> Measured:
    """Return the ground that somebody drew, from decoded GeoJSON in WGS84.

    Raises:
        InputError: It is no usable drawing.
    """
    ground = drawn_ground(geojson)
    area_m2 = crs.geodesic_area_m2(ground)
    return Measured(ground, {"area_m2": round(area_m2, 1), "area_how": AreaHow.DRAWN.value})


def _of_walk(walked: Walked, problems: tuple[Problem, ...]) -> Measured:
    facts: Json = {
        "area_m2": round(walked.area_m2, 1),
        "area_low_m2": round(walked.low_m2, 1),
        "area_high_m2": round(walked.high_m2, 1),
        "area_how": AreaHow.WALKED.value,
        "walk": {
            "perimeter_m": round(walked.perimeter_m, 1),
            "points": walked.points,
            "gap_m": round(walked.gap_m, 1),
            "trimmed_m": round(walked.trimmed_m, 1),
            "accuracy_m": round(walked.accuracy_m, 1),
            "accuracy_assumed": walked.accuracy_assumed,
            "repaired": walked.repaired,
            "duration_s": walked.duration_s,
            "assumes": walked.assumes.en,
            "assumes_zh": walked.assumes.zh,
        },
    }
    return Measured(walked.polygon, facts, problems)
