"""Places where poppy grew become sites by themselves, and zones whose prior risk is raised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.cases.records import CaseState
from geoinspect.casework.actors import Actor
from geoinspect.casework.site_risk import ground_of, keep_site_risk
from geoinspect.casework.site_rows import NewSite, new_site_row, site_state
from geoinspect.casework.site_visits import settle_sites
from geoinspect.casework.sites import check_keeper
from geoinspect.ingest.site_fields import SiteKind
from geoinspect.records import CHINA_TIME, Zone, ZoneKind
from geoinspect.settings import Settings
from geoinspect.store import grounds, seals, sites
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.site_schema import SiteRow
from geoinspect.store.workspace import Workspace

# Where poppy grew and was dealt with; what still stands is the business of its case.
_DEALT_WITH = (CaseState.ERADICATED, CaseState.RECHECKED, CaseState.CLOSED)
_MOST_NAME = 200


def sites_from_cases(
    workspace: Workspace, today: date, actor: Actor, *, now: datetime | None = None
) -> list[str]:
    """Make a site of every growing place that was dealt with and has none yet; return their codes.

    Args:
        workspace: Opened.
        today: Day of the request, for cases that tell no day of eradication.
        actor: Who asks.
        now: When the server took it; None is this moment.

    Raises:
        ForbiddenError: Only analysts and administrators may.
    """
    check_keeper(actor)
    now = now or datetime.now(UTC)
    states = [state.value for state in _DEALT_WITH]
    with workspace.database.writing() as session:
        query = select(CaseRow).where(CaseRow.state.in_(states)).order_by(CaseRow.id)
        made: list[SiteRow] = []
        for case in session.scalars(query):
            made += _rows_of(session, workspace.settings, case, actor, now, today)
        if made:
            told = [{"code": row.code, "old": None, "new": site_state(row)} for row in made]
            seals.record_sealed(
                session,
                made,
                actor=actor.name,
                action="site.former",
                subject=f"{len(made)} sites",
                details={"sites": told},
            )
            settle_sites(session, workspace, made)
        return [row.code for row in made]


def former_site_of(
    session: Session, settings: Settings, case_row: CaseRow, actor: Actor, now: datetime
) -> list[SiteRow]:
    """Return the site to seal with a case's step: flushed, with its zone; none where it has one.

    For whoever writes the step: give the rows on as ``also`` of the same audit row. A case where
    no poppy was found, or where it still stands, makes none. The site is due from 1 January of
    the year after eradication on; until then the recheck of the case counts. Visits that earlier
    tracks prove are laid by :func:`geoinspect.casework.site_visits.settle_sites`.
    """
    return _rows_of(session, settings, case_row, actor, now, now.astimezone(CHINA_TIME).date())


def _rows_of(
    session: Session,
    settings: Settings,
    case: CaseRow,
    actor: Actor,
    now: datetime,
    today: date,
) -> list[SiteRow]:
    if not _grew(case) or sites.site_of_case(session, case.id) is not None:
        return []
    day = _gone_on(case) or today
    starts = date(day.year + 1, 1, 1)
    new = NewSite(
        code=_free_code(session, f"F{case.number}"),
        name=f"{case.title}({case.number})"[:_MOST_NAME],
        ground=case.geometry,
        kind=SiteKind.FORMER,
        unit_code=case.unit_code,
        starts=starts,
        risk=settings.former_site_risk,
        case_id=case.id,
    )
    row = new_site_row(session, settings, new, actor, now)
    keep_site_risk(session, row, now)
    name = f"历史种植点 {row.code}"
    grounds.add_zones(session, [Zone(ZoneKind.FORMER, name, ground_of(row), starts)])
    return [row]


def _grew(case: CaseRow) -> bool:
    """Return whether poppy was found at a case and dealt with."""
    facts = case.facts
    confirmed = facts.get("verified", {}).get("outcome") == "confirmed"
    return (confirmed or "eradicated" in facts) and case.state in set(_DEALT_WITH)


def _gone_on(case: CaseRow) -> date | None:
    told = case.facts.get("eradicated", {}).get("day") or case.facts.get("verified", {}).get("day")
    return None if told is None else date.fromisoformat(told)


def _free_code(session: Session, code: str) -> str:
    """Return a code, with a number behind it where an imported site has it already."""
    taken: Sequence[str] = session.scalars(
        select(SiteRow.code).where(SiteRow.code.startswith(code))
    ).all()
    tries = (code if n == 1 else f"{code}-{n}" for n in range(1, len(taken) + 2))
    return next(one for one in tries if one not in taken)
