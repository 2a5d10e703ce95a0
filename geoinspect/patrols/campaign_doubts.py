"""Reasons to look at a track again that only show beside its campaign and other tracks."""

from __future__ import annotations

from datetime import date, datetime

from geoinspect.errors import Text
from geoinspect.patrols.doubts import Doubt
from geoinspect.records import CHINA_TIME

# Teams come and go; a patrol is about other ground when less than this lies on the campaign's.
_CAMPAIGN_SHARE = 0.5


def outside_days(first_s: float, last_s: float, start: date, end: date) -> Doubt | None:
    """Return a doubt when a track does not touch the days of a campaign.

    Args:
        first_s, last_s: The track, epoch seconds.
        start, end: First and last day of the campaign, in China.
    """
    first, last = (datetime.fromtimestamp(s, CHINA_TIME).date() for s in (first_s, last_s))
    if first <= end and last >= start:
        return None
    return Doubt(
        "outside_days",
        Text(
            f"轨迹日期 {first} 不在行动期间 {start} 至 {end};请核对设备日期或所属行动",
            f"the track is of {first}, the campaign runs from {start} to {end}: check the "
            "device's date or the campaign",
        ),
        {"day": first.isoformat(), "start": start.isoformat(), "end": end.isoformat()},
    )


def outside_ground(length_m: float, inside_m: float, away_m: float) -> Doubt | None:
    """Return a doubt when most of a track lies off the campaign's ground.

    Args:
        length_m: Length of the track.
        inside_m: Of it on the campaign's ground.
        away_m: Shortest distance of the track from that ground.
    """
    if length_m <= 0 or inside_m >= _CAMPAIGN_SHARE * length_m:
        return None
    share = inside_m / length_m
    return Doubt(
        "outside_ground",
        Text(
            f"轨迹只有 {share:.0%} 在行动区域内(最近处相距 {away_m / 1000:.1f} 公里);"
            "请核对坐标系、单位或所属行动",
            f"only {share:.0%} of the track is on the campaign's ground ({away_m / 1000:.1f} km "
            "away at the nearest): check the datum, the unit or the campaign",
        ),
        {"share_inside": share, "away_m": away_m, "length_m": length_m},
    )
