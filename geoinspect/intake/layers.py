"""Take in what risk and plans look at: landmarks and the elevation model."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from geoinspect.campaigns import ground_of
from geoinspect.errors import Text
from geoinspect.files import readable, replaced_file
from geoinspect.ingest.landmarks import LandmarkKind, read_landmarks
from geoinspect.ingest.terrain import read_heights
from geoinspect.intake.opening import resweep
from geoinspect.records import AddResult, Problem
from geoinspect.store import audit, grounds, searching, sightings
from geoinspect.store.search_schema import LandmarkRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import keep_relief, measured_relief


def add_landmarks(workspace: Workspace, path: Path, kind: LandmarkKind, *, actor: str) -> AddResult:
    """Read a layer of landmarks; it takes the place of the earlier layer of its kind.

    Raises:
        InputError: The file can't be read or holds nothing usable.
    """
    label = readable(path.name)
    file = read_landmarks(path, kind, name=label)
    kept = workspace.vault.keep_or_find(path, max_bytes=int(workspace.settings.track_max_mb * 1e6))
    with workspace.database.writing() as session:
        file_id = sightings.file_row(session, kept, label).id
        count = searching.replace_landmarks(
            session,
            kind.value,
            (
                LandmarkRow(
                    kind=kind.value, name=(name or "")[:200], file_id=file_id, geometry=shape
                )
                for shape, name in zip(file.geometries, file.names, strict=True)
            ),
        )
        details: dict[str, object] = {"kind": kind.value, "count": count, "sha256": kept.sha256}
        audit.record(session, actor=actor, action="landmarks.add", subject=label, details=details)
    text = Text(f"{label}:{count} 个要素({kind.value})。", f"{label}: {count} {kind.value}.")
    return AddResult(label, "added", "unknown", None, text, file.problems, details)


def add_terrain(workspace: Workspace, path: Path, *, actor: str) -> AddResult:
    """Take in an elevation model: altitude moves the calendar of growth, slope the plans.

    It takes the place of an earlier one. Campaigns of which the calendar changes are swept anew.

    Raises:
        RasterError: It is no elevation model that can be read; the earlier one stays.
    """
    label = readable(path.name)
    heights = read_heights(path)
    problems: tuple[Problem, ...] = tuple(heights.problems)
    kept = workspace.vault.keep_or_find(path, max_bytes=int(workspace.settings.raster_max_mb * 1e6))
    with replaced_file(workspace.terrain_path) as temp:
        shutil.copyfile(kept.path, temp)
    with workspace.database.reading() as session:
        campaigns = [(row.id, ground_of(row)) for row in grounds.campaigns(session)]
    covered = 0
    for campaign_id, ground in campaigns:
        relief = measured_relief(workspace, ground)
        assert relief is not None
        covered += int((relief.altitude_m == relief.altitude_m).sum())
        with workspace.database.writing() as session:
            keep_relief(session, campaign_id, relief)
    with workspace.database.writing() as session:
        details: dict[str, object] = {"sha256": kept.sha256, "cells": covered}
        audit.record(session, actor=actor, action="terrain.add", subject=label, details=details)
    for campaign_id, _ in campaigns:
        resweep(workspace, campaign_id, actor=actor)
    text = Text(
        f"{label}:高程已用于 {covered} 个网格。", f"{label}: heights given to {covered} cells."
    )
    return AddResult(label, "added", "unknown", None, text, problems, details)


def resweep_all(workspace: Workspace, *, actor: str, since: date | None = None) -> int:
    """Make the looks of all campaigns anew that end on a day or later; return how many looks."""
    with workspace.database.reading() as session:
        numbers = [
            row.id for row in grounds.campaigns(session) if since is None or row.end >= since
        ]
    return sum(resweep(workspace, number, actor=actor) for number in numbers)
