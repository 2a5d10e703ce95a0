"""Any polygon's sum, and gaps that are connected and whole, against shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sums_and_gaps import AREAS, GROUND, PARENTS, ROOT, SELF, lines
from test_sweep_laws import X0, Y0, look_at

from geoinspect.coverage.cells import CellTable, Thresholds, combine
from geoinspect.coverage.gaps import access_point, find_gaps
from geoinspect.coverage.ground import make_ground
from geoinspect.coverage.sums import CoverageSum, own_sums, polygon_sum, tree_sums

CELLS = len(GROUND.cell_row)
corners = st.tuples(st.floats(-150, 1050), st.floats(-150, 750))
polygons = (
    st.lists(corners, min_size=3, max_size=8)
    .map(lambda ring: shapely.make_valid(shapely.Polygon(np.array(ring) + [X0, Y0])))
    .map(lambda s: [p for p in shapely.get_parts(s) if isinstance(p, shapely.Polygon)])
    .filter(bool)
    .map(shapely.MultiPolygon)
)


def walked(line: np.ndarray) -> CellTable:
    return combine(GROUND, [look_at(line, ground=GROUND, width_m=60.0)], Thresholds())


@settings(max_examples=50, deadline=None)
@given(polygons, lines)
def test_a_polygon_holds_the_ground_that_shapely_finds_in_it(
    shape: shapely.MultiPolygon, line: np.ndarray
) -> None:
    found = polygon_sum(GROUND, walked(line), shape)
    inside = shapely.intersection(shape, ROOT)
    # Along its outline a polygon is told by bits.
    off_m2 = GROUND.bit_m * (shape.length + ROOT.length) * 0.35 + 10
    assert found.area_m2 == pytest.approx(inside.area, abs=off_m2)
    swath = shapely.LineString(line).buffer(30.0, quad_segs=32)
    seen = shapely.intersection(inside, swath)
    assert found.seen_m2 == pytest.approx(seen.area, abs=off_m2 + GROUND.bit_m * swath.length * 0.5)
    assert 0 <= found.seen_m2 <= found.area_m2 + 1e-6
    assert found.cleared_m2 <= found.covered_m2 <= found.touched_m2
    assert found.unseen_m2 + found.touched_m2 == pytest.approx(found.area_m2)
    assert found.unseen + found.touched == found.cells


@settings(max_examples=40, deadline=None)
@given(polygons, lines, st.floats(-100, 1000))
def test_the_halves_of_a_polygon_add_up_to_it(
    shape: shapely.MultiPolygon, line: np.ndarray, at: float
) -> None:
    # Between two rows of bit centres, so that every bit lies on one side.
    bit = GROUND.bit_m
    x = X0 + np.floor(at / bit) * bit
    table = walked(line)
    halves = [
        shapely.intersection(shape, half)
        for half in (
            shapely.box(X0 - 900, Y0 - 900, x, Y0 + 2000),
            shapely.box(x, Y0 - 900, X0 + 2000, Y0 + 2000),
        )
    ]
    parts = [
        polygon_sum(GROUND, table, shapely.MultiPolygon(pieces))
        for half in halves
        if (pieces := [p for p in shapely.get_parts(half) if isinstance(p, shapely.Polygon)])
    ]
    whole, added = polygon_sum(GROUND, table, shape), sum(parts, CoverageSum())
    # Where an edge is cut its crossing of a row of centres may round to the bit beside.
    near = {"rel": 1e-9, "abs": 4 * bit**2}
    assert added.area_m2 == pytest.approx(whole.area_m2, **near)
    assert added.seen_m2 == pytest.approx(whole.seen_m2, **near)
    assert added.length_m == pytest.approx(whole.length_m, rel=1e-6, abs=1.0)


@settings(max_examples=25, deadline=None)
@given(lines)
def test_the_whole_ground_as_a_polygon_is_its_sum(line: np.ndarray) -> None:
    table = walked(line)
    total = tree_sums(own_sums(GROUND, table), PARENTS)["root"]
    again = polygon_sum(GROUND, table, ROOT.buffer(1.0))
    # Along borders between areas a piece is seen by the share of its own bits: half a bit off.
    border_m = sum(area.length for area in AREAS.values()) - ROOT.length
    off = {"seen_m2": border_m * GROUND.bit_m / 2}
    off["seen_fraction"] = off["seen_m2"] / total.area_m2
    for name, value in total.as_json().items():
        near = pytest.approx(value, rel=1e-9, abs=off.get(name, 0.2))
        assert again.as_json()[name] == near, name


@settings(max_examples=25, deadline=None)
@given(lines)
def test_an_areas_own_polygon_is_its_own_sum_but_for_the_bits_of_its_border(
    line: np.ndarray,
) -> None:
    table = walked(line)
    own = own_sums(GROUND, table)
    for code, area in AREAS.items():
        found = polygon_sum(GROUND, table, area)
        off_m2 = GROUND.bit_m * area.length * 0.6
        assert found.area_m2 == pytest.approx(own[code].area_m2, abs=off_m2)
        assert found.seen_m2 == pytest.approx(own[code].seen_m2, abs=off_m2)
        # A cell shared by three areas may lie in none by half.
        assert abs(found.cells - own[code].cells) <= 1


def test_a_polygon_elsewhere_holds_nothing() -> None:
    table = walked(np.array([[X0, Y0], [X0 + 500, Y0 + 500]]))
    found = polygon_sum(GROUND, table, shapely.box(X0 + 5000, Y0, X0 + 6000, Y0 + 900))
    assert found == CoverageSum()
    assert found.seen_fraction is None


flags = st.lists(st.booleans(), min_size=CELLS, max_size=CELLS).map(np.array)


@settings(max_examples=60, deadline=None)
@given(flags)
def test_gaps_are_the_connected_parts_of_what_lacks(lacks: np.ndarray) -> None:
    gaps = find_gaps(GROUND, lacks, SELF)
    squares = GROUND.squares()[lacks]
    for code, area in AREAS.items():
        pieces = shapely.intersection(squares, area)
        truth = sorted(
            part.area for part in shapely.get_parts(shapely.union_all(pieces)) if part.area >= 100
        )
        mine = sorted(gap.area_m2 for gap in gaps if gap.area_code == code)
        np.testing.assert_allclose(mine, truth, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(flags, st.integers(0, 1000))
def test_gaps_are_ranked_by_area_and_risk(lacks: np.ndarray, seed: int) -> None:
    risk = np.random.default_rng(seed).uniform(0, 5, CELLS)
    gaps = find_gaps(GROUND, lacks, dict.fromkeys(AREAS, "all"), risk)
    weights = [gap.weight for gap in gaps]
    assert weights == sorted(weights, reverse=True)
    for gap in gaps:
        assert gap.area_code == "all"
        assert lacks[gap.cells].all()
        # Listed by one area, a gap is whole cells.
        m2 = GROUND.cell_m2[gap.cells]
        assert gap.area_m2 == pytest.approx(m2.sum())
        assert gap.risk == pytest.approx(np.average(risk[gap.cells], weights=m2))
    cells = np.concatenate([gap.cells for gap in gaps]) if gaps else np.empty(0, int)
    assert len(np.unique(cells)) == len(cells)
    assert set(np.flatnonzero(lacks)) - set(cells.tolist()) <= set(
        np.flatnonzero(GROUND.cell_m2 < 100)
    )


def test_cells_that_touch_at_a_corner_are_two_gaps() -> None:
    ground = make_ground({"a": shapely.box(X0, Y0, X0 + 300, Y0 + 300)}, crs=GROUND.grid.crs, cell_m=100.0, side=8)  # fmt: skip
    lacks = np.eye(3, dtype=bool).ravel()
    assert len(find_gaps(ground, lacks, {"a": "a"})) == 3
    assert find_gaps(ground, np.zeros(9, bool), {"a": "a"}) == []
    assert len(find_gaps(ground, np.ones(9, bool), {"a": "a"})) == 1


def test_a_gap_is_entered_from_the_nearest_road_else_from_searched_ground() -> None:
    gap = shapely.box(X0, Y0, X0 + 200, Y0 + 100)
    road = shapely.LineString([(X0 + 260, Y0 - 50), (X0 + 260, Y0 + 400)])
    far = shapely.LineString([(X0 + 900, Y0), (X0 + 900, Y0 + 100)])
    walked_ground = np.array([shapely.box(X0 - 300, Y0, X0 - 100, Y0 + 100)], dtype=object)
    (x, _), kind = access_point(gap, [far, road], walked_ground)
    assert (kind, x) == ("road", X0 + 200)
    (x, _), kind = access_point(gap, [], walked_ground)
    assert (kind, x) == ("searched", X0)
    place, kind = access_point(gap, [], np.empty(0, dtype=object))
    assert kind == "inside"
    assert gap.contains(shapely.Point(place))
