"""Times of day, as receivers log them, to epoch seconds over midnights."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from geoinspect.errors import Text
from geoinspect.records import Problem

_DAY_S = 86_400.0
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
# Two digits of a year from here on belong to the last century: GPS time begins in 1980.
_FIRST_SHORT_YEAR = 80


class DayClock:
    """Follows the times of day of one log: when they fall back by half a day, it is tomorrow.

    Args:
        midnight_s: Epoch seconds at which the first day begins (UTC); None while unknown.
    """

    def __init__(self, midnight_s: float | None = None) -> None:
        self.midnight_s = midnight_s
        self._last_s = 0.0

    def start_day(self, midnight_s: float) -> None:
        """Take a date that the log states."""
        self.midnight_s = midnight_s
        self._last_s = 0.0

    def moment(self, clock_s: float | None) -> float | None:
        """Return the epoch seconds of the next time of day; None without a time or a date."""
        if clock_s is None or self.midnight_s is None:
            return None
        if self._last_s - clock_s > _DAY_S / 2:
            self.midnight_s += _DAY_S
        self._last_s = clock_s
        return self.midnight_s + clock_s


# The sentences of one moment repeat its time, and all of a day its date.
@lru_cache(maxsize=64)
def clock_s(text: str) -> float | None:
    """Return seconds of the day of ``hhmmss`` or ``hhmmss.ss``; None when it is no time."""
    whole, _, fraction = text.partition(".")
    if len(whole) != 6 or not (whole + fraction).isdecimal() or not text.isascii():
        return None
    hour, minute = int(whole[:2]), int(whole[2:4])
    second = float(text[4:])
    # 60 is a leap second.
    if hour > 23 or minute > 59 or second >= 61:
        return None
    return hour * 3600 + minute * 60 + second


@lru_cache(maxsize=64)
def midnight_s(day: str, month: str, year: str) -> float | None:
    """Return epoch seconds at which a day begins (UTC); None when it is no date.

    Args:
        year: Four digits, or two, which mean 1980 to 2079.
    """
    if not (day + month + year).isdecimal():
        return None
    try:
        number = int(year)
        if len(year) <= 2:
            number += 1900 if number >= _FIRST_SHORT_YEAR else 2000
        return (date(number, int(month), int(day)).toordinal() - _EPOCH_ORDINAL) * _DAY_S
    except (ValueError, OverflowError):
        return None


def no_date() -> Problem:
    """Return what to say of a log that has times of day and no date."""
    return Problem(
        "no_date",
        Text(
            "记录里只有时刻,没有日期;位置已保留,时间未采用",
            "the log has times of day and no date: positions are kept, times were not used",
        ),
    )
