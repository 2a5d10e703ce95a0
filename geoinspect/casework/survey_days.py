"""Correct the day a survey was flown, and make anew all that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geoinspect.casework.licences import relicense_in, relicensed_problems
from geoinspect.errors import Text, UsageError
from geoinspect.ingest.survey_checks.advice import with_stage
from geoinspect.intake.looks import LookMaker, survey_source
from geoinspect.intake.rows import china_day
from geoinspect.records import CHINA_TIME, Problem, moment_iso
from geoinspect.store import audit, sightings
from geoinspect.store.schema import LookRow, SurveyRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import stage_at

Json = dict[str, Any]

DAYS = "days"
MOST_NOTE = 500
_FIRST_YEAR = 1990


@dataclass(frozen=True, slots=True)
class DayChange:
    """What became of a survey whose day was corrected.

    Attributes:
        before: The day it had; None for none.
        changed: False when it had this day already; nothing was written then.
        stages: Growth stage by the day before and by the new one; None where it is not known.
        campaigns: In how many campaigns its ground counted before, and counts now.
        problems: What follows for people to know.
    """

    survey_id: int
    name: str
    before: date | None
    day: date
    changed: bool
    stages: tuple[str | None, str | None] = (None, None)
    campaigns: tuple[int, int] = (0, 0)
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> Text:
        """Return what was done, for people."""
        if not self.changed:
            return Text(
                f"{self.name}:拍摄日期本来就是 {self.day},没有更改。",
                f"{self.name}: it was flown on {self.day} already; nothing was changed.",
            )
        before = self.before or Text("未填写", "none")
        zh, en = (before.zh, before.en) if isinstance(before, Text) else (before, before)
        was, now = self.campaigns
        return Text(
            f"{self.name}:拍摄日期由 {zh} 更正为 {self.day};计入的行动由 {was} 个变为 {now} 个。"
            "原日期已留存。",
            f"{self.name}: its day was corrected from {en} to {self.day}; it counted in {was} "
            f"campaigns and counts in {now} now. The old day is kept.",
        )

    def as_json(self) -> Json:
        """Return it for programs."""
        return {
            "survey": self.survey_id,
            "name": self.name,
            "before": None if self.before is None else self.before.isoformat(),
            "day": self.day.isoformat(),
            "changed": self.changed,
            "stages": list(self.stages),
            "campaigns": list(self.campaigns),
            "message": self.text.en,
            "message_zh": self.text.zh,
            "problems": [problem.as_json() for problem in self.problems],
        }


def correct_day(
    workspace: Workspace, survey_id: int, day: date, *, actor: str, note: str = ""
) -> DayChange:
    """Correct the day a survey was flown; the old day stays in its report and in the audit.

    Its looks are made anew on the campaigns of the new day, with the growth stage of that day; its
    patches are judged by the licences that hold then; the sensitivity that was measured for
    another stage holds no more, nor do comparisons with the survey as it was dated.

    Args:
        workspace: Open for writing.
        survey_id: Of a stored survey.
        day: By the Chinese calendar; noon of it stands for the time, which nobody knows.
        actor: Who corrects it.
        note: Why, at most :data:`MOST_NOTE` characters.

    Raises:
        NotFoundError: There is no such survey.
        UsageError: The day is still to come, or before there were such pictures; the note is
            too long.
    """
    _check(day)
    if len(note) > MOST_NOTE:
        raise UsageError(
            f"说明有 {len(note)} 个字:最多 {MOST_NOTE} 个",
            f"the note has {len(note)} characters: at most {MOST_NOTE}",
            code="bad_note",
        )
    looks = LookMaker(workspace)
    looks.prepare(day)
    with workspace.database.writing() as session:
        row = sightings.survey(session, survey_id)
        before = china_day(row.taken)
        if before == day:
            return DayChange(row.id, row.name, before, day, changed=False)
        was = _counted(session, row.id)
        noon = datetime.combine(day, time(12), CHINA_TIME)
        stages, problems = _dated(workspace, row, noon)
        row.report = {
            **row.report,
            DAYS: [*row.report.get(DAYS, []), _kept(before, day, actor, note)],
        }
        sightings.drop_looks(session, "survey", row.id)
        if row.searched:
            problems += looks.add(session, survey_source(row), row.id)
        session.flush()
        problems += relicensed_problems(relicense_in(session, actor=actor))
        now = _counted(session, row.id)
        details: Json = {
            "id": row.id,
            "before": None if before is None else before.isoformat(),
            "day": day.isoformat(),
            "note": note,
        }
        audit.record(session, actor=actor, action="survey.day", subject=row.name, details=details)
        return DayChange(row.id, row.name, before, day, True, stages, (was, now), tuple(problems))


def _check(day: date) -> None:
    today = datetime.now(CHINA_TIME).date()
    if day.year >= _FIRST_YEAR and day <= today:
        return
    raise UsageError(
        f"拍摄日期 {day} 不可用:应在 {_FIRST_YEAR} 年至今天({today})之间",
        f"it cannot have been flown on {day}: give a day from {_FIRST_YEAR} until today ({today})",
        code="bad_day",
    )


def _dated(
    workspace: Workspace, row: SurveyRow, moment: datetime
) -> tuple[tuple[str | None, str | None], list[Problem]]:
    """Set the moment and what hangs on its stage; return the stages before and now."""
    latitude = (row.south + row.north) / 2
    before_day, day = china_day(row.taken), moment.date()
    stages = [
        None if one is None else stage_at(workspace, latitude, one) for one in (before_day, day)
    ]
    row.taken = moment
    report: Json = dict(row.report)
    if "check" in report:
        report["check"] = with_stage(report["check"], stages[1])
    names = [None if one is None else one.stage.value for one in stages]
    problems: list[Problem] = []
    table = report.get("sensitivity")
    if table is not None and table.get("stage") != names[1]:
        del report["sensitivity"]
        if table.get("rate") is not None and report.get("measured") == table["rate"]:
            del report["measured"]
        problems.append(_measure_again(row.id))
    row.report = report
    return (names[0], names[1]), problems


def _measure_again(survey_id: int) -> Problem:
    text = Text(
        "物候期随日期改变,原先测得的灵敏度及其检出率不再有效,已停用:请运行 geoinspect surveys "
        f"sensitivity {survey_id} 重新测量;人工录入的检出率不受影响",
        "the growth stage changed with the day, so the sensitivity measured before, and the rate "
        f"it gave, were dropped: run geoinspect surveys sensitivity {survey_id}; a rate that a "
        "person entered stays",
    )
    return Problem("measure_again", text)


def _kept(before: date | None, day: date, actor: str, note: str) -> Json:
    return {
        "before": None if before is None else before.isoformat(),
        "day": day.isoformat(),
        "by": actor,
        "at": moment_iso(datetime.now(UTC).replace(microsecond=0)),
        "note": note,
    }


def _counted(session: Session, survey_id: int) -> int:
    """Return in how many campaigns a survey's ground counts."""
    asked = select(func.count()).select_from(LookRow)
    mine = asked.where(LookRow.kind == "survey", LookRow.source_id == survey_id)
    return session.scalar(mine) or 0
