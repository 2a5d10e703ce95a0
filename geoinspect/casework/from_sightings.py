"""Cases from what a patrol saw; who stands on the ground may verify it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.facts import read_facts
from geoinspect.cases.lifecycle import ANYONE
from geoinspect.cases.matching import match_patches
from geoinspect.cases.records import CaseAction, CaseState, LinkKind, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Source, Step
from geoinspect.casework.book import act_in, open_in
from geoinspect.casework.nearby import boxes_near, cases_near
from geoinspect.casework.openers import brief, check_may_open, titled
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.told import today_of
from geoinspect.errors import UsageError
from geoinspect.settings import Settings
from geoinspect.store import cases, grounds, sightings
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

# What somebody on the spot can say of it.
OUTCOMES = (Outcome.CONFIRMED, Outcome.NOT_POPPY, Outcome.LICENSED)
_VERIFIED = "+verified"
_OPEN = tuple(state.value for state in CaseState if not state.ended)


@dataclass(frozen=True, slots=True)
class NewSighting:
    """Something that a patrol saw.

    Attributes:
        ground: Point or polygons, WGS84.
        title: Empty takes the name of the place.
        track_id: Of the patrol's track, when it is here already.
        happened: When it was seen, by the sender's clock.
        outcome: What it is, where the person is sure: one of :data:`OUTCOMES`.
        facts: See :func:`geoinspect.cases.facts.read_facts`.
        client_id: Made by the sender, at most 54 characters; the same one twice is one case.
    """

    ground: BaseGeometry
    title: str = ""
    note: str = ""
    track_id: int | None = None
    happened: datetime | None = None
    outcome: Outcome | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    client_id: str = ""


def case_from_sighting(
    workspace: Workspace,
    new: NewSighting,
    actor: Actor,
    *,
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Json:
    """Open a case for what was seen, and verify it at once where the person says what it is.

    The case is the person's unit's; of a person without one, that of the unit which answers for
    the area. ``sight`` says which cases near they may know of.

    Returns:
        The case (``id``, ``number``, ``title``, ``state``), ``receipt``, ``again``, and ``near``:
        other open cases within the setting ``case_near_m``, to be merged by who looks at them.

    Raises:
        ForbiddenError: Not this person.
        UsageError: The title, the place or the facts can't be any.
        NotFoundError: There is no such track.
        ConflictError: The identifier was used for something else.
    """
    check_may_open(actor, ANYONE)
    _check(new)
    now = now or datetime.now(UTC)
    settings = workspace.settings
    with workspace.database.writing() as session:
        opening = NewCase(
            title=new.title.strip() or titled(session, new.ground, "踏查发现"),
            origin=Origin.SIGHTING,
            ground=new.ground,
            note=new.note,
            sources=_track(session, new),
            unit_code=_unit(session, new, actor),
            happened=new.happened,
            client_id=new.client_id,
        )
        done = open_in(session, settings, opening, actor, now=now)
        if new.outcome is not None:
            step = Step(
                CaseAction.VERIFY,
                outcome=new.outcome,
                note=new.note,
                facts=read_facts(new.facts, CaseAction.VERIFY, today_of(new.happened or now)),
                happened=new.happened,
                client_id=f"{new.client_id}{_VERIFIED}" if new.client_id else "",
            )
            act_in(session, settings, done.case_id, step, actor, now=now)
        row = cases.case(session, done.case_id)
        return {
            **brief(row),
            "receipt": done.receipt,
            "again": done.again,
            "near": _near(session, settings, row.id, new.ground, sight),
        }


def _check(new: NewSighting) -> None:
    if new.outcome is not None and new.outcome not in OUTCOMES:
        known = ", ".join(OUTCOMES)
        raise UsageError(
            f"现场结论可用:{known}",
            f"what was found on the spot is one of {known}",
            code="bad_outcome",
        )
    if new.ground.is_empty:
        raise UsageError("缺少位置", "the place is missing", code="no_place")
    if len(new.client_id) > 54:
        raise UsageError(
            "提交编号最多 54 字", "an identifier has at most 54 characters", code="bad_client_id"
        )


def _track(session: Session, new: NewSighting) -> tuple[Source, ...]:
    if new.track_id is None:
        return ()
    row = sightings.track(session, new.track_id)
    day = None if row.day is None else row.day.isoformat()
    return (Source(LinkKind.TRACK, row.id, row.name[:200], details={"day": day}),)


def _unit(session: Session, new: NewSighting, actor: Actor) -> str | None:
    if actor.unit_code is not None:
        return actor.unit_code
    place = new.ground.representative_point()
    area = cases.area_at(session, place.x, place.y)
    way = [] if area is None else grounds.breadcrumb(session, area.code)
    return next((one.unit_code for one in reversed(way) if one.unit_code), None)


def _near(
    session: Session, settings: Settings, case_id: int, ground: BaseGeometry, sight: Sight
) -> list[Json]:
    near_m = settings.case_near_m
    found = cases_near(session, boxes_near([ground], near_m), _OPEN, sight)
    # The newest first, as lists of cases stand.
    rows = [found[number] for number in sorted(found, reverse=True) if number != case_id]
    matches = match_patches([row.geometry for row in rows], [ground], near_m)
    return [
        {**brief(row), "distance_m": round(match.distance_m or 0.0, 1)}
        for row, match in zip(rows, matches, strict=True)
        if match.case is not None
    ]
