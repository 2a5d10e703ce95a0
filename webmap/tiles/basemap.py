"""A local base map: an MBTiles or PMTiles file, or a folder of z/x/y pictures."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect.errors import UsageError
from webmap.tiles.basemap_pmtiles import MAGIC, pmtiles_tile, pmtiles_zooms

_KINDS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}
_MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"RIFF", "image/webp"))


def base_tile(path: Path, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    """Return the bytes of a base-map tile and their type; None where there is none.

    Raises:
        UsageError: ``path`` is neither a folder of tiles nor an MBTiles or PMTiles file of pictures.
    """
    if path.is_dir():
        return _from_folder(path, z, x, y)
    return pmtiles_tile(path, z, x, y) if _is_pmtiles(path) else _from_mbtiles(path, z, x, y)


def zoom_range(path: Path) -> tuple[int, int]:
    """Return the lowest and highest zoom that a base map has tiles for.

    Raises:
        UsageError: There are none, or the file can't be read.
    """
    if not path.is_dir() and _is_pmtiles(path):
        return pmtiles_zooms(path)
    if path.is_dir():
        zooms = [int(folder.name) for folder in path.iterdir() if folder.name.isdigit()]
        found = (min(zooms), max(zooms)) if zooms else (None, None)
    else:
        with _reading(path) as connection:
            query = "SELECT min(zoom_level), max(zoom_level) FROM tiles"
            found = connection.execute(query).fetchone()
    if found[0] is None or found[1] is None:
        raise UsageError(
            f"底图 {path.name} 没有任何瓦片:请检查设置 basemap",
            f"the base map {path.name} has no tiles: check the setting basemap",
            code="bad_basemap",
        )
    return int(found[0]), int(found[1])


def _is_pmtiles(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        # Reading it as MBTiles says what is wrong.
        return False


def _from_folder(folder: Path, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    for ending, kind in _KINDS.items():
        file = folder / str(z) / str(x) / f"{y}.{ending}"
        if file.is_file():
            return file.read_bytes(), kind
    return None


def _from_mbtiles(path: Path, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    """MBTiles 1.3 counts rows from the south."""
    query = "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?"
    with _reading(path) as connection:
        row = connection.execute(query, (z, x, (1 << z) - 1 - y)).fetchone()
    if row is None:
        return None
    for magic, kind in _MAGIC:
        if row[0].startswith(magic):
            return row[0], kind
    raise UsageError(
        f"底图 {path.name} 不是图片瓦片(可能是矢量瓦片):请改用 PNG、JPEG 或 WebP 的 MBTiles",
        f"the base map {path.name} does not hold pictures (vector tiles?): use MBTiles with PNG, "
        "JPEG or WebP",
        code="bad_basemap",
    )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise UsageError(
            f"无法读取底图 {path.name}:{error}。请检查设置 basemap",
            f"cannot read the base map {path.name}: {error}. Check the setting basemap",
            code="bad_basemap",
        ) from error
