"""EXIF and XMP of a HEIC picture, from its box structure.

Sources: ISO/IEC 14496-12 8.11 (meta, iinf, iloc, idat), ISO/IEC 23008-12 annex A (Exif items).
The size of the picture is left to its EXIF, which phones fill in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from geoinspect.ingest.pictures import MAX_BLOCK_BYTES, Embedded

# Brands of stills and bursts coded with HEVC; "mif1" is any coding, AV1 among them.
_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"])
_ANY_CODING, _AV1 = b"mif1", b"avif"

_MAX_BOXES = 1_000
_MAX_META_BYTES = 4 << 20
_MAX_EXTENTS = 32
# A phone's picture has some hundred tiles; entries without bytes must not cost hours.
_MAX_ITEMS = 10_000
_XMP_TYPE = b"application/rdf+xml"


class _CutError(ValueError):
    """A box ends before what it should hold, or holds what no camera writes."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an item lies: start and length of its pieces, in the file or in the ``idat`` box."""

    in_file: bool
    extents: tuple[tuple[int, int], ...]


class _Cursor:
    """Reads big-endian numbers from bytes, never past their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if not 0 <= count <= self.left:
            raise _CutError
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")


def is_heic(head: bytes) -> bool:
    """Return whether a file that begins so is a HEIC picture."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[i : i + 4] for i in (8, *range(16, end, 4))}
    return bool(brands & _BRANDS) or (_ANY_CODING in brands and _AV1 not in brands)


def read_heif(stream: BinaryIO) -> Embedded:
    """Return the first EXIF and XMP items of a HEIC file; what can't be found is missing."""
    exif = xmp = None
    try:
        boxes = dict(_children(_meta(stream)))
        idat = boxes.get(b"idat", b"")
        places = _places(_Cursor(boxes.get(b"iloc", b"")))
        for item, kind in _items(_Cursor(boxes.get(b"iinf", b""))):
            if kind == "exif" and exif is None:
                exif = _tiff(_contents(stream, idat, places.get(item)))
            elif kind == "xmp" and xmp is None:
                xmp = _contents(stream, idat, places.get(item))
    except _CutError:
        return Embedded("heic", exif, xmp, damaged=True)
    return Embedded("heic", exif, xmp)


def _meta(stream: BinaryIO) -> bytes:
    """Return the boxes inside the file's ``meta`` box."""
    end = stream.seek(0, os.SEEK_END)
    at = 0
    for _ in range(_MAX_BOXES):
        stream.seek(at)
        head = stream.read(16)
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - at
        if len(head) < header or size < header or at + size > end:
            break
        if head[4:8] == b"meta":
            if not header + 4 <= size <= _MAX_META_BYTES:
                break
            stream.seek(at + header + 4)
            return stream.read(size - header - 4)
        at += size
    raise _CutError


def _children(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of the boxes in a box."""
    cursor = _Cursor(data)
    while cursor.left:
        size, kind = cursor.number(4), cursor.take(4)
        yield kind, cursor.take(size - 8)


def _items(cursor: _Cursor) -> Iterator[tuple[int, str]]:
    """Yield id and kind (``exif`` or ``xmp``) of such items of an ``iinf`` box."""
    cursor.take(2 if cursor.number(4) >> 24 == 0 else 4)
    for _, body in _children(cursor.take(cursor.left)):
        entry = _Cursor(body)
        version = entry.number(4) >> 24
        if version not in (2, 3):
            continue
        item = entry.number(2 if version == 2 else 4)
        entry.take(2)
        kind = entry.take(4)
        if kind == b"Exif":
            yield item, "exif"
        elif kind == b"mime" and _XMP_TYPE in entry.take(entry.left).split(b"\x00"):
            yield item, "xmp"


def _places(cursor: _Cursor) -> dict[int, _Place]:
    """Return where the items of an ``iloc`` box lie; those in other files are left out."""
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    id_size = 4 if version == 2 else 2
    places = {}
    count = cursor.number(id_size)
    if count > _MAX_ITEMS:
        raise _CutError
    for _ in range(count):
        item = cursor.number(id_size)
        method = cursor.number(2) & 15 if version else 0
        elsewhere = cursor.number(2)
        start = cursor.number(base_size)
        pieces = cursor.number(2)
        if pieces > _MAX_EXTENTS:
            cursor.take(pieces * (index_size + offset_size + length_size))
            continue
        extents = []
        for _ in range(pieces):
            cursor.take(index_size)
            extents.append((start + cursor.number(offset_size), cursor.number(length_size)))
        if not elsewhere and method in (0, 1):
            places[item] = _Place(method == 0, tuple(extents))
    return places


def _contents(stream: BinaryIO, idat: bytes, place: _Place | None) -> bytes:
    """Return the bytes of an item."""
    if place is None or sum(length for _, length in place.extents) > MAX_BLOCK_BYTES:
        raise _CutError
    pieces = []
    for start, length in place.extents:
        if place.in_file:
            stream.seek(start)
            piece = stream.read(length)
        else:
            piece = idat[start : start + length]
        if len(piece) < length:
            raise _CutError
        pieces.append(piece)
    return b"".join(pieces)


def _tiff(item: bytes) -> bytes:
    """Return the TIFF structure of an Exif item, which begins with how far on it starts."""
    cursor = _Cursor(item)
    cursor.take(cursor.number(4))
    return cursor.take(cursor.left)
