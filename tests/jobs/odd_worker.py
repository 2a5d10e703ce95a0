"""A real worker in a process of its own whose jobs do odd things: ``odd_worker.py FOLDER SLOTS``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from geoinspect.errors import RasterError, StoreError, Text
from geoinspect.jobs import starting, tasks
from geoinspect.jobs.tasks import Json, Order, Progress, Task
from geoinspect.store.workspace import Workspace


def _odd(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Do what the subject says."""
    return _DOES[order.subject.partition(":")[0]](workspace, order, progress)


def _note(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Leave a line of what was begun; the job's one result is in its row."""
    with (workspace.folder / "begun.txt").open("a") as out:
        out.write(f"{order.subject} {os.getpid()}\n")
    time.sleep(float(order.args.get("s", 0.0)))
    return {"made": order.subject}


def _die(workspace: Workspace, order: Order, progress: Progress) -> Json:
    _note(workspace, order, progress)
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def _memory(workspace: Workspace, order: Order, progress: Progress) -> Json:
    taken = np.ones(int(float(order.args["gb"]) * 1e9), dtype=np.uint8)
    return {"sum": int(taken[::4096].sum())}


def _spin(workspace: Workspace, order: Order, progress: Progress) -> Json:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        progress(1.0, 4.0, Text("转圈", "spinning"))
    return {}


def _call_home(workspace: Workspace, order: Order, progress: Progress) -> Json:
    """Try every door to a listener on this machine."""
    port, opened = int(order.args["port"]), []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as way:
                way.connect(("127.0.0.1" if family == socket.AF_INET else "::1", port))
            opened.append(family.name)
        except OSError:
            continue
    # What it starts has no more doors than itself.
    asked = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
    begun = subprocess.run([sys.executable, "-c", asked], check=False, capture_output=True)
    return {"opened": opened, "begun": begun.returncode}


def _refuse(workspace: Workspace, order: Order, progress: Progress) -> Json:
    raise RasterError("影像不可用", "the raster can't be used", code="bad")


def _disk(workspace: Workspace, order: Order, progress: Progress) -> Json:
    raise StoreError("磁盘已满", "the disk is full", code="cannot_write")


def _bug(workspace: Workspace, order: Order, progress: Progress) -> Json:
    raise ValueError("a secret of the program")


def _grandchild(workspace: Workspace, order: Order, progress: Progress) -> Json:
    (workspace.folder / "child.pid").write_text(str(os.getpid()))
    time.sleep(60)
    return {}


def _shout(workspace: Workspace, order: Order, progress: Progress) -> Json:
    while True:
        os.write(progress.handle, b"x" * 65536)  # type: ignore[attr-defined]


_DOES = {
    "note": _note,
    "die": _die,
    "memory": _memory,
    "spin": _spin,
    "home": _call_home,
    "refuse": _refuse,
    "disk": _disk,
    "bug": _bug,
    "rest": _grandchild,
    "shout": _shout,
}


def main() -> None:
    """Work until killed, or until nothing is due."""
    tasks.TASKS["odd"] = Task(Text("怪", "odd"), _odd)
    # Odd jobs read nothing, so the heavy parts stay away.
    starting.HEAVY = ("rasterio", "pyogrio")
    once = "--once" in sys.argv
    starting.work(Path(sys.argv[1]), slots=int(sys.argv[2]), once=once)


if __name__ == "__main__":
    main()
