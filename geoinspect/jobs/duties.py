"""What nobody asks for: jobs of dead workers freed, leftovers swept, at most every few minutes."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from geoinspect.errors import GeoInspectError
from geoinspect.jobs import signs
from geoinspect.store import job_list, jobs, logins, tries
from geoinspect.store.workspace import Workspace

_LOG = logging.getLogger(__name__)
_EVERY_S = 300.0
_LOCK_NAME = ".duties"
# No lock of a name lasts longer (the setting lock_minutes).
_TRIES_KEPT = timedelta(days=1)


def reclaim(workspace: Workspace) -> int:
    """Let jobs wait again whose worker is gone; return how many."""
    now = datetime.now(UTC)
    with workspace.database.reading() as session:
        holders = job_list.holders(session)
        gone = [worker for worker in holders if signs.is_gone(worker)]
        if not gone and not job_list.anything_lapsed(session, now):
            return 0
    with workspace.database.writing() as session:
        return jobs.reclaim(session, now, gone=gone)


def do_due(workspace: Workspace, *, every_s: float = _EVERY_S) -> bool:
    """Sweep the workspace unless a worker did so lately or does so now; return whether we did."""
    folder = workspace.folder / "workers"
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Abs: a clock that was set back must not stop sweeping for a year.
        done_before = os.fstat(handle).st_size > 0
        if done_before and abs(time.time() - os.fstat(handle).st_mtime) < every_s:
            return False
        os.ftruncate(handle, 0)
        os.pwrite(handle, b"1", 0)
        for duty in _DUTIES:
            _do(workspace, duty)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _do(workspace: Workspace, duty: Callable[[Workspace], object]) -> None:
    try:
        duty(workspace)
    except (GeoInspectError, OSError) as error:
        # It can wait for the next time.
        _LOG.warning("%s: %s", duty.__name__, error)


def _sweep_leftovers(workspace: Workspace) -> None:
    workspace.sweep_leftovers()


def _finish_arrivals(workspace: Workspace) -> None:
    from geoinspect.intake.arriving import Arrivals  # noqa: PLC0415 - brings GDAL

    Arrivals(workspace).repair()


def _sweep_arrivals(workspace: Workspace) -> None:
    from geoinspect.intake.arriving import Arrivals  # noqa: PLC0415 - brings GDAL

    Arrivals(workspace).sweep()


def _sweep_logins(workspace: Workspace) -> None:
    keep = timedelta(days=workspace.settings.login_keep_days)
    with workspace.database.writing() as session:
        logins.sweep(session, keep)
        tries.sweep(session, _TRIES_KEPT)


def _ask_for_backup(workspace: Workspace) -> None:
    settings = workspace.settings
    if not settings.backup_folder or not settings.backup_every_hours:
        return
    from geoinspect.backup import kept  # noqa: PLC0415 - heavy

    with workspace.database.writing() as session:
        if kept.is_due(session, timedelta(hours=settings.backup_every_hours), datetime.now(UTC)):
            kept.ask(session, asked_by=None)


_DUTIES: tuple[Callable[[Workspace], object], ...] = (
    _finish_arrivals,
    _sweep_arrivals,
    _sweep_leftovers,
    _sweep_logins,
    _ask_for_backup,
)
