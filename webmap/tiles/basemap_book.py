"""The base map of a workspace, as its settings say: a file, a folder, or a server of the office."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import current_app

from geoinspect.errors import UsageError
from geoinspect.settings import Settings
from geoinspect.store.workspace import Workspace
from webmap.tiles.basemap import base_tile, zoom_range
from webmap.tiles.basemap_shift import TileOf, shifted
from webmap.tiles.basemap_upstream import Address, AwayError, Upstream

__all__ = ["AwayError", "BaseMap", "base_map"]

_KEY = "geoinspect.basemap"
_CACHE = "basemap_cache"


class BaseMap:
    """Where the ground's pictures come from.

    Args:
        workspace: Its settings basemap, basemap_url and basemap_datum are used.

    Raises:
        UsageError: A setting can't be used.
    """

    def __init__(self, workspace: Workspace) -> None:
        settings: Settings = workspace.settings
        path = workspace.basemap_path
        self.upstream: Upstream | None = None
        self._tile: TileOf | None = None
        self._zooms: Callable[[], tuple[int, int]] | None = None
        if settings.basemap_url:
            if path is not None:
                raise UsageError(
                    "设置 basemap 和 basemap_url 只能用一个:请删去其中一个",
                    "only one of the settings basemap and basemap_url can be used: remove one",
                    code="bad_basemap",
                )
            folder, most = workspace.folder / _CACHE, int(settings.basemap_cache_mb * 1e6)
            self.upstream = Upstream(Address.of(settings.basemap_url), folder, most)
            self._tile = self.upstream.tile
            self._zooms = lambda: (0, settings.basemap_url_zoom)
        elif path is not None:
            self._tile = lambda z, x, y: base_tile(path, z, x, y)
            self._zooms = lambda: zoom_range(path)
        self._is_shifted = settings.basemap_datum == "gcj02"

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """Return the bytes of a tile and their type; None where there is none.

        Raises:
            AwayError: The server of the base map does not answer.
            UsageError: The file is no base map.
        """
        if self._tile is None or self._zooms is None:
            return None
        if self.upstream is not None and z > self._zooms()[1]:
            return None
        if self._is_shifted:
            return shifted(self._tile, z, x, y)
        return self._tile(z, x, y)

    def zooms(self) -> tuple[int, int] | None:
        """Return the lowest and highest zoom with tiles; None without a base map.

        Raises:
            UsageError: The file is no base map.
        """
        return None if self._zooms is None else self._zooms()


def base_map(workspace: Workspace) -> BaseMap:
    """Return the base map of the app that handles this request, made at the first call.

    Raises:
        UsageError: A setting can't be used.
    """
    found = current_app.extensions.get(_KEY)
    if found is None:
        found = current_app.extensions.setdefault(_KEY, BaseMap(workspace))
    return cast(BaseMap, found)
