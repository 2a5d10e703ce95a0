"""The speed strip: way by time recorded, whatever the pace of fixes and the pauses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.crs import GEOD
from geoinspect.patrols.speed_strip import speed_strip
from geoinspect.records import Segment


def northward(times_s: np.ndarray, way_m: np.ndarray) -> Segment:
    """A walk along a meridian: so many metres from its beginning at each time."""
    lon, lat, _back = GEOD.fwd(
        np.full(len(way_m), 108.0), np.full(len(way_m), 34.0), np.zeros(len(way_m)), way_m
    )
    return Segment(np.asarray(lon), np.asarray(lat), times_s)


def test_an_even_walk_has_one_speed() -> None:
    times_s = np.arange(1000.0) * 3
    strip = speed_strip([northward(times_s, times_s * 1.4)])
    assert strip is not None
    assert len(strip.speed_mps) == 240
    np.testing.assert_allclose(strip.speed_mps, 1.4, rtol=1e-6)
    assert strip.part_s * 240 == pytest.approx(times_s[-1])


def test_a_pause_between_segments_is_no_time() -> None:
    first = northward(np.arange(100.0), np.arange(100.0) * 2)
    later = northward(5000 + np.arange(100.0), np.arange(100.0) * 2)
    strip = speed_strip([later, first])
    assert strip is not None
    assert np.isnan(strip.speed_mps).mean() > 0.9
    known = strip.speed_mps[np.isfinite(strip.speed_mps)]
    np.testing.assert_allclose(known, 2.0, rtol=1e-6)


@given(st.lists(st.tuples(st.just(0.0) | st.floats(0.01, 900), st.floats(0, 5000)), max_size=60))
def test_speeds_times_parts_give_the_way_of_an_unbroken_walk(
    steps: list[tuple[float, float]],
) -> None:
    took = np.array([0.0, *(s for s, _m in steps)])
    way = np.array([0.0, *(m for _s, m in steps)])
    segment = northward(np.cumsum(took), np.cumsum(way))
    strip = speed_strip([segment])
    timed = took[1:] > 0
    if not timed.any():
        assert strip is None
        return
    assert strip is not None
    assert np.isfinite(strip.speed_mps).all()
    spread = strip.speed_mps * strip.part_s
    assert spread.sum() == pytest.approx(way[1:][timed].sum(), rel=1e-6, abs=1e-3)
    assert (strip.speed_mps >= 0).all()


def test_tracks_without_times_or_with_one_point_have_none() -> None:
    assert speed_strip([]) is None
    assert speed_strip([northward(np.zeros(1), np.zeros(1))]) is None
    assert speed_strip([northward(np.full(9, np.nan), np.arange(9.0))]) is None
    assert speed_strip([northward(np.zeros(9), np.arange(9.0))]) is None
    backwards = speed_strip([northward(-np.arange(9.0), np.arange(9.0))])
    assert backwards is None
