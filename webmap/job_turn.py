"""Where no worker runs beside the web server, as in tests, a request does the waiting jobs itself."""

from __future__ import annotations

from flask import current_app

from geoinspect.jobs.worker import run_waiting
from webmap.office import office


def do_waiting() -> None:
    """Do what waits, in an app that has no worker (``INLINE_JOBS``, or one made for tests)."""
    if current_app.config.get("INLINE_JOBS", current_app.testing):
        run_waiting(office().workspace)
