"""The demo: a simulated county, taken through the whole line into a workspace of its own."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from geoinspect import pipeline
from geoinspect.errors import Text
from geoinspect.files import replaced_file
from geoinspect.intake import TrackTags
from geoinspect.records import Datum, Mode
from geoinspect.store import audit, people
from geoinspect.store.workspace import Workspace

if TYPE_CHECKING:
    from sample_data import Manifest

USER = "demo"


@contextmanager
def prepare(folder: Path, *, tell: pipeline.Tell) -> Iterator[tuple[Workspace, dict[str, object]]]:
    """Yield the demo's workspace and its figures, made when they are not there yet.

    It can be stopped at any moment and run again.

    Args:
        folder: Takes the simulated county (``county``) and the workspace (``workspace``).
        tell: Hears what is being done.
    """
    # The generator is heavy and only the demo needs it.
    from sample_data import generate

    county = folder / "county"
    tell(Text("生成模拟示范县", "making the simulated county"))
    manifest = generate(county)
    basemap = county / manifest.of_kind("basemap")[0].path
    config = f"simulated = true\nbasemap = {json.dumps(basemap.resolve().as_posix())}\n"
    with Workspace.create(folder / "workspace", config=config) as workspace:
        _ensure_user(workspace)
        yield workspace, _figures(workspace, folder, manifest, county, tell)


def inputs_of(manifest: Manifest, county: Path) -> pipeline.Inputs:
    """Return what the line takes in, from the list of the simulated county's files."""
    plan = manifest.campaign
    return pipeline.Inputs(
        units=[unit for file in manifest.of_kind("units") for unit in _units(county / file.path)],
        areas=[county / file.path for file in manifest.of_kind("areas")],
        zones=[county / file.path for file in manifest.of_kind("zones")],
        campaign=pipeline.CampaignPlan(
            name=plan["name"],
            area_code=plan["area"],
            start=date.fromisoformat(plan["start"]),
            end=date.fromisoformat(plan["end"]),
            cell_m=float(plan["cell_m"]),
        ),
        tracks=[(county / file.path, _tags(file.about)) for file in manifest.of_kind("track")],
        surveys=[county / file.path for file in manifest.of_kind("survey")],
    )


def _figures(
    workspace: Workspace, folder: Path, manifest: Manifest, county: Path, tell: pipeline.Tell
) -> dict[str, object]:
    path = folder / "figures.json"
    if path.exists():
        tell(Text("示范数据已就绪", "the demo's data is ready"))
        kept: dict[str, object] = json.loads(path.read_text("utf-8"))
        return kept
    report = pipeline.run(workspace, inputs_of(manifest, county), actor=USER, tell=tell)
    figures = {**report.as_json(), "simulated": True}
    with replaced_file(path) as temp:
        temp.write_text(json.dumps(figures, ensure_ascii=False, indent=1), "utf-8")
    return figures


def _ensure_user(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        if people.user_named(session, USER) is None:
            password = secrets.token_urlsafe(16)
            people.add_user(session, name=USER, role="admin", unit_code=None, password=password)
            audit.record(session, actor=USER, action="user.add", subject=USER, details={})


def _units(path: Path) -> list[tuple[str, str, str | None]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [(row["code"], row["name"], row["parent"] or None) for row in csv.DictReader(stream)]


def _tags(about: dict[str, str | None]) -> TrackTags:
    mode, day, datum = about.get("mode"), about.get("day"), about.get("datum")
    return TrackTags(
        unit_code=about.get("unit"),
        team=about.get("team"),
        mode=None if mode is None else Mode(mode),
        datum=None if datum is None else Datum(datum),
        day=None if day is None else date.fromisoformat(day),
    )
