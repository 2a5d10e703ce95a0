"""Pictures that came as evidence: whether one can be looked at, and a small copy of it.

The bytes are a stranger's. Only the formats named here are opened, only below a number of pixels,
and what is shown is always our own copy, without anything that the original says of itself.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import threading
import uuid
import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from geoinspect.errors import Text
from geoinspect.ingest.photos import is_photo
from geoinspect.ingest.pictures.heif import is_heic
from geoinspect.records import Problem

THUMB_PX = 480
_FORMATS = ("JPEG", "PNG", "WEBP")
_HEAD_BYTES = 64
# A JPEG is read at an eighth of its size, in bands; the others, and progressive ones, whole.
_MOST_BANDED_PX = 170e6
_MOST_WHOLE_PX = 50e6
_QUALITY = 80
# Whatever a picture costs, it costs it once at a time.
_ONE_AT_A_TIME = threading.Lock()


def picture_problem(path: Path) -> Problem | None:
    """Return why a file can't stand as a photo; None where it can.

    Args:
        path: Where the bytes lie; only their head is read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(0)
        if is_heic(head):
            return None
        try:
            with _opened(stream) as image:
                return None if _fits(image) else _TOO_LARGE
        except Image.DecompressionBombError:
            return _TOO_LARGE
        except Exception:  # noqa: BLE001 - whatever a stranger's bytes make a decoder say
            return _NO_PICTURE


def is_original(path: Path) -> bool:
    """Return whether a file is of a kind that cameras write: JPEG or HEIC."""
    with path.open("rb") as stream:
        return is_photo(stream.read(_HEAD_BYTES))


def thumbnail(path: Path, folder: Path, sha256: str) -> bytes | None:
    """Return a small upright JPEG of a picture, at most 480 pixels wide and high.

    Args:
        path: Where the original lies.
        folder: Where small copies are kept; what lies there can be made anew.
        sha256: Of the original.

    Returns:
        None for what can't be drawn: no picture, too many pixels, or HEIC where no decoder is
        installed.
    """
    kept = folder / sha256[:2] / f"{sha256}.jpg"
    with contextlib.suppress(OSError):
        return kept.read_bytes()
    with _ONE_AT_A_TIME:
        small = _drawn(path)
    if small is not None:
        _keep(small, kept)
    return small


def _drawn(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            heic = is_heic(stream.read(_HEAD_BYTES))
            stream.seek(0)
            image = _heic(stream) if heic else _opened(stream)
            if image is None or not _fits(image):
                return None
            image.draft("RGB", (THUMB_PX, THUMB_PX))
            image.thumbnail((THUMB_PX, THUMB_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            out = io.BytesIO()
            # Pixels alone are carried over: no EXIF, no colour profile, no comment.
            clean = Image.frombytes("RGB", upright.size, upright.tobytes())
            clean.save(out, "JPEG", quality=_QUALITY)
    except Exception:  # noqa: BLE001 - whatever a stranger's bytes make a decoder say
        return None
    return out.getvalue()


def _opened(stream: BinaryIO) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns above its own limit; ours is told apart below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(stream, formats=_FORMATS)


def _heic(stream: BinaryIO) -> Image.Image | None:
    """Return a HEIC picture where an office has installed a decoder."""
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        return None
    found = pillow_heif.open_heif(stream, convert_hdr_to_8bit=True)
    wide, high = found.size
    if wide * high > _MOST_WHOLE_PX:
        return None
    image: Image.Image = found.to_pillow()
    return image


def _fits(image: Image.Image) -> bool:
    wide, high = image.size
    banded = image.format == "JPEG" and not image.info.get("progressive")
    return wide * high <= (_MOST_BANDED_PX if banded else _MOST_WHOLE_PX)


def _keep(small: bytes, kept: Path) -> None:
    """Keep a small copy; a full disk only means that it is made again."""
    temp = kept.with_name(f".{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        temp.write_bytes(small)
        temp.replace(kept)


_TOO_LARGE = Problem(
    "picture_too_large",
    Text(
        "图片像素太多,不能显示;文件已按原样作为文书保存,可下载查看",
        "the picture has too many pixels to be shown; the file is kept as it came, as a document, "
        "and can be downloaded",
    ),
)
_NO_PICTURE = Problem(
    "not_a_picture",
    Text(
        "不能作为照片读取:文件不是可用的 JPG、PNG、WebP 或 HEIC 图片;已按原样作为文书保存",
        "it can't be read as a photo: it is no usable JPG, PNG, WebP or HEIC picture; the file is "
        "kept as it came, as a document",
    ),
)
