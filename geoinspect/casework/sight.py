"""What one person may know of casework: their territory, and what they sent themselves.

Whatever asks the store for others than the whole office passes it on; ``ALL`` narrows nothing and
costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from geoinspect.store import grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.held import Held
from geoinspect.store.schema import TrackRow
from geoinspect.store.site_schema import SiteRow
from geoinspect.territory import WHOLE, Territory


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What one person may know of.

    Attributes:
        territory: Their units, areas and ground.
        person: Their name, as records have it; empty is nobody's.
        held: The same as a condition for the store; None is no restriction.
    """

    territory: Territory
    person: str = ""
    held: Held | None = field(init=False)

    def __post_init__(self) -> None:
        """Say the same for the store."""
        own, held = self.territory, None
        if own.ground is not None:
            held = Held(own.units, own.areas, own.ground, self.person)
        object.__setattr__(self, "held", held)

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden."""
        return self.held is None

    def case(self, row: CaseRow) -> bool:
        """Return whether a case is theirs: by unit, area or place, or opened by them."""
        return (
            self.held is None
            or row.opened_by == self.person
            or self._near(row.unit_code, row.area_code, row.geometry)
        )

    def site(self, row: SiteRow) -> bool:
        """Return whether a site is theirs: by unit, area or place, or made by them."""
        return (
            self.held is None
            or row.made_by == self.person
            or self._near(row.unit_code, row.area_code, row.geometry)
        )

    def on_ground(self, geometry: BaseGeometry) -> bool:
        """Return whether the middle of a WGS84 geometry lies on their ground."""
        return self.held is None or self.territory.holds(geometry)

    def patch(self, geometry: BaseGeometry) -> bool:
        """Return whether a patch with this WGS84 outline is theirs, by the middle of its box."""
        west, south, east, north = geometry.bounds
        return self.territory.has_place((west + east) / 2, (south + north) / 2)

    def track(self, row: TrackRow) -> bool:
        """Return whether a track is theirs: of their units, or of no unit and on their ground."""
        if row.unit_code is not None:
            return self.territory.has_unit(row.unit_code)
        return self.on_ground(row.geometry)

    def check_unit(self, code: str | None) -> None:
        """Check that a unit is theirs or below; None is fine.

        Raises:
            NotFoundError: It is not, or there is none.
        """
        if code is not None and not self.territory.has_unit(code):
            raise grounds.missing_unit(code)

    def check_area(self, code: str | None) -> None:
        """Check that an area is theirs; None is fine.

        Raises:
            NotFoundError: It is not, or there is none.
        """
        if code is not None and not self.territory.has_area(code):
            raise grounds.missing_area(code)

    def _near(self, unit: str | None, area: str | None, geometry: BaseGeometry) -> bool:
        own = self.territory
        return own.has_unit(unit) or own.has_area(area) or own.holds(geometry)


ALL = Sight(WHOLE)
