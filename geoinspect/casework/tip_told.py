"""Tips as people read them: the office's list, one tip, what may be the same, the times of answer,
and what a reporter hears.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from geoinspect.cases.evidence import distance_m
from geoinspect.cases.records import STATE_WORDS, CaseState
from geoinspect.cases.tip_codes import hash_of_code, normal_code
from geoinspect.cases.tip_records import Reward, TipState, likeness
from geoinspect.cases.tip_words import MASK
from geoinspect.casework.openers import home
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.tip_writing import claimant
from geoinspect.crs import GEOD
from geoinspect.errors import Text
from geoinspect.records import CHINA_TIME, moment_iso
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, tips
from geoinspect.store.cases import CaseFilter
from geoinspect.store.site_schema import TipRow

Json = dict[str, Any]

_DAYS = 30
# Words alone are weak: fewer letters, or less in common, say nothing.
_ALIKE, _LEAST_LETTERS = 0.6, 12
_MOST_SUGGESTED = 5
_M_PER_DEG = 110_000.0


def tip_lines(
    session: Session,
    settings: Settings,
    rows: Sequence[TipRow],
    now: datetime,
    sight: Sight = ALL,
) -> list[Json]:
    """Return what a list shows of tips, each with what may be the same while it waits.

    Other tips and cases are named as far as the reader may know of them.
    """
    waiting = [row for row in rows if row.state == TipState.RECEIVED]
    others = _around(session, waiting, sight)
    return [_line(session, settings, row, others, now, sight) for row in rows]


def _line(
    session: Session,
    settings: Settings,
    row: TipRow,
    others: Sequence[TipRow],
    now: datetime,
    sight: Sight,
) -> Json:
    group = tips.group_of(session, row)
    known = tips.theirs(session, [one.id for one in group], sight.held)
    first = claimant(group)
    first = first if first and first.id in known else None
    group = [one for one in group if one.id in known]
    case = None if row.case_id is None else cases.case(session, row.case_id)
    case = case if case and sight.case(case) else None
    head = next((one for one in group if one.id == row.merged_into), None)
    waits = row.state == TipState.RECEIVED
    answered = row.answered_at or now
    return {
        "id": row.id,
        "number": row.number,
        "received_at": moment_iso(row.received_at),
        "state": row.state,
        "text": row.text,
        "place_words": row.place,
        "place": None if row.lon is None or row.lat is None else [row.lon, row.lat],
        "place_from": row.details.get("place_from"),
        "accuracy_m": row.details.get("accuracy_m"),
        "areas": _area_names(session, row),
        "photos": [_photo(row, at) for at in range(len(row.files))],
        "masked": row.details.get("masked", 0),
        "waited_s": round((answered - row.received_at).total_seconds()),
        "answered_at": moment_iso(row.answered_at),
        "answered_by": row.answered_by,
        "case": None if case is None else _case(case.id, case.number, case.state),
        "merged_into": None if head is None else {"id": head.id, "number": head.number},
        "group": [{"id": one.id, "number": one.number} for one in group if one.id != row.id],
        "reward": row.reward,
        "reward_yuan": row.reward_yuan,
        "claimant": None if first is None else {"id": first.id, "number": first.number},
        "suggestions": _suggestions(session, settings, row, others, sight) if waits else [],
    }


def tip_told(
    session: Session,
    settings: Settings,
    row: TipRow,
    *,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Json:
    """Return a tip with what was done to it."""
    (line,) = tip_lines(session, settings, [row], now or datetime.now(UTC), sight)
    shown = ("step", "by", "role", "at", "case", "left", "reason", "note", "into", "yuan", "new")
    steps = [
        {name: step[name] for name in shown if name in step}
        for step in row.details.get("steps", ())
    ]
    return {**line, "steps": steps}


def _around(session: Session, rows: Sequence[TipRow], sight: Sight) -> Sequence[TipRow]:
    """Return the tips that any of some may be the same as, asked for once."""
    if not rows:
        return []
    came, around = [row.received_at for row in rows], timedelta(days=_DAYS)
    return tips.tips_around(session, min(came) - around, max(came) + around, sight.held)


def _suggestions(
    session: Session, settings: Settings, row: TipRow, others: Sequence[TipRow], sight: Sight
) -> list[Json]:
    """Return the cases and tips that may tell of the same thing, nearest first.

    Near is within the setting ``tip_near_m``; tips count within 30 days, cases while they are open
    or ended within 30 days. Tips in very similar words are named too, wherever they are.
    """
    found = [*_cases_near(session, settings, row, sight), *_tips_alike(settings, row, others)]
    found.sort(key=lambda one: (one["distance_m"] is None, one["distance_m"] or 0.0))
    return found[:_MOST_SUGGESTED]


def _cases_near(session: Session, settings: Settings, row: TipRow, sight: Sight) -> list[Json]:
    if row.lon is None or row.lat is None:
        return []
    near_m, place = settings.tip_near_m, (row.lon, row.lat)
    north = near_m / _M_PER_DEG
    east = north / max(np.cos(np.radians(row.lat)), 0.01)
    box = (row.lon - east, row.lat - north, row.lon + east, row.lat + north)
    since = row.received_at - timedelta(days=_DAYS)
    found = []
    for case in cases.cases(session, CaseFilter(box=box, held=sight.held), limit=100):
        state = CaseState(case.state)
        if state is CaseState.MERGED or (state.ended and case.state_since < since):
            continue
        away_m = distance_m(place, case.geometry)
        if away_m <= near_m:
            told = _case(case.id, case.number, case.state) | {"title": case.title}
            found.append({"kind": "case", **told, "distance_m": round(away_m), "alike": None})
    return found


def _tips_alike(settings: Settings, row: TipRow, others: Sequence[TipRow]) -> list[Json]:
    around, words, found = timedelta(days=_DAYS), _words(row), []
    for other, away_m in zip(others, _apart_m(row, others), strict=True):
        if other.id == row.id or abs(other.received_at - row.received_at) > around:
            continue
        its = _words(other)
        alike = likeness(words, its)
        enough = min(len(words), len(its)) >= _LEAST_LETTERS
        if away_m <= settings.tip_near_m or (enough and alike >= _ALIKE):
            found.append(
                {
                    "kind": "tip",
                    "id": other.id,
                    "number": other.number,
                    "state": other.state,
                    "title": other.text[:80],
                    "distance_m": round(away_m) if math.isfinite(away_m) else None,
                    "alike": round(alike, 2),
                }
            )
    return found


def _words(row: TipRow) -> str:
    return f"{row.place}{row.text}".replace(MASK, "")


def _apart_m(one: TipRow, others: Sequence[TipRow]) -> list[float]:
    """Return the metres from one tip to each of others; infinite where one has no place."""
    if one.lon is None or one.lat is None:
        return [math.inf] * len(others)
    lon = np.array([math.nan if row.lon is None else row.lon for row in others])
    lat = np.array([math.nan if row.lat is None else row.lat for row in others])
    here = np.full(len(others), one.lon), np.full(len(others), one.lat)
    away_m = np.asarray(GEOD.inv(*here, lon, lat)[2], dtype=np.float64)
    return [float(m) for m in np.nan_to_num(away_m, nan=math.inf, posinf=math.inf)]


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How long reporters waited for the office's first step.

    Attributes:
        median_h, p90_h: Of the answered ones, hours; None without one.
        oldest_h: How long the oldest unanswered one has waited.
    """

    received: int
    answered: int
    unanswered: int
    median_h: float | None
    p90_h: float | None
    oldest_h: float | None


def answer_times(times: Sequence[tuple[datetime, datetime | None]], now: datetime) -> AnswerTimes:
    """Return how long reporters waited; quantiles by linear interpolation between the nearest.

    Args:
        times: When each tip came, and when the office first acted on it.
        now: For those that wait.
    """
    waited = [_hours(answered - came) for came, answered in times if answered is not None]
    waiting = [_hours(now - came) for came, answered in times if answered is None]
    middle, late = (float(q) for q in np.percentile(waited, [50, 90])) if waited else (None, None)
    return AnswerTimes(
        len(times),
        len(waited),
        len(waiting),
        None if middle is None else round(middle, 2),
        None if late is None else round(late, 2),
        round(max(waiting), 2) if waiting else None,
    )


def figures_told(session: Session, now: datetime, sight: Sight = ALL) -> Json:
    """Return how many tips stand where, and how long answers took."""
    times = answer_times(tips.answer_times(session, sight.held), now)
    return {
        "states": tips.count_by_state(session, sight.held),
        "received": times.received,
        "answered": times.answered,
        "unanswered": times.unanswered,
        "median_h": times.median_h,
        "p90_h": times.p90_h,
        "oldest_h": times.oldest_h,
        "as_of": moment_iso(now),
    }


@dataclass(frozen=True, slots=True)
class Heard:
    """What a reporter hears of a tip.

    Attributes:
        state, reward: How it stands, in words.
    """

    received_at: datetime
    state: Text
    reward: Text

    @property
    def day(self) -> str:
        """The day it came, in Beijing."""
        return self.received_at.astimezone(CHINA_TIME).date().isoformat()


def heard(session: Session, written: str) -> Heard | None:
    """Return what the holder of a claim code hears; None for a code that nobody has.

    What is no code at all goes the same way to the database as one that is.
    """
    row = tips.tip_claimed(session, hash_of_code(normal_code(written) or "?"))
    if row is None:
        return None
    head = row if row.merged_into is None else tips.tip(session, row.merged_into)
    case = None if head.case_id is None else home(session, cases.case(session, head.case_id))
    first = claimant(tips.group_of(session, row))
    mine = first is None or first.id == row.id
    return Heard(
        row.received_at,
        _state_heard(head, None if case is None else case.state),
        _reward_heard(row, mine),
    )


def _state_heard(head: TipRow, case_state: str | None) -> Text:
    # Where a check stands is the office's own: a reporter hears that it goes on, and that it ended.
    if case_state is not None:
        if CaseState(case_state).ended:
            return Text("已核查,事项已办结", "It was looked into, and the matter is closed.")
        return Text("已受理,正在核查", "It was taken up and is being checked.")
    if head.state == TipState.DISMISSED:
        return Text(
            "已审阅,根据所给信息未能受理;如有更具体的地点或照片,欢迎再次举报",
            "It was read, but could not be taken up on what it said. With a clearer place or a "
            "photo, please send another.",
        )
    return Text("已收到,等待工作人员处理", "It was received and waits to be read.")


def _reward_heard(row: TipRow, mine: bool) -> Text:
    reward = Reward(row.reward)
    if reward is Reward.GRANTED:
        yuan = f"{row.reward_yuan:g}"
        return Text(
            f"奖励已批准:{yuan} 元。请凭举报码到县禁毒办领取",
            f"A reward of {yuan} yuan was granted. Bring the claim code to the county's narcotics "
            "control office.",
        )
    if reward is Reward.PAID:
        return Text("奖励已发放", "The reward was paid.")
    if reward is Reward.REFUSED:
        return Text("奖励申请未获批准", "The reward was not granted.")
    if not mine:
        return Text(
            "此前已有人举报同一地点,奖励归首位举报人",
            "Somebody told of the same place before; the reward is theirs.",
        )
    return Text("奖励申请待审核,核查结束后决定", "The reward is decided when the check has ended.")


def _hours(waited: timedelta) -> float:
    return max(waited.total_seconds(), 0.0) / 3600


def _case(case_id: int, number: str, state: str) -> Json:
    words = STATE_WORDS[CaseState(state)]
    return {
        "id": case_id,
        "number": number,
        "state": state,
        "state_words": {"message": words.en, "message_zh": words.zh},
    }


def _photo(row: TipRow, at: int) -> Json:
    file = row.files[at]
    told = {name: file.get(name) for name in ("bytes", "width_px", "height_px", "place", "taken")}
    return {"number": at + 1, **told}


def _area_names(session: Session, row: TipRow) -> list[str]:
    if row.lon is None or row.lat is None:
        return []
    area = cases.area_at(session, row.lon, row.lat)
    return [] if area is None else [one.name for one in grounds.breadcrumb(session, area.code)]
