"""Claims of the newest snapshots, made once and kept until something they rest on changes."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sqlalchemy.orm import Session

from geoinspect.claim_records import Claim
from geoinspect.claims import make_claim
from geoinspect.settings import Settings
from geoinspect.snapshot import Snapshot
from geoinspect.store import claims_kept
from geoinspect.store.workspace import Workspace

_KEPT = 24
_Key = tuple[int, str, float | None, int | None, Settings]


class ClaimCache:
    """Makes claims, one at a time, and keeps the newest. Safe for threads.

    Args:
        workspace: For its settings.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._made: OrderedDict[_Key, Claim] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Session, snapshot: Snapshot, target: float | None) -> Claim:
        """Return what a snapshot allows one to claim, towards a target (the setting's for None).

        Raises:
            InputError: No cell has any risk.
        """
        campaign = snapshot.campaign
        # The season before gives the prior; a newer claim of it changes this one.
        before = claims_kept.claim_before(
            session, area_code=campaign.area_code, start=campaign.start
        )
        number = None if before is None else before[0].id
        key = (snapshot.campaign_id, snapshot.version, target, number, self._workspace.settings)
        with self._lock:
            if key not in self._made:
                self._made[key] = make_claim(self._workspace, session, snapshot, target=target)
            self._made.move_to_end(key)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            return self._made[key]
