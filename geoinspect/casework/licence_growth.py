"""What the detected patches say of a licence: more ground than allowed, over the border, out of
season. Outlines are a detector's, not a surveyor's: each finding is a reason to go and look.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.casework.licences import (
    INSIDE_SHARE,
    holding_ground,
    licences_told,
    share_inside,
    zone_of,
)
from geoinspect.casework.sight import ALL, Sight
from geoinspect.errors import Text
from geoinspect.intake.rows import china_day
from geoinspect.records import Problem
from geoinspect.store import case_sources
from geoinspect.store.schema import PatchRow, SurveyRow, ZoneRow

Json = dict[str, Any]

# Detection cuts a patch at the border: what is left outside starts within this of the parcel.
_BORDER_DEG = 1e-5
# Below it an outline says nothing.
_LEAST_M2 = 0.5


def growth_told(session: Session, today: date, sight: Sight = ALL) -> list[Json]:
    """Return a reader's licences (see ``licences_told``) with what each survey of its parcel shows.

    ``surveys`` has for each survey ``survey``, ``name``, ``day``, ``valid`` (whether the licence
    held), ``seen`` (share of the parcel on the survey), ``patches`` and ``inside_m2`` (on the
    parcel), ``outside_m2`` (of patches that reach over its border onto unlicensed ground) and
    ``problems``.
    """
    rows = case_sources.licences(session)
    mine = [row for row in rows if sight.on_ground(row.geometry)]
    surveys = [
        one for one in case_sources.surveys(session) if sight.territory.touches(one.geometry)
    ]
    told = licences_told(session, today, sight)
    return [
        {**one, "surveys": _surveys(session, row, rows, surveys)}
        for one, row in zip(told, mine, strict=True)
    ]


def _surveys(
    session: Session, row: ZoneRow, rows: Sequence[ZoneRow], surveys: Sequence[SurveyRow]
) -> list[Json]:
    margin = 2 * _BORDER_DEG
    box = (row.west - margin, row.south - margin, row.east + margin, row.north + margin)
    found = []
    for survey in surveys:
        west, south, east, north = box
        apart = survey.west > east or survey.east < west
        if apart or survey.south > north or survey.north < south:
            continue
        seen = share_inside(row.geometry, survey.geometry)
        if seen > 0:
            patches = case_sources.patches_of(session, survey.id, box)
            found.append(_growth(row, rows, survey, patches, seen))
    return found


def _growth(
    row: ZoneRow,
    rows: Sequence[ZoneRow],
    survey: SurveyRow,
    patches: Sequence[PatchRow],
    seen: float,
) -> Json:
    day = china_day(survey.taken)
    parcel = shapely.make_valid(row.geometry)
    inside = [(patch, shapely.intersection(patch.geometry, parcel)) for patch in patches]
    within = [(patch, _area_m2(part)) for patch, part in inside]
    here = [(patch, area_m2) for patch, area_m2 in within if area_m2 >= _LEAST_M2]
    inside_m2 = sum(area_m2 for _, area_m2 in here)
    outside = _outside(parcel, holding_ground(rows, day), patches)
    valid = zone_of(row).valid_on(day)
    problems = _problems(row, day, valid, len(here), inside_m2, outside if valid else [])
    return {
        "survey": survey.id,
        "name": survey.name,
        "day": None if day is None else day.isoformat(),
        "valid": valid,
        "seen": round(seen, 4),
        "patches": len(here),
        "inside_m2": round(inside_m2, 1),
        "outside_m2": round(sum(area_m2 for _, area_m2 in outside), 1),
        "problems": [problem.as_json() for problem in problems],
    }


def _outside(
    parcel: BaseGeometry, licensed: BaseGeometry, patches: Sequence[PatchRow]
) -> list[tuple[PatchRow, float]]:
    """Return the patches that reach over a parcel's border, with their unlicensed ground in m²."""
    near = parcel.buffer(_BORDER_DEG)
    found = []
    for patch in patches:
        over = share_inside(patch.geometry, licensed) < INSIDE_SHARE
        if over and shapely.intersects(near, patch.geometry):
            area_m2 = _area_m2(shapely.difference(patch.geometry, licensed))
            if area_m2 >= _LEAST_M2:
                found.append((patch, area_m2))
    return found


def _problems(
    row: ZoneRow,
    day: date | None,
    valid: bool,
    count: int,
    inside_m2: float,
    outside: Sequence[tuple[PatchRow, float]],
) -> list[Problem]:
    found = []
    if count and not valid:
        found.append(_not_valid(row, day, count, inside_m2))
    allowed = row.licence_m2
    if valid and allowed is not None and inside_m2 > allowed:
        text = Text(
            f"地块内图斑合计 {inside_m2:.0f} 平方米,超过许可的 {allowed:.0f} 平方米"
            f",多出 {inside_m2 - allowed:.0f} 平方米:请实地核对",
            f"patches on the parcel make {inside_m2:.0f} m², {inside_m2 - allowed:.0f} m² more than "
            f"the {allowed:.0f} m² licensed: check on the ground",
        )
        found.append(Problem("over_area", text, count))
    if outside:
        over_m2 = sum(area_m2 for _, area_m2 in outside)
        text = Text(
            f"{len(outside)} 个图斑越出地块边界,界外 {over_m2:.0f} 平方米:请实地核对界址",
            f"{len(outside)} patches reach over the border, {over_m2:.0f} m² outside: check the "
            "border on the ground",
        )
        found.append(Problem("over_border", text, len(outside)))
    return found


def _not_valid(row: ZoneRow, day: date | None, count: int, inside_m2: float) -> Problem:
    area = f"{inside_m2:.0f}"
    if day is None:
        text = Text(
            f"影像日期不明,许可不适用;地块内有 {count} 个图斑({area} 平方米)按普通土地对待",
            f"the picture's day is not known, so the licence does not hold; {count} patches "
            f"({area} m²) on the parcel count as ordinary ground",
        )
        return Problem("day_unknown", text, count)
    early = row.valid_from is not None and day < row.valid_from
    edge = row.valid_from if early else row.valid_to
    zh, en = ("之前", "before it starts") if early else ("之后", "after it ended")
    text = Text(
        f"{day} 在许可期({edge}){zh},地块内有 {count} 个图斑({area} 平方米),按普通土地对待",
        f"{day} is {en} on {edge}: {count} patches ({area} m²) on the parcel count as ordinary "
        "ground",
    )
    return Problem("before_start" if early else "after_end", text, count)


def _area_m2(shape: BaseGeometry) -> float:
    parts = [part for part in shapely.get_parts(shape, return_index=False) if part.area > 0]
    return float(sum(crs_.geodesic_area_m2(part) for part in parts))
