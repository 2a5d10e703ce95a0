"""Which pixels of a tile lie on one person's ground."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_bounds
from shapely.geometry.base import BaseGeometry

from geoinspect import crs as crs_
from geoinspect.territory import Territory
from webmap.tiles.mercator import TILE_PX, bounds_m

Flags = NDArray[np.bool_]

_MERCATOR = "EPSG:3857"
_KEPT = 64
_NOTHING = np.zeros((TILE_PX, TILE_PX), np.bool_)
_NOTHING.setflags(write=False)


class TileCut:
    """Cuts tiles along the border of a territory's ground. Safe for threads."""

    def __init__(self) -> None:
        self._grounds: OrderedDict[str, BaseGeometry] = OrderedDict()
        self._lock = threading.Lock()

    def shown(self, territory: Territory, z: int, x: int, y: int) -> Flags | None:
        """Return which pixels' middles are on a territory's ground, shape (256, 256); None where
        all are, as everywhere for whoever sees everything.
        """
        if territory.ground is None:
            return None
        ground = self._ground(territory)
        bounds = bounds_m(z, x, y)
        tile = shapely.box(*bounds)
        if shapely.contains_properly(ground, tile):
            return None
        near = shapely.clip_by_rect(ground, *bounds)
        parts = [part for part in shapely.get_parts(near) if part.area > 0]
        if not parts:
            return _NOTHING
        drawn = rasterize(
            parts,
            out_shape=(TILE_PX, TILE_PX),
            transform=from_bounds(*bounds, TILE_PX, TILE_PX),
            dtype=np.uint8,
        )
        return np.asarray(drawn > 0)

    def _ground(self, territory: Territory) -> BaseGeometry:
        """Return a territory's ground in EPSG:3857, prepared. Straight lines in degrees are
        straight there along meridians and parallels, and to well below a pixel elsewhere.
        """
        assert territory.ground is not None
        with self._lock:
            known = self._grounds.get(territory.stamp)
            if known is not None:
                self._grounds.move_to_end(territory.stamp)
                return known
        made = crs_.metric_shape(territory.ground, _MERCATOR)
        shapely.prepare(made)
        with self._lock:
            self._grounds[territory.stamp] = made
            while len(self._grounds) > _KEPT:
                self._grounds.popitem(last=False)
        return made
