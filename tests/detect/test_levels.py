"""Levels are ranks: they follow the order of the values and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.levels import LEVELS_A_DECADE, LevelTables

whole = st.integers(-60, 60)
samples = st.lists(whole, min_size=1, max_size=400)


def levels(sample: np.ndarray, values: np.ndarray) -> np.ndarray:
    tables = LevelTables.of_sample(sample.astype(np.float32)[:, None])
    cues = values.astype(np.float32)[None, :, None]
    return tables.of(cues, np.ones((1, len(values)), dtype=bool))[0, :, 0].astype(int)


@given(samples, st.lists(st.floats(-80, 80, width=32), min_size=2, max_size=40))
@settings(max_examples=150, deadline=None)
def test_more_is_never_a_lower_level(sample: list, values: list) -> None:
    told = levels(np.array(sample), np.sort(np.array(values)))
    assert np.all(np.diff(told) >= 0)
    assert np.all(np.abs(told) <= 112)


@given(samples, st.sampled_from([0.25, 1.0, 8.0, 1024.0]), st.integers(-512, 512))
@settings(max_examples=100, deadline=None)
def test_scale_and_offset_of_the_camera_make_no_difference(
    sample: list, factor: float, offset: int
) -> None:
    values = np.array(sample)
    probes = np.linspace(-70, 70, 141)
    np.testing.assert_array_equal(
        levels(values, probes), levels(values * factor + offset, probes * factor + offset)
    )


@given(samples)
@settings(max_examples=100, deadline=None)
def test_a_value_shared_by_many_lies_in_the_middle_of_its_ranks(sample: list) -> None:
    values = np.array(sample)
    shown = levels(values, np.unique(values))
    for value, level in zip(np.unique(values), shown, strict=True):
        below, upto = (values < value).mean(), (values <= value).mean()
        n = len(values)
        # The level of a rank, for the ranks that the value spans; one step for the rounding, and
        # the space between two knots: a sixteenth of a decade.
        edges = [
            np.clip(np.sign(s - 0.5) * -np.log10(2 * min(s, 1 - s)) * LEVELS_A_DECADE, -112, 112)
            for s in ((below * n + 0.5) / (n + 1), (upto * n + 0.5) / (n + 1))
        ]
        assert edges[0] - 2.5 <= level <= edges[1] + 2.5


def test_a_decade_is_sixteen_levels_on_both_sides() -> None:
    n = 200_000
    sample = np.random.default_rng(1).permutation(n)
    for share in (0.1, 0.01, 0.001, 0.0001):
        expected = -np.log10(2 * share) * LEVELS_A_DECADE
        low, high = levels(sample, np.array([share * n, (1 - share) * n]))
        assert abs(high - expected) <= 1.5
        assert abs(low + expected) <= 1.5
    assert levels(sample, np.array([n / 2])) == 0


def test_beyond_all_that_was_seen_is_the_end_of_the_scale_of_that_many() -> None:
    few, many = (levels(np.arange(n), np.array([-1, 10 * n])) for n in (10, 100_000))
    assert few[1] == -few[0] < many[1] == -many[0]


def test_one_value_everywhere_says_nothing() -> None:
    assert levels(np.full(500, 7), np.array([7])) == 0


def test_what_is_not_judged_has_level_0_and_cues_do_not_mix() -> None:
    sample = np.random.default_rng(2).normal(size=(3000, 3)).astype(np.float32)
    tables = LevelTables.of_sample(sample)
    cues = np.full((2, 2, 3), 9.0, dtype=np.float32)
    cues[..., 1] = -9.0
    judged = np.array([[True, False], [False, True]])
    told = tables.of(cues, judged)
    assert np.all(told[~judged] == 0)
    assert np.all(told[judged][:, [0, 2]] > 40)
    assert np.all(told[judged][:, 1] < -40)
