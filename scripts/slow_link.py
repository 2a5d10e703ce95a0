"""Send files by tus over a line of 64 kbit/s that loses packets, goes away and comes back.

Two network namespaces are joined by a pair of veth devices; nothing of this machine's own network
is touched. ``tc tbf`` holds each direction to the rate, ``iptables statistic`` drops packets at
random, the device goes down and up again, and for a while a box on the way resets each connection.
The server runs in one namespace; tuspy and tus-js-client send from the other. Every file must
arrive once, with its hash, under the receipt that its sender heard.

Needs root, and the programs ip, tc, iptables and node.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from upload_faults import UPLOADS, Sender, check, make_office

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("ip", "tc", "iptables", "node")
RATE, LOSS_SHARE = "64kbit", 0.05
SERVER, CLIENT, PORT = "10.77.0.1", "10.77.0.2", 8077
FILES_EACH, FILE_BYTES, PIECE_BYTES = 3, 50_000, 20_000
# The first of each kind of fault comes when everybody is at it.
_FIRST_S, _DOWN_S, _RESET_S = 15.0, 12.0, 3.0
_START_S, _END_S = 300.0, 1800.0
_CLIENTS = ("tuspy", "tus-js-client")


def missing() -> list[str]:
    """Return what this machine lacks for it."""
    lacks = [one for one in PROGRAMS if shutil.which(one) is None]
    return lacks if os.geteuid() == 0 else ["root", *lacks]


class Line:
    """Two namespaces and the line between them."""

    def __init__(self) -> None:
        self.ends = {side: f"gi-{side}-{os.getpid()}" for side in ("server", "client")}

    def run(self, side: str, *command: str) -> str:
        """Run a command in a namespace; return what it says."""
        asked = ["ip", "netns", "exec", self.ends[side], *command]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout

    def lay(self) -> None:
        """Make the namespaces, the line, its rate and its loss."""
        for name in self.ends.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
        # Made within a namespace, so that it never shows outside.
        self.run(
            "server", "ip", "link", "add", "line", "type", "veth",
            "peer", "name", "line", "netns", self.ends["client"],
        )  # fmt: skip
        for side, address in (("server", SERVER), ("client", CLIENT)):
            self.run(side, "ip", "address", "add", f"{address}/24", "dev", "line")
            self.run(side, "ip", "link", "set", "lo", "up")
            self.run(side, "ip", "link", "set", "line", "up")
            self.run(
                side, "tc", "qdisc", "add", "dev", "line", "root", "tbf",
                "rate", RATE, "burst", "1600", "latency", "2s",
            )  # fmt: skip
            # Packets of several frames would be lost as one.
            self.run(side, "ip", "link", "set", "line", "gso_max_segs", "1")
            self.run(
                side, "iptables", "-A", "INPUT", "-i", "line", "-m", "statistic", "--mode",
                "random", "--probability", str(LOSS_SHARE), "-j", "DROP",
            )  # fmt: skip

    def take_down(self) -> None:
        """Remove it all."""
        for name in self.ends.values():
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def cut(self, seconds: float) -> None:
        """Let the line be dead for a while; the connections don't learn of it."""
        self.run("client", "ip", "link", "set", "line", "down")
        time.sleep(seconds)
        self.run("client", "ip", "link", "set", "line", "up")

    def reset(self, seconds: float) -> None:
        """End each connection that says something for a while."""
        rule = ["INPUT", "-p", "tcp", "--dport", str(PORT), "-j", "REJECT"]
        rule += ["--reject-with", "tcp-reset"]
        self.run("server", "iptables", "-I", *rule)
        time.sleep(seconds)
        self.run("server", "iptables", "-D", *rule)

    def counted(self) -> tuple[int, int]:
        """Return how many packets were dropped, and how many came in all, in both directions."""
        dropped = came = 0
        for side in self.ends:
            for words in map(str.split, self.run(side, "iptables", "-nvxL", "INPUT").splitlines()):
                dropped += int(words[0]) if words[2:3] == ["DROP"] else 0
            came += int(self.run(side, "cat", "/sys/class/net/line/statistics/rx_packets"))
        return dropped, came


@contextmanager
def laid_line() -> Iterator[Line]:
    """A line that is gone at the end."""
    line = Line()
    try:
        line.lay()
        yield line
    finally:
        line.take_down()


@contextmanager
def serving(line: Line, office: Path, log: Path) -> Iterator[None]:
    """The server at its end of the line.

    Raises:
        RuntimeError: It doesn't answer in time.
    """
    asked = ["ip", "netns", "exec", line.ends["server"], sys.executable, "-m", "geoinspect"]
    asked += ["-w", str(office), "serve", "--workers", "0", "--host", SERVER, "--port", str(PORT)]
    with log.open("ab") as out:
        process = subprocess.Popen(asked, stdout=out, stderr=out, start_new_session=True)
    look = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=20)"
    end_s = time.monotonic() + _START_S
    try:
        while True:
            with suppress(subprocess.CalledProcessError):
                url = f"http://{SERVER}:{PORT}/healthz"
                line.run("server", sys.executable, "-c", look, url)
                break
            if time.monotonic() > end_s or process.poll() is not None:
                raise RuntimeError(f"the server does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def file_of(seed: int, index: int, number: int) -> bytes:
    """Return the bytes of a client's file: the same each time, and like nothing else."""
    dice = random.Random(f"{seed}-{index}-{number}")
    return f"{index}-{number}\n".encode() + dice.randbytes(FILE_BYTES)


class Client(threading.Thread):
    """One who sends all of its files, in a process at its end of the line."""

    def __init__(self, line: Line, index: int, token: str, files: list[Path]) -> None:
        super().__init__()
        self.receipts: dict[int, str] = {}
        self.retries, self.faults = 0, list[str]()
        self._line, self._index, self._token, self._files = line, index, token, files

    def run(self) -> None:
        """Send file after file; note each receipt."""
        url = f"http://{SERVER}:{PORT}{UPLOADS}"
        for number, path in enumerate(self._files):
            asked = [sys.executable, str(Path(__file__).resolve()), "--send"]
            if _CLIENTS[self._index] != "tuspy":
                asked = ["node", str(ROOT / "tests" / "web" / "tus_in_node.mjs")]
            # What a person's page does again and again.
            waits = ",".join(["1000"] * 200)
            done = subprocess.run(
                ["ip", "netns", "exec", self._line.ends["client"], *asked, url, self._token, path],
                capture_output=True, text=True, check=False,
                env={**os.environ, "TUS_PIECE_BYTES": str(PIECE_BYTES), "TUS_WAITS_MS": waits},
                timeout=_END_S,
            )  # fmt: skip
            if done.returncode != 0:
                self.faults.append(f"{_CLIENTS[self._index]}: {done.stderr[-500:]}")
                return
            told = json.loads(done.stdout)
            self.receipts[number] = told["receipt"]
            self.retries += int(told.get("retries", 0))


def send(url: str, token: str, path: Path) -> dict[str, object]:
    """Send a file with tuspy until its receipt is heard, however often the line breaks."""
    client = TusClient(url, headers={"Authorization": f"Bearer {token}"})
    place, retries = None, 0
    data = path.read_bytes()
    meta = {"filename": path.name, "sha256": hashlib.sha256(data).hexdigest()}
    while True:
        try:
            if place is None:
                one = client.uploader(
                    file_stream=io.BytesIO(data), chunk_size=PIECE_BYTES, metadata=meta
                )
                place = one.create_url()
            one = client.uploader(
                file_stream=io.BytesIO(data), chunk_size=PIECE_BYTES, url=place,
                upload_checksum=True,
            )  # fmt: skip
            one.upload()
            told = client_head(url, token, place)
            return {"receipt": told, "retries": retries}
        except (TusCommunicationError, OSError):
            retries += 1
            time.sleep(1)


def client_head(url: str, token: str, place: str) -> str:
    """Ask for the receipt of an upload that is whole."""
    headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    return requests.head(place, headers=headers, timeout=120).headers["Upload-Receipt"]


def disturb(line: Line, clients: list[Client], seed: int) -> dict[str, int]:
    """Cut and reset the line in turn until all is sent; return how often."""
    dice, counts = random.Random(seed), {"cuts": 0, "resets": 0}
    end_s = time.monotonic() + _END_S
    while time.monotonic() < end_s:
        next_s = time.monotonic() + _FIRST_S * dice.uniform(0.7, 1.3)
        while time.monotonic() < next_s:
            if not any(one.is_alive() for one in clients):
                return counts
            time.sleep(0.2)
        if counts["cuts"] <= counts["resets"]:
            counts["cuts"] += 1
            line.cut(_DOWN_S * dice.uniform(0.3, 1.0))
        else:
            counts["resets"] += 1
            line.reset(_RESET_S)
    return counts


def campaign(rounds: int, folder: Path, *, seed: int = 1) -> dict[str, object]:
    """Send the files of both clients so many times; return counts and ``faults``.

    Raises:
        RuntimeError: This machine can't lay such a line.
    """
    if missing():
        raise RuntimeError(f"not here: {', '.join(missing())}")
    total: dict[str, float] = {}
    faults: list[str] = []
    for n in range(rounds):
        found, faults = _one_round(folder / f"r{n}", seed + n)
        total = {name: round(total.get(name, 0) + value, 1) for name, value in found.items()}
        if faults:
            break
    return {"rounds": n + 1, **total, "faults": faults}


def _one_round(folder: Path, seed: int) -> tuple[dict[str, float], list[str]]:
    office, files = folder / "w", folder / "files"
    files.mkdir(parents=True)
    tokens, log = make_office(office), folder / "log"
    sent: list[list[Path]] = []
    for index in range(len(_CLIENTS)):
        sent.append([files / f"{index}-{number}.bin" for number in range(FILES_EACH)])
        for number, path in enumerate(sent[-1]):
            path.write_bytes(file_of(seed, index, number))
    with laid_line() as line, serving(line, office, log):
        clients = [Client(line, n, tokens[n], paths) for n, paths in enumerate(sent)]
        begun_s = time.monotonic()
        for one in clients:
            one.start()
        counts: dict[str, float] = dict(disturb(line, clients, seed))
        for one in clients:
            one.join()
        counts["took_s"] = time.monotonic() - begun_s
        counts["packets_dropped"], counts["packets"] = line.counted()
    senders = []
    for index, one in enumerate(clients):
        sender = Sender(index, PORT, tokens[index], seed)
        sender.told.receipts, sender.told.faults = one.receipts, one.faults
        senders.append(sender)
        if len(one.receipts) != FILES_EACH and not one.faults:
            one.faults.append(f"{_CLIENTS[index]} sent {len(one.receipts)} of {FILES_EACH} files")
    counts["files"] = sum(len(one.receipts) for one in clients)
    counts["bytes"] = sum(path.stat().st_size for paths in sent for path in paths)
    counts["tuspy_retries"] = sum(one.retries for one in clients)
    faults = check(office, senders, made=lambda index, number: file_of(seed, index, number))
    errors = log.read_text("utf-8", "replace").count("Traceback (most recent call last)")
    if errors:
        faults.append(f"the server told of {errors} errors: {log.read_text()[-1500:]}")
    return counts, faults


def main() -> int:
    """Run it and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--send", nargs=3, metavar=("URL", "TOKEN", "FILE"))
    chosen = parser.parse_args()
    if chosen.send:
        url, token, path = chosen.send
        print(json.dumps(send(url, token, Path(path))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(chosen.rounds, Path(folder), seed=chosen.seed)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
