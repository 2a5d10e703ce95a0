"""Photos with a place and a time, and files that pretend to be photos."""

from __future__ import annotations

import zlib

import photo_builders as photos
import shapely


def dms(degrees: float) -> tuple[float, float, float]:
    minutes = (degrees % 1) * 60
    return float(int(degrees)), float(int(minutes)), (minutes % 1) * 60


def picture_at(point: shapely.Point, *, day: str = "2026:05:14 12:30:00") -> bytes:
    """A phone's photo at a place, looking west."""
    gps = {2: dms(point.y), 4: dms(point.x), 6: None, 17: 271.5, 31: 5.0, 18: "WGS-84"}
    photo = {0x9003: day, 0x9011: "+08:00", 0x9291: None}
    return photos.jpeg_bytes(photos.exif_bytes(gps, photo))


def png_header(wide: int, high: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    size = wide.to_bytes(4, "big") + high.to_bytes(4, "big")
    pixels = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\x02\0\0\0") + chunk(b"IDAT", pixels)


HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<html><script>alert(1)</script>",
    "bomb": png_header(60_000, 60_000),
    "wide": png_header(9_000, 9_000),
    "head": b"\xff\xd8\xff\xe0",
    "text": "这不是照片".encode(),
    "exe": b"MZ\x90\0",
    "tiff": b"II*\0" + bytes(100),
}
