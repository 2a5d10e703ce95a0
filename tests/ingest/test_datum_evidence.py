"""Mixed datums inside a track, and ground that fits only after a shift: found, and not made up."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.errors import InputError
from geoinspect.ingest.datum import from_wgs84, to_wgs84, wgs84_to_gcj02
from geoinspect.ingest.datum_evidence import fit_after_shift, mixed_datum_points
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Datum, Segment
from geoinspect.settings import Settings

DEG_M = 111_200.0
seeds = st.integers(0, 2**32 - 1)
inland = st.tuples(st.floats(100, 115), st.floats(26, 38))


def walk(seed, start=(112.5, 23.1), count=400, step_m=1.5, wild=0.0):
    """A wandering walk from a place, noise of 3 m, and a share of wild fixes."""
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, 0.2, count)) + rng.uniform(0, 6.28)
    east = np.cumsum(step_m * np.cos(heading)) + rng.normal(0, 3, count)
    north = np.cumsum(step_m * np.sin(heading)) + rng.normal(0, 3, count)
    spikes = rng.random(count) < wild
    east[spikes] += rng.uniform(-900, 900, spikes.sum())
    north[spikes] += rng.uniform(-900, 900, spikes.sum())
    lon = start[0] + east / DEG_M / np.cos(np.radians(start[1]))
    return lon, start[1] + north / DEG_M


def segment(lon, lat):
    return Segment(lon, lat, np.arange(len(lon)) * 1.0)


def mixed(lon, lat, shifted):
    """The same fixes, some of them in GCJ-02."""
    gcj = wgs84_to_gcj02(lon, lat)
    return segment(np.where(shifted, gcj[0], lon), np.where(shifted, gcj[1], lat))


class TestMixed:
    @settings(deadline=None, max_examples=60)
    @given(seeds, inland, st.floats(0.5, 40))
    def test_a_clean_walk_is_not_mixed(self, seed, start, step_m):
        assert mixed_datum_points([segment(*walk(seed, start, step_m=step_m))]) is None

    @settings(deadline=None, max_examples=60)
    @given(seeds, st.floats(0.005, 0.2))
    def test_wild_fixes_are_not_mixed(self, seed, share):
        assert mixed_datum_points([segment(*walk(seed, wild=share))]) is None

    @settings(deadline=None, max_examples=60)
    @given(seeds, inland, st.floats(0.02, 0.6))
    def test_single_network_fixes_are_found(self, seed, start, share):
        lon, lat = walk(seed, start)
        shifted = np.random.default_rng(seed).random(len(lon)) < share
        shifted[[50, 200, 350]] = True
        shifted[[49, 51, 199, 201, 349, 351]] = False
        found = mixed_datum_points([mixed(lon, lat, shifted)])
        assert found is not None
        assert found.shifted == shifted.sum()
        assert found.plain == (~shifted).sum()
        assert found.jumps == np.count_nonzero(np.diff(shifted.astype(int)))

    @pytest.mark.parametrize(
        ("first", "last"), [(100, 150), (100, 400), (0, 200), (5, 395), (100, 105)]
    )
    def test_one_stretch_is_found_also_at_the_ends(self, first, last):
        lon, lat = walk(7)
        at = np.arange(400)
        found = mixed_datum_points([mixed(lon, lat, (at >= first) & (at < last))])
        assert found is not None
        assert found.shifted == last - first
        problem = found.problem()
        assert problem.code == "mixed_datum"
        assert problem.count == min(last - first, 400 - last + first)
        assert str(found.shifted) in problem.text.zh

    def test_a_file_taken_for_gcj02_with_gps_fixes_in_it(self):
        lon, lat = walk(3)
        at = np.arange(400)
        back = [
            2 * plain - gcj for plain, gcj in zip((lon, lat), wgs84_to_gcj02(lon, lat), strict=True)
        ]
        part = (at > 60) & (at < 200)
        found = mixed_datum_points(
            [segment(np.where(part, back[0], lon), np.where(part, back[1], lat))]
        )
        assert found is not None
        assert found.jumps == 2

    def test_all_in_one_datum_shows_nothing(self):
        assert mixed_datum_points([segment(*wgs84_to_gcj02(*walk(5)))]) is None

    def test_nothing_is_told_where_it_cannot_be(self):
        lon, lat = walk(1)
        shifted = np.arange(400) > 200
        coarse = walk(1, step_m=300.0)
        assert mixed_datum_points([mixed(*coarse, shifted)]) is None
        assert mixed_datum_points([mixed(lon - 100, lat, shifted)]) is None
        assert mixed_datum_points([]) is None
        assert mixed_datum_points([segment(lon[:1], lat[:1])]) is None
        assert mixed_datum_points([segment(np.zeros(50), np.zeros(50))]) is None

    def test_one_wild_fix_in_just_that_direction_is_a_spike(self):
        lon, lat = walk(2)
        assert mixed_datum_points([mixed(lon, lat, np.arange(400) == 100)]) is None

    def test_segments_are_told_together(self):
        lon, lat = walk(9)
        odd = mixed(lon, lat, np.arange(400) > 300)
        found = mixed_datum_points([segment(lon, lat), odd, odd])
        assert (found.shifted, found.plain, found.jumps) == (198, 602, 2)

    def test_no_shared_track_is_mixed(self, shared_data):
        read = 0
        for path in sorted((shared_data / "tracks").iterdir()):
            if "big" in path.name or "hostile" in path.name or path.suffix == ".md":
                continue
            try:
                file = read_track(path, settings=Settings())
            except InputError:
                continue
            read += 1
            for line in file.lines:
                assert mixed_datum_points(line.segments) is None, path.name
                # As if it had been walked in Guangdong, where there is an offset.
                lon0, lat0 = line.segments[0].lon[0], line.segments[0].lat[0]
                there = [s.moved(s.lon - lon0 + 112.5, s.lat - lat0 + 23.1) for s in line.segments]
                assert mixed_datum_points(there) is None, path.name
        assert read > 60


def village(lon=112.5, lat=23.1, half_m=250.0):
    return shapely.box(
        lon - half_m / DEG_M / 0.92,
        lat - half_m / DEG_M,
        lon + half_m / DEG_M / 0.92,
        lat + half_m / DEG_M,
    )


def inside_village(seed, half_m=200.0):
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 6.28, 80) + rng.uniform(0, 6.28)
    return (
        112.5 + half_m * np.cos(turn) / DEG_M / 0.92,
        23.1 + half_m * np.sin(turn) / DEG_M + rng.normal(0, 1e-5, 80),
    )


class TestFit:
    @pytest.mark.parametrize("used", Datum)
    @pytest.mark.parametrize("real", Datum)
    def test_a_track_read_in_the_wrong_datum_is_pointed_out(self, used, real):
        numbers = from_wgs84(*inside_village(1), real)
        read = to_wgs84(*numbers, used)
        fit = fit_after_shift(*read, village(), used)
        if used is real:
            assert fit is None
            return
        assert fit is not None
        assert (fit.used, fit.suggested) == (used, real)
        assert fit.shares[real] == 1.0
        assert fit.shares[used] <= 0.5
        assert "100%" in fit.text.zh

    @settings(deadline=None, max_examples=80)
    @given(seeds, st.floats(0, 6.28), st.floats(0, 0.8))
    def test_a_walk_along_a_straight_border_never_fits(self, seed, bearing, share):
        # The ground is all on one side of a border that runs at any bearing past the walk, which
        # keeps nearer to it than 0.8 of the offset: many shifts would bring it inside.
        lon, lat = walk(seed, count=60, step_m=1.0)
        gcj = wgs84_to_gcj02(lon, lat)
        offset_m = np.hypot((gcj[0] - lon) * 0.92, gcj[1] - lat).mean() * DEG_M
        out = np.array([np.cos(bearing) / 0.92, np.sin(bearing)])
        along = np.array([-np.sin(bearing) / 0.92, np.cos(bearing)])
        depth = ((lon - lon[0]) * 0.92**2 * out[0] + (lat - lat[0]) * out[1]) * DEG_M
        border_m = np.percentile(depth, 90) - share * offset_m
        foot = np.array([lon[0], lat[0]]) + out * border_m / DEG_M
        corners = [foot - along, foot + along, foot + along - out, foot - along - out]
        assert fit_after_shift(lon, lat, shapely.Polygon(corners)) is None

    @settings(deadline=None, max_examples=40)
    @given(seeds, st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
    def test_what_is_said_is_true(self, seed, east, north):
        lon, lat = inside_village(seed)
        fit = fit_after_shift(lon + east, lat + north, village(half_m=600.0))
        if fit is not None:
            assert fit.shares[fit.used] <= 0.5
            assert fit.shares[fit.suggested] >= 0.9

    def test_tracks_all_round_a_county_hardly_ever_fit(self):
        county = shapely.MultiPolygon([village(half_m=15_000.0)])
        rng = np.random.default_rng(0)
        rim = county.boundary
        found = 0
        for seed in range(300):
            spot = rim.interpolate(rng.uniform(0, rim.length))
            start = spot.x + rng.uniform(-0.01, 0.01), spot.y + rng.uniform(-0.01, 0.01)
            found += fit_after_shift(*walk(seed, start, count=100), county) is not None
        assert found <= 9

    def test_ground_that_already_fits_and_short_tracks(self):
        lon, lat = inside_village(2)
        assert fit_after_shift(lon, lat, village()) is None
        gcj = wgs84_to_gcj02(lon, lat)
        assert fit_after_shift(*gcj, village()) is not None
        assert fit_after_shift(gcj[0][:9], gcj[1][:9], village()) is None
        assert fit_after_shift(lon[:0], lat[:0], village()) is None

    def test_abroad_no_datum_shifts_anything(self):
        lon, lat = inside_village(2)
        gcj = wgs84_to_gcj02(lon, lat)
        assert fit_after_shift(gcj[0] - 60, gcj[1], village(52.5)) is None
