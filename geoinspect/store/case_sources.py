"""Questions about what cases come from: patches, target lists and their targets, licences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from geoinspect.errors import NotFoundError
from geoinspect.records import ZoneKind
from geoinspect.store.case_schema import CaseLinkRow, CaseRow, TargetListRow, TargetRow
from geoinspect.store.schema import FileRow, PatchRow, SurveyRow, ZoneRow
from geoinspect.store.sightings import Box, in_box

_AT_ONCE = 500


def patches(
    session: Session, patch_ids: Iterable[int], seen: Callable[[BaseGeometry], bool] | None = None
) -> list[PatchRow]:
    """Return patches with their surveys, by rank (unranked ones last), then by number.

    Args:
        session: Open.
        patch_ids: Which.
        seen: Whether the asker may know of a patch with this outline; None of every one.

    Raises:
        NotFoundError: One is none any more, or none that the asker may know of; says which.
    """
    wanted = sorted(set(patch_ids))
    found: list[PatchRow] = []
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(PatchRow).where(PatchRow.id.in_(wanted[start : start + _AT_ONCE]))
        found += session.scalars(query.options(joinedload(PatchRow.survey)))
    found = [row for row in found if seen is None or seen(row.geometry)]
    missing = sorted(set(wanted) - {row.id for row in found})
    if missing:
        named = ", ".join(map(str, missing[:10]))
        raise NotFoundError(
            f"没有图斑 {named}:所在航测可能已重新检测,请刷新页面后重新选择",
            f"there is no patch {named}: its survey may have been detected again; load the page "
            "again and choose anew",
            code="no_patch",
        )
    return sorted(found, key=lambda row: (row.rank is None, row.rank or 0, row.id))


def best_patches(
    session: Session,
    survey_id: int,
    first: int,
    seen: Callable[[BaseGeometry], bool] | None = None,
) -> list[int]:
    """Return the numbers of the first suspected patches of a survey by rank, of those ``seen``."""
    query = select(PatchRow.id, PatchRow.geometry).where(
        PatchRow.survey_id == survey_id, PatchRow.state == "suspected", PatchRow.rank.is_not(None)
    )
    ranked = session.execute(query.order_by(PatchRow.rank).limit(first if seen is None else None))
    numbers = (number for number, shape in ranked if seen is None or seen(shape))
    return list(islice(numbers, first))


def patches_of(session: Session, survey_id: int, box: Box | None = None) -> Sequence[PatchRow]:
    """Return the patches of a survey by number, all or those that meet a box."""
    query = select(PatchRow).where(PatchRow.survey_id == survey_id)
    if box is not None:
        query = query.where(PatchRow.id.in_(in_box("patch", box)))
    return session.scalars(query.order_by(PatchRow.id)).all()


def dated_patches(
    session: Session, box: Box | None = None, state: str | None = None
) -> Sequence[tuple[PatchRow, datetime | None]]:
    """Return patches that meet a box, or are in a state, with when their survey was taken."""
    query = select(PatchRow, SurveyRow.taken).join(SurveyRow, SurveyRow.id == PatchRow.survey_id)
    if box is not None:
        query = query.where(PatchRow.id.in_(in_box("patch", box)))
    if state is not None:
        query = query.where(PatchRow.state == state)
    return [(row, taken) for row, taken in session.execute(query.order_by(PatchRow.id))]


def restate(session: Session, patch_ids: Sequence[int], state: str) -> None:
    """Give patches another state; licensed ones lose their rank (see ``sightings.rerank``)."""
    values: dict[str, object] = {"state": state}
    if state != "suspected":
        values["rank"] = None
    for start in range(0, len(patch_ids), _AT_ONCE):
        chosen = PatchRow.id.in_(patch_ids[start : start + _AT_ONCE])
        session.execute(update(PatchRow).where(chosen).values(values))


def link_grounds(
    session: Session, kind: str, states: Sequence[str], boxes: Iterable[Box]
) -> list[CaseLinkRow]:
    """Return the standing links of a kind that have a ground, of cases in some states.

    Only those that meet one of some boxes. Links have no R*Tree, but what was found in a survey
    lies in it: those of the surveys near are looked at, and those that name no survey.
    """
    query = (
        select(CaseLinkRow)
        .join(CaseRow, CaseRow.id == CaseLinkRow.case_id)
        .where(
            CaseLinkRow.kind == kind,
            CaseLinkRow.gone_at.is_(None),
            CaseLinkRow.geometry.is_not(None),
            CaseRow.state.in_(states),
        )
    )
    found: dict[int, CaseLinkRow] = {}
    for box in boxes:
        here = CaseLinkRow.survey_id.in_(in_box("survey", box))
        rows = session.scalars(query.where(here | CaseLinkRow.survey_id.is_(None))).all()
        meets = shapely.intersects([row.geometry for row in rows], shapely.box(*box))
        found |= {row.id: row for row, near in zip(rows, meets, strict=True) if near}
    return [found[number] for number in sorted(found)]


def target_lists(session: Session) -> Sequence[tuple[TargetListRow, int]]:
    """Return every target list with how many targets it has, newest first."""
    query = (
        select(TargetListRow, func.count(TargetRow.id))
        .outerjoin(TargetRow, TargetRow.list_id == TargetListRow.id)
        .group_by(TargetListRow.id)
    )
    found = session.execute(query.order_by(TargetListRow.id.desc()))
    return [(row, count) for row, count in found]


def target_list(session: Session, list_id: int) -> TargetListRow:
    """Return one target list.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(TargetListRow, list_id)
    if row is None:
        raise missing_list(list_id)
    return row


def missing_list(list_id: int) -> NotFoundError:
    """Return the refusal of a target list that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有编号为 {list_id} 的靶标清单",
        f"there is no target list with the number {list_id}",
        code="no_target_list",
    )


def target_list_of_file(session: Session, sha256: str) -> TargetListRow | None:
    """Return the target list made from these bytes, if there is one."""
    query = select(TargetListRow).join(FileRow, FileRow.id == TargetListRow.file_id)
    return session.scalar(query.where(FileRow.sha256 == sha256))


def targets(session: Session, list_id: int) -> Sequence[TargetRow]:
    """Return the targets of a list in the order of its file."""
    query = select(TargetRow).where(TargetRow.list_id == list_id)
    return session.scalars(query.order_by(TargetRow.id)).all()


def licences(session: Session) -> Sequence[ZoneRow]:
    """Return the licensed parcels by their last day (open ones last), then by number."""
    query = select(ZoneRow).where(ZoneRow.kind == ZoneKind.LICENSED.value)
    order = (ZoneRow.valid_to.is_(None), ZoneRow.valid_to, ZoneRow.id)
    return session.scalars(query.order_by(*order)).all()


def surveys(session: Session) -> Sequence[SurveyRow]:
    """Return the surveys by when they were taken, those without a time last."""
    order = (SurveyRow.taken.is_(None), SurveyRow.taken, SurveyRow.id)
    return session.scalars(select(SurveyRow).order_by(*order)).all()
