"""Tracks that a person should look at: made-up ones, wrong claims, and copies of other files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import shapely

from geoinspect.crs import WGS84, transform_xy
from geoinspect.ingest.datum import wgs84_to_gcj02
from geoinspect.records import Mode
from sample_data.areas import SampleArea, Tree
from sample_data.patrols import SEASON_END, Patrol
from sample_data.people import crew
from sample_data.sendings import Sending, copyable
from sample_data.terrain import Terrain
from sample_data.track_files import TrackFormat
from sample_data.tracks import Outbox, Sent, second_part
from sample_data.trails import Trails
from sample_data.truth import DoubtKind
from sample_data.walking import F8, Fixes, Pace, recorded, search_line

_WALK = Pace(1.2, 1.8, 10.0, 3.0, 2)
_DRIVE = Pace(9.0, 1.0, 5.0, 3.0, 1)
_RULER = Pace(1.25, 0.0, 10.0, 0.0, 0)
_WEEK = timedelta(days=7)
# A walk along a border: so far inside it, so long, sought every so often.
_INSIDE_M, _BORDER_WALK_M, _SOUGHT_M = 35.0, 1800.0, 200.0
_DIRECTIONS = 24
_LAST_YEAR = date(2025, 5, 8)


def odd_outings(tree: Tree, trails: Trails, rng: np.random.Generator) -> list[Sending]:
    """Return a drive told as a walk, a walk of last year, a line drawn with a ruler, and a walk
    whose numbers are GCJ-02 and do not say so.
    """
    towns = tree.level("township")
    largest = max(towns, key=lambda town: town.polygon.area)
    compartment = tree.below(largest.code, "compartment")[0]
    drive = trails.way(towns[0].seat_xy, towns[1].seat_xy)
    walk = search_line(compartment.polygon, 150.0, rng)
    corners = shapely.get_coordinates(shapely.Point(largest.seat_xy).buffer(700).exterior)
    ruler = np.vstack([corners[[0, 20, 40, 60]], corners[[10, 30, 50]]])
    border_town, border = _border_walk(towns, trails.terrain)
    return [
        Sending(
            (_outing(towns[0], "二组", date(2026, 5, 20), drive, _DRIVE),),
            doubt="driven",
            moved=Mode.VEHICLE,
        ),
        Sending(
            (_outing(largest, "一组", _LAST_YEAR, walk, _WALK),), "gpx10", doubt="outside_days"
        ),
        Sending((_outing(largest, "二组", date(2026, 5, 21), ruler, _RULER),), doubt="hand_made"),
        Sending(
            (_outing(border_town, "村组联队", date(2026, 5, 22), border, _WALK),),
            "kml_track",
            doubt="undeclared_datum",
        ),
    ]


def _outing(town: SampleArea, team: str, day: date, line: F8, pace: Pace) -> Patrol:
    # Nine in the morning in Beijing.
    start_s = datetime(day.year, day.month, day.day, 1, tzinfo=UTC).timestamp()
    person = crew(town.code, team)[0]
    return Patrol(
        town.code, f"{town.name}人民政府", team, person, None, Mode.FOOT, day, start_s, line, pace
    )


def _border_walk(towns: Sequence[SampleArea], terrain: Terrain) -> tuple[SampleArea, F8]:
    """Return a township and a walk along its border that the GCJ-02 shift puts outside it, and
    that as few other shifts as long bring back in: there the border itself tells the datum.
    """
    best: tuple[float, SampleArea, F8] | None = None
    for town in towns:
        ring = shapely.LineString(
            max(
                shapely.get_parts(town.polygon.buffer(-_INSIDE_M)), key=lambda part: part.area
            ).exterior
        )
        for start_m in np.arange(0, ring.length - _BORDER_WALK_M, _SOUGHT_M):
            piece = shapely.ops.substring(ring, start_m, start_m + _BORDER_WALK_M)
            line = shapely.get_coordinates(shapely.segmentize(piece, 30.0))
            fits = _ways_back(line, town, terrain)
            if best is None or fits < best[0]:
                best = fits, town, line
    if best is None:
        raise ValueError("no township has a border long enough for a walk")
    return best[1], best[2]


def _ways_back(line: F8, town: SampleArea, terrain: Terrain) -> float:
    """Return in how many directions the shifted line comes back inside; a line that the shift
    hardly takes out counts as all of them.
    """
    lon, lat = transform_xy(terrain.crs, WGS84, line[:, 0], line[:, 1])
    x, y = transform_xy(WGS84, terrain.crs, *wgs84_to_gcj02(lon, lat))
    away = np.array([np.median(x - line[:, 0]), np.median(y - line[:, 1])])
    out = 1 - shapely.contains_xy(town.polygon, *(line + away).T).mean()
    if out < 0.7:
        return _DIRECTIONS
    angles = np.arctan2(*away[::-1]) + 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    back = np.hypot(*away) * np.column_stack([np.cos(angles), np.sin(angles)])
    return float(
        sum(shapely.contains_xy(town.polygon, *(line + away - b).T).mean() >= 0.9 for b in back)
        - out
    )


def send_copies(sent: Sequence[Sent], outbox: Outbox, rng: np.random.Generator) -> None:
    """Write what repeats files that were sent before."""
    for one in sent:
        if "cut_in_two" in one.sending.dirt:
            patrol = one.sending.patrols[0]
            rest = [second_part(fixes) for fixes in one.recordings]
            outbox.write(_copy(one, patrol, "gpx10", "overlapping_half"), rest)
    originals = [one for one in sent if copyable(one.sending)]
    # Evenly spread, each repeated once.
    picked = [originals[i] for i in np.linspace(0, len(originals) - 1, 5).round().astype(int)]
    for one in picked[:2]:
        outbox.write(*_second_device(one, rng))
    for one, copied in zip(picked[2:], (_other_app, _week_later, _another_team), strict=True):
        outbox.write(*copied(one))


def _second_device(one: Sent, rng: np.random.Generator) -> tuple[Sending, list[Fixes]]:
    patrol = one.sending.patrols[0]
    mate = next(code for code in crew(patrol.unit, patrol.team) if code != patrol.person)
    pace = replace(patrol.pace, interval_s=patrol.pace.interval_s - 2, noise_m=3.0)
    # They switch on a little later.
    fixes = recorded(one.movements[0], pace, patrol.start_s, rng)
    fixes = fixes.part(slice(int(rng.integers(5, 20)), None))
    return _copy(one, replace(patrol, person=mate), "gpx11", "second_device"), [fixes]


def _other_app(one: Sent) -> tuple[Sending, list[Fixes]]:
    copy = _copy(one, one.sending.patrols[0], "geojson", "other_app")
    return replace(copy, decimals=5), one.recordings[:1]


def _week_later(one: Sent) -> tuple[Sending, list[Fixes]]:
    patrol, fixes = one.sending.patrols[0], one.recordings[0]
    later = _WEEK if patrol.day + _WEEK <= SEASON_END else -_WEEK
    # Nobody who sets a clock on hits the minute.
    later_s = later.total_seconds() + 23 * 60
    patrol = replace(patrol, day=patrol.day + later, start_s=patrol.start_s + later_s)
    moved = replace(fixes, time_s=fixes.time_s + later_s)
    return _copy(one, patrol, "gpx11", "time_shifted"), [moved]


def _another_team(one: Sent) -> tuple[Sending, list[Fixes]]:
    patrol = one.sending.patrols[0]
    team = "村组联队" if patrol.team != "村组联队" else "一组"
    unit = patrol.unit.removesuffix("F")
    name = patrol.unit_name.replace("林业工作站", "人民政府")
    thief = replace(patrol, unit=unit, unit_name=name, team=team, person=crew(unit, team)[2])
    return _copy(one, thief, "gpx10", "another_team"), one.recordings[:1]


def _copy(one: Sent, patrol: Patrol, form: TrackFormat, doubt: DoubtKind) -> Sending:
    return Sending((patrol,), form, doubt=doubt, copy_of=one.file)
