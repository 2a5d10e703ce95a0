"""Questions about ground: units, areas, zones and campaigns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.errors import AreaError, NotFoundError, UsageError
from geoinspect.ingest.area_checks import circle, outside_parent
from geoinspect.records import Area, Campaign, Level, Problem, Zone, ZoneKind
from geoinspect.store.names import checked_name
from geoinspect.store.schema import AreaRow, CampaignRow, UnitRow, ZoneRow

_AT_ONCE = 500


def add_unit(session: Session, *, code: str, name: str, parent_code: str | None) -> bool:
    """Add a unit or rename the one with this code; return whether it is new.

    Raises:
        UsageError: A name can't be one, or the unit would be its own ancestor.
    """
    checked_name(code, "单位代码", "unit code")
    checked_name(name, "单位名称", "unit name")
    session.flush()
    parents = {unit.code: unit.parent_code for unit in units(session)} | {code: parent_code}
    if code in (caught := circle(parents)):
        raise UsageError(
            f"单位“{code}”不能以“{parent_code}”为上级:它们会互为上级({'、'.join(caught)})",
            f"the unit {code!r} can't have the parent {parent_code!r}: it would be its own ancestor "
            f"({', '.join(caught)})",
            code="unit_cycle",
        )
    row = session.scalar(select(UnitRow).where(UnitRow.code == code))
    if row is None:
        session.add(UnitRow(code=code, name=name, parent_code=parent_code))
        return True
    row.name, row.parent_code = name, parent_code
    return False


def units(session: Session) -> Sequence[UnitRow]:
    """Return all units by code."""
    return session.scalars(select(UnitRow).order_by(UnitRow.code)).all()


def registered(session: Session, codes: Iterable[str]) -> set[str]:
    """Return those of some units that are registered."""
    return set(session.scalars(select(UnitRow.code).where(UnitRow.code.in_(sorted(set(codes))))))


def require_unit(session: Session, code: str | None) -> None:
    """Check that a unit exists (None is fine).

    Raises:
        NotFoundError: It does not.
    """
    if code is not None and session.scalar(select(UnitRow).where(UnitRow.code == code)) is None:
        raise missing_unit(code)


def missing_unit(code: str) -> NotFoundError:
    """Return the refusal of a unit that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有单位“{code}”:请先用 geoinspect units add 登记",
        f"there is no unit {code!r}: add it first with geoinspect units add",
        code="no_such_unit",
    )


def add_areas(session: Session, new: Iterable[Area]) -> tuple[int, int]:
    """Add areas, replacing those with the same code; return how many are new and replaced.

    Raises:
        AreaError: With what is stored, an area would be its own ancestor.
    """
    known = {row.code: row for row in areas(session)}
    added = replaced = 0
    for area in new:
        row = known.get(area.code)
        if row is None:
            row = AreaRow(code=area.code)
            session.add(row)
            added += 1
        else:
            replaced += 1
        row.name, row.level = area.name, area.level.value
        row.parent_code, row.unit_code = area.parent_code, area.unit_code
        row.geometry, row.area_m2 = area.polygon, crs_.geodesic_area_m2(area.polygon)
    session.flush()
    if caught := circle({row.code: row.parent_code for row in areas(session)}):
        names = caught[:10]
        raise AreaError(
            f"导入后这些辖区会互为上级:{'、'.join(names)};请改正上级字段,或把它们放在同一文件里一起导入",
            f"these areas would be their own ancestors: {', '.join(names)}; correct the parent field, or "
            "import them together in one file",
            code="parent_cycle",
        )
    return added, replaced


def areas(session: Session) -> Sequence[AreaRow]:
    """Return all areas by code."""
    return session.scalars(select(AreaRow).order_by(AreaRow.code)).all()


def duties(session: Session) -> dict[str, tuple[str | None, str | None]]:
    """Return of every area, by code, the code of its parent and of the unit that answers for it."""
    query = select(AreaRow.code, AreaRow.parent_code, AreaRow.unit_code)
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def extents(session: Session) -> list[tuple[object, ...]]:
    """Return of every area its code, parent, unit, size and box, by code."""
    box = (AreaRow.west, AreaRow.south, AreaRow.east, AreaRow.north)
    columns = (AreaRow.code, AreaRow.parent_code, AreaRow.unit_code, AreaRow.area_m2, *box)
    return [tuple(row) for row in session.execute(select(*columns).order_by(AreaRow.code))]


def areas_of_unit(session: Session, unit_code: str) -> Sequence[AreaRow]:
    """Return the areas that a unit answers for, and the one whose code it bears, by code."""
    mine = or_(AreaRow.unit_code == unit_code, AreaRow.code == unit_code)
    query = select(AreaRow).where(mine).order_by(AreaRow.code)
    return session.scalars(query).all()


def area(session: Session, code: str) -> AreaRow:
    """Return one area.

    Raises:
        NotFoundError: No area has this code.
    """
    row = session.scalar(select(AreaRow).where(AreaRow.code == code))
    if row is None:
        raise missing_area(code)
    return row


def missing_area(code: str) -> NotFoundError:
    """Return the refusal of an area that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有代码为“{code}”的辖区:请先用 geoinspect areas add 导入边界",
        f"there is no area with the code {code!r}: import its boundary with geoinspect areas add",
        code="no_such_area",
    )


def children(session: Session, code: str) -> Sequence[AreaRow]:
    """Return the areas directly below one, by code."""
    return session.scalars(
        select(AreaRow).where(AreaRow.parent_code == code).order_by(AreaRow.code)
    ).all()


def breadcrumb(session: Session, code: str) -> list[AreaRow]:
    """Return the way from the root of the tree to an area, root first."""
    way, seen = [area(session, code)], {code}
    while (parent := way[0].parent_code) is not None and parent not in seen:
        seen.add(parent)
        row = session.scalar(select(AreaRow).where(AreaRow.code == parent))
        if row is None:
            break
        way.insert(0, row)
    return way


def below(session: Session, code: str) -> list[AreaRow]:
    """Return an area and every area below it, from wide to narrow."""
    by_parent: dict[str | None, list[AreaRow]] = {}
    for row in areas(session):
        by_parent.setdefault(row.parent_code, []).append(row)
    found = [area(session, code)]
    seen = {code}
    for row in found:
        for child in by_parent.get(row.code, []):
            if child.code not in seen:
                seen.add(child.code)
                found.append(child)
    return found


def area_record(row: AreaRow) -> Area:
    """Return the record of an area row."""
    return Area(row.code, row.name, Level(row.level), row.parent_code, row.unit_code, row.geometry)


def outside_parents(session: Session, codes: set[str]) -> tuple[Problem, ...]:
    """Return a problem when areas just added, or those below them, reach outside their parents."""
    records = [area_record(row) for row in areas(session)]
    touched = [a for a in records if a.code in codes or a.parent_code in codes]
    return outside_parent(touched, {area.code: area.polygon for area in records})


def add_zones(session: Session, new: Iterable[Zone]) -> int:
    """Add zones; return how many. The same zone again takes over what is new of its licence."""
    new = list(new)
    known = {_zone_key(row): row for row in _zones_named(session, {zone.name for zone in new})}
    added = 0
    for zone in new:
        row = ZoneRow(
            kind=zone.kind.value,
            name=zone.name,
            valid_from=zone.valid_from,
            valid_to=zone.valid_to,
            licence_no=zone.licence_no,
            licence_m2=zone.licence_m2,
            geometry=zone.polygon,
        )
        stored = known.get(_zone_key(row))
        if stored is None:
            known[_zone_key(row)] = row
            session.add(row)
            added += 1
            continue
        stored.licence_no = zone.licence_no or stored.licence_no
        stored.licence_m2 = zone.licence_m2 or stored.licence_m2
    session.flush()
    return added


def _zones_named(session: Session, names: set[str]) -> Iterable[ZoneRow]:
    """Yield the zones of some names: the others can't be the same as one of these."""
    listed = sorted(names)
    for start in range(0, len(listed), _AT_ONCE):
        some = ZoneRow.name.in_(listed[start : start + _AT_ONCE])
        yield from session.scalars(select(ZoneRow).where(some).order_by(ZoneRow.id))


def _zone_key(row: ZoneRow) -> tuple[object, ...]:
    return row.kind, row.name, row.valid_from, row.valid_to, row.geometry.wkb


def zones(session: Session, kind: ZoneKind | None = None) -> list[Zone]:
    """Return the zones, all or of one kind."""
    return list(numbered_zones(session, kind).values())


def numbered_zones(session: Session, kind: ZoneKind | None = None) -> dict[int, Zone]:
    """Return the zones, all or of one kind, each under its number, in the order of these."""
    query = select(ZoneRow).order_by(ZoneRow.id)
    if kind is not None:
        query = query.where(ZoneRow.kind == kind.value)
    return {
        row.id: Zone(
            ZoneKind(row.kind),
            row.name,
            row.geometry,
            row.valid_from,
            row.valid_to,
            row.licence_no,
            row.licence_m2,
        )
        for row in session.scalars(query)
    }


def add_campaign(session: Session, campaign: Campaign, *, side: int, ground: bytes) -> CampaignRow:
    """Add a campaign with its ground.

    Raises:
        UsageError: The name is taken, or the window ends before it starts.
    """
    checked_name(campaign.name, "行动名称", "campaign name")
    if campaign.end < campaign.start:
        raise UsageError(
            f"结束日期 {campaign.end} 早于开始日期 {campaign.start}",
            f"the end {campaign.end} is before the start {campaign.start}",
            code="bad_window",
        )
    if session.scalar(select(CampaignRow).where(CampaignRow.name == campaign.name)) is not None:
        raise UsageError(
            f"已有名为“{campaign.name}”的行动:请换一个名字",
            f"there is already a campaign named {campaign.name!r}: choose another name",
            code="name_taken",
        )
    row = CampaignRow(
        name=campaign.name,
        area_code=campaign.area_code,
        start=campaign.start,
        end=campaign.end,
        cell_m=campaign.cell_m,
        crs=campaign.crs,
        side=side,
        ground=ground,
    )
    session.add(row)
    session.flush()
    return row


def campaigns(session: Session) -> Sequence[CampaignRow]:
    """Return all campaigns, newest first."""
    return session.scalars(select(CampaignRow).order_by(CampaignRow.id.desc())).all()


def campaigns_on(session: Session, day: date | None) -> Sequence[CampaignRow]:
    """Return the campaigns whose window holds a day; none for an unknown day."""
    if day is None:
        return []
    return session.scalars(
        select(CampaignRow).where(CampaignRow.start <= day, CampaignRow.end >= day)
    ).all()


def campaign(session: Session, name: str | None = None) -> CampaignRow:
    """Return a campaign by name, the newest without one.

    Raises:
        NotFoundError: There is none.
    """
    query = select(CampaignRow).order_by(CampaignRow.id.desc()).limit(1)
    if name is not None:
        query = query.where(CampaignRow.name == name)
    row = session.scalar(query)
    if row is None:
        raise missing_campaign(name)
    return row


def missing_campaign(name: str | int | None = None) -> NotFoundError:
    """Return the refusal of a campaign that there is not, or that somebody may not know of; of a
    name, a number, or of any.
    """
    if isinstance(name, int):
        return NotFoundError(
            f"没有编号为 {name} 的行动",
            f"there is no campaign with the number {name}",
            code="no_campaign",
        )
    what = f"“{name}”" if name is not None else ""
    return NotFoundError(
        f"没有行动{what}:请先用 geoinspect campaigns add 建立",
        f"there is no campaign{'' if name is None else f' named {name!r}'}: "
        "make one with geoinspect campaigns add",
        code="no_campaign",
    )


def campaign_numbered(session: Session, campaign_id: int) -> CampaignRow:
    """Return a campaign by number.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(CampaignRow, campaign_id)
    if row is None:
        raise missing_campaign(campaign_id)
    return row


def campaign_record(row: CampaignRow) -> Campaign:
    """Return the record of a campaign row."""
    return Campaign(row.name, row.area_code, row.start, row.end, row.cell_m, row.crs)
