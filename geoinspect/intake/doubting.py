"""What a person should look at in a track: its own oddities, what it repeats, where it lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from geoinspect.crs import geodesic_length_m
from geoinspect.errors import Text
from geoinspect.ingest.datum_evidence import fit_after_shift
from geoinspect.ingest.tracks import length_m
from geoinspect.intake.preparing import PreparedTrack
from geoinspect.intake.repeats import Found, told
from geoinspect.patrols.campaign_doubts import outside_days, outside_ground
from geoinspect.patrols.doubts import Doubt
from geoinspect.patrols.valid import inside
from geoinspect.records import CHINA_TIME, Datum, Segment
from geoinspect.store import grounds
from geoinspect.store.schema import CampaignRow, TrackRow

# A few steps along the same path are no copy worth a person's time.
_WORTH_TELLING = 0.05


def doubts_of(
    session: Session,
    row: TrackRow,
    track: PreparedTrack,
    found: Sequence[Found],
) -> list[Doubt]:
    """Return the reasons for a person to look at a track, the gravest first.

    Args:
        session: For the ground of the unit and of the campaigns.
        row: With the unit and the mode that were told.
        track: Its points and flags.
        found: What it repeats.
    """
    worth = [one for one in found if one.copy.share >= _WORTH_TELLING]
    doubts = [_repeat(row, one) for one in sorted(worth, key=lambda one: -one.copy.share)]
    shift = _shift(session, row, track)
    if shift is not None:
        doubts.append(shift)
    doubts += track.doubts
    doubts += _mixed_datum(row)
    doubts += _beside_campaign(session, track)
    return doubts


def own_ground(session: Session, unit_code: str | None) -> Polygon | MultiPolygon | None:
    """Return the ground that a unit answers for; None when there is none of it."""
    if unit_code is None:
        return None
    mine = [row.geometry for row in grounds.areas_of_unit(session, unit_code)]
    return shapely.union_all(mine) if mine else None


def _mixed_datum(row: TrackRow) -> list[Doubt]:
    """Return that its file mixes datums, which was said when it was read."""
    return [
        Doubt(said["code"], Text(said["message_zh"], said["message"]))
        for said in row.report.get("read", [])
        if said["code"] == "mixed_datum"
    ]


def _repeat(row: TrackRow, found: Found) -> Doubt:
    other = found.other
    stranger = (row.unit_code, row.team) != (other.unit_code, other.team)
    text = told(found)
    code = f"repeats_{found.copy.kind.value}"
    if stranger and found.copy.kind.value != "same_walk":
        code = "another_teams_track"
        text = Text(f"{text.zh};那是另一小组的轨迹", f"{text.en}; that is another team's track")
    evidence = {
        "track": float(other.id),
        "share": round(found.copy.share, 3),
        "other_share": round(found.copy.other_share, 3),
        "kind": found.copy.kind.value,
    }
    return Doubt(code, text, evidence)


def _shift(session: Session, row: TrackRow, track: PreparedTrack) -> Doubt | None:
    """Return that a track would fit the ground it should lie in only in another datum."""
    ground = own_ground(session, row.unit_code)
    if ground is None:
        ground = _campaign_ground(session, grounds.campaigns_on(session, track.day))
    if ground is None or not track.cleaned.segments:
        return None
    lon = np.concatenate([segment.lon for segment in track.cleaned.segments])
    lat = np.concatenate([segment.lat for segment in track.cleaned.segments])
    fit = fit_after_shift(lon, lat, ground, Datum(row.datum_used))
    if fit is None:
        return None
    shares = {f"share_{datum.value}": round(share, 3) for datum, share in fit.shares.items()}
    return Doubt("fits_after_shift", fit.text, {**shares, "suggested": fit.suggested.value})


def _beside_campaign(session: Session, track: PreparedTrack) -> list[Doubt]:
    """Return that a track lies outside the days or mostly outside the ground of all campaigns."""
    segments, times = track.cleaned.segments, track.times
    under_way = grounds.campaigns_on(session, track.day)
    if not under_way:
        campaigns = grounds.campaigns(session)
        if not campaigns or times is None:
            return []
        first, last = (moment.astimezone(CHINA_TIME).date() for moment in times)
        nearest = min(campaigns, key=lambda one: max(one.start - last, first - one.end))
        first_s, last_s = (moment.timestamp() for moment in times)
        doubt = outside_days(first_s, last_s, nearest.start, nearest.end)
        return [] if doubt is None else [doubt]
    ground = _campaign_ground(session, under_way)
    if ground is None or not segments:
        return []
    inside_m, _ = inside(segments, ground)
    whole_m = length_m(segments)
    away_m = 0.0 if inside_m > 0 else _distance_m(segments, ground)
    doubt = outside_ground(whole_m, inside_m, away_m)
    return [] if doubt is None else [doubt]


def _campaign_ground(
    session: Session, campaigns: Sequence[CampaignRow]
) -> Polygon | MultiPolygon | None:
    polygons = [grounds.area(session, campaign.area_code).geometry for campaign in campaigns]
    return shapely.union_all(polygons) if polygons else None


def _distance_m(segments: Sequence[Segment], ground: Polygon | MultiPolygon) -> float:
    """Return about how far a track is from ground it never enters, metres."""
    lon = np.concatenate([segment.lon for segment in segments])
    lat = np.concatenate([segment.lat for segment in segments])
    line = shapely.multipoints(np.column_stack([lon, lat]))
    here, there = shapely.get_coordinates(shapely.shortest_line(line, ground))
    return geodesic_length_m(np.array([here[0], there[0]]), np.array([here[1], there[1]]))
