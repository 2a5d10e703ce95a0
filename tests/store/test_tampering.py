"""Whatever is done to sealed rows and evidence files behind our back is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_builders import at, seal, sealed_office, tip_row
from sqlalchemy import select

from geoinspect.casework.chain import ChainReport, verify_workspace
from geoinspect.store import audit, seals
from geoinspect.store.case_schema import CaseEventRow, CaseLinkRow, CaseRow, EvidenceRow
from geoinspect.store.site_schema import TipRow
from geoinspect.store.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import audit_tampering
from tamper_kinds import KINDS


@pytest.fixture(scope="module")
def office_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office") / "w"
    sealed_office(folder).close()
    return folder


@pytest.fixture
def office(office_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(office_folder, tmp_path / "w")
    with Workspace.open(tmp_path / "w") as opened:
        yield opened


def tamper(workspace: Workspace, *statements: str) -> ChainReport:
    """Write into the database with another program, and verify."""
    with sqlite3.connect(workspace.database.path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return verify_workspace(workspace)


@pytest.mark.soak
def test_no_tampering_is_missed_and_each_is_named() -> None:
    scores, _ = audit_tampering.campaign(420, seed=11)
    assert sum(score.made for score in scores.values()) == 420
    assert {name for name, score in scores.items() if score.missed or score.unnamed} == set()
    assert min(score.made for score in scores.values()) > 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_verifier_that_looks_at_nothing_is_caught_by_the_campaign(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The campaign itself must be able to fail.
    monkeypatch.setattr(audit.Faults, "add", lambda *_: None)
    scores, _ = audit_tampering.campaign(2, seed=3, kinds=[kind])
    assert scores[kind].missed == scores[kind].made == 2
    assert f"MISSED {kind}" in capsys.readouterr().err


def test_a_changed_row_is_named_with_its_case(office: Workspace) -> None:
    report = tamper(office, "UPDATE evidence SET note = '现场清点 420 株' WHERE id = 3")
    (fault,) = report.faults
    assert (fault.kind, fault.table, fault.row, fault.case) == ("row", "evidence", 3, "2027-0002")
    assert "证据(evidence)第 3 行(线索 2027-0002)" in fault.text.zh
    assert "evidence row 3 (table evidence) of case 2027-0002" in fault.text.en


def test_rows_come_and_go_by_name(office: Workspace) -> None:
    left_out = ("id", "number", "claim_hash")
    listed = ", ".join(c.name for c in TipRow.__table__.columns if c.name not in left_out)
    report = tamper(
        office,
        "DELETE FROM case_event WHERE id = 4",
        f"INSERT INTO tip (id, number, {listed}) SELECT 77, 'J9', "
        f"{listed.replace('client_id', chr(39) + 'new' + chr(39))} FROM tip WHERE id = 2",
    )
    assert {(f.table, f.row) for f in report.faults} == {("case_event", 4), ("tip", 77)}
    told = " ".join(fault.text.en for fault in report.faults)
    assert "case_event) is gone" in told
    assert "has no audit row" in told


def test_evidence_files_are_named_with_their_hash(office: Workspace) -> None:
    with office.database.reading() as session:
        row = session.scalars(select(EvidenceRow).where(EvidenceRow.sha256.is_not(None))).first()
        assert row is not None
        sha256, name = row.sha256, row.name
    path = office.vault.path_of(sha256)
    path.write_bytes(path.read_bytes() + b" ")
    (fault,) = verify_workspace(office).faults
    assert (fault.kind, fault.name, fault.sha256) == ("file", name, sha256)
    assert fault.case == "2027-0001"
    assert sha256 in fault.text.zh
    path.unlink()
    (fault,) = verify_workspace(office).faults
    assert "is gone" in fault.text.en
    unread = verify_workspace(office, with_files=False)
    assert (unread.files, unread.faults) == (None, ())


def test_a_hash_is_never_taken_for_a_path(office: Workspace) -> None:
    # A name such as ../../secret.key must not be opened.
    for sha256 in ("../../../secret.key", "", "\0", "A" * 64):
        listed = json.dumps([{"sha256": sha256, "name": "x"}])
        with office.database.writing() as session:
            tip = session.get_one(TipRow, 1)
            tip.files = json.loads(listed)
            seal(session, [tip], "tip.files", tip.number)
        report = verify_workspace(office)
        assert [(f.kind, f.table, f.row) for f in report.faults] == [("row", "tip", 1)]
    for stored in ("{", "7", "[7]", "null", "[" * 5000):
        report = tamper(office, f"UPDATE tip SET files = '{stored}' WHERE id = 2")
        assert {(f.table, f.row) for f in report.faults} == {("tip", 1), ("tip", 2)}


def test_the_file_row_of_evidence_must_have_its_hash(office: Workspace) -> None:
    report = tamper(
        office, f"UPDATE file SET sha256 = '{'0' * 64}' WHERE id = 1", "DELETE FROM file WHERE id=2"
    )
    assert [(f.kind, f.table, f.row) for f in report.faults] == [
        ("row", "evidence", 1),
        ("row", "evidence", 3),
    ]


def test_what_is_written_once_may_not_be_sealed_again(office: Workspace) -> None:
    with office.database.writing() as session:
        case, link = session.get_one(CaseRow, 1), session.get_one(CaseLinkRow, 1)
        case.title, link.gone_at = "改名", at(99)
        seal(session, [case, link], "case.rename", "case 1", old="疑似地块 1", new="改名")
    assert verify_workspace(office).fault_count == 0
    with office.database.writing() as session:
        event = session.get_one(CaseEventRow, 2)
        event.details = {"note": "不是这样"}
        seal(session, [event], "case.verify", "case 1")
        last = audit.last_row(session)[0]
    (fault,) = verify_workspace(office).faults
    assert (fault.kind, fault.table, fault.row) == ("row", "case_event", 2)
    assert f"row {last}" in fault.text.en


def test_every_sealed_table_has_words_and_rows_in_the_campaign(office: Workspace) -> None:
    assert [kind.__tablename__ for kind in seals.SEALED] == list(seals.TABLE_WORDS)
    assert set(seals.SEALED) > seals.APPEND_ONLY
    with office.database.reading() as session:
        for kind in seals.SEALED:
            assert session.scalars(select(kind)).first() is not None, kind


def test_damaged_seals_in_a_chain_with_right_hashes(office: Workspace) -> None:
    odd = [7, "x", [1], [["tip", 1]], [["nosuch", 1, "0" * 64]], [["tip", True, "0" * 64]],
           [["tip", "1", "0" * 64]], [["tip", 1, "0"]], [[["tip"], 1, None]], {}]  # fmt: skip
    with office.database.writing() as session:
        seal(session, [tip_row(30)], "tip.add", "x")
        first = audit.last_row(session)[0] + 1
        for value in odd:
            details = {seals.SEALS_KEY: value}
            audit.record(session, actor="甲", action="x", subject="", details=details)
    faults = verify_workspace(office).faults
    assert [(f.kind, f.row) for f in faults] == [("chain", first + k) for k in range(len(odd))]


def test_different_values_have_different_seals() -> None:
    values = (-(2**63), "甲\0乙", 0.1, None, b"\xff", "", b"", 1e300, -0.5, "1", 1, 1.0, b"1")
    texts = ('["b", "31"]', "b", "null", "31", "0.1")
    known = [seals.hash_of({"a": value}) for value in (*values, *texts)]
    known += [seals.hash_of({"a": "x", "b": "y"}), seals.hash_of({"a": 'x","b","y'})]
    assert seals.hash_of({"a": 1, "b": None}) == seals.hash_of({"a": 1})
    assert len(set(known)) == len(known) == 20
