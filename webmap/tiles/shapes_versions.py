"""Which version of the data a kind of shapes shows: a mark that changes when they may look different.

Every change that people or the program make is written with an audit row, numbered in one line; so
the newest row of those actions that touch a kind tells its version. Rows are read once: a request
reads only what was added since.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from geoinspect.settings import Settings
from geoinspect.store import shapes
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import PatchRow, PhotoRow, SurveyRow, TrackRow
from geoinspect.store.shapes import Placed
from geoinspect.store.site_schema import SiteRow
from webmap.tiles.shapes_sheets import Kind

TABLES: Mapping[Kind, Placed] = {
    Kind.PATCHES: PatchRow,
    Kind.TRACKS: TrackRow,
    Kind.SURVEYS: SurveyRow,
    Kind.CASES: CaseRow,
    Kind.SITES: SiteRow,
    Kind.PHOTOS: PhotoRow,
}
_NONE: frozenset[Kind] = frozenset()
_CASEWORK = frozenset({Kind.CASES, Kind.PATCHES})
# What a family of actions (the word before the first dot) may change. One that is not listed may
# change anything: nothing stale is shown when a later version brings a new one.
FAMILIES: Mapping[str, frozenset[Kind]] = {
    "track": frozenset({Kind.TRACKS, Kind.SITES}),
    "survey": frozenset({Kind.SURVEYS, Kind.PATCHES}),
    "patches": frozenset({Kind.PATCHES}),
    "review": frozenset({Kind.PATCHES}),
    "case": _CASEWORK,
    "tip": _CASEWORK,
    "targets": _CASEWORK,
    "site": frozenset({Kind.SITES, Kind.CASES, Kind.PATCHES}),
    "photo": frozenset({Kind.PHOTOS}),
    # The same file sent by another person is theirs too.
    "upload": frozenset({Kind.TRACKS, Kind.SURVEYS, Kind.PHOTOS}),
    # Whose ground a case lies on.
    "area": frozenset(Kind),
    "areas": frozenset(Kind),
    "unit": frozenset(Kind),
    **dict.fromkeys(
        (
            *("login", "logout", "user", "token", "password", "session", "setting", "settings"),
            *("claim", "plan", "check", "trial", "rate", "risk", "campaign", "landmarks"),
            *("terrain", "zones", "footprints", "audit", "backup", "job", "totp", "anchor"),
        ),
        _NONE,
    ),
}
_EXPORT = "case.export"
# How tiles are written; another number makes every browser ask anew.
_WRITING = 1


def touched(action: str) -> frozenset[Kind]:
    """Return the kinds that an action of the audit chain may change."""
    return (
        _NONE
        if action == _EXPORT
        else FAMILIES.get(action.split(".", maxsplit=1)[0], frozenset(Kind))
    )


class ShapeVersions:
    """The versions of all kinds. Safe for threads."""

    def __init__(self) -> None:
        self._read: tuple[int, Mapping[Kind, int]] = (0, dict.fromkeys(Kind, 0))
        self._lock = threading.Lock()

    def get(self, session: Session, kind: Kind, settings: Settings, today: date) -> str:
        """Return the version of a kind as it stands in the session's snapshot."""
        told: list[object] = [_WRITING, kind.value, self._newest(session)[kind]]
        # What was written without an audit row, by a script say.
        told.append(shapes.newest_number(session, TABLES[kind]))
        if kind is Kind.PATCHES:
            told += [shapes.newest_number(session, SurveyRow), settings.review_people]
        if kind in (Kind.CASES, Kind.SITES):
            told += [today.isoformat(), settings.site_soon_days]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

    def _newest(self, session: Session) -> Mapping[Kind, int]:
        """Return the number of the newest audit row that touched each kind."""
        known, newest = self._read
        last = shapes.newest_audit(session)
        if last < known:
            # A snapshot from before another request's: what that one saw is not there yet.
            known, newest = 0, dict.fromkeys(Kind, 0)
        found = dict(newest)
        for number, action in shapes.audit_actions(session, known):
            for kind in touched(action):
                found[kind] = max(found[kind], number)
        with self._lock:
            if last > self._read[0]:
                self._read = last, found
        return found
