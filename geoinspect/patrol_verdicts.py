"""Which patrols are valid: what is known of each, put to the rule of its day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from geoinspect.intake.doubting import own_ground
from geoinspect.intake.rows import china_day
from geoinspect.patrols.rules import PatrolRule, load_rules, rule_for
from geoinspect.patrols.trace import cells_of
from geoinspect.patrols.valid import PatrolFacts, Verdict, all_covered, judge
from geoinspect.records import CHINA_TIME, Mode
from geoinspect.store import patrols
from geoinspect.store.patrols import PhotoKey
from geoinspect.store.schema import PatrolRow, TrackRow
from geoinspect.store.workspace import Workspace

RULES_NAME = "patrol_rules.toml"
# No photo is older or newer; a mistyped day may be.
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)

_Photos = Mapping[tuple[str | None, date | None], Sequence[PhotoKey]]


def workspace_rules(workspace: Workspace) -> tuple[PatrolRule, ...]:
    """Return the workspace's own patrol rules, or those that come with the package.

    Raises:
        UsageError: Its ``patrol_rules.toml`` can't be used.
    """
    path = workspace.folder / RULES_NAME
    return load_rules(path if path.exists() else None)


def verdicts(
    session: Session,
    rules: Sequence[PatrolRule],
    rows: Sequence[PatrolRow],
    tracks: Mapping[int, Sequence[TrackRow]],
) -> dict[int, Verdict]:
    """Return of patrols by number whether they are valid; those that no rule judges are left out.

    Args:
        session: For the ground of the units and their photos.
        rules: Of all times and modes.
        rows: Patrols, with all that the same teams did before in the same months.
        tracks: Of each patrol.
    """
    photos = _photos(session, [row.day for row in rows if row.day is not None])
    grounds: dict[str | None, Polygon | MultiPolygon | None] = {}
    found: dict[int, Verdict] = {}
    for some in _by_team_and_month(rows):
        earlier: list[PatrolFacts] = []
        walked = np.empty(0, np.int64)
        for row, day in some:
            covered = False
            if len(walked):
                if row.unit_code not in grounds:
                    grounds[row.unit_code] = own_ground(session, row.unit_code)
                ground = grounds[row.unit_code]
                covered = ground is not None and all_covered(walked, ground)
            facts = _facts(row, tracks[row.id], _photos_of(row, photos), covered)
            rule = rule_for(rules, day, Mode(row.mode))
            if rule is not None:
                found[row.id] = judge(facts, earlier, rule)
            earlier.append(facts)
            walked = np.union1d(walked, facts.route)
    return found


def _by_team_and_month(rows: Sequence[PatrolRow]) -> list[list[tuple[PatrolRow, date]]]:
    """Return what each team did in each month, the earliest first, with its day."""
    months: dict[tuple[object, ...], list[tuple[PatrolRow, date]]] = {}
    for row in rows:
        if row.day is not None:
            month = row.unit_code, row.team, row.day.year, row.day.month
            months.setdefault(month, []).append((row, row.day))
    return [sorted(some, key=lambda one: (one[1], one[0].id)) for some in months.values()]


def _facts(
    row: PatrolRow, tracks: Sequence[TrackRow], photos: int, area_covered: bool
) -> PatrolFacts:
    lengths_m = [t.inside_length_m for t in tracks if t.inside_length_m is not None]
    durations_s = [t.inside_s for t in tracks if t.inside_s is not None]
    routes = [cells_of(track.route) for track in tracks]
    return PatrolFacts(
        day=row.day,
        mode=Mode(row.mode),
        length_inside_m=sum(lengths_m) if lengths_m else None,
        duration_inside_s=sum(durations_s) if durations_s else None,
        route=np.unique(np.concatenate([np.empty(0, np.int64), *routes])),
        photos=photos,
        area_covered=area_covered,
    )


def _photos(session: Session, days: Sequence[date]) -> _Photos:
    """Return the photos of some days, and of the morning after, by unit and day in China."""
    by_day: dict[tuple[str | None, date | None], list[PhotoKey]] = {}
    within = [min(max(day, _FIRST_DAY), _LAST_DAY) for day in days]
    if not within:
        return by_day
    first, last = (datetime.combine(d, time(), CHINA_TIME) for d in (min(within), max(within)))
    for photo in patrols.photos_taken(session, first, last + timedelta(days=2)):
        by_day.setdefault((photo.unit_code, china_day(photo.taken)), []).append(photo)
    return by_day


def _photos_of(row: PatrolRow, photos: _Photos) -> int:
    """Count the photos of a patrol: those of its day, and those of a night until it ended."""
    mine = list(photos.get((row.unit_code, row.day), ()))
    if row.last_time is not None and (end_day := china_day(row.last_time)) != row.day:
        night = photos.get((row.unit_code, end_day), ())
        mine += [photo for photo in night if photo.taken <= row.last_time]
    return sum(photo.team is None or row.team in (None, photo.team) for photo in mine)
