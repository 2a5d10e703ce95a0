"""One campaign's coverage at one moment: cells, sums by area, gaps, and who was there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect import crs as crs_
from geoinspect.campaign_book import CampaignBook, Source, book_version, load_book, standing_day
from geoinspect.confidence.risk import RiskSurface
from geoinspect.coverage.book import tally
from geoinspect.coverage.cells import STATES, CellTable, Thresholds, table_of
from geoinspect.coverage.gaps import Gap, find_gaps, gap_outline
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.sensitivity import SearchedWell, searched_well
from geoinspect.coverage.sums import CoverageSum, own_sums, polygon_sum, tree_sums
from geoinspect.records import Campaign, CellState, Level
from geoinspect.search_records import Method
from geoinspect.settings import Settings
from geoinspect.store.schema import AreaRow
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_KEPT_SNAPSHOTS = 12
_SEASON_DAYS = 366


@dataclass(frozen=True, slots=True)
class Question:
    """Which looks to count; None is all.

    Attributes:
        as_of: Looks up to and with this day, of which some have expired by then.
        units, teams, methods: Only looks of these.
    """

    as_of: date | None = None
    units: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    methods: frozenset[Method] | None = None

    def asks_for(self, source: Source) -> bool:
        """Return whether a source is among those asked for."""
        return (
            (self.units is None or source.unit in self.units)
            and (self.teams is None or source.team in self.teams)
            and (self.methods is None or source.method in self.methods)
        )

    @property
    def narrowed(self) -> bool:
        """Whether only some sources are asked for."""
        return (self.units, self.teams, self.methods) != (None, None, None)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A campaign's coverage.

    Attributes:
        question: Which looks it counts.
        as_of: The day it shows.
        version: Changes whenever the data behind it changes.
        table: The figures of every cell.
        faded: Index into STATES that each cell would have reached had no look expired, (cells,).
        counted: Whether a look counts in cells of a kind, shape (looks, kinds).
        smallest_patch_m2: Looks that could not show a patch of this size are left out.
    """

    book: CampaignBook
    question: Question
    as_of: date
    version: str
    table: CellTable
    faded: NDArray[np.int8]
    counted: Flags
    thresholds: Thresholds
    smallest_patch_m2: float
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def campaign_id(self) -> int:
        """The campaign's number."""
        return self.book.campaign_id

    @property
    def campaign(self) -> Campaign:
        """The campaign."""
        return self.book.campaign

    @property
    def ground(self) -> Ground:
        """The campaign's cells."""
        return self.book.ground

    @property
    def risk(self) -> RiskSurface:
        """Relative prior risk of the cells."""
        return self.book.risk

    @cached_property
    def data_until(self) -> date | None:
        """Day of the newest look that counts; None without one."""
        counting = np.flatnonzero(self.counted.any(axis=1))
        days = [self.book.sources[k].day for k in counting]
        return max((day for day in days if day is not None), default=None)

    @cached_property
    def sums(self) -> dict[str, CoverageSum]:
        """Coverage of every area with all below it, by code."""
        own = own_sums(self.ground, self.table)
        return tree_sums(own, {a.code: a.parent_code for a in self.book.areas})

    @cached_property
    def searched(self) -> SearchedWell:
        """How well every cell was searched, by method."""
        return searched_well(self.ground, self.table)

    @cached_property
    def sensitivity(self) -> F8:
        """How likely each cell's looks would have found a target in it, shape (cells,)."""
        return self.searched.sensitivity

    @cached_property
    def gaps(self) -> list[Gap]:
        """Unseen ground by township (or the next level there is), most area × risk first."""
        return self.lacking(CellState.TOUCHED)

    @cached_property
    def uncleared(self) -> list[Gap]:
        """Ground that is not cleared, listed as the gaps are."""
        return self.lacking(CellState.CLEARED)

    def lacking(self, state: CellState) -> list[Gap]:
        """Return connected ground that has not reached a state."""
        lacks = self.table.state < STATES.index(state)
        return find_gaps(self.ground, lacks, self.listed_by, self.risk.relative)

    def outline(self, gap: Gap) -> BaseGeometry:
        """Return the outline of a gap in the grid's CRS."""
        return gap_outline(self.ground, gap, self._gap_areas[gap.area_code])

    def inside(self, polygon: Polygon | MultiPolygon) -> CoverageSum:
        """Return the coverage of the campaign's ground inside a WGS84 polygon."""
        return polygon_sum(
            self.ground, self.table, crs_.metric_shape(polygon, self.ground.grid.crs)
        )

    @cached_property
    def listed_by(self) -> dict[str, str]:
        """Code of every area that owns ground → code of the area that lists its gaps."""
        root = self.book.areas[0]
        parents = {area.code: area.parent_code for area in self.book.areas}
        listing = {area.code for area in gap_areas(self.book.areas)}
        found = {}
        for code in self.ground.area_codes:
            at: str | None = code
            seen = set()
            while at is not None and at not in listing and at not in seen:
                seen.add(at)
                at = parents.get(at)
            found[code] = at if at in listing else root.code
        return found

    @cached_property
    def _gap_areas(self) -> dict[str, Polygon | MultiPolygon]:
        """Polygons, in the grid's CRS, of the areas that gaps are listed by."""
        crs = self.ground.grid.crs
        with self._lock:
            return {
                area.code: crs_.metric_shape(area.geometry, crs)
                for area in (self.book.areas[0], *gap_areas(self.book.areas))
            }


def gap_areas(areas: Iterable[AreaRow]) -> list[AreaRow]:
    """Return the areas to list gaps by: townships, else the children of the first area."""
    root, *below = areas
    chosen = [area for area in below if area.level == Level.TOWNSHIP.value]
    return chosen or [area for area in below if area.parent_code == root.code]


def take_snapshot(
    workspace: Workspace,
    campaign_id: int,
    *,
    as_of: date | None = None,
    question: Question | None = None,
) -> Snapshot:
    """Return a campaign's coverage, up to and with a day if given.

    Raises:
        NotFoundError: There is no such campaign.
    """
    with workspace.database.reading() as session:
        book = load_book(workspace, session, campaign_id)
    return answer(book, question or Question(as_of=as_of), workspace.settings)


def answer(book: CampaignBook, question: Question, settings: Settings) -> Snapshot:
    """Return what the book says to a question. No track is read again for it."""
    today = question.as_of or standing_day(book.campaign)
    asked = np.array([question.asks_for(source) for source in book.sources], np.bool_)
    days = [source.day or date.max for source in book.sources]
    come = asked & np.array([day <= today for day in days], np.bool_)
    sharp = [source.patch_m2 <= settings.claim_patch_m2 for source in book.sources]
    come &= np.array(sharp, np.bool_)
    counted = np.repeat(come[:, None], book.calendar.kinds, axis=1)
    expires = settings.expire_looks and is_season(book.campaign)
    if expires:
        counted &= book.calendar.fresh(days, today)
    limits = thresholds_of(settings)
    kinds = book.calendar.kind_of_cell
    table = table_of(book.ground, tally(book.ground, book.looks, counted, kinds), limits)
    faded = table.state
    if not counted[come].all():
        ever = np.repeat(come[:, None], book.calendar.kinds, axis=1)
        faded = table_of(book.ground, tally(book.ground, book.looks, ever, kinds), limits).state
    expiry = "e" if expires else "k"
    at_least = f"{limits.covered:g}-{limits.cleared:g}-{settings.claim_patch_m2:g}"
    return Snapshot(
        book=book,
        question=question,
        as_of=today,
        version=f"{book.version}-{today:%y%m%d}{expiry}-{at_least}",
        table=table,
        faded=faded,
        counted=counted,
        thresholds=limits,
        smallest_patch_m2=settings.claim_patch_m2,
    )


def rules_of(settings: Settings) -> str:
    """Return what changes with any setting that an answer depends on beside its book."""
    fades = "e" if settings.expire_looks else "k"
    limits = thresholds_of(settings)
    return f"{fades}-{limits.covered:g}-{limits.cleared:g}-{settings.claim_patch_m2:g}"


def is_season(campaign: Campaign) -> bool:
    """Return whether a campaign is one season; in one of several years nothing expires, since it
    asks what was ever seen.
    """
    return (campaign.end - campaign.start).days <= _SEASON_DAYS


class SnapshotCache:
    """Keeps each campaign's book until its looks change, and the newest answers. Safe for threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._books: dict[int, CampaignBook] = {}
        self._answers: OrderedDict[tuple[int, Question, str], Snapshot] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, campaign_id: int, question: Question | None = None) -> Snapshot:
        """Return the campaign's coverage, as of now without a question.

        Raises:
            NotFoundError: There is no such campaign.
        """
        question = question or Question()
        with self._lock:
            book = self._book(campaign_id)
            day = question.as_of or standing_day(book.campaign)
            settings = self._workspace.settings
            key = (campaign_id, question, f"{book.version}-{day}-{rules_of(settings)}")
            if key not in self._answers:
                self._answers[key] = answer(book, question, settings)
                self._drop_old(campaign_id, book.version)
            self._answers.move_to_end(key)
            return self._answers[key]

    def book(self, campaign_id: int) -> CampaignBook:
        """Return the campaign's newest book.

        Raises:
            NotFoundError: There is no such campaign.
        """
        with self._lock:
            return self._book(campaign_id)

    def _book(self, campaign_id: int) -> CampaignBook:
        earlier = self._books.get(campaign_id)
        with self._workspace.database.reading() as session:
            if earlier is not None:
                version = book_version(self._workspace, session, campaign_id)
                if version.text == earlier.version:
                    return earlier
            book = load_book(self._workspace, session, campaign_id, earlier=earlier)
        self._books[campaign_id] = book
        return book

    def _drop_old(self, campaign_id: int, version: str) -> None:
        for key in list(self._answers):
            if key[0] == campaign_id and not key[2].startswith(version):
                del self._answers[key]
        while len(self._answers) > _KEPT_SNAPSHOTS:
            self._answers.popitem(last=False)


def thresholds_of(settings: Settings) -> Thresholds:
    """Return what makes a cell covered and cleared in this workspace."""
    return Thresholds(settings.covered_share, settings.cleared_pod)


def walked_points(snapshot: Snapshot) -> NDArray[np.object_]:
    """Return the middles of cells that somebody walked or drove in, in the grid's CRS."""
    cells = np.flatnonzero(snapshot.table.length_m > 0)
    ground = snapshot.ground
    rows, cols = ground.cell_row[cells].astype(np.int64), ground.cell_col[cells].astype(np.int64)
    cell_m = ground.grid.cell_m
    return np.asarray(shapely.points((cols + 0.5) * cell_m, (rows + 0.5) * cell_m))
