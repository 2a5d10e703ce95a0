"""A track file up to the door of the store: read, split into outings and cleaned.

Needs no database, so that many files can be prepared at once, each by a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from geoinspect.errors import Text
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track, summary
from geoinspect.patrols.choices import TrackChoices, TrackTags
from geoinspect.patrols.doubts import Doubt, track_doubts
from geoinspect.patrols.fingerprints import (
    DATUM_MISTAKES,
    fingerprint,
    misplaced,
    mistakable,
)
from geoinspect.patrols.outings import split_outings
from geoinspect.patrols.routes import route_cells
from geoinspect.patrols.trace import cells_bytes, trace_bytes
from geoinspect.records import (
    CleanedTrack,
    DatumChoice,
    Problem,
    Segment,
)
from geoinspect.settings import Settings

# A year of outings; a file that seems to hold more has times that mean nothing.
_MOST_OUTINGS = 400


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTrack:
    """One outing of a file: its raw points with the flags of cleaning.

    Attributes:
        part: Which outing of the file, from 0.
        day: By the Chinese calendar, from its times or as the sender said.
        sketch: What it is compared with other tracks by.
        astray: The same where it would lie if its datum had been mistaken.
        trace, route: Its raw points and the ground cells it went over, for keeping.
        doubts: Its own oddities.
        datum, said: Of the file and what its reading said, when it was read for this; None for
            points kept from before.
    """

    part: int
    cleaned: CleanedTrack
    day: date | None
    sketch: bytes
    astray: tuple[bytes, ...]
    trace: bytes
    route: bytes
    doubts: tuple[Doubt, ...]
    datum: DatumChoice | None = None
    said: tuple[Problem, ...] | None = None

    @property
    def times(self) -> tuple[datetime, datetime] | None:
        """Its first and last believed time; None without any."""
        times_s = np.concatenate(
            [np.empty(0), *(segment.time_s for segment in self.cleaned.segments)]
        )
        times_s = times_s[np.isfinite(times_s)]
        if not len(times_s):
            return None
        first, last = (datetime.fromtimestamp(t, UTC) for t in (times_s.min(), times_s.max()))
        return first, last


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFile:
    """A track file as read, its outings cleaned."""

    label: str
    name: str
    format: str
    refused: Mapping[str, int]
    problems: tuple[Problem, ...]
    tracks: tuple[PreparedTrack, ...]
    text: Text


def prepare_file(
    path: Path, *, label: str, tags: TrackTags, choices: TrackChoices, settings: Settings
) -> PreparedFile:
    """Read a track file and make its outings.

    Raises:
        TrackError: It holds no usable track.
    """
    file = read_track(
        path,
        datum=choices.datum,
        timezone=choices.timezone,
        crs=choices.crs,
        settings=settings,
        name=label,
        columns=choices.columns,
    )
    outings = split_outings(file.segments, gap_s=settings.outing_gap_s)
    if len(outings) > _MOST_OUTINGS:
        outings = [replace(outings[0], segments=file.segments)]
    tracks = tuple(
        replace(
            prepare_track(
                part, one.segments, choices=choices, settings=settings, day=one.day or tags.day
            ),
            datum=file.datum,
            said=file.problems,
        )
        for part, one in enumerate(outings)
    )
    name = next((line.name for line in file.lines if line.name), None) or label
    return PreparedFile(
        label=label,
        name=name,
        format=file.format,
        refused=file.refused,
        problems=file.problems,
        tracks=tracks,
        text=summary(file, [track.cleaned for track in tracks], label),
    )


def prepare_track(
    part: int,
    raw: Sequence[Segment],
    *,
    choices: TrackChoices,
    settings: Settings,
    day: date | None,
) -> PreparedTrack:
    """Clean one outing of a day; None where nobody knows it."""
    cleaned = clean(raw, mode=choices.mode, settings=settings, rules_off=choices.rules_off)
    sketch = fingerprint(cleaned.segments).tobytes()
    astray = tuple(
        fingerprint(misplaced(cleaned.segments, mistake)).tobytes()
        for mistake in (DATUM_MISTAKES if mistakable(cleaned.segments) else ())
    )
    return PreparedTrack(
        part,
        cleaned,
        day,
        sketch,
        astray,
        trace_bytes(cleaned.raw),
        cells_bytes(route_cells(cleaned.segments)),
        track_doubts(cleaned, settings=settings, now_s=time.time()),
    )
