"""The commands about where cases come from: JSON for programs, words for people, exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from case_builders import county, place
from click.testing import CliRunner
from source_builders import add_licence, add_survey, detect, square, target_table

from geoinspect.cli import app
from geoinspect.errors import GeoInspectError
from geoinspect.review_book import Answer, label
from geoinspect.review_records import Said
from geoinspect.store.workspace import Workspace


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def run(book: Workspace, *words: object) -> Any:
    command = ["-w", str(book.folder), *map(str, words), "--json"]
    done = CliRunner().invoke(app, command, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    assert done.return_value == 0
    return json.loads(done.stdout)


def shown(book: Workspace, *words: object) -> str:
    command = ["-w", str(book.folder), *map(str, words)]
    done = CliRunner().invoke(app, command, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output


def test_cases_from_patches(book: Workspace) -> None:
    survey = add_survey(book)
    numbers = detect(book, survey, [square(0, 0), square(10, 0), square(300, 0)])
    label(book, survey, numbers[2], Answer(Said.POPPY), actor="analyst")
    dry = run(book, "cases", "from-patches", *numbers, "--dry-run")
    assert len(dry["plots"]) == 2
    settled = run(book, "cases", "from-patches", "--survey", survey, "--settled")
    assert [one["patches"] for one in settled["opened"]] == [numbers[2:]]
    rest = run(book, "cases", "from-patches", "--survey", survey, "--first", 3, "--one")
    assert [one["patches"] for one in rest["opened"]] == [numbers[:2]]
    assert rest["opened"][0]["number"] in shown(book, "cases", "from-patches", *numbers)
    assert "已有 known" in shown(book, "cases", "from-patches", *numbers, "--dry-run")
    for wrong in (["--survey", survey], ["--settled"], [99]):
        with pytest.raises(GeoInspectError):
            run(book, "cases", "from-patches", *wrong)


def test_a_sighting(book: Workspace) -> None:
    spot = ("--lon", place(0).x, "--lat", place(0).y)
    done = run(book, "cases", "sighting", *spot, "--outcome", "confirmed", "--plants", 9)
    assert done["state"] == "confirmed"
    assert done["number"] in shown(book, "cases", "sighting", *spot)
    with pytest.raises(GeoInspectError, match="--outcome"):
        run(book, "cases", "sighting", *spot, "--plants", 9)


def test_targets(book: Workspace, tmp_path: Path) -> None:
    rows = [("T1", square(0, 0)), ("T2", square(500, 0))]
    path = target_table(tmp_path / "t.csv", rows)
    taken = run(book, "targets", "import", path, "--tolerance", 25, "--day", "2026-05-02")
    assert (taken["targets"], taken["again"]) == (2, False)
    assert run(book, "targets", "import", path)["again"]
    (listed,) = run(book, "targets", "lists")
    assert (listed["tolerance_m"], listed["day"]) == (25, "2026-05-02")
    assert "t.csv" in shown(book, "targets", "lists")
    run(book, "cases", "from-patches", *detect(book, add_survey(book), [square(0, 0)]))
    days = ("--from", "2000-01-01", "--to", "2199-01-01")
    told = run(book, "targets", "match", taken["list"], *days)
    assert told["targets"] == {"total": 2, "matched": 1, "rate": 0.5}
    assert "50.0% (1/2)" in shown(book, "targets", "match", taken["list"], *days)
    done = run(book, "cases", "from-targets", taken["list"], "--unmatched")
    assert {one["target"] for one in done["opened"]} >= {told["unmatched_targets"][0]["id"]}
    assert run(book, "targets", "match", taken["list"], *days)["targets"]["matched"] == 1


def test_licences(book: Workspace) -> None:
    detect(book, add_survey(book), [square(0, 0)])
    add_licence(book, square(-20, -20, 60), area_m2=4.0)
    assert run(book, "zones", "relicense") == {"licensed": 1, "suspected": 0}
    (one,) = run(book, "zones", "licences")
    assert one["surveys"][0]["problems"][0]["code"] == "over_area"
    assert "许-1" in shown(book, "zones", "licences")
