"""What is changed while the detector runs over a survey holds when its patches are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import shapely
from raster_builders import Planted, grass, write_raster
from source_builders import add_licence

from geoinspect.casework.licences import relicense
from geoinspect.casework.survey_days import correct_day
from geoinspect.intake import Intake
from geoinspect.store import sightings
from geoinspect.store.workspace import Workspace

LICENSED_YEAR, OTHER_YEAR = date(2026, 3, 20), date(2025, 3, 20)


@dataclass
class Survey:
    """A survey that was searched once, of a day when its ground is licensed or not."""

    workspace: Workspace
    number: int

    def ground(self) -> shapely.Polygon:
        """Wide enough to hold all of its patches."""
        with self.workspace.database.reading() as session:
            row = sightings.survey(session, self.number)
            return shapely.box(row.west, row.south, row.east, row.north).buffer(0.001)

    def detect(self, meanwhile: Callable[[], object]) -> int:
        """Detect again; return how often the detector ran while something changed once."""
        changes = [meanwhile]
        starts = []

        def progress(share: float) -> None:
            if not starts or share < starts[-1]:
                starts.append(share)
            starts[-1] = share
            if changes:
                changes.pop()()

        Intake(self.workspace, actor="t").detect_survey(self.number, progress=progress)
        return len(starts)

    def states(self) -> set[str]:
        with self.workspace.database.reading() as session:
            found, count = sightings.patches_in(session, None, limit=1000)
            assert count == len(found) > 0
            return {row.state for row in found}


@pytest.fixture
def survey(tmp_path: Path) -> Iterator[Survey]:
    pixels = grass(300, 400, [Planted(90, 140, 110, 110)])
    picture = write_raster(tmp_path / "m.tif", pixels)
    with Workspace.create(tmp_path / "w", config="budget_per_km2 = 20000\n") as workspace:
        added = Intake(workspace, actor="t").add_searched_survey(picture, taken=OTHER_YEAR)
        assert added.record_id is not None
        yield Survey(workspace, added.record_id)


def test_patches_are_judged_by_the_day_that_was_corrected_meanwhile(survey: Survey) -> None:
    add_licence(survey.workspace, survey.ground())
    relicense(survey.workspace, actor="t")
    assert survey.states() == {"suspected"}
    runs = survey.detect(
        lambda: correct_day(survey.workspace, survey.number, LICENSED_YEAR, actor="t")
    )
    assert (survey.states(), runs) == ({"licensed"}, 2)


def test_a_licence_given_meanwhile_holds(survey: Survey) -> None:
    correct_day(survey.workspace, survey.number, LICENSED_YEAR, actor="t")
    assert survey.states() == {"suspected"}
    survey.detect(lambda: add_licence(survey.workspace, survey.ground()))
    assert survey.states() == {"licensed"}


def test_the_detector_runs_once_where_nothing_changes(survey: Survey) -> None:
    assert survey.detect(lambda: None) == 1
    assert survey.states() == {"suspected"}
