"""In short what ``scripts/case_kills.py`` shows at length: a kill loses and doubles nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import delete, update

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import case_kills as kills

from geoinspect.store.case_schema import CaseEventRow, EvidenceRow
from geoinspect.store.workspace import Workspace


def test_a_kill_at_any_moment_loses_nothing_acknowledged_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    found = kills.campaign(10, tmp_path, seed=6)
    assert found["faults"] == []
    assert found["kills"] == 10
    assert int(str(found["acknowledged"])) > 9


def test_the_campaign_would_see_what_is_lost_or_changed(tmp_path: Path) -> None:
    kills.make_office(tmp_path / "w")
    ledger = kills.Ledger()
    with Workspace.open(tmp_path / "w") as workspace:
        cases: dict[int, int] = {}
        for place in range(3):
            job = kills.Job(0, place)
            ledger.told[job.client_id], _again = kills.submit(workspace, job, cases)
    kills.check(tmp_path / "w", ledger)
    assert ledger.faults == []
    with Workspace.open(tmp_path / "w") as workspace, workspace.database.writing() as session:
        session.execute(delete(CaseEventRow).where(CaseEventRow.seq == 3))
        session.execute(update(EvidenceRow).values(note="x"))
    kills.check(tmp_path / "w", ledger)
    assert any("is lost" in fault for fault in ledger.faults)
    assert any("was changed" in fault for fault in ledger.faults)
    assert any("is gone" in fault for fault in ledger.faults)
