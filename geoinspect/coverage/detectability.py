"""The table of sweep widths and detection rates: which row holds for a look.

A measured row (a trial, a survey's own figure, an office's entry) goes before an assumed one, a
special row before a general one, a newer before an older.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility

# The quantile of a 95 % interval.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rows that an office has, over what is assumed without them.

    Attributes:
        rows: In the order they were entered; later ones win over equal earlier ones.
        base: Sweep widths (metres, lines) and rates (pictures) of the settings, by method.
    """

    rows: Sequence[DetectionRate]
    base: Mapping[Method, float]

    def row(
        self,
        method: Method,
        day: date | None,
        *,
        visibility: Visibility | None = None,
        stage: GrowthStage | None = None,
    ) -> DetectionRate:
        """Return the row that holds for a look; an unknown visibility is taken for mixed."""
        seen = visibility or Visibility.MIXED
        best: DetectionRate | None = None
        for row in self.rows:
            holds = (
                row.method is method
                and row.visibility in (None, seen)
                and row.stage in (None, stage)
                and (row.valid_from is None or (day is not None and row.valid_from <= day))
            )
            if holds and (best is None or _weight(row) >= _weight(best)):
                best = row
        return best or self.assumed(method, visibility, stage)

    def assumed(
        self, method: Method, visibility: Visibility | None, stage: GrowthStage | None
    ) -> DetectionRate:
        """Return what is assumed where nothing was measured, with a wide interval."""
        facts = _facts()
        spread = math.exp(facts["assumed_log_half"])
        patch_m2 = facts["patch_m2_of"].get(method, facts["patch_m2"])
        if not method.is_line:
            rate = self.base.get(method, facts["rate"].get(method, 0.0))
            odds = math.inf if rate >= 1 else rate / (1 - rate)
            low, high = (_of_odds(odds * by) for by in (1 / spread, spread))
            return DetectionRate(
                method, None, rate, patch_m2, "assumed", visibility, stage, low, high
            )
        by_sight = facts["visibility"][visibility or Visibility.MIXED]
        by_stage = 1.0 if stage is None else facts["stage"][stage]
        width_m = self.base[method] * by_sight * by_stage
        return DetectionRate(
            method,
            width_m,
            None,
            patch_m2,
            "assumed",
            visibility,
            stage,
            width_m / spread,
            width_m * spread,
        )

    def all_rows(self, day: date) -> list[tuple[Visibility | None, GrowthStage, DetectionRate]]:
        """Return every case, its visibility (None for pictures) and stage, with the row that holds
        for it on a day.
        """
        found = []
        for method in Method:
            sights: Sequence[Visibility | None] = list(Visibility) if method.is_line else [None]
            for sight, stage in product(sights, GrowthStage):
                found.append((sight, stage, self.row(method, day, visibility=sight, stage=stage)))
        return found


def log_spread(row: DetectionRate) -> float:
    """Return the standard deviation of the logarithm of a row's exposure, from its interval."""
    if row.low is None or row.high is None or row.low <= 0 or row.high <= row.low:
        return float(_facts()["assumed_log_half"]) / _Z
    if row.width_m is not None:
        return math.log(row.high / row.low) / (2 * _Z)
    exposures = [-math.log1p(-min(rate, 1 - 1e-9)) for rate in (row.low, row.high)]
    return math.log(exposures[1] / exposures[0]) / (2 * _Z)


def _weight(row: DetectionRate) -> tuple[int, date]:
    special = (row.visibility is not None) + (row.stage is not None)
    return special, row.valid_from or date.min


def _of_odds(odds: float) -> float:
    return 1.0 if math.isinf(odds) else odds / (1 + odds)


@cache
def _facts() -> dict[str, Any]:
    text = resources.files("geoinspect").joinpath("data/detection_rates.toml").read_text("utf-8")
    return tomllib.loads(text)
