"""How long sessions and wrong tries stay on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from geoinspect.errors import UsageError
from geoinspect.jobs.duties import do_due
from geoinspect.store import logins, people, tries
from geoinspect.store.login_schema import LoginRow, LoginTryRow
from geoinspect.store.workspace import Workspace

DAY = timedelta(days=1)
LOCK = timedelta(hours=1)


def test_a_worker_removes_what_is_older_than_is_kept_and_nothing_else(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    # When it was last used and when it ended, in days before now; whether it stays.
    sessions = {
        (400, 181): False,
        (400, 179): True,
        (181, None): False,
        (179, None): True,
        (1, 0): True,
    }
    tried = {"old": (now - 2 * DAY, None), "new": (now - DAY / 2, None)}
    tried["locked"] = (now - 2 * DAY, now + LOCK)
    with Workspace.create(tmp_path / "w") as workspace:
        stays = set()
        with workspace.database.writing() as session:
            person = people.add_user(
                session, name="甲", role="field", unit_code=None, password="long enough 1"
            )
            for (seen, ended), kept in sessions.items():
                row = logins.start(session, user_id=person.id, address="", agent="")[1]
                row.created_at = row.seen_at = now - seen * DAY
                row.ended_at = None if ended is None else now - ended * DAY
                stays |= {row.id} if kept else set()
            for key, (first_at, locked) in tried.items():
                session.add(LoginTryRow(key=key, wrong=5, first_at=first_at, locked_until=locked))
        assert do_due(workspace)
        with workspace.database.reading() as session:
            assert set(session.scalars(select(LoginRow.id))) == stays
            assert set(session.scalars(select(LoginTryRow.key))) == {"new", "locked"}
            bound = tries.Bound("locked", 5, LOCK, LOCK)
            assert tries.locked_for(session, bound, now) is not None


def test_less_than_half_a_year_can_not_be_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="login_keep_days"):
        Workspace.create(tmp_path / "w", config="login_keep_days = 179\n")
