"""An empty workspace, and real workers over it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from geoinspect.store import jobs
from geoinspect.store.job_schema import JobRow
from geoinspect.store.workspace import Workspace

ODD = Path(__file__).with_name("odd_worker.py")
# Long enough for a crowded machine; nothing waits so long where all is well.
PATIENCE_S = 60.0


class Bench:
    """A workspace with odd jobs and the workers started over it."""

    def __init__(self, folder: Path, config: str) -> None:
        self.workspace = Workspace.create(folder, config=config)
        self.workers: list[subprocess.Popen[bytes]] = []

    def add(self, subject: str, **kwargs: object) -> int:
        """Enqueue an odd job and return its number."""
        args = {name: kwargs.pop(name) for name in ("s", "gb", "port") if name in kwargs}
        with self.workspace.database.writing() as session:
            row = jobs.enqueue(session, "odd", subject, args, asked_by=None, **kwargs)  # type: ignore[arg-type]
            return row.id

    def start(self, slots: int = 2, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        asked = [sys.executable, str(ODD), str(self.workspace.folder), str(slots), *options]
        self.workers.append(subprocess.Popen(asked))
        return self.workers[-1]

    def once(self, slots: int = 2) -> None:
        """Let a worker do all that is due."""
        assert self.start(slots, "--once").wait(PATIENCE_S) == 0

    def rows(self) -> dict[int, JobRow]:
        """Return all jobs by number."""
        with self.workspace.database.reading() as session:
            return {row.id: row for row in session.scalars(select(JobRow))}

    def until(self, is_so: Callable[[dict[int, JobRow]], bool]) -> dict[int, JobRow]:
        """Wait until the jobs are as wanted, and return them."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            rows = self.rows()
            if is_so(rows):
                return rows
            time.sleep(0.05)
        raise AssertionError([(r.id, r.subject, r.state, r.error) for r in self.rows().values()])

    def begun(self) -> list[str]:
        """Return the subject of every job that a child began, in order."""
        path = self.workspace.folder / "begun.txt"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def end(self) -> None:
        """End all workers."""
        for one in self.workers:
            if one.poll() is None:
                one.send_signal(signal.SIGKILL)
            one.wait()
        self.workspace.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "w", "worker_memory_gb = 3.0\n")
    yield made
    made.end()


def is_alive(pid: int) -> bool:
    """Return whether a process runs; the dead that nobody fetched don't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone_in_time(pid: int) -> bool:
    """Return whether a process ends soon."""
    end_s = time.monotonic() + 10.0
    while is_alive(pid) and time.monotonic() < end_s:
        time.sleep(0.02)
    return not is_alive(pid)


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)
