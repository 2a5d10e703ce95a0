"""JSON from strangers: decoded as it really is, and its values as the builder takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from geoinspect.errors import TooLargeError, TrackError
from geoinspect.ingest.formats.reading import CoordinateValue, Reading
from geoinspect.ingest.formats.text import find_encoding, text_chunks

# What the signs of a text become in memory, bytes: lists, objects, values and their commas, and
# strings at half a pair of quotes (measured with CPython 3.11 on 64 bits).
_COSTS = {"[": 72, "{": 200, ",": 40, '"': 32}
_MAX_BYTES = 200_000_000
# More than any number of a double, and far fewer than Python takes seconds for.
_MAX_DIGITS = 400
# Blanks and the record separator of RFC 8142.
_BETWEEN = re.compile(r"[\s\x1e]*")


def load_json(stream: BinaryIO, reading: Reading) -> object:
    """Return the document of a JSON file; what is wrong with its encoding goes to ``reading``.

    Raises:
        TrackError: Not JSON, or nested absurdly.
        TooLargeError: It would fill the memory.
    """
    encoding = find_encoding(stream)
    if encoding.problem is not None:
        reading.problems.append(encoding.problem)
    text = "".join(_bounded(text_chunks(stream, encoding)))
    try:
        try:
            return _DECODER.decode(text)
        except ValueError:
            features = _text_sequence(text)
            if features is None:
                raise
            return {"type": "FeatureCollection", "features": features}
    except (ValueError, RecursionError) as error:
        raise TrackError(
            f"无法读取:JSON 内容不完整或已损坏({error});请在应用里重新导出",
            f"the JSON is cut off or damaged ({error}): export it again in the app",
            code="bad_json",
        ) from error


def _text_sequence(text: str) -> list[object] | None:
    """Return the documents of a text that holds several in a row, as GeoJSON text sequences and
    newline-delimited GeoJSON do (RFC 8142); None when it is no such text.
    """
    found: list[object] = []
    at = _past_blanks(text, 0)
    while at < len(text):
        try:
            document, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return None
        found.append(document)
        at = _past_blanks(text, at)
    return found if len(found) > 1 else None


def _past_blanks(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match is not None else at


def _bounded(chunks: Iterator[str]) -> Iterator[str]:
    """Yield chunks while the document that they make still fits into memory."""
    cost = 0
    for chunk in chunks:
        # The text is there twice while it is joined.
        cost += 2 * len(chunk) + sum(chunk.count(sign) * each for sign, each in _COSTS.items())
        if cost > _MAX_BYTES:
            raise TooLargeError(
                "JSON 内容过多,无法一次读入;请按天或按路线拆分,或改为导出 GPX",
                "the JSON holds too much to be read at once: split it by day or route, or export "
                "GPX instead",
                code="too_large",
            )
        yield chunk


def _whole_number(digits: str) -> int | float:
    """Return a whole number; one of absurdly many digits as infinite, which no place or time is."""
    return int(digits) if len(digits) < _MAX_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_int=_whole_number)


def sequence(value: object) -> Sequence[object]:
    """Return a list as it is and anything else as an empty one."""
    return value if isinstance(value, list) else ()


def scalar(value: object) -> CoordinateValue:
    """Return a number or text as it is; anything else as a text that is no number."""
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
        return value
    return "?"
