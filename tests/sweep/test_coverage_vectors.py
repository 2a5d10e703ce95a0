"""Both ways of measuring against the exact vectors, within the tolerances those state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from geoinspect.coverage import measure as measuring
from geoinspect.coverage.cells import Thresholds
from geoinspect.coverage.measure import Measure, MeasuredTrack, measure
from geoinspect.records import Segment


@pytest.fixture(scope="module")
def vectors(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "coverage_vectors.json").read_text("utf-8"))


def measured(case: dict[str, Any]) -> Measure:
    area = shapely.MultiPolygon(
        [
            shapely.Polygon(part[0]["lonlat"], [h["lonlat"] for h in part[1:]])
            for part in case["area"]
        ]
    )
    tracks = {}
    for track in case["tracks"]:
        segments = tuple(
            Segment(*np.array(s["lonlat"], dtype=float).T, np.full(len(s["lonlat"]), np.nan))
            for s in track["segments"]
        )
        tracks.setdefault(json.dumps(track["segments"]), MeasuredTrack(segments))
    return measure(
        area,
        list(tracks.values()),
        [],
        cell_m=case["cell_m"],
        width_m=case["width_m"],
        gap_s=300,
        thresholds=Thresholds(),
    )


def expected_cells(case: dict[str, Any]) -> dict[tuple[int, int], dict[str, float]]:
    size = case["cell_m"]
    return {(round(c["y"] / size), round(c["x"] / size)): c for c in case["expected"]["cell"]}


def test_exact_way_agrees_with_every_case(vectors: dict[str, Any]) -> None:
    for case in vectors["cases"]:
        result, expected = measured(case), case["expected"]
        figures = result.as_json()
        assert figures["method"] == "exact"
        assert figures["crs"] == case["crs"]
        assert figures["cells"] == expected["cells"], case["name"]
        assert figures["touched"] == expected["touched"], case["name"]
        assert figures["seen_m2"] == pytest.approx(expected["seen_m2"], rel=2e-4, abs=0.5)
        assert figures["length_m"] == pytest.approx(expected["length_m"], rel=1e-3, abs=0.01)
        cells = expected_cells(case)
        for i in range(len(result.state)):
            cell = cells[int(result.ground.cell_row[i]), int(result.ground.cell_col[i])]
            assert result.seen_fraction[i] == pytest.approx(cell["seen_fraction"], abs=2e-3)
            for name in ("length_m", "coverage", "pod"):
                if name in cell:
                    assert getattr(result, name)[i] == pytest.approx(cell[name], rel=1e-3, abs=1e-3)


def test_bits_agree_within_the_stated_tolerances(
    vectors: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "EXACT_MAX_POINTS", -1)
    biased = vectors["tolerance"]["along the grid"]
    squares = weights = seen = truth = 0.0
    for case in vectors["cases"]:
        result, expected = measured(case), case["expected"]
        assert result.as_json()["method"] == "bits"
        assert result.as_json()["cells"] == expected["cells"]
        seen += result.as_json()["seen_m2"]
        truth += expected["seen_m2"]
        limit = 0.13 if case["name"] in biased else 0.08
        cells = expected_cells(case)
        for i in range(len(result.state)):
            cell = cells[int(result.ground.cell_row[i]), int(result.ground.cell_col[i])]
            share = result.ground.cell_m2[i] / case["cell_m"] ** 2
            error = abs(result.seen_fraction[i] - cell["seen_fraction"])
            assert error * (1.0 if share >= 0.5 else share) <= limit, case["name"]
            assert (result.seen_fraction[i] > 0) or cell["seen_fraction"] < 0.01
            if cell["seen_fraction"] > 0 and case["name"] not in biased:
                squares += error**2 * share
                weights += share
    assert (squares / weights) ** 0.5 <= 0.02
    assert seen == pytest.approx(truth, rel=0.01)
