"""Steps that reach beyond their own case: undoing, merging and splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.distances import apart_m
from geoinspect.cases.lifecycle import MERGE_INTO, Event, stand, undoable
from geoinspect.cases.records import STATE_WORDS, CaseAction, CaseState, LinkKind, Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import Done, Source, Step
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.writing import (
    Entry,
    checked_note,
    history,
    link_row,
    new_row,
    said,
    write,
)
from geoinspect.errors import ConflictError, UsageError
from geoinspect.settings import Settings
from geoinspect.store import cases
from geoinspect.store.case_schema import CaseLinkRow, CaseRow

# Beyond a hamlet's width two leads are two places.
MOST_APART_M = 1000.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that its case allows, and all that is needed to take it.

    Attributes:
        sight: What who asks may know of: a step never reaches another's case.
    """

    session: Session
    settings: Settings
    row: CaseRow
    events: Sequence[Event]
    step: Step
    actor: Actor
    now: datetime
    sight: Sight = ALL


def undo(asked: Asked) -> Done:
    """Take back the last step of a case.

    Raises:
        ConflictError: It is somebody else's, too old, or one that can't be taken back.
    """
    minutes = asked.settings.case_undo_minutes
    admin = asked.actor.role == "admin"
    last = undoable(asked.events, asked.actor.name, asked.now, minutes, admin=admin)
    if last is None:
        raise ConflictError(
            f"没有可撤销的步骤:只能在 {minutes:g} 分钟内撤销自己的最后一步;之后请用“更正”或“重新打开”",
            f"nothing to undo: one's own last step can be undone within {minutes:g} minutes; after "
            "that, correct it or reopen the case",
            code="nothing_to_undo",
        )
    before = stand([event for event in asked.events if event.seq != last.seq])
    details = said(undoes=last.seq, what=last.action.value, note=checked_note(asked.step.note))
    entry = _entry(asked, before.state, details)
    if last.action is CaseAction.MERGE:
        give_back(asked)
    return _write(asked, entry)


def merge(asked: Asked) -> Done:
    """Let a case go into another one, which takes over its ground and what it rests on.

    Raises:
        UsageError: No other case was named.
        ConflictError: The other one can't take it as it stands.
    """
    into = asked.step.into
    if into is None or into == asked.row.id:
        raise UsageError(
            "请选择要并入的另一条线索",
            "name another case that this one goes into",
            code="no_other_case",
        )
    other = cases.case(asked.session, into)
    state, other_state = CaseState(asked.row.state), CaseState(other.state)
    if other_state not in MERGE_INTO[state]:
        wanted = [s for s in CaseState if s in MERGE_INTO[state]]
        raise ConflictError(
            f"线索 {other.number} 现为“{STATE_WORDS[other_state].zh}”,不能并入;可并入的状态:"
            + "、".join(STATE_WORDS[s].zh for s in wanted),
            f"case {other.number} is “{STATE_WORDS[other_state].en}” and can't take this one; it "
            "must be one of: " + ", ".join(STATE_WORDS[s].en for s in wanted),
            code="cannot_merge",
        )
    check_near(asked.row.geometry, other.geometry)
    details = said(into=other.id, into_number=other.number, note=checked_note(asked.step.note))
    done = _write(asked, _entry(asked, CaseState.MERGED, details))
    source = Source(
        LinkKind.CASE, asked.row.id, asked.row.number, None, asked.row.geometry, {"merged": True}
    )
    link = link_row(other.id, source, asked.actor, asked.now)
    told = said(absorbed=asked.row.id, number=asked.row.number, ground_before=other.geometry.wkt)
    other.geometry = together([other.geometry, asked.row.geometry])
    _aside(asked, other, told, [link])
    return done


def give_back(asked: Asked) -> None:
    """Let the case that this one went into be without what the merge had brought it.

    Raises:
        ConflictError: That case went into yet another one, or is not theirs any more.
    """
    other = cases.case(asked.session, int(asked.row.merged_into or 0))
    into = other.merged_into
    further = None if into is None else cases.case(asked.session, into)
    if not all(asked.sight.case(one) for one in (other, further) if one is not None):
        raise ConflictError(
            "并入的那条线索已转由其他单位承办,不能从这里分出来:请联系上级单位",
            "the case that this one went into is another unit's now, it can't be taken out from "
            "here: ask the unit above yours",
            code="merged_elsewhere",
        )
    if further is not None:
        raise ConflictError(
            f"线索 {other.number} 又已并入 {further.number}:请先把 {other.number} 分出来",
            f"case {other.number} has gone into {further.number}: take {other.number} out first",
            code="merged_further",
        )
    links = [
        link
        for link in cases.links_of(asked.session, other.id)
        if link.kind == LinkKind.CASE and link.source_id == asked.row.id
    ]
    absorbed = [
        event
        for event in history(asked.session, other.id)
        if event.details.get("absorbed") == asked.row.id
    ]
    for link in links:
        link.gone_at = asked.now
    if absorbed:
        before = shapely.from_wkt(absorbed[-1].details["ground_before"])
        if shapely.equals(other.geometry, together([before, asked.row.geometry])):
            other.geometry = before
    _aside(asked, other, said(released=asked.row.id, number=asked.row.number), links)


def split(asked: Asked) -> Done:
    """Make a new case of part of one; it stands where the first one stands.

    Returns:
        The step of the first case; its event names the new one.

    Raises:
        UsageError: Nothing was chosen, or nothing would be left.
    """
    step, row = asked.step, asked.row
    standing = list(cases.links_of(asked.session, row.id))
    taken = [link for link in standing if link.id in step.links]
    if len(taken) != len(set(step.links)):
        raise UsageError(
            "所选图斑或来源不属于这条线索:请刷新页面",
            "what was chosen doesn't belong to this case: load the page again",
            code="no_such_link",
        )
    ground = step.ground or _ground_of(taken)
    if ground is None:
        raise UsageError(
            "请选择要拆分出去的图斑,或在图上勾绘范围",
            "choose what the new case takes, or draw its ground",
            code="nothing_chosen",
        )
    origin = Origin(row.origin)
    child = new_row(asked.session, step.title, origin, ground, asked.actor, asked.now)
    moved = [_moved(link, child.id, asked) for link in taken]
    for link in taken:
        link.gone_at = asked.now
    rest = _ground_of([link for link in standing if link not in taken])
    if standing and len(taken) == len(standing) and step.ground is None:
        raise UsageError(
            "不能把全部来源都拆分出去:请留下至少一处",
            "not everything can be split off: leave at least one",
            code="nothing_left",
        )
    check_near(row.geometry, ground)
    details = said(
        into=child.id,
        into_number=child.number,
        links=[link.id for link in taken],
        ground_before=row.geometry.wkt,
        note=checked_note(step.note),
    )
    if rest is not None and step.ground is None:
        row.geometry = rest
    before = stand(asked.events)
    carried = said(
        unit=before.unit_code,
        deadline=before.deadline,
        split_from=row.id,
        split_number=row.number,
        carried=True,
        facts={name: dict(facts) for name, facts in before.facts.items()},
    )
    opening = Entry(CaseAction.OPEN, before.state, carried)
    write(asked.session, child, (), opening, asked.actor, now=asked.now, also=moved)
    return _write(asked, _entry(asked, before.state, details), taken)


def check_near(one: BaseGeometry, other: BaseGeometry) -> None:
    """Check that two grounds can be one place, or one of them part of the other.

    Raises:
        UsageError: They lie too far apart.
    """
    metres = apart_m(one, other)
    if metres > MOST_APART_M:
        raise UsageError(
            f"两处相距 {metres / 1000:.1f} 公里,超过 {MOST_APART_M / 1000:g} 公里,不能作为同一处处理",
            f"the two places lie {metres / 1000:.1f} km apart, more than {MOST_APART_M / 1000:g} km: "
            "they can't be handled as one",
            code="too_far",
        )


def together(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return grounds as one: polygons where there are any, else points."""
    whole = shapely.union_all(parts)
    if whole.geom_type != "GeometryCollection":
        return whole
    polygons = [part for part in whole.geoms if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(polygons) if len(polygons) > 1 else polygons[0]


def _moved(link: CaseLinkRow, case_id: int, asked: Asked) -> CaseLinkRow:
    source = Source(
        LinkKind(link.kind),
        link.source_id,
        link.label,
        link.survey_id,
        link.geometry,
        link.details,
    )
    return link_row(case_id, source, asked.actor, asked.now)


def _ground_of(links: Sequence[CaseLinkRow]) -> BaseGeometry | None:
    known = [link.geometry for link in links if link.geometry is not None]
    return together(known) if known else None


def _entry(asked: Asked, state: CaseState, details: dict[str, object]) -> Entry:
    step = asked.step
    return Entry(step.action, state, details, step.happened, step.client_id)


def _write(asked: Asked, entry: Entry, also: Sequence[CaseLinkRow] = ()) -> Done:
    a = asked
    return write(a.session, a.row, a.events, entry, a.actor, now=a.now, also=also)


def _aside(
    asked: Asked, other: CaseRow, details: dict[str, object], links: Sequence[CaseLinkRow]
) -> None:
    """Note in another case what this one's step did to it."""
    events = history(asked.session, other.id)
    entry = Entry(CaseAction.LINK, CaseState(other.state), details)
    write(asked.session, other, events, entry, asked.actor, now=asked.now, also=links)
