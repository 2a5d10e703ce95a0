"""Why a patch counts as new, cleared or the same, in words with figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from geoinspect.detect.change.alignment import Alignment
from geoinspect.detect.change.evidence import PlaceEvidence
from geoinspect.errors import Text

# Plants stand on ground as before when its share of leaves is at least this of the earlier one.
STILL_GREEN = 0.6


@dataclass(frozen=True, slots=True)
class Figures:
    """What both dates show inside one patch.

    Attributes:
        logit_before, logit_after: Mean evidence.
        leaf_before, leaf_after, petals_before, petals_after: Shares of the pixels seen, 0 to 1.
        seen_before, seen_after: Share of the patch with valid ground.
    """

    logit_before: float
    logit_after: float
    leaf_before: float
    leaf_after: float
    petals_before: float
    petals_after: float
    seen_before: float
    seen_after: float

    @classmethod
    def of(cls, before: PlaceEvidence, after: PlaceEvidence) -> Figures:
        """Take the figures of two dates."""
        return cls(
            before.logit,
            after.logit,
            before.leaf_share,
            after.leaf_share,
            before.petal_share,
            after.petal_share,
            before.seen,
            after.seen,
        )

    def as_json(self) -> dict[str, float]:
        """Return them for programs."""
        return {
            "evidence_before": round(self.logit_before, 2),
            "evidence_after": round(self.logit_after, 2),
            "leaf_before": round(self.leaf_before, 3),
            "leaf_after": round(self.leaf_after, 3),
            "petals_before": round(self.petals_before, 4),
            "petals_after": round(self.petals_after, 4),
            "seen_before": round(self.seen_before, 3),
            "seen_after": round(self.seen_after, 3),
        }


Reason: TypeAlias = Callable[[float, float, Figures], Text]


def reason_of(
    state: str,
    uncertain: bool,
    area_before_m2: float,
    area_after_m2: float,
    figures: Figures,
    alignment: Alignment,
) -> Text:
    """Return why a patch got its state.

    Args:
        state: A value of ``compare.ChangeState``.
    """
    said = _STATES[state](area_before_m2, area_after_m2, figures)
    if not uncertain:
        return said
    if not alignment.aligned:
        why = Text("两次航测无法对齐", "the surveys cannot be aligned")
    elif min(figures.seen_before, figures.seen_after) < 0.9 and state != "not_seen":
        why = Text("有一次没有完整拍到", "one date did not see all of it")
    else:
        why = Text(
            f"差别不够明显(对齐残差 {alignment.rms_m:.2f} 米)",
            f"the difference is not plain enough (alignment residual {alignment.rms_m:.2f} m)",
        )
    return Text(f"{said.zh};不确定:{why.zh}", f"{said.en}; uncertain: {why.en}")


def _evidence(figures: Figures) -> Text:
    before, after = figures.logit_before, figures.logit_after
    return Text(
        f"证据 {before:+.1f} → {after:+.1f},叶面占比 {figures.leaf_before:.0%} → {figures.leaf_after:.0%}",
        f"evidence {before:+.1f} → {after:+.1f}, leaves {figures.leaf_before:.0%} → "
        f"{figures.leaf_after:.0%}",
    )


def _new(_before: float, after: float, figures: Figures) -> Text:
    told = _evidence(figures)
    if figures.leaf_before >= STILL_GREEN * figures.leaf_after > 0:
        return Text(
            f"前一次此处有植被但无异常,现有约 {after:.0f} 平方米({told.zh});"
            "也可能是同一片植物进入了另一生长期",
            f"plants stood here before without standing out, now some {after:.0f} m² do "
            f"({told.en}); they may be the same plants at another stage",
        )
    return Text(
        f"前一次此处没有,现有约 {after:.0f} 平方米({told.zh})",
        f"nothing here before, now some {after:.0f} m² ({told.en})",
    )


def _cleared(before: float, _after: float, figures: Figures) -> Text:
    told = _evidence(figures)
    if figures.leaf_after >= STILL_GREEN * figures.leaf_before > 0:
        return Text(
            f"前一次约 {before:.0f} 平方米,现仍有植被但已无异常({told.zh});"
            "可能已铲除后改种,也可能花期已过,请核实",
            f"some {before:.0f} m² before; plants still stand here but no longer stand out "
            f"({told.en}): replanted, or past bloom; check",
        )
    return Text(
        f"前一次约 {before:.0f} 平方米,现植株已不见({told.zh})",
        f"some {before:.0f} m² before, its plants are gone ({told.en})",
    )


def _unchanged(before: float, after: float, figures: Figures) -> Text:
    told = _evidence(figures)
    return Text(
        f"两次相近:{before:.0f} 与 {after:.0f} 平方米({told.zh})",
        f"alike on both dates: {before:.0f} and {after:.0f} m² ({told.en})",
    )


def _resized(zh: str, en: str) -> Reason:
    def said(before: float, after: float, figures: Figures) -> Text:
        told = _evidence(figures)
        return Text(
            f"面积{zh}:{before:.0f} → {after:.0f} 平方米({told.zh})",
            f"{en} from {before:.0f} to {after:.0f} m² ({told.en})",
        )

    return said


def _not_seen(_before: float, _after: float, figures: Figures) -> Text:
    seen = min(figures.seen_before, figures.seen_after)
    return Text(
        f"另一次航测此处只有 {seen:.0%} 的有效画面,无法比较",
        f"the other survey has valid ground on only {seen:.0%} of it, so it can't be compared",
    )


_STATES: dict[str, Reason] = {
    "new": _new,
    "cleared": _cleared,
    "unchanged": _unchanged,
    "grown": _resized("扩大", "grown"),
    "shrunk": _resized("缩小", "shrunk"),
    "not_seen": _not_seen,
}
