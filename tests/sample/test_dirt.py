"""Each kind of dirt spoils what it says and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.records import Rule
from sample_data.dirt import dirtied
from sample_data.walking import Fixes

RULES = {
    "spikes": Rule.SPEED,
    "small_spikes": Rule.SPIKE,
    "rest": Rule.JITTER,
    "repeated_times": Rule.DUPLICATE_TIME,
    "late": Rule.OUT_OF_ORDER,
    "zeros": Rule.RANGE,
    "poor_accuracy": Rule.ACCURACY,
    "lost_first_fix": Rule.RESUME,
    "resume": Rule.RESUME,
    "swapped": None,
    "gap": None,
}
SHIFTS_TIME = ("rest",)


def walk(count: int) -> Fixes:
    """A steady walk along a circle of 2 km."""
    turn = np.linspace(0, 2 * np.pi, count)
    x, y = 2000 * np.cos(turn), 2000 * np.sin(turn)
    time_s = 1_780_000_000 + 10.0 * np.arange(count)
    return Fixes(
        x, y, np.full(count, 900.0), time_s, np.full(count, 5.0), np.zeros(count, np.uint8)
    )


def places(fixes: Fixes, which: np.ndarray, *, timed: bool) -> set[tuple[float, ...]]:
    columns = [fixes.x_m, fixes.y_m, fixes.time_s][: 3 if timed else 2]
    return set(zip(*(column[which].tolist() for column in columns), strict=True))


@pytest.mark.parametrize("kind", RULES)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(200, 900))
@settings(max_examples=15, deadline=None)
def test_good_fixes_stay_and_spoilt_ones_are_noted(kind: str, seed: int, count: int) -> None:
    clean = walk(count)
    dirty = dirtied(clean, [kind], np.random.default_rng(seed))
    good = dirty.planted == 0
    timed = kind not in SHIFTS_TIME
    assert places(dirty, good, timed=timed) <= places(clean, clean.planted == 0, timed=timed)
    rule = RULES[kind]
    assert set(dirty.planted[~good].tolist()) == (set() if rule is None else {rule.number})
    # Whatever is done, most of the walk is left as it was.
    assert good.sum() > 0.5 * count


@pytest.mark.parametrize("kind", RULES)
def test_the_same_seed_gives_the_same_dirt(kind: str) -> None:
    one, two = (dirtied(walk(400), [kind], np.random.default_rng(5)) for _ in range(2))
    for name in ("x_m", "y_m", "time_s", "planted"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_late_and_swapped_fixes_keep_every_fix_and_only_change_the_order() -> None:
    clean = walk(400)
    everything = np.ones(400, dtype=bool)
    for kind, back in (("swapped", 5), ("late", 5)):
        dirty = dirtied(clean, [kind], np.random.default_rng(3))
        assert places(dirty, everything, timed=True) == places(clean, everything, timed=True)
        assert int((np.diff(dirty.time_s) < 0).sum()) == back


def test_a_rest_stands_where_it_was_and_time_passes() -> None:
    dirty = dirtied(walk(400), ["rest"], np.random.default_rng(3))
    resting = np.flatnonzero(dirty.planted)
    assert (np.diff(dirty.time_s) == 10).all()
    for rest in np.split(resting, np.flatnonzero(np.diff(resting) > 1) + 1):
        assert 590 <= 10 * len(rest) <= 1500
        assert np.hypot(dirty.x_m[rest].std(), dirty.y_m[rest].std()) < 20


def test_words_that_are_no_dirt_of_fixes_change_nothing() -> None:
    clean = walk(50)
    assert dirtied(clean, ["hostile_name", "gcj02"], np.random.default_rng(0)) is clean
