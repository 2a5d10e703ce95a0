"""A campaign with all its looks in memory, from which every question about it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.campaigns import ground_of
from geoinspect.confidence.risk import RiskSurface
from geoinspect.coverage.book import LookBook
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.growth import Calendar
from geoinspect.coverage.looks import Look
from geoinspect.records import CHINA_TIME, Campaign
from geoinspect.risks import risk_of
from geoinspect.search_records import Method
from geoinspect.settings import Settings
from geoinspect.store import grounds, searching, sightings
from geoinspect.store.schema import AreaRow, LookRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import GROWTH_NAME, calendar_of, relief_of

I4 = NDArray[np.int32]

# What looks were credited with before the table said so for each.
_PATCH_M2 = 4.0


@dataclass(frozen=True, slots=True)
class Source:
    """One track, survey, photo or footprint that saw something of the campaign's ground.

    Attributes:
        basis: Where its sweep width or rate comes from (see store.schema.LookRow).
    """

    kind: str
    source_id: int
    method: Method
    day: date | None
    unit: str | None
    team: str | None
    basis: dict[str, Any]

    @property
    def patch_m2(self) -> float:
        """Smallest patch that it could show."""
        return float(self.basis.get("patch_m2") or _PATCH_M2)


@dataclass(frozen=True, eq=False)
class CampaignBook:
    """A campaign's cells, looks and what they depend on.

    Attributes:
        version: Changes whenever anything of it changes.
        ground_version: Changes with the areas or the growth table, when all is read anew.
        newest_look: Number of the last look in it.
        areas: The campaign's area first, then all below it.
        risk: Relative prior risk of the cells.
        risk_version: Changes whenever something it is made of changes.
    """

    campaign_id: int
    campaign: Campaign
    version: str
    ground_version: str
    newest_look: int
    ground: Ground
    calendar: Calendar
    looks: LookBook
    sources: tuple[Source, ...]
    areas: Sequence[AreaRow]
    risk: RiskSurface
    risk_version: str

    @cached_property
    def _visits(self) -> tuple[I4, I4]:
        """Cell and look of every visit, sorted by cell."""
        order = np.argsort(self.looks.cell, kind="stable")
        return self.looks.cell[order], self.looks.look_of_visit()[order]

    def visits(self, cell: int) -> list[int]:
        """Return the numbers of the looks at one cell."""
        cells, looks = self._visits
        first, last = np.searchsorted(cells, [cell, cell + 1])
        return [int(k) for k in looks[first:last]]


@dataclass(frozen=True, slots=True)
class BookVersion:
    """What tells whether a book is still true."""

    ground: str
    looks: int
    newest_look: int
    risk: str

    @property
    def text(self) -> str:
        """One short text for all of it."""
        return f"{self.ground}-{self.looks}-{self.newest_look}-{self.risk}"


def book_version(workspace: Workspace, session: Session, campaign_id: int) -> BookVersion:
    """Return the version that a campaign's book would have now."""
    count, newest, areas = sightings.looks_state(session, campaign_id)
    growth = workspace.folder / GROWTH_NAME
    stamp = growth.stat().st_mtime_ns if growth.exists() else 0
    law = workspace.settings.detection_law.value[0]
    settings = workspace.settings
    campaign = grounds.campaign_record(grounds.campaign_numbered(session, campaign_id))
    day = standing_day(campaign)
    # A licence that begins or ends changes the risk without a word from anybody.
    risk = f"{searching.risk_version(session)}.{day.toordinal()}.{campaign.end.toordinal()}"
    return BookVersion(f"{areas}{law}{settings.altitude_m:g}.{stamp:x}", count, newest, risk)


def load_book(
    workspace: Workspace, session: Session, campaign_id: int, *, earlier: CampaignBook | None = None
) -> CampaignBook:
    """Return the book of a campaign; with an earlier one, only what is new is read.

    Raises:
        NotFoundError: There is no such campaign.
    """
    row = grounds.campaign_numbered(session, campaign_id)
    campaign = grounds.campaign_record(row)
    version = book_version(workspace, session, campaign_id)
    if earlier is not None and earlier.version == version.text:
        return earlier
    if earlier is not None and earlier.ground_version == version.ground:
        ground, calendar, areas = earlier.ground, earlier.calendar, earlier.areas
    else:
        earlier = None
        ground = ground_of(row)
        areas = grounds.below(session, row.area_code)
        calendar = calendar_of(workspace, session, ground, relief_of(session, campaign_id))
    risk = earlier.risk if earlier is not None and earlier.risk_version == version.risk else None
    book, sources = _looks(workspace.settings, session, campaign_id, ground, version, earlier)
    return CampaignBook(
        campaign_id=campaign_id,
        campaign=campaign,
        version=version.text,
        ground_version=version.ground,
        newest_look=version.newest_look,
        ground=ground,
        calendar=calendar,
        looks=book,
        sources=sources,
        areas=areas,
        risk=risk
        or risk_of(workspace, session, ground, campaign_id=campaign_id, day=standing_day(campaign)),
        risk_version=version.risk,
    )


def standing_day(campaign: Campaign) -> date:
    """Return the day that a campaign's standing is shown of: today, or its last day once over."""
    return max(campaign.start, min(datetime.now(CHINA_TIME).date(), campaign.end))


def _looks(
    settings: Settings,
    session: Session,
    campaign_id: int,
    ground: Ground,
    version: BookVersion,
    earlier: CampaignBook | None,
) -> tuple[LookBook, tuple[Source, ...]]:
    """Return the looks and their sources; only new ones are read where none has gone."""
    law = settings.detection_law
    if earlier is not None:
        rows = sightings.looks(session, campaign_id, after=earlier.newest_look)
        if len(earlier.looks) + len(rows) == version.looks:
            book = earlier.looks.with_looks(ground, _pages(rows), law) if rows else earlier.looks
            return book, (*earlier.sources, *_sources(session, rows))
    rows = sightings.looks(session, campaign_id)
    return LookBook.of(ground, _pages(rows), law), _sources(session, rows)


def _pages(rows: Sequence[LookRow]) -> list[tuple[Method, Look]]:
    return [(Method(row.mode), Look.from_bytes(row.cells)) for row in rows]


def _sources(session: Session, rows: Sequence[LookRow]) -> tuple[Source, ...]:
    teams = searching.teams_of_sources(session, [(row.kind, row.source_id) for row in rows])
    return tuple(
        Source(
            row.kind,
            row.source_id,
            Method(row.mode),
            row.day,
            *teams.get((row.kind, row.source_id), (None, None)),
            row.basis,
        )
        for row in rows
    )
