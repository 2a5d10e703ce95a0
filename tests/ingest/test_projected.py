"""CGCS2000 Gauss-Krüger zones: every one against PROJ's own register and formulas."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.crs import WGS84, mainland, meridian_crs, transform_xy, zone_crs
from geoinspect.ingest.projected import gauss_kruger_guess

ZONES = [*range(25, 46), *range(13, 24)]


def parameters(crs):
    """Central meridian and false easting, from the register."""
    found = {p.name: p.value for p in pyproj.CRS(crs).coordinate_operation.params}
    return found["Longitude of natural origin"], found["False easting"]


def on_meridian(meridian):
    """Places on the mainland near a meridian, one of them 0.6° to its east."""
    for lat in np.arange(20.0, 53.0, 0.5):
        if shapely.contains_xy(mainland(), [meridian, meridian + 0.6], [lat, lat]).all():
            return np.array([meridian, meridian + 0.6]), np.array([lat, lat])
    return None


@pytest.mark.parametrize("zone", ZONES)
def test_prefixed_zones(zone):
    crs, meridian = zone_crs(zone)
    assert parameters(crs) == (meridian, zone * 1e6 + 500_000)
    width = 3 if zone >= 25 else 6
    assert meridian == (3 * zone if width == 3 else 6 * zone - 3)
    name = pyproj.CRS(crs).name
    assert name.startswith("CGCS2000")
    assert ("3-degree" in name) is (width == 3)
    assert name.endswith(f"zone {zone}")


@pytest.mark.parametrize("width", [3, 6])
def test_zones_by_meridian(width):
    for meridian in range(75, 136, width):
        crs = meridian_crs(meridian, width)
        assert parameters(crs) == (meridian, 500_000)
        assert ("3-degree" in pyproj.CRS(crs).name) is (width == 3)
    for wrong in (72, 76, 138, *([78] if width == 6 else [])):
        with pytest.raises(ValueError, match="central meridian"):
            meridian_crs(wrong, width)


@pytest.mark.parametrize("zone", [0, 12, 24, 46, -1])
def test_no_such_zone(zone):
    assert zone_crs(zone) is None


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_number_tells_the_zone(zone, swap):
    crs, meridian = zone_crs(zone)
    lon, lat = np.array([meridian, meridian + 0.6]), np.array([33.0, 33.1])
    east, north = transform_xy(WGS84, crs, lon, lat)
    guess = gauss_kruger_guess(*((north, east) if swap else (east, north)))
    assert (guess.crs, guess.swapped) == (crs, swap)
    (only,) = guess.candidates
    assert only.meridian_deg == meridian
    back = transform_xy(guess.crs, WGS84, east, north)
    assert np.abs(back[0] - lon).max() < 1e-9
    assert np.abs(back[1] - lat).max() < 1e-9
    assert str(meridian) in guess.text.zh


# The mainland ends at 134.8° E, before the middle of the last zone.
@pytest.mark.parametrize("meridian", range(75, 133, 3))
def test_without_it_the_true_zone_is_among_those_asked_for(meridian):
    places = on_meridian(meridian)
    assert places is not None
    crs = meridian_crs(meridian)
    guess = gauss_kruger_guess(*transform_xy(WGS84, crs, *places))
    assert guess.crs is None
    (mine,) = [one for one in guess.candidates if one.crs == crs]
    assert mine.lon == pytest.approx(places[0].mean(), abs=1e-3)
    assert mine.lat == pytest.approx(places[1].mean(), abs=1e-3)
    assert crs in guess.text.zh
    assert crs in guess.text.en


def test_far_from_the_meridian_only_six_degree_zones_are_left():
    crs = meridian_crs(117, 6)
    guess = gauss_kruger_guess(*transform_xy(WGS84, crs, np.array([119.6]), np.array([33.0])))
    assert crs in [one.crs for one in guess.candidates]
    assert all(4502 <= int(one.crs[5:]) <= 4512 for one in guess.candidates)


@pytest.mark.parametrize(
    ("east", "north"),
    [(116.4, 39.9), (0.0, 0.0), (np.nan, 4e6), (np.inf, np.inf), (39.9, 116.4), (500_000, 9e6),
     (1e308, 4e6), (24_500_000, 4e6), (-500_000, 4e6), (4e6, 4e6), (500_000, 400_000)],
)  # fmt: skip
def test_other_numbers_are_no_zone(east, north):
    assert gauss_kruger_guess(np.array([float(east)]), np.array([float(north)])) is None


def test_no_rows_and_rows_of_many_zones():
    assert gauss_kruger_guess(np.empty(0), np.empty(0)) is None
    east = np.array([38.5e6, 39.5e6, 40.5e6])
    assert gauss_kruger_guess(east, np.full(3, 3.7e6)) is None


@settings(deadline=None)
@given(st.floats(), st.floats())
def test_any_numbers_end_well(east, north):
    guess = gauss_kruger_guess(np.array([east]), np.array([north]))
    assert guess is None or guess.candidates


def test_some_bad_rows_do_not_hide_the_zone():
    east = np.array([np.nan, 39_512_345.0, 39_512_400.0, 0.0, 39_512_500.0])
    north = np.array([3.75e6, 3.75e6, np.inf, 3.75e6, 3.75e6])
    assert gauss_kruger_guess(east, north).crs == "EPSG:4527"
