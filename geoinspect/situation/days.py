"""Coverage of past days by area, for curves: only the sums are kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date

from geoinspect.coverage.sums import CoverageSum
from geoinspect.snapshot import Question, SnapshotCache, answer, rules_of
from geoinspect.store.workspace import Workspace

Sums = Mapping[str, CoverageSum]
_KEPT = 400
# A track that comes today seldom changes a curve's past: it may be this old.
_PATIENCE_S = 600.0


class DaySums:
    """Makes and keeps the sums of days. Safe for threads.

    Args:
        snapshots: Where campaigns' books are kept.
        workspace: Its settings say what counts as covered and cleared.
    """

    def __init__(self, snapshots: SnapshotCache, workspace: Workspace) -> None:
        self._snapshots = snapshots
        self._workspace = workspace
        self._kept: OrderedDict[tuple[int, date], tuple[tuple[str, str], float, Sums]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def get(self, campaign_id: int, day: date, *, exact: bool = False) -> Sums:
        """Return the coverage of a campaign's areas as of a day, by code.

        Args:
            campaign_id: The campaign.
            day: Looks up to and with it.
            exact: Never an answer to older data.
        """
        book, settings = self._snapshots.book(campaign_id), self._workspace.settings
        rules = rules_of(settings)
        key = (campaign_id, day)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                version, made_s, sums = kept
                young = (
                    not exact and version[1] == rules and time.monotonic() - made_s < _PATIENCE_S
                )
                if version == (book.version, rules) or young:
                    self._kept.move_to_end(key)
                    return sums
            sums = answer(book, Question(as_of=day), settings).sums
            self._kept[key] = ((book.version, rules), time.monotonic(), sums)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return sums
