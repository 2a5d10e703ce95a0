"""What people say of the ground at a step: counts, areas, the day, who witnessed it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from geoinspect.cases.counting import PlantCount, count_quadrats, plain_count
from geoinspect.cases.records import CaseAction, Method
from geoinspect.errors import Text, UsageError
from geoinspect.search_records import GrowthStage

Json = dict[str, Any]

MOST_AREA_M2 = 1e8
MOST_QUADRATS = 2000
_MOST_TEXT = 300
_MOST_ID = 10**15


class AreaHow(StrEnum):
    """How an area was come by."""

    WALKED = "walked"
    DRAWN = "drawn"
    MEASURED = "measured"
    ESTIMATED = "estimated"


AREA_HOW_WORDS: Mapping[AreaHow, Text] = {
    AreaHow.WALKED: Text("绕行测量", "walked round"),
    AreaHow.DRAWN: Text("图上勾绘", "drawn on the map"),
    AreaHow.MEASURED: Text("皮尺丈量", "measured by tape"),
    AreaHow.ESTIMATED: Text("目估", "estimated by eye"),
}

FACT_WORDS: Mapping[str, Text] = {
    "day": Text("日期", "day"),
    "plants": Text("株数", "plants"),
    "quadrats": Text("样方", "quadrats"),
    "area_m2": Text("面积(平方米)", "area (m²)"),
    "area_low_m2": Text("面积下限", "lower bound of the area"),
    "area_high_m2": Text("面积上限", "upper bound of the area"),
    "area_how": Text("面积测法", "how the area was measured"),
    "method": Text("铲除方式", "method"),
    "sprouted": Text("已出苗", "sprouted"),
    "stage": Text("生育期", "growth stage"),
    "repeated": Text("曾被处理后又种", "planted again after being dealt with"),
    "resisted": Text("抗拒铲除", "eradication resisted"),
    "self_removed": Text("收获前自动铲除", "removed by the grower before harvest"),
    "witness": Text("见证人", "witness"),
    "survey": Text("航测", "survey"),
    "track": Text("轨迹", "track"),
}
_FLAGS = ("sprouted", "repeated", "resisted", "self_removed")


def read_facts(given: Mapping[str, object], action: CaseAction, today: date) -> Json:
    """Return what was said, checked and in the form that is kept.

    Args:
        given: Any of :data:`FACT_WORDS`. ``quadrats`` has ``counts`` and ``quadrat_m2``; the area
            they stand for is ``area_m2``.
        action: The step it belongs to.
        today: Day of a step that names none.

    Returns:
        ``day``, ``count`` (see :func:`count_json`) and the other keys that were given.

    Raises:
        UsageError: A key is unknown, a value can't be one, or the step lacks what it needs.
    """
    for name in sorted(given.keys() - FACT_WORDS.keys()):
        raise UsageError(
            f"不认识的字段“{name[:40]}”,可用:{'、'.join(FACT_WORDS)}",
            f"unknown field {name[:40]!r}, known: {', '.join(FACT_WORDS)}",
            code="bad_fact",
        )
    said = {name: value for name, value in given.items() if value is not None and value != ""}
    facts: Json = {}
    _take(facts, said, "area_m2", lambda value: _number("area_m2", value, 0.01, MOST_AREA_M2))
    for name in ("area_low_m2", "area_high_m2"):
        _take(facts, said, name, lambda value, n=name: _number(n, value, 0, MOST_AREA_M2))  # type: ignore[misc]
    _check_order(facts)
    _take(facts, said, "area_how", lambda value: _member("area_how", value, AreaHow))
    _take(facts, said, "method", lambda value: _member("method", value, Method))
    _take(facts, said, "stage", lambda value: _member("stage", value, GrowthStage))
    _take(facts, said, "witness", lambda value: _text("witness", value))
    for name in _FLAGS:
        _take(facts, said, name, lambda value, n=name: _flag(n, value))  # type: ignore[misc]
    for name in ("survey", "track"):
        _take(facts, said, name, lambda value, n=name: int(_number(n, value, 1, _MOST_ID, True)))  # type: ignore[misc]
    count = _count(said, facts.get("area_m2"))
    if count is not None:
        facts["count"] = count_json(count)
        quadrats = said.get("quadrats")
        if isinstance(quadrats, Mapping):
            # Kept, so that another area gives another count.
            facts["count"]["counts"] = [int(float(n)) for n in quadrats["counts"]]
    named = "day" in said
    if named or action in (CaseAction.VERIFY, CaseAction.ERADICATE, CaseAction.RECHECK):
        facts["day"] = (_day(said["day"]) if named else today).isoformat()
    _check_needed(facts, action)
    return facts


def check_facts(facts: Json) -> None:
    """Check facts in the form that is kept, as whoever writes a step brings them.

    Raises:
        UsageError: They are not what :func:`read_facts` returns.
    """
    given = {name: value for name, value in facts.items() if name != "count"}
    read = read_facts(given, CaseAction.NOTE, date.min)
    count = facts.get("count")
    numbers = ("plants", "low", "high", "level")
    whole = isinstance(count, Mapping) and all(
        isinstance(count.get(name), int | float) and math.isfinite(count[name]) for name in numbers
    )
    sound = count is None or (whole and 0 <= count["low"] <= count["plants"] <= count["high"])
    if read != given or not sound:
        raise UsageError(
            "步骤的情况不是系统认可的格式:请通过表单填报",
            "the facts of the step are not in the form that is kept: use the form",
            code="bad_fact",
        )


def corrected_count(before: Json, area_m2: float) -> Json | None:
    """Return a count by quadrats for another planted area; None where the count needs none.

    Raises:
        UsageError: The quadrats are not known any more.
    """
    count = before.get("count")
    if count is None or not count.get("quadrats"):
        return None
    if not count.get("counts"):
        raise UsageError(
            "株数是按样方和面积推算的:改面积时请重新填写样方",
            "the plants were reckoned from quadrats and the area: give the quadrats again too",
            code="no_quadrats",
        )
    again = count_quadrats(count["counts"], count["quadrat_m2"], area_m2)
    return {**count_json(again), "counts": count["counts"]}


def count_json(count: PlantCount) -> Json:
    """Return a count as it is kept: plants, its interval, and how it was come by."""
    return {
        "plants": count.plants,
        "low": count.low,
        "high": count.high,
        "level": count.level,
        "method": count.method,
        "per_m2": count.per_m2,
        "quadrats": count.quadrats,
        "quadrat_m2": count.quadrat_m2,
        "area_m2": count.area_m2,
        "dispersion": count.dispersion,
        "why": count.why.en,
        "why_zh": count.why.zh,
    }


def _count(said: Mapping[str, object], area_m2: float | None) -> PlantCount | None:
    plants, quadrats = said.get("plants"), said.get("quadrats")
    if plants is not None and quadrats is not None:
        raise UsageError(
            "株数与样方只能给出一种:逐株清点,或样方推算",
            "give either the plants counted or the quadrats, not both",
            code="bad_fact",
        )
    if plants is not None:
        return plain_count(_number("plants", plants, 0, 1e9, True))
    if quadrats is None:
        return None
    if not isinstance(quadrats, Mapping) or quadrats.keys() - {"counts", "quadrat_m2"}:
        raise _bad(
            "quadrats", "应含 counts 和 quadrat_m2", "an object with counts and quadrat_m2", ""
        )
    counts = quadrats.get("counts")
    if not isinstance(counts, list) or not 1 <= len(counts) <= MOST_QUADRATS:
        raise _bad(
            "quadrats", f"应有 1 至 {MOST_QUADRATS} 个样方的株数", "a list of counts", counts
        )
    if area_m2 is None:
        raise UsageError(
            "样方推算需要种植面积:请填写面积(平方米)",
            "quadrats need the planted area: give area_m2",
            code="no_area",
        )
    size = _number("quadrats", quadrats.get("quadrat_m2"), 1e-4, MOST_AREA_M2)
    return count_quadrats([_number("quadrats", n, 0, 1e9, True) for n in counts], size, area_m2)


def _check_order(facts: Json) -> None:
    bounds = [facts.get(name) for name in ("area_low_m2", "area_m2", "area_high_m2")]
    known = [bound for bound in bounds if bound is not None]
    if known != sorted(known) or (known and bounds[1] is None):
        raise UsageError(
            "面积应在其下限与上限之间",
            "the area must lie between its lower and its upper bound",
            code="bad_fact",
        )


def _check_needed(facts: Json, action: CaseAction) -> None:
    if action is not CaseAction.ERADICATE:
        return
    if "method" not in facts:
        raise UsageError("请填写铲除方式", "say how it was eradicated (method)", code="no_method")
    if "count" not in facts and "area_m2" not in facts:
        raise UsageError(
            "请填写铲除的株数(逐株或样方)或面积",
            "say how many plants (counted or by quadrats) or how much ground was eradicated",
            code="no_amount",
        )


def _take(
    facts: Json, said: Mapping[str, object], name: str, read: Callable[[object], object]
) -> None:
    if name in said:
        facts[name] = read(said[name])


def _number(name: str, value: object, least: float, most: float, whole: bool = False) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        number = math.nan
    if not least <= number <= most or (whole and number != int(number)):
        kind, kind_en = ("整数", "a whole number") if whole else ("数", "a number")
        raise _bad(
            name,
            f"应为 {least:g} 到 {most:g} 的{kind}",
            f"{kind_en} from {least:g} to {most:g}",
            value,
        )
    return number


def _member(name: str, value: object, kind: type[StrEnum]) -> str:
    known = [member.value for member in kind]
    if value not in known:
        raise _bad(name, f"可用:{'、'.join(known)}", f"one of {', '.join(known)}", value)
    return str(value)


def _text(name: str, value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > _MOST_TEXT or not text.isprintable():
        raise _bad(
            name,
            f"应为最多 {_MOST_TEXT} 字、不含换行的文字",
            f"one line of at most {_MOST_TEXT} characters",
            value,
        )
    return text


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(name, "应为是或否", "true or false", value)
    return value


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        day = date.min
    if not 1990 <= day.year < 2200:
        raise _bad("day", "应为 2026-05-14 这样的日期", "a day such as 2026-05-14", value)
    return day


def _bad(name: str, zh: str, en: str, got: object) -> UsageError:
    words = FACT_WORDS[name]
    shown = "" if got in (None, "") else str(got)[:40]
    return UsageError(
        f"“{words.zh}”{zh}" + (f",得到“{shown}”" if shown else ""),
        f"{words.en} must be {en}" + (f", got {shown!r}" if shown else ""),
        code="bad_fact",
    )
