"""Times as track files write them, to epoch seconds (UTC)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from math import isnan
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geoinspect.errors import UsageError
from geoinspect.records import F8

# Outside these years a date is a parsing accident and not even worth flagging as implausible.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_S = 86_400.0
_QUARTER_S = 900.0
# GPS counts weeks modulo 1024 and old receivers fall back by that much, other clocks to 1970 or 1901.
_ROLLOVER_S = 1000 * 7 * _DAY_S
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a clock reading, whose zone is put on later

_TAIL = re.compile(
    r"(?P<fraction>[.,]\d+)?\s*(?:(?P<zulu>Z|UTC|GMT)|(?P<sign>[+-])(?P<h>\d\d):?(?P<m>\d\d)?)?",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.年]?)(?P<month>\d{1,2})(?:[-/.月]?)(?P<day>\d{1,2})日?[T\s_]*"
    r"(?P<hour>\d{1,2})(?:[:时点]?)(?P<minute>\d\d)(?:[:分]?(?P<second>\d\d)秒?)?(?P<tail>.*)",
    re.IGNORECASE | re.DOTALL,
)
# Numbers above this are milliseconds since 1970: as seconds they would lie past the year 5000.
_MILLISECONDS_FROM = 1e11
# Smaller numbers are counters or seconds since the start, not dates.
_FIRST_NUMBER_S = 365 * _DAY_S
_LAST_NUMBER_S = (date(_LAST_YEAR, 12, 31).toordinal() - _EPOCH_ORDINAL) * _DAY_S

# Columns of 2026-05-14T00:30:05 that hold digits and signs.
_HEAD_CHARS = 19
_SIGN_COLUMNS = [4, 7, 10, 13, 16]
_DIGIT_COLUMNS = [column for column in range(_HEAD_CHARS) if column not in _SIGN_COLUMNS]
_DAY_PLACES = 10 ** np.arange(7, -1, -1)

TimeValue = str | float | int | None


@dataclass(frozen=True, slots=True)
class ParsedTimes:
    """Times of one block of points.

    Attributes:
        time_s: Epoch seconds (UTC), shape (n,); NaN where there is no usable time.
        naive: How many had no zone and were taken in the zone asked for.
        bad: How many could not be read.
        missing: How many points had no time at all.
    """

    time_s: F8
    naive: int
    bad: int
    missing: int


class _Days(dict[str, float]):
    """``2026-05-14`` → seconds at its midnight; NaN when it is no date."""

    def __missing__(self, text: str) -> float:
        seconds = math.nan
        if len(text) == 10 and text[4] == text[7] == "-":
            seconds = _midnight_s(text[:4], text[5:7], text[8:])
        self[text] = seconds
        return seconds


class _Clocks(dict[str, float]):
    """``T00:30:05`` → seconds of the day; NaN when it is no time of day."""

    def __missing__(self, text: str) -> float:
        seconds = math.nan
        if len(text) == 9 and text[0] in "Tt " and text[3] == text[6] == ":":
            seconds = _clock_s(text[1:3], text[4:6], text[7:])
        self[text] = seconds
        return seconds


class _Tails(dict[str, tuple[float, bool]]):
    """``.250+08:00`` → (seconds to add, no zone was given)."""

    def __missing__(self, text: str) -> tuple[float, bool]:
        parsed = _tail(text)
        self[text] = parsed
        return parsed


def parse_times(values: Iterable[TimeValue], zone: tzinfo = UTC) -> ParsedTimes:
    """Parse the times of a block of points.

    Reads ISO 8601 with blank or ``T``, any fraction, ``Z``, ``+08:00``, ``+0800``, ``+08`` or no
    zone (taken in ``zone`` and counted), and, more slowly, slashes, 年月日, basic ISO, RFC 2822 and
    epoch numbers in seconds or milliseconds.
    """
    values = list(values)
    uniform = _parse_uniform(values, zone)
    return uniform if uniform is not None else _parse_each(values, zone)


def named_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        UsageError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"不认识的时区“{name}”,例如应写 Asia/Shanghai 或 UTC",
            f"unknown time zone {name!r}: write Asia/Shanghai or UTC, for example",
            code="bad_timezone",
        ) from error


def implausible(time_s: ArrayLike, now_s: float) -> NDArray[np.bool_]:
    """Return which times are over a day ahead or so far back that a clock or week counter failed.

    Args:
        time_s: Epoch seconds; NaN is not implausible.
        now_s: The present, epoch seconds.
    """
    moments = np.asarray(time_s, dtype=np.float64)
    return np.asarray((moments > now_s + _DAY_S) | (moments < now_s - _ROLLOVER_S))


def in_zone(local_s: F8, zone: tzinfo) -> F8:
    """Return epoch seconds (UTC) of clock readings in a zone, which come as if they were UTC."""
    if zone is UTC:
        return local_s
    known = np.isfinite(local_s)
    # A zone changes its offset at whole quarters of an hour at most.
    quarters, which = np.unique(local_s[known] // _QUARTER_S, return_inverse=True)
    offsets_s = np.array([_offset_s(quarter * _QUARTER_S, zone) for quarter in quarters.tolist()])
    epoch_s = local_s.copy()
    if len(offsets_s):
        epoch_s[known] -= offsets_s[which]
    return epoch_s


def _offset_s(local_s: float, zone: tzinfo) -> float:
    clock = _EPOCH + timedelta(seconds=local_s)
    offset = clock.replace(tzinfo=zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _parse_uniform(values: list[TimeValue], zone: tzinfo) -> ParsedTimes | None:
    """Parse times of one shape and zone all at once; None when they are not of that kind."""
    first = values[0] if values else None
    if not isinstance(first, str) or len(first) < _HEAD_CHARS:
        return None
    try:
        text = "".join(values).encode("ascii")  # type: ignore[arg-type]
    except (TypeError, UnicodeEncodeError):
        return None
    if len(text) != len(first) * len(values):
        return None
    table = np.frombuffer(text, dtype=np.uint8).reshape(len(values), len(first))
    digits = table[:, _DIGIT_COLUMNS].astype(np.int64) - ord("0")
    signs = table[:, _SIGN_COLUMNS]
    tail_s, naive = _tail(first[_HEAD_CHARS:])
    if (
        digits.min() < 0
        or digits.max() > 9
        or (signs != tuple(b"--T::")).any()
        or (table[:, _HEAD_CHARS:] != table[0, _HEAD_CHARS:]).any()
        or isnan(tail_s)
    ):
        return None
    day = digits[:, :8] @ _DAY_PLACES
    hour, minute, second = (digits[:, 8:].reshape(-1, 3, 2) @ np.array([10, 1])).T
    if hour.max() > 23 or minute.max() > 59 or second.max() > 59:
        return None
    days, which = np.unique(day, return_inverse=True)
    midnights = np.array(
        [_midnight_s(f"{d // 10_000}", f"{d // 100 % 100}", f"{d % 100}") for d in days.tolist()]
    )
    time_s = midnights[which] + (hour * 3600 + minute * 60 + second) + tail_s
    if not np.isfinite(time_s).all():
        return None
    if naive:
        time_s = in_zone(time_s, zone)
    return ParsedTimes(time_s, len(values) * naive, 0, 0)


def _parse_each(values: list[TimeValue], zone: tzinfo) -> ParsedTimes:
    """Parse times one by one, each part of a text only once."""
    days, clocks, tails = _Days(), _Clocks(), _Tails()
    seconds: list[float] = []
    naive: list[int] = []
    bad = missing = 0
    for value in values:
        if isinstance(value, str):
            extra, zoneless = tails[value[19:]]
            # A clock table keyed by text makes this one lookup a part; 86,400 entries at most.
            moment = days[value[:10]] + clocks[value[10:19]] + extra
            if isnan(moment):
                moment, zoneless = _parse_loose(value)
                if isnan(moment):
                    blank = not value.strip()
                    missing += blank
                    bad += not blank
                    zoneless = False
            if zoneless:
                naive.append(len(seconds))
        elif value is None:
            moment = math.nan
            missing += 1
        else:
            moment = _from_number(value)
            bad += isnan(moment)
        seconds.append(moment)
    time_s = np.array(seconds, dtype=np.float64)
    time_s[naive] = in_zone(time_s[naive], zone)
    return ParsedTimes(time_s, len(naive), bad, missing)


def _parse_loose(text: str) -> tuple[float, bool]:
    """Read one time in any form we know: (epoch seconds or NaN, no zone was given)."""
    text = text.strip()
    try:
        return _from_number(float(text)), False
    except ValueError:
        pass
    match = _LOOSE.fullmatch(text)
    if match is None:
        return _from_mail_date(text)
    day_s = _midnight_s(match["year"], match["month"], match["day"])
    clock_s = _clock_s(match["hour"], match["minute"], match["second"] or "0")
    extra_s, zoneless = _tail(match["tail"])
    return day_s + clock_s + extra_s, zoneless


def _from_mail_date(text: str) -> tuple[float, bool]:
    """Read ``Thu, 14 May 2026 00:30:00 GMT``."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return math.nan, False
    return _naive_utc_s(moment), moment.tzinfo is None


def _naive_utc_s(moment: datetime) -> float:
    """Return epoch seconds; a moment without a zone is taken as UTC."""
    offset = moment.utcoffset()
    clock_s = moment.hour * 3600 + moment.minute * 60 + moment.second
    day_s = (moment.toordinal() - _EPOCH_ORDINAL) * _DAY_S
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return math.nan
    return day_s + clock_s - (offset.total_seconds() if offset is not None else 0.0)


def _from_number(value: float) -> float:
    """Return epoch seconds of a number in seconds or milliseconds; NaN when it is no date."""
    if not _FIRST_NUMBER_S < value < _LAST_NUMBER_S * 1000:
        return math.nan
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else float(value)
    return seconds if _FIRST_NUMBER_S < seconds < _LAST_NUMBER_S else math.nan


def _midnight_s(year: str, month: str, day: str) -> float:
    try:
        moment = date(int(year), int(month), int(day))
    except ValueError:
        return math.nan
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return math.nan
    return (moment.toordinal() - _EPOCH_ORDINAL) * _DAY_S


def _clock_s(hour: str, minute: str, second: str) -> float:
    if not (hour.isdecimal() and minute.isdecimal() and second.isdecimal()):
        return math.nan
    hours, minutes, seconds = int(hour), int(minute), int(second)
    # 24:00:00 is midnight, 23:59:60 a leap second.
    if minutes > 59 or seconds > 60 or hours > 24 or (hours == 24 and minutes + seconds > 0):
        return math.nan
    return hours * 3600.0 + minutes * 60 + seconds


def _tail(text: str) -> tuple[float, bool]:
    """Read fraction and zone: (seconds to add or NaN, no zone was given)."""
    match = _TAIL.fullmatch(text.rstrip())
    if match is None:
        return math.nan, False
    fraction_s = float("0." + match["fraction"][1:]) if match["fraction"] else 0.0
    if match["sign"] is None:
        return fraction_s, match["zulu"] is None
    offset_s = int(match["h"]) * 3600 + int(match["m"] or 0) * 60
    return fraction_s + (-offset_s if match["sign"] == "+" else offset_s), False
