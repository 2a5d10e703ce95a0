"""Sweep widths and detection rates, and when which growth stage begins."""

from __future__ import annotations

from datetime import datetime

from flask import Response, jsonify, request

from geoinspect import rate_book
from geoinspect.coverage.growth import STAGES
from geoinspect.errors import Text, UsageError
from geoinspect.records import CHINA_TIME
from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility
from geoinspect.season import stage_rows
from geoinspect.surroundings import GROWTH_NAME, growth_table
from webmap.api.blueprint import campaign_number
from webmap.api.deciders import for_deciders
from webmap.api.fields import Fields, json_fields
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of
from webmap.tree import AreaTree

_LABELS = {
    "day": Text("日期", "the day"),
    "method": Text("方式", "the method"),
    "visibility": Text("通视条件", "the visibility"),
    "stage": Text("生长期", "the growth stage"),
    "width_m": Text("扫视宽度(米)", "the sweep width in metres"),
    "rate": Text("检出率", "the detection rate"),
    "low": Text("区间下限", "the lower end"),
    "high": Text("区间上限", "the upper end"),
    "patch_m2": Text("最小图斑(平方米)", "the smallest patch in m²"),
    "valid_from": Text("起用日期", "the first day"),
    "source": Text("来源", "the source"),
}


def rates() -> Response:
    """Return what holds on ``?day=`` (today without it) for every case, and the rows entered."""
    asked = Fields({k: v for k, v in request.args.items() if k == "day"}, _LABELS)
    day = asked.day("day") or datetime.now(CHINA_TIME).date()
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        rows = scope.rates(office().workspace, day)
        entered = scope.entered_rates()
    law = office().workspace.settings.detection_law.value
    return jsonify(day=day.isoformat(), rates=rows, entered=entered, law=law)


@for_deciders
def post_rate() -> Response:
    """Enter a row; the looks that depend on it are made anew."""
    asked = json_fields(_LABELS)
    method = asked.member("method", Method)
    if method is None:
        raise asked.bad("method", "不能为空", "given")
    most = 2000.0 if method.is_line else 1.0
    rate = DetectionRate(
        method=method,
        width_m=asked.number("width_m", 0, 2000),
        rate=asked.number("rate", 0, 1),
        patch_m2=asked.number("patch_m2", 0, 1e6, above=True) or 4.0,
        source=asked.text("source", 300, needed=True),
        visibility=asked.member("visibility", Visibility),
        stage=asked.member("stage", GrowthStage),
        low=asked.number("low", 0, most),
        high=asked.number("high", 0, most),
        valid_from=asked.day("valid_from"),
    )
    if not method.is_line and rate.visibility is not None:
        raise UsageError(
            "影像没有通视条件:请留空",
            "pictures have no visibility: leave it open",
            code="bad_field",
        )
    with office().review_lock:
        number, looks = rate_book.set_rate(office().workspace, rate, actor=current_person().name)
    return jsonify(rate=number, looks=looks)


@for_deciders
def delete_rate(rate_id: int) -> Response:
    """Take a row out; the looks that depended on it are made anew."""
    with office().review_lock:
        looks = rate_book.drop_rate(office().workspace, rate_id, actor=current_person().name)
    return jsonify(dropped=rate_id, looks=looks)


def growth() -> Response:
    """Return when each stage begins in every township of a campaign, and the table behind it."""
    workspace = office().workspace
    with workspace.database.reading() as session:
        scope = scope_of(session)
        snapshot = office().snapshots.get(scope.campaign(campaign_number()).id)
        tree = AreaTree.of(scope)
    table = growth_table(workspace)
    return jsonify(
        as_of=snapshot.as_of.isoformat(),
        stages=[stage.value for stage in STAGES],
        areas=[
            {
                **tree.as_json(tree.area(row["code"])),
                "rest": row["code"] == snapshot.campaign.area_code,
                "season": row["season"],
                "now": row["now"],
                "begins": row["first_last"],
            }
            for row in stage_rows(snapshot)
            if row["code"] in tree.by_code
        ],
        holds=[
            {
                "stage": row.stage.value,
                "holds_through": str(row.holds_through),
                "max_days": row.max_days,
            }
            for row in table.stage
        ],
        observed=[
            {"area": seen.area, "stage": seen.stage.value, "day": seen.day.isoformat()}
            for seen in table.observed
            if scope.territory.has_area(seen.area)
        ],
        own_table=(workspace.folder / GROWTH_NAME).exists(),
    )
