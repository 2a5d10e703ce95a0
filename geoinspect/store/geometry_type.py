"""One geometry column type: WKB in SQLite now, PostGIS geometry in a later version."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class WKBGeometry(TypeDecorator[BaseGeometry]):
    """A shapely geometry in WGS84, 2-D, stored as little-endian WKB."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> bytes | None:
        """Return the WKB of a geometry."""
        if value is None:
            return None
        return bytes(shapely.to_wkb(shapely.force_2d(value), byte_order=1))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> BaseGeometry | None:
        """Return the geometry of a WKB."""
        return None if value is None else shapely.from_wkb(value)
