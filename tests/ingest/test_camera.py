"""The footprint of a camera obeys the geometry of a pinhole, told here a second way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geoinspect.crs import GEOD
from geoinspect.ingest.camera import (
    FILM_DIAGONAL_MM,
    MAX_RANGE_M,
    View,
    footprint,
    fov_deg,
    lonlat_of,
    sides_mm,
    swath_width_m,
)

CORNER_PIXELS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])

heights = st.floats(2, 200)
turns = st.floats(-180, 180)
fovs = st.floats(10, 120)
views = st.builds(View, heights, turns, st.floats(-120, 30), st.floats(-40, 40), fovs, fovs)
steep_views = st.builds(
    View,
    heights,
    turns,
    st.floats(-90, -60),
    st.floats(-8, 8),
    st.floats(10, 40),
    st.floats(10, 40),
)


def pixels(view: View, ground: np.ndarray) -> np.ndarray:
    """Project ground to the picture (x right, y down, edges at ±1) with rotation matrices in the
    north-east-down frame; NaN behind the camera."""

    def turn(axis: int, angle_deg: float) -> np.ndarray:
        c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
        i, j = [k for k in range(3) if k != axis]
        matrix = np.eye(3)
        matrix[i, i] = matrix[j, j] = c
        # Right-handed turns: y to z about x, z to x about y, x to y about z.
        matrix[i, j], matrix[j, i] = (-s, s) if axis != 1 else (s, -s)
        return matrix

    to_ned = turn(2, view.yaw_deg) @ turn(1, view.pitch_deg) @ turn(0, view.roll_deg)
    ned = np.column_stack([ground[:, 1], ground[:, 0], np.full(len(ground), view.height_m)])
    front, right, down = (ned @ to_ned).T
    front = np.where(front > 1e-12, front, np.nan)
    return np.column_stack(
        [
            right / front / math.tan(math.radians(view.fov_h_deg / 2)),
            down / front / math.tan(math.radians(view.fov_v_deg / 2)),
        ]
    )


def nadir(*, yaw_deg: float = 0, roll_deg: float = 0) -> View:
    return View(100, yaw_deg, -90, roll_deg, 70, 50)


def test_straight_down_covers_2_h_tan_half() -> None:
    seen = footprint(nadir())
    assert seen is not None
    east, north = 100 * math.tan(math.radians(35)), 100 * math.tan(math.radians(25))
    # Top left, top right, bottom right, bottom left; the top of the picture points north.
    expected = [(-east, north), (east, north), (east, -north), (-east, -north)]
    np.testing.assert_allclose(seen.corners, expected, atol=1e-9)
    np.testing.assert_allclose(seen.centre, (0, 0), atol=1e-9)
    assert not seen.clipped
    assert np.array_equal(seen.outline, seen.corners)


def test_yaw_turns_the_top_of_the_picture_clockwise() -> None:
    seen = footprint(nadir(yaw_deg=90))
    assert seen is not None
    top = seen.corners[:2].mean(axis=0)
    assert top[0] > 40
    assert abs(top[1]) < 1e-9


def test_forty_five_degrees_down_looks_as_far_ahead_as_it_is_high() -> None:
    for yaw, expected in ((0, (0, 60)), (90, (60, 0)), (-135, (-60 / 2**0.5, -60 / 2**0.5))):
        seen = footprint(View(60, yaw, -45, 0, 40, 30))
        assert seen is not None
        np.testing.assert_allclose(seen.centre, expected, atol=1e-9)
        along = [60 / math.tan(math.radians(a)) for a in (45 - 15, 45 + 15)]
        ahead = np.array([math.sin(math.radians(yaw)), math.cos(math.radians(yaw))])
        np.testing.assert_allclose(seen.corners @ ahead, [along[0]] * 2 + [along[1]] * 2)


def test_roll_lowers_the_right_hand_side() -> None:
    # It comes last: straight down it turns the picture as yaw does, elsewhere the lower side
    # looks at nearer ground.
    rolled, yawed = footprint(nadir(roll_deg=10)), footprint(nadir(yaw_deg=10))
    assert rolled is not None
    assert yawed is not None
    np.testing.assert_allclose(rolled.corners, yawed.corners, atol=1e-9)
    ahead = footprint(View(60, 0, -45, 10, 40, 30))
    assert ahead is not None
    distance = np.hypot(*ahead.corners.T)
    assert distance[1] < distance[0]
    assert distance[2] < distance[3]


@given(steep_views)
def test_corners_project_back_to_the_corners_of_the_picture(view: View) -> None:
    seen = footprint(view)
    assume(seen is not None and not seen.clipped)
    np.testing.assert_allclose(pixels(view, seen.corners), CORNER_PIXELS, atol=1e-7)
    np.testing.assert_allclose(pixels(view, seen.centre[np.newaxis]), [(0, 0)], atol=1e-9)


@given(views)
def test_the_outline_is_what_the_picture_shows_within_range(view: View) -> None:
    seen = footprint(view)
    reach = math.sqrt(MAX_RANGE_M**2 - view.height_m**2)
    side = np.linspace(-reach, reach, 41)
    ground = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])
    shown = np.abs(pixels(view, ground)).max(axis=1)
    # A disc of 72 corners lies up to a thousandth inside the circle.
    near = np.hypot(*ground.T) < 0.999 * reach
    surely, surely_not = near & (shown < 0.999), ~near & (np.hypot(*ground.T) > reach)
    surely_not |= ~(shown < 1.001)
    if seen is None:
        assert not surely.any()
        return
    polygon = shapely.Polygon(seen.outline)
    assert polygon.is_valid
    assert polygon.area <= polygon.convex_hull.area * (1 + 1e-9)
    inside = shapely.contains_xy(polygon, *ground.T)
    assert inside[surely].all()
    assert not inside[surely_not].any()


@given(views, st.floats(0.1, 2))
def test_twice_as_high_shows_twice_as_much(view: View, factor: float) -> None:
    higher = View(
        view.height_m * factor, view.yaw_deg, view.pitch_deg, view.roll_deg, view.fov_h_deg, view.fov_v_deg
    )  # fmt: skip
    one, other = footprint(view), footprint(higher, max_range_m=MAX_RANGE_M * factor)
    assert (one is None) == (other is None)
    if one is not None and other is not None and not one.clipped:
        np.testing.assert_allclose(other.corners, one.corners * factor, rtol=1e-6, atol=1e-6)


@given(steep_views, turns)
def test_turning_the_camera_turns_the_ground(view: View, turn_deg: float) -> None:
    turned = View(
        view.height_m, view.yaw_deg + turn_deg, view.pitch_deg, view.roll_deg, view.fov_h_deg, view.fov_v_deg
    )  # fmt: skip
    one, other = footprint(view), footprint(turned)
    assume(one is not None and other is not None and not one.clipped and not other.clipped)
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    clockwise = np.array([[c, -s], [s, c]])
    np.testing.assert_allclose(other.corners, one.corners @ clockwise, atol=1e-6)


def test_a_view_of_the_horizon_is_clipped_and_says_so() -> None:
    seen = footprint(View(100, 0, -10, 0, 60, 40))
    assert seen is not None
    assert seen.clipped
    assert np.isnan(seen.corners[:2]).all()
    assert np.isfinite(seen.corners[2:]).all()
    assert np.isnan(seen.centre).all()
    assert np.hypot(*seen.outline.T).max() == pytest.approx(math.sqrt(500**2 - 100**2), rel=1e-3)


@pytest.mark.parametrize(
    "view",
    [
        View(100, 0, 40, 0, 60, 40),
        View(100, 0, 90, 0, 60, 40),
        View(0, 0, -90, 0, 60, 40),
        View(-5, 0, -90, 0, 60, 40),
        View(math.nan, 0, -90, 0, 60, 40),
        View(MAX_RANGE_M, 0, -90, 0, 60, 40),
        View(100, math.nan, -10, 0, 60, 40),
    ],
)
def test_who_sees_no_ground_has_no_footprint(view: View) -> None:
    assert footprint(view) is None


@given(heights, fovs, st.floats(-90, -50))
def test_the_swath_is_the_middle_row_of_the_picture(
    height: float, fov: float, pitch: float
) -> None:
    row = footprint(View(height, 30, pitch, 0, fov, 1e-6), max_range_m=1e6)
    assert row is not None
    width = float(np.hypot(*(row.corners[1] - row.corners[0])))
    assert float(swath_width_m(height, fov, pitch, max_range_m=1e6)) == pytest.approx(
        width, rel=1e-5
    )


def test_swath_of_arrays() -> None:
    width = swath_width_m([100.0, 50.0, 0.0, -3.0, np.nan, 100.0], 90, [-90, -30, -90, -90, -90, 0])
    np.testing.assert_allclose(width, [200, 200, np.nan, np.nan, np.nan, np.nan])
    assert np.isnan(swath_width_m(100, 70, [10.0, -5.0, -180.0, -270.0, np.nan])).all()
    assert np.isnan(swath_width_m(100, [0.0, -10.0, 180.0, np.nan, np.inf], -90)).all()
    # Looking a little backwards shows what looking a little ahead does.
    assert swath_width_m(80, 60, -100.0) == pytest.approx(float(swath_width_m(80, 60, -80.0)))


@pytest.mark.parametrize(
    ("film_mm", "stated_deg"),
    [(24, 84), (20, 94), (35, 63)],  # DJI Mavic 3, Phantom 4, Mini: FOV as their makers state it
)
def test_35_mm_equivalents_are_by_the_diagonal(film_mm: float, stated_deg: float) -> None:
    assert fov_deg(FILM_DIAGONAL_MM, film_mm) == pytest.approx(stated_deg, abs=0.6)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.floats(1, 100))
def test_sides_of_a_sensor_make_its_diagonal(width: int, height: int, diagonal: float) -> None:
    sides = sides_mm(diagonal, width, height)
    assert math.hypot(*sides) == pytest.approx(diagonal)
    assert sides[0] * height == pytest.approx(sides[1] * width)


@given(st.floats(-175, 175), st.floats(-80, 80), st.floats(-500, 500), st.floats(-500, 500))
def test_offsets_become_places_that_far_away(
    lon: float, lat: float, east: float, north: float
) -> None:
    there = lonlat_of(lon, lat, np.array([(east, north)]))[0]
    azimuth, _, distance = GEOD.inv(lon, lat, *there)
    assert distance == pytest.approx(math.hypot(east, north), abs=1e-6)
    if distance > 1:
        assert distance * math.sin(math.radians(azimuth)) == pytest.approx(east, abs=1e-3)
        assert distance * math.cos(math.radians(azimuth)) == pytest.approx(north, abs=1e-3)
