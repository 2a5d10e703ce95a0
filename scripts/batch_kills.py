"""Kill an import of many files at random moments, run it again, and look for what is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import psutil
import shapely
from sqlalchemy import func, select

from geoinspect.errors import Text
from geoinspect.ingest.track_exports import as_gpx
from geoinspect.intake import open_campaign
from geoinspect.records import Area, Datum, DatumChoice, Level, Segment, TrackFile, TrackLine
from geoinspect.store import audit, grounds, sightings
from geoinspect.store.schema import LookRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

FILES, POINTS = 40, 400
WEST, SOUTH, SIDE = 107.9, 33.75, 0.4
# Half past eight in the morning of the second of May.
START_S = 1_777_681_800.0


def walk(seed: int) -> Segment:
    """Return a wandering walk in the square, on one of 28 days."""
    rng = np.random.default_rng(seed)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.2, POINTS))
    place = rng.uniform(0, SIDE, 2)[:, None] + np.cumsum(
        6e-5 * rng.uniform(0.5, 1.2, POINTS) * np.stack([np.cos(heading), np.sin(heading)]), axis=1
    )
    lon, lat = np.abs((place + SIDE) % (2 * SIDE) - SIDE)
    start_s = START_S + 86_400 * (seed % 28) + rng.uniform(0, 7200)
    return Segment(WEST + lon, SOUTH + lat, start_s + 5.0 * np.arange(POINTS))


def gpx(segment: Segment) -> str:
    """Return a segment as a GPX file."""
    choice = DatumChoice(None, Datum.WGS84, Text("", ""))
    return as_gpx(TrackFile("gpx", (TrackLine("soak", (segment,)),), {}, (), choice))


def open_office(folder: Path) -> None:
    """Make a workspace with one area and a campaign over it."""
    square = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
    with Workspace.create(folder) as workspace:
        with workspace.database.writing() as session:
            grounds.add_areas(session, [Area("99", "soak", Level.COUNTY, None, None, square)])
        days = date(2026, 5, 1), date(2026, 5, 31)
        open_campaign(
            workspace,
            "soak",
            area_code="99",
            start=days[0],
            end=days[1],
            cell_m=100,
            actor="soak",
        )


def killed(command: list[str], after_s: float) -> tuple[bool, int]:
    """Run a command and kill it; return whether it was still at work and how many it left behind."""
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(after_s)
    at_work = child.poll() is None
    readers = psutil.Process(child.pid).children(recursive=True) if at_work else []
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    _, left = psutil.wait_procs(readers, timeout=30)
    for process in left:
        process.kill()
    return at_work, len(left)


def faults(folder: Path) -> list[str]:
    """Return what is wrong with a workspace after an import that was killed and run to its end."""
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        rows = sightings.tracks(session)
        looks = session.scalar(select(func.count()).select_from(LookRow))
        counted = sum(row.counted_length_m > 0 for row in rows)
        audit.verify(session)
        found = []
        if sorted(row.file.name for row in rows) != sorted(f"{n}.gpx" for n in range(FILES)):
            found.append(f"{len(rows)} tracks of {len({row.file_id for row in rows})} files")
        if looks != counted:
            found.append(f"{looks} looks of {counted} tracks that count")
        for row in rows:
            path = workspace.vault.path_of(row.file.sha256)
            if not path.is_file() or sha256_of(path) != row.file.sha256:
                found.append(f"{row.file.name} is not as it came")
        if workspace.database.integrity() != "ok":
            found.append(workspace.database.integrity())
    return found


def campaign(minutes: float, random_: random.Random) -> int:
    """Kill imports for so long; return how many things were wrong."""
    rounds = kills = left = 0
    wrong: list[str] = []
    end = time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.gpx" for n in range(FILES)]
        for seed, path in enumerate(files):
            path.write_text(gpx(walk(seed)), encoding="utf-8")
        while time.monotonic() < end:
            rounds += 1
            office = Path(folder) / f"w{rounds}"
            open_office(office)
            command = [sys.executable, "-m", "geoinspect", "-w", str(office), "tracks", "add"]
            command += map(str, files)
            for _ in range(random_.randint(1, 6)):
                at_work, orphans = killed(command, random_.uniform(0.5, 8.0))
                kills, left = kills + at_work, left + orphans
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            wrong += [f"round {rounds}: {fault}" for fault in faults(office)]
    for fault in wrong:
        print(fault, file=sys.stderr)
    print(
        f"batches: {rounds} imports of {FILES} files, {kills} kills, {len(wrong)} faults, "
        f"{left} readers left behind"
    )
    return len(wrong) + left
