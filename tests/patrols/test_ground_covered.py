"""When routes have been all over an area, by squares set out on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geoinspect.crs import GEOD
from geoinspect.patrols.routes import CELL_M, middles, route_cells
from geoinspect.patrols.rules import load_rules
from geoinspect.patrols.valid import PatrolFacts, all_covered, judge
from geoinspect.records import MODE_WORDS, Mode, Segment

RULE = load_rules()[0]


def metres_away(lon: float, lat: float, east_m: np.ndarray, north_m: np.ndarray):
    """Return the places so far east and north of one, on the ellipsoid."""
    azimuth = np.degrees(np.arctan2(east_m, north_m))
    many = np.full(len(east_m), 1.0)
    return GEOD.fwd(lon * many, lat * many, azimuth, np.hypot(east_m, north_m))[:2]


def rungs(lon: float, lat: float, side_m: float, to_m: float) -> np.ndarray:
    """Return the cells of a walk up a square in rungs 10 m apart."""
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(0, side_m, 5), np.arange(0, to_m, 10)))
    lon_, lat_ = metres_away(lon, lat, x, y)
    return route_cells([Segment(lon_, lat_, np.full(len(x), np.nan))])


def square(lon: float, lat: float, side_m: float) -> shapely.Polygon:
    corners = np.array([(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m)])
    return shapely.Polygon(np.column_stack(metres_away(lon, lat, *corners.T)))


places = st.tuples(st.floats(74, 134), st.floats(18.1, 53.4))


@settings(max_examples=30, deadline=None)
@given(places)
def test_a_middle_lies_within_its_cell(place: tuple[float, float]) -> None:
    lon, lat = place
    cells = route_cells([Segment(np.array([lon]), np.array([lat]), np.array([np.nan]))])
    (there_lon,), (there_lat,) = middles(cells)
    away_m = GEOD.inv(lon, lat, there_lon, there_lat)[2]
    # Half of the diagonal, and 1 % for the shape of the earth.
    assert away_m <= CELL_M / np.sqrt(2) * 1.02


# On the lattice's own lines, where a row and a column of cells more are met than elsewhere: at
# 1 km a cell of 20 m is little enough for nine tenths to stay below the twentieth that may be
# missing, and for all to stay above it.
@settings(max_examples=15, deadline=None)
@given(places)
@example((74.0, 31.25))
@example((90.0, 45.0))
def test_nine_tenths_walked_are_not_all_and_all_are(place: tuple[float, float]) -> None:
    ground = square(*place, 1000)
    assert not all_covered(rungs(*place, 1000, 900), ground)
    assert all_covered(rungs(*place, 1000, 1000), ground)


def test_ground_elsewhere_covers_nothing() -> None:
    ground = square(108.0, 34.0, 500)
    beside = rungs(108.01, 34.0, 900, 900)
    assert not all_covered(beside, ground)
    assert not all_covered(np.empty(0, np.int64), ground)
    assert not all_covered(np.concatenate([beside, rungs(108.0, 34.0, 500, 250)]), ground)


@pytest.mark.parametrize("mode", [Mode.VEHICLE, Mode.BOAT, Mode.DRONE])
def test_a_mode_that_does_not_count_is_named_in_chinese(mode: Mode) -> None:
    facts = PatrolFacts(None, mode, 9e9, 9e9, np.empty(0, np.int64))
    said = next(text for text in judge(facts, [], RULE).reasons if "mode" in text.en)
    assert MODE_WORDS[mode].zh in said.zh
    assert "步行" in said.zh
    assert not any(one.value in said.zh for one in Mode)
    assert mode.value in said.en
