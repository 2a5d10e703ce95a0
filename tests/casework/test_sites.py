"""The book of sites: lists, changes, answers, what is due, growing places of the past."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    COMMANDER,
    FIELD,
    NOON,
    OTHER_FIELD,
    TOWNS,
    case_row,
    county,
    place,
)
from hypothesis import given
from hypothesis import strategies as st
from photo_builders import exif_bytes, jpeg_bytes
from sqlalchemy import select

from geoinspect.casework.former_sites import sites_from_cases
from geoinspect.casework.site_answers import NewAnswer, SitePhoto, answer_site
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site, add_sites, change_site, retire_site
from geoinspect.casework.sites_told import STATES, counts_told, due_of, site_list, site_told
from geoinspect.errors import ConflictError, ForbiddenError, GeoInspectError, InputError, UsageError
from geoinspect.ingest.photo_records import PhotoError
from geoinspect.store import audit, cases, seals, searching, sites
from geoinspect.store.site_schema import SiteAnswerRow, SiteRow
from geoinspect.store.sites import SiteFilter
from geoinspect.store.workspace import Workspace

DAY = date(2026, 5, 14)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace
        assert_sealed(workspace)


def assert_sealed(workspace: Workspace) -> None:
    """Every sealed row is as the chain says."""
    with workspace.database.reading() as session:
        audit.verify(session)
        for kind in (SiteRow, SiteAnswerRow):
            for row in session.scalars(select(kind)):
                newest = [
                    digest
                    for entry in session.scalars(select(audit.AuditRow).order_by(audit.AuditRow.id))
                    for table, number, digest in json.loads(entry.details).get(seals.SEALS_KEY, [])
                    if (table, number) == (kind.__tablename__, row.id)
                ]
                assert newest, (kind, row.id)
                assert newest[-1] == seals.seal_of(session, row)


def table(
    folder: Path, *rows: str, head: str = "编号,名称,类型,经度,纬度,间隔天数,单位,检查清单"
) -> Path:
    path = folder / "sites.csv"
    path.write_text("\n".join([head, *rows]), "utf-8")
    return path


def a_site(office: Workspace, code: str = "S1", town: int = 0, **more: object) -> int:
    values = {"checklist": ("有无新土", "门锁完好"), **more}
    return add_site(office, NewSite(code, "老砖厂", place(town), **values), ANALYST, now=NOON)


def row_of(office: Workspace, site_id: int) -> SiteRow:
    with office.database.reading() as session:
        return sites.site(session, site_id)


def test_a_list_comes_in_and_the_same_list_again_changes_nothing(
    office: Workspace, tmp_path: Path
) -> None:
    file = table(
        tmp_path,
        "A1,老砖厂,废弃厂房,108.05,33.05,14,,有无新土;门锁完好",
        "A2,三号棚,大棚,108.15,33.05,,U13,",
        "A3,外面,院落,120.0,30.0,,,",
        "A4,陌生单位,院落,108.25,33.05,,Q9,",
        "A5,没有坐标,院落,,,,,",
    )
    done = add_sites(office, file, ANALYST, now=NOON)
    assert done.added == ("A1", "A2", "A3", "A4")
    assert {p.code for p in done.problems} == {"no_place", "unit_unknown"}
    with office.database.reading() as session:
        rows = {row.code: row for row in sites.sites(session)}
    assert rows["A1"].unit_code == "U11"
    assert rows["A1"].area_code == TOWNS[0]
    assert rows["A1"].interval_days == 14
    assert rows["A1"].checklist == ["有无新土", "门锁完好"]
    assert rows["A2"].unit_code == "U13"
    assert rows["A2"].interval_days == office.settings.site_interval_days
    assert (rows["A3"].unit_code, rows["A3"].area_code) == (None, None)
    assert rows["A4"].unit_code == "U13"
    again = add_sites(office, file, ANALYST, now=NOON)
    assert (again.added, again.updated, again.unchanged) == ((), (), done.added)


def test_the_same_code_again_changes_the_site_and_tells_old_and_new(
    office: Workspace, tmp_path: Path
) -> None:
    add_sites(office, table(tmp_path, "A1,老砖厂,废弃厂房,108.05,33.05,14,,"), ANALYST, now=NOON)
    done = add_sites(office, table(tmp_path, "A1,新砖厂,,108.06,33.05,,,"), ADMIN, now=NOON)
    assert done.updated == ("A1",)
    with office.database.reading() as session:
        row = sites.site_named(session, "A1")
        entry = session.scalars(
            select(audit.AuditRow).where(audit.AuditRow.action == "site.add")
        ).all()[-1]
    assert (row.name, row.kind, row.interval_days) == ("新砖厂", "factory", 14)
    (told,) = json.loads(entry.details)["sites"]
    assert set(told["old"]) == set(told["new"]) == {"name", "ground"}
    assert (told["old"]["name"], told["new"]["name"]) == ("老砖厂", "新砖厂")


def test_contrary_days_of_one_row_never_lose_the_file(office: Workspace, tmp_path: Path) -> None:
    a_site(office, "A1", starts=date(2026, 6, 1))
    head = "编号,名称,经度,纬度,结束日期"
    file = table(tmp_path, "A1,甲,108.05,33.05,2026-05-01", "A2,乙,108.06,33.05,", head=head)
    done = add_sites(office, file, ANALYST, now=NOON)
    assert (done.added, done.updated) == (("A2",), ("A1",))
    assert [p.code for p in done.problems] == ["bad_days"]
    with office.database.reading() as session:
        assert sites.site_named(session, "A1").ends is None


@pytest.mark.parametrize("actor", [FIELD, COMMANDER, AUDITOR])
def test_only_analysts_and_administrators_keep_the_list(office: Workspace, actor) -> None:
    site_id = a_site(office)
    for ask in (
        lambda: add_site(office, NewSite("B", "乙", place()), actor),
        lambda: change_site(office, site_id, {"name": "乙"}, actor),
        lambda: retire_site(office, site_id, "已拆", actor),
        lambda: sites_from_cases(office, DAY, actor),
    ):
        with pytest.raises(ForbiddenError):
            ask()


@pytest.mark.parametrize(
    "bad",
    [
        {"interval_days": 0},
        {"radius_m": 6000.0},
        {"dwell_s": -1.0},
        {"risk": 1001.0},
        {"name": "两\n行"},
        {"kind": "saucer"},
        {"starts": date(2026, 5, 2), "ends": date(2026, 5, 1)},
        {"checklist": ["?" * 301]},
        {"colour": "red"},
        {"unit_code": "nobody"},
    ],
)
def test_bad_values_change_nothing(office: Workspace, bad: dict[str, object]) -> None:
    site_id = a_site(office)
    before = row_of(office, site_id)
    with pytest.raises(GeoInspectError):
        change_site(office, site_id, bad, ANALYST)
    after = row_of(office, site_id)
    assert (after.name, after.interval_days, after.kind) == (
        before.name,
        before.interval_days,
        before.kind,
    )
    # The same site sent again is one site; another with its code is refused.
    assert a_site(office) == site_id
    with pytest.raises(ConflictError):
        a_site(office, radius_m=11.0)


def test_a_stated_risk_is_an_edit_of_the_prior_risk_while_the_site_stands(
    office: Workspace,
) -> None:
    site_id = a_site(office, risk=4.0, radius_m=100.0)

    def edits() -> list[tuple[float, bool]]:
        with office.database.reading() as session:
            rows = searching.risk_edits(session)
            return [(row.multiplier, row.geometry.covers(place())) for row in rows]

    assert edits() == [(4.0, True)]
    change_site(office, site_id, {"risk": 2.0}, ANALYST)
    assert edits() == [(2.0, True)]
    retire_site(office, site_id, "已拆", ANALYST)
    assert edits() == []
    assert not row_of(office, site_id).active


def test_an_answer_is_kept_once_and_proves_nothing(office: Workspace, tmp_path: Path) -> None:
    site_id = a_site(office)
    photo = tmp_path / "p.jpg"
    photo.write_bytes(jpeg_bytes(exif_bytes({2: (33.0, 3.0, 0.0), 4: (108.0, 3.0, 0.36)})))
    new = NewAnswer(
        DAY,
        {"门锁完好": "是", "有无新土": "无", "suspicious": False},
        "一切正常",
        photos=(SitePhoto("门口.jpg", photo),),
        lon=108.05,
        lat=33.05,
        client_id="phone-0001",
    )
    done = answer_site(office, site_id, new, FIELD, now=NOON)
    again = answer_site(office, site_id, new, FIELD, now=NOON + timedelta(hours=1))
    assert (again.answer_id, again.receipt, again.again) == (done.answer_id, done.receipt, True)
    with pytest.raises(ConflictError):
        answer_site(office, site_id, new, ANALYST, now=NOON)
    with office.database.reading() as session:
        row = sites.site(session, site_id)
        told = site_told(session, office.settings, row, FIELD, DAY)
    (answer,) = told["answers"]
    assert answer["items"] == [["有无新土", "无"], ["门锁完好", "是"]]
    assert (answer["proved"], told["state"], told["unproved"]) == (False, "never", True)
    (file,) = answer["files"]
    assert 8 < file["distance_m"] < 11
    assert office.vault.path_of(file["sha256"]).read_bytes() == photo.read_bytes()


def test_a_suspicious_answer_opens_a_case_of_the_site(office: Workspace) -> None:
    site_id = a_site(office)
    new = NewAnswer(DAY, {"suspicious": True}, "墙后有花", client_id="phone-0002")
    done = answer_site(office, site_id, new, FIELD, now=NOON)
    assert answer_site(office, site_id, new, FIELD, now=NOON).case_id == done.case_id
    assert done.case_id is not None
    row = case_row(office, done.case_id)
    assert (row.origin, row.state, row.geometry) == ("site", "suspected", place())
    with office.database.reading() as session:
        (link,) = cases.links_of(session, row.id)
        assert (link.kind, link.source_id) == ("site", site_id)
        assert len(cases.cases(session)) == 1


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ({"没有的问题": "是"}, {}),
        ({"有无新土": ""}, {}),
        ({"有无新土": "长" * 501}, {}),
        ({"有无新土": 5}, {}),
        ({"suspicious": "yes"}, {}),
        ({}, {}),
        ({"suspicious": True}, {"day": date(2026, 6, 1)}),
        ({"suspicious": True}, {"lon": 108.0}),
        ({"suspicious": True}, {"lon": 108.0, "lat": float("nan")}),
    ],
)
def test_answers_that_cannot_be_are_refused_whole(
    office: Workspace, answers: dict[str, object], more: dict[str, object]
) -> None:
    site_id = a_site(office)
    new = NewAnswer(**{"day": DAY, "answers": answers, **more})
    with pytest.raises(UsageError):
        answer_site(office, site_id, new, FIELD, now=NOON)
    with office.database.reading() as session:
        assert not cases.cases(session)
        assert not sites.answers_of_site(session, site_id)


def test_who_may_answer_where(office: Workspace, tmp_path: Path) -> None:
    site_id = a_site(office)
    new = NewAnswer(DAY, {"有无新土": "无"})
    for actor in (AUDITOR, OTHER_FIELD):
        with pytest.raises(ForbiddenError):
            answer_site(office, site_id, new, actor, now=NOON)
    for actor in (FIELD, ANALYST, COMMANDER, ADMIN):
        assert answer_site(office, site_id, new, actor, now=NOON).receipt
    page = tmp_path / "p.jpg"
    page.write_text("<html>")
    bad = NewAnswer(DAY, {"有无新土": "无"}, photos=(SitePhoto("p.jpg", page),))
    with pytest.raises(PhotoError):
        answer_site(office, site_id, bad, FIELD, now=NOON)
    retire_site(office, site_id, "已拆", ANALYST)
    with pytest.raises(ConflictError):
        answer_site(office, site_id, new, FIELD, now=NOON)


@given(
    made=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    starts=st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    lasts=st.none() | st.integers(0, 200),
    last=st.none() | st.dates(date(2025, 6, 1), date(2026, 12, 31)),
    interval=st.integers(1, 400),
    soon=st.integers(0, 60),
    today=st.dates(date(2026, 1, 1), date(2027, 6, 1)),
)
def test_a_site_stands_in_exactly_the_state_its_days_say(
    made: date, starts, lasts, last, interval: int, soon: int, today: date
) -> None:
    first = starts or made
    ends = None if lasts is None else first + timedelta(lasts)
    row = SiteRow(
        active=True,
        interval_days=interval,
        starts=starts,
        ends=ends,
        made_at=datetime(made.year, made.month, made.day, 4, tzinfo=UTC),
    )
    due = due_of(row, last, today, soon)
    if ends is not None and today > ends:
        assert (due.state, due.due) == ("ended", None)
        return
    wanted = max((last or first) + timedelta(interval), first)
    assert due.due == wanted
    assert due.days == (wanted - today).days
    expected = (
        "not_started"
        if today < first
        else "never"
        if last is None
        else "overdue"
        if wanted < today
        else "due_soon"
        if wanted <= today + timedelta(soon)
        else "fine"
    )
    assert due.state == expected
    assert due.state in STATES


def test_the_list_puts_what_presses_first_and_counts_by_unit(office: Workspace) -> None:
    for n, (town, starts, ends) in enumerate(
        [
            (0, date(2026, 1, 1), None),
            (0, date(2026, 3, 1), None),
            (1, date(2027, 1, 1), None),
            (2, date(2026, 1, 1), date(2026, 2, 1)),
        ]
    ):
        a_site(office, f"S{n}", town, starts=starts, ends=ends)
    with office.database.reading() as session:
        lines = site_list(session, office.settings, SiteFilter(), DAY)
        only = site_list(session, office.settings, SiteFilter(units=("U12",)), DAY)
    assert [line["code"] for line in lines] == ["S0", "S1", "S2", "S3"]
    assert [line["code"] for line in only] == ["S2"]
    counts = counts_told(lines)
    assert counts["states"] == {"never": 2, "not_started": 1, "ended": 1}
    assert (counts["total"], counts["required"]) == (4, 2)
    assert sum((Counter(unit["states"]) for unit in counts["units"]), Counter()) == Counter(
        counts["states"]
    )
    assert [unit["required"] for unit in counts["units"]] == [2, 0, 0]


def test_a_file_without_a_site_is_refused(office: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        add_sites(office, table(tmp_path, ",,,108.05,33.05,,,"), ANALYST)
