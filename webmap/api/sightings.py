"""Questions of the map about what lies in view: tracks, surveys and patches."""

from __future__ import annotations

from flask import Response, jsonify, url_for

from geoinspect.casework.survey_days import DAYS
from geoinspect.records import moment_iso
from geoinspect.store.schema import PatchRow, SurveyRow, TrackRow
from geoinspect.store.sightings import Box
from geoinspect.survey_records import detection_mark
from webmap.api.blueprint import box, campaign_number, collection, feature, limit
from webmap.api.paging import paged, walk_after, walked
from webmap.api.question import asked_question
from webmap.api.shown import own_version
from webmap.office import office
from webmap.scope import Scope, scope_of

_MOST_TRACKS, _MOST_PATCHES = 2000, 500
_LINE_DEG, _COARSEST_DEG = 1e-5, 1e-2
_SCREEN_HALF_PX = 4000


def tracks() -> Response:
    """Return tracks of a campaign's window in ``?bbox=``, up to ``?as_of=``, as GeoJSON, newest
    day first.
    """
    most, as_of, after = limit(_MOST_TRACKS), asked_question().as_of, walk_after()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        start = end = None
        if scope.campaigns():
            campaign = scope.campaign(campaign_number())
            start, end = campaign.start, min(campaign.end, as_of or campaign.end)
        view = box()
        found = scope.tracks_in(view, limit=most + 1, start=start, end=end, after=after)
        rows, following = walked(found, most, after)
        names = scope.unit_names()
        tolerance_deg = _drawn_deg(view)
        features = [
            feature(row.geometry, _track_json(row, names), tolerance_deg=tolerance_deg)
            for row in rows
        ]
    return jsonify(collection(features, limited=len(found) > most, next=following))


def _drawn_deg(view: Box | None) -> float:
    """Return what no screen shows of a view, in degrees: half a pixel of a wide one."""
    if view is None:
        return _LINE_DEG
    return min(max(_LINE_DEG, (view[2] - view[0]) / _SCREEN_HALF_PX), _COARSEST_DEG)


def surveys() -> Response:
    """Return surveys as GeoJSON outlines, each with the address pattern of its tiles."""
    with office().workspace.database.reading() as session:
        shown, following = paged(scope_of(session).surveys(), lambda row: row.id)
        features = [
            feature(row.geometry, _outline_json(row), tolerance_deg=_LINE_DEG / 10) for row in shown
        ]
    return jsonify(collection(features, next=following))


def survey(survey_id: int) -> Response:
    """Return one survey with its check, what was measured of it and what it was compared with."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        return jsonify(_survey_json(scope, scope.survey(survey_id)))


def patches() -> Response:
    """Return the first patches in ``?bbox=`` by rank as GeoJSON, and how many there are."""
    with office().workspace.database.reading() as session:
        most, after = limit(_MOST_PATCHES), walk_after()
        found, total = scope_of(session).patches_in(box(), limit=most + 1, after=after)
        rows, following = walked(found, most, after)
        features = [feature(row.geometry, _patch_json(row)) for row in rows]
    return jsonify(collection(features, total=total, next=following))


def patch(patch_id: int) -> Response:
    """Return one patch with its reasons and its survey."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.patch(patch_id)
        return jsonify(
            _patch_json(row)
            | {
                "reasons": row.reasons,
                "detector": row.survey.detector,
                "changes": scope.changes_of_patch(row),
                "survey": _survey_json(scope, row.survey),
                "chip": url_for("api.chip", patch_id=row.id),
                "bbox": [row.west, row.south, row.east, row.north],
            }
        )


def _track_json(row: TrackRow, unit_names: dict[str, str]) -> dict[str, object]:
    code = row.unit_code
    return {
        "id": row.id,
        "name": row.name,
        "unit_code": code,
        "unit": None if code is None else unit_names.get(code, code),
        "team": row.team,
        "mode": row.mode,
        "day": None if row.day is None else str(row.day),
        "doubtful": bool(row.doubts) and not row.decision,
    }


def _survey_json(scope: Scope, row: SurveyRow) -> dict[str, object]:
    return _outline_json(row) | {
        "detected_at": moment_iso(row.detected_at),
        "days": row.report.get(DAYS, []),
        "list": row.report.get("list"),
        "searched": row.searched,
        "check": row.report.get("check"),
        "sensitivity": _sensitivity_json(row),
        "changes": scope.change_summaries(row),
    }


def picture_version(row: SurveyRow) -> str:
    """Return the version in the address of a survey's tiles."""
    return own_version(f"{office().stamp}-{row.file.sha256[:8]}")


def picture_tiles(row: SurveyRow) -> str:
    """Return the address pattern of a survey's tiles."""
    version = picture_version(row)
    first = url_for("tiles.survey", survey_id=row.id, version=version, z=0, x=0, y=0)
    return first.removesuffix("0/0/0") + "{z}/{x}/{y}"


def _outline_json(row: SurveyRow) -> dict[str, object]:
    """Return what a list tells of a survey: nothing of its report, which may be megabytes."""
    return {
        "id": row.id,
        "name": row.name,
        "taken": moment_iso(row.taken),
        "gsd_cm": round(row.gsd_cm, 2),
        "valid_area_m2": round(row.valid_area_m2, 1),
        "detector": row.detector,
        "tiles": picture_tiles(row),
        "bbox": [row.west, row.south, row.east, row.north],
    }


def _sensitivity_json(row: SurveyRow) -> dict[str, object] | None:
    """Return what was measured of a survey, ``outdated`` when it was searched again since."""
    told: dict[str, object] | None = row.report.get("sensitivity")
    if told is None:
        return None
    found_at = row.detected_at
    when = None if found_at is None else detection_mark(found_at)
    return {**told, "outdated": told.get("detected_at") != when}


def _patch_json(row: PatchRow) -> dict[str, object]:
    return {
        "id": row.id,
        "survey_id": row.survey_id,
        "rank": row.rank,
        "score": round(row.score, 4),
        "area_m2": round(row.area_m2, 2),
        "state": row.state,
        "point": [(row.west + row.east) / 2, (row.south + row.north) / 2],
    }
