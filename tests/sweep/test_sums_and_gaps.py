"""Sums agree at every level; gaps are the unseen ground, no more and no less."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sweep_laws import CRS, X0, Y0, look_at

from geoinspect.coverage.cells import Thresholds, combine
from geoinspect.coverage.gaps import find_gaps, gap_outline
from geoinspect.coverage.ground import make_ground
from geoinspect.coverage.sums import CoverageSum, own_sums, tree_sums

AREAS = {
    "a": shapely.box(X0, Y0, X0 + 430, Y0 + 615),
    "b": shapely.box(X0 + 430, Y0, X0 + 900, Y0 + 333),
    "c": shapely.box(X0 + 430, Y0 + 333, X0 + 900, Y0 + 615),
}
PARENTS = {"root": None, "left": "root", "right": "root", "a": "left", "b": "right", "c": "right"}
GROUND = make_ground(AREAS, crs=CRS, cell_m=100.0, side=32)
SELF = {code: code for code in AREAS}
ROOT = shapely.union_all(list(AREAS.values()))

lines = st.lists(
    st.tuples(st.floats(-100, 1000), st.floats(-100, 700)), min_size=2, max_size=10
).map(lambda p: np.array(p) + [X0, Y0])


@settings(max_examples=40, deadline=None)
@given(lines)
def test_children_add_up_to_their_parent(line: np.ndarray) -> None:
    table = combine(GROUND, [look_at(line, ground=GROUND)], Thresholds())
    total = tree_sums(own_sums(GROUND, table), PARENTS)
    for parent in ("root", "left", "right"):
        added = sum((total[c] for c, p in PARENTS.items() if p == parent), CoverageSum())
        for name, value in total[parent].as_json().items():
            assert value == pytest.approx(added.as_json()[name], rel=1e-9, abs=0.3), name
    root = total["root"]
    assert root.area_m2 == pytest.approx(ROOT.area)
    assert root.cells == len(GROUND.cell_row)
    assert root.unseen + root.touched == root.cells
    assert root.cleared <= root.covered <= root.touched
    assert root.unseen_m2 + root.touched_m2 == pytest.approx(root.area_m2)
    assert root.length_m == pytest.approx(float(table.length_m.sum()), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(lines)
def test_gaps_are_the_unseen_cells(line: np.ndarray) -> None:
    table = combine(GROUND, [look_at(line, ground=GROUND)], Thresholds())
    gaps = find_gaps(GROUND, table.state == 0, SELF)
    unseen = shapely.union_all(GROUND.squares()[table.state == 0])
    for code, area in AREAS.items():
        truth = shapely.intersection(unseen, area).area
        mine = [gap for gap in gaps if gap.area_code == code]
        # Corners under 100 m² are no gap.
        assert sum(gap.area_m2 for gap in mine) == pytest.approx(truth, abs=100.0 * 20)
        for gap in mine:
            outline = gap_outline(GROUND, gap, area)
            assert area.buffer(1e-6).contains(outline)
            assert outline.area == pytest.approx(gap.area_m2, rel=1e-9)
    assert [gap.area_m2 for gap in gaps] == sorted((gap.area_m2 for gap in gaps), reverse=True)


def test_nothing_walked_is_one_gap_an_area() -> None:
    table = combine(GROUND, [], Thresholds())
    gaps = find_gaps(GROUND, table.state == 0, SELF)
    assert [gap.area_code for gap in gaps] == ["a", "b", "c"]
    assert sum(gap.area_m2 for gap in gaps) == pytest.approx(ROOT.area)
    assert own_sums(GROUND, table)["a"].seen_fraction == 0.0
    assert CoverageSum().seen_fraction is None
