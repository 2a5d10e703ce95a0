"""Work lists, a person's day, the zero-yield status, and cases as signs on the map."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, jsonify, request

from geoinspect.casework.today import MOST_STOPS, today_gpx
from geoinspect.casework.told import today_of
from geoinspect.errors import UsageError
from geoinspect.records import Level
from geoinspect.report.work_files import write_work_book
from geoinspect.snapshot import Snapshot
from webmap.api.blueprint import box, campaign_number, limit, number
from webmap.api.choices import a_day, one_of
from webmap.api.downloads import download
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_work import WorkScope, work_scope

_MOST_POINTS = 5000
_STOPS = 8.0
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def work_lists() -> Response:
    """Return the work lists of ``?unit=`` and all below it, in ``?area=``; everybody's without."""
    with office().workspace.database.reading() as session:
        return jsonify(_work(work_scope(session)))


def work_file() -> Response:
    """Return the same as a workbook."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        told = _work(work_scope(session))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.xlsx"
        write_work_book(path, told, simulated=workspace.settings.simulated)
        response = Response(path.read_bytes(), mimetype=_XLSX)
    name = f"work-{told['as_of']}.xlsx"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def today_list() -> Response:
    """Return the caller's day from ``?lon=&lat=``, the way through the nearest ``?stops=``."""
    return jsonify(_today())


def today_file() -> Response:
    """Return the same way as GPX."""
    told = _today()
    return download(today_gpx(told), f"today-{told['as_of']}.gpx")


def standing() -> Response:
    """Return what was confirmed and how it stands: ``?area=&by=&campaign=``; with ``date=`` also
    whether it can be stated that nothing stands in the area after that day.
    """
    args = request.args
    level = one_of("by", args.get("by") or Level.TOWNSHIP.value, Level)
    area, today = args.get("area") or None, today_of()
    with office().workspace.database.reading() as session:
        scope = work_scope(session)
        snapshot = _snapshot(scope)
        told = scope.standing(office().workspace, today, snapshot, area, level)
        if args.get("date"):
            told["statement"] = scope.statement(
                _area(told["area"]), a_day(args["date"]), today, snapshot
            )
    return jsonify(told)


def case_signs() -> Response:
    """Return cases as signs on a map: ``?bbox=&ended=1``; the open ones by default."""
    with office().workspace.database.reading() as session:
        told = work_scope(session).points(
            box(), today_of(), ended=request.args.get("ended") == "1", limit=limit(_MOST_POINTS)
        )
    return jsonify(told)


def _area(code: str | None) -> str:
    if code is None:
        raise UsageError("请用 area 指定辖区", "say which area with area", code="no_area_given")
    return code


def _work(scope: WorkScope) -> dict[str, object]:
    args = request.args
    return scope.work(
        office().workspace,
        args.get("unit") or None,
        args.get("area") or None,
        today_of(),
        _snapshot(scope),
    )


def _today() -> dict[str, object]:
    stops = number("stops", _STOPS)
    if not stops.is_integer():
        raise UsageError(
            f"路线点数应为 1 至 {MOST_STOPS} 的整数",
            f"stops must be a whole number from 1 to {MOST_STOPS}",
            code="bad_number",
        )
    with office().workspace.database.reading() as session:
        scope = work_scope(session)
        return scope.today(office().workspace, today_of(), _place(), int(stops), _snapshot(scope))


def _place() -> tuple[float, float] | None:
    if "lon" not in request.args and "lat" not in request.args:
        return None
    return number("lon"), number("lat")


def _snapshot(scope: WorkScope) -> Snapshot | None:
    """Return the coverage of the campaign that was asked for, else of the newest there is."""
    asked = campaign_number()
    campaign = scope_of(scope.session).campaign(asked).id if asked is not None else None
    campaign = scope.newest_campaign() if campaign is None else campaign
    return None if campaign is None else office().snapshots.get(campaign)
