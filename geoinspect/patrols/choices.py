"""What a person says of a track, at upload or afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from geoinspect.records import Datum, Mode, Rule, Shot
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
        columns: Which columns of a table hold what, as ``time=1,lon=2,lat=3``.
        shot: Of a photo: where and when its device says that it was taken.
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
    columns: str | None = None
    shot: Shot | None = None

    def as_json(self) -> dict[str, object]:
        """Return what was said for keeping; the unknown is left out."""
        kept: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        kept["day"] = None if self.day is None else self.day.isoformat()
        kept["shot"] = None if self.shot is None else _shot_json(self.shot)
        return {name: value for name, value in kept.items() if value is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> TrackTags:
        """Return what :meth:`as_json` wrote; what is missing is unknown."""

        def text(name: str) -> str | None:
            return None if kept.get(name) is None else str(kept[name])

        mode, datum, day, visibility = map(text, ("mode", "datum", "day", "visibility"))
        headcount = text("headcount")
        return cls(
            unit_code=text("unit_code"),
            team=text("team"),
            mode=None if mode is None else Mode(mode),
            datum=None if datum is None else Datum(datum),
            day=None if day is None else date.fromisoformat(day),
            person=text("person"),
            headcount=None if headcount is None else int(headcount),
            purpose=Purpose(text("purpose") or Purpose.SEARCH),
            timezone=text("timezone") or "Asia/Shanghai",
            crs=text("crs"),
            visibility=None if visibility is None else Visibility(visibility),
            columns=text("columns"),
            shot=_shot_of(kept.get("shot")),
        )


def _shot_json(shot: Shot) -> dict[str, object]:
    return {**asdict(shot), "taken": None if shot.taken is None else shot.taken.isoformat()}


def _shot_of(kept: object) -> Shot | None:
    if not isinstance(kept, Mapping):
        return None
    taken = kept["taken"]
    return Shot(**{**kept, "taken": None if taken is None else datetime.fromisoformat(taken)})


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
    columns: str | None = None

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
            "columns": self.columns,
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
            columns=None if kept.get("columns") is None else str(kept["columns"]),
        )
