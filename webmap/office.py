"""What one running app keeps between requests: the workspace, its snapshots and open pictures."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import cast

from flask import current_app

from geoinspect.snapshot import Snapshot, SnapshotCache
from geoinspect.store.workspace import Workspace
from webmap.shell import Shell
from webmap.tiles.coverage import CoveragePainter
from webmap.tiles.pictures import Pictures

_KEY = "geoinspect"


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
