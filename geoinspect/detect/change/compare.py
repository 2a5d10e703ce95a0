"""What changed between two surveys, patch by patch: new, grown, unchanged, shrunk, cleared.

A patch that is listed on one date only is looked up in the evidence of the other date at its place:
that nothing was *listed* there says little (the list ends at a budget), that nothing *stood out*
there says something. All thresholds are assumptions, set on simulated pairs. Swapping the surveys
swaps new and cleared, grown and shrunk; the code treats both dates alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import shapely
from shapely import STRtree

from geoinspect.crs import transform_geometry
from geoinspect.detect.change.alignment import Alignment
from geoinspect.detect.change.evidence import (
    Ground,
    PlaceEvidence,
    SurveyView,
    area_above_m2,
    evidence_in,
)
from geoinspect.detect.change.reasons import Figures, reason_of
from geoinspect.errors import Text

# Shares of a patch's evidence (above ordinary ground of its date) that the other date has left:
# at most the first, it is plainly gone; at least the last, plainly the same; the middle parts the
# rest, which is uncertain.
GONE_SHARE, HALF_SHARE, SAME_SHARE = 0.4, 0.5, 0.65
# A patch that stands out less than this on both dates, logits above ordinary ground, or that the
# ranking puts this low, may be anything.
WEAK_EXCESS, WEAK_RANKING = 1.5, -2.0
# Of a patch's ground, what the other date must have seen to judge it at all, and to be sure.
LEAST_SEEN, SURELY_SEEN = 0.5, 0.9
# Outlines of two dates of the same patch differ by less than this; it must hold both for the
# outlines and for the ground with half the patch's evidence.
GROWN_RATIO, GROWN_M2 = 1.4, 4.0
# Patches within this of each other may be the same; more where the surveys fit badly.
NEAR_M, NEAR_RMS = 0.75, 2.0
# An alignment error beyond this share of a patch's side leaves its verdict open.
RMS_SHARE = 0.25
# How far round both outlines the ground with half the evidence is measured.
_ROUND_M = 1.5


class ChangeState(StrEnum):
    """What became of a patch between two dates."""

    NEW = "new"
    GROWN = "grown"
    UNCHANGED = "unchanged"
    SHRUNK = "shrunk"
    CLEARED = "cleared"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A patch of one date.

    Attributes:
        key: The caller's number of it.
        logit: Of the ranking.
    """

    key: int
    polygon: Ground
    crs: str
    logit: float


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """One date: the survey ready to be asked, and its patches."""

    view: SurveyView
    patches: Sequence[Marked]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What became of one patch.

    Attributes:
        before, after: Keys of the patches; None where the date has none.
        area_before_m2, area_after_m2: 0 where the date has no patch there.
        figures: Evidence, leaves and petals on both dates, inside the patch.
        polygon: In the alignment's CRS, where the later survey has it.
    """

    state: ChangeState
    uncertain: bool
    before: int | None
    after: int | None
    area_before_m2: float
    area_after_m2: float
    figures: Figures
    logit: float
    polygon: Ground
    reason: Text


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A patch in the alignment's CRS: where it lies on its own date and on the other one."""

    key: int
    logit: float
    here: Ground
    there: Ground

    @property
    def area_m2(self) -> float:
        return float(self.here.area)


def compare(before: Dated, after: Dated, alignment: Alignment) -> tuple[Change, ...]:
    """Return what became of each patch of both dates, the most suspicious first.

    Args:
        alignment: Of the two surveys.
    """
    crs, swapped = alignment.crs, alignment.swapped()
    old = [_placed(patch, alignment) for patch in before.patches]
    new = [_placed(patch, swapped) for patch in after.patches]
    near = _pairs(old, new, max(NEAR_M, NEAR_RMS * alignment.rms_m))
    views = (before.view, after.view)
    pairs = [(i, j) for i, j in near if _is_same(old[i], new[j], views, crs)]
    changes = [_pair_change(old, new, pair, before.view, after.view, alignment) for pair in pairs]
    paired_old, paired_new = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, patch in enumerate(old):
        if i not in paired_old:
            own, other = (
                evidence_in(before.view, patch.here, crs),
                evidence_in(after.view, patch.there, crs),
            )
            state, open_ = _lone_state(patch, own, other, alignment, ChangeState.CLEARED)
            figures = Figures.of(own, other)
            changes.append(_change(state, open_, patch, None, figures, patch.there, alignment))
    for j, patch in enumerate(new):
        if j not in paired_new:
            own, other = (
                evidence_in(after.view, patch.here, crs),
                evidence_in(before.view, patch.there, crs),
            )
            state, open_ = _lone_state(patch, own, other, alignment, ChangeState.NEW)
            figures = Figures.of(other, own)
            changes.append(_change(state, open_, None, patch, figures, patch.here, alignment))
    return tuple(sorted(changes, key=lambda c: (-c.logit, c.before or 0, c.after or 0)))


def counts_of(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many patches are in each state, uncertain ones counted with the others."""
    return {state.value: sum(c.state is state for c in changes) for state in ChangeState}


def _placed(patch: Marked, alignment: Alignment) -> _Placed:
    here = transform_geometry(patch.crs, alignment.crs, patch.polygon)
    return _Placed(patch.key, patch.logit, here, alignment.to_after(here))


def _pairs(old: Sequence[_Placed], new: Sequence[_Placed], near_m: float) -> list[tuple[int, int]]:
    """Return which patches are the same, one to one: those that overlap most first, then those
    that lie nearest.
    """
    if not old or not new:
        return []
    tree = STRtree([patch.here for patch in new])
    found = []
    for i, patch in enumerate(old):
        for j in tree.query(patch.there, predicate="dwithin", distance=near_m):
            other = new[int(j)]
            shared = float(shapely.intersection(patch.there, other.here).area)
            overlap = shared / min(patch.area_m2, other.area_m2) if shared else 0.0
            # Overlap of the larger one decides between several pieces of one patch.
            whole = shared / max(patch.area_m2, other.area_m2) if shared else 0.0
            apart = float(shapely.distance(patch.there, other.here))
            found.append((-round(whole, 6), -round(overlap, 6), round(apart, 3), i, int(j)))
    pairs, taken_old, taken_new = [], set[int](), set[int]()
    for _, _, _, i, j in sorted(found):
        if i not in taken_old and j not in taken_new:
            pairs.append((i, j))
            taken_old.add(i)
            taken_new.add(j)
    return pairs


def _is_same(old: _Placed, new: _Placed, views: tuple[SurveyView, SurveyView], crs: str) -> bool:
    """Return whether two patches at one place may be the same: the smaller one must show on the
    other date too.
    """
    smaller, own, other = (old, *views) if old.area_m2 <= new.area_m2 else (new, *views[::-1])
    here = evidence_in(own, smaller.here, crs)
    there = evidence_in(other, smaller.there, crs)
    return there.seen < SURELY_SEEN or _share_left(here, there) > GONE_SHARE


def _share_left(own: PlaceEvidence, other: PlaceEvidence) -> float:
    """Return how much of the evidence of one date the other has, 1 and more for all of it."""
    return (other.excess + 0.1) / (max(own.excess, 0.0) + 0.1)


def _pair_change(
    old: Sequence[_Placed],
    new: Sequence[_Placed],
    pair: tuple[int, int],
    before: SurveyView,
    after: SurveyView,
    alignment: Alignment,
) -> Change:
    """Return what became of a patch that both dates list."""
    one, two, crs = old[pair[0]], new[pair[1]], alignment.crs
    # A patch that one date cut into pieces is compared whole.
    earlier = [one, *(p for p in old if p is not one and p.there.intersects(two.here))]
    later = [two, *(p for p in new if p is not two and p.here.intersects(one.there))]
    area_before, area_after = (sum(p.area_m2 for p in side) for side in (earlier, later))
    seen_before = evidence_in(before, one.here, crs)
    seen_after = evidence_in(after, two.here, crs)
    state, open_ = ChangeState.UNCHANGED, False
    if (
        max(area_after / area_before, area_before / area_after) >= GROWN_RATIO
        and abs(area_after - area_before) >= GROWN_M2
    ):
        grounds = (
            shapely.union_all([p.there for p in earlier]),
            shapely.union_all([p.here for p in later]),
        )
        levels = (_half(seen_before), _half(seen_after))
        if _resized(grounds, levels, (before, after), alignment):
            larger = area_after > area_before
            state = ChangeState.GROWN if larger else ChangeState.SHRUNK
        else:
            open_ = True
    smaller = min(area_before, area_after)
    logit = max(one.logit, two.logit)
    open_ = open_ or _unsure(smaller, alignment) or logit < WEAK_RANKING
    open_ = open_ or _weak(seen_before, seen_after)
    figures = Figures.of(seen_before, seen_after)
    reason = reason_of(state.value, open_, area_before, area_after, figures, alignment)
    return Change(
        state, open_, one.key, two.key, area_before, area_after, figures, logit, two.here, reason
    )


def _resized(
    grounds: tuple[Ground, Ground],
    levels: tuple[float, float],
    views: tuple[SurveyView, SurveyView],
    alignment: Alignment,
) -> bool:
    """Return whether a patch is plainly larger on one date, by evidence and not by outline only.

    Args:
        grounds: The patch on both dates, each where the later survey has it.
        levels: Evidence that counts as the patch's, on both dates.
    """
    crs = alignment.crs
    around = shapely.buffer(shapely.union(*grounds), _ROUND_M)
    places = (alignment.to_before(around), around)
    areas = [area_above_m2(v, g, crs, h) for v, g, h in zip(views, places, levels, strict=True)]
    small = 0 if grounds[0].area < grounds[1].area else 1
    if max(areas[1 - small], 0.01) / max(areas[small], 0.01) < GROWN_RATIO:
        return False
    # What only the larger one holds must have stood out then, and not on the other date.
    only = shapely.difference(grounds[1 - small], shapely.buffer(grounds[small], NEAR_M))
    if only.area < GROWN_M2 / 2:
        return False
    shown = [
        evidence_in(v, g, crs)
        for v, g in zip(views, (alignment.to_before(only), only), strict=True)
    ]
    return _share_left(shown[1 - small], shown[small]) <= HALF_SHARE


def _lone_state(
    patch: _Placed,
    own: PlaceEvidence,
    other: PlaceEvidence,
    alignment: Alignment,
    gone: ChangeState,
) -> tuple[ChangeState, bool]:
    """Return the state of a patch that only one date lists, and whether it is uncertain."""
    if other.seen < LEAST_SEEN:
        return ChangeState.NOT_SEEN, False
    open_ = _unsure(patch.area_m2, alignment) or other.seen < SURELY_SEEN
    open_ = open_ or patch.logit < WEAK_RANKING or _weak(own, other)
    left = _share_left(own, other)
    if left > HALF_SHARE:
        # As much evidence on the other date, though it isn't listed there.
        return ChangeState.UNCHANGED, open_ or left < SAME_SHARE
    return gone, open_ or left > GONE_SHARE


def _change(
    state: ChangeState,
    open_: bool,
    before: _Placed | None,
    after: _Placed | None,
    figures: Figures,
    polygon: Ground,
    alignment: Alignment,
) -> Change:
    """Return what became of a patch that only one date lists."""
    area_before = 0.0 if before is None else before.area_m2
    area_after = 0.0 if after is None else after.area_m2
    if state is ChangeState.UNCHANGED:
        area_before = area_after = max(area_before, area_after)
    patch = before if before is not None else after
    assert patch is not None
    reason = reason_of(state.value, open_, area_before, area_after, figures, alignment)
    return Change(
        state,
        open_,
        None if before is None else before.key,
        None if after is None else after.key,
        area_before,
        area_after,
        figures,
        patch.logit,
        polygon,
        reason,
    )


def _half(place: PlaceEvidence) -> float:
    """Return the height half-way between ordinary ground and a patch's mean: blur moves an edge's
    foot and top, not its middle.
    """
    return place.logit - max(place.excess, 0.5) / 2


def _weak(one: PlaceEvidence, two: PlaceEvidence) -> bool:
    return max(one.excess, two.excess) < WEAK_EXCESS


def _unsure(area_m2: float, alignment: Alignment) -> bool:
    return not alignment.aligned or alignment.rms_m > RMS_SHARE * math.sqrt(max(area_m2, 1e-6))
