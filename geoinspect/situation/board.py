"""The commander's figures of one area and the ranking of the areas below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from geoinspect.claim_records import AreaClaim, Claim
from geoinspect.coverage.sums import CoverageSum
from geoinspect.settings import Settings
from geoinspect.situation.tallies import Tally

Json = dict[str, Any]
Unit = Literal["m2", "share", "count"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with all that it needs to be read.

    Attributes:
        value: None where it can't be known.
        of: What it is a part of, in its own unit; of a share: the ground in m². None without one.
        target: What the office aims for; None without one.
        better: Which way is good.
        before: Its value the day before; None where that is not known.
        as_of: Day of the newest data in it; None without any.
    """

    key: str
    unit: Unit
    value: float | None
    of: float | None
    target: float | None
    better: Literal["less", "more"] | None
    before: float | None
    as_of: date | None

    def as_json(self) -> Json:
        """Return all of it, with the change since the day before."""
        known = self.value is not None and self.before is not None
        return {
            "key": self.key,
            "unit": self.unit,
            "value": self.value,
            "of": self.of,
            "target": self.target,
            "better": self.better,
            "before": self.before,
            "change": self.value - self.before if known else None,  # type: ignore[operator]
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of the areas on one day.

    Attributes:
        sums: Coverage by area code; None without a campaign over them.
        tallies: Cases and sites by area code, with all below.
        uploads: Files that arrived on the day.
    """

    day: date
    sums: Mapping[str, CoverageSum] | None
    tallies: Mapping[str, Tally]
    uploads: int


def figures(
    code: str, now: Moment, before: Moment, settings: Settings, data_until: date | None
) -> list[Figure]:
    """Return the figures of an area but its P(clean), which takes longer (:func:`clean_figure`)."""
    covered, covered_before = _sum(code, now), _sum(code, before)
    here, here_before = now.tallies.get(code, Tally()), before.tallies.get(code, Tally())
    m2 = None if covered is None else covered.area_m2
    return [
        Figure(
            *("unseen", "m2", unseen_m2(covered), m2, 0.0, "less"),
            unseen_m2(covered_before),
            data_until,
        ),
        Figure(
            *("cleared", "share", _cleared(covered), m2, settings.cleared_target, "more"),
            _cleared(covered_before),
            data_until,
        ),
        _count("overdue", here.overdue, here.open, here_before.overdue, now.day),
        _count("standing", here.standing, here.open, here_before.standing, now.day),
        _count("sites_late", here.sites_late, here.sites, here_before.sites_late, now.day),
        Figure("uploads", "count", now.uploads, None, None, None, before.uploads, now.day),
    ]


def clean_figure(code: str, claim: Claim | None, before: Claim | None) -> Figure:
    """Return how likely an area is clean; unknown for areas that claims are not made of."""
    here, here_before = _claimed(code, claim), _claimed(code, before)
    return Figure(
        key="clean",
        unit="share",
        value=None if here is None else here.posterior,
        of=None,
        target=None if claim is None else claim.target,
        better="more",
        before=None if here_before is None else here_before.posterior,
        as_of=None if claim is None else claim.as_of,
    )


def unseen_m2(total: CoverageSum | None) -> float | None:
    """Return the ground without a look that still counts, also in cells of which a part was seen:
    the headline of the map, m²; None where there is no figure.
    """
    return None if total is None else max(total.area_m2 - total.seen_m2, 0.0)


def ranking(
    codes: Sequence[str], now: Moment, days: Sequence[Mapping[str, CoverageSum]]
) -> list[Json]:
    """Return a row for each area, most unseen ground first.

    Args:
        codes: The areas.
        now: Today.
        days: Coverage of the last days, oldest first, for a small curve; may be empty.
    """
    rows = []
    for code in codes:
        total, here = _sum(code, now), now.tallies.get(code, Tally())
        curve = [_cleared(day.get(code)) for day in days]
        rows.append(
            {
                "code": code,
                "coverage": None if total is None else total.as_json(),
                "unseen_share": None
                if total is None
                else _share(unseen_m2(total) or 0.0, total.area_m2),
                "cleared_share": _cleared(total),
                "open": here.open,
                "overdue": here.overdue,
                "standing": here.standing,
                "sites": here.sites,
                "sites_late": here.sites_late,
                "curve": curve,
            }
        )
    return sorted(rows, key=lambda row: (-(row["unseen_share"] or 0.0), row["code"]))


def claims_by_area(claim: Claim) -> dict[str, Json]:
    """Return P(clean) with its interval by area code: the whole, and the parts it is made of."""
    found = {part.code: part for part in claim.parts}
    found[claim.whole.code] = claim.whole
    return {
        code: {"value": one.posterior, "low": one.interval[0], "high": one.interval[1]}
        for code, one in found.items()
    }


def _count(key: str, value: int, of: int, before: int, day: date) -> Figure:
    return Figure(key, "count", value, of, 0.0, "less", before, day)


def _sum(code: str, moment: Moment) -> CoverageSum | None:
    return None if moment.sums is None else moment.sums.get(code)


def _cleared(total: CoverageSum | None) -> float | None:
    return None if total is None else _share(total.cleared_m2, total.area_m2)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _claimed(code: str, claim: Claim | None) -> AreaClaim | None:
    if claim is None:
        return None
    if code == claim.whole.code:
        return claim.whole
    return next((part for part in claim.parts if part.code == code), None)
