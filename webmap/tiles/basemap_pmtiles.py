"""A base map in one PMTiles 3 file of pictures (https://github.com/protomaps/PMTiles)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmtiles.tile import (
    Compression,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    zxy_to_tileid,
)

from geoinspect.errors import UsageError

MAGIC = b"PMTiles"
_HEADER_BYTES = 127
# A root, and leaves that may point to leaves.
_DEEPEST = 4
_MOST_BYTES = 64 << 20
_TYPES: Mapping[TileType, str] = {
    TileType.PNG: "image/png",
    TileType.JPEG: "image/jpeg",
    TileType.WEBP: "image/webp",
}
_BROKEN = (
    *(OSError, ValueError, KeyError, IndexError, EOFError, TypeError, zlib.error),
    *(MagicNumberNotFound, SpecVersionUnsupported, OverflowError),
)


def pmtiles_tile(path: Path, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    """Return the bytes of a tile and their type; None where there is none.

    Raises:
        UsageError: The file is damaged, or holds no pictures.
    """
    header = _header_of(path)
    if not header["min_zoom"] <= z <= header["max_zoom"]:
        return None
    kind = _TYPES.get(header["tile_type"])
    if kind is None or header["tile_compression"] not in (Compression.NONE, Compression.UNKNOWN):
        raise UsageError(
            f"底图 {path.name} 不是图片瓦片(可能是矢量瓦片):请改用 PNG、JPEG 或 WebP 的 PMTiles",
            f"the base map {path.name} does not hold pictures (vector tiles?): use PMTiles with "
            "PNG, JPEG or WebP",
            code="bad_basemap",
        )
    try:
        data = _found(path, header, zxy_to_tileid(z, x, y))
    except _BROKEN as error:
        raise _damaged(path, error) from error
    return None if data is None else (data, kind)


def pmtiles_zooms(path: Path) -> tuple[int, int]:
    """Return the lowest and highest zoom of the file.

    Raises:
        UsageError: The file is damaged.
    """
    header = _header_of(path)
    return int(header["min_zoom"]), int(header["max_zoom"])


def _found(path: Path, header: Mapping[str, Any], tile_id: int) -> bytes | None:
    offset, length = header["root_offset"], header["root_length"]
    for _ in range(_DEEPEST):
        entry = find_tile(_directory(path, _mark(path), offset, length), tile_id)
        if entry is None:
            return None
        if entry.run_length:
            return _bytes(path, header["tile_data_offset"] + entry.offset, entry.length)
        offset, length = header["leaf_directory_offset"] + entry.offset, entry.length
    return None


def _header_of(path: Path) -> Mapping[str, Any]:
    try:
        return _header(path, _mark(path))
    except _BROKEN as error:
        raise _damaged(path, error) from error


@lru_cache(maxsize=8)
def _header(path: Path, _stamp: object) -> Mapping[str, Any]:
    header: Mapping[str, Any] = deserialize_header(_bytes(path, 0, _HEADER_BYTES))
    return header


@lru_cache(maxsize=64)
def _directory(path: Path, _stamp: object, offset: int, length: int) -> Any:  # noqa: ANN401 - theirs
    return deserialize_directory(_bytes(path, offset, length))


def _mark(path: Path) -> tuple[int, int]:
    """Return what tells one file from another that was put in its place."""
    told = path.stat()
    return told.st_mtime_ns, told.st_size


def _bytes(path: Path, offset: int, length: int) -> bytes:
    if length > _MOST_BYTES:
        raise ValueError(f"a piece of {length} bytes")
    with path.open("rb") as file:
        data = os.pread(file.fileno(), length, offset)
    if len(data) < length:
        raise EOFError("cut off")
    return data


def _damaged(path: Path, error: Exception) -> UsageError:
    why = str(error) or type(error).__name__
    return UsageError(
        f"无法读取底图 {path.name}:{why}。请检查设置 basemap",
        f"cannot read the base map {path.name}: {why}. Check the setting basemap",
        code="bad_basemap",
    )
