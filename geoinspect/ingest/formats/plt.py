"""PLT tracks: OziExplorer's own, and those of the GeoLife data set, which look alike.

Sources: OziExplorer File Formats (OziExplorer help); GeoLife GPS Trajectories, user guide, which
says that its times are GMT. OziExplorer's times are those of the clock it was set to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.datum_choice import named_datum
from geoinspect.ingest.formats.reading import CoordinateValue, Reading, ReadOptions, TrackBuilder
from geoinspect.ingest.formats.text import find_encoding, text_lines
from geoinspect.records import Extra, Problem

_HEADER_LINES = 6
_DATUM_LINE, _NAME_LINE = 1, 4
_FOOT_M = 0.3048
_NO_ALTITUDE_FT = -777
# Both count days from here, as spreadsheets do.
_DAY_ZERO = date(1899, 12, 30)
_DAY_S = 86_400
_LAST_DAY = 109_000
_LOOK = re.compile(r"\A(?:OziExplorer Track|Geolife trajectory)", re.I)
_GEOLIFE = re.compile(r"\s*geolife", re.I)
# 14-May-26, in the third part's language; English is the only one that is sure.
_SHORT_DATE = re.compile(r"(\d{1,2})-([A-Za-z]{3})[a-z]*-(\d{2,4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d)\s*(AM|PM)?", re.I)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def looks_like_plt(head: str) -> bool:
    """Return whether a file begins as OziExplorer and GeoLife tracks do."""
    return _LOOK.match(head) is not None


def read_plt(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read a PLT file; a point with code 1 begins a segment.

    Times are taken in ``options.zone``, GeoLife's in UTC.

    Raises:
        TooLargeError: More points than any day's work.
    """
    reading = Reading()
    encoding = find_encoding(stream)
    lines = text_lines(stream, encoding)
    header = list(islice(lines, _HEADER_LINES))
    geolife = _GEOLIFE.match(header[0]) is not None if header else False
    builder = TrackBuilder(zone=UTC if geolife else options.zone)
    malformed = 0
    for line in lines:
        fields = line.replace(" ", "").split(",")
        if len(fields) < 2:
            malformed += 1
            continue
        fields += [""] * (7 - len(fields))
        if fields[2] == "1":
            builder.end_segment()
        builder.flush_when_full()
        builder.lat.append(fields[0])
        builder.lon.append(fields[1])
        builder.time.append(_geolife_time(fields) if geolife else _ozi_time(fields))
        builder.set_extra(Extra.ELEVATION, _elevation_m(fields[3]))
    if len(header) == _HEADER_LINES:
        reading.problems += _take_datum(reading, header[_DATUM_LINE].strip())
        builder.set_name("".join(header[_NAME_LINE].split(",")[3:4]))
    reading.lines = builder.lines()
    reading.refused = builder.refused
    if malformed:
        reading.refused["coordinate_malformed"] += malformed
    reading.problems += builder.time_problems()
    if encoding.problem is not None:
        reading.problems.append(encoding.problem)
    return reading


def _take_datum(reading: Reading, datum: str) -> list[Problem]:
    reading.state(datum)
    if not datum or named_datum([datum]) is not None:
        return []
    return [
        Problem(
            "other_datum",
            Text(
                f"文件注明基准面为“{datum[:40]}”,无法换算,坐标可能偏差数百米;"
                "请在 OziExplorer 里改为 WGS 84 后重新导出",
                f"the file says its datum is {datum[:40]!r}, which can't be converted: positions "
                "may be off by some hundred metres; save the track in WGS 84 again",
            ),
        )
    ]


def _ozi_time(fields: Sequence[str]) -> str | None:
    """Return the clock reading of a point: of its day number, else of its date and time."""
    return _day_number(fields[4]) or _spelt_time(fields[5], fields[6])


def _geolife_time(fields: Sequence[str]) -> str | None:
    """Return the time of a point: of its date and time, else of its day number."""
    if len(fields[5]) == 10 and len(fields[6]) == 8:
        return f"{fields[5]}T{fields[6]}Z"
    clock = _day_number(fields[4])
    return f"{clock}Z" if clock is not None else None


def _day_number(text: str) -> str | None:
    """Return the clock reading of days since 1899-12-30; None when it is none."""
    try:
        days = float(text)
    except ValueError:
        return None
    if not 0 < days < _LAST_DAY:
        return None
    # Seven decimals of a day are 9 ms: this finds back the whole second that was written.
    seconds, hundredths = divmod(round(days * _DAY_S * 100), 100)
    day, clock = divmod(seconds, _DAY_S)
    hour, minute = clock // 3600, clock // 60 % 60
    return f"{_date(day)}T{hour:02}:{minute:02}:{clock % 60:02}.{hundredths:02}"


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    return (_DAY_ZERO + timedelta(days=day)).isoformat()


def _spelt_time(day_text: str, clock: str) -> str | None:
    day, time = _SHORT_DATE.fullmatch(day_text), _CLOCK.fullmatch(clock)
    if day is None or time is None or day[2].lower() not in _MONTHS:
        return f"{day_text} {clock}".strip() or None
    month = _MONTHS.index(day[2].lower()) + 1
    year = int(day[3])
    if len(day[3]) == 2:
        year += 1900 if year >= 80 else 2000
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4].lower() == "pm" else 0)
    return f"{year:04}-{month:02}-{int(day[1]):02}T{hour:02}:{time[2]}:{time[3]}"


def _elevation_m(text: str) -> CoordinateValue:
    try:
        feet = float(text)
    except ValueError:
        return None
    return None if feet == _NO_ALTITUDE_FT else feet * _FOOT_M
