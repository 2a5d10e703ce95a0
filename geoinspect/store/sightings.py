"""Questions about what was seen: files, tracks, surveys, patches and looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, column, delete, func, select, table, update
from sqlalchemy.orm import Session, undefer

from geoinspect.errors import NotFoundError
from geoinspect.store.schema import (
    AuditRow,
    FileRow,
    LookRow,
    PatchRow,
    PhotoRow,
    SurveyRow,
    TrackRow,
)
from geoinspect.store.vault import KeptFile

# West, south, east, north in WGS84.
Box = tuple[float, float, float, float]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# SQLite takes 32,766 values in one question (https://www.sqlite.org/limits.html).
_AT_ONCE = 10_000


def file_row(session: Session, kept: KeptFile, name: str) -> FileRow:
    """Return the row of a kept file, made at its first arrival."""
    row = session.scalar(select(FileRow).where(FileRow.sha256 == kept.sha256))
    if row is None:
        row = FileRow(
            sha256=kept.sha256, name=name, bytes=kept.bytes, received_at=datetime.now(UTC)
        )
        session.add(row)
        session.flush()
    return row


def track_of_file(session: Session, sha256: str) -> TrackRow | None:
    """Return the first track made from these bytes, if there is one."""
    query = select(TrackRow).join(FileRow).where(FileRow.sha256 == sha256)
    return session.scalar(query.order_by(TrackRow.part))


def survey_of_file(session: Session, sha256: str) -> SurveyRow | None:
    """Return the survey made from these bytes, if there is one."""
    return session.scalar(select(SurveyRow).join(FileRow).where(FileRow.sha256 == sha256))


def photo_of_file(session: Session, file_id: int) -> PhotoRow | None:
    """Return the photo made from a file, if there is one."""
    return session.scalar(select(PhotoRow).where(PhotoRow.file_id == file_id))


def photo(session: Session, photo_id: int) -> PhotoRow:
    """Return one photo.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(PhotoRow, photo_id)
    if row is None:
        raise missing("照片", "photo", photo_id)
    return row


def photos_in(
    session: Session,
    box: Box | None,
    *,
    limit: int,
    start: datetime | None = None,
    end: datetime | None = None,
    only: ColumnElement[bool] | None = None,
    after: int | None = None,
) -> Sequence[PhotoRow]:
    """Return photos taken in a box and a time, newest first; those without a time last.

    With ``after`` those of higher numbers, by number.
    """
    query = select(PhotoRow).limit(limit)
    if after is None:
        query = query.order_by(PhotoRow.taken.desc(), PhotoRow.id)
    else:
        query = query.where(PhotoRow.id > after).order_by(PhotoRow.id)
    if box is not None:
        query = query.where(PhotoRow.id.in_(in_box("photo", box)))
    if start is not None:
        query = query.where(PhotoRow.taken >= start)
    if end is not None:
        query = query.where(PhotoRow.taken <= end)
    if only is not None:
        query = query.where(only)
    return session.scalars(query).all()


def tracks(session: Session) -> Sequence[TrackRow]:
    """Return all tracks in the order they came."""
    return session.scalars(select(TrackRow).order_by(TrackRow.id)).all()


def tracks_in(
    session: Session,
    box: Box | None,
    *,
    limit: int,
    start: date | None = None,
    end: date | None = None,
    only: ColumnElement[bool] | None = None,
    after: int | None = None,
) -> Sequence[TrackRow]:
    """Return tracks whose box meets a box, newest day first; days from start to end if given.

    With ``after`` those of higher numbers, by number.
    """
    query = select(TrackRow).limit(limit)
    if after is None:
        query = query.order_by(TrackRow.day.desc(), TrackRow.id)
    else:
        query = query.where(TrackRow.id > after).order_by(TrackRow.id)
    if box is not None:
        query = query.where(TrackRow.id.in_(in_box("track", box)))
    if start is not None:
        query = query.where(TrackRow.day >= start)
    if end is not None:
        query = query.where(TrackRow.day <= end)
    if only is not None:
        query = query.where(only)
    return session.scalars(query).all()


def track(session: Session, track_id: int) -> TrackRow:
    """Return one track.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(TrackRow, track_id)
    if row is None:
        raise missing("轨迹", "track", track_id)
    return row


def surveys(session: Session) -> Sequence[SurveyRow]:
    """Return all surveys, newest first."""
    return session.scalars(select(SurveyRow).order_by(SurveyRow.taken.desc(), SurveyRow.id)).all()


def survey(session: Session, survey_id: int) -> SurveyRow:
    """Return one survey.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(SurveyRow, survey_id)
    if row is None:
        raise missing("航测", "survey", survey_id)
    return row


def replace_patches(session: Session, survey_id: int, rows: Iterable[PatchRow]) -> int:
    """Put the patches of a new detection run in the place of a survey's old ones; return how many."""
    session.execute(delete(PatchRow).where(PatchRow.survey_id == survey_id))
    found = list(rows)
    session.add_all(found)
    session.flush()
    return len(found)


def rerank(session: Session) -> None:
    """Give all suspected patches one rank order over all surveys, best score first."""
    order = (PatchRow.score.desc(), PatchRow.area_m2.desc(), PatchRow.id)
    ranked = (
        select(PatchRow.id, func.row_number().over(order_by=order).label("place"))
        .where(PatchRow.state == "suspected")
        .subquery()
    )
    session.execute(
        update(PatchRow)
        .where(PatchRow.id == ranked.c.id, PatchRow.rank.is_distinct_from(ranked.c.place))
        .values(rank=ranked.c.place),
        execution_options={"synchronize_session": False},
    )


def patches_in(
    session: Session, box: Box | None, *, limit: int, after: int | None = None
) -> tuple[Sequence[PatchRow], int]:
    """Return the first patches in a box by rank (licensed ones last), and how many there are.

    With ``after`` those of higher numbers, by number; the count is of all.
    """
    query = select(PatchRow)
    count = select(func.count()).select_from(PatchRow)
    if box is not None:
        inside = PatchRow.id.in_(in_box("patch", box))
        query, count = query.where(inside), count.where(inside)
    if after is None:
        query = query.order_by(PatchRow.rank.is_(None), PatchRow.rank, PatchRow.id)
    else:
        query = query.where(PatchRow.id > after).order_by(PatchRow.id)
    return session.scalars(query.limit(limit)).all(), session.scalar(count) or 0


def patch_middles(session: Session, box: Box, survey_id: int | None = None) -> tuple[I8, F8, F8]:
    """Return numbers and middles (lon, lat) of the patches whose boxes meet a box, by rank as
    in :func:`patches_in`, of one survey if given; each of shape (n,).
    """
    lon, lat = (PatchRow.west + PatchRow.east) / 2, (PatchRow.south + PatchRow.north) / 2
    query = select(PatchRow.id, lon, lat).where(PatchRow.id.in_(in_box("patch", box)))
    if survey_id is not None:
        query = query.where(PatchRow.survey_id == survey_id)
    found = session.execute(query.order_by(PatchRow.rank.is_(None), PatchRow.rank, PatchRow.id))
    rows = np.array([tuple(row) for row in found], np.float64).reshape(-1, 3)
    return rows[:, 0].astype(np.int64), rows[:, 1].copy(), rows[:, 2].copy()


def patches_numbered(session: Session, numbers: Sequence[int]) -> list[PatchRow]:
    """Return patches by number, in the order given; those that are gone are left out."""
    found: dict[int, PatchRow] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = PatchRow.id.in_(numbers[start : start + _AT_ONCE])
        found.update((row.id, row) for row in session.scalars(select(PatchRow).where(some)))
    return [found[number] for number in numbers if number in found]


def patch(session: Session, patch_id: int) -> PatchRow:
    """Return one patch.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(PatchRow, patch_id)
    if row is None:
        raise missing("图斑", "patch", patch_id)
    return row


def add_look(session: Session, look: LookRow) -> None:
    """Keep what a source saw of a campaign's ground, in the place of an earlier look of it."""
    session.execute(
        delete(LookRow).where(
            LookRow.campaign_id == look.campaign_id,
            LookRow.kind == look.kind,
            LookRow.source_id == look.source_id,
        )
    )
    session.add(look)
    session.flush()


def drop_looks(session: Session, kind: str, source_id: int) -> None:
    """Forget what a source saw, on every campaign."""
    session.execute(delete(LookRow).where(LookRow.kind == kind, LookRow.source_id == source_id))


def drop_campaign_looks(session: Session, campaign_id: int) -> None:
    """Forget all that was seen of a campaign's ground."""
    session.execute(delete(LookRow).where(LookRow.campaign_id == campaign_id))


def looks(session: Session, campaign_id: int, *, after: int = 0) -> Sequence[LookRow]:
    """Return the looks of a campaign with their cells, those numbered higher than ``after``."""
    query = (
        select(LookRow)
        .where(LookRow.campaign_id == campaign_id, LookRow.id > after)
        .options(undefer(LookRow.cells))
        .order_by(LookRow.id)
    )
    return session.scalars(query).all()


def looks_state(session: Session, campaign_id: int) -> tuple[int, int, int]:
    """Return how many looks a campaign has, the newest one's number, and that of the newest change
    of areas: together they tell whether anything has changed.
    """
    count, newest = session.execute(
        select(func.count(), func.max(LookRow.id)).where(LookRow.campaign_id == campaign_id)
    ).one()
    areas = session.scalar(select(func.max(AuditRow.id)).where(AuditRow.action == "areas.add"))
    return count, newest or 0, areas or 0


def counts(session: Session) -> dict[str, int]:
    """Return how many tracks, surveys and patches there are."""
    return {
        "tracks": session.scalar(select(func.count()).select_from(TrackRow)) or 0,
        "surveys": session.scalar(select(func.count()).select_from(SurveyRow)) or 0,
        "patches": session.scalar(
            select(func.count()).select_from(PatchRow).where(PatchRow.state == "suspected")
        )
        or 0,
    }


def in_box(name: str, box: Box) -> Select[tuple[int]]:
    """Return the ids whose boxes meet a box, from the table's R*Tree."""
    west, south, east, north = box
    tree = table(f"{name}_box", *(column(c) for c in ("id", "west", "east", "south", "north")))
    return select(tree.c.id).where(
        tree.c.west <= east, tree.c.east >= west, tree.c.south <= north, tree.c.north >= south
    )


def missing(zh: str, en: str, number: int) -> NotFoundError:
    """Return the refusal of a record that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有编号为 {number} 的{zh}",
        f"there is no {en} with the number {number}",
        code="not_found",
    )
