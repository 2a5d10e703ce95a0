"""How much grew on a case's ground, by whichever step knows newest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Facts = Mapping[str, Mapping[str, Any]]


def told_newest_first(facts: Facts) -> Iterator[Mapping[str, Any]]:
    """Yield what was said of plants that stood, the newest step first.

    A verification or a recheck that found none says nothing of how many there were.

    Args:
        facts: Of the case by step, as :func:`geoinspect.cases.lifecycle.stand` gives them.
    """
    verified, again = facts.get("verified", {}), facts.get("rechecked", {})
    steps = [
        verified if verified.get("outcome") in (None, "confirmed") else {},
        facts.get("eradicated", {}),
        again if again.get("outcome") == "standing" else {},
    ]
    yield from sorted(filter(None, steps), key=lambda said: -said.get("seq", 0))


def count_of(facts: Facts) -> Mapping[str, Any] | None:
    """Return the newest count of plants (see :func:`geoinspect.cases.facts.count_json`); None where
    nobody counted.
    """
    return next((said["count"] for said in told_newest_first(facts) if said.get("count")), None)


def area_of(facts: Facts) -> tuple[float, float, float] | None:
    """Return the newest planted area in m² with its bounds; None where nobody measured."""
    for said in told_newest_first(facts):
        best = said.get("area_m2")
        if best is not None:
            low, high = said.get("area_low_m2"), said.get("area_high_m2")
            return best, best if low is None else low, best if high is None else high
    return None
