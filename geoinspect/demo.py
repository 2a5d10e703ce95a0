"""The demo: a simulated county, taken through the whole line into a workspace of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoinspect import pipeline
from geoinspect.errors import Text
from geoinspect.files import replaced_file
from geoinspect.store import audit, people
from geoinspect.store.workspace import Workspace

USER = "demo"


@contextmanager
def prepare(folder: Path, *, tell: pipeline.Tell) -> Iterator[tuple[Workspace, dict[str, object]]]:
    """Yield the demo's workspace and its figures, made when they are not there yet.

    It can be stopped at any moment and run again.
    """
    from sample_data.county import inputs_for

    folder.mkdir(parents=True, exist_ok=True)
    inputs, basemap = inputs_for(folder / "county", tell=tell)
    config = f'simulated = true\nbasemap = "{basemap.resolve().as_posix()}"\n'
    with Workspace.create(folder / "workspace", config=config) as workspace:
        with workspace.database.writing() as session:
            if people.user_named(session, USER) is None:
                people.add_user(
                    session,
                    name=USER,
                    role="admin",
                    unit_code=None,
                    password=secrets.token_urlsafe(16),
                )
                audit.record(session, actor=USER, action="demo", subject=USER, details={})
        figures_path = folder / "figures.json"
        if figures_path.exists():
            tell(Text("示范数据已就绪", "the demo's data is ready"))
            figures = json.loads(figures_path.read_text("utf-8"))
        else:
            report = pipeline.run(workspace, inputs, actor=USER, tell=tell)
            figures = {**report.as_json(), "simulated": True}
            with replaced_file(figures_path) as temp:
                temp.write_text(json.dumps(figures, ensure_ascii=False, indent=1), "utf-8")
        yield workspace, figures
