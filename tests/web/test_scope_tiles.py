"""Tiles end where one's ground ends: not a pixel of the neighbour's, and all of one's own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from conftest import Visitor
from flask import Flask
from PIL import Image
from scoped_county import (
    BORDER_PLACE,
    CANARY,
    EAST_AREA,
    EAST_PLACE,
    EAST_UNIT,
    WEST_PLACE,
    numbers,
    scoped_workspace,
    signed_in,
)
from test_tiles import place_of, tile_at

from geoinspect.store import grounds
from geoinspect.territory import Territory, territory_of
from webmap import create_app
from webmap.tiles.coverage import EMPTY_PNG
from webmap.tiles.cut import TileCut
from webmap.tiles.pictures import Pictures

LAYERS = ("state", "pod", "last_seen", "risk", "sensitivity", "remaining")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(scoped_workspace(tmp_path_factory.mktemp("tiles")), testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def east(served: Flask) -> Visitor:
    return signed_in(served, "field-east")


@pytest.fixture(scope="module")
def whole(served: Flask) -> Visitor:
    return signed_in(served, "field-county")


def pixels(answer) -> np.ndarray:
    """Red, green, blue and alpha of a tile, shape (256, 256, 4)."""
    assert answer.status_code == 200
    picture = Image.open(io.BytesIO(answer.data)).convert("RGBA")
    return np.asarray(picture if picture.size == (256, 256) else picture.resize((256, 256)))


def on_the_east(app: Flask, z: int, x: int, y: int) -> np.ndarray:
    """Which pixels' middles lie in the east: each asked of its outline by itself."""
    with app.extensions["geoinspect"].workspace.database.reading() as session:
        ground = grounds.area(session, EAST_AREA).geometry
    shapely.prepare(ground)
    inside = np.zeros((256, 256), bool)
    for row in range(256):
        lon = np.array([place_of(z, x, y, col + 0.5, row + 0.5)[0] for col in range(256)])
        lat = np.full(256, place_of(z, x, y, 0.5, row + 0.5)[1])
        inside[row] = shapely.intersects_xy(ground, lon, lat)
    return inside


@pytest.mark.parametrize("z", [13, 15, 18])
@pytest.mark.parametrize("layer", LAYERS)
def test_cells_are_the_countys_within_and_nothing_beyond(
    served: Flask, east: Visitor, whole: Visitor, layer: str, z: int
) -> None:
    patterns = [who.json(f"layers/{layer}")["tiles"] for who in (east, whole)]
    assert patterns[0] != patterns[1]
    x, y, _col, _row = tile_at(*BORDER_PLACE, z)
    mine, all_ = (
        pixels(who.client.get(pattern.format(z=z, x=x, y=y)))
        for who, pattern in zip((east, whole), patterns, strict=True)
    )
    inside = on_the_east(served, z, x, y)
    assert inside.any()
    assert not inside.all()
    assert not mine[~inside][:, 3].any()
    assert np.array_equal(mine[inside], all_[inside])
    assert all_[~inside][:, 3].any()
    assert mine[inside][:, 3].any()


def test_the_neighbours_tiles_are_empty_and_the_own_ones_whole(
    east: Visitor, whole: Visitor
) -> None:
    z = 17
    own, theirs = east.json("overview")["coverage_tiles"], whole.json("overview")["coverage_tiles"]
    x, y, _c, _r = tile_at(*WEST_PLACE, z)
    assert east.client.get(own.format(z=z, x=x, y=y)).data == EMPTY_PNG
    assert whole.client.get(theirs.format(z=z, x=x, y=y)).data != EMPTY_PNG
    x, y, _c, _r = tile_at(*EAST_PLACE, z)
    answers = [who.client.get(p.format(z=z, x=x, y=y)) for who, p in ((east, own), (whole, theirs))]
    assert answers[0].data == answers[1].data
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]


def test_anothers_address_gives_ones_own_tile_and_is_not_kept(
    east: Visitor, whole: Visitor
) -> None:
    z = 17
    x, y, _c, _r = tile_at(*WEST_PLACE, z)
    theirs = whole.json("overview")["coverage_tiles"].format(z=z, x=x, y=y)
    first = whole.client.get(theirs)
    answer = east.client.get(theirs, headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200
    assert answer.data == EMPTY_PNG
    assert answer.headers["Cache-Control"] == "no-store"
    assert first.headers["Cache-Control"].startswith("private, max-age=")


@pytest.mark.parametrize("z", [18, 20, 22])
def test_pictures_are_cut_at_the_border(
    served: Flask, east: Visitor, whole: Visitor, z: int
) -> None:
    number = numbers(served.extensions["geoinspect"].workspace.folder)["border-survey.tif"]
    patterns = [who.json(f"surveys/{number}")["tiles"] for who in (east, whole)]
    x, y, _c, _r = tile_at(*BORDER_PLACE, z)
    answers = [
        who.client.get(p.format(z=z, x=x, y=y))
        for who, p in zip((east, whole), patterns, strict=True)
    ]
    mine, all_ = map(pixels, answers)
    inside = on_the_east(served, z, x, y)
    assert inside.any()
    assert not inside.all()
    assert not mine[~inside][:, 3].any()
    assert np.array_equal(mine[inside][:, 3], all_[inside][:, 3])
    assert all_[~inside][:, 3].any()
    # Lossy tiles of other neighbours differ by little where the ground is the same.
    seen = inside & (all_[..., 3] > 0)
    assert np.abs(mine[seen][:, :3].astype(int) - all_[seen][:, :3]).mean() < 6
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
    crossed = east.client.get(patterns[1].format(z=z, x=x, y=y))
    assert not pixels(crossed)[~inside][:, 3].any()
    assert crossed.headers["Cache-Control"] == "no-store"


@pytest.mark.filterwarnings("ignore:The dataset has no Overviews")
def test_what_the_neighbours_ground_shows_changes_no_byte(served: Flask, tmp_path: Path) -> None:
    """Nothing hides under the transparency either: whatever stands there, the tile is the same."""
    office = served.extensions["geoinspect"]
    number = numbers(office.workspace.folder)["border-survey.tif"]
    path, other = office.picture_path(number), tmp_path / "other.tif"
    with rasterio.open(path, driver="GTiff") as picture:
        bands, profile = picture.read(), picture.profile
    # The border is the middle of the picture; what blends into its pixels stays.
    bands[:, :, : bands.shape[2] // 2 - 20] = 200
    with rasterio.open(other, "w", **profile) as out:
        out.write(bands)
    z = 20
    x, y, _c, _r = tile_at(*BORDER_PLACE, z)
    with office.workspace.database.reading() as session:
        shown = TileCut().shown(territory_of(session, EAST_UNIT), z, x, y)
    tiles = [Pictures().tile(one, z, x, y, shown) for one in (path, other)]
    assert tiles[0] == tiles[1] is not None
    whole = [Pictures().tile(one, z, x, y) for one in (path, other)]
    assert whole[0] != whole[1]


def test_pictures_of_the_neighbour_are_no_pictures(served: Flask, east: Visitor) -> None:
    number = numbers(served.extensions["geoinspect"].workspace.folder)[f"{CANARY}-survey.tif"]
    x, y, _c, _r = tile_at(*WEST_PLACE, 19)
    assert east.client.get(f"/tiles/surveys/{number}/v/19/{x}/{y}").status_code == 404
    assert east.client.get(f"/tiles/surveys/9999/v/19/{x}/{y}").status_code == 404


def test_a_whole_territory_needs_no_cut(served: Flask) -> None:
    cut = TileCut()
    with served.extensions["geoinspect"].workspace.database.reading() as session:
        own = territory_of(session, EAST_UNIT)
    x, y, _c, _r = tile_at(*EAST_PLACE, 18)
    assert cut.shown(Territory(whole=True), 18, x, y) is None
    assert cut.shown(own, 18, x, y) is None
    x, y, _c, _r = tile_at(*WEST_PLACE, 18)
    assert not cut.shown(own, 18, x, y).any()
