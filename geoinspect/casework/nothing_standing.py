"""The statement that nothing stands after a day (某日之后无存活), with its evidence or what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.casework.finds import Done
from geoinspect.casework.realm import realm_of
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.writing import receipt_of
from geoinspect.casework.zero_yield import Known, known_finds, p_clean, unseen
from geoinspect.errors import Text, UsageError
from geoinspect.snapshot import Snapshot
from geoinspect.store import cases, grounds
from geoinspect.store.cases import CaseFilter
from geoinspect.store.schema import AreaRow

Json = dict[str, Any]

# Leads that nobody has been to: they are neither found nor refuted.
_LEADS = ("suspected", "triaged", "assigned", "no_access")
LACKS: dict[str, Text] = {
    "standing": Text("已确认,没有铲除记录", "confirmed, no eradication is recorded"),
    "later": Text("铲除日期晚于该日", "eradicated after that day"),
    "no_recheck": Text("铲除后没有复查记录", "not rechecked since it was eradicated"),
    "order": Text(
        "铲除日期早于确认日期:请更正日期", "eradicated before it was confirmed: correct the days"
    ),
    "doubted": Text("线索被重新打开,尚未再次核查", "the case was reopened and not visited since"),
}


def nothing_standing_after(
    session: Session,
    area_code: str,
    day: date,
    today: date,
    *,
    snapshot: Snapshot | None = None,
    sight: Sight = ALL,
) -> Json:
    """Return whether every growing place found in an area was eradicated by a day and seen clean.

    It holds when each was eradicated on that day or before, and rechecked clean on foot or from a
    survey since. It speaks of what was found; what nobody has looked at stands beside it.

    Args:
        session: Open.
        area_code: Those below it count in.
        day: The day after which nothing stands.
        today: In Beijing.
        snapshot: Of the campaign; None takes the cases of all times.
        sight: What the reader may know of.

    Returns:
        ``holds``, ``cases`` with the steps that prove it, ``missing`` with what each lacks, counts,
        the ground unseen, P(clean), and sentences in both languages.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The day is still to come.
    """
    if day > today:
        raise UsageError(
            f"日期 {day} 在今天({today})之后:还不能对以后作出说明",
            f"the day {day} is after today, {today}: nothing can be stated of it yet",
            code="bad_day",
        )
    within = realm_of(session, None, area_code, sight).within or frozenset()
    area = grounds.area(session, area_code)
    everywhere = known_finds(session, snapshot, None, sight)
    known = [one for one in everywhere if one.row.area_code in within]
    lines = [_line(session, one, day, today) for one in known]
    missing = [line for line in lines if line["lacks"]]
    leads = cases.count_by_state(
        session, CaseFilter(states=_LEADS, areas=tuple(within), held=sight.held)
    )
    told: Json = {
        "area": {"code": area.code, "name": area.name, "level": area.level},
        "day": day.isoformat(),
        "as_of": today.isoformat(),
        "campaign": None if snapshot is None else snapshot.campaign.name,
        "holds": not missing,
        "found": len(lines),
        "cases": lines,
        "missing": missing,
        "leads": sum(leads.values()),
        "outside": sum(one.row.area_code is None for one in everywhere),
        "p_clean": p_clean(session, snapshot, area_code),
        **unseen(snapshot, area_code),
    }
    said = _sentence(told, area, snapshot)
    return {**told, "sentence": said.en, "sentence_zh": said.zh}


def lacks_of(one: Known, day: date, today: date) -> list[str]:
    """Return what a growing place lacks for the statement, keys of :data:`LACKS`."""
    find = one.find
    if find.eradicated is None:
        return ["standing"]
    lacks = ["later"] if find.eradicated.day > day else []
    lacks += ["order"] if find.eradicated.day < find.confirmed.day else []
    # A recheck said to be before the eradication saw the plants, or its day is wrong.
    seen = find.clean is not None and find.eradicated.day <= find.clean.day <= today
    lacks += [] if seen else ["no_recheck"]
    return [*lacks, "doubted"] if find.doubted else lacks


def _line(session: Session, one: Known, day: date, today: date) -> Json:
    find = one.find
    return {
        "id": one.row.id,
        "number": one.row.number,
        "title": one.row.title,
        "area_code": one.row.area_code,
        "state": one.row.state,
        "confirmed": _step(session, one, find.confirmed),
        "eradicated": _step(session, one, find.eradicated),
        "rechecked": _step(session, one, find.clean),
        "lacks": [
            {"code": code, "message": LACKS[code].en, "message_zh": LACKS[code].zh}
            for code in lacks_of(one, day, today)
        ],
    }


def _step(session: Session, one: Known, done: Done | None) -> Json | None:
    if done is None:
        return None
    row = next(event for event in one.events if event.seq == done.seq)
    by = "survey" if done.survey is not None else "foot"
    return {
        "event": done.seq,
        "day": done.day.isoformat(),
        "by": by,
        "survey": done.survey,
        "track": done.track,
        "receipt": receipt_of(session, row),
    }


def _sentence(told: Json, area: AreaRow, snapshot: Snapshot | None) -> Text:
    """Return the statement in words: what it says, what it rests on, and what it does not say."""
    zh, en = _finding(told)
    during = "" if snapshot is None else f"(行动“{snapshot.campaign.name}”)"
    during_en = "" if snapshot is None else f" (campaign {snapshot.campaign.name!r})"
    parts = [f"{area.name}{during}:{zh}"]
    parts_en = [f"{area.name}{during_en}: {en}"]
    parts.append("本说明只涉及已发现的地块。")
    parts_en.append("This speaks only of what was found.")
    if told["unseen_share"] is None:
        parts.append("没有行动的覆盖数据,未查看的地面占多少不清楚。")
        parts_en.append(
            "There is no coverage of a campaign, so how much ground is unseen is not known."
        )
    else:
        share = f"{told['unseen_share']:.1%}"
        parts.append(f"辖区内还有 {share} 的地面没有有效的查看(没有人查看过,或查看已过期)。")
        parts_en.append(f"Of its ground {share} has no look that still counts.")
    clean = told["p_clean"]
    if clean is None:
        parts.append("没有“全域无种植”概率的存档结论。")
        parts_en.append("No claim of how likely the whole area is clean has been kept.")
    else:
        parts.append(f"{clean['as_of']} 的结论:全域无种植的概率为 {clean['p']:.3f}(模型值)。")
        parts_en.append(
            f"The claim of {clean['as_of']}: the whole area is clean with probability "
            f"{clean['p']:.3f} (a model's figure)."
        )
    if told["leads"]:
        parts.append(f"另有 {told['leads']} 条线索尚未实地核查。")
        many = "lead has" if told["leads"] == 1 else "leads have"
        parts_en.append(f"{told['leads']} {many} not been verified on the ground.")
    return Text("".join(parts), " ".join(parts_en))


def _finding(told: Json) -> tuple[str, str]:
    found, missing, day = told["found"], len(told["missing"]), told["day"]
    if not found:
        return (
            f"截至 {told['as_of']},没有确认过种植地块。",
            f"up to {told['as_of']} no growing place was confirmed.",
        )
    if not missing:
        return (
            f"已确认的 {found} 处种植地块,均在 {day} 或之前铲除,并经复查无存活。",
            f"all {found} growing places that were confirmed were eradicated on {day} or before "
            "and seen clean since.",
        )
    return (
        f"还不能说明 {day} 之后无存活:已确认的 {found} 处中,{missing} 处缺少依据。",
        f"it cannot be stated that nothing stands after {day}: of {found} growing places "
        f"confirmed, {missing} lack evidence.",
    )
