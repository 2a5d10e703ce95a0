"""``users`` and ``tokens`` on the command line: bad passwords in words, one-time passwords, revocation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from geoinspect.cli import app
from geoinspect.errors import GeoInspectError
from geoinspect.store import audit, people
from geoinspect.store.tokens import user_of_token
from geoinspect.store.workspace import Workspace

GOOD = "Quiet-meadow 7"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "w").close()
    return tmp_path / "w"


@dataclass
class Done:
    """What a command did, with the exit status that the program would end with."""

    exit_code: int
    stdout: str
    stderr: str


def run(folder: Path, *words: str, stdin: str = "") -> Done:
    done = CliRunner().invoke(app, ["-w", str(folder), *words], input=stdin)
    if isinstance(done.exception, GeoInspectError):
        return Done(done.exception.exit_status, done.stdout, str(done.exception.text))
    return Done(done.exit_code, done.stdout, done.stderr)


def listed(folder: Path) -> dict[str, dict[str, object]]:
    done = run(folder, "users", "list", "--json")
    return {one["user"]: one for one in json.loads(done.stdout)}


def add(folder: Path, name: str, *more: str, role: str = "admin", stdin: str = GOOD + "\n") -> Done:
    return run(folder, "users", "add", name, "--role", role, "--password-stdin", *more, stdin=stdin)


@pytest.mark.parametrize(
    "bad", ["short1A", "onlysmallletters", "12345678", "主任123A", "Ab1-" * 300]
)
def test_a_bad_password_is_refused_in_words_and_nobody_is_made(folder: Path, bad: str) -> None:
    done = add(folder, "主任", stdin=bad + "\n")
    assert done.exit_code == 2
    assert "密码" in done.stderr
    assert "password" in done.stderr
    assert bad not in done.stdout + done.stderr
    assert listed(folder) == {}


@pytest.mark.parametrize("good", ["long enough 1", "Aa1!Aa1!", "密码密码abc1", GOOD * 9])
def test_any_password_of_the_profile_will_do(folder: Path, good: str) -> None:
    assert add(folder, "主任", stdin=good + "\n").exit_code == 0
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        assert people.check_password(session, "主任", good) is not None


def test_who_must_change_and_who_may_keep(folder: Path) -> None:
    add(folder, "一")
    add(folder, "二", "--keep-password")
    made = run(folder, "users", "add", "三", "--role", "field")
    assert made.stdout.startswith("user=三 password=")
    people_ = listed(folder)
    assert [people_[name]["must_change"] for name in "一二三"] == [True, False, True]
    told = json.loads(run(folder, "users", "add", "四", "--role", "field", "--json").stdout)
    assert told["must_change"] is True
    assert len(told["password"]) >= 16


def test_people_are_disabled_moved_and_given_passwords(folder: Path) -> None:
    add(folder, "一")
    for refused in (("disable", "一"), ("role", "一", "field")):
        done = run(folder, "users", *refused)
        assert done.exit_code == 3
        assert "最后一位" in done.stderr
    add(folder, "二")
    assert run(folder, "users", "disable", "一").exit_code == 0
    assert listed(folder)["一"]["active"] is False
    assert run(folder, "users", "enable", "一").exit_code == 0
    assert run(folder, "users", "role", "一", "auditor").exit_code == 0
    assert listed(folder)["一"]["role"] == "auditor"
    assert run(folder, "users", "role", "一", "field", "--unit", "U9").exit_code == 2
    assert run(folder, "users", "password", "一").stdout.startswith("user=一 password=")
    assert run(folder, "users", "password", "无此人").exit_code == 2
    assert run(folder, "users", "second-factor-off", "一").exit_code == 0
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        audit.verify(session)
        rows = list(session.query(audit.AuditRow))
    assert {row.actor for row in rows} == {"cli"}
    assert not any(GOOD in row.details for row in rows)


def test_tokens_are_made_listed_and_revoked(folder: Path) -> None:
    add(folder, "一")
    made = json.loads(run(folder, "tokens", "add", "qgis", "--days", "9", "--scope", "read", "--json").stdout)  # fmt: skip
    assert {"token", "label", "user", "expires"} <= set(made)
    assert made["scope"] == "read"
    shown = run(folder, "tokens", "list", "--json")
    assert made["token"] not in shown.stdout + shown.stderr
    (one,) = json.loads(shown.stdout)
    assert (one["label"], one["user"], one["revoked_at"]) == ("qgis", "一", None)
    assert run(folder, "tokens", "revoke", str(one["id"])).exit_code == 0
    assert run(folder, "tokens", "revoke", "999").exit_code == 2
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        assert user_of_token(session, made["token"]) is None
    assert run(folder, "tokens", "add", "x", "--days", "0").exit_code == 2
