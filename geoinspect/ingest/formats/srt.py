"""DJI's SRT: the subtitles of a drone video, which hold place, height and camera of each frame.

There is no official description; the fields are as files of many models have them. Clock times
are those of the remote control, without a zone.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.formats.reading import Reading, ReadOptions, TrackBuilder
from geoinspect.ingest.formats.text import find_encoding, text_lines
from geoinspect.records import Extra, Problem

_FRAME = "-->"
# One firmware writes "longtitude".
_LAT = re.compile(r"latitude\s*:\s*(-?\d+(?:\.\d+)?)")
_LON = re.compile(r"longt?itude\s*:\s*(-?\d+(?:\.\d+)?)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,:](\d{1,3}))?", re.ASCII)
_EXTRAS = {
    Extra.HEIGHT: re.compile(r"rel_alt\s*:\s*(-?\d+(?:\.\d+)?)"),
    Extra.ELEVATION: re.compile(r"abs_alt\s*:\s*(-?\d+(?:\.\d+)?)"),
    Extra.PITCH: re.compile(r"(?:gb|gimbal)_pitch\s*:\s*(-?\d+(?:\.\d+)?)"),
    Extra.HEADING: re.compile(r"(?:gb|gimbal)_yaw\s*:\s*(-?\d+(?:\.\d+)?)"),
}
_LOOK = re.compile(r"-->.{0,600}?latitude\s*:", re.S)
_MAX_FRAME_CHARS = 4_000


def looks_like_srt(head: str) -> bool:
    """Return whether a file's beginning holds a subtitle with a latitude."""
    return _LOOK.search(head) is not None


def read_srt(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the places of a drone video's frames as one track.

    Thirty frames a second repeat one fix: a frame counts when its place or its second is new.

    Raises:
        TooLargeError: More points than any day's work.
    """
    reading = Reading()
    encoding = find_encoding(stream)
    frames = _Frames(TrackBuilder(zone=options.zone))
    pieces: list[str] = []
    for line in text_lines(stream, encoding):
        if _FRAME in line:
            frames.add("\n".join(pieces)[:_MAX_FRAME_CHARS])
            pieces.clear()
        elif len(pieces) < 100:
            pieces.append(line)
    frames.add("\n".join(pieces)[:_MAX_FRAME_CHARS])
    reading.lines = frames.builder.lines()
    reading.refused = frames.builder.refused
    reading.problems += frames.builder.time_problems()
    if encoding.problem is not None:
        reading.problems.append(encoding.problem)
    if frames.void:
        reading.problems.append(_no_fix(frames.void))
    if frames.repeated:
        reading.problems.append(_repeated(frames.repeated))
    return reading


class _Frames:
    """Takes the text of one frame after the other."""

    def __init__(self, builder: TrackBuilder) -> None:
        self.builder = builder
        self.void = 0
        self.repeated = 0
        self._last: tuple[str, str, str] | None = None

    def add(self, text: str) -> None:
        lat, lon = _LAT.search(text), _LON.search(text)
        if lat is None or lon is None:
            return
        if float(lat[1]) == float(lon[1]) == 0:
            self.void += 1
            return
        time = _TIME.search(text)
        key = (lat[1], lon[1], time[1] if time else "")
        if key == self._last:
            self.repeated += 1
            return
        self._last = key
        self.builder.flush_when_full()
        self.builder.lat.append(lat[1])
        self.builder.lon.append(lon[1])
        self.builder.time.append(f"{time[1]}.{time[2] or 0}" if time else None)
        for extra, pattern in _EXTRAS.items():
            value = pattern.search(text)
            if value is not None:
                self.builder.set_extra(extra, value[1])


def _no_fix(count: int) -> Problem:
    return Problem(
        "no_fix",
        Text(
            f"{count} 帧没有定位(经纬度为 0),已略过",
            f"{count} frames have no fix (latitude and longitude 0) and were passed over",
        ),
        count,
    )


def _repeated(count: int) -> Problem:
    return Problem(
        "repeated_frames",
        Text(
            f"{count} 帧重复同一次定位,只计一次",
            f"{count} frames repeat the fix of the frame before them and count once",
        ),
        count,
    )
