"""Base maps in PMTiles, and those in GCJ-02."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from geoinspect.errors import UsageError
from geoinspect.ingest.datum import wgs84_to_gcj02
from webmap.tiles.basemap import base_tile, zoom_range
from webmap.tiles.basemap_shift import shifted
from webmap.tiles.shapes_drawing import world

SIDE = 256
PICTURE = b"\x89PNG picture"


def write_pmtiles(
    path: Path,
    tiles: dict[tuple[int, int, int], bytes],
    kind: TileType = TileType.PNG,
) -> Path:
    with path.open("wb") as out:
        writer = Writer(out)
        for at in sorted(tiles, key=lambda tile: zxy_to_tileid(*tile)):
            writer.write_tile(zxy_to_tileid(*at), tiles[at])
        writer.finalize(
            {
                "tile_type": kind,
                "tile_compression": Compression.NONE,
                **dict.fromkeys(("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7"), 0),
                **{"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0},
            },
            {},
        )
    return path


def test_tiles_come_back_and_others_are_none(tmp_path: Path) -> None:
    tiles = {
        (z, x, y): PICTURE + bytes([z, x, y])
        for z in range(6)
        for x in range(0, 2**z, 2)
        for y in range(2**z)
    }
    path = write_pmtiles(tmp_path / "a.pmtiles", tiles)
    assert zoom_range(path) == (0, 5)
    for at, data in tiles.items():
        assert base_tile(path, *at) == (data, "image/png")
    assert base_tile(path, 5, 1, 3) is None
    assert base_tile(path, 6, 0, 0) is None


def test_a_file_of_many_tiles_has_leaves(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    tiles = {
        (8, x, y): PICTURE + random.bytes(int(random.integers(1, 9)))
        for x in range(256)
        for y in range(0, 256, 2)
    }
    path = write_pmtiles(tmp_path / "a.pmtiles", tiles)
    for at in list(tiles)[::97]:
        assert base_tile(path, *at) == (tiles[at], "image/png")


@pytest.mark.parametrize(
    ("kind", "told"), [(TileType.JPEG, "image/jpeg"), (TileType.WEBP, "image/webp")]
)
def test_other_pictures_are_named(tmp_path: Path, kind: TileType, told: str) -> None:
    path = write_pmtiles(tmp_path / "a.pmtiles", {(0, 0, 0): b"x"}, kind)
    assert base_tile(path, 0, 0, 0) == (b"x", told)


def test_vector_tiles_are_refused_in_words(tmp_path: Path) -> None:
    path = write_pmtiles(tmp_path / "a.pmtiles", {(0, 0, 0): b"x"}, TileType.MVT)
    with pytest.raises(UsageError) as caught:
        base_tile(path, 0, 0, 0)
    assert caught.value.code == "bad_basemap"


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_file_is_told_in_words(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    path = tmp_path_factory.mktemp("bad") / "a.pmtiles"
    write_pmtiles(path, {(2, x, y): PICTURE for x in range(4) for y in range(4)})
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(7, len(whole) - 1)) :]
    else:
        for _ in range(3):
            whole[data.draw(st.integers(7, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    told = []
    with contextlib.suppress(UsageError):
        told.append(base_tile(path, 2, 1, 1))
        told.append(zoom_range(path))
    # Whatever the damage, it is told in words or the answer has the form of one.
    assert all(one is None or len(one) == 2 for one in told)


@pytest.mark.parametrize(("lon", "lat"), [(108.0, 34.0), (87.6, 43.8), (121.5, 31.2)])
@pytest.mark.parametrize("zoom", [12, 15, 17])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_gcj02_base_map_is_laid_where_it_belongs(
    lon: float, lat: float, zoom: int, axis: int
) -> None:
    """Each pixel of the base map says where it is, by its brightness; on the shifted tile it must
    stand on the ground that has these coordinates in GCJ-02.
    """
    place = world(np.array([[lon, lat]]))[0] * 2**zoom
    corner = np.floor(place).astype(int)

    def tile_of(z: int, x: int, y: int) -> tuple[bytes, str]:
        # Pixels are counted in steps of 8 from 3 tiles west or north of the place.
        assert z == zoom
        steps = ((x, y)[axis] - corner[axis] + 3) * SIDE + np.arange(SIDE)
        line = np.tile(steps // 8, (SIDE, 1)).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(line if axis == 0 else line.T).convert("RGB").save(out, "PNG")
        return out.getvalue(), "image/png"

    found = shifted(tile_of, zoom, *corner.tolist())
    assert found is not None
    shown = np.asarray(Image.open(io.BytesIO(found[0])).convert("L"), float)
    for px, py in ((16, 24), (128, 128), (232, 200)):
        at = (corner + np.array([px, py]) / SIDE) / 2**zoom
        ground = np.array([at[0] * 360 - 180]), lat_of(at[1:])
        moved = world(np.column_stack(wgs84_to_gcj02(*ground)))[0] * 2**zoom
        wanted = (moved - corner)[axis] * SIDE + 3 * SIDE
        told = shown[py - 8 : py + 8, px - 8 : px + 8].mean() * 8 + 3.5
        # WebP keeps no finer shades than these steps.
        assert abs(told - wanted) < 8


def lat_of(down: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))


def test_outside_china_nothing_is_moved_and_holes_stay_holes() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (200, 10, 10)).save(picture, "PNG")
    found = shifted(lambda z, x, y: (picture.getvalue(), "image/png"), 5, 16, 10)
    assert found is not None
    assert np.asarray(Image.open(io.BytesIO(found[0])).convert("RGBA"))[:, :, 3].min() == 255
    assert shifted(lambda z, x, y: None, 12, 3276, 1600) is None
    assert shifted(lambda z, x, y: (b"no picture", "image/png"), 12, 3276, 1600) is None
