"""Satellite target lists (卫星靶标清单): kept, matched with the local dossiers, made cases of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import LEAD
from geoinspect.cases.records import LinkKind, Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Source
from geoinspect.casework.book import open_in
from geoinspect.casework.openers import (
    brief,
    check_may_open,
    checked_numbers,
    digest_of,
    events_sent,
    home,
    numbered_id,
    titled,
    used_otherwise,
)
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.writing import checked_note, receipt_of
from geoinspect.errors import NotFoundError, TooLargeError, UsageError
from geoinspect.ingest.target_lists import TargetList, read_target_list
from geoinspect.records import Datum, Problem, moment_iso
from geoinspect.store import case_sources, cases, seals, sightings
from geoinspect.store.case_schema import TargetListRow, TargetRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

# Each target is sealed on its own; a county's list has hundreds.
MOST_TARGETS = 20_000
MOST_TOLERANCE_M = 5000.0
_MOST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list.

    Attributes:
        again: The same file had come before; nothing was done now.
        problems: What its sender should know; empty for one that had come before.
    """

    list_id: int
    name: str
    targets: int
    again: bool
    problems: tuple[Problem, ...]


def import_targets(
    workspace: Workspace,
    path: Path,
    actor: Actor,
    *,
    name: str | None = None,
    tolerance_m: float | None = None,
    day: date | None = None,
    datum: Datum | None = None,
    crs: str | None = None,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Imported:
    """Read a list of targets, and keep its file and every usable row.

    Args:
        workspace: Opened.
        path: The file, which may lie in the vault already.
        actor: Who brings it.
        name: What its sender calls it.
        tolerance_m: For matching; None takes the setting ``target_tolerance_m``.
        day: Of the list; None takes the newest day that its rows name.
        datum: Declared by the sender; None goes by the file.
        crs: Declared for projected numbers, ``EPSG:n``.
        now: When the server took it; None is this moment.
        sight: Of who brings it: of a list that came before they hear what they may know.

    Raises:
        ForbiddenError: Not this person.
        UsageError: The tolerance can't be one.
        InputError: It is no list, or no row is usable; nothing is kept.
        TooLargeError: The file or the list is beyond a stated limit.
    """
    check_may_open(actor, LEAD)
    settings = workspace.settings
    within_m = checked_tolerance(tolerance_m, settings.target_tolerance_m)
    called = path.name if name is None else name
    known = _known(workspace, sha256_of(path), called, sight) if path.is_file() else None
    if known is not None:
        return known
    read = read_target_list(path, datum=datum, crs=crs, settings=settings, name=name)
    if len(read.targets) > MOST_TARGETS:
        raise TooLargeError(
            f"{read.name}:{len(read.targets)} 个靶标,上限 {MOST_TARGETS}:请按县拆分",
            f"{read.name}: {len(read.targets)} targets, the limit is {MOST_TARGETS}: split it by "
            "county",
            code="too_many_rows",
        )
    kept = workspace.vault.keep_or_find(path, max_bytes=int(settings.track_max_mb * 1e6))
    with workspace.database.writing() as session:
        before = case_sources.target_list_of_file(session, kept.sha256)
        if before is not None:
            return _again(session, before, called, sight)
        file = sightings.file_row(session, kept, read.name)
        days = [target.day for target in read.targets if target.day is not None]
        row = TargetListRow(
            name=read.name[:200],
            file_id=file.id,
            day=day or max(days, default=None),
            tolerance_m=within_m,
            added_at=now or datetime.now(UTC),
            added_by=actor.name,
            details=_details(read),
        )
        session.add(row)
        session.flush()
        rows = _rows(read, row.id)
        seals.record_sealed(
            session,
            [row, *rows],
            actor=actor.name,
            action="targets.import",
            subject=f"target list {row.id}",
            details={"name": row.name, "sha256": kept.sha256, "targets": len(rows)},
        )
        return Imported(row.id, row.name, len(rows), False, read.problems)


def lists_told(session: Session, sight: Sight = ALL) -> list[Json]:
    """Return the target lists with how many targets each has, newest first.

    Of who may not know of everything, those with targets on their ground, and only these count.
    """
    listed = case_sources.target_lists(session)
    if sight.whole:
        return [list_told(row, count) for row, count in listed]
    own = [(row, len(targets_on(session, row.id, sight))) for row, _count in listed]
    return [list_told(row, count, whole=False) for row, count in own if count]


def targets_on(session: Session, list_id: int, sight: Sight) -> list[TargetRow]:
    """Return the targets of a list on a reader's ground, in the order of its file."""
    rows = case_sources.targets(session, list_id)
    return [row for row in rows if sight.on_ground(row.geometry)]


def list_told(row: TargetListRow, count: int, *, whole: bool = True) -> Json:
    """Return a target list without its targets; what was said of the whole file only with
    ``whole``.
    """
    return {
        "id": row.id,
        "name": row.name,
        "day": None if row.day is None else row.day.isoformat(),
        "tolerance_m": row.tolerance_m,
        "added_at": moment_iso(row.added_at),
        "added_by": row.added_by,
        "targets": count,
        "refused": sum(row.details.get("refused", {}).values()) if whole else None,
        "problems": row.details.get("problems", []) if whole else [],
    }


def target_told(row: TargetRow) -> Json:
    """Return a target."""
    place = row.geometry.representative_point()
    return {
        "id": row.id,
        "code": row.code,
        "place": [round(place.x, 7), round(place.y, 7)],
        "area_m2": None if row.area_m2 is None else round(row.area_m2, 1),
        "day": None if row.day is None else row.day.isoformat(),
        "note": row.note,
    }


def cases_from_targets(
    workspace: Workspace,
    list_id: int,
    target_ids: Iterable[int],
    actor: Actor,
    *,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Json:
    """Open a case for each of some targets; those that have one already are left as they are.

    Args:
        workspace: Opened.
        list_id: The list.
        target_ids: Of its targets.
        actor: Who does it.
        note: Stands with every case.
        client_id: Made by the sender; the same one again does nothing and gives the same answer.
        now: When the server took it; None is this moment.
        sight: Of whom asks: other targets and cases look as if they did not exist.

    Returns:
        ``opened`` (case, ``target``, ``receipt``), ``known`` (case, ``target``), ``again``.

    Raises:
        ForbiddenError: Not this person.
        UsageError: No target, or too many.
        NotFoundError: There is no such list, or no such target in it.
        ConflictError: The identifier was used for something else.
    """
    check_may_open(actor, LEAD)
    numbers = checked_numbers(target_ids, "靶标", "targets")
    request = digest_of("targets", list_id, numbers)
    note, now = checked_note(note), now or datetime.now(UTC)
    with workspace.database.writing() as session:
        rows = _chosen(session, list_id, numbers, sight)
        sent = events_sent(session, client_id, actor)
        linked = cases.links_to(session, LinkKind.TARGET, numbers)
        opened, known = [], []
        for row in rows:
            link = linked.get(row.id)
            if link is None:
                continue
            case = home(session, cases.case(session, link.case_id))
            event = next((one for one in sent if one.case_id == link.case_id), None)
            if event is None and not sight.case(case):
                continue
            if event is None:
                known.append({**brief(case), "target": row.id})
            elif link.details.get("request") != request:
                raise used_otherwise()
            else:
                receipt = receipt_of(session, event)
                opened.append({**brief(case), "target": row.id, "receipt": receipt})
        if sent:
            if not opened:
                raise used_otherwise()
            return {"opened": opened, "known": known, "again": True}
        for row in (row for row in rows if row.id not in linked):
            source = _source(session, row, request)
            new = NewCase(
                title=titled(session, row.geometry, f"卫星靶标 {row.code}")[:200],
                origin=Origin.TARGET,
                ground=row.geometry,
                note=note,
                sources=(source,),
                client_id=numbered_id(client_id, len(opened)),
            )
            done = open_in(session, workspace.settings, new, actor, now=now)
            case = cases.case(session, done.case_id)
            opened.append({**brief(case), "target": row.id, "receipt": done.receipt})
        return {"opened": opened, "known": known, "again": False}


def checked_tolerance(given: float | None, default: float) -> float:
    """Return a tolerance in metres.

    Raises:
        UsageError: It is not above 0 and at most :data:`MOST_TOLERANCE_M`.
    """
    metres = default if given is None else given
    if not 0 < metres <= MOST_TOLERANCE_M:
        raise UsageError(
            f"容差应大于 0、不超过 {MOST_TOLERANCE_M:g} 米,得到 {metres:g}",
            f"the tolerance must be above 0 and at most {MOST_TOLERANCE_M:g} m, got {metres:g}",
            code="bad_tolerance",
        )
    return metres


def _known(workspace: Workspace, sha256: str, called: str, sight: Sight) -> Imported | None:
    with workspace.database.reading() as session:
        row = case_sources.target_list_of_file(session, sha256)
        return None if row is None else _again(session, row, called, sight)


def _again(session: Session, row: TargetListRow, called: str, sight: Sight) -> Imported:
    """Return a list that came before; by its first sender's name only to who may know of it."""
    count = len(targets_on(session, row.id, sight))
    known = sight.whole or count or row.added_by == sight.person
    return Imported(row.id, row.name if known else called[:200], count, True, ())


def _details(read: TargetList) -> Json:
    return {
        "datum": {
            "found": read.datum.found,
            "used": read.datum.used,
            "why": read.datum.why.en,
            "why_zh": read.datum.why.zh,
        },
        "refused": dict(Counter({rows.rule: rows.count for rows in read.refused})),
        "problems": [problem.as_json() for problem in read.problems],
    }


def _rows(read: TargetList, list_id: int) -> list[TargetRow]:
    return [
        TargetRow(
            list_id=list_id,
            code=_printable(target.code)[:100],
            area_m2=target.area_m2,
            day=target.day,
            note=_printable(target.note)[:_MOST_TEXT],
            geometry=target.polygon or shapely.Point(target.lon, target.lat),
        )
        for target in read.targets
    ]


def _printable(text: str) -> str:
    """Return what a cell says on one line."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _chosen(
    session: Session, list_id: int, numbers: Sequence[int], sight: Sight
) -> list[TargetRow]:
    by_number = {row.id: row for row in targets_on(session, list_id, sight)}
    if not by_number:
        case_sources.target_list(session, list_id)
    if not by_number and not sight.whole:
        raise case_sources.missing_list(list_id)
    missing = [number for number in numbers if number not in by_number]
    if missing:
        named = ", ".join(map(str, missing[:10]))
        raise NotFoundError(
            f"清单 {list_id} 里没有靶标 {named}:请刷新页面",
            f"list {list_id} has no target {named}: load the page again",
            code="no_target",
        )
    return [by_number[number] for number in numbers]


def _source(session: Session, row: TargetRow, request: str) -> Source:
    name = case_sources.target_list(session, row.list_id).name
    details = {
        "list": row.list_id,
        "code": row.code,
        "area_m2": row.area_m2,
        "day": None if row.day is None else row.day.isoformat(),
        "request": request,
    }
    label = f"靶标 {row.code} · {name}"[:200]
    return Source(LinkKind.TARGET, row.id, label, None, row.geometry, details)
