"""Reports of tracks without which tracks of others they share points with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geoinspect.errors import Text

Json = dict[str, Any]


def without_others(told: Json, sees: Callable[[int], bool]) -> Json:
    """Return a track's report without which other tracks it shares points with, where ``sees``
    says of their numbers that somebody may not know of them.
    """
    copies = {
        name: [one for one in told[name] if sees(one["track"])]
        for name in ("repeats", "repeated_by")
    }
    return {**told, **copies, "doubts": [_unnamed(doubt, sees) for doubt in told["doubts"]]}


def result_without_others(result: Json, sees: Callable[[int], bool]) -> Json:
    """Return what became of a file in the same way, as a receipt or a job keeps it."""
    details = result.get("details")
    if not isinstance(details, dict) or not isinstance(details.get("doubts"), list):
        return result
    doubts = [_unnamed(doubt, sees) for doubt in details["doubts"]]
    return {**result, "details": {**details, "doubts": doubts}}


def _unnamed(doubt: Json, sees: Callable[[int], bool]) -> Json:
    """Return a doubt, in other words where it names a track that is not to be known."""
    known = doubt.get("evidence") or {}
    number = known.get("track")
    if number is None or sees(int(number)):
        return doubt
    share = f"{100 * float(known.get('share', 0)):.0f}%"
    text = Text(
        f"{share} 与本辖区以外的一条轨迹相同:请联系上级单位核对",
        f"{share} is the same as a track from elsewhere: ask the unit above yours to compare them",
    )
    evidence = {name: value for name, value in known.items() if name != "track"}
    return {**doubt, "message": text.en, "message_zh": text.zh, "evidence": evidence}
