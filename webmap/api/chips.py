"""Pictures of patches for people to judge by."""

from __future__ import annotations

from flask import Response, request

from geoinspect.errors import UsageError
from webmap.api.blueprint import number
from webmap.office import office
from webmap.scope import scope_of
from webmap.tiles import chips
from webmap.tiles.chips import CHIP_PX, View

_LEAST_PX, _MOST_PX = 64, 1024
_LEAST_M, _MOST_M = 0.5, 5000.0
# A patch's number is never given to another, nor a raster changed: what was shown stays right.
_KEEP_S = 600


def chip(patch_id: int) -> Response:
    """Return the picture round a patch as PNG.

    ``?size=`` pixels, ``?span_m=`` metres across, ``?survey=`` another survey of that ground,
    ``?outline=0`` without the outline.
    """
    view = _view()
    other = int(_between("survey", 1, 10**15)) if "survey" in request.args else None
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.patch(patch_id)
        outline, survey_id = row.geometry, row.survey_id if other is None else other
        kept = scope.survey(survey_id).file.sha256[:8]
    tag = f"{office().stamp}-{patch_id}-{survey_id}-{kept}-{view.span_m}-{view.size_px}"
    response = Response(mimetype="image/png")
    response.headers["Cache-Control"] = f"private, max-age={_KEEP_S}"
    response.set_etag(f"{tag}-{int(view.outlined)}")
    if not request.if_none_match.contains(response.get_etag()[0] or ""):
        path = office().picture_path(survey_id)
        response.set_data(chips.chip(office().pictures, path, outline, view))
    response.make_conditional(request)
    return response


def _view() -> View:
    size = _between("size", _LEAST_PX, _MOST_PX) if "size" in request.args else CHIP_PX
    span = _between("span_m", _LEAST_M, _MOST_M) if "span_m" in request.args else None
    return View(span, int(size), request.args.get("outline") != "0")


def _between(name: str, least: float, most: float) -> float:
    value = number(name)
    if not least <= value <= most:
        raise UsageError(
            f"参数 {name} 应在 {least:g} 到 {most:g} 之间,得到 {value:g}",
            f"{name} must be from {least:g} to {most:g}, got {value:g}",
            code="bad_number",
        )
    return value
