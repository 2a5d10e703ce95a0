"""Laws of the sweep, against shapely's buffers as an independent oracle."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect import crs as crs_
from geoinspect.coverage import bits
from geoinspect.coverage.cells import STATES, Thresholds, combine, states
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.records import Segment

CRS = "EPSG:4545"
X0, Y0 = 500_000.0, 3_763_600.0
WHOLE = shapely.Polygon(
    [(X0 + 37, Y0 + 11), (X0 + 930, Y0 + 60), (X0 + 880, Y0 + 820), (X0 + 300, Y0 + 905)],
    [[(X0 + 400, Y0 + 300), (X0 + 520, Y0 + 310), (X0 + 470, Y0 + 480)]],
)


def ground_of(side: int = 32) -> Ground:
    return make_ground({"a": WHOLE}, crs=CRS, cell_m=100.0, side=side)


GROUND = ground_of()


def segment_of(xy: np.ndarray, start_s: float = 0.0, step_s: float = 10.0) -> Segment:
    lon, lat = crs_.transform_xy(CRS, crs_.WGS84, xy[:, 0].copy(), xy[:, 1].copy())
    return Segment(lon, lat, start_s + step_s * np.arange(len(xy)))


def look_at(*lines: np.ndarray, width_m: float = 40.0, ground: Ground = GROUND) -> Look:
    return Sweeper(ground).track([segment_of(line) for line in lines], width_m=width_m, gap_s=300)


def seen_m2(look: Look, ground: Ground = GROUND) -> float:
    table = combine(ground, [look], Thresholds())
    return float((table.seen_fraction * ground.cell_m2).sum())


points = st.tuples(st.floats(-200, 1200), st.floats(-200, 1200))
lines = st.lists(points, min_size=1, max_size=12).map(lambda p: np.array(p) + [X0, Y0])


@settings(max_examples=60, deadline=None)
@given(lines, st.floats(30, 150))
def test_seen_area_is_that_of_the_buffer(line: np.ndarray, width_m: float) -> None:
    shape = shapely.Point(line[0]) if len(line) == 1 else shapely.LineString(line)
    truth = shapely.intersection(shape.buffer(width_m / 2, quad_segs=32), WHOLE)
    assert seen_m2(look_at(line, width_m=width_m)) == pytest.approx(
        truth.area, rel=0.03, abs=2.0 * GROUND.bit_m * max(truth.length, 1.0) * 0.2 + 20
    )


@settings(max_examples=60, deadline=None)
@given(lines)
def test_length_is_that_inside_the_ground(line: np.ndarray) -> None:
    pieces = [shapely.LineString(pair) for pair in zip(line[:-1], line[1:], strict=True)]
    truth = sum(shapely.intersection(piece, WHOLE).length for piece in pieces)
    # A step is judged by half bits: at each border it crosses it may be off by that much.
    assert float(look_at(line).length_m.sum()) == pytest.approx(
        truth, abs=4 * GROUND.bit_m * len(line)
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(lines, min_size=1, max_size=4), st.randoms())
def test_order_does_not_matter_and_more_never_sees_less(walks: list[np.ndarray], random) -> None:
    looks = [look_at(walk) for walk in walks]
    table = combine(GROUND, looks, Thresholds())
    random.shuffle(looks)
    again = combine(GROUND, looks, Thresholds())
    np.testing.assert_array_equal(table.seen_bits, again.seen_bits)
    np.testing.assert_array_equal(table.state, again.state)
    np.testing.assert_allclose(table.pod, again.pod, atol=1e-12)
    fewer = combine(GROUND, looks[:-1], Thresholds())
    assert (table.seen_fraction >= fewer.seen_fraction).all()
    assert (table.pod >= fewer.pod - 1e-12).all()
    assert (table.state >= fewer.state).all()


@settings(max_examples=40, deadline=None)
@given(lines)
def test_shares_and_probabilities_stay_in_range(line: np.ndarray) -> None:
    table = combine(GROUND, [look_at(line)], Thresholds())
    for values in (table.seen_fraction, table.pod):
        assert ((values >= 0) & (values <= 1)).all()
    # Bits outside the ground are never set.
    assert not (table.seen_bits & ~GROUND.cell_bits).any()


def test_the_same_walk_twice_is_seen_once_and_counts_effort_twice() -> None:
    line = np.array([[X0 + 100, Y0 + 150], [X0 + 700, Y0 + 250]])
    look = look_at(line)
    once = combine(GROUND, [look], Thresholds())
    twice = combine(GROUND, [look, look], Thresholds())
    np.testing.assert_array_equal(once.seen_bits, twice.seen_bits)
    np.testing.assert_allclose(twice.coverage, 2 * once.coverage)


def test_a_gap_in_time_is_not_bridged() -> None:
    line = np.array(
        [[X0 + 100, Y0 + 200], [X0 + 150, Y0 + 200], [X0 + 700, Y0 + 200], [X0 + 750, Y0 + 200]]
    )
    lon, lat = crs_.transform_xy(CRS, crs_.WGS84, line[:, 0].copy(), line[:, 1].copy())
    bridged = Segment(lon, lat, np.array([0.0, 10.0, 300.0, 310.0]))
    broken = Segment(lon, lat, np.array([0.0, 10.0, 311.0, 320.0]))
    sweeper = Sweeper(GROUND)
    whole = sweeper.track([bridged], width_m=40, gap_s=300)
    parts = sweeper.track([broken], width_m=40, gap_s=300)
    assert float(whole.length_m.sum()) == pytest.approx(650, abs=2)
    assert float(parts.length_m.sum()) == pytest.approx(100, abs=2)


def test_finer_bits_come_closer() -> None:
    line = np.array([[X0 + 130, Y0 + 110], [X0 + 420, Y0 + 700], [X0 + 800, Y0 + 330]])
    truth = shapely.intersection(shapely.LineString(line).buffer(20, quad_segs=64), WHOLE).area
    errors = [
        abs(seen_m2(look_at(line, ground=(g := ground_of(side))), g) - truth) for side in bits.SIDES
    ]
    assert errors[-1] < 0.002 * truth
    assert errors[-1] < errors[0]


def test_a_far_spike_costs_neither_time_nor_memory() -> None:
    line = np.array([[X0 + 100, Y0 + 100], [X0 + 9e6, Y0 - 3e6], [X0 + 110, Y0 + 110]])
    look = look_at(line)
    assert len(look.row) <= len(GROUND.cell_row)


def test_looks_survive_storage() -> None:
    look = look_at(np.array([[X0 + 100, Y0 + 150], [X0 + 700, Y0 + 250]]))
    back = Look.from_bytes(look.to_bytes())
    np.testing.assert_array_equal(back.masks, look.masks)
    np.testing.assert_array_equal(back.row, look.row)
    np.testing.assert_array_equal(back.last_s, look.last_s)
    kept = Ground.from_bytes(GROUND.to_bytes(), crs=CRS, cell_m=100.0, side=GROUND.side)
    np.testing.assert_array_equal(kept.cell_bits, GROUND.cell_bits)
    assert kept.area_codes == GROUND.area_codes
    assert kept.grid == GROUND.grid


def test_a_picture_sees_the_ground_inside_its_outline() -> None:
    outline = crs_.transform_geometry(
        CRS, crs_.WGS84, shapely.box(X0 + 150, Y0 + 150, X0 + 655, Y0 + 512)
    )
    look = Sweeper(GROUND).picture(outline, pod=0.9, taken_s=5.0)
    truth = shapely.intersection(WHOLE, shapely.box(X0 + 150, Y0 + 150, X0 + 655, Y0 + 512)).area
    assert seen_m2(look) == pytest.approx(truth, rel=0.01)
    table = combine(GROUND, [look], Thresholds())
    whole = table.seen_fraction > 0.999
    np.testing.assert_allclose(table.pod[whole], 0.9 * table.seen_fraction[whole], atol=1e-9)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_states_are_nested(values: list[tuple[float, float]]) -> None:
    seen, pod = np.array(values).T
    state = states(seen, pod, Thresholds())
    names = [STATES[s] for s in state]
    for share, probability, name in zip(seen, pod, names, strict=True):
        assert (name != "unseen") == (share > 0)
        assert (name in {"covered", "cleared"}) == (share >= 0.5)
        assert (name == "cleared") == (share >= 0.5 and probability >= 0.8)


def test_ground_is_exact_and_every_cell_can_be_seen() -> None:
    assert GROUND.cell_m2.sum() == pytest.approx(WHOLE.area, rel=1e-9)
    assert GROUND.cell_bits.any(axis=1).all()
    assert GROUND.grid.row0 == int(WHOLE.bounds[1] // 100)
    sliver = shapely.box(X0 + 99.99, Y0, X0 + 100.005, Y0 + 100)
    thin = make_ground({"a": sliver}, crs=CRS, cell_m=100.0, side=8)
    assert len(thin.cell_row) == 2
    assert thin.cell_bits.any(axis=1).all()
