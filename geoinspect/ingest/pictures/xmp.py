"""What DJI drones write of themselves into a picture's XMP.

Source: DJI, Mavic 3M Image Processing Guide (names and meanings); "GpsLongtitude" is how older
firmware spells it. The fields stand as attributes or as elements, read by their local names.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.markup import read_markup


class DroneField(StrEnum):
    """Fields of the namespace ``drone-dji``; angles in degrees, lengths in metres."""

    ABOVE_TAKEOFF = "RelativeAltitude"
    ALTITUDE = "AbsoluteAltitude"
    LATITUDE = "GpsLatitude"
    LONGITUDE = "GpsLongitude"
    LONGITUDE_MISSPELT = "GpsLongtitude"
    PITCH = "GimbalPitchDegree"
    YAW = "GimbalYawDegree"
    ROLL = "GimbalRollDegree"
    RTK_STD_EAST = "RtkStdLon"
    RTK_STD_NORTH = "RtkStdLat"
    EXPOSED_UTC = "UTCAtExposure"


_FIELDS = {field.value: field for field in DroneField}
_MAX_CHARS = 100


@dataclass(frozen=True, slots=True)
class DroneFields:
    """What a packet says; ``damaged`` when it breaks off or was refused."""

    values: Mapping[DroneField, str] = field(default_factory=dict)
    damaged: bool = False

    def number(self, name: DroneField) -> float | None:
        """Return a field as a finite number; None when it is none."""
        try:
            value = float(self.values.get(name, ""))
        except ValueError:
            return None
        return value if math.isfinite(value) else None


class _Sink:
    """Takes the fields wherever they stand; the first of each counts."""

    def __init__(self) -> None:
        self.values: dict[DroneField, str] = {}
        self.starts = {"Description": self._take_attributes}
        self.ends: dict[str, Callable[[], None]] = {}
        self.texts = {name: self._taker(name) for name in _FIELDS}
        self.bulk: dict[str, Callable[[str], None]] = {}

    def _take_attributes(self, attributes: dict[str, str]) -> None:
        for written, text in attributes.items():
            name = written.rpartition(":")[2]
            if name in _FIELDS:
                self._take(name, text)

    def _taker(self, name: str) -> Callable[[str], None]:
        return lambda text: self._take(name, text)

    def _take(self, name: str, text: str) -> None:
        self.values.setdefault(_FIELDS[name], text[:_MAX_CHARS].strip())


def read_drone_fields(packet: bytes) -> DroneFields:
    """Read an XMP packet; one with entities or absurd nesting counts as damaged."""
    try:
        sink, problems = read_markup(io.BytesIO(packet), _Sink)
    except TrackError:
        return DroneFields(damaged=True)
    return DroneFields(sink.values, any(problem.code == "truncated" for problem in problems))
