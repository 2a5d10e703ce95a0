"""The sample county's planted copies and doubtful tracks are caught, and counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from geoinspect import pipeline
from geoinspect.dirt_report import DirtReport, dirt_report
from geoinspect.intake import Intake
from geoinspect.intake.batch import add_tracks
from geoinspect.records import Rule
from geoinspect.store import sightings
from geoinspect.store.schema import TrackRow
from geoinspect.store.workspace import Workspace
from sample_data.county import inputs_for
from sample_data.truth import REASONS, TRACK_TRUTH

WHOLE_COPIES = ("second_device", "other_app", "time_shifted", "another_team")


@pytest.fixture(scope="module")
def taken_in(
    tmp_path_factory: pytest.TempPathFactory, county: Path
) -> Iterator[tuple[Workspace, Path]]:
    """A workspace with what is dirty or doubtful in a small county, and what was copied; and the
    truth of just these files.
    """
    folder = tmp_path_factory.mktemp("dirty")
    files = json.loads((county / TRACK_TRUTH).read_text("utf-8"))["files"]
    files = chosen(files)
    wanted = {file["file"] for file in files}
    inputs, _ = inputs_for(county, tell=lambda _: None, seed=7)
    tracks = [
        (path, tags)
        for path, tags in inputs.tracks
        if path.relative_to(county).as_posix() in wanted
    ]
    truth = folder / "truth.json"
    truth.write_text(json.dumps({"files": files}), "utf-8")
    with Workspace.create(folder / "workspace") as workspace:
        pipeline.add_ground(workspace, replace(inputs, tracks=()), actor="t", tell=lambda _: None)
        pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        intake = Intake(workspace, actor="t").tracks
        assert len(list(add_tracks(intake, tracks, workspace.settings, workers=0))) == len(tracks)
        yield workspace, truth


@pytest.fixture(scope="module")
def report(taken_in: tuple[Workspace, Path]) -> DirtReport:
    return dirt_report(*taken_in)


def chosen(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is doubtful, what it was copied from, and a file of few outings for each other rule."""
    wanted = {file["file"] for file in files if file["doubt"] or file["same_as"]}
    wanted |= {file["copy_of"] or file["same_as"] for file in files} - {None}
    for rule in Rule:
        if not any(rule in file["points"] for file in files if file["file"] in wanted):
            dirty = [file for file in files if rule in file["points"]]
            wanted.add(min(dirty, key=lambda file: file["outings"])["file"])
    return [file for file in files if file["file"] in wanted]


def rows_of(taken_in: tuple[Workspace, Path]) -> dict[str, list[TrackRow]]:
    """The rows of each file by what was planted in it."""
    workspace, truth = taken_in
    files = json.loads(truth.read_text("utf-8"))["files"]
    with workspace.database.reading() as session:
        rows = sightings.tracks(session)
    return {
        kind: [
            row
            for row in rows
            for file in files
            if file["doubt"] == kind and file["sha256"] == row.file.sha256
        ]
        for kind in REASONS
    }


def test_every_repeat_and_doubtful_file_is_caught_and_no_other(report: DirtReport) -> None:
    assert set(report.doubtful) >= {"same_bytes", *REASONS}
    assert {kind: found.missed for kind, found in report.doubtful.items() if found.missed} == {}
    assert report.false_alarms == {}


def test_planted_fixes_are_flagged_and_good_ones_are_not(report: DirtReport) -> None:
    for rule, found in report.rules.items():
        # Of a rest the rule keeps its ends and a fix every few minutes; short ones are no stops.
        least = 0.7 if rule is Rule.JITTER else 0.85
        assert found.planted > 0, rule
        assert found.flagged >= least * found.planted, rule
    assert report.good > 5000
    assert sum(found.wrong for found in report.rules.values()) < 0.03 * report.good


def test_a_repeated_walk_adds_next_to_no_length(taken_in: tuple[Workspace, Path]) -> None:
    rows = rows_of(taken_in)
    copies = [row for kind in WHOLE_COPIES for row in rows[kind]]
    assert len(copies) >= 5
    counted_m, walked_m = (
        sum(getattr(row, name) for row in copies) for name in ("counted_length_m", "length_m")
    )
    assert counted_m < 0.05 * walked_m
    # A third of the second half was in the first file.
    (half,) = rows["overlapping_half"]
    assert 0.5 < half.counted_length_m / half.cleaned_length_m < 0.8


def test_the_figures_say_what_was_missed(taken_in: tuple[Workspace, Path]) -> None:
    """With an alarm expected where there is none, and none where there is one, both are told."""
    workspace, truth = taken_in
    files = json.loads(truth.read_text("utf-8"))["files"]
    original = next(file for file in files if not file["doubt"] and not file["same_as"])
    driven = next(file for file in files if file["doubt"] == "driven")
    original.update(doubt="hand_made", reasons=["constant_speed"])
    driven.update(doubt=None, reasons=[])
    changed = truth.with_name("changed.json")
    changed.write_text(json.dumps({"files": files}), "utf-8")
    found = dirt_report(workspace, changed).as_json()
    assert original["file"] in found["doubtful_files"]["hand_made"]["missed"]
    assert found["false_alarms"]["names"].keys() == {driven["file"]}


def test_the_lines_name_every_rule_and_kind(report: DirtReport) -> None:
    lines = list(report.lines())
    planted = sum(found.planted > 0 for found in report.rules.values())
    assert len(lines) == planted + len(report.doubtful) + 1
    assert all(line.zh and line.en for line in lines)
