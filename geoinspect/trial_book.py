"""Seeded trials: targets placed, a search, what was found; the figure goes into the rate table."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect import crs as crs_
from geoinspect.campaigns import ground_of
from geoinspect.confidence.trials import FEW, detection_rate, lateral_distance, width_by_distance
from geoinspect.errors import InputError, UsageError
from geoinspect.files import readable
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track
from geoinspect.rate_book import set_rate
from geoinspect.records import CHINA_TIME, Mode, Segment
from geoinspect.search_records import DetectionRate, GrowthStage, Method, Visibility
from geoinspect.store import audit, grounds, searching
from geoinspect.store.search_schema import TrialRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import surroundings_of

F8 = NDArray[np.float64]
Json = dict[str, Any]

_MOST_TARGETS = 10_000
# Nobody sees a plant from farther off; a target that lies there was put down for another trial.
_FARTHEST_M = 2000.0
_TRUE, _FALSE = (
    {"1", "true", "yes", "y", "是", "找到", "发现"},
    {"0", "false", "no", "n", "否", "未找到", "漏"},
)
_COLUMNS = {
    "target": ("target", "编号", "目标", "id"),
    "lon": ("lon", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "found": ("found", "找到", "发现", "是否找到"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A dummy that was laid out, WGS84, and whether the team found it."""

    name: str
    lon: float
    lat: float
    found: bool


@dataclass(frozen=True, slots=True)
class TrialTags:
    """What a trial was: by which way, through what, at which stage, on which day.

    Attributes:
        stage: None takes the calendar's at the place and day, where a campaign has one.
        patch_m2: Size of the dummies as the patch they stand for.
    """

    method: Method
    day: date
    visibility: Visibility | None = None
    stage: GrowthStage | None = None
    patch_m2: float = 4.0


def add_trial(
    workspace: Workspace,
    targets: Sequence[Target],
    walk: Path | None,
    tags: TrialTags,
    *,
    actor: str,
) -> TrialRow:
    """Keep a trial with the sweep width or detection rate that it gives.

    Lines need the track of the search; pictures need none, since all targets lay in them.

    Raises:
        UsageError: The targets are too few to say anything, or the search's track is missing.
        TrackError: The track can't be read.
    """
    _check(targets, tags.day)
    found = np.array([target.found for target in targets])
    if not tags.method.is_line:
        seen = detection_rate(int(found.sum()), len(found))
        result: Json = {
            "rate": seen.value,
            "low": seen.low,
            "high": seen.high,
            "found": int(found.sum()),
            "shown": len(found),
        }
        distance_m = np.full(len(found), np.nan)
    else:
        distance_m = _distances(workspace, targets, walk, tags)
        result = width_by_distance(found, distance_m).as_json()
    kept = [
        {
            "target": target.name,
            "lon": target.lon,
            "lat": target.lat,
            "found": target.found,
            "distance_m": None if np.isnan(metres) else round(float(metres), 1),
        }
        for target, metres in zip(targets, distance_m, strict=True)
    ]
    result["patch_m2"] = tags.patch_m2
    stage = tags.stage or _stage_there(workspace, targets, tags.day)
    with workspace.database.writing() as session:
        row = TrialRow(
            method=tags.method.value,
            visibility=tags.visibility,
            stage=stage,
            day=tags.day,
            made_at=datetime.now(UTC).replace(microsecond=0),
            made_by=actor,
            targets=kept,
            result=result,
        )
        session.add(row)
        session.flush()
        audit.record(
            session,
            actor=actor,
            action="trial.add",
            subject=tags.method.value,
            details={"id": row.id, **{k: result.get(k) for k in ("width_m", "rate", "shown")}},
        )
    return row


def _check(targets: Sequence[Target], day: date) -> None:
    if not targets:
        raise UsageError("试验没有目标", "the trial has no targets", code="no_targets")
    twice = [name for name, count in Counter(t.name for t in targets).items() if count > 1]
    if twice:
        raise UsageError(
            f"目标“{twice[0]}”出现了不止一次",
            f"the target {twice[0]!r} is there twice",
            code="twice",
        )
    if day > datetime.now(CHINA_TIME).date():
        raise UsageError(
            f"试验日期 {day} 还没有到",
            f"the day of the trial, {day}, is yet to come",
            code="bad_day",
        )


def adopt_trial(workspace: Workspace, trial_id: int, *, actor: str) -> tuple[int, int]:
    """Put a trial's figure into the table of rates; return the row's number and looks made anew.

    Raises:
        NotFoundError: There is no such trial.
        UsageError: The trial gives no figure, only a bound.
    """
    with workspace.database.reading() as session:
        row = searching.trial(session, trial_id)
    result = row.result
    is_line = Method(row.method).is_line
    figure = result.get("width_m") if is_line else result.get("rate")
    shown, found = result["shown"], result["found"]
    if not figure or found == 0 or (is_line and found == shown):
        raise UsageError(
            "这次试验只得到上限或下限,不能作为数值采用:请再做一次,让一部分目标被找到、一部分漏掉",
            "the trial gives only a bound, not a figure: do another in which some targets are found "
            "and some missed",
            code="only_a_bound",
        )
    if shown < FEW:
        raise UsageError(
            f"只有 {shown} 个目标,太少,不足以改变探测参数:至少放 {FEW} 个",
            f"{shown} targets are too few to change a rate: lay out {FEW} at least",
            code="too_few",
        )
    rate = DetectionRate(
        method=Method(row.method),
        width_m=figure if is_line else None,
        rate=None if is_line else figure,
        patch_m2=float(result.get("patch_m2") or 4.0),
        source=f"trial {row.id} of {row.day} ({found} of {shown} found)",
        # As for looks, sight of which nobody said anything is taken for mixed.
        visibility=_sight(row) if is_line else None,
        stage=None if row.stage is None else GrowthStage(row.stage),
        low=result.get("low_m") if is_line else result.get("low"),
        high=result.get("high_m") if is_line else result.get("high"),
    )
    return set_rate(workspace, rate, actor=actor)


def _sight(row: TrialRow) -> Visibility:
    return Visibility.MIXED if row.visibility is None else Visibility(row.visibility)


def trial_json(row: TrialRow) -> Json:
    """Return a trial for programs and pages."""
    return {
        "id": row.id,
        "method": row.method,
        "visibility": row.visibility,
        "stage": row.stage,
        "day": row.day.isoformat(),
        "made_by": row.made_by,
        "made_at": row.made_at.isoformat().replace("+00:00", "Z"),
        "targets": row.targets,
        "result": row.result,
    }


def trial_list(session: Session) -> list[Json]:
    """Return all trials, newest first."""
    return [trial_json(row) for row in searching.trials(session)]


def read_targets(path: Path) -> list[Target]:
    """Return the targets of a CSV file with the columns target, lon, lat, found (1 or 0).

    Raises:
        InputError: It can't be read, or a row can't be used.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"无法打开“{readable(path.name)}”({error.strerror})",
            f"cannot open {readable(path.name)} ({error.strerror})",
            code="unreadable",
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    return targets_of(text, readable(path.name))


def targets_of(text: str, label: str) -> list[Target]:
    """Return the targets of CSV text.

    Raises:
        InputError: A column is missing, or a row can't be used.
    """
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    except csv.Error as error:
        raise _bad(label, f"CSV:{error}", f"not CSV: {error}") from error
    if not rows or len(rows) - 1 > _MOST_TARGETS:
        raise _bad(label, f"应有 1 至 {_MOST_TARGETS} 行", f"wanted are 1 to {_MOST_TARGETS} rows")
    head = [name.lower() for name in rows[0]]
    at: dict[str, int] = {}
    for column, names in _COLUMNS.items():
        place = next((head.index(name) for name in names if name in head), None)
        if place is None:
            raise _bad(label, f"缺少列 {column}", f"the column {column} is missing")
        at[column] = place
    return [_target(row, at, number, label) for number, row in enumerate(rows[1:], start=2)]


def _target(row: list[str], at: dict[str, int], number: int, label: str) -> Target:
    try:
        name, lon, lat, found = (row[at[c]] for c in ("target", "lon", "lat", "found"))
        place = float(lon), float(lat)
    except (IndexError, ValueError) as error:
        raise _bad(label, f"第 {number} 行缺少数值", f"row {number} lacks a number") from error
    if not (-180 <= place[0] <= 180 and -90 <= place[1] <= 90):
        raise _bad(
            label,
            f"第 {number} 行的位置 {lon}, {lat} 不是经纬度",
            f"row {number} has the place {lon}, {lat}, which is no longitude and latitude",
        )
    if found.lower() not in _TRUE | _FALSE:
        raise _bad(
            label,
            f"第 {number} 行的 found 是“{found[:20]}”,应为 1 或 0",
            f"row {number} has found {found[:20]!r}, wanted is 1 or 0",
        )
    return Target(name[:100], *place, found.lower() in _TRUE)


def _bad(label: str, zh: str, en: str) -> InputError:
    return InputError(f"“{label}”不可用:{zh}", f"{label} can't be used: {en}", code="bad_targets")


def _stage_there(workspace: Workspace, targets: Sequence[Target], day: date) -> GrowthStage | None:
    """Return the stage of growth round the targets; None where no campaign of the day has them."""
    lon = float(np.mean([target.lon for target in targets]))
    lat = float(np.mean([target.lat for target in targets]))
    with workspace.database.reading() as session:
        for campaign in grounds.campaigns_on(session, day):
            if not shapely.contains_xy(
                grounds.area(session, campaign.area_code).geometry, lon, lat
            ):
                continue
            ground = ground_of(campaign)
            around = surroundings_of(workspace, session, ground, campaign_id=campaign.id)
            return around.stage_at((lon, lat), day)
    return None


def _distances(
    workspace: Workspace, targets: Sequence[Target], walk: Path | None, tags: TrialTags
) -> F8:
    if walk is None:
        raise UsageError(
            "请提供踏查轨迹:没有它就不知道目标离行走线多远",
            "give the track of the search: without it nobody knows how far off the targets lay",
            code="no_walk",
        )
    settings = workspace.settings
    track = read_track(walk, settings=settings)
    mode = Mode(tags.method.value)
    segments = clean(track.segments, mode=mode, settings=settings).segments
    lon = np.array([target.lon for target in targets])
    lat = np.array([target.lat for target in targets])
    crs = crs_.metric_crs_for(float(lon.mean()), float(lat.mean()))
    x, y = crs_.transform_xy(crs_.WGS84, crs, lon, lat)
    lines = []
    for segment in segments:
        east, north = crs_.transform_xy(crs_.WGS84, crs, segment.lon, segment.lat)
        if len(east) > 1:
            lines.append(np.column_stack([east, north]))
    if not lines:
        raise UsageError(
            "轨迹没有可用的线", "the track holds no line that can be used", code="no_walk"
        )
    _check_day(segments, tags.day)
    distance_m = lateral_distance(np.column_stack([x, y]), lines)
    far = int(np.argmax(distance_m))
    if not distance_m[far] <= _FARTHEST_M:
        raise UsageError(
            f"目标“{targets[far].name}”离踏查轨迹 {distance_m[far]:.0f} 米,超过 {_FARTHEST_M:.0f} 米:"
            "请核对坐标和轨迹是不是同一次试验",
            f"the target {targets[far].name!r} lies {distance_m[far]:.0f} m from the track, more than "
            f"{_FARTHEST_M:.0f} m: check that both are of one trial",
            code="too_far",
        )
    return distance_m


def _check_day(segments: Sequence[Segment], day: date) -> None:
    """Check that the search was on the day of the trial, where its track has times."""
    times_s = np.concatenate([segment.time_s for segment in segments])
    times_s = times_s[np.isfinite(times_s)]
    if len(times_s) == 0:
        return
    days = {datetime.fromtimestamp(t, CHINA_TIME).date() for t in (times_s.min(), times_s.max())}
    if day not in days:
        raise UsageError(
            f"试验日期是 {day},轨迹却是 {min(days)} 的",
            f"the trial is of {day}, but the track of {min(days)}",
            code="bad_day",
        )
