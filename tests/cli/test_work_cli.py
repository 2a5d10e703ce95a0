"""``geoinspect work`` and ``geoinspect cases standing``: lists, the day, the status, and refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from case_builders import county, opened
from test_cli import run
from work_builders import confirmed

from geoinspect.store import people


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county with one case that stands and one to be judged; long overdue by now."""
    where = tmp_path_factory.mktemp("work") / "w"
    with county(where) as workspace:
        confirmed(workspace)
        opened(workspace, town=1, title="=1+1")
        with workspace.database.writing() as session:
            people.add_user(
                session, name="队员", role="field", unit_code="U11", password="long enough 1"
            )
    return where


def test_the_lists_as_json_table_and_workbook(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "work.xlsx"
    done = run("-w", folder, "work", "list", "--unit", "U12", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["tasks"]["counts"] == {"triage": 1}
    assert told["problems"]["counts"] == {"case_overdue": 1}
    assert openpyxl.load_workbook(out)["任务清单 tasks"]["C2"].value == "=1+1"
    table = run("-w", folder, "work", "list")
    assert table.returncode == 0
    assert "任务清单" in table.stdout
    assert "第1乡" in table.stdout


def test_the_day_of_a_person_and_its_gpx(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "day.gpx"
    asked = ("work", "today", "--by", "队员", "--from", "108.05,33.05", "--out", out, "--json")
    done = run("-w", folder, *asked)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [card["task"] for card in told["cards"]] == ["eradicate"]
    assert "<wpt" in out.read_text("utf-8")
    assert "今日" in run("-w", folder, "work", "today", "--by", "队员").stdout


def test_the_status_and_the_statement(folder: Path) -> None:
    done = run(
        "-w", folder, "cases", "standing", "--area", "990100", "--date", "2026-05-20", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["whole"]["standing"] == 1
    assert not told["statement"]["holds"]
    table = run("-w", folder, "cases", "standing", "--area", "990100", "--date", "2026-05-20")
    assert "还不能说明" in table.stderr + table.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("work", "list", "--unit", "U0"), "单位"),
        (("work", "list", "--out", "a.csv"), ".xlsx"),
        (("work", "today", "--by", "没有"), "没有用户"),
        (("work", "today", "--by", "队员", "--from", "x"), "经度"),
        (("cases", "standing", "--area", "0"), "辖区"),
        (("cases", "standing", "--date", "2026-05-20"), "--area"),
        (("cases", "standing", "--campaign", "没有"), "行动"),
    ],
)
def test_refusals_say_what_to_do(folder: Path, args: tuple[str, ...], words: str) -> None:
    done = run("-w", folder, *args)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_day_to_come_is_refused(folder: Path) -> None:
    later = f"{datetime.now(UTC).year + 1}-01-01"
    done = run("-w", folder, "cases", "standing", "--area", "990100", "--date", later)
    assert done.returncode == 2
