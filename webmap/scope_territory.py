"""The territory of the person behind a request, kept between requests."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from sqlalchemy.orm import Session

from geoinspect.store import grounds
from geoinspect.territory import WHOLE, Territory, territory_of

_KEPT = 256


class Territories:
    """Territories by unit, made anew when areas or units change. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, Territory]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Session, unit_code: str | None) -> Territory:
        """Return the territory of a unit; everything without one."""
        if unit_code is None:
            return WHOLE
        stamp = _stamp(session)
        with self._lock:
            found = self._kept.get(unit_code)
            if found is not None and found[0] == stamp:
                self._kept.move_to_end(unit_code)
                return found[1]
        made = territory_of(session, unit_code)
        with self._lock:
            self._kept[unit_code] = (stamp, made)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _stamp(session: Session) -> str:
    """Return what changes with any area's duty or size and with the tree of units."""
    areas = grounds.extents(session)
    units = sorted((unit.code, unit.parent_code or "") for unit in grounds.units(session))
    return hashlib.sha256(repr((areas, units)).encode()).hexdigest()
