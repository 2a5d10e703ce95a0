"""Old backups go by a plain rule, and never the last one that is known to be good."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoinspect.backup import kept, manifest
from geoinspect.store import audit, audit_list
from geoinspect.store.audit_list import Wanted
from geoinspect.store.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.create(tmp_path_factory.mktemp("keep") / "w") as opened:
        yield opened


def put(workspace: Workspace, place: Path, states: dict[str, bool | None]) -> None:
    """Lay backups into a folder as the chain tells of them: not compared, found whole or damaged."""
    for name, state in states.items():
        (place / name).mkdir(parents=True)
        (place / name / manifest.NAME).write_text("{}")
        with workspace.database.writing() as session:
            audit.record(session, actor="t", action="backup.make", subject=name, details={})
            if state is not None:
                found: dict[str, object] = {"ok": state}
                audit.record(session, actor="t", action="backup.check", subject=name, details=found)


_ROUND = itertools.count(1)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    states=st.lists(st.sampled_from([None, True, False]), min_size=1, max_size=6),
    keep=st.integers(0, 4),
)
def test_the_newest_good_ones_stay_and_the_last_whole_one_always(
    workspace: Workspace, states: list[bool | None], keep: int
) -> None:
    number = next(_ROUND)
    place = workspace.folder.parent / f"copies{number}"
    names = [f"2026{number:04d}-00000{k}Z" for k in range(len(states))]
    put(workspace, place, dict(zip(names, states, strict=True)))
    strange = place / "20250101-000000Z"
    strange.mkdir()
    (strange / manifest.NAME).write_text("{}")
    workspace.settings = workspace.settings.model_copy(update={"backup_keep": keep})
    gone = kept.drop_old(workspace, place, actor="t")
    with workspace.database.reading() as session:
        rows = audit_list.listed(session, Wanted(action="backup.remove"), limit=500)
        told = [row.subject for row in rows if row.subject in names]
    assert sorted(told) == sorted(gone)
    left = sorted(path.name for path in place.iterdir())
    assert strange.name in left  # of another workspace, or put there by hand
    ours = [name for name in names if name in left]
    assert sorted(ours + gone) == names
    good = [name for name, state in zip(names, states, strict=True) if state is not False]
    whole = [name for name, state in zip(names, states, strict=True) if state]
    if keep == 0 or len(good) <= keep:
        assert gone == []
    else:
        assert set(ours) & set(good) == {*good[-keep:], *whole[-1:]}


def test_what_was_half_removed_is_no_backup_and_goes_the_next_time(workspace: Workspace) -> None:
    place = workspace.folder.parent / "half"
    put(workspace, place, {"20270101-000000Z": True})
    left = place / ".removed-20260101-000000Z"
    left.mkdir()
    (left / "rest.db").write_bytes(b"x")
    assert kept.drop_old(workspace, place, actor="t") == []
    assert [path.name for path in place.iterdir()] == ["20270101-000000Z"]
