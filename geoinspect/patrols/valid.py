"""What counts as a valid patrol: how much of it lies inside its own area, and its judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.crs import GEOD, geodesic_area_m2
from geoinspect.errors import Text
from geoinspect.patrols.routes import CELL_M, middles, overlap
from geoinspect.patrols.rules import PatrolRule
from geoinspect.records import F8, MODE_WORDS, Mode, Segment

# Steps tested at once: bounds the memory that a long track takes.
_BATCH = 50_000
# Of its ground cells, those on the border and those that nobody can enter may stay out.
_WHOLE_SHARE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class PatrolFacts:
    """What is known of one patrol when it is judged.

    Attributes:
        length_inside_m: Inside the own area; None when nobody has said what that is.
        duration_inside_s: None without an own area or without times.
        route: The ground cells it went over, see :func:`.routes.route_cells`.
        photos: Taken by the same unit and team on its day.
        area_covered: The patrols before it in the month have covered the whole own area.
    """

    day: date | None
    mode: Mode
    length_inside_m: float | None
    duration_inside_s: float | None
    route: NDArray[np.int64]
    photos: int = 0
    area_covered: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a patrol is valid, and if not, every reason why."""

    valid: bool
    reasons: tuple[Text, ...]


def inside(
    segments: Sequence[Segment], ground: Polygon | MultiPolygon
) -> tuple[float, float | None]:
    """Return the geodesic length in metres and the time in seconds inside an area.

    A step across the border counts by the share of it that lies inside.

    Args:
        segments: Cleaned, WGS84: nothing is bridged between them.
        ground: WGS84, valid.

    Returns:
        The time is None when no step has one.
    """
    shapely.prepare(ground)
    length_m, lasting_s, timed = 0.0, 0.0, False
    for segment in segments:
        for first in range(0, len(segment) - 1, _BATCH):
            part = segment.part(slice(first, first + _BATCH + 1))
            shares = _shares_inside(part, ground)
            steps_m = GEOD.inv(part.lon[:-1], part.lat[:-1], part.lon[1:], part.lat[1:])[2]
            steps_s = np.maximum(np.diff(part.time_s), 0.0)
            known = np.isfinite(steps_s)
            timed = timed or bool(known.any())
            length_m += float((shares * steps_m).sum())
            lasting_s += float((shares * steps_s)[known].sum())
    return length_m, lasting_s if timed else None


def all_covered(cells: NDArray[np.int64], ground: Polygon | MultiPolygon) -> bool:
    """Return whether routes have been all over an area, but for a twentieth of it.

    Args:
        cells: Numbers of ground cells, see :func:`.routes.route_cells`, taken for squares: their
            area is right within about 1 % in China.
        ground: WGS84, valid.
    """
    least = _WHOLE_SHARE * geodesic_area_m2(ground) / CELL_M**2
    if len(cells) < least:
        return False
    shapely.prepare(ground)
    return int(shapely.contains_xy(ground, *middles(cells)).sum()) >= least


def judge(facts: PatrolFacts, earlier: Sequence[PatrolFacts], rule: PatrolRule) -> Verdict:
    """Return whether a patrol is valid.

    Args:
        facts: The patrol.
        earlier: What the same person or team did before; only those of its month count.
        rule: See :func:`rule_for`.
    """
    reasons = [*_day_and_mode(facts, rule), *_too_little(facts, rule)]
    if rule.photo_required and facts.photos == 0:
        reasons.append(Text("没有照片,要求至少一张", "no photo: at least one is required"))
    if facts.day is not None and not facts.area_covered:
        repeated = max(
            (overlap(facts.route, other.route) for other in earlier if _came_before(other, facts)),
            default=0.0,
        )
        if repeated > rule.max_route_overlap:
            reasons.append(_repeats(repeated, rule.max_route_overlap))
    return Verdict(not reasons, tuple(reasons))


def _came_before(other: PatrolFacts, facts: PatrolFacts) -> bool:
    if other.day is None or facts.day is None:
        return False
    same_month = (other.day.year, other.day.month) == (facts.day.year, facts.day.month)
    return same_month and other.day <= facts.day


def _day_and_mode(facts: PatrolFacts, rule: PatrolRule) -> list[Text]:
    reasons = []
    if facts.day is None:
        reasons.append(
            Text(
                "轨迹没有时间,不知道是哪一天;请重新导出带时间的轨迹",
                "the track has no times, so its day is unknown: export it again with times",
            )
        )
    elif not rule.holds_on(facts.day):
        reasons.append(
            Text(
                f"规则“{rule.name}”在 {facts.day} 不适用",
                f"the rule {rule.name!r} does not hold on {facts.day}",
            )
        )
    if facts.mode not in rule.modes:
        words = [MODE_WORDS[mode] for mode in rule.modes]
        taken_zh, taken = "、".join(word.zh for word in words), ", ".join(word.en for word in words)
        reasons.append(
            Text(
                f"方式“{MODE_WORDS[facts.mode].zh}”不算有效巡护,规则只认{taken_zh}",
                f"mode {facts.mode.value!r} does not count: the rule takes {taken}",
            )
        )
    return reasons


def _too_little(facts: PatrolFacts, rule: PatrolRule) -> list[Text]:
    """Return what is missing of the length and the time inside the own area."""
    if facts.length_inside_m is None:
        return [
            Text(
                "不知道本单位的责任区,无法计算区内里程;请给单位划定辖区",
                "the unit's own area is unknown, so the length inside can't be told: assign one",
            )
        ]
    reasons = []
    if facts.length_inside_m < rule.min_length_m:
        has_km, needs_km = facts.length_inside_m / 1000, rule.min_length_m / 1000
        reasons.append(
            Text(
                f"责任区内只走了 {has_km:.2f} 公里,要求 {needs_km:g} 公里",
                f"{has_km:.2f} km inside the own area: {needs_km:g} km are required",
            )
        )
    if facts.duration_inside_s is None:
        if facts.day is not None:
            reasons.append(
                Text(
                    "不知道在责任区内的时间;请重新导出带时间的轨迹",
                    "the time inside the own area is unknown: export the track with times",
                )
            )
    elif facts.duration_inside_s < rule.min_duration_s:
        has_min, needs_min = facts.duration_inside_s / 60, rule.min_duration_s / 60
        reasons.append(
            Text(
                f"责任区内只有 {has_min:.0f} 分钟,要求 {needs_min:g} 分钟",
                f"{has_min:.0f} minutes inside the own area: {needs_min:g} are required",
            )
        )
    return reasons


def _repeats(share: float, allowed: float) -> Text:
    return Text(
        f"路线有 {share:.0%} 与本月走过的一条相同,最多允许 {allowed:.0%};请换一条路线",
        f"{share:.0%} of the route was gone over this month already, {allowed:.0%} is allowed: "
        "take another route",
    )


def _shares_inside(segment: Segment, ground: Polygon | MultiPolygon) -> F8:
    """Return of every step the share that lies inside, shape (points - 1,)."""
    points = np.column_stack([segment.lon, segment.lat])
    ends_in = shapely.intersects_xy(ground, points)
    moved = (np.diff(points, axis=0) != 0).any(axis=1)
    shares = np.where(moved, 0.0, ends_in[:-1])
    at = np.flatnonzero(moved)
    lines = shapely.linestrings(np.stack([points[at], points[at + 1]], axis=1))
    shares[at[shapely.covers(ground, lines)]] = 1.0
    edge = shapely.intersects(ground, lines) & (shares[at] == 0)
    cut = shapely.length(shapely.intersection(lines[edge], ground))
    shares[at[edge]] = cut / shapely.length(lines[edge])
    return np.asarray(shares, dtype=np.float64)
