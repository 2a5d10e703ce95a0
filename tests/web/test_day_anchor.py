"""A server that runs for weeks writes an anchor of the audit chain each day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from case_builders import county, opened
from flask import Flask

from geoinspect.casework import anchors
from webmap import create_app, day_anchor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with county(tmp_path / "w") as workspace:
        opened(workspace)
    return tmp_path / "w"


@pytest.fixture
def app(folder: Path) -> Iterator[Flask]:
    made = create_app(folder)
    yield made
    made.extensions["geoinspect"].workspace.close()


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / anchors.FOLDER).glob("*"))


def test_each_day_gets_one_anchor_while_the_server_runs(
    app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(day_anchor.time, "monotonic", lambda: clock[0])
    looks: list[str] = []
    real = anchors.daily_anchor

    def counted(workspace: object) -> object:
        looks.append("look")
        return real(workspace)  # type: ignore[arg-type]

    monkeypatch.setattr(day_anchor, "daily_anchor", counted)
    client = app.test_client()
    for day in ("2027-03-01", "2027-03-02"):
        monkeypatch.setattr(anchors, "_today", lambda day=day: day)
        assert [client.get("/healthz").status_code for _ in range(3)] == [200] * 3
        clock[0] += 61
    assert written(folder) == ["2027-03-01.txt", "2027-03-02.txt"]
    assert looks == ["look", "look"], "at most one look a minute"
    anchor = anchors.read_anchor(folder / anchors.FOLDER / "2027-03-02.txt")
    assert anchor.rows > 0


def test_what_keeps_it_from_being_written_is_logged_and_fails_no_request(
    app: Flask, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / anchors.FOLDER).write_text("in the way", "utf-8")
    assert app.test_client().get("/healthz").status_code == 200
    assert "anchor of the day" in caplog.text
