"""The three lists that offices keep of a unit: 任务清单, 问题清单 and 责任清单."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework.realm import Realm, realm_of
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.work_duties import duties_of
from geoinspect.casework.work_problems import problems_of
from geoinspect.casework.work_rows import Gathered, case_task, gather, place_rows
from geoinspect.casework.work_words import TASK_WORDS, TROUBLE_WORDS, Task
from geoinspect.snapshot import Snapshot
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

MOST_ROWS = 500
_MOST_GAPS = 20
_DUE_STATES = ("never", "overdue", "due_soon")


def work_of(
    workspace: Workspace,
    session: Session,
    unit_code: str | None,
    today: date,
    *,
    snapshot: Snapshot | None = None,
    area_code: str | None = None,
    see_tips: bool = True,
    sight: Sight = ALL,
    most: int = MOST_ROWS,
) -> Json:
    """Return the work lists of a unit and all below it.

    Args:
        workspace: Opened.
        session: Open.
        unit_code: None is the whole county.
        today: In Beijing.
        snapshot: Of the newest campaign, for its gaps; None lists none.
        area_code: Only what lies in this area or below it.
        see_tips: Whether the reader may know of tips.
        sight: What the reader may know of; every count is of that.
        most: How many rows a list has at most; counts are always of all.

    Returns:
        ``unit``, ``area``, ``as_of``, ``campaign``, ``data_until``, and ``tasks``, ``problems`` and
        ``duties``, each with ``rows``, ``total``, ``counts`` and ``of`` (what the counts are part
        of).

    Raises:
        NotFoundError: There is no such unit or area.
    """
    realm = realm_of(session, unit_code, area_code, sight)
    found = gather(workspace, session, realm, today, snapshot, most_gaps=_MOST_GAPS)
    problems = problems_of(workspace, session, found, see_tips=see_tips)
    duties = duties_of(session, found)
    until = None if snapshot is None else snapshot.data_until
    return {
        "unit": _unit(realm),
        "area": None
        if area_code is None
        else {"code": area_code, "name": realm.area_name(area_code)},
        "units": _unit_count(realm),
        "as_of": today.isoformat(),
        "campaign": None if snapshot is None else snapshot.campaign.name,
        "data_until": None if until is None else until.isoformat(),
        "tasks": _listed(session, _tasks(found), "task", found, most),
        "problems": {
            **_listed(session, problems, "trouble", found, most),
            "tips_counted": see_tips,
            "tip_days": workspace.settings.case_triage_days,
        },
        "duties": duties,
        "words": {
            "task": {key.value: words_json(words) for key, words in TASK_WORDS.items()},
            "trouble": {key.value: words_json(words) for key, words in TROUBLE_WORDS.items()},
        },
    }


def words_json(words: Any) -> Json:  # noqa: ANN401 - a Text
    """Return words in both languages."""
    return {"zh": words.zh, "en": words.en}


def _unit_count(realm: Realm) -> int:
    if realm.units is not None:
        return len(realm.units)
    return len(realm.names if realm.sight.whole else realm.sight.territory.units)


def _unit(realm: Realm) -> Json | None:
    code = realm.unit_code
    return None if code is None else {"code": code, "name": realm.unit_name(code)}


def _listed(session: Session, rows: Sequence[Json], key: str, found: Gathered, most: int) -> Json:
    """Return rows with their counts by kind; overdue ones are counted beside."""
    counts = Counter(row[key] for row in rows)
    late = Counter(row[key] for row in rows if row["overdue_days"] > 0)
    gaps = found.gap_count if key == "task" else 0
    if gaps:
        counts[Task.SEARCH.value] = gaps
    shown = rows[:most]
    place_rows(session, shown)
    return {
        "rows": shown,
        "total": sum(counts.values()),
        "counts": dict(counts),
        "overdue": dict(late),
        "of": {"cases": len(found.cases), "sites": len(found.sites), "gaps": found.gap_count},
    }


def _tasks(found: Gathered) -> list[Json]:
    rows = [*_case_tasks(found), *_site_tasks(found)]
    rows.sort(key=lambda row: (row["deadline"] is None, row["deadline"] or "", row["link"]))
    return [*rows, *_gap_tasks(found)]


def _case_tasks(found: Gathered) -> Iterable[Json]:
    realm = found.realm
    for row, line in found.cases:
        whose = realm.whose(row.unit_code, row.area_code)
        yield {
            "task": case_task(row),
            "kind": "case",
            "name": row.number,
            "what": row.title,
            "link": f"/cases/{row.id}",
            "state": row.state,
            "unit": realm.unit_name(whose),
            "area": realm.area_name(row.area_code),
            "deadline": line["deadline"],
            "overdue_days": line["overdue_days"],
            "place": None,
        }


def _site_tasks(found: Gathered) -> Iterable[Json]:
    realm = found.realm
    for line in found.sites:
        if line["state"] not in _DUE_STATES:
            continue
        late = 0 if line["days"] is None else max(0, -line["days"])
        yield {
            "task": Task.VISIT.value,
            "kind": "site",
            "name": line["code"],
            "what": line["name"],
            "link": f"/sites/{line['id']}",
            "state": line["state"],
            "unit": realm.unit_name(realm.whose(line["unit_code"], line["area_code"])),
            "area": realm.area_name(line["area_code"]),
            "deadline": line["due"],
            "overdue_days": late,
            "place": None,
        }


def _gap_tasks(found: Gathered) -> Iterable[Json]:
    snapshot = found.snapshot
    if snapshot is None:
        return
    # A campaign that is over can't be searched any more.
    ends = snapshot.campaign.end
    for rank, gap in enumerate(found.gaps, start=1):
        yield {
            "task": Task.SEARCH.value,
            "kind": "gap",
            "name": f"{rank}",
            "what": gap.area_name,
            "link": f"/map?area={gap.area_code}",
            "state": "unseen",
            "unit": gap.unit_name,
            "area": gap.area_name,
            "deadline": ends.isoformat() if found.today <= ends else None,
            "overdue_days": 0,
            "place": [round(gap.access[0], 6), round(gap.access[1], 6)],
            "area_m2": round(gap.area_m2, 1),
            "risk": round(gap.risk, 2),
        }
