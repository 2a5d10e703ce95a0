"""Patrols by day, and the indicators of a month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from flask import Response, jsonify, request

from geoinspect.errors import UsageError
from geoinspect.records import CHINA_TIME
from webmap.api.choices import a_day, a_month
from webmap.api.paging import page
from webmap.office import office
from webmap.scope import Scope, scope_of

_MOST_DAYS = 366


def patrols() -> Response:
    """Return the patrols of ``?from=&to=``, newest day first; of the newest month without them."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        start, end = _days(scope)
        names = scope.unit_names()
        listed = [
            patrol | {"unit": names.get(str(patrol["unit_code"]), patrol["unit_code"])}
            for patrol in scope.patrols(office().workspace, start, end)
        ]
    return jsonify(**page("patrols", listed), start=str(start), end=str(end))


def patrol_months() -> Response:
    """Return the indicators of ``?month=2026-05``, each with what was divided; of the newest
    month without it.
    """
    given = request.args.get("month")
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        month = a_month(given) if given else _newest(scope)
        report = scope.month(office().workspace, month)
        names = scope.unit_names()
    return jsonify(report | {"unit_names": names})


def last_day(month: date) -> date:
    """Return the last day of a month, given any of its days."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def _days(scope: Scope) -> tuple[date, date]:
    first, last = request.args.get("from"), request.args.get("to")
    start = a_day(first) if first else None
    end = a_day(last) if last else None
    if start is None and end is None:
        start = _newest(scope)
    start = start or (end or date.min).replace(day=1)
    end = end or last_day(start)
    if not 0 <= (end - start).days <= _MOST_DAYS:
        raise UsageError(
            f"日期 {start} 至 {end} 不可用:应从早到晚,最多 {_MOST_DAYS} 天",
            f"the days {start} to {end} can't be used: from early to late, at most {_MOST_DAYS}",
            code="bad_option",
        )
    return start, end


def _newest(scope: Scope) -> date:
    """Return the first day of the newest month with a patrol, of this month without one."""
    day = scope.newest_patrol_day() or datetime.now(CHINA_TIME).date()
    return day.replace(day=1)
