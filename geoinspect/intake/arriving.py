"""Uploads that arrive in pieces: begun, added to, finished once, or given up.

The bytes lie in ``incoming/ID.part`` and their number is the offset: there is no second count that
could differ. The last byte makes file row, receipt and job in one transaction; before it commits
the bytes have their place in the vault, after it the partial file goes. Whoever is cut off between
two of these steps leaves a whole partial file, and :meth:`Arrivals.finish` does the rest again.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.errors import ConflictError, GeoInspectError, NotFoundError
from geoinspect.intake import arrival_words
from geoinspect.intake.uploads import HEAD_BYTES, TIFF_MAGIC, kind_of, record_received
from geoinspect.store import incoming as store
from geoinspect.store.incoming import NewIncoming
from geoinspect.store.job_schema import IncomingRow
from geoinspect.store.jobs import PRIORITY_UPLOAD, enqueue
from geoinspect.store.partials import Partial, Partials
from geoinspect.store.schema import UserRow
from geoinspect.store.vault import sha256_of
from geoinspect.store.workspace import Workspace

ARRIVE = "arrive"
# An upload of which no byte ever came is not worth keeping its room free.
_EMPTY_KEEP = timedelta(hours=1)
# How long an ended upload can still be asked about, for whoever did not hear the end.
_ENDED_KEEP = timedelta(days=7)
# A time that is a little old is good enough, and saves a transaction for each piece.
_TOUCH_EACH = timedelta(minutes=5)
# Hashing more than this anew takes longer than anybody waits for an answer.
_REHASH_BYTES = 1 << 30
_MOST_RUNNING = 4000
_LEFTOVER_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """How far an upload is (see :class:`IncomingRow`).

    Attributes:
        offset: Bytes that are on the disk here.
    """

    id: str
    user_id: int
    name: str
    length: int
    offset: int
    state: str
    receipt_id: str | None
    error: dict[str, Any]
    created_at: datetime
    expires_at: datetime


class Arrivals:
    """The uploads that arrive at one workspace. Safe for threads, and for several processes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._partials = Partials(workspace.folder / "incoming")
        # A hash goes along with the bytes while one process sees them all.
        self._running: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, asked: NewIncoming) -> Arrival:
        """Make room for an upload.

        Raises:
            TooLargeError: It is larger than any file may be, or the person has too much under way.
            ConflictError: The person has too many uploads under way (``too_many_uploads``).
            StoreError: The disk has no room for it.
        """
        settings, now = self._workspace.settings, datetime.now(UTC)
        if asked.length == 0:
            raise arrival_words.empty()
        if asked.length > settings.raster_max_mb * 1e6:
            raise arrival_words.too_large(asked.length, settings.raster_max_mb)
        with self._workspace.database.reading() as session:
            self._check_quota(session, asked)
            coming = sum(
                max(row.length - self._partials.size(row.id), 0)
                for row in store.unfinished(session)
            )
        self._workspace.vault.check_room(coming + asked.length)
        upload_id = store.new_id()
        self._partials.create(upload_id)
        with self._workspace.database.writing() as session:
            row = store.add_incoming(
                session, upload_id, asked, now=now, expires_at=now + _EMPTY_KEEP
            )
        return _arrival(row, 0)

    def _check_quota(self, session: Session, asked: NewIncoming) -> None:
        settings = self._workspace.settings
        number, length = store.announced(session, asked.user_id)
        if number >= settings.upload_waiting_files:
            raise arrival_words.too_many(number, settings.upload_waiting_files)
        most_gb = settings.upload_waiting_gb
        if length + asked.length > most_gb * 1e9:
            raise arrival_words.too_much(length, most_gb)

    def find(self, upload_id: str, user_id: int) -> Arrival:
        """Return how far a person's own upload is; what is whole is finished first.

        Raises:
            NotFoundError: There is none that is theirs; its time is over (``upload_gone``).
            StoreError: It could not be finished now; asking again tries again.
        """
        with self._workspace.database.reading() as session:
            row = _own(store.incoming(session, upload_id), user_id)
            if row.state != "arriving":
                return _arrival(row, row.length)
        with self._partials.locked(upload_id) as partial:
            return self._settled(upload_id, partial)

    def unfinished(self, user_id: int) -> list[Arrival]:
        """Return a person's own uploads that did not arrive whole, the oldest first."""
        with self._workspace.database.reading() as session:
            rows = store.unfinished(session, user_id)
            return [_arrival(row, self._partials.size(row.id)) for row in rows]

    def append(self, upload_id: str, user_id: int, offset: int, data: bytes) -> Arrival:
        """Add bytes at an offset; they are synced when this returns.

        The last piece sent again, as its answer was lost, is answered as it was.

        Raises:
            NotFoundError: There is none that is theirs, or its time is over.
            ConflictError: ``offset`` is not where the next byte belongs (``wrong_offset``), or
                another connection writes for too long.
            TooLargeError: More bytes than were announced, or more than such a file may have.
            StoreError: The disk can't take them; what came before is untouched.
        """
        with self._workspace.database.reading() as session:
            row = _own(store.incoming(session, upload_id), user_id)
            if row.state != "arriving" and offset + len(data) == row.length:
                return _arrival(row, row.length)
        with self._partials.locked(upload_id) as partial:
            arrival = self._settled(upload_id, partial)
            if arrival.state != "arriving" and offset + len(data) == arrival.length:
                return arrival
            if offset != arrival.offset:
                raise arrival_words.wrong_offset(offset, arrival.offset)
            if offset + len(data) > arrival.length:
                raise arrival_words.beyond(arrival.length)
            if not data:
                return arrival
            self._check_kind(arrival, partial.head(HEAD_BYTES) + data[:HEAD_BYTES])
            self._workspace.vault.check_room(len(data))
            partial.append(data)
            self._hash_on(upload_id, offset, data)
            return self._settled(upload_id, partial, touched=True)

    def _check_kind(self, arrival: Arrival, head: bytes) -> None:
        """Refuse a large file that is no picture before all of it came."""
        most_mb = self._workspace.settings.track_max_mb
        too_large = arrival.length > most_mb * 1e6 and len(head) >= len(TIFF_MAGIC[0])
        if too_large and not head.startswith(TIFF_MAGIC):
            error = arrival_words.too_large(arrival.length, most_mb)
            self._refuse(arrival.id, error)
            raise error

    def _settled(self, upload_id: str, partial: Partial, *, touched: bool = False) -> Arrival:
        """Return how far a locked upload is, finishing it when it is whole."""
        now = datetime.now(UTC)
        with self._workspace.database.reading() as session:
            row = session.get(IncomingRow, upload_id)
        if row is None or (row.state == "arriving" and row.expires_at <= now and not touched):
            partial.remove()
            raise store.no_such_upload(upload_id) if row is None else arrival_words.gone(row)
        if row.state != "arriving":
            if row.state != "checking":
                partial.remove()
            return _arrival(row, row.length)
        size = partial.size
        if size >= row.length:
            return self._finish(row, partial, patient=False)
        stale = row.touched_at == row.created_at or now - row.touched_at > _TOUCH_EACH
        if touched and stale:
            row = self._touch(upload_id, now)
        elif not touched:
            partial.sync()
        return _arrival(row, size)

    def _touch(self, upload_id: str, now: datetime) -> IncomingRow:
        keep = timedelta(days=self._workspace.settings.upload_keep_days)
        with self._workspace.database.writing() as session:
            row = store.incoming(session, upload_id)
            row.touched_at, row.expires_at = now, now + keep
        return row

    def _hash_on(self, upload_id: str, offset: int, data: bytes) -> None:
        with self._lock:
            size, digest = self._running.pop(upload_id, (0, None))
            if offset == 0:
                size, digest = 0, hashlib.sha256()
        if digest is None or size != offset:
            return
        digest.update(data)
        with self._lock:
            self._running[upload_id] = (offset + len(data), digest)
            while len(self._running) > _MOST_RUNNING:
                self._running.popitem(last=False)

    def finish(self, upload_id: str) -> Arrival:
        """Make file, receipt and job of an upload that is whole, however long its hash takes.

        Raises:
            NotFoundError: There is no such upload.
            StoreError: The disk or the database refuses; this can be done again.
        """
        with self._partials.locked(upload_id) as partial:
            with self._workspace.database.reading() as session:
                row = store.incoming(session, upload_id)
            if row.state in store.UNFINISHED and partial.size >= row.length:
                return self._finish(row, partial, patient=True)
            return self._settled(upload_id, partial)

    def _finish(self, row: IncomingRow, partial: Partial, *, patient: bool) -> Arrival:
        partial.sync()
        with self._lock:
            size, digest = self._running.pop(row.id, (0, None))
        if digest is None or size != row.length:
            if not patient and row.length > _REHASH_BYTES:
                return self._hand_on(row.id)
            sha256 = sha256_of(partial.path)
        else:
            sha256 = digest.hexdigest()
        if row.sha256 is not None and sha256 != row.sha256:
            refused = self._refuse(row.id, arrival_words.damaged())
            partial.remove()
            return refused
        kept = self._workspace.vault.adopt(partial.path, sha256)
        long = kind_of(kept.path) == "survey"
        with self._workspace.database.writing() as session:
            row = store.incoming(session, row.id)
            person = session.get_one(UserRow, row.user_id)
            receipt = record_received(
                session, kept, name=row.name, user_id=person.id, actor=person.name,
                tags=row.tags, long=long,
            )  # fmt: skip
            row.state, row.receipt_id, row.error = "received", receipt.id, {}
            row.expires_at = datetime.now(UTC) + _ENDED_KEEP
        partial.remove()
        return _arrival(row, row.length)

    def _hand_on(self, upload_id: str) -> Arrival:
        """Leave the hash of a large file to a job."""
        with self._workspace.database.writing() as session:
            row = store.incoming(session, upload_id)
            row.state = "checking"
            enqueue(
                session, ARRIVE, upload_id, {}, asked_by=row.user_id, weight="long",
                priority=PRIORITY_UPLOAD, key=f"{ARRIVE}:{upload_id}",
            )  # fmt: skip
        return _arrival(row, row.length)

    def _refuse(self, upload_id: str, error: GeoInspectError) -> Arrival:
        """Note why an upload can't be taken."""
        with self._workspace.database.writing() as session:
            row = store.incoming(session, upload_id)
            row.state = "refused"
            row.error = {
                "code": error.code,
                "message": error.text.en,
                "message_zh": error.text.zh,
            }
            row.expires_at = datetime.now(UTC) + _ENDED_KEEP
        self._partials.remove(upload_id)
        return _arrival(row, row.length)

    def give_up(self, upload_id: str, user_id: int) -> None:
        """Remove an upload that did not arrive whole, and what came of it.

        Raises:
            NotFoundError: There is none that is theirs.
            ConflictError: It arrived whole: what has a receipt stays.
        """
        with self._workspace.database.reading() as session:
            _own(store.incoming(session, upload_id), user_id)
        with self._partials.locked(upload_id) as partial:
            with self._workspace.database.writing() as session:
                row = session.get(IncomingRow, upload_id)
                if row is not None and row.state in ("received", "checking"):
                    raise arrival_words.already_received()
                store.drop(session, upload_id)
            partial.remove()
        with self._lock:
            self._running.pop(upload_id, None)

    def repair(self) -> int:
        """Finish what a killed process left whole but without a receipt; return how many."""
        with self._workspace.database.reading() as session:
            whole = [
                (row.id, row.state)
                for row in store.unfinished(session)
                if self._partials.size(row.id) >= row.length
            ]
        done = 0
        for upload_id, state in whole:
            if state == "checking":
                self._hand_on(upload_id)
                continue
            with (
                contextlib.suppress(ConflictError, NotFoundError),
                self._partials.locked(upload_id, patience_s=0.0) as partial,
            ):
                done += self._settled(upload_id, partial).state != "arriving"
        return done

    def sweep(self) -> int:
        """Remove uploads whose time is over, and files that belong to none; return how many."""
        now, removed = datetime.now(UTC), 0
        with self._workspace.database.reading() as session:
            over = [row.id for row in store.outdated(session, now)]
            needed, known = store.ids_with_bytes(session), store.known_ids(session)
        for upload_id in over:
            try:
                with self._partials.locked(upload_id, patience_s=0.0) as partial:
                    with self._workspace.database.writing() as session:
                        row = session.get(IncomingRow, upload_id)
                        if row is not None and row.expires_at > now:
                            continue
                        store.drop(session, upload_id)
                    partial.remove()
                    removed += 1
            except ConflictError:
                continue
        for upload_id in self._partials.ids(older_than_s=0.0):
            # What ended needs its file no more; one without a row may be about to get it.
            if upload_id in known and upload_id not in needed:
                self._partials.remove(upload_id)
                removed += 1
        for upload_id in self._partials.ids(older_than_s=_LEFTOVER_S):
            if upload_id not in known:
                self._partials.remove(upload_id)
                removed += 1
        return removed


def finish_arrival(workspace: Workspace, upload_id: str) -> dict[str, Any]:
    """Finish a large upload in a job; return its receipt, or why it was refused.

    Raises:
        NotFoundError: There is no such upload.
        StoreError: The disk or the database refuses; the job can be tried again.
    """
    done = Arrivals(workspace).finish(upload_id)
    return {"state": done.state, "receipt": done.receipt_id, "error": done.error}


def _arrival(row: IncomingRow, offset: int) -> Arrival:
    return Arrival(
        row.id, row.user_id, row.name, row.length, offset, row.state, row.receipt_id,
        dict(row.error), row.created_at, row.expires_at,
    )  # fmt: skip


def _own(row: IncomingRow, user_id: int) -> IncomingRow:
    if row.user_id != user_id:
        raise store.no_such_upload(row.id)
    return row
