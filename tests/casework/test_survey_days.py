"""A survey's day corrected: what hangs on it moves with it, and the old day stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import shapely
from case_builders import TOWNS, county
from click.testing import CliRunner
from source_builders import ORIGIN, add_licence, add_survey, detect, square, states_of
from sqlalchemy import select

from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.survey_days import DAYS, correct_day
from geoinspect.change_book import REPORT, change_summaries
from geoinspect.cli import app
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.intake.looks import LookMaker, survey_source
from geoinspect.intake.opening import open_campaign
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.store import sightings
from geoinspect.store.schema import AuditRow, LookRow, SurveyRow
from geoinspect.store.workspace import Workspace

SPRING, SUMMER = date(2026, 5, 14), date(2026, 8, 3)
GROUND = shapely.MultiPolygon(
    [shapely.box(ORIGIN[0], ORIGIN[1], ORIGIN[0] + 0.01, ORIGIN[1] + 0.01)]
)
MEASURED = {"rate": 0.7, "low": 0.6, "high": 0.8, "patch_m2": 4.0, "source": "simulated"}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    """A township with two campaigns: one of the spring, one of the summer."""
    with county(tmp_path / "w") as workspace:
        for name, start, end in (
            ("春季", date(2026, 4, 1), date(2026, 6, 30)),
            ("夏季", date(2026, 7, 1), date(2026, 9, 30)),
        ):
            open_campaign(
                workspace, name, area_code=TOWNS[0], start=start, end=end, cell_m=500.0, actor="t"
            )
        yield workspace


def counted(book: Workspace, name: str, day: date, **more: object) -> int:
    """A survey that counts on a day, as it does once it was searched."""
    number = add_survey(
        book, name, taken=datetime.combine(day, time(12), CHINA_TIME), ground=GROUND, **more
    )
    looks = LookMaker(book)
    looks.prepare(day)
    with book.database.writing() as session:
        looks.add(session, survey_source(sightings.survey(session, number)), number)
    return number


def looks_of(book: Workspace, survey_id: int) -> list[tuple[object, ...]]:
    with book.database.reading() as session:
        asked = select(LookRow).where(LookRow.kind == "survey", LookRow.source_id == survey_id)
        return [(row.campaign_id, row.day, row.basis, row.cells) for row in session.scalars(asked)]


def row_of(book: Workspace, survey_id: int) -> SurveyRow:
    with book.database.reading() as session:
        row = sightings.survey(session, survey_id)
        assert row.report is not None
        return row


@pytest.mark.parametrize("day", [SUMMER, SPRING + timedelta(days=20), date(2025, 5, 14)])
def test_it_counts_as_one_that_was_dated_so_from_the_first(book: Workspace, day: date) -> None:
    wrong, right = counted(book, "错", SPRING), counted(book, "对", day)
    before = looks_of(book, wrong)
    assert [one[0] for one in before] == [1]
    change = correct_day(book, wrong, day, actor="t", note="相机时钟")
    assert looks_of(book, wrong) == looks_of(book, right) != before
    assert change.campaigns == (1, len(looks_of(book, right)))
    assert row_of(book, wrong).taken == row_of(book, right).taken


def test_the_old_day_stays_with_who_and_why(book: Workspace) -> None:
    number = counted(book, "一号", SPRING)
    correct_day(book, number, SUMMER, actor="甲", note="相机时钟")
    correct_day(book, number, SPRING, actor="乙")
    days = row_of(book, number).report[DAYS]
    assert [(one["before"], one["day"], one["by"], one["note"]) for one in days] == [
        ("2026-05-14", "2026-08-03", "甲", "相机时钟"),
        ("2026-08-03", "2026-05-14", "乙", ""),
    ]
    with book.database.reading() as session:
        asked = select(AuditRow).where(AuditRow.action == "survey.day").order_by(AuditRow.id)
        rows = [(row.actor, json.loads(row.details)["before"]) for row in session.scalars(asked)]
    assert rows == [("甲", "2026-05-14"), ("乙", "2026-08-03")]
    assert verify_workspace(book).as_json()["ok"]


def test_the_same_day_writes_nothing(book: Workspace) -> None:
    number = counted(book, "一号", SPRING)
    before = looks_of(book, number), row_of(book, number).report
    assert not correct_day(book, number, SPRING, actor="t").changed
    assert (looks_of(book, number), row_of(book, number).report) == before
    with book.database.reading() as session:
        assert session.scalar(select(AuditRow).where(AuditRow.action == "survey.day")) is None


def test_one_without_a_day_or_a_search_takes_it_and_counts_when_searched(book: Workspace) -> None:
    undated = add_survey(book, "无日期", taken=None, ground=GROUND)
    unsearched = add_survey(book, "未检测", ground=GROUND, searched=False)
    assert correct_day(book, undated, SPRING, actor="t").campaigns == (0, 1)
    assert correct_day(book, unsearched, SUMMER, actor="t").campaigns == (0, 0)
    assert looks_of(book, unsearched) == []


def test_licences_and_what_was_measured_follow_the_day(book: Workspace) -> None:
    report = {
        "sensitivity": {"stage": "flower", "rate": MEASURED},
        "measured": MEASURED,
        "check": {"fit_for": {"stage": "flower", "ready": True}, "advice": []},
    }
    number = counted(book, "一号", SPRING, report=report)
    patches = detect(book, number, [square(0, 0)])
    add_licence(book, square(-20, -20, 60), first=date(2026, 7, 1))
    change = correct_day(book, number, SUMMER, actor="t")
    assert states_of(book, patches)[0][0] == "licensed"
    assert {problem.code for problem in change.problems} == {"relicensed", "measure_again"}
    kept = row_of(book, number).report
    assert "sensitivity" not in kept
    assert "measured" not in kept
    assert kept["check"]["fit_for"]["stage"] == change.stages[1] != "flower"


def test_a_rate_that_a_person_entered_stays(book: Workspace) -> None:
    entered = {**MEASURED, "rate": 0.5, "source": "a trial"}
    report = {"sensitivity": {"stage": "flower", "rate": MEASURED}, "measured": entered}
    number = counted(book, "一号", SPRING, report=report)
    correct_day(book, number, SUMMER, actor="t")
    assert row_of(book, number).report["measured"] == entered
    assert looks_of(book, number)[0][2]["rate"] == 0.5


def test_a_comparison_with_what_was_dated_otherwise_is_stale(book: Workspace) -> None:
    numbers = [counted(book, name, day) for name, day in (("一", SPRING), ("二", SUMMER))]
    sides = [
        {"taken": moment_iso(row.taken), "day": None, "searched_at": moment_iso(row.detected_at)}
        for row in (row_of(book, number) for number in numbers)
    ]
    kept = {
        "before": sides[0], "after": sides[1], "made_at": "", "alignment": {"aligned": True},
        "counts": {}, "uncertain": 0, "changes": [],
    }  # fmt: skip
    with book.database.writing() as session:
        row = sightings.survey(session, numbers[1])
        row.report = {**row.report, REPORT: {str(numbers[0]): kept}}

    def stale() -> bool:
        with book.database.reading() as session:
            (one,) = change_summaries(session, sightings.survey(session, numbers[1]))
            return bool(one["stale"])

    assert not stale()
    correct_day(book, numbers[0], SPRING - timedelta(days=1), actor="t")
    assert stale()


@pytest.mark.parametrize(
    "day", [datetime.now(CHINA_TIME).date() + timedelta(days=1), date(1989, 12, 31), date.min]
)
def test_a_day_that_cannot_be_is_refused(book: Workspace, day: date) -> None:
    number = counted(book, "一号", SPRING)
    before = looks_of(book, number)
    with pytest.raises(UsageError, match="不可用"):
        correct_day(book, number, day, actor="t")
    with pytest.raises(NotFoundError):
        correct_day(book, 99, SPRING, actor="t")
    assert looks_of(book, number) == before


def test_the_command_tells_what_it_did(book: Workspace) -> None:
    number = counted(book, "一号", SPRING)
    command = ["-w", str(book.folder), "surveys", "day", str(number), "2026-08-03", "--json"]
    done = CliRunner().invoke(app, command, standalone_mode=False)
    assert done.exception is None, done.exception
    told = json.loads(done.stdout)
    assert (told["before"], told["day"], told["changed"]) == ("2026-05-14", "2026-08-03", True)
    words = CliRunner().invoke(app, command[:-1], standalone_mode=False)
    assert "没有更改" in words.output
