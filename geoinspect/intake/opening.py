"""Open a campaign: its cells, and a look of everything that was seen in its window already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy.orm import Session

from geoinspect.campaigns import ground_of, plan_ground
from geoinspect.intake.looks import (
    SearchedGround,
    Source,
    footprint_source,
    photo_source,
    searched_ground,
    survey_source,
    track_source,
)
from geoinspect.intake.repeats import Repeats
from geoinspect.patrols.choices import TrackChoices
from geoinspect.records import Campaign, Mode
from geoinspect.store import audit, grounds, searching, sightings
from geoinspect.store.schema import CampaignRow, LookRow, TrackRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import (
    Surroundings,
    calendar_of,
    keep_relief,
    measured_relief,
    rate_table,
    surroundings_of,
)

_MOST_PHOTOS = 1_000_000
_Key = tuple[str, int]


def open_campaign(
    workspace: Workspace,
    name: str,
    *,
    area_code: str,
    start: date,
    end: date,
    cell_m: float,
    actor: str,
) -> tuple[CampaignRow, int]:
    """Make a campaign over an area and all below it; return it and how many looks it got.

    The campaign and its looks appear together or not at all.

    Raises:
        NotFoundError: There is no such area.
        UsageError: The name is taken, the window is inverted or the cell size unusable.
        AreaError: The area has no ground.
    """
    with workspace.database.reading() as session:
        rows = grounds.below(session, area_code)
    ground = plan_ground(workspace.settings, rows, cell_m=cell_m)
    campaign = Campaign(name, area_code, start, end, cell_m, ground.grid.crs)
    relief = measured_relief(workspace, ground)
    with workspace.database.reading() as session:
        rates = rate_table(workspace.settings, searching.detection_rates(session))
        calendar = calendar_of(workspace, session, ground, relief)
    searched = searched_ground(Surroundings(ground, calendar, rates))
    done: dict[_Key, LookRow | None] = {}
    with workspace.database.reading() as session:
        _sweep(_sources(workspace, session, campaign, done), searched, done)
    with workspace.database.writing() as session:
        row = grounds.add_campaign(session, campaign, side=ground.side, ground=ground.to_bytes())
        # What arrived while we swept; the lock is held now, so nothing more can.
        _sweep(_sources(workspace, session, campaign, done), searched, done)
        if relief is not None:
            keep_relief(session, row.id, relief)
        looks = [look for look in done.values() if look is not None]
        for look in looks:
            look.campaign_id = row.id
            sightings.add_look(session, look)
        details: dict[str, object] = {
            "area": area_code,
            "start": str(start),
            "end": str(end),
            "cell_m": cell_m,
            "looks": len(looks),
        }
        audit.record(session, actor=actor, action="campaign.add", subject=name, details=details)
    return row, len(looks)


def resweep(workspace: Workspace, campaign_id: int, *, actor: str) -> int:
    """Make every look of a campaign anew, after what they depend on has changed; return how many.

    Old looks stay in force until all new ones are there.

    Raises:
        NotFoundError: There is no such campaign.
    """
    with workspace.database.reading() as session:
        row = grounds.campaign_numbered(session, campaign_id)
        campaign, ground = grounds.campaign_record(row), ground_of(row)
        around = surroundings_of(workspace, session, ground, campaign_id=campaign_id)
    searched = searched_ground(around)
    done: dict[_Key, LookRow | None] = {}
    with workspace.database.reading() as session:
        _sweep(_sources(workspace, session, campaign, done), searched, done)
    with workspace.database.writing() as session:
        _sweep(_sources(workspace, session, campaign, done), searched, done)
        sightings.drop_campaign_looks(session, campaign_id)
        looks = [look for look in done.values() if look is not None]
        for look in looks:
            look.campaign_id = campaign_id
            sightings.add_look(session, look)
        details: dict[str, object] = {"looks": len(looks)}
        audit.record(
            session, actor=actor, action="campaign.sweep", subject=campaign.name, details=details
        )
    return len(looks)


def _sources(
    workspace: Workspace, session: Session, campaign: Campaign, done: dict[_Key, LookRow | None]
) -> Iterator[Source]:
    """Yield what was seen in the campaign's window and is not swept yet, one at a time."""
    repeats = Repeats(workspace)
    for track in sightings.tracks(session):
        inside = track.day is not None and campaign.start <= track.day <= campaign.end
        if inside and ("track", track.id) not in done:
            yield _track(workspace, session, repeats, track)
    for source in _pictures(session):
        inside = source.day is not None and campaign.start <= source.day <= campaign.end
        if inside and source.source_id is not None and (source.kind, source.source_id) not in done:
            yield source


def _pictures(session: Session) -> Iterator[Source]:
    for survey in sightings.surveys(session):
        if survey.searched:
            yield survey_source(survey)
    for photo in sightings.photos_in(session, None, limit=_MOST_PHOTOS):
        source = photo_source(photo)
        if source is not None:
            yield source
    for footprint in searching.footprints(session):
        yield footprint_source(footprint)


def _track(workspace: Workspace, session: Session, repeats: Repeats, track: TrackRow) -> Source:
    choices = TrackChoices.from_json(track.choices)
    found = repeats.known(session, track)
    counted = repeats.left_over(repeats.points(track), choices.counts, found)
    return track_source(
        counted,
        Mode(track.mode),
        track.day,
        workspace.settings,
        track_id=track.id,
        visibility=choices.visibility,
    )


def _sweep(
    sources: Iterable[Source], searched: SearchedGround, done: dict[_Key, LookRow | None]
) -> None:
    for source in sources:
        assert source.source_id is not None
        done[source.kind, source.source_id] = source.look_on(0, searched)
