"""Coverage on files under each named law of detection, exactly and by bits."""

from __future__ import annotations

import json
from pathlib import Path

import county_builder as county
import geopandas
import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from geoinspect.cli import app
from geoinspect.coverage import measure as measuring
from geoinspect.coverage.cells import Thresholds
from geoinspect.coverage.laws import detection_probability
from geoinspect.coverage.measure import Measure, MeasuredPicture, MeasuredTrack, measure
from geoinspect.search_records import DetectionLaw

AREA = shapely.box(
    county.WEST, county.SOUTH, county.WEST + 2 * county.WIDTH, county.SOUTH + county.HEIGHT
)
WALKS = (county.walk(), county.walk(offset=0.0004), county.walk(offset=0.0006))
TRACKS = [MeasuredTrack((county.segment(walk),)) for walk in WALKS]
PICTURE = MeasuredPicture(
    shapely.MultiPolygon(
        [shapely.box(county.WEST, county.SOUTH, county.WEST + 0.01, county.SOUTH + 0.01)]
    ),
    0.7,
)


def measured(tracks: list[MeasuredTrack], law: DetectionLaw, pictures: tuple = ()) -> Measure:
    return measure(
        AREA, tracks, list(pictures), cell_m=100, width_m=50, gap_s=300, thresholds=Thresholds(),
        law=law,
    )  # fmt: skip


@pytest.mark.parametrize("law", list(DetectionLaw))
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "bits"])
def test_each_track_finds_by_the_law_and_tracks_miss_independently(
    law: DetectionLaw, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exact:
        monkeypatch.setattr(measuring, "EXACT_MAX_POINTS", -1)
    together = measured(TRACKS, law, (PICTURE,))
    assert together.method == ("exact" if exact else "bits")
    assert together.as_json()["law"] == law.value
    unfound = np.ones(len(together.pod))
    for track in TRACKS:
        alone = measured([track], law)
        expected = detection_probability(alone.coverage, law)
        np.testing.assert_allclose(alone.pod, expected, atol=1e-6)
        unfound *= 1 - alone.pod
    unfound *= 1 - measured([], law, (PICTURE,)).pod
    np.testing.assert_allclose(together.pod, 1 - unfound, atol=1e-6)
    # Effort and ground seen know nothing of the law.
    plain = measured(TRACKS, DetectionLaw.RANDOM_SEARCH, (PICTURE,))
    np.testing.assert_array_equal(together.coverage, plain.coverage)
    np.testing.assert_array_equal(together.seen_fraction, plain.seen_fraction)
    assert (together.pod >= plain.pod - 1e-9).all()


def test_more_is_cleared_by_a_law_that_finds_more() -> None:
    walked = [*TRACKS, *TRACKS[:2]]
    cleared = {law: measured(walked, law).as_json()["cleared"] for law in DetectionLaw}
    assert 0 < cleared[DetectionLaw.RANDOM_SEARCH] < cleared[DetectionLaw.INVERSE_CUBE]
    assert cleared[DetectionLaw.RANDOM_SEARCH] < cleared[DetectionLaw.DEFINITE_RANGE]


def told(folder: Path, *more: str) -> dict:
    command = ["coverage", "measure", "--area", str(folder / "county.geojson"), "--cell", "100"]
    command += ["--width", "50", "--tracks", str(folder / "a.gpx"), "--json", *more]
    done = CliRunner().invoke(app, command, standalone_mode=False)
    assert done.exception is None, done.output
    return json.loads(done.stdout)


def test_the_law_is_chosen_by_name_on_the_command_line(tmp_path: Path) -> None:
    county.write_county(tmp_path)
    (tmp_path / "a.gpx").write_text(county.gpx(WALKS[0]), "utf-8")
    plain = told(tmp_path, "--out", str(tmp_path / "plain.gpkg"))
    definite = told(tmp_path, "--law", "definite_range", "--out", str(tmp_path / "definite.gpkg"))
    assert (plain["law"], definite["law"]) == ("random_search", "definite_range")
    assert {**plain, "law": "", "cleared": 0} == {**definite, "law": "", "cleared": 0}
    cells = geopandas.read_file(tmp_path / "definite.gpkg", layer="cells")
    np.testing.assert_allclose(cells.pod, np.minimum(cells.coverage, 1.0), atol=1e-9)
    cells = geopandas.read_file(tmp_path / "plain.gpkg", layer="cells")
    np.testing.assert_allclose(cells.pod, 1 - np.exp(-cells.coverage), atol=1e-9)
    wrong = CliRunner().invoke(app, ["coverage", "measure", "--law", "sure"])
    assert wrong.exit_code == 2
