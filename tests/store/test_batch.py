"""Many files at once: in order, past bad ones, on all cores, stopped anywhere and run again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from patrol_builders import EAST, WEST, Office, untimed, wander

from geoinspect.errors import NotFoundError
from geoinspect.intake.batch import Item, add_tracks
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import AddResult, Mode, Refusal
from geoinspect.store.schema import TrackRow
from geoinspect.store.vault import sha256_of

TAGS = TrackTags(unit_code=WEST, team="一组", mode=Mode.FOOT)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def mixed(office: Office) -> list[Item]:
    """Good files, the same bytes again, copies, an undated one, and four that are no tracks."""
    first, second = wander(1).recorded(1), wander(2).recorded(2)
    paths = [
        office.write("a.gpx", first),
        office.folder / "page.gpx",
        office.write("b.gpx", replace(first, lat=np.round(first.lat, 5))),
        office.folder / "again.gpx",
        office.folder / "missing.gpx",
        office.write("c.gpx", second, wander(3, start_s=second.time_s[-1] + 9000).recorded(3)),
        office.folder,
        office.write("d.gpx", untimed(wander(4).recorded(4))),
        office.folder / "empty.gpx",
    ]
    (office.folder / "page.gpx").write_text("<html></html>")
    (office.folder / "again.gpx").write_bytes((office.folder / "a.gpx").read_bytes())
    (office.folder / "empty.gpx").touch()
    return [(path, TAGS) for path in paths]


def take(office: Office, items: list[Item], workers: int) -> list[AddResult | Refusal]:
    return list(add_tracks(office.intake.tracks, items, office.workspace.settings, workers=workers))


def facts(row: TrackRow) -> dict[str, object]:
    """What lists and pages show of a track, and its line."""
    shown = {
        name: getattr(row, name)
        for name in (
            *("id", "part", "file_id", "patrol_id", "day", "first_time", "last_time", "points"),
            *("length_m", "cleaned_length_m", "counted_length_m", "inside_length_m", "inside_s"),
            *("doubts", "choices", "report", "mode", "datum_used", "west", "north"),
        )
    }
    return {**shown, "line": row.geometry.wkt}


def test_one_core_and_two_make_the_same(office: Office, tmp_path: Path) -> None:
    items = mixed(office)
    alone = take(office, items, 0)
    (tmp_path / "other").mkdir()
    with Office(tmp_path / "other") as other:
        together = take(other, items, 2)
        assert [facts(row) for row in other.tracks()] == [facts(row) for row in office.tracks()]
        assert other.seen().same(office.seen())
    for one, two in zip(alone, together, strict=True):
        assert type(one) is type(two)
        assert one.file == two.file
        if isinstance(one, AddResult):
            assert (one.status, one.details, one.problems) == (
                two.status,
                two.details,
                two.problems,
            )
    assert [one.file for one in alone] == [path.name for path, _ in items]
    kinds = [one.status if isinstance(one, AddResult) else "refused" for one in alone]
    assert kinds == [
        *("added", "refused", "added", "duplicate", "refused"),
        *("added", "refused", "added", "refused"),
    ]
    assert len(office.tracks()) == 5
    again = take(office, items, 2)
    statuses = {one.status for one in again if isinstance(one, AddResult)}
    assert statuses == {"duplicate"}
    assert len(office.tracks()) == 5


def test_results_come_one_by_one(office: Office) -> None:
    outcomes = add_tracks(office.intake.tracks, mixed(office), office.workspace.settings, workers=0)
    first = next(outcomes)
    assert isinstance(first, AddResult)
    assert len(office.tracks()) == 1
    outcomes.close()


def test_an_unknown_unit_stops_it_before_anything_is_stored(office: Office) -> None:
    items = [*mixed(office), (office.folder / "a.gpx", TrackTags(unit_code="U0"))]
    with pytest.raises(NotFoundError, match="U0"):
        take(office, items, 0)
    assert office.tracks() == []


def test_each_file_has_its_own_tags(office: Office) -> None:
    items = [
        (office.write("a.gpx", wander(1).recorded(1)), TAGS),
        (office.write("b.gpx", wander(2).recorded(2)), TrackTags(unit_code=EAST, person="P9")),
    ]
    take(office, items, 0)
    assert [(row.unit_code, row.people) for row in office.tracks()] == [(WEST, []), (EAST, ["P9"])]


# Run as a file of its own, so that the reading processes, which import it again, read like this.
DEADLY = textwrap.dedent(
    """
    import json, os, signal, sys
    from pathlib import Path
    import geoinspect.intake.batch as batch
    from geoinspect.intake import Intake
    from geoinspect.patrols.choices import TrackTags
    from geoinspect.records import AddResult
    from geoinspect.store.workspace import Workspace

    read = batch.prepare_file

    def killed_by_some(path, **options):
        # As the kernel does when memory runs out.
        if b"deadly" in path.read_bytes():
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path, **options)

    batch.prepare_file = killed_by_some
    if __name__ == "__main__":
        with Workspace.open(Path(sys.argv[1])) as workspace:
            items = [(Path(name), TrackTags()) for name in sys.argv[2:]]
            intake = Intake(workspace, actor="t").tracks
            told = batch.add_tracks(intake, items, workspace.settings, workers=2)
            print(json.dumps([
                one.status if isinstance(one, AddResult) else one.code for one in told
            ]))
    """
)


def test_a_file_that_kills_its_reader_is_passed_over(office: Office) -> None:
    paths = []
    for n in range(5):
        path = office.write(f"{n}.gpx", wander(n, y_m=200 + 100 * n).recorded(n))
        if n == 1:
            path.write_text(path.read_text("utf-8") + "<!-- deadly -->", "utf-8")
        paths.append(path)
    script = office.folder / "deadly.py"
    script.write_text(DEADLY, "utf-8")
    done = subprocess.run(
        [sys.executable, script, office.folder / "w", *paths],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    expected = ["reader_crashed" if n == 1 else "added" for n in range(5)]
    assert json.loads(done.stdout) == expected
    assert [row.file.name for row in office.tracks()] == [
        "0.gpx",
        *(f"{n}.gpx" for n in (2, 3, 4)),
    ]


def of_session(leader: int) -> list[psutil.Process]:
    """The processes that a process started and theirs; the session is its own."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_killed_anywhere_and_run_again(office: Office, tmp_path: Path) -> None:
    paths = []
    for n in range(16):
        way = wander(n % 8, y_m=150 + 100 * (n % 8), minutes=20)
        paths.append(office.write(f"{n}.gpx", way.recorded(n // 8)))
    command = [
        *(sys.executable, "-m", "geoinspect", "-w", office.folder / "w", "tracks", "add"),
        *paths,
        *("--unit", WEST, "--team", "一组", "--mode", "foot", "--json"),
    ]
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    # Somewhere in the work on the next file.
    end = time.monotonic() + 60
    while len(office.tracks()) < 4 and child.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    # Readers whose parent is gone have nobody to read for.
    end = time.monotonic() + 20
    while (orphans := of_session(child.pid)) and time.monotonic() < end:
        time.sleep(0.05)
    for orphan in orphans:
        orphan.kill()
    assert orphans == []
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(done.stdout)
    assert told["added"] + told["duplicates"] == 16
    rows = office.tracks()
    assert sorted(row.file.name for row in rows) == sorted(path.name for path in paths)
    with Office(made(tmp_path / "whole")) as whole:
        take(whole, [(path, TAGS) for path in paths], 0)
        assert whole.seen().same(office.seen())
    for row in rows:
        assert sha256_of(office.workspace.vault.path_of(row.file.sha256)) == row.file.sha256


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
