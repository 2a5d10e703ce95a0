"""The maps of a dossier: true to scale, and every mark where its place is."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from geoinspect.report.dossier_map import (
    MapView,
    degree_m,
    draw_map,
    fitted_box,
    picture_size_px,
)

LON, LAT = 108.05, 33.05
MARGIN_PX = 64


def pixels_of(view: MapView) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw_map(view))).convert("RGB")).astype(int)


@given(
    st.floats(-179, 179),
    st.floats(-80, 80),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.floats(1, 1e5),
)
def test_a_metre_is_one_length_in_both_directions(
    lon: float, lat: float, wide: float, high: float, least_m: float
) -> None:
    bounds = (lon, lat, lon + wide, lat + high)
    west, south, east, north = fitted_box(bounds, least_m=least_m)
    assert west <= bounds[0]
    assert bounds[2] <= east
    assert south <= bounds[1]
    assert bounds[3] <= north
    east_m, north_m = degree_m((south + north) / 2)
    width, height = picture_size_px()
    assert (east - west) * east_m / width == pytest.approx((north - south) * north_m / height)
    assert (east - west) * east_m >= least_m * 0.999


@given(st.floats(-79, 79))
def test_degrees_in_metres_agree_with_geodesics(lat: float) -> None:
    east_m, north_m = degree_m(lat)
    geod = Geod(ellps="WGS84")
    assert geod.inv(0, lat, 0.001, lat)[2] * 1000 == pytest.approx(east_m, rel=1e-5)
    assert geod.inv(0, lat - 0.0005, 0, lat + 0.0005)[2] * 1000 == pytest.approx(north_m, rel=1e-3)


def test_dots_lie_where_their_places_are() -> None:
    box = fitted_box((LON, LAT, LON, LAT), least_m=100)
    ground = shapely.Point(LON, LAT).buffer(1e-5, cap_style="square")
    spot = (box[0] + 0.75 * (box[2] - box[0]), box[1] + 0.25 * (box[3] - box[1]))
    without = pixels_of(MapView(box, ground))
    with_dot = pixels_of(MapView(box, ground, [(7, spot)]))
    rows, columns = np.nonzero((without != with_dot).any(axis=2))
    width, height = picture_size_px()
    x, y = MARGIN_PX + 0.75 * width, MARGIN_PX + 0.75 * height
    # The dot itself is at the place; its label beside it, up and to the right.
    assert abs(columns.min() - x) <= 6
    assert abs(rows.max() - y) <= 6
    assert columns.max() < x + 60


def test_places_outside_are_not_drawn_at_the_edge() -> None:
    box = fitted_box((LON, LAT, LON, LAT), least_m=100)
    ground = shapely.Point(LON, LAT)
    far = [(1, (LON + 1, LAT)), (2, (LON, LAT - 1))]
    assert np.array_equal(pixels_of(MapView(box, ground, far)), pixels_of(MapView(box, ground)))


def test_the_picture_is_the_ground_behind() -> None:
    box = fitted_box((LON, LAT, LON, LAT), least_m=100)
    width, height = picture_size_px()
    picture = np.zeros((height, width, 4), np.uint8)
    picture[:, : width // 2] = (10, 200, 30, 255)
    drawn = pixels_of(MapView(box, shapely.Point(LON, LAT), picture=picture))
    assert tuple(drawn[MARGIN_PX + 300, MARGIN_PX + 200]) == (10, 200, 30)
    # Where the survey saw nothing, paper shows through.
    assert tuple(drawn[MARGIN_PX + 300, MARGIN_PX + width - 200]) == (255, 255, 255)


@pytest.mark.parametrize(
    "ground",
    [
        shapely.Point(LON, LAT),
        shapely.box(LON, LAT, LON + 0.001, LAT + 0.001),
        shapely.MultiPolygon(
            [shapely.box(LON + k, LAT, LON + k + 0.1, LAT + 0.1) for k in (0.0, 0.5)]
        ),
    ],
)
def test_any_ground_is_marked_in_red(ground: shapely.Geometry) -> None:
    box = fitted_box(ground.bounds, least_m=60)
    drawn = pixels_of(MapView(box, ground, outlines=[shapely.box(0, 0, 170, 80)]))
    assert (drawn == (190, 18, 60)).all(axis=2).sum() > 50
