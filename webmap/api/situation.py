"""The commander's figures of an area: now, what changed since the day before, and two weeks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from flask import Response, jsonify, request

from geoinspect.casework.told import today_of
from geoinspect.coverage.sums import CoverageSum
from geoinspect.situation.board import claims_by_area, clean_figure, figures, ranking, unseen_m2
from geoinspect.snapshot import Snapshot
from geoinspect.store.schema import AreaRow, CampaignRow
from webmap.api.blueprint import campaign_number, number
from webmap.api.shown import tile_pattern
from webmap.office import office
from webmap.scope_situation import SituationScope, day_before, situation_scope

Json = dict[str, Any]
_DAYS, _MOST_DAYS = 14, 60


def situation() -> Response:
    """Return the figures of ``?area=CODE&campaign=N``, the ranking of the areas below it, and what
    changed since the day before; P(clean) is asked for apart, as it takes longer.
    """
    today = today_of()
    with office().workspace.database.reading() as session:
        scope = situation_scope(session)
        area, campaign = _asked(scope)
        answer = _frame(scope, area, campaign)
        if area is None:
            return jsonify(answer)
        now_sums, before_sums, snapshot = _sums(campaign)
        now = scope.moment(today, now_sums, now=True)
        before = scope.moment(day_before(today), before_sums, now=False)
        until = None if snapshot is None else snapshot.data_until
        answer |= {
            "figures": [
                one.as_json() for one in figures(area.code, now, before, scope.settings, until)
            ],
            "rows": _rows(scope, area, ranking(_below(scope, area), now, ())),
            "before": before.day.isoformat(),
            "news": _news(scope, area, now_sums, before_sums),
            "data_until": None if until is None else until.isoformat(),
            "coverage_tiles": None if snapshot is None else tile_pattern(snapshot),
        }
    return jsonify(answer)


def situation_clean() -> Response:
    """Return how likely ``?area=`` is clean, now and the day before, and so for the areas below."""
    with office().workspace.database.reading() as session:
        scope = situation_scope(session)
        area, campaign = _asked(scope)
        if area is None or campaign is None:
            return jsonify(figure=None, areas={}, meaning=None, meaning_zh=None)
        claim = scope.claim(campaign.id, None)
        last = office().snapshots.get(campaign.id).as_of
        earlier = day_before(last)
        before = scope.claim(campaign.id, earlier) if earlier >= campaign.start else None
        figure = clean_figure(area.code, claim, before)
        known = {} if claim is None else claims_by_area(claim)
        areas = {code: told for code, told in known.items() if code in scope.tree.by_code}
    return jsonify(
        figure=figure.as_json(),
        areas=areas,
        meaning=None if claim is None else claim.meaning.en,
        meaning_zh=None if claim is None else claim.meaning.zh,
    )


def situation_days() -> Response:
    """Return ``?days=14`` days of an area: ``days`` up to today with what was done to cases and what
    was uploaded; ``coverage`` up to the day that the campaign stands at, which lies back once it is
    over; and for each area below it the curve of its cleared share over the same days.
    """
    count = _asked_days()
    with office().workspace.database.reading() as session:
        scope = situation_scope(session)
        area, campaign = _asked(scope)
        if area is None:
            return jsonify(days=[], coverage=[], curves={})
        today = today_of()
        done = scope.days(today - timedelta(days=count - 1), today, area)
        past = _past(campaign, count)
        return jsonify(
            days=[
                asdict(one) | {"day": one.day.isoformat(), "uploads": scope.uploads(one.day)}
                for one in done
            ],
            coverage=[
                {
                    "day": day.isoformat(),
                    "area_m2": sums[area.code].area_m2,
                    "unseen_m2": unseen_m2(sums[area.code]),
                    "cleared_share": _cleared(sums, area.code),
                }
                for day, sums in past
                if area.code in sums
            ],
            curves={
                code: [_cleared(sums, code) for _, sums in past] for code in _below(scope, area)
            },
        )


def _asked(scope: SituationScope) -> tuple[AreaRow | None, CampaignRow | None]:
    """Return the area asked for (the person's widest without one) and the campaign."""
    campaigns = scope.scope.campaigns()
    campaign = scope.scope.campaign(campaign_number()) if campaigns else None
    code = request.args.get("area")
    if code is not None:
        return scope.tree.area(code), campaign
    if campaign is not None and campaign.area_code in scope.tree.by_code:
        return scope.tree.area(campaign.area_code), campaign
    return scope.tree.root(), campaign


def _frame(scope: SituationScope, area: AreaRow | None, campaign: CampaignRow | None) -> Json:
    tree = scope.tree
    return {
        "today": today_of().isoformat(),
        "campaigns": [{"id": c.id, "name": c.name} for c in scope.scope.campaigns()],
        "campaign": None
        if campaign is None
        else {
            "id": campaign.id,
            "name": campaign.name,
            "start": campaign.start.isoformat(),
            "end": campaign.end.isoformat(),
        },
        "area": None if area is None else tree.as_json(area),
        "way": [] if area is None else [tree.as_json(step) for step in tree.way_to(area.code)],
        "figures": [],
        "rows": [],
        "news": None,
        "before": None,
        "data_until": None,
        "coverage_tiles": None,
    }


def _sums(
    campaign: CampaignRow | None,
) -> tuple[Mapping[str, CoverageSum] | None, Mapping[str, CoverageSum] | None, Snapshot | None]:
    """Return the coverage of the campaign's areas now and the day before."""
    if campaign is None:
        return None, None, None
    snapshot = office().snapshots.get(campaign.id)
    earlier = day_before(snapshot.as_of)
    if earlier < campaign.start:
        return snapshot.sums, None, snapshot
    return snapshot.sums, office().day_sums.get(campaign.id, earlier, exact=True), snapshot


def _past(campaign: CampaignRow | None, count: int) -> list[tuple[date, Mapping[str, CoverageSum]]]:
    """Return the last days that the campaign has, oldest first, with the sums of each."""
    if campaign is None:
        return []
    last = office().snapshots.get(campaign.id).as_of
    days = [last - timedelta(days=n) for n in reversed(range(count))]
    kept = office().day_sums
    return [(day, kept.get(campaign.id, day)) for day in days if day >= campaign.start]


def _below(scope: SituationScope, area: AreaRow) -> list[str]:
    return [row.code for row in scope.tree.children(area.code)]


def _rows(scope: SituationScope, area: AreaRow, rows: list[Json]) -> list[Json]:
    tree = scope.tree
    return [
        row | {"name": tree.area(row["code"]).name, "below": bool(tree.children(row["code"]))}
        for row in rows
    ]


def _news(
    scope: SituationScope,
    area: AreaRow,
    now: Mapping[str, CoverageSum] | None,
    before: Mapping[str, CoverageSum] | None,
) -> Json:
    """Return what was done since the day before began, and the ground won or lost since its end."""
    today = today_of()
    done = scope.days(day_before(today), today, area)
    total = {
        name: sum(getattr(day, name) for day in done)
        for name in ("opened", "confirmed", "eradicated", "closed")
    }
    here = None if now is None else now.get(area.code)
    earlier = None if before is None else before.get(area.code)
    known = here is not None and earlier is not None
    return total | {
        "since": day_before(today).isoformat(),
        "uploads": scope.uploads(today) + scope.uploads(day_before(today)),
        "seen_m2": here.seen_m2 - earlier.seen_m2 if known else None,  # type: ignore[union-attr]
        "cleared_m2": here.cleared_m2 - earlier.cleared_m2 if known else None,  # type: ignore[union-attr]
    }


def _cleared(sums: Mapping[str, CoverageSum], code: str) -> float | None:
    total = sums.get(code)
    return None if total is None or total.area_m2 <= 0 else total.cleared_m2 / total.area_m2


def _asked_days() -> int:
    return int(min(max(number("days", float(_DAYS)), 2), _MOST_DAYS))
