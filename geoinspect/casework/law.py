"""What the table of law says of a case as it stands; always indicative."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from geoinspect.cases.extent import area_of, count_of, told_newest_first
from geoinspect.cases.law_table import law_of
from geoinspect.cases.thresholds import CaseFacts, indications, large_scale
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

_FLAGS = ("sprouted", "repeated", "resisted")


def known_facts(facts: Mapping[str, Mapping[str, Any]]) -> tuple[CaseFacts, date | None]:
    """Return what a case's steps say of plants, ground and conduct, and the day it was found.

    Args:
        facts: Of the case by step, as its row keeps them.
    """
    known: Json = {}
    count, area = count_of(facts), area_of(facts)
    if count is not None:
        known |= {
            "plants": count["plants"],
            "plants_low": count["low"],
            "plants_high": count["high"],
        }
    if area is not None:
        known |= dict(zip(("area_m2", "area_low_m2", "area_high_m2"), area, strict=True))
    told = list(told_newest_first(facts))
    for said in reversed(told):
        known |= {name: said[name] for name in _FLAGS if name in said}
        if "self_removed" in said:
            known["removed_by_grower_before_harvest"] = said["self_removed"]
    days = [said["day"] for said in told if said.get("day")]
    return CaseFacts(**known), date.fromisoformat(days[-1]) if days else None


def law_told(
    workspace: Workspace, facts: Mapping[str, Mapping[str, Any]], today: date
) -> Json | None:
    """Return which classes of the law a case reaches and whether it is large-scale; None before
    anything was confirmed.

    The law of the day it was found counts, as far as a day is known.
    """
    if facts.get("verified", {}).get("outcome") != "confirmed" and "eradicated" not in facts:
        return None
    known, found = known_facts(facts)
    table, day = law_of(workspace.folder), found or today
    return {
        **indications(known, day, table).as_json(),
        "large_scale": large_scale(known, day, table).as_json(),
    }
