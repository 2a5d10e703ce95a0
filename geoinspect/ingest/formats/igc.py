"""IGC flight records, as gliders, paragliders and some drones write them.

Source: FAI, Technical Specification for IGC-approved GNSS Flight Recorders, appendix A. Times
are UTC by that text. The security record is neither checked nor needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO

from geoinspect.ingest.formats.day_clock import DayClock, clock_s, midnight_s, no_date
from geoinspect.ingest.formats.reading import (
    CoordinateValue,
    Reading,
    ReadOptions,
    TrackBuilder,
)
from geoinspect.ingest.formats.text import find_encoding, text_lines
from geoinspect.records import Extra

_DATE = re.compile(r"H[A-Z]DTE(?:DATE)?:?\s*(\d\d)(\d\d)(\d\d)", re.ASCII)
# B, time, latitude and longitude in degrees and thousandths of minutes, validity, two altitudes.
_FIX = re.compile(r"B(\d{6})(\d\d)(\d{5})([NS])(\d{3})(\d{5})([EW])([AV])(.{5})(.{5})", re.ASCII)
_EXTENSION = re.compile(r"(\d\d)(\d\d)([A-Z0-9]{3})", re.ASCII)
_LOOK = re.compile(r"^(?:H[A-Z]DTE|B\d{13}[NS]\d{8}[EW][AV])", re.M)


def looks_like_igc(head: str) -> bool:
    """Return whether a file's beginning holds an IGC date or fix."""
    return _LOOK.search(head) is not None


def read_igc(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the fixes of a flight record as one track; elevation is the one by GNSS.

    Raises:
        TooLargeError: More points than any day's work.
    """
    reading = Reading()
    encoding = find_encoding(stream)
    builder, clock = TrackBuilder(), DayClock()
    accuracy: slice | None = None
    malformed = 0
    for line in text_lines(stream, encoding):
        kind = line[:1]
        if kind == "B":
            malformed += not _add_fix(builder, clock, line, accuracy)
        elif kind == "H":
            _take_header(clock, reading, line)
        elif kind == "I":
            accuracy = _extensions(line).get("FXA")
    reading.lines = builder.lines()
    reading.refused = builder.refused
    if malformed:
        reading.refused["coordinate_malformed"] += malformed
    reading.problems += builder.time_problems()
    if encoding.problem is not None:
        reading.problems.append(encoding.problem)
    if reading.lines and clock.midnight_s is None:
        reading.problems.append(no_date())
    return reading


def _add_fix(builder: TrackBuilder, clock: DayClock, line: str, accuracy: slice | None) -> bool:
    """Add the point of a B record; return False when it is none."""
    match = _FIX.match(line)
    if match is None:
        return False
    time, lat, lat_minutes, north, lon, lon_minutes, east, validity, _, altitude = match.groups()
    builder.flush_when_full()
    builder.lat.append(_degrees(lat, lat_minutes, north == "N"))
    builder.lon.append(_degrees(lon, lon_minutes, east == "E"))
    seconds = clock_s(time)
    builder.time.append("?" if seconds is None else clock.moment(seconds))
    # V stands for a fix in two dimensions, without an altitude by GNSS.
    if validity == "A":
        builder.set_extra(Extra.ELEVATION, altitude)
    # Recorders write 000 where they do not know.
    if accuracy is not None and line[accuracy].strip("0"):
        builder.set_extra(Extra.ACCURACY, line[accuracy])
    return True


def _take_header(clock: DayClock, reading: Reading, line: str) -> None:
    date = _DATE.match(line)
    if date is not None:
        midnight = midnight_s(*date.groups())
        if midnight is not None:
            clock.start_day(midnight)
    elif line[2:5] == "DTM":
        reading.state(line[5:])


def _extensions(line: str) -> Mapping[str, slice]:
    """Return where in a B record its additions stand: ``I023638FXA3941ENL`` names two."""
    return {
        name: slice(int(first) - 1, int(last))
        for first, last, name in _EXTENSION.findall(line[3:])
        if int(first) > 0
    }


def _degrees(degrees: str, minutes: str, positive: bool) -> CoordinateValue:
    thousandths = int(minutes)
    if thousandths >= 60_000:
        return "?"
    value = int(degrees) + thousandths / 60_000
    return value if positive else -value
