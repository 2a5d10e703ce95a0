"""Laws of the queue: no job is held twice, none is lost, the stale word changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from geoinspect.errors import ConflictError, NotFoundError, Text
from geoinspect.store import jobs
from geoinspect.store.job_schema import JobRow
from geoinspect.store.jobs import ALL_WEIGHTS, Claim, Failure, Word
from geoinspect.store.workspace import Workspace

START = datetime(2026, 5, 14, 8, tzinfo=UTC)
BROKEN = Failure("broken", Text("坏了", "broken"), again=True)
# The one that the machine works on; making one takes longer than a run.
QUEUES: list[Workspace] = []
REFUSED = Failure("refused", Text("不行", "no"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.create(tmp_path_factory.mktemp("queue") / "w") as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        session.execute(delete(JobRow))


def add(workspace: Workspace, subject: str = "a", **kwargs: object) -> int:
    with workspace.database.writing() as session:
        row = jobs.enqueue(session, "note", subject, {}, asked_by=None, **kwargs)  # type: ignore[arg-type]
        row.due_at = START
        return row.id


def take(workspace: Workspace, at: datetime = START, worker: str = "w1") -> Claim | None:
    with workspace.database.writing() as session:
        return jobs.claim(session, worker, at)


def row_of(workspace: Workspace, job_id: int) -> JobRow:
    with workspace.database.reading() as session:
        return jobs.job(session, job_id)


class Queue(RuleBasedStateMachine):
    """The queue beside a model that knows only who holds what and which results were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.workspace = QUEUES[0]
        with self.workspace.database.writing() as session:
            session.execute(delete(JobRow))
        self.now = START
        self.held: dict[int, Claim] = {}
        self.stale: list[Claim] = []
        self.results: dict[int, object] = {}
        self.made: dict[int, tuple[int, str]] = {}

    @rule(priority=st.sampled_from([10, 20, 30]), weight=st.sampled_from(ALL_WEIGHTS))
    def add(self, priority: int, weight: str) -> None:
        job_id = add(self.workspace, f"s{len(self.made)}", priority=priority, weight=weight)
        self.made[job_id] = (priority, weight)

    @rule(quick_only=st.booleans())
    def claim(self, quick_only: bool) -> None:
        weights = ("quick",) if quick_only else ALL_WEIGHTS
        before = self.rows()
        ready = [
            row
            for row in before.values()
            if row.state == "waiting" and row.weight in weights and self.may_begin(row)
        ]
        with self.workspace.database.writing() as session:
            held = jobs.claim(session, "w", self.now, weights=weights)
        if not ready:
            assert held is None
            return
        first = min(ready, key=lambda row: (row.priority, row.id))
        assert held is not None
        assert held.id == first.id
        assert held.id not in self.held
        self.held[held.id] = held

    @precondition(lambda self: self.held or self.stale)
    @rule(
        data=st.data(), what=st.sampled_from(["finish", "fail", "refuse", "stop", "back", "beat"])
    )
    def speak(self, data: st.DataObject, what: str) -> None:
        """A worker says something of a job, maybe of one that is another's by now."""
        said = data.draw(st.sampled_from([*self.held.values(), *self.stale]))
        mine = self.held.get(said.id) is said
        before = self.shape(said.id)
        with self.workspace.database.writing() as session:
            if what == "beat":
                assert (jobs.beat(session, said, self.now) is not Word.LOST) == mine
                return
            made = {"by": said.lease}
            took = {
                "finish": lambda: jobs.finish(session, said, self.now, made),
                "fail": lambda: jobs.fail(session, said, self.now, BROKEN),
                "refuse": lambda: jobs.fail(session, said, self.now, REFUSED),
                "stop": lambda: jobs.stop(session, said, self.now),
                "back": lambda: jobs.give_back(session, said, self.now),
            }[what]()
        assert took == mine
        if not mine:
            assert self.shape(said.id) == before
            return
        if what == "finish":
            assert said.id not in self.results
            self.results[said.id] = made
        self.stale.append(self.held.pop(said.id))

    @precondition(lambda self: self.made)
    @rule(data=st.data(), what=st.sampled_from([jobs.cancel, jobs.retry]))
    def person(self, data: st.DataObject, what: object) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.made)))
        state = self.rows()[job_id].state
        fits = {"waiting", "running"} if what is jobs.cancel else {"failed", "cancelled"}
        with self.workspace.database.writing() as session:
            if state in fits:
                what(session, job_id, self.now)  # type: ignore[operator]
            else:
                with pytest.raises(ConflictError):
                    what(session, job_id, self.now)  # type: ignore[operator]

    @rule(seconds=st.sampled_from([1, 61, 700, -1, -4000, 86400 * 400, -86400 * 400]))
    def clock(self, seconds: int) -> None:
        """Time passes, or the clock is set, also back."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def reclaim(self) -> None:
        with self.workspace.database.writing() as session:
            jobs.reclaim(session, self.now)
        running = {row.id for row in self.rows().values() if row.state == "running"}
        for job_id in set(self.held) - running:
            self.stale.append(self.held.pop(job_id))

    def may_begin(self, row: JobRow) -> bool:
        """No wait is longer than ten minutes: what is far ahead was said by a wrong clock."""
        ahead_s = (row.due_at - self.now).total_seconds()
        return ahead_s <= 0 or ahead_s > 1200

    def rows(self) -> dict[int, JobRow]:
        with self.workspace.database.reading() as session:
            return {row.id: row for row in session.scalars(select(JobRow))}

    def shape(self, job_id: int) -> tuple[object, ...]:
        row = self.rows()[job_id]
        return row.state, row.tries, row.lease, row.result, row.error, row.key

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        rows = self.rows()
        assert set(rows) == set(self.made)
        for job_id, row in rows.items():
            assert (row.state == "running") == (row.lease is not None)
            assert (row.state == "running") == (job_id in self.held)
            if job_id in self.held:
                assert row.lease == self.held[job_id].lease
            assert (row.state == "done") == (job_id in self.results)
            if row.state == "done":
                assert row.result == self.results[job_id]
            assert 0 <= row.tries <= row.most_tries


def test_laws_of_the_queue(workspace: Workspace) -> None:
    QUEUES[:] = [workspace]
    bounds = settings(
        max_examples=10,
        stateful_step_count=30,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Queue, settings=bounds)


def test_a_live_key_is_taken_once(workspace: Workspace) -> None:
    first = add(workspace, key="k")
    assert add(workspace, key="k") == first
    held = take(workspace)
    assert held is not None
    assert add(workspace, key="k") == first
    with workspace.database.writing() as session:
        assert jobs.finish(session, held, START, {})
    assert add(workspace, key="k") != first


def test_a_poison_job_fails_after_its_tries_and_waits_longer_each_time(
    workspace: Workspace,
) -> None:
    job_id, at, waits = add(workspace), START, []
    for _ in range(3):
        held = take(workspace, at)
        assert held is not None
        with workspace.database.writing() as session:
            assert jobs.fail(session, held, at, BROKEN)
        waits.append((row_of(workspace, job_id).due_at - at).total_seconds())
        assert take(workspace, at) is None
        at = row_of(workspace, job_id).due_at
    row = row_of(workspace, job_id)
    assert (row.state, row.tries, row.error["message_zh"]) == ("failed", 3, "坏了")
    assert 0 < waits[0] < waits[1]


def test_the_same_worker_killed_ever_again_does_not_use_up_the_tries(workspace: Workspace) -> None:
    job_id = add(workspace)
    for n in range(jobs.MOST_LOST - 1):
        held = take(workspace, START, f"w{n}")
        assert held is not None
        assert (held.tries, held.again) == (1, n > 0)
        with workspace.database.writing() as session:
            assert jobs.reclaim(session, START, gone=[f"w{n}"]) == 1
    assert row_of(workspace, job_id).state == "waiting"
    assert take(workspace, START, "last") is not None
    with workspace.database.writing() as session:
        jobs.reclaim(session, START, gone=["last"])
    row = row_of(workspace, job_id)
    assert (row.state, row.error["code"]) == ("failed", "interrupted")


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_never_strands_a_job(workspace: Workspace, days: int) -> None:
    add(workspace, "held")
    assert take(workspace) is not None
    waiting = add(workspace, "waiting")
    later = START + timedelta(days=days)
    held = take(workspace, later)
    assert held is not None
    assert held.id == waiting
    with workspace.database.writing() as session:
        assert jobs.reclaim(session, later) == 1


def test_a_cancelled_job_whose_worker_dies_stays_cancelled(workspace: Workspace) -> None:
    job_id = add(workspace)
    held = take(workspace)
    assert held is not None
    with workspace.database.writing() as session:
        jobs.cancel(session, job_id, START)
    with workspace.database.writing() as session:
        assert jobs.beat(session, held, START) is Word.CANCEL
    with workspace.database.writing() as session:
        jobs.reclaim(session, START, gone=["w1"])
    assert row_of(workspace, job_id).state == "cancelled"
    assert take(workspace) is None


def test_a_job_that_is_not_there_is_said_so(workspace: Workspace) -> None:
    with workspace.database.writing() as session, pytest.raises(NotFoundError):
        jobs.cancel(session, 10**6, START)
