"""The rows of a delimited text, one at a time: no line, cell or quote can fill the memory."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from geoinspect.errors import TooLargeError
from geoinspect.ingest.formats.reading import MAX_POINTS
from geoinspect.ingest.formats.text import Encoding, text_chunks

# Wider than any row of a spreadsheet (16,384 columns) with something in it; longer lines are lost.
_MAX_LINE_CHARS = 131_072
# A quoted cell of more lines than this is a quote that somebody forgot to close.
_MAX_CELL_LINES = 50
_LOST = "row_unreadable"
# A title and a header on top of the points that one file may have.
_MAX_LINES = MAX_POINTS + 1000
_LINE_ENDS = re.compile(r"[\r\n]+")
_BLANKS = re.compile(r"\s+")
_DAY_AND_CLOCK = re.compile(r"(\d[-/.年月]\d{1,2}日?)\s+(\d{1,2}:\d\d)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a line is cut into cells.

    Attributes:
        delimiter: One sign; a blank stands for any run of blanks and tabs, without quotes.
        joins_times: Whether ``2026-05-14 08:30:00`` is one cell between blanks.
    """

    delimiter: str
    joins_times: bool = False


def table_lines(stream: BinaryIO, encoding: Encoding, refused: Counter[str]) -> Iterator[str]:
    """Yield the lines of a text; longer ones are lost and counted.

    Raises:
        TooLargeError: More lines than a track has points.
    """
    rest = ""
    overlong = False
    seen = 0
    for text in text_chunks(stream, encoding):
        untidy = "\r" in text or "\n\n" in text
        lines = (rest + (_LINE_ENDS.sub("\n", text) if untidy else text)).split("\n")
        rest = lines.pop()
        seen += len(lines)
        if seen > _MAX_LINES:
            raise TooLargeError(
                f"表格超过 {MAX_POINTS} 行,请按天或按路线拆分后再上传",
                f"the table has more than {MAX_POINTS} rows: split it by day or route",
                code="too_many_points",
            )
        for line in lines:
            if overlong or len(line) > _MAX_LINE_CHARS:
                refused[_LOST] += 1
            else:
                yield line
            overlong = False
        if len(rest) > _MAX_LINE_CHARS:
            overlong, rest = True, ""
    if overlong:
        refused[_LOST] += 1
    elif rest:
        yield rest


def split_rows(
    lines: Iterable[str], dialect: Dialect, refused: Counter[str]
) -> Iterator[list[str]]:
    """Yield the cells of every line that is not blank; lines that can't be cut are counted."""
    if dialect.delimiter == " ":
        yield from _blank_rows(lines, dialect)
        return
    reader = csv.reader(
        _whole_rows(lines, dialect), delimiter=dialect.delimiter, skipinitialspace=True
    )
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            refused[_LOST] += 1
            continue
        yield row


def _blank_rows(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    for line in lines:
        text = line.strip()
        if dialect.joins_times:
            text = _DAY_AND_CLOCK.sub(r"\1T\2", text)
        if text:
            yield _BLANKS.split(text)


def _whole_rows(lines: Iterable[str], dialect: Dialect) -> Iterator[str]:
    """Yield lines joined where a quoted cell goes on; empty cells at the end are cut off."""
    source = iter(lines)
    waiting: deque[str] = deque()
    # A blank after the delimiter is cut too, but a tab that delimits is not what is left.
    ends = dialect.delimiter + " \t"
    while True:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            return
        line = line.rstrip(ends)
        if not line:
            continue
        if line.count('"') % 2 and _is_open(line, dialect):
            line = _joined(line, source, waiting)
        yield line


def _is_open(line: str, dialect: Dialect) -> bool:
    try:
        for _ in csv.reader(
            [line], delimiter=dialect.delimiter, skipinitialspace=True, strict=True
        ):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _joined(line: str, source: Iterator[str], waiting: deque[str]) -> str:
    """Return a line with those that its open quote takes in; alone when nothing closes it."""
    parts = [line]
    while len(parts) < _MAX_CELL_LINES:
        number = len(parts) - 1
        following = waiting[number] if number < len(waiting) else next(source, None)
        if following is None:
            break
        if number >= len(waiting):
            waiting.append(following)
        parts.append(following)
        if following.count('"') % 2:
            for _ in parts[1:]:
                waiting.popleft()
            return "\n".join(parts)
    return line.replace('"', "")
