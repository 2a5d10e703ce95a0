"""Which row of the table of widths and rates holds for a look; laws of detection."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.coverage.detectability import RateTable, log_spread
from geoinspect.coverage.laws import detection_probability, exposure
from geoinspect.search_records import DetectionLaw, DetectionRate, GrowthStage, Method, Visibility
from geoinspect.settings import Settings

BASE = Settings().search_base()
DAY = date(2026, 5, 14)
efforts = st.lists(st.floats(0, 40), min_size=1, max_size=30).map(np.array)


def foot(width_m: float, **rest: object) -> DetectionRate:
    return DetectionRate(Method.FOOT, width_m, None, 4.0, "trial", **rest)


def held(*rows: DetectionRate, day: date | None = DAY, **asked: object) -> float:
    return RateTable(rows, BASE).row(Method.FOOT, day, **asked).value


def test_measured_goes_before_assumed() -> None:
    assert held() == BASE[Method.FOOT]
    assert held(foot(33.0)) == 33.0
    assert RateTable((foot(33.0),), BASE).row(Method.BOAT, DAY).source == "assumed"


def test_special_goes_before_general_whatever_their_dates() -> None:
    general = foot(33.0, valid_from=date(2026, 5, 1))
    special = foot(11.0, visibility=Visibility.DENSE, valid_from=date(2025, 1, 1))
    both = foot(7.0, visibility=Visibility.DENSE, stage=GrowthStage.BUD)
    asked = {"visibility": Visibility.DENSE, "stage": GrowthStage.BUD}
    for rows in ((general, special, both), (both, special, general)):
        assert held(*rows, **asked) == 7.0
        assert held(*rows, visibility=Visibility.DENSE) == 11.0
        assert held(*rows, visibility=Visibility.OPEN) == 33.0
        assert held(*rows) == 33.0


def test_newer_goes_before_older_and_later_entered_before_earlier() -> None:
    old, new = foot(20.0, valid_from=date(2025, 1, 1)), foot(25.0, valid_from=date(2026, 1, 1))
    always = foot(15.0)
    for rows in ((old, new, always), (always, new, old)):
        assert held(*rows) == 25.0
        assert held(*rows, day=date(2025, 6, 1)) == 20.0
        assert held(*rows, day=date(2024, 6, 1)) == 15.0
        # Of a look whose day nobody knows only what always holds is known to hold.
        assert held(*rows, day=None) == 15.0
    assert held(new, replace(new, width_m=26.0)) == 26.0


def test_a_row_does_not_hold_before_its_first_day() -> None:
    row = foot(33.0, valid_from=DAY)
    assert held(row) == 33.0
    assert held(row, day=date(2026, 5, 13)) == BASE[Method.FOOT]
    assert held(row, day=None) == BASE[Method.FOOT]


def test_every_method_and_stage_has_a_row_with_its_interval() -> None:
    cases = RateTable((), BASE).all_rows(DAY)
    rows = [row for _sight, _stage, row in cases]
    assert {row.method for row in rows} == set(Method)
    told = [(row.method, sight, stage) for sight, stage, row in cases]
    assert len(set(told)) == len(told)
    assert all((sight is None) != row.method.is_line for sight, _stage, row in cases)
    for row in rows:
        assert (row.width_m is None) != (row.rate is None)
        assert (row.width_m is not None) == row.method.is_line
        assert row.low is not None
        assert row.high is not None
        assert 0 < row.low < row.value < row.high
        assert row.rate is None or row.high < 1
        assert row.source == "assumed"


def test_dense_growth_and_seedlings_are_seen_from_less_far() -> None:
    table = RateTable((), BASE)

    def width(sight: Visibility | None, stage: GrowthStage | None) -> float:
        return table.row(Method.FOOT, DAY, visibility=sight, stage=stage).value

    seen = [width(sight, GrowthStage.BUD) for sight in (Visibility.DENSE, None, Visibility.OPEN)]
    assert seen == sorted(seen)
    assert len(set(seen)) == 3
    grown = [width(None, s) for s in (GrowthStage.SEEDLING, GrowthStage.ROSETTE, GrowthStage.BUD)]
    assert grown == sorted(grown)
    assert len(set(grown)) == 3


def test_the_spread_of_an_interval() -> None:
    assert log_spread(foot(20.0, low=20 / math.e, high=20 * math.e)) == pytest.approx(1 / 1.96)
    # Without an interval, or with one that says nothing, as unsure as what is assumed.
    unsure = log_spread(foot(20.0))
    assert unsure == pytest.approx(0.55 / 1.96)
    assert log_spread(foot(20.0, low=0.0, high=30.0)) == unsure
    assert log_spread(foot(20.0, low=20.0, high=20.0)) == unsure
    picture = DetectionRate(Method.SURVEY, None, 0.8, 4.0, "t", low=0.6, high=0.9)
    truth = math.log(math.log(1 - 0.9) / math.log(1 - 0.6)) / (2 * 1.96)
    assert log_spread(picture) == pytest.approx(truth)
    certain = DetectionRate(Method.SURVEY, None, 0.9, 4.0, "t", low=0.8, high=1.0)
    assert math.isfinite(log_spread(certain))


@settings(deadline=None)
@given(efforts)
def test_laws_are_what_they_are_named_after(coverage: np.ndarray) -> None:
    erf = [math.erf(math.sqrt(math.pi) / 2 * c) for c in coverage]
    truth = {
        DetectionLaw.RANDOM_SEARCH: 1 - np.exp(-coverage),
        DetectionLaw.DEFINITE_RANGE: np.minimum(coverage, 1.0),
        DetectionLaw.INVERSE_CUBE: np.array(erf),
    }
    for law, expected in truth.items():
        found = detection_probability(coverage, law)
        assert found.shape == coverage.shape
        np.testing.assert_allclose(found, expected, atol=1e-14)


def test_printed_values_of_the_laws() -> None:
    one = np.array([1.0, 2.0])
    np.testing.assert_allclose(
        detection_probability(one, DetectionLaw.RANDOM_SEARCH), [0.632, 0.865], atol=5e-4
    )
    np.testing.assert_allclose(
        detection_probability(one, DetectionLaw.INVERSE_CUBE), [0.790, 0.988], atol=5e-4
    )


@settings(deadline=None)
@given(efforts, st.sampled_from(list(DetectionLaw)))
def test_exposure_is_the_logarithm_of_what_is_missed(
    coverage: np.ndarray, law: DetectionLaw
) -> None:
    exposed = exposure(coverage, law)
    assert (exposed >= 0).all()
    found = detection_probability(coverage, law)
    np.testing.assert_allclose(-np.expm1(-exposed), found, atol=1e-12)
    # Random search finds least.
    least = detection_probability(coverage, DetectionLaw.RANDOM_SEARCH)
    assert (found >= least - 1e-12).all()


def test_a_law_that_promises_certainty_is_infinite_exposure() -> None:
    assert np.isinf(exposure(np.array([1.0, 1.5]), DetectionLaw.DEFINITE_RANGE)).all()
    assert exposure(np.array([0.0]), DetectionLaw.DEFINITE_RANGE)[0] == 0
