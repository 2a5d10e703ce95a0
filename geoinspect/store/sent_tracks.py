"""Which tracks one person sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.store.schema import TrackRow, UploadRow


def tracks_sent(session: Session, user_id: int, first: date, last: date) -> Sequence[TrackRow]:
    """Return the tracks of some days that a person sent, oldest first.

    Args:
        session: Open.
        user_id: Of the person.
        first, last: Days in Beijing, both counted; a track without a day is in none.
    """
    sent = select(UploadRow.file_id).where(UploadRow.user_id == user_id)
    query = (
        select(TrackRow)
        .where(TrackRow.file_id.in_(sent), TrackRow.day.between(first, last))
        .order_by(TrackRow.day, TrackRow.id)
    )
    return session.scalars(query).all()
