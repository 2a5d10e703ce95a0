"""Which shapes a request asks for: ``?unit=&team=&from=&to=&mode=&state=&survey=&source=``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date

import numpy as np
from flask import request
from numpy.typing import NDArray

from geoinspect.cases.records import CaseState, Origin
from geoinspect.errors import UsageError
from geoinspect.records import Mode
from geoinspect.survey_records import PatchState
from webmap.api.choices import a_day, known_units, one_of
from webmap.api.tags import checked_team
from webmap.tiles.shapes_sheets import SITE_STATES, Kind, Sheet, day_number

Mask = NDArray[np.bool_]
# Which rows of a sheet lie on the ground of a unit and of those below it.
OnGround = Callable[[Sheet, str], Mask]

_MOST_VALUES, _SHOWN = 200, 40
_UNIT, _DAYS = ("unit",), ("from", "to")
# What each kind can be narrowed by; another filter leaves it as it is.
FILTERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PATCHES: (*_UNIT, *_DAYS, "state", "survey"),
    Kind.TRACKS: (*_UNIT, "team", *_DAYS, "mode"),
    Kind.SURVEYS: (*_UNIT, *_DAYS, "survey"),
    Kind.CASES: (*_UNIT, *_DAYS, "state", "source"),
    Kind.SITES: (*_UNIT, "state"),
    Kind.PHOTOS: (*_UNIT, "team", *_DAYS),
}
_CASE_STATES = tuple(state.value for state in CaseState)
STATES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PATCHES: tuple(dict.fromkeys((*(state.value for state in PatchState), *_CASE_STATES))),
    Kind.CASES: _CASE_STATES,
    Kind.SITES: tuple(dict.fromkeys(SITE_STATES.values())),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which shapes are wanted; None and empty are no restriction.

    Attributes:
        start, end: First and last day; what has no day is in no span of days.
    """

    units: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    surveys: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not any(getattr(self, one.name) for one in fields(self))

    @property
    def mark(self) -> str:
        """Tells one question from another."""
        return repr(astuple(self))


def asked_shapes(kind: Kind) -> Wanted:
    """Return what the query of the request asks of a kind; each but the days may be repeated.

    Raises:
        UsageError: A value can't be used.
    """
    known = FILTERS[kind]
    given = {name: _given(name) for name in known}
    units = sorted(known_units(given["unit"])) if given["unit"] else ()
    teams = {checked_team(team) for team in given.get("team", ())}
    days = {name: _day(given[name]) for name in _DAYS if given.get(name)}
    start, end = days.get("from"), days.get("to")
    if start is not None and end is not None and start > end:
        raise UsageError(
            f"日期 {start} 至 {end} 不可用:应从早到晚",
            f"the days {start} to {end} can't be used: from early to late",
            code="bad_option",
        )
    return Wanted(
        units=tuple(units),
        teams=tuple(sorted(team for team in teams if team is not None)),
        modes=_values("mode", given, Mode),
        states=tuple(sorted(_state(kind, one) for one in given.get("state", ()))),
        surveys=tuple(sorted(_number(one) for one in given.get("survey", ()))),
        sources=_values("source", given, Origin),
        start=start,
        end=end,
    )


def chosen(sheet: Sheet, wanted: Wanted, on_ground: OnGround) -> Mask:
    """Return which rows of a sheet are wanted, shape (n,).

    Args:
        sheet: Of any kind.
        wanted: The question.
        on_ground: Patches are no unit's; those on its ground are meant.
    """
    mask = np.ones(len(sheet), np.bool_)
    for name, values in (
        ("team", wanted.teams),
        ("mode", wanted.modes),
        ("state", wanted.states),
        ("source", wanted.sources),
    ):
        if values and name in sheet.facts:
            mask &= np.isin(sheet.facts[name].values, np.array(values))
    if wanted.units and sheet.kind is Kind.PATCHES:
        mask &= np.logical_or.reduce([on_ground(sheet, unit) for unit in wanted.units])
    elif wanted.units:
        mask &= np.isin(sheet.facts["unit"].values, np.array(wanted.units))
    if wanted.surveys:
        of = sheet.ids if sheet.kind is Kind.SURVEYS else sheet.facts["survey"].values
        mask &= np.isin(of, np.array(wanted.surveys, np.int64))
    return mask & _within(sheet, wanted)


def _within(sheet: Sheet, wanted: Wanted) -> Mask:
    mask = np.ones(len(sheet), np.bool_)
    if "day" not in sheet.facts or (wanted.start is None and wanted.end is None):
        return mask
    day = sheet.facts["day"]
    if day.present is not None:
        mask &= day.present
    numbers = day.values.astype(np.int64)
    if wanted.start is not None:
        mask &= numbers >= day_number(wanted.start)
    if wanted.end is not None:
        mask &= numbers <= day_number(wanted.end)
    return mask


def _given(name: str) -> list[str]:
    values = sorted({value for value in request.args.getlist(name) if value.strip()})
    if len(values) > (1 if name in _DAYS else _MOST_VALUES):
        raise UsageError(
            f"参数 {name} 有 {len(values)} 个值,太多了:请少选几个,或全部不选",
            f"{name} has {len(values)} values, too many: choose fewer, or none",
            code="bad_option",
        )
    return values


def _day(values: list[str]) -> date:
    return a_day(values[0])


def _values(
    name: str, given: Mapping[str, list[str]], kind: type[Mode] | type[Origin]
) -> tuple[str, ...]:
    return tuple(sorted(one_of(name, one, kind).value for one in given.get(name, ())))


def _state(kind: Kind, given: str) -> str:
    if given not in STATES[kind]:
        raise UsageError(
            f"参数 state 的值“{given[:_SHOWN]}”无法识别,可用:{'、'.join(STATES[kind])}",
            f"unknown state {given[:_SHOWN]!r}, known: {', '.join(STATES[kind])}",
            code="bad_option",
        )
    return given


def _number(given: str) -> int:
    if not (given.isascii() and given.isdecimal() and len(given) < 16):
        raise UsageError(
            f"参数 survey 应为从 1 起的编号,得到“{given[:_SHOWN]}”",
            f"survey must be a number from 1 on, got {given[:_SHOWN]!r}",
            code="bad_number",
        )
    return int(given)
