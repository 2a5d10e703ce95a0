"""What the person behind a request may see of tips: the one door from the web to their records.

Analysts, commanders, administrators and auditors see those on their ground or in a case of theirs; one
without a place is a matter for who has all of the ground. A tip is delicate, so field people see it
only when it is in a case of their own unit, and then without what is said of reward and reporter.
The public sees one outline and what the holder of a claim code hears.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy.orm import Session

from geoinspect.cases.tip_records import HANDLERS, READERS, REWARDERS
from geoinspect.casework import tip_told
from geoinspect.casework.actors import Actor
from geoinspect.casework.sight import Sight
from geoinspect.errors import ConflictError
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, tips
from geoinspect.store.cases import CaseFilter
from geoinspect.store.site_schema import TipRow
from geoinspect.store.tips import TipFilter
from geoinspect.territory import units_below
from webmap.acting import acting
from webmap.scope_cases import case_scope
from webmap.scope_sight import own_sight

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
    sight: Sight

    @property
    def reads(self) -> bool:
        """Whether this person reads tips before they are in a case, and all that is said of them."""
        return self.actor.role in READERS

    def tip(self, tip_id: int) -> TipRow:
        """Return one visible tip.

        Raises:
            NotFoundError: There is none; a hidden one looks the same as one that isn't.
        """
        row = tips.tip(self.session, tip_id)
        if not self._is_theirs(row):
            raise tips.missing(str(tip_id))
        return row

    def check_may_move(self, tip_id: int) -> None:
        """Check that a tip is visible and may leave the case it is in, before anything is read.

        Raises:
            NotFoundError: There is no such tip.
            ConflictError: It is in a case of others.
        """
        row = self.tip(tip_id)
        case = None if row.case_id is None else cases.case(self.session, row.case_id)
        if case is not None and not self.sight.case(case):
            raise ConflictError(
                f"举报 {row.number} 已由其他单位办理:请与上级单位联系",
                f"the tip {row.number} is in the hands of another unit: ask the unit above",
                code="tip_in_case",
            )

    def told(self, settings: Settings, row: TipRow) -> Json:
        """Return what this person reads of a visible tip."""
        return self._allowed(tip_told.tip_told(self.session, settings, row, sight=self.sight))

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
        if self.reads:
            wanted = replace(wanted, held=self.sight.held)
        else:
            units = tuple(units_below(self.session, self.actor.unit_code))
            mine = cases.cases(self.session, CaseFilter(units=units), limit=_MOST_CASES)
            wanted = TipFilter(wanted.states, None, tuple(row.id for row in mine))
        rows = tips.tips(self.session, wanted, limit=limit, before=before)
        lines = tip_told.tip_lines(self.session, settings, rows, now, self.sight)
        return [self._allowed(line) for line in lines]

    def figures(self, now: datetime) -> Json | None:
        """Return counts and times of answer; None for who does not read tips."""
        return tip_told.figures_told(self.session, now, self.sight) if self.reads else None

    def may(self) -> Json:
        """Return what this person may do with tips."""
        role = self.actor.role
        return {"handle": role in HANDLERS, "reward": role in REWARDERS}

    def case_number(self, name: str) -> int:
        """Return the row number of a case by its number for people.

        Raises:
            NotFoundError: There is none.
        """
        return case_scope(self.session).case_named(name).id

    def tip_number(self, name: str) -> int:
        """Return the row number of a tip by its number for people.

        Raises:
            NotFoundError: There is none; a hidden one looks the same as one that isn't.
        """
        row = tips.tip_named(self.session, name)
        if not self._is_theirs(row):
            raise tips.missing(name[:40])
        return row.id

    def _is_theirs(self, row: TipRow) -> bool:
        case = None if row.case_id is None else cases.case(self.session, row.case_id)
        if not self.reads:
            mine = units_below(self.session, self.actor.unit_code)
            return case is not None and case.unit_code in mine
        if self.sight.whole or (case is not None and self.sight.case(case)):
            return True
        if row.lon is None or row.lat is None:
            return False
        return self.sight.territory.has_place(row.lon, row.lat)

    def _allowed(self, told: Json) -> Json:
        if self.reads:
            return told
        return {name: value for name, value in told.items() if name not in _OFFICE_ONLY}


def tip_scope(session: Session) -> TipScope:
    """Return the scope of the person behind the current request."""
    return TipScope(session, acting(), own_sight(session))


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
