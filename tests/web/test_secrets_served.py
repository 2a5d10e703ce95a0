"""Secrets that went through the real server stand nowhere but where they have to: no log, no row, no file."""

from __future__ import annotations

import http.cookiejar
import json
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
from account_builders import people_workspace
from click.testing import CliRunner
from conftest import PASSWORD
from served_office import Served, served
from test_login import VALUES

from geoinspect.cli import app as commands
from webmap import create_app

NAME, NEW, WRONG = "分析", "Canary-New 4711 x", "Canary-Wrong 4712 x"
# Where hashes and the second factor's secret have to stand.
KEPT = {("user", "password_hash"), ("user", "former_hashes"), ("user", "totp_secret")}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        """Follow nothing: where an answer leads is part of it."""


@dataclass
class Browser:
    """A browser without a screen, over a real line; it remembers all that it heard."""

    base: str
    token: str = ""
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)
    heard: list[str] = field(default_factory=list)

    def ask(
        self, path: str, data: bytes | None = None, method: str = "", **headers: str
    ) -> tuple[int, str]:
        """Return status and body; cookies that are set are no part of what was heard."""
        jar = urllib.request.HTTPCookieProcessor(self.jar)
        opener = urllib.request.build_opener(_Stay, jar)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = urllib.request.Request(
            self.base + path, data, headers, method=method or ("GET" if data is None else "POST")
        )
        try:
            answer = opener.open(asked, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read().decode("utf-8", "replace")
            said = [f"{k}: {v}" for k, v in answer.headers.items() if k.lower() != "set-cookie"]
            self.heard.append("\n".join([path, *said, body]))
            return answer.status or 0, body

    def csrf(self, page: str = "/login") -> str:
        return self.ask(page)[1].split('name="csrf-token" content="', 1)[1].split('"', 1)[0]

    def form(self, path: str, **values: str) -> int:
        data = urlencode({**values, "csrf_token": self.csrf()}).encode()
        return self.ask(path, data)[0]

    def api(self, path: str, page: str = "/account", **body: object) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.csrf(page)}
        status, told = self.ask(f"/api/v1/{path}", json.dumps(body).encode(), **headers)
        return status, json.loads(told) if told else None

    def cookies(self) -> set[str]:
        return {str(one.value) for one in self.jar if one.name == "geoinspect"}


@dataclass
class Run:
    """What a day with secrets left behind."""

    folder: Path
    log: str
    heard: str
    secrets: dict[str, str]
    totp: str


def a_day(server: Served, folder: Path) -> tuple[dict[str, str], str, list[str]]:
    """Sign in wrongly and rightly, change the password, set up a second factor, make and use a token."""
    one = Browser(server.base)
    assert one.form("/login", username=NAME, password=WRONG) == 401
    assert one.form("/login", username=WRONG, password=WRONG) == 401
    assert one.form("/login", username=NAME, password=PASSWORD) == 302
    secrets = {f"cookie {n}": value for n, value in enumerate(one.cookies())}
    status, _told = one.api("account/password", present=PASSWORD, new=NEW)
    assert status == 200
    secrets |= {f"later cookie {n}": value for n, value in enumerate(one.cookies())}
    status, made = one.api("account/second-factor")
    assert status == 200, made
    totp = str(made["secret"])
    # The answer that makes a secret shows it, once; nothing later does.
    shown_once = len(one.heard)
    code = pyotp.TOTP(totp).at(datetime.now(UTC) - timedelta(seconds=30))
    assert one.api("account/second-factor/on", code=code)[0] == 200
    del one.heard[shown_once - 1]
    status, made = one.api("tokens", label="脚本", days=1, scope="all")
    assert status == 200, made
    del one.heard[-1]
    secrets["token"] = str(made["token"])
    script = Browser(server.base, token=secrets["token"])
    assert script.ask("/api/v1/account")[0] == 200
    two = Browser(server.base)
    assert two.form("/login", username=NAME, password=NEW) == 200
    assert two.form("/login", code="000000") == 401
    assert two.form("/login", code=pyotp.TOTP(totp).at(datetime.now(UTC))) == 302
    secrets |= {f"second cookie {n}": value for n, value in enumerate(two.cookies())}
    app = create_app(folder, testing=True)
    with app.test_request_context():
        paths = [
            app.url_for(rule.endpoint, **{name: VALUES[name] for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or set()) and rule.endpoint != "static"
        ]
    app.extensions["geoinspect"].workspace.close()
    admin, auditor = Browser(server.base), Browser(server.base)
    assert admin.form("/login", username="局长", password=PASSWORD) == 302
    assert auditor.form("/login", username="审计", password=PASSWORD) == 302
    for person in (two, admin, auditor):
        for path in paths:
            assert person.ask(path)[0] < 500, path
    # Errors of every kind, the secrets in them where people put them by mistake.
    script.ask("/api/v1/no/such", headers_x=secrets["token"])
    script.ask("/api/v1/cases", b"{", **{"Content-Type": "application/json"})
    heard = [text for person in (one, two, script, admin, auditor) for text in person.heard]
    return secrets | {"password": PASSWORD, "new": NEW, "wrong": WRONG}, totp, heard


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("secrets")
    made = people_workspace(folder / "w")
    with served(made, folder / "log", workers=1) as server:
        secrets, totp, heard = a_day(server, made)
        out = CliRunner().invoke(commands, ["-w", str(made), "backup", str(folder / "all.backup")])
        assert out.exit_code == 0, out.output
        log = server.said() + out.output
    return Run(folder, log, "\n".join(heard), secrets, totp)


def test_no_log_and_no_answer_tells_a_secret(run: Run) -> None:
    assert len(run.secrets) >= 6
    assert len(run.heard) > 100_000
    for name, secret in {**run.secrets, "totp": run.totp}.items():
        assert secret not in run.log, name
        assert secret not in run.heard, name
    for word in ("argon2", "Traceback"):
        assert word not in run.log
        assert word not in run.heard


def rows(database: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Table, column and text of every value but those that have to be secrets."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    for (table,) in tables:
        cursor = database.execute(f'SELECT * FROM "{table}"')
        columns = [one[0] for one in cursor.description]
        for row in cursor:
            for column, value in zip(columns, row, strict=True):
                if (table, column) not in KEPT and isinstance(value, str | bytes):
                    text = value if isinstance(value, str) else value.decode("latin-1")
                    yield table, column, text


def test_no_row_holds_one_in_the_clear(run: Run) -> None:
    database = sqlite3.connect(run.folder / "w" / "geoinspect.db")
    found = list(rows(database))
    hashes = [one for (one,) in database.execute('SELECT password_hash FROM "user"')]
    kept = [one for (one,) in database.execute('SELECT totp_secret FROM "user"') if one]
    database.close()
    assert kept == [run.totp]
    assert {table for table, _column, _text in found} >= {"audit", "login", "token", "login_try"}
    for table, column, text in found:
        for name, secret in {**run.secrets, "totp": run.totp}.items():
            assert secret not in text, (table, column, name)
        assert not any(one in text for one in hashes), (table, column)
    told = "".join(text for table, _column, text in found if table == "audit")
    for action in ("login.failed", "user.password", "user.second_factor", "token.add"):
        assert action in told


def test_no_file_holds_one_in_the_clear(run: Run) -> None:
    """What was deleted from a table still stands in the file, so its bytes are looked at too."""
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    databases = [path for path in files if path.name.startswith("geoinspect.db")]
    assert any("all.backup" in path.parts for path in databases)
    assert run.folder / "log" in files
    for path in files:
        data = path.read_bytes()
        for name, secret in run.secrets.items():
            assert secret.encode() not in data, (path.name, name)
            assert not re.search(re.escape(secret).encode("utf-16-le"), data), (path.name, name)
        if path not in databases:
            assert run.totp.encode() not in data, path.name
    # Who else has an account on the server reads neither workspace nor backup.
    for folder in (run.folder / "w", run.folder / "all.backup"):
        assert folder.stat().st_mode & 0o077 == 0, folder.name
    assert (run.folder / "w" / "secret.key").stat().st_mode & 0o077 == 0
