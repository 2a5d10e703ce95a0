"""A quick look at two tracks: whether the proof of a copy is worth its cost.

A county walks the same paths hundreds of times a year, and many teams at once. Two tracks can be
copies only when they hold the same fixes or when they moved alike at the same times.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geoinspect.ingest.fitting import earth_centred_m
from geoinspect.records import F8, Segment

# Of so many fixes of a track, this many at the same place as another's are more than chance.
_SAMPLED_FIXES, _COMMON_FIXES = 128, 12
_SAME_NUMBER_DEG = 2e-7
# Of so many moments that both tracks have, in this share at least the two were this near, clocks a
# minute apart included; or kept this much of one and the same way between them.
_SAMPLED_MOMENTS, _NEAR_M, _NEAR_SHARE = 100, 150.0, 0.1
_ALIKE_M, _ALIKE_SHARE = 100.0, 0.3


def worth_comparing(track: Sequence[Segment], other: Sequence[Segment]) -> bool:
    """Return whether two tracks may be copies of each other in any way.

    Args:
        track, other: In WGS84 degrees.
    """
    one, two = _timed(track), _timed(other)
    if one is None or two is None:
        return True
    return moved_alike(one, two) or have_fixes_in_common(track, other)


def moved_alike(one: tuple[F8, F8], two: tuple[F8, F8]) -> bool:
    """Return whether two tracks were near each other, or a fixed way apart, at the same times.

    Args:
        one, two: Times (epoch seconds, increasing) and places (metres, shape (n, 3)).
    """
    first_s, last_s = max(one[0][0], two[0][0]), min(one[0][-1], two[0][-1])
    if last_s <= first_s:
        return False
    moments_s = np.linspace(first_s, last_s, _SAMPLED_MOMENTS)
    apart_m = _at(one, moments_s) - _at(two, moments_s)
    near = np.sqrt((apart_m**2).sum(axis=1)) <= _NEAR_M
    steady_m = apart_m - np.median(apart_m, axis=0)
    alike = np.sqrt((steady_m**2).sum(axis=1)) <= _ALIKE_M
    return bool(near.mean() >= _NEAR_SHARE or alike.mean() >= _ALIKE_SHARE)


def have_fixes_in_common(track: Sequence[Segment], other: Sequence[Segment]) -> bool:
    """Return whether two tracks may hold the same fixes, at a fraction of the cost of a proof.

    Fixes of two walks along one path agree to 5 decimals once in twenty at most; of a copy, of a
    thinned or lengthened one too, nearly all do one way or the other. Numbers of 4 decimals agree
    too often to tell, and are always taken to be alike.

    Args:
        track, other: In WGS84 degrees.
    """
    one, two = _fix_numbers(track), _fix_numbers(other)
    if one is None or two is None:
        return True
    return (
        bool(len(one) and len(two))
        and max(_found_among(one, two), _found_among(two, one)) >= _COMMON_FIXES
    )


def _fix_numbers(segments: Sequence[Segment]) -> NDArray[np.int64] | None:
    """Return a number for the place of each fix, to 5 decimals; None for coarser numbers."""
    lon, lat = (
        np.concatenate([np.empty(0), *(getattr(segment, axis) for segment in segments)])
        for axis in ("lon", "lat")
    )
    coarse = np.round(np.stack([lon, lat]), 4)
    if len(lon) and np.abs(coarse - (lon, lat)).max() < _SAME_NUMBER_DEG:
        return None
    steps = np.round(np.stack([lon, lat]) * 1e5).astype(np.int64)
    return np.asarray(steps[0] * 100_000_000 + steps[1])


def _found_among(some: NDArray[np.int64], others: NDArray[np.int64]) -> int:
    pick = np.unique(np.linspace(0, len(some) - 1, _SAMPLED_FIXES).astype(np.int64))
    return int(np.isin(some[pick], others).sum())


def _timed(segments: Sequence[Segment]) -> tuple[F8, F8] | None:
    """Return times and places in order of time; None for a track without times."""
    lon, lat, time_s = (
        np.concatenate([np.empty(0), *(getattr(segment, axis) for segment in segments)])
        for axis in ("lon", "lat", "time_s")
    )
    known = np.flatnonzero(np.isfinite(time_s))
    if len(known) < len(time_s) or not len(known):
        return None
    order = np.argsort(time_s, kind="stable")
    return time_s[order], earth_centred_m(lon[order], lat[order])


def _at(track: tuple[F8, F8], moments_s: F8) -> F8:
    time_s, xyz_m = track
    return np.column_stack([np.interp(moments_s, time_s, xyz_m[:, axis]) for axis in range(3)])
