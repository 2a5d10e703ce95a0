"""The quick look at two tracks' fixes: it passes every copy on and stops honest walks."""

from __future__ import annotations

import numpy as np
import pytest
from walk_builders import (
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

from geoinspect.patrols.fingerprints import have_fixes_in_common

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
