"""Where the simulated county lies, and what all of its parts share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.records import Mode
from geoinspect.store import audit

WEST, SOUTH, WIDTH_DEG, HEIGHT_DEG = 107.6, 33.4, 0.7577, 0.6311
LON_M, LAT_M = 92_400.0, 110_900.0
FIRST = date(2026, 4, 1)
DAYS, TOWNSHIPS = 60, 4
SIMULATED = {"simulated": True, "message": "simulated", "message_zh": "模拟数据"}
MODES = (Mode.FOOT, Mode.FOOT, Mode.FOOT, Mode.VEHICLE, Mode.DRONE)
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    patches: int = 100_000
    tracks: int = 10_000
    points: int = 300
    surveys: int = 200
    cases: int = 3_000
    sites: int = 500
    cell_m: float = 100.0


def unit_at(lon: float, lat: float) -> str:
    """Return the code of the unit of a place's township."""
    i = min(int((lon - WEST) / WIDTH_DEG * TOWNSHIPS), TOWNSHIPS - 1)
    j = min(int((lat - SOUTH) / HEIGHT_DEG * TOWNSHIPS), TOWNSHIPS - 1)
    return f"U{i}{j}"


def boxes(columns: np.ndarray) -> dict[str, float]:
    """Return the box columns of a row."""
    return dict(zip(("west", "south", "east", "north"), columns.tolist(), strict=True))


def note(session: Session, action: str, subject: str) -> None:
    """Write an audit row that says that the rows are simulated."""
    audit.record(session, actor="simulated", action=action, subject=subject, details=SIMULATED)
