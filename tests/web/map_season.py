"""A county whose looks come in three months by several units, some of which no longer hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import county_builder as county
from conftest import Visitor, build_workspace
from flask import Flask

from webmap import create_app

# At 34° N a rosette of April holds for 75 days; what flowers in May holds to the end.
EARLY = datetime(2026, 4, 3, 0, 30, tzinfo=UTC)
LATE = datetime(2026, 5, 20, 0, 30, tzinfo=UTC)
EARLY_UNIT, LATE_UNIT = "U990100001", "U990100002"
BEFORE_ALL, EARLY_DAY, STILL_HOLDS, EXPIRED = "2026-04-02", "2026-04-03", "2026-06-16", "2026-06-19"
_BAND_STEPS = 8


@dataclass(frozen=True)
class Season:
    """The app of such a county; only walks that have expired by June saw the place ``early``."""

    app: Flask
    early: tuple[float, float]

    def visitor(self) -> Visitor:
        made = Visitor(self.app.test_client())
        assert made.sign_in().status_code == 302
        return made


def make_season(folder: Path) -> Season:
    """Build the county, and send the walks as people do."""
    app = create_app(build_workspace(folder), testing=True)
    middle = county.walk(offset=0.00993)[60]
    season = Season(app, (float(middle[0]), float(middle[1])))
    visitor = season.visitor()
    # Lines of a band 20 m apart: neither copies of one walk, nor wider than they can see.
    for k in range(_BAND_STEPS):
        points = county.walk(offset=0.0093 + 0.00018 * k)[40:90]
        _send(visitor, county.gpx(points, name=f"早{k}", start=EARLY), EARLY_UNIT, "早班", "foot")
    shifted = county.walk(offset=0.0145)
    _send(visitor, county.gpx(shifted, name="晚", start=LATE), LATE_UNIT, "晚班", "vehicle")
    return season


def _send(visitor: Visitor, text: str, unit: str, team: str, mode: str) -> None:
    answer = visitor.send(text.encode(), "a.gpx", unit=unit, team=team, mode=mode)
    assert answer.status_code == 201, answer.get_data(as_text=True)
