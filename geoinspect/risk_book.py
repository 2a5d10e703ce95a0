"""The rules of the prior risk of an office: what holds, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.confidence.risk_rules import RiskFactor, RiskRule, with_rule
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.risks import risk_rules
from geoinspect.store import audit, searching
from geoinspect.store.workspace import Workspace


def rules_told(workspace: Workspace, session: Session) -> list[dict[str, Any]]:
    """Return every rule for programs, with whether it has an effect and the office changed it.

    Raises:
        UsageError: The workspace's ``risk_rules.toml`` or a stored change can't be used.
    """
    changed = searching.risk_changes(session)
    return [
        {**rule_json(rule), "changed": rule.factor.value in changed}
        for rule in risk_rules(workspace, session)
    ]


def set_risk_rule(
    workspace: Workspace, factor: str, values: Mapping[str, object], *, actor: str
) -> RiskRule:
    """Change some values of one factor's rule and return the rule as it is then.

    Raises:
        UsageError: There is no such factor, or a value can't be one.
    """
    with workspace.database.writing() as session:
        rules = with_rule(risk_rules(workspace, session), factor, **values)
        rule = next(rule for rule in rules if rule.factor.value == factor)
        earlier = searching.risk_changes(session).get(factor, {})
        if factor == RiskFactor.LICENSED and rule.multiplier != 0:
            raise UsageError(
                "有效许可地块的风险总是 0,不能修改;如不想采用,可关闭这一项",
                "the risk of ground with a valid licence is 0 and can't be changed; the factor can "
                "be switched off",
                code="bad_risk_rules",
            )
        kept = {**earlier, **values}
        if values.keys() - {"active", "note"}:
            # What an office set is no longer what the package assumed.
            kept.setdefault("source", f"set by {actor}")
        searching.set_risk_change(session, factor, kept, by=actor)
        audit.record(
            session, actor=actor, action="risk.rule", subject=factor, details={"values": kept}
        )
    return rule


def reset_risk_rule(workspace: Workspace, factor: str, *, actor: str) -> None:
    """Take back what the office changed of one factor's rule.

    Raises:
        NotFoundError: Nothing of it was changed.
    """
    with workspace.database.writing() as session:
        earlier = searching.risk_changes(session).get(factor)
        if earlier is None or factor not in set(RiskFactor):
            raise NotFoundError(
                f"风险因素“{factor[:40]}”没有被修改过",
                f"nothing of the risk factor {factor[:40]!r} was changed",
                code="not_changed",
            )
        searching.set_risk_change(session, factor, {}, by=actor)
        details: dict[str, object] = {"old": earlier, "values": None}
        audit.record(session, actor=actor, action="risk.rule", subject=factor, details=details)


def rule_json(rule: RiskRule) -> dict[str, Any]:
    """Return a rule for programs."""
    return {**rule.model_dump(mode="json"), "neutral": rule.neutral}
