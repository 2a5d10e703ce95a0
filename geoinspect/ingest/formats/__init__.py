"""Which reader reads a file: told by its content, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.geojson import read_geojson
from geoinspect.ingest.formats.gpx import read_gpx
from geoinspect.ingest.formats.kml import read_kml
from geoinspect.ingest.formats.reading import Reading, ReadOptions
from geoinspect.ingest.formats.refusals import (
    BINARY,
    BLANK,
    CSV,
    HTML,
    IGC,
    NMEA,
    OTHER_XML,
    OVJSN,
    PLT,
    TCX,
    Unread,
    unread_binary,
    unread_text,
)
from geoinspect.ingest.formats.text import decoded_head

HEAD_BYTES = 65_536
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?(gpx|kml|html|TrainingCenterDatabase)\b", re.I)


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that is read.

    Attributes:
        format: Short name such as ``gpx``.
        read: Reads an open file; see :class:`Reading`.
    """

    format: str
    read: Callable[[BinaryIO, ReadOptions], Reading]


_BY_ROOT: dict[str, Reader | Unread] = {
    "gpx": Reader("gpx", read_gpx),
    "kml": Reader("kml", read_kml),
    "trainingcenterdatabase": TCX,
    "html": HTML,
}
_GEOJSON = Reader("geojson", read_geojson)
# Text that is neither XML nor JSON: the first whose look fits reads it; tables, the least
# particular, come last.
_BY_LOOK: tuple[tuple[Callable[[str], object], Reader | Unread], ...] = (
    (re.compile(r"^(?:\S*\s+)?\$(?:G[A-Z]|BD)[A-Z]{3},", re.M).search, NMEA),
    (re.compile(r"\AA[A-Z0-9]{3}.*?^H[FO]DTE", re.S | re.M).search, IGC),
    (re.compile(r"\A(?:OziExplorer Track|Geolife trajectory)", re.I).search, PLT),
    (re.compile(r"\A[^\n]*[,;\t][^\n]*[,;\t]").search, CSV),
    (re.compile(r"\A[^\n]*[,;\t][^\n]*\n[^\n]*[,;\t]").search, CSV),
)


def read_any(stream: BinaryIO, options: ReadOptions) -> tuple[str, Reading]:
    """Read a file of any format; return its short name and what stands in it.

    Raises:
        TrackError: Nobody reads it, or its reader refuses it.
        TooLargeError: More points than any day's work.
    """
    kind = recognise(stream.read(HEAD_BYTES))
    if isinstance(kind, Unread):
        raise TrackError(kind.text.zh, kind.text.en, code=kind.code)
    return kind.format, kind.read(stream, options)


def recognise(head: bytes) -> Reader | Unread:
    """Return who reads a file, or what it is that nobody reads.

    Args:
        head: The first :data:`HEAD_BYTES` of the file (all of a shorter one).
    """
    binary = unread_binary(head)
    if binary is not None:
        return binary
    text = decoded_head(head)
    visible = text.lstrip("\ufeff\u200b" + "".join(map(chr, range(33))))
    if visible.startswith("<"):
        root = _ROOT.search(visible)
        return _BY_ROOT[root[1].lower()] if root else OTHER_XML
    if visible.startswith(("{", "[")):
        return OVJSN if '"ObjItems"' in text else _GEOJSON
    if not visible:
        return BINARY if "\x00" in text else BLANK
    fitting = (kind for looks_like, kind in _BY_LOOK if looks_like(visible))
    return next(fitting, unread_text(visible))
