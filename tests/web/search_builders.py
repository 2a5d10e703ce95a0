"""Counties of their own for the pages about claims, plans and checks, and what is asked of them."""

from __future__ import annotations

from pathlib import Path

import county_builder as county
from conftest import PASSWORD, USER, Visitor, build_workspace
from flask import Flask

from geoinspect.store import people
from geoinspect.store.workspace import Workspace

# Wide sweeps and a low bar: the two walks of the county clear some cells.
CLEARING = "simulated = true\nsweep_width_foot_m = 600\ncleared_pod = 0.6\n"
READER = "指挥员一"
START = [county.WEST + 0.02, county.SOUTH + 0.012]
WISH = {"name": "周一", "starts": [START], "hours": 2, "teams": 2}
WALKED_DAY = "2026-05-14"


def clearing_county(folder: Path) -> Path:
    """Return the workspace of a county where some cells are cleared."""
    made = build_workspace(folder, config=CLEARING)
    with Workspace.open(made) as workspace, workspace.database.writing() as session:
        people.add_user(session, name=READER, role="commander", unit_code=None, password=PASSWORD)
    return made


class Office:
    """An app with two of its people: one who decides, one who looks and may not."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.admin, self.reader = (self._signed_in(name) for name in (USER, READER))

    def _signed_in(self, name: str) -> Visitor:
        visitor = Visitor(self.app.test_client())
        assert visitor.sign_in(name, PASSWORD).status_code == 302
        return visitor


def send(visitor: Visitor, path: str, method: str = "POST", **more: object):
    """Send something to the API with the forgery token."""
    headers = {"X-CSRFToken": visitor.token("/upload")}
    return visitor.client.open(f"/api/v1/{path}", method=method, headers=headers, **more)


def refused(answer, status: int, *words: str) -> None:
    """Check that an answer refuses in both languages, naming what is wrong."""
    told = answer.get_json()
    assert answer.status_code == status, told
    assert any("一" <= c <= "鿿" for c in told["message_zh"])
    for word in words:
        assert word in told["message_zh"] + told["message"], told
