"""Start a worker: GDAL's bounds first, then what takes long to load, then the queue."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from geoinspect.jobs.limits import lock_gdal
from geoinspect.jobs.network import die_with_parent
from geoinspect.jobs.worker import Worker

# Loaded once here, so that no job waits for it.
HEAVY = ("rasterio", "pyogrio", "geoinspect.intake")
_STDERR = 2


def work(folder: Path, *, slots: int, once: bool = False, parent: int | None = None) -> int:
    """Work on the jobs of a workspace until told to end; return how many ended.

    Args:
        folder: An existing workspace.
        slots: Jobs at once.
        once: End when nothing is due.
        parent: Process to end with; None for none.

    Raises:
        UsageError: There is no workspace in the folder.
    """
    if parent is not None:
        die_with_parent(parent, signal.SIGTERM)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # Which drivers GDAL never had is told at every opening otherwise.
    logging.getLogger("rasterio").setLevel(logging.ERROR)
    lock_gdal()
    with _hushed():
        for name in HEAVY:
            importlib.import_module(name)
    return Worker(folder, slots=slots, parent=parent).run(once=once)


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep GDAL from telling, on each start, which drivers it never had."""
    kept = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)
