"""Laws of the tiles of shapes, on shapes scattered at random."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_shape_tiles_mvt import SIZE, read

from webmap.tiles.shapes_drawing import in_tile, world
from webmap.tiles.shapes_filters import Wanted, chosen
from webmap.tiles.shapes_mvt import Column
from webmap.tiles.shapes_sheets import Kind, Sheet, day_number
from webmap.tiles.shapes_views import MOST_IN_TILE, View, counts_layer, tile_bytes, view_of

STATES = np.array(["suspected", "licensed", "confirmed"])
FIRST = date(2026, 4, 1)
SEEDS = st.integers(0, 2**32 - 1)


def sheet_of(seed: int, count: int, *, spread_deg: float = 0.5) -> Sheet:
    """Patches scattered about a place, some of them at the very same spot."""
    random = np.random.default_rng(seed)
    middle = random.uniform((-179, -80), (179, 80))
    place = middle + random.normal(0, spread_deg, (count, 2)) * random.integers(0, 2, (count, 1))
    place = np.clip(place, (-180, -89), (180, 89))
    ids = np.sort(random.choice(10 * count, count, replace=False)).astype(np.int64)
    days = day_number(FIRST) + random.integers(0, 60, count)
    facts = [
        Column("rank", random.permutation(count).astype(np.int64), random.random(count) < 0.9),
        Column("state", STATES[random.integers(0, 3, count)]),
        Column("score", np.round(random.random(count), 3)),
        Column("m2", np.round(random.gamma(2, 9, count), 1)),
        Column("survey", random.integers(1, 6, count)),
        Column("day", days.astype(np.int64), random.random(count) < 0.8),
        Column("case", random.integers(0, 2, count)),
        Column("review", np.full(count, ""), np.zeros(count, np.bool_)),
    ]
    box = np.hstack([place, place])
    return Sheet(Kind.PATCHES, "v", ids, place, box, {fact.name: fact for fact in facts})


def tiles_of(view: View, zoom: int) -> set[tuple[int, int, int]]:
    """The tiles where middles stand."""
    places = np.floor(view.xy * 2**zoom).astype(int)
    return {(zoom, int(x), int(y)) for x, y in places}


def nothing(_numbers: object) -> dict[int, bytes]:
    return {}


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 400), st.integers(0, 18))
def test_each_shape_is_in_one_bin_and_the_sums_are_the_totals(seed, count, zoom) -> None:
    view = view_of(sheet := sheet_of(seed, count), np.arange(count))
    total: Counter[str] = Counter()
    for tile in tiles_of(view, zoom):
        layer = counts_layer(view, tile)
        assert ((layer.drawn.xy >= 0) & (layer.drawn.xy < SIZE)).all()
        for column in layer.columns:
            total[column.name] += int(column.values.sum())
    wanted = Counter(sheet.facts["state"].values.tolist())
    assert total == {"n": count, **wanted}


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 12))
def test_a_sign_of_a_bin_stands_in_it_at_the_middle_of_what_it_counts(seed, zoom) -> None:
    view = view_of(sheet_of(seed, 120), np.arange(120))
    for tile in tiles_of(view, zoom):
        at = in_tile(view.xy, tile)
        layer = counts_layer(view, tile)
        for sign, n in zip(layer.drawn.xy, layer.columns[0].values, strict=True):
            mine = (np.floor(at / 256) == np.floor(sign / 256)).all(axis=1)
            assert mine.sum() == n
            assert np.abs(at[mine].mean(axis=0) - sign).max() <= 1


@settings(max_examples=25)
@given(SEEDS, st.integers(0, 300))
def test_above_the_counts_every_shape_is_shown_where_it_is(seed, count) -> None:
    sheet = sheet_of(seed, count, spread_deg=0.02)
    view = view_of(sheet, np.arange(count))
    zoom = max(view.counts_below_zoom, 13)
    seen: Counter[int] = Counter()
    for tile in tiles_of(view, zoom):
        at = dict(zip(sheet.ids.tolist(), in_tile(view.xy, tile), strict=True))
        for one in read(tile_bytes(view, tile, nothing))["patches"]:
            x, y = one["geometry"]["coordinates"]
            assert np.abs(at[one["id"]] - (x, y)).max() <= 0.5
            assert one["properties"]["id"] == one["id"]
            seen[one["id"]] += at[one["id"]].min() >= 0 and at[one["id"]].max() < SIZE
    assert seen == dict.fromkeys(sheet.ids.tolist(), 1)


@settings(max_examples=25)
@given(SEEDS)
def test_properties_are_those_of_the_shape(seed) -> None:
    sheet = sheet_of(seed, 30, spread_deg=0.0)
    view = view_of(sheet, np.arange(30))
    (tile,) = tiles_of(view, 16)
    found = {
        one["id"]: one["properties"] for one in read(tile_bytes(view, tile, nothing))["patches"]
    }
    for k, number in enumerate(sheet.ids.tolist()):
        wanted = {
            name: fact.values[k].item()
            for name, fact in sheet.facts.items()
            if fact.present is None or fact.present[k]
        }
        assert found[number] == {"id": number, **wanted}


@settings(max_examples=60)
@given(
    SEEDS,
    st.lists(st.sampled_from(STATES.tolist()), max_size=2),
    st.lists(st.integers(1, 7), max_size=2),
    st.none() | st.integers(0, 59),
    st.none() | st.integers(0, 59),
    st.sampled_from([(), ("U1",), ("U1", "U2")]),
)
def test_filters_are_those_of_a_loop(seed, states, surveys, start, end, units) -> None:
    sheet = sheet_of(seed, 150)
    first, last = (
        None if k is None else date.fromordinal(FIRST.toordinal() + k) for k in (start, end)
    )
    wanted = Wanted(units, (), (), tuple(states), tuple(surveys), (), first, last)

    def on_ground(_sheet: Sheet, unit: str) -> np.ndarray:
        return _sheet.ids % (2 if unit == "U1" else 3) == 0

    for k, kept in enumerate(chosen(sheet, wanted, on_ground).tolist()):
        number, day = int(sheet.ids[k]), sheet.facts["day"]
        dated = bool(day.present[k])  # type: ignore[index]
        meant = not states or sheet.facts["state"].values[k] in states
        meant &= not surveys or sheet.facts["survey"].values[k] in surveys
        meant &= start is None or (dated and day.values[k] >= day_number(first))  # type: ignore[arg-type]
        meant &= end is None or (dated and day.values[k] <= day_number(last))  # type: ignore[arg-type]
        meant &= not units or any(number % (2 if unit == "U1" else 3) == 0 for unit in units)
        assert kept == bool(meant)


def test_a_crowd_on_one_spot_is_counted_not_drawn_at_any_zoom() -> None:
    count = 3 * MOST_IN_TILE[Kind.PATCHES]
    sheet = sheet_of(1, count, spread_deg=0.0)
    view = view_of(sheet, np.arange(count))
    (tile,) = tiles_of(view, 18)
    (sign,) = read(tile_bytes(view, tile, nothing))["counts"]
    assert sign["properties"]["n"] == count


def test_few_shapes_are_drawn_at_every_zoom_and_many_are_counted_far_off() -> None:
    few = view_of(sheet_of(2, 100), np.arange(100))
    assert few.counts_below_zoom == 0
    many = view_of(sheet_of(2, 5000), np.arange(5000))
    assert 5 < many.counts_below_zoom <= 17


def test_lines_reach_every_tile_they_cross() -> None:
    way = shapely.MultiLineString([[(107.0, 33.0), (108.0, 34.0)]])
    facts = {
        name: Column(name, np.array([value]))
        for name, value in {
            **{"unit": "U1", "team": "一组", "mode": "foot", "name": "x"},
            **{"day": 20000, "doubtful": 0, "length_m": 1.5e5},
        }.items()
    }
    box = np.array([way.bounds])
    place = (box[:, :2] + box[:, 2:]) / 2
    sheet = Sheet(Kind.TRACKS, "v", np.array([7]), place, box, facts)
    view = view_of(sheet, np.arange(1))
    crossed = 0
    blobs = {7: shapely.to_wkb(way)}
    for x in range(812, 824):
        for y in range(405, 415):
            line = shapely.LineString(in_tile(world(shapely.get_coordinates(way)), (10, x, y)))
            inside = shapely.clip_by_rect(line, 0, 0, SIZE, SIZE)
            data = tile_bytes(view, (10, x, y), lambda _numbers: blobs)
            if inside.length > 20:
                crossed += 1
                assert [one["id"] for one in read(data)["tracks"]] == [7]
            elif line.distance(shapely.box(-64, -64, SIZE + 64, SIZE + 64)) > 1:
                assert data == b""
    assert crossed >= 4


def test_world_places_are_shares_of_the_square() -> None:
    found = world(np.array([[-180.0, 89.0], [0.0, 0.0], [180.0, -89.0], [90.0, 66.51326044311186]]))
    assert ((found >= 0) & (found < 1)).all()
    assert np.allclose(found[[1, 3]], [[0.5, 0.5], [0.75, 0.25]])
