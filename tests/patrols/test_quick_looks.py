"""The quick look at two tracks passes every copy on and stops most honest walks."""

from __future__ import annotations

import numpy as np
import pytest
from walk_builders import (
    DISGUISES,
    a_path,
    later,
    one_walk,
    part,
    recorded,
    rounded,
    shuffled,
    simplified,
    then,
    thinned,
    turned,
    walked,
)

from geoinspect.patrols.quick_looks import have_fixes_in_common, worth_comparing

WEEK_S = 7 * 86_400


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "change",
    [
        later(WEEK_S),
        then(later(WEEK_S), rounded(5)),
        then(later(WEEK_S), rounded(4)),
        then(later(WEEK_S), thinned(7)),
        then(later(WEEK_S), simplified(5)),
        then(later(WEEK_S), part(0.0, 0.4)),
        then(later(WEEK_S), shuffled),
        then(later(WEEK_S), turned),
    ],
)
def test_copies_pass(seed, change):
    track = one_walk(seed)
    copy = change(track)
    assert have_fixes_in_common(track, copy)
    assert have_fixes_in_common(copy, track)


@pytest.mark.parametrize("decimals", [7, 6, 5])
def test_walks_of_one_path_on_other_days_do_not(decimals):
    passed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        path = a_path(rng)
        one, other = (
            rounded(decimals)(recorded(walked(path, rng), rng, start_s=1.78e9 + day * 86_400))
            for day in range(2)
        )
        passed += have_fixes_in_common(one, other)
    assert passed <= 3


def test_nothing_has_nothing_in_common():
    assert not have_fixes_in_common((), one_walk(1))


@pytest.mark.parametrize("name", DISGUISES)
def test_no_disguise_is_stopped(name):
    _, _, disguise = DISGUISES[name]
    for seed in range(6):
        track = one_walk(seed)
        assert worth_comparing(track, disguise(track)), seed
        assert worth_comparing(disguise(track), track), seed


@pytest.mark.parametrize("clock_s", [-60, 0, 60])
def test_team_mates_are_not_stopped(clock_s):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        xy = walked(a_path(rng), rng)
        assert worth_comparing(recorded(xy, rng), recorded(xy, rng, clock_s=clock_s)), seed


def test_teams_out_at_the_same_time_elsewhere_are_stopped():
    stopped = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        one, other = (
            recorded(walked(a_path(rng) + [600.0 * side, 0.0], rng), rng) for side in range(2)
        )
        stopped += not worth_comparing(one, other)
    assert stopped >= 24
