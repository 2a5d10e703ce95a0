"""What is known of all shapes of one kind, column by column: the source of its tiles.

A hundred thousand patches are a few megabytes so, and every tile, count and filter is a matter of
milliseconds; outlines of lines and grounds are read for one tile at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.cases.records import CaseState
from geoinspect.cases.visits import DueState
from geoinspect.casework.sites_told import site_list
from geoinspect.records import CHINA_TIME
from geoinspect.settings import Settings
from geoinspect.store import shapes
from geoinspect.store.sites import SiteFilter
from webmap.tiles.shapes_mvt import Column
from webmap.tiles.shapes_review import settled_patches

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Mask = NDArray[np.bool_]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_M2_DECIMALS, _SCORE_DECIMALS = 1, 3
# What a map tells apart of a site's next visit; sites whose time is over are not drawn.
SITE_STATES: Mapping[str, str] = {
    DueState.NEVER.value: "overdue",
    DueState.OVERDUE.value: "overdue",
    DueState.DUE_SOON.value: "due",
    DueState.FINE.value: "fine",
    DueState.NOT_STARTED.value: "fine",
}


class Kind(StrEnum):
    """The kinds of shapes."""

    PATCHES = "patches"
    TRACKS = "tracks"
    SURVEYS = "surveys"
    CASES = "cases"
    SITES = "sites"
    PHOTOS = "photos"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """All n shapes of a kind, by number.

    Attributes:
        ids: Ascending, shape (n,).
        place: Longitude and latitude of the middle, WGS84, shape (n, 2).
        box: West, south, east, north, shape (n, 4).
        facts: Name → its values, for filters and for properties in tiles.
    """

    kind: Kind
    version: str
    ids: I8
    place: F8
    box: F8
    facts: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Asking:
    """Where a sheet is made from.

    Attributes:
        session: Open; all is read in its one snapshot.
        today: In Beijing, for what is overdue.
    """

    session: Session
    settings: Settings
    today: date


def read_sheet(kind: Kind, version: str, asking: Asking) -> Sheet:
    """Return all shapes of a kind as they stand in the session's snapshot."""
    ids, place, box, facts = _READERS[kind](asking)
    return Sheet(kind, version, ids, place, box, {fact.name: fact for fact in facts})


_Parts = tuple[I8, F8, F8, list[Column]]


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to a day."""
    return day.toordinal() - _EPOCH_DAY


def day_of_number(number: int) -> date:
    """Return the day that is so many days after 1970-01-01."""
    return date.fromordinal(number + _EPOCH_DAY)


def _patches(asking: Asking) -> _Parts:
    number, survey, rank, score, m2, state, *box = shapes.patches(asking.session)
    ids, corners = np.array(number, np.int64), _corners(box)
    facts = shapes.survey_facts(asking.session)
    days = [facts[one][0] if one in facts else None for one in survey]
    states, linked = np.array(state, "U16"), np.zeros(len(ids), np.int64)
    verdict = np.full(len(ids), "", "U16")
    for patch_id, stands in settled_patches(asking.session, asking.settings, ids).items():
        at = int(np.searchsorted(ids, patch_id))
        verdict[at] = stands
        if stands == "other" and states[at] == "suspected":
            states[at] = CaseState.DISMISSED.value
    for patch_id, case_state in shapes.patch_cases(asking.session):
        at = int(np.searchsorted(ids, patch_id))
        if at < len(ids) and ids[at] == patch_id:
            states[at], linked[at] = case_state, 1
    return (
        ids,
        _middles(corners),
        corners,
        [
            _numbers("rank", rank),
            Column("state", states),
            _rounded("score", score, _SCORE_DECIMALS),
            _rounded("m2", m2, _M2_DECIMALS),
            _numbers("survey", survey),
            _day_column(days),
            Column("case", linked),
            Column("review", verdict, verdict != ""),
        ],
    )


def _tracks(asking: Asking) -> _Parts:
    columns = shapes.tracks(asking.session)
    number, unit, team, mode, day, name, length_m, doubtful, *box = columns
    corners = _corners(box)
    return (
        np.array(number, np.int64),
        _middles(corners),
        corners,
        [
            _texts("unit", unit),
            _texts("team", team),
            _texts("mode", mode),
            _day_column(day),
            _texts("name", name),
            Column("length_m", np.array(length_m, np.float64)),
            Column("doubtful", np.array(doubtful, np.int64)),
        ],
    )


def _surveys(asking: Asking) -> _Parts:
    number, unit, taken, name, searched, *box = shapes.surveys(asking.session)
    corners = _corners(box)
    facts = [_texts("unit", unit), _texts("name", name), _day_column(taken)]
    facts.append(Column("searched", np.array(searched, np.int64)))
    return np.array(number, np.int64), _middles(corners), corners, facts


def _cases(asking: Asking) -> _Parts:
    columns = shapes.cases(asking.session)
    number, name, state, unit, origin, opened, deadline, ground = columns
    late = [
        due is not None and due < asking.today and not CaseState(stands).ended
        for due, stands in zip(deadline, state, strict=True)
    ]
    corners = shapely.bounds(np.array(ground, object)).reshape(-1, 4)
    return (
        np.array(number, np.int64),
        _inner_places(ground),
        corners,
        [
            _texts("number", name),
            _texts("state", state),
            Column("overdue", np.array(late, np.int64)),
            _texts("unit", unit),
            _texts("source", origin),
            _day_column(opened),
        ],
    )


def _sites(asking: Asking) -> _Parts:
    told = site_list(asking.session, asking.settings, SiteFilter(), asking.today, placed=False)
    lines = {line["id"]: line for line in told if line["state"] in SITE_STATES}
    every = zip(*shapes.site_grounds(asking.session), strict=True)
    drawn = [(one, outline) for one, outline in every if one in lines]
    number, ground = [one for one, _ in drawn], [outline for _, outline in drawn]
    mine = [lines[one] for one in number]
    return (
        np.array(number, np.int64),
        _inner_places(ground),
        shapely.bounds(np.array(ground, object)).reshape(-1, 4),
        [
            _texts("name", [line["name"] for line in mine]),
            _texts("state", [SITE_STATES[line["state"]] for line in mine]),
            _texts("unit", [line["unit_code"] for line in mine]),
            _texts("visit", [line["state"] for line in mine]),
            _day_column([_day_said(line["due"]) for line in mine], "due"),
        ],
    )


def _photos(asking: Asking) -> _Parts:
    number, unit, team, taken, *box = shapes.photos(asking.session)
    corners = _corners(box)
    facts = [_texts("unit", unit), _texts("team", team), _day_column(taken)]
    return np.array(number, np.int64), _middles(corners), corners, facts


_READERS: Mapping[Kind, Callable[[Asking], _Parts]] = {
    Kind.PATCHES: _patches,
    Kind.TRACKS: _tracks,
    Kind.SURVEYS: _surveys,
    Kind.CASES: _cases,
    Kind.SITES: _sites,
    Kind.PHOTOS: _photos,
}


def _corners(box: Sequence[Sequence[Any]]) -> F8:
    return np.array(box, np.float64).reshape(4, -1).T


def _middles(corners: F8) -> F8:
    """Return the middles of boxes, by which a patch or a track without a unit is somebody's."""
    return np.asarray((corners[:, :2] + corners[:, 2:]) / 2, np.float64)


def _inner_places(grounds: Sequence[Any]) -> F8:
    """Return a place on each ground, where other pages put its sign too."""
    inner = shapely.point_on_surface(np.array(grounds, object))
    return np.asarray(shapely.get_coordinates(inner).reshape(-1, 2), np.float64)


def _texts(name: str, values: Sequence[Any]) -> Column:
    present = np.array([value is not None for value in values], np.bool_)
    texts = np.array(["" if value is None else str(value) for value in values], np.str_)
    return Column(name, texts, None if present.all() else present)


def _numbers(name: str, values: Sequence[Any]) -> Column:
    present = np.array([value is not None for value in values], np.bool_)
    numbers = np.array([0 if value is None else value for value in values], np.int64)
    return Column(name, numbers, None if present.all() else present)


def _rounded(name: str, values: Sequence[Any], decimals: int) -> Column:
    return Column(name, np.asarray(np.round(np.array(values, np.float64), decimals), np.float64))


def _day_said(iso: str | None) -> date | None:
    return None if iso is None else date.fromisoformat(iso)


def _day_column(values: Sequence[Any], name: str = "day") -> Column:
    """Return days, and moments as their days in Beijing."""
    known: dict[Any, int | None] = {}
    for value in set(values):
        day = value.astimezone(CHINA_TIME).date() if isinstance(value, datetime) else value
        known[value] = day_number(day) if isinstance(day, date) else None
    return _numbers(name, [known[value] for value in values])
