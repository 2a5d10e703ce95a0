"""Which reader reads a file: told by its content, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from geoinspect.ingest.formats.geojson import read_geojson
from geoinspect.ingest.formats.gpx import read_gpx
from geoinspect.ingest.formats.kml import read_kml
from geoinspect.ingest.formats.reading import Reading
from geoinspect.ingest.formats.refusals import (
    BINARY,
    BLANK,
    HTML,
    OTHER_XML,
    OVJSN,
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
    read: Callable[[BinaryIO], Reading]


_BY_ROOT: dict[str, Reader | Unread] = {
    "gpx": Reader("gpx", read_gpx),
    "kml": Reader("kml", read_kml),
    "trainingcenterdatabase": TCX,
    "html": HTML,
}
_GEOJSON = Reader("geojson", read_geojson)


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
    return unread_text(visible)
