"""Photos of tips: only their pixels are kept, in a JPEG of our own.

The bytes are a stranger's, and they say who took them: serial numbers, owners, thumbnails, notes of
makers. They are read in memory, drawn anew, and never written to the workspace.
"""

from __future__ import annotations

import io
import logging
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageOps

from geoinspect.errors import InputError, Text
from geoinspect.ingest import photo_facts
from geoinspect.ingest.photo_records import PhotoError
from geoinspect.ingest.pictures.exif import read_exif
from geoinspect.ingest.pictures.heif import is_heic
from geoinspect.ingest.pictures.jpeg import MAGIC, read_jpeg
from geoinspect.ingest.pictures.xmp import DroneFields
from geoinspect.records import CHINA_TIME, Problem

MOST_PX = 2048
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_WHOLE_PX = 50e6
_QUALITY = 85
# Pillow tells every EXIF field to the log of whoever debugs: serial numbers and owners among them.
logging.getLogger("PIL").setLevel(logging.INFO)
# A large picture takes some 150 MB while it is drawn.
_ONE_AT_A_TIME = threading.Lock()
_HEIC = Text(
    "是 HEIC 格式,本机无法读取:请在手机上截图或另存为 JPG 再发",
    "is HEIC, which can't be read here: send a screenshot of it, or save it as JPG",
)
_NONE = Text(
    "不是可用的 JPG、PNG 或 WebP 照片:请换一张",
    "is no usable JPG, PNG or WebP photo: choose another",
)


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A photo that may be kept.

    Attributes:
        jpeg: Pixels alone: no EXIF, no profile, no thumbnail, no comment.
        place: WGS84 lon, lat from the EXIF; None where it was not asked for or is not said.
        taken: From the EXIF, likewise.
    """

    jpeg: bytes
    width_px: int
    height_px: int
    place: tuple[float, float] | None
    taken: datetime | None


def clean_photo(data: bytes, number: int, *, keep_place: bool) -> CleanPhoto:
    """Return our own copy of a photo, at most 2048 pixels wide and high.

    Args:
        data: As it came.
        number: Which of the tip's photos it is, from 1, for the refusal.
        keep_place: Whether the reporter lets us take place and time from the EXIF.

    Raises:
        InputError: It is no picture, has too many pixels, or is HEIC.
    """
    with _ONE_AT_A_TIME:
        drawn = _drawn(data, number)
    out = io.BytesIO()
    # Pixels alone are carried over.
    clean = Image.frombytes("RGB", drawn.size, drawn.tobytes())
    clean.save(out, "JPEG", quality=_QUALITY)
    place, taken = _said(data) if keep_place else (None, None)
    return CleanPhoto(out.getvalue(), *clean.size, place, taken)


def _drawn(data: bytes, number: int) -> Image.Image:
    if is_heic(data[:64]):
        raise _refused(number, _HEIC)
    try:
        with warnings.catch_warnings():
            # Pillow warns above its own limit; ours comes first.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if image.size[0] * image.size[1] > _MOST_WHOLE_PX:
            raise _refused(number, _too_large(*image.size))
        image.draft("RGB", (MOST_PX, MOST_PX))
        image.thumbnail((MOST_PX, MOST_PX))
        return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refused(number, _NONE) from error


def _said(data: bytes) -> tuple[tuple[float, float] | None, datetime | None]:
    """Return where and when by the EXIF; whatever else it says is let go."""
    if not data.startswith(MAGIC):
        return None, None
    embedded = read_jpeg(io.BytesIO(data))
    if not embedded.exif:
        return None, None
    exif, nothing, problems = read_exif(embedded.exif), DroneFields(), list[Problem]()
    taken = photo_facts.taken(exif, nothing, CHINA_TIME, problems)
    try:
        at = photo_facts.position(exif, nothing, problems)
    except PhotoError:
        return None, taken
    return (round(float(at.lon), 6), round(float(at.lat), 6)), taken


def _too_large(wide: int, high: int) -> Text:
    return Text(
        f"有 {wide} × {high} 像素,太大:请缩小后再发",
        f"has {wide} × {high} pixels, too many: send a smaller copy",
    )


def _refused(number: int, why: Text) -> InputError:
    return InputError(f"第 {number} 张照片{why.zh}", f"photo {number} {why.en}", code="bad_photo")
