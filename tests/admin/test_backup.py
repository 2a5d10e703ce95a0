"""A backup is a whole workspace or no backup, whatever goes on beside it and is done to it after."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from audit_builders import sealed_office

from geoinspect.backup import copying, making, manifest, restoring
from geoinspect.casework.anchors import daily_anchor
from geoinspect.casework.chain import verify_workspace
from geoinspect.errors import GeoInspectError, InputError, StoreError, UsageError
from geoinspect.store.workspace import Workspace

BUSY = Path(__file__).with_name("busy_office.py")
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office") / "w"
    with sealed_office(folder) as workspace:
        workspace.secret_key()
        daily_anchor(workspace)
    (folder / "surveys" / "7.tif").write_bytes(os.urandom(300_000))
    (folder / "surveys" / "abc.tif").write_bytes(b"half")
    (folder / "terrain.tif").write_bytes(b"heights")
    (folder / "规则 rules.toml").write_bytes("甲 = 1".encode())
    for made_anew in ("planes/7", "thumbs", "incoming", "files/inbox", "workers"):
        (folder / made_anew).mkdir(parents=True, exist_ok=True)
        (folder / made_anew / "x").write_bytes(b"x")
    return folder


@pytest.fixture
def office(whole: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(whole, tmp_path / "w")
    with Workspace.open(tmp_path / "w") as opened:
        yield opened


@pytest.fixture(scope="module")
def backup(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup") / "b"
    copy = folder.with_name("w")
    shutil.copytree(whole, copy)
    with Workspace.open(copy) as opened:
        making.make(opened, folder, actor="test")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def rows_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the words of SQLite alone."""
    connection = sqlite3.connect(database)
    master = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [name for (name,) in connection.execute(master)]
    rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    connection.close()
    return rows


def reseal(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change a manifest as somebody would who knows how it is sealed."""
    told = json.loads((folder / manifest.NAME).read_text())
    change(told)
    raw = json.dumps(told).encode()
    (folder / manifest.NAME).write_bytes(raw)
    seal = f"{hashlib.sha256(raw).hexdigest()}  {manifest.NAME}\n"
    (folder / manifest.SEAL_NAME).write_text(seal)


def test_every_row_and_file_comes_back_and_the_rest_stays_out(
    office: Workspace, tmp_path: Path
) -> None:
    before = rows_of(office.database.path)
    made = making.make(office, tmp_path / "b", actor="管理员")
    back = restoring.restore(tmp_path / "b", tmp_path / "r", actor="管理员")
    assert back.report.fault_count == 0
    assert back.report.files
    after = rows_of(tmp_path / "r" / "geoinspect.db")
    *earlier, last = after.pop("audit")
    assert earlier == before.pop("audit")
    assert last[3] == "backup.restore"
    assert after == before

    ours, theirs = files_of(office.folder), files_of(tmp_path / "r")
    gone = {name for name in ours if name not in theirs}
    assert {name.split("/")[0] for name in gone if "/" in name and "inbox" not in name} == {
        *("planes", "thumbs", "incoming", "workers"),
        "surveys",
    }
    assert {name for name in gone if name.startswith("surveys")} == {"surveys/abc.tif"}
    assert "secret.key" in gone
    for name in theirs.keys() - {"geoinspect.db"}:
        assert theirs[name] == ours[name], name
    assert made.missing == ()
    assert made.files == len(theirs)
    with office.database.reading() as session:
        told = session.connection().exec_driver_sql(
            "SELECT actor, action, details FROM audit ORDER BY id DESC LIMIT 1"
        )
        actor, action, details = told.one()
    assert (actor, action) == ("管理员", "backup.make")
    assert json.loads(details)["manifest_sha256"] == made.manifest_sha256


def test_a_backup_beside_two_writers_is_one_moment_of_the_workspace(
    office: Workspace, tmp_path: Path
) -> None:
    stop = tmp_path / "stop"
    asked = [sys.executable, str(BUSY), "write", str(office.folder)]
    writers = [subprocess.Popen([*asked, name, str(stop)]) for name in ("甲", "乙")]
    counts = [stop.with_name(f"{name}.count") for name in ("甲", "乙")]
    try:
        end_s = time.monotonic() + PATIENCE_S
        while not all(path.exists() for path in counts):
            assert time.monotonic() < end_s
            time.sleep(0.02)
        promised = [int(path.read_text() or 0) for path in counts]
        for number in range(3):
            out = tmp_path / f"b{number}"
            earlier = tmp_path / f"b{number - 1}" if number else None
            making.make(office, out, actor="test", since=earlier)
    finally:
        stop.touch()
        ended = [writer.wait(PATIENCE_S) for writer in writers]
    assert ended == [0, 0]
    for number in range(3):
        back = restoring.restore(tmp_path / f"b{number}", tmp_path / f"r{number}", actor="test")
        assert back.report.fault_count == 0
        assert back.missing == ()
        with Workspace.open(tmp_path / f"r{number}") as restored:
            rows = rows_of(restored.database.path)
            for _id, sha256, *_rest in rows["file"]:
                data = restored.vault.path_of(str(sha256)).read_bytes()
                assert hashlib.sha256(data).hexdigest() == sha256
        # What was promised before the backup began is in it.
        assert sum(row[3] == "file.add" for row in rows["audit"]) >= sum(promised)


def test_an_earlier_backup_saves_copying_and_both_stay_whole(
    office: Workspace, tmp_path: Path
) -> None:
    making.make(office, tmp_path / "b1", actor="test")
    raster = office.survey_path(7)
    raster.write_bytes(b"anew" * 100)
    office.vault.keep([b"later"], max_bytes=100)
    made = making.make(office, tmp_path / "b2", actor="test", since=tmp_path / "b1")
    names = {entry.path for entry in manifest.read(tmp_path / "b1").files}
    assert made.linked >= len(names) - 3
    same = [name for name in names if name.startswith("files/")]
    assert same
    assert all((tmp_path / "b1" / n).samefile(tmp_path / "b2" / n) for n in same)
    assert (tmp_path / "b2" / "surveys" / "7.tif").read_bytes() == b"anew" * 100
    shutil.rmtree(tmp_path / "b1")
    restoring.check(tmp_path / "b2")
    restoring.restore(tmp_path / "b2", tmp_path / "r", actor="test")


def test_a_file_lost_before_is_named_and_the_rest_is_kept(
    office: Workspace, tmp_path: Path
) -> None:
    lost = next((office.folder / "files").glob("??/*"))
    lost.unlink()
    made = making.make(office, tmp_path / "b", actor="test")
    assert made.missing == (lost.relative_to(office.folder).as_posix(),)
    assert restoring.check(tmp_path / "b").missing == made.missing


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def first_raw(folder: Path) -> Path:
    return next((folder / "files").glob("??/*"))


def point_out(folder: Path, name: str) -> None:
    def change(told: dict[str, object]) -> None:
        told["files"][0]["path"] = name  # type: ignore[index]

    reseal(folder, change)


def swap_for_link(folder: Path) -> None:
    path = first_raw(folder)
    copy = folder.with_name("elsewhere")
    shutil.copy(path, copy)
    path.unlink()
    path.symlink_to(copy)


def link_folder(folder: Path) -> None:
    aside = folder.with_name("aside")
    (folder / "files").rename(aside)
    (folder / "files").symlink_to(aside)


def say_huge(folder: Path) -> None:
    def change(told: dict[str, object]) -> None:
        told["files"][0]["bytes"] = 1 << 60  # type: ignore[index]

    reseal(folder, change)


def repeat_first(folder: Path) -> None:
    def change(told: dict[str, object]) -> None:
        told["files"].append(told["files"][0])  # type: ignore[attr-defined, index]

    reseal(folder, change)


def leave_out_database(folder: Path) -> None:
    def change(told: dict[str, object]) -> None:
        files = told["files"]
        told["files"] = [one for one in files if one["path"] != "geoinspect.db"]  # type: ignore[attr-defined]

    reseal(folder, change)


def other_chain(folder: Path) -> None:
    reseal(folder, lambda told: told.update(last_hash="0" * 64))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit of a file": lambda folder: flip(first_raw(folder)),
    "a bit of a raster": lambda folder: flip(folder / "surveys" / "7.tif"),
    "a bit of the database": lambda folder: flip(folder / "geoinspect.db"),
    "a bit of the list": lambda folder: flip(folder / manifest.NAME),
    "a bit of the seal": lambda folder: flip(folder / manifest.SEAL_NAME),
    "no seal": lambda folder: (folder / manifest.SEAL_NAME).unlink(),
    "no list": lambda folder: (folder / manifest.NAME).unlink(),
    "a file cut": lambda folder: os.truncate(first_raw(folder), 1),
    "a file gone": lambda folder: first_raw(folder).unlink(),
    "the database gone": lambda folder: (folder / "geoinspect.db").unlink(),
    "a link": swap_for_link,
    "a folder that is a link": link_folder,
    "upwards": lambda folder: point_out(folder, "../../evil"),
    "upwards inside": lambda folder: point_out(folder, "files/../../evil"),
    "from the root": lambda folder: point_out(folder, "/etc/passwd"),
    "windows": lambda folder: point_out(folder, "C:\\evil"),
    "a drive": lambda folder: point_out(folder, "C:/evil"),
    "hidden": lambda folder: point_out(folder, ".bashrc"),
    "empty name": lambda folder: point_out(folder, ""),
    "control sign": lambda folder: point_out(folder, "a\nb"),
    "a bomb": say_huge,
    "twice": repeat_first,
    "left out": leave_out_database,
    "no list at all": lambda folder: reseal(folder, lambda told: told.pop("files")),
    "another format": lambda folder: reseal(folder, lambda told: told.update(version=99)),
    "another chain": other_chain,
}


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_a_damaged_backup_is_refused_with_words_and_leaves_nothing(
    backup: Path, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "b"
    shutil.copytree(backup, folder)
    DAMAGE[kind](folder)
    before = set(tmp_path.iterdir())
    with pytest.raises((InputError, UsageError)) as told:
        restoring.restore(folder, tmp_path / "r", actor="test")
    assert told.value.code in {"bad_backup", "no_backup"}
    assert told.value.text.zh
    assert str(folder.name) in told.value.text.en
    assert set(tmp_path.iterdir()) == before
    if kind != "another chain":
        with pytest.raises((InputError, UsageError)):
            restoring.check(folder)


def test_any_flipped_bit_anywhere_is_found(backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    shutil.copytree(backup, folder)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        flip(path)
        with pytest.raises(GeoInspectError):
            restoring.check(folder)
        path.write_bytes(raw)
    restoring.check(folder)


def test_nothing_is_overwritten(backup: Path, office: Workspace, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    for out in (full, full / "mine"):
        with pytest.raises(UsageError) as told:
            restoring.restore(backup, out, actor="test")
        assert told.value.code == "target_not_empty"
        with pytest.raises(UsageError):
            making.make(office, out, actor="test")
    assert files_of(full) == {"mine": b"mine"}
    with pytest.raises(UsageError) as told:
        making.make(office, office.folder / "b", actor="test")
    assert told.value.code == "backup_inside"
    with pytest.raises(UsageError):
        restoring.restore(backup, tmp_path / "none" / "r", actor="test")
    (tmp_path / "empty").mkdir()
    restoring.restore(backup, tmp_path / "empty", actor="test")


def test_a_full_disk_is_told_before_and_while_copying(
    backup: Path, office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(tmp_path.iterdir())
    rows = rows_of(office.database.path)["audit"]

    def no_room(_source: Path, _target: Path) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    calls = (
        lambda: making.make(office, tmp_path / "b", actor="test"),
        lambda: restoring.restore(backup, tmp_path / "r", actor="test"),
    )
    for module, call in zip((making, restoring), calls, strict=True):
        with monkeypatch.context() as patch:
            patch.setattr(module, "copy_hashed", no_room)
            with pytest.raises(StoreError) as told:
                call()
            assert told.value.code == "cannot_write"
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(copying.shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    for call in calls:
        with pytest.raises(StoreError) as told:
            call()
        assert told.value.code == "disk_full"
    assert set(tmp_path.iterdir()) == before
    assert rows_of(office.database.path)["audit"] == rows


def test_a_killed_backup_has_no_name_and_is_swept(
    office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign, parent = tmp_path / "sign", tmp_path / "disk"
    parent.mkdir()
    asked = [sys.executable, str(BUSY), "stay", str(office.folder), str(parent / "b"), str(sign)]
    child = subprocess.Popen(asked)
    end_s = time.monotonic() + PATIENCE_S
    while not sign.exists() and time.monotonic() < end_s:
        time.sleep(0.02)
    assert sign.exists()
    # While it is at work, nobody sweeps what it makes.
    monkeypatch.setattr(copying, "_LEFTOVER_S", -1.0)
    making.make(office, parent / "other", actor="test")
    assert len(list(parent.glob(".b.partial-*"))) == 1
    child.kill()
    child.wait()
    assert not (parent / "b").exists()
    making.make(office, parent / "b", actor="test")
    assert {path.name for path in parent.iterdir()} == {"b", "other"}
    restoring.check(parent / "b")


def test_a_restored_workspace_goes_on(backup: Path, tmp_path: Path) -> None:
    restoring.restore(backup, tmp_path / "r", actor="test")
    with Workspace.open(tmp_path / "r") as restored:
        assert verify_workspace(restored).fault_count == 0
        assert not (restored.folder / "secret.key").exists()
        making.make(restored, tmp_path / "b2", actor="test")
    again = restoring.restore(tmp_path / "b2", tmp_path / "r2", actor="test")
    assert again.report.fault_count == 0
