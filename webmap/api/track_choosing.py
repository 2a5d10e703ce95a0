"""Where a track would lie if its file were read otherwise, and one decision for several tracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Response, jsonify, request
from shapely import MultiPolygon, Polygon

from geoinspect import patrol_book
from geoinspect.crs import geodesic_length_m
from geoinspect.errors import GeoInspectError, Text, UsageError
from geoinspect.ingest.tracks import length_m
from geoinspect.intake import Intake
from geoinspect.intake.doubting import own_ground
from geoinspect.patrols.choices import TrackChoices
from geoinspect.patrols.thinning import thin_lines
from geoinspect.patrols.valid import inside
from geoinspect.records import Segment
from webmap import errors
from webmap.api.reviews import reviewed
from webmap.api.track_records import decide, review_json
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

Json = dict[str, Any]
_MOST_AT_ONCE = 100
_MOST_ID = 10**15
_MOST_POINTS = 5000
_DECIMALS, _TOLERANCE_DEG = 6, 1e-6
_MAY_NOT = Text(
    "只有分析员和管理员可以作出决定:请联系他们",
    "Only analysts and administrators decide about tracks: ask one of them.",
)


def track_reading(track_id: int) -> Response:
    """Return where a track would lie with ``?datum=&crs=``; what is left out stays, nothing changes.

    ``moved_m`` is between the first points, null where one is missing; ``inside_share`` is of the
    cleaned length on the unit's own ground, null without such ground or length.
    """
    asked = {name: request.args[name].strip() for name in ("datum", "crs") if name in request.args}
    workspace = office().workspace
    with workspace.database.reading() as session:
        row = scope_of(session).track(track_id)
        choices = reviewed(asked, patrol_book.review_of(session, row)).choices
        ground = own_ground(session, row.unit_code)
        had = TrackChoices.from_json(row.choices)
    intake = Intake(workspace, actor=current_person().name).tracks
    now = intake.tried(track_id, had).cleaned.segments
    then = intake.tried(track_id, choices).cleaned.segments
    return jsonify(
        datum=choices.datum,
        crs=choices.crs,
        lines=_lines(then),
        bbox=_bbox(then),
        length_m=round(length_m(then), 1),
        moved_m=_moved_m(now, then),
        inside_share_now=_share(now, ground),
        inside_share=_share(then, ground),
    )


def reviews_at_once() -> Response:
    """Decide on several tracks alike: ``tracks`` names them, the other fields are a review's.

    Each is made by itself, so one that fails stops no other: the answer has a row for each.
    """
    if not current_person().may_decide:
        return errors.answer("may_not_decide", _MAY_NOT, 403)
    asked = review_json()
    numbers = _numbers(asked.pop("tracks", None)) if isinstance(asked, dict) else _numbers(None)
    if not asked:
        raise UsageError(
            "没有要决定的内容:请给出 counts、note 等字段",
            "nothing to decide: give counts, note or other fields of a review",
            code="bad_review",
        )
    rows = [_decided(number, asked) for number in numbers]
    done = sum(row["status"] == "decided" for row in rows)
    return jsonify(tracks=rows, decided=done, failed=len(rows) - done)


def _decided(number: int, asked: object) -> Json:
    try:
        decide(number, asked)
    except GeoInspectError as error:
        return {
            "id": number,
            "status": "failed",
            "code": error.code,
            "message": error.text.en,
            "message_zh": error.text.zh,
        }
    return {"id": number, "status": "decided"}


def _numbers(given: object) -> list[int]:
    """Return the numbers of tracks as they were given, each once."""
    if (
        isinstance(given, list)
        and 0 < len(given) <= _MOST_AT_ONCE
        and all(type(one) is int and 0 < one <= _MOST_ID for one in given)
    ):
        return list(dict.fromkeys(given))
    raise UsageError(
        f"字段 tracks 应为 1 至 {_MOST_AT_ONCE} 个轨迹编号的列表",
        f"tracks must be a list of 1 to {_MOST_AT_ONCE} numbers of tracks",
        code="bad_review",
    )


def _lines(segments: Sequence[Segment]) -> list[list[list[float]]]:
    lines = [np.column_stack([one.lon, one.lat]) for one in segments if len(one)]
    if not lines:
        return []
    thinned = thin_lines(lines, _TOLERANCE_DEG, most=_MOST_POINTS)
    return [np.round(line, _DECIMALS).tolist() for line in thinned]


def _bbox(segments: Sequence[Segment]) -> list[float] | None:
    points = [np.column_stack([one.lon, one.lat]) for one in segments if len(one)]
    if not points:
        return None
    both = np.concatenate(points)
    return [*both.min(axis=0).tolist(), *both.max(axis=0).tolist()]


def _moved_m(now: Sequence[Segment], then: Sequence[Segment]) -> float | None:
    firsts = [next((one for one in part if len(one)), None) for part in (now, then)]
    if firsts[0] is None or firsts[1] is None:
        return None
    lon, lat = (
        np.array([getattr(one, name)[0] for one in firsts], dtype=np.float64)
        for name in ("lon", "lat")
    )
    return round(geodesic_length_m(lon, lat), 1)


def _share(segments: Sequence[Segment], ground: Polygon | MultiPolygon | None) -> float | None:
    whole_m = length_m(segments)
    if ground is None or whole_m <= 0:
        return None
    return round(min(inside(segments, ground)[0] / whole_m, 1.0), 4)
