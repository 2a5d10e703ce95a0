"""Whether every case stands where its events put it: what no hash can tell, the table of moves can.

A forged change that is appended with a right audit row of its own keeps every hash; a case whose
row does not follow from its events, or an event that the table does not allow, still shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import move_of, stand
from geoinspect.cases.records import CaseAction, CaseState, Origin, Outcome
from geoinspect.casework.writing import event_of, told_briefly
from geoinspect.errors import Text
from geoinspect.store import audit
from geoinspect.store.case_schema import CaseEventRow, CaseRow

_BATCH = 500


def check_cases(session: Session, faults: audit.Faults) -> None:
    """Replay the events of every case.

    Args:
        session: Open; its rows are sound (their seals fit).
        faults: Takes the first thing that does not fit of each case.
    """
    events = _events_by_case(session)
    for row in session.scalars(
        select(CaseRow).order_by(CaseRow.id).execution_options(yield_per=_BATCH)
    ):
        wrong = _wrong(row, events.pop(row.id, []))
        if wrong is not None:
            told = Text(f"线索 {row.number}:{wrong.zh}", f"case {row.number}: {wrong.en}")
            faults.add(audit.Fault("row", told, table="case", row=row.id, case=row.number))


def _events_by_case(session: Session) -> dict[int, list[CaseEventRow]]:
    query = select(CaseEventRow).order_by(CaseEventRow.case_id, CaseEventRow.seq)
    rows: Iterator[CaseEventRow] = iter(session.scalars(query))
    return {case_id: list(some) for case_id, some in groupby(rows, key=lambda row: row.case_id)}


def _wrong(row: CaseRow, rows: Sequence[CaseEventRow]) -> Text | None:
    if [one.seq for one in rows] != list(range(1, row.version + 1)) or not rows:
        return Text("经过记录的序号不连续", "the numbers of its steps have gaps")
    events = [event_of(one) for one in rows]
    if events[0].action is not CaseAction.OPEN:
        return Text("第一步不是立线索", "its first step does not open it")
    origin = Origin(row.origin)
    for number, one in enumerate(rows[1:], start=1):
        before = stand(events[:number]).state
        if one.from_state != before.value or not _allowed(one, before, origin):
            return Text(
                f"第 {one.seq} 步({one.action})与动作表不符",
                f"step {one.seq} ({one.action}) is not one that the table of moves allows",
            )
    standing = told_briefly(stand(events))
    shown = {
        "state": row.state,
        "unit": row.unit_code,
        "deadline": None if row.deadline is None else row.deadline.isoformat(),
        "facts": row.facts,
        "merged_into": row.merged_into,
    }
    if shown != standing:
        names = ", ".join(name for name in shown if shown[name] != standing[name])
        return Text(
            f"现状与经过不符({names})", f"it does not stand where its steps put it ({names})"
        )
    return None


def _allowed(row: CaseEventRow, before: CaseState, origin: Origin) -> bool:
    outcome = row.details.get("outcome")
    action = CaseAction(row.action)
    told = None if outcome is None or action is CaseAction.CORRECT else Outcome(outcome)
    move = move_of(before, action, told, origin)
    # An undoing leads to where the case had stood; the fold says where that is.
    return move is not None and (move.ends is None or move.ends.value == row.to_state)
