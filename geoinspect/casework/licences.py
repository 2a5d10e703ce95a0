"""Licensed ground (合法种植): what is licensed when, and what patches say of each licence.

A patch on a licensed parcel has the state *licensed* when the licence holds on the day that its
survey was taken; on any other day the parcel is ordinary ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.casework.sight import ALL, Sight
from geoinspect.errors import Text
from geoinspect.intake.rows import china_day
from geoinspect.records import Problem, Zone, ZoneKind
from geoinspect.store import audit, case_sources, sightings
from geoinspect.store.schema import PatchRow, ZoneRow
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import PatchState

Json = dict[str, Any]

# A patch is on licensed ground when so much of it is; the rest is what outlines are inexact by.
# A patch that reaches over the border stays suspected.
INSIDE_SHARE = 0.99


def relicense(workspace: Workspace, *, actor: str) -> Json:
    """Judge the stored patches anew by the licences there are now.

    Detection cuts patches along the parcels it knows. A patch that was stored before a licence
    came becomes licensed when it lies inside the parcels that hold on its survey's day, and one
    that lies outside them becomes suspected.

    Returns:
        ``licensed`` and ``suspected``: how many patches changed to each state.
    """
    with workspace.database.writing() as session:
        return relicense_in(session, actor=actor)


def relicense_in(session: Session, *, actor: str) -> Json:
    """Judge the stored patches anew in the caller's transaction (see :func:`relicense`)."""
    rows = case_sources.licences(session)
    at_stake: dict[int, tuple[PatchRow, date | None]] = {}
    for row in rows:
        box = (row.west, row.south, row.east, row.north)
        for patch, taken in case_sources.dated_patches(session, box):
            at_stake[patch.id] = patch, china_day(taken)
    for patch, taken in case_sources.dated_patches(session, state=PatchState.LICENSED):
        at_stake[patch.id] = patch, china_day(taken)
    grounds: dict[date | None, BaseGeometry] = {}
    changed: dict[PatchState, list[int]] = {PatchState.LICENSED: [], PatchState.SUSPECTED: []}
    for number, (patch, day) in sorted(at_stake.items()):
        if day not in grounds:
            grounds[day] = holding_ground(rows, day)
        inside = share_inside(patch.geometry, grounds[day]) >= INSIDE_SHARE
        state = PatchState.LICENSED if inside else PatchState.SUSPECTED
        if patch.state != state:
            changed[state].append(number)
    told = {state.value: len(numbers) for state, numbers in changed.items()}
    if any(told.values()):
        for state, numbers in changed.items():
            case_sources.restate(session, numbers, state.value)
        sightings.rerank(session)
        details = {**told, "patches": {s.value: n[:1000] for s, n in changed.items() if n}}
        audit.record(
            session, actor=actor, action="patches.relicense", subject="patches", details=details
        )
    return told


def relicensed_problems(told: Json) -> tuple[Problem, ...]:
    """Return what to tell whoever changed the licences; nothing where no patch changed."""
    count = sum(told.values())
    if not count:
        return ()
    text = Text(
        f"已有图斑按许可重新判定:{told['licensed']} 个改为合法种植,{told['suspected']} 个改为疑似",
        f"stored patches were judged anew: {told['licensed']} are licensed now, "
        f"{told['suspected']} are suspected",
    )
    return (Problem("relicensed", text, count),)


def licence_at(session: Session, ground: BaseGeometry, day: date | None) -> Json | None:
    """Return the licence that ground lies in, the one that holds most of it; None without one.

    Args:
        session: Open.
        ground: Point or polygons, WGS84.
        day: A licence with dates never holds on an unknown day.

    Returns:
        ``zone``, ``name``, ``licence_no``, ``valid_from``, ``valid_to``, ``share`` of the ground
        inside, and ``inside``: whether it is all of it.
    """
    found = [
        (share_inside(ground, row.geometry), row)
        for row in case_sources.licences(session)
        if zone_of(row).valid_on(day) and shapely.intersects(row.geometry, ground)
    ]
    if not found:
        return None
    share, row = max(found, key=lambda one: (one[0], -one[1].id))
    return {
        **_licence(row),
        "day": None if day is None else day.isoformat(),
        "share": round(share, 4),
        "inside": share >= INSIDE_SHARE,
    }


def licences_told(session: Session, today: date, sight: Sight = ALL) -> list[Json]:
    """Return the licensed parcels on a reader's ground with its days left, the next to end first.

    ``state`` is ``valid``, ``future``, ``expired`` or ``undated``; an expired licence is ordinary
    ground. ``days_left`` counts today; 0 once it expired, None without a last day.
    """
    return [
        _told(row, today) for row in case_sources.licences(session) if sight.on_ground(row.geometry)
    ]


def zone_of(row: ZoneRow) -> Zone:
    """Return the record of a zone row."""
    return Zone(
        ZoneKind(row.kind),
        row.name,
        row.geometry,
        row.valid_from,
        row.valid_to,
        row.licence_no,
        row.licence_m2,
    )


def holding_ground(rows: Sequence[ZoneRow], day: date | None) -> BaseGeometry:
    """Return the ground of the licences that hold on a day; empty without any."""
    holding = [shapely.make_valid(row.geometry) for row in rows if zone_of(row).valid_on(day)]
    return shapely.union_all(holding)


def share_inside(ground: BaseGeometry, parcels: BaseGeometry) -> float:
    """Return how much of a ground lies in parcels, 0 to 1; of a point 0 or 1.

    Both are in degrees at one place, where the share is that of metres.
    """
    if parcels.is_empty:
        return 0.0
    if ground.area == 0:
        return float(shapely.covers(parcels, ground))
    return float(min(1.0, shapely.intersection(ground, parcels).area / ground.area))


def _told(row: ZoneRow, today: date) -> Json:
    zone = zone_of(row)
    future = zone.valid_from is not None and today < zone.valid_from
    expired = zone.valid_to is not None and zone.valid_to < today
    undated = zone.valid_from is None and zone.valid_to is None
    state = "undated" if undated else "future" if future else "expired" if expired else "valid"
    left = None if zone.valid_to is None else max(0, (zone.valid_to - today).days + 1)
    place = row.geometry.representative_point()
    return {
        **_licence(row),
        "state": state,
        "days_left": left,
        "parcel_m2": round(crs_.geodesic_area_m2(row.geometry), 1),
        "place": [round(place.x, 7), round(place.y, 7)],
    }


def _licence(row: ZoneRow) -> Json:
    return {
        "zone": row.id,
        "name": row.name,
        "licence_no": row.licence_no,
        "licence_m2": row.licence_m2,
        "valid_from": None if row.valid_from is None else row.valid_from.isoformat(),
        "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
    }
