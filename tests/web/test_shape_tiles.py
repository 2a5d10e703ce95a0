"""The tiles of shapes as the web gives them: caching, refusals, and who sees what."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator

import county_builder as county
import numpy as np
import pytest
from conftest import HOSTILE, Visitor
from flask import Flask
from PIL import Image
from scoped_county import (
    BORDER_PLACE,
    EAST_PLACE,
    EAST_UNIT,
    WEST_PLACE,
    scoped_workspace,
    signed_in,
)
from test_shape_tiles_mvt import read

from webmap import create_app
from webmap.tiles.shapes_drawing import world

KINDS = ("patches", "tracks", "surveys", "cases", "sites", "photos")
ZOOM = 13


@pytest.fixture(scope="module")
def scoped_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app over the county of two townships."""
    made = create_app(scoped_workspace(tmp_path_factory.mktemp("scoped")), testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


def tiles_over_county(zoom: int) -> list[tuple[int, int, int]]:
    """All tiles from a little west and south of the county to a little east and north."""
    corners = np.array([(county.WEST, county.SOUTH), (county.WEST, county.SOUTH)])
    corners += [(-0.02, -0.02), (2 * county.WIDTH + 0.02, 0.08)]
    (west, south), (east, north) = np.floor(world(corners) * 2**zoom).astype(int).tolist()
    return [(zoom, x, y) for x in range(west, east + 1) for y in range(north, south + 1)]


def features(visitor: Visitor, kind: str, zoom: int = ZOOM, **query: object) -> dict[int, dict]:
    """Every feature of a kind over the county by number, with its properties."""
    url = visitor.json("shapes")["kinds"][kind]["url"]
    found: dict[int, dict] = {}
    for z, x, y in tiles_over_county(zoom):
        answer = visitor.client.get(url.format(z=z, x=x, y=y), query_string=query)
        assert answer.status_code in (200, 204), answer.get_data(as_text=True)
        for one in read(answer.data).get(kind, []) if answer.data else []:
            found[one["id"]] = one["properties"]
    return found


def some_tile(visitor: Visitor, kind: str = "tracks") -> str:
    """The address of a tile that holds something."""
    url = visitor.json("shapes")["kinds"][kind]["url"]
    for z, x, y in tiles_over_county(ZOOM):
        address = url.format(z=z, x=x, y=y)
        if visitor.client.get(address).status_code == 200:
            return address
    raise AssertionError(kind)


def test_a_tile_is_kept_until_its_kind_changes(visitor: Visitor) -> None:
    address = some_tile(visitor)
    packed = visitor.client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = visitor.client.get(address)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.mimetype == plain.mimetype == "application/vnd.mapbox-vector-tile"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Cache-Control"].startswith("private, max-age=")
    assert not packed.headers["ETag"].startswith("W/")
    assert packed.headers["ETag"] != plain.headers["ETag"]
    headers = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    same = visitor.client.get(address, headers=headers)
    assert (same.status_code, same.data) == (304, b"")
    other = visitor.client.get(f"{address}?mode=vehicle", headers=headers)
    assert other.status_code != 304
    old = address.split("/")
    old[4] = "v0"
    assert "no-store" in visitor.client.get("/".join(old)).headers["Cache-Control"]


def test_an_empty_tile_has_no_content(visitor: Visitor) -> None:
    for kind in KINDS:
        url = visitor.json("shapes")["kinds"][kind]["url"]
        answer = visitor.client.get(url.format(z=12, x=0, y=0))
        assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("tracks/v/0/1/0", "tracks/v/0/0/1", "tracks/v/25/0/0", "tracks/v/3/8/0"),
        *("tracks/v/-1/0/0", "tracks/v/a/0/0", f"tracks/v/9/{'9' * 30}/0", "tracks/v/1/0/٠"),
        *(
            "people/v/0/0/0",
            "users/v/0/0/0",
            "track/v/0/0/0",
            "tracks/v/1e3/0/0",
            "patches%00/v/0/0/0",
        ),
    ],
)
def test_there_are_no_other_tiles(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(f"/tiles/shapes/{path}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        *(("tracks", one) for one in ("mode=fly", "from=2026", "from=2026-02-30", "unit=none")),
        *(("tracks", one) for one in ("from=2026-05-02&to=2026-05-01", "team=%00", "to=1&to=2")),
        *(
            ("patches", one)
            for one in ("state=gone", "survey=x", "survey=-1", f"survey={'9' * 40}")
        ),
        *(("cases", one) for one in ("state=licence", "source=rumour", "state='%3B--")),
        ("sites", "state=suspected"),
        ("patches", "&".join(f"survey={n}" for n in range(1, 300))),
    ],
)
def test_a_wrong_filter_is_told_in_words(visitor: Visitor, kind: str, query: str) -> None:
    answer = visitor.client.get(f"/tiles/shapes/{kind}/v/3/6/3?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["message_zh"]


def test_the_description_says_what_there_is(visitor: Visitor) -> None:
    told = visitor.json("shapes")
    assert set(told["kinds"]) == set(KINDS)
    for kind, one in told["kinds"].items():
        assert one["url"] == f"/tiles/shapes/{kind}/{one['version']}/{{z}}/{{x}}/{{y}}"
        assert {"counts_below_zoom", "deepest_zoom", "layers", "filters"} <= set(one)
    assert told["kinds"]["tracks"]["count"] >= 2
    assert told["days"]["first"] <= told["days"]["last"]


def test_names_that_attack_stay_text(visitor: Visitor) -> None:
    assert HOSTILE in {one.get("name") for one in features(visitor, "tracks").values()}


def test_filters_narrow_tracks(visitor: Visitor) -> None:
    every = features(visitor, "tracks")
    by_unit = features(visitor, "tracks", unit=EAST_UNIT)
    assert (
        set(by_unit) == {n for n, one in every.items() if one.get("unit") == EAST_UNIT} < set(every)
    )
    assert features(visitor, "tracks", mode="drone") == {}
    assert features(visitor, "tracks", to="2020-01-01") == {}
    assert features(visitor, "tracks", **{"from": "2020-01-01", "to": "2030-01-01"}) == every


def test_outlines_of_patches_come_with_the_deepest_tiles(visitor: Visitor) -> None:
    url = visitor.json("shapes")["kinds"]["patches"]["url"]
    layers: dict[str, set[int]] = {"patches": set(), "patch_shapes": set()}
    for z, x, y in tiles_over_county(16):
        answer = visitor.client.get(url.format(z=z, x=x, y=y))
        for name, found in (read(answer.data) if answer.data else {}).items():
            layers[name] |= {one["id"] for one in found}
    assert layers["patch_shapes"] == layers["patches"] != set()


@pytest.mark.parametrize("name", ["field-east", "analyst-county", "analyst-west", "admin-all"])
def test_tiles_show_what_lists_show(scoped_app: Flask, name: str) -> None:
    person = signed_in(scoped_app, name)
    for kind, limit in (("patches", 500), ("tracks", 2000), ("surveys", 500)):
        listed = person.json(kind, limit=limit)["features"]
        wanted = {one["properties"]["id"] for one in listed}
        assert set(features(person, kind)) == wanted, kind
        assert person.json("shapes")["kinds"][kind]["count"] == len(wanted)
    photos = {one["properties"]["id"] for one in person.json("photos", limit=500)["features"]}
    assert set(features(person, "photos")) == photos


def test_one_townships_tiles_are_never_the_others(scoped_app: Flask) -> None:
    east, west = (signed_in(scoped_app, f"analyst-{side}") for side in ("east", "west"))
    assert not set(features(east, "patches")) & set(features(west, "patches"))
    assert set(features(east, "patches"))
    address = some_tile(east, "patches")
    told = east.client.get(address)
    headers = {"If-None-Match": told.headers["ETag"]}
    theirs = west.client.get(address, headers=headers)
    assert theirs.status_code != 304
    assert theirs.data != told.data
    own = features(signed_in(scoped_app, "field-east"), "tracks")
    # What a person sent is theirs alone, beside what is their township's.
    assert set(own) > set(features(east, "tracks"))


def test_patches_by_unit_are_those_on_its_ground(scoped_app: Flask) -> None:
    every = signed_in(scoped_app, "analyst-all")
    east = signed_in(scoped_app, "analyst-east")
    assert set(features(every, "patches", unit=EAST_UNIT)) == set(features(east, "patches"))


def mosaic(
    visitor: Visitor, zoom: int = 18, **query: object
) -> dict[tuple[int, int, int], np.ndarray]:
    """Every tile of all pictures round the east's place that holds something, as RGBA."""
    pattern = visitor.json("shapes")["kinds"]["surveys"]["pictures"]
    found = {}
    for place in (EAST_PLACE, WEST_PLACE, BORDER_PLACE):
        middle = np.floor(world(np.array([place]))[0] * 2**zoom).astype(int)
        for dx, dy in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
            tile = (zoom, int(middle[0]) + dx, int(middle[1]) + dy)
            told = visitor.client.get(
                pattern.format(z=tile[0], x=tile[1], y=tile[2]), query_string=query
            )
            assert told.status_code in (200, 204)
            if told.data:
                picture = Image.open(io.BytesIO(told.data)).convert("RGBA")
                found[tile] = np.asarray(picture)
    return found


def test_all_pictures_in_one_layer_are_those_that_a_person_may_see(scoped_app: Flask) -> None:
    every, east, west = (
        mosaic(signed_in(scoped_app, f"analyst-{who}")) for who in ("all", "east", "west")
    )
    assert set(east) | set(west) == set(every)
    for tile, pixels in every.items():
        shown = sum(
            (side[tile][:, :, 3] > 0).astype(int) if tile in side else np.zeros((256, 256), int)
            for side in (east, west)
        )
        # Each visible pixel is one township's; along the border a pixel may be both's.
        assert ((shown > 0) == (pixels[:, :, 3] > 0)).mean() > 0.99
        assert (shown > 1).mean() < 0.01


def test_pictures_are_narrowed_by_day_and_absent_far_off(scoped_app: Flask) -> None:
    every = signed_in(scoped_app, "analyst-all")
    assert mosaic(every, to="2020-01-01") == {}
    assert mosaic(every, zoom=12) == {}
    assert set(mosaic(every, **{"from": "2026-05-11"})) < set(mosaic(every))
