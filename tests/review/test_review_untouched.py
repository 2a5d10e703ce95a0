"""What is told of a survey nobody has looked at yet is what its whole state would tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from review_builders import add_candidates, meadow_survey

from geoinspect.review_book import Answer, label, state_of, surveys_told
from geoinspect.review_part import progress
from geoinspect.review_records import Said
from geoinspect.store import reviewing, sightings
from geoinspect.store.workspace import Workspace


@pytest.mark.parametrize("some", [None, "half"])
def test_counts_alone_say_what_the_state_says(tmp_path: Path, some: str | None) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        survey = meadow_survey(workspace, tmp_path, seed=1, day=10)
        add_candidates(workspace, survey, 8)

        def told() -> list[dict]:
            with workspace.database.reading() as session:
                row = sightings.survey(session, survey)
                ids = [one.id for one in reviewing.figures_of(session, survey)]
                only = None if some is None else {*ids[:4], 10**9}
                (short,) = surveys_told(workspace, session, "a", [(row, only)])
                state = state_of(workspace, session, survey, "a", learn=False, only=only)
                whole = progress(state)
            return [{name: short[name] for name in whole}, whole]

        short, whole = told()
        assert short == whole
        assert short["open"] == (8 if some is None else 4)
        with workspace.database.reading() as session:
            first = reviewing.figures_of(session, survey)[0].id
        label(workspace, survey, first, Answer(Said.POPPY), actor="a")
        short, whole = told()
        assert short == whole
        assert (short["seen"], short["poppy"]) == (1, 1)
