"""Uploads that arrive in pieces, at every step cut off: nothing lost, nothing twice."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select

from geoinspect.errors import ConflictError, GeoInspectError, StoreError
from geoinspect.intake import arriving
from geoinspect.intake.arriving import Arrivals
from geoinspect.store import audit, people
from geoinspect.store.incoming import NewIncoming
from geoinspect.store.job_schema import IncomingRow, JobRow
from geoinspect.store.schema import AuditRow, FileRow, UploadRow
from geoinspect.store.vault import FREE_FLOOR_BYTES, Vault
from geoinspect.store.workspace import Workspace

DATA = b"<gpx>" + bytes(range(256)) * 40


def made(folder: Path, *, config: str = "") -> Workspace:
    workspace = Workspace.create(folder, config=config)
    with workspace.database.writing() as session:
        for name in ("one", "two"):
            people.add_user(
                session, name=name, role="field", unit_code=None, password="Long enough 1"
            )
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with made(tmp_path / "w") as workspace:
        yield workspace


def asked(data: bytes = DATA, *, user_id: int = 1, sha256: str | None = None) -> NewIncoming:
    return NewIncoming(user_id, "a.gpx", len(data), sha256, {"team": "一组"})


def parts_of(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / "incoming").glob("*"))


def counted(workspace: Workspace) -> dict[str, int]:
    with workspace.database.reading() as session:
        return {
            row.__tablename__: session.scalar(select(func.count()).select_from(row)) or 0
            for row in (FileRow, UploadRow, JobRow)
        }


def refused(act: Callable[[], object]) -> str:
    """The code of the error that something ends with."""
    with pytest.raises(GeoInspectError) as told:
        act()
    return told.value.code


def test_the_last_byte_makes_file_receipt_job_and_audit_together(workspace: Workspace) -> None:
    arrivals = Arrivals(workspace)
    begun = arrivals.begin(asked(sha256=hashlib.sha256(DATA).hexdigest()))
    assert (begun.state, begun.offset) == ("arriving", 0)
    assert arrivals.append(begun.id, 1, 0, DATA[:100]).offset == 100
    assert counted(workspace) == {"file": 0, "upload": 0, "job": 0}
    done = arrivals.append(begun.id, 1, 100, DATA[100:])
    assert (done.state, done.offset) == ("received", len(DATA))
    assert counted(workspace) == {"file": 1, "upload": 1, "job": 1}
    with workspace.database.reading() as session:
        upload = people.upload(session, str(done.receipt_id))
        job = session.scalars(select(JobRow)).one()
        entry = session.scalars(select(AuditRow)).one()
        audit.verify(session)
    assert (job.kind, job.subject, job.args) == (
        "understand",
        upload.id,
        {"tags": {"team": "一组"}},
    )
    assert (entry.action, entry.actor) == ("upload", "one")
    assert workspace.vault.path_of(upload.file.sha256).read_bytes() == DATA
    assert parts_of(workspace) == []
    # Asked again, as the answer was lost: the same.
    again = arrivals.append(begun.id, 1, 100, DATA[100:])
    assert (again.receipt_id, again.offset) == (done.receipt_id, len(DATA))
    assert arrivals.find(begun.id, 1) == again
    assert refused(lambda: arrivals.give_up(begun.id, 1)) == "already_received"


def test_wrong_bytes_are_no_receipt(workspace: Workspace) -> None:
    arrivals = Arrivals(workspace)
    begun = arrivals.begin(asked(sha256="0" * 64))
    ended = arrivals.append(begun.id, 1, 0, DATA)
    assert (ended.state, ended.receipt_id, ended.error["code"]) == ("refused", None, "checksum")
    assert counted(workspace) == {"file": 0, "upload": 0, "job": 0}
    assert parts_of(workspace) == []
    assert not [*(workspace.folder / "files").glob("??/*")]
    assert arrivals.find(begun.id, 1).state == "refused"


def test_other_peoples_uploads_look_like_none(workspace: Workspace) -> None:
    arrivals = Arrivals(workspace)
    begun = arrivals.begin(asked())
    for act in (
        lambda: arrivals.find(begun.id, 2),
        lambda: arrivals.append(begun.id, 2, 0, DATA),
        lambda: arrivals.give_up(begun.id, 2),
        lambda: arrivals.find("../../secret.key", 1),
    ):
        assert refused(act) == "no_such_upload"
    assert arrivals.find(begun.id, 1).offset == 0


def test_the_same_bytes_of_one_person_have_one_receipt_and_of_two_have_two(
    workspace: Workspace,
) -> None:
    arrivals = Arrivals(workspace)
    receipts = []
    for user_id in (1, 1, 2):
        begun = arrivals.begin(asked(user_id=user_id))
        receipts.append(arrivals.append(begun.id, user_id, 0, DATA).receipt_id)
    assert receipts[0] == receipts[1] != receipts[2]
    assert counted(workspace) == {"file": 1, "upload": 2, "job": 2}


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


STEPS: list[tuple[object, str]] = [
    (arriving.Partial, "append"),
    (Vault, "adopt"),
    (arriving, "kind_of"),
    (arriving, "record_received"),
    (audit, "record"),
    (arriving.Partial, "remove"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("after", [False, True])
def test_cut_off_at_any_step_of_the_end_it_ends_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, after: bool
) -> None:
    real: Callable[..., object] = getattr(owner, step)

    def dies(*given: object, **named: object) -> object:
        if after:
            real(*given, **named)
        raise Killed

    first = Arrivals(workspace)
    begun = first.begin(asked())
    first.append(begun.id, 1, 0, DATA[:50])
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dies)
        with pytest.raises(Killed):
            first.append(begun.id, 1, 50, DATA[50:])
    # Another process takes over: it knows nothing but what is on the disk.
    second = Arrivals(workspace)
    second.repair()
    now = second.find(begun.id, 1)
    if (step, after) == ("append", False):
        assert (now.state, now.offset) == ("arriving", 50)
        now = second.append(begun.id, 1, 50, DATA[50:])
    assert (now.state, now.offset) == ("received", len(DATA))
    assert counted(workspace) == {"file": 1, "upload": 1, "job": 1}
    with workspace.database.reading() as session:
        row = people.upload(session, str(now.receipt_id))
    assert workspace.vault.path_of(row.file.sha256).read_bytes() == DATA
    second.sweep()
    assert parts_of(workspace) == []


def test_a_large_file_of_which_nobody_saw_all_bytes_is_checked_in_a_job(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "_REHASH_BYTES", 1000)
    first = Arrivals(workspace)
    begun = first.begin(asked())
    first.append(begun.id, 1, 0, DATA[:50])
    second = Arrivals(workspace)
    handed = second.append(begun.id, 1, 50, DATA[50:])
    assert (handed.state, handed.receipt_id) == ("checking", None)
    with workspace.database.reading() as session:
        job = session.scalars(select(JobRow)).one()
    assert (job.kind, job.subject, job.weight) == ("arrive", begun.id, "long")
    told = arriving.finish_arrival(workspace, begun.id)
    assert told == arriving.finish_arrival(workspace, begun.id)
    assert second.find(begun.id, 1).receipt_id == told["receipt"] is not None
    assert parts_of(workspace) == []


def test_a_large_file_that_is_no_picture_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    with made(tmp_path / "w", config="track_max_mb = 0.001\n") as workspace:
        arrivals = Arrivals(workspace)
        begun = arrivals.begin(asked())
        arrivals.append(begun.id, 1, 0, DATA[:2])
        assert refused(lambda: arrivals.append(begun.id, 1, 2, DATA[2:50])) == "too_large"
        assert arrivals.find(begun.id, 1).state == "refused"
        picture = b"II*\0" + DATA
        begun = arrivals.begin(asked(picture))
        assert arrivals.append(begun.id, 1, 0, picture).state == "received"


def test_the_disks_floor_counts_what_others_still_send(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = Arrivals(workspace)
    usage = shutil.disk_usage(workspace.folder)._replace(free=FREE_FLOOR_BYTES + 3 * len(DATA) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    begun = arrivals.begin(asked())
    arrivals.append(begun.id, 1, 0, DATA[:-1])
    arrivals.begin(asked(user_id=2))
    arrivals.begin(asked(user_id=2))
    with pytest.raises(StoreError) as told:
        arrivals.begin(asked())
    assert told.value.code == "disk_full"
    assert "磁盘" in told.value.text.zh
    # What has begun still ends.
    assert arrivals.append(begun.id, 1, len(DATA) - 1, DATA[-1:]).state == "received"


def test_bounds_for_one_person(tmp_path: Path) -> None:
    config = "upload_waiting_files = 2\nupload_waiting_gb = 0.00003\nraster_max_mb = 0.02\n"
    with made(tmp_path / "w", config=config) as workspace:
        arrivals = Arrivals(workspace)
        assert refused(lambda: arrivals.begin(asked(b""))) == "empty"
        assert refused(lambda: arrivals.begin(asked(bytes(20_001)))) == "too_large"
        begun = arrivals.begin(asked(bytes(20_000)))
        assert refused(lambda: arrivals.begin(asked(bytes(10_001)))) == "too_much_under_way"
        arrivals.begin(asked(bytes(9_000)))
        assert refused(lambda: arrivals.begin(asked(b"x"))) == "too_many_uploads"
        arrivals.begin(asked(b"x", user_id=2))
        arrivals.give_up(begun.id, 1)
        arrivals.begin(asked(b"x"))


def test_a_write_that_fails_in_the_middle_leaves_the_file_as_it_was(workspace: Workspace) -> None:
    """The kernel bounds the size of this process's files: for it the disk is full there."""
    arrivals = Arrivals(workspace)
    begun = arrivals.begin(asked())
    arrivals.append(begun.id, 1, 0, DATA[:1000])
    (part,) = parts_of(workspace)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with arrivals._partials.locked(begun.id) as partial:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        try:
            assert refused(lambda: partial.append(DATA[1000:9000])) == "cannot_write"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert part.stat().st_size == 1000
    assert arrivals.append(begun.id, 1, 1000, DATA[1000:]).state == "received"


def test_what_rests_too_long_goes_and_what_is_touched_stays(workspace: Workspace) -> None:
    arrivals = Arrivals(workspace)
    empty, begun = arrivals.begin(asked()), arrivals.begin(asked())
    touched = arrivals.append(begun.id, 1, 0, DATA[:10])
    assert empty.expires_at < touched.expires_at - timedelta(days=6)
    with workspace.database.writing() as session:
        row = session.get_one(IncomingRow, begun.id)
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert refused(lambda: arrivals.find(begun.id, 1)) == "upload_gone"
    stray = workspace.folder / "incoming" / f"{'a' * 32}.part"
    stray.write_bytes(b"x")
    os.utime(stray, (1, 1))
    assert arrivals.sweep() == 2
    assert [path.stem for path in parts_of(workspace)] == [empty.id]
    assert refused(lambda: arrivals.find(begun.id, 1)) == "no_such_upload"


def test_who_holds_a_file_too_long_makes_others_wait_in_words(workspace: Workspace) -> None:
    arrivals = Arrivals(workspace)
    begun = arrivals.begin(asked())
    files = Arrivals(workspace)._partials

    def take() -> None:
        with files.locked(begun.id, patience_s=0.05):
            pass

    with files.locked(begun.id):
        assert refused(take) == "upload_locked"
    take()


def test_two_at_once_write_every_byte_once(workspace: Workspace) -> None:
    arrivals = [Arrivals(workspace), Arrivals(workspace)]
    begun = arrivals[0].begin(asked(sha256=hashlib.sha256(DATA).hexdigest()))
    ends: list[str] = []

    def send(one: Arrivals) -> None:
        while True:
            now = one.find(begun.id, 1)
            if now.state != "arriving":
                ends.append(f"{now.state} {now.receipt_id}")
                return
            try:
                one.append(begun.id, 1, now.offset, DATA[now.offset : now.offset + 700])
            except ConflictError:
                continue

    threads = [threading.Thread(target=send, args=(one,)) for one in arrivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 2
    assert len(set(ends)) == 1
    assert ends[0].startswith("received ")
    assert counted(workspace) == {"file": 1, "upload": 1, "job": 1}


class Offsets(RuleBasedStateMachine):
    """Pieces at right and wrong offsets, restarts and cuts, beside a plain count of bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.workspace = made(self.folder / "w")
        self.arrivals = Arrivals(self.workspace)
        self.begun = self.arrivals.begin(asked(DATA[:300]))
        self.has = 0

    def teardown(self) -> None:
        self.workspace.close()
        shutil.rmtree(self.folder)

    @precondition(lambda self: self.has < 300)
    @rule(length=st.integers(0, 120))
    def right(self, length: int) -> None:
        end = min(self.has + length, 300)
        told = self.arrivals.append(self.begun.id, 1, self.has, DATA[self.has : end])
        self.has = end
        assert told.offset == end

    @rule(offset=st.integers(0, 400), length=st.integers(1, 300))
    def anywhere(self, offset: int, length: int) -> None:
        fits = offset == self.has and offset + length <= 300
        repeats = self.has == 300 and offset + length == 300
        data = DATA[offset : offset + length]
        if fits or repeats:
            self.has = offset + length
            assert self.arrivals.append(self.begun.id, 1, offset, data).offset == self.has
            return
        wrong = "beyond_length" if offset == self.has else "wrong_offset"
        assert refused(lambda: self.arrivals.append(self.begun.id, 1, offset, data)) == wrong

    @rule()
    def restart(self) -> None:
        self.arrivals = Arrivals(self.workspace)
        self.arrivals.repair()
        self.arrivals.sweep()

    @invariant()
    def knows_where_it_is(self) -> None:
        told = self.arrivals.find(self.begun.id, 1)
        assert told.offset == self.has
        whole = self.has == 300
        assert (told.state == "received") == whole == (told.receipt_id is not None)
        assert counted(self.workspace)["upload"] == int(whole)


Offsets.TestCase.settings = settings(max_examples=8, stateful_step_count=10, deadline=None)
TestOffsets = Offsets.TestCase
