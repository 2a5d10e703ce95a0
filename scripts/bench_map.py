"""The map at full size: vector tiles by zoom, and picture tiles beside plain rio-tiler.

The county is simulated (big_county.py). ``GEOINSPECT_BENCH_COUNTY`` names a folder to keep it in.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import big_county
import numpy as np
from bench_coverage import tile_at
from bench_map_browser import browser_lines
from bench_rows import SEED, Line
from big_county_ground import HEIGHT_DEG, SOUTH, WEST, WIDTH_DEG, Size
from flask.testing import FlaskClient
from rio_tiler.io import Reader
from sqlalchemy import select

from geoinspect.store import people, sightings
from geoinspect.store.schema import UserRow
from geoinspect.store.workspace import Workspace
from webmap import create_app
from webmap.tiles.pictures import Pictures

PASSWORD = "simulated 1"
PERSON = "测速"
ZOOMS = (8, 10, 12, 13, 14, 15, 16)
KINDS = ("patches", "tracks", "cases")
SCREEN = 12
PICTURE_ZOOM, PICTURES = 17, 200


@contextmanager
def county() -> Iterator[Path]:
    """Yield the folder of the simulated county, made where it is not there yet."""
    kept = os.environ.get("GEOINSPECT_BENCH_COUNTY")
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(kept) if kept else Path(spare) / "county"
        if not (folder / "geoinspect.db").exists():
            big_county.build(folder, Size(), password=PASSWORD)
        _add_person(folder)
        yield folder


def _add_person(folder: Path) -> None:
    """See to it that the bench's own administrator is there: a kept county has its own people."""
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        if session.scalar(select(UserRow).where(UserRow.name == PERSON)) is None:
            people.add_user(session, name=PERSON, role="admin", unit_code=None, password=PASSWORD)


def signed_in(folder: Path) -> FlaskClient:
    """Return a client of the app in which the county's administrator has signed in."""
    client = create_app(folder, testing=True).test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    form = {"username": PERSON, "password": PASSWORD, "csrf_token": token}
    answer = client.post("/login", data=form)
    assert answer.status_code == 302, answer.status_code
    return client


@dataclass(frozen=True)
class Asked:
    """What some tiles took: the first time and when asked for again, ms, and KB sent."""

    first_ms: float
    again_ms: float
    kb: float


def asked(client: FlaskClient, url: str, zoom: int, random: np.random.Generator) -> Asked | None:
    """Ask for tiles at random places of the county; None where none held anything."""
    first, again, sizes = [], [], []
    for _ in range(SCREEN * 4):
        lon, lat = WEST + random.uniform(0, WIDTH_DEG), SOUTH + random.uniform(0, HEIGHT_DEG)
        z, x, y = tile_at(lon, lat, zoom)
        took = []
        for _time in range(2):
            start = time.perf_counter()
            answer = client.get(url.format(z=z, x=x, y=y), headers={"Accept-Encoding": "gzip"})
            took.append(1000 * (time.perf_counter() - start))
        if answer.status_code == 200:
            first.append(took[0])
            again.append(took[1])
            sizes.append(len(answer.data) / 1000)
        if len(sizes) == SCREEN:
            break
    if not sizes:
        return None
    return Asked(float(np.median(first)), float(np.median(again)), max(sizes))


def tile_lines(client: FlaskClient) -> list[Line]:
    """Vector tiles of 100,000 patches, 10,000 tracks and 3,000 cases, by zoom."""
    start = time.perf_counter()
    told = client.get("/api/v1/shapes").get_json()["kinds"]
    cold_s = time.perf_counter() - start
    counts = ", ".join(f"{told[kind]['count']:,} {kind}" for kind in KINDS)
    lines = [Line(f"map: {counts}: the first question", f"{cold_s:.2f} s", "", "", "≤ 2 s")]
    random = np.random.default_rng(SEED)
    for kind in KINDS:
        for zoom in ZOOMS:
            one = asked(client, told[kind]["url"], zoom, random)
            if one is None:
                continue
            what = "counts" if zoom < told[kind]["counts_below_zoom"] else kind
            lines.append(
                Line(
                    f"  tile of {kind} at zoom {zoom} ({what})",
                    f"{one.first_ms:.1f} ms, again {one.again_ms:.1f} ms",
                    f"largest {one.kb:.1f} KB",
                    "",
                    "≤ 100 ms",
                )
            )
    return lines


def picture_lines(folder: Path) -> list[Line]:
    """Raster tiles a second of one process, beside rio-tiler that reads and warps only."""
    random = np.random.default_rng(SEED)
    with Workspace.open(folder) as workspace:
        with workspace.database.reading() as session:
            rows = sightings.surveys(session)[:8]
            boxes = [(row.id, row.west, row.south, row.east, row.north) for row in rows]
        asked_for = []
        for k in range(PICTURES):
            number, west, south, east, north = boxes[k % len(boxes)]
            place = random.uniform(west, east), random.uniform(south, north)
            z, x, y = tile_at(*place, PICTURE_ZOOM)
            asked_for.append((workspace.survey_path(number), z, x, y))
        asked_for.sort(key=lambda one: one[0])
    pictures = Pictures()
    pictures.tile(*asked_for[0])

    def ours() -> float:
        start = time.perf_counter()
        for path, z, x, y in asked_for:
            pictures.tile(path, z, x, y)
        return PICTURES / (time.perf_counter() - start)

    def plain(encoded: bool) -> float:
        start, reader, opened = time.perf_counter(), None, None
        for path, z, x, y in asked_for:
            if path != opened:
                reader, opened = Reader(str(path)), path
            assert reader is not None
            image = reader.tile(x, y, z, tilesize=256, resampling_method="bilinear")
            if encoded:
                image.render(img_format="WEBP")
        return PICTURES / (time.perf_counter() - start)

    rate, bare, whole = (
        max(one() for _ in range(2)) for one in (ours, lambda: plain(False), lambda: plain(True))
    )
    return [
        Line(
            f"picture tiles at zoom {PICTURE_ZOOM}, {PICTURES} of 8 surveys",
            f"{rate:.0f}/s",
            f"rio-tiler without encoding {bare:.0f}/s",
            f"{rate / bare:.2f} ×",
            "≥ 100/s, ≥ 0.8 ×",
        ),
        Line("", "", f"rio-tiler with its WebP {whole:.0f}/s", f"{rate / whole:.2f} ×", ""),
    ]


def map_at_full_size() -> list[Line]:
    """The tiles of the simulated county, and its page in a browser beside plain folium."""
    with county() as folder:
        tiles = [*tile_lines(signed_in(folder)), *picture_lines(folder)]
        return [*tiles, *browser_lines(folder, PERSON, PASSWORD)]
