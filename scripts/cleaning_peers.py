"""The cleaners that ours is put beside, each behind the same small front.

All are given one segment at a time, in metres or degrees as they like it, with the speed limit of
the mode where they take one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import geopandas
import gpxpy.gpx
import numpy as np
import pandas as pd
from true_ways import I8, Fixes, metres

from geoinspect.records import Segment

with warnings.catch_warnings():
    # It misses a library for smoothing, which is not asked of it here.
    warnings.simplefilter("ignore")
    import movingpandas

# What a peer keeps of a segment: places in it, in the order it puts them.
Peer = Callable[[Segment, float], I8]


def last_kept(segment: Segment, limit_mps: float) -> I8:
    """The plain filter: a fix too fast from the last one kept goes."""
    x_m, y_m = metres(segment.lon, segment.lat)
    kept = [0]
    for place in range(1, len(segment)):
        last = kept[-1]
        away_m = np.hypot(x_m[place] - x_m[last], y_m[place] - y_m[last])
        passed_s = segment.time_s[place] - segment.time_s[last]
        if passed_s > 0 and away_m <= limit_mps * passed_s:
            kept.append(place)
    return np.array(kept)


def outlier_cleaner(segment: Segment, limit_mps: float) -> I8:
    """Movingpandas' OutlierCleaner with the limit of the mode."""
    return _by_movingpandas(
        segment,
        lambda way: movingpandas.OutlierCleaner(way).clean(v_max=limit_mps, units=("m", "s")),
    )


def outlier_cleaner_plain(segment: Segment, limit_mps: float) -> I8:
    """Movingpandas' OutlierCleaner as it comes: three times the 95th percentile of the speeds."""
    return _by_movingpandas(segment, lambda way: movingpandas.OutlierCleaner(way).clean())


def iqr_cleaner(segment: Segment, limit_mps: float) -> I8:
    """Movingpandas' IqrCleaner on the speeds with its usual factor of three."""

    def cleaned(way: movingpandas.Trajectory) -> movingpandas.Trajectory:
        way.add_speed(overwrite=True)
        return movingpandas.IqrCleaner(way).clean(columns={"speed": 3})

    return _by_movingpandas(segment, cleaned)


def gpxpy_extremes(segment: Segment, limit_mps: float) -> I8:
    """Gpxpy's smoothing with removal of extremes, which keeps or drops points."""
    track = _gpx(segment)
    track.smooth(vertical=False, horizontal=True, remove_extremes=True)
    return np.array([int(point.name or 0) for point in track.points])


PEERS: dict[str, Peer] = {
    "last kept": last_kept,
    "movingpandas Outlier, our limit": outlier_cleaner,
    "movingpandas Outlier, as it comes": outlier_cleaner_plain,
    "movingpandas IQR": iqr_cleaner,
    "gpxpy extremes": gpxpy_extremes,
}


def moving_m(segments: Sequence[Segment]) -> float:
    """Return what gpxpy calls the moving distance, metres."""
    found = (_gpx(segment).get_moving_data() for segment in segments)
    return sum(data.moving_distance for data in found if data)


def stops(segment: Segment, radius_m: float, least_s: float) -> list[tuple[float, float]]:
    """Return the begin and end of the stops that movingpandas sees in a segment."""
    if len(np.unique(segment.time_s)) < 2:
        return []
    found = movingpandas.TrajectoryStopDetector(_trajectory(segment)).get_stop_time_ranges(
        max_diameter=2 * radius_m, min_duration=timedelta(seconds=least_s)
    )
    return [(_epoch_s(span.t_0), _epoch_s(span.t_n)) for span in found]


def peer_flags(fixes: Fixes, peer: Peer, limit_mps: float) -> tuple[np.ndarray, list[Segment]]:
    """Return which fixes a peer takes out, and what it leaves, one segment for one."""
    flags, left = [], []
    for segment in fixes.segments():
        kept = peer(segment, limit_mps)
        flagged = np.ones(len(segment), dtype=bool)
        flagged[kept] = False
        flags.append(flagged)
        left.append(segment.part(kept))
    return np.concatenate(flags), left


def _by_movingpandas(
    segment: Segment, work: Callable[[movingpandas.Trajectory], movingpandas.Trajectory]
) -> I8:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # It takes no trajectory of fewer than two moments.
        if len(np.unique(segment.time_s)) < 3:
            return np.arange(len(segment))
        return np.asarray(work(_trajectory(segment)).df["row"].to_numpy())


def _trajectory(segment: Segment) -> movingpandas.Trajectory:
    frame = geopandas.GeoDataFrame(
        {"row": np.arange(len(segment)), "who": 1},
        geometry=geopandas.points_from_xy(segment.lon, segment.lat, crs="EPSG:4326"),
        index=pd.to_datetime(segment.time_s, unit="s"),
    )
    return movingpandas.Trajectory(frame, traj_id=1)


def _gpx(segment: Segment) -> gpxpy.gpx.GPXTrackSegment:
    rows = zip(segment.lon.tolist(), segment.lat.tolist(), segment.time_s.tolist(), strict=True)
    return gpxpy.gpx.GPXTrackSegment(
        [
            gpxpy.gpx.GPXTrackPoint(lat, lon, time=datetime.fromtimestamp(at, UTC), name=str(row))
            for row, (lon, lat, at) in enumerate(rows)
        ]
    )


def _epoch_s(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
