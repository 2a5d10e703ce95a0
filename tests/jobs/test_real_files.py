"""The real command reads real files: what its libraries keep open never meets the database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from affine import Affine
from raster_builders import Planted, grass, write_raster
from sqlalchemy import select

from geoinspect.intake import receive
from geoinspect.store import people
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

GPX = """<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="33.5" lon="104.6"><time>2026-05-14T01:00:00Z</time></trkpt>
<trkpt lat="33.501" lon="104.6"><time>2026-05-14T01:05:00Z</time></trkpt>
</trkseg></trk></gpx>"""


def picture(path: Path, n: int) -> Path:
    """A small meadow of its own."""
    pixels = grass(200, 200, [Planted(60, 60, 40, 40)])
    pixels[..., 0] = np.roll(pixels[..., 0], n)
    corner = Affine(0.05, 0, 400_000 + 50 * n, 0, -0.05, 3_700_000)
    return write_raster(path, pixels, transform=corner, crs="EPSG:4545") or path


def test_pictures_and_tracks_are_read_by_children_of_one_worker(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        with workspace.database.writing() as session:
            who = people.add_user(
                session, name="一号", role="field", unit_code=None, password="long enough 1"
            ).id
        for n in range(3):
            picture(tmp_path / f"{n}.tif", n)
            sent = [(f"{n}.gpx", GPX.replace("104.6", f"104.6{n}").encode())]
            sent.append((f"{n}.tif", (tmp_path / f"{n}.tif").read_bytes()))
            for name, data in sent:
                receive(workspace, [data], name=name, user_id=who, actor="一号", max_mb=50)
        workspace.database.close()
        command = [sys.executable, "-m", "geoinspect", "-w", str(workspace.folder), "worker"]
        done = subprocess.run(
            [*command, "--once", "--workers", "2"],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        with workspace.database.reading() as session:
            states = [row.state for row in session.scalars(select(JobRow))]
            ends = {row.name: row.status for row in session.scalars(select(UploadRow))}
    assert states == ["done"] * 6
    assert set(ends.values()) == {"added"}, ends
