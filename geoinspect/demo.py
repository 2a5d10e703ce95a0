"""The demo: a simulated county, taken through the whole line into a workspace of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect import pipeline
from geoinspect.demo_cases import tell_cases
from geoinspect.demo_story import claim_figures, tell_story
from geoinspect.dirt_report import dirt_report
from geoinspect.errors import Text
from geoinspect.files import replaced_file
from geoinspect.store import audit, people
from geoinspect.store.workspace import Workspace

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
    from sample_data.county import inputs_for
    from sample_data.truth import TRACK_TRUTH

    inputs, basemap = inputs_for(folder / "county", tell=tell)
    config = f"simulated = true\npublic_tips = true\nbasemap = {json.dumps(basemap.resolve().as_posix())}\n"
    with Workspace.create(folder / "workspace", config=config) as workspace:
        with workspace.database.writing() as session:
            if people.user_named(session, USER) is None:
                password = secrets.token_urlsafe(16)
                people.add_user(session, name=USER, role="admin", unit_code=None, password=password)
                audit.record(session, actor=USER, action="user.add", subject=USER, details={})
        yield workspace, _figures(workspace, inputs, folder / "county" / TRACK_TRUTH, tell)


def new_password(workspace: Workspace) -> str:
    """Give the demo's user a new random password and return it."""
    password = secrets.token_urlsafe(9)
    with workspace.database.writing() as session:
        people.set_password(session, USER, password)
        audit.record(session, actor=USER, action="user.password", subject=USER, details={})
    return password


def _figures(
    workspace: Workspace, inputs: pipeline.Inputs, truth: Path, tell: pipeline.Tell
) -> dict[str, object]:
    """Return the figures of the first run, with where the county stands now."""
    # The mark lies in the workspace, so that it goes with it.
    mark = workspace.folder / "demo.json"
    if not mark.exists():
        report = pipeline.run(workspace, inputs, actor=USER, tell=tell)
        tell_story(workspace, report.snapshot, actor=USER, tell=tell)
        tell_cases(workspace, tell=tell)
        dirt = dirt_report(workspace, truth)
        for line in dirt.lines():
            tell(line)
        with replaced_file(mark) as temp:
            text = json.dumps(
                {**report.as_json(), "dirt": dirt.as_json()}, ensure_ascii=False, indent=1
            )
            temp.write_text(text, "utf-8")
    tell(Text("示范数据已就绪", "the demo's data is ready"))
    first: dict[str, object] = json.loads(mark.read_text("utf-8"))
    now = pipeline.standing(workspace, inputs.campaign.name)
    return {**first, **now, **claim_figures(workspace, inputs.campaign.name), "simulated": True}
