"""What the office makes of a tip: a case, part of one, nothing, the same as another; its reward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shapely import Point

from geoinspect.cases.lifecycle import check_move
from geoinspect.cases.records import CaseAction, CaseState, LinkKind, Origin
from geoinspect.cases.tip_records import (
    REWARD_MOVES,
    REWARD_WORDS,
    REWARDERS,
    Reward,
    TipReason,
    TipState,
    TipStep,
)
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.asked import NewCase, Source
from geoinspect.casework.book import open_in
from geoinspect.casework.tip_writing import (
    Asked,
    TipDone,
    asked_of,
    claimant,
    done_before,
    no_longer,
    noted,
    written,
)
from geoinspect.casework.writing import Entry, history, link_row, said, write
from geoinspect.errors import ConflictError, UsageError
from geoinspect.store import cases, tips
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.site_schema import TipRow
from geoinspect.store.workspace import Workspace

_MOST_YUAN = 10_000_000.0
_MOST_TITLE = 60


def link_tip(
    workspace: Workspace,
    tip_id: int,
    case_id: int,
    actor: Actor,
    *,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
) -> TipDone:
    """Let a case rest on a tip too; a tip that was in another case leaves it.

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such tip or case.
        ConflictError: It is in this case already, or the case takes nothing more.
    """
    with workspace.database.writing() as session:
        asked = asked_of(session, tip_id, TipStep.LINK, actor, client_id, now)
        again = done_before(asked)
        if again is not None:
            return again
        row, before = asked.row, asked.row.case_id
        case = cases.case(session, case_id)
        if before == case.id:
            raise ConflictError(
                f"举报 {row.number} 已在线索 {case.number} 中",
                f"the tip {row.number} is in the case {case.number} already",
                code="linked_before",
            )
        left = _leave_case(asked)
        source = _source(row)
        link = link_row(case.id, source, actor, asked.now)
        details = said(tip=row.number, note=noted(note))
        _case_event(asked, case, details, [link])
        row.state, row.case_id, row.merged_into = TipState.LINKED.value, case.id, None
        return written(asked, said(case=case.number, left=left, note=noted(note)))


def open_case_from_tip(
    workspace: Workspace,
    tip_id: int,
    actor: Actor,
    *,
    title: str = "",
    place: tuple[float, float] | None = None,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
) -> TipDone:
    """Open a case of a tip.

    Args:
        workspace: Opened.
        tip_id: Row number of the tip.
        actor: Who opens it.
        title: Of the case; empty takes the tip's words for its place.
        place: WGS84 lon, lat; None is what the tip says.
        note: For the case's history.
        client_id: Made by the sender; the same one twice is one case.
        now: None is this moment.

    Raises:
        ForbiddenError: Not this person.
        UsageError: Neither the tip nor the person says where.
        ConflictError: The tip is in a case already.
    """
    with workspace.database.writing() as session:
        asked = asked_of(session, tip_id, TipStep.CASE, actor, client_id, now)
        again = done_before(asked)
        if again is not None:
            return again
        row = asked.row
        if row.state == TipState.LINKED:
            raise no_longer(row)
        if place is None and row.lon is not None and row.lat is not None:
            place = row.lon, row.lat
        if place is None:
            raise UsageError(
                "这条举报没有坐标:请先在图上定点,或填写经纬度",
                "this tip has no coordinates: set its place first",
                code="no_place",
            )
        if row.lon is None:
            row.lon, row.lat = round(place[0], 6), round(place[1], 6)
            row.details = {**row.details, "place_from": "office"}
        where = " ".join(row.place.split())[:_MOST_TITLE]
        new = NewCase(
            noted(title) or f"举报:{where or row.number}",
            Origin.TIP,
            Point(place),
            note=noted(note),
            sources=(_source(row),),
            client_id=client_id,
        )
        done = open_in(session, workspace.settings, new, actor, now=asked.now)
        case = cases.case(session, done.case_id)
        row.state, row.case_id, row.merged_into = TipState.LINKED.value, case.id, None
        return written(asked, said(case=case.number, place=list(place)))


def dismiss_tip(
    workspace: Workspace,
    tip_id: int,
    reason: TipReason,
    actor: Actor,
    *,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
) -> TipDone:
    """Set a tip aside; a case can still be made of it later.

    Raises:
        ForbiddenError: Not this person.
        UsageError: The reason needs words.
        ConflictError: The tip does not wait any more.
    """
    with workspace.database.writing() as session:
        asked = asked_of(session, tip_id, TipStep.DISMISS, actor, client_id, now)
        again = done_before(asked)
        if again is not None:
            return again
        if asked.row.state != TipState.RECEIVED:
            raise no_longer(asked.row)
        if reason is TipReason.OTHER and not note.strip():
            raise UsageError("请在备注中写明原因", "say why in the note", code="no_note")
        asked.row.state = TipState.DISMISSED.value
        return written(asked, said(reason=reason.value, note=noted(note)))


def merge_tips(
    workspace: Workspace,
    tip_id: int,
    into: int,
    actor: Actor,
    *,
    client_id: str = "",
    now: datetime | None = None,
) -> TipDone:
    """Let a tip go into another one that tells of the same thing.

    Whichever is kept, the reward stays with who told of it first (see :func:`claimant`).

    Raises:
        ForbiddenError: Not this person.
        NotFoundError: There is no such tip.
        ConflictError: They are one already, or this one is in a case.
    """
    with workspace.database.writing() as session:
        asked = asked_of(session, tip_id, TipStep.MERGE, actor, client_id, now)
        again = done_before(asked)
        if again is not None:
            return again
        row, other = asked.row, tips.tip(session, into)
        head = other if other.merged_into is None else tips.tip(session, other.merged_into)
        if head.id in (row.id, row.merged_into):
            raise ConflictError(
                "这两条举报已经合并", "these two tips are one already", code="merged_before"
            )
        if row.state == TipState.LINKED:
            raise ConflictError(
                f"举报 {row.number} 已在线索中:请反过来把另一条并入它,或并案",
                f"the tip {row.number} is in a case: merge the other one into it, or the cases",
                code="tip_in_case",
            )
        followers = list(tips.merged_with(session, row.id))
        for one in [row, *followers]:
            one.state, one.merged_into = TipState.MERGED.value, head.id
        first = claimant(tips.group_of(session, head))
        told = said(into=head.number, claimant=None if first is None else first.number)
        return written(asked, told, followers)


def set_reward(
    workspace: Workspace,
    tip_id: int,
    state: Reward,
    actor: Actor,
    *,
    yuan: float | None = None,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
) -> TipDone:
    """Decide on a tip's reward, or note that it was paid.

    Args:
        workspace: Opened.
        tip_id: Row number of the tip.
        state: Granted, paid or refused.
        actor: Commanders and administrators decide.
        yuan: For granting; in yuan.
        note: Why.
        client_id: Made by the sender; the same one twice is one decision.
        now: None is this moment.

    Raises:
        ForbiddenError: Not this person.
        UsageError: There is no amount to grant.
        ConflictError: Not asked for, paid already, or somebody told of it first.
    """
    with workspace.database.writing() as session:
        asked = asked_of(session, tip_id, TipStep.REWARD, actor, client_id, now, REWARDERS)
        again = done_before(asked)
        if again is not None:
            return again
        row, before = asked.row, Reward(asked.row.reward)
        if state not in REWARD_MOVES[before]:
            raise ConflictError(
                f"奖励现为“{REWARD_WORDS[before].zh}”,不能改为“{REWARD_WORDS[state].zh}”",
                f"the reward is “{REWARD_WORDS[before].en}” and can't become "
                f"“{REWARD_WORDS[state].en}”",
                code="reward_stands",
            )
        first = claimant(tips.group_of(session, row))
        if state is not Reward.REFUSED and first is not None and first.id != row.id:
            raise ConflictError(
                f"同一地点由举报 {first.number} 首先举报,奖励归首位举报人",
                f"the tip {first.number} told of the same place first: the reward is its reporter's",
                code="not_first",
            )
        if state is Reward.GRANTED:
            if yuan is None or not 0 < yuan <= _MOST_YUAN:
                raise UsageError("请填写奖励金额(元)", "give the amount in yuan", code="no_amount")
            row.reward_yuan = round(yuan, 2)
        if state is Reward.REFUSED:
            row.reward_yuan = None
        row.reward = state.value
        told = said(old=before.value, new=state.value, yuan=row.reward_yuan, note=noted(note))
        return written(asked, told, answers=False)


def _leave_case(asked: Asked) -> str | None:
    """Take a tip out of the case it was in; return the case's number."""
    if asked.row.case_id is None:
        return None
    case = cases.case(asked.session, asked.row.case_id)
    links = [
        link
        for link in cases.links_of(asked.session, case.id)
        if link.kind == LinkKind.TIP and link.source_id == asked.row.id
    ]
    for link in links:
        link.gone_at = asked.now
    _case_event(asked, case, said(tip=asked.row.number, left=True), links)
    return case.number


def _case_event(asked: Asked, case: CaseRow, details: dict[str, Any], links: Sequence[Any]) -> None:
    session, actor = asked.session, asked.actor
    state, origin = CaseState(case.state), Origin(case.origin)
    own = is_own(session, actor, case.unit_code)
    check_move(state, CaseAction.LINK, None, origin, actor.role, own=own)
    entry = Entry(CaseAction.LINK, state, details)
    write(session, case, history(session, case.id), entry, actor, now=asked.now, also=links)


def _source(row: TipRow) -> Source:
    ground = None if row.lon is None or row.lat is None else Point(row.lon, row.lat)
    return Source(LinkKind.TIP, row.id, f"举报 {row.number}", None, ground)
