"""What the person behind a request may see of tips: the one door from the web to their records.

Analysts, commanders, administrators and auditors see all. A tip is delicate, so field people see it
only when it is in a case of their own unit, and then without what is said of reward and reporter.
The public sees one outline and what the holder of a claim code hears.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.tip_records import HANDLERS, READERS, REWARDERS
from geoinspect.casework import tip_told
from geoinspect.casework.actors import Actor, units_below
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, tips
from geoinspect.store.cases import CaseFilter
from geoinspect.store.site_schema import TipRow
from geoinspect.store.tips import TipFilter
from webmap.acting import acting

Json = dict[str, Any]

_OUTLINE_DEG = 0.001
# More cases than a unit has in a season.
_MOST_CASES = 5000
_OFFICE_ONLY = ("reward", "reward_yuan", "claimant", "group", "suggestions", "steps", "merged_into")


@dataclass(frozen=True, slots=True)
class TipScope:
    """The tips that one person may see, asked through one open session."""

    session: Session
    actor: Actor

    @property
    def sees_all(self) -> bool:
        """Whether this person reads every tip."""
        return self.actor.role in READERS

    def tip(self, tip_id: int) -> TipRow:
        """Return one visible tip.

        Raises:
            NotFoundError: There is none; a hidden one looks the same as one that isn't.
        """
        row = tips.tip(self.session, tip_id)
        if self.sees_all:
            return row
        case = None if row.case_id is None else cases.case(self.session, row.case_id)
        if case is None or case.unit_code not in units_below(self.session, self.actor.unit_code):
            raise tips.missing(str(tip_id))
        return row

    def told(self, settings: Settings, row: TipRow) -> Json:
        """Return what this person reads of a visible tip."""
        return self._allowed(tip_told.tip_told(self.session, settings, row))

    def listed(
        self,
        settings: Settings,
        wanted: TipFilter,
        now: datetime,
        *,
        limit: int,
        before: int | None,
    ) -> list[Json]:
        """Return visible tips for a list, those that wait first."""
        if not self.sees_all:
            units = tuple(units_below(self.session, self.actor.unit_code))
            mine = cases.cases(self.session, CaseFilter(units=units), limit=_MOST_CASES)
            wanted = TipFilter(wanted.states, None, tuple(row.id for row in mine))
        rows = tips.tips(self.session, wanted, limit=limit, before=before)
        lines = tip_told.tip_lines(self.session, settings, rows, now)
        return [self._allowed(line) for line in lines]

    def figures(self, now: datetime) -> Json | None:
        """Return counts and times of answer; None for who does not see all tips."""
        return tip_told.figures_told(self.session, now) if self.sees_all else None

    def may(self) -> Json:
        """Return what this person may do with tips."""
        role = self.actor.role
        return {"handle": role in HANDLERS, "reward": role in REWARDERS}

    def case_number(self, name: str) -> int:
        """Return the row number of a case by its number for people.

        Raises:
            NotFoundError: There is none.
        """
        return cases.case_named(self.session, name).id

    def tip_number(self, name: str) -> int:
        """Return the row number of a tip by its number for people.

        Raises:
            NotFoundError: There is none.
        """
        return self.tip(tips.tip_named(self.session, name).id).id

    def _allowed(self, told: Json) -> Json:
        if self.sees_all:
            return told
        return {name: value for name, value in told.items() if name not in _OFFICE_ONLY}


def tip_scope(session: Session) -> TipScope:
    """Return the scope of the person behind the current request."""
    return TipScope(session, acting())


def public_outline(session: Session) -> Json | None:
    """Return the outline of the whole ground as GeoJSON, for strangers; None without areas.

    It is one line without names, as printed maps show it, good to some 100 m.
    """
    tops = [area.geometry for area in grounds.areas(session) if area.parent_code is None]
    if not tops:
        return None
    whole = shapely.simplify(shapely.union_all(tops), _OUTLINE_DEG)
    coarse = shapely.set_precision(whole, _OUTLINE_DEG / 10, mode="pointwise")
    return dict(shapely.geometry.mapping(coarse))


def is_sent(session: Session, client_id: str) -> bool:
    """Return whether a form came before, for its own sender."""
    return tips.tip_sent(session, client_id) is not None


def heard(session: Session, written: str) -> tip_told.Heard | None:
    """Return what the holder of a claim code hears; None for a code that nobody has."""
    return tip_told.heard(session, written)
