"""Signs of life of the workers of a workspace: a small file each, and names that tell the dead.

A worker's name holds the machine's start, the process' number and when it began, so that another
worker on the same machine can say for certain that it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from geoinspect.store.workspace import Workspace

_FOLDER = "workers"
# A worker that was silent for so long is not at work.
_SILENT_S = 30.0
_OLD_S = 86_400.0
_START_FIELD = 19


@dataclass(frozen=True, slots=True)
class Sign:
    """A worker that is at work.

    Attributes:
        slots: Jobs it takes at once.
        network_cut: Whether its jobs are cut off from the network.
    """

    worker: str
    slots: int
    network_cut: bool


def own_name() -> str:
    """Return the name of a worker in this process."""
    return f"{_machine()}-{os.getpid()}-{_begun(os.getpid())}"


def is_gone(worker: str) -> bool:
    """Return whether a worker has certainly ended; False where this machine can't know."""
    machine, _, process = worker.partition("-")
    pid, _, begun = process.partition("-")
    return machine == _machine() and pid.isdigit() and _begun(int(pid)) != begun


def write(workspace: Workspace, worker: str, *, slots: int, network_cut: bool) -> None:
    """Say that a worker is there."""
    path = _path(workspace, worker)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"slots": slots, "network_cut": network_cut}))


def touch(workspace: Workspace, worker: str) -> None:
    """Say that it still is."""
    with contextlib.suppress(OSError):
        os.utime(_path(workspace, worker))


def remove(workspace: Workspace, worker: str) -> None:
    """Say that it ends."""
    _path(workspace, worker).unlink(missing_ok=True)


def at_work(workspace: Workspace) -> list[Sign]:
    """Return the workers that showed a sign of life lately; signs of long ago are removed."""
    found = []
    for path in sorted((workspace.folder / _FOLDER).glob("*.json")):
        # One may end while we look.
        with contextlib.suppress(OSError, ValueError, KeyError):
            silent_s = abs(time.time() - path.stat().st_mtime)
            if silent_s > _OLD_S:
                path.unlink()
            elif silent_s < _SILENT_S and not is_gone(path.stem):
                told = json.loads(path.read_text())
                found.append(Sign(path.stem, int(told["slots"]), bool(told["network_cut"])))
    return found


def _path(workspace: Workspace, worker: str) -> Path:
    return workspace.folder / _FOLDER / f"{worker}.json"


@cache
def _machine() -> str:
    """Return a name for this start of this machine and its space of process numbers."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "").strip()
    return f"{boot[:12]}{Path('/proc/self/ns/pid').stat().st_ino:x}"


def _begun(pid: int) -> str:
    """Return when a process began, in ticks since the start; empty when there is none."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name in brackets may hold anything; the state after it may be that of the dead.
    fields = told.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else fields[_START_FIELD]
