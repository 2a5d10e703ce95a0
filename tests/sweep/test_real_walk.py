"""A real walk, swept over the ground it was walked on, gives its length and its cells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from geoinspect import crs as crs_
from geoinspect.coverage.cells import Thresholds
from geoinspect.coverage.measure import MeasuredTrack, measure
from geoinspect.ingest.tracks import read_track
from geoinspect.settings import load_settings

WALKS = (
    "gpxpy__korita-zbevnica.gpx",
    "togeojson__run.gpx",
    "phpGPX__endomondo.gpx",
    "syn_2bulu_style.kml",
)


@pytest.mark.parametrize("name", WALKS)
def test_real_walk(shared_data: Path, name: str) -> None:
    expected = {
        e["file"]: e
        for e in json.loads((shared_data / "tracks" / "expected.json").read_text("utf-8"))
    }[name]
    file = read_track(shared_data / "tracks" / name, settings=load_settings())
    west, south, east, north = expected["bbox"]
    area = shapely.box(west - 0.01, south - 0.01, east + 0.01, north + 0.01)
    result = measure(
        area,
        [MeasuredTrack(file.segments)],
        [],
        cell_m=100,
        width_m=20,
        gap_s=1e9,
        thresholds=Thresholds(),
    )
    figures = result.as_json()
    # The grid's CRS stretches lengths by up to 0.04 % (UTM); geodesic lengths are the truth.
    assert figures["length_m"] == pytest.approx(expected["length_m"], rel=2e-3)

    crs = figures["crs"]
    lines = [
        np.column_stack(crs_.transform_xy(crs_.WGS84, crs, s.lon, s.lat))
        for s in file.segments
        if len(s) > 1
    ]
    swath = shapely.union_all([shapely.LineString(line).buffer(10, quad_segs=32) for line in lines])
    assert figures["seen_m2"] == pytest.approx(swath.area, rel=5e-3)
    met = {
        (int(r), int(c))
        for r, c, seen in zip(
            result.ground.cell_row, result.ground.cell_col, result.seen_fraction, strict=True
        )
        if seen > 0
    }
    walked = {(int(y // 100), int(x // 100)) for line in lines for x, y in line}
    assert walked <= met
    assert len(met) < 3 * len(walked) + 20 * len(lines) + figures["length_m"] / 20
