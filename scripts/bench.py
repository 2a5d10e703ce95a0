"""Benchmarks beside a peer in the same run. Ratios travel between machines, seconds do not."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import batch_kills
import bench_coverage
import bench_detect
import bench_map
import geopandas
import gpxpy
import numpy as np
import pandas
import pyogrio
import shapely
from bench_rows import CRS, SEED, X0, Y0, Line, timed, walks

from geoinspect import crs as crs_
from geoinspect.coverage.bits import side_for
from geoinspect.coverage.cells import Thresholds, combine
from geoinspect.coverage.ground import make_ground
from geoinspect.coverage.looks import Look
from geoinspect.coverage.sweep import sweep_lines
from geoinspect.ingest.tracks import read_track
from geoinspect.intake import Intake, TrackTags
from geoinspect.intake.batch import add_tracks
from geoinspect.records import AddResult, utc_iso
from geoinspect.settings import load_settings
from geoinspect.store.workspace import Workspace


def sweep() -> list[Line]:
    """1,000 tracks × 2,000 points on 490,000 cells of 100 m, 50 m sweep."""
    extent_m, width_m = 70_000.0, 50.0
    whole = shapely.box(X0, Y0, X0 + extent_m, Y0 + extent_m)
    side = side_for(100.0, width_m)
    ground = make_ground({"a": whole}, crs=CRS, cell_m=100.0, side=side)
    ways = walks(1000, 2000, extent_m)
    window = (ground.grid.row0, ground.grid.col0, ground.grid.cell_m, side)
    slot = np.full(len(ground.cell_row), -1, np.int32)
    metric = [
        (w[:, 0].copy(), w[:, 1].copy(), np.arange(len(w)) * 5.0, np.array([0, len(w)]))
        for w in ways
    ]

    def ours() -> list[tuple[np.ndarray, ...]]:
        return [
            sweep_lines(
                *track, width_m / 2, window, ground.index, ground.cell_bits, ground.full, slot
            )
            for track in metric
        ]

    ours()
    ours_s = timed(ours, repeat=5)
    swept = ours()
    project_s = timed(
        lambda: [crs_.transform_xy(CRS, crs_.WGS84, x, y) for x, y, *_ in metric], repeat=1
    )
    looks = [
        Look(
            np.full(len(cells), width_m, np.float32),
            np.nan,
            ground.cell_row[cells],
            ground.cell_col[cells],
            masks,
            length,
            last,
        )
        for cells, masks, length, last in swept
    ]
    combine_s = timed(lambda: combine(ground, looks, Thresholds()), repeat=1)
    share = 40
    sample = [shapely.LineString(way).buffer(width_m / 2) for way in ways[:share]]
    squares = ground.squares()
    frame = geopandas.GeoDataFrame({"cell": np.arange(len(squares))}, geometry=squares, crs=CRS)
    swaths = geopandas.GeoDataFrame({"track": range(share)}, geometry=sample, crs=CRS)
    overlay_s = timed(lambda: geopandas.overlay(frame, swaths, how="intersection"), repeat=1)
    buffer_s = timed(
        lambda: [shapely.LineString(w).buffer(width_m / 2) for w in ways[:share]], repeat=1
    )
    tree = shapely.STRtree(squares)

    def by_tree() -> float:
        total = 0.0
        for swath in sample:
            cells = tree.query(swath, predicate="intersects")
            total += shapely.area(shapely.intersection(squares[cells], swath)).sum()
        return total

    tree_s = timed(by_tree, repeat=1)
    scale = len(ways) / share
    overlay_all, tree_all = (overlay_s + buffer_s) * scale, (tree_s + buffer_s) * scale
    errors = [
        float(np.sum(np.bitwise_count(look.masks)) * ground.bit_m**2) / swath.area - 1
        for look, swath in zip(looks, sample, strict=False)
    ]
    error = float(np.mean(errors))
    ours_text = f"{ours_s:.2f} s (+{project_s:.2f} s to project, +{combine_s:.2f} s to combine), area error {100 * error:+.3f} %"
    return [
        Line(
            "sweep 1000×2000 pts, 490,000 cells",
            ours_text,
            f"geopandas overlay {overlay_all:.0f} s*",
            f"{overlay_all / ours_s:.0f} ×",
            "≥ 500 ×, ≤ 0.1 %",
        ),
        Line("", "", f"STRtree a track {tree_all:.0f} s*", f"{tree_all / ours_s:.0f} ×", "≥ 50 ×"),
    ]


def gpx() -> list[Line]:
    """Read one GPX of 300,000 points."""
    random = np.random.default_rng(SEED)
    lon = 108 + np.cumsum(random.normal(0, 1e-5, 300_000))
    lat = 34 + np.cumsum(random.normal(0, 1e-5, 300_000))
    stamps = np.datetime_as_string(
        np.datetime64("2026-05-14T00:00:00") + np.arange(300_000).astype("m8[s]")
    )
    rows = "".join(
        f'<trkpt lat="{b:.7f}" lon="{a:.7f}"><ele>812.4</ele><time>{t}Z</time></trkpt>\n'
        for a, b, t in zip(lon, lat, stamps, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.gpx"
        path.write_text(
            f'<gpx version="1.1" creator="b" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{rows}</trkseg></trk></gpx>'
        )
        settings = load_settings()
        ours_s = timed(partial(read_track, path, settings=settings))
        gdal_s = timed(lambda: pyogrio.raw.read(path, layer="track_points"), repeat=2)
        gpxpy_s = timed(lambda: gpxpy.parse(path.read_text()), repeat=1)
    return [
        Line(
            "read a 300,000-point GPX",
            f"{ours_s:.2f} s",
            f"gpxpy {gpxpy_s:.1f} s",
            f"{gpxpy_s / ours_s:.1f} ×",
            "≥ 5 ×",
        ),
        Line("", "", f"GDAL {gdal_s:.1f} s", f"{gdal_s / ours_s:.1f} ×", "≥ 1 ×"),
    ]


def mixed_files(folder: Path, count: int) -> list[Path]:
    """Write walks as offices send them: most GPX, some KML, GeoJSON and CSV."""
    paths = []
    for number in range(count):
        segment = batch_kills.walk(number)
        places = list(zip(segment.lon.tolist(), segment.lat.tolist(), strict=True))
        stamps = [utc_iso(moment) for moment in segment.time_s.tolist()]
        kind = ("gpx", "gpx", "gpx", "gpx", "gpx", "gpx", "gpx", "kml", "geojson", "csv")[
            number % 10
        ]
        if kind == "gpx":
            text = batch_kills.gpx(segment)
        elif kind == "kml":
            points = "".join(
                f"<when>{when}</when><gx:coord>{lon:.7f} {lat:.7f} 0</gx:coord>"
                for when, (lon, lat) in zip(stamps, places, strict=True)
            )
            text = (
                '<kml xmlns="http://www.opengis.net/kml/2.2" '
                'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><Placemark>'
                f"<gx:Track>{points}</gx:Track></Placemark></Document></kml>"
            )
        elif kind == "geojson":
            shape = {"type": "LineString", "coordinates": places}
            feature = {"type": "Feature", "properties": {"coordTimes": stamps}, "geometry": shape}
            text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        else:
            rows = [
                f"{when},{lon:.7f},{lat:.7f}"
                for when, (lon, lat) in zip(stamps, places, strict=True)
            ]
            text = "time,lon,lat\n" + "\n".join(rows)
        path = folder / f"{number}.{kind}"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def read_alone(path: Path) -> object:
    """Read a file as a script of one's own would, and do nothing with it."""
    if path.suffix == ".gpx":
        return gpxpy.parse(path.read_text())
    return pandas.read_csv(path) if path.suffix == ".csv" else geopandas.read_file(path)


def importing() -> list[Line]:
    """Import 1,000 mixed files: read, cleaned, compared with each other, swept and stored."""
    count, took_s = 1000, {}
    with tempfile.TemporaryDirectory() as folder:
        items = [(path, TrackTags()) for path in mixed_files(Path(folder), count)]
        for name, workers in (("one", 0), ("all", None), ("again", None)):
            office = Path(folder) / ("one" if name == "one" else "all")
            if name != "again":
                batch_kills.open_office(office)
            with Workspace.open(office) as workspace:
                intake = Intake(workspace, actor="bench").tracks
                start = time.perf_counter()
                told = list(add_tracks(intake, items, workspace.settings, workers=workers))
                took_s[name] = time.perf_counter() - start
            wanted = "duplicate" if name == "again" else "added"
            assert {one.status for one in told if isinstance(one, AddResult)} == {wanted}
            assert len(told) == count
        peer_s = timed(lambda: [read_alone(path) for path, _ in items], repeat=1)
    one_s, all_s, again_s = took_s["one"], took_s["all"], took_s["again"]
    return [
        Line(
            f"import {count} mixed files of {batch_kills.POINTS} points",
            f"{all_s:.1f} s on {os.cpu_count()} cores",
            f"our own on one core {one_s:.1f} s",
            f"{one_s / all_s:.2f} ×",
            "both cores",
        ),
        Line(
            "", "", f"gpxpy, geopandas: only reading {peer_s:.1f} s", f"{peer_s / all_s:.2f} ×", ""
        ),
        Line("the same files again", f"{again_s:.1f} s", "", f"{all_s / again_s:.0f} ×", ""),
    ]


BENCHES: dict[str, Callable[[], list[Line]]] = {
    "sweep": sweep,
    "buffers": bench_coverage.buffers,
    "province": bench_coverage.province,
    "track": bench_coverage.one_more_track,
    "confidence": bench_coverage.county_confidence,
    "gpx": gpx,
    "detect": bench_detect.lines,
    "import": importing,
    "map": bench_map.map_at_full_size,
}


def main() -> None:
    """Run the named benchmarks and print one table."""
    chosen = sys.argv[1:] or list(BENCHES)
    unknown = set(chosen) - BENCHES.keys()
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(sorted(unknown))}; known: {', '.join(BENCHES)}")
    lines = [line for name in chosen for line in BENCHES[name]()]
    head = Line("work", "geoinspect", "peer", "ratio", "aim")
    widths = [max(len(getattr(line, name)) for line in [head, *lines]) for name in vars(head)]
    for line in [head, *lines]:
        print(
            "  ".join(
                value.ljust(width) for value, width in zip(vars(line).values(), widths, strict=True)
            )
        )
    print("* measured on a sample of the tracks and scaled by their number")


if __name__ == "__main__":
    main()
