"""Ground walked round or drawn: areas against pyproj, laws of rings, hostile drawings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.cases.ground import (
    ASSUMED_ACCURACY_M,
    MAX_DRAWN_POINTS,
    MAX_WALKED_POINTS,
    drawn_ground,
    walked_ring,
)
from geoinspect.crs import geodesic_area_m2
from geoinspect.errors import GeoInspectError, InputError, TooLargeError

GEOD = pyproj.Geod(ellps="WGS84")
LON, LAT = 104.1, 34.2
places = st.tuples(st.floats(74, 134), st.floats(18, 53))


def circle(
    radius_m: float, corners: int, lon: float = LON, lat: float = LAT
) -> tuple[np.ndarray, np.ndarray]:
    """Corners at one geodesic distance from a middle, open."""
    azimuth = np.linspace(0, 360, corners, endpoint=False)
    same = np.ones(corners)
    x, y, _ = GEOD.fwd(lon * same, lat * same, azimuth, radius_m * same)
    return x, y


def metres(
    points: list[tuple[float, float]], lon: float = LON, lat: float = LAT
) -> tuple[Any, Any]:
    """Places by metres east and north of one, along geodesics."""
    x = np.array([p[0] for p in points], float)
    y = np.array([p[1] for p in points], float)
    at = GEOD.fwd(
        np.full(len(x), lon), np.full(len(x), lat), np.degrees(np.arctan2(x, y)), np.hypot(x, y)
    )
    return at[0], at[1]


def closed(lon: Any, lat: Any) -> tuple[Any, Any]:
    return np.append(lon, lon[0]), np.append(lat, lat[0])


def along(corners: list[tuple[float, float]], step_m: float = 2.0) -> list[tuple[float, float]]:
    out = []
    for (ax, ay), (bx, by) in zip(corners, corners[1:], strict=False):
        n = max(1, round(math.dist((ax, ay), (bx, by)) / step_m))
        out += [(ax + (bx - ax) * i / n, ay + (by - ay) * i / n) for i in range(n)]
    return [*out, corners[-1]]


SQUARE = along([(0, 0), (60, 0), (60, 60), (0, 60), (0, 0)])


@settings(deadline=None)
@given(places, st.floats(5, 2000), st.integers(6, 300))
def test_circles_have_the_area_and_border_of_pyproj(
    at: tuple[float, float], radius_m: float, corners: int
) -> None:
    lon, lat = circle(radius_m, corners, *at)
    found = walked_ring(*closed(lon, lat))
    area, border = GEOD.polygon_area_perimeter(lon, lat)
    assert found.area_m2 == pytest.approx(abs(area), rel=1e-9)
    assert found.perimeter_m == pytest.approx(border, rel=1e-9)
    # An independent figure: the regular polygon of the plane, at this size the same.
    plane = corners / 2 * radius_m**2 * math.sin(2 * math.pi / corners)
    assert found.area_m2 == pytest.approx(plane, rel=1e-5)
    assert found.low_m2 < found.area_m2 < found.high_m2
    assert not found.repaired
    assert found.gap_m == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(st.floats(74, 134), st.floats(18, 53), st.floats(1e-4, 0.005), st.floats(1e-4, 0.005))
def test_rectangles_of_degrees_have_the_area_of_their_zone(
    west: float, south: float, wide: float, high: float
) -> None:
    lon = [west, west + wide, west + wide, west]
    lat = [south, south, south + high, south + high]
    # Area between parallels on the ellipsoid, in closed form (Snyder 1987, eq. 3-12).
    e = math.sqrt(GEOD.es)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return (1 - GEOD.es) * (s / (1 - GEOD.es * s * s) + math.atanh(e * s) / e)

    zone = GEOD.a**2 / 2 * math.radians(wide) * (q(south + high) - q(south))
    # Their northern and southern edges are geodesics here, parallels there.
    assert walked_ring(*closed(lon, lat)).area_m2 == pytest.approx(zone, rel=3e-4)


@settings(deadline=None)
@given(st.integers(0, 40), st.booleans(), st.lists(st.floats(20, 60), min_size=5, max_size=40))
def test_start_and_direction_do_not_count(start: int, back: bool, radii: list[float]) -> None:
    angle = np.linspace(0, 2 * math.pi, len(radii), endpoint=False)
    lon, lat = metres(
        [(r * math.sin(a), r * math.cos(a)) for r, a in zip(radii, angle, strict=True)]
    )
    turned = [np.roll(v, start)[:: -1 if back else 1] for v in (lon, lat)]
    one, other = walked_ring(*closed(lon, lat)), walked_ring(*closed(*turned))
    for name in ("area_m2", "low_m2", "high_m2", "perimeter_m", "sd_independent_m2"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6), name


def test_a_small_gap_is_closed_and_told() -> None:
    found = walked_ring(*metres(SQUARE[:-5]))
    assert found.gap_m == pytest.approx(10, rel=1e-3)
    assert found.area_m2 == pytest.approx(3600, rel=1e-3)


def test_the_way_there_and_back_is_left_out() -> None:
    found = walked_ring(
        *metres([*along([(-25, -20), (0, 0)])[:-1], *SQUARE, *along([(0, 0), (-20, 25)])[1:]])
    )
    assert found.area_m2 == pytest.approx(3600, rel=0.02)
    assert found.trimmed_m == pytest.approx(64, abs=45)


def test_walking_on_past_the_start_changes_little() -> None:
    found = walked_ring(*metres([*SQUARE, *along([(0, 0.5), (40, 0.7)])]))
    assert found.area_m2 == pytest.approx(3600, rel=0.02)


def test_two_laps_are_one_ground() -> None:
    second = [(x + 0.4 * math.sin(y + x), y + 0.4 * math.cos(x)) for x, y in SQUARE]
    found = walked_ring(*metres(SQUARE + second))
    assert found.repaired
    assert found.area_m2 == pytest.approx(3600, rel=0.03)
    assert found.high_m2 > 3600


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 3))
def test_the_interval_holds_the_truth_for_fixes_that_err_by_themselves(
    seed: int, sd_m: float
) -> None:
    rng = np.random.default_rng(seed)
    corners = along([(0, 0), (60, 0), (60, 60), (0, 60), (0, 0)], step_m=20)
    noisy = [
        (x + a, y + b) for (x, y), (a, b) in zip(corners, rng.normal(0, sd_m, (13, 2)), strict=True)
    ]
    found = walked_ring(*metres(noisy), accuracy_m=np.full(13, 1.515 * sd_m))
    # Five standard deviations: chance must not fail a test.
    assert abs(found.area_m2 - 3600) < 5 * found.sd_independent_m2 + 60
    assert found.high_m2 - found.area_m2 >= 1.95 * found.sd_independent_m2


def test_the_formula_of_independent_errors_is_right() -> None:
    rng = np.random.default_rng(5)
    corners = np.array(along([(0, 0), (60, 0), (60, 60), (0, 60), (0, 0)], step_m=20)[:-1])
    stated = walked_ring(
        *metres([*corners, corners[0]]), accuracy_m=np.full(13, 1.50959)
    ).sd_independent_m2
    drawn = corners + rng.normal(0, 1, (20_000, 12, 2))
    x, y = drawn[..., 0], drawn[..., 1]
    areas = 0.5 * (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(axis=1)
    assert stated == pytest.approx(areas.std(), rel=0.03)


@pytest.mark.parametrize("off_m", [-1.9, 1.9])
def test_the_interval_holds_a_border_walked_too_far_in_or_out(off_m: float) -> None:
    side = 60 + 2 * off_m
    ring = along([(0, 0), (side, 0), (side, side), (0, side), (0, 0)])
    found = walked_ring(*metres(ring), accuracy_m=np.full(len(ring), 3.0))
    assert found.low_m2 <= 3600 <= found.high_m2


def test_accuracy_that_says_nothing_is_assumed_and_told() -> None:
    for accuracy in (None, np.full(len(SQUARE), -1.0), np.full(len(SQUARE), np.nan)):
        found = walked_ring(*metres(SQUARE), accuracy_m=accuracy)
        assert found.accuracy_assumed
        assert found.accuracy_m == ASSUMED_ACCURACY_M
        assert "assumed" in found.assumes.en
    stated = walked_ring(*metres(SQUARE), accuracy_m=np.full(len(SQUARE), 2.0))
    assert not stated.accuracy_assumed
    assert stated.high_m2 < found.high_m2
    timed = walked_ring(*metres(SQUARE), time_s=np.arange(len(SQUARE)) * 2.0)
    assert timed.duration_s == 2.0 * (len(SQUARE) - 1)
    assert stated.duration_s is None


REFUSED: dict[str, tuple[list[tuple[float, float]], str]] = {
    "open": (along([(0, 0), (60, 0), (60, 60), (0, 60)]), "open_course"),
    "a straight walk": (along([(0, 0), (200, 0)]), "open_course"),
    "out and back": (along([(0, 0), (60, 0), (0, 0)]), "no_ground"),
    "eight": (
        along([(0, 0), (60, 60), (120, 0), (120, 60), (60, 0), (0, 60), (0, 0)]),
        "crossing_lines",
    ),
    "bow tie": (along([(0, 0), (60, 60), (60, 0), (0, 60), (0, 0)]), "crossing_lines"),
    "three points": ([(0, 0), (60, 0), (0, 60)], "too_few_points"),
    "standing": ([(0, 0)] * 50, "too_few_points"),
    "nothing": ([], "too_few_points"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_walks_without_clear_ground_are_refused(name: str) -> None:
    points, code = REFUSED[name]
    with pytest.raises(InputError) as caught:
        walked_ring(*metres(points))
    assert caught.value.code == code


def test_walks_that_cant_be_are_refused() -> None:
    lon, lat = metres(SQUARE)
    for wrong in (
        (lon, lat[:-1]),
        (["a"] * 5, [1.0] * 5),
        (lon + 300, lat),
        (np.linspace(0, 90, len(lon)), lat),
        ([lon], [lat]),
    ):
        with pytest.raises(InputError):
            walked_ring(*wrong)
    many = np.linspace(0, 1e-3, MAX_WALKED_POINTS + 1)
    with pytest.raises(TooLargeError):
        walked_ring(104 + many, 34 + many)
    with pytest.raises(TooLargeError):
        walked_ring(*closed(*circle(9000, 50)))
    gone = np.array(lon)
    gone[3] = np.nan
    assert walked_ring(gone, lat).points == len(lon) - 1


def ring_json(radius_m: float = 30, corners: int = 12) -> list[list[float]]:
    lon, lat = closed(*circle(radius_m, corners))
    return [[float(x), float(y)] for x, y in zip(lon, lat, strict=True)]


def test_drawings_have_their_area() -> None:
    outer, inner = ring_json(), ring_json(10)
    whole = drawn_ground({"type": "Polygon", "coordinates": [outer]})
    less = drawn_ground({"type": "Polygon", "coordinates": [outer, inner]})
    plane = 6 * math.sin(math.pi / 6)
    assert geodesic_area_m2(whole) == pytest.approx(plane * 900, rel=1e-5)
    assert geodesic_area_m2(less) == pytest.approx(plane * 800, rel=1e-5)
    feature = {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[outer]]}}
    assert geodesic_area_m2(drawn_ground(feature)) == pytest.approx(plane * 900, rel=1e-5)
    high = {"type": "Polygon", "coordinates": [[[*p, 900.0] for p in outer]]}
    assert drawn_ground(high).equals(whole)


@pytest.mark.parametrize(("lon", "lat"), [(-58.4, -34.6), (13.4, 52.5), (179.9, 0.0), (37.6, 70)])
def test_drawings_of_any_land_are_taken(lon: float, lat: float) -> None:
    x, y = closed(*circle(30, 12, lon, lat))
    ring = [[float(a), float(b)] for a, b in zip(x, y, strict=True)]
    ground = drawn_ground({"type": "Polygon", "coordinates": [ring]})
    assert geodesic_area_m2(ground) == pytest.approx(6 * math.sin(math.pi / 6) * 900, rel=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "POLYGON",
        {},
        {"type": "Point", "coordinates": [104, 34]},
        {"type": ["Polygon"], "coordinates": []},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [ring_json()[:-1]]},
        {"type": "Polygon", "coordinates": [[[104, 34], [104, 34], [104, 34], [104, 34]]]},
        {"type": "Polygon", "coordinates": [[["104", "34"]] * 4]},
        {"type": "Polygon", "coordinates": [[[True, True]] * 4]},
        {"type": "Polygon", "coordinates": [[[104, float("nan")]] * 4]},
        {"type": "Polygon", "coordinates": [[[104, float("inf")]] * 4]},
        {"type": "Polygon", "coordinates": [[[10**400, 34]] * 4]},
        {"type": "Polygon", "coordinates": [[[34, 104]] * 4]},
        {"type": "Polygon", "coordinates": [[[180.5, 1], [180.6, 1], [180.6, 1.1], [180.5, 1]]]},
        {"type": "Polygon", "coordinates": [[[104, 34, 1, 2]] * 4]},
        {
            "type": "Polygon",
            "coordinates": [[[104, 34], [104.1, 34.1], [104.1, 34], [104, 34.1], [104, 34]]],
        },
        {"type": "Polygon", "coordinates": [[[80, 30], [120, 30], [120, 45], [80, 45], [80, 30]]]},
        {"type": "Polygon", "coordinates": [ring_json(corners=MAX_DRAWN_POINTS)]},
        {"type": "Feature", "geometry": None},
        {"type": "Feature", "geometry": {"type": "Feature", "geometry": {}}},
    ],
)
def test_drawings_that_cant_be_are_refused_in_words(wrong: object) -> None:
    with pytest.raises(InputError) as caught:
        drawn_ground(wrong)
    assert len(str(caught.value)) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["type", "coordinates", "geometry"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.sampled_from(["Polygon", "MultiPolygon", "Feature"]), json_values)
def test_no_drawing_breaks_it(kind: str, value: Any) -> None:
    shape = {"type": kind, "coordinates": value, "geometry": value}
    with pytest.raises(GeoInspectError):
        drawn_ground(shape)
