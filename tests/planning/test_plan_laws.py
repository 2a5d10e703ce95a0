"""What holds for every plan: time, ground, gain, order, seed; and how it beats simple ways."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_builders import TrialMap, block, cells_of, place, trial_map

from geoinspect.errors import InputError, UsageError
from geoinspect.planning.metres import route_gain
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import Plan, PlanCells, PlanOptions

QUICK = 4_000


@cache
def planned(trial_name: str) -> tuple[TrialMap, Plan]:
    trial = MAPS[trial_name]
    return trial, plan_patrol(trial.cells, trial.options, trial.no_go)


MAPS = {
    t.name: t
    for t in (
        trial_map("one", 1, kind="clusters", n=30, iterations=QUICK),
        trial_map("ragged", 2, kind="ridges", n=40, teams=3, ragged=True, iterations=QUICK),
        trial_map("fenced", 3, kind="mixture", n=40, teams=2, fenced=True, iterations=QUICK),
        trial_map("spots", 4, kind="spots", n=30, teams=2, hours=3.0, iterations=QUICK),
        trial_map("fine", 5, kind="clusters", n=40, cell_m=15.0, hours=1.5, iterations=QUICK),
        trial_map("even", 6, kind="even", n=30, iterations=QUICK),
    )
}


@pytest.mark.parametrize("name", MAPS)
def test_a_plan_is_what_it_says(name):
    trial, plan = planned(name)
    options = trial.options
    assert len(plan.routes) == options.teams
    found = route_gain(trial.cells, [r.line for r in plan.routes], options.width_m)
    assert [r.gain for r in plan.routes] == pytest.approx(found.gains.tolist(), abs=1e-12)
    assert all(r.gain >= 0 for r in plan.routes)
    assert plan.gain == pytest.approx(sum(r.gain for r in plan.routes), abs=1e-12)
    assert plan.confidence_before == pytest.approx(np.average(trial.cells.pod, weights=trial.cells.risk))  # fmt: skip
    for k, route in enumerate(plan.routes):
        assert route.duration_s <= options.budget_s
        assert route.line[0].tolist() == route.line[-1].tolist() == list(options.start_of(k))
        assert route.length_m == pytest.approx(shapely.LineString(route.line).length)
        assert route.leg_s.sum() == pytest.approx(route.length_m / options.speed_mps)
        assert not any(
            shapely.relate_pattern(shapely.LineString(route.line), p, "T********")
            for p in trial.no_go
        )
    assert plan.gain <= plan.baselines.free_walking


@pytest.mark.parametrize("name", ["one", "ragged", "spots", "even"])
def test_plans_beat_the_simple_ways(name):
    trial, plan = planned(name)
    mow, gap = (0.95, 0.95) if trial.even else (1.3, 1.1)
    assert plan.gain >= mow * plan.baselines.boustrophedon
    assert plan.gain >= gap * plan.baselines.nearest_gap


def test_hours_are_used():
    for name in ("one", "ragged", "even"):
        trial, plan = planned(name)
        assert min(r.duration_s for r in plan.routes) > 0.97 * trial.options.budget_s


def test_no_line_is_walked_back_and_forth():
    _, plan = planned("spots")
    for route in plan.routes:
        step = np.diff(route.line, axis=0)
        unit = step / np.hypot(*step.T)[:, None]
        turns = (unit[1:] * unit[:-1]).sum(axis=1)
        assert (turns < np.cos(np.radians(174))).mean() < 0.02


def test_the_same_seed_gives_the_same_plan_in_any_order_of_cells():
    trial, plan = planned("spots")
    cells = trial.cells
    order = np.random.default_rng(9).permutation(len(cells.row))
    mixed = PlanCells(
        cells.row[order], cells.col[order], cells.cell_m, cells.area_m2[order], cells.pod[order],
        cells.risk[order], cells.crs,
    )  # fmt: skip
    again = plan_patrol(mixed, trial.options, trial.no_go)
    for one, other in zip(plan.routes, again.routes, strict=True):
        assert one.line.tolist() == other.line.tolist()
        assert one.gain == other.gain
    assert plan.confidence_after == again.confidence_after
    reseeded = plan_patrol(cells, replace(trial.options, seed=77), trial.no_go)
    assert reseeded.routes[0].line.tolist() != plan.routes[0].line.tolist()


def test_more_hours_and_teams_gain_more():
    trial, plan = planned("ragged")
    longer = plan_patrol(trial.cells, replace(trial.options, hours=8.0))
    assert longer.gain >= 0.97 * plan.gain
    fewer = plan_patrol(trial.cells, replace(trial.options, teams=1))
    assert plan.gain >= fewer.gain


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_no_plan_enters_no_go_ground(seed):
    trial = trial_map("x", seed, kind="mixture", n=25, teams=2, hours=3.0, fenced=True, iterations=1500)  # fmt: skip
    plan = plan_patrol(trial.cells, trial.options, trial.no_go)
    for route in plan.routes:
        line = shapely.LineString(route.line)
        assert not any(shapely.relate_pattern(line, p, "T********") for p in trial.no_go)
        assert route.duration_s <= trial.options.budget_s


def walled(gap: bool):
    """All risk lies behind a wall; with a gap there is a way round."""
    risk = np.full((30, 30), 1e-6)
    risk[10:20, 20:28] = 5
    wall = block(12, -40, 2, 110)
    if gap:
        wall = shapely.difference(wall, block(11, 27, 4, 1))
    options = PlanOptions((place(5.2, 5.2),), hours=5.0, iterations=QUICK)
    return cells_of(risk), options, (wall,)


def test_a_way_round_a_wall_is_found():
    cells, options, wall = walled(gap=True)
    plan = plan_patrol(cells, options, wall)
    assert plan.gain > 0.02
    assert not shapely.relate_pattern(shapely.LineString(plan.routes[0].line), wall[0], "T********")
    shut = plan_patrol(*walled(gap=False))
    assert shut.gain < 1e-3


def test_a_start_shut_in_stays_and_one_on_the_border_goes():
    cells = cells_of(np.ones((20, 20)))
    x, y = place(10, 10)
    ring = shapely.Point(x, y).buffer(60).difference(shapely.Point(x, y).buffer(5))
    options = PlanOptions(((x, y),), hours=2.0, iterations=QUICK)
    shut = plan_patrol(cells, options, (ring,))
    assert shut.gain == 0
    assert "team 1" in shut.warnings[0].en
    square = block(10, 9, 3, 3)
    border = plan_patrol(cells, options, (square,))
    assert border.gain > 0
    assert not shapely.relate_pattern(shapely.LineString(border.routes[0].line), square, "T********")  # fmt: skip
    with pytest.raises(UsageError, match="no-go"):
        plan_patrol(cells, options, (block(9, 9, 3, 3),))


def test_a_start_too_far_away_gains_nothing_and_says_so():
    cells = cells_of(np.ones((10, 10)))
    options = PlanOptions((place(500, 500), place(5, 5)), teams=2, hours=2.0, iterations=QUICK)
    plan = plan_patrol(cells, options)
    assert plan.routes[0].gain == plan.routes[0].length_m == plan.routes[0].duration_s == 0
    assert plan.routes[1].gain > 0
    assert ["team 1" in w.en for w in plan.warnings] == [True]


def test_everything_cleared_leaves_nothing_to_walk():
    cells = cells_of(np.ones((5, 5)), np.ones((5, 5)))
    plan = plan_patrol(cells, PlanOptions((place(2, 2),), iterations=QUICK))
    assert plan.gain == 0
    assert plan.warnings


def test_one_cell_is_enough():
    plan = plan_patrol(cells_of(np.ones((1, 1))), PlanOptions((place(3, 3),), iterations=QUICK))
    assert plan.gain > 0.3


def tobler_s(line, heights, speed_mps: float, step_m: float) -> float:
    """The oracle: Tobler's function leg by leg, straight from its definition."""
    seconds = 0.0
    for a, b in zip(line[:-1], line[1:], strict=True):
        far = float(np.hypot(*(b - a)))
        n = max(int(np.ceil(far / step_m)), 1)
        at = a + np.linspace(0, 1, n + 1)[:, None] * (b - a)
        rise = np.diff(heights(at[:, 0], at[:, 1]))
        slope = np.where(np.isfinite(rise), rise, 0.0) / (far / n)
        kmh = 6 * np.exp(-3.5 * np.abs(slope + 0.05))
        seconds += float((far / n / (speed_mps * kmh / (6 * np.exp(-3.5 * 0.05)))).sum())
    return seconds


def hills(x, y):
    west, south = place(0, 0)
    z = 120 * np.sin((x - west) / 400) + 90 * np.cos((y - south) / 300)
    return np.where(x - west > 2500, np.nan, z)


def test_slopes_take_their_time():
    trial = MAPS["fenced"]
    plan = plan_patrol(trial.cells, trial.options, trial.no_go, hills)
    for route in plan.routes:
        taken = tobler_s(route.line, hills, trial.options.speed_mps, 50.0)
        assert route.duration_s == pytest.approx(taken, rel=1e-9)
        assert 0.9 * trial.options.budget_s < taken <= trial.options.budget_s
    flat = plan_patrol(trial.cells, trial.options, trial.no_go, lambda x, y: np.full(len(x), 7.0))
    assert flat.gain > plan.gain


def test_the_hours_hold_on_the_ground_too():
    # In the middle of a UTM zone the grid is 0.04 % shorter than the ground.
    made = cells_of(np.ones((20, 20)))
    cells = PlanCells(made.row, made.col, 100.0, made.area_m2, made.pod, made.risk, "EPSG:32649")
    options = PlanOptions((place(10, 10),), hours=6.0, iterations=QUICK)
    line = plan_patrol(cells, options).routes[0].line
    lon, lat = pyproj.Transformer.from_crs("EPSG:32649", 4326, always_xy=True).transform(*line.T)
    assert pyproj.Geod(ellps="WGS84").line_length(lon, lat) / options.speed_mps <= options.budget_s


@pytest.mark.parametrize(
    "wrong", [{"hours": 0}, {"hours": np.nan}, {"teams": 0}, {"teams": 51}, {"speed_mps": -1}, {"width_m": np.inf}, {"starts_xy": ()}]
)  # fmt: skip
def test_impossible_wishes_are_refused(wrong):
    with pytest.raises(UsageError):
        replace(PlanOptions((place(1, 1),)), **wrong)


@pytest.mark.parametrize(("field", "value"), [("risk", -1.0), ("risk", np.nan), ("pod", 1.5), ("pod", np.nan)])  # fmt: skip
def test_impossible_cells_are_refused(field, value):
    values = np.ones((3, 3))
    values[1, 1] = value
    arrays = {"risk": np.ones((3, 3)), "pod": np.zeros((3, 3)), field: values}
    with pytest.raises(InputError, match=field):
        cells_of(arrays["risk"], arrays["pod"])
    with pytest.raises(InputError):
        cells_of(np.zeros((3, 3)))
