"""What one running app keeps between requests: the workspace, its snapshots and open pictures."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import cast

from flask import current_app

from geoinspect.snapshot import Snapshot, SnapshotCache
from geoinspect.store.workspace import Workspace
from webmap.shell import Shell
from webmap.tiles.coverage import CoveragePainter
from webmap.tiles.pictures import Pictures

_KEY = "geoinspect"
_UPLOADS_AT_ONCE = 8
_STRANGERS_AT_ONCE = 8


class EndedSessions:
    """Sessions that were signed out of, for as long as their cookie could still be shown.

    Kept in memory: after a restart a copied cookie works again, but never beyond the lifetime
    that each session has from its login.
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def end(self, mark: str, lifetime_s: float) -> None:
        """End the session with this mark."""
        now = time.time()
        with self._lock:
            self._until_s = {m: until for m, until in self._until_s.items() if until > now}
            self._until_s[mark] = now + lifetime_s

    def holds(self, mark: str) -> bool:
        """Return whether the session with this mark was ended."""
        return mark in self._until_s


class Office:
    """The parts that requests of one app share. Safe for threads.

    Args:
        workspace: Opened workspace.
        shell: The page skeleton that folium made.
    """

    def __init__(self, workspace: Workspace, shell: Shell) -> None:
        self.workspace = workspace
        self.shell = shell
        self.snapshots = SnapshotCache(workspace)
        self.pictures = Pictures()
        self.ended = EndedSessions()
        # Slow senders never take every thread of the server.
        self.upload_slots = threading.BoundedSemaphore(_UPLOADS_AT_ONCE)
        self.stranger_slots = threading.BoundedSemaphore(_STRANGERS_AT_ONCE)
        # Whoever decides about a track builds on what was decided before.
        self.review_lock = threading.Lock()
        # Two demos on one port must not share tiles in a browser's cache.
        self.stamp = hashlib.sha256(b"tiles" + workspace.secret_key()).hexdigest()[:8]
        self._painters: dict[int, CoveragePainter] = {}
        self._lock = threading.Lock()

    def painter(self, campaign_id: int) -> CoveragePainter:
        """Return the painter of a campaign's newest snapshot."""
        snapshot = self.snapshots.get(campaign_id)
        with self._lock:
            painter = self._painters.get(campaign_id)
            if painter is None or painter.snapshot is not snapshot:
                painter = CoveragePainter(snapshot)
                self._painters[campaign_id] = painter
            return painter

    def tile_version(self, snapshot: Snapshot) -> str:
        """Return the part of a coverage tile's address that changes with its data."""
        return f"{self.stamp}-{snapshot.version}"

    def picture_path(self, survey_id: int) -> Path:
        """Return where our own copy of a survey's raster lies."""
        return self.workspace.survey_path(survey_id)


def install(app_extensions: dict[str, object], office: Office) -> None:
    """Put the office where :func:`office` finds it."""
    app_extensions[_KEY] = office


def office() -> Office:
    """Return the office of the app that handles this request."""
    return cast(Office, current_app.extensions[_KEY])
