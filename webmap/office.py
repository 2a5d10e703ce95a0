"""What one running app keeps between requests: the workspace, its snapshots and open pictures."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import timedelta
from pathlib import Path
from typing import cast

from flask import current_app

from geoinspect.situation.days import DaySums
from geoinspect.snapshot import Question, Snapshot, SnapshotCache
from geoinspect.store.workspace import Workspace
from webmap.claim_cache import ClaimCache
from webmap.last_seen import LastSeen
from webmap.scope_territory import Territories
from webmap.shell import Shell
from webmap.tiles.coverage import CellPainter, GroundPixels
from webmap.tiles.layers import Layer
from webmap.tiles.pictures import Pictures

_KEY = "geoinspect"
_UPLOADS_AT_ONCE = 8
_STRANGERS_AT_ONCE = 8
_KEPT_PAINTERS = 24


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
        self.day_sums = DaySums(self.snapshots, workspace)
        self.claims = ClaimCache(workspace)
        self.territories = Territories()
        self.pictures = Pictures()
        # Sessions are listed to the minute, tokens to the hour.
        self.logins_seen = LastSeen(timedelta(minutes=1))
        self.tokens_seen = LastSeen(timedelta(hours=1))
        # Slow senders never take every thread of the server.
        self.upload_slots = threading.BoundedSemaphore(_UPLOADS_AT_ONCE)
        self.stranger_slots = threading.BoundedSemaphore(_STRANGERS_AT_ONCE)
        # A plan takes a core for up to a minute.
        self.plan_slot = threading.BoundedSemaphore(1)
        # Whoever decides about a track builds on what was decided before.
        self.review_lock = threading.Lock()
        # Two demos on one port must not share tiles in a browser's cache.
        self.stamp = hashlib.sha256(b"tiles" + workspace.secret_key()).hexdigest()[:8]
        self._painters: OrderedDict[tuple[int, Layer, Question], CellPainter] = OrderedDict()
        self._lock = threading.Lock()

    def painter(
        self, campaign_id: int, layer: Layer = Layer.STATE, question: Question | None = None
    ) -> CellPainter:
        """Return the painter of a layer of the newest answer to a question."""
        question = question or Question()
        snapshot = self.snapshots.get(campaign_id, question)
        key = (campaign_id, layer, question)
        with self._lock:
            painter = self._painters.get(key)
            if painter is None or painter.snapshot is not snapshot:
                painter = CellPainter(snapshot, layer, self._pixels(snapshot))
                self._painters[key] = painter
            self._painters.move_to_end(key)
            while len(self._painters) > _KEPT_PAINTERS:
                self._painters.popitem(last=False)
            return painter

    def _pixels(self, snapshot: Snapshot) -> GroundPixels | None:
        """Return what finds the pixels of a snapshot's ground, where a painter has it already."""
        known = (painter.pixels for painter in self._painters.values())
        return next((pixels for pixels in known if pixels.ground is snapshot.ground), None)

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
