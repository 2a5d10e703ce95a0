"""The chain names what was done to it, nothing is done without it, and anchors remember its end."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from audit_builders import seal, sealed_office, tip_row
from hypothesis import given
from hypothesis import strategies as st
from patrol_builders import WEST, Office, wander
from review_builders import add_candidates, meadow_survey
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from geoinspect import rate_book, review_book
from geoinspect.casework import anchors
from geoinspect.casework.anchors import Anchor
from geoinspect.casework.chain import verify_workspace
from geoinspect.coverage.detectability import DetectionRate, Method
from geoinspect.errors import GeoInspectError, InputError, StoreError, Text
from geoinspect.review_book import Answer
from geoinspect.review_records import Said
from geoinspect.store import audit, people
from geoinspect.store.workspace import Workspace

ROWS = 5


@pytest.fixture(scope="module")
def office_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office") / "w"
    sealed_office(folder).close()
    return folder


@pytest.fixture
def office(office_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """An office of its own for each test, with a sealed row of every table."""
    shutil.copytree(office_folder, tmp_path / "w")
    with Workspace.open(tmp_path / "w") as opened:
        yield opened


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "w") as opened:
        with opened.database.writing() as session:
            for i in range(ROWS):
                audit.record(session, actor="甲", action="b", subject=str(i), details={"n": i})
        yield opened


def tamper(workspace: Workspace, statement: str, *values: object) -> None:
    with workspace.database.writing() as session:
        driver = session.connection().connection.driver_connection
        driver.execute(statement, values)


def first_fault(workspace: Workspace) -> audit.Fault:
    with workspace.database.reading() as session:
        faults = audit.Faults()
        audit.walk(session, faults, lambda *_: None)
    return faults.found[0]


def stored(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database, read by another hand."""
    with sqlite3.connect(workspace.database.path) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        rows = {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
            for (name,) in tables
        }
    connection.close()
    return rows


def test_the_rule_of_the_hash_is_the_one_of_the_first_version(workspace: Workspace) -> None:
    # Worked out by hand from the rule; workspaces of earlier versions must still verify.
    fields = [1, "2026-05-01T00:00:00.000Z", "甲", "x", "一", '{"n": 1}']
    line = "0" * 64 + '|[1,"2026-05-01T00:00:00.000Z","甲","x","一","{\\"n\\": 1}"]'
    expected = hashlib.sha256(line.encode()).hexdigest()
    tamper(workspace, "DELETE FROM audit")
    tamper(workspace, "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", *fields, expected)
    with workspace.database.reading() as session:
        assert audit.verify(session) == (1, expected)


ODD_VALUES = (
    *(b"\xff\x00", b"", "", "x" * 64, "0" * 64),
    *(7, 0.5, 2**63 - 1, "\udc80", "[" * 9000),
)


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "details", "hash"])
def test_any_value_in_any_place_is_named(workspace: Workspace, column: str) -> None:
    with workspace.database.writing() as session:
        driver = session.connection().connection.driver_connection
        for row, value in product((1, 3, ROWS), ODD_VALUES):
            place = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
            raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
            driver.execute("SAVEPOINT whole")
            driver.execute(f"UPDATE audit SET {column} = {place} WHERE id = ?", (raw, row))
            faults = audit.Faults()
            audit.walk(session, faults, lambda *_: None)
            assert (faults.found[0].table, faults.found[0].row) == ("audit", row)
            with pytest.raises(StoreError, match=f"broken at row {row}:") as told:
                audit.verify(session)
            assert told.value.code == "audit_broken"
            driver.execute("ROLLBACK TO whole")
        assert audit.verify(session)[0] == ROWS


@pytest.mark.parametrize(
    ("new_id", "named"), [(0, 0), (-1, -1), (-(2**63), -(2**63)), (6, 6), (9, 6), (2**63 - 1, 6)]
)
def test_a_forged_row_is_named_whatever_its_number(
    workspace: Workspace, new_id: int, named: int
) -> None:
    tamper(
        workspace,
        "INSERT INTO audit SELECT ?, at, actor, action, subject, details, hash FROM audit WHERE id = 3",
        new_id,
    )
    assert first_fault(workspace).row == named
    assert verify_workspace(workspace).faults[0].row == named


def test_numbers_that_no_table_of_ours_would_take(workspace: Workspace) -> None:
    # Who writes into the file may make the table anew without its key.
    tamper(workspace, "ALTER TABLE audit RENAME TO old")
    tamper(workspace, "CREATE TABLE audit (id, at, actor, action, subject, details, hash)")
    tamper(workspace, "INSERT INTO audit SELECT * FROM old")
    assert verify_workspace(workspace).fault_count == 0
    for odd in ("2", b"\x02", None, 2.5, 2):
        tamper(workspace, "INSERT INTO audit SELECT ?, at, actor, action, subject, details, hash "
                          "FROM old WHERE id = 2", odd)  # fmt: skip
        report = verify_workspace(workspace)
        assert report.fault_count >= 1
        assert report.faults[0].kind == "chain"
        tamper(workspace, "DELETE FROM audit")
        tamper(workspace, "INSERT INTO audit SELECT * FROM old")


def test_all_faults_are_collected_and_only_some_hundreds_kept(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        for i in range(500):
            audit.record(session, actor="甲", action="b", subject=str(i), details={})
    tamper(workspace, "UPDATE audit SET actor = '乙' WHERE id > 100")
    report = verify_workspace(workspace)
    assert report.fault_count == ROWS + 500 - 100
    assert [fault.row for fault in report.faults] == [*range(101, 401)]


def test_a_dropped_table_is_damage_and_a_busy_database_is_not(office: Workspace) -> None:
    tamper(office, "DROP TABLE tip")
    report = verify_workspace(office)
    assert [(fault.kind, fault.table) for fault in report.faults] == [("database", "tip")]
    faults, name = audit.Faults(), Text("表", "table")
    for why in ("disk I/O error", "database disk image is malformed"):
        with audit.told_of_damage(faults, "x", name):
            raise OperationalError("", {}, sqlite3.OperationalError(why))
    told = " ".join(fault.text.en for fault in faults.found)
    assert "disk I/O error" in told
    assert "malformed" in told
    with pytest.raises(OperationalError), audit.told_of_damage(faults, "x", name):
        raise OperationalError("", {}, sqlite3.OperationalError("database is locked"))


@pytest.mark.parametrize(("row_id", "hash_"), [(2**63 - 1, "0" * 64), (6, None), (6, b"x")])
def test_nothing_is_appended_to_a_last_row_that_is_not_ours(
    workspace: Workspace, row_id: int, hash_: object
) -> None:
    tamper(workspace, "ALTER TABLE audit RENAME TO old")
    tamper(workspace, "CREATE TABLE audit (id INTEGER PRIMARY KEY, at, actor, action, subject, "
                      "details, hash)")  # fmt: skip
    tamper(workspace, "INSERT INTO audit VALUES (?, '', '', '', '', '', ?)", row_id, hash_)
    before = stored(workspace)
    with pytest.raises(StoreError, match="审计链的最后一行"):
        _add_user(workspace)
    assert stored(workspace) == before


# What writes, and how: each must leave nothing behind when its audit row can't be written.
def _add_user(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        people.add_user(session, name="新", role="field", unit_code=None, password="long enough 1")
        audit.record(session, actor="cli", action="user.add", subject="新", details={})


def _add_tip(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        seal(session, [tip_row(9)], "tip.add", "J2027-0009")


def _set_rate(workspace: Workspace) -> None:
    rate = DetectionRate(Method.FOOT, 12.0, None, 4.0, "本县试验")
    rate_book.set_rate(workspace, rate, actor="甲")


@pytest.mark.parametrize("action", [_add_user, _add_tip, _set_rate])
@pytest.mark.parametrize("way", ["ABORT", "FAIL", "ROLLBACK"])
def test_what_can_not_be_audited_does_not_happen(
    office: Workspace, action: Callable[[Workspace], None], way: str
) -> None:
    tamper(
        office,
        f"CREATE TRIGGER t BEFORE INSERT ON audit BEGIN SELECT RAISE({way}, '写不进'); END",
    )
    before = stored(office)
    with pytest.raises(StoreError, match="没有执行") as told:
        action(office)
    assert told.value.code == "audit_not_written"
    assert "nothing was done" in told.value.text.en
    assert stored(office) == before
    tamper(office, "DROP TRIGGER t")
    action(office)
    assert verify_workspace(office).fault_count == 0
    assert len(stored(office)["audit"]) == len(before["audit"]) + 1


def test_a_label_that_can_not_be_audited_is_not_kept(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        survey = meadow_survey(workspace, tmp_path)
        patch = add_candidates(workspace, survey, 4)[0]
        tamper(workspace, REFUSING)
        before = stored(workspace)
        with pytest.raises(StoreError, match="没有执行"):
            review_book.label(workspace, survey, patch, Answer(Said.POPPY), actor="甲")
        assert stored(workspace) == before


def test_a_track_that_can_not_be_audited_is_not_counted(tmp_path: Path) -> None:
    with Office(tmp_path) as county:
        tamper(county.workspace, REFUSING)
        before = stored(county.workspace)
        with pytest.raises(GeoInspectError, match="没有执行"):
            county.add("a.gpx", wander(1).recorded(1), unit_code=WEST)
        assert stored(county.workspace) == before
        tamper(county.workspace, "DROP TRIGGER t")


REFUSING = "CREATE TRIGGER t BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"


def test_an_anchor_is_read_back_as_it_was_written(office: Workspace, tmp_path: Path) -> None:
    with office.database.reading() as session:
        made = anchors.current_anchor(session, office)
        rows, last = audit.verify(session)
    assert (made.rows, made.last_hash, made.workspace) == (rows, last, "w")
    assert made.code.replace(" ", "") == last[:16]
    told = made.as_text()
    json_path, text_path = tmp_path / "a.json", tmp_path / "a.txt"
    json_path.write_text(json.dumps(made.as_json()), "utf-8")
    anchors.write_anchor(made, text_path)
    for path in (json_path, text_path):
        read = anchors.read_anchor(path)
        assert (read.rows, read.last_hash, read.day) == (rows, last, made.day)
    # As Notepad, a mail program or an old editor leaves it.
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        for saved in (told, told.replace("\n", "\r\n"), told.replace("\n", "\n> ")):
            text_path.write_bytes(saved.encode(encoding))
            assert anchors.read_anchor(text_path).last_hash == last
    for typed in (f"{rows}:{last}", f"{rows}:{made.code}", f" {rows}:{made.code.upper()}"):
        assert verify_workspace(office, anchors=[anchors.given_anchor(typed)]).fault_count == 0


@given(st.one_of(st.binary(max_size=300), st.text().map(lambda t: t.encode("utf-8", "replace"))))
def test_what_is_no_anchor_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd-anchor.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match="锚点") as told:
        anchors.read_anchor(path)
    assert told.value.code == "bad_anchor"


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t.replace("行数 rows: ", "行数 rows: x"),
        lambda t: t + t,
        lambda t: t.replace("核对码 check code: ", "核对码 check code: 0"),
        lambda t: t.replace("a", "b").replace("b", "c"),
        lambda t: t * 500,
        lambda t: t[:120],
        lambda t: "{" + t,
        lambda t: '{"rows": 1, "last_hash": "' + "0" * 64 + '"}',
        lambda t: '{"rows": true}' + t,
    ],
)
def test_a_damaged_anchor_is_refused(tmp_path: Path, damage: Callable[[str], str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text(damage(Anchor(5, "ab" * 32, "2027-05-02").as_text()), "utf-8")
    with pytest.raises(InputError, match="锚点"):
        anchors.read_anchor(path)


@pytest.mark.parametrize(
    "words", ["5:abc", "5:" + "0" * 65, "nosuchfile.txt", "", "-1:" + "0" * 16, "\0", "5:", "."]
)
def test_odd_words_for_an_anchor_are_refused(words: str) -> None:
    with pytest.raises(InputError, match="锚点"):
        anchors.given_anchor(words)


def test_a_cut_tail_is_found_by_the_anchor_alone(workspace: Workspace) -> None:
    with workspace.database.reading() as session:
        kept = anchors.current_anchor(session, workspace)
    tamper(workspace, "DELETE FROM audit WHERE id > 3")
    assert verify_workspace(workspace).fault_count == 0
    report = verify_workspace(workspace, anchors=[kept])
    assert [(fault.kind, fault.row) for fault in report.faults] == [("anchor", ROWS)]
    error = report.error()
    assert error is not None
    assert "只有 3 行" in error.text.zh
    assert "cut off from row 4 on" in error.text.en
    # The old rows come back, but others than they were.
    with workspace.database.writing() as session:
        for i in range(4):
            audit.record(session, actor="乙", action="b", subject=str(i), details={})
    assert verify_workspace(workspace).fault_count == 0
    report = verify_workspace(workspace, anchors=[kept])
    assert [(fault.kind, fault.row) for fault in report.faults] == [("anchor", ROWS)]
    assert "rewritten" in report.faults[0].text.en


def test_a_day_has_one_anchor_and_verifying_looks_at_all_of_them(
    office: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = office.folder / anchors.FOLDER
    days = ["2027-05-02", "2027-05-03"]
    for k, day in enumerate(days):
        monkeypatch.setattr(anchors, "_today", lambda day=day: day)
        written = anchors.daily_anchor(office)
        assert written is not None
        assert written.day == day
        assert anchors.daily_anchor(office) is None
        with office.database.writing() as session:
            seal(session, [tip_row(20 + k)], "tip.add", "x")
    assert [path.name for path in sorted(folder.iterdir())] == [f"{day}.txt" for day in days]
    report = verify_workspace(office)
    assert (report.anchors, report.fault_count) == (2, 0)
    (folder / f"{days[0]}.txt").write_text("x", "utf-8")
    report = verify_workspace(office)
    assert [(fault.kind, fault.name) for fault in report.faults] == [
        ("anchor", f"anchors/{days[0]}.txt")
    ]
    (folder / f"{days[0]}.txt").unlink()
    # The last tip and the row that seals it are taken away: only the anchor knows.
    tamper(office, "DELETE FROM tip WHERE number = 'J2027-0020'")
    tamper(office, "DELETE FROM tip WHERE number = 'J2027-0021'")
    tamper(office, "DELETE FROM audit WHERE id > (SELECT max(id) - 2 FROM audit)")
    report = verify_workspace(office)
    assert [(fault.kind, fault.name) for fault in report.faults] == [
        ("anchor", f"anchors/{days[1]}.txt")
    ]


def test_no_anchor_of_an_empty_chain_and_words_when_it_can_not_be_written(
    tmp_path: Path, office: Workspace
) -> None:
    with Workspace.create(tmp_path / "new") as empty:
        assert anchors.daily_anchor(empty) is None
        assert not (empty.folder / anchors.FOLDER).exists()
    (office.folder / anchors.FOLDER).write_text("in the way", "utf-8")
    with pytest.raises(GeoInspectError, match="输出目录不存在"):
        anchors.daily_anchor(office)


def test_the_chain_of_the_office_is_whole_and_all_of_it_was_looked_at(office: Workspace) -> None:
    report = verify_workspace(office)
    assert report.as_json()["ok"] is True
    with office.database.reading() as session:
        tables = [f'SELECT count(*) FROM "{t}"' for t in SEALED_TABLES]
        assert report.sealed == sum(session.scalar(text(asked)) for asked in tables)
        assert report.rows == session.scalar(text("SELECT count(*) FROM audit"))
    # Six photos; the targets' table of places is no evidence of a case.
    assert report.files == 6


SEALED_TABLES = (
    *("case", "case_event", "case_link", "evidence", "target_list", "target"),
    *("site", "site_answer", "tip"),
)
