"""The row of a site: made, given values, checked, and told to the audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.casework.actors import Actor
from geoinspect.casework.writing import checked_note
from geoinspect.errors import UsageError
from geoinspect.ingest.site_fields import (
    MOST_CODE_CHARS,
    MOST_DWELL_S,
    MOST_INTERVAL_DAYS,
    MOST_QUESTION_CHARS,
    MOST_QUESTIONS,
    MOST_RADIUS_M,
    MOST_RISK,
    SiteKind,
)
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds
from geoinspect.store.names import checked_name
from geoinspect.store.site_schema import SiteRow

Json = dict[str, Any]

# What of a site changes which tracks prove a visit to it.
_PROVING = ("geometry", "radius_m", "dwell_s")
FIELDS = (
    *("name", "kind", "unit_code", "interval_days", "radius_m", "dwell_s", "starts", "ends"),
    *("risk", "checklist", "note", "active"),
)


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site to add; None takes the office's settings, or what follows from the place.

    Attributes:
        ground: Point or polygons, WGS84, valid.
        unit_code: None is the unit that answers for the area it lies in.
        checklist: Questions.
    """

    code: str
    name: str
    ground: BaseGeometry
    kind: SiteKind = SiteKind.OTHER
    unit_code: str | None = None
    interval_days: int | None = None
    radius_m: float | None = None
    dwell_s: float | None = None
    starts: date | None = None
    ends: date | None = None
    risk: float = 1.0
    checklist: tuple[str, ...] = ()
    note: str = ""
    case_id: int | None = None


def new_site_row(
    session: Session, settings: Settings, new: NewSite, actor: Actor, now: datetime
) -> SiteRow:
    """Return the flushed row of a new site (see :func:`built_row`)."""
    row = built_row(session, settings, new, actor, now)
    session.add(row)
    session.flush()
    return row


def built_row(
    session: Session, settings: Settings, new: NewSite, actor: Actor, now: datetime
) -> SiteRow:
    """Return the row of a site that is not yet in the session.

    Raises:
        UsageError: A value can't be one.
        NotFoundError: There is no such unit.
    """
    grounds.require_unit(session, new.unit_code)
    row = SiteRow(
        code=new.code.strip(),
        name=new.name.strip(),
        kind=new.kind.value,
        unit_code=new.unit_code,
        interval_days=settings.site_interval_days
        if new.interval_days is None
        else new.interval_days,
        radius_m=settings.site_radius_m if new.radius_m is None else new.radius_m,
        dwell_s=settings.site_dwell_s if new.dwell_s is None else new.dwell_s,
        starts=new.starts,
        ends=new.ends,
        risk=float(new.risk),
        checklist=list(new.checklist),
        case_id=new.case_id,
        note=checked_note(new.note),
        active=True,
        made_at=now,
        made_by=actor.name,
        geometry=new.ground,
    )
    _place(session, row)
    check_site(row)
    return row


def site_state(row: SiteRow) -> Json:
    """Return what a site says, for the audit chain."""
    told = {name: getattr(row, name) for name in FIELDS}
    days = {
        name: None if told[name] is None else told[name].isoformat() for name in ("starts", "ends")
    }
    checklist = list(row.checklist)
    ground = shapely.to_wkt(row.geometry, rounding_precision=7)
    return {**told, **days, "checklist": checklist, "area_code": row.area_code, "ground": ground}


def told_change(before: Json, after: Json) -> Json:
    """Return what of a site differs: ``old`` and ``new``."""
    names = [name for name in after if before[name] != after[name]]
    return {
        "old": {name: before[name] for name in names},
        "new": {name: after[name] for name in names},
    }


def set_values(session: Session, row: SiteRow, values: Mapping[str, Any]) -> bool:
    """Give a site's row some values; return whether other tracks may prove visits to it now."""
    if "unit_code" in values:
        grounds.require_unit(session, values["unit_code"])
    if "note" in values:
        values = {**values, "note": checked_note(values["note"])}
    moved = any(name in values and _differs(getattr(row, name), values[name]) for name in _PROVING)
    for name, value in values.items():
        if _differs(getattr(row, name), value):
            setattr(row, name, list(value) if name == "checklist" else value)
    if "geometry" in values:
        _place(session, row)
    return moved


def _differs(old: object, new: object) -> bool:
    if isinstance(old, BaseGeometry) and isinstance(new, BaseGeometry):
        return not shapely.equals_exact(old, new, tolerance=1e-9)
    return (
        list(old) != list(new)
        if isinstance(old, list) and isinstance(new, Sequence)
        else old != new
    )


def _place(session: Session, row: SiteRow) -> None:
    """Let a site know the area it lies in, and by that its unit where nobody said."""
    point = row.geometry.representative_point()
    area = cases.area_at(session, point.x, point.y)
    row.area_code = None if area is None else area.code
    if row.unit_code is None and area is not None:
        way = grounds.breadcrumb(session, area.code)
        named = [one.unit_code for one in reversed(way) if one.unit_code is not None]
        known = grounds.registered(session, named)
        row.unit_code = next((code for code in named if code in known), None)


def check_site(row: SiteRow) -> None:
    """Check what a site says.

    Raises:
        UsageError: A value can't be one.
    """
    checked_name(row.code, "部位编号", "site's code")
    checked_name(row.name, "部位名称", "site's name")
    if len(row.code) > MOST_CODE_CHARS:
        raise _bad(
            "编号", "code", f"最多 {MOST_CODE_CHARS} 字", f"at most {MOST_CODE_CHARS} characters"
        )
    if row.kind not in set(SiteKind):
        raise _bad("类型", "kind", f"可用:{'、'.join(SiteKind)}", f"one of {', '.join(SiteKind)}")
    limits = {
        "interval_days": ("间隔天数", 1, MOST_INTERVAL_DAYS),
        "radius_m": ("半径(米)", 1, MOST_RADIUS_M),
        "dwell_s": ("停留时间(秒)", 0, MOST_DWELL_S),
        "risk": ("风险倍数", 0, MOST_RISK),
    }
    for name, (zh, least, most) in limits.items():
        if not least <= getattr(row, name) <= most:
            raise _bad(zh, name, f"应为 {least:g} 至 {most:g}", f"from {least:g} to {most:g}")
    if row.starts is not None and row.ends is not None and row.ends < row.starts:
        raise _bad("结束日期", "ends", "不能早于开始日期", "not before the first day")
    _check_ground(row.geometry)
    good = all(
        isinstance(q, str) and q.strip() and q.isprintable() and len(q) <= MOST_QUESTION_CHARS
        for q in row.checklist
    )
    if not good or len(row.checklist) > MOST_QUESTIONS:
        raise _bad(
            "检查清单",
            "checklist",
            f"最多 {MOST_QUESTIONS} 个问题,每个最多 {MOST_QUESTION_CHARS} 字",
            f"at most {MOST_QUESTIONS} questions of {MOST_QUESTION_CHARS} characters",
        )


def _check_ground(ground: BaseGeometry) -> None:
    good = ground.geom_type in ("Point", "Polygon", "MultiPolygon") and ground.is_valid
    west, south, east, north = (-181, -91, 181, 91) if ground.is_empty else ground.bounds
    if not good or not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad("位置", "ground", "应为一个点或面(经纬度)", "a point or polygon in degrees")


def _bad(zh_name: str, name: str, zh: str, en: str) -> UsageError:
    return UsageError(f"部位的{zh_name}{zh}", f"the site's {name} must be {en}", code="bad_site")
