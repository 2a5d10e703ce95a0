"""The tracks of all files in a container, as one reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO

from geoinspect.errors import InputError, Text, TooLargeError, TrackError
from geoinspect.ingest.datum_choice import flagged_datum
from geoinspect.ingest.formats.archives import entries
from geoinspect.ingest.formats.containers import (
    Allowance,
    Entry,
    Packed,
    Packing,
    cut_off,
    unpack,
)
from geoinspect.ingest.formats.reading import MAX_POINTS, Reading, ReadOptions
from geoinspect.records import Problem

# What else lies in archives: what systems leave behind, pictures, sound, films, papers, styles.
_LEFTOVERS = ("__macosx", "thumbs.db", "desktop.ini", ".ds_store")
_NO_TRACKS = (
    ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".heic", ".tif", ".tiff", ".svg", ".ico",
    ".mp3", ".wav", ".amr", ".m4a", ".mp4", ".mov", ".avi", ".3gp", ".pdf", ".doc", ".docx", ".ppt",
    ".pptx", ".xlsx", ".css", ".js", ".dae", ".xsl", ".xsd", ".prj", ".dbf", ".shx", ".md5", ".exe",
)  # fmt: skip
_SHOWN_CHARS = 60
_MAX_PROBLEMS = 50

ReadInner = Callable[[BinaryIO, ReadOptions, Allowance], tuple[str, Reading]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One file inside, read."""

    name: str
    format: str
    reading: Reading


def read_packed(
    stream: BinaryIO, packed: Packed, options: ReadOptions, allowance: Allowance, read: ReadInner
) -> tuple[str, Reading]:
    """Read every track file in a container; what can't be read is told, the rest is read.

    The short name returned is that of the first file inside, ``kmz`` for KML in a ZIP. Where
    several files are read, each line keeps what its own file says of the datum.

    Args:
        stream: The container.
        packed: How it is packed.
        options: As for a file of its own.
        allowance: What may still be unpacked.
        read: Reads one file from inside.

    Raises:
        TrackError: Nothing in it can be read.
        TooLargeError: Too many files, bytes or points.
    """
    with allowance.layer():
        parts: list[_Part] = []
        refusals: list[tuple[str, InputError]] = []
        inside = entries(stream, packed.packing, options.name)
        allowance.take_entries(len(inside))
        for entry in _in_reading_order(inside):
            try:
                parts.append(_read_entry(entry, options, allowance, read))
            except TooLargeError:
                raise
            except InputError as error:
                refusals.append((shown_name(entry.name), error))
            if sum(_points(part.reading) for part in parts) > MAX_POINTS:
                raise _too_many_points()
    if not parts:
        raise refusals[0][1] if refusals else _nothing_inside()
    first = parts[0].format
    format_ = "kmz" if packed.packing is Packing.ZIP and first == "kml" else first
    return format_, _merged(parts, refusals)


def shown_name(name: str) -> str:
    """Return a name from inside as it may be shown: no folders, nothing unprintable, short."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(sign for sign in last if sign.isprintable())[:_SHOWN_CHARS]


def _in_reading_order(inside: Sequence[Entry]) -> list[Entry]:
    """Return what may be a track; ``doc.kml``, the main file of a KMZ, comes first."""
    wanted = [entry for entry in inside if not _is_ignored(entry.name.lower())]
    return sorted(wanted, key=lambda entry: entry.name.lower() != "doc.kml")


def _is_ignored(name: str) -> bool:
    folders = name.replace("\\", "/").split("/")
    return (
        any(folder in _LEFTOVERS for folder in folders)
        or folders[-1].startswith("._")
        or name.endswith(_NO_TRACKS)
    )


def _read_entry(entry: Entry, options: ReadOptions, allowance: Allowance, read: ReadInner) -> _Part:
    content, whole = unpack(entry, allowance)
    with content:
        format_, reading = read(content, replace(options, name=entry.name), allowance)
    name = shown_name(entry.name)
    if not whole and not any(problem.code == "truncated" for problem in reading.problems):
        reading.problems.append(Problem("truncated", cut_off(name)))
    # Each file speaks for its own lines alone: the silent ones are not to be shifted.
    flag = flagged_datum(reading.statements, reading.words, entry.name, reading.lines)
    datum = flag.datum if flag is not None else None
    reading.lines = tuple(replace(line, datum=line.datum or datum) for line in reading.lines)
    return _Part(name, format_, reading)


def _merged(parts: Sequence[_Part], refusals: Sequence[tuple[str, InputError]]) -> Reading:
    reading = parts[0].reading if len(parts) == 1 else _joined(parts)
    reading.problems += [_member_refused(name, error.text, error.code) for name, error in refusals]
    beyond = len(reading.problems) - _MAX_PROBLEMS
    if beyond > 0:
        reading.problems[_MAX_PROBLEMS:] = [_more_problems(beyond)]
    return reading


def _joined(parts: Sequence[_Part]) -> Reading:
    reading = Reading()
    for part in parts:
        own = part.reading
        reading.lines += tuple(
            replace(line, name=line.name or part.name or None) for line in own.lines
        )
        reading.refused += own.refused
        reading.waypoints += own.waypoints
        reading.problems += [_of_member(part.name, problem) for problem in own.problems]
        if not own.lines:
            why = Text("里面没有轨迹点", "it holds no track point")
            reading.problems.append(_member_refused(part.name, why, "no_track"))
    return reading


def _points(reading: Reading) -> int:
    return sum(len(segment) for line in reading.lines for segment in line.segments)


def _of_member(name: str, problem: Problem) -> Problem:
    text = problem.text
    return replace(problem, text=Text(f"{name}:{text.zh}", f"{name}: {text.en}"))


def _member_refused(name: str, why: Text, code: str) -> Problem:
    return Problem(
        "member_refused",
        Text(
            f"压缩包里的“{name}”没有读取({code}):{why.zh}",
            f"{name!r} in the archive was not read ({code}): {why.en}",
        ),
    )


def _more_problems(count: int) -> Problem:
    return Problem(
        "more_problems",
        Text(
            f"还有 {count} 条提示没有列出;请分开上传以便查看",
            f"{count} more remarks are not listed: send the files one by one to see them",
        ),
        count,
    )


def _nothing_inside() -> TrackError:
    return TrackError(
        "压缩包里没有轨迹文件;请放入 GPX、KML、TCX、FIT 等轨迹文件",
        "the archive holds no track file: put GPX, KML, TCX, FIT or other track files in it",
        code="no_track",
    )


def _too_many_points() -> TooLargeError:
    return TooLargeError(
        f"压缩包里的轨迹点超过 {MAX_POINTS} 个;请按天或按路线拆分后再上传",
        f"the archive holds more than {MAX_POINTS} track points: split it by day or route",
        code="too_many_points",
    )
