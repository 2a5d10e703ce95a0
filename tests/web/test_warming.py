"""After a start the map's first visitor finds all read, and a damaged book ends no server."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from conftest import Visitor, build_workspace
from sqlalchemy import Engine, event, text

from geoinspect.store.workspace import Workspace
from webmap.warming import warm

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from web_kills import Server, serving
from web_senders import exchange

# What no later request reads again: the cells of looks, and the boxes of all patches.
HEAVY = ("look.cells", "patch.west")


def heavy_statements(ask) -> list[str]:
    """Return the heavy statements that the database was asked while ``ask`` ran."""
    found: list[str] = []

    def note(_connection, _cursor, statement: str, *_more) -> None:
        found.extend(name for name in HEAVY if name in statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return found


@pytest.mark.parametrize("warmed", [True, False])
def test_the_first_visitor_finds_all_read(new_app, workspace_folder: Path, warmed: bool) -> None:
    app = new_app(workspace_folder)
    if warmed:
        assert set(heavy_statements(lambda: warm(app).join())) == set(HEAVY)
    visitor = Visitor(app.test_client())
    visitor.sign_in()

    def ask() -> None:
        assert visitor.json("overview")["campaign"] is not None
        assert visitor.json("shapes")["kinds"]["patches"]["count"] > 0
        assert visitor.json("layers/state")["tiles"]

    assert set(heavy_statements(ask)) == (set() if warmed else set(HEAVY))


def test_an_empty_workspace_has_nothing_to_read(
    new_app, empty_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warm(new_app(empty_folder)).join()
    assert caplog.records == []


def wait_for_line(log: Path, words: str) -> str:
    end = time.monotonic() + 60
    while words not in (told := log.read_text("utf-8")):
        assert time.monotonic() < end, told
        time.sleep(0.02)
    return told


def test_a_damaged_book_ends_no_server(tmp_path: Path) -> None:
    folder = build_workspace(tmp_path / "own")
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        session.execute(text("UPDATE look SET cells = x'00'"))
    log = tmp_path / "log"
    with serving(folder, log) as server:
        told = wait_for_line(log, "could not be read beforehand")
        assert "Traceback" in told
        assert exchange(server.port, "GET", "/healthz")[0] == 200
        assert exchange(server.port, "GET", "/login")[0] == 200


def test_a_whole_book_says_nothing_and_is_there(tmp_path: Path, workspace_folder: Path) -> None:
    log = tmp_path / "log"
    server = Server(workspace_folder, log)
    try:
        server.start()
        assert exchange(server.port, "GET", "/readyz")[0] == 200
        server.kill_worker()
        server.start()
        assert exchange(server.port, "GET", "/readyz")[0] == 200
    finally:
        server.kill_whole()
    assert "beforehand" not in log.read_text("utf-8")
