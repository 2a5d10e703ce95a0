"""KML: lines, gx:Track and gx:MultiTrack; timed places only where a file has no line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from itertools import chain, repeat, zip_longest
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import Text, TooLargeError
from geoinspect.ingest.formats.markup import read_markup
from geoinspect.ingest.formats.reading import Reading, ReadOptions, TrackBuilder
from geoinspect.records import Extra, Problem, TrackLine

_AROUND_COMMA = re.compile(r"\s+,\s*|,\s+")
_DATUM_KEY = re.compile(r"datum|crs|coord(inate)?[ _-]?(sys(tem)?|type)|坐标系|坐标类型", re.I)
# Series of a gx:Track in metres; OpenTracks writes the second.
_ACCURACY_SERIES = ("accuracy", "accuracy_horizontal", "horizontal_accuracy")
# Vertices that agree to this many decimals (about 0.1 m) are the same fix written twice.
_SAME_PLACE_DECIMALS = 6
_SAME_LINE_SHARE = 0.9
# A gx:Track may give all its times before its positions, so its texts are held until it ends:
# some 700,000 points.
_MAX_HELD_BYTES, _POINTER_BYTES = 120_000_000, 8

_CONTAINERS = ("Placemark", "LineString", "Track", "Point", "Document", "Folder")


class _KmlSink:
    """Collects gx:Tracks, line strings and timed places in three builders."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.tracks = TrackBuilder()
        self.lines = TrackBuilder()
        self.places = TrackBuilder()
        self.empty_coords = 0
        self.unpaired = 0
        self.malformed = 0
        self._open = [""]
        self._key = ""
        self._whens: list[str] = []
        self._coords: list[str] = []
        self._accuracies: list[str] = []
        self._held_bytes = 0
        self._place: str | None = None
        self._moment: str | None = None
        self.starts = {
            **{name: self._opener(name) for name in _CONTAINERS},
            "Placemark": self._start_placemark,
            "Data": self._start_data,
            "SimpleData": self._start_data,
            "SimpleArrayData": self._start_data,
        }
        self.ends = {
            **dict.fromkeys(_CONTAINERS, self._close),
            "Track": self._end_track_element,
            "LineString": self._end_line_string,
            "Placemark": self._end_placemark,
            **dict.fromkeys(("Data", "SimpleArrayData"), self._end_data),
        }
        self.texts = {
            "coord": self._take_coord,
            "when": self._take_when,
            "begin": self._take_begin,
            "name": self._take_name,
            "description": self.reading.note,
            "value": self._take_value,
            "SimpleData": self._take_value,
        }
        self.bulk = {"coordinates": self._take_coordinates}

    def _opener(self, name: str) -> Callable[[dict[str, str]], None]:
        return lambda _: self._open.append(name)

    def _close(self) -> None:
        self._open.pop()

    def _start_placemark(self, _: dict[str, str]) -> None:
        self._open.append("Placemark")
        self._place = self._moment = None

    def _start_data(self, attributes: dict[str, str]) -> None:
        self._key = attributes.get("name", "")

    def _end_data(self) -> None:
        self._key = ""

    def _take_value(self, text: str) -> None:
        if self._key in _ACCURACY_SERIES and len(self._accuracies) < len(self._coords):
            self._accuracies.append(self._held(text))
        if _DATUM_KEY.search(self._key):
            self.reading.state(text)

    def _take_name(self, text: str) -> None:
        self.reading.note(text)
        if self._open[-1] == "Placemark":
            self.tracks.set_name(text)
            self.lines.set_name(text)

    def _held(self, text: str) -> str:
        """Count a text that is kept until its gx:Track ends."""
        self._held_bytes += sys.getsizeof(text) + _POINTER_BYTES
        if self._held_bytes > _MAX_HELD_BYTES:
            raise _too_long_a_track()
        return text

    def _take_coord(self, text: str) -> None:
        if self._open[-1] == "Track":
            self._coords.append(self._held(text))

    def _take_when(self, text: str) -> None:
        if self._open[-1] == "Track":
            self._whens.append(self._held(text))
        else:
            self._take_begin(text)

    def _take_begin(self, text: str) -> None:
        self._moment = self._moment or text.strip() or None

    def _take_coordinates(self, text: str) -> None:
        if self._open[-1] == "LineString":
            self._add_tuples(self.lines, text)
        elif self._open[-1] == "Point":
            self.reading.waypoints += 1
            self._place = text

    def _end_track_element(self) -> None:
        self._close()
        self.end_track()

    def _end_line_string(self) -> None:
        self._close()
        self.lines.end_segment()

    def _end_placemark(self) -> None:
        self._close()
        self.tracks.end_line()
        self.lines.end_line()
        if self._place is not None and self._moment is not None:
            self._add_tuples(self.places, self._place, [self._moment])

    def end_track(self) -> None:
        """Pair positions with times by their order, as the gx:Track schema says."""
        if self._whens and len(self._whens) != len(self._coords):
            self.unpaired += abs(len(self._whens) - len(self._coords))
        times: list[str | None] = [*self._whens]
        times += [None] * (len(self._coords) - len(times))
        paired = zip_longest(self._coords, self._accuracies)
        for (coord, accuracy), when in zip(paired, times, strict=False):
            fields = coord.replace(",", " ").split()
            if not fields:
                self.empty_coords += 1
                continue
            self.tracks.flush_when_full()
            self.tracks.lon.append(fields[0])
            self.tracks.lat.append(fields[1] if len(fields) > 1 else None)
            self.tracks.time.append(when)
            _set_altitude(self.tracks, fields)
            if accuracy is not None:
                self.tracks.set_extra(Extra.ACCURACY, accuracy)
        self._whens, self._coords, self._accuracies = [], [], []
        self._held_bytes = 0
        self.tracks.end_segment()

    def _add_tuples(
        self, builder: TrackBuilder, text: str, times: Iterable[str | None] = ()
    ) -> None:
        """Add ``lon,lat[,alt]`` tuples; also those written with blanks after their commas."""
        tuples = [fields.split(",") for fields in _AROUND_COMMA.sub(",", text).split()]
        sound = [fields for fields in tuples if len(fields) <= 4]
        self.malformed += len(tuples) - len(sound)
        builder.flush_when_full()
        for fields, time in zip(sound, chain(times, repeat(None)), strict=False):
            builder.lon.append(fields[0])
            builder.lat.append(fields[1] if len(fields) > 1 else None)
            builder.time.append(time)
            _set_altitude(builder, fields)


def _set_altitude(builder: TrackBuilder, fields: list[str]) -> None:
    """Keep the third number of a place; a bare 0 is what apps write when they have none."""
    if len(fields) > 2 and fields[2].strip("-0."):
        builder.set_extra(Extra.ELEVATION, fields[2])


def read_kml(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the lines of a KML file.

    A line string that repeats a gx:Track of the same file is left out and reported.

    Raises:
        TrackError: The document is hostile.
        TooLargeError: More points than any day's work.
    """
    sink, problems = read_markup(stream, _KmlSink)
    reading = sink.reading
    reading.problems += problems
    sink.end_track()
    tracks, lines, places = sink.tracks.lines(), sink.lines.lines(), sink.places.lines()
    builders = [sink.tracks, sink.lines]
    if tracks or lines:
        fresh = _without_repeats(lines, tracks)
        if len(fresh) < len(lines):
            reading.problems.append(_repeated(len(lines) - len(fresh)))
        reading.lines = (*tracks, *fresh)
    elif sink.tracks.points_seen + sink.lines.points_seen == 0:
        builders.append(sink.places)
        reading.lines = places
        if places:
            reading.problems.append(_places_only())
    for builder in builders:
        reading.refused += builder.refused
    if sink.malformed:
        reading.refused["coordinate_malformed"] += sink.malformed
    timed = sink.tracks if tracks else sink.places
    reading.problems += timed.time_problems()
    reading.problems += _pairing_problems(sink)
    return reading


def _without_repeats(
    lines: tuple[TrackLine, ...], tracks: tuple[TrackLine, ...]
) -> tuple[TrackLine, ...]:
    """Return the line strings that are not a second writing of the tracks."""
    if not tracks or not lines:
        return lines
    known = _place_keys(tracks)
    return tuple(
        line for line in lines if np.isin(_place_keys((line,)), known).mean() < _SAME_LINE_SHARE
    )


def _place_keys(lines: Iterable[TrackLine]) -> NDArray[np.int64]:
    """Return one whole number a vertex, equal for equal places."""
    segments = [segment for line in lines for segment in line.segments]
    scale = 10**_SAME_PLACE_DECIMALS
    lon = np.round(np.concatenate([segment.lon for segment in segments]) * scale)
    lat = np.round(np.concatenate([segment.lat for segment in segments]) * scale)
    return np.asarray(lon.astype(np.int64) * (360 * scale) + lat.astype(np.int64))


def _pairing_problems(sink: _KmlSink) -> list[Problem]:
    problems = []
    if sink.empty_coords:
        problems.append(
            Problem(
                "empty_coord",
                Text(
                    f"{sink.empty_coords} 个空坐标(暂停或无定位)已略过",
                    f"{sink.empty_coords} empty positions (pauses or no fix) were passed over",
                ),
                sink.empty_coords,
            )
        )
    if sink.unpaired:
        problems.append(
            Problem(
                "when_coord_mismatch",
                Text(
                    f"时间与坐标的个数相差 {sink.unpaired},按顺序对应,多出的点没有时间",
                    f"times and positions differ in number by {sink.unpaired}; paired in order, "
                    "the rest has no time",
                ),
                sink.unpaired,
            )
        )
    return problems


def _too_long_a_track() -> TooLargeError:
    return TooLargeError(
        "一条 gx:Track 轨迹的点过多(约 70 万个以上),无法一次读入;请按天拆分,或改为导出 GPX",
        "one gx:Track holds too many points to be read at once (more than about 700,000): split it "
        "by day, or export GPX instead",
        code="too_many_points",
    )


def _repeated(count: int) -> Problem:
    return Problem(
        "repeated_line",
        Text(
            f"{count} 条线与文件里的轨迹相同,只计一次",
            f"{count} lines repeat a track of the same file and count once",
        ),
        count,
    )


def _places_only() -> Problem:
    return Problem(
        "places_only",
        Text(
            "文件里没有线,已把带时间的地点按顺序连成轨迹",
            "the file holds no line; its timed places were joined in their order",
        ),
    )
