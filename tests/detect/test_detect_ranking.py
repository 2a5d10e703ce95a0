from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.crs import GEOD, WGS84, transform_geometry
from geoinspect.detect.listing import listing_of, suspected_of
from geoinspect.detect.ranking import (
    Crowd,
    Lead,
    least_logit_of,
    rank_leads,
    score_of,
    split_licensed,
    true_area_m2,
)
from geoinspect.records import Zone, ZoneKind
from geoinspect.survey_records import PatchState

CRS = "EPSG:4545"
DAY = date(2026, 5, 14)
FIGURES = np.zeros(1, dtype=np.float32)


def lead(x_m: float, side_m: float = 4.0, strength: float = 2.0, raster: str = "a") -> Lead:
    square = shapely.box(500_000 + x_m, 3_350_000, 500_000 + x_m + side_m, 3_350_000 + side_m)
    return Lead(
        raster, CRS, square, true_area_m2(CRS, square), strength, {"glaucous": 0.5}, FIGURES
    )


def zone(x_m: float, width_m: float, **more: object) -> Zone:
    box = shapely.box(500_000 + x_m, 3_349_900, 500_000 + x_m + width_m, 3_350_100)
    return Zone(ZoneKind.LICENSED, "百号", transform_geometry(CRS, WGS84, box), **more)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(0.1, 6), st.booleans()), max_size=40),
    st.floats(0.5, 5000),
    st.floats(0, 2e6),
)
@settings(max_examples=100, deadline=None)
def test_the_budget_is_a_law(found: list, budget: float, valid_m2: float) -> None:
    leads = [lead(10 * place, strength=strength) for place, strength, _ in found]
    licensed = [one for one, (_, _, inside) in zip(leads, found, strict=True) if inside]
    marked = split_licensed(leads, [], None, 0.0) + split_licensed(
        licensed, [zone(-1, 9e3)], DAY, 0
    )
    patches = rank_leads(marked, crs=CRS, budget_per_km2=budget, valid_area_m2=valid_m2)
    suspected = [patch for patch in patches if patch.state is PatchState.SUSPECTED]
    assert len(suspected) == min(len(leads), max(1, math.floor(budget * valid_m2 / 1e6 + 1e-9)))
    assert [patch.rank for patch in suspected] == list(range(1, len(suspected) + 1))
    scores = [patch.score for patch in suspected]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    apart = [patch for patch in patches if patch.state is PatchState.LICENSED]
    assert len(apart) == len(licensed)
    assert all(patch.rank is None for patch in apart)


@pytest.mark.parametrize(
    ("dates", "day", "holds"),
    [
        ({}, None, True),
        ({}, DAY, True),
        ({"valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31)}, DAY, True),
        ({"valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)}, DAY, False),
        ({"valid_to": date(2026, 12, 31)}, None, False),
        ({"valid_to": DAY}, DAY, True),
    ],
)
def test_a_licence_must_hold_on_the_day(dates: dict, day: date | None, holds: bool) -> None:
    (part,) = split_licensed([lead(0)], [zone(-5, 50, **dates)], day, 2.0)
    assert part.licensed is holds


def test_other_zones_license_nothing() -> None:
    former = Zone(ZoneKind.FORMER, "x", zone(-5, 50).polygon)
    (part,) = split_licensed([lead(0)], [former], DAY, 2.0)
    assert not part.licensed


def test_a_patch_across_the_fence_is_cut_there() -> None:
    parts = split_licensed([lead(0)], [zone(-5, 8)], DAY, 2.0)
    areas = {part.licensed: part.area_m2 for part in parts}
    assert areas == pytest.approx({True: 12.0, False: 4.0}, rel=1e-2)
    # What is left outside must still be large enough to be worth a visit.
    only = split_licensed([lead(0)], [zone(-5, 8.9)], DAY, 2.0)
    assert [part.licensed for part in only] == [True]
    # A strip of licensed ground through the middle leaves two leads outside, not one.
    strip = split_licensed([lead(0)], [zone(1.5, 1)], DAY, 2.0)
    assert sorted(part.licensed for part in strip) == [False, False, True]


def test_ground_shown_twice_is_listed_once() -> None:
    twice = [lead(0, strength=2.0), lead(0.5, strength=3.0, raster="b"), lead(50)]
    patches = rank_leads(twice, crs=CRS, budget_per_km2=1e9, valid_area_m2=1e6)
    assert [(patch.raster, patch.rank) for patch in patches] == [("b", 1), ("a", 2)]
    same_raster = [lead(0), lead(0.5)]
    assert len(rank_leads(same_raster, crs=CRS, budget_per_km2=1e9, valid_area_m2=1e6)) == 2


def test_patches_come_in_one_crs() -> None:
    other = lead(0)
    polygon = transform_geometry(CRS, "EPSG:32648", lead(90).polygon)
    moved = Lead("b", "EPSG:32648", polygon, 16.0, 1.0, {}, FIGURES)
    patches = rank_leads([other, moved], crs=CRS, budget_per_km2=1e9, valid_area_m2=1e6)
    assert {patch.crs for patch in patches} == {CRS}
    assert patches[1].polygon.centroid.distance(lead(90).polygon.centroid) < 0.01


def test_what_a_list_leaves_out_for_crowding_is_not_taken_for_listed() -> None:
    # Ten leads in a row and a lone one, room for six.
    row = [lead(2.5 * k, side_m=2.0, strength=3.0 - 0.01 * k) for k in range(10)]
    lone = lead(500, strength=2.0)
    patches = rank_leads([*row, lone], crs=CRS, budget_per_km2=6, valid_area_m2=1e6)
    listing = listing_of(
        suspected_of(patches), budget_per_km2=6, valid_area_m2=1e6, min_area_m2=2.0
    )
    assert lone.logit in [patch.logit for patch in patches]
    assert listing.least_logit == pytest.approx(2.0, abs=1e-4)
    crowd = Crowd()
    for one in listing.patches:
        crowd.add(one.lon, one.lat, one.logit)
    for one in listing.patches:
        above = math.nextafter(one.logit, math.inf)
        assert crowd.lowered(one.lon, one.lat, one.logit, above=above) >= listing.least_logit
    amid, apart = listing.patches[0], listing.patches[-1]
    assert apart.logit == lone.logit
    assert crowd.lowered(amid.lon, amid.lat, 2.9, above=2.9) < listing.least_logit
    assert crowd.lowered(apart.lon, apart.lat, 2.9, above=2.9) == 2.9


@given(st.floats(-12, 12))
def test_a_score_gives_its_least_logit(logit: float) -> None:
    least = least_logit_of(score_of(logit))
    assert least <= logit + 1e-9
    assert score_of(logit) - score_of(least) <= 1.1e-6
    assert least_logit_of(0.0) == -math.inf


@given(st.floats(-70, 70), st.floats(-179, 179))
def test_crowding_reaches_as_far_in_every_direction(lat: float, lon: float) -> None:
    crowd = Crowd()
    crowd.add(lon, lat, 5.0)
    for azimuth in range(0, 360, 45):
        # 30 m, and what the ellipsoid differs from a sphere.
        for away_m, lower in ((29.5, True), (30.5, False)):
            there = GEOD.fwd(lon, lat, azimuth, away_m)[:2]
            assert (crowd.lowered(*there, 1.0, above=1.0) < 1.0) is lower
