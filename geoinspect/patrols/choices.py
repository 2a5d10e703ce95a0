"""What a person says of a track, at upload or afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from geoinspect.records import Datum, Mode, Rule
from geoinspect.search_records import Visibility


class Counts(StrEnum):
    """How a track counts as coverage."""

    AUTO = "auto"  # what repeats another track is left out
    WHOLE = "whole"  # a person says that it repeats nothing
    NOTHING = "nothing"  # a person says that it is no patrol


class Purpose(StrEnum):
    """Why a patrol went out."""

    SEARCH = "search"
    RECHECK = "recheck"
    CROSS_CHECK = "cross_check"
    SITE = "site"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TrackTags:
    """What the sender says of a track file; None is unknown.

    Attributes:
        person: Code of who recorded it.
        headcount: How many people went, where that is known.
        timezone: Zone of naive times in tables and logs.
        crs: CRS of projected numbers, ``EPSG:n``.
        visibility: How far one saw through what grows there.
    """

    unit_code: str | None = None
    team: str | None = None
    mode: Mode | None = None
    datum: Datum | None = None
    day: date | None = None
    person: str | None = None
    headcount: int | None = None
    purpose: Purpose = Purpose.SEARCH
    timezone: str = "Asia/Shanghai"
    crs: str | None = None
    visibility: Visibility | None = None


@dataclass(frozen=True, slots=True)
class TrackChoices:
    """What was chosen for reading, cleaning and counting one track; it can be changed later."""

    mode: Mode | None = None
    datum: Datum | None = None
    rules_off: frozenset[Rule] = frozenset()
    counts: Counts = Counts.AUTO
    timezone: str = "Asia/Shanghai"
    crs: str | None = None
    visibility: Visibility | None = None

    def as_json(self) -> dict[str, object]:
        """Return the choices for keeping."""
        return {
            "mode": self.mode,
            "datum": self.datum,
            "rules_off": sorted(self.rules_off),
            "counts": self.counts,
            "timezone": self.timezone,
            "crs": self.crs,
            "visibility": self.visibility,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> TrackChoices:
        """Return the choices that :meth:`as_json` wrote; what is missing was not chosen."""
        mode, datum, crs = kept.get("mode"), kept.get("datum"), kept.get("crs")
        visibility = kept.get("visibility")
        rules_off = kept.get("rules_off")
        return cls(
            mode=None if mode is None else Mode(str(mode)),
            datum=None if datum is None else Datum(str(datum)),
            rules_off=frozenset(map(Rule, rules_off if isinstance(rules_off, list) else ())),
            counts=Counts(str(kept.get("counts", Counts.AUTO))),
            timezone=str(kept.get("timezone", "Asia/Shanghai")),
            crs=None if crs is None else str(crs),
            visibility=None if visibility is None else Visibility(str(visibility)),
        )
