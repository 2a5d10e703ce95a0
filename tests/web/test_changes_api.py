"""Changes between two stored surveys: compared once, kept, told by the API and on the map."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import ROOT, Visitor
from flask import Flask
from sqlalchemy import select

from geoinspect.change_book import (
    change_summaries,
    changes_between,
    changes_of_patch,
    comparable,
    compare_surveys,
)
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.store.schema import AuditRow, FileRow, PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace
from webmap.office import office


@pytest.fixture
def own_app(workspace_folder: Path, tmp_path: Path, new_app: Callable[[Path], Flask]) -> Flask:
    """The app over a copy of the county, as a second survey would be in others' way."""
    folder = tmp_path / "copy"
    shutil.copytree(workspace_folder, folder)
    return new_app(folder)


@pytest.fixture
def workspace(own_app: Flask) -> Workspace:
    with own_app.app_context():
        return office().workspace


@pytest.fixture
def caller(own_app: Flask) -> Visitor:
    made = Visitor(own_app.test_client())
    assert made.sign_in().status_code == 302
    return made


@pytest.fixture
def earlier(workspace: Workspace) -> int:
    """A second survey, the same picture half a year before, without a patch; its number."""
    with workspace.database.reading() as session:
        later = session.get(SurveyRow, 1)
        taken = datetime(2025, 11, 2, 4, tzinfo=UTC)
        copied = {
            column.name: getattr(later, column.name)
            for column in SurveyRow.__table__.columns
            if column.name not in {"id", "file_id", "geometry", "west", "south", "east", "north"}
        }
        geometry, sha = later.geometry, later.file.sha256
    with workspace.database.writing() as session:
        file = FileRow(sha256=sha[::-1], name="autumn.tif", bytes=1, received_at=taken)
        session.add(file)
        session.flush()
        row = SurveyRow(**{**copied, "name": "autumn", "taken": taken, "report": {}})
        row.geometry, row.file_id = geometry, file.id
        session.add(row)
        session.flush()
        number = row.id
    first = workspace.survey_path(1)
    workspace.survey_path(number).write_bytes(Path(first).read_bytes())
    return number


def test_changes_are_compared_kept_audited_and_told(
    workspace: Workspace, earlier: int, caller: Visitor
) -> None:
    address = f"/api/v1/surveys/1/changes?with={earlier}"
    missing = caller.client.get(address)
    assert missing.status_code == 404
    assert missing.get_json()["message_zh"]
    told = caller.json("surveys/1/changes")
    assert told["compared"] == []
    assert [one["id"] for one in told["earlier"]] == [earlier]

    kept, made = compare_surveys(workspace, earlier, 1, actor="tester")
    assert made.alignment.aligned
    assert math.hypot(*made.alignment.shift_m) < 0.01
    # The same picture: what only one date lists was there before as well.
    states = {change["state"] for change in kept["changes"]}
    assert states == {"unchanged"}
    again = caller.client.get(address).get_json()
    assert again == {**json.loads(json.dumps(kept)), "stale": False}
    with workspace.database.reading() as session:
        row = session.get(SurveyRow, 1)
        assert [one["with"] for one in change_summaries(session, row)] == [earlier]
        patch = session.scalar(select(PatchRow).where(PatchRow.state == "suspected"))
        told_of = changes_of_patch(session, patch)
        entry = session.scalar(select(AuditRow).where(AuditRow.action == "survey.compare"))
        number = patch.id
    assert json.loads(entry.details)["after"] == 1
    assert entry.actor == "tester"
    assert told_of[0]["since"] == "2025-11-02"
    shown = caller.json(f"patches/{number}")
    assert shown["changes"] == told_of
    (listed,) = shown["survey"]["changes"]
    assert listed["counts"] == kept["counts"]
    assert listed["stale"] is False
    # Searched anew, the old comparison says that it is stale, and nothing of the patches.
    for survey in (1, earlier):
        with workspace.database.writing() as session:
            row = session.get(SurveyRow, survey)
            before, row.detected_at = row.detected_at, datetime(2026, 7, 1, tzinfo=UTC)
        assert caller.client.get(address).get_json()["stale"] is True
        (listed,) = caller.json("surveys/1")["changes"]
        assert listed["stale"] is True
        assert caller.json(f"patches/{number}")["changes"] == []
        with workspace.database.writing() as session:
            session.get(SurveyRow, survey).detected_at = before
    assert caller.json(f"patches/{number}")["changes"] == told_of
    # What was kept to the microsecond, by older versions, still holds.
    with workspace.database.writing() as session:
        row = session.get(SurveyRow, 1)
        for side, moment in (("before", session.get(SurveyRow, earlier)), ("after", row)):
            kept[side]["searched_at"] = moment.detected_at.isoformat()
        row.report = {**row.report, "change": {str(earlier): kept}}
    assert caller.json("surveys/1")["changes"][0]["stale"] is False


@pytest.mark.parametrize("given", ["1e30", "1.7", "0", "-1", "nan", "one", ""])
def test_only_numbers_of_records_are_looked_for(visitor: Visitor, given: str) -> None:
    answer = visitor.client.get("/api/v1/surveys/1/changes", query_string={"with": given})
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_number"


def test_what_cannot_be_compared_is_said(workspace: Workspace, earlier: int) -> None:
    with workspace.database.reading() as session:
        assert [row.id for row in comparable(session, earlier)] == [1]
        one, two = session.get(SurveyRow, 1), session.get(SurveyRow, earlier)
        with pytest.raises(NotFoundError) as gone:
            changes_between(two, one)
    assert gone.value.code == "not_compared"
    for pair, code in (((1, 1), "same_survey"), ((1, earlier), "wrong_order")):
        with pytest.raises(UsageError) as error:
            compare_surveys(workspace, *pair, actor="tester")
        assert error.value.code == code
    with pytest.raises(NotFoundError):
        compare_surveys(workspace, 1, 999, actor="tester")
    with workspace.database.writing() as session:
        session.get(SurveyRow, earlier).detected_at = None
    with pytest.raises(UsageError) as error:
        compare_surveys(workspace, earlier, 1, actor="tester")
    assert error.value.code == "not_searched"


def test_the_card_goes_by_the_states_of_the_api() -> None:
    from geoinspect.detect.change.compare import ChangeState

    source = (ROOT / "webmap" / "static" / "js" / "changes.js").read_text("utf-8")
    for state in ChangeState:
        assert f'"change_{state.value}"' in source
    assert "one.stale" in source
    assert "innerHTML" not in source
