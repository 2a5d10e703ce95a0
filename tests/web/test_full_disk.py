"""A workspace on a real small disk: told before it is full, nothing lost when it is, and on it goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import upload_faults
from upload_faults import UPLOADS
from web_senders import HOST, exchange, quiet_port

from geoinspect.store.vault import FREE_FLOOR_BYTES

pytestmark = pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root mounts a small disk"
)
MB = 1_000_000
ROOM_BYTES = 40 * MB
PIECE = "application/offset+octet-stream"


@dataclass
class Office:
    """A server whose workspace lies on a disk that holds little more than the floor.

    Attributes:
        disk: The disk, as this process can reach it.
    """

    port: int
    token: str
    disk: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", **more: str
    ) -> tuple[int, dict[str, str], bytes]:
        headers = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        status, told, content = exchange(self.port, method, path, body, headers)
        return status, dict(told.items()), content

    def begin(self, length: int) -> tuple[int, str, bytes]:
        status, told, content = self.ask(
            "POST", UPLOADS, Upload_Length=str(length), Upload_Metadata="filename YS50eHQ="
        )
        return status, told.get("Location", ""), content

    def patch(self, place: str, offset: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
        return self.ask("PATCH", place, data, Upload_Offset=str(offset), Content_Type=PIECE)

    def offset(self, place: str) -> int:
        return int(self.ask("HEAD", place)[1]["Upload-Offset"])

    def fill(self, leave_bytes: int) -> Path:
        """Take all room but so much with a file that is not ours."""
        filler = self.disk / "filler"
        with filler.open("ab", buffering=0) as out, suppress(OSError):
            while (free := shutil.disk_usage(self.disk).free) > leave_bytes:
                out.write(bytes(min(MB, free - leave_bytes)))
        return filler


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    disk = tmp_path_factory.mktemp("disk")
    token = upload_faults.make_office(disk / "w")[0]
    copy = tmp_path_factory.mktemp("copy") / "w"
    shutil.move(disk / "w", copy)
    port = quiet_port()
    script = (
        f"mount -t tmpfs -o size={FREE_FLOOR_BYTES + ROOM_BYTES} tmpfs {disk} && "
        f"cp -r {copy} {disk}/w && "
        f"exec {sys.executable} -m geoinspect -w {disk}/w serve --workers 0 --port {port}"
    )
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        answered = False
        while not answered:
            assert process.poll() is None
            with suppress(OSError, HTTPException):
                answered = exchange(port, "GET", "/healthz")[0] == 200
            time.sleep(0.05)
        yield Office(port, token, Path(f"/proc/{process.pid}/root{disk}"))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def words(content: bytes) -> str:
    told = json.loads(content)
    assert told["message_zh"]
    return f"{told['code']} {told['message']}"


def test_what_has_no_room_is_refused_before_its_first_byte(office: Office) -> None:
    status, _place, content = office.begin(ROOM_BYTES)
    assert status == 507
    assert words(content).startswith("disk_full the disk has no room for it")
    status, place, _content = office.begin(ROOM_BYTES // 2)
    assert status == 201
    # The other half is promised to the first one.
    assert office.begin(ROOM_BYTES // 2)[0] == 507
    assert office.ask("DELETE", place)[0] == 204
    status, place, _content = office.begin(ROOM_BYTES // 2)
    assert status == 201
    assert office.ask("DELETE", place)[0] == 204


@pytest.mark.parametrize("left_bytes", [FREE_FLOOR_BYTES, 1 * MB, 0])
def test_a_disk_that_fills_up_meanwhile_loses_nothing(office: Office, left_bytes: int) -> None:
    """Others fill the disk: to the floor, nearly to the end, to the last byte."""
    data = f"{left_bytes}".encode() + bytes(900_000)
    _status, place, _content = office.begin(len(data))
    assert office.patch(place, 0, data[:400_000])[0] == 204
    filler = office.fill(left_bytes)
    try:
        status, _told, content = office.patch(place, 400_000, data[400_000:])
        assert status == 507
        assert "ask the administrator to make room" in words(content).lower()
        assert office.offset(place) == 400_000
        status, _place, content = office.begin(1000)
        assert status == 507, content
        # What only reads goes on.
        assert office.ask("GET", "/api/v1/receipts")[0] == 200
        ready = 200 if left_bytes >= FREE_FLOOR_BYTES else 503
        assert office.ask("GET", "/readyz")[0] == ready
    finally:
        filler.unlink()
    status, told, _content = office.patch(place, 400_000, data[400_000:])
    assert status == 204
    assert told["Upload-Receipt"]
    assert office.ask("GET", "/readyz")[0] == 200


def test_the_last_byte_that_finds_no_room_for_its_receipt_is_finished_later(
    office: Office,
) -> None:
    """The bytes fit, the database does not: no receipt is told, and asking again makes it."""
    connection = HTTPConnection(HOST, office.port, timeout=60)
    data = b"last" + bytes(100_000)
    _status, place, _content = office.begin(len(data))
    assert office.patch(place, 0, data[:-1])[0] == 204
    headers = {
        "Authorization": f"Bearer {office.token}", "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(len(data) - 1), "Content-Type": PIECE, "Content-Length": "1",
    }  # fmt: skip
    connection.request("PATCH", place, headers=headers)
    filler = office.fill(0)
    try:
        connection.send(data[-1:])
        answer = connection.getresponse()
        assert answer.status == 507, answer.read()
        assert answer.headers["Upload-Receipt"] is None
        answer.read()
    finally:
        connection.close()
        filler.unlink()
    at = office.offset(place)
    told = (
        office.ask("HEAD", place)[1] if at == len(data) else office.patch(place, at, data[at:])[1]
    )
    assert told["Upload-Receipt"]
