"""Take many track files in at once: prepared on all cores, stored one by one.

Each file is stored in a transaction of its own, so that the work can be stopped at any moment and
run again: what is in already is found by its hash and not read again.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

from geoinspect.errors import InputError, Text, TrackError
from geoinspect.files import readable
from geoinspect.intake.preparing import PreparedFile, prepare_file
from geoinspect.intake.rows import choices_of
from geoinspect.intake.tracks import TrackIntake
from geoinspect.patrols.choices import TrackTags
from geoinspect.records import AddResult, Refusal
from geoinspect.settings import Settings

Item = tuple[Path, TrackTags]
# Fewer files are read sooner than other processes are started.
_FEW_FILES = 12
# Files prepared ahead of the one that is stored, for each process: bounds the memory.
_AHEAD = 3


def add_tracks(
    intake: TrackIntake, items: Sequence[Item], settings: Settings, *, workers: int | None = None
) -> Iterator[AddResult | Refusal]:
    """Yield what became of each file, in the order given; a bad one stops nothing.

    Args:
        intake: Stores them.
        items: Files and what is known of each.
        settings: For reading and cleaning.
        workers: Processes that read; None takes one a core, none for a few files.

    Raises:
        NotFoundError: A unit is unknown; nothing is stored.
        StoreError: The disk or the database can't take more.
    """
    for tags in {tags for _, tags in items}:
        intake.check(tags)
    cores = os.cpu_count() or 1
    count = workers if workers is not None else (cores if len(items) > _FEW_FILES else 0)
    with ExitStack() as stack:
        pool = _Pool(count, settings, stack) if count else None
        ahead: deque[tuple[Item, Future[PreparedFile] | None]] = deque()
        waiting = iter(items)
        for item in waiting:
            ahead.append((item, _started(pool, intake, item)))
            if len(ahead) > _AHEAD * max(count, 1):
                yield _finished(pool, intake, settings, *ahead.popleft())
        while ahead:
            yield _finished(pool, intake, settings, *ahead.popleft())


class _Pool:
    """Processes that prepare files; one that a file kills is replaced."""

    def __init__(self, workers: int, settings: Settings, stack: ExitStack) -> None:
        self._workers = workers
        # A workspace's settings are of a class of their own, which other processes don't know.
        self._settings = Settings.model_construct(**settings.model_dump())
        self._pool = self._new(workers)
        self._single: ProcessPoolExecutor | None = None
        stack.callback(self._close)

    def prepare(self, item: Item) -> Future[PreparedFile]:
        """Start to prepare a file."""
        try:
            return self._pool.submit(_prepare, item, self._settings)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = self._new(self._workers)
            return self._pool.submit(_prepare, item, self._settings)

    def alone(self, item: Item) -> PreparedFile:
        """Prepare a file in a process that has nothing else to do.

        Raises:
            BrokenProcessPool: The file kills its reader.
        """
        self._single = self._single or self._new(1)
        try:
            return self._single.submit(_prepare, item, self._settings).result()
        except BrokenProcessPool:
            self._single.shutdown(wait=False)
            self._single = None
            raise

    def _new(self, workers: int) -> ProcessPoolExecutor:
        # Forked copies would share the database's file handles.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)

    def _close(self) -> None:
        for pool in (self._pool, self._single):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """Make this process end when the one that it reads for is killed: it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _prepare(item: Item, settings: Settings) -> PreparedFile:
    path, tags = item
    return prepare_file(
        path, label=readable(path.name), tags=tags, choices=choices_of(tags), settings=settings
    )


def _started(pool: _Pool | None, intake: TrackIntake, item: Item) -> Future[PreparedFile] | None:
    """Start to prepare a file elsewhere, unless it is in already or will be read here."""
    return None if pool is None or intake.has(*item) else pool.prepare(item)


def _finished(
    pool: _Pool | None,
    intake: TrackIntake,
    settings: Settings,
    item: Item,
    prepared: Future[PreparedFile] | None,
) -> AddResult | Refusal:
    path, tags = item
    label = readable(path.name)
    try:
        known = intake.known(path, label, tags)
        if known is not None:
            return known
        if pool is None or prepared is None:
            return intake.store(path, _prepare(item, settings), tags)
        try:
            return intake.store(path, prepared.result(), tags)
        except BrokenProcessPool:
            # Some file killed the process; this one may only have stood in line with it.
            return intake.store(path, pool.alone(item), tags)
    except BrokenProcessPool:
        error = _crashed()
        return Refusal(label, error.code, error.text)
    except InputError as error:
        return Refusal(label, error.code, error.text)


def _crashed() -> TrackError:
    text = Text(
        "读取该文件时程序意外终止,已跳过;请把该文件发给技术支持",
        "the reader died on this file and it was passed over: send it to support",
    )
    return TrackError(text.zh, text.en, code="reader_crashed")
