"""Garmin TCX: one line an activity, one segment a ``Track`` element (Garmin's schema, version 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.formats.markup import read_markup
from geoinspect.ingest.formats.reading import Reading, ReadOptions, TrackBuilder
from geoinspect.records import Extra, Problem

_CONTAINERS = ("Activity", "Course", "CoursePoint", "Creator", "Author", "Trackpoint")


class _TcxSink:
    """Collects the points of activities; those of courses apart, since a course is a plan."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.activities = TrackBuilder()
        self.courses = TrackBuilder()
        self.without_position = 0
        self._builder = self.activities
        self._open = [""]
        self._placed = False
        self._point: dict[str, str] = {}
        self.starts = {
            **{name: self._opener(name) for name in _CONTAINERS},
            "Activity": self._line_starter("Activity", self.activities),
            "Course": self._line_starter("Course", self.courses),
            "Trackpoint": self._start_point,
            "Position": self._start_position,
        }
        self.ends = {
            **dict.fromkeys(_CONTAINERS, self._close),
            "Activity": self._end_line,
            "Course": self._end_line,
            "Trackpoint": self._end_point,
            "Track": self._end_track,
        }
        self.texts = {
            "Id": self._take_name,
            "Name": self._take_name,
            "Notes": self.reading.note,
            **{
                name: self._taker(name)
                for name in ("Time", "LatitudeDegrees", "LongitudeDegrees", "AltitudeMeters")
            },
        }
        self.bulk: dict[str, Callable[[str], None]] = {}

    def _opener(self, name: str) -> Callable[[dict[str, str]], None]:
        return lambda _: self._open.append(name)

    def _close(self) -> None:
        self._open.pop()

    def _line_starter(self, name: str, builder: TrackBuilder) -> Callable[[dict[str, str]], None]:
        def start_line(_: dict[str, str]) -> None:
            self._open.append(name)
            self._builder = builder

        return start_line

    def _start_point(self, _: dict[str, str]) -> None:
        self._open.append("Trackpoint")
        self._placed = False
        self._point = {}

    def _start_position(self, _: dict[str, str]) -> None:
        self._placed = True

    def _taker(self, name: str) -> Callable[[str], None]:
        def take(text: str) -> None:
            if self._open[-1] == "Trackpoint":
                self._point[name] = text

        return take

    def _take_name(self, text: str) -> None:
        if self._open[-1] in ("Activity", "Course"):
            self._builder.set_name(text)
        self.reading.note(text)

    def _end_point(self) -> None:
        self._close()
        if not self._placed:
            self.without_position += 1
            return
        builder, point = self._builder, self._point
        builder.flush_when_full()
        builder.lon.append(point.get("LongitudeDegrees"))
        builder.lat.append(point.get("LatitudeDegrees"))
        builder.time.append(point.get("Time"))
        if (elevation := point.get("AltitudeMeters")) is not None:
            builder.set_extra(Extra.ELEVATION, elevation)

    def _end_track(self) -> None:
        self._builder.end_segment()

    def _end_line(self) -> None:
        self._close()
        self._builder.end_line()


def read_tcx(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the activities of a TCX file; its courses only when no activity has a point.

    Raises:
        TrackError: The document is hostile.
        TooLargeError: More points than any day's work.
    """
    sink, problems = read_markup(stream, _TcxSink)
    reading = sink.reading
    reading.problems += problems
    builder = sink.activities
    reading.lines = builder.lines()
    if builder.points_seen == 0:
        builder = sink.courses
        reading.lines = builder.lines()
        if reading.lines:
            reading.problems.append(_course_only())
    reading.refused = builder.refused
    reading.problems += builder.time_problems()
    if sink.without_position:
        reading.problems.append(no_position(sink.without_position))
    return reading


def no_position(count: int) -> Problem:
    """Return what to say of records in which a device had no fix."""
    return Problem(
        "no_position",
        Text(
            f"{count} 条记录没有定位(暂停、室内或无信号),已略过",
            f"{count} records without a position (a pause, indoors, no fix) were passed over",
        ),
        count,
    )


def _course_only() -> Problem:
    return Problem(
        "route_only",
        Text(
            "文件里没有记录的活动,只有规划路线(Course);已按路线点读取,请确认确实走过",
            "the file holds no recorded activity, only a planned course, which was read instead: "
            "make sure that it was really walked",
        ),
    )
