"""Questions of the map's shapes: the few columns that tiles are drawn from, of all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from geoinspect.store.case_schema import CaseLinkRow, CaseRow
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.reviewing import LabelEntry
from geoinspect.store.schema import (
    AuditRow,
    Base,
    Boxed,
    PatchRow,
    PhotoRow,
    SurveyRow,
    TrackRow,
    UploadRow,
)
from geoinspect.store.site_schema import SiteRow

# One list a column, all of the same length.
Columns = list[list[Any]]
Placed = (
    type[PatchRow]
    | type[TrackRow]
    | type[SurveyRow]
    | type[CaseRow]
    | type[SiteRow]
    | type[PhotoRow]
)
# SQLite takes 32,766 values in one question (https://www.sqlite.org/limits.html).
_AT_ONCE = 10_000
_ROWS = 5_000


def _box(table: type[Boxed]) -> tuple[ColumnElement[Any], ...]:
    return (table.west, table.south, table.east, table.north)  # type: ignore[return-value]


def newest_number(session: Session, table: type[Base]) -> int:
    """Return the highest number of a table's rows, 0 without one."""
    return session.scalar(select(func.max(table.__table__.c.id))) or 0


def audit_actions(session: Session, after: int) -> Sequence[tuple[int, str]]:
    """Return the newest audit row of each action among those numbered higher than ``after``."""
    query = select(func.max(AuditRow.id), AuditRow.action).where(AuditRow.id > after)
    return [(row[0], row[1]) for row in session.execute(query.group_by(AuditRow.action))]


def newest_audit(session: Session) -> int:
    """Return the number of the newest audit row, 0 without one."""
    return session.scalar(select(func.max(AuditRow.id))) or 0


def patches(session: Session) -> Columns:
    """Return (id, survey, rank, score, m², state, west, south, east, north) of every patch."""
    row = PatchRow
    columns = (row.id, row.survey_id, row.rank, row.score, row.area_m2, row.state, *_box(row))
    return _read(session, select(*columns).order_by(row.id))


def survey_facts(session: Session) -> dict[int, tuple[Any, str | None]]:
    """Return when each survey was taken and its unit, by number."""
    found = session.execute(select(SurveyRow.id, SurveyRow.taken, SurveyRow.unit_code))
    return {row[0]: (row[1], row[2]) for row in found}


def patch_cases(session: Session) -> Sequence[tuple[int, str]]:
    """Return the patches that standing cases rest on, each with the state of its case."""
    query = (
        select(CaseLinkRow.source_id, CaseRow.state)
        .join(CaseRow, CaseRow.id == CaseLinkRow.case_id)
        .where(CaseLinkRow.kind == "patch", CaseLinkRow.gone_at.is_(None))
        .order_by(CaseLinkRow.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def labels(session: Session) -> list[tuple[int, LabelEntry]]:
    """Return every label of patches with its survey, in the order they came."""
    entries = [getattr(PatchLabelRow, name) for name in LabelEntry._fields]
    query = select(PatchLabelRow.survey_id, *entries).order_by(PatchLabelRow.id)
    return [(row[0], LabelEntry(*row[1:])) for row in session.execute(query)]


def patch_grounds(session: Session, survey_id: int) -> tuple[list[int], list[Any]]:
    """Return numbers and outlines of a survey's patches, WGS84."""
    query = select(PatchRow.id, PatchRow.geometry).where(PatchRow.survey_id == survey_id)
    rows = session.execute(query.order_by(PatchRow.id)).all()
    return [row[0] for row in rows], [row[1] for row in rows]


def tracks(session: Session) -> Columns:
    """Return (id, unit, team, mode, day, name, metres, doubtful, west, south, east, north)."""
    row = TrackRow
    doubtful = (row.doubts != []) & (row.decision == {})
    said = (row.unit_code, row.team, row.mode, row.day, row.name, row.cleaned_length_m, doubtful)
    return _read(session, select(row.id, *said, *_box(row)).order_by(row.id))


def surveys(session: Session) -> Columns:
    """Return (id, unit, taken, name, searched, west, south, east, north) of every survey."""
    row = SurveyRow
    said = (row.unit_code, row.taken, row.name, row.searched)
    return _read(session, select(row.id, *said, *_box(row)).order_by(row.id))


def cases(session: Session) -> Columns:
    """Return (id, number, state, unit, origin, opened, deadline, geometry) of every case."""
    row = CaseRow
    said = (row.number, row.state, row.unit_code, row.origin, row.opened_at, row.deadline)
    return _read(session, select(row.id, *said, row.geometry).order_by(row.id))


def site_grounds(session: Session) -> Columns:
    """Return (id, geometry) of the sites that are visited."""
    query = select(SiteRow.id, SiteRow.geometry).where(SiteRow.active.is_(True))
    return _read(session, query.order_by(SiteRow.id))


def photos(session: Session) -> Columns:
    """Return (id, unit, team, taken, west, south, east, north) of every photo."""
    row = PhotoRow
    said = (row.unit_code, row.team, row.taken)
    return _read(session, select(row.id, *said, *_box(row)).order_by(row.id))


def outlines(session: Session, table: Placed, numbers: Sequence[int]) -> dict[int, bytes]:
    """Return the geometries of some rows by number, as WKB in WGS84."""
    found: dict[int, bytes] = {}
    name = table.__tablename__
    raw: ColumnElement[bytes] = literal_column(f'"{name}".geometry')
    for start in range(0, len(numbers), _AT_ONCE):
        some = table.id.in_(numbers[start : start + _AT_ONCE])
        found.update((row[0], row[1]) for row in session.execute(select(table.id, raw).where(some)))
    return found


def said_of(
    session: Session, table: Placed, names: Sequence[str], numbers: Sequence[int]
) -> dict[int, tuple[Any, ...]]:
    """Return some columns of a page of rows by number."""
    columns = [getattr(table, name) for name in names]
    found = session.execute(select(table.id, *columns).where(table.id.in_(numbers)))
    return {row[0]: tuple(row[1:]) for row in found}


def cases_numbered(session: Session, numbers: Sequence[int]) -> Sequence[CaseRow]:
    """Return a page of cases by number."""
    return session.scalars(select(CaseRow).where(CaseRow.id.in_(numbers))).all()


def numbers_where(session: Session, table: Placed, only: ColumnElement[bool]) -> list[int]:
    """Return the numbers of the rows that a condition holds for."""
    return list(session.scalars(select(table.id).where(only)))


def files_sent(session: Session, user_id: int) -> tuple[int, int]:
    """Return how many files a person sent, and the highest number among them."""
    query = select(func.count(), func.max(UploadRow.file_id)).where(UploadRow.user_id == user_id)
    count, newest = session.execute(query).one()
    return int(count), int(newest or 0)


def _read(session: Session, query: Select[Any]) -> Columns:
    """Return the answer to a question column by column.

    A hundred thousand rows kept as such would make the collector of garbage look at each again and
    again; lists of numbers and texts it leaves alone.
    """
    answer = session.connection().execute(query)
    columns: Columns = [[] for _ in query.selected_columns]
    for rows in answer.partitions(_ROWS):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    return columns
