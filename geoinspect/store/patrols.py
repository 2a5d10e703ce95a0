"""Questions about patrols: their tracks, what repeats what, and the people who went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError
from geoinspect.store.schema import CopyRow, PatrolRow, PersonRow, PhotoRow, TrackRow
from geoinspect.store.sightings import Box, in_box

# SQLite takes 32,766 values in one question (https://www.sqlite.org/limits.html).
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class PatrolKey:
    """What tells one team's patrol from another's."""

    unit_code: str | None
    team: str | None
    mode: str
    purpose: str
    day: date | None
    first_time: datetime | None
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class PhotoKey:
    """What tells which patrol a photo belongs to."""

    unit_code: str | None
    team: str | None
    taken: datetime


def tracks_near(session: Session, box: Box, *, before: int | None = None) -> Sequence[TrackRow]:
    """Return tracks whose boxes meet a box and whose number is below ``before``, oldest first."""
    query = select(TrackRow).where(TrackRow.id.in_(in_box("track", box))).order_by(TrackRow.id)
    if before is not None:
        query = query.where(TrackRow.id < before)
    return session.scalars(query).all()


def sketches(session: Session, ids: Iterable[int]) -> dict[int, bytes]:
    """Return the sketches of tracks by number; those without one are left out."""
    query = select(TrackRow.id, TrackRow.sketch).where(TrackRow.sketch.is_not(None))
    return {
        number: sketch
        for some in _batches(list(ids))
        for number, sketch in session.execute(query.where(TrackRow.id.in_(some)))
        if sketch is not None
    }


def tracks_of_file(session: Session, file_id: int) -> Sequence[TrackRow]:
    """Return the outings of a file in their order."""
    query = select(TrackRow).where(TrackRow.file_id == file_id).order_by(TrackRow.part)
    return session.scalars(query).all()


def copies_of(session: Session, track_id: int) -> Sequence[CopyRow]:
    """Return what a track repeats, the most repeated first."""
    query = select(CopyRow).where(CopyRow.track_id == track_id)
    return session.scalars(query.order_by(CopyRow.share.desc(), CopyRow.id)).all()


def repeated_by(session: Session, track_id: int) -> Sequence[CopyRow]:
    """Return what repeats a track."""
    query = select(CopyRow).where(CopyRow.other_id == track_id).order_by(CopyRow.id)
    return session.scalars(query).all()


def replace_copies(session: Session, track_id: int, rows: Iterable[CopyRow]) -> None:
    """Put what was found now in the place of what a track repeated before."""
    session.execute(delete(CopyRow).where(CopyRow.track_id == track_id))
    session.add_all(list(rows))
    session.flush()


def patrol_of(session: Session, key: PatrolKey, *, gap_s: float) -> PatrolRow | None:
    """Return the patrol that a track belongs to: the same team's on the same day, with no longer
    pause between them than ``gap_s``. A track without a team or a day has none.
    """
    if key.team is None or key.day is None:
        return None
    query = select(PatrolRow).where(
        PatrolRow.unit_code.is_not_distinct_from(key.unit_code),
        PatrolRow.team == key.team,
        PatrolRow.mode == key.mode,
        PatrolRow.purpose == key.purpose,
        PatrolRow.day == key.day,
    )
    pause = timedelta(seconds=gap_s)
    for row in session.scalars(query.order_by(PatrolRow.id)):
        if key.first_time is None or key.last_time is None:
            return row
        if row.first_time is None or row.last_time is None:
            return row
        if key.first_time <= row.last_time + pause and row.first_time <= key.last_time + pause:
            return row
    return None


def add_patrol(session: Session, key: PatrolKey) -> PatrolRow:
    """Return a new patrol."""
    row = PatrolRow(
        unit_code=key.unit_code,
        team=key.team,
        mode=key.mode,
        purpose=key.purpose,
        day=key.day,
        first_time=key.first_time,
        last_time=key.last_time,
    )
    session.add(row)
    session.flush()
    return row


def widen_patrol(row: PatrolRow, key: PatrolKey) -> None:
    """Make a patrol's time hold another track's."""
    firsts = [t for t in (row.first_time, key.first_time) if t is not None]
    lasts = [t for t in (row.last_time, key.last_time) if t is not None]
    row.first_time, row.last_time = min(firsts, default=None), max(lasts, default=None)


def leave_patrol(session: Session, track: TrackRow) -> int | None:
    """Take a track out of its patrol, whose time is then that of the others; return how many
    went, when no other track is left to keep that.
    """
    left = None if track.patrol_id is None else session.get(PatrolRow, track.patrol_id)
    track.patrol_id = None
    session.flush()
    if left is None:
        return None
    others = tracks_of_patrols(session, [left.id])[left.id]
    left.first_time = min((t.first_time for t in others if t.first_time), default=None)
    left.last_time = max((t.last_time for t in others if t.last_time), default=None)
    return None if others else left.headcount


def drop_empty_patrols(session: Session) -> None:
    """Forget patrols that no track belongs to any more."""
    used = select(TrackRow.patrol_id).where(TrackRow.patrol_id.is_not(None))
    session.execute(delete(PatrolRow).where(PatrolRow.id.not_in(used)))


def patrols(
    session: Session,
    *,
    start: date | None = None,
    end: date | None = None,
    limit: int | None = None,
) -> Sequence[PatrolRow]:
    """Return patrols, newest day first; days from start to end and so many if given."""
    query = select(PatrolRow).order_by(PatrolRow.day.desc(), PatrolRow.id).limit(limit)
    if start is not None:
        query = query.where(PatrolRow.day >= start)
    if end is not None:
        query = query.where(PatrolRow.day <= end)
    return session.scalars(query).all()


def newest_day(session: Session, only: ColumnElement[bool]) -> date | None:
    """Return the day of the newest patrol with a track of which something holds; None without."""
    query = select(func.max(TrackRow.day)).where(TrackRow.patrol_id.is_not(None), only)
    return session.scalar(query)


def patrol(session: Session, patrol_id: int) -> PatrolRow:
    """Return one patrol.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(PatrolRow, patrol_id)
    if row is None:
        raise NotFoundError(
            f"没有编号为 {patrol_id} 的踏查",
            f"there is no patrol with the number {patrol_id}",
            code="not_found",
        )
    return row


def tracks_of_patrols(session: Session, ids: Iterable[int]) -> dict[int, list[TrackRow]]:
    """Return the tracks of patrols by the patrol's number, in the order they came."""
    found: dict[int, list[TrackRow]] = {number: [] for number in ids}
    query = select(TrackRow).order_by(TrackRow.id)
    for some in _batches(list(found)):
        for row in session.scalars(query.where(TrackRow.patrol_id.in_(some))):
            if row.patrol_id is not None:
                found[row.patrol_id].append(row)
    return found


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield parts of a list that one question can hold."""
    for first in range(0, len(ids), _BATCH):
        yield ids[first : first + _BATCH]


def photos_taken(session: Session, start: datetime, end: datetime) -> list[PhotoKey]:
    """Return whose photos were taken from one moment up to another, and when."""
    query = select(PhotoRow.unit_code, PhotoRow.team, PhotoRow.taken).where(
        PhotoRow.taken >= start, PhotoRow.taken < end
    )
    return [
        PhotoKey(unit_code, team, taken)
        for unit_code, team, taken in session.execute(query)
        if taken is not None
    ]


def doubtful(session: Session) -> list[TrackRow]:
    """Return tracks with doubts that nobody has decided on, newest first."""
    query = select(TrackRow).order_by(TrackRow.id.desc())
    return [row for row in session.scalars(query) if row.doubts and not row.decision]


def roster(session: Session) -> Sequence[PersonRow]:
    """Return everybody on the roster by code."""
    return session.scalars(select(PersonRow).order_by(PersonRow.code)).all()


def set_roster(session: Session, people: Iterable[tuple[str, str | None]]) -> tuple[int, int]:
    """Add people (code, unit) to the roster or move them; return how many are new and moved."""
    known = {row.code: row for row in roster(session)}
    added = moved = 0
    for code, unit_code in people:
        row = known.get(code)
        if row is None:
            known[code] = PersonRow(code=code, unit_code=unit_code)
            session.add(known[code])
            added += 1
        elif row.unit_code != unit_code:
            row.unit_code = unit_code
            moved += 1
    session.flush()
    return added, moved
