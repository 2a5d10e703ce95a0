"""What may be claimed of a campaign: how likely each township and the whole are clean.

The published proof-of-absence method over the campaign's cells (``confidence.absence``), with
townships as zones, what is uncertain as distributions, and what it would take to claim more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.claim_records import AreaClaim, Claim
from geoinspect.confidence.absence import (
    Estimate,
    SearchedCells,
    ZoneEstimate,
    estimate,
    next_prior,
    part_prior,
    posterior,
    searched_cells,
)
from geoinspect.confidence.draws import (
    BetaPrior,
    ClaimDraws,
    Exposures,
    FixedPrior,
    Uncertainty,
    draw_claims,
)
from geoinspect.confidence.needed import EffortCurve, Pace, effort_curve, needed
from geoinspect.confidence.needed_zones import needed_over_zones
from geoinspect.coverage.detectability import log_spread
from geoinspect.errors import Text
from geoinspect.rate_book import walking_width_m
from geoinspect.search_records import DetectionRate, Method
from geoinspect.settings import Settings
from geoinspect.snapshot import Snapshot
from geoinspect.store import audit, claims_kept
from geoinspect.store.search_schema import ClaimRow
from geoinspect.store.workspace import Workspace

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

# Assumed: the prior is as sure as if it came from this many seasons.
_PRIOR_SEASONS = 20.0
# Assumed: how sure the risk factors are, as sd of the logarithm of an exponent on the whole risk.
_RISK_SD_LOG = 0.3
DRAWS, SEED = 1000, 20270401
# A prior of 0 has no logarithm.
_LEAST = 1e-300


def make_claim(
    workspace: Workspace,
    session: Session,
    snapshot: Snapshot,
    *,
    prior: float | None = None,
    target: float | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Claim:
    """Return what a snapshot allows one to claim.

    Args:
        workspace: For its settings.
        session: For the claim of the season before.
        snapshot: Coverage on the day of the claim; it should count all sources.
        prior: P(clean) before the search; None takes the season before or the setting.
        target: P(clean) to reach; None takes the setting.
        draws, seed: Of the Monte Carlo interval; the same seed gives the same interval.

    Raises:
        UsageError: A probability outside 0–1.
        InputError: No cell has any risk.
    """
    settings = workspace.settings
    before, prior_from, earlier = (
        (prior, _GIVEN, None) if prior is not None else _prior(session, snapshot, settings)
    )
    cells = _cells(snapshot)
    found = estimate(
        cells,
        prior=before,
        design_prevalence=settings.design_prevalence,
        introduction=settings.introduction,
    )
    drawn = _drawn(snapshot, cells, before, settings, draws, seed)
    wanted = settings.claim_target if target is None else target
    width_m = walking_width_m(workspace, session, snapshot.as_of)
    pace = Pace(width_m, settings.walk_kmh, settings.day_hours)
    aim = _Aim(wanted, pace, settings.design_prevalence)
    priors = _part_priors(found, earlier, settings)
    intervals = _part_intervals(drawn, before, priors)
    parts = [
        _part(snapshot, cells, row, float(priors[zone]), (float(low), float(high)), aim)
        for zone, (row, (low, high)) in enumerate(zip(found.zones, intervals, strict=True))
        if row.cells
    ]
    return Claim(
        as_of=snapshot.as_of,
        target=wanted,
        smallest_patch_m2=snapshot.smallest_patch_m2,
        whole=_whole(snapshot, cells, found, drawn, aim),
        parts=tuple(sorted(parts, key=lambda part: (part.posterior, part.code))),
        next_prior=found.next_prior,
        prior_from=prior_from,
        rests_on=_rests_on(snapshot, settings, before, draws, seed, pace),
    )


def record_claim(session: Session, snapshot: Snapshot, claim: Claim, *, by: str) -> ClaimRow:
    """Keep a claim for good; the next season's prior starts from it."""
    row = claims_kept.add_claim(
        session,
        campaign_id=snapshot.campaign_id,
        as_of=claim.as_of,
        details={"area": snapshot.campaign.area_code, **claim.as_json()},
        by=by,
    )
    audit.record(
        session,
        actor=by,
        action="claim.add",
        subject=snapshot.campaign.name,
        details={"id": row.id, "as_of": str(claim.as_of), "posterior": claim.whole.posterior},
    )
    return row


@dataclass(frozen=True, slots=True)
class _Aim:
    """What P(clean) is wanted, and how a team on foot would get there."""

    target: float
    pace: Pace
    prevalence: float


_GIVEN = Text("本次指定", "given for this claim")


def _prior(
    session: Session, snapshot: Snapshot, settings: Settings
) -> tuple[float, Text, ClaimRow | None]:
    """Return the prior, where it comes from, and the claim of the season before."""
    earlier = claims_kept.claim_before(
        session, area_code=snapshot.campaign.area_code, start=snapshot.campaign.start
    )
    if earlier is not None:
        row, said = earlier
        day, sown = row.as_of, _introduced(settings.introduction, float(said["weight"]))
        return (
            next_prior(float(said["posterior"]), sown),
            Text(
                f"上一季({day})的结论,计入每年新种的可能",
                f"the claim of the season before ({day}), less the chance of new sowing",
            ),
            row,
        )
    return (
        settings.prior_clean,
        Text(
            "设定值 prior_clean(没有上一季的结论)",
            "the setting prior_clean (no claim of a season before)",
        ),
        None,
    )


def _introduced(introduction: float, share: float) -> float:
    """Return the chance of new sowing in a part that carries a share of the risk (Poisson)."""
    return float(1.0 - (1.0 - introduction) ** share)


def _part_priors(found: Estimate, earlier: ClaimRow | None, settings: Settings) -> F8:
    """Return the prior of every zone: what was claimed of it the season before, less the chance
    of new sowing; else the part of the whole's prior that its risk carries.
    """
    said = {} if earlier is None else {part["code"]: part for part in earlier.details["parts"]}
    priors = [
        next_prior(
            float(said[row.zone]["posterior"]), _introduced(settings.introduction, row.weight)
        )
        if row.zone in said
        else float(part_prior(found.prior, row.weight))
        for row in found.zones
    ]
    return np.array(priors)


def _part_intervals(drawn: ClaimDraws, prior: float, priors: F8) -> F8:
    """Return the 90 % interval of every zone's posterior, its prior drawn with the whole's."""
    known = np.nan_to_num(drawn.zone_sensitivity, nan=0.0)
    before = np.tile(priors, (len(drawn.prior), 1))
    if 0 < prior < 1:
        power = np.log(np.maximum(priors, _LEAST)) / np.log(prior)
        before = np.power(drawn.prior[:, None], power)
    ends = np.quantile(posterior(before, known), [0.05, 0.95], axis=0)
    return np.asarray(ends.T, np.float64)


def _cells(snapshot: Snapshot) -> SearchedCells:
    codes, zone = listed_zones(snapshot)
    return searched_cells(
        snapshot.sensitivity,
        snapshot.risk.relative * snapshot.ground.cell_m2,
        zone=zone,
        zone_names=codes,
    )


def listed_zones(snapshot: Snapshot) -> tuple[tuple[str, ...], I4]:
    """Return the areas that gaps are listed by, and the one each cell lies in, (cells,)."""
    listing = snapshot.listed_by
    codes = tuple(sorted(set(listing.values())))
    number = {code: k for k, code in enumerate(codes)}
    of_area = np.array([number[listing[c]] for c in snapshot.ground.area_codes], np.int32)
    return codes, of_area[snapshot.ground.cell_home]


def _drawn(
    snapshot: Snapshot,
    cells: SearchedCells,
    prior: float,
    settings: Settings,
    draws: int,
    seed: int,
) -> ClaimDraws:
    well = snapshot.searched
    spread = spreads(snapshot)
    relative = snapshot.risk.relative
    log_risk = np.log(np.where(relative > 0, relative, 1.0))[None, :]
    uncertainty = Uncertainty(
        prior=BetaPrior(prior, _PRIOR_SEASONS) if 0 < prior < 1 else FixedPrior(prior),
        sd_log=tuple(spread[method] for method in well.methods),
        risk_sd_log=(_RISK_SD_LOG,),
        draws=draws,
        seed=seed,
    )
    exposures = Exposures(well.exposure, well.cap, well.scale, well.methods, ~well.pictured)
    return draw_claims(
        cells,
        exposures,
        uncertainty,
        design_prevalence=settings.design_prevalence,
        log_risk=log_risk,
    )


def spreads(snapshot: Snapshot) -> dict[Method, float]:
    """Return how unsure the widths and rates of each method are: sd of the logarithm."""
    by_method: dict[Method, list[float]] = {}
    for k in np.flatnonzero(snapshot.counted.any(axis=1)):
        source = snapshot.book.sources[k]
        basis = source.basis
        row = DetectionRate(
            source.method,
            basis.get("width_m"),
            basis.get("rate"),
            source.patch_m2,
            "",
            low=basis.get("low"),
            high=basis.get("high"),
        )
        by_method.setdefault(source.method, []).append(log_spread(row))
    return {method: float(np.mean(values)) for method, values in by_method.items()}


def _part(
    snapshot: Snapshot,
    cells: SearchedCells,
    row: ZoneEstimate,
    prior: float,
    interval: tuple[float, float],
    aim: _Aim,
) -> AreaClaim:
    """Return the claim of one zone, from its own prior."""
    reached = row.sensitivity or 0.0
    need = None
    if row.sensitivity is not None:
        mine = cells.zone == cells.zone_names.index(row.zone)
        curve = _curve(snapshot, cells, mine, aim)
        need = needed(curve, aim.pace, prior=prior, target=aim.target, prevalence=aim.prevalence)
    return AreaClaim(
        code=row.zone,
        cells=row.cells,
        searched=row.searched,
        weight=row.weight,
        sensitivity=row.sensitivity,
        prior=prior,
        posterior=float(posterior(prior, reached)),
        interval=interval,
        expected_standing=_expected(prior, reached),
        need=need,
    )


def _whole(
    snapshot: Snapshot, cells: SearchedCells, found: Estimate, drawn: ClaimDraws, aim: _Aim
) -> AreaClaim:
    curves = [_curve(snapshot, cells, cells.zone == zone, aim) for zone in _at_risk(found)]
    weights = [found.zones[zone].weight for zone in _at_risk(found)]
    need = needed_over_zones(
        curves,
        weights,
        aim.pace,
        prior=found.prior,
        target=aim.target,
        design_prevalence=aim.prevalence,
    )
    return AreaClaim(
        code=snapshot.campaign.area_code,
        cells=len(cells.risk),
        searched=int((cells.sensitivity > 0).sum()),
        weight=1.0,
        sensitivity=found.system_sensitivity,
        prior=found.prior,
        posterior=found.posterior,
        interval=drawn.interval(),
        expected_standing=_expected(found.prior, found.system_sensitivity),
        need=need,
    )


def _at_risk(found: Estimate) -> list[int]:
    return [zone for zone, row in enumerate(found.zones) if row.sensitivity is not None]


def _curve(
    snapshot: Snapshot, cells: SearchedCells, mine: NDArray[np.bool_], aim: _Aim
) -> EffortCurve:
    return effort_curve(
        cells.risk[mine],
        cells.sensitivity[mine],
        snapshot.ground.cell_m2[mine],
        width_m=aim.pace.width_m,
    )


def _expected(prior: float, sensitivity: float) -> float:
    """Return the mean number of patches nobody found: −ln(prior) were expected, Poisson."""
    return float(-np.log(max(prior, 1e-300)) * (1.0 - sensitivity) + 0.0)


def _rests_on(
    snapshot: Snapshot, settings: Settings, prior: float, draws: int, seed: int, pace: Pace
) -> dict[str, Any]:
    counted = np.flatnonzero(snapshot.counted.any(axis=1))
    looks: dict[str, int] = {}
    assumed = 0
    for k in counted:
        source = snapshot.book.sources[k]
        looks[source.method.value] = looks.get(source.method.value, 0) + 1
        assumed += source.basis.get("source", "assumed") == "assumed"
    return {
        "prior": prior,
        "prior_seasons": _PRIOR_SEASONS,
        "introduction": settings.introduction,
        "design_prevalence": settings.design_prevalence,
        "detection_law": settings.detection_law.value,
        "looks": looks,
        "looks_with_assumed_rates": assumed,
        "sd_log": {method.value: sd for method, sd in spreads(snapshot).items()},
        "risk_sd_log": _RISK_SD_LOG,
        "draws": draws,
        "seed": seed,
        "walking": {
            "width_m": pace.width_m,
            "speed_kmh": pace.speed_kmh,
            "hours": pace.hours,
        },
    }
