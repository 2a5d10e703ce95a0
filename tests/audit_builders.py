"""A small office with a row of every sealed table, evidence files, and a chain that seals it all.

The cases are made up; the rows are written directly, so no rule of the case life holds here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import stand
from geoinspect.casework.writing import event_of, settle
from geoinspect.store import audit
from geoinspect.store.case_schema import (
    CaseEventRow,
    CaseLinkRow,
    CaseRow,
    EvidenceRow,
    TargetListRow,
    TargetRow,
)
from geoinspect.store.schema import Base, FileRow
from geoinspect.store.seals import record_sealed
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow, TipRow
from geoinspect.store.workspace import Workspace

CASES = 3
START = datetime(2027, 5, 1, 1, 30, tzinfo=UTC)
DAY = date(2027, 5, 1)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def seal(session: Session, rows: list[Base], action: str, subject: str, **details: object) -> None:
    record_sealed(session, rows, actor="审核员", action=action, subject=subject, details=details)


def keep_file(workspace: Workspace, session: Session, name: str, data: bytes) -> FileRow:
    """Put a file into the vault and its row into the database."""
    kept = workspace.vault.keep([data], max_bytes=1_000_000)
    row = FileRow(sha256=kept.sha256, name=name, bytes=kept.bytes, received_at=START)
    session.add(row)
    session.flush()
    return row


def case_row(number: int) -> CaseRow:
    west = 107.9 + 0.01 * number
    return CaseRow(
        number=f"2027-{number:04d}",
        title=f"疑似地块 {number}",
        origin="sighting",
        opened_at=at(number),
        opened_by="甲",
        state="suspected",
        state_since=at(number),
        unit_code="611",
        area_code="610000",
        deadline=DAY,
        version=1,
        facts={},
        geometry=shapely.box(west, 33.75, west + 0.001, 33.751),
    )


def event_row(case: CaseRow, seq: int, action: str, state: str, **said: object) -> CaseEventRow:
    return CaseEventRow(
        case_id=case.id,
        seq=seq,
        action=action,
        from_state=None if seq == 1 else case.state,
        to_state=state,
        actor="甲",
        role="analyst",
        unit_code="611",
        at=at(10 * seq),
        happened=at(10 * seq - 3),
        client_id=f"c{case.number}-{seq}",
        details={"note": f"第 {seq} 步", "deadline": DAY.isoformat(), **said},
    )


def evidence_row(case: CaseRow, seq: int, file: FileRow | None) -> EvidenceRow:
    return EvidenceRow(
        case_id=case.id,
        event_seq=seq,
        kind="photo" if file else "note",
        file_id=file.id if file else None,
        sha256=file.sha256 if file else None,
        name=file.name if file else "笔录",
        note="现场清点 620 株",
        taken=at(5),
        lon=107.91,
        lat=33.75,
        distance_m=12.25,
        added_at=at(40),
        added_by="乙",
        facts={"count": 620, "witness": ["丙"]},
    )


def add_case(workspace: Workspace, session: Session, number: int) -> CaseRow:
    """A case that is opened, verified with evidence, and loses a link again."""
    case = case_row(number)
    session.add(case)
    session.flush()
    link = CaseLinkRow(
        case_id=case.id,
        kind="patch",
        source_id=40 + number,
        label=f"图斑 {number}",
        at=at(number),
        by="甲",
        details={"score": 0.75},
        geometry=case.geometry,
    )
    opened = event_row(case, 1, "open", "suspected", unit="611")
    settle(case, stand([event_of(opened)]), 1)
    seal(session, [case, opened, link], "case.open", f"case {case.id}", new={"state": "suspected"})
    photo = keep_file(workspace, session, f"现场{number}.jpg", b"photo %d " % number * 20)
    evidence: list[Base] = [evidence_row(case, 2, photo), evidence_row(case, 2, None)]
    facts = {"area_m2": 12.5}
    verified = event_row(case, 2, "verify", "confirmed", outcome="confirmed", facts=facts)
    before = case.state
    settle(case, stand([event_of(opened), event_of(verified)]), 2)
    changed = {"old": {"state": before}, "new": {"state": case.state}}
    seal(session, [case, verified, *evidence], "case.verify", f"case {case.id}", **changed)
    link.gone_at = at(90)
    seal(session, [link], "case.unlink", f"case {case.id}", link=link.id)
    return case


def add_targets(workspace: Workspace, session: Session) -> None:
    file = keep_file(workspace, session, "靶标.csv", b"code,lon,lat\n1,107.9,33.75\n")
    targets = TargetListRow(
        name="靶标.csv",
        file_id=file.id,
        day=DAY,
        tolerance_m=30.0,
        added_at=at(1),
        added_by="甲",
        details={"rows": 3},
    )
    session.add(targets)
    session.flush()
    rows = [
        TargetRow(
            list_id=targets.id,
            code=f"T{k}",
            area_m2=66.6 * (k + 1),
            day=DAY,
            note="",
            geometry=shapely.Point(107.9 + 0.01 * k, 33.75),
        )
        for k in range(3)
    ]
    seal(session, [targets, *rows], "targets.import", targets.name, new={"rows": 3})


def add_sites(workspace: Workspace, session: Session, case: CaseRow) -> None:
    for k in range(2):
        site = SiteRow(
            code=f"S{k}",
            name=f"部位 {k}",
            kind="former",
            unit_code="611",
            area_code="610000",
            interval_days=14,
            radius_m=50.0,
            dwell_s=300.0,
            starts=DAY,
            ends=None,
            risk=1.5,
            checklist=["有无新翻土", "院内是否查看"],
            case_id=case.id if k else None,
            note="",
            active=True,
            made_at=at(2),
            made_by="甲",
            geometry=shapely.Point(107.95 + 0.01 * k, 33.8),
        )
        seal(session, [site], "site.add", site.code)
        photo = keep_file(workspace, session, f"部位{k}.jpg", b"site %d " % k * 30)
        answer = SiteAnswerRow(
            site_id=site.id,
            day=DAY,
            at=at(60),
            happened=at(55),
            by="乙",
            unit_code="611",
            client_id=f"a{k}",
            lon=107.95,
            lat=33.8,
            note="",
            answers={"有无新翻土": "无"},
            files=[{"sha256": photo.sha256, "name": photo.name}],
        )
        seal(session, [answer], "site.answer", site.code)


def tip_row(k: int, photo: FileRow | None = None) -> TipRow:
    return TipRow(
        number=f"J2027-{k:04d}",
        received_at=at(3 + k),
        client_id=f"t{k}",
        claim_hash=None if k else "ab" * 32,
        text="院子后面有花",
        place="村东头",
        lon=107.92,
        lat=33.76,
        state="received",
        reward="none",
        files=[{"sha256": photo.sha256, "name": photo.name}] if photo else [],
        details={},
    )


def add_tips(workspace: Workspace, session: Session, case: CaseRow) -> None:
    photo = keep_file(workspace, session, "举报.jpg", b"tip " * 50)
    for k in range(3):
        tip = tip_row(k, photo if k else None)
        seal(session, [tip], "tip.add", tip.number)
        if k == 0:
            tip.state, tip.case_id = "linked", case.id
            tip.answered_at, tip.answered_by = at(80), "甲"
            seal(session, [tip], "tip.link", tip.number, old="received", new="linked")


def sealed_office(folder: Path) -> Workspace:
    """Make a workspace with two or more rows of most sealed tables, and return it opened."""
    workspace = Workspace.create(folder)
    with workspace.database.writing() as session:
        audit.record(session, actor="cli", action="user.add", subject="甲", details={"role": "x"})
        cases = [add_case(workspace, session, number + 1) for number in range(CASES)]
        add_targets(workspace, session)
        add_sites(workspace, session, cases[0])
        add_tips(workspace, session, cases[1])
        audit.record(session, actor="甲", action="claim.add", subject="声明", details={"p": 0.9})
    return workspace
