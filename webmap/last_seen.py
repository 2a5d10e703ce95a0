"""When sessions and tokens were last used, so that the database is written to once a while only."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

_MOST = 10_000


class LastSeen:
    """The last use of each key in this process. Safe for threads.

    Args:
        every: How often a use is worth writing down.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._used: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def last(self, key: str) -> datetime | None:
        """Return the last use that this process knows of."""
        return self._used.get(key)

    def use(self, key: str, now: datetime) -> bool:
        """Note a use; return whether it should be written down."""
        with self._lock:
            if len(self._used) > _MOST:
                self._used.clear()
                self._written.clear()
            self._used[key] = now
            written = self._written.get(key)
            if written is not None and abs(now - written) < self._every:
                return False
            self._written[key] = now
            return True
