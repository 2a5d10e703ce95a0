"""Seeded trials: what was found follows the curve whose width the truth keeps."""

from __future__ import annotations

import csv
import json
import math

import geopandas
import numpy as np
import pytest
import shapely

from geoinspect.ingest.tracks import read_track
from geoinspect.settings import Settings
from sample_data.trials import TRIAL_TRUTH

WIDTHS_M = {"foot": 16.0, "drone": 45.0}


@pytest.fixture(scope="module")
def truths(county):
    return json.loads((county / TRIAL_TRUTH).read_text("utf-8"))["trials"]


def metric(lon, lat):
    points = geopandas.GeoSeries(shapely.points(lon, lat), crs="EPSG:4326").to_crs("EPSG:4544")
    return points.to_numpy()


def targets(county, truth):
    with (county / truth["targets"]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    places = metric([float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows])
    return rows, places


def walk(county, truth):
    (segment,) = read_track(county / truth["walk"], settings=Settings()).segments
    return shapely.linestrings(shapely.get_coordinates(metric(segment.lon, segment.lat)))


def test_one_trial_on_foot_in_may_and_one_by_drone(county, manifest, truths):
    assert [truth["targets"] for truth in truths] == [
        "trials/foot-2026-05-20-targets.csv",
        "trials/drone-2026-05-21-targets.csv",
    ]
    assert {truth["method"]: truth["width_m"] for truth in truths} == WIDTHS_M
    for file, truth in zip(manifest.of_kind("trial"), truths, strict=True):
        assert (file.path, file.about["walk"]) == (truth["targets"], truth["walk"])
        assert file.about["method"] == truth["method"]
        assert (county / truth["walk"]).is_file()


def test_thirty_targets_each_found_or_not(county, truths):
    for truth in truths:
        rows, _ = targets(county, truth)
        assert list(rows[0]) == ["target", "lon", "lat", "found", "note"]
        assert len({row["target"] for row in rows}) == len(rows) == 30
        assert {row["found"] for row in rows} == {"0", "1"}
        assert sum(int(row["found"]) for row in rows) == truth["found"]


def test_the_walk_passes_the_targets_as_the_truth_says(county, truths):
    for truth in truths:
        _, places = targets(county, truth)
        passed_m = shapely.distance(places, walk(county, truth))
        # The walk is what a receiver noted, the truth where the team went.
        assert passed_m == pytest.approx(np.array(truth["nearest_pass_m"]), abs=8)


def test_the_curve_is_half_normal_and_its_area_is_the_width(truths):
    for truth in truths:
        sigma_m = truth["sigma_m"]
        aside_m = np.linspace(-20 * sigma_m, 20 * sigma_m, 40_001)
        curve = np.exp(-(aside_m**2) / (2 * sigma_m**2))
        assert np.trapezoid(curve, aside_m) == pytest.approx(truth["width_m"], rel=1e-4)
        nearest = np.exp(-(np.array(truth["nearest_pass_m"]) ** 2) / (2 * sigma_m**2))
        chance = np.array(truth["detection_probability"])
        # Legs farther off add a little, never more than they could each alone.
        assert (chance >= nearest - 2e-3).all()
        assert (chance <= nearest + 0.05).all()


def test_what_was_found_is_what_the_curve_lets_expect(truths):
    for truth in truths:
        chance = np.array(truth["detection_probability"])
        deviation = math.sqrt(float((chance * (1 - chance)).sum()))
        assert abs(truth["found"] - chance.sum()) < 4 * deviation
