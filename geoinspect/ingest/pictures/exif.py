"""The EXIF fields that say where, when and how a photo was taken.

Source: CIPA DC-008 (Exif 2.32 and 3.0), TIFF 6.0 section 2. Only the three directories and the
fields named here are looked at, each once, so time and memory go with the block and not with what
its offsets claim. Values that break off or have another type than they should count as not given.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from geoinspect.ingest.formats.reading import clean_name

_IMAGE, _PHOTO, _GPS = "image", "photo", "gps"


class Tag(Enum):
    """Directory and number of a field."""

    MAKE = (_IMAGE, 0x010F)
    MODEL = (_IMAGE, 0x0110)
    ORIENTATION = (_IMAGE, 0x0112)
    CHANGED = (_IMAGE, 0x0132)
    PHOTO_DIRECTORY = (_IMAGE, 0x8769)
    GPS_DIRECTORY = (_IMAGE, 0x8825)
    TAKEN = (_PHOTO, 0x9003)
    DIGITIZED = (_PHOTO, 0x9004)
    CHANGED_OFFSET = (_PHOTO, 0x9010)
    TAKEN_OFFSET = (_PHOTO, 0x9011)
    DIGITIZED_OFFSET = (_PHOTO, 0x9012)
    CHANGED_SUBSECOND = (_PHOTO, 0x9290)
    TAKEN_SUBSECOND = (_PHOTO, 0x9291)
    DIGITIZED_SUBSECOND = (_PHOTO, 0x9292)
    FOCAL_MM = (_PHOTO, 0x920A)
    WIDTH = (_PHOTO, 0xA002)
    HEIGHT = (_PHOTO, 0xA003)
    FOCAL_PLANE_X = (_PHOTO, 0xA20E)
    FOCAL_PLANE_Y = (_PHOTO, 0xA20F)
    FOCAL_PLANE_UNIT = (_PHOTO, 0xA210)
    DIGITAL_ZOOM = (_PHOTO, 0xA404)
    FOCAL_35MM = (_PHOTO, 0xA405)
    LATITUDE_REF = (_GPS, 0x0001)
    LATITUDE = (_GPS, 0x0002)
    LONGITUDE_REF = (_GPS, 0x0003)
    LONGITUDE = (_GPS, 0x0004)
    ALTITUDE_REF = (_GPS, 0x0005)
    ALTITUDE = (_GPS, 0x0006)
    TIME = (_GPS, 0x0007)
    STATUS = (_GPS, 0x0009)
    DIRECTION_REF = (_GPS, 0x0010)
    DIRECTION = (_GPS, 0x0011)
    DATUM = (_GPS, 0x0012)
    DATE = (_GPS, 0x001D)
    ACCURACY = (_GPS, 0x001F)


_TAGS = {tag.value: tag for tag in Tag}
_POINTERS = {_PHOTO: Tag.PHOTO_DIRECTORY, _GPS: Tag.GPS_DIRECTORY}
# ASCII, UNDEFINED and UTF-8.
_TEXTS = (2, 7, 129)
# Other TIFF types → struct code of one number and how many of them make a value.
_NUMBERS = {
    1: ("B", 1), 3: ("H", 1), 4: ("I", 1), 5: ("I", 2), 6: ("b", 1), 8: ("h", 1),
    9: ("i", 1), 10: ("i", 2), 11: ("f", 1), 12: ("d", 1), 13: ("I", 1),
}  # fmt: skip
_ENTRY_BYTES = 12
_MAX_NUMBERS, _MAX_TEXT_BYTES = 16, 1_000

Value = tuple[float, ...] | str


@dataclass(frozen=True, slots=True)
class Exif:
    """What a block says.

    Attributes:
        values: The fields found: numbers, or text.
        damaged: Something that should be there breaks off or is no EXIF.
    """

    values: Mapping[Tag, Value] = field(default_factory=dict)
    damaged: bool = False

    def numbers(self, tag: Tag) -> tuple[float, ...]:
        """Return the numbers of a field, NaN for a fraction over zero; empty without any."""
        value = self.values.get(tag, ())
        if isinstance(value, str):
            try:
                return (float(value),)
            except ValueError:
                return ()
        return value

    def number(self, tag: Tag) -> float | None:
        """Return the one finite number of a field."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers and math.isfinite(numbers[0]) else None

    def text(self, tag: Tag) -> str | None:
        """Return the text of a field on one line; None for a blank one."""
        value = self.values.get(tag)
        return clean_name(value) if isinstance(value, str) else None


def read_exif(block: bytes) -> Exif:
    """Read a TIFF structure of either byte order, as far as it goes."""
    if block.startswith(b"Exif\x00"):
        block = block[6:]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return Exif(damaged=True)
    found, whole = _directory(block, order, _IMAGE, *struct.unpack_from(f"{order}I", block, 4))
    for name, pointer in _POINTERS.items():
        start = Exif(found).number(pointer)
        if start is not None:
            more, sound = _directory(block, order, name, int(start))
            found |= more
            whole = whole and sound
    return Exif(found, damaged=not whole)


def _directory(block: bytes, order: str, name: str, start: int) -> tuple[dict[Tag, Value], bool]:
    """Return the fields of a directory that are wanted, and whether none of them was broken."""
    if not 0 <= start <= len(block) - 2:
        return {}, False
    (count,) = struct.unpack_from(f"{order}H", block, start)
    fitting = min(count, (len(block) - start - 2) // _ENTRY_BYTES)
    found: dict[Tag, Value] = {}
    whole = fitting == count
    for entry in range(start + 2, start + 2 + fitting * _ENTRY_BYTES, _ENTRY_BYTES):
        number, type_, values = struct.unpack_from(f"{order}HHI", block, entry)
        tag = _TAGS.get((name, number))
        if tag is not None and tag not in found:
            value = _value(block, order, type_, values, entry + 8)
            if value is None:
                whole = False
            else:
                found[tag] = value
    return found, whole


def _value(block: bytes, order: str, type_: int, count: int, place: int) -> Value | None:
    """Return a field's value, which stands at ``place`` or where the offset there points."""
    code, parts = _NUMBERS.get(type_, ("c", 1))
    size = struct.calcsize(code) * parts * count
    if size > 4:
        (place,) = struct.unpack_from(f"{order}I", block, place)
    if place + size > len(block) or (type_ not in _NUMBERS and type_ not in _TEXTS):
        return None
    if type_ in _TEXTS:
        return _text(block[place : place + min(size, _MAX_TEXT_BYTES)])
    read = struct.unpack_from(f"{order}{min(count, _MAX_NUMBERS) * parts}{code}", block, place)
    if parts == 1:
        return tuple(map(float, read))
    pairs = zip(read[::2], read[1::2], strict=True)
    return tuple(above / below if below else math.nan for above, below in pairs)


def _text(raw: bytes) -> str:
    """Return text up to its zero byte; Chinese devices write GBK where ASCII should be."""
    raw = raw.partition(b"\x00")[0]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    return "".join(sign for sign in text if sign.isprintable())
