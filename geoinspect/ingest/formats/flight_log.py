"""What is particular to drone logs: ten rows a second under one whole-second time."""

from __future__ import annotations

import math

from geoinspect.ingest.times import TimeValue

_SECOND_CHARS = 19
_LAST_MS = 999


class SecondDivider:
    """Divides whole seconds by a column of milliseconds since the start.

    AirData's rows lie 100 ms apart while ``datetime(utc)`` steps by whole seconds. The first row
    of a second keeps it and the others lie as much later as the milliseconds say; a log whose two
    columns contradict each other keeps its whole seconds.
    """

    def __init__(self) -> None:
        self._second = ""
        self._begun_ms = math.nan

    def moment(self, time: TimeValue, elapsed: str) -> TimeValue:
        """Return a time with the milliseconds of its row."""
        if not isinstance(time, str) or "." in time:
            return time
        try:
            now_ms = float(elapsed)
        except ValueError:
            return time
        if time != self._second:
            self._second, self._begun_ms = time, now_ms
            return time
        later_ms = now_ms - self._begun_ms
        if not later_ms > 0:
            return time
        second, zone = time[:_SECOND_CHARS], time[_SECOND_CHARS:]
        return f"{second}.{round(min(later_ms, _LAST_MS)):03}{zone}"
