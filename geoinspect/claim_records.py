"""What is claimed of a campaign's areas, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from geoinspect.confidence.needed import Need
from geoinspect.errors import Text

MEANING = Text(
    "这是模型计算的把握,不是检测结论:现有踏查之外,这片地上再没有不小于 {patch:g} m² 的罂粟的可能性,"
    "前提是所设的先验、探测率和风险都成立。它不证明没有种植。",
    "A model's number, not a finding: how likely it is that, beyond what was found, no patch of "
    "{patch:g} m² or more stands here, if the assumed prior, detection rates and risks hold. It "
    "does not prove that nothing grows.",
)


@dataclass(frozen=True, slots=True)
class AreaClaim:
    """What may be claimed of one area.

    Attributes:
        weight: Share of the campaign's prior risk that lies in it.
        sensitivity: Chance that a patch in it would have been found; None without any risk.
        interval: 90 % interval of the posterior.
        expected_standing: Patches that nobody found, as many as the prior leads one to expect.
        need: What it would take to reach the target; None without any risk.
    """

    code: str
    cells: int
    searched: int
    weight: float
    sensitivity: float | None
    prior: float
    posterior: float
    interval: tuple[float, float]
    expected_standing: float
    need: Need | None

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return {
            "code": self.code,
            "cells": self.cells,
            "searched": self.searched,
            "weight": self.weight,
            "sensitivity": self.sensitivity,
            "prior": self.prior,
            "target_met_by_prior": self.need is not None and self.prior >= self.need.target,
            "posterior": self.posterior,
            "posterior_low": self.interval[0],
            "posterior_high": self.interval[1],
            "expected_standing": self.expected_standing,
            "need": None if self.need is None else self.need.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be claimed of a campaign on a day, with all it rests on.

    Attributes:
        whole: The campaign's area.
        parts: The areas that gaps are listed by, least sure first.
        next_prior: The prior of the next season, after new introduction.
        prior_from: Where the prior comes from.
        rests_on: Inputs by name, for whoever wants to repeat it.
    """

    as_of: date
    target: float
    smallest_patch_m2: float
    whole: AreaClaim
    parts: tuple[AreaClaim, ...]
    next_prior: float
    prior_from: Text
    rests_on: dict[str, Any]

    @property
    def meaning(self) -> Text:
        """What the claim is and is not."""
        patch = self.smallest_patch_m2
        return Text(MEANING.zh.format(patch=patch), MEANING.en.format(patch=patch))

    def as_json(self) -> dict[str, Any]:
        """Return all figures and what they mean."""
        return {
            "as_of": self.as_of.isoformat(),
            "target": self.target,
            "smallest_patch_m2": self.smallest_patch_m2,
            "meaning": self.meaning.en,
            "meaning_zh": self.meaning.zh,
            "prior_from": self.prior_from.en,
            "prior_from_zh": self.prior_from.zh,
            "next_prior": self.next_prior,
            "whole": self.whole.as_json(),
            "parts": [part.as_json() for part in self.parts],
            "rests_on": self.rests_on,
        }
