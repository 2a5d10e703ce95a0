"""``geoinspect audit``: statuses, what it names, and anchors that people keep elsewhere."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from audit_builders import sealed_office
from test_cli import Done, run


@pytest.fixture(scope="module")
def office_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office") / "w"
    sealed_office(folder).close()
    return folder


@pytest.fixture
def office(office_folder: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(office_folder, tmp_path / "w")
    yield tmp_path / "w"
    assert not (tmp_path / "w" / "geoinspect.db-journal").exists()


def audit(office: Path, *args: object) -> Done:
    return run("-w", office, "audit", *args)


def told(done: Done, status: int) -> Any:
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def tamper(office: Path, *statements: str) -> None:
    with sqlite3.connect(office / "geoinspect.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_whole_workspace_verifies_and_keeps_an_anchor_of_the_day(office: Path) -> None:
    done = audit(office, "verify")
    assert (done.returncode, done.stdout) == (0, "")
    assert "审计链完整,共 20 行" in done.stderr
    assert "chain unbroken, 20 rows" in done.stderr
    assert len(list((office / "anchors").glob("????-??-??.txt"))) == 1
    report = told(audit(office, "verify", "--json"), 0)
    assert (report["ok"], report["rows"], report["anchors"], report["faults"]) == (True, 20, 1, [])


def test_the_first_broken_row_is_named_and_all_are_listed(office: Path) -> None:
    tamper(
        office,
        "UPDATE audit SET actor = '别人' WHERE id IN (4, 9)",
        "UPDATE \"case\" SET state = 'closed' WHERE id = 2",
    )
    done = audit(office, "verify")
    assert done.returncode == 3
    assert done.stderr.startswith("错误:审计链在第 4 行断开")
    assert "第 9 行" in done.stderr
    assert "线索 2027-0002" in done.stderr
    report = told(audit(office, "verify", "--json"), 3)
    assert [(f["kind"], f["table"], f["row"], f["case"]) for f in report["faults"]] == [
        ("chain", "audit", 4, None),
        ("chain", "audit", 9, None),
        ("row", "case", 2, "2027-0002"),
    ]
    assert report["fault_count"] == 3
    assert not (office / "anchors").exists(), "no anchor may vouch for a broken chain"


def test_many_faults_are_told_in_short(office: Path) -> None:
    tamper(office, "DELETE FROM target",
           "UPDATE audit SET actor = 'x'", "DELETE FROM case_event")  # fmt: skip
    done = audit(office, "verify")
    assert done.returncode == 3
    assert "见 --json" in done.stderr
    assert len(told(audit(office, "verify", "--json"), 3)["faults"]) == 20 + 3 + 6


def test_a_changed_photo_is_named_unless_files_are_left_out(office: Path) -> None:
    photo = next((office / "files").glob("??/*"))
    photo.write_bytes(b"another")
    report = told(audit(office, "verify", "--json"), 3)
    assert [(f["kind"], f["sha256"]) for f in report["faults"]] == [("file", photo.name)]
    done = audit(office, "verify", "--no-files")
    assert done.returncode == 0
    assert "证据文件未核对" in done.stderr


def test_an_anchor_printed_written_or_typed_finds_a_cut_tail(office: Path, tmp_path: Path) -> None:
    page = audit(office, "anchor")
    assert page.returncode == 0
    path = tmp_path / "锚点.txt"
    assert audit(office, "anchor", "--out", path).returncode == 0
    assert path.read_text("utf-8-sig") == page.stdout
    made = told(audit(office, "anchor", "--json"), 0)
    assert made["rows"] == 20
    assert made["check_code"] in page.stdout
    typed = f"20:{made['check_code']}"
    assert audit(office, "verify", "--anchor", path, "--anchor", typed).returncode == 0
    shutil.rmtree(office / "anchors")
    tamper(office, "DELETE FROM audit WHERE id = 20")
    for given in ([], [path], [typed], [path, typed]):
        options = [word for anchor in given for word in ("--anchor", anchor)]
        done = audit(office, "verify", *options)
        assert done.returncode == (3 if given else 0)
        assert ("只有 19 行" in done.stderr) == bool(given)
        shutil.rmtree(office / "anchors", ignore_errors=True)


def test_no_anchor_is_made_of_a_broken_chain(office: Path, tmp_path: Path) -> None:
    tamper(office, "DELETE FROM audit WHERE id = 3")
    out = tmp_path / "a.txt"
    for words in (("anchor",), ("anchor", "--json"), ("anchor", "--out", out)):
        done = audit(office, *words)
        assert (done.returncode, done.stdout) == (3, "")
        assert "第 3 行" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("verify", "--anchor", "没有.txt"), 3, "没有这个文件"),
        (("verify", "--anchor", "3:12ab"), 3, "哈希有 4 位"),
        (("verify", "--anchor", "."), 3, "没有这个文件"),
        (("verify", "--anchor", "\0"), 3, "用不了"),
        (("verify", "--anchor"), 2, "--anchor"),
        (("anchor", "--out", "nowhere/a.txt"), 2, "输出目录不存在"),
        (("anchor", "--out", "a.pdf"), 2, ".txt"),
        (("verify", "extra"), 2, "extra"),
    ],
)
def test_what_can_not_be_done_is_told(
    office: Path, args: tuple[str, ...], status: int, words: str
) -> None:
    done = audit(office, *args)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_keeps_the_anchor_of_the_day_and_goes_on_without(office: Path) -> None:
    with mock.patch("webmap.server.serve", return_value=0) as served:
        assert run("-w", office, "serve").returncode == 0
        (written,) = (office / "anchors").iterdir()
        assert "行数 rows: 20" in written.read_text("utf-8-sig")
        shutil.rmtree(office / "anchors")
        (office / "anchors").write_text("in the way", "utf-8")
        done = run("-w", office, "serve")
    assert done.returncode == 0
    assert "今天的锚点没有写成" in done.stderr
    assert served.call_count == 2


def test_adding_a_person_without_an_audit_row_is_refused_in_words(office: Path) -> None:
    tamper(office, "CREATE TRIGGER t BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    for words in (
        ("users", "add", "新", "--role", "field"),
        ("units", "add", "611", "东乡"),
        ("risk", "reset", "slope"),
    ):
        done = run("-w", office, *words)
        assert done.returncode == 3, done.stderr
        assert "没有执行" in done.stderr
        assert "password=" not in done.stdout
    with sqlite3.connect(office / "geoinspect.db") as connection:
        assert connection.execute("SELECT count(*) FROM user").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM unit").fetchone() == (0,)
    connection.close()
