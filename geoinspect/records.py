"""The things the steps hand to each other: frozen, typed, with units in their names.

Coordinates are WGS84 lon, lat unless a field says otherwise. Times are epoch seconds (UTC) in
arrays, NaN where there is none, and aware ``datetime`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text

F8 = NDArray[np.float64]
# China keeps one time; it has no summer time since 1991.
CHINA_TIME = timezone(timedelta(hours=8))
CHINA_ZONE = ZoneInfo("Asia/Shanghai")
MU_M2 = 2000 / 3


class Mode(StrEnum):
    """How a patrol moved."""

    FOOT = "foot"
    VEHICLE = "vehicle"
    BOAT = "boat"
    DRONE = "drone"


MODE_WORDS: Mapping[Mode, Text] = {
    Mode.FOOT: Text("步行", "foot"),
    Mode.VEHICLE: Text("车辆", "vehicle"),
    Mode.BOAT: Text("船只", "boat"),
    Mode.DRONE: Text("无人机", "drone"),
}


class Datum(StrEnum):
    """Horizontal datum that coordinates were written in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Level(StrEnum):
    """Level of an area in the tree, from wide to narrow."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    COMPARTMENT = "compartment"


class ZoneKind(StrEnum):
    """Why a piece of ground is marked."""

    LICENSED = "licensed"
    FORMER = "former"
    PRIORITY = "priority"
    NO_GO = "no-go"


class CellState(StrEnum):
    """The highest state a cell has reached; counts are nested."""

    UNSEEN = "unseen"
    TOUCHED = "touched"
    COVERED = "covered"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something worth telling the person who sent a file, without refusing it."""

    code: str
    text: Text
    count: int = 1

    def as_json(self) -> dict[str, object]:
        """Return ``code``, ``message`` (English), ``message_zh`` and ``count``."""
        return {
            "code": self.code,
            "message": self.text.en,
            "message_zh": self.text.zh,
            "count": self.count,
        }


class Extra(StrEnum):
    """What a device may say of a point beside its place and time; the unit is in the name."""

    ELEVATION = "elevation_m"  # above sea level
    HEIGHT = "height_m"  # above the take-off point or the ground: drones
    ACCURACY = "accuracy_m"  # horizontal, as the device states it
    PITCH = "pitch_deg"  # of a drone's camera: -90 looks straight down
    HEADING = "heading_deg"  # of a drone's camera, clockwise from north


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """An unbroken piece of a track: arrays of one length, in the order recorded.

    Attributes:
        lon, lat: Degrees, shape (n,).
        time_s: Epoch seconds (UTC), shape (n,); NaN where a point has no usable time.
        extras: What else is known of the points, each shape (n,), NaN where it is not.
    """

    lon: F8
    lat: F8
    time_s: F8
    extras: Mapping[Extra, F8] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lon)

    def part(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Segment:
        """Return the points of a slice, of indices or of a mask."""
        extras = {extra: values[which] for extra, values in self.extras.items()}
        return Segment(self.lon[which], self.lat[which], self.time_s[which], extras)

    def moved(self, lon: F8, lat: F8) -> Segment:
        """Return the same points at other positions."""
        return Segment(lon, lat, self.time_s, self.extras)


@dataclass(frozen=True, slots=True, eq=False)
class TrackLine:
    """One named track of a file.

    Attributes:
        datum: What the file says of this track alone; None goes with the file.
    """

    name: str | None
    segments: tuple[Segment, ...]
    datum: Datum | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """Where and when a device says that it took a picture, beside the picture itself.

    Browsers on phones take the place out of a picture before a page may have it.

    Attributes:
        lon, lat: WGS84 degrees, as the Geolocation API of browsers gives them in China too; both
            None where the device had no fix.
        accuracy_m: Radius that holds the true place in 95 of 100 cases (W3C Geolocation).
        taken: By the device's clock.
    """

    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    taken: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatumChoice:
    """What a file said of its datum, what was used, and why.

    Attributes:
        found: What the file says as a whole; None when it says nothing or contradicts itself.
        used: For every track, or for those that state no datum of their own.
        declared: What the sender said; it goes before anything in the file.
    """

    found: Datum | None
    used: Datum
    why: Text
    declared: Datum | None = None

    def as_json(self) -> dict[str, object]:
        """Return ``found`` (``unknown`` without one), ``used``, ``declared``, ``why`` (English)
        and ``why_zh``.
        """
        return {
            "found": "unknown" if self.found is None else self.found.value,
            "used": self.used.value,
            "declared": None if self.declared is None else self.declared.value,
            "why": self.why.en,
            "why_zh": self.why.zh,
        }


@dataclass(frozen=True, slots=True, eq=False)
class TrackFile:
    """A track file as read: every usable point, in WGS84, nothing cleaned.

    Attributes:
        format: Short name such as ``gpx``.
        lines: The tracks of the file, each with at least one point.
        refused: Unusable points by rule, such as ``latitude_out_of_range``.
        problems: What the sender should know.
        datum: Declared or flagged datum and what was done about it.
    """

    format: str
    lines: tuple[TrackLine, ...]
    refused: Mapping[str, int]
    problems: tuple[Problem, ...]
    datum: DatumChoice

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments of all lines, in file order."""
        return tuple(segment for line in self.lines for segment in line.segments)


class Rule(StrEnum):
    """Why a point is not believed; its place in this list is its number in flag arrays."""

    RANGE = "range"
    ACCURACY = "accuracy"
    DUPLICATE_TIME = "duplicate_time"
    OUT_OF_ORDER = "out_of_order"
    RESUME = "resume_jump"
    SPEED = "speed"
    SPIKE = "spike"
    JITTER = "jitter"

    @property
    def number(self) -> int:
        """Its number in flag arrays, from 1; 0 is a point that is kept."""
        return _RULE_NUMBERS[self]


_RULE_NUMBERS = {rule: number for number, rule in enumerate(Rule, start=1)}


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a track stood still: the middle of its fixes (WGS84) and when, epoch seconds."""

    lon: float
    lat: float
    start_s: float
    end_s: float
    points: int


@dataclass(frozen=True, slots=True, eq=False)
class CleanedTrack:
    """A track after cleaning. Nothing is lost: the raw segments stand beside their flags.

    Attributes:
        segments: What is kept, cut at breaks and at gaps longer than the limit.
        mode: The mode whose speed limit was used.
        mode_declared: False when the mode was inferred from the speeds.
        raw: The segments as read.
        flags: Of every raw point the number of the rule that took it out, 0 when kept.
        stops: Where it stood still.
        rules_off: Rules that a person switched off for this track.
        problems: What the sender should know of the cleaning.
    """

    segments: tuple[Segment, ...]
    mode: Mode
    mode_declared: bool
    raw: tuple[Segment, ...] = ()
    flags: tuple[NDArray[np.uint8], ...] = ()
    stops: tuple[Stop, ...] = ()
    rules_off: frozenset[Rule] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def flagged(self) -> dict[str, int]:
        """Points taken out, by rule; rules that took out none are left out."""
        counts = sum(
            (np.bincount(flags, minlength=len(Rule) + 1) for flags in self.flags),
            np.zeros(len(Rule) + 1, np.int64),
        )
        return {rule.value: int(counts[rule.number]) for rule in Rule if counts[rule.number]}


@dataclass(frozen=True, slots=True)
class Area:
    """Ground to inspect, a node of the area tree; polygon in WGS84."""

    code: str
    name: str
    level: Level
    parent_code: str | None
    unit_code: str | None
    polygon: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class Zone:
    """Ground with a raised or zero prior risk; polygon in WGS84.

    Attributes:
        licence_no, licence_m2: Of a licensed parcel: the licence's number and the area it allows.
    """

    kind: ZoneKind
    name: str
    polygon: Polygon | MultiPolygon
    valid_from: date | None = None
    valid_to: date | None = None
    licence_no: str | None = None
    licence_m2: float | None = None

    def valid_on(self, day: date | None) -> bool:
        """Return whether the zone holds on ``day``.

        A zone without dates always holds. With dates and an unknown day it does not: a licence
        must be shown to cover the day, never assumed to.
        """
        if self.valid_from is None and self.valid_to is None:
            return True
        if day is None:
            return False
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that was not taken, and why."""

    file: str
    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Campaign:
    """A time window over an area with a grid."""

    name: str
    area_code: str
    start: date
    end: date
    cell_m: float
    crs: str


ResultStatus = Literal["added", "duplicate", "refused"]


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one file that was given to the workspace.

    Attributes:
        record_id: Id of the track or survey; None when refused.
        summary: One sentence for the sender: what was read, used and dropped.
        details: Figures for programs.
    """

    file: str
    status: ResultStatus
    kind: Literal["track", "survey", "photo", "unknown"]
    record_id: int | None
    summary: Text
    problems: tuple[Problem, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


def utc_iso(epoch_s: float) -> str | None:
    """Return ISO 8601 UTC with ``Z`` (milliseconds only when there are some); None for NaN."""
    if not np.isfinite(epoch_s):
        return None
    moment = datetime.fromtimestamp(round(epoch_s * 1000) / 1000, UTC)
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def moment_iso(moment: datetime | None) -> str | None:
    """Return :func:`utc_iso` of a moment with a zone; None for None."""
    return None if moment is None else utc_iso(moment.timestamp())
