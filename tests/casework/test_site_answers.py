"""Answers to a site's checklist: the case they open, and a site that changes under the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from case_builders import ANALYST, FIELD, NOON, county, place

from geoinspect.cases.records import CaseAction, Outcome
from geoinspect.casework import site_answers
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.casework.site_answers import NewAnswer, SitePhoto, answer_site
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site, change_site
from geoinspect.errors import ConflictError, ForbiddenError, UsageError
from geoinspect.records import CHINA_TIME
from geoinspect.store import cases, sites
from geoinspect.store.workspace import Workspace

DAY = NOON.astimezone(CHINA_TIME).date()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def site(office: Workspace, unit: str | None = "U11", **more: Any) -> int:
    new = NewSite("S1", "老砖厂", place(), unit_code=unit, checklist=("有无新土",), **more)
    return add_site(office, new, ANALYST, now=NOON)


def suspicious(**more: Any) -> NewAnswer:
    return NewAnswer(day=DAY, answers={"suspicious": True}, note="墙后有花", **more)


def test_the_finder_of_the_field_may_verify_what_the_answer_opened(office: Workspace) -> None:
    case_id = answer_site(office, site(office), suspicious(), FIELD, now=NOON).case_id
    assert case_id is not None
    with office.database.reading() as session:
        assert cases.case(session, case_id).unit_code == "U11"
    step = Step(CaseAction.VERIFY, outcome=Outcome.CONFIRMED, facts={"day": DAY.isoformat()})
    act(office, case_id, step, FIELD, now=NOON)


def test_where_no_unit_answers_for_the_site_the_answerers_own_does(office: Workspace) -> None:
    site_id = site(office)
    with office.database.writing() as session:
        sites.site(session, site_id).unit_code = None
    case_id = answer_site(office, site_id, suspicious(), FIELD, now=NOON).case_id
    with office.database.reading() as session:
        assert cases.case(session, case_id or 0).unit_code == FIELD.unit_code


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"active": False}, ConflictError),
        ({"unit_code": "U12"}, ForbiddenError),
        ({"checklist": ["门锁完好"]}, UsageError),
    ],
)
def test_a_site_that_changes_while_the_photos_are_read_takes_no_stale_answer(
    office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, error: Any
) -> None:
    site_id = site(office)
    photo = SitePhoto("a.jpg", tmp_path / "a.jpg")
    read = site_answers._few

    def slow(photos: tuple[SitePhoto, ...]) -> tuple[SitePhoto, ...]:
        change_site(office, site_id, change, ANALYST, now=NOON)
        return read(())

    monkeypatch.setattr(site_answers, "_few", slow)
    new = NewAnswer(day=DAY, answers={"有无新土": "无"}, photos=(photo,))
    with pytest.raises(error):
        answer_site(office, site_id, new, FIELD, now=NOON)
    with office.database.reading() as session:
        assert sites.answers_of_site(session, site_id) == []
