"""问题清单: what stands in the way of a unit's work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from geoinspect.cases.clocks import DOUBT_WORDS
from geoinspect.cases.records import CaseState
from geoinspect.casework.work_rows import Gathered
from geoinspect.casework.work_words import Trouble
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME
from geoinspect.store import tips, track_list
from geoinspect.store.case_schema import CaseEventRow, CaseRow, EvidenceRow
from geoinspect.store.tips import TipFilter
from geoinspect.store.track_list import TrackFilter
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

# What evidence lacks is no doubt; these say that its place or its clock does not fit.
_DOUBTFUL = frozenset(
    {
        "evidence_far",
        "evidence_clock_ahead",
        "evidence_before_case",
        "evidence_before_step",
        "evidence_after_step",
        "evidence_twice",
    }
)
_WORST_FIRST = {trouble.value: rank for rank, trouble in enumerate(Trouble)}
_MOST_TRACKS = 2000
# SQLite takes no more values in one question on old builds.
_BATCH = 500


def problems_of(
    workspace: Workspace, session: Session, found: Gathered, *, see_tips: bool
) -> list[Json]:
    """Return the problems of a realm, worst kind first, the oldest first of each.

    Args:
        workspace: For its settings: a tip may wait as long as a new case.
        session: Open.
        found: What belongs to the realm.
        see_tips: Whether the reader may know of tips.
    """
    rows = [
        *_of_cases(found),
        *_of_sites(found),
        *_doubts(session, found),
        *_tracks(session, found),
    ]
    if see_tips:
        rows += _tips(session, found, workspace.settings.case_triage_days)
    return sorted(rows, key=lambda row: (_WORST_FIRST[row["trouble"]], -row["days"], row["link"]))


def _row(trouble: Trouble, link: str, name: str, what: str, **more: Any) -> Json:  # noqa: ANN401
    row: Json = {
        "trouble": trouble.value,
        "link": link,
        "name": name,
        "what": what,
        "unit": None,
        "area": None,
        "state": None,
        "since": None,
        "days": 0,
        "overdue_days": 0,
        "why": None,
        "place": None,
    }
    return row | more


def _of_case(found: Gathered, trouble: Trouble, row: CaseRow, since: date, **more: Any) -> Json:  # noqa: ANN401
    realm = found.realm
    said: Json = {
        "kind": "case",
        "unit": realm.unit_name(realm.whose(row.unit_code, row.area_code)),
        "area": realm.area_name(row.area_code),
        "state": row.state,
        "since": since.isoformat(),
        "days": (found.today - since).days,
        "overdue_days": found.lines[row.id]["overdue_days"],
    }
    return _row(trouble, f"/cases/{row.id}", row.number, row.title, **{**said, **more})


def _of_cases(found: Gathered) -> Iterable[Json]:
    realm = found.realm
    for row, line in found.cases:
        since = _day(row.state_since)
        if row.state == CaseState.CONFIRMED:
            yield _of_case(found, Trouble.STANDING, row, since)
        if row.state == CaseState.NO_ACCESS:
            yield _of_case(found, Trouble.NO_ACCESS, row, since)
        if line["overdue"] and row.deadline is not None:
            yield _of_case(found, Trouble.CASE_OVERDUE, row, row.deadline)
        if row.area_code is None:
            yield _of_case(found, Trouble.OUTSIDE, row, _day(row.opened_at))
        if realm.whose(row.unit_code, row.area_code) is None:
            yield _of_case(found, Trouble.NO_UNIT, row, _day(row.opened_at))


def _of_sites(found: Gathered) -> Iterable[Json]:
    realm = found.realm
    for line in found.sites:
        if line["days"] is None or line["days"] >= 0 or line["state"] not in ("overdue", "never"):
            continue
        yield _row(
            Trouble.SITE_OVERDUE,
            f"/sites/{line['id']}",
            line["code"],
            line["name"],
            kind="site",
            unit=realm.unit_name(realm.whose(line["unit_code"], line["area_code"])),
            area=realm.area_name(line["area_code"]),
            state=line["state"],
            since=line["due"],
            days=-line["days"],
            overdue_days=-line["days"],
        )


def _doubts(session: Session, found: Gathered) -> list[Json]:
    """Return one problem a case whose steps or evidence carry doubts, with all of them named."""
    why: dict[int, list[Text]] = {}
    since: dict[int, datetime] = {}
    ids = [row.id for row, _line in found.cases]
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        events = select(CaseEventRow).where(
            CaseEventRow.case_id.in_(some), cast(CaseEventRow.details, String).contains('"doubts"')
        )
        for event in session.scalars(events.order_by(CaseEventRow.id)):
            known = [
                DOUBT_WORDS[code] for code in event.details.get("doubts", ()) if code in DOUBT_WORDS
            ]
            _note(why, since, event.case_id, event.at, known)
        pieces = select(EvidenceRow).where(
            EvidenceRow.case_id.in_(some), cast(EvidenceRow.facts, String).contains('"problems"')
        )
        for piece in session.scalars(pieces.order_by(EvidenceRow.id)):
            said = [
                Text(told["message_zh"], told["message"])
                for told in piece.facts.get("problems", ())
                if told.get("code") in _DOUBTFUL
            ]
            _note(why, since, piece.case_id, piece.added_at, said)
    return [
        _of_case(found, Trouble.DOUBT, row, _day(since[row.id]), why=_joined(why[row.id]))
        for row, _line in found.cases
        if row.id in why
    ]


def _note(
    why: dict[int, list[Text]],
    since: dict[int, datetime],
    case_id: int,
    at: datetime,
    said: Sequence[Text],
) -> None:
    if said:
        known = why.setdefault(case_id, [])
        known += [words for words in said if words not in known]
        since.setdefault(case_id, at)


def _joined(said: Sequence[Text]) -> Json:
    return {"zh": ";".join(one.zh for one in said), "en": "; ".join(one.en for one in said)}


def _tips(session: Session, found: Gathered, days: int) -> Iterable[Json]:
    realm = found.realm
    waiting = tips.tips(session, TipFilter(states=("received",), held=realm.sight.held))
    late = [tip for tip in waiting if found.today > _day(tip.received_at) + timedelta(days=days)]
    places = [None if t.lon is None or t.lat is None else (t.lon, t.lat) for t in late]
    for tip, code in zip(late, realm.codes_at(places), strict=True):
        came = _day(tip.received_at)
        if not realm.holds(None, code):
            continue
        yield _row(
            Trouble.TIP_WAITS,
            "/tips",
            tip.number,
            "",
            kind="tip",
            unit=realm.unit_name(realm.whose(None, code)),
            area=realm.area_name(code),
            since=came.isoformat(),
            days=(found.today - came).days,
            overdue_days=(found.today - came).days - days,
        )


def _tracks(session: Session, found: Gathered) -> Iterable[Json]:
    realm = found.realm
    wanted = TrackFilter(doubtful=True, undecided=True)
    sight = realm.sight
    tracks = [
        track
        for track in track_list.listed(session, wanted, limit=_MOST_TRACKS)
        if sight.track(track)
    ]
    places = [None if t.geometry.is_empty else t.geometry.representative_point() for t in tracks]
    asked = [
        None
        if place is None
        or not (realm.within is not None or (realm.units is not None and track.unit_code is None))
        else (place.x, place.y)
        for track, place in zip(tracks, places, strict=True)
    ]
    for track, place, code in zip(tracks, places, realm.codes_at(asked), strict=True):
        if not realm.holds(track.unit_code, code):
            continue
        yield _row(
            Trouble.TRACK_WAITS,
            f"/tracks/{track.id}",
            str(track.id),
            track.name,
            kind="track",
            unit=realm.unit_name(realm.whose(track.unit_code, code)),
            area=realm.area_name(code),
            since=None if track.day is None else track.day.isoformat(),
            days=0 if track.day is None else (found.today - track.day).days,
            place=None if place is None else [round(place.x, 6), round(place.y, 6)],
        )


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA_TIME).date()
