"""The review queue: what to judge next, and what was judged."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from flask import Response, jsonify, request

from geoinspect import rank_model_book, review_book
from geoinspect.errors import Text, UsageError
from geoinspect.review_book import Answer
from geoinspect.review_files import label_file, label_frame
from geoinspect.review_records import Said, WhyNot
from geoinspect.store import reviewing
from webmap import errors
from webmap.api.blueprint import limit
from webmap.api.deciders import for_deciders
from webmap.api.downloads import download_bytes, written_as
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.tiles.chips import place_of

Json = dict[str, Any]

_MOST_LISTED = 500
_LABELS = {
    "patch": Text("图斑", "the patch"),
    "label": Text("回答", "the answer"),
    "reason": Text("原因", "the reason"),
    "seconds": Text("用时", "the time"),
    "client_id": Text("提交编号", "the identifier"),
}
_MODEL_LABELS = {"name": Text("名称", "the name")}
_PART_ONLY = Text(
    "这次航测超出您的辖区,排序模型只能由管辖全部范围的单位管理:请联系上级单位",
    "This survey reaches beyond your ground; its ranking models are for the unit that answers for "
    "all of it: ask the unit above yours.",
)
_CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_MOST_ID = 10**15


def review_surveys() -> Response:
    """Return the searched surveys, newest first, with how far their review is for the caller."""
    with office().workspace.database.reading() as session:
        return jsonify(page("surveys", scope_of(session).review_surveys(office().workspace)))


def review_queue(survey_id: int) -> Response:
    """Return what comes next for the caller; ``?patch=`` puts one first."""
    wanted = Fields({"patch": request.args.get("patch")}, _LABELS).number("patch", 1, _MOST_ID)
    return _queue(survey_id, None if wanted is None else int(wanted))


@for_deciders
def post_label(survey_id: int) -> Response:
    """Keep an answer: ``{"patch", "label", "reason", "seconds", "client_id"}``."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        only = scope.patches_of(scope.survey(survey_id))
    asked = json_fields(_LABELS)
    given = asked.text("label", 200)
    if given not in set(Said) - {Said.WITHDRAWN}:
        raise asked.bad(
            "label", "应为 poppy、other、unsure 或 skipped", "poppy, other, unsure or skipped"
        )
    said, reason = Said(given), asked.member("reason", WhyNot)
    if reason is not None and said is not Said.OTHER:
        raise asked.bad("reason", "只用于回答“不是”", "given with the answer other only")
    answer = Answer(
        said,
        reason,
        asked.number("seconds", 0, 86_400),
        _client_id(asked),
    )
    patch_id = asked.needed_whole("patch", 1, _MOST_ID)
    workspace, actor = office().workspace, current_person().name
    if only is not None and patch_id not in only:
        raise review_book.missing_patch(survey_id, patch_id)
    review_book.label(workspace, survey_id, patch_id, answer, actor=actor)
    return _queue(survey_id)


@for_deciders
def post_undo(survey_id: int) -> Response:
    """Take back the caller's answer to ``{"patch"}``, to the last one without it."""
    asked = json_fields(_LABELS)
    wanted = asked.number("patch", 1, _MOST_ID)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        only = scope.patches_of(scope.survey(survey_id))
    patch_id = review_book.undo(
        office().workspace,
        survey_id,
        actor=current_person().name,
        patch_id=None if wanted is None else int(wanted),
        client_id=_client_id(asked),
        only=only,
    )
    return _queue(survey_id, patch_id)


def review_labels(survey_id: int) -> Response:
    """Return what was said, newest first; ``?label=`` only one kind of it."""
    most = limit(_MOST_LISTED)
    with office().workspace.database.reading() as session:
        rows = scope_of(session).review_labels(office().workspace, survey_id)
    asked = request.args.get("label")
    rows = [row for row in rows if asked in (None, "", row["label"], row["standing"])]
    return jsonify(labels=rows[:most], total=len(rows))


def review_file(survey_id: int, kind: str) -> Response:
    """Return the labels as csv, geojson or gpkg."""
    suffix = written_as(kind, {"csv": ".csv", "geojson": ".geojson", "gpkg": ".gpkg"})
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        survey = scope.survey(survey_id)
        mine = scope.has_middle
        whole = scope.owns_survey(survey)
    frame = label_frame(office().workspace, survey_id, current_person().name)
    if not whole:
        frame = frame[np.array([mine(geometry) for geometry in frame.geometry], np.bool_)]
    return download_bytes(label_file(suffix, frame), f"labels-{survey_id}{suffix}")


def review_models(survey_id: int) -> Response:
    """Return the ranking models of all surveys: which the survey uses, and which it may use."""
    with office().workspace.database.reading() as session:
        return jsonify(models=scope_of(session).review_models(office().workspace, survey_id))


@for_deciders
def post_model(survey_id: int) -> Response:
    """Keep a model of the settled labels as they stand: ``{"name"}``."""
    name = json_fields(_MODEL_LABELS).text("name", 100)
    if not _owns(survey_id):
        return errors.answer("not_all_yours", _PART_ONLY, 403)
    workspace = office().workspace
    rank_model_book.make_model(workspace, survey_id, actor=current_person().name, name=name)
    return review_models(survey_id)


@for_deciders
def post_model_use(survey_id: int, model_id: int) -> Response:
    """Let the survey's order rest on a model of another survey too."""
    if not _owns(survey_id):
        return errors.answer("not_all_yours", _PART_ONLY, 403)
    with office().workspace.database.reading() as session:
        if not scope_of(session).sees_model(model_id):
            raise reviewing.missing_model(model_id)
    workspace = office().workspace
    rank_model_book.use_model(workspace, survey_id, model_id, actor=current_person().name)
    return review_models(survey_id)


@for_deciders
def delete_model_use(survey_id: int, model_id: int) -> Response:
    """Let the survey's order rest no more on a model."""
    if not _owns(survey_id):
        return errors.answer("not_all_yours", _PART_ONLY, 403)
    workspace = office().workspace
    rank_model_book.drop_use(workspace, survey_id, model_id, actor=current_person().name)
    return review_models(survey_id)


def _client_id(asked: Fields) -> str:
    given = asked.text("client_id", 64)
    if given and _CLIENT_ID.fullmatch(given) is None:
        raise UsageError(
            "提交编号应为 8–64 个字母、数字或连字符",
            "the identifier must be 8 to 64 letters, digits or hyphens",
            code="bad_field",
        )
    return given


def _owns(survey_id: int) -> bool:
    """Return whether all of a visible survey's ground is the caller's.

    Raises:
        NotFoundError: There is no such survey.
    """
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        return scope.owns_survey(scope.survey(survey_id))


def _queue(survey_id: int, wanted: int | None = None) -> Response:
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = scope_of(session)
        told = scope.review(workspace, survey_id, wanted)
        told["coming"] = [one | _shown(scope, one["patch"]) for one in told["coming"]]
    return jsonify(told)


def _shown(scope: Scope, patch_id: int) -> Json:
    """Return what a person sees of a patch."""
    row = scope.patch(patch_id)
    lon, lat = (row.west + row.east) / 2, (row.south + row.north) / 2
    place = place_of(row.geometry, row.survey.crs)
    return {
        "score": round(row.score, 4),
        "area_m2": round(row.area_m2, 2),
        "reasons": row.reasons,
        "point": [round(lon, 6), round(lat, 6)],
        "where": scope.place_names(lon, lat),
        "outline": place.rings_m(),
        "span_m": round(place.span_m, 2),
        "others": [
            {
                "survey": survey.id,
                "name": survey.name,
                "taken": survey.taken and survey.taken.isoformat().replace("+00:00", "Z"),
                "gsd_cm": round(survey.gsd_cm, 2),
                "this": survey.id == row.survey_id,
            }
            for survey in scope.surveys_over(lon, lat)
        ],
    }
