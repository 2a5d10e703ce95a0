"""The words of tips: where one stands, why it is set aside, and how its reward stands."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from geoinspect.errors import Text


class TipState(StrEnum):
    """Where a tip stands."""

    RECEIVED = "received"
    LINKED = "linked"
    DISMISSED = "dismissed"
    MERGED = "merged"


TIP_STATE_WORDS: Mapping[TipState, Text] = {
    TipState.RECEIVED: Text("待处理", "waiting"),
    TipState.LINKED: Text("已转线索", "in a case"),
    TipState.DISMISSED: Text("不予受理", "set aside"),
    TipState.MERGED: Text("已合并", "merged"),
}


class TipReason(StrEnum):
    """Why a tip is set aside."""

    NO_PLACE = "no_place"
    NOT_POPPY = "not_poppy"
    KNOWN = "known"
    ELSEWHERE = "elsewhere"
    EMPTY = "empty"
    OTHER = "other"


TIP_REASON_WORDS: Mapping[TipReason, Text] = {
    TipReason.NO_PLACE: Text("地点无法确定", "its place can't be found"),
    TipReason.NOT_POPPY: Text(
        "照片或描述可判定不是罂粟", "picture or words show that it is no poppy"
    ),
    TipReason.KNOWN: Text("已办结过的同一处", "the same place was dealt with before"),
    TipReason.ELSEWHERE: Text("不在本辖区,已告知或移交", "outside the county, passed on"),
    TipReason.EMPTY: Text("没有内容或与禁种铲毒无关", "empty, or about something else"),
    TipReason.OTHER: Text("其他(请备注)", "other (say so in the note)"),
}


class Reward(StrEnum):
    """How the reward of a tip stands."""

    NONE = "none"
    ASKED = "asked"
    GRANTED = "granted"
    PAID = "paid"
    REFUSED = "refused"


REWARD_WORDS: Mapping[Reward, Text] = {
    Reward.NONE: Text("未申请", "not asked for"),
    Reward.ASKED: Text("已申请,待审核", "asked for"),
    Reward.GRANTED: Text("已批准,待领取", "granted, to be fetched"),
    Reward.PAID: Text("已发放", "paid"),
    Reward.REFUSED: Text("未批准", "refused"),
}

# What may follow; what was paid is done.
REWARD_MOVES: Mapping[Reward, frozenset[Reward]] = {
    Reward.NONE: frozenset(),
    Reward.ASKED: frozenset({Reward.GRANTED, Reward.REFUSED}),
    Reward.GRANTED: frozenset({Reward.GRANTED, Reward.PAID, Reward.REFUSED}),
    Reward.REFUSED: frozenset({Reward.GRANTED}),
    Reward.PAID: frozenset(),
}

HANDLERS = frozenset({"analyst", "commander", "admin"})
REWARDERS = frozenset({"commander", "admin"})
READERS = frozenset({*HANDLERS, "auditor"})


class TipStep(StrEnum):
    """What is done to a tip; every one is kept in its history."""

    LINK = "link"
    CASE = "case"
    DISMISS = "dismiss"
    MERGE = "merge"
    REWARD = "reward"


def likeness(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1: the share of letter pairs that they have in common.

    Jaccard index of their letter pairs, blanks left out (P. Jaccard 1901).
    """
    a, b = _pairs(one), _pairs(other)
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if shared else 0.0


# A list compares each of its tips with all of a month.
@lru_cache(maxsize=4096)
def _pairs(text: str) -> frozenset[str]:
    plain = "".join(text.lower().split())
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1))
