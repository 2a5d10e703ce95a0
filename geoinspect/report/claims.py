"""Claims as lines of a table: the same figures on screen, in spreadsheets and on the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geoinspect.errors import Text


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """What is claimed of one area, and what more would take.

    Attributes:
        whole: Whether it is the campaign's area, of which the others are parts.
        posterior, low, high: P(clean) after the search, and its 90 % interval.
        expected_standing: Patches nobody found, as many as the prior leads one to expect.
        need_km, need_team_days: Least walking that reaches the target; None where none does.
        one_day_gain: What one more day of one team adds; None without any risk.
    """

    code: str
    name: str
    whole: bool
    cells: int
    searched: int
    prior: float
    posterior: float
    low: float
    high: float
    expected_standing: float
    need_km: float | None
    need_team_days: float | None
    one_day_gain: float | None

    @property
    def need_words(self) -> Text:
        """What it would take in words."""
        if self.one_day_gain is None:
            return Text("没有风险", "no risk")
        if self.need_km is None:
            return Text("步行达不到", "not by walking")
        if self.need_km == 0:
            return Text("已达到", "reached")
        km, days = self.need_km, self.need_team_days
        return Text(f"{km:.1f} 公里,{days:.1f} 队日", f"{km:.1f} km, {days:.1f} team-days")


def claim_lines(claim: Mapping[str, Any], names: Mapping[str, str]) -> list[ClaimLine]:
    """Return the lines of a claim (its JSON form, as it is kept too), the whole first.

    Args:
        claim: What :meth:`geoinspect.claim_records.Claim.as_json` gives.
        names: Name of each area by code; an unknown one is told by its code.
    """
    parts = [(claim["whole"], True), *((part, False) for part in claim["parts"])]
    return [_line(part, names, whole=whole) for part, whole in parts]


def _line(part: Mapping[str, Any], names: Mapping[str, str], *, whole: bool) -> ClaimLine:
    need = part["need"]
    metres = None if need is None else need["metres"]
    return ClaimLine(
        code=part["code"],
        name=names.get(part["code"], part["code"]),
        whole=whole,
        cells=part["cells"],
        searched=part["searched"],
        prior=part["prior"],
        posterior=part["posterior"],
        low=part["posterior_low"],
        high=part["posterior_high"],
        expected_standing=part["expected_standing"],
        need_km=None if metres is None else metres / 1000,
        need_team_days=None if need is None else need["team_days"],
        one_day_gain=None if need is None else need["one_day_gain"],
    )
