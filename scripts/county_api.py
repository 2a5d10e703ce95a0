"""A county with casework and its API, with a token and a browser's session for every role."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from werkzeug.test import TestResponse

from geoinspect.jobs.worker import run_waiting
from geoinspect.store import tokens
from geoinspect.store.database import Database
from geoinspect.store.job_schema import JobRow
from geoinspect.store.login_schema import LoginTryRow
from geoinspect.store.schema import UserRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "web"), str(ROOT / "tests")]

from conftest import PASSWORD, Visitor  # noqa: E402 - found by the line above
from scoped_casework import Values, casework_workspace  # noqa: E402
from test_login import VALUES  # noqa: E402

ROLES = ("field", "analyst", "commander", "auditor", "admin")
API = "/api/v1/"


@dataclass
class County:
    """The app of a county with casework, what names its records, and a token of every role."""

    app: Flask
    records: dict[str, Values]
    values: dict[str, list[Any]]
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        """The county's."""
        found: Workspace = self.app.extensions["geoinspect"].workspace
        return found

    @property
    def database(self) -> Database:
        """The workspace's."""
        return self.workspace.database

    def wake(self) -> None:
        """Give every role a person and a token again, as requests may have taken them away."""
        with self.database.writing() as session:
            session.execute(delete(LoginTryRow))
            for role in ROLES:
                row = session.scalars(select(UserRow).where(UserRow.name == f"{role}-all")).one()
                row.role, row.unit_code, row.active = role, None, True
                row.must_change, row.totp_secret = False, None
                known = tokens.user_of_token(session, self.tokens.get(role, ""))
                if known is None:
                    secret, _row = tokens.add_token(session, label="fuzz", user_id=row.id, days=1)
                    self.tokens[role] = secret

    def bearer(self, role: str) -> dict[str, str]:
        """Return the header of a role's token."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def asked(self, role: str, method: str, path: str, **more: object) -> TestResponse:
        """Send a request below ``/api/v1/`` with a role's token."""
        given = cast(dict[str, str], more.pop("headers", {}))
        asked: dict[str, Any] = {
            "buffered": True,
            **more,
            "headers": {**self.bearer(role), **given},
        }
        return self.app.test_client().open(f"{API}{path}", method=method, **asked)

    def do_jobs(self) -> None:
        """Do what waits; searches of pictures would give all patches new numbers."""
        with self.database.writing() as session:
            waiting = JobRow.kind == "detect", JobRow.state == "waiting"
            session.execute(update(JobRow).where(*waiting).values(state="cancelled"))
        run_waiting(self.workspace)

    def signed_in(self, name: str) -> FlaskClient:
        """Return a browser in which somebody has just signed in."""
        visitor = Visitor(self.app.test_client())
        assert visitor.sign_in(name, PASSWORD).status_code == 302
        return visitor.client

    def forgery(self, client: FlaskClient) -> str:
        """Return the forgery token of a browser."""
        return str(client.get(f"{API}field/pass").get_json()["csrf"])

    def close(self) -> None:
        """Close the workspace."""
        self.workspace.close()


def make_county(folder: Path) -> County:
    """Build the county in a folder; jobs wait until :meth:`County.do_jobs`."""
    made, records = casework_workspace(folder)
    config = made / "geoinspect.toml"
    copies = f'backup_folder = "{folder / "copies"}"\n'
    config.write_text(config.read_text("utf-8") + copies, "utf-8")
    values: dict[str, list[Any]] = {name: [value] for name, value in VALUES.items()}
    for places in records.values():
        for names in places.values():
            for name, value in names.items():
                values.setdefault(name, []).append(value)
    for name, more in CHOICES.items():
        values[name] += more
    app = create_app(made, testing=True)
    app.config["INLINE_JOBS"] = False
    return County(app, records, values)


CHOICES = {
    "kind": ["gpx", "kml", "gpkg", "csv", "geojson"],
    "layer": ["patches", "cases", "tracks"],
    "name": ["state", "last_seen", "risk", "sensitivity", "remaining"],
    "form": ["pdf", "docx", "json", "csv", "zip"],
    "factor": ["former", "slope", "priority"],
}


def closing(app: Flask) -> WSGIApplication:
    """Return the app as a server runs it: what it answers with is closed when it was sent."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = app(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            if hasattr(answer, "close"):
                answer.close()

    return run
