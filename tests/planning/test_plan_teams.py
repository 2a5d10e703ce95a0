"""Several teams: none is left behind, on flat ground and on steep, whatever others find."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from plan_builders import TrialMap, cells_of, mountains, place, trial_map

from geoinspect.planning.metres import plain_board, route_gain, window_of
from geoinspect.planning.obstacles import detour, ways_from
from geoinspect.planning.patrol import plan_patrol
from geoinspect.planning.records import Plan, PlanOptions
from geoinspect.planning.slopes import lattice_heights
from geoinspect.planning.tours import line_seconds

MOVES = 8_000


def poor_and_rich() -> TrialMap:
    """Two teams far from each other: one's ground is worth a thirtieth of the other's."""
    random = np.random.default_rng(3)
    risk = random.uniform(0.5, 1.5, (24, 90))
    risk[:, :40] *= 30
    options = PlanOptions((place(12, 12), place(75, 12)), teams=2, hours=4.0, iterations=MOVES)
    return TrialMap("poor and rich", cells_of(risk), options)


MAPS = {
    t.name: t
    for t in (
        trial_map("near", 7, kind="clusters", n=40, teams=3, hours=4.0, iterations=MOVES),
        replace(
            trial_map("steep", 8, kind="mixture", n=40, teams=2, hours=4.0, iterations=MOVES),
            heights=mountains(8),
        ),
        poor_and_rich(),
        replace(poor_and_rich(), name="poor and rich, steep", heights=mountains(9)),
    )
}


@cache
def planned(name: str) -> Plan:
    trial = MAPS[name]
    return plan_patrol(trial.cells, trial.options, trial.no_go, trial.heights)


def alone(trial: TrialMap, team: int, walked: list[np.ndarray]) -> Plan:
    """One team planned on what others left, by the law itself."""
    metres = route_gain(trial.cells, walked, trial.options.width_m).metres
    effort = trial.options.width_m * metres / trial.cells.cell_m**2
    left = replace(trial.cells, pod=1 - (1 - trial.cells.pod) * np.exp(-effort))
    options = replace(trial.options, teams=1, starts_xy=(trial.options.start_of(team),))
    return plan_patrol(left, options, trial.no_go, trial.heights)


@pytest.mark.parametrize("name", MAPS)
def test_each_team_adds_what_it_would_alone_beside_the_others(name):
    trial, lines = MAPS[name], [route.line for route in planned(name).routes]
    for team, line in enumerate(lines):
        others = lines[:team] + lines[team + 1 :]
        both = route_gain(trial.cells, [*others, line], trial.options.width_m)
        assert both.gains[-1] >= 0.9 * alone(trial, team, others).gain


@pytest.mark.parametrize("name", MAPS)
def test_together_gain_no_less_than_one_after_another(name):
    trial = MAPS[name]
    walked: list[np.ndarray] = []
    total = 0.0
    for team in range(trial.options.teams):
        plan = alone(trial, team, walked)
        walked.append(plan.routes[0].line)
        total += plan.gain
    assert planned(name).gain >= 0.95 * total


@pytest.mark.parametrize("name", MAPS)
def test_everybody_uses_the_hours_where_every_cell_has_value(name):
    budget_s = MAPS[name].options.budget_s
    for route in planned(name).routes:
        assert 0.9 * budget_s < route.duration_s <= budget_s


def test_a_far_pocket_of_risk_is_reached_over_steep_ground():
    # Between the start and the risk lies a ridge with one gentle pass, off the straight way.
    risk = np.full((30, 30), 1e-4)
    risk[12:18, 22:28] = 5.0
    west, south = place(0, 0)

    def ridge(x, y):
        pass_ = 1 - np.exp(-(((y - south - 2600) / 250) ** 2))
        return 600 * pass_ * np.exp(-(((x - west - 1500) / 250) ** 2))

    options = PlanOptions((place(5, 15),), hours=5.0, iterations=MOVES)
    plan = plan_patrol(cells_of(risk), options, (), ridge)
    assert plan.gain > 0.1
    assert plan.routes[0].line[:, 1].max() > south + 2300


def test_ways_by_gentle_ground_are_quicker_than_straight_ones():
    cells = cells_of(np.ones((30, 30)))
    window = window_of(cells)
    heights, spacing_m = lattice_heights(mountains(5, 0.6), window, cells.cell_m)
    board = plain_board(window, cells, 20.0)._replace(heights=heights, height_m=spacing_m)
    start = (350.0, 350.0)
    ways = ways_from(board, *start, 1e9)
    assert ways is not None
    far = [(x, y) for x in (1250.0, 2050.0, 2650.0) for y in (1450.0, 2650.0)]
    quicker = []
    for place_ in far:
        between = detour(board, ways, start, place_)
        assert between is not None
        there = line_seconds(board, np.array([start, *between, place_]))
        back = line_seconds(board, np.array([place_, *between[::-1], start]))
        straight = line_seconds(board, np.array([start, place_, start]))
        assert there + back < 1.1 * 2 * ways.seconds_at(*np.array([place_]).T)[0]
        quicker.append((there + back) / straight)
    assert max(quicker) < 1.1
    assert np.median(quicker) < 0.9
