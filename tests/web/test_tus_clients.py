"""The real server with the protocol's own clients (tuspy, tus-js-client on node), and with lines that
break as lines break: half-open, cut, unheard, twice at once.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from tusclient.client import TusClient

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import upload_faults
from upload_faults import UPLOADS, Sender
from web_kills import Server

from geoinspect.store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
PIECE = "application/offset+octet-stream"


@dataclass
class Line:
    """A person's way to the server."""

    server: Server
    folder: Path
    token: str

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> HTTPResponse:
        headers = {**self.headers, **{name.replace("_", "-"): v for name, v in more.items()}}
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def begin(self, length: int) -> str:
        answer = self.ask(
            "POST", UPLOADS, Upload_Length=str(length), Upload_Metadata="filename YS50eHQ="
        )
        assert answer.status == 201
        return str(answer.headers["Location"])

    def patch(self, place: str, offset: int, data: bytes, **more: str) -> HTTPResponse:
        return self.ask("PATCH", place, data, Upload_Offset=str(offset), Content_Type=PIECE, **more)

    def offset(self, place: str) -> int:
        return int(str(self.ask("HEAD", place).headers["Upload-Offset"]))

    def half(self, place: str, offset: int, length: int, data: bytes) -> socket.socket:
        """Begin to send a piece and stop in the middle, without hanging up."""
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        lines = {
            **self.headers, "Host": "127.0.0.1", "Content-Type": PIECE,
            "Upload-Offset": str(offset), "Content-Length": str(length),
        }  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"PATCH {place} HTTP/1.1\r\n{head}\r\n".encode() + data)
        return connection


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("tus")
    token = upload_faults.make_office(folder / "w")[0]
    server = Server(folder / "w", folder / "log")
    server.start()
    yield Line(server, folder / "w", token)
    server.kill_whole()


def noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)


def kept(line: Line, receipt: str) -> str:
    """The hash of the bytes that a receipt stands for."""
    with Workspace.open(line.folder) as workspace, workspace.database.reading() as session:
        from geoinspect.store import people

        sha256 = people.upload(session, receipt).file.sha256
        assert hashlib.sha256(workspace.vault.path_of(sha256).read_bytes()).hexdigest() == sha256
        return sha256


def test_tuspy_sends_and_goes_on(line: Line) -> None:
    data = noise(300_001)
    client = TusClient(f"{line.base}{UPLOADS}", headers={"Authorization": f"Bearer {line.token}"})
    first = client.uploader(
        file_stream=io.BytesIO(data), chunk_size=70_000, metadata={"filename": "a.bin"},
        upload_checksum=True,
    )  # fmt: skip
    first.upload(stop_at=150_000)
    second = client.uploader(
        file_stream=io.BytesIO(data), chunk_size=90_000, url=first.url, upload_checksum=True
    )
    assert second.get_offset() >= 150_000
    second.upload()
    receipt = line.ask("HEAD", first.url.removeprefix(line.base)).headers["Upload-Receipt"]
    assert kept(line, str(receipt)) == hashlib.sha256(data).hexdigest()


def in_node(line: Line, path: Path, *more: str) -> dict[str, str]:
    node = shutil.which("node")
    assert node is not None, "node is missing: apt-get install nodejs"
    script = ROOT / "tests" / "web" / "tus_in_node.mjs"
    done = subprocess.run(
        [node, str(script), f"{line.base}{UPLOADS}", line.token, str(path), *more],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_tus_js_client_sends_and_goes_on(line: Line, tmp_path: Path) -> None:
    path = tmp_path / "b.bin"
    path.write_bytes(noise(400_003))
    stopped = in_node(line, path, "", "150000")
    place = stopped["url"].removeprefix(line.base)
    assert 150_000 <= line.offset(place) < 400_003
    done = in_node(line, path, stopped["url"])
    assert kept(line, done["receipt"]) == hashlib.sha256(path.read_bytes()).hexdigest()
    again = in_node(line, path)
    assert again["receipt"] == done["receipt"]
    assert again["url"] != done["url"]


def narrow(line: Line, cut_after: int) -> tuple[int, list[int]]:
    """A narrow way to the server that breaks once; return its port and how much went through.

    ``scripts/soak slow-link`` is the real thing: a network of 64 kbit/s that loses packets.
    """
    gate, through = socket.create_server(("127.0.0.1", 0)), [0]

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while bite := source.recv(1024):
                before, through[0] = through[0], through[0] + len(bite)
                if before < cut_after <= through[0]:
                    return
                target.sendall(bite)
                time.sleep(0.01)

    def accept() -> None:
        with suppress(OSError), gate:
            while True:
                near = gate.accept()[0]
                far = socket.create_connection(("127.0.0.1", line.server.port))
                for way in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=way, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(gate.getsockname()[1]), through


def test_a_narrow_line_that_breaks_once(line: Line) -> None:
    data = noise(60_007)
    port, through = narrow(line, cut_after=30_000)
    client = TusClient(
        f"http://127.0.0.1:{port}{UPLOADS}", headers={"Authorization": f"Bearer {line.token}"}
    )
    sending = client.uploader(
        file_stream=io.BytesIO(data), chunk_size=20_000, metadata={"filename": "n.bin"},
        upload_checksum=True, retries=5, retry_delay=0.1,
    )  # fmt: skip
    sending.upload()
    assert through[0] > len(data)
    place = "/" + sending.url.split("/", 3)[3]
    receipt = str(line.ask("HEAD", place).headers["Upload-Receipt"])
    assert kept(line, receipt) == hashlib.sha256(data).hexdigest()


def test_an_old_half_open_connection_gives_way_and_its_bytes_count(line: Line) -> None:
    place = line.begin(1000)
    old = line.half(place, 0, 1000, b"a" * 100)
    time.sleep(1.5)
    assert line.offset(place) == 100
    assert line.patch(place, 100, b"b" * 900).headers["Upload-Receipt"]
    old.close()


def test_an_old_half_open_connection_that_comes_to_life_adds_nothing(line: Line) -> None:
    place = line.begin(1000)
    old = line.half(place, 0, 1000, b"a" * 100)
    assert line.patch(place, 0, b"b" * 400).headers["Upload-Offset"] == "400"
    old.sendall(b"a" * 900)
    assert b" 409 " in old.recv(4096).split(b"\r\n")[0]
    old.close()
    assert line.offset(place) == 400


def test_a_cut_connection_counts_as_far_as_it_came(line: Line) -> None:
    place = line.begin(100_000)
    line.half(place, 0, 90_000, b"a" * 50_000).close()
    for _ in range(100):
        if line.offset(place):
            break
        time.sleep(0.05)
    assert line.offset(place) == 50_000


def test_an_answer_that_nobody_heard_is_given_again(line: Line) -> None:
    data = noise(7001)
    place = line.begin(len(data))
    line.half(place, 0, len(data), data).close()
    for _ in range(100):
        head = line.ask("HEAD", place).headers
        if head["Upload-Offset"] == str(len(data)):
            break
        time.sleep(0.05)
    receipt = str(head["Upload-Receipt"])
    again = line.patch(place, 0, data)
    assert (again.status, again.headers["Upload-Receipt"]) == (204, receipt)
    assert kept(line, receipt) == hashlib.sha256(data).hexdigest()


def test_a_body_of_unsaid_length_is_bounded_too(line: Line) -> None:
    place = line.begin(10_000)

    def chunked(size: int) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", line.server.port, timeout=60)
        headers = {**line.headers, "Upload-Offset": "0", "Content-Type": PIECE}
        parts = (b"x" * 1000 for _ in range(size // 1000))
        connection.request("PATCH", place, parts, headers, encode_chunked=True)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    assert chunked(12_000).status == 413
    assert line.offset(place) == 0
    assert chunked(6_000).headers["Upload-Offset"] == "6000"


def test_fifty_at_once_and_none_hears_an_error_of_the_server(line: Line) -> None:
    answers: list[int] = []

    def send(n: int) -> None:
        data = f"{n}\n".encode() + noise(60_000)
        place = line.begin(len(data))
        for at in range(0, len(data), 20_000):
            answers.append(line.patch(place, at, data[at : at + 20_000]).status)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 200


def test_the_server_killed_between_pieces(line: Line) -> None:
    data = noise(90_001)
    place = line.begin(len(data))
    line.patch(place, 0, data[:40_000])
    line.server.kill_whole()
    line.server.start()
    assert line.offset(place) == 40_000
    done = line.patch(place, 40_000, data[40_000:])
    assert kept(line, str(done.headers["Upload-Receipt"])) == hashlib.sha256(data).hexdigest()


@pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root mounts a small disk"
)
def test_a_disk_that_is_full_takes_nothing_half_and_recovers(tmp_path: Path) -> None:
    """The folder of what arrives lies on a real small disk, in a mount of its own."""
    token = upload_faults.make_office(tmp_path / "w")[0]
    incoming = tmp_path / "w" / "incoming"
    incoming.mkdir(mode=0o700)
    script = (
        f"mount -t tmpfs -o size=200k tmpfs {incoming} && "
        f"exec {sys.executable} -m geoinspect -w {tmp_path / 'w'} serve --port $PORT"
    )
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = int(trial.getsockname()[1])
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script], env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    server = Server(tmp_path / "w", tmp_path / "log")
    server.port, server._process = port, process
    try:
        server.start()
        line = Line(server, tmp_path / "w", token)
        first, second = line.begin(150_000), line.begin(150_000)
        assert line.patch(first, 0, b"a" * 120_000).status == 204
        refused = line.patch(second, 0, b"b" * 120_000)
        assert refused.status in (503, 507)
        assert line.offset(second) == 0
        assert line.offset(first) == 120_000
        assert line.patch(first, 120_000, b"a" * 30_000).headers["Upload-Receipt"]
        # The first one went into the vault, so there is room again.
        assert line.patch(second, 0, b"b" * 150_000).headers["Upload-Receipt"]
    finally:
        server.kill_whole()


@pytest.mark.soak
def test_faults_of_every_kind_while_the_server_is_killed(tmp_path: Path) -> None:
    found = upload_faults.campaign(7, tmp_path, seed=3)
    assert found["faults"] == []
    assert (found["worker_kills"], found["whole_kills"]) == (6, 1)
    assert int(str(found["acknowledged"])) >= upload_faults.SENDERS


def test_the_campaign_would_see_what_is_lost_doubled_or_changed(line: Line, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    tokens = upload_faults.make_office(folder)
    server = Server(folder, tmp_path / "log")
    try:
        server.start()
        sender = Sender(0, server.port, tokens[0], 1)
        sender.send(0)
        sender.send(1)
        sender.close()
    finally:
        server.kill_whole()
    assert upload_faults.check(folder, [sender]) == []
    with Workspace.open(folder) as workspace:
        path = next((workspace.folder / "files").glob("??/*"))
    path.write_bytes(b"x")
    told = sender.told.receipts.pop(1)
    sender.told.receipts[2] = "NONE"
    wrong = " ".join(upload_faults.check(folder, [sender]))
    assert "receipt NONE does not stand" in wrong
    assert f"receipt {told} was made twice" in wrong
