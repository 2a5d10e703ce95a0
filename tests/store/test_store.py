"""The store keeps what it acknowledged, keeps it once, and knows when it was tampered with."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from geoinspect.errors import StoreError, TooLargeError, UsageError
from geoinspect.records import Area, Level
from geoinspect.store import audit, grounds, people, sightings
from geoinspect.store.database import Database, sqlite_path
from geoinspect.store.tokens import add_token, user_of_token
from geoinspect.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path):
    with Workspace.create(tmp_path / "w") as opened:
        yield opened


def test_a_new_database_passes_its_own_checks(workspace: Workspace) -> None:
    assert workspace.database.integrity() == "ok"
    assert workspace.database.revision() == "0007"
    with workspace.database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2


def test_other_databases_are_refused_with_the_reason() -> None:
    for url in ("postgresql://u@localhost/x", "mysql://u@localhost/x"):
        with pytest.raises(UsageError, match="PostGIS"):
            sqlite_path(url)
    with pytest.raises(UsageError, match="数据库地址"):
        sqlite_path("what is this")


def test_a_newer_database_is_not_touched(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        workspace.database.upgrade()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "geoinspect.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 40)
    with pytest.raises((StoreError, Exception), match=r"database"):
        Database(path).upgrade()


def test_boxes_find_what_they_touch_and_follow_changes(workspace: Workspace) -> None:
    near, far = shapely.box(108.0, 34.0, 108.1, 34.1), shapely.box(110, 35, 110.1, 35.1)
    rows = [
        Area("1", "甲", Level.COUNTY, None, None, near),
        Area("2", "乙", Level.COUNTY, None, None, far),
    ]

    def inside(box: tuple[float, float, float, float]) -> set[int]:
        with workspace.database.reading() as session:
            query = text(
                "SELECT id FROM area_box WHERE west<=:e AND east>=:w AND south<=:n AND north>=:s"
            )
            return set(session.scalars(query.bindparams(w=box[0], s=box[1], e=box[2], n=box[3])))

    with workspace.database.writing() as session:
        assert grounds.add_areas(session, rows) == (2, 0)
    assert inside((108.05, 34.05, 108.06, 34.06)) == {1}
    moved = [Area("1", "甲", Level.COUNTY, None, None, far)]
    with workspace.database.writing() as session:
        assert grounds.add_areas(session, moved) == (0, 1)
    assert inside((108.05, 34.05, 108.06, 34.06)) == set()
    assert inside((110.05, 35.05, 110.06, 35.06)) == {1, 2}
    with workspace.database.reading() as session:
        assert grounds.area(session, "1").geometry.equals(far)


def test_vault_keeps_bytes_once_under_their_hash(workspace: Workspace) -> None:
    first = workspace.vault.keep([b"abc", b"def"], max_bytes=100)
    again = workspace.vault.keep([b"abcdef"], max_bytes=100)
    assert first == again
    assert first.path.read_bytes() == b"abcdef"
    with pytest.raises(TooLargeError):
        workspace.vault.keep([b"x" * 60, b"y" * 60], max_bytes=100)
    assert list((workspace.vault.folder / "inbox").iterdir()) == []


def test_a_stream_that_breaks_off_leaves_nothing(workspace: Workspace) -> None:
    def broken():
        yield b"half of it"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        workspace.vault.keep(broken(), max_bytes=100)
    assert [p for p in workspace.vault.folder.rglob("*") if p.is_file()] == []


def test_a_full_disk_is_told_and_loses_nothing(workspace: Workspace) -> None:
    kept = workspace.vault.keep([b"earlier"], max_bytes=100)
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from geoinspect.errors import StoreError
        from geoinspect.store.vault import Vault
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        try:
            Vault(Path(sys.argv[1])).keep([b"x" * (1 << 20), b"y"], max_bytes=1 << 30)
        except StoreError as error:
            print(error.code)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(workspace.vault.folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "cannot_write"
    assert kept.path.read_bytes() == b"earlier"
    assert list((workspace.vault.folder / "inbox").iterdir()) == []


def _note(folder: str, n: int) -> None:
    with Workspace.open(Path(folder)) as workspace:
        for i in range(n):
            with workspace.database.writing() as session:
                audit.record(session, actor="p", action="x", subject=str(i), details={})


def test_writers_of_several_processes_never_lose_a_row(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_note, args=(str(workspace.folder), 40)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
        assert writer.exitcode == 0
    with workspace.database.reading() as session:
        assert audit.verify(session)[0] == 160


def test_killed_while_writing_all_acknowledged_rows_stay(workspace: Workspace) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from geoinspect.store import audit
        from geoinspect.store.workspace import Workspace
        workspace = Workspace.open(Path(sys.argv[1]))
        for i in range(100000):
            with workspace.database.writing() as session:
                audit.record(session, actor="k", action="x", subject=str(i), details={})
            print(i, flush=True)
        """
    )
    done = 0
    for delay_s in (0.05, 0.2):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(workspace.folder)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay_s)
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = 1 + len(child.stdout.read().split("\n")) - 1
        child.wait()
        child.stdout.close()
        with workspace.database.reading() as session:
            rows, _ = audit.verify(session)
        assert rows >= done + acknowledged
        done = rows
    assert workspace.database.integrity() == "ok"


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE audit SET actor = 'x' WHERE id = 3", 3),
        ("UPDATE audit SET details = '{\"n\": 7}' WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("UPDATE audit SET id = 99 WHERE id = 5", 5),
        ("UPDATE audit SET hash = substr(hash, 1, 63) || 'z' WHERE id = 4", 4),
    ],
)
def test_tampering_names_the_first_broken_row(workspace: Workspace, change: str, row: int) -> None:
    with workspace.database.writing() as session:
        for i in range(5):
            audit.record(session, actor="a", action="b", subject=str(i), details={"n": i})
    with workspace.database.reading() as session:
        assert audit.verify(session)[0] == 5
    with workspace.database.writing() as session:
        session.execute(text(change))
    with workspace.database.reading() as session, pytest.raises(StoreError, match=f"row {row}:"):
        audit.verify(session)


def test_passwords_and_tokens(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        user = people.add_user(
            session, name="张三", role="admin", unit_code=None, password="long enough"
        )
        secret, _ = add_token(session, label="t", user_id=user.id, days=1)
        with pytest.raises(UsageError, match="taken"):
            people.add_user(
                session, name="张三", role="admin", unit_code=None, password="long enough"
            )
        with pytest.raises(UsageError, match="8"):
            people.add_user(session, name="李四", role="admin", unit_code=None, password="short")
    with workspace.database.reading() as session:
        assert people.check_password(session, "张三", "long enough") is not None
        assert people.check_password(session, "张三", "wrong") is None
        assert people.check_password(session, "nobody", "long enough") is None
        assert user_of_token(session, secret) is not None
        assert user_of_token(session, secret + "x") is None
    stored = (workspace.folder / "geoinspect.db").read_bytes()
    assert secret.encode() not in stored
    assert b"long enough" not in stored


def test_reading_sessions_change_nothing(workspace: Workspace) -> None:
    with workspace.database.reading() as session:
        grounds.add_unit(session, code="1", name="x", parent_code=None)
        session.flush()
    with workspace.database.reading() as session:
        assert grounds.units(session) == []
        assert sightings.counts(session) == {"tracks": 0, "surveys": 0, "patches": 0}


def test_a_workspace_opens_while_somebody_writes(workspace: Workspace) -> None:
    with workspace.database.writing(), Workspace.open(workspace.folder) as second:
        assert second.database.revision() == workspace.database.revision()
