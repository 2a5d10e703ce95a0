"""What holds when there are many cases: numbers go on, near ones are found, questions stay few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from case_builders import ANALYST, FIELD, NOON, TOWNS, county, opened, place
from hypothesis import given
from hypothesis import strategies as st
from source_builders import add_survey, detect, square, target_table
from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session
from work_builders import FIRST_DAY, confirmed, do

from geoinspect.cases.records import Origin
from geoinspect.casework.asked import NewCase
from geoinspect.casework.book import open_case
from geoinspect.casework.from_patches import cases_from_patches, propose
from geoinspect.casework.from_sightings import NewSighting, case_from_sighting
from geoinspect.casework.realm import area_code_at, realm_of
from geoinspect.casework.replay import check_cases
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.casework.target_book import import_targets
from geoinspect.casework.target_match import match_list
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.casework.today import today_of_person
from geoinspect.casework.work import work_of
from geoinspect.casework.zero_yield import standing_of
from geoinspect.records import Zone, ZoneKind
from geoinspect.store import audit, cases, grounds, tips
from geoinspect.store.case_schema import CaseEventRow, CaseLinkRow, CaseRow
from geoinspect.store.schema import Base
from geoinspect.store.site_schema import TipRow
from geoinspect.store.workspace import Workspace


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def renumber(book: Workspace, case_id: int, number: str) -> None:
    with book.database.writing() as session:
        session.execute(update(CaseRow).where(CaseRow.id == case_id).values(number=number))


def questions(book: Workspace, ask: Callable[[Session], object]) -> int:
    """How many questions something asks of the database."""
    asked: list[str] = []
    with book.database.reading() as session:
        engine = session.get_bind()
        take = lambda *told: asked.append(told[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", take)
        try:
            ask(session)
        finally:
            event.remove(engine, "before_cursor_execute", take)
    return len(asked)


def test_numbers_go_on_after_five_digits(book: Workspace) -> None:
    one, two = opened(book, east=0.1), opened(book, east=0.2)
    renumber(book, one, "2026-99998")
    renumber(book, two, "2026-99999")
    number: dict[str, str] = {}
    for expected in ("2026-100000", "2026-100001", "2026-100002"):
        case_id = opened(book, east=0.3)
        with book.database.reading() as session:
            number[expected] = cases.case(session, case_id).number
    assert all(expected == got for expected, got in number.items())
    renumber(book, one, "2026-999999")
    with book.database.reading() as session:
        assert cases.next_number(session, 2026) == "2026-1000000"
        assert cases.next_number(session, 2027) == "2027-00001"
        assert cases.next_number(session, 202) == "202-00001"


def test_numbers_of_tips_go_on_too(book: Workspace) -> None:
    def took(text: str) -> str:
        take_tip(book, NewTip(text.encode().hex(), text, "村东头"), now=NOON)
        with book.database.reading() as session:
            return max(tips.tips(session), key=lambda row: row.id).number

    first = took("屋后有花")
    assert first == "T2026-00001"
    with book.database.writing() as session:
        session.execute(update(TipRow).values(number="T2026-99999"))
    assert [took(f"地里有花{n}") for n in range(3)] == [f"T2026-10000{n}" for n in range(3)]


def test_the_indexes_are_those_of_the_tables(book: Workspace) -> None:
    wanted = {
        (table.name, tuple(column.name for column in index.columns), str(index.name))
        for table in Base.metadata.sorted_tables
        for index in table.indexes
    }
    with book.database.reading() as session:
        look = inspect(session.connection())
        there = {
            (table, tuple(index["column_names"]), index["name"])
            for table in Base.metadata.tables
            for index in look.get_indexes(table)
        }
    assert wanted <= there
    assert ("case", ("merged_into",), "ix_case_merged_into") in there
    assert ("audit", ("subject",), "ix_audit_subject") in there


def test_a_zone_is_known_again_among_others_of_its_name(book: Workspace) -> None:
    def zone(name: str, east_m: float) -> Zone:
        ground = shapely.MultiPolygon([square(east_m, 0)])
        return Zone(ZoneKind.FORMER, name, ground, FIRST_DAY)

    both = [zone("甲", 0), zone("甲", 100)]
    with book.database.writing() as session:
        assert grounds.add_zones(session, [*both, zone("乙", 0)]) == 3
        assert grounds.add_zones(session, iter(both)) == 0
        assert grounds.add_zones(session, [zone("甲", 200), zone("丙", 0)]) == 2
        assert grounds.add_zones(session, []) == 0


def test_a_patch_joins_the_ground_of_a_patch_that_its_case_no_longer_covers(
    book: Workspace,
) -> None:
    survey = add_survey(book)
    numbers = detect(book, survey, [square(0, 0), square(300, 0)])
    done = cases_from_patches(book, numbers, ANALYST, now=NOON)
    near_case, far_case = (one["id"] for one in done["opened"])
    with book.database.writing() as session:
        cases.case(session, near_case).geometry = square(5000, 0)
        session.execute(
            update(CaseLinkRow).where(CaseLinkRow.case_id == far_case).values(survey_id=None)
        )
        cases.case(session, far_case).geometry = square(6000, 0)
    again = detect(
        book, add_survey(book, "二号航测"), [square(1, 1), square(301, 1), square(600, 0)]
    )
    with book.database.reading() as session:
        told = propose(book, session, again)
    assert {one["patch"]: one["case"]["id"] for one in told["joins"]} == {
        again[0]: near_case,
        again[1]: far_case,
    }
    assert [plot["patches"] for plot in told["plots"]] == [[again[2]]]


def test_what_is_near_is_told_and_what_is_far_is_not_even_read(book: Workspace) -> None:
    near = opened(book, east=0.5)
    for n in range(5):
        opened(book, town=2, east=0.1 * n + 0.1)
    seen = case_from_sighting(book, NewSighting(place(0), title="后山"), ANALYST, now=NOON)
    assert [one["id"] for one in seen["near"]] == [near]


def test_cases_without_right_events_are_named_alone(book: Workspace) -> None:
    ids = [confirmed(book, east=0.1 * n + 0.1) for n in range(5)]
    do(book, ids[3], "undo", minute=30)
    with book.database.writing() as session:
        faults = audit.Faults()
        check_cases(session, faults)
        assert faults.count == 0
        session.query(CaseEventRow).filter(CaseEventRow.case_id == ids[1]).delete()
        last = cases.events_of(session, ids[3])[-1]
        session.execute(
            update(CaseEventRow)
            .where(CaseEventRow.id == last.id)
            .values(details={**last.details, "undoes": 1})
        )
        session.execute(
            update(CaseEventRow)
            .where(CaseEventRow.case_id == ids[4], CaseEventRow.seq == 2)
            .values(to_state="elsewhere")
        )
        session.expire_all()
        check_cases(session, faults)
    assert [fault.row for fault in faults.found] == [ids[1], ids[3], ids[4]]


@given(east=st.floats(-0.2, 1.2), north=st.floats(-0.2, 1.2), town=st.integers(0, 2))
def test_areas_of_many_places_are_those_of_each(
    county_read: Session, east: float, north: float, town: int
) -> None:
    realm = realm_of(county_read, None)
    where = place(town, east=east, north=north)
    corner = shapely.Point(*where.coords[0])
    asked = [None, (corner.x, corner.y), (0.0, 0.0)]
    expected = [None, area_code_at(county_read, corner.x, corner.y), None]
    assert realm.codes_at(asked) == expected


@pytest.fixture(scope="module")
def county_read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with (
        county(tmp_path_factory.mktemp("county") / "w") as workspace,
        workspace.database.reading() as session,
    ):
        yield session


def test_borders_belong_to_the_smallest_area_of_the_first_code(county_read: Session) -> None:
    realm = realm_of(county_read, None)
    border = place(1, east=0.0)
    assert realm.codes_at([(border.x, border.y)]) == [area_code_at(county_read, border.x, border.y)]
    assert realm.codes_at([(border.x, border.y)])[0] in TOWNS
    assert realm.codes_at([]) == []


def test_more_work_asks_no_more_questions(book: Workspace) -> None:
    def fill(first: int) -> None:
        for n in range(first, first + 4):
            confirmed(book, east=0.05 * n + 0.1)
            new = NewSite(f"Z{n}", f"部位{n}", place(0, north=0.05 * n + 0.1), checklist=("有花?",))
            add_site(book, new, ANALYST, now=NOON)
            told = NewTip(f"form-{n:09d}", f"有花{n}", lon=108.05, lat=33.05)
            take_tip(book, told, now=NOON)

    asks: list[Callable[[Session], object]] = [
        lambda session: work_of(book, session, "U11", FIRST_DAY + timedelta(days=30)),
        lambda session: today_of_person(book, session, FIELD, FIRST_DAY),
        lambda session: standing_of(book, session, FIRST_DAY),
    ]
    fill(0)
    before = [questions(book, ask) for ask in asks]
    fill(4)
    assert [questions(book, ask) for ask in asks] == before


def test_the_days_of_dossiers_are_those_of_beijing(book: Workspace, tmp_path: Path) -> None:
    path = target_table(tmp_path / "t.csv", [("T1", square(0, 0))])
    list_id = import_targets(book, path, ANALYST).list_id
    # The first and the last moment of 14 May in Beijing, and those around them.
    for k, moment in enumerate(
        (
            datetime(2026, 5, 13, 15, 59, 59, 999000, UTC),
            datetime(2026, 5, 13, 16, 0, tzinfo=UTC),
            datetime(2026, 5, 14, 15, 59, 59, 999000, UTC),
            datetime(2026, 5, 14, 16, 0, tzinfo=UTC),
        )
    ):
        new = NewCase(f"档案 {k}", Origin.SIGHTING, square(1000.0 * (k + 1), 0))
        open_case(book, new, ANALYST, now=moment)

    def total(first: date, last: date) -> int:
        with book.database.reading() as session:
            return match_list(session, list_id, first=first, last=last)["dossiers"]["total"]

    assert total(FIRST_DAY, FIRST_DAY) == 2
    assert total(FIRST_DAY - timedelta(days=1), FIRST_DAY) == 3
    assert total(date.min, date.max) == 4
