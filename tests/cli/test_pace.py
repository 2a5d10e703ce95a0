"""The time left is told as a range that the truth lies in, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from geoinspect.cli.pace import Pace, seconds_left, told

times = st.floats(0.01, 100)


def steady(rate: float, seconds: float, start: float = 0.0) -> list[tuple[float, float]]:
    return [(100 + k * seconds / 50, start + rate * k * seconds / 50) for k in range(51)]


@given(st.floats(1e-4, 0.02), st.floats(3.1, 40), st.floats(0, 0.1))
def test_steady_work_ends_within_the_range(rate: float, seconds: float, start: float) -> None:
    marks = steady(rate, seconds, start)
    share = marks[-1][1]
    assume(share < 1 and share - start >= 0.0101)
    left = seconds_left(marks)
    assert left is not None
    truth = (1 - share) / rate
    assert left[0] < truth < left[1] < 1.3 * left[0]


def test_work_that_slowed_down_widens_the_range_to_what_it_is_now() -> None:
    marks = [*steady(0.02, 20), *((120 + k, 0.4 + 0.005 * k) for k in range(1, 41))]
    left = seconds_left(marks)
    assert left is not None
    low, high = left
    assert low < 0.4 / 0.01
    assert high > 0.4 / 0.005


def test_work_taken_up_again_is_not_counted_as_speed() -> None:
    left = seconds_left(steady(0.01, 10, start=0.8))
    assert left is not None
    assert left[0] < 10 < left[1] < 12.1


@pytest.mark.parametrize(
    "marks",
    [[], [(5.0, 0.3)], [(0, 0), (1, 0.5)], [(0, 0.5), (60, 0.5)], [(0, 0.5), (60, 0.505)]],
)
def test_nothing_is_said_before_anything_is_known(marks: list) -> None:
    assert seconds_left(marks) is None
    assert "measuring" in told(None).en


@given(st.lists(st.tuples(times, st.floats(0, 0.01)), min_size=2, max_size=80))
def test_any_course_gives_a_range_or_nothing(steps: list) -> None:
    now_s, share, marks = 0.0, 0.0, []
    for step_s, more in steps:
        now_s, share = now_s + step_s, share + more
        marks.append((now_s, share))
    left = seconds_left(marks)
    assert left is None or 0 <= left[0] <= left[1]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ((0.2, 0.4), "less than 1 s left"),
        ((11.2, 14.5), "about 11–15 s left"),
        ((80, 100), "about 1–2 min left"),
        ((130, 250), "about 2–5 min left"),
        ((7300, 14_000), "about 2–4 h left"),
    ],
)
def test_ranges_are_told_in_units_that_fit(left: tuple, words: str) -> None:
    assert told(left).en == words


def test_few_marks_are_kept_and_the_ends_among_them() -> None:
    pace = Pace()
    for k in range(100_000):
        pace.mark(k / 200_000, now_s=k / 100)
    left = pace.left()
    assert left is not None
    assert left[0] < 1000 < left[1]
