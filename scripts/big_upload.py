"""Send one raster of 20 GB by tus, kill the server in the middle, and go on.

The raster is a real BigTIFF whose tiles are holes on this disk; the server's copy takes its full
size there, and is removed at the end. Told are the rate, and the memory that the web's worker
held: it must not grow with the file. Where less than 15 GB of disk would be left nothing is begun.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import numpy as np
import rasterio
from job_kills import Server
from rasterio.transform import from_origin
from rasterio.windows import Window
from sqlalchemy import select
from upload_faults import UPLOADS, make_office
from web_senders import exchange

from geoinspect.store.job_schema import IncomingRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

GB = 1e9
PIECE_BYTES = 8 << 20
_TILE_PX, _BANDS = 512, 3
_KEEP_FREE_BYTES = 15 * GB
_LOOK_EACH = 20
_PATIENCE_S = 3600.0


def make_raster(path: Path, size_bytes: float) -> None:
    """Write a raster of at most so many bytes; nearly all of it is holes."""
    tiles = int((size_bytes / _BANDS / _TILE_PX**2) ** 0.5)
    side_px = tiles * _TILE_PX
    options = {
        "driver": "GTiff", "width": side_px, "height": side_px, "count": _BANDS, "dtype": "uint8",
        "crs": "EPSG:32649", "transform": from_origin(400_000, 3_600_000, 0.03, 0.03),
        "tiled": True, "blockxsize": _TILE_PX, "blockysize": _TILE_PX, "interleave": "pixel",
        "photometric": "RGB", "BIGTIFF": "YES",
    }  # fmt: skip
    with rasterio.open(path, "w", **options) as out:
        # The last tile makes the file as long as it is.
        place = side_px - _TILE_PX
        tile = np.full((_BANDS, _TILE_PX, _TILE_PX), 90, dtype=np.uint8)
        out.write(tile, window=Window(place, place, _TILE_PX, _TILE_PX))


def memory_mb(server: Server) -> tuple[float, float]:
    """Return how much the web's worker holds, and the most that it held."""
    pid = server.web_worker()
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


class Sending:
    """One file that goes to a server, piece by piece."""

    def __init__(self, server: Server, token: str, path: Path) -> None:
        self.held_mb: list[float] = []
        self.most_mb = 0.0
        self.faults: list[str] = []
        self._server, self._path = server, path
        self._headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        self._place = ""

    def ask(self, method: str, path: str, body: bytes, **more: str) -> tuple[int, dict[str, str]]:
        """Ask once; a server that is on its way up is asked again.

        Raises:
            RuntimeError: It never answers.
        """
        headers = self._headers | {name.replace("_", "-"): v for name, v in more.items()}
        end_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end_s:
            with suppress(OSError, HTTPException):
                status, told, said = exchange(self._server.port, method, path, body, headers)
                if status >= 400:
                    self.faults.append(f"{method} {path}: {status} {said[:200]!r}")
                    raise RuntimeError(self.faults[-1])
                return status, dict(told.items())
            time.sleep(0.5)
        raise RuntimeError("no answer")

    def begin(self) -> None:
        """Announce the file."""
        length = str(self._path.stat().st_size)
        _status, told = self.ask(
            "POST", UPLOADS, b"", Upload_Length=length, Upload_Metadata="filename YS50aWY="
        )
        self._place = told["Location"]

    def where(self) -> int:
        """Return how far it is."""
        return int(self.ask("HEAD", self._place, b"")[1]["Upload-Offset"])

    def send(self, offset: int, until: int) -> int:
        """Send pieces from an offset on until so many bytes are there; return how many are."""
        with self._path.open("rb", buffering=0) as file:
            file.seek(offset)
            for number in range(1 << 40):
                piece = file.read(PIECE_BYTES)
                if not piece or offset >= until:
                    return offset
                _status, told = self.ask(
                    "PATCH", self._place, piece, Upload_Offset=str(offset),
                    Content_Type="application/offset+octet-stream",
                )  # fmt: skip
                offset = int(told["Upload-Offset"])
                if number % _LOOK_EACH == 0:
                    held_mb, most_mb = memory_mb(self._server)
                    self.held_mb.append(held_mb)
                    self.most_mb = max(self.most_mb, most_mb)
        return offset

    def receipt(self) -> str:
        """Wait until the worker has hashed the file; return its receipt."""
        end_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end_s:
            told = self.ask("HEAD", self._place, b"")[1]
            if "Upload-Receipt" in told:
                return told["Upload-Receipt"]
            time.sleep(0.5)
        raise RuntimeError("no receipt in time")


def campaign(folder: Path, *, size_gb: float = 20.0) -> dict[str, object]:
    """Send such a raster, with a kill of the whole server half-way; return figures and ``faults``.

    Raises:
        RuntimeError: The disk has too little room for it, or the server refuses something.
    """
    free = shutil.disk_usage(folder).free
    if free - size_gb * GB < _KEEP_FREE_BYTES:
        raise RuntimeError(f"{free / GB:.0f} GB are free: too little for {size_gb} GB")
    office, raster = folder / "w", folder / "a.tif"
    token = make_office(office)[0]
    make_raster(raster, size_gb * GB)
    length = raster.stat().st_size
    server = Server(office, folder / "log")
    try:
        server.start()
        sending = Sending(server, token, raster)
        sending.begin()
        begun_s = time.monotonic()
        acknowledged = sending.send(0, length // 2)
        rate = acknowledged / 1e6 / (time.monotonic() - begun_s)
        server.kill("whole")
        server.start()
        offset = sending.where()
        if offset < acknowledged:
            sending.faults.append(f"{acknowledged - offset} acknowledged bytes were forgotten")
        sending.send(offset, length)
        sent_s = time.monotonic() - begun_s
        receipt = sending.receipt()
        whole_s = time.monotonic() - begun_s
    finally:
        server.end()
    faults = [*sending.faults, *_kept_faults(office, receipt, raster)]
    return {
        "bytes": length,
        "rate_mb_s": round(rate),
        "sent_s": round(sent_s),
        "receipt_after_s": round(whole_s),
        "held_mb": {
            "first": round(sending.held_mb[0]),
            "last": round(sending.held_mb[-1]),
            "most": round(sending.most_mb),
        },
        "faults": faults,
    }


def _kept_faults(office: Path, receipt: str, raster: Path) -> list[str]:
    """Return what is wrong with the copy that is kept."""
    wrong = []
    with Workspace.open(office) as workspace:
        with workspace.database.reading() as session:
            rows = session.scalars(select(IncomingRow)).all()
            wrong += [] if [row.receipt_id for row in rows] == [receipt] else ["not one receipt"]
        right = hashlib.sha256()
        with raster.open("rb") as file:
            while part := file.read(1 << 24):
                right.update(part)
        path = workspace.vault.path_of(right.hexdigest())
        if not path.is_file() or sha256_of(path) != right.hexdigest():
            wrong.append("the bytes that are kept are not those that were sent")
    return wrong


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=20.0)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        found = campaign(Path(folder), size_gb=chosen.gb)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
