"""The anchor of the audit chain, written once a day by the running web app."""

from __future__ import annotations

import logging
import threading
import time

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from geoinspect.casework.anchors import daily_anchor
from geoinspect.errors import GeoInspectError
from geoinspect.store.workspace import Workspace

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 60.0


class DayAnchor:
    """Looks now and then whether the day has its anchor. Safe for threads.

    Args:
        workspace: Opened.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._next_s = 0.0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Write the day's anchor where it is missing; what fails is logged, never raised."""
        if time.monotonic() < self._next_s or not self._lock.acquire(blocking=False):
            return
        try:
            self._next_s = time.monotonic() + _LOOK_EVERY_S
            daily_anchor(self._workspace)
        except (GeoInspectError, SQLAlchemyError, OSError):
            # A full disk or a damaged chain must not keep people from their work.
            _LOG.exception("the anchor of the day could not be written")
        finally:
            self._lock.release()


def use_day_anchor(app: Flask, workspace: Workspace) -> None:
    """Let every answered request see to the anchor of its day."""
    anchor = DayAnchor(workspace)

    @app.after_request
    def _look(response: Response) -> Response:
        anchor.look()
        return response
