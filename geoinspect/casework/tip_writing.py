"""How a step of a tip is written: once for each identifier, and sealed with all that it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.tip_records import HANDLERS, TIP_STATE_WORDS, TipState, TipStep
from geoinspect.cases.tip_words import masked
from geoinspect.casework.actors import Actor
from geoinspect.casework.writing import checked_note
from geoinspect.errors import ConflictError, ForbiddenError
from geoinspect.records import moment_iso
from geoinspect.store import seals, tips
from geoinspect.store.site_schema import TipRow

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TipDone:
    """What became of a step.

    Attributes:
        case_id: The case that the tip is in; None without one.
        receipt: Number of the tip and of the step.
        again: The same request had come before; nothing was done now.
    """

    tip_id: int
    case_id: int | None
    receipt: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that its person may take."""

    session: Session
    row: TipRow
    step: TipStep
    actor: Actor
    client_id: str
    now: datetime


def claimant(group: Sequence[TipRow]) -> TipRow | None:
    """Return the tip of a group whose reporter has the claim to the reward.

    It is the first that came with a claim code, whichever was merged into which: nobody loses by
    the order in which the office reads. None where nobody asked.
    """
    return next((row for row in group if row.claim_hash is not None), None)


def asked_of(
    session: Session,
    tip_id: int,
    step: TipStep,
    actor: Actor,
    client_id: str,
    now: datetime | None,
    roles: frozenset[str] = HANDLERS,
) -> Asked:
    """Return a step that its person may take.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such tip.
    """
    if actor.role not in roles:
        raise ForbiddenError(
            f"您的角色是 {actor.role},不能这样处理举报;可以的角色:{'、'.join(sorted(roles))}",
            f"your role is {actor.role}; tips are handled so by: {', '.join(sorted(roles))}",
            code="may_not",
        )
    row = tips.tip(session, tip_id)
    return Asked(session, row, step, actor, client_id, now or datetime.now(UTC))


def done_before(asked: Asked) -> TipDone | None:
    """Return what became of the same request before; None for a new one."""
    if not asked.client_id:
        return None
    for number, step in enumerate(asked.row.details.get("steps", ()), 1):
        if step["client_id"] == asked.client_id:
            if step["step"] != asked.step.value or step["by"] != asked.actor.name:
                raise ConflictError(
                    "这个提交编号已用于另一次操作:请刷新页面后重试",
                    "this identifier was used for something else: load the page again",
                    code="client_id_used",
                )
            return TipDone(
                asked.row.id, asked.row.case_id, f"{asked.row.number}-{number}", again=True
            )
    return None


def written(
    asked: Asked, told: Json, also: Sequence[TipRow] = (), *, answers: bool = True
) -> TipDone:
    """Note a step in its tip, and seal all that it changed."""
    row, at = asked.row, moment_iso(asked.now)
    steps = [*row.details.get("steps", ())]
    one = {"step": asked.step.value, "by": asked.actor.name, "role": asked.actor.role, "at": at}
    steps.append({**told, **one, "client_id": asked.client_id})
    row.details = {**row.details, "steps": steps}
    if answers:
        for changed in (row, *also):
            if changed.answered_at is None:
                changed.answered_at, changed.answered_by = asked.now, asked.actor.name
    seals.record_sealed(
        asked.session,
        [row, *also],
        actor=asked.actor.name,
        action=f"tip.{asked.step.value}",
        subject=f"tip {row.number}",
        details={"number": row.number, "state": row.state, "said": told},
    )
    return TipDone(row.id, row.case_id, f"{row.number}-{len(steps)}")


def noted(note: str) -> str:
    """Return a note as it may be kept: people copy what reporters told them."""
    return masked(checked_note(note)).text


def no_longer(row: TipRow) -> ConflictError:
    """Return the refusal of a step that the tip's state does not allow."""
    words = TIP_STATE_WORDS[TipState(row.state)]
    return ConflictError(
        f"举报 {row.number} 现为“{words.zh}”:请刷新页面",
        f"the tip {row.number} is “{words.en}” now: load the page again",
        code="tip_stands",
    )
