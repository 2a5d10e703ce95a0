"""Evidence of a case: photos, videos, documents, notes, counts and measured ground.

A file is whole and synced in the vault before anything is written of it; the row, the event and
the seal of both are written together. What is odd about a piece of evidence is told beside it and
refuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.cases.distances import apart_m
from geoinspect.cases.evidence import EvidenceLimits, check_evidence, distance_m
from geoinspect.cases.lifecycle import EARLY, Event, check_move
from geoinspect.cases.records import STATE_WORDS, CaseAction, CaseState, EvidenceKind, Origin
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.asked import Done
from geoinspect.casework.evidence_asked import FILE_KINDS, Added, NewEvidence, check_whole
from geoinspect.casework.evidence_files import Read, read_file
from geoinspect.casework.evidence_kept import evidence, evidence_file, evidence_thumbnail
from geoinspect.casework.evidence_times import step_times
from geoinspect.casework.writing import Entry, checked_note, history, said, sent_before, write
from geoinspect.errors import ConflictError, Text, UsageError
from geoinspect.records import Problem, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import cases, sightings
from geoinspect.store.case_schema import CaseRow, EvidenceRow
from geoinspect.store.workspace import Workspace

__all__ = [
    "Added",
    "NewEvidence",
    "add_evidence",
    "add_evidence_in",
    "check_may_add",
    "evidence",
    "evidence_file",
    "evidence_thumbnail",
]

Json = dict[str, Any]

# What a camera makes must say where and when; a note or a paper need not.
_SEEN = frozenset({EvidenceKind.PHOTO, EvidenceKind.VIDEO})
_NEED_NOT_SAY = frozenset({"evidence_no_place", "evidence_no_time"})
_GROUND_MAY_CHANGE = EARLY | {CaseState.CONFIRMED}
# Two clocks of the office's own agree to this.
_CLOCK_S = 300.0


def add_evidence(
    workspace: Workspace,
    case_id: int,
    new: NewEvidence,
    actor: Actor,
    *,
    now: datetime | None = None,
) -> Added:
    """Add a piece of evidence to a case.

    Args:
        workspace: Opened.
        case_id: Row number of the case.
        new: What is added; its file is in the workspace's vault.
        actor: Who adds it.
        now: When the server took it; None is this moment.

    Raises:
        NotFoundError: There is no such case.
        ForbiddenError: Not this person.
        ConflictError: The case was merged away, its ground is fixed, or the identifier was used
            for something else.
        UsageError: The piece lacks what it needs.
    """
    check_whole(new)
    # Before the lock: looking into a file takes its time.
    read = Read(new.kind)
    if new.file is not None and new.kind in FILE_KINDS:
        read = read_file(
            new.file.path,
            new.kind,
            name=new.name,
            datum=new.datum,
            timezone=new.timezone,
            settings=workspace.settings,
        )
    with workspace.database.writing() as session:
        settings = workspace.settings
        return add_evidence_in(session, settings, case_id, new, actor, read=read, now=now)


def add_evidence_in(
    session: Session,
    settings: Settings,
    case_id: int,
    new: NewEvidence,
    actor: Actor,
    *,
    read: Read,
    now: datetime | None = None,
) -> Added:
    """Add a piece of evidence in the caller's transaction (see :func:`add_evidence`)."""
    now = now or datetime.now(UTC)
    row = cases.case(session, case_id)
    known = sent_before(session, new.client_id, CaseAction.EVIDENCE, actor, row.id)
    if known is not None:
        return _again(session, known, new, read)
    events = history(session, row.id)
    check_may_add(session, row, actor)
    made = _Made(session, settings, row, events, new, read, now)
    problems = _problems(made)
    evidence = _evidence_row(made, actor, problems)
    session.add(evidence)
    session.flush()
    ground = _take_ground(made) if new.use_as_ground else {}
    details = said(
        evidence=evidence.id,
        kind=evidence.kind,
        name=evidence.name,
        sha256=evidence.sha256,
        note=evidence.note,
        step=new.step,
        problems=[problem.code for problem in problems],
        **ground,
    )
    entry = Entry(CaseAction.EVIDENCE, CaseState(row.state), details, new.happened, new.client_id)
    done = write(session, row, events, entry, actor, now=now, also=[evidence])
    return Added(done, evidence.id, problems)


def check_may_add(session: Session, row: CaseRow, actor: Actor) -> None:
    """Check that somebody may add evidence to a case.

    Raises:
        ForbiddenError: Not this person.
        ConflictError: Not to this case.
    """
    state, origin = CaseState(row.state), Origin(row.origin)
    own = is_own(session, actor, row.unit_code)
    check_move(state, CaseAction.EVIDENCE, None, origin, actor.role, own=own)


@dataclass(frozen=True, slots=True)
class _Made:
    """A piece of evidence, and all that it is weighed against."""

    session: Session
    settings: Settings
    row: CaseRow
    events: Sequence[Event]
    new: NewEvidence
    read: Read
    now: datetime

    @property
    def place(self) -> tuple[float, float] | None:
        """Where: what the file says, else the middle of measured ground, else what was said."""
        if self.read.place is not None or self.new.measured is None:
            return self.read.place or self.new.place
        middle = self.new.measured.ground.representative_point()
        return round(middle.x, 7), round(middle.y, 7)

    @property
    def taken(self) -> datetime | None:
        return self.read.taken or self.new.taken


def _again(session: Session, known: Done, new: NewEvidence, read: Read) -> Added:
    """Return what became of a piece that came before.

    Raises:
        ConflictError: That was another piece: taken for the same, this one would be lost.
    """
    asked = select(EvidenceRow).where(
        EvidenceRow.case_id == known.case_id, EvidenceRow.event_seq == known.seq
    )
    row = session.scalars(asked).one()
    kept = {name: value for name, value in row.facts.items() if name != "problems"}
    same = row.kind == read.kind.value and row.note == checked_note(new.note)
    same = same and row.sha256 == (None if new.file is None else new.file.sha256)
    event = cases.event_sent(session, new.client_id)
    same = same and event is not None and ("ground" in event.details) == new.use_as_ground
    if not same or kept != json.loads(json.dumps(_facts(new, read))):
        raise ConflictError(
            "这个提交编号已用于另一份证据:请刷新页面后重试",
            "this identifier was used for another piece of evidence: load the page again",
            code="client_id_used",
        )
    problems = tuple(
        Problem(told["code"], Text(told["message_zh"], told["message"]), told["count"])
        for told in row.facts.get("problems", ())
    )
    return Added(known, row.id, problems)


def _problems(made: _Made) -> tuple[Problem, ...]:
    new, read = made.new, made.read
    limits = EvidenceLimits(made.settings.evidence_far_m, _CLOCK_S)
    also, again = _elsewhere(made)
    found = check_evidence(
        made.place,
        made.taken,
        made.row.geometry,
        step_times(made.events, new.step),
        made.now,
        read.accuracy_m,
        limits,
        also_in=also,
    )
    needed = [p for p in found if read.kind in _SEEN or p.code not in _NEED_NOT_SAY]
    walked = () if new.measured is None else new.measured.problems
    mine = [_SAID_PLACE] if new.place is not None and read.place is None else []
    mine += [_SAID_TIME] if new.taken is not None and read.taken is None else []
    mine += [_AGAIN] if again else []
    return (*read.problems, *walked, *needed, *mine)


def _elsewhere(made: _Made) -> tuple[str | None, bool]:
    """Return the number of another case with the same bytes, and whether this one has them."""
    if made.new.file is None:
        return None, False
    asked = (
        select(CaseRow.id, CaseRow.number)
        .join(EvidenceRow, EvidenceRow.case_id == CaseRow.id)
        .where(EvidenceRow.sha256 == made.new.file.sha256)
        .order_by(EvidenceRow.id)
    )
    holders = made.session.execute(asked).all()
    others = [number for case_id, number in holders if case_id != made.row.id]
    return (others[0] if others else None), len(others) < len(holders)


def _evidence_row(made: _Made, actor: Actor, problems: Sequence[Problem]) -> EvidenceRow:
    new, read, place = made.new, made.read, made.place
    kept = None if new.file is None else sightings.file_row(made.session, new.file, new.name)
    told = _facts(new, read) | said(problems=[problem.as_json() for problem in problems])
    return EvidenceRow(
        case_id=made.row.id,
        event_seq=made.row.version + 1,
        kind=read.kind.value,
        file_id=None if kept is None else kept.id,
        sha256=None if new.file is None else new.file.sha256,
        name=new.name,
        note=checked_note(new.note),
        taken=made.taken,
        lon=None if place is None else place[0],
        lat=None if place is None else place[1],
        distance_m=None if place is None else round(_metres(made, place, made.row.geometry), 1),
        added_at=made.now,
        added_by=actor.name,
        facts=told,
    )


def _facts(new: NewEvidence, read: Read) -> Json:
    """Return what a piece says itself, whatever it is weighed against."""
    measured = {} if new.measured is None else new.measured.as_json()
    return {
        **read.facts,
        **new.facts,
        **measured,
        **said(
            witness=new.witness.strip() or new.facts.get("witness"),
            witness_office=new.witness_office.strip(),
            step=new.step,
            said=said(
                place=None if new.place is None else [round(degrees, 7) for degrees in new.place],
                taken=moment_iso(new.taken),
            ),
        ),
    }


def _metres(made: _Made, place: tuple[float, float], ground: BaseGeometry) -> float:
    """Return how far a place, or measured ground as a whole, is from the case's ground."""
    measured = made.new.measured
    if measured is not None and measured.ground.intersects(ground):
        return 0.0
    return distance_m(place, ground)


def _take_ground(made: _Made) -> Json:
    """Let measured ground be that of the case; return what it was before."""
    row, measured = made.row, made.new.measured
    assert measured is not None, "checked before"
    state = CaseState(row.state)
    if state not in _GROUND_MAY_CHANGE:
        words = STATE_WORDS[state]
        raise ConflictError(
            f"线索现为“{words.zh}”,地块范围不能再改:请只作为面积证据保存",
            f"the case is “{words.en}”, so its ground can't be changed: keep the measurement as "
            "evidence only",
            code="ground_fixed",
        )
    away_m, most_m = apart_m(measured.ground, row.geometry), made.settings.evidence_far_m
    if away_m > most_m:
        raise UsageError(
            f"测量的范围距线索现有地块约 {away_m:.0f} 米(最多 {most_m:g} 米),不能用作它的地块:"
            "请核对是否选错线索,或只作为面积证据保存",
            f"the measured ground is about {away_m:.0f} m from the case's ground (at most "
            f"{most_m:g} m), so it can't become it: check that it is the right case, or keep the "
            "measurement as evidence only",
            code="ground_elsewhere",
        )
    before, area_before = row.geometry.wkt, row.area_code
    row.geometry = measured.ground
    middle = measured.ground.representative_point()
    area = cases.area_at(made.session, middle.x, middle.y)
    row.area_code = None if area is None else area.code
    moved = {} if row.area_code == area_before else {"area_before": area_before or ""}
    return {"ground_before": before, "ground": measured.ground.wkt, **moved}


_SAID_PLACE = Problem(
    "place_said",
    Text("位置由填报人说明,不是设备记录的", "the place was said by the sender, not by the device"),
)
_SAID_TIME = Problem(
    "time_said",
    Text("时间由填报人说明,不是设备记录的", "the time was said by the sender, not by the device"),
)
_AGAIN = Problem(
    "evidence_again",
    Text(
        "同一个文件已经是本线索的证据,这是又一次添加",
        "the same file is evidence of this case already and was added once more",
    ),
)
