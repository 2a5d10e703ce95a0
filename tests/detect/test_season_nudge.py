"""The season as a nudge, on simulated counties: relative to the scene, silent where not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from detect_builders import SETTINGS, planted_meadow, same
from raster_builders import GSD_M, write_raster
from rasterio.transform import Affine
from season_builders import TARGET, YEAR, field, write_series

from geoinspect.detect.measure import Source, measure
from geoinspect.detect.nudged import MOST_STEPS
from geoinspect.detect.nudges import (
    Hints,
    SeasonNudge,
    relative,
    season_prior,
    zone_multipliers,
)
from geoinspect.detect.objects import EVIDENCE_STEPS
from geoinspect.detect.phenology import PhenologyPrior, phenology_prior
from geoinspect.detect.run import detect
from geoinspect.detect.sheets import Frame
from geoinspect.detect.targets import load_targets
from geoinspect.errors import UsageError


def prior_on(seed: int = 1) -> PhenologyPrior:
    series, _ = field(seed)
    return phenology_prior(series, TARGET, YEAR)


def test_the_middle_of_a_scene_is_not_moved() -> None:
    prior = relative(prior_on())
    assert np.median(prior.ratio) == pytest.approx(1)
    # One factor over all of a scene says nothing.
    low = replace(prior, ratio=prior.ratio * np.float32(0.25))
    assert np.allclose(relative(low).ratio, prior.ratio)


def test_ground_unseen_or_outside_is_not_moved(tmp_path: Path) -> None:
    prior = prior_on()
    support = prior.support.copy()
    support[:, :16] = 0
    half = relative(replace(prior, support=support))
    assert (half.ratio[:, :16] == 1).all()
    pixels = planted_meadow().pixels
    path = write_raster(tmp_path / "a.tif", pixels)
    measured = measure(Source(path, "a.tif", SETTINGS), tmp_path, workers=1)
    measured.planes.close()
    nudge = SeasonNudge(half, measured.placement, measured.scale)
    frame = Frame(0, 0, measured.planes.rows, measured.planes.cols)
    assert not nudge.of(frame).any()


def test_the_season_says_the_same_of_a_block_in_any_rectangle(tmp_path: Path) -> None:
    prior = relative(prior_on())
    placed = prior.transform
    corner = Affine(0.5, 0, placed[2] + 33.3, 0, -0.5, placed[5] - 21.7)
    path = write_raster(
        tmp_path / "a.tif", planted_meadow().pixels, crs=prior.crs, transform=corner
    )
    measured = measure(Source(path, "a.tif", SETTINGS), tmp_path, workers=1)
    measured.planes.close()
    nudge = SeasonNudge(prior, measured.placement, measured.scale)
    rows, cols = measured.planes.rows, measured.planes.cols
    whole = nudge.of(Frame(0, 0, rows, cols))
    assert whole.shape == (rows, cols)
    assert whole.any()
    assert np.abs(whole).max() <= MOST_STEPS
    for part in (Frame(3, 5, 8, 6), Frame(1, 0, rows, 7), Frame(101, 99, rows - 1, cols)):
        assert (nudge.of(part) == whole[part.top : part.bottom, part.left : part.right]).all()
    # By hand: the ratio of the pixel in which a block's square lies.
    x, y = corner @ (0.5 * 2, 0.5 * 2)
    ratio = prior.at_points(np.array([x]), np.array([y]), prior.crs)[0]
    assert whole[0, 0] == np.rint(np.log(ratio) * EVIDENCE_STEPS)


def test_a_series_becomes_a_prior_that_names_what_it_can_not_see(tmp_path: Path) -> None:
    prior, said = season_prior([write_series(tmp_path)], load_targets().target(), SETTINGS, YEAR)
    assert any("pixels can't see small patches" in text.en for text in said)
    assert np.median(prior.ratio[prior.support >= 0.5]) == pytest.approx(1)
    with pytest.raises(UsageError, match="harvest-year"):
        season_prior([write_series(tmp_path)], load_targets().target(), SETTINGS, 24)
    far, said = season_prior([write_series(tmp_path)], load_targets().target(), SETTINGS, 2019)
    assert (far.ratio == 1).all()
    assert any("2019" in text.en for text in said)


def test_risk_multipliers_of_zones_are_bounded_and_1_outside() -> None:
    prior = prior_on()
    inside = shapely.box(111.0, 33.43, 111.003, 33.4335)
    away = shapely.box(100, 20, 100.01, 20.01)
    found = zone_multipliers(prior, [inside, away])
    assert found.shape == (2,)
    assert found[1] == 1
    assert ((found >= 0.25) & (found <= 4)).all()


def test_a_series_nudges_detection_and_one_of_another_place_says_so(tmp_path: Path) -> None:
    meadow = planted_meadow()
    series = write_series(tmp_path)
    prior, _ = season_prior([series], load_targets().target(), SETTINGS, YEAR)
    here = Affine(GSD_M, 0, prior.transform[2] + 90, 0, -GSD_M, prior.transform[5] - 90)
    near = write_raster(tmp_path / "near.tif", meadow.pixels, crs=prior.crs, transform=here)
    far = write_raster(tmp_path / "far.tif", meadow.pixels)
    options = {"settings": SETTINGS, "budget_per_km2": 3000, "hints": Hints(season=prior)}
    found, _ = detect([("near.tif", near)], **options)
    assert all(0 <= patch.reasons["season"] <= 1 for patch in found.patches)
    nowhere, _ = detect([("far.tif", far)], **options)
    plain, _ = detect([("far.tif", far)], settings=SETTINGS, budget_per_km2=3000)
    same(nowhere, plain)
    assert any("lies elsewhere" in text.en for text in nowhere.warnings)
