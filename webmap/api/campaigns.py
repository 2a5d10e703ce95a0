"""Campaigns: listed with their standing, made and reckoned anew in the background, closed early."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.casework.told import today_of
from geoinspect.errors import ConflictError, ForbiddenError, Text
from geoinspect.intake.campaign_asking import CampaignAsked, close_campaign, estimated
from geoinspect.store import audit, jobs
from geoinspect.store.schema import CampaignRow
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.job_turn import do_waiting
from webmap.office import office
from webmap.scope import Scope, scope_of

Json = dict[str, Any]
_LABELS = {
    "name": Text("行动名称", "the name"),
    "area": Text("辖区", "the area"),
    "start": Text("开始日期", "the first day"),
    "end": Text("结束日期", "the last day"),
    "cell_m": Text("网格边长", "the cell size"),
}
_MOST_CHARS = 200
_MOST_CELL_M = 100_000.0


def campaigns_list() -> Response:
    """Return visible campaigns, newest first."""
    with office().workspace.database.reading() as session:
        return jsonify(page("campaigns", campaigns_told(scope_of(session))))


def campaign_standing(campaign_id: int) -> Response:
    """Return a campaign with the coverage of the person's ground in it."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        row = scope.campaign(campaign_id)
        snapshot = office().snapshots.get(row.id)
        until = None if snapshot.data_until is None else str(snapshot.data_until)
        return jsonify(
            campaign=_told(scope, row),
            coverage=scope.total(snapshot).as_json(),
            data_until=until,
        )


def post_campaign_estimate() -> Response:
    """Check a campaign that is wanted and say how many cells it will have; nothing is made."""
    asked = _asked()
    with office().workspace.database.reading() as session:
        scope_of(session).area(asked.area_code)
        return jsonify(estimated(session, asked).as_json())


def post_campaign() -> tuple[Response, int]:
    """Make a campaign in the background, and sweep what is already there onto it."""
    asked = _asked()
    with office().workspace.database.writing() as session:
        scope_of(session).area(asked.area_code)
        told = estimated(session, asked).as_json()
        job = _enqueue(session, "campaign_open", asked.name, asked.as_args())
    do_waiting()
    return jsonify(told | {"job": job}), 202


def post_campaign_sweep(campaign_id: int) -> tuple[Response, int]:
    """Reckon a campaign's coverage anew in the background, say after a sweep width was changed."""
    with office().workspace.database.writing() as session:
        row = _to_change(scope_of(session), campaign_id)
        job = _enqueue(session, "campaign_sweep", str(row.id), {})
    do_waiting()
    return jsonify(job=job), 202


def post_campaign_close(campaign_id: int) -> Response:
    """End a running campaign with today as its last day."""
    with office().workspace.database.writing() as session:
        scope = scope_of(session)
        row = _to_change(scope, campaign_id)
        close_campaign(session, row, today=today_of(), actor=current_person().name)
        return jsonify(campaign=_told(scope, row))


def campaigns_told(scope: Scope) -> list[Json]:
    """Return what is told of every visible campaign."""
    return [_told(scope, row) for row in scope.campaigns()]


def _told(scope: Scope, row: CampaignRow) -> Json:
    today = today_of()
    area = scope.opening_area(row)
    state = "planned" if today < row.start else "over" if today > row.end else "running"
    return {
        "id": row.id,
        "name": row.name,
        "area": None if area is None else area.code,
        "area_name": None if area is None else area.name,
        "start": str(row.start),
        "end": str(row.end),
        "cell_m": row.cell_m,
        "bit_m": row.cell_m / row.side,
        "crs": crs_.authority_name(row.crs),
        "state": state,
        "own": scope.owns_campaign(row),
    }


def _asked() -> CampaignAsked:
    asked: Fields = json_fields(_LABELS)
    start, end = asked.day("start"), asked.day("end")
    if start is None:
        raise asked.bad("start", "不能为空", "given")
    if end is None:
        raise asked.bad("end", "不能为空", "given")
    return CampaignAsked(
        asked.text("name", _MOST_CHARS, needed=True),
        asked.text("area", _MOST_CHARS, needed=True),
        start,
        end,
        asked.needed_number("cell_m", 0, _MOST_CELL_M, above=True),
    )


def _to_change(scope: Scope, campaign_id: int) -> CampaignRow:
    row = scope.campaign(campaign_id)
    if not scope.owns_campaign(row):
        raise ForbiddenError(
            "这个行动的范围大于您的辖区:请联系上级单位",
            "this campaign is of more ground than yours: ask the unit above",
            code="not_your_campaign",
        )
    return row


def _enqueue(session: Session, kind: str, subject: str, args: Json) -> int:
    person = current_person()
    made = jobs.enqueue(
        session,
        kind,
        subject,
        args,
        asked_by=person.id,
        weight="long",
        priority=jobs.PRIORITY_ASKED,
        key=f"{kind}:{subject}",
    )
    if made.args != args:
        raise ConflictError(
            f"已有人正在建立名为“{subject}”的行动:请换一个名字",
            f"somebody is making a campaign named {subject!r} already: choose another name",
            code="name_taken",
        )
    details: dict[str, object] = {"job": made.id, "kind": kind}
    audit.record(session, actor=person.name, action="job.add", subject=subject, details=details)
    return made.id


def add_campaign_addresses(api: Blueprint) -> None:
    """Give the API the addresses of this module."""
    one = "/campaigns/<int:campaign_id>"
    api.add_url_rule("/campaigns", view_func=campaigns_list)
    api.add_url_rule("/campaigns", view_func=post_campaign, methods=["POST"])
    api.add_url_rule("/campaigns/estimate", view_func=post_campaign_estimate, methods=["POST"])
    api.add_url_rule(one, view_func=campaign_standing)
    api.add_url_rule(f"{one}/sweep", view_func=post_campaign_sweep, methods=["POST"])
    api.add_url_rule(f"{one}/close", view_func=post_campaign_close, methods=["POST"])
