"""In short what ``scripts/web_kills.py`` shows at length: the real server killed while people send."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import web_kills
from web_senders import Job, Sender

from geoinspect.store.case_schema import CaseEventRow, EvidenceRow
from geoinspect.store.site_schema import SiteAnswerRow, TipRow
from geoinspect.store.workspace import Workspace

pytestmark = pytest.mark.soak


def test_a_killed_server_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    found = web_kills.campaign(7, tmp_path, seed=6)
    assert found["faults"] == []
    assert (found["worker_kills"], found["whole_kills"]) == (6, 1)
    assert int(str(found["kills_that_cut"])) > 0
    assert int(str(found["acknowledged"])) >= 4 * 11
    assert int(str(found["again"])) >= int(str(found["acknowledged"]))


def test_the_campaign_would_see_what_is_lost_doubled_or_changed(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    tokens, site_id = web_kills.make_office(folder)
    with web_kills.serving(folder, tmp_path / "log") as server:
        sender = Sender(0, 1, server.port, tokens[0], site_id, seed=1)
        sender.send_one_life()
        assert sender.told.faults == []
        kinds = {job.what for job in sender.told.jobs.values()}
        assert kinds >= {"photo", "answer", "sighting", "tip", "close"}
        assert web_kills.check(folder, [sender], set(), verify=True) == []
        opening = Job(0, 0).client_id
        true_receipt, sender.told.receipts[opening] = sender.told.receipts[opening], "1-OTHER"
        sender.finish()
        assert sender.told.faults == [f"{opening} was taken twice: 1-OTHER, {true_receipt}"]
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        piece = session.query(EvidenceRow).filter(EvidenceRow.sha256.is_not(None)).first()
        assert piece is not None
        path = workspace.vault.path_of(str(piece.sha256))
        session.execute(delete(SiteAnswerRow))
        session.execute(update(TipRow).values(claim_hash="0" * 64))
        session.execute(delete(CaseEventRow).where(CaseEventRow.action == "close"))
        session.execute(text("UPDATE evidence SET event_seq = 2 WHERE kind = 'note'"))
    path.chmod(0o600)
    path.write_bytes(b"x")
    told = "\n".join(web_kills.check(folder, [sender], set(), verify=False))
    for name in ("answer", "tip", "close"):
        lost = next(job for job in sender.told.jobs.values() if job.what == name)
        assert f"{lost.client_id} was acknowledged" in told
    assert f"the file of evidence {piece.id} is not as it was sent" in told
    assert "events of evidence and pieces of evidence differ" in told
    assert "suspicious answers opened" in told
