"""Our writer of vector tiles, held against the package mapbox-vector-tile."""

from __future__ import annotations

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from webmap.tiles.shapes_drawing import drawn_grounds, drawn_lines, in_tile, world
from webmap.tiles.shapes_mvt import Column, Drawn, Form, Layer, encode

PLACE = st.integers(-64, 4159)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
SIZE = 4096


def read(data: bytes) -> dict[str, list[dict]]:
    """Decode a tile with rows counted from the north, as it is written."""
    layers = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    assert all(layer["extent"] == SIZE and layer["version"] == 2 for layer in layers.values())
    return {name: layer["features"] for name, layer in layers.items()}


@st.composite
def parts_of(draw: st.DrawFn, form: Form) -> list[list[list[tuple[int, int]]]]:
    least, most = {Form.POINT: (1, 1), Form.LINE: (2, 6), Form.POLYGON: (3, 6)}[form]
    part = st.lists(st.tuples(PLACE, PLACE), min_size=least, max_size=most)
    single = form is not Form.LINE
    feature = st.lists(part, min_size=1, max_size=1 if single else 3)
    return draw(st.lists(feature, min_size=1, max_size=8))


def drawn_of(form: Form, features: list[list[list[tuple[int, int]]]]) -> Drawn:
    parts = [part for feature in features for part in feature]
    xy = np.array([point for part in parts for point in part], np.int64)
    ends = np.cumsum([0, *(len(part) for part in parts)])
    whose = np.cumsum([0, *(len(feature) for feature in features)])
    return Drawn(form, xy, ends.astype(np.int64), whose.astype(np.int64))


@settings(max_examples=60)
@given(parts_of(Form.POINT), st.data())
def test_points_and_properties_come_back(features, data) -> None:
    drawn, count = drawn_of(Form.POINT, features), len(features)

    def many(what):
        return data.draw(st.lists(what, min_size=count, max_size=count))

    texts, numbers = many(TEXT), many(st.integers(-(2**40), 2**40))
    floats, present = many(st.floats(allow_nan=False)), many(st.booleans())
    ids = many(st.integers(0, 2**52))
    columns = [
        Column("名称", np.array(texts, np.str_), np.array(present)),
        Column("n", np.array(numbers, np.int64)),
        Column("again", np.array(numbers, np.int64)),
        Column("share", np.array(floats, np.float64)),
    ]
    found = read(encode([Layer("all", drawn, columns, np.array(ids, np.int64))]))["all"]
    assert [one["id"] for one in found] == ids
    assert [tuple(one["geometry"]["coordinates"]) for one in found] == [f[0][0] for f in features]
    for one, text, has, number, share in zip(found, texts, present, numbers, floats, strict=True):
        wanted = {"n": number, "again": number, "share": share} | ({"名称": text} if has else {})
        assert one["properties"] == wanted


@settings(max_examples=60)
@given(parts_of(Form.LINE))
def test_lines_come_back(features) -> None:
    found = read(encode([Layer("lines", drawn_of(Form.LINE, features))]))["lines"]
    for one, parts in zip(found, features, strict=True):
        told = one["geometry"]["coordinates"]
        told = [told] if one["geometry"]["type"] == "LineString" else told
        assert [[tuple(point) for point in line] for line in told] == parts


def test_a_ground_with_a_hole_comes_back_with_its_area_and_turns_as_the_format_wants() -> None:
    z, x, y = tile = (14, 13091, 6540)
    west, north = (x / 2**z - 0.5) * 360, lat_of(y / 2**z)
    east, south = ((x + 1) / 2**z - 0.5) * 360, lat_of((y + 1) / 2**z)
    span = np.array([east - west, south - north])

    def ring(low: float, high: float) -> list[tuple[float, float]]:
        corners = np.array([[low, low], [high, low], [high, high], [low, high]])
        return [tuple(one) for one in np.array([west, north]) + corners * span]

    ground = shapely.MultiPolygon([shapely.Polygon(ring(0.1, 0.6), [ring(0.2, 0.3)])])
    drawn, kept = drawn_grounds([shapely.to_wkb(ground)], tile)
    assert kept.tolist() == [0]
    rings = [drawn.xy[a:b] for a, b in zip(drawn.parts[:-1], drawn.parts[1:], strict=True)]
    areas = [surveyor(one) for one in rings]
    assert areas[0] == pytest.approx((0.5 * SIZE) ** 2, rel=0.001)
    assert areas[1] == pytest.approx(-((0.1 * SIZE) ** 2), rel=0.01)
    (found,) = read(encode([Layer("g", drawn)]))["g"]
    assert shapely.geometry.shape(found["geometry"]).area == pytest.approx(sum(areas))


def surveyor(ring: np.ndarray) -> float:
    """Signed area, rows counted downwards: positive runs clockwise on the screen."""
    x, y = ring.T.astype(float)
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def lat_of(share: float) -> float:
    return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * share)))))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(10, 17))
def test_a_line_stays_near_its_true_way(seed: int, zoom: int) -> None:
    """Where it is in the tile, a line is at most a quarter of a pixel (of 256) off, and all of it
    is there.
    """
    random = np.random.default_rng(seed)
    way = np.array([107.9, 33.7]) + np.cumsum(random.normal(0, 2e-4, (80, 2)), axis=0)
    middle = world(way).mean(axis=0)
    tile = (zoom, int(middle[0] * 2**zoom), int(middle[1] * 2**zoom))
    true = shapely.LineString(in_tile(world(way), tile))
    drawn, kept = drawn_lines([shapely.to_wkb(shapely.MultiLineString([way]))], tile)
    inside = shapely.clip_by_rect(true, 0, 0, SIZE, SIZE)
    if not len(kept):
        assert inside.length < 8
        return
    lines = [drawn.xy[a:b] for a, b in zip(drawn.parts[:-1], drawn.parts[1:], strict=True)]
    shown = shapely.union_all([shapely.LineString(line) for line in lines])
    quarter = SIZE / 256 / 4
    for share in np.linspace(0, 1, 200):
        point = inside.interpolate(share, normalized=True)
        assert inside.is_empty or shown.distance(point) <= quarter
    for point in shapely.points(shapely.get_coordinates(shown)):
        assert true.distance(point) <= quarter


def test_hostile_and_broken_text_is_text() -> None:
    names = ["<img src=x onerror=alert(1)>", "{{7*7}}", "`${1}`", "\ud800half", "罂粟"]
    column = Column("name", np.array(names, np.str_))
    points = Drawn.points(np.zeros((len(names), 2), np.int64))
    found = read(encode([Layer("l", points, [column])]))["l"]
    assert [one["properties"]["name"] for one in found] == [*names[:3], "?half", names[4]]


def test_nothing_is_no_bytes() -> None:
    assert encode([]) == encode([Layer("l", Drawn.points(np.zeros((0, 2), np.int64)))]) == b""
