"""Eradication checked from a later flight: does a former patch still stand?

A picture can show that plants are gone or still stand out; it proves neither. Whoever signs that a
place is cleared has to go there. The thresholds are assumptions, set on simulated pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from geoinspect.crs import transform_geometry
from geoinspect.detect.change.alignment import Alignment
from geoinspect.detect.change.compare import HALF_SHARE, LEAST_SEEN, RMS_SHARE, SURELY_SEEN
from geoinspect.detect.change.evidence import Ground, PlaceEvidence, SurveyView, evidence_in
from geoinspect.detect.change.reasons import STILL_GREEN
from geoinspect.errors import Text

# Mean evidence above ordinary ground from which a place still stands out when nothing is known of
# the earlier date, and the least from which it ever does; logits.
STANDING_EXCESS, FAINTEST_EXCESS = 2.0, 0.75
# Below this share of leaves the ground is bare or nearly so.
BARE_LEAF_SHARE = 0.2
# With less than this of the leaves that the survey has everywhere, no bed stands, whatever the
# evidence says; only where leaves can be told at all (a colour cast hides them).
BARE_OF_ORDINARY, LEAVES_TOLD = 0.15, 0.3
# How much what is measured may lie from a threshold and still be doubtful.
_DOUBT_LOGITS, _DOUBT_LEAF = 0.5, 0.05

ASSUMPTIONS: Mapping[str, float] = {
    "standing_from_evidence_above_ordinary": STANDING_EXCESS,
    "standing_from_share_of_evidence_before": HALF_SHARE,
    "never_standing_below_evidence_above_ordinary": FAINTEST_EXCESS,
    "bare_below_leaf_share": BARE_LEAF_SHARE,
    "bare_below_share_of_the_survey's_leaves": BARE_OF_ORDINARY,
    "vegetated_like_before_from": STILL_GREEN,
    "least_share_seen": LEAST_SEEN,
}


class PlaceState(StrEnum):
    """What a later flight shows at a former patch."""

    CLEARED = "cleared"
    STILL_STANDING = "still_standing"
    REGROWN = "regrown?"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A former patch or case to be checked."""

    key: int
    polygon: Ground
    crs: str


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a later flight shows at one place.

    Attributes:
        area_m2: Of the place.
        before: What the earlier survey shows there; None without one.
        polygon: In the CRS of the place, moved to where the later survey has it.
    """

    key: int
    state: PlaceState
    uncertain: bool
    area_m2: float
    after: PlaceEvidence
    before: PlaceEvidence | None
    polygon: Ground
    reason: Text

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "place": self.key,
            "state": self.state.value,
            "uncertain": self.uncertain,
            "area_m2": round(self.area_m2, 1),
            "after": _evidence_json(self.after),
            "before": None if self.before is None else _evidence_json(self.before),
            "reason": self.reason.en,
            "reason_zh": self.reason.zh,
        }


def verify(
    places: Sequence[Place],
    later: SurveyView,
    earlier: SurveyView | None = None,
    alignment: Alignment | None = None,
) -> tuple[Verdict, ...]:
    """Return what a later survey shows at former patches.

    Args:
        places: Drawn on the earlier survey when that is given.
        later: The survey flown after the eradication.
        earlier: The survey they were found in, to compare with.
        alignment: Of the two; needed with ``earlier``.
    """
    return tuple(_verdict(place, later, earlier, alignment) for place in places)


def _verdict(
    place: Place, later: SurveyView, earlier: SurveyView | None, alignment: Alignment | None
) -> Verdict:
    crs = place.crs if alignment is None else alignment.crs
    drawn = transform_geometry(place.crs, crs, place.polygon)
    moved = drawn if alignment is None else alignment.to_after(drawn)
    after = evidence_in(later, moved, crs)
    before = None if earlier is None else evidence_in(earlier, drawn, crs)
    if before is not None and before.seen < LEAST_SEEN:
        before = None
    area_m2 = _area_m2(later, moved, crs)
    state, near = _state(after, before, later.ordinary_leaf_share)
    open_ = near or (state is not PlaceState.NOT_SEEN and after.seen < SURELY_SEEN)
    if alignment is not None and state is not PlaceState.NOT_SEEN:
        side_m = math.sqrt(max(area_m2, 1e-6))
        open_ = open_ or not alignment.aligned or alignment.rms_m > RMS_SHARE * side_m
    return Verdict(
        key=place.key,
        state=state,
        uncertain=open_,
        area_m2=area_m2,
        after=after,
        before=before,
        polygon=transform_geometry(crs, place.crs, moved),
        reason=_reason(state, after, before, open_, alignment),
    )


def _state(
    after: PlaceEvidence, before: PlaceEvidence | None, ordinary_leaf_share: float
) -> tuple[PlaceState, bool]:
    """Return the state, and whether a figure lies so near its threshold that it is open."""
    if after.seen < LEAST_SEEN:
        return PlaceState.NOT_SEEN, False
    stands_from = STANDING_EXCESS
    if before is not None:
        # A faint patch that is as faint as before still stands.
        stands_from = min(stands_from, max(FAINTEST_EXCESS, HALF_SHARE * before.excess))
    green_from = BARE_LEAF_SHARE
    if before is not None:
        green_from = max(BARE_LEAF_SHARE, STILL_GREEN * before.leaf_share)
    green = after.leaf_share + after.petal_share
    near_logit = abs(after.excess - stands_from) < _DOUBT_LOGITS
    told = ordinary_leaf_share >= LEAVES_TOLD
    if told and after.leaf_share + after.petal_share < BARE_OF_ORDINARY * ordinary_leaf_share:
        return PlaceState.CLEARED, after.excess >= stands_from
    if after.excess >= stands_from:
        return PlaceState.STILL_STANDING, near_logit
    if green >= green_from:
        return PlaceState.REGROWN, True
    return PlaceState.CLEARED, near_logit or green > green_from - _DOUBT_LEAF


def _reason(
    state: PlaceState,
    after: PlaceEvidence,
    before: PlaceEvidence | None,
    uncertain: bool,
    alignment: Alignment | None,
) -> Text:
    figures = Text(
        f"证据 {after.logit:+.1f},叶面 {after.leaf_share:.0%},花瓣 {after.petal_share:.1%}",
        f"evidence {after.logit:+.1f}, leaves {after.leaf_share:.0%}, petals "
        f"{after.petal_share:.1%}",
    )
    if before is not None:
        figures = Text(
            f"{figures.zh};此前分别为 {before.logit:+.1f}、{before.leaf_share:.0%}、"
            f"{before.petal_share:.1%}",
            f"{figures.en}; before {before.logit:+.1f}, {before.leaf_share:.0%}, "
            f"{before.petal_share:.1%}",
        )
    said = {
        PlaceState.CLEARED: Text("植株已不见", "the plants are gone"),
        PlaceState.STILL_STANDING: Text("仍有异常植株", "plants that stand out are still there"),
        PlaceState.REGROWN: Text(
            "有植被但无异常:可能复种、改种或未铲净", "green again or still, without standing out"
        ),
        PlaceState.NOT_SEEN: Text(
            f"后一次航测只拍到 {after.seen:.0%},无法判断",
            f"the later survey saw only {after.seen:.0%} of it",
        ),
    }[state]
    if state is PlaceState.NOT_SEEN:
        return said
    ending = Text("须现场核实", "to be checked on the ground")
    if uncertain:
        ending = Text(f"不确定,{ending.zh}", f"uncertain, {ending.en}")
    if alignment is None:
        ending = Text(
            f"{ending.zh}(未与旧影像对齐,按坐标取位)",
            f"{ending.en} (placed by coordinates, not aligned with the older picture)",
        )
    return Text(f"{said.zh}({figures.zh});{ending.zh}", f"{said.en} ({figures.en}); {ending.en}")


def _area_m2(view: SurveyView, polygon: Ground, crs: str) -> float:
    """Return the ground area of a polygon, by the size of the survey's pixels there."""
    placement = view.placement
    moved = transform_geometry(crs, placement.crs, polygon)
    pixels = moved.area / abs(placement.transform.determinant)
    col, row = ~placement.transform @ (moved.centroid.x, moved.centroid.y)
    return float(pixels * placement.pixel_area_m2(col, row))


def _evidence_json(evidence: PlaceEvidence) -> dict[str, float]:
    return {
        "seen": round(evidence.seen, 3),
        "evidence": round(evidence.logit, 2),
        "evidence_above_ordinary": round(evidence.excess, 2),
        "leaf_share": round(evidence.leaf_share, 3),
        "petal_share": round(evidence.petal_share, 4),
    }
