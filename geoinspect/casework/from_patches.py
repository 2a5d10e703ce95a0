"""Cases from patches: opened for what is new, linked with the open case where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from geoinspect.cases.lifecycle import EARLY, LEAD, check_move
from geoinspect.cases.records import CaseAction, CaseState, LinkKind, Origin
from geoinspect.casework.actors import Actor, is_own
from geoinspect.casework.asked import Done, NewCase, Source
from geoinspect.casework.book import open_in
from geoinspect.casework.licences import licence_at
from geoinspect.casework.openers import (
    brief,
    check_may_open,
    checked_numbers,
    digest_of,
    events_sent,
    home,
    numbered_id,
    titled,
    used_otherwise,
)
from geoinspect.casework.patch_plots import Joining, Plot, Sorted, joining_told, sort_patches
from geoinspect.casework.sight import ALL, Sight
from geoinspect.casework.special import together
from geoinspect.casework.writing import (
    Entry,
    checked_note,
    history,
    link_row,
    receipt_of,
    said,
    write,
)
from geoinspect.intake.rows import china_day
from geoinspect.records import moment_iso
from geoinspect.review_records import Standing
from geoinspect.review_state import load_state
from geoinspect.settings import Settings
from geoinspect.store import case_sources, cases, sightings
from geoinspect.store.case_schema import CaseLinkRow, CaseRow
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace

Json = dict[str, Any]

_NOBODY = ""


def choose_patches(
    workspace: Workspace,
    session: Session,
    survey_id: int,
    *,
    settled: bool = False,
    first: int | None = None,
    sight: Sight = ALL,
) -> list[int]:
    """Return the numbers of patches of a survey that are worth a case.

    Args:
        workspace: Its setting says how many reviewers must agree.
        session: Open.
        survey_id: The survey.
        settled: Those that review settled as poppy.
        first: The first so many by rank.
        sight: Of whom chooses: only patches on their ground.

    Raises:
        NotFoundError: There is no such survey.
    """
    survey = sightings.survey(session, survey_id)
    chosen: list[int] = []
    if settled:
        state = load_state(workspace, session, survey_id, survey.detector, _NOBODY, learn=False)
        numbers = zip(state.candidates.ids.tolist(), state.standings, strict=True)
        poppy = [number for number, stands in numbers if stands is Standing.POPPY]
        rows = [] if sight.whole else case_sources.patches(session, poppy)
        foreign = {row.id for row in rows if not sight.patch(row.geometry)}
        chosen += [number for number in poppy if number not in foreign]
    if first is not None:
        seen = None if sight.whole else sight.patch
        chosen += case_sources.best_patches(session, survey_id, first, seen)
    return sorted(set(chosen))


def propose(
    workspace: Workspace, session: Session, patch_ids: Iterable[int], sight: Sight = ALL
) -> Json:
    """Return what would become of patches, without doing it.

    Args:
        workspace: For its settings.
        session: Open.
        patch_ids: The patches.
        sight: Of whom asks: other patches and cases look as if they did not exist.

    Returns:
        ``known`` (linked with a case already), ``joins`` (belong to an open case, with overlap and
        distance), ``plots`` (each would be a case: ``title``, ``patches``, ``area_m2``, ``before``,
        ``licence``) and ``near_m``.

    Raises:
        UsageError: No patch, or too many.
        NotFoundError: There is no such patch.
    """
    numbers = checked_numbers(patch_ids, "图斑", "patches")
    rows = case_sources.patches(session, numbers, sight.patch)
    near_m = workspace.settings.case_near_m
    found = sort_patches(session, rows, near_m, sight)
    return {
        "near_m": near_m,
        "known": [
            {"patch": row.id, "case": brief(case)} for row, case in found.known if sight.case(case)
        ],
        "joins": [joining_told(one) for one in found.joining],
        "plots": [_plot_told(session, plot) for plot in found.plots],
    }


def cases_from_patches(
    workspace: Workspace,
    patch_ids: Iterable[int],
    actor: Actor,
    *,
    one_case: bool | None = None,
    note: str = "",
    client_id: str = "",
    now: datetime | None = None,
    sight: Sight = ALL,
) -> Json:
    """Open cases for patches, and link those that belong to an open case with it.

    Everything is done in one transaction, or nothing. A patch that is linked already is left as
    it is.

    Args:
        workspace: Opened.
        patch_ids: The patches.
        actor: Who does it.
        one_case: True makes one case of all that is new, False one of each patch, None one of each
            plot.
        note: Stands with every case that is opened and every link.
        client_id: Made by the sender; the same one again does nothing and gives the same answer.
        now: When the server took it; None is this moment.
        sight: Of whom asks: other patches and cases look as if they did not exist.

    Returns:
        ``opened`` and ``linked`` (case, ``patches``, ``receipt``), ``known`` (case, ``patches``)
        and ``again``.

    Raises:
        ForbiddenError: Not this person.
        UsageError: No patch, or too many.
        NotFoundError: There is no such patch.
        ConflictError: The identifier was used for something else.
    """
    check_may_open(actor, LEAD)
    numbers = checked_numbers(patch_ids, "图斑", "patches")
    request = digest_of(numbers, one_case)
    now = now or datetime.now(UTC)
    with workspace.database.writing() as session:
        again = _told_again(session, numbers, request, client_id, actor, sight)
        if again is not None:
            return again
        rows = case_sources.patches(session, numbers, sight.patch)
        found = sort_patches(session, rows, workspace.settings.case_near_m, sight)
        work = _Work(session, workspace.settings, actor, now, note, client_id, request)
        opened = [work.open(plot) for plot in _wanted(found, one_case)]
        linked = [work.link(case, joining) for case, joining in _by_case(found.joining)]
        return {
            "opened": opened,
            "linked": linked,
            "known": _known_told([one for one in found.known if sight.case(one[1])]),
            "again": False,
        }


class _Work:
    """What one request does to the book, in one transaction."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        actor: Actor,
        now: datetime,
        note: str,
        client_id: str,
        request: str,
    ) -> None:
        self._session, self._settings = session, settings
        self._actor, self._now, self._note = actor, now, checked_note(note)
        self._ids = (numbered_id(client_id, number) for number in count())
        self._request = request

    def open(self, plot: Plot) -> Json:
        """Open the case of a plot."""
        ground = together([row.geometry for row in plot.patches])
        before = {"before": [row.number for row in plot.before]} if plot.before else {}
        sources = tuple(self._source(row, before) for row in plot.patches)
        title = _title(self._session, plot.patches)
        new = NewCase(title, Origin.PATCH, ground, self._note, sources, client_id=next(self._ids))
        done = open_in(self._session, self._settings, new, self._actor, now=self._now)
        return self._told(done, [row.id for row in plot.patches])

    def link(self, case: CaseRow, joining: Sequence[Joining]) -> Json:
        """Link patches with their case, whose ground grows while nothing was confirmed on it."""
        events = history(self._session, case.id)
        state = CaseState(case.state)
        own = is_own(self._session, self._actor, case.unit_code)
        origin = Origin(case.origin)
        check_move(state, CaseAction.LINK, None, origin, self._actor.role, own=own)
        patches = [one.patch for one in joining]
        links = [
            self._link(
                case.id,
                one.patch,
                {"overlap": round(one.overlap, 4), "distance_m": round(one.distance_m, 2)},
            )
            for one in joining
        ]
        before = None
        if state in EARLY:
            before = case.geometry.wkt
            case.geometry = together([case.geometry, *(row.geometry for row in patches)])
        details = said(patches=[row.id for row in patches], ground_before=before, note=self._note)
        entry = Entry(CaseAction.LINK, state, details, client_id=next(self._ids))
        done = write(self._session, case, events, entry, self._actor, now=self._now, also=links)
        return self._told(done, [row.id for row in patches])

    def _link(self, case_id: int, row: PatchRow, matched: Json) -> CaseLinkRow:
        return link_row(case_id, self._source(row, matched), self._actor, self._now)

    def _source(self, row: PatchRow, more: Json) -> Source:
        details = {**patch_facts(row), **more, "request": self._request}
        return replace(source_of(row), details=details)

    def _told(self, done: Done, patches: list[int]) -> Json:
        row = cases.case(self._session, done.case_id)
        return {**brief(row), "patches": sorted(patches), "receipt": done.receipt}


def source_of(row: PatchRow) -> Source:
    """Return what a case rests on when it rests on a patch."""
    place = f"第 {row.rank} 位" if row.rank is not None else "未排序"
    label = f"图斑 {row.id}({place})· {row.survey.name}"
    return Source(
        LinkKind.PATCH, row.id, label[:200], row.survey_id, row.geometry, patch_facts(row)
    )


def patch_facts(row: PatchRow) -> Json:
    """Return what is kept of a patch as it was when it was linked."""
    return {
        "rank": row.rank,
        "score": round(row.score, 4),
        "area_m2": round(row.area_m2, 2),
        "state": row.state,
        "survey": row.survey.name,
        "taken": moment_iso(row.survey.taken),
    }


def _wanted(found: Sorted, one_case: bool | None) -> list[Plot]:
    """Return the plots that become a case each."""
    plots = found.plots
    if one_case is None or not plots:
        return list(plots)
    if one_case:
        rows = [row for plot in plots for row in plot.patches]
        before = {row.id: row for plot in plots for row in plot.before}
        return [Plot(tuple(sorted(rows, key=_best_first)), tuple(before.values()))]
    return [Plot((row,), plot.before) for plot in plots for row in plot.patches]


def _best_first(row: PatchRow) -> tuple[bool, int, int]:
    return row.rank is None, row.rank or 0, row.id


def _by_case(joining: Sequence[Joining]) -> list[tuple[CaseRow, list[Joining]]]:
    grouped: dict[int, list[Joining]] = {}
    for one in joining:
        grouped.setdefault(one.case.id, []).append(one)
    return [(grouped[number][0].case, grouped[number]) for number in sorted(grouped)]


def _title(session: Session, patches: Sequence[PatchRow]) -> str:
    """Return a case's title: the smallest area, and the best of its patches."""
    best = patches[0]
    name = f"第 {best.rank} 位" if best.rank is not None else f"#{best.id}"
    several = f"等 {len(patches)} 处" if len(patches) > 1 else ""
    return titled(session, best.geometry, f"疑似图斑 {name}{several}")


def _plot_told(session: Session, plot: Plot) -> Json:
    ground = together([row.geometry for row in plot.patches])
    day = china_day(plot.patches[0].survey.taken)
    place = ground.representative_point()
    return {
        "title": _title(session, plot.patches),
        "patches": sorted(row.id for row in plot.patches),
        "surveys": sorted({row.survey_id for row in plot.patches}),
        "area_m2": round(sum(row.area_m2 for row in plot.patches), 2),
        "place": [round(place.x, 7), round(place.y, 7)],
        "before": [brief(row) for row in plot.before],
        "licence": licence_at(session, ground, day),
    }


def _known_told(known: Sequence[tuple[PatchRow, CaseRow]]) -> list[Json]:
    by_case: dict[int, tuple[CaseRow, list[int]]] = {}
    for row, case in known:
        by_case.setdefault(case.id, (case, []))[1].append(row.id)
    return [{**brief(case), "patches": sorted(ids)} for _, (case, ids) in sorted(by_case.items())]


def _told_again(
    session: Session,
    numbers: list[int],
    request: str,
    client_id: str,
    actor: Actor,
    sight: Sight,
) -> Json | None:
    """Return the answer to a request that came before; None for a new one."""
    told: dict[str, list[Json]] = {"opened": [], "linked": []}
    taken: set[int] = set()
    for event in events_sent(session, client_id, actor):
        case = cases.case(session, event.case_id)
        links = [
            link
            for link in cases.links_of(session, case.id, gone=True)
            if link.kind == LinkKind.PATCH and link.details.get("request") == request
        ]
        if not links:
            raise used_otherwise()
        patches = {link.source_id for link in links}
        taken |= patches
        entry = {**brief(case), "patches": sorted(patches), "receipt": receipt_of(session, event)}
        told["opened" if event.action == CaseAction.OPEN else "linked"].append(entry)
    if not taken:
        return None
    rest = cases.links_to(session, LinkKind.PATCH, sorted(set(numbers) - taken))
    known: dict[int, Json] = {}
    for number, link in sorted(rest.items()):
        case = home(session, cases.case(session, link.case_id))
        if not sight.case(case):
            continue
        known.setdefault(case.id, {**brief(case), "patches": []})["patches"].append(number)
    return {**told, "known": [known[number] for number in sorted(known)], "again": True}
