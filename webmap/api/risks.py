"""The rules of the prior risk: what holds, and changing it."""

from __future__ import annotations

import math

from flask import Response, jsonify

from geoinspect import risk_book
from geoinspect.confidence.risk_rules import MAX_MULTIPLIER, RiskFactor
from geoinspect.errors import Text
from webmap.api.choices import one_of
from webmap.api.deciders import for_deciders
from webmap.api.fields import Fields, json_fields
from webmap.auth import current_person
from webmap.office import office
from webmap.scope import scope_of

_MOST_BREAKPOINTS = 20
_LABELS = {
    "multiplier": Text("倍数", "the multiplier"),
    "decay_m": Text("衰减距离(米)", "the distance of decay in metres"),
    "half_life_years": Text("半衰期(年)", "the half-life in years"),
    "breakpoints": Text("分段值", "the breakpoints"),
    "active": Text("启用", "whether it is used"),
    "source": Text("来源", "the source"),
    "note": Text("说明", "the note"),
}


def risk_rules() -> Response:
    """Return the rule of every factor of the prior risk."""
    with office().workspace.database.reading() as session:
        return jsonify(rules=scope_of(session).risk_rules(office().workspace))


@for_deciders
def post_risk_rule(factor: str) -> Response:
    """Change some values of a factor's rule; what is left out stays as it is."""
    which = one_of("factor", factor, RiskFactor)
    asked = json_fields(_LABELS)
    values = _values(asked)
    rule = risk_book.set_risk_rule(
        office().workspace, which.value, values, actor=current_person().name
    )
    return jsonify(risk_book.rule_json(rule))


@for_deciders
def delete_risk_rule(factor: str) -> Response:
    """Take back what the office changed of a factor's rule."""
    which = one_of("factor", factor, RiskFactor)
    risk_book.reset_risk_rule(office().workspace, which.value, actor=current_person().name)
    return jsonify(reset=which.value)


def _values(asked: Fields) -> dict[str, object]:
    values: dict[str, object] = {}
    if asked.has("multiplier"):
        values["multiplier"] = asked.number("multiplier", 0, MAX_MULTIPLIER)
    if asked.has("decay_m"):
        values["decay_m"] = asked.number("decay_m", 0, 1e6, above=True)
    if "half_life_years" in asked.values:
        values["half_life_years"] = asked.number("half_life_years", 0, 1000, above=True)
    if asked.has("breakpoints"):
        values["breakpoints"] = _breakpoints(asked)
    if asked.has("active"):
        values["active"] = asked.flag("active")
    for name in ("source", "note"):
        if asked.has(name):
            values[name] = asked.text(name, 500)
    return values


def _breakpoints(asked: Fields) -> list[list[float]]:
    given = asked.values["breakpoints"]
    pairs = given if isinstance(given, list) else []
    good = 0 < len(pairs) <= _MOST_BREAKPOINTS and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs
    )
    if not good:
        raise asked.bad(
            "breakpoints",
            f"应为 1 至 {_MOST_BREAKPOINTS} 对 [数值, 倍数]",
            f"1 to {_MOST_BREAKPOINTS} pairs of value and multiplier",
        )
    return [[float(v) for v in pair] for pair in pairs]


def _is_number(value: object) -> bool:
    """Return whether a value is a number that a float can hold."""
    try:
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        )
    except OverflowError:
        return False
