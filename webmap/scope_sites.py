"""What the person behind a request may see of sites: the one door from the web to their records.

A site is theirs by its unit, its area or its place, or because they made it; who may answer and change
is decided in the book (:mod:`geoinspect.casework.sites`, :mod:`geoinspect.casework.site_answers`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.casework import site_answers, sites_told
from geoinspect.casework.actors import Actor
from geoinspect.casework.sight import Sight
from geoinspect.errors import UsageError
from geoinspect.settings import Settings
from geoinspect.store import grounds, sites
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.sites import SiteFilter
from geoinspect.store.workspace import Workspace
from webmap.acting import acting
from webmap.scope_sight import own_sight

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SiteScope:
    """The sites that one person may see, asked through one open session."""

    session: Session
    actor: Actor
    sight: Sight

    def site(self, site_id: int) -> SiteRow:
        """Return one visible site.

        Raises:
            NotFoundError: There is none; another's looks the same as one that isn't.
        """
        row = sites.site(self.session, site_id)
        if not self.sight.site(row):
            raise sites.missing(str(site_id))
        return row

    def check_place(self, ground: BaseGeometry) -> None:
        """Check that ground for a site is the person's.

        Raises:
            UsageError: Its middle lies elsewhere.
        """
        if not self.sight.on_ground(ground):
            raise UsageError(
                "这个位置不在您单位的辖区内:请核对位置",
                "this place is not on your unit's ground: check the place",
                code="not_your_ground",
            )

    def listed(self, settings: Settings, wanted: SiteFilter, today: date) -> list[Json]:
        """Return visible sites of every state, the most pressing first."""
        wanted = replace(wanted, held=self.sight.held)
        return sites_told.site_list(self.session, settings, wanted, today)

    def acted_on(self, site_id: int) -> SiteRow:
        """Return a site that the person has just changed: that may have taken it from them."""
        return sites.site(self.session, site_id)

    def told(self, settings: Settings, row: SiteRow, today: date) -> Json:
        """Return a visible site with its visits and answers, and what its reader may do."""
        return sites_told.site_told(self.session, settings, row, self.actor, today, self.sight)

    def photo(self, workspace: Workspace, site_id: int, sha256: str) -> tuple[Path, str]:
        """Return where a photo of a visible site's answers lies, and its name.

        Raises:
            NotFoundError: There is none.
        """
        return site_answers.photo_of_answer(workspace, self.session, self.site(site_id).id, sha256)

    def within(self, wanted: SiteFilter, area_code: str | None) -> SiteFilter:
        """Return a filter for an area and all below it.

        Raises:
            NotFoundError: There is no such area, or a unit in the filter is not theirs.
        """
        for unit in wanted.units or ():
            self.sight.check_unit(unit)
        self.sight.check_area(area_code)
        if area_code is None:
            return wanted
        codes = tuple(area.code for area in grounds.below(self.session, area_code))
        return replace(wanted, areas=codes)

    def area_names(self) -> dict[str, str]:
        """Return code → name of every area."""
        return {area.code: area.name for area in grounds.areas(self.session)}


def site_scope(session: Session) -> SiteScope:
    """Return the scope of the person behind the current request."""
    return SiteScope(session, acting(), own_sight(session))
