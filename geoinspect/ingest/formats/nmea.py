"""NMEA 0183 logs, as receivers and loggers write them.

Sentences are found wherever they stand, so that time stamps in front of them, lines that run
together, binary beginnings and UTF-16 do no harm. One kind of sentence makes the track, the
others add elevation and accuracy. Source of the fields: the public description of NMEA 0183 by
the gpsd project ("NMEA Revealed"). Times are UTC by the standard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from math import hypot
from typing import BinaryIO

from geoinspect.errors import Text, TooLargeError
from geoinspect.ingest.formats.day_clock import DayClock, clock_s, midnight_s, no_date
from geoinspect.ingest.formats.reading import (
    CoordinateValue,
    Reading,
    ReadOptions,
    TrackBuilder,
)
from geoinspect.ingest.formats.text import CHUNK_BYTES
from geoinspect.records import Extra, Problem

# The standard allows 82 characters; receivers with long fields write some more.
_MAX_BODY = 200
_SENTENCE = re.compile(
    rb"\$[A-Z]{2}(RMC|GGA|GNS|GLL|GST|ZDA),([^$*\r\n]{0,%d})(?:\*([0-9A-Fa-f]{2}))?" % _MAX_BODY
)
_LOOK = re.compile(r"\$[A-Z]{2}(?:RMC|GGA|GNS|GLL|GST|ZDA|GSA|GSV|VTG),")
_UNSIGNED = re.compile(r"\d{1,5}(?:\.\d*)?", re.ASCII)
# RMC first: it alone has the date beside the position.
_KINDS = ("RMC", "GGA", "GNS", "GLL")
_FIELDS = 12
# Two sentences, ten times a second, for half a day are 864,000.
_MAX_SENTENCES = 1_000_000
# The date is sought in as many sentences as a quiet receiver writes in a day.
_DATE_WITHIN = 100_000
_FOLDS = (1024, 512, 256, 128, 64, 32, 16, 8)
Fields = list[str]


def looks_like_nmea(head: str) -> bool:
    """Return whether a file's beginning holds a sentence; UTF-16 shows as text with NULs."""
    return _LOOK.search(head.replace("\x00", "")) is not None


def read_nmea(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the fixes of one kind of sentence as one track: RMC, else what has most of them.

    Raises:
        TooLargeError: More sentences than any day's work.
    """
    log = _Log(_first_midnight_s(stream))
    sentences = _Sentences(stream)
    for kind, fields in sentences:
        log.take[kind](fields)
    chosen = log.fixes[_KINDS[0]]
    for fixes in log.fixes.values():
        # RMC beside GGA is the rule; a log that drops most of one is read by the other.
        if fixes.count > 2 * chosen.count:
            chosen = fixes
    lines = chosen.builder.lines()
    reading = Reading(lines, chosen.builder.refused, [*chosen.builder.time_problems()])
    if sentences.bad:
        reading.problems.append(_bad_checksum(sentences.bad))
    if chosen.void:
        reading.problems.append(_no_fix(chosen.void))
    if lines and log.clock.midnight_s is None:
        reading.problems.append(no_date())
    return reading


class _Sentences:
    """Yields kind and fields of the sentences that are whole, and counts the damaged ones."""

    def __init__(self, stream: BinaryIO) -> None:
        self.bad = 0
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[str, Fields]]:
        checked_before = False
        for count, match in enumerate(self._matches()):
            if count >= _MAX_SENTENCES:
                raise _too_many()
            kind, body, checksum = match.groups()
            if checksum is not None:
                checked_before = True
                sound = _checksum(match[0][1:-3]) == int(checksum, 16)
            else:
                # Some receivers write no checksums at all; otherwise one missing is damage.
                sound = not checked_before
            if sound:
                fields = body.decode("latin-1").split(",")
                yield kind.decode(), fields + [""] * (_FIELDS - len(fields))
            else:
                self.bad += 1

    def _matches(self) -> Iterator[re.Match[bytes]]:
        self._stream.seek(0)
        held = b""
        while chunk := self._stream.read(CHUNK_BYTES):
            # UTF-16 of plain letters is the letters with NULs between.
            data = held + chunk.replace(b"\x00", b"")
            cut = data.rfind(b"$")
            if cut < 0 or len(data) - cut > 2 * _MAX_BODY:
                cut = len(data)
            yield from _SENTENCE.finditer(data[:cut])
            held = data[cut:]
        yield from _SENTENCE.finditer(held)


class _Fixes:
    """The track that one kind of sentence makes."""

    def __init__(self) -> None:
        self.builder = TrackBuilder()
        self.count = 0
        self.void = 0
        self.clock_s: float | None = None


class _Log:
    """Takes sentences in their order; what belongs to one moment is said of one point."""

    def __init__(self, first_midnight_s: float | None) -> None:
        self.clock = DayClock(first_midnight_s)
        self.fixes = {kind: _Fixes() for kind in _KINDS}
        self.take: dict[str, Callable[[Fields], None]] = {
            "RMC": self._take_rmc,
            "GGA": self._take_gga,
            "GNS": self._take_gns,
            "GLL": self._take_gll,
            "GST": self._take_gst,
            "ZDA": self._take_zda,
        }
        self._said_at: float | None = None
        self._said: dict[Extra, CoordinateValue] = {}

    def _take_rmc(self, fields: Fields) -> None:
        valid = fields[1] == "A" and fields[11] != "N"
        date = _rmc_midnight_s(fields)
        if valid and date is not None:
            self.clock.start_day(date)
        self._add("RMC", fields[0], fields[2:6], valid)

    def _take_gga(self, fields: Fields) -> None:
        self._add("GGA", fields[0], fields[1:5], fields[5] not in ("", "0"))
        self._say(fields[0], Extra.ELEVATION, fields[8])

    def _take_gns(self, fields: Fields) -> None:
        # One letter for each satellite system, N for none.
        self._add("GNS", fields[0], fields[1:5], fields[5].strip("N") != "")
        self._say(fields[0], Extra.ELEVATION, fields[8])

    def _take_gll(self, fields: Fields) -> None:
        valid = fields[5] in ("A", "") and fields[6] != "N"
        self._add("GLL", fields[4], fields[:4], valid)

    def _take_gst(self, fields: Fields) -> None:
        """Take the standard deviations of latitude and longitude, metres."""
        try:
            accuracy_m = hypot(float(fields[5]), float(fields[6]))
        except ValueError:
            return
        self._say(fields[0], Extra.ACCURACY, accuracy_m)

    def _take_zda(self, fields: Fields) -> None:
        date = midnight_s(*fields[1:4])
        if date is not None:
            self.clock.start_day(date)
            self.clock.moment(clock_s(fields[0]))

    def _add(self, kind: str, time: str, place: Fields, valid: bool) -> None:
        fixes = self.fixes[kind]
        if not valid:
            fixes.void += 1
            return
        fixes.count += 1
        fixes.clock_s = clock_s(time)
        builder = fixes.builder
        builder.flush_when_full()
        builder.lat.append(_degrees(place[0], place[1], "NS"))
        builder.lon.append(_degrees(place[2], place[3], "EW"))
        moment = self.clock.moment(fixes.clock_s)
        builder.time.append(moment if fixes.clock_s is not None or not time else "?")
        if self._said_at == fixes.clock_s:
            for extra, value in self._said.items():
                builder.set_extra(extra, value)

    def _say(self, time: str, extra: Extra, value: CoordinateValue) -> None:
        """Remember something for the points of a moment, whichever sentence comes first."""
        at = clock_s(time)
        if at is None:
            return
        if at != self._said_at:
            self._said_at = at
            self._said.clear()
        self._said[extra] = value
        for fixes in self.fixes.values():
            if fixes.clock_s == at:
                fixes.builder.set_extra(extra, value)


def _first_midnight_s(stream: BinaryIO) -> float | None:
    """Return when the day of the first sentence began; None when no sentence has a date.

    Logs begin with GGA, whose day only a later sentence tells.
    """
    clock = DayClock(0.0)
    for kind, fields in islice(_Sentences(stream), _DATE_WITHIN):
        date = None
        if kind == "RMC" and fields[1] == "A":
            date = _rmc_midnight_s(fields)
        elif kind == "ZDA":
            date = midnight_s(*fields[1:4])
        clock.moment(clock_s(fields[4 if kind == "GLL" else 0]))
        if date is not None and clock.midnight_s is not None:
            return date - clock.midnight_s
    return None


def _rmc_midnight_s(fields: Fields) -> float | None:
    date = fields[8]
    return midnight_s(date[:2], date[2:4], date[4:]) if len(date) == 6 else None


def _degrees(text: str, side: str, sides: str) -> CoordinateValue:
    """Return degrees of ``dddmm.mmmm`` and ``N`` or ``S``, ``E`` or ``W``."""
    if not text:
        return None
    if not _UNSIGNED.fullmatch(text) or len(side) != 1 or side not in sides:
        return "?"
    degrees, minutes = divmod(float(text), 100)
    if minutes >= 60:
        return "?"
    value = degrees + minutes / 60
    return value if side == sides[0] else -value


def _checksum(text: bytes) -> int:
    """Return all bytes XORed: one long number folded in half until a byte is left."""
    folded = int.from_bytes(text, "big")
    for bits in _FOLDS:
        folded ^= folded >> bits
    return folded & 0xFF


def _too_many() -> TooLargeError:
    return TooLargeError(
        f"NMEA 日志超过 {_MAX_SENTENCES} 条语句,请按天拆分后再上传",
        f"the log has more than {_MAX_SENTENCES} NMEA sentences: split it by day",
        code="too_many_sentences",
    )


def _bad_checksum(count: int) -> Problem:
    return Problem(
        "bad_checksum",
        Text(
            f"{count} 条语句校验和错误或不完整(传输损坏),已略过",
            f"{count} sentences have a wrong checksum or are cut off (damaged on the way) and were "
            "passed over",
        ),
        count,
    )


def _no_fix(count: int) -> Problem:
    return Problem(
        "no_fix",
        Text(
            f"{count} 条语句标明当时没有定位,已略过",
            f"{count} sentences say that there was no fix and were passed over",
        ),
        count,
    )
