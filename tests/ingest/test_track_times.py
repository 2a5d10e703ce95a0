"""Times in every form found in the wild."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.ingest.times import parse_times

MOMENT = 1778718600.0


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-14T00:30:00Z",
        "2026-05-14T00:30:00z",
        " 2026-05-14T00:30:00Z\n",
        "2026-05-14T08:30:00+08:00",
        "2026-05-14T08:30:00+0800",
        "2026-05-14T08:30:00+08",
        "2026-05-13T19:00:00-05:30",
        "2026-05-14T08:30:00.000+0800",
        "2026-05-14T00:30:00.000000000Z",
        "2026-05-14T00:30Z",
        "20260514T003000Z",
        "2026/05/14 00:30:00 UTC",
        "2026-5-14 0:30:00Z",
        "2026年05月14日 08时30分00秒+08:00",
        "Thu, 14 May 2026 00:30:00 GMT",
        "1778718600",
        1778718600,
        1778718600.0,
        1778718600000,
        "1778718600000",
    ],
)
def test_one_moment_in_many_forms(text):
    parsed = parse_times([text])
    assert parsed.time_s.tolist() == [MOMENT]
    assert (parsed.naive, parsed.bad, parsed.missing) == (0, 0, 0)


@pytest.mark.parametrize("text", ["2026-05-14T00:30:00", "2026-05-14 00:30:00", "2026/5/14 0:30"])
def test_no_zone_is_utc_and_counted(text):
    parsed = parse_times([text, text])
    assert parsed.time_s.tolist() == [MOMENT, MOMENT]
    assert parsed.naive == 2


@pytest.mark.parametrize(
    "text",
    [
        "not a time", "0000-00-00T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-05-14T25:00:00Z", "2026-05-14T00:61:00Z", "2026-05-14", "12:30:00", "0", "-1", "nan",
        "inf", 5, float("nan"), 10**400, "9" * 500, "２０２６-05-14T00:30:00Zx", "0001-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_nonsense_is_bad_and_not_a_date(text):
    parsed = parse_times([text])
    assert np.isnan(parsed.time_s).all()
    assert parsed.bad == 1


def test_blank_is_missing():
    parsed = parse_times([None, "", "  "])
    assert parsed.missing == 3
    assert parsed.bad == 0


def test_fractions_and_rare_clocks():
    times = ["2026-05-14T00:30:00.25Z", "2026-05-14T00:29:60Z", "2026-05-13T24:00:00Z"]
    assert parse_times(times).time_s.tolist() == [MOMENT + 0.25, MOMENT, MOMENT - 1800]


@settings(deadline=None)
@given(
    st.lists(
        st.datetimes(allow_imaginary=False).filter(lambda d: 1900 <= d.year < 2200), max_size=40
    )
)
def test_uniform_and_single_parsing_agree(moments):
    texts = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments]
    together = parse_times(texts).time_s
    single = [parse_times([f" {text}"]).time_s[0] for text in texts]
    assert together.tolist() == single


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=30), st.integers(), st.floats()), max_size=20)
)
def test_anything_gives_as_many_times(values):
    parsed = parse_times(values)
    assert parsed.time_s.shape == (len(values),)
    assert np.isnan(parsed.time_s).sum() == parsed.bad + parsed.missing
