"""Whether every case stands where its events put it: what no hash can tell, the table of moves can.

A forged change that is appended with a right audit row of its own keeps every hash; a case whose
row does not follow from its events, or an event that the table does not allow, still shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from geoinspect.cases.lifecycle import Event, Standing, move_of, stand, stand_after
from geoinspect.cases.records import CaseAction, CaseState, Origin, Outcome
from geoinspect.casework.writing import event_of, told_briefly
from geoinspect.errors import Text
from geoinspect.store import audit
from geoinspect.store.case_schema import CaseEventRow, CaseRow

_BATCH = 500
# What events put in a case's row; its ground is not read.
_SETTLED = (
    *(CaseRow.number, CaseRow.origin, CaseRow.state, CaseRow.unit_code, CaseRow.deadline),
    *(CaseRow.version, CaseRow.merged_into, CaseRow.facts),
)


def check_cases(session: Session, faults: audit.Faults) -> None:
    """Replay the events of every case.

    Args:
        session: Open; its rows are sound (their seals fit).
        faults: Takes the first thing that does not fit of each case.
    """
    streams = _events_by_case(session)
    case_id, events = next(streams, _NO_MORE)
    query = select(CaseRow).options(load_only(*_SETTLED)).order_by(CaseRow.id)
    for row in session.scalars(query.execution_options(yield_per=_BATCH)):
        while case_id is not None and case_id < row.id:
            case_id, events = next(streams, _NO_MORE)
        try:
            wrong = _wrong(row, events if case_id == row.id else [])
        except (ValueError, TypeError, KeyError, AttributeError):
            # A state, an action or a day that no program of ours writes.
            wrong = Text("经过里有程序不会写的值", "its steps hold a value that no program writes")
        if wrong is not None:
            told = Text(f"线索 {row.number}:{wrong.zh}", f"case {row.number}: {wrong.en}")
            faults.add(audit.Fault("row", told, table="case", row=row.id, case=row.number))


_NO_MORE: tuple[None, list[CaseEventRow]] = (None, [])


def _events_by_case(session: Session) -> Iterator[tuple[int | None, list[CaseEventRow]]]:
    """Yield the events of one case after the other, as the cases stand; never all of them."""
    query = select(CaseEventRow).order_by(CaseEventRow.case_id, CaseEventRow.seq)
    rows = session.scalars(query.execution_options(yield_per=_BATCH))
    for case_id, some in groupby(rows, key=lambda row: row.case_id):
        yield case_id, list(some)


def _wrong(row: CaseRow, rows: Sequence[CaseEventRow]) -> Text | None:
    if [one.seq for one in rows] != list(range(1, row.version + 1)) or not rows:
        return Text("经过记录的序号不连续", "the numbers of its steps have gaps")
    events = [event_of(one) for one in rows]
    if events[0].action is not CaseAction.OPEN:
        return Text("第一步不是立线索", "its first step does not open it")
    origin = Origin(row.origin)
    standing = stand(events[:1])
    for number, one in enumerate(rows[1:], start=1):
        before = standing.state
        if one.from_state != before.value or not _allowed(one, before, origin):
            return _not_in_table(one)
        if not _undoes_a_step(events[number]):
            return _not_in_table(one)
        standing = _after(standing, events[: number + 1])
    shown = {
        "state": row.state,
        "unit": row.unit_code,
        "deadline": None if row.deadline is None else row.deadline.isoformat(),
        "facts": row.facts,
        "merged_into": row.merged_into,
    }
    said = told_briefly(standing)
    if shown != said:
        names = ", ".join(name for name in shown if shown[name] != said[name])
        return Text(
            f"现状与经过不符({names})", f"it does not stand where its steps put it ({names})"
        )
    return None


def _after(standing: Standing, events: Sequence[Event]) -> Standing:
    """Return where events leave a case, given where all but the last of them left it."""
    # Only an undoing reaches back to what came before.
    return (
        stand(events) if events[-1].action is CaseAction.UNDO else stand_after(standing, events[-1])
    )


def _undoes_a_step(event: Event) -> bool:
    """Return whether an undoing names an earlier step, not the opening; True of all else."""
    if event.action is not CaseAction.UNDO:
        return True
    undone = event.details.get("undoes")
    return isinstance(undone, int) and 1 < undone < event.seq


def _not_in_table(row: CaseEventRow) -> Text:
    return Text(
        f"第 {row.seq} 步({row.action})与动作表不符",
        f"step {row.seq} ({row.action}) is not one that the table of moves allows",
    )


def _allowed(row: CaseEventRow, before: CaseState, origin: Origin) -> bool:
    outcome = row.details.get("outcome")
    action = CaseAction(row.action)
    told = None if outcome is None or action is CaseAction.CORRECT else Outcome(outcome)
    move = move_of(before, action, told, origin)
    # An undoing leads to where the case had stood; the fold says where that is.
    return move is not None and (move.ends is None or move.ends.value == row.to_state)
