"""GPX 1.0 and 1.1, by local names: any namespace form, as phones and handhelds write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.formats.markup import read_markup
from geoinspect.ingest.formats.reading import CoordinateValue, Reading, ReadOptions, TrackBuilder
from geoinspect.ingest.times import TimeValue
from geoinspect.records import Extra, Problem

# Metres by whatever name; ``hdop`` is a ratio. OpenTracks: accuracy_horizontal; Locus and others
# write accuracy, some map matchers horaccur.
_ACCURACIES = ("accuracy", "accuracy_horizontal", "horizontal_accuracy", "horaccur", "hacc")
_CONTAINERS = ("metadata", "author", "trk", "trkseg", "rte", "wpt", "extensions")


class _GpxSink:
    """Collects track points; route points apart, since a route is a plan and not a walk."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.tracks = TrackBuilder()
        self.routes = TrackBuilder()
        self._open = [""]
        # The times of the builder whose point is open, and what else it is told of its points.
        self._times: list[TimeValue] | None = None
        self._said = _said(self.tracks)
        self.starts = {
            **{name: self._opener(name) for name in _CONTAINERS},
            "gpx": self._start_gpx,
            "trkpt": self._point_starter(self.tracks),
            "rtept": self._point_starter(self.routes),
        }
        self.ends = {
            **dict.fromkeys(_CONTAINERS, self._close),
            "trkseg": self._end_segment,
            "trk": self._end_track,
            "rte": self._end_route,
            "wpt": self._end_waypoint,
            "trkpt": self._end_point,
            "rtept": self._end_point,
        }
        self.texts = {
            "time": self._take_time,
            "ele": self._take_elevation,
            **dict.fromkeys(_ACCURACIES, self._take_accuracy),
            "name": self._take_name,
            **dict.fromkeys(("desc", "cmt", "src", "keywords"), self._take_note),
        }
        self.bulk: dict[str, Callable[[str], None]] = {}

    def _opener(self, name: str) -> Callable[[dict[str, str]], None]:
        return lambda _: self._open.append(name)

    def _close(self) -> None:
        self._open.pop()

    def _start_gpx(self, attributes: dict[str, str]) -> None:
        self.reading.note(attributes.get("creator"))

    def _point_starter(self, builder: TrackBuilder) -> Callable[[dict[str, str]], None]:
        """Return what adds a point; it counts from its start, where its position is complete."""
        add_lon, add_lat, add_time = builder.lon.append, builder.lat.append, builder.time.append
        flush_when_full = builder.flush_when_full
        said = _said(builder)

        def start_point(attributes: dict[str, str]) -> None:
            flush_when_full()
            add_lon(attributes.get("lon"))
            add_lat(attributes.get("lat"))
            add_time(None)
            self._times = builder.time
            self._said = said

        return start_point

    def _end_point(self) -> None:
        self._times = None

    def _end_segment(self) -> None:
        self._close()
        self._end_point()
        self.tracks.end_segment()

    def _end_track(self) -> None:
        self._close()
        self._end_point()
        self.tracks.end_line()

    def _end_route(self) -> None:
        self._close()
        self._end_point()
        self.routes.end_line()

    def _end_waypoint(self) -> None:
        self._close()
        self.reading.waypoints += 1

    def _take_time(self, text: str) -> None:
        if self._times is not None and self._open[-1] != "extensions":
            self._times[-1] = text

    def _take_elevation(self, text: str) -> None:
        if self._times is not None and self._open[-1] != "extensions":
            self._said[0][len(self._times) - 1] = text

    def _take_accuracy(self, text: str) -> None:
        if self._times is not None:
            self._said[1][len(self._times) - 1] = text

    def _take_name(self, text: str) -> None:
        parent = self._open[-1]
        if self._times is None and parent in ("trk", "rte"):
            (self.tracks if parent == "trk" else self.routes).set_name(text)
        self._take_note(text)

    def _take_note(self, text: str) -> None:
        if self._times is None and self._open[-1] in ("", "metadata", "trk", "rte"):
            self.reading.note(text)


def read_gpx(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the tracks of a GPX file; its routes only when it has no track point at all.

    Raises:
        TrackError: The document is hostile.
        TooLargeError: More points than any day's work.
    """
    sink, problems = read_markup(stream, _GpxSink)
    reading = sink.reading
    reading.problems += problems
    builder = sink.tracks
    reading.lines = builder.lines()
    if builder.points_seen == 0:
        builder = sink.routes
        reading.lines = builder.lines()
        if reading.lines:
            reading.problems.append(_route_only())
    reading.refused = builder.refused
    reading.problems += builder.time_problems()
    return reading


def _said(
    builder: TrackBuilder,
) -> tuple[dict[int, CoordinateValue], dict[int, CoordinateValue]]:
    """Return where a builder takes elevations and accuracies."""
    return builder.said(Extra.ELEVATION), builder.said(Extra.ACCURACY)


def _route_only() -> Problem:
    return Problem(
        "route_only",
        Text(
            "文件里没有记录的轨迹,只有规划路线;已按路线点读取,请确认确实走过",
            "the file holds no recorded track, only a planned route, which was read instead: make "
            "sure that it was really walked",
        ),
    )
