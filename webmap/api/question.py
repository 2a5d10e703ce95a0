"""Which looks a request asks about, read from its query and written into addresses."""

from __future__ import annotations

from datetime import date

from flask import request

from geoinspect.errors import UsageError
from geoinspect.search_records import Method
from geoinspect.snapshot import Question
from webmap.api.choices import a_day, known_units, one_of
from webmap.api.tags import checked_team

# More than a county has; a longer list is a mistake or an attack.
_MOST_VALUES = 200
# Farther off, no calendar of the season means anything.
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)


def asked_question() -> Question:
    """Return ``?as_of=2026-05-14&unit=…&team=…&method=…``; the last three may be repeated.

    Raises:
        UsageError: One of them can't be used.
    """
    as_of = request.args.get("as_of")
    units = _given("unit")
    teams = {team for given in _given("team") if (team := checked_team(given)) is not None}
    methods = {one_of("method", given, Method) for given in _given("method")}
    return Question(
        as_of=_day(as_of) if as_of else None,
        units=frozenset(known_units(units)) if units else None,
        teams=frozenset(teams) or None,
        methods=frozenset(methods) or None,
    )


def question_query(question: Question) -> dict[str, list[str]]:
    """Return a question as the query it was read from, sorted, without what it leaves open."""
    query = {
        "as_of": [] if question.as_of is None else [question.as_of.isoformat()],
        "unit": sorted(question.units or ()),
        "team": sorted(question.teams or ()),
        "method": sorted(method.value for method in question.methods or ()),
    }
    return {name: values for name, values in query.items() if values}


def _given(name: str) -> set[str]:
    values = {value for value in request.args.getlist(name) if value.strip()}
    if len(values) > _MOST_VALUES:
        raise UsageError(
            f"参数 {name} 有 {len(values)} 个值,最多 {_MOST_VALUES} 个:请少选几个,或全部不选",
            f"{name} has {len(values)} values, at most {_MOST_VALUES}: choose fewer, or none",
            code="bad_option",
        )
    return values


def _day(given: str) -> date:
    day = a_day(given)
    if not _FIRST_DAY <= day < _LAST_DAY:
        raise UsageError(
            f"日期 {day} 太远:请选择 {_FIRST_DAY.year} 年至 {_LAST_DAY.year} 年之间的日期",
            f"the day {day} is too far off: choose one between {_FIRST_DAY.year} and "
            f"{_LAST_DAY.year}",
            code="bad_option",
        )
    return day
