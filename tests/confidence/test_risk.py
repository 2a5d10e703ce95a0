"""Prior risk: neutral without layers, zero on licensed ground, the product of its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import prod

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.confidence.nearest import nearest, nearest_with_handicap
from geoinspect.confidence.risk import (
    Override,
    RiskCells,
    RiskLayers,
    relative_risk,
    zone_places,
)
from geoinspect.confidence.risk_rules import RiskFactor, load_rules, with_rule
from geoinspect.confidence.shares import ground_shares, square_shares
from geoinspect.coverage.ground import make_ground
from geoinspect.crs import geodesic_area_m2
from geoinspect.records import Zone, ZoneKind

F = RiskFactor
RULES = load_rules()
CELL_M = 100.0


def grid(n: int = 12) -> RiskCells:
    x, y = np.meshgrid((np.arange(n) + 0.5) * CELL_M, (np.arange(n) + 0.5) * CELL_M)
    return RiskCells(x.ravel(), y.ravel(), CELL_M)


CELLS = grid()
places_m = st.integers(-300, 1500).map(float)
points = st.builds(shapely.Point, places_m, places_m)
lines = st.lists(st.tuples(places_m, places_m), min_size=2, max_size=30).map(shapely.LineString)
boxes = st.builds(
    lambda x, y, w, h: shapely.box(x, y, x + w, y + h),
    places_m,
    places_m,
    st.integers(5, 600),
    st.integers(5, 600),
)
holed = boxes.map(lambda b: b.difference(b.centroid.buffer(min(b.bounds[2] - b.bounds[0], 80) / 3)))
shapes = st.one_of(points, lines, boxes, holed, st.lists(boxes, min_size=2, max_size=3).map(
    shapely.union_all
), st.lists(st.one_of(points, lines), min_size=1, max_size=3).map(shapely.GeometryCollection))  # fmt: skip
layer = st.lists(shapes, max_size=6)


@given(layer)
@settings(max_examples=60, deadline=None)
def test_the_nearest_feature_is_that_of_shapely(places: list[shapely.Geometry]) -> None:
    which, metres = nearest(CELLS.x, CELLS.y, places)
    centres = shapely.points(CELLS.x, CELLS.y)
    if not places:
        assert (which == -1).all()
        assert np.isinf(metres).all()
        return
    each = np.array([shapely.distance(centres, place) for place in places])
    np.testing.assert_allclose(metres, each.min(axis=0), atol=1e-9)
    np.testing.assert_allclose(each[which, np.arange(len(which))], metres, atol=1e-9)


@given(layer, st.data())
@settings(max_examples=60, deadline=None)
def test_the_handicap_is_added_to_the_distance(
    places: list[shapely.Geometry], data: st.DataObject
) -> None:
    handicap = np.array([data.draw(st.floats(0, 700)) for _ in places])
    reach = data.draw(st.floats(1, 900))
    which, metres = nearest_with_handicap(CELLS.x, CELLS.y, places, handicap, reach)
    centres = shapely.points(CELLS.x, CELLS.y)
    if not places:
        assert (which == -1).all()
        return
    total = np.array([shapely.distance(centres, p) for p in places]) + handicap[:, None]
    least = total.min(axis=0)
    assert (which[least > reach + 1e-6] == -1).all()
    found = which >= 0
    assert found[least < reach - 1e-6].all()
    assert np.isinf(metres[~found]).all()
    np.testing.assert_allclose(metres[found] + handicap[which[found]], least[found], atol=1e-9)


def test_missing_empty_and_bent_features_do_no_harm() -> None:
    bow_tie = shapely.Polygon([(0, 0), (200, 200), (200, 0), (0, 200)])
    spot = shapely.LineString([(900, 900), (900, 900)])
    which, metres = nearest(CELLS.x, CELLS.y, [None, shapely.Point(), bow_tie, spot])
    assert set(which) == {2, 3}
    # The crossing cuts it in two triangles: the cell at (150, 50) is half in the right one.
    assert metres[(CELLS.x == 150) & (CELLS.y == 50)] == 0
    collapsed = shapely.GeometryCollection([shapely.GeometryCollection([spot])])
    assert nearest(CELLS.x, CELLS.y, [collapsed])[1].min() == pytest.approx(np.hypot(50, 50))
    assert nearest(np.empty(0), np.empty(0), [spot])[0].shape == (0,)


@given(st.lists(st.one_of(boxes, holed), min_size=1, max_size=4).map(shapely.union_all))
@settings(max_examples=60, deadline=None)
def test_shares_of_squares_are_exact(polygon: shapely.Polygon) -> None:
    half = CELL_M / 2
    squares = shapely.box(CELLS.x - half, CELLS.y - half, CELLS.x + half, CELLS.y + half)
    want = shapely.area(shapely.intersection(squares, polygon)) / CELL_M**2
    np.testing.assert_allclose(square_shares(CELLS.x, CELLS.y, CELL_M, polygon), want, atol=1e-9)


def test_shares_of_ground_leave_out_what_is_no_ground() -> None:
    area = shapely.box(50, 0, 1000, 1000)
    ground = make_ground({"A": area}, crs="EPSG:4545", cell_m=CELL_M, side=16)
    shares = ground_shares(ground)
    share = shares(shapely.box(0, 0, 75, 1000))
    edge = ground.cell_col == 0
    np.testing.assert_allclose(share[edge], 0.5, atol=1 / 16)
    assert (share[~edge] == 0).all()
    np.testing.assert_allclose(shares(area), 1.0, atol=1e-9)
    assert not shares(shapely.Polygon()).any()


def test_without_layers_every_risk_is_one() -> None:
    surface = relative_risk(CELLS, RiskLayers(), RULES)
    assert (surface.relative == 1).all()
    assert surface.explain(0) == []


@given(layer, layer, layer)
@settings(max_examples=20, deadline=None)
def test_the_rules_of_the_package_are_neutral_on_what_nobody_measured(
    houses: list[shapely.Geometry], roads: list[shapely.Geometry], water: list[shapely.Geometry]
) -> None:
    n = len(CELLS.x)
    layers = RiskLayers(
        {F.HOUSES: houses, F.ROADS: roads, F.WATER: water},
        slope_deg=np.linspace(0, 60, n),
        altitude_m=np.linspace(-100, 5000, n),
    )
    assert (relative_risk(CELLS, layers, RULES).relative == 1).all()


def test_licensed_ground_has_no_risk_and_half_of_it_half() -> None:
    parcel = shapely.box(0, 0, 250, 100)
    # The same parcel twice, and a copy of a part of it, is one parcel.
    layers = RiskLayers({F.LICENSED: [parcel, parcel, shapely.box(0, 0, 150, 50)]})
    surface = relative_risk(CELLS, layers, RULES)
    np.testing.assert_allclose(surface.relative[:4], [0, 0, 0.5, 1], atol=1e-12)
    (reason,) = surface.explain(0)
    assert (reason.factor, reason.value, reason.multiplier) == (F.LICENSED, 1.0, 0.0)


def test_zones_that_cross_themselves_or_lie_in_collections_count() -> None:
    bow_tie = shapely.Polygon([(0, 0), (200, 200), (200, 0), (0, 200)])
    nested = shapely.GeometryCollection([shapely.Point(0, 0), shapely.MultiPolygon([bow_tie])])
    twice = shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(0, 0, 100, 100)])
    for zone, share in ((bow_tie, 0.5), (nested, 0.5), (twice, 1.0)):
        surface = relative_risk(CELLS, RiskLayers({F.PRIORITY: [zone]}), RULES)
        assert surface.relative[0] == pytest.approx(1 + 2 * share)
    points = relative_risk(CELLS, RiskLayers({F.PRIORITY: [shapely.Point(50, 50)]}), RULES)
    assert (points.relative == 1).all()


def test_former_finds_decay_with_distance_as_the_formula_says() -> None:
    find = shapely.Point(50, 50)
    surface = relative_risk(CELLS, RiskLayers({F.FORMER: [find]}), RULES)
    metres = np.hypot(CELLS.x - 50, CELLS.y - 50)
    np.testing.assert_allclose(surface.relative, 1 + 9 * np.exp(-metres / 300), rtol=1e-12)
    reason = surface.explain(1)[0]
    assert reason.value == 100.0
    assert reason.unit == "m"
    assert "assumed" in reason.source


def test_far_away_is_exactly_one() -> None:
    far = RiskLayers({F.FORMER: [shapely.Point(9000, 9000)]})
    surface = relative_risk(CELLS, far, RULES)
    assert (surface.relative == 1).all()
    assert surface.explain(5) == []


def test_old_finds_weigh_less_and_the_strongest_counts() -> None:
    rules = with_rule(RULES, F.FORMER, half_life_years=5)
    near_old, far_new = shapely.Point(50, 50), shapely.Point(950, 50)
    layers = RiskLayers({F.FORMER: [near_old, far_new]}, former_age_years=[10.0, 0.0])
    surface = relative_risk(CELLS, layers, rules)
    metres = [np.hypot(CELLS.x - x, CELLS.y - 50) for x in (50, 950)]
    weight = np.maximum(0.25 * np.exp(-metres[0] / 300), np.exp(-metres[1] / 300))
    np.testing.assert_allclose(surface.relative, 1 + 9 * weight, rtol=1e-12)
    # 400 m from the old find and 500 m from the new one the new one weighs more.
    assert surface.explain(0)[0].age_years == 10.0
    assert surface.explain(4)[0].age_years == 0.0
    unknown = replace(layers, former_age_years=[np.nan, np.nan])
    fresh = replace(layers, former_age_years=None)
    assert np.array_equal(
        relative_risk(CELLS, unknown, rules).relative, relative_risk(CELLS, fresh, rules).relative
    )
    assert relative_risk(CELLS, unknown, rules).explain(0)[0].age_years is None


effects = st.floats(0, 50)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_product_of_the_reasons_is_the_risk_in_any_order(data: st.DataObject) -> None:
    n = len(CELLS.x)
    rules = RULES
    for factor in F:
        if factor in (F.SLOPE, F.ALTITUDE):
            steps = ((0.0, data.draw(effects)), (30.0, data.draw(effects)))
            rules = with_rule(rules, factor, breakpoints=steps)
        else:
            rules = with_rule(rules, factor, multiplier=data.draw(effects))
    places = {factor: data.draw(layer) for factor in F}
    edits = [Override(data.draw(boxes), data.draw(effects), "n", "w") for _ in range(2)]
    slope = np.where(np.arange(n) % 5 == 0, np.nan, np.linspace(0, 50, n))
    layers = RiskLayers(places, slope_deg=slope, overrides=edits)
    surface = relative_risk(CELLS, layers, rules)
    assert np.isfinite(surface.relative).all()
    assert (surface.relative >= 0).all()
    for cell in range(0, n, 7):
        reasons = surface.explain(cell)
        assert prod(r.multiplier for r in reasons) == pytest.approx(surface.relative[cell])
        if np.isnan(slope[cell]):
            assert F.SLOPE not in {r.factor for r in reasons}
    turned = RiskLayers(
        {factor: [*found[::-1], *found] for factor, found in reversed(places.items())},
        slope_deg=slope,
        overrides=edits[::-1],
    )
    other = relative_risk(CELLS, turned, rules[::-1]).relative
    np.testing.assert_allclose(other, surface.relative, rtol=1e-9, atol=1e-12)


@given(layer, st.sampled_from([F.FORMER, F.HOUSES, F.PRIORITY, F.LICENSED]), effects, effects)
@settings(max_examples=60, deadline=None)
def test_a_larger_multiplier_never_lowers_a_risk(
    places: list[shapely.Geometry], factor: RiskFactor, one: float, other: float
) -> None:
    layers = RiskLayers({factor: places})
    low, high = (
        relative_risk(CELLS, layers, with_rule(RULES, factor, multiplier=m)).relative
        for m in sorted((one, other))
    )
    assert (low <= high + 1e-12).all()


def test_edits_by_hand_multiply_and_say_who_made_them() -> None:
    half, whole = shapely.box(0, 0, 50, 100), shapely.box(0, 0, 100, 100)
    edits = [Override(half, 3.0, "老线索", "王"), Override(whole, 0.5, "", "李")]
    surface = relative_risk(CELLS, RiskLayers(overrides=edits), RULES)
    assert surface.relative[0] == pytest.approx(2.0 * 0.5)
    assert (surface.relative[1:] == 1).all()
    assert {(r.factor, r.source, r.note) for r in surface.explain(0)} == {
        (None, "王", "老线索"),
        (None, "李", ""),
    }


def test_zones_count_on_the_days_they_hold() -> None:
    square = shapely.box(114.0, 31.0, 114.01, 31.01)
    zones = [
        Zone(ZoneKind.LICENSED, "a", square, date(2027, 1, 1), date(2027, 6, 30)),
        Zone(ZoneKind.FORMER, "b", square),
        Zone(ZoneKind.PRIORITY, "c", square),
        Zone(ZoneKind.NO_GO, "d", square),
    ]
    on_the_day = zone_places(zones, "EPSG:4547", date(2027, 5, 1))
    assert set(on_the_day) == {F.LICENSED, F.FORMER, F.PRIORITY}
    assert on_the_day[F.LICENSED][0].area == pytest.approx(geodesic_area_m2(square), rel=1e-4)
    for day in (None, date(2027, 7, 1)):
        assert F.LICENSED not in zone_places(zones, "EPSG:4547", day)


@pytest.mark.parametrize(
    ("cells", "layers"),
    [
        (RiskCells(np.array([np.nan]), np.zeros(1), 100), RiskLayers()),
        (CELLS, RiskLayers(slope_deg=np.zeros(3))),
        (CELLS, RiskLayers({F.FORMER: [shapely.Point(0, 0)]}, former_age_years=[1.0, 2.0])),
        (CELLS, RiskLayers(overrides=[Override(shapely.box(0, 0, 1, 1), -1.0, "", "")])),
        (CELLS, RiskLayers(overrides=[Override(shapely.box(0, 0, 1, 1), np.inf, "", "")])),
    ],
)
def test_what_does_not_fit_together_is_refused(cells: RiskCells, layers: RiskLayers) -> None:
    with pytest.raises(ValueError, match=r"cell|ages|multiplied"):
        relative_risk(cells, layers, RULES)
