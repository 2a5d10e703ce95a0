"""Photos for tests: by independent writers where there are some, by hand where nobody errs so."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from geoinspect.ingest.photo_records import Photo, PhotoError
from geoinspect.ingest.photos import read_photo
from geoinspect.settings import Settings

SETTINGS = Settings()
LON, LAT = 103.5125, 25.7375
GPS: dict[int, Any] = {
    1: "N", 2: (25.0, 44.0, 15.0), 3: "E", 4: (103.0, 30.0, 45.0), 5: b"\x00", 6: 2012.5,
    16: "T", 17: 271.5, 18: "WGS-84", 31: 4.7,
}  # fmt: skip
PHOTO: dict[int, Any] = {
    0x9003: "2026:05:14 08:30:05", 0x9291: "250", 0x9011: "+08:00",
    0x920A: IFDRational(124, 10), 0xA405: 24, 0xA002: 528, 0xA003: 396,
}  # fmt: skip
IMAGE: dict[int, Any] = {0x010F: "DJI", 0x0110: "L2D-20c"}
DRONE = {
    "RelativeAltitude": "+60.00",
    "AbsoluteAltitude": "+2072.50",
    "GimbalPitchDegree": "-90.00",
    "GimbalYawDegree": "-30.00",
    "GimbalRollDegree": "+0.00",
}


def exif_bytes(
    gps: dict[int, Any] | None = None,
    photo: dict[int, Any] | None = None,
    image: dict[int, Any] | None = None,
) -> bytes:
    """What Pillow writes: an independent writer."""
    exif = Image.Exif()
    exif.update(IMAGE | (image or {}))
    for pointer, entries in ((0x8769, PHOTO | (photo or {})), (0x8825, GPS | (gps or {}))):
        exif.get_ifd(pointer).update({k: v for k, v in entries.items() if v is not None})
    return exif.tobytes()


def drone_xmp(fields: dict[str, str], *, as_elements: bool = False) -> bytes:
    inside = "".join(f"<drone-dji:{k}>{v}</drone-dji:{k}>" for k, v in fields.items())
    attributes = "".join(f' drone-dji:{k}="{v}"' for k, v in fields.items())
    body = f">{inside}</rdf:Description>" if as_elements else f"{attributes}/>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"{body}</rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


def jpeg_bytes(exif: bytes | None = None, xmp: bytes | None = None) -> bytes:
    out = io.BytesIO()
    blocks = {k: v for k, v in (("exif", exif), ("xmp", xmp)) if v is not None}
    Image.new("RGB", (528, 396)).save(out, "JPEG", **blocks)
    return out.getvalue()


def heic_bytes(exif: bytes | None = None, xmp: bytes | None = None) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(out, exif=exif, xmp=xmp)
    return out.getvalue()


def read(tmp_path: Path, data: bytes, **options: Any) -> Photo:
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    return read_photo(path, settings=SETTINGS, **options)


def refusal(tmp_path: Path, data: bytes) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        read(tmp_path, data)
    assert caught.value.text.zh
    assert caught.value.text.en
    return caught.value


def codes(photo: Photo) -> list[str]:
    return [problem.code for problem in photo.problems]


def tiff(
    order: str, entries: dict[str, list[tuple[int, int, int, bytes]]], *, cut: int | None = None
) -> bytes:
    """A TIFF structure of entries (tag, type, count, raw value), however odd."""
    parts = {name: list(rows) for name, rows in entries.items()}
    for pointer, name in ((0x8769, "photo"), (0x8825, "gps")):
        if name in parts:
            parts.setdefault("image", []).append((pointer, 4, 1, name.encode()))
    names = [name for name in ("image", "photo", "gps") if name in parts]
    starts, at = {}, 8
    for name in names:
        starts[name] = at
        at += 6 + 12 * len(parts[name])
    out, values = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8), b""
    for name in names:
        out += struct.pack(f"{order}H", len(parts[name]))
        for tag, type_, count, value in parts[name]:
            points = tag in (0x8769, 0x8825)
            raw = struct.pack(f"{order}I", starts[value.decode()]) if points else value
            out += struct.pack(f"{order}HHI", tag, type_, count)
            if len(raw) <= 4:
                out += raw.ljust(4, b"\0")
            else:
                out += struct.pack(f"{order}I", at + len(values))
                values += raw
        out += bytes(4)
    return (out + values)[:cut]


def rationals(order: str, *pairs: tuple[int, int]) -> bytes:
    return b"".join(struct.pack(f"{order}II", *pair) for pair in pairs)


def gps_of(order: str, lat: bytes, *, type_: int = 5, count: int = 3, ref: bytes = b"N\0") -> bytes:
    lon = rationals(order, (103, 1), (30, 1), (45, 1))
    rows = [(1, 2, 2, ref), (2, type_, count, lat), (3, 2, 2, b"E\0"), (4, 5, 3, lon)]
    return tiff(order, {"gps": [row for row in rows if row[3]]})


def in_app1(block: bytes, *, head: bytes = b"Exif\0\0") -> bytes:
    """The smallest JPEG that carries a block."""
    segment = head + block
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + b"\xff\xd9"
