"""Ctrl-C that is never lost, whatever the program was doing when it came."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def breakable() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C was pressed; at the latest it ends the block.

    Python raises KeyboardInterrupt wherever it happens to be, and inside a library's callback
    the exception may be swallowed.
    """
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is told of Ctrl-C.
        yield lambda: False
        return
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
        if pressed:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yield what tells detection's work of Ctrl-C; work that stopped for it ends as Ctrl-C does."""
    from geoinspect.detect.measure import Stopped

    try:
        with breakable() as pressed:
            yield pressed
    except Stopped as error:
        raise KeyboardInterrupt from error
