"""After a start, read what the map shows first, so that its first visitor does not wait for it.

A county's book of looks and its sheets of shapes take seconds to read. They are asked for in the way
that the page asks, by a thread beside the requests: whoever comes meanwhile waits for the rest only.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask, Response, g

from webmap.api.ground import overview
from webmap.api.shapes import shapes
from webmap.api.shown import layer
from webmap.auth import Person
from webmap.tiles.layers import Layer

_LOG = logging.getLogger(__name__)
# Nobody's: no row has this number, and nothing is written in this name.
_WATCHER = Person(id=0, name="", role="admin", unit_code=None)


def warm(app: Flask) -> threading.Thread:
    """Begin to read what the map's first visitor asks for; what fails is logged, never raised.

    Returns:
        The thread, which ends by itself and never holds up the end of the process.
    """
    thread = threading.Thread(target=_read, args=(app,), name="warming", daemon=True)
    thread.start()
    return thread


def _read(app: Flask) -> None:
    try:
        with app.test_request_context():
            # Whoever sees everything: what others may see is cut from the same books and sheets.
            g._login_user = _WATCHER
            shown = overview()
            shapes()
            if _has_campaign(shown):
                layer(Layer.STATE.value)
    except Exception:  # noqa: BLE001 - a damaged book is told of where people meet it
        _LOG.exception("what the map shows first could not be read beforehand")


def _has_campaign(shown: Response) -> bool:
    answer = shown.get_json()
    return answer["campaign"] is not None
