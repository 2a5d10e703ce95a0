"""What the store gives as a person's own is what casework takes for their own, record by record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_territory_laws import LAWS, SPOT, Made, counties

from geoinspect.casework.sight import Sight
from geoinspect.store import grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.workspace import Workspace
from geoinspect.territory import territory_of

NOW = datetime(2026, 5, 14, tzinfo=UTC)
_NUMBER = itertools.count()
# On the lines between areas too: there both sides must say the same.
_ALONG = st.one_of(st.integers(-1, 9).map(lambda n: n / 2 * SPOT), st.floats(-SPOT, 5 * SPOT))
_SIZES = st.sampled_from([0.0, SPOT / 10, SPOT * 1.5])


@st.composite
def shapes(draw: st.DrawFn) -> BaseGeometry:
    """A point, a square, or an L whose middle may lie outside it."""
    lon, lat, size = 108 + draw(_ALONG), 30 + draw(_ALONG), draw(_SIZES)
    if size == 0:
        return shapely.Point(lon, lat)
    square = shapely.box(lon - size, lat - size, lon + size, lat + size)
    if draw(st.booleans()):
        return square
    return square.difference(shapely.box(lon - size / 2, lat - size / 2, lon + size, lat + size))


@st.composite
def offices(draw: st.DrawFn) -> tuple[Made, list[tuple[str | None, str | None, str, BaseGeometry]]]:
    """A county, and records: unit, area, who made it, ground."""
    made = draw(counties())
    units = st.sampled_from([None, *(code for code, _parent in made.units)])
    areas = st.sampled_from([None, *(area.code for area in made.areas)])
    who = st.sampled_from(["甲", "乙", ""])
    records = st.tuples(units, areas, who, shapes())
    return made, draw(st.lists(records, min_size=1, max_size=8))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.create(tmp_path_factory.mktemp("sight") / "w") as made:
        yield made


class _Undo(Exception):
    """Takes back what was written."""


def _case(unit: str | None, area: str | None, who: str, ground: BaseGeometry) -> CaseRow:
    return CaseRow(
        number=f"2026-{next(_NUMBER)}",
        title="x",
        origin="other",
        opened_at=NOW,
        opened_by=who,
        state="suspected",
        state_since=NOW,
        unit_code=unit,
        area_code=area,
        deadline=None,
        version=0,
        merged_into=None,
        facts={},
        geometry=ground,
    )


def _site(unit: str | None, area: str | None, who: str, ground: BaseGeometry) -> SiteRow:
    return SiteRow(
        code=f"S{next(_NUMBER)}",
        name="x",
        kind="other",
        unit_code=unit,
        area_code=area,
        interval_days=30,
        radius_m=50.0,
        dwell_s=60.0,
        starts=None,
        ends=None,
        risk=1.0,
        checklist=[],
        case_id=None,
        note="",
        made_at=NOW,
        made_by=who,
        geometry=ground,
    )


def _agree(session: Session, sight: Sight) -> None:
    assert sight.held is not None
    for table, mine, held in (
        (CaseRow, sight.case, sight.held.cases(session)),
        (SiteRow, sight.site, sight.held.sites(session)),
    ):
        expected = {row.id for row in session.scalars(select(table)) if mine(row)}
        assert set(session.scalars(select(table.id).where(held))) == expected


@LAWS
@given(office=offices())
def test_store_and_casework_give_one_person_the_same(workspace: Workspace, office) -> None:
    made, records = office
    try:
        with workspace.database.writing() as session:
            for code, parent in made.units:
                grounds.add_unit(session, code=code, name=code, parent_code=parent)
            grounds.add_areas(session, made.areas)
            session.add_all([build(*one) for one in records for build in (_case, _site)])
            session.flush()
            for code, _parent in made.units:
                own = territory_of(session, code)
                if not own.whole:
                    _agree(session, Sight(own, "甲"))
            raise _Undo
    except _Undo:
        pass
