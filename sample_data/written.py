"""Points as they stand in a file: text, because some of it is wrong on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_BEIJING = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Point:
    """One point as it is written, in degrees of the file's datum.

    Attributes:
        accuracy: Metres; empty when the device doesn't say.
        time_s: Epoch seconds, for formats that write times otherwise than ``time``.
    """

    lon: str
    lat: str
    height: str
    time: str
    time_s: float
    accuracy: str = ""

    @property
    def moment(self) -> datetime:
        """Its time, UTC."""
        return datetime.fromtimestamp(self.time_s, UTC)

    @property
    def local_time(self) -> str:
        """Its time in Beijing, whole seconds, without a zone."""
        return f"{datetime.fromtimestamp(round(self.time_s), UTC) + _BEIJING:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class TrackText:
    """What goes into one file: its title, and the points of each track."""

    title: str
    tracks: Sequence[Sequence[Point]]

    @property
    def points(self) -> list[Point]:
        """All points in file order."""
        return [point for track in self.tracks for point in track]


def iso(time_s: float) -> str:
    """Return whole seconds UTC with Z."""
    return datetime.fromtimestamp(round(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
