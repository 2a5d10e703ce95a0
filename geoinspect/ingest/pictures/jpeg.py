"""EXIF, XMP and size of a JPEG, from the segments before its pixels.

Sources: ITU-T T.81 annex B (markers), CIPA DC-008 4.7 (EXIF in APP1), Adobe XMP part 3 1.1.3.
"""

from __future__ import annotations

from typing import BinaryIO

from geoinspect.ingest.pictures import Embedded

MAGIC = b"\xff\xd8\xff"

_EXIF = b"Exif\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
# Frame headers: all of C0 to CF but Huffman tables, an extension and arithmetic conditioning.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE1, 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset([0x01, *range(0xD0, 0xD9)])
# Thermal cameras and colour profiles fill dozens of segments; thousands are an attack on our time.
_MAX_SEGMENTS = 4_096
# Any number of fill bytes is allowed before a marker; writers that align use a few.
_MAX_FILL = 256


def read_jpeg(stream: BinaryIO) -> Embedded:
    """Return what stands before the pixels of a JPEG; what a cut file has lost is missing."""
    exif = xmp = None
    width = height = None
    stream.seek(2)
    for _ in range(_MAX_SEGMENTS):
        marker = _next_marker(stream)
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return Embedded("jpeg", exif, xmp, width, height)
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(stream.read(2), "big") - 2
        if marker is None or length < 0:
            break
        if marker == _APP1:
            block = stream.read(length)
            if exif is None and block.startswith(_EXIF):
                exif = block[6:]
            elif xmp is None and block.startswith(_XMP):
                xmp = block[len(_XMP) :]
        elif marker in _FRAMES and length >= 5:
            frame = stream.read(length)
            height, width = (int.from_bytes(frame[i : i + 2], "big") or None for i in (1, 3))
        else:
            stream.seek(length, 1)
    return Embedded("jpeg", exif, xmp, width, height, damaged=True)


def _next_marker(stream: BinaryIO) -> int | None:
    """Return the code of the next marker, past fill bytes; None where there is none."""
    pair = stream.read(2)
    if len(pair) < 2 or pair[0] != 0xFF:
        return None
    code = pair[1]
    for _ in range(_MAX_FILL):
        if code != 0xFF:
            return code
        code = int.from_bytes(stream.read(1), "big")
    return None
