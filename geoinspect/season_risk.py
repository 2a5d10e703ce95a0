"""A season of NDVI as prior risk: which areas look more like the target's course in the year.

It moves where patrols go first and how an area's chance is spread over it, as any risk does; ten
metre pixels can't see a yard, so it says nothing for or against a single place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.crs import geodesic_area_m2
from geoinspect.detect.nudges import season_prior, zone_multipliers
from geoinspect.detect.targets import targets_of
from geoinspect.errors import Text, UsageError
from geoinspect.records import Level
from geoinspect.store import audit, grounds
from geoinspect.store.schema import AreaRow
from geoinspect.store.search_schema import RiskEditRow
from geoinspect.store.workspace import Workspace

# Who set these edits: no person, so that the next season may take their place.
SET_BY = "ndvi season"
# Areas nearer to the usual than this are left as they are.
_LEAST_CHANGE = 0.02
_NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True)
class SeasonRisk:
    """What a season made of the areas.

    Attributes:
        areas: Code, name and multiplier of each area that the series says something of.
        said: What the reader should know.
    """

    areas: tuple[tuple[str, str, float], ...]
    said: tuple[Text, ...]


def set_season_risk(
    workspace: Workspace, paths: Sequence[Path], *, actor: str, harvest_year: int | None = None
) -> SeasonRisk:
    """Multiply the risk of the finest areas by what a series of NDVI says of them.

    It takes the place of an earlier season's; edits by people stay and are multiplied with it.

    Args:
        paths: See :func:`geoinspect.detect.nudges.season_prior`.
        harvest_year: Year the crop is cut in; that of the last reading without it.

    Raises:
        InputError: The series can't be used.
        UsageError: There is no area, the target has no course, or the year can't be.
    """
    target = targets_of(workspace.folder).target()
    prior, said = season_prior(paths, target, workspace.settings, harvest_year)
    with workspace.database.writing() as session:
        rows = _finest(grounds.areas(session))
        if not rows:
            raise UsageError(
                "还没有区域:请先用 geoinspect areas import 导入",
                "there is no area yet: bring them in with geoinspect areas import",
                code="no_areas",
            )
        found = zone_multipliers(prior, [row.geometry for row in rows])
        areas = tuple(
            (row.code, row.name, round(float(factor), 3))
            for row, factor in zip(rows, found, strict=True)
            if abs(factor - 1) >= _LEAST_CHANGE
        )
        _drop(session)
        ground = {row.code: row.geometry for row in rows}
        names = ", ".join(path.name for path in paths[:3]) + (" …" if len(paths) > 3 else "")
        session.add_all(
            RiskEditRow(
                multiplier=factor,
                note=f"{name}:NDVI 季节先验 / season of NDVI ({names})",
                set_by=SET_BY,
                set_at=datetime.now(UTC),
                geometry=ground[code],
            )
            for code, name, factor in areas
        )
        audit.record(
            session,
            actor=actor,
            action="risk.season",
            subject=names,
            details={"areas": {code: factor for code, _, factor in areas}},
        )
    return SeasonRisk(areas, said)


def drop_season_risk(workspace: Workspace, *, actor: str) -> int:
    """Take a season's edits back; return how many there were."""
    with workspace.database.writing() as session:
        dropped = _drop(session)
        details: dict[str, object] = {"dropped": dropped}
        audit.record(session, actor=actor, action="risk.season", subject="", details=details)
    return dropped


def _finest(rows: Sequence[AreaRow]) -> list[AreaRow]:
    """Return the areas of the finest level that covers nearly all ground that any level does."""
    ground_m2: dict[Level, float] = {}
    for row in rows:
        ground_m2[Level(row.level)] = ground_m2.get(Level(row.level), 0.0) + geodesic_area_m2(
            row.geometry
        )
    whole = [
        level for level, area in ground_m2.items() if area >= _NEARLY_ALL * max(ground_m2.values())
    ]
    finest = max(whole, key=list(Level).index, default=None)
    return [row for row in rows if row.level == finest]


def _drop(session: Session) -> int:
    rows = session.scalars(select(RiskEditRow).where(RiskEditRow.set_by == SET_BY)).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)
