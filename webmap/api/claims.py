"""What may be claimed of a campaign: the whole and its townships, and claims kept for good."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy.orm import Session

from geoinspect.campaign_book import standing_day
from geoinspect.claim_records import Claim
from geoinspect.claims import record_claim
from geoinspect.coverage.sums import CoverageSum
from geoinspect.errors import Text, UsageError
from geoinspect.snapshot import Question, Snapshot
from geoinspect.store.schema import CampaignRow
from geoinspect.store.search_schema import ClaimRow
from webmap import errors
from webmap.api.blueprint import campaign_number
from webmap.api.deciders import for_deciders, whole_campaign_only
from webmap.api.fields import Fields, json_fields
from webmap.api.paging import page
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.tree import AreaTree

LEAST_TARGET, MOST_TARGET = 0.8, 0.99
_LABELS = {
    "as_of": Text("日期", "the day"),
    "target": Text("目标把握", "the target"),
    "version": Text("数据版本", "the version of the data"),
    "campaign": Text("行动", "the campaign"),
}
_CHANGED = Text(
    "数据已更新,数字可能已变:请刷新后再记录",
    "The data changed meanwhile, so the numbers may have too: load the page again, then record.",
)


def claims() -> Response:
    """Return the claim of ``?campaign=N&as_of=2026-05-14&target=0.95`` with names and coverage."""
    asked = Fields({k: v for k, v in request.args.items() if k in _LABELS}, _LABELS)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        claim, snapshot = _claim(session, campaign, asked)
        answer = _told(scope, claim, snapshot)
        answer["campaigns"] = [{"id": c.id, "name": c.name} for c in scope.campaigns()]
    return jsonify(answer)


@for_deciders
def post_claim() -> Response:
    """Keep the claim of a day for good: ``{"as_of", "target", "version"}``; the version is the
    one that was looked at, so that nobody signs other numbers.
    """
    asked = json_fields(_LABELS)
    wanted = asked.number("campaign", 1, 10**15)
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(None if wanted is None else int(wanted))
        if not scope.owns_campaign(campaign):
            return whole_campaign_only()
        claim, snapshot = _claim(session, campaign, asked)
    if asked.has("version") and asked.text("version", 200) != snapshot.version:
        return errors.answer("data_changed", _CHANGED, 409)
    with office().workspace.database.writing() as session:
        row = record_claim(session, snapshot, claim, by=current_person().name)
        told = _kept(row)
    return jsonify(told)


def kept_claims() -> Response:
    """Return the claims that were kept of a campaign, newest first."""
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        campaign = scope.campaign(campaign_number())
        return jsonify(page("claims", [_kept(row) for row in scope.kept_claims(campaign.id)]))


def _claim(session: Session, campaign: CampaignRow, asked: Fields) -> tuple[Claim, Snapshot]:
    target = asked.number("target", LEAST_TARGET, MOST_TARGET)
    as_of = asked.day("as_of")
    snapshot = office().snapshots.get(campaign.id, Question())
    last = standing_day(snapshot.campaign)
    if as_of is not None and not campaign.start <= as_of <= last:
        raise UsageError(
            f"日期 {as_of} 不在行动期间:请选择 {campaign.start} 至 {last} 之间的日期",
            f"the day {as_of} is not one of the campaign: choose one from {campaign.start} to "
            f"{last}",
            code="bad_field",
        )
    if as_of is not None and as_of != last:
        snapshot = office().snapshots.get(campaign.id, Question(as_of=as_of))
    return office().claims.get(session, snapshot, target), snapshot


def _told(scope: Scope, claim: Claim, snapshot: Snapshot) -> dict[str, Any]:
    tree = AreaTree.of(scope)
    claim, all_theirs = scope.claim(claim)
    told = claim.as_json()
    if not all_theirs:
        return told | _rest_of(scope, tree, claim, snapshot) | _about(scope, snapshot)
    root = claim.whole.code
    listed = {part.code: snapshot.sums[part.code] for part in claim.parts if part.code != root}
    total = snapshot.sums[root]
    sums = {**listed, root: _less(total, list(listed.values()))}
    told["parts"] = [
        part
        | _area(tree, part["code"])
        | {"coverage": sums[part["code"]].as_json(), "rest": part["code"] == root}
        for part in told["parts"]
    ]
    told["whole"] |= _area(tree, root) | {"coverage": total.as_json()}
    return told | _about(scope, snapshot)


def _rest_of(scope: Scope, tree: AreaTree, claim: Claim, snapshot: Snapshot) -> dict[str, Any]:
    """Return what a claim tells whoever sees a part of its campaign's ground: their parts alone,
    and in the place of the whole the widest of these (null without any).
    """
    rests_on = {k: v for k, v in claim.rests_on.items() if not k.startswith("looks")}
    parts = [
        part.as_json()
        | _area(tree, part.code)
        | {"coverage": snapshot.sums[part.code].as_json(), "rest": False}
        for part in claim.parts
    ]
    whole = next((part for part in parts if part["code"] == claim.whole.code), None)
    return {
        "parts": parts,
        "whole": whole,
        "next_prior": None,
        "rests_on": rests_on | {"looks": None, "looks_with_assumed_rates": None},
    }


def _about(scope: Scope, snapshot: Snapshot) -> dict[str, Any]:
    campaign, last = snapshot.campaign, standing_day(snapshot.campaign)
    return {
        "campaign": {"id": snapshot.campaign_id, "name": campaign.name},
        "days": _days(campaign.start, last),
        "data_until": None if snapshot.data_until is None else snapshot.data_until.isoformat(),
        "version": snapshot.version,
        "risk_rules": [
            rule for rule in scope.risk_rules(office().workspace) if not rule["neutral"]
        ],
    }


def _area(tree: AreaTree, code: str) -> dict[str, object]:
    return tree.as_json(tree.area(code))


def _less(total: CoverageSum, parts: list[CoverageSum]) -> CoverageSum:
    """Return what is left of a sum without its parts."""
    inside = sum(parts, CoverageSum())
    names = [field.name for field in fields(total)]
    return CoverageSum(**{name: getattr(total, name) - getattr(inside, name) for name in names})


def _days(first: date, last: date) -> dict[str, str] | None:
    return {"first": first.isoformat(), "last": last.isoformat()} if first <= last else None


def _kept(row: ClaimRow) -> dict[str, Any]:
    whole = row.details["whole"]
    return {
        "id": row.id,
        "as_of": row.as_of.isoformat(),
        "made_at": row.made_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "made_by": row.made_by,
        "posterior": whole["posterior"],
        "posterior_low": whole["posterior_low"],
        "posterior_high": whole["posterior_high"],
        "sensitivity": whole["sensitivity"],
        "prior": whole["prior"],
        "smallest_patch_m2": row.details["smallest_patch_m2"],
        "next_prior": row.details["next_prior"],
        "seed": row.details["rests_on"]["seed"],
    }
