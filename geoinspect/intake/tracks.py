"""Take track files into the workspace, and let a person overrule what was made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from geoinspect.errors import Text
from geoinspect.files import readable
from geoinspect.ingest.tracks import length_m
from geoinspect.intake.doubting import doubts_of, own_ground
from geoinspect.intake.looks import LookMaker, track_source
from geoinspect.intake.preparing import (
    PreparedFile,
    PreparedTrack,
    prepare_file,
    prepare_track,
)
from geoinspect.intake.repeats import Found, Repeats, copy_rows
from geoinspect.intake.rows import choices_of, duplicate, fill_track_row, new_track_row
from geoinspect.intake.site_visits import lay_visits
from geoinspect.intake.telling import accompanied, added, dated, other_outings
from geoinspect.patrols.choices import Counts, Purpose, TrackChoices, TrackTags
from geoinspect.patrols.copies import CopyKind
from geoinspect.patrols.routes import route_cells
from geoinspect.patrols.trace import cells_bytes
from geoinspect.patrols.valid import inside
from geoinspect.records import AddResult, Problem
from geoinspect.store import audit, grounds, patrols, sightings
from geoinspect.store.schema import TrackRow
from geoinspect.store.vault import KeptFile, sha256_of
from geoinspect.store.workspace import Workspace

# With so much of it in common, two tracks are of one outing.
_SAME_OUTING_SHARE = 0.5
_ONE_OUTING = (CopyKind.SAME_WALK, CopyKind.SAME_RECORDING)


@dataclass(frozen=True, slots=True)
class TrackReview:
    """What a person decides about a track.

    Attributes:
        choices: How it is to be read, cleaned and counted from now on.
        unit_code, team, people, purpose: Whose outing it was and why.
        note: In the person's own words; with it, or with a change of ``counts``, the doubts are
            decided, and with a blank one they wait again. None leaves the decision as it stands.
    """

    choices: TrackChoices
    unit_code: str | None
    team: str | None
    people: tuple[str, ...]
    purpose: Purpose = Purpose.SEARCH
    note: str | None = None


class TrackIntake:
    """Stores tracks, finds what they repeat, and sweeps what is new in them.

    Not for use by two threads at once.
    """

    def __init__(self, workspace: Workspace, looks: LookMaker, *, actor: str) -> None:
        self._workspace = workspace
        self._looks = looks
        self._actor = actor
        self._repeats = Repeats(workspace)

    def add(self, path: Path, *, name: str | None, tags: TrackTags) -> AddResult:
        """Read a track file and store its outings.

        Raises:
            TrackError: It holds no usable track; nothing is stored.
            NotFoundError: The unit is unknown.
        """
        self.check(tags)
        choices = choices_of(tags)
        prepared = prepare_file(
            path,
            label=name or readable(path.name),
            tags=tags,
            choices=choices,
            settings=self._workspace.settings,
        )
        return self.store(path, prepared, tags)

    def check(self, tags: TrackTags) -> None:
        """Check what the sender says before any work is done.

        Raises:
            NotFoundError: The unit is unknown.
        """
        with self._workspace.database.reading() as session:
            grounds.require_unit(session, tags.unit_code)

    def has(self, path: Path, tags: TrackTags) -> bool:
        """Return whether a file's bytes are in already and these tags add nothing to them."""
        return path.is_file() and self.known(path, "", tags) is not None

    def known(self, path: Path, label: str, tags: TrackTags) -> AddResult | None:
        """Return what to tell of bytes that are in already; None when there is work to do."""
        if not path.is_file():
            return None
        with self._workspace.database.reading() as session:
            first = sightings.track_of_file(session, sha256_of(path))
            if first is None:
                return None
            rows = patrols.tracks_of_file(session, first.file_id)
            if _is_new_to(rows, tags.person) or _may_date(rows, tags.day):
                return None
            return duplicate("track", label, first.id, first.file)

    def store(self, path: Path, prepared: PreparedFile, tags: TrackTags) -> AddResult:
        """Store a prepared file's outings; the same bytes again are told and count once."""
        kept = self._workspace.vault.keep_or_find(
            path, max_bytes=int(self._workspace.settings.track_max_mb * 1e6)
        )
        for track in prepared.tracks:
            self._looks.prepare(track.day)
        with self._workspace.database.writing() as session:
            file = sightings.file_row(session, kept, prepared.label)
            known = patrols.tracks_of_file(session, file.id)
            if known:
                return self._known(session, known, prepared, tags)
            rows, problems = [], list(prepared.problems)
            for track in prepared.tracks:
                row = new_track_row(prepared, track, tags)
                row.file_id = file.id
                session.add(row)
                problems += self._make(session, row, track, tags.purpose, tags.headcount)
                rows.append(row)
            self._note(session, "track.add", prepared.label, rows, kept)
            return added(prepared, rows, problems, kept)

    def review(self, track_id: int, review: TrackReview) -> TrackRow:
        """Make a track anew as a person decides, and what repeats it with it.

        Raises:
            NotFoundError: There is no such track or unit.
            TrackError: Its file can't be read with these choices; nothing changes.
        """
        with self._workspace.database.reading() as session:
            row = sightings.track(session, track_id)
            grounds.require_unit(session, review.unit_code)
            track = self._prepared(session, row, review.choices)
        self._looks.prepare(track.day)
        with self._workspace.database.writing() as session:
            row = sightings.track(session, track_id)
            before = {"choices": row.choices, "unit": row.unit_code, "team": row.team}
            counted = TrackChoices.from_json(row.choices).counts
            if review.note is not None or counted is not review.choices.counts:
                row.decision = self._decision(review)
            row.choices = review.choices.as_json()
            row.unit_code, row.team = review.unit_code, review.team
            row.people = list(review.people)
            self._make(session, row, track, review.purpose, None)
            for copy in patrols.repeated_by(session, track_id):
                self._remake(session, sightings.track(session, copy.track_id))
            patrols.drop_empty_patrols(session)
            after = {"choices": row.choices, "unit": row.unit_code, "team": row.team}
            details: dict[str, object] = {"id": track_id, "before": before, "after": after}
            details["note"] = review.note
            audit.record(
                session,
                actor=self._actor,
                action="track.review",
                subject=row.name,
                details=details,
            )
            session.refresh(row)
        return row

    def tried(self, track_id: int, choices: TrackChoices) -> PreparedTrack:
        """Return a track as it would be with other choices; nothing changes.

        Raises:
            NotFoundError: There is no such track.
            TrackError: Its file can't be read with these choices.
        """
        with self._workspace.database.reading() as session:
            return self._prepared(session, sightings.track(session, track_id), choices)

    def _make(
        self,
        session: Session,
        row: TrackRow,
        track: PreparedTrack,
        purpose: Purpose,
        headcount: int | None,
    ) -> tuple[Problem, ...]:
        """Fill a track's row and sweep what is new in it; return what its sender should know."""
        settings = self._workspace.settings
        choices = TrackChoices.from_json(row.choices)
        fill_track_row(row, track)
        session.flush()
        found = self._repeats.find(
            session, track.cleaned.segments, (track.sketch, *track.astray), before=row.id
        )
        patrols.replace_copies(session, row.id, copy_rows(row.id, found))
        counted = self._repeats.left_over(track.cleaned.segments, choices.counts, found)
        row.counted_length_m = length_m(counted)
        ground = own_ground(session, row.unit_code)
        row.inside_length_m = row.inside_s = None
        if ground is not None:
            row.inside_length_m, row.inside_s = inside(counted, ground)
            if not counted and track.times is not None:
                row.inside_s = 0.0
        whole = sum(map(len, counted)) == sum(map(len, track.cleaned.segments))
        row.route = track.route if whole else cells_bytes(route_cells(counted))
        lay_visits(session, settings, row, counted, whole=whole)
        self._join_patrol(session, row, found, purpose, headcount)
        sightings.drop_looks(session, "track", row.id)
        source = track_source(
            counted, track.cleaned.mode, track.day, settings, visibility=choices.visibility
        )
        looked = self._looks.add(session, source, row.id) if counted else ()
        row.doubts = [doubt.as_json() for doubt in doubts_of(session, row, track, found)]
        problems = (*track.cleaned.problems, *looked)
        row.report = {**row.report, "problems": [problem.as_json() for problem in problems]}
        session.flush()
        return problems

    def _remake(self, session: Session, row: TrackRow) -> None:
        """Make a track anew with the choices it has, because what it repeats has changed."""
        patrol = None if row.patrol_id is None else patrols.patrol(session, row.patrol_id)
        purpose = Purpose.SEARCH if patrol is None else Purpose(patrol.purpose)
        track = self._prepared(session, row, TrackChoices.from_json(row.choices))
        self._make(session, row, track, purpose, None)

    def _prepared(self, session: Session, row: TrackRow, choices: TrackChoices) -> PreparedTrack:
        """Return a stored track's points cleaned by other choices, read anew where they must be.

        Raises:
            TrackError: The file can't be read with these choices, or its outings, of which this is
                one of several, would begin and end elsewhere.
        """
        settings, had = self._workspace.settings, TrackChoices.from_json(row.choices)
        reading = (had.datum, had.timezone, had.crs) != (
            choices.datum,
            choices.timezone,
            choices.crs,
        )
        if not reading:
            return prepare_track(
                row.part, self._repeats.raw(row), choices=choices, settings=settings, day=row.day
            )
        prepared = prepare_file(
            self._workspace.vault.path_of(row.file.sha256),
            label=row.file.name,
            tags=TrackTags(day=row.day),
            choices=choices,
            settings=settings,
        )
        stored, read = len(patrols.tracks_of_file(session, row.file_id)), prepared.tracks
        if stored == len(read):
            return read[row.part]
        if stored > 1:
            raise other_outings(stored, len(read))
        # What was taken for one outing stays one.
        whole = [segment for track in read for segment in track.cleaned.raw]
        track = prepare_track(0, whole, choices=choices, settings=settings, day=read[0].day)
        return replace(track, datum=read[0].datum, said=read[0].said)

    def _join_patrol(
        self,
        session: Session,
        row: TrackRow,
        found: Sequence[Found],
        purpose: Purpose,
        headcount: int | None,
    ) -> None:
        carried = patrols.leave_patrol(session, row)
        headcount = carried if headcount is None else headcount
        key = patrols.PatrolKey(
            row.unit_code,
            row.team,
            row.mode,
            purpose.value,
            row.day,
            row.first_time,
            row.last_time,
        )
        patrol = None
        for one in found:
            same_team = one.other.unit_code == row.unit_code and row.team in (None, one.other.team)
            if (
                same_team
                and one.other.patrol_id is not None
                and one.copy.kind in _ONE_OUTING
                and one.copy.share >= _SAME_OUTING_SHARE
            ):
                patrol = patrols.patrol(session, one.other.patrol_id)
                break
        gap_s = self._workspace.settings.outing_gap_s
        patrol = patrol or patrols.patrol_of(session, key, gap_s=gap_s)
        if patrol is None:
            patrol = patrols.add_patrol(session, key)
        patrols.widen_patrol(patrol, key)
        patrol.headcount = headcount if patrol.headcount is None else patrol.headcount
        row.patrol_id = patrol.id

    def _known(
        self,
        session: Session,
        known: Sequence[TrackRow],
        prepared: PreparedFile,
        tags: TrackTags,
    ) -> AddResult:
        """Tell that these bytes are here; take down the day or the companion they bring along."""
        result = duplicate("track", prepared.label, known[0].id, known[0].file)
        told, problems = [], list[Problem]()
        if tags.person is not None and _is_new_to(known, tags.person):
            for row in known:
                row.people = sorted({*row.people, tags.person})
            self._note(session, "track.person", prepared.label, known, None)
            told.append(accompanied(prepared.label, tags.person))
        if tags.day is not None and _may_date(known, tags.day):
            undated = [row for row in known if row.day is None]
            for row in undated:
                row.day = tags.day
                track = self._prepared(session, row, TrackChoices.from_json(row.choices))
                problems += self._make(session, row, track, tags.purpose, tags.headcount)
            patrols.drop_empty_patrols(session)
            self._note(session, "track.day", prepared.label, undated, None)
            told.append(dated(prepared.label, tags.day))
        if not told:
            return result
        text = Text("".join(one.zh for one in told), " ".join(one.en for one in told))
        return replace(result, summary=text, problems=tuple(problems))

    def _decision(self, review: TrackReview) -> dict[str, object]:
        """Return what a person made of the doubts; nothing for one who took it back."""
        if not review.note and review.choices.counts is Counts.AUTO:
            return {}
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        counts = review.choices.counts.value
        return {"counts": counts, "note": review.note or "", "by": self._actor, "at": at}

    def _note(
        self,
        session: Session,
        action: str,
        subject: str,
        rows: Sequence[TrackRow],
        kept: KeptFile | None,
    ) -> None:
        details: dict[str, object] = {"tracks": [row.id for row in rows]}
        if kept is not None:
            details["sha256"] = kept.sha256
        audit.record(session, actor=self._actor, action=action, subject=subject, details=details)


def _is_new_to(rows: Sequence[TrackRow], person: str | None) -> bool:
    return person is not None and any(person not in row.people for row in rows)


def _may_date(rows: Sequence[TrackRow], day: date | None) -> bool:
    return day is not None and any(row.day is None for row in rows)
