"""How much longer work will take: a range from the speeds measured, never a single promise."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable

from geoinspect.errors import Text

# Nothing is said before this much was seen: the first moments are opening and compiling.
_LEAST_S, _LEAST_SHARE = 3.0, 0.01
# Speeds are taken over these shares of the time measured, newest part first.
_SPANS = (0.2, 0.5, 1.0)
# Room on both sides: work to come is never quite like work done.
_ROOM = 1.1
_MOST_MARKS = 400
_UNITS = ((3600, "小时", "h"), (60, "分钟", "min"), (1, "秒", "s"))


def seconds_left(marks: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the least and the most time that the rest will take; None when nothing can be said.

    The rest is taken to go as fast as the whole did, its later half, or its last fifth; the range
    spans what these say. Work that was done before the first mark counts for no speed.

    Args:
        marks: Moments in seconds and the share done (0 to 1) then, oldest first.
    """
    seen = list(marks)
    if len(seen) < 2:
        return None
    (first_s, first), (now_s, share) = seen[0], seen[-1]
    took_s = now_s - first_s
    if took_s < _LEAST_S or share - first < _LEAST_SHARE:
        return None
    left_s = []
    for span in _SPANS:
        until_s = now_s - span * took_s
        since_s, was = max((mark for mark in seen if mark[0] <= until_s), default=seen[0])
        if share > was:
            left_s.append((1 - share) * (now_s - since_s) / (share - was))
    return min(left_s) / _ROOM, max(left_s) * _ROOM


def told(left: tuple[float, float] | None) -> Text:
    """Return a time left in words, in whole units that fit its size."""
    if left is None:
        return Text("正在估计剩余时间", "measuring the time left")
    low, high = left
    unit_s, zh, en = next(unit for unit in _UNITS if high >= 1.5 * unit[0] or unit[0] == 1)
    least, most = math.floor(low / unit_s), max(1, math.ceil(high / unit_s))
    if least == 0:
        return Text(f"还需不到 {most} {zh}", f"less than {most} {en} left")
    if least == most:
        return Text(f"还需约 {most} {zh}", f"about {most} {en} left")
    return Text(f"还需约 {least}–{most} {zh}", f"about {least}–{most} {en} left")


class Pace:
    """Keeps marks of the share done, few however long the work takes."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float]] = deque()

    def mark(self, share: float, now_s: float | None = None) -> None:
        """Note that a share is done now."""
        self._marks.append((time.monotonic() if now_s is None else now_s, share))
        if len(self._marks) > _MOST_MARKS:
            marks = list(self._marks)
            self._marks = deque([*marks[:-1:2], marks[-1]])

    def left(self) -> tuple[float, float] | None:
        """Return the least and the most time left, seconds."""
        return seconds_left(self._marks)
