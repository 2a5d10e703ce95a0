"""Target lists: kept once, matched both ways as brute force would, made cases of without doubles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import shapely
from case_builders import ANALYST, AUDITOR, FIELD, case_row, county
from source_builders import add_survey, detect, moment, square, target_table

from geoinspect.cases.records import CaseAction, CaseState, Origin
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.from_patches import cases_from_patches
from geoinspect.casework.target_book import cases_from_targets, import_targets, lists_told
from geoinspect.casework.target_match import match_list
from geoinspect.crs import GEOD
from geoinspect.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    TooLargeError,
    UsageError,
)
from geoinspect.store import case_sources
from geoinspect.store.workspace import Workspace


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def imported(book: Workspace, folder: Path, grounds: list[shapely.Geometry]) -> int:
    rows = [(f"T{k + 1}", ground) for k, ground in enumerate(grounds)]
    return import_targets(book, target_table(folder / "靶标.csv", rows), ANALYST).list_id


def numbers_of(book: Workspace, list_id: int) -> list[int]:
    with book.database.reading() as session:
        return [row.id for row in case_sources.targets(session, list_id)]


def dossier(book: Workspace, east_m: float, *, origin: Origin = Origin.SIGHTING) -> int:
    """A case whose ground is the place of a plot's middle."""
    new = NewCase(f"档案 {east_m}", origin, square(east_m, 0).centroid)
    return open_case(book, new, ANALYST, now=moment(14)).case_id


def matched(book: Workspace, list_id: int, **more: object) -> dict[str, object]:
    with book.database.reading() as session:
        return match_list(session, list_id, **more)  # type: ignore[arg-type]


def test_a_list_is_kept_with_its_file_and_known_again(book: Workspace, tmp_path: Path) -> None:
    path = target_table(tmp_path / "靶标.csv", [("T1", square(0, 0)), ("T2", square(50, 0))])
    first = import_targets(book, path, ANALYST, tolerance_m=40)
    assert (first.targets, first.again, first.name) == (2, False, "靶标.csv")
    again = import_targets(book, path, ANALYST)
    assert (again.list_id, again.targets, again.again) == (first.list_id, 2, True)
    with book.database.reading() as session:
        (told,) = lists_told(session)
        row = case_sources.target_list(session, first.list_id)
        targets = case_sources.targets(session, first.list_id)
        assert [t.code for t in targets] == ["T1", "T2"]
        assert targets[0].day == date(2026, 5, 1)
        assert targets[0].area_m2 == 16
        file_id = row.file_id
    assert (told["tolerance_m"], told["day"], told["targets"]) == (40, "2026-05-01", 2)
    assert file_id
    (kept,) = [p for p in (book.folder / "files").rglob("*") if p.is_file()]
    assert kept.read_bytes() == path.read_bytes()
    assert verify_workspace(book).faults == ()


def test_what_is_no_list_leaves_nothing(book: Workspace, tmp_path: Path) -> None:
    empty = tmp_path / "a.csv"
    empty.write_text("编号,经度,纬度\n", "utf-8")
    with pytest.raises(InputError):
        import_targets(book, empty, ANALYST)
    for tolerance in (0.0, -1.0, float("nan"), float("inf"), 1e9):
        with pytest.raises(UsageError, match="tolerance"):
            import_targets(book, empty, ANALYST, tolerance_m=tolerance)
    with book.database.reading() as session:
        assert lists_told(session) == []
    for actor in (FIELD, AUDITOR):
        with pytest.raises(ForbiddenError):
            import_targets(book, empty, actor)


def test_a_list_too_long_is_refused(
    book: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoinspect.casework.target_book.MOST_TARGETS", 1)
    with pytest.raises(TooLargeError, match="2 targets"):
        imported(book, tmp_path, [square(0, 0), square(50, 0)])


def test_both_rates_with_their_denominators(book: Workspace, tmp_path: Path) -> None:
    """Three targets, four dossiers, two pairs: one dossier lies between two targets."""
    list_id = imported(book, tmp_path, [square(0, 0), square(40, 0), square(500, 0)])
    near, far = dossier(book, 20), dossier(book, 60)
    lone = [dossier(book, 800), dossier(book, 900)]
    told = matched(book, list_id)
    assert told["targets"] == {"total": 3, "matched": 2, "rate": pytest.approx(2 / 3)}
    assert told["dossiers"] == {"total": 4, "matched": 2, "rate": 0.5}
    assert [(p["target"]["code"], p["case"]["id"]) for p in told["pairs"]] == [
        ("T1", near),
        ("T2", far),
    ]
    for pair in told["pairs"]:
        assert pair["distance_m"] == pytest.approx(20, abs=0.1)
    assert [t["code"] for t in told["unmatched_targets"]] == ["T3"]
    assert sorted(c["id"] for c in told["unmatched_cases"]) == sorted(lone)
    by_metres = {one["tolerance_m"]: one["matched"] for one in told["by_tolerance"]}
    assert by_metres == {10: 0, 30: 2, 50: 2, 100: 2}
    assert matched(book, list_id, tolerance_m=19)["targets"]["matched"] == 0


def test_the_distance_is_the_geodesic_to_the_ground(book: Workspace, tmp_path: Path) -> None:
    list_id = imported(book, tmp_path, [square(0, 0)])
    beside = detect(book, add_survey(book), [square(12, 0)])
    cases_from_patches(book, beside, ANALYST, now=moment(14))
    (pair,) = matched(book, list_id)["pairs"]
    middle, edge = square(0, 0).centroid, square(12, 0).bounds[0]
    _, _, metres = GEOD.inv(middle.x, middle.y, edge, middle.y)
    assert pair["distance_m"] == pytest.approx(metres, abs=0.02)


def test_dossiers_of_the_year_and_the_states(book: Workspace, tmp_path: Path) -> None:
    list_id = imported(book, tmp_path, [square(0, 0)])
    here = dossier(book, 5)
    early = open_case(
        book,
        NewCase("去年", Origin.SIGHTING, square(8, 0)),
        ANALYST,
        now=moment(14).replace(year=2025),
    ).case_id
    assert matched(book, list_id)["dossiers"]["total"] == 1
    both = matched(book, list_id, first=date(2025, 1, 1))
    assert both["dossiers"]["total"] == 2
    assert both["window"] == {"first": "2025-01-01", "last": "2026-12-31"}
    assert matched(book, list_id, as_of=date(2026, 5, 13))["dossiers"] == {
        "total": 0,
        "matched": 0,
        "rate": None,
    }
    act(book, here, Step(CaseAction.DISMISS, reason="grass"), ANALYST, now=moment(14))
    assert matched(book, list_id, states=[CaseState.SUSPECTED])["dossiers"]["total"] == 0
    assert early
    for wrong in ({"states": ["merged"]}, {"states": []}, {"last": date(2020, 1, 1)}):
        with pytest.raises(UsageError):
            matched(book, list_id, **wrong)
    with pytest.raises(NotFoundError):
        matched(book, 99)


def test_merged_cases_count_once(book: Workspace, tmp_path: Path) -> None:
    list_id = imported(book, tmp_path, [square(0, 0)])
    one, two = dossier(book, 5), dossier(book, 9)
    assert matched(book, list_id)["dossiers"]["total"] == 2
    act(book, one, Step(CaseAction.MERGE, into=two), ANALYST, now=moment(14))
    assert matched(book, list_id)["dossiers"]["total"] == 1


def test_cases_of_targets_never_raise_the_rate(book: Workspace, tmp_path: Path) -> None:
    list_id = imported(book, tmp_path, [square(0, 0), square(200, 0)])
    before = matched(book, list_id)["targets"]
    numbers = numbers_of(book, list_id)
    done = cases_from_targets(book, list_id, numbers, ANALYST, now=moment(14))
    told = matched(book, list_id)
    assert told["targets"] == before == {"total": 2, "matched": 0, "rate": 0}
    assert told["dossiers"]["total"] == 0
    assert told["left_out"] == 2
    shown = [t["case"]["id"] for t in told["unmatched_targets"]]
    assert shown == [one["id"] for one in done["opened"]]


def test_a_target_becomes_a_case_once(book: Workspace, tmp_path: Path) -> None:
    list_id = imported(book, tmp_path, [square(0, 0), square(200, 0)])
    numbers = numbers_of(book, list_id)
    first = cases_from_targets(book, list_id, numbers[:1], ANALYST, client_id="t")
    row = case_row(book, first["opened"][0]["id"])
    assert (row.title, row.origin) == ("第1乡 卫星靶标 T1", "target")
    again = cases_from_targets(book, list_id, numbers[:1], ANALYST, client_id="t")
    assert again == {**first, "again": True}
    with pytest.raises(ConflictError):
        cases_from_targets(book, list_id, numbers, ANALYST, client_id="t")
    rest = cases_from_targets(book, list_id, numbers, ANALYST, client_id="u")
    assert [one["target"] for one in rest["known"]] == numbers[:1]
    assert [one["target"] for one in rest["opened"]] == numbers[1:]
    with pytest.raises(NotFoundError, match="999"):
        cases_from_targets(book, list_id, [999], ANALYST)
    with pytest.raises(ForbiddenError):
        cases_from_targets(book, list_id, numbers, FIELD)
    assert verify_workspace(book).faults == ()


def test_hostile_cells_are_text(book: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    place = square(0, 0).centroid
    path.write_text(
        f'编号,经度,纬度,备注\n"=1+1<script>\u202e",{place.x},{place.y},"a\tb"\n', "utf-8"
    )
    list_id = import_targets(book, path, ANALYST).list_id
    done = cases_from_targets(book, list_id, numbers_of(book, list_id), ANALYST)
    title = done["opened"][0]["title"]
    assert "<script>" in title
    assert title.isprintable()
