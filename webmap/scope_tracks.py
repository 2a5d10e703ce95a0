"""What the person behind a request may see of what was walked: tracks, patrols and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from geoinspect import patrol_book
from geoinspect.patrol_book import Seen
from geoinspect.store import patrols, sightings
from geoinspect.store.schema import PatrolRow, PhotoRow, TrackRow
from geoinspect.store.sightings import Box
from geoinspect.store.track_list import Order, Place, TrackFilter, count_listed, listed, sorted_by
from geoinspect.store.workspace import Workspace
from webmap.scope_reach import Reach
from webmap.scope_unsaid import result_without_others, without_others


class TrackScope(Reach):
    """The tracks, patrols and photos that one person may see."""

    __slots__ = ()

    def tracks_in(
        self,
        box: Box | None,
        *,
        limit: int,
        start: date | None = None,
        end: date | None = None,
        after: int | None = None,
    ) -> Sequence[TrackRow]:
        """Return visible tracks in a box, newest day first; ``after`` a number, by number."""
        only = self.only(TrackRow)
        return sightings.tracks_in(
            self.session, box, limit=limit, start=start, end=end, only=only, after=after
        )

    def track(self, track_id: int) -> TrackRow:
        """Return one visible track.

        Raises:
            NotFoundError: There is none.
        """
        row = sightings.track(self.session, track_id)
        if not self.has(row):
            raise sightings.missing("轨迹", "track", track_id)
        return row

    def tracks_listed(
        self, wanted: TrackFilter, *, limit: int, after: Place | None
    ) -> Sequence[TrackRow]:
        """Return visible tracks for a list, what waits for a person first."""
        wanted = replace(wanted, only=self.only(TrackRow))
        return listed(self.session, wanted, limit=limit, after=after)

    def tracks_sorted(
        self, wanted: TrackFilter, order: Order, *, limit: int, after: int | None
    ) -> Sequence[TrackRow]:
        """Return visible tracks in another order.

        Raises:
            NotFoundError: ``after`` is no visible track of the list.
        """
        wanted = replace(wanted, only=self.only(TrackRow))
        return sorted_by(self.session, wanted, order, limit=limit, after=after)

    def count_listed(self, wanted: TrackFilter) -> tuple[int, int]:
        """Return how many visible tracks a list holds, and how many wait for a person."""
        return count_listed(self.session, replace(wanted, only=self.only(TrackRow)))

    def track_report(self, row: TrackRow, workspace: Workspace) -> patrol_book.Json:
        """Return all that is known of a visible track; what it shares with a track that is not
        theirs is told without saying which.
        """
        told = patrol_book.track_report(self.session, row, workspace.settings)
        if self.owner is None:
            return told
        return without_others(told, self._sees_track)

    def result_told(self, result: patrol_book.Json) -> patrol_book.Json | None:
        """Return what became of a file that was sent, None for nothing yet; what it shares with a
        track that is not theirs is told without saying which.
        """
        if not result or self.owner is None:
            return result or None
        return result_without_others(result, self._sees_track)

    def _sees_track(self, track_id: int) -> bool:
        row = self.session.get(TrackRow, track_id)
        return row is not None and self.has(row)

    def patrol_of(self, track: TrackRow) -> PatrolRow | None:
        """Return the patrol of a visible track; None where it belongs to none."""
        return None if track.patrol_id is None else patrols.patrol(self.session, track.patrol_id)

    def patrols(self, workspace: Workspace, start: date, end: date) -> list[patrol_book.Json]:
        """Return the visible patrols of some days, newest day first: those of visible tracks."""
        return patrol_book.patrol_list(
            workspace, self.session, start=start, end=end, seen=self._seen
        )

    def month(self, workspace: Workspace, month: date) -> patrol_book.Json:
        """Return the indicators of a month over visible units and people."""
        return patrol_book.month_report(workspace, self.session, month, seen=self._seen)

    def newest_patrol_day(self) -> date | None:
        """Return the day of the newest visible patrol; None without one."""
        only = self.only(TrackRow)
        if only is not None:
            return patrols.newest_day(self.session, only)
        newest = patrols.patrols(self.session, limit=1)
        return newest[0].day if newest else None

    def photos_in(
        self,
        box: Box | None,
        *,
        limit: int,
        start: datetime | None = None,
        end: datetime | None = None,
        after: int | None = None,
    ) -> Sequence[PhotoRow]:
        """Return visible photos in a box, newest first; ``after`` a number, by number."""
        only = self.only(PhotoRow)
        return sightings.photos_in(
            self.session, box, limit=limit, start=start, end=end, only=only, after=after
        )

    def photo(self, photo_id: int) -> PhotoRow:
        """Return one visible photo.

        Raises:
            NotFoundError: There is none.
        """
        row = sightings.photo(self.session, photo_id)
        if not self.has(row):
            raise sightings.missing("照片", "photo", photo_id)
        return row

    @property
    def _seen(self) -> Seen | None:
        return None if self.owner is None else Seen(self.has, self.territory.has_unit)
