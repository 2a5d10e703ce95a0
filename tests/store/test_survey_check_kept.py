"""A survey's check is kept with it, told to its sender, and moves with the day of the flight."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from raster_builders import grass, write_raster

from geoinspect.intake import Intake
from geoinspect.store import sightings
from geoinspect.store.workspace import Workspace


def kept(workspace: Workspace, survey_id: int) -> dict:
    with workspace.database.reading() as session:
        return sightings.survey(session, survey_id).report["check"]


def test_a_check_is_kept_and_the_day_may_come_later(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(300, 300))
    with Workspace.create(tmp_path / "w") as workspace:
        intake = Intake(workspace, actor="t")
        added = intake.add_survey(path)
        assert {"fly_lower", "stage_unknown"} <= {problem.code for problem in added.problems}
        before = kept(workspace, added.record_id)
        assert before["quality"]["sharpness"]["blur_px"] >= 0
        assert before["fit_for"]["stage"] is None
        intake.add_survey(path, taken=date(2026, 3, 15))
        after = kept(workspace, added.record_id)
    assert after["fit_for"]["stage"] == "rosette"
    assert after["quality"] == before["quality"]


@pytest.mark.parametrize("table", ["not toml [", None])
def test_a_table_that_cannot_be_used_leaves_the_stage_unknown(
    tmp_path: Path, table: str | None
) -> None:
    path = write_raster(tmp_path / "a.tif", grass(200, 200))
    with Workspace.create(tmp_path / "w") as workspace:
        if table is not None:
            (workspace.folder / "growth.toml").write_text(table, "utf-8")
        added = Intake(workspace, actor="t").add_survey(path, taken=date(2026, 3, 15))
        stage = kept(workspace, added.record_id)["fit_for"]["stage"]
    assert stage == (None if table is not None else "rosette")
