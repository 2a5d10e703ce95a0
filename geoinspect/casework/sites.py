"""The book of sites: adding them, changing them, and no longer visiting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework.actors import Actor
from geoinspect.casework.site_risk import keep_site_risk
from geoinspect.casework.site_rows import (
    FIELDS,
    NewSite,
    built_row,
    check_site,
    new_site_row,
    set_values,
    site_state,
    told_change,
)
from geoinspect.casework.site_visits import settle_sites
from geoinspect.errors import ConflictError, ForbiddenError, Text, UsageError
from geoinspect.files import readable
from geoinspect.ingest.site_fields import (
    SiteKind,
    SiteRecord,
)
from geoinspect.ingest.site_files import read_sites
from geoinspect.records import Problem
from geoinspect.settings import Settings
from geoinspect.store import grounds, seals, sites
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

_KEEPERS = frozenset({"analyst", "admin"})
_SHOWN = 10


# Of 10,000 tracks those near so many sites are read in a few seconds.
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class SitesAdded:
    """What became of a file of sites.

    Attributes:
        added, updated, unchanged: Codes.
        visits: Visits that tracks already in the store prove to those that are new or changed.
    """

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    problems: tuple[Problem, ...]
    visits: int


@dataclass(slots=True)
class _Book:
    """What came of the records so far."""

    added: list[SiteRow] = field(default_factory=list)
    updated: list[SiteRow] = field(default_factory=list)
    unchanged: list[SiteRow] = field(default_factory=list)
    told: list[Json] = field(default_factory=list)
    moved: list[SiteRow] = field(default_factory=list)
    strange: dict[str, list[str]] = field(default_factory=dict)
    crossed: list[str] = field(default_factory=list)

    def add(self, other: _Book) -> None:
        """Take over what came of further records."""
        for name in ("added", "updated", "unchanged", "told", "moved", "crossed"):
            getattr(self, name).extend(getattr(other, name))
        for unit, codes in other.strange.items():
            self.strange.setdefault(unit, []).extend(codes)


def add_sites(
    workspace: Workspace, file: Path, actor: Actor, *, now: datetime | None = None
) -> SitesAdded:
    """Take a list of sites in; the same code again changes that site, a retired one comes back.

    A few at a time, each with the visits that earlier tracks prove, so that nobody else waits
    long; stopped half-way and given again, the list counts once.

    Args:
        workspace: Opened.
        file: See :func:`geoinspect.ingest.site_files.read_sites`.
        actor: Who does it.
        now: When the server took it; None is this moment.

    Raises:
        ForbiddenError: Not this person.
        InputError: The file holds no usable site.
    """
    check_keeper(actor)
    listed = read_sites(file)
    now = now or datetime.now(UTC)
    whole, visits, problems = _Book(), 0, list(listed.problems)
    told = {"subject": readable(file.name), "sha256": sha256_of(file)}
    for first in range(0, len(listed.sites), _AT_ONCE):
        book = _Book()
        with workspace.database.writing() as session:
            _take_some(session, workspace, listed.sites[first : first + _AT_ONCE], actor, now, book)
            _seal(session, book, actor, now, told)
            visits += settle_sites(session, workspace, [*book.added, *book.moved])
        whole.add(book)
    return SitesAdded(
        added=tuple(row.code for row in whole.added),
        updated=tuple(row.code for row in whole.updated),
        unchanged=tuple(row.code for row in whole.unchanged),
        problems=(*problems, *_told(whole)),
        visits=visits,
    )


def _take_some(
    session: Session,
    workspace: Workspace,
    records: Sequence[SiteRecord],
    actor: Actor,
    now: datetime,
    book: _Book,
) -> None:
    units = {unit.code for unit in grounds.units(session)}
    names = {unit.name: unit.code for unit in grounds.units(session)}
    for record in records:
        unit = names.get(record.unit or "", record.unit)
        if unit is not None and unit not in units:
            book.strange.setdefault(unit, []).append(record.code)
            unit = None
        _take(session, workspace.settings, record, unit, actor, now, book)


def _seal(
    session: Session, book: _Book, actor: Actor, now: datetime, told: Mapping[str, str]
) -> None:
    changed = [*book.added, *book.updated]
    if not changed:
        return
    for row in changed:
        keep_site_risk(session, row, now)
    seals.record_sealed(
        session,
        changed,
        actor=actor.name,
        action="site.add",
        subject=told["subject"],
        details={"sha256": told["sha256"], "sites": book.told},
    )


def add_site(
    workspace: Workspace, new: NewSite, actor: Actor, *, now: datetime | None = None
) -> int:
    """Add one site and return its row number; the same site sent again is one site.

    Raises:
        ForbiddenError: Not this person.
        UsageError: A value can't be one.
        NotFoundError: There is no such unit.
        ConflictError: The code is another site's.
    """
    check_keeper(actor)
    now = now or datetime.now(UTC)
    with workspace.database.writing() as session:
        row = built_row(session, workspace.settings, new, actor, now)
        known = sites.site_coded(session, row.code)
        if known is not None:
            if known.made_by == actor.name and site_state(known) == site_state(row):
                return known.id
            raise ConflictError(
                f"编号“{new.code[:40]}”已有重点部位:请换一个编号,或修改原来的部位",
                f"the code {new.code[:40]!r} is another site's: choose another, or change that one",
                code="site_code_taken",
            )
        session.add(row)
        session.flush()
        keep_site_risk(session, row, now)
        seals.record_sealed(
            session,
            [row],
            actor=actor.name,
            action="site.add",
            subject=f"site {row.code}",
            details={"sites": [{"code": row.code, "old": None, "new": site_state(row)}]},
        )
        settle_sites(session, workspace, [row])
        return row.id


def change_site(
    workspace: Workspace,
    site_id: int,
    values: Mapping[str, object],
    actor: Actor,
    *,
    now: datetime | None = None,
) -> bool:
    """Change some values of a site; return whether anything differs now.

    Args:
        workspace: Opened.
        site_id: Row number of the site.
        values: Of the fields of :class:`NewSite` but code and case, ``ground`` among them; or
            ``active``.
        actor: Who does it.
        now: When the server took it; None is this moment.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such site or unit.
        UsageError: A value can't be one.
    """
    check_keeper(actor)
    now = now or datetime.now(UTC)
    renamed = {"geometry" if name == "ground" else name: value for name, value in values.items()}
    for name in sorted(renamed.keys() - {*FIELDS, "geometry"}):
        raise UsageError(
            f"不认识的字段“{name[:40]}”", f"unknown field {name[:40]!r}", code="bad_field"
        )
    with workspace.database.writing() as session:
        row = sites.site(session, site_id)
        before = site_state(row)
        moved = set_values(session, row, renamed)
        after = site_state(row)
        if before == after:
            return False
        check_site(row)
        keep_site_risk(session, row, now)
        action = "site.change" if row.active or not before["active"] else "site.retire"
        seals.record_sealed(
            session,
            [row],
            actor=actor.name,
            action=action,
            subject=f"site {row.code}",
            details={"code": row.code, **told_change(before, after)},
        )
        if moved:
            settle_sites(session, workspace, [row])
    return True


def retire_site(
    workspace: Workspace, site_id: int, note: str, actor: Actor, *, now: datetime | None = None
) -> bool:
    """Say that a site is visited no more, and why; return whether it was until now.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such site.
        UsageError: The note is empty.
    """
    if not note.strip():
        raise UsageError("请写明停用原因", "say why the site is retired", code="no_note")
    return change_site(workspace, site_id, {"active": False, "note": note}, actor, now=now)


def check_keeper(actor: Actor) -> None:
    """Check that somebody may change the list of sites.

    Raises:
        ForbiddenError: Only analysts and administrators may.
    """
    if actor.role not in _KEEPERS:
        raise ForbiddenError(
            "您可以查看和填报,但只有分析员和管理员可以增改重点部位:请联系他们",
            "you may look and answer; only analysts and administrators change sites: ask one",
            code="not_your_role",
        )


def _take(
    session: Session,
    settings: Settings,
    record: SiteRecord,
    unit: str | None,
    actor: Actor,
    now: datetime,
    book: _Book,
) -> None:
    """Add a record's site, or bring the one of its code to what it says."""
    row = sites.site_coded(session, record.code)
    if row is None:
        row = new_site_row(session, settings, _new_of(record, unit), actor, now)
        book.added.append(row)
        book.told.append({"code": row.code, "old": None, "new": site_state(row)})
        return
    before = site_state(row)
    starts, ends = record.starts or row.starts, record.ends or row.ends
    in_order = starts is None or ends is None or starts <= ends
    if not in_order:
        book.crossed.append(record.code)
    said = {
        "name": record.name,
        "kind": None if record.kind is None else record.kind.value,
        "unit_code": unit,
        "interval_days": record.interval_days,
        "radius_m": record.radius_m,
        "dwell_s": record.dwell_s,
        "starts": record.starts if in_order else None,
        "ends": record.ends if in_order else None,
        "risk": record.risk,
        "checklist": None if record.checklist is None else list(record.checklist),
        "note": record.note,
        "active": True,
        "geometry": record.geometry,
    }
    moved = set_values(
        session, row, {name: value for name, value in said.items() if value is not None}
    )
    after = site_state(row)
    if before == after:
        book.unchanged.append(row)
        return
    check_site(row)
    book.updated.append(row)
    book.moved += [row] if moved else []
    book.told.append({"code": row.code, **told_change(before, after)})


def _new_of(record: SiteRecord, unit: str | None) -> NewSite:
    return NewSite(
        code=record.code,
        name=record.name,
        ground=record.geometry,
        kind=record.kind or SiteKind.OTHER,
        unit_code=unit,
        interval_days=record.interval_days,
        radius_m=record.radius_m,
        dwell_s=record.dwell_s,
        starts=record.starts,
        ends=record.ends,
        risk=1.0 if record.risk is None else record.risk,
        checklist=record.checklist or (),
        note=record.note or "",
    )


def _told(book: _Book) -> list[Problem]:
    told = []
    for unit, codes in book.strange.items():
        shown = ", ".join(codes[:_SHOWN]) + (" …" if len(codes) > _SHOWN else "")
        text = Text(
            f"没有单位“{unit[:40]}”,这些部位归所在辖区的责任单位:{shown}",
            f"there is no unit {unit[:40]!r}; these go to the unit of their area: {shown}",
        )
        told.append(Problem("unit_unknown", text, len(codes)))
    if book.crossed:
        shown = ", ".join(book.crossed[:_SHOWN]) + (" …" if len(book.crossed) > _SHOWN else "")
        text = Text(
            f"新的日期与原有起止日期矛盾,未采用:{shown}",
            f"the days contradict those that stand and were not taken: {shown}",
        )
        told.append(Problem("bad_days", text, len(book.crossed)))
    return told
