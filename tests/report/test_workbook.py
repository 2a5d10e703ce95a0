"""The workbook: text that can't run, numbers that are numbers, and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from patrol_builders import Office
from searched_builders import walked

from geoinspect.errors import UsageError
from geoinspect.gathering import report_facts
from geoinspect.records import Level
from geoinspect.report.coverage import write_report
from geoinspect.report.facts import ReportFacts
from geoinspect.report.plain_text import inert
from geoinspect.snapshot import take_snapshot

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/C calc'!A0", "a\x00\x0bb", "正常"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ReportFacts:
    with Office(tmp_path_factory.mktemp("book")) as office:
        walked(office)
        return report_facts(office.workspace, take_snapshot(office.workspace, 1), Level.TOWNSHIP)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_never_become_formulas(facts: ReportFacts, tmp_path: Path, name: str) -> None:
    rows = [{**row, "name": name, "code": name, "unit": name} for row in facts.rows]
    hostile = replace(facts, rows=rows, campaign=replace(facts.campaign, name=name))
    path = tmp_path / "r.xlsx"
    write_report(path, hostile)
    book = openpyxl.load_workbook(path)
    types = {cell.data_type for sheet in book for line in sheet for cell in line}
    assert "f" not in types
    assert book.worksheets[0]["B2"].value.replace("\ufffd", "") == name.translate({0: "", 11: ""})
    write_report(tmp_path / "r.csv", hostile)
    text = (tmp_path / "r.csv").read_text("utf-8-sig")
    assert str(inert(name)) in text


def test_numbers_have_units_formats_and_denominators(facts: ReportFacts, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    write_report(path, facts)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    for words in ("(亩)", "(公顷)", "占面积", "网格总数(分母)", "(公里)"):
        assert any(words in head for head in heads), words
    for line in sheet.iter_rows(min_row=2):
        for head, cell in zip(heads[3:], line[3:], strict=True):
            assert isinstance(cell.value, int | float), head
            assert cell.number_format not in ("General", "@"), head
    assert sheet.cell(sheet.max_row, 1).font.bold


def test_without_a_claim_the_report_says_why(facts: ReportFacts, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    write_report(path, replace(facts, claim=None, no_claim="全区都有许可 / all is licensed"))
    notes = openpyxl.load_workbook(path)["说明 notes"]
    told = [cell.value for line in notes for cell in line]
    assert "全区都有许可 / all is licensed" in told
    write_report(tmp_path / "r.gpkg", replace(facts, claim=None))


def test_an_empty_level_is_a_report_too(facts: ReportFacts, tmp_path: Path) -> None:
    for suffix in ("xlsx", "csv", "gpkg"):
        write_report(tmp_path / f"r.{suffix}", replace(facts, rows=[]))
    with pytest.raises(UsageError):
        write_report(tmp_path / "r.pdf", facts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "r.gpkg", "r.xlsx"]
