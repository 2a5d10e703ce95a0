"""Open a campaign: its cells, and a look of everything that was seen in its window already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy.orm import Session

from geoinspect.campaigns import plan_ground
from geoinspect.coverage.looks import Sweeper
from geoinspect.intake.looks import Source, survey_source, track_source
from geoinspect.intake.repeats import Repeats
from geoinspect.patrols.choices import TrackChoices
from geoinspect.records import Campaign, Mode
from geoinspect.store import audit, grounds, sightings
from geoinspect.store.schema import CampaignRow, LookRow, TrackRow
from geoinspect.store.workspace import Workspace

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
    sweeper = Sweeper(ground)
    done: dict[_Key, LookRow | None] = {}
    with workspace.database.reading() as session:
        _sweep(_sources(workspace, session, campaign, done), sweeper, done)
    with workspace.database.writing() as session:
        row = grounds.add_campaign(session, campaign, side=ground.side, ground=ground.to_bytes())
        # What arrived while we swept; the lock is held now, so nothing more can.
        _sweep(_sources(workspace, session, campaign, done), sweeper, done)
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


def _sources(
    workspace: Workspace, session: Session, campaign: Campaign, done: dict[_Key, LookRow | None]
) -> Iterator[Source]:
    """Yield what was seen in the campaign's window and is not swept yet, one at a time."""
    repeats = Repeats(workspace)
    for track in sightings.tracks(session):
        inside = track.day is not None and campaign.start <= track.day <= campaign.end
        if inside and ("track", track.id) not in done:
            yield _track(workspace, session, repeats, track)
    for survey in sightings.surveys(session):
        source = survey_source(survey, workspace.settings)
        inside = source.day is not None and campaign.start <= source.day <= campaign.end
        if survey.searched and inside and ("survey", survey.id) not in done:
            yield source


def _track(workspace: Workspace, session: Session, repeats: Repeats, track: TrackRow) -> Source:
    counts = TrackChoices.from_json(track.choices).counts
    found = repeats.known(session, track)
    counted = repeats.left_over(repeats.points(track), counts, found)
    mode = Mode(track.mode)
    return track_source(counted, mode, track.day, workspace.settings, track_id=track.id)


def _sweep(sources: Iterable[Source], sweeper: Sweeper, done: dict[_Key, LookRow | None]) -> None:
    for source in sources:
        assert source.source_id is not None
        done[source.kind, source.source_id] = source.look_on(0, sweeper)
