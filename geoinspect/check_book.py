"""Cross-checks (交叉检查, 抽查): cleared cells drawn for another unit to search again.

The draw is weighted by risk and seeded, so that anybody can repeat it (confidence.crosschecks).
Whether the other unit was there is read from its own looks; what it found is entered, and says
how well the first search found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.confidence.crosschecks import (
    Drawn,
    assign_units,
    both_teams,
    draw_cells,
    update_rate,
)
from geoinspect.confidence.rates import beta_quantile
from geoinspect.coverage.cells import STATES
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.grid import cell_id
from geoinspect.rate_book import set_rate, walking_width_m
from geoinspect.records import CellState
from geoinspect.search_records import DetectionRate, Method
from geoinspect.snapshot import Snapshot
from geoinspect.store import audit, grounds, searching
from geoinspect.store.search_schema import CrossCheckRow
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]
Keep = Callable[[Json], bool]

SHARE = 0.1
_NOBODY = ""
_MOST_FINDS = 10_000


def draw_check(
    workspace: Workspace,
    snapshot: Snapshot,
    *,
    seed: str,
    share: float = SHARE,
    units: Sequence[str] = (),
    actor: str,
) -> CrossCheckRow:
    """Draw a share of the cleared cells and name for each the unit that is to search it again.

    Args:
        workspace: Where the draw is kept.
        snapshot: Its cleared cells are drawn from.
        seed: Shown with the draw.
        share: Of the cleared cells with any risk, 0–1.
        units: That may check; without them, all units that have looks in the campaign.
        actor: Who draws.

    Raises:
        UsageError: Nothing is cleared, the share can't be, the seed is empty, or no other unit
            could check a cell.
    """
    if not seed.strip() or len(seed) > 200:
        raise UsageError(
            "请给出抽签种子(例如公开的日期或号码)",
            "give a seed for the draw, say a public date or number",
            code="no_seed",
        )
    cleared = np.flatnonzero(snapshot.table.state == STATES.index(CellState.CLEARED))
    if len(cleared) == 0:
        raise UsageError(
            "还没有查清的网格可抽查",
            "no cell is cleared yet, so none can be drawn",
            code="no_cells",
        )
    number_of = {_name(snapshot, int(cell)): int(cell) for cell in cleared}
    drawn = draw_cells(
        list(number_of), snapshot.risk.relative[cleared], share=share, seed=seed.strip()
    )
    able = sorted(units or {s.unit for s in snapshot.book.sources if s.unit is not None})
    with workspace.database.reading() as session:
        for unit in able:
            grounds.require_unit(session, unit)
    cells = _drawn_cells(snapshot, drawn, number_of, able)
    with workspace.database.writing() as session:
        row = CrossCheckRow(
            campaign_id=snapshot.campaign_id,
            seed=seed.strip(),
            share=share,
            as_of=snapshot.as_of,
            drawn_at=datetime.now(UTC).replace(microsecond=0),
            drawn_by=actor,
            cells=cells,
            drawn_from={"cleared": len(cleared), "units": able, "version": snapshot.version},
        )
        session.add(row)
        session.flush()
        audit.record(
            session,
            actor=actor,
            action="check.draw",
            subject=snapshot.campaign.name,
            details={"id": row.id, "seed": row.seed, "share": share, "cells": len(cells)},
        )
    return row


def _drawn_cells(
    snapshot: Snapshot, drawn: Sequence[Drawn], number_of: dict[str, int], units: Sequence[str]
) -> list[Json]:
    """Return what is kept of the drawn cells, first drawn first."""
    cleared_by = {one.cell: _unit_of(snapshot, number_of[one.cell]) for one in drawn}
    assigned = assign_units([one.cell for one in drawn], cleared_by, units)
    at = np.array([number_of[one.cell] for one in drawn])
    x, y = snapshot.ground.centres()
    lon, lat = crs_.transform_xy(snapshot.ground.grid.crs, crs_.WGS84, x[at], y[at])
    return [
        {
            "cell": one.cell,
            "key": one.key,
            "lon": round(float(lon[k]), 6),
            "lat": round(float(lat[k]), 6),
            "pod": round(float(snapshot.table.pod[at[k]]), 4),
            "risk": round(float(snapshot.risk.relative[at[k]]), 3),
            "cleared_by": cleared_by[one.cell] or None,
            "unit": assigned[one.cell],
            "found": None,
        }
        for k, one in enumerate(drawn)
    ]


def enter_check(
    workspace: Workspace,
    check_id: int,
    cell: str,
    *,
    first_only: int,
    second_only: int,
    both: int,
    note: str = "",
    actor: str,
) -> CrossCheckRow:
    """Enter how many targets the first, the second and both units found in a drawn cell.

    Raises:
        NotFoundError: There is no such draw, or the cell is not in it.
        UsageError: A count is negative or absurd.
    """
    for count in (first_only, second_only, both):
        if not 0 <= count <= _MOST_FINDS:
            raise UsageError(
                f"发现数应在 0 到 {_MOST_FINDS} 之间,得到 {count}",
                f"a count of finds lies between 0 and {_MOST_FINDS}, got {count}",
                code="bad_count",
            )
    with workspace.database.writing() as session:
        row = searching.cross_check(session, check_id)
        cells = [dict(one) for one in row.cells]
        mine = next((one for one in cells if one["cell"] == cell), None)
        if mine is None:
            raise missing_cell(check_id, cell)
        before = mine["found"]
        mine["found"] = {
            "first_only": first_only,
            "second_only": second_only,
            "both": both,
            "note": note[:500],
        }
        row.cells = cells
        details = {"id": check_id, "cell": cell, "old": before, "new": mine["found"]}
        audit.record(session, actor=actor, action="check.enter", subject=cell, details=details)
    return row


def missing_cell(check_id: int, cell: str) -> NotFoundError:
    """Return the refusal of a cell that a draw has not, or that somebody may not know of."""
    return NotFoundError(
        f"抽查 {check_id} 里没有网格 {cell}",
        f"the draw {check_id} does not hold the cell {cell}",
        code="not_found",
    )


def check_json(snapshot: Snapshot, row: CrossCheckRow, keep: Keep | None = None) -> Json:
    """Return a draw, how far it was searched again, and what that says of the first search.

    With ``keep`` only of the cells that it keeps; what the whole draw was made from and says is
    left out then.
    """
    index = {_name(snapshot, k): k for k in range(len(snapshot.ground.cell_row))}
    cells = [
        {**one, "checked": _checked(snapshot, index.get(one["cell"]), one["unit"], row)}
        for one in row.cells
        if keep is None or keep(one)
    ]
    return {
        "id": row.id,
        "seed": row.seed,
        "share": row.share,
        "as_of": row.as_of.isoformat(),
        "drawn_at": row.drawn_at.isoformat().replace("+00:00", "Z"),
        "drawn_by": row.drawn_by,
        "drawn_from": row.drawn_from if keep is None else {"cleared": None, "units": []},
        "cells": cells,
        "checked": sum(bool(one["checked"]) for one in cells),
        "entered": sum(one["found"] is not None for one in cells),
        "unproved": sum(one["found"] is not None and not one["checked"] for one in cells),
        "result": check_result(row) if keep is None else None,
    }


def check_result(row: CrossCheckRow) -> Json | None:
    """Return what the finds say of the first search; None while nothing was entered.

    The rate starts from the cells' own POD, which weighs as much as four targets.
    """
    entered = [one for one in row.cells if one["found"] is not None]
    if not entered:
        return None
    first, second, both = (
        sum(int(one["found"][key]) for one in entered)
        for key in ("first_only", "second_only", "both")
    )
    believed = float(np.mean([one["pod"] for one in entered]))
    believed = min(max(believed, 0.01), 0.99)
    rate = update_rate(found=first + both, missed=second, rate=believed)
    return {
        "cells": len(entered),
        "believed": believed,
        "rate": rate.as_json(),
        "both_teams": both_teams(first_only=first, second_only=second, both=both).as_json(),
    }


def adopt_check(workspace: Workspace, check_id: int, *, actor: str) -> tuple[int, int]:
    """Put into the table of rates what a cross-check says of searching on foot.

    The sweep width is scaled as the exposure −ln(1 − POD) that was believed to the one found.

    Raises:
        NotFoundError: There is no such draw.
        UsageError: Nothing, or too little, was found to change a rate.
    """
    with workspace.database.reading() as session:
        row = searching.cross_check(session, check_id)
    result = check_result(row)
    if result is None or result["rate"]["too_few"]:
        raise UsageError(
            "发现数太少,不足以更新探测率",
            "too few targets were found to change a rate",
            code="too_few",
        )
    with workspace.database.reading() as session:
        base_m = walking_width_m(workspace, session, row.as_of)
    believed = -math.log1p(-result["believed"])

    def width_m(rate: float) -> float:
        return base_m * -math.log1p(-min(rate, 0.999)) / believed

    found = result["rate"]
    low, high = (beta_quantile(share, *found["beta"]) for share in (0.025, 0.975))
    rate = DetectionRate(
        Method.FOOT,
        width_m(found["rate"]),
        None,
        workspace.settings.claim_patch_m2,
        f"cross-check {row.id} of {row.as_of} ({found['found']} found, {found['missed']} missed)",
        low=width_m(low),
        high=width_m(high),
    )
    return set_rate(workspace, rate, actor=actor)


def check_list(session: Session, snapshot: Snapshot, keep: Keep | None = None) -> list[Json]:
    """Return the draws of a campaign without their cells, newest first; over the cells that
    ``keep`` keeps.
    """
    rows = searching.cross_checks(session, snapshot.campaign_id)
    found = [check_json(snapshot, row, keep) for row in rows]
    return [
        {k: v for k, v in one.items() if k != "cells"} | {"drawn": len(one["cells"])}
        for one in found
    ]


def _name(snapshot: Snapshot, cell: int) -> str:
    ground = snapshot.ground
    return cell_id(int(ground.cell_row[cell]), int(ground.cell_col[cell]))


def _unit_of(snapshot: Snapshot, cell: int) -> str:
    """Return the unit whose looks contribute most to a cell, empty for none."""
    book = snapshot.book
    kind = int(book.calendar.kind_of_cell[cell])
    worth: dict[str, float] = {}
    for look in book.visits(cell):
        unit = book.sources[look].unit
        if unit is None or not snapshot.counted[look, kind]:
            continue
        start, end = book.looks.starts[look], book.looks.starts[look + 1]
        at = start + int(np.flatnonzero(book.looks.cell[start:end] == cell)[0])
        worth[unit] = worth.get(unit, 0.0) + float(book.looks.exposure[at])
    return max(sorted(worth), key=lambda unit: worth[unit]) if worth else _NOBODY


def _checked(snapshot: Snapshot, cell: int | None, unit: str, row: CrossCheckRow) -> str | None:
    """Return the day the assigned unit was first in a cell after the draw; None if it was not."""
    if cell is None:
        return None
    sources = [snapshot.book.sources[k] for k in snapshot.book.visits(cell)]
    days = [s.day for s in sources if s.unit == unit and s.day is not None and s.day > row.as_of]
    return min(days).isoformat() if days else None
