"""Coverage at size: a province of county grids, one more track on the map, and buffer unions."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import batch_kills
import bench_confidence
import numpy as np
import psutil
import shapely
from bench_rows import CRS, X0, Y0, Line, timed, walks

from geoinspect import crs as crs_
from geoinspect.coverage.bits import side_for
from geoinspect.coverage.book import LookBook, tally
from geoinspect.coverage.cells import Thresholds, table_of
from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Look, Sweeper
from geoinspect.coverage.sums import own_sums, tree_sums
from geoinspect.intake import Intake, TrackTags, open_campaign
from geoinspect.records import Area, Level, Mode, Segment
from geoinspect.search_records import DetectionLaw, Method
from geoinspect.store import grounds
from geoinspect.store.workspace import Workspace
from webmap.office import Office
from webmap.shell import Shell

EXTENT_M, CELL_M, WIDTH_M = 70_000.0, 100.0, 50.0
COUNTIES, TRACKS, POINTS, WORKERS = 87, 100, 2000, 2
LAW = DetectionLaw.RANDOM_SEARCH


def townships(across: int = 5) -> dict[str, shapely.Polygon]:
    """Return a county of 490,000 cells cut into townships whose borders run between cells."""
    edges = np.linspace(0, EXTENT_M, across + 1)
    return {
        f"t{i}{j}": shapely.box(X0 + edges[i], Y0 + edges[j], X0 + edges[i + 1], Y0 + edges[j + 1])
        for i in range(across)
        for j in range(across)
    }


def segment_of(way: np.ndarray) -> Segment:
    """Return a walk in metres as a segment with a fix every 5 s."""
    lon, lat = crs_.transform_xy(CRS, crs_.WGS84, way[:, 0].copy(), way[:, 1].copy())
    return Segment(lon, lat, 1.8e9 + 5.0 * np.arange(len(way)))


def county_bytes(seed: int) -> tuple[bytes, int, list[bytes]]:
    """Return what a database keeps of a county: its ground, bits a side, and its looks."""
    side = side_for(CELL_M, WIDTH_M)
    ground = make_ground(townships(6), crs=CRS, cell_m=CELL_M, side=side)
    sweeper = Sweeper(ground)
    looks = [
        sweeper.track([segment_of(way)], width_m=WIDTH_M, gap_s=300.0).to_bytes()
        for way in walks(TRACKS, POINTS, EXTENT_M, seed=seed)
    ]
    return ground.to_bytes(), side, looks


def answered(kept: tuple[bytes, int, list[bytes]]) -> float:
    """Load a county and answer where it stands; return the ground seen, m²."""
    blob, side, looks = kept
    ground = Ground.from_bytes(blob, crs=CRS, cell_m=CELL_M, side=side)
    book = LookBook.of(ground, [(Method.FOOT, Look.from_bytes(look)) for look in looks], LAW)
    counts = np.ones((len(book), 1), np.bool_)
    kinds = np.zeros(len(ground.cell_row), np.int16)
    table = table_of(ground, tally(ground, book, counts, kinds), Thresholds())
    sums = tree_sums(
        own_sums(ground, table), {"county": None, **dict.fromkeys(ground.area_codes, "county")}
    )
    return sums["county"].seen_m2


class MemoryPeak:
    """Watches the memory of this process while something runs."""

    def __enter__(self) -> MemoryPeak:
        self._done = threading.Event()
        self.peak_mb = 0.0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process(os.getpid())
        while not self._done.wait(0.02):
            self.peak_mb = max(self.peak_mb, process.memory_info().rss / 2**20)


def province() -> list[Line]:
    """Answer where 87 counties of 490,000 cells stand, each loaded from what a database keeps."""
    kept = [county_bytes(seed) for seed in range(3)]
    answered(kept[0])
    with MemoryPeak() as memory, ThreadPoolExecutor(WORKERS) as pool:
        start = time.perf_counter()
        seen = list(pool.map(answered, (kept[k % len(kept)] for k in range(COUNTIES))))
        took_s = time.perf_counter() - start
    assert min(seen) > 0
    one_s = timed(lambda: answered(kept[0]))
    return [
        Line(
            f"a province: {COUNTIES} counties, {COUNTIES * 490_000 / 1e6:.1f} million cells, "
            f"{TRACKS} tracks × {POINTS} points each",
            f"{took_s:.1f} s in {WORKERS} threads, peak {memory.peak_mb / 1024:.2f} GB",
            f"one county alone {1000 * one_s:.0f} ms",
            f"{one_s * COUNTIES / took_s:.2f} ×",
            "≤ 10 s, ≤ 4 GB",
        )
    ]


def open_county(folder: Path) -> Workspace:
    """Make a workspace with a campaign over a county of some 490,000 cells and 16 townships."""
    west, south, width, height = 107.6, 33.4, 0.7577, 0.6311
    square = shapely.box(west, south, west + width, south + height)
    areas = [Area("990100", "bench", Level.COUNTY, None, None, square)]
    for i in range(4):
        for j in range(4):
            at = west + i * width / 4, south + j * height / 4
            box = shapely.box(*at, at[0] + width / 4, at[1] + height / 4)
            areas.append(Area(f"9901000{i}{j}", f"t{i}{j}", Level.TOWNSHIP, "990100", None, box))
    workspace = Workspace.create(folder)
    with workspace.database.writing() as session:
        grounds.add_areas(session, areas)
    open_campaign(
        workspace,
        "bench",
        area_code="990100",
        start=date(2026, 5, 1),
        end=date(2026, 5, 31),
        cell_m=CELL_M,
        actor="bench",
    )
    return workspace


def county_walk(number: int) -> Segment:
    """Return a walk of 2,000 points in the county, on one of 28 days."""
    way = walks(1, POINTS, 60_000.0, seed=number)[0] - np.array([X0, Y0])
    lon, lat = 107.65 + way[:, 0] / 92_400, 33.43 + way[:, 1] / 110_900
    start_s = batch_kills.START_S + 86_400 * (number % 28)
    return Segment(lon, lat, start_s + 5.0 * np.arange(len(way)))


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    """Return the tile of a place."""
    turn = np.radians(lat)
    y = (1 - np.arcsinh(np.tan(turn)) / np.pi) / 2
    return z, int((lon + 180) / 360 * 2**z), int(y * 2**z)


def one_more_track(tracks: int = 100, more: int = 7) -> list[Line]:
    """One more track in a county of 490,000 cells and 100 tracks: how soon it is on the map."""
    took: dict[str, list[float]] = {"read and stored": [], "answered": [], "painted": []}
    with tempfile.TemporaryDirectory() as folder, open_county(Path(folder) / "w") as workspace:
        intake = Intake(workspace, actor="bench")
        office = Office(workspace, Shell("", "", ""))
        for number in range(tracks + more):
            path = Path(folder) / f"{number}.gpx"
            segment = county_walk(number)
            path.write_text(batch_kills.gpx(segment), "utf-8")
            tile = tile_at(float(segment.lon[0]), float(segment.lat[0]), 13)
            times = [time.perf_counter()]
            intake.add_track(path, tags=TrackTags(mode=Mode.FOOT))
            times.append(time.perf_counter())
            if number < tracks - 2:
                continue
            office.snapshots.get(1)
            times.append(time.perf_counter())
            assert len(office.painter(1).paint(*tile)) > 200
            times.append(time.perf_counter())
            if number >= tracks:
                for name, seconds in zip(took, np.diff(times), strict=True):
                    took[name].append(float(seconds))
        cells = len(office.snapshots.get(1).ground.cell_row)
    parts = {name: 1000 * float(np.median(seconds)) for name, seconds in took.items()}
    on_map_ms = parts["answered"] + parts["painted"]
    return [
        Line(
            f"one more track of {POINTS} points on {cells:,} cells and {tracks} tracks",
            f"{on_map_ms:.0f} ms to its tile on the map",
            f"reading, cleaning, comparing and storing it {parts['read and stored']:.0f} ms",
            f"answered in {parts['answered']:.0f}, painted in {parts['painted']:.0f} ms",
            "≤ 50 ms",
        )
    ]


def buffers(share: int = 20, tracks: int = 1000) -> list[Line]:
    """The ground seen by 1,000 tracks × 2,000 points, beside one buffer a step and their union.

    Ecoscope and movingpandas go that way: no cells, only how much was seen.
    """
    whole = shapely.box(X0, Y0, X0 + EXTENT_M, Y0 + EXTENT_M)
    side = side_for(CELL_M, WIDTH_M)
    ground = make_ground({"a": whole}, crs=CRS, cell_m=CELL_M, side=side)
    ways = walks(tracks, POINTS, EXTENT_M)
    segments = [segment_of(way) for way in ways]
    sweeper = Sweeper(ground)

    def ours(count: int) -> float:
        looks = [
            (Method.FOOT, sweeper.track([segment], width_m=WIDTH_M, gap_s=300.0))
            for segment in segments[:count]
        ]
        book = LookBook.of(ground, looks, LAW)
        counts, kinds = np.ones((count, 1), np.bool_), np.zeros(len(ground.cell_row), np.int16)
        table = table_of(ground, tally(ground, book, counts, kinds), Thresholds())
        return float((table.seen_fraction * ground.cell_m2).sum())

    def peer() -> float:
        steps = np.concatenate([np.stack([way[:-1], way[1:]], axis=1) for way in ways[:share]])
        swaths = shapely.buffer(shapely.linestrings(steps), WIDTH_M / 2)
        return float(shapely.area(shapely.union_all(swaths)))

    ours(1)
    ours_s, kept = timed(lambda: ours(tracks), repeat=2), []
    peer_s = timed(lambda: kept.append(peer()), repeat=1) * tracks / share
    error = ours(share) / kept[0] - 1
    return [
        Line(
            f"ground seen by {tracks} tracks of {POINTS} points, projecting included",
            f"{ours_s:.2f} s with all 490,000 cells' figures, area {100 * error:+.3f} %",
            f"one buffer a step, union: {peer_s:.0f} s*",
            f"{peer_s / ours_s:.0f} ×",
            "",
        )
    ]


def county_confidence() -> list[Line]:
    """A county's claim with 1,000 draws of its uncertain inputs."""
    told = bench_confidence.measure(3, 1)
    return [
        Line(
            f"confidence: {bench_confidence.CELLS:,} cells, {bench_confidence.DRAWS:,} draws, "
            "3 methods, unsure risk",
            f"{told['ours_s']:.2f} s",
            f"numpy loop {told['loop_s']:.0f} s*",
            f"{told['loop_s'] / told['ours_s']:.0f} ×",
            "≤ 5 s",
        )
    ]
