"""What the person behind a request may see of ground: areas, units, campaigns, zones and cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.campaign_book import Source
from geoinspect.cell_story import cell_at, cell_report
from geoinspect.coverage.sums import CoverageSum
from geoinspect.gap_list import RankedGaps, gap_rows, ranked_gaps
from geoinspect.records import CellState, Level, Zone
from geoinspect.report.gap_files import GapRow
from geoinspect.snapshot import Snapshot
from geoinspect.store import grounds, reviewing
from geoinspect.store.schema import AreaRow, CampaignRow, PhotoRow, TrackRow
from webmap.scope_reach import Reach

_LEVELS = [level.value for level in Level]


class GroundScope(Reach):
    """The ground that one person may see."""

    __slots__ = ()

    def area_tree(self) -> list[AreaRow]:
        """Return every visible area by code."""
        if "areas" not in self.kept:
            own, rows = self.territory, grounds.areas(self.session)
            self.kept["areas"] = [row for row in rows if own.has_area(row.code)]
        areas: list[AreaRow] = self.kept["areas"]
        return areas

    def unit_names(self) -> dict[str, str]:
        """Return code → name of the units that this person may choose from: theirs."""
        return {code: name for code, name in self.all_unit_names().items() if self._mine(code)}

    def all_unit_names(self) -> dict[str, str]:
        """Return code → name of every unit, to name who was on visible ground."""
        if "units" not in self.kept:
            self.kept["units"] = {u.code: u.name for u in grounds.units(self.session)}
        names: dict[str, str] = self.kept["units"]
        return names

    def _mine(self, unit_code: str | None) -> bool:
        return self.territory.has_unit(unit_code)

    def campaigns(self) -> list[CampaignRow]:
        """Return visible campaigns, newest first: those of their areas, or of ground around any."""
        rows = list(grounds.campaigns(self.session))
        if self.territory.whole:
            return rows
        around = self._around()
        return [row for row in rows if row.area_code in around or self.owns_campaign(row)]

    def campaign(self, campaign_id: int | None) -> CampaignRow:
        """Return a campaign by number, the newest without one.

        Raises:
            NotFoundError: There is none that this person may see.
        """
        rows = self.campaigns()
        if campaign_id is None and rows:
            return rows[0]
        for row in rows:
            if row.id == campaign_id:
                return row
        raise grounds.missing_campaign(campaign_id if rows else None)

    def owns_campaign(self, campaign: CampaignRow) -> bool:
        """Return whether all of a campaign's ground is theirs, and so what is said of it all."""
        return self.territory.has_area(campaign.area_code)

    def opening_area(self, campaign: CampaignRow | None) -> AreaRow | None:
        """Return the area on which to open a campaign: its own, else the widest of theirs in it;
        None without any.
        """
        rows = {row.code: row for row in self.area_tree()}
        if campaign is not None and campaign.area_code in rows:
            return rows[campaign.area_code]
        codes = self._tops(None if self.territory.whole else campaign)
        tops = [rows[code] for code in codes if code in rows]
        return min(tops, key=lambda r: (_LEVELS.index(r.level), -r.area_m2, r.code), default=None)

    def area(self, code: str) -> AreaRow:
        """Return an area that is theirs; another looks as if there were none.

        Raises:
            NotFoundError: There is no such area on their ground.
        """
        if not self.territory.has_area(code):
            raise grounds.missing_area(code)
        return grounds.area(self.session, code)

    def campaign_area(self, campaign: CampaignRow) -> AreaRow:
        """Return a visible campaign's area, for reckoning; it may reach beyond what is theirs."""
        return grounds.area(self.session, campaign.area_code)

    def total(self, snapshot: Snapshot) -> CoverageSum:
        """Return the coverage of all their ground in a campaign."""
        if self.territory.has_area(snapshot.campaign.area_code):
            return snapshot.sums[snapshot.campaign.area_code]
        tops = [snapshot.sums[code] for code in self.territory.tops if code in snapshot.sums]
        return sum(tops, CoverageSum())

    def zones(self) -> list[tuple[int, Zone]]:
        """Return the zones that touch their ground, each with its number, in the order of these."""
        every = grounds.numbered_zones(self.session)
        return [one for one in every.items() if self.territory.touches(one[1].polygon)]

    def gaps(
        self, snapshot: Snapshot, wanted: CellState, area_code: str, *, top: int
    ) -> tuple[list[GapRow], int]:
        """Return visible ground of an area that has not reached a state, and how much there is."""
        return gap_rows(self.session, snapshot, wanted, area_code=area_code, top=top)

    def ranked_gaps(self, snapshot: Snapshot, wanted: CellState, area_code: str) -> RankedGaps:
        """Return the gaps of a visible area in their order, none of them drawn yet."""
        return ranked_gaps(self.session, snapshot, wanted, area_code=area_code)

    def own_part(self, polygon: Polygon | MultiPolygon) -> Polygon | MultiPolygon | None:
        """Return what of a polygon is their ground; None for nothing."""
        if self.territory.ground is None:
            return polygon
        parts = shapely.get_parts(shapely.intersection(polygon, self.territory.ground))
        kept = [part for part in parts if isinstance(part, Polygon)]
        return MultiPolygon(kept) if kept else None

    def drawn_ground(self, snapshot: Snapshot) -> Polygon | MultiPolygon | None:
        """Return their ground in a campaign; None where it is all of the campaign's."""
        whole = self.territory.has_area(snapshot.campaign.area_code)
        return None if whole else self.territory.ground

    def cells(self, snapshot: Snapshot) -> NDArray[np.bool_] | None:
        """Return which cells have their home in their areas, (cells,): of two neighbours one has
        it. None where all are.
        """
        if self.territory.has_area(snapshot.campaign.area_code):
            return None
        ground = snapshot.ground
        mine = np.array([self.territory.has_area(code) for code in ground.area_codes], np.bool_)
        cells: NDArray[np.bool_] = mine[ground.cell_home]
        return cells

    def cell(self, snapshot: Snapshot, lon: float, lat: float) -> dict[str, object] | None:
        """Return what is known of the cell at a place, and who was there; None outside their
        ground. Whoever else was there is told by unit, team and day alone.
        """
        if self.territory.whole:
            return cell_report(self.session, snapshot, lon, lat)
        cell = cell_at(snapshot, lon, lat)
        if cell is None or not self._has_cell(snapshot, cell, lon, lat):
            return None
        report = cell_report(self.session, snapshot, lon, lat)
        if report is not None:
            areas: list[dict[str, object]] = report["areas"]  # type: ignore[assignment]
            visits: list[dict[str, object]] = report["visits"]  # type: ignore[assignment]
            report["areas"] = [a for a in areas if self.territory.has_area(str(a["code"]))]
            report["visits"] = [self._visit(visit) for visit in visits]
        return report

    def _has_cell(self, snapshot: Snapshot, cell: int, lon: float, lat: float) -> bool:
        home = snapshot.ground.area_codes[snapshot.ground.cell_home[cell]]
        return self.territory.has_area(home) or self.territory.has_place(lon, lat)

    def _visit(self, visit: dict[str, object]) -> dict[str, object]:
        return visit if self._may_open(visit) else visit | {"id": None, "name": None}

    def _may_open(self, visit: Mapping[str, object]) -> bool:
        """Return whether the record behind a look at their ground is theirs too."""
        row: TrackRow | PhotoRow | None = None
        if visit["kind"] == "track":
            row = self.session.get(TrackRow, visit["id"])
        elif visit["kind"] == "photo":
            row = self.session.get(PhotoRow, visit["id"])
        # Surveys are seen by whoever they show the ground of; a footprint is of its unit.
        unit = None if visit["unit"] is None else str(visit["unit"])
        return visit["kind"] == "survey" or (self._mine(unit) if row is None else self.has(row))

    def sources(self, snapshot: Snapshot) -> list[Source]:
        """Return the looks' sources that this person may ask for: those of their units."""
        own = self.territory
        return [s for s in snapshot.book.sources if own.whole or own.has_unit(s.unit)]

    def place_names(self, lon: float, lat: float) -> list[str]:
        """Return the names of the visible areas that hold a place, the largest first."""
        rows = reviewing.areas_over(self.session, lon, lat)
        own, point = self.territory, shapely.Point(lon, lat)
        return [r.name for r in rows if own.has_area(r.code) and r.geometry.intersects(point)]

    def _tops(self, campaign: CampaignRow | None) -> set[str]:
        """Return the widest of their areas, of a campaign if given."""
        tops = set(self.territory.tops)
        if self.territory.whole:
            rows = grounds.duties(self.session)
            tops = {code for code, (parent, _unit) in rows.items() if parent not in rows}
        if campaign is None:
            return tops
        return {code for code in tops if campaign.area_code in self._above(code)}

    def _around(self) -> set[str]:
        """Return the codes of all areas above theirs."""
        return {code for top in self.territory.tops for code in self._above(top)}

    def _above(self, code: str) -> list[str]:
        """Return the codes of an area and of all above it."""
        if "duties" not in self.kept:
            self.kept["duties"] = grounds.duties(self.session)
        duties, found = self.kept["duties"], list[str]()
        at: str | None = code
        while at is not None and at not in found:
            found.append(at)
            at = duties[at][0] if at in duties else None
        return found
