"""The bounds of a child that reads what strangers sent: drivers, network, bombs, rasters that lie."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PATIENCE_S
from sqlalchemy import select

from geoinspect.errors import StoreError
from geoinspect.intake import receive
from geoinspect.jobs import limits, network
from geoinspect.settings import Settings
from geoinspect.store import people
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

CANARY = "canary-7F3A"
SPARSE_TIFF = """
import sys, rasterio
from rasterio.transform import from_origin
with rasterio.open(sys.argv[1], "w", driver="GTiff", width=300_000, height=300_000, count=1,
                   dtype="uint8", crs="EPSG:4545", transform=from_origin(500000, 3800000, .05, .05),
                   BIGTIFF="YES", SPARSE_OK="TRUE", tiled=True, blockxsize=512, blockysize=512):
    pass
"""


def in_child(does: object) -> int:
    """Run a function in a forked child and return its exit status."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = int(does())  # type: ignore[operator]
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _families_open() -> int:
    """Return how many kinds of sockets to elsewhere can still be made once cut."""
    assert network.cut_network()
    opened = 0
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                socket.socket(family, kind).close()
                opened += 1
            except OSError:
                continue
    # What stays on this machine goes on working.
    left, right = socket.socketpair()
    left.send(b"x")
    assert right.recv(1) == b"x"
    left.close()
    right.close()
    return opened


def test_a_cut_child_opens_no_socket_to_elsewhere() -> None:
    assert network.network_is_cut()
    assert in_child(_families_open) == 0
    # This process goes on as it was.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free:
        free.bind(("127.0.0.1", 0))


def test_the_filter_refuses_other_machine_words_and_allows_no_jump_beyond_its_end() -> None:
    """Every way through the program, run here by hand, ends in an answer."""
    for machine, calls in network._CALLS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(network.platform, "machine", lambda name=machine: name)
            program = network._program(calls)
        allowed = {
            number
            for number in range(500)
            if _verdict(program, number, calls.machine, socket.AF_INET) == network._ALLOW
        }
        assert calls.socket not in allowed
        assert allowed == set(range(500)) - {calls.socket, *calls.others}
        assert _verdict(program, calls.socket, calls.machine, socket.AF_UNIX) == network._ALLOW
        assert _verdict(program, 0, 0x40000003, socket.AF_UNIX) == network._REFUSE
    assert _verdict(network._program(network._CALLS["x86_64"]), 0x40000029, 0xC000003E, 2) == (
        network._REFUSE
    )


def _verdict(program: bytes, number: int, machine: int, family: int) -> int:
    """Run a program of classic BPF on one call, as the kernel would."""
    import struct

    lines = list(struct.iter_unpack("<HBBI", program))
    words = {0: number, 4: machine, 16: int(family)}
    place = value = 0
    while True:
        code, true, false, k = lines[place]
        place += 1
        if code == 0x20:
            value = words[k]
        elif code == 0x15:
            place += true if value == k else false
        elif code == 0x35:
            place += true if value >= k else false
        else:
            assert code == 0x06
            return int(k)


def test_a_driver_that_must_not_be_there_stops_all_reading() -> None:
    limits.refuse_drivers({"GTiff", "COG", "GPX"})
    with pytest.raises(StoreError, match="MRF"):
        limits.refuse_drivers({"GTiff", "MRF"})


def test_bounds_follow_the_settings() -> None:
    bounds = limits.bounds_of(Settings(worker_memory_gb=2.0, worker_hours=0.5))
    assert (bounds.memory_bytes, bounds.wall_s) == (2_000_000_000, 1800.0)


def send(workspace: Workspace, path: Path, user_id: int) -> str:
    with path.open("rb") as stream:
        chunks = iter(lambda: stream.read(1 << 16), b"")
        row = receive(
            workspace, chunks, name=path.name, user_id=user_id, actor="u", max_mb=20_000.0
        )
    return row.id


def test_hostile_rasters_end_in_plain_words_and_a_good_track_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(CANARY)
    vrt, mrf, bomb, gpx = (tmp_path / name for name in ("v.tif", "m.tif", "b.tif", "t.gpx"))
    vrt.write_text(
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1" '
        f'subClass="VRTRawRasterBand"><SourceFilename>{secret}</SourceFilename></VRTRasterBand>'
        "</VRTDataset>"
    )
    mrf.write_text(
        '<MRF_META><Raster><Size x="8" y="8" c="1"/><DataFile>'
        f"{tmp_path}/written.dat</DataFile></Raster></MRF_META>"
    )
    subprocess.run([sys.executable, "-c", SPARSE_TIFF, str(bomb)], check=True)
    points = "".join(
        f'<trkpt lat="{33 + n * 1e-4}" lon="108.0"><time>2026-05-14T01:{n:02}:00Z</time></trkpt>'
        for n in range(50)
    )
    gpx.write_text(f'<gpx version="1.1" creator="t"><trk><trkseg>{points}</trkseg></trk></gpx>')
    folder = tmp_path / "w"
    before = {path.name for path in tmp_path.iterdir()}
    with Workspace.create(folder) as workspace:
        with workspace.database.writing() as session:
            person = people.add_user(
                session, name="u", role="field", unit_code=None, password="long enough 1"
            )
        sent = {path.name: send(workspace, path, person.id) for path in (vrt, mrf, bomb, gpx)}
        asked = [sys.executable, "-m", "geoinspect", "-w", str(folder), "worker", "--once"]
        worked = subprocess.run(asked, capture_output=True, timeout=PATIENCE_S, check=True)
        with workspace.database.reading() as session:
            status = {
                name: session.get_one(UploadRow, receipt).status for name, receipt in sent.items()
            }
            told = str([row.result for row in session.scalars(select(UploadRow))])
            states = set(session.scalars(select(JobRow.state)))
    assert status == {"v.tif": "refused", "m.tif": "refused", "b.tif": "refused", "t.gpx": "added"}
    assert states == {"done"}
    assert CANARY not in told + worked.stdout.decode() + worked.stderr.decode()
    assert {path.name for path in tmp_path.iterdir()} == before | {"w"}
