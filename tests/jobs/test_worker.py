"""Real workers and their children: killed, bounded, cancelled; every job ends exactly once."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections import Counter
from pathlib import Path

from conftest import PATIENCE_S, Bench, gone_in_time, is_alive, now

from geoinspect.jobs import signs
from geoinspect.store import jobs
from geoinspect.store.job_schema import JobRow


def test_odd_jobs_fail_in_plain_words_and_stop_nothing_else(bench: Bench) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        home = bench.add("home", port=listener.getsockname()[1])
        poison, shout, big, fits, bad, bug = (
            bench.add(name, most_tries=1, **args)
            for name, args in (
                ("die", {}),
                ("shout", {}),
                ("memory", {"gb": 4.0}),
                ("memory:small", {"gb": 0.2}),
                ("refuse", {}),
                ("bug", {}),
            )
        )
        full = bench.add("disk")
        others = [bench.add(f"note:{n}") for n in range(5)]
        bench.once()
        try:
            visitors = listener.accept()
        except BlockingIOError:
            visitors = None
    rows = bench.rows()
    assert visitors is None
    assert rows[home].result["opened"] == []
    assert rows[home].result["begun"] != 0
    assert {rows[n].state for n in others} == {"done"}
    assert rows[fits].state == "done"
    codes = {n: rows[n].error.get("code") for n in (poison, shout, big, bad, bug, full)}
    assert codes == {
        poison: "crashed",
        shout: "crashed",
        big: "out_of_memory",
        bad: "bad",
        bug: "program_error",
        full: "cannot_write",
    }
    assert [rows[n].state for n in (poison, shout, big, bad, bug)] == ["failed"] * 5
    # The office's own trouble may be over soon.
    assert rows[full].state == "waiting"
    assert rows[full].due_at > rows[full].created_at
    assert "内存不够" in rows[big].error["message_zh"]
    assert "secret" not in str(rows[bug].error)


def test_a_poison_job_is_tried_three_times_and_then_failed(bench: Bench) -> None:
    poison = bench.add("die")
    for tries in (1, 2, 3):
        with bench.workspace.database.writing() as session:
            jobs.job(session, poison).due_at = now()
        bench.once(1)
        assert bench.rows()[poison].tries == tries
    row = bench.rows()[poison]
    assert row.state == "failed"
    assert "3 次意外终止" in row.error["message_zh"]


def test_time_is_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "w", "worker_hours = 0.0003\n")
    try:
        slow = bench.add("spin", most_tries=3)
        quick = bench.add("note:1")
        bench.once()
        rows = bench.rows()
        assert rows[slow].error["code"] == "too_slow"
        assert (rows[slow].state, rows[quick].state) == ("failed", "done")
    finally:
        bench.end()


def test_progress_is_seen_and_a_running_job_can_be_cancelled(bench: Bench) -> None:
    spinning = bench.add("spin")
    bench.start(1)
    row = bench.until(lambda rows: rows[spinning].total > 0)[spinning]
    assert (row.state, row.done, row.total, row.phase["zh"]) == ("running", 1.0, 4.0, "转圈")
    with bench.workspace.database.writing() as session:
        jobs.cancel(session, spinning, now())
    bench.until(lambda rows: rows[spinning].state == "cancelled")
    after = bench.add("note:after")
    bench.until(lambda rows: rows[after].state == "done")


def test_long_jobs_leave_a_slot_for_quick_ones(bench: Bench) -> None:
    long = [bench.add("spin", weight="long", priority=1) for _ in range(2)]
    bench.start(2)
    bench.until(lambda rows: any(rows[n].state == "running" for n in long))
    quick = bench.add("note:quick", priority=50)
    rows = bench.until(lambda rows: rows[quick].state == "done")
    assert sorted(rows[n].state for n in long) == ["running", "waiting"]


def test_a_child_dies_with_its_worker_and_the_next_worker_does_the_job(bench: Bench) -> None:
    resting = bench.add("rest")
    worker = bench.start(1)
    pid_file = bench.workspace.folder / "child.pid"
    bench.until(lambda rows: pid_file.exists() and pid_file.read_text() != "")
    child = int(pid_file.read_text())
    assert is_alive(child)
    worker.kill()
    worker.wait()
    assert gone_in_time(child)
    # The row still says "running" until somebody sees that its worker is gone.
    assert bench.rows()[resting].state == "running"
    assert [signs.is_gone(bench.rows()[resting].worker or "")] == [True]
    pid_file.unlink()
    bench.start(1)
    row = bench.until(lambda rows: pid_file.exists())[resting]
    assert (row.state, row.tries, row.result) == ("running", 1, {"lost": 1})


def test_a_worker_that_is_ended_gives_its_job_back(bench: Bench) -> None:
    resting = bench.add("rest")
    worker = bench.start(1)
    pid_file = bench.workspace.folder / "child.pid"
    bench.until(lambda rows: pid_file.exists() and pid_file.read_text() != "")
    child = int(pid_file.read_text())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE_S) == 0
    row = bench.rows()[resting]
    assert (row.state, row.tries) == ("waiting", 0)
    assert gone_in_time(child)
    assert signs.at_work(bench.workspace) == []


def test_two_workers_never_do_one_job_twice(bench: Bench) -> None:
    wanted = {f"note:{n}" for n in range(40)}
    for subject in sorted(wanted):
        bench.add(subject)
    workers = [bench.start(2, "--once") for _ in range(2)]
    assert [one.wait(PATIENCE_S) for one in workers] == [0, 0]
    assert Counter(bench.begun()) == dict.fromkeys(wanted, 1)
    rows = bench.rows().values()
    assert {row.state for row in rows} == {"done"}
    assert {row.result["made"] for row in rows} == wanted


def test_kills_at_random_lose_and_double_nothing(bench: Bench) -> None:
    dice = random.Random(7)
    numbers = {bench.add(f"note:{n}", s=0.05): f"note:{n}" for n in range(60)}
    ended: dict[int, object] = {}
    for _ in range(12):
        worker = bench.start(2)
        bench.until(lambda rows: any(r.state == "running" for r in rows.values()) or _over(rows))
        time.sleep(dice.uniform(0.0, 0.4))
        worker.kill()
        worker.wait()
        rows = bench.rows()
        assert set(rows) == set(numbers)
        done = {n: (row.result, row.ended_at) for n, row in rows.items() if row.state == "done"}
        # What was done stays as it was.
        assert {n: done[n] for n in ended} == ended
        ended = dict(done)
    bench.once()
    rows = bench.rows()
    assert {n: row.result["made"] for n, row in rows.items()} == numbers
    assert {row.state for row in rows.values()} == {"done"}


def _over(rows: dict[int, JobRow]) -> bool:
    return all(row.state == "done" for row in rows.values())
