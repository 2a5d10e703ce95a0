"""Tips on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from case_builders import NOON, county, opened, place
from click.testing import CliRunner, Result

from geoinspect.cases.tip_codes import new_code
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.cli import app
from geoinspect.errors import GeoInspectError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A county with a case and three tips; the third has no coordinates."""
    monkeypatch.setenv("COLUMNS", "240")
    at = place()
    with county(tmp_path / "w") as workspace:
        opened(workspace)
        for n in range(3):
            lon, lat = (None, None) if n == 2 else (at.x, at.y)
            new = NewTip(
                f"cli-tip-{n}", f"第{n}处有罂粟", "李家沟", lon=lon, lat=lat, claim_code=new_code()
            )
            take_tip(workspace, new, now=NOON)
    return tmp_path / "w"


def ran(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["-w", str(folder), "tips", *args])


def told(folder: Path, *args: str) -> Any:
    done = ran(folder, *args, "--json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def refused(folder: Path, *args: str) -> str:
    error = ran(folder, *args).exception
    assert isinstance(error, GeoInspectError), error
    return error.code


def test_the_life_of_tips(folder: Path) -> None:
    listed = told(folder, "list")
    assert [row["number"] for row in listed] == ["T2026-00003", "T2026-00002", "T2026-00001"]
    assert told(folder, "show", "T2026-00001")["suggestions"][0]["distance_m"] == 0
    linked = told(folder, "link", "T2026-00001", "2026-00001", "--note", "同一处")
    assert linked["case"]["number"] == "2026-00001"
    merged = told(folder, "merge", "T2026-00002", "T2026-00001")
    assert merged["state"] == "merged"
    assert refused(folder, "reward", "T2026-00002", "granted", "--yuan", "100") == "not_first"
    granted = told(folder, "reward", "T2026-00001", "granted", "--yuan", "100")
    assert granted["reward_yuan"] == 100
    assert refused(folder, "case", "3") == "no_place"
    at = place(1)
    made = told(folder, "case", "3", "--at", f"{at.x},{at.y}", "--title", "三处")
    assert made["case"]["number"] == "2026-00002"
    figures = told(folder, "figures")
    assert (figures["received"], figures["unanswered"]) == (3, 0)
    assert figures["states"] == {"linked": 2, "merged": 1}


def test_setting_aside_and_what_people_read(folder: Path) -> None:
    assert refused(folder, "dismiss", "T2026-00001", "--reason", "other") == "no_note"
    done = ran(folder, "dismiss", "T2026-00001", "--reason", "empty")
    assert "没有内容" in done.stderr
    assert "T2026-00001-1" in done.stderr
    assert "不予受理" in ran(folder, "list").stdout
    assert [r["number"] for r in told(folder, "list", "--state", "dismissed")] == ["T2026-00001"]
    assert "李家沟" in ran(folder, "show", "T2026-00002").stdout
    assert "median" in ran(folder, "figures").stdout
    assert refused(folder, "show", "T2099-00001") == "no_tip"
    assert refused(folder, "link", "T2026-00002", "2099-00001") == "no_case"
    assert ran(folder, "dismiss", "T2026-00002", "--reason", "nonsense").exit_code == 2
