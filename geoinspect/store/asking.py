"""Questions about what was sent and waits for a person's answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import shapely
from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import Session

from geoinspect.store.schema import AreaRow, SurveyRow, TrackRow, UploadRow, UserRow

_PARTS = "%member_refused%"


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a file, as far as it leaves something to ask.

    Attributes:
        undated: Numbers of its tracks whose day nobody knows.
        doubted: Numbers of its tracks with doubts that nobody decided.
        survey_id: Its survey, when nobody knows the day of it.
    """

    undated: tuple[int, ...] = ()
    doubted: tuple[int, ...] = ()
    survey_id: int | None = None


def asking(
    session: Session, owners: Collection[int] | None, limit: int, after: UploadRow | None = None
) -> Sequence[tuple[UploadRow, str]]:
    """Return uploads that may leave something to ask, newest first, each with who sent it.

    Args:
        session: Reading.
        owners: Whose uploads; None for everybody's.
        limit: Most rows.
        after: Only what is listed after this one.
    """
    undated = select(SurveyRow.file_id).where(SurveyRow.taken.is_(None))
    conditions: list[ColumnElement[bool]] = [
        or_(
            UploadRow.status == "refused",
            UploadRow.file_id.in_(select(TrackRow.file_id).where(_asks())),
            UploadRow.file_id.in_(undated),
            cast(UploadRow.result, String).like(_PARTS),
        )
    ]
    if owners is not None:
        conditions.append(UploadRow.user_id.in_(sorted(owners)))
    if after is not None:
        same = and_(UploadRow.received_at == after.received_at, UploadRow.id > after.id)
        conditions.append(or_(UploadRow.received_at < after.received_at, same))
    rows = session.execute(
        select(UploadRow, UserRow.name)
        .join(UserRow, UserRow.id == UploadRow.user_id)
        .where(*conditions)
        .order_by(UploadRow.received_at.desc(), UploadRow.id)
        .limit(limit)
    )
    return [(row, name) for row, name in rows]


def made_of(session: Session, file_ids: Collection[int]) -> Mapping[int, Made]:
    """Return what was made of files, by file; files that leave nothing to ask are missing."""
    undated: dict[int, list[int]] = {}
    doubted: dict[int, list[int]] = {}
    tracks = session.execute(
        select(TrackRow.file_id, TrackRow.id, TrackRow.day, _open_doubts())
        .where(TrackRow.file_id.in_(list(file_ids)), _asks())
        .order_by(TrackRow.id)
    )
    for file_id, track_id, day, is_doubted in tracks:
        if day is None:
            undated.setdefault(file_id, []).append(track_id)
        if is_doubted:
            doubted.setdefault(file_id, []).append(track_id)
    found = session.execute(
        select(SurveyRow.file_id, SurveyRow.id).where(
            SurveyRow.file_id.in_(list(file_ids)), SurveyRow.taken.is_(None)
        )
    )
    surveys: dict[int, int] = {file_id: survey_id for file_id, survey_id in found}  # noqa: C416
    return {
        one: Made(tuple(undated.get(one, ())), tuple(doubted.get(one, ())), surveys.get(one))
        for one in undated.keys() | doubted.keys() | surveys.keys()
    }


def narrowest_area_at(session: Session, lon: float, lat: float) -> AreaRow | None:
    """Return the smallest area that holds a place, degrees of WGS84; None outside of all."""
    around = select(AreaRow).where(
        AreaRow.west <= lon, AreaRow.east >= lon, AreaRow.south <= lat, AreaRow.north >= lat
    )
    point = shapely.Point(lon, lat)
    for row in session.scalars(around.order_by(AreaRow.area_m2)):
        if row.geometry.intersects(point):
            return row
    return None


def _open_doubts() -> ColumnElement[bool]:
    return (TrackRow.doubts != []) & (TrackRow.decision == {})


def _asks() -> ColumnElement[bool]:
    return or_(TrackRow.day.is_(None), _open_doubts())
