"""What of a track repeats another, so that no ground is counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.errors import Text
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.fitting import Flags
from geoinspect.ingest.tracks import read_track
from geoinspect.patrols.choices import Counts, TrackChoices
from geoinspect.patrols.copies import Copy, CopyKind, find_copy, repeats
from geoinspect.patrols.fingerprints import may_repeat
from geoinspect.patrols.quick_looks import worth_comparing
from geoinspect.patrols.trace import trace_segments
from geoinspect.records import Datum, Mode, Segment
from geoinspect.store import patrols, sightings
from geoinspect.store.schema import CopyRow, TrackRow
from geoinspect.store.sightings import Box
from geoinspect.store.workspace import Workspace

# A track in the wrong datum lies up to 1.3 km off (BD-09 in the north-east).
_WRONG_DATUM_DEG = 0.02
# About 50 MB of places and times.
_KEPT_POINTS = 2_000_000
# With less than this of its points unexplained, all of a track is a repeat.
_REST_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One track that is repeated, and how.

    Attributes:
        again: Of every segment which points repeat it; None for what was not worked out: what was
            stored, and what counts nowhere else.
    """

    other: TrackRow
    copy: Copy
    again: tuple[Flags, ...] | None = None


class Repeats:
    """Finds what tracks repeat, keeping the points of those compared last."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._points: dict[tuple[int, str], tuple[Segment, ...]] = {}
        self._count = 0

    def find(
        self,
        session: Session,
        segments: Sequence[Segment],
        sketches: Sequence[bytes],
        *,
        before: int | None = None,
    ) -> list[Found]:
        """Return the stored tracks that cleaned segments repeat, the oldest first.

        Once they account for all of a track nothing more is looked for: a third copy repeats the
        first two, and says nothing new.

        Args:
            session: Holds the write lock, so that no twin comes meanwhile.
            segments: Cleaned, WGS84.
            sketches: Of the segments, and of where they would lie if their datum were wrong.
            before: Only tracks with smaller numbers; None takes all.
        """
        if not segments:
            return []
        near = patrols.tracks_near(session, _box(segments), before=before)
        sketched = patrols.sketches(session, (row.id for row in near))
        others = [np.frombuffer(sketched.get(row.id, b""), np.uint64) for row in near]
        alike = np.zeros(len(near), dtype=bool)
        for sketch in sketches:
            alike |= may_repeat(np.frombuffer(sketch, np.uint64), others)
        moment_s = _window_s(segments)
        found: list[Found] = []
        new = [np.ones(len(segment), dtype=bool) for segment in segments]
        for row, likely in zip(near, alike.tolist(), strict=True):
            if not likely and not _same_window(moment_s, row):
                continue
            if not worth_comparing(segments, self.points(row)):
                continue
            copy = find_copy(segments, self.points(row), beside_m=self._beside_m)
            if copy is None:
                continue
            one = Found(row, copy)
            if not counts_for_others(one):
                found.append(one)
                continue
            old = self._again(segments, one)
            found.append(replace(one, again=old))
            new = [left & ~again for left, again in zip(new, old, strict=True)]
            if sum(int(left.sum()) for left in new) < _REST_SHARE * sum(map(len, new)):
                break
        return found

    def points(self, row: TrackRow) -> tuple[Segment, ...]:
        """Return the cleaned points of a stored track."""
        key = row.id, f"{row.mode}{row.choices}{row.datum_used}"
        if key not in self._points:
            choices = TrackChoices.from_json(row.choices)
            cleaned = clean(
                self.raw(row),
                mode=Mode(row.mode),
                settings=self._workspace.settings,
                rules_off=choices.rules_off,
            )
            self._keep(key, cleaned.segments)
        return self._points[key]

    def _keep(self, key: tuple[int, str], segments: tuple[Segment, ...]) -> None:
        """Keep a track's points, and let the longest kept go until there is room for them."""
        self._count += sum(map(len, segments))
        while self._points and self._count > _KEPT_POINTS:
            gone = self._points.pop(next(iter(self._points)))
            self._count -= sum(map(len, gone))
        self._points[key] = segments

    def raw(self, row: TrackRow) -> tuple[Segment, ...]:
        """Return the raw points of a stored track, in WGS84."""
        if row.trace is not None:
            return trace_segments(row.trace)
        # Stored before tracks kept their points: one file was one track then.
        path = self._workspace.vault.path_of(row.file.sha256)
        file = read_track(
            path,
            datum=Datum(row.datum_used),
            settings=self._workspace.settings,
            name=row.file.name,
        )
        return file.segments

    def left_over(
        self, segments: Sequence[Segment], counts: Counts, found: Iterable[Found]
    ) -> tuple[Segment, ...]:
        """Return what of cleaned segments counts: all, nothing, or what repeats no other track.

        Args:
            segments: Cleaned, the same that ``found`` was found for.
            counts: As a person decided.
            found: What they repeat.
        """
        if counts is Counts.NOTHING:
            return ()
        if counts is Counts.WHOLE:
            return tuple(segments)
        repeated = [np.zeros(len(segment), dtype=bool) for segment in segments]
        for one in found:
            if counts_for_others(one):
                again = self._again(segments, one) if one.again is None else one.again
                repeated = [old | new for old, new in zip(repeated, again, strict=True)]
        return tuple(
            piece
            for segment, flags in zip(segments, repeated, strict=True)
            for piece in _runs(segment, ~flags)
        )

    def known(self, session: Session, row: TrackRow) -> list[Found]:
        """Return what is stored of a track's repeats."""
        return [
            Found(
                sightings.track(session, copy.other_id),
                Copy(
                    CopyKind(copy.kind), copy.share, copy.other_share, copy.offset_s, copy.shift_m
                ),
            )
            for copy in patrols.copies_of(session, row.id)
        ]

    def _again(self, segments: Sequence[Segment], found: Found) -> tuple[Flags, ...]:
        """Return which points of cleaned segments repeat another track."""
        points = self.points(found.other)
        return tuple(repeats(segments, points, found.copy, beside_m=self._beside_m))

    @property
    def _beside_m(self) -> float:
        return self._workspace.settings.same_walk_m


def counts_for_others(found: Found) -> bool:
    """Return whether ground of the other track is counted there and so not here again."""
    wrong_place = found.copy.kind is CopyKind.SHIFTED
    choices = TrackChoices.from_json(found.other.choices)
    return not wrong_place and choices.counts is not Counts.NOTHING


def copy_rows(track_id: int, found: Iterable[Found]) -> list[CopyRow]:
    """Return the rows that keep what a track repeats."""
    return [
        CopyRow(
            track_id=track_id,
            other_id=one.other.id,
            kind=one.copy.kind.value,
            share=one.copy.share,
            other_share=one.copy.other_share,
            offset_s=one.copy.offset_s,
            shift_m=one.copy.shift_m,
        )
        for one in found
    ]


def _runs(segment: Segment, wanted: Flags) -> list[Segment]:
    """Return the unbroken runs of wanted points."""
    if wanted.all():
        return [segment]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]])))
    return [segment.part(slice(a, b)) for a, b in edges.reshape(-1, 2).tolist()]


def _box(segments: Sequence[Segment]) -> Box:
    lon = np.concatenate([segment.lon for segment in segments])
    lat = np.concatenate([segment.lat for segment in segments])
    return (
        float(lon.min()) - _WRONG_DATUM_DEG,
        float(lat.min()) - _WRONG_DATUM_DEG,
        float(lon.max()) + _WRONG_DATUM_DEG,
        float(lat.max()) + _WRONG_DATUM_DEG,
    )


def _window_s(segments: Sequence[Segment]) -> tuple[float, float]:
    time_s = np.concatenate([segment.time_s for segment in segments])
    if not np.isfinite(time_s).any():
        return np.nan, np.nan
    return float(np.nanmin(time_s)), float(np.nanmax(time_s))


def _same_window(window_s: tuple[float, float], row: TrackRow) -> bool:
    """Return whether times overlap enough for two devices on one outing."""
    first_s, last_s = window_s
    if row.first_time is None or row.last_time is None or not np.isfinite(first_s):
        return False
    overlap_s = min(last_s, row.last_time.timestamp()) - max(first_s, row.first_time.timestamp())
    shorter_s = min(last_s - first_s, (row.last_time - row.first_time).total_seconds())
    return overlap_s > 0.5 * shorter_s


def told(found: Found) -> Text:
    """Return what a person reads of a repeat."""
    copy, other = found.copy, found.other
    share = f"{copy.share * 100:.0f}"
    zh, en = _WORDS[copy.kind]
    unit = other.unit_code or "—"
    extra_zh = extra_en = ""
    if copy.kind is CopyKind.TIME_SHIFTED and copy.offset_s is not None:
        hours = copy.offset_s / 3600
        extra_zh, extra_en = f",时间相差 {hours:+.1f} 小时", f", {hours:+.1f} h apart"
    if copy.kind is CopyKind.SHIFTED:
        extra_zh, extra_en = (
            f",整体偏移约 {copy.shift_m:.0f} 米",
            f", about {copy.shift_m:.0f} m off",
        )
    return Text(
        f"{share}% 与轨迹 {other.id}“{other.name}”(单位 {unit},小组 {other.team or '—'}){zh}{extra_zh}",
        f"{share}% {en} track {other.id} {other.name!r} (unit {unit}, team {other.team or '—'})"
        f"{extra_en}",
    )


_WORDS: dict[CopyKind, tuple[str, str]] = {
    CopyKind.SAME_RECORDING: ("是同一次记录", "is the same recording as"),
    CopyKind.TIME_SHIFTED: (
        "是同一次记录,只是改了时间",
        "is the same recording with other times as",
    ),
    CopyKind.SAME_WALK: ("是同一次行走(另一台设备)", "is the same walk, on another device, as"),
    CopyKind.SHIFTED: (
        "形状相同但位置平移,其中一条可能选错了坐标系",
        "has the shape, not the place, of",
    ),
}
