"""The prior risk of a campaign's cells, from everything the workspace knows of the ground."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.confidence.risk import (
    Override,
    RiskCells,
    RiskLayers,
    RiskSurface,
    relative_risk,
    zone_places,
)
from geoinspect.confidence.risk_rules import RiskFactor, RiskRule, load_rules, with_rule
from geoinspect.confidence.shares import ground_shares
from geoinspect.coverage.ground import Ground
from geoinspect.records import CHINA_TIME, Zone, ZoneKind
from geoinspect.store import grounds, searching
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import relief_of

RULES_NAME = "risk_rules.toml"
_YEAR_DAYS = 365.25
_LANDMARK_FACTORS = (RiskFactor.HOUSES, RiskFactor.ROADS, RiskFactor.WATER)


def risk_rules(workspace: Workspace, session: Session) -> tuple[RiskRule, ...]:
    """Return the rules of the prior risk: the package's or the workspace's file, then changes.

    Raises:
        UsageError: The workspace's ``risk_rules.toml`` or a stored change can't be used.
    """
    path: Path = workspace.folder / RULES_NAME
    rules = load_rules(path if path.exists() else None)
    for factor, values in searching.risk_changes(session).items():
        rules = with_rule(rules, RiskFactor(factor), **values)
    return rules


def _ages(zones: Sequence[Zone], today: date) -> list[float]:
    """Return the years since each former find that holds today; NaN where its date is not known."""
    return [
        np.nan if zone.valid_from is None else (today - zone.valid_from).days / _YEAR_DAYS
        for zone in zones
        if zone.kind is ZoneKind.FORMER and zone.valid_on(today)
    ]


def risk_of(
    workspace: Workspace,
    session: Session,
    ground: Ground,
    *,
    campaign_id: int,
    day: date | None = None,
) -> RiskSurface:
    """Return the relative risk of a campaign's cells, with licences as they hold on a day (today
    without one).

    Raises:
        UsageError: The workspace's rules can't be used.
    """
    crs = ground.grid.crs
    rules = risk_rules(workspace, session)
    today = day or datetime.now(CHINA_TIME).date()
    zones = grounds.zones(session)
    places = zone_places(zones, crs, today)
    wanted = {rule.factor for rule in rules if rule.active and not rule.neutral}
    for factor in _LANDMARK_FACTORS:
        # What changes nothing need not be measured; there may be thousands of houses.
        if factor in wanted:
            rows = searching.landmarks(session, factor.value)
            places[factor] = [crs_.metric_shape(row.geometry, crs) for row in rows]
    relief = relief_of(session, campaign_id)
    edits = [
        Override(crs_.metric_shape(row.geometry, crs), row.multiplier, row.note, row.set_by)
        for row in searching.risk_edits(session)
    ]
    layers = RiskLayers(
        places=places,
        former_age_years=_ages(zones, today),
        slope_deg=None if relief is None else relief.slope_deg.astype(np.float64),
        altitude_m=None if relief is None else relief.altitude_m.astype(np.float64),
        overrides=edits,
    )
    cells = RiskCells(
        *ground.centres(),
        ground.grid.cell_m,
        ground_shares(ground),
    )
    return relative_risk(cells, layers, rules)
