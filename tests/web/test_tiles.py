"""Tiles lie where the ground lies, are cut along the border, and are quick enough."""

from __future__ import annotations

import io
import math
import sqlite3
import time
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
import rasterio
from conftest import Visitor, build_workspace
from flask import Flask
from PIL import Image
from rasterio.warp import transform as warp

from geoinspect.cell_story import cell_report
from geoinspect.store.workspace import Workspace
from webmap.tiles.basemap import base_tile
from webmap.tiles.coverage import EMPTY_PNG
from webmap.tiles.pictures import Pictures, look_of

# As in webmap.tiles.layers: 1 and 2 are unseen, 3 to 5 the states, 15 unseen again since its looks
# no longer hold; a frame or a dot tells nothing of the state.
MEANING = {1: "unseen", 2: "unseen", 3: "touched", 4: "covered", 5: "cleared", 15: "unseen"}


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int, int, int]:
    """Tile and pixel of a place: x, y, column, row."""
    n = 1 << z
    x = (lon + 180) / 360 * n
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return int(x), int(y), int(x % 1 * 256), int(y % 1 * 256)


def place_of(z: int, x: int, y: int, col: float, row: float) -> tuple[float, float]:
    n = 1 << z
    lon = (x + col / 256) / n * 360 - 180
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + row / 256) / n))))
    return lon, lat


def indices(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("z", [12, 14, 16, 18])
def test_every_pixel_shows_its_cells_state(app: Flask, z: int) -> None:
    office = app.extensions["geoinspect"]
    painter = office.painter(1)
    rng = np.random.default_rng(z)
    checked = 0
    with office.workspace.database.reading() as session:
        for lon, lat in county.walk()[::40]:
            x, y, _col, _row = tile_at(lon, lat, z)
            png = painter.paint(z, x, y)
            tile = indices(png)
            assert tile.shape == (256, 256)
            for col, row in rng.integers(0, 256, (12, 2)):
                if int(tile[row, col]) not in MEANING:
                    continue
                where = place_of(z, x, y, col + 0.5, row + 0.5)
                report = cell_report(session, painter.snapshot, *where)
                assert report is not None
                assert report["state"] == MEANING[int(tile[row, col])]
                checked += 1
    assert checked >= 5


def test_the_border_is_cut_to_a_bit(app: Flask) -> None:
    office = app.extensions["geoinspect"]
    painter = office.painter(1)
    ground = painter.snapshot.ground
    z = 17
    x, y, _c, _r = tile_at(county.WEST, county.SOUTH + 0.01, z)
    tile = indices(painter.paint(z, x, y))
    metre_px = 256 / (40_075_016 * math.cos(math.radians(county.SOUTH)) / (1 << z))
    edge = int(np.argmax(tile[128] > 0))
    border = (county.WEST - place_of(z, x, y, 0, 128)[0]) / (360 / (1 << z)) * 256
    assert abs(edge - border) <= ground.bit_m * metre_px + 1
    assert not tile[128, : edge - 1].any()


def test_a_tile_without_ground_is_tiny(visitor: Visitor) -> None:
    address = visitor.json("overview")["coverage_tiles"]
    for z, x, y in ((10, 0, 0), (0, 0, 0), (5, 31, 31)):
        answer = visitor.client.get(address.format(z=z, x=x, y=y))
        assert answer.status_code == 200
        assert len(answer.data) < 400 or (z, x, y) == (0, 0, 0)
    assert visitor.client.get(address.format(z=3, x=9, y=0)).status_code == 404
    assert visitor.client.get(address.format(z=30, x=0, y=0)).status_code == 404


def test_tiles_are_kept_by_this_browser_until_data_changes(visitor: Visitor) -> None:
    address = visitor.json("overview")["coverage_tiles"]
    x, y, _c, _r = tile_at(*county.walk()[50], 14)
    answer = visitor.client.get(address.format(z=14, x=x, y=y))
    assert answer.headers["Cache-Control"].startswith("private, max-age=")
    same = {"If-None-Match": answer.headers["ETag"]}
    assert visitor.client.get(address.format(z=14, x=x, y=y), headers=same).status_code == 304
    old = visitor.client.get(f"/tiles/coverage/1/old/14/{x}/{y}")
    assert old.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("version", ["é%22", "a%0d%0ab", "v" * 500])
def test_odd_versions_are_no_tiles(visitor: Visitor, version: str) -> None:
    assert visitor.client.get(f"/tiles/surveys/1/{version}/18/1/1").status_code == 404
    assert visitor.client.get(f"/tiles/surveys/{'9' * 30}/v/18/1/1").status_code == 404


def test_coverage_tiles_are_painted_fast(app: Flask) -> None:
    painter = app.extensions["geoinspect"].painter(1)
    x, y, _c, _r = tile_at(*county.walk()[50], 15)
    painter.paint(15, x, y)
    start, tiles = time.perf_counter(), 30
    for _ in range(tiles):
        painter.paint(15, x, y)
    # The aim is 100 a second on a quiet machine; this only catches a fall off a cliff.
    assert tiles / (time.perf_counter() - start) > 25


def test_pictures_lie_in_the_right_place(visitor: Visitor) -> None:
    survey = visitor.json("surveys")["features"][0]["properties"]
    west, south, east, north = survey["bbox"]
    x, y, col, row = tile_at((west + east) / 2, (south + north) / 2, 19)
    answer = visitor.client.get(survey["tiles"].format(z=19, x=x, y=y))
    assert answer.mimetype == "image/webp"
    picture = np.asarray(Image.open(io.BytesIO(answer.data)))
    assert picture.shape == (256, 256, 4)
    assert picture[row, col, 3] == 255
    red, green, blue = picture[row, col, :3].astype(int)
    assert green > red
    assert green > blue - 10
    outside = visitor.client.get(survey["tiles"].format(z=19, x=x + 50, y=y))
    assert outside.data == EMPTY_PNG


@pytest.mark.filterwarnings("ignore:The dataset has no Overviews")
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_real_pictures_are_shown_where_they_lie(shared_data: Path) -> None:
    pictures = Pictures()
    for path in sorted((shared_data / "imagery").glob("*.tif")):
        with rasterio.open(path, driver="GTiff") as dataset:
            rows, cols = np.nonzero(dataset.dataset_mask())
            middle = len(rows) // 2
            x_m, y_m = dataset.xy(rows[middle], cols[middle])
            lon, lat = (v[0] for v in warp(dataset.crs, "EPSG:4326", [x_m], [y_m]))
            look = look_of(dataset)
        z = 17
        x, y, col, row = tile_at(lon, lat, z)
        data = pictures.tile(path, z, x, y)
        assert data is not None, path.name
        alpha = np.asarray(Image.open(io.BytesIO(data)))[..., 3]
        near = alpha[max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3]
        assert near.max() == 255, path.name
        assert len(look.indexes) in (1, 3)


def test_the_base_map_reads_folders_and_mbtiles(tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    (folder / "3" / "6").mkdir(parents=True)
    (folder / "3" / "6" / "2.png").write_bytes(EMPTY_PNG)
    assert base_tile(folder, 3, 6, 2) == (EMPTY_PNG, "image/png")
    assert base_tile(folder, 3, 6, 3) is None
    file = tmp_path / "base.mbtiles"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)")
    connection.execute("INSERT INTO tiles VALUES (3, 6, 5, ?)", (EMPTY_PNG,))
    connection.commit()
    connection.close()
    assert base_tile(file, 3, 6, 2) == (EMPTY_PNG, "image/png")
    assert base_tile(file, 3, 6, 1) is None


def test_a_broken_base_map_says_so(
    tmp_path: Path, new_app, workspace_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no.mbtiles").write_text("not a database at all, but long enough to be read")
    monkeypatch.setenv("GEOINSPECT_BASEMAP", str(tmp_path / "no.mbtiles"))
    visitor = Visitor(new_app(workspace_folder).test_client())
    visitor.sign_in()
    answer = visitor.client.get("/tiles/base/3/6/2")
    assert answer.status_code == 400
    assert "底图" in answer.get_json()["message_zh"]


def test_a_missing_raster_is_said_in_words(new_app, tmp_path: Path) -> None:
    folder = build_workspace(tmp_path / "own")
    with Workspace.open(folder) as workspace:
        workspace.survey_path(1).unlink()
    visitor = Visitor(new_app(folder).test_client())
    visitor.sign_in()
    answer = visitor.client.get("/api/v1/patches/1/chip.png")
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "no_raster"
