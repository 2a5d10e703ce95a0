"""An exported case: checked by other people's tools, whole or not there, safe under any name."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_builders import ANALYST, NOON, case_row, county, opened
from click.testing import CliRunner
from dossier_builders import HOUR, NOTE, TITLE, full_workspace, no_sockets
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from geoinspect.casework import export as export_module
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.export import export_case, export_to
from geoinspect.casework.export_files import safe_name
from geoinspect.cli.dossiers import export as export_command
from geoinspect.errors import NotFoundError, StoreError, UsageError
from geoinspect.store.workspace import Workspace

NOW = NOON + 8 * HOUR


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, int]]:
    """Shared by tests that only take the case out."""
    workspace, case_id = full_workspace(tmp_path_factory.mktemp("full") / "w")
    with workspace:
        yield workspace, case_id


@pytest.fixture(scope="module")
def exported(full: tuple[Workspace, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "线索 2026-00001"
    with no_sockets() as tried:
        done = export_case(*full, out, now=NOW, by=ANALYST)
    assert tried == []
    assert done.files == sum(path.is_file() for path in out.rglob("*"))
    assert done.damaged == ()
    return out


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the forms that take their time; they are tested on their own."""
    html = {"html": export_module._WRITERS["html"]}
    monkeypatch.setattr(export_module, "_WRITERS", html)


def checked(folder: Path, sums: str = "SHA256SUMS") -> tuple[int, str]:
    """What sha256sum says of a folder."""
    done = subprocess.run(
        ["sha256sum", "--strict", "--quiet", "-c", sums],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def of_sums(path: Path) -> dict[str, str]:
    lines = (line.split(" *", 1) for line in path.read_text("utf-8").splitlines())
    return {name: sha256 for sha256, name in lines}


def test_sha256sum_finds_all_of_it_right(exported: Path) -> None:
    for folder in (exported, exported / "chain", exported / "rows"):
        assert checked(folder) == (0, "")
    files = {p.relative_to(exported).as_posix() for p in exported.rglob("*") if p.is_file()}
    assert set(of_sums(exported / "SHA256SUMS")) == files - {"SHA256SUMS"}


def test_a_flipped_byte_names_its_file(exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(exported, copy)
    names = sorted(of_sums(exported / "SHA256SUMS"))
    for name in names:
        path = copy / name
        before = path.read_bytes()
        at = len(before) // 2
        path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
        status, told = checked(copy)
        assert status == 1
        assert f"{name}: FAILED" in told
        path.write_bytes(before)


def test_each_row_of_the_chain_hangs_on_the_one_before(exported: Path) -> None:
    sums = of_sums(exported / "chain" / "SHA256SUMS")
    numbers = sorted(int(name[:6]) for name in sums)
    assert numbers == list(range(1, max(numbers) + 1)), "this county has one case and what it took"
    before = "0" * 64
    for n in numbers:
        content = (exported / "chain" / f"{n:06d}.txt").read_bytes()
        assert content[:64].decode() == before
        before = hashlib.sha256(content).hexdigest()
        assert sums[f"{n:06d}.txt"] == before
        row = json.loads(content[65:])
        assert row[0] == n
    assert f"末行哈希 last hash: {before}" in (exported / "anchor.txt").read_text("utf-8-sig")
    assert row[3] == "case.export"
    assert row[2] == ANALYST.name


def test_evidence_hangs_on_the_chain_by_sums_alone(exported: Path) -> None:
    newest: dict[tuple[str, int], str] = {}
    for path in sorted((exported / "chain").glob("*.txt")):
        details = json.loads(json.loads(path.read_bytes()[65:])[5])
        newest |= {(table, n): seal for table, n, seal in details.get("sealed", [])}
    for (table, n), seal in newest.items():
        path = exported / "rows" / f"{table}-{n}.txt"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == seal
    texts = "".join(path.read_text("utf-8") for path in (exported / "rows").glob("evidence-*"))
    originals = list((exported / "evidence").iterdir())
    assert len(originals) == 11
    for path in originals:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in texts


def test_the_originals_are_there_byte_for_byte(exported: Path) -> None:
    names = sorted(path.name for path in (exported / "evidence").iterdir())
    assert "03-CON" in names
    assert all(not set(name) & set('<>:"/\\|?*') and len(name.encode()) < 255 for name in names)
    assert (exported / "evidence" / "03-CON").read_bytes() == b"CON"
    assert (exported / "evidence" / "11-旧文书.txt").read_bytes() == b"old", "of the merged case"


def test_tables_obey_nobody(exported: Path) -> None:
    raw = (exported / "events.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert any(NOTE in cell for row in rows for cell in row)
    told = json.loads((exported / "case.json").read_text("utf-8"))
    assert told["case"]["title"] == TITLE
    assert len(told["case"]["evidence"]) == 10
    assert len(told["merged"][0]["evidence"]) == 1
    ground = json.loads((exported / "ground.geojson").read_text("utf-8"))
    assert ground["features"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert len(ground["features"]) == 6


def test_the_readme_says_how_and_what_it_proves(exported: Path) -> None:
    raw = (exported / "README.txt").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    words = raw.decode("utf-8-sig")
    for needed in ("sha256sum -c", "certutil -hashfile", "7-Zip", "不证明", "does not prove"):
        assert needed in words


@pytest.mark.usefixtures("quick")
def test_a_zip_is_the_same_folder(full: tuple[Workspace, int], tmp_path: Path) -> None:
    done = export_to(*full, tmp_path / "a.zip", now=NOW, by=ANALYST)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.testzip() is None
        assert len(packed.namelist()) == done.files
        packed.extractall(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert checked(tmp_path / "out" / "case-2026-00001") == (0, "")


@pytest.mark.parametrize(
    ("name", "head"), [("a.pdf", b"%PDF-"), ("a.docx", b"PK"), ("A.HTML", b"<!DOC")]
)
def test_single_documents(
    full: tuple[Workspace, int], tmp_path: Path, name: str, head: bytes
) -> None:
    done = export_to(*full, tmp_path / name, now=NOW, by=ANALYST)
    assert (tmp_path / name).read_bytes().startswith(head)
    assert (done.number, done.files, done.damaged) == ("2026-00001", 1, ())


@pytest.mark.usefixtures("quick")
def test_taking_out_leaves_the_chain_whole(office: Workspace, tmp_path: Path) -> None:
    case_id = opened(office)
    export_case(office, case_id, tmp_path / "a", now=NOW, by=ANALYST)
    report = verify_workspace(office)
    assert report.fault_count == 0
    assert report.rows == 2
    assert case_row(office, case_id).version == 1


@pytest.mark.usefixtures("quick")
def test_nothing_is_replaced_and_nothing_is_left_half(office: Workspace, tmp_path: Path) -> None:
    case_id = opened(office)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    for out in (taken, taken / "mine.txt"):
        with pytest.raises(UsageError, match="不会覆盖"):
            export_case(office, case_id, out, now=NOW, by=ANALYST)
    with pytest.raises(UsageError, match="输出目录不存在"):
        export_case(office, case_id, tmp_path / "no" / "a", now=NOW, by=ANALYST)
    with pytest.raises(NotFoundError):
        export_case(office, 999, tmp_path / "a", now=NOW, by=ANALYST)
    assert left_in(tmp_path) == ["taken", "w"]
    empty = tmp_path / "empty"
    empty.mkdir()
    export_case(office, case_id, empty, now=NOW, by=ANALYST)
    assert (empty / "SHA256SUMS").is_file()


@pytest.mark.parametrize("name", ["a", "a.zip", "a.pdf"])
def test_a_disk_that_fills_leaves_nothing(
    office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case_id = opened(office)

    def full_disk(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_module, "_WRITERS", dict.fromkeys(("html", "pdf"), full_disk))
    with pytest.raises(StoreError, match="无法写入"):
        export_to(office, case_id, tmp_path / name, now=NOW, by=ANALYST)
    assert left_in(tmp_path) == ["w"]


@pytest.mark.usefixtures("quick")
def test_changed_and_lost_evidence_is_named_by_sha256sum(tmp_path: Path) -> None:
    workspace, case_id = full_workspace(tmp_path / "w")
    with workspace:
        sums = [hashlib.sha256(data).hexdigest() for data in (b"CON", b"old")]
        workspace.vault.path_of(sums[0]).write_bytes(b"con")
        workspace.vault.path_of(sums[1]).unlink()
        done = export_case(workspace, case_id, tmp_path / "a", now=NOW, by=ANALYST)
    assert done.damaged == ("evidence/03-CON", "evidence/11-旧文书.txt")
    status, told = checked(tmp_path / "a")
    assert status == 1
    assert "evidence/03-CON: FAILED" in told
    assert "11-旧文书.txt: FAILED open or read" in told
    assert told.count("FAILED") == 2
    page = (tmp_path / "a" / "dossier.html").read_text("utf-8")
    assert "文件已被改动" in page
    assert "文件丢失" in page
    assert "evidence/03-CON" in (tmp_path / "a" / "README.txt").read_text("utf-8-sig")


@pytest.mark.usefixtures("quick")
def test_a_broken_chain_is_not_handed_out(office: Workspace, tmp_path: Path) -> None:
    case_id = opened(office)
    with office.database.writing() as session:
        session.execute(text("UPDATE audit SET actor = 'other' WHERE id = 1"))
    with pytest.raises(StoreError, match="第 1 行与它的哈希不符"):
        export_case(office, case_id, tmp_path / "a", now=NOW, by=ANALYST)
    assert left_in(tmp_path) == ["w"]


@pytest.mark.usefixtures("quick")
def test_a_row_changed_by_another_hand_doesnt_fit_its_seal(
    office: Workspace, tmp_path: Path
) -> None:
    case_id = opened(office)
    with office.database.writing() as session:
        session.execute(text("UPDATE \"case\" SET title = '改过'"))
    export_case(office, case_id, tmp_path / "a", now=NOW, by=ANALYST)
    chain = json.loads((tmp_path / "a" / "chain" / "000001.txt").read_bytes()[65:])
    seals = {(table, n): seal for table, n, seal in json.loads(chain[5])["sealed"]}
    text_now = (tmp_path / "a" / "rows" / f"case-{case_id}.txt").read_bytes()
    assert hashlib.sha256(text_now).hexdigest() != seals["case", case_id]


def test_who_took_it_out_must_be_noted(
    office: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = opened(office)

    def fails(*_: object, **__: object) -> None:
        raise StoreError("审计写不进去", "no audit", code="audit_not_written")

    monkeypatch.setattr(export_module.audit, "record", fails)
    for name in ("a", "a.pdf"):
        with pytest.raises(StoreError, match="no audit"):
            export_to(office, case_id, tmp_path / name, now=NOW, by=ANALYST)
    assert left_in(tmp_path) == ["w"]


@given(st.integers(1, 999), st.text(alphabet=st.characters(), max_size=300))
def test_any_name_becomes_one_that_every_system_stores(n: int, name: str) -> None:
    made = safe_name(n, name)
    assert made.startswith(f"{n:02d}-")
    assert len(made.encode()) <= 220
    assert len(made) <= 90
    assert made.isprintable()
    assert not set(made) & set('<>:"/\\|?*')
    assert made == made.rstrip(". ")
    assert safe_name(n, name) == made


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("../../x", "01-_._x"),
        ("CON", "01-CON"),
        ("照片.JPG", "01-照片.JPG"),
        ("", "01-file"),
        ("...", "01-file"),
        ("a\u202egpj.exe", "01-a gpj.exe"),
        ("a\nb\\c.txt", "01-a b_c.txt"),
    ],
)
def test_names(name: str, made: str) -> None:
    assert safe_name(1, name) == made


@pytest.mark.usefixtures("quick")
def test_the_command_line_takes_a_case_out(office: Workspace, tmp_path: Path) -> None:
    opened(office)
    out = str(tmp_path / "a")
    done = CliRunner().invoke(
        export_command, ["2026-00001", "--out", out, "--json"], obj=office.folder
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["number"] == "2026-00001"
    assert checked(tmp_path / "a") == (0, "")
