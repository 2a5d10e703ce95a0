"""What the person behind a request finds by a number, a code or a name.

A record is found if its own page would open: the doors to single records decide, so that nobody
learns of what lies outside their territory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TypeVar

from sqlalchemy.orm import Session

from geoinspect.campaign_book import standing_day
from geoinspect.errors import NotFoundError
from geoinspect.store import finding, grounds
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import AreaRow, PatchRow, TrackRow
from geoinspect.store.site_schema import SiteRow
from webmap.office import office
from webmap.scope import Scope, scope_of
from webmap.scope_cases import case_scope
from webmap.scope_sites import site_scope

MOST_TEXT = 100
# Of each kind so many are shown, of so many that match: a list to choose from, not a report.
MOST_HITS = 8
_MOST_LOOKED_AT = 400
_MOST_NUMBER = 10**15
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found.

    Attributes:
        kind: ``case``, ``area``, ``site``, ``track`` or ``patch``.
        id: Its number, or an area's code.
        title: What people call it.
        detail: What tells it from others of that name; data only, so in no language.
        path: The page that shows it.
    """

    kind: str
    id: int | str
    title: str
    detail: str
    path: str


def search(session: Session, text: str) -> tuple[list[Hit], bool]:
    """Return what a person finds, and whether there is more than is shown.

    Args:
        session: Open.
        text: As typed; full-width digits and letters count as plain ones.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()[:MOST_TEXT]
    if not wanted:
        return [], False
    scope = scope_of(session)
    found: list[Hit] = []
    more = False
    for hits in (
        _areas(session, scope, wanted),
        _cases(session, wanted),
        _sites(session, wanted),
        _tracks(scope, wanted),
        _patches(scope, wanted),
    ):
        kind = list(islice(hits, MOST_HITS + 1))
        more = more or len(kind) > MOST_HITS
        found += kind[:MOST_HITS]
    return found, more


def _areas(session: Session, scope: Scope, text: str) -> Iterator[Hit]:
    rows = scope.area_tree()
    theirs = office().territories.get(session, scope.person.unit_code)
    names = {row.code: row.name for row in rows}
    low = text.casefold()
    like = [
        row
        for row in rows
        if theirs.has_area(row.code) and (low in row.name.casefold() or row.code.startswith(text))
    ]

    def rank(row: AreaRow) -> tuple[bool, int, str]:
        return text not in (row.name, row.code), len(row.code), row.code

    for row in sorted(like, key=rank):
        around = names.get(row.parent_code or "")
        detail = row.code if around is None else f"{around} · {row.code}"
        yield Hit("area", row.code, row.name, detail, f"/map#area={row.code}")


def _cases(session: Session, text: str) -> Iterator[Hit]:
    scope = case_scope(session)

    def told(row: CaseRow) -> Hit:
        return Hit("case", row.id, f"{row.number} {row.title}", "", f"/cases/{row.id}")

    rows = finding.cases_like(session, text, _MOST_LOOKED_AT)
    return map(told, _theirs(rows, lambda row: scope.case(row.id)))


def _sites(session: Session, text: str) -> Iterator[Hit]:
    scope = site_scope(session)

    def told(row: SiteRow) -> Hit:
        return Hit("site", row.id, row.name, row.code, f"/sites/{row.id}")

    rows = finding.sites_like(session, text, _MOST_LOOKED_AT)
    return map(told, _theirs(rows, lambda row: scope.site(row.id)))


def _tracks(scope: Scope, text: str) -> Iterator[Hit]:
    def told(row: TrackRow) -> Hit:
        known = [str(row.id), str(row.day or ""), row.team or ""]
        detail = " · ".join(part for part in known if part)
        return Hit("track", row.id, row.name, detail, f"/tracks/{row.id}")

    rows = finding.tracks_like(scope.session, text, _number(text), _MOST_LOOKED_AT)
    return map(told, _theirs(rows, lambda row: scope.track(row.id)))


def _patches(scope: Scope, text: str) -> Iterator[Hit]:
    row = finding.patch_numbered(scope.session, _number(text))

    def told(row: PatchRow) -> Hit:
        path = f"/review/{row.survey_id}?patch={row.id}"
        return Hit("patch", row.id, str(row.id), row.survey.name, path)

    return map(told, _theirs([] if row is None else [row], lambda row: scope.patch(row.id)))


def _theirs(rows: Iterable[_Row], open_: Callable[[_Row], object]) -> Iterator[_Row]:
    for row in rows:
        try:
            open_(row)
        except NotFoundError:
            continue
        yield row


def _number(text: str) -> int | None:
    plain = text.removeprefix("#")
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= len(str(_MOST_NUMBER))):
        return None
    number = int(plain)
    return number if 0 < number <= _MOST_NUMBER else None


def newest_day(scope: Scope) -> date | None:
    """Return the day until which the figures of a person's newest campaign count, without reckoning
    them; without a campaign that of the newest track or picture of their units.
    """
    campaign = next(iter(scope.campaigns()), None)
    if campaign is None:
        theirs = scope.territory
        return finding.newest_look(scope.session, None if theirs.whole else theirs.units)
    until = standing_day(grounds.campaign_record(campaign))
    return finding.campaign_look(scope.session, campaign.id, until)
