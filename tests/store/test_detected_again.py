"""A survey detected again: what it learns, what stays, and what no longer holds is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from raster_builders import Planted, grass, write_raster
from shapely import box

from geoinspect.crs import WGS84
from geoinspect.intake import Intake
from geoinspect.intake.detected import labels_learnt
from geoinspect.rate_book import set_survey_rate
from geoinspect.records import Problem
from geoinspect.review_book import Answer, label
from geoinspect.review_records import Said, WhyNot
from geoinspect.sensitivity_book import measure_survey
from geoinspect.store import reviewing, sightings
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import DetectOptions

HAND = {"rate": 0.4, "low": None, "high": None, "patch_m2": 4.0, "source": "a trial"}


@dataclass(frozen=True)
class Office:
    workspace: Workspace
    survey_id: int

    def row(self) -> SurveyRow:
        with self.workspace.database.reading() as session:
            row = sightings.survey(session, self.survey_id)
            # It is read from the store only when asked for.
            assert row.report
            return row

    def patches(self) -> list[int]:
        with self.workspace.database.reading() as session:
            return [one.id for one in reviewing.figures_of(session, self.survey_id)]

    def detect(self, **options: object) -> list[Problem]:
        intake = Intake(self.workspace, actor="t")
        _, problems = intake.detect_survey(self.survey_id, options=DetectOptions(**options))
        return list(problems)

    def say(self, patch: int, said: Said, reason: WhyNot | None = None, actor: str = "a") -> int:
        return label(self.workspace, self.survey_id, patch, Answer(said, reason), actor=actor)

    def learnt(self) -> list[bool]:
        with self.workspace.database.reading() as session:
            row = sightings.survey(session, self.survey_id)
            return [one.poppy for one in labels_learnt(session, row)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    pixels = grass(900, 900, [Planted(300, 340, 90, 90), Planted(620, 120, 80, 110)])
    picture = write_raster(tmp_path / "m.tif", pixels)
    with Workspace.create(tmp_path / "w", config="budget_per_km2 = 5000\n") as workspace:
        added = Intake(workspace, actor="t").add_searched_survey(picture, taken=date(2026, 3, 20))
        assert added.record_id is not None
        yield Office(workspace, added.record_id)


def codes(problems: list[Problem]) -> set[str]:
    return {problem.code for problem in problems}


def test_the_planes_stay_and_nothing_is_read_twice(office: Office) -> None:
    (log,) = office.workspace.planes_path(office.survey_id).rglob("done.jsonl")
    planes = log.with_name("planes.bin")
    before = log.read_text("utf-8"), planes.read_bytes(), planes.stat().st_ino
    office.detect(budget_per_km2=500)
    measure_survey(office.workspace, office.survey_id, actor="t", patches=4)
    assert (log.read_text("utf-8"), planes.read_bytes(), planes.stat().st_ino) == before
    assert list(office.workspace.planes_path(office.survey_id).rglob("done.jsonl")) == [log]


def test_a_detection_learns_from_settled_labels_unless_told_not_to(office: Office) -> None:
    plain = office.row().detector
    first, *others = office.patches()
    assert "learnt_from_labels" not in codes(office.detect())
    first, *others = office.patches()
    office.say(others[0], Said.OTHER, WhyNot.GRASS)
    # Without a poppy there is nothing to look for.
    assert "learnt_from_labels" not in codes(office.detect())
    first, *others = office.patches()
    office.say(first, Said.POPPY)
    office.say(others[-1], Said.OTHER, WhyNot.LICENSED)
    told = [p for p in office.detect() if p.code == "learnt_from_labels"]
    assert "1 like poppy, 1 not" in told[0].text.en
    assert "1 处像罂粟,1 处不是" in told[0].text.zh
    # A licensed poppy may look like any other: it is no example of what to leave out.
    assert sorted(office.learnt()) == [False, True]
    assert office.row().detector == f"{plain}+labels"
    measure_survey(office.workspace, office.survey_id, actor="t", patches=4)
    assert office.row().report["sensitivity"]["detector"] == f"{plain}+labels"
    assert "learnt_from_labels" not in codes(office.detect(learn=False))
    assert office.row().detector == plain
    assert office.learnt() == []


def test_two_people_must_agree_where_a_unit_wants_it(office: Office, tmp_path: Path) -> None:
    folder = office.workspace.folder
    (folder / "geoinspect.toml").write_text("review_people = 2\n", "utf-8")
    with Workspace.open(folder) as workspace:
        strict = Office(workspace, office.survey_id)
        first = strict.patches()[0]
        strict.say(first, Said.POPPY, actor="a")
        strict.detect()
        assert strict.learnt() == []
        again = strict.patches()[0]
        strict.say(again, Said.POPPY, actor="b")
        strict.detect()
        assert strict.learnt() == [True]


def test_labels_where_nothing_is_marked_any_more_still_teach(office: Office) -> None:
    first = office.patches()[0]
    number = office.say(first, Said.POPPY)
    with office.workspace.database.writing() as session:
        ground = reviewing.label_grounds(session, [number])[number]
        # All that was marked on it is gone; the label is not.
        sightings.replace_patches(session, office.survey_id, [])
    office.detect()
    assert office.learnt() == [True]
    with office.workspace.database.reading() as session:
        (lesson,) = labels_learnt(session, sightings.survey(session, office.survey_id))
    assert lesson.crs == WGS84
    assert box(*lesson.polygon.bounds).equals(box(*ground.bounds))


def test_what_was_measured_of_another_list_is_dropped(office: Office) -> None:
    done = measure_survey(office.workspace, office.survey_id, actor="t", patches=65)
    assert done.rate is not None
    assert office.row().report["measured"] == done.rate
    # The same list again: all of it still holds, and is not told to be old.
    assert "measure_again" not in codes(office.detect())
    report = office.row().report
    assert report["measured"] == done.rate
    assert report["sensitivity"]["detected_at"] != done.table["detected_at"] or (
        report["sensitivity"]["found"] == done.table["found"]
    )
    when = office.row().detected_at.replace(microsecond=0).isoformat()
    assert report["sensitivity"]["detected_at"] == when.replace("+00:00", "Z")
    # A shorter list is another one.
    assert "measure_again" in codes(office.detect(budget_per_km2=500))
    assert not {"sensitivity", "measured"} & set(office.row().report)
    assert office.row().report["check"]


def test_a_rate_that_a_person_entered_stays(office: Office) -> None:
    measure_survey(office.workspace, office.survey_id, actor="t", patches=65)
    set_survey_rate(office.workspace, office.survey_id, actor="t", **HAND)
    assert "measure_again" in codes(office.detect(budget_per_km2=500))
    report = office.row().report
    assert report["measured"] == HAND
    assert "sensitivity" not in report


def test_the_bands_of_a_detection_are_those_it_is_measured_with(office: Office) -> None:
    office.detect(bands={"red": 3, "green": 2, "blue": 1})
    assert office.row().report["list"]["bands"] == {"red": 3, "green": 2, "blue": 1}
    # What the file says of its bands is another thing.
    assert office.row().report["bands"] == ["red", "green", "blue"]
    (log,) = office.workspace.planes_path(office.survey_id).rglob("done.jsonl")
    before = log.read_text("utf-8")
    measure_survey(office.workspace, office.survey_id, actor="t", patches=4)
    assert log.read_text("utf-8") == before
    office.detect()
    assert office.row().report["list"]["bands"] is None
    assert log.read_text("utf-8") != before
