"""``geoinspect settings``: listed, set and reset, with a row in the chain and words for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import run

from geoinspect.store import audit_list
from geoinspect.store.audit_list import Wanted
from geoinspect.store.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings") / "w"
    Workspace.create(folder, config="gap_s = 200\n").close()
    return folder


def told(folder: Path, *args: str) -> list[dict]:
    done = run("-w", folder, "settings", "list", *args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_setting_is_set_listed_and_reset(folder: Path) -> None:
    assert [one["name"] for one in told(folder, "--changed")] == ["gap_s"]
    done = run("-w", folder, "settings", "set", "public_tips", "true")
    assert done.returncode == 0, done.stderr
    (gap, tips) = told(folder, "--changed")
    assert (gap["value"], gap["source"]) == (200.0, "file")
    assert (tips["value"], tips["source"], tips["set_by"]) == (True, "web", "cli")
    with Workspace.open(folder) as workspace:
        assert workspace.settings.public_tips is True
        with workspace.database.reading() as session:
            (row,) = audit_list.listed(session, Wanted(action="setting.set"), limit=9)
    assert (row.actor, row.subject) == ("cli", "public_tips")
    assert run("-w", folder, "settings", "unset", "public_tips").returncode == 0
    assert [one["name"] for one in told(folder, "--changed")] == ["gap_s"]


@pytest.mark.parametrize(
    ("name", "value"), [("gap_s", "soon"), ("gap_s", "-1"), ("nothing", "1"), ("workers", "9")]
)
def test_what_cannot_be_set_is_a_wrong_call(folder: Path, name: str, value: str) -> None:
    done = run("-w", folder, "settings", "set", name, "--", value)
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr
