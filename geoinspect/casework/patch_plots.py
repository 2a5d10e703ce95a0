"""Which patches belong to open cases, which of the others are one plot, and which are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geoinspect.cases.matching import PatchMatch, cluster, match_patches
from geoinspect.cases.records import CaseState, LinkKind
from geoinspect.casework.nearby import boxes_near, cases_near
from geoinspect.casework.openers import brief, home, ordered
from geoinspect.casework.sight import ALL, Sight
from geoinspect.store import case_sources, cases
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import PatchRow
from geoinspect.store.sightings import Box

Json = dict[str, Any]

_OPEN = tuple(state.value for state in CaseState if not state.ended)
_ENDED = (CaseState.DISMISSED.value, CaseState.CLOSED.value)
# A survey's outline is simplified: its patches may reach out of it by less than this.
_OUTLINE_M = 100.0


@dataclass(frozen=True, slots=True)
class Joining:
    """A patch that belongs to an open case.

    Attributes:
        overlap: Shared ground as a share of the smaller of the two.
    """

    patch: PatchRow
    case: CaseRow
    overlap: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Patches that are one plot and belong to no open case, the best one first.

    Attributes:
        before: Ended cases on this ground.
    """

    patches: tuple[PatchRow, ...]
    before: tuple[CaseRow, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Where patches belong.

    Attributes:
        known: Those that are linked with a case already, whatever its state.
        joining: Those that belong to open cases.
        plots: The others.
    """

    known: tuple[tuple[PatchRow, CaseRow], ...]
    joining: tuple[Joining, ...]
    plots: tuple[Plot, ...]


def sort_patches(
    session: Session, rows: Sequence[PatchRow], near_m: float, sight: Sight = ALL
) -> Sorted:
    """Return where patches belong.

    A patch belongs to a case whose ground, or the ground of whose patches, it meets or lies near;
    what lies near such a patch belongs to the case too, as it would if it came a day later. The
    grounds of linked patches last when a survey is detected again.

    Args:
        session: Open.
        rows: The patches, the best one first.
        near_m: Largest distance in metres between parts of one plot.
        sight: Of whom asks: a patch joins no case that they may not know of.
    """
    linked = cases.links_to(session, LinkKind.PATCH, [row.id for row in rows])
    known = tuple(
        (row, home(session, cases.case(session, linked[row.id].case_id)))
        for row in rows
        if row.id in linked
    )
    left = [row for row in rows if row.id not in linked]
    boxes = _boxes(left, near_m)
    joining, left = _joining(left, *_grounds(session, boxes, _OPEN, sight), near_m)
    return Sorted(known, tuple(joining), _plots(session, left, near_m, sight))


def _joining(
    left: list[PatchRow], owners: list[CaseRow], grounds: list[BaseGeometry], near_m: float
) -> tuple[list[Joining], list[PatchRow]]:
    """Return the patches that belong to cases, and the others."""
    found: list[Joining] = []
    while left and grounds:
        matches = match_patches([row.geometry for row in left], grounds, near_m)
        new = [
            Joining(row, owners[match.case], match.overlap, match.distance_m or 0.0)
            for row, match in zip(left, matches, strict=True)
            if match.case is not None
        ]
        if not new:
            break
        found += new
        taken = {one.patch.id for one in new}
        left = [row for row in left if row.id not in taken]
        owners, grounds = [one.case for one in new], [one.patch.geometry for one in new]
    return found, left


def _plots(
    session: Session, left: Sequence[PatchRow], near_m: float, sight: Sight
) -> tuple[Plot, ...]:
    if not left:
        return ()
    shapes = [row.geometry for row in left]
    plots: dict[int, list[int]] = {}
    for at, plot in enumerate(cluster(shapes, near_m).tolist()):
        plots.setdefault(plot, []).append(at)
    owners, grounds = _grounds(session, _boxes(left, near_m), _ENDED, sight)
    matches: Sequence[PatchMatch] = match_patches(shapes, grounds, near_m) if grounds else ()
    made = []
    for members in plots.values():
        cases_here = [matches[at].case for at in members] if matches else []
        before = ordered(owners[case] for case in cases_here if case is not None)
        made.append(Plot(tuple(left[at] for at in members), tuple(before)))
    return tuple(made)


def _boxes(rows: Sequence[PatchRow], near_m: float) -> list[Box]:
    """Return boxes that hold all near some patches, one or two a survey: surveys lie apart."""
    by_survey: dict[int, list[BaseGeometry]] = {}
    for row in rows:
        by_survey.setdefault(row.survey_id, []).append(row.geometry)
    return [box for shapes in by_survey.values() for box in boxes_near(shapes, near_m + _OUTLINE_M)]


def _grounds(
    session: Session, boxes: Sequence[Box], states: tuple[str, ...], sight: Sight
) -> tuple[list[CaseRow], list[BaseGeometry]]:
    """Return the grounds of cases in some states and of their patches, each with its case.

    Those near some boxes; all that lie in them are among those. A case's ground need not hold that
    of its patches (a split or a person may have drawn it anew), so links are found by where their
    surveys lie.
    """
    rows = cases_near(session, boxes, states, sight)
    owners = list(rows.values())
    grounds = [row.geometry for row in owners]
    # Patches of a case that went into another one stay linked with the first.
    reached = (*states, CaseState.MERGED.value)
    for link in case_sources.link_grounds(session, LinkKind.PATCH, reached, boxes):
        owner = rows.get(link.case_id) or home(session, cases.case(session, link.case_id))
        if owner.state in states and sight.case(owner):
            owners.append(owner)
            grounds.append(link.geometry)
    return owners, grounds


def joining_told(one: Joining) -> Json:
    """Return how a patch belongs to a case."""
    return {
        "patch": one.patch.id,
        "case": brief(one.case),
        "overlap": round(one.overlap, 4),
        "distance_m": round(one.distance_m, 2),
    }
