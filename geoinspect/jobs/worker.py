"""The worker: takes jobs from the queue, gives each to a child, and says how they go.

One process without threads; the children are forked from it, so that what takes long to load is
loaded once. It shows a sign of life for each job every few seconds, writes down how far they are,
and ends the child of a job that was cancelled, takes too long, or is another worker's by now. When
it is ended itself it gives its jobs back; when it is killed its children die with it, and the next
worker sees that it is gone.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from geoinspect.errors import GeoInspectError, StoreError
from geoinspect.jobs import duties, network, signs
from geoinspect.jobs.child import failure_of, start_child
from geoinspect.jobs.limits import bounds_of
from geoinspect.jobs.running import Running, Why
from geoinspect.jobs.tasks import order_of, quiet, task_of
from geoinspect.store import job_list, jobs
from geoinspect.store.jobs import Claim, Weight, Word
from geoinspect.store.workspace import Workspace

_LOG = logging.getLogger(__name__)
_IDLE_S = 0.5
# A change is written at most so often, a sign of life at least so often.
_TELL_S, _BEAT_S = 1.0, 5.0
_RECLAIM_S, _SIGN_S, _DUTIES_S = 2.0, 5.0, 60.0
# How long children may go on once the worker is to end.
_GRACE_S = 3.0


class Worker:
    """Works on so many jobs of one workspace at once.

    Args:
        folder: The workspace.
        slots: Jobs at once. Of two or more, one is kept for quick jobs.
        parent: Process whose end is the worker's end; None for none.
    """

    def __init__(self, folder: Path, *, slots: int, parent: int | None = None) -> None:
        self._workspace = Workspace.open(folder)
        self._bounds = bounds_of(self._workspace.settings)
        self._slots, self._parent = slots, parent
        self._name = signs.own_name()
        self._running: list[Running] = []
        self._ending = False
        self._next_s = dict.fromkeys(("reclaim", "sign", "duties"), 0.0)

    def run(self, *, once: bool = False) -> int:
        """Work until told to end, or, ``once``, until nothing is due; return how many jobs ended."""
        ended = 0
        with self._told_to_end() as wakes:
            gc.freeze()
            self._say_hello()
            try:
                while not self._ending:
                    idle = not self._running
                    took = self._take()
                    ended += self._look_after()
                    if once and idle and not took:
                        break
                    if not took:
                        self._wait(wakes)
                    self._ending |= self._parent not in {None, os.getppid()}
                ended += self._let_go()
            finally:
                # Whatever went wrong, no child goes on without its worker.
                for one in self._running:
                    one.kill(Why.ENDING)
                signs.remove(self._workspace, self._name)
                self._workspace.close()
        return ended

    def _say_hello(self) -> None:
        cut = network.network_is_cut()
        if not cut:
            _LOG.warning("the network of jobs can't be cut on this machine")
        signs.write(self._workspace, self._name, slots=self._slots, network_cut=cut)
        _LOG.info("worker %s takes %d jobs at once", self._name, self._slots)

    @contextlib.contextmanager
    def _told_to_end(self) -> Iterator[int]:
        """Let signals end the loop; yield what becomes readable when one came."""
        wakes, woken = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wakes, False)
        before = {
            one: signal.signal(one, self._on_signal)
            for one in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        }
        old = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        try:
            yield wakes
        finally:
            signal.set_wakeup_fd(old)
            for one, handler in before.items():
                signal.signal(one, handler)
            os.close(wakes)
            os.close(woken)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._ending = True

    def _wait(self, wakes: int) -> None:
        ready = [wakes, *(one.pipe for one in self._running if one.pipe_open)]
        readable, _, _ = select.select(ready, [], [], _IDLE_S)
        if wakes in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wakes, 4096)

    def _take(self) -> bool:
        """Begin one job where one is due and a slot is free."""
        if len(self._running) >= self._slots:
            return False
        try:
            held = self._claimed(self._weights())
        except StoreError as error:
            _LOG.warning("%s", error.text)
            return False
        if held is None:
            return False
        self._bounds = bounds_of(self._workspace.settings)
        # No connection may be open across the fork.
        self._workspace.database.close()
        try:
            child, pipe = start_child(
                self._workspace.folder,
                held,
                self._bounds,
                [one.pipe for one in self._running if one.pipe_open],
            )
        except OSError as error:
            _LOG.warning("no child for job %d: %s", held.id, error)
            with self._workspace.database.writing() as session:
                jobs.give_back(session, held, datetime.now(UTC))
            return False
        self._running.append(Running(held, child, pipe))
        return True

    def _weights(self) -> tuple[Weight, ...]:
        """Return which jobs may be begun: long ones never take the last slot of several."""
        long = sum(one.held.weight == "long" for one in self._running)
        return jobs.ALL_WEIGHTS if long < max(1, self._slots - 1) else ("quick",)

    def _claimed(self, weights: tuple[Weight, ...]) -> Claim | None:
        now = datetime.now(UTC)
        # Looking takes no lock; most looks find nothing.
        with self._workspace.database.reading() as session:
            if not job_list.anything_due(session, now, weights):
                return None
        with self._workspace.database.writing() as session:
            return jobs.claim(session, self._name, now, weights=weights)

    def _look_after(self) -> int:
        """Hear the children, end those that must end, write down what came; return how many ended."""
        now_s = time.monotonic()
        for one in self._running:
            one.listen()
            if now_s - one.begun_s > self._bounds.wall_s:
                one.kill(Why.SLOW)
        try:
            self._tell(now_s)
            self._tidy(now_s)
            return self._settle()
        except StoreError as error:
            # Nothing is lost: it is written at the next look.
            _LOG.warning("%s", error.text)
            return 0

    def _tell(self, now_s: float) -> None:
        """Write signs of life, and hear who wants what to stop."""
        due = [
            one
            for one in self._running
            if not one.ended
            and now_s - one.told_s >= (_TELL_S if one.fresh or one.why else _BEAT_S)
        ]
        # A person who cancels should not wait for the next sign of life.
        due += [one for one in self._cancelled() if one not in due and not one.ended]
        if not due:
            return
        now = datetime.now(UTC)
        with self._workspace.database.writing() as session:
            words = [
                jobs.beat(session, one.held, now, done=one.done, total=one.total, phase=one.phase)
                for one in due
            ]
        for one, word in zip(due, words, strict=True):
            one.told_s, one.fresh = now_s, False
            if word is not Word.GO:
                one.kill(Why.CANCEL if word is Word.CANCEL else Why.LOST)

    def _cancelled(self) -> list[Running]:
        if not self._running:
            return []
        with self._workspace.database.reading() as session:
            asked = job_list.cancel_asked(session, [one.held.id for one in self._running])
        return [one for one in self._running if one.held.id in asked and not one.why]

    def _settle(self) -> int:
        """Write down what came of the jobs whose child has ended."""
        over = [one for one in self._running if one.ended]
        if not over:
            return 0
        now = datetime.now(UTC)
        with self._workspace.database.writing() as session:
            for one in over:
                if not one.settle(session, now):
                    _LOG.warning("job %d was another worker's by its end", one.held.id)
        for one in over:
            one.close()
            self._running.remove(one)
        return len(over)

    def _tidy(self, now_s: float) -> None:
        """Do from time to time what no job asks for."""
        if self._due("reclaim", now_s, _RECLAIM_S):
            duties.reclaim(self._workspace)
        if self._due("sign", now_s, _SIGN_S):
            signs.touch(self._workspace, self._name)
        if self._due("duties", now_s, _DUTIES_S):
            duties.do_due(self._workspace)

    def _due(self, what: str, now_s: float, every_s: float) -> bool:
        if now_s < self._next_s[what]:
            return False
        self._next_s[what] = now_s + every_s
        return True

    def _let_go(self) -> int:
        """Give the children a moment to end by themselves, then give their jobs back."""
        ended, end_s = 0, time.monotonic() + _GRACE_S
        while self._running and time.monotonic() < end_s:
            ended += self._look_after()
            time.sleep(0.02)
        for one in self._running:
            one.kill(Why.ENDING)
        for one in self._running:
            one.listen(wait=True)
        with contextlib.suppress(StoreError):
            ended += self._settle()
        return ended


def run_waiting(workspace: Workspace) -> int:
    """Run all jobs that are due, in this process and without bounds, as tests do.

    Returns:
        How many were run.
    """
    ran = 0
    while True:
        with workspace.database.writing() as session:
            held = jobs.claim(session, signs.own_name(), datetime.now(UTC))
        if held is None:
            return ran
        ran += 1
        try:
            result = task_of(held.kind).does(workspace, order_of(workspace, held), quiet)
        except GeoInspectError as error:
            with workspace.database.writing() as session:
                jobs.fail(session, held, datetime.now(UTC), failure_of(error))
        else:
            with workspace.database.writing() as session:
                jobs.finish(session, held, datetime.now(UTC), result)
