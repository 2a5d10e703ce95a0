"""Wrong tries: a lock comes when it should, goes when it should, and no clock makes it longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoinspect.store import tries
from geoinspect.store.workspace import Workspace

START = datetime(2026, 5, 14, 8, tzinfo=UTC)
LOCK = timedelta(minutes=30)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.create(tmp_path_factory.mktemp("tries") / "w") as made:
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    waits=st.lists(st.integers(-120, 120), min_size=1, max_size=30),
    most=st.integers(1, 6),
    number=st.integers(0, 10**9),
)
def test_tries_and_locks_under_any_clock(
    workspace: Workspace, waits: list[int], most: int, number: int
) -> None:
    bound = tries.Bound(f"{number:064d}", most, LOCK, LOCK)
    now, in_a_row = START, 0
    with workspace.database.reading() as session:
        for minutes in waits:
            now += timedelta(minutes=minutes)
            wait = tries.locked_for(session, bound, now)
            if wait is not None:
                assert timedelta(0) < wait <= LOCK
                # What locks is as many wrong tries as there may be, never fewer.
                assert in_a_row >= most
                assert tries.locked_for(session, bound, now + LOCK + timedelta(days=9)) is None
                continue
            locks = tries.count(session, bound, now)
            in_a_row = in_a_row + 1 if not locks else most
            if locks:
                assert tries.locked_for(session, bound, now) == LOCK
        session.rollback()


def test_the_nth_wrong_try_locks_and_a_right_one_gives_its_place_back(workspace: Workspace) -> None:
    bound = tries.Bound("a" * 64, 3, LOCK, LOCK)
    with workspace.database.reading() as session:
        assert [tries.count(session, bound, START) for _ in range(3)] == [False, False, True]
        assert tries.locked_for(session, bound, START) == LOCK
        tries.give_back(session, bound)
        assert tries.locked_for(session, bound, START) is None
        assert tries.count(session, bound, START) is True
        tries.forget(session, bound)
        assert tries.count(session, bound, START) is False


def test_old_tries_count_no_more_and_are_swept(workspace: Workspace) -> None:
    bound = tries.Bound("b" * 64, 2, LOCK, LOCK)
    with workspace.database.reading() as session:
        tries.count(session, bound, START)
        assert tries.count(session, bound, START + LOCK + timedelta(seconds=1)) is False
        session.flush()
        tries.sweep(session, 4 * LOCK)
        session.expire_all()
        assert session.get(tries.LoginTryRow, bound.key) is None
