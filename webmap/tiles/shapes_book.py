"""What the tiles of one app share: versions, sheets, views and tiles made before, all bounded."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

from flask import current_app

from webmap.tiles.shapes_sheets import Asking, Kind, Sheet, read_sheet
from webmap.tiles.shapes_versions import ShapeVersions
from webmap.tiles.shapes_views import View

_KEY = "geoinspect.shapes"
_KEPT_SHEETS, _KEPT_VIEWS = 2, 48
_MOST_BYTES = 64 << 20
_LEVEL = 5
_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """The values used last, at most some. Safe for threads; one is made at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Return the value of a key, made where it is not there."""
        # All tiles of a screen come at once and want the same one: it is made once.
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            return self._values[key]


class TilesKept:
    """Tiles as they are sent, at most so many bytes. Safe for threads."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._tiles: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """Return a tile, None where it is not there."""
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
            return self._tiles.get(key)

    def put(self, key: str, tile: bytes) -> None:
        """Keep a tile; those unused for the longest go."""
        with self._lock:
            self._bytes += len(tile) - len(self._tiles.pop(key, b""))
            self._tiles[key] = tile
            while self._bytes > self._most:
                self._bytes -= len(self._tiles.popitem(last=False)[1])


class ShapeBook:
    """The shapes of one app. Safe for threads."""

    def __init__(self) -> None:
        self.versions = ShapeVersions()
        self.tiles = TilesKept()
        self._sheets: dict[Kind, Kept[Sheet]] = {kind: Kept(_KEPT_SHEETS) for kind in Kind}
        self._views: Kept[View] = Kept(_KEPT_VIEWS)

    def sheet(self, kind: Kind, asking: Asking) -> Sheet:
        """Return all shapes of a kind as they stand in the session's snapshot."""
        version = self.versions.get(asking.session, kind, asking.settings, asking.today)
        return self._sheets[kind].get(version, lambda: read_sheet(kind, version, asking))

    def view(self, key: Hashable, make: Callable[[], View]) -> View:
        """Return a view, from memory where it is there."""
        return self._views.get(key, make)


def packed(tile: bytes) -> bytes:
    """Return a tile as gzip, the same bytes for the same tile."""
    return gzip.compress(tile, _LEVEL, mtime=0) if tile else b""


def shape_book() -> ShapeBook:
    """Return the shapes of the app that handles this request."""
    return cast(ShapeBook, current_app.extensions.setdefault(_KEY, ShapeBook()))
