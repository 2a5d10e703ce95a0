"""Questions about claims that were made and patrols that were planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.errors import NotFoundError
from geoinspect.store.schema import CampaignRow
from geoinspect.store.search_schema import ClaimRow, PlanRow


def add_claim(
    session: Session, *, campaign_id: int, as_of: date, details: dict[str, Any], by: str
) -> ClaimRow:
    """Keep a claim."""
    row = ClaimRow(
        campaign_id=campaign_id,
        as_of=as_of,
        made_at=datetime.now(UTC),
        made_by=by,
        details=details,
    )
    session.add(row)
    session.flush()
    return row


def claims(session: Session, campaign_id: int) -> Sequence[ClaimRow]:
    """Return the claims of a campaign, newest first."""
    query = select(ClaimRow).where(ClaimRow.campaign_id == campaign_id)
    return session.scalars(query.order_by(ClaimRow.id.desc())).all()


def claim_before(
    session: Session, *, area_code: str, start: date
) -> tuple[ClaimRow, dict[str, Any]] | None:
    """Return the newest claim of an earlier campaign that speaks of an area, and what it says of
    it, the whole's or a part's figures; None without one.
    """
    query = (
        select(ClaimRow)
        .join(CampaignRow, CampaignRow.id == ClaimRow.campaign_id)
        .where(CampaignRow.end < start)
        .order_by(CampaignRow.end.desc(), ClaimRow.as_of.desc(), ClaimRow.id.desc())
    )
    for row in session.scalars(query):
        for said in (row.details["whole"], *row.details["parts"]):
            if said["code"] == area_code:
                return row, said
    return None


def plans(session: Session, campaign_id: int) -> Sequence[PlanRow]:
    """Return the plans of a campaign, newest first."""
    query = select(PlanRow).where(PlanRow.campaign_id == campaign_id)
    return session.scalars(query.order_by(PlanRow.id.desc())).all()


def plan(session: Session, plan_id: int) -> PlanRow:
    """Return one plan.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(PlanRow, plan_id)
    if row is None:
        raise missing_plan(plan_id)
    return row


def missing_plan(plan_id: int) -> NotFoundError:
    """Return the refusal of a plan that there is not, or that somebody may not know of."""
    return NotFoundError(
        f"没有编号为 {plan_id} 的计划",
        f"there is no plan with the number {plan_id}",
        code="not_found",
    )
