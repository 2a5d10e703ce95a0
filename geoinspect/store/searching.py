"""Questions about how ground is searched: rates, footprints, relief, landmarks, risk, trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, null, select
from sqlalchemy.orm import Session, undefer

from geoinspect.errors import NotFoundError
from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility
from geoinspect.store.schema import AuditRow, PhotoRow, SurveyRow, TrackRow
from geoinspect.store.search_schema import (
    CrossCheckRow,
    DetectionRateRow,
    FootprintRow,
    LandmarkRow,
    ReliefRow,
    RiskEditRow,
    RiskRuleRow,
    TrialRow,
)


def detection_rates(session: Session) -> list[DetectionRate]:
    """Return the rows that the office entered, in that order."""
    return [rate_record(row) for row in rate_rows(session)]


def rate_rows(session: Session) -> Sequence[DetectionRateRow]:
    """Return the rows that the office entered, with who and when."""
    return session.scalars(select(DetectionRateRow).order_by(DetectionRateRow.id)).all()


def rate_record(row: DetectionRateRow) -> DetectionRate:
    """Return the record of a row."""
    return DetectionRate(
        method=Method(row.method),
        width_m=row.width_m,
        rate=row.rate,
        patch_m2=row.patch_m2,
        source=row.source,
        visibility=None if row.visibility is None else Visibility(row.visibility),
        stage=None if row.stage is None else GrowthStage(row.stage),
        low=row.low,
        high=row.high,
        valid_from=row.valid_from,
    )


def add_detection_rate(session: Session, rate: DetectionRate, *, by: str) -> DetectionRateRow:
    """Enter a row; earlier ones stay, so that old claims can be explained."""
    row = DetectionRateRow(
        method=rate.method.value,
        visibility=rate.visibility,
        stage=rate.stage,
        width_m=rate.width_m,
        rate=rate.rate,
        low=rate.low,
        high=rate.high,
        patch_m2=rate.patch_m2,
        valid_from=rate.valid_from,
        source=rate.source,
        set_by=by,
        set_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def drop_detection_rate(session: Session, rate_id: int) -> DetectionRateRow:
    """Take a row out of the table.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(DetectionRateRow, rate_id)
    if row is None:
        raise _missing("探测率", "detection rate", rate_id)
    session.delete(row)
    session.flush()
    return row


def footprints(session: Session) -> Sequence[FootprintRow]:
    """Return all footprints in the order they came."""
    return session.scalars(select(FootprintRow).order_by(FootprintRow.id)).all()


def footprint(session: Session, footprint_id: int) -> FootprintRow:
    """Return one footprint.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(FootprintRow, footprint_id)
    if row is None:
        raise _missing("覆盖范围", "footprint", footprint_id)
    return row


def footprints_of_file(session: Session, file_id: int) -> Sequence[FootprintRow]:
    """Return the footprints that came in one file."""
    query = select(FootprintRow).where(FootprintRow.file_id == file_id)
    return session.scalars(query.order_by(FootprintRow.part)).all()


def landmarks(session: Session, kind: str | None = None) -> Sequence[LandmarkRow]:
    """Return the landmarks, all or of one kind."""
    query = select(LandmarkRow).order_by(LandmarkRow.id)
    if kind is not None:
        query = query.where(LandmarkRow.kind == kind)
    return session.scalars(query).all()


def replace_landmarks(session: Session, kind: str, rows: Iterable[LandmarkRow]) -> int:
    """Put a layer of landmarks in the place of the earlier one of its kind; return how many."""
    session.execute(delete(LandmarkRow).where(LandmarkRow.kind == kind))
    new = list(rows)
    session.add_all(new)
    session.flush()
    return len(new)


def relief(session: Session, campaign_id: int) -> ReliefRow | None:
    """Return the relief of a campaign's cells, None where no elevation model was given."""
    query = select(ReliefRow).where(ReliefRow.campaign_id == campaign_id)
    return session.scalar(query.options(undefer(ReliefRow.cells)))


def set_relief(session: Session, row: ReliefRow) -> None:
    """Keep a campaign's relief in the place of an earlier one."""
    session.execute(delete(ReliefRow).where(ReliefRow.campaign_id == row.campaign_id))
    session.add(row)
    session.flush()


def risk_changes(session: Session) -> dict[str, dict[str, Any]]:
    """Return what the office changed of the risk rules, by factor."""
    return {row.factor: row.values for row in session.scalars(select(RiskRuleRow))}


def set_risk_change(session: Session, factor: str, values: dict[str, Any], *, by: str) -> None:
    """Keep what an office changed of a factor; empty values take the change back."""
    session.execute(delete(RiskRuleRow).where(RiskRuleRow.factor == factor))
    if values:
        now = datetime.now(UTC)
        session.add(RiskRuleRow(factor=factor, values=values, set_by=by, set_at=now))
    session.flush()


def risk_edits(session: Session) -> Sequence[RiskEditRow]:
    """Return the ground whose risk was set by hand."""
    return session.scalars(select(RiskEditRow).order_by(RiskEditRow.id)).all()


def drop_risk_edit(session: Session, edit_id: int) -> RiskEditRow:
    """Take an edit back.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(RiskEditRow, edit_id)
    if row is None:
        raise _missing("风险修改", "risk edit", edit_id)
    session.delete(row)
    session.flush()
    return row


def cross_checks(session: Session, campaign_id: int) -> Sequence[CrossCheckRow]:
    """Return the draws of a campaign, newest first."""
    query = select(CrossCheckRow).where(CrossCheckRow.campaign_id == campaign_id)
    return session.scalars(query.order_by(CrossCheckRow.id.desc())).all()


def cross_check(session: Session, check_id: int) -> CrossCheckRow:
    """Return one draw.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(CrossCheckRow, check_id)
    if row is None:
        raise _missing("抽查", "cross-check", check_id)
    return row


def trials(session: Session) -> Sequence[TrialRow]:
    """Return all seeded trials, newest first."""
    return session.scalars(select(TrialRow).order_by(TrialRow.id.desc())).all()


def trial(session: Session, trial_id: int) -> TrialRow:
    """Return one seeded trial.

    Raises:
        NotFoundError: There is none with this number.
    """
    row = session.get(TrialRow, trial_id)
    if row is None:
        raise _missing("试验", "trial", trial_id)
    return row


# What changes the prior risk is in the audit under one of these.
_RISK_ACTIONS = (
    *("zones.add", "landmarks.add", "terrain.add", "risk.rule", "risk.edit", "risk.edit.drop"),
    *("campaign.add", "areas.add"),
)
_SOURCES: dict[str, type[TrackRow | SurveyRow | PhotoRow | FootprintRow]] = {
    "track": TrackRow,
    "survey": SurveyRow,
    "photo": PhotoRow,
    "outline": FootprintRow,
}
_MOST_NUMBERS = 500
# Unit and team of every source, by kind and number.
SourceFacts = dict[tuple[str, int], tuple[str | None, str | None]]


def teams_of_sources(session: Session, wanted: Sequence[tuple[str, int]]) -> SourceFacts:
    """Return unit and team of sources by kind and number."""
    found: SourceFacts = {}
    for kind, table in _SOURCES.items():
        numbers = [number for what, number in wanted if what == kind]
        team = getattr(table, "team", null())
        # All at once where there are many: a list of numbers has a limit in SQL.
        query = select(table.id, table.unit_code, team)
        if len(numbers) <= _MOST_NUMBERS:
            query = query.where(table.id.in_(numbers))
        for number, unit, name in session.execute(query):
            found[kind, number] = (unit, name)
    return found


def risk_version(session: Session) -> int:
    """Return a number that changes whenever something that the prior risk is made of changes."""
    newest = select(func.max(AuditRow.id)).where(AuditRow.action.in_(_RISK_ACTIONS))
    return session.scalar(newest) or 0


def _missing(zh: str, en: str, number: int) -> NotFoundError:
    return NotFoundError(
        f"没有编号为 {number} 的{zh}",
        f"there is no {en} with the number {number}",
        code="not_found",
    )
