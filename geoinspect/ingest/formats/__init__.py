"""Which reader reads a file: told by its content, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import SEEK_END
from typing import BinaryIO

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.containers import Allowance, Packed, packed_as
from geoinspect.ingest.formats.fit import looks_like_fit, read_fit
from geoinspect.ingest.formats.geojson import read_geojson
from geoinspect.ingest.formats.gpx import read_gpx
from geoinspect.ingest.formats.igc import looks_like_igc, read_igc
from geoinspect.ingest.formats.kml import read_kml
from geoinspect.ingest.formats.nmea import looks_like_nmea, read_nmea
from geoinspect.ingest.formats.ovjsn import read_ovjsn
from geoinspect.ingest.formats.packed import read_packed
from geoinspect.ingest.formats.plt import looks_like_plt, read_plt
from geoinspect.ingest.formats.reading import Reading, ReadOptions
from geoinspect.ingest.formats.refusals import (
    BINARY,
    BLANK,
    HTML,
    OTHER_XML,
    Unread,
    advised,
    unread_binary,
    unread_text,
)
from geoinspect.ingest.formats.srt import looks_like_srt, read_srt
from geoinspect.ingest.formats.table_layout import looks_like_table
from geoinspect.ingest.formats.tables import read_table
from geoinspect.ingest.formats.tcx import read_tcx
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
    "trainingcenterdatabase": Reader("tcx", read_tcx),
    "html": HTML,
}
_FIT = Reader("fit", read_fit)
_GEOJSON = Reader("geojson", read_geojson)
_OVJSN = Reader("ovjsn", read_ovjsn)
# Text that is neither XML nor JSON: the first whose look fits reads it; tables, the least
# particular, come last.
_BY_LOOK: tuple[tuple[Callable[[str], object], Reader | Unread], ...] = (
    (looks_like_igc, Reader("igc", read_igc)),
    (looks_like_nmea, Reader("nmea", read_nmea)),
    (looks_like_plt, Reader("plt", read_plt)),
    (looks_like_srt, Reader("srt", read_srt)),
    (looks_like_table, Reader("csv", read_table)),
)


def read_any(stream: BinaryIO, options: ReadOptions) -> tuple[str, Reading]:
    """Read a file of any format, packed or not; return its short name and what stands in it.

    Raises:
        TrackError: Nobody reads it, or its reader refuses it.
        TooLargeError: More points than any day's work, or more than is unpacked.
    """
    return _read(stream, options, Allowance(stream.seek(0, SEEK_END)))


def _read(stream: BinaryIO, options: ReadOptions, allowance: Allowance) -> tuple[str, Reading]:
    stream.seek(0)
    kind = recognise(stream.read(HEAD_BYTES))
    if isinstance(kind, Unread):
        kind = advised(kind, options.name)
        raise TrackError(kind.text.zh, kind.text.en, code=kind.code)
    if isinstance(kind, Packed):
        return read_packed(stream, kind, options, allowance, _read)
    return kind.format, kind.read(stream, options)


def recognise(head: bytes) -> Reader | Packed | Unread:
    """Return who reads a file, how it is packed, or what it is that nobody reads.

    Args:
        head: The first :data:`HEAD_BYTES` of the file (all of a shorter one).
    """
    if looks_like_fit(head):
        return _FIT
    binary = unread_binary(head) or packed_as(head)
    if binary is not None:
        return binary
    text = decoded_head(head)
    visible = text.lstrip("\ufeff\u200b" + "".join(map(chr, range(33))))
    if visible.startswith("<"):
        root = _ROOT.search(visible)
        return _BY_ROOT[root[1].lower()] if root else OTHER_XML
    if visible.startswith(("{", "[")):
        return _OVJSN if '"ObjItems"' in text else _GEOJSON
    if not visible:
        return BINARY if "\x00" in text else BLANK
    fitting = (kind for looks_like, kind in _BY_LOOK if looks_like(visible))
    return next(fitting, unread_text(visible))
