"""Growing places of the past become sites by themselves, once, with a zone of raised risk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from case_builders import ANALYST, NOON, county, opened, plot
from sqlalchemy import select

from geoinspect.cases.records import CaseAction, Outcome
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.casework.former_sites import former_site_of, sites_from_cases
from geoinspect.casework.sites import change_site
from geoinspect.casework.sites_told import site_list
from geoinspect.ingest.site_fields import SiteKind
from geoinspect.records import ZoneKind
from geoinspect.store import audit, cases, grounds, seals, sites
from geoinspect.store.search_schema import RiskEditRow
from geoinspect.store.sites import SiteFilter
from geoinspect.store.workspace import Workspace

DAY = date(2026, 5, 14)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace
        with workspace.database.reading() as session:
            audit.verify(session)


def eradicated(office: Workspace, title: str, day: str = "2026-05-20") -> int:
    case_id = opened(office, title=title)
    steps = (
        Step(CaseAction.TRIAGE),
        Step(CaseAction.ASSIGN, unit_code="U11"),
        Step(CaseAction.VERIFY, outcome=Outcome.CONFIRMED, facts={"day": "2026-05-18"}),
        Step(CaseAction.ERADICATE, facts={"method": "pulled", "area_m2": 12.0, "day": day}),
    )
    for step in steps:
        act(office, case_id, step, ANALYST, now=NOON)
    return case_id


def test_growing_places_become_sites_and_zones_once(office: Workspace) -> None:
    gone = eradicated(office, "后山地块")
    opened(office, title="还没核查", town=1)
    refuted = opened(office, title="不是罂粟", town=2)
    for step in (
        Step(CaseAction.TRIAGE),
        Step(CaseAction.ASSIGN, unit_code="U13"),
        Step(CaseAction.VERIFY, outcome=Outcome.NOT_POPPY),
        Step(CaseAction.CLOSE),
    ):
        act(office, refuted, step, ANALYST, now=NOON)
    (code,) = sites_from_cases(office, DAY, ANALYST, now=NOON)
    assert sites_from_cases(office, DAY, ANALYST, now=NOON) == []
    with office.database.reading() as session:
        row = sites.site_named(session, code)
        (zone,) = grounds.zones(session, ZoneKind.FORMER)
        (line,) = site_list(session, office.settings, SiteFilter(), DAY)
    assert (row.case_id, row.kind, row.unit_code) == (gone, SiteKind.FORMER, "U11")
    assert row.risk == office.settings.former_site_risk
    assert row.starts == zone.valid_from == date(2027, 1, 1)
    assert zone.polygon.equals(plot())
    assert line["state"] == "not_started"


def test_a_closing_case_brings_its_site_along(office: Workspace) -> None:
    case_id = eradicated(office, "后山地块", "2025-12-30")
    with office.database.writing() as session:
        row = cases.case(session, case_id)
        made = former_site_of(session, office.settings, row, ANALYST, NOON)
        assert [(site.starts, site.case_id) for site in made] == [(date(2026, 1, 1), case_id)]
        seals.record_sealed(
            session, made, actor="t", action="case.close", subject="case", details={}
        )
        assert former_site_of(session, office.settings, row, ANALYST, NOON) == []
    assert sites_from_cases(office, DAY, ANALYST) == []


@pytest.mark.parametrize(("risk", "factors"), [(1.0, []), (4.0, [4.0])])
def test_a_former_place_counts_by_its_zone_and_once_more_only_where_asked(
    office: Workspace, risk: float, factors: list[float]
) -> None:
    """The default leaves it at the rule for zones; a risk of its own is an edit on its ground."""
    assert office.settings.former_site_risk == 1.0
    case_id = eradicated(office, "后山地块")
    changed = office.settings.model_copy(update={"former_site_risk": risk})
    with office.database.writing() as session:
        (row,) = former_site_of(session, changed, cases.case(session, case_id), ANALYST, NOON)
        seals.record_sealed(
            session, [row], actor="t", action="case.close", subject="case", details={}
        )
        assert row.risk == risk
        edits = session.scalars(select(RiskEditRow)).all()
        assert [edit.multiplier for edit in edits] == factors
        assert all(edit.geometry.equals(plot()) for edit in edits)
        assert len(grounds.zones(session, ZoneKind.FORMER)) == 1
        site_id = row.id
    change_site(office, site_id, {"active": False}, ANALYST, now=NOON)
    with office.database.reading() as session:
        assert session.scalars(select(RiskEditRow)).all() == []
