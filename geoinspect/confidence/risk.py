"""The prior risk of every cell relative to ordinary ground: a product of factors, each explained.

``RR = Π factor``. A factor of distance is ``1 + (m - 1) · e^(-d / decay)`` with d from the cell's
centre to the nearest feature; a factor of ground is ``1 + (m - 1) · share`` with the share of the
cell's ground inside; slope and altitude are read from a table of breakpoints. What is unknown
counts as 1. A risk says where a patch would be, never that there is one
(``docs/decisions/0017-prior-risk.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.confidence.nearest import nearest, nearest_with_handicap, polygons_of
from geoinspect.confidence.risk_rules import (
    DISTANCE_FACTORS,
    SHARE_FACTORS,
    RiskFactor,
    RiskRule,
)
from geoinspect.confidence.shares import Shares, square_shares
from geoinspect.crs import metric_shape
from geoinspect.records import Zone, ZoneKind

F8 = NDArray[np.float64]

_ZONE_FACTORS = {
    ZoneKind.FORMER: RiskFactor.FORMER,
    ZoneKind.PRIORITY: RiskFactor.PRIORITY,
    ZoneKind.LICENSED: RiskFactor.LICENSED,
}


@dataclass(frozen=True, slots=True, eq=False)
class RiskCells:
    """The cells of a risk surface, in the grid's CRS.

    Attributes:
        x, y: Centres, metres, shape (n,).
        cell_m: Side of a cell.
        shares: Of a polygon, the share (0-1) of every cell's ground inside it, shape (n,); None
            takes each cell's whole square for its ground.
    """

    x: F8
    y: F8
    cell_m: float
    shares: Shares | None = None

    def share(self, polygon: Polygon | MultiPolygon) -> F8:
        """Return the share of every cell's ground inside a polygon, shape (n,)."""
        if self.shares is not None:
            return self.shares(polygon)
        return square_shares(self.x, self.y, self.cell_m, polygon)


@dataclass(frozen=True, slots=True)
class Override:
    """A relative risk that a person drew on the map: a polygon in the grid's CRS."""

    polygon: Polygon | MultiPolygon
    multiplier: float
    note: str
    who: str


@dataclass(frozen=True, slots=True, eq=False)
class RiskLayers:
    """What is known of the ground, in the grid's CRS; everything may be missing.

    Attributes:
        places: Factor → features, of any kind for distance factors; of polygons the ground
            inside counts as distance 0. Factors of ground use polygons only.
        former_age_years: Years since each former find, one for each of ``places[FORMER]``; NaN
            counts as 0, as do all without it.
        slope_deg, altitude_m: Of each cell, shape (n,), NaN where unknown.
        overrides: Edits by hand; where two meet both count.
    """

    places: Mapping[RiskFactor, Sequence[BaseGeometry]] = field(default_factory=dict)
    former_age_years: Sequence[float] | None = None
    slope_deg: F8 | None = None
    altitude_m: F8 | None = None
    overrides: Sequence[Override] = ()


@dataclass(frozen=True, slots=True)
class RiskReason:
    """Why a cell's risk is not 1.

    Attributes:
        factor: None for an edit by hand.
        value: Metres to the feature, share of the ground (0-1), degrees or metres of altitude.
        unit: ``m``, ``share`` or ``deg``.
        multiplier: What the risk is multiplied with.
        source: Of the rule; of an edit, who made it.
        age_years: Of the former find that counts; None of others and where unknown.
    """

    factor: RiskFactor | None
    value: float
    unit: str
    multiplier: float
    source: str
    note: str = ""
    age_years: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RiskPart:
    """What one factor or one edit does to every cell; arrays of shape (n,).

    Attributes:
        value: As in :class:`RiskReason`; infinite or NaN where there is none.
        age_years: Of the former find that counts, NaN where unknown; None of other factors.
    """

    factor: RiskFactor | None
    unit: str
    source: str
    note: str
    value: F8
    multiplier: F8
    age_years: F8 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RiskSurface:
    """Relative risk of every cell, shape (n,), and the parts whose product it is."""

    relative: F8
    parts: tuple[RiskPart, ...]

    def explain(self, cell: int) -> list[RiskReason]:
        """Return the reasons of one cell, strongest first; their product is its risk.

        Factors that leave the cell as it is are not listed.
        """
        reasons = []
        for part in self.parts:
            multiplier = float(part.multiplier[cell])
            if multiplier == 1:
                continue
            age = np.nan if part.age_years is None else float(part.age_years[cell])
            reasons.append(
                RiskReason(
                    factor=part.factor,
                    value=float(part.value[cell]),
                    unit=part.unit,
                    multiplier=multiplier,
                    source=part.source,
                    note=part.note,
                    age_years=None if np.isnan(age) else age,
                )
            )
        # A factor of 0 is the strongest of all: it decides alone.
        return sorted(
            reasons,
            key=lambda r: np.inf if r.multiplier == 0 else abs(np.log(r.multiplier)),
            reverse=True,
        )


def relative_risk(cells: RiskCells, layers: RiskLayers, rules: Sequence[RiskRule]) -> RiskSurface:
    """Return the relative risk of every cell.

    The order of rules, features and edits does not matter, and a feature given twice counts
    once. Without layers every risk is 1.

    Raises:
        ValueError: Arrays of different lengths, places that are no numbers, or an edit with a
            multiplier that is no finite number ≥ 0.
    """
    _check(cells, layers)
    parts = [part for rule in rules if (part := _part_of(rule, cells, layers)) is not None]
    for edit in layers.overrides:
        share = _share_inside(cells, [edit.polygon])
        effect = 1 + (edit.multiplier - 1) * share
        parts.append(RiskPart(None, "share", edit.who, edit.note, share, effect))
    relative = np.ones(len(cells.x))
    for part in parts:
        relative *= part.multiplier
    return RiskSurface(relative, tuple(parts))


def zone_places(
    zones: Iterable[Zone], crs: str, day: date | None
) -> dict[RiskFactor, list[BaseGeometry]]:
    """Return the zones that hold on a day by factor, as ``places`` in the grid's CRS.

    A licence with dates holds only on a known day inside them. No-go ground changes no risk.
    """
    found: dict[RiskFactor, list[BaseGeometry]] = {}
    for zone in zones:
        factor = _ZONE_FACTORS.get(zone.kind)
        if factor is not None and zone.valid_on(day):
            found.setdefault(factor, []).append(metric_shape(zone.polygon, crs))
    return found


def _check(cells: RiskCells, layers: RiskLayers) -> None:
    if not (np.isfinite(cells.x).all() and np.isfinite(cells.y).all()):
        raise ValueError("a cell has no place")
    sizes = [len(a) for a in (cells.y, layers.slope_deg, layers.altitude_m) if a is not None]
    if any(size != len(cells.x) for size in sizes):
        raise ValueError(f"{len(cells.x)} cells but arrays of {sizes}")
    finds, ages = layers.places.get(RiskFactor.FORMER, ()), layers.former_age_years
    if ages is not None and len(ages) != len(finds):
        raise ValueError(f"{len(finds)} former finds but {len(ages)} ages")
    for edit in layers.overrides:
        if not (np.isfinite(edit.multiplier) and edit.multiplier >= 0):
            raise ValueError(f"a risk can't be multiplied with {edit.multiplier}")


def _part_of(rule: RiskRule, cells: RiskCells, layers: RiskLayers) -> RiskPart | None:
    """Return what one rule does; None when it does nothing anywhere."""
    if rule.neutral:
        return None
    if rule.factor in DISTANCE_FACTORS or rule.factor in SHARE_FACTORS:
        if not (places := layers.places.get(rule.factor)):
            return None
        return (
            _by_distance(rule, cells, layers, places)
            if rule.factor in DISTANCE_FACTORS
            else _by_share(rule, cells, places)
        )
    slope = rule.factor is RiskFactor.SLOPE
    value = layers.slope_deg if slope else layers.altitude_m
    if value is None:
        return None
    unit = "deg" if slope else "m"
    return RiskPart(rule.factor, unit, rule.source, rule.note, value, rule.at_value(value))


def _by_distance(
    rule: RiskRule, cells: RiskCells, layers: RiskLayers, places: Sequence[BaseGeometry]
) -> RiskPart:
    """Return the effect of the feature that weighs most; nearer ones weigh more, older ones less."""
    former = rule.factor is RiskFactor.FORMER
    known = layers.former_age_years if former else None
    ages = np.full(len(places), np.nan) if known is None else np.asarray(known, np.float64)
    decay_m = rule.decay_m or 1.0
    lives = 0.0 if rule.half_life_years is None else 1 / rule.half_life_years
    # To be n half-lives old is to lie n · ln 2 decays farther away.
    handicap_m = np.maximum(np.nan_to_num(ages), 0.0) * lives * np.log(2) * decay_m
    if handicap_m.any():
        reach_m = rule.reach_m
        which, distance_m = nearest_with_handicap(cells.x, cells.y, places, handicap_m, reach_m)
    else:
        which, distance_m = nearest(cells.x, cells.y, places)
    hit = which >= 0
    strength = np.where(hit, np.exp(-handicap_m[which] / decay_m), 0.0)
    return RiskPart(
        rule.factor,
        "m",
        rule.source,
        rule.note,
        distance_m,
        rule.at_distance(distance_m, strength),
        np.where(hit, ages[which], np.nan) if former else None,
    )


def _by_share(rule: RiskRule, cells: RiskCells, places: Sequence[BaseGeometry]) -> RiskPart:
    """Return the effect of ground inside; where polygons overlap it counts once."""
    share = _share_inside(cells, places)
    return RiskPart(rule.factor, "share", rule.source, rule.note, share, rule.at_share(share))


def _share_inside(cells: RiskCells, places: Sequence[BaseGeometry]) -> F8:
    inside = shapely.union_all(polygons_of(places))
    return np.zeros(len(cells.x)) if inside.is_empty else cells.share(inside)
