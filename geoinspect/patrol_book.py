"""What is known of tracks and patrols, for pages, API and command line alike."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.errors import Text
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import RULE_WORDS, cleaning_settings
from geoinspect.intake.repeats import Repeats
from geoinspect.intake.tracks import TrackReview
from geoinspect.patrol_verdicts import verdicts, workspace_rules
from geoinspect.patrols.choices import Counts, Purpose, TrackChoices
from geoinspect.patrols.copies import CopyKind
from geoinspect.patrols.hours import Shift, hours_by_person, person_hours
from geoinspect.patrols.indicators import (
    DEFINITIONS,
    MonthlyIndicators,
    PersonDay,
    PersonMonth,
    monthly,
)
from geoinspect.patrols.rules import rule_for
from geoinspect.patrols.speed_strip import SpeedStrip, speed_strip
from geoinspect.patrols.thinning import thin_lines
from geoinspect.patrols.valid import Verdict
from geoinspect.records import Datum, DatumChoice, Mode, Rule, Segment, moment_iso, utc_iso
from geoinspect.settings import Settings
from geoinspect.store import patrols
from geoinspect.store.schema import CopyRow, PatrolRow, TrackRow
from geoinspect.store.workspace import Workspace

# More points than a screen shows; lines are thinned, flagged points cut off and counted.
_MOST_POINTS, _MOST_FLAGGED = 20_000, 5_000
_DECIMALS = 7

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Seen:
    """Which tracks and units one person may know of; a patrol is known by its known tracks."""

    track: Callable[[TrackRow], bool]
    unit: Callable[[str | None], bool]


def track_summary(row: TrackRow) -> Json:
    """Return the few facts of a track that lists show."""
    return {
        "id": row.id,
        "name": row.name,
        "file": row.file.name,
        "part": row.part,
        "day": None if row.day is None else str(row.day),
        "unit_code": row.unit_code,
        "team": row.team,
        "people": row.people,
        "mode": row.mode,
        "patrol_id": row.patrol_id,
        "points": row.points,
        "length_m": round(row.length_m, 1),
        "cleaned_length_m": round(row.cleaned_length_m, 1),
        "counted_length_m": round(row.counted_length_m, 1),
        "doubts": [doubt["code"] for doubt in row.doubts],
        "decided": bool(row.decision),
    }


def track_report(session: Session, row: TrackRow, settings: Settings) -> Json:
    """Return all that is known of a track: read, flagged, stops, datum, repeats, doubts."""
    report, choices = dict(row.report), TrackChoices.from_json(row.choices)
    return {
        **track_summary(row),
        "format": row.format,
        "first_time": moment_iso(row.first_time),
        "last_time": moment_iso(row.last_time),
        "inside_length_m": None if row.inside_length_m is None else round(row.inside_length_m, 1),
        "inside_s": None if row.inside_s is None else round(row.inside_s),
        "datum": _datum(row).as_json(),
        "points_refused": report.get("points_refused", {}),
        "rules": [
            {
                "rule": rule.value,
                "name": RULE_WORDS[rule].en,
                "name_zh": RULE_WORDS[rule].zh,
                "flagged": report.get("flagged", {}).get(rule.value, 0),
                "off": rule in choices.rules_off,
            }
            for rule in Rule
        ],
        "settings": cleaning_settings(Mode(row.mode), settings),
        "mode_declared": report.get("mode_declared", choices.mode is not None),
        "stops": report.get("stops", []),
        "repeats": [_copy_json(copy, copy.other_id) for copy in patrols.copies_of(session, row.id)],
        "repeated_by": [
            _copy_json(copy, copy.track_id) for copy in patrols.repeated_by(session, row.id)
        ],
        "doubts": row.doubts,
        "choices": choices.as_json(),
        "decision": row.decision,
        "problems": [*report.get("read", []), *report.get("problems", [])],
        "message": report.get("message"),
        "message_zh": report.get("message_zh"),
        "bbox": [row.west, row.south, row.east, row.north],
    }


def review_of(session: Session, row: TrackRow) -> TrackReview:
    """Return how a track stands, as the decision that would leave it so."""
    patrol = None if row.patrol_id is None else patrols.patrol(session, row.patrol_id)
    return TrackReview(
        choices=TrackChoices.from_json(row.choices),
        unit_code=row.unit_code,
        team=row.team,
        people=tuple(row.people),
        purpose=Purpose.SEARCH if patrol is None else Purpose(patrol.purpose),
    )


def track_points(workspace: Workspace, session: Session, row: TrackRow) -> Json:
    """Return the lines of a track for drawing, and its flagged points by rule.

    Keys: ``raw``, ``cleaned`` and ``counted`` (lists of lines of ``[lon, lat]``), ``flagged``
    (rule → list of ``[lon, lat, time or null]``), ``thinned`` (whether lines were), ``speed``
    (mean speeds over time, see :mod:`.patrols.speed_strip`; null without times).
    """
    repeats = Repeats(workspace)
    choices = TrackChoices.from_json(row.choices)
    cleaned = clean(
        repeats.raw(row),
        mode=Mode(row.mode),
        settings=workspace.settings,
        rules_off=choices.rules_off,
    )
    counted = repeats.left_over(cleaned.segments, choices.counts, repeats.known(session, row))
    flagged: dict[str, list[list[object]]] = {}
    for segment, flags in zip(cleaned.raw, cleaned.flags, strict=True):
        for rule in Rule:
            shown = flagged.setdefault(rule.value, [])
            places = np.flatnonzero(flags == rule.number)[: _MOST_FLAGGED - len(shown)]
            for place in places.tolist():
                here = [_rounded(segment.lon[place]), _rounded(segment.lat[place])]
                shown.append([*here, utc_iso(float(segment.time_s[place]))])
    step = max(1, -(-row.points // _MOST_POINTS))
    return {
        "raw": _lines(cleaned.raw, step),
        "cleaned": _lines(cleaned.segments, step),
        "counted": _lines(counted, step),
        "flagged": {rule: points for rule, points in flagged.items() if points},
        "thinned": step > 1,
        "speed": _strip_json(speed_strip(cleaned.segments)),
    }


def patrol_list(
    workspace: Workspace, session: Session, *, start: date, end: date, seen: Seen | None = None
) -> list[Json]:
    """Return the patrols of some days: what each was, how far, how long, and whether it is valid;
    those that somebody may know of, all without ``seen``.

    Earlier patrols of the same month and team are looked at too, since a route may not be
    repeated.
    """
    rows = patrols.patrols(session, start=start.replace(day=1), end=end)
    tracks = patrols.tracks_of_patrols(session, (row.id for row in rows))
    judged = verdicts(session, workspace_rules(workspace), rows, tracks)
    shown = {row.id: _known(tracks[row.id], seen) for row in rows}
    return [
        _patrol_json(session, row, shown[row.id], judged.get(row.id))
        for row in rows
        if row.day is not None and row.day >= start and (seen is None or shown[row.id])
    ]


def _known(tracks: Sequence[TrackRow], seen: Seen | None) -> Sequence[TrackRow]:
    return tracks if seen is None else [track for track in tracks if seen.track(track)]


def month_report(
    workspace: Workspace, session: Session, month: date, *, seen: Seen | None = None
) -> Json:
    """Return the monthly indicators by unit and person, each with what was divided.

    Every patrol is judged by the rule that holds for its mode on its day. How many days the month
    needs is told by the rule that holds on the month's last day: the one for walks, or else for
    vehicles, boats or drones.

    Args:
        workspace: For its patrol rules.
        session: For its patrols and roster.
        month: Any day of the month.
        seen: Which tracks and units to count; all without it.
    """
    start = month.replace(day=1)
    end = start.replace(day=monthrange(start.year, start.month)[1])
    listed = patrol_list(workspace, session, start=start, end=end, seen=seen)
    tracks = patrols.tracks_of_patrols(
        session, (row.id for row in patrols.patrols(session, start=start, end=end))
    )
    valid = {patrol["id"]: bool(patrol["valid"]) for patrol in listed}
    rows = [
        day
        for number, found in tracks.items()
        for day in _person_days(session, _known(found, seen), valid.get(number, False))
    ]
    everybody = {person.code: person.unit_code for person in patrols.roster(session)}
    roster = {c: unit for c, unit in everybody.items() if seen is None or seen.unit(unit)}
    # Somebody of another unit who went along is not unknown, only not theirs to count.
    rows = [day for day in rows if day.person_code in roster or day.person_code not in everybody]
    rules = workspace_rules(workspace)
    standing = (rule_for(rules, end, mode) for mode in Mode)
    rule = next((rule for rule in standing if rule is not None), None)
    told = monthly(rows, year=start.year, month=start.month, roster=roster or None, rule=rule)
    return {
        "month": f"{start:%Y-%m}",
        "total": _indicators_json(told.total),
        "units": [_indicators_json(unit) for unit in told.units.values()],
        "people": [_person_json(person) for person in told.people],
        "unknown_people": [_person_json(person) for person in told.not_on_roster],
        "definitions": [_text(text) for text in DEFINITIONS],
        "missing": [
            _text(rate.text)
            for rate in (told.total.online, told.total.patrolled, told.total.met)
            if rate.value is None
        ][:1],
    }


def _person_days(session: Session, tracks: Sequence[TrackRow], valid: bool) -> Iterator[PersonDay]:
    """Yield what each person did in one patrol: who walked with others walked all of it, who
    carried two devices walked it once.
    """
    hours = hours_by_person(shifts_of(session, tracks))
    for person in sorted({person for track in tracks for person in track.people}):
        mine = [track for track in tracks if person in track.people and _is_patrol(track)]
        if mine and mine[0].day is not None:
            length_m = _length_once_m(session, mine)
            spent_h = hours.get(person, 0.0)
            yield PersonDay(person, mine[0].unit_code, mine[0].day, valid, length_m, spent_h)


def _length_once_m(session: Session, tracks: Sequence[TrackRow]) -> float:
    """Return the length of tracks without what repeats another of them."""
    ids, length_m = {track.id for track in tracks}, 0.0
    for track in tracks:
        shares = [
            copy.share
            for copy in patrols.copies_of(session, track.id)
            if copy.other_id in ids and copy.kind != CopyKind.SHIFTED.value
        ]
        length_m += track.cleaned_length_m * (1.0 - max(shares, default=0.0))
    return length_m


def _is_patrol(track: TrackRow) -> bool:
    return TrackChoices.from_json(track.choices).counts is not Counts.NOTHING


def _indicators_json(told: MonthlyIndicators) -> Json:
    return {
        "unit_code": told.unit_code,
        "roster": told.online.denominator,
        "online": told.online.numerator,
        "online_rate": told.online.value,
        "patrol_sum": told.patrolled.numerator,
        "patrol_rate": told.patrolled.value,
        "reached": told.met.numerator,
        "reach_rate": told.met.value,
        "below": list(told.below),
        "person_hours": round(told.person_hours, 2),
    }


def _person_json(person: PersonMonth) -> Json:
    return {
        "code": person.person_code,
        "unit_code": person.unit_code,
        "days": person.days,
        "valid_days": person.valid_days,
        "required_days": person.required_days,
        "met": person.met,
        "length_m": round(person.length_m, 1),
        "hours": round(person.person_hours, 2),
    }


def _text(text: Text) -> Json:
    return {"zh": text.zh, "en": text.en}


def shifts_of(session: Session, tracks: Sequence[TrackRow]) -> list[Shift]:
    """Return the times of tracks, each with those who went; without what is said to be no patrol."""
    shifts = []
    for track in filter(_is_patrol, tracks):
        if track.first_time is not None and track.last_time is not None:
            kinds = {copy.kind for copy in patrols.copies_of(session, track.id)}
            again = CopyKind.SAME_RECORDING.value in kinds or CopyKind.TIME_SHIFTED.value in kinds
            people = tuple(track.people)
            shifts.append(Shift(track.first_time, track.last_time, people, again))
    return shifts


def _patrol_json(
    session: Session, row: PatrolRow, tracks: Sequence[TrackRow], verdict: Verdict | None
) -> Json:
    shifts = shifts_of(session, tracks)
    lengths_m = [t.inside_length_m for t in tracks if t.inside_length_m is not None]
    return {
        "id": row.id,
        "day": None if row.day is None else str(row.day),
        "unit_code": row.unit_code,
        "team": row.team,
        "mode": row.mode,
        "purpose": row.purpose,
        "people": sorted({person for track in tracks for person in track.people}),
        "headcount": row.headcount,
        "first_time": moment_iso(row.first_time),
        "last_time": moment_iso(row.last_time),
        "tracks": [track.id for track in tracks],
        "distance_m": round(sum(track.counted_length_m for track in tracks), 1),
        "inside_length_m": round(sum(lengths_m), 1) if lengths_m else None,
        "person_hours": round(person_hours(shifts, row.headcount), 2),
        "valid": None if verdict is None else verdict.valid,
        "reasons": [] if verdict is None else [_text(text) for text in verdict.reasons],
        "doubts": sum(len(track.doubts) for track in tracks if not track.decision),
    }


def _datum(row: TrackRow) -> DatumChoice:
    why = Text(row.report.get("datum_why_zh") or "", row.report.get("datum_why") or "")
    found, declared = (
        None if name is None else Datum(name)
        for name in (row.datum_found, row.report.get("datum_declared"))
    )
    return DatumChoice(found, Datum(row.datum_used), why, declared)


def _strip_json(strip: SpeedStrip | None) -> Json | None:
    if strip is None:
        return None
    speeds = [None if np.isnan(mps) else round(float(mps), 2) for mps in strip.speed_mps]
    return {"start": utc_iso(strip.start_s), "part_s": round(strip.part_s, 3), "mps": speeds}


def _lines(segments: Sequence[Segment], step: int) -> list[object]:
    """Return lines of positions, thinned only where there are too many points to draw."""
    lines = [np.column_stack([segment.lon, segment.lat]) for segment in segments]
    if step > 1 and lines:
        spread = max(float(np.ptp(line, axis=0).max()) for line in lines)
        lines = thin_lines(lines, spread / _MOST_POINTS * step, most=_MOST_POINTS)
    return [np.round(line, _DECIMALS).tolist() for line in lines]


def _copy_json(copy: CopyRow, track_id: int) -> Json:
    return {
        "track": track_id,
        "kind": copy.kind,
        "share": round(copy.share, 3),
        "other_share": round(copy.other_share, 3),
        "offset_s": copy.offset_s,
        "shift_m": round(copy.shift_m, 1),
    }


def _rounded(value: float) -> float:
    return round(float(value), _DECIMALS)
