"""What a field person is told of their week: what they walked, and ground that nobody had seen before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.records import MU_M2
from geoinspect.snapshot import Question, SnapshotCache
from geoinspect.store.sent_tracks import tracks_sent
from geoinspect.territory import units_below
from webmap.auth import Person, current_person
from webmap.scope import scope_of

Json = dict[str, Any]
_DAYS = 7


@dataclass(frozen=True, slots=True)
class FieldScope:
    """One person's own week, asked through one open session."""

    session: Session
    person: Person

    def week(self, snapshots: SnapshotCache, today: date) -> Json:
        """Return the metres of the tracks that the person sent for the last seven days, and what
        their unit saw first in them.

        Args:
            snapshots: Of the workspace.
            today: In Beijing, the last of the days.

        Returns:
            ``first_day``, ``last_day``, ``tracks``, ``walked_m`` (cleaned), ``counted_m`` (without
            what repeats another track), ``by_day`` and ``ground``: None without a campaign, else
            its ``campaign``, ``data_until``, ``cells``, ``area_m2``, ``area_mu`` seen first, and the
            ``unit`` whose looks count (None: all).
        """
        first = today - timedelta(days=_DAYS - 1)
        tracks = tracks_sent(self.session, self.person.id, first, today)
        days = [first + timedelta(days=n) for n in range(_DAYS)]
        by_day = dict.fromkeys(days, 0.0)
        for row in tracks:
            if row.day is not None:
                by_day[row.day] += row.cleaned_length_m
        return {
            "first_day": first.isoformat(),
            "last_day": today.isoformat(),
            "tracks": len(tracks),
            "walked_m": round(sum(by_day.values()), 1),
            "counted_m": round(sum(row.counted_length_m for row in tracks), 1),
            "by_day": [{"day": d.isoformat(), "walked_m": round(m, 1)} for d, m in by_day.items()],
            "ground": self._ground(snapshots, first, today),
        }

    def _ground(self, snapshots: SnapshotCache, first: date, today: date) -> Json | None:
        """Return the cells that nobody had seen before the first day and the person's unit has seen
        since; a look that has expired counts as seen.
        """
        scope = scope_of(self.session)
        campaigns = scope.campaigns()
        if not campaigns:
            return None
        number, unit = campaigns[0].id, self.person.unit_code
        units = None if unit is None else units_below(self.session, unit)
        before = snapshots.get(number, Question(as_of=first - timedelta(days=1)))
        own = snapshots.get(number, Question(as_of=today, units=units))
        # Nobody had seen it, so what the unit has seen of it, it saw since.
        new = (before.faded == 0) & (own.faded > 0)
        area_m2 = float(np.sum(own.ground.cell_m2[new] * own.table.seen_fraction[new]))
        until = own.data_until
        return {
            "campaign": own.campaign.name,
            "data_until": None if until is None else until.isoformat(),
            "unit": None if unit is None else scope.unit_names().get(unit, unit),
            "cells": int(new.sum()),
            "area_m2": round(area_m2, 1),
            "area_mu": round(area_m2 / MU_M2, 3),
        }


def field_scope(session: Session) -> FieldScope:
    """Return the scope of the person behind the current request."""
    return FieldScope(session, current_person())
