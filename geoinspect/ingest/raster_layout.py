"""What a TIFF file claims of itself, read from its first directory without any library.

Opening a file with GDAL is already processing it, so the first look is our own: is it a TIFF at
all, and do the picture blocks it lists lie inside the file? Source: TIFF 6.0, sections 2 and 15,
and the BigTIFF layout of libtiff.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import RasterError

_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_TYPE_CODES = {3: "u2", 4: "u4", 13: "u4", 16: "u8"}
_MAX_ENTRIES = 4096

_FOREIGN = (
    (b"PK\x03\x04", "ZIP 压缩包", "a ZIP archive"),
    (b"\xff\xd8\xff", "JPEG 照片", "a JPEG photo"),
    (b"\x89PNG", "PNG 图片", "a PNG picture"),
    (b"%PDF", "PDF 文档", "a PDF document"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"),
    (b"SQLite format 3", "数据库文件(GeoPackage 或 MBTiles)", "a database file"),
    (b"<VRTDataset", "VRT 引用文件", "a VRT file, which only points to other files"),
    (b"<MRF_META", "MRF 引用文件", "an MRF file, which only points to other files"),
    (b"<!DOCTYPE html", "网页", "a web page"),
    (b"<html", "网页", "a web page"),
    (b"<?xml", "XML 文本", "an XML text"),
)


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """Picture blocks of the first directory: how many, and how many lie beyond the file's end."""

    file_bytes: int
    blocks: int
    beyond_end: int


def read_layout(path: Path, name: str) -> TiffLayout:
    """Return where the blocks of the file's first picture lie.

    Args:
        path: The file.
        name: What the sender calls it, for messages.

    Raises:
        RasterError: No such file, a folder or device, empty, not a TIFF, or cut off inside its
            header.
    """
    try:
        _check_kind(path, name)
        with path.open("rb") as handle:
            file_bytes = os.fstat(handle.fileno()).st_size
            magic = _checked_magic(handle, name)
            try:
                tags = _first_directory(handle, magic, file_bytes)
            except (struct.error, ValueError, OverflowError, OSError) as error:
                raise RasterError(
                    f"影像“{name}”的文件头不完整(共 {file_bytes} 字节):请重新复制或重新上传",
                    f"the header of {name!r} is cut off or damaged ({file_bytes} bytes): "
                    "copy or upload the file again",
                    code="truncated",
                ) from error
    except OSError as error:
        raise RasterError(
            f"打不开影像“{name}”:{error.strerror};请检查路径和权限",
            f"cannot open {name!r}: {error.strerror}; check the path and permissions",
            code="cannot_open",
        ) from error
    offsets = tags.get(_TILE_OFFSETS, tags.get(_STRIP_OFFSETS, np.empty(0, np.uint64)))
    counts = tags.get(_TILE_COUNTS, tags.get(_STRIP_COUNTS, np.zeros_like(offsets)))
    shared = min(len(offsets), len(counts))
    # Written as a comparison of differences: offset + count may wrap in a hostile file.
    size = np.uint64(file_bytes)
    start, count = offsets[:shared], counts[:shared]
    beyond = (start > size) | (count > size - np.minimum(start, size))
    return TiffLayout(file_bytes, len(offsets), int(np.count_nonzero(beyond)))


def _check_kind(path: Path, name: str) -> None:
    """Refuse a folder, and a pipe or device, which would make whoever opens it wait for ever."""
    if not path.exists() or path.is_file():
        return
    zh, en = ("文件夹", "a folder") if path.is_dir() else ("管道或设备", "a pipe or device")
    raise RasterError(
        f"“{name}”是{zh},不是文件:请给出 GeoTIFF 影像文件",
        f"{name!r} is {en}, not a file: give a GeoTIFF file",
        code="not_a_file",
    )


def _checked_magic(handle: BinaryIO, name: str) -> bytes:
    """Return the first four bytes; refuse what is not a TIFF, saying what it looks like."""
    head = handle.read(64)
    if not head:
        raise RasterError(
            f"影像“{name}”是空文件(0 字节):请重新复制或重新上传",
            f"{name!r} is empty (0 bytes): copy or upload the file again",
            code="empty",
        )
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return head[:4]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    zh, en = next(
        ((zh, en) for mark, zh, en in _FOREIGN if start[: len(mark)].lower() == mark.lower()),
        ("其他格式的文件", "some other kind of file"),
    )
    raise RasterError(
        f"“{name}”不是 GeoTIFF 影像,内容是{zh}:请提供无人机软件导出的 GeoTIFF 正射影像",
        f"{name!r} is not a GeoTIFF but {en}: give the GeoTIFF orthomosaic that the drone "
        "software exports",
        code="not_geotiff",
    )


def _first_directory(
    handle: BinaryIO, magic: bytes, file_bytes: int
) -> dict[int, NDArray[np.uint64]]:
    """Return the block offset and count tags of the first directory, as written."""
    order = "<" if magic[:1] == b"I" else ">"
    big = b"+" in magic
    handle.seek(8 if big else 4)
    start = _unpack(handle, order + ("Q" if big else "I"))
    handle.seek(start)
    entries = _unpack(handle, order + ("Q" if big else "H"))
    if not 0 < entries <= _MAX_ENTRIES:
        raise ValueError(entries)
    width = 20 if big else 12
    table = handle.read(entries * width)
    if len(table) < entries * width:
        raise ValueError(len(table))
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    found: dict[int, NDArray[np.uint64]] = {}
    for tag, kind, count, value in entry.iter_unpack(table):
        if tag not in (_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
            continue
        dtype = np.dtype(order + _TYPE_CODES[kind]) if kind in _TYPE_CODES else None
        if dtype is None or count * dtype.itemsize > file_bytes:
            raise ValueError(tag)
        content = value
        if count * dtype.itemsize > len(value):
            handle.seek(struct.unpack(order + ("Q" if big else "I"), value)[0])
            content = handle.read(count * dtype.itemsize)
        found[tag] = np.frombuffer(content, dtype, count).astype(np.uint64)
    return found


def _unpack(handle: BinaryIO, form: str) -> int:
    """Return one number read at the current place."""
    value: int = struct.unpack(form, handle.read(struct.calcsize(form)))[0]
    return value
