"""Which target of a satellite list is which local dossier, and which patch belongs to which case.

靶标吻合率, the share of targets that local dossiers agree with, has no official formula that we
found; here it is the share of targets with a dossier within the tolerance, one to one, and the
same the other way round (reference/mission-anchors.md, e14).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geoinspect.cases.assignment import assigned
from geoinspect.cases.distances import (
    Shapes,
    boxes_around,
    ecef_m,
    overlap_shares,
    places_of,
    points_distance_m,
    shapes_distance_m,
    shapes_of,
)
from geoinspect.errors import TooLargeError, UsageError
from geoinspect.records import F8

I8 = NDArray[np.int64]

# Possible pairs: 1400 targets all near 1400 dossiers, which takes some 400 MB. More of them mean a
# tolerance of another order than the errors of positions.
MAX_PAIRS = 2_000_000
# Shapes asked for at a time.
_CHUNK = 256
# Pairs that a plot grows by at a time.
_BLOCK = 8192
# Shares and metres that differ by less are alike.
_SHARE_DIGITS, _METRE_DIGITS = 9, 6


@dataclass(frozen=True, slots=True)
class Pair:
    """A target and the dossier that it was matched with, by their indices."""

    target: int
    dossier: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class Matching:
    """What came of matching targets with dossiers.

    Attributes:
        pairs: In the order of the targets.
        unmatched_targets: Indices, ascending: ground that nobody has a file on.
        unmatched_dossiers: Indices, ascending: files without a target.
    """

    pairs: tuple[Pair, ...]
    unmatched_targets: tuple[int, ...]
    unmatched_dossiers: tuple[int, ...]

    @property
    def target_rate(self) -> float | None:
        """Matched targets of all targets; None without any target."""
        return _rate(len(self.pairs), len(self.unmatched_targets))

    @property
    def dossier_rate(self) -> float | None:
        """Matched dossiers of all dossiers; None without any dossier."""
        return _rate(len(self.pairs), len(self.unmatched_dossiers))

    @property
    def total_m(self) -> float:
        """Sum of the distances of all pairs, metres."""
        return float(sum(pair.distance_m for pair in self.pairs))


@dataclass(frozen=True, slots=True)
class PatchMatch:
    """The case that a patch belongs to.

    Attributes:
        case: Index of the case's ground; None when none is near.
        overlap: Shared ground as a share of the smaller of the two, 0 to 1.
        distance_m: 0 where they meet; None without a case.
    """

    case: int | None
    overlap: float
    distance_m: float | None


def _rate(matched: int, unmatched: int) -> float | None:
    return matched / (matched + unmatched) if matched + unmatched else None


def match_places(targets: F8, dossiers: F8, tolerance_m: float) -> Matching:
    """Match targets with dossiers one to one.

    No matching within the tolerance has more pairs, and of those with as many none has a smaller
    sum of distances, each counted to 1 µm (see :mod:`geoinspect.cases.assignment`). Equal inputs
    give equal results.

    Args:
        targets: WGS84 lon, lat, shape (n, 2).
        dossiers: WGS84 lon, lat, shape (m, 2).
        tolerance_m: Largest geodesic distance of a pair, which counts as within.

    Raises:
        UsageError: A place is not finite, or the tolerance is no number of metres.
        TooLargeError: More than :data:`MAX_PAIRS` pairs lie within the tolerance.
    """
    _check_metres(tolerance_m)
    here, there = places_of(targets, "targets"), places_of(dossiers, "dossiers")
    if len(here) == 0 or len(there) == 0:
        return _matching(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), here, there)
    # The chord is never longer than the geodesic; the margin is for rounding.
    reach_m = tolerance_m * (1 + 1e-9) + 1e-5
    near, far = cKDTree(ecef_m(here)), cKDTree(ecef_m(there))
    _check_pairs(int(near.count_neighbors(far, reach_m)), tolerance_m)
    found = near.sparse_distance_matrix(far, reach_m, output_type="ndarray")
    i, j = found["i"].astype(np.int64), found["j"].astype(np.int64)
    metres = points_distance_m(here[i], there[j])
    within = metres <= tolerance_m
    return _matching(i[within], j[within], metres[within], here, there)


def match_grounds(targets: F8, grounds: Sequence[BaseGeometry], tolerance_m: float) -> Matching:
    """Match targets one to one with dossiers that have ground: as :func:`match_places`.

    Args:
        targets: WGS84 lon, lat, shape (n, 2).
        grounds: Polygons or points, WGS84, valid; the distance to one is 0 inside it.
        tolerance_m: Largest distance of a pair.

    Raises:
        UsageError: A place is not finite, a ground empty, or the tolerance no number of metres.
        TooLargeError: More than :data:`MAX_PAIRS` pairs may lie within the tolerance.
    """
    _check_metres(tolerance_m)
    here, shapes = places_of(targets, "targets"), shapes_of(grounds, "grounds")
    points = np.asarray(shapely.points(here), dtype=object)
    i, j, metres = _near(points, shapes, tolerance_m)
    return _matching(i, j, metres, here, shapes)


def match_patches(
    patches: Sequence[BaseGeometry], grounds: Sequence[BaseGeometry], near_m: float
) -> tuple[PatchMatch, ...]:
    """Return for each patch the case it belongs to: by shared ground, then the nearer one.

    A patch belongs to a case whose ground it meets or lies within ``near_m`` of. Of several, the
    one with the greater overlap share takes it, then the nearer, then the first. Many patches may
    go to one case.

    Args:
        patches: Polygons, WGS84, valid.
        grounds: Of the open cases: polygons or points, WGS84, valid.
        near_m: Largest distance in metres.

    Raises:
        UsageError: A shape is empty, or ``near_m`` is no number of metres.
        TooLargeError: More than :data:`MAX_PAIRS` pairs may be near.
    """
    _check_metres(near_m)
    here, there = shapes_of(patches, "patches"), shapes_of(grounds, "grounds")
    i, j, metres = _near(here, there, near_m)
    shares = overlap_shares(here[i], there[j])
    order = np.lexsort((j, np.round(metres, _METRE_DIGITS), -np.round(shares, _SHARE_DIGITS), i))
    answers = [PatchMatch(None, 0.0, None)] * len(here)
    _, first = np.unique(i[order], return_index=True)
    for k in order[first]:
        answers[int(i[k])] = PatchMatch(int(j[k]), float(shares[k]), float(metres[k]))
    return tuple(answers)


def cluster(polygons: Sequence[BaseGeometry], near_m: float) -> I8:
    """Return which patches are one plot: those within ``near_m`` of each other, and of those.

    Args:
        polygons: WGS84, valid.
        near_m: Largest distance in metres between neighbours of one plot.

    Returns:
        The number of each one's plot, shape (n,), counted from 0 in the order of their first
        patches.

    Raises:
        UsageError: A polygon is empty, or ``near_m`` is no number of metres.
        TooLargeError: So many are near each other that the tolerance must be wrong.
    """
    _check_metres(near_m)
    shapes = shapes_of(polygons, "polygons")
    labels: I8 = np.arange(len(shapes))
    for i, j in _candidates(shapes, shapes, near_m):
        for begin in range(0, len(i), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            labels = _joined(labels, shapes, i[block], j[block], near_m)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse] if len(shapes) else labels


def _joined(labels: I8, shapes: Shapes, i: I8, j: I8, near_m: float) -> I8:
    """Return the plots after those that near pairs connect became one."""
    # What is one plot already needs no further proof.
    apart = (i < j) & (labels[i] != labels[j])
    i, j = i[apart], j[apart]
    near = shapes_distance_m(shapes[i], shapes[j]) <= near_m
    if not near.any():
        return labels
    at = labels[i[near]], labels[j[near]]
    links = csr_array((np.ones(len(at[0]), np.int8), at), shape=(len(labels), len(labels)))
    return np.asarray(connected_components(links, directed=False)[1][labels], dtype=np.int64)


def _near(here: Shapes, there: Shapes, reach_m: float) -> tuple[I8, I8, F8]:
    """Return all pairs no farther apart than ``reach_m``, and how far they are."""
    found: list[tuple[I8, I8, F8]] = []
    total = 0
    for i, j in _candidates(here, there, reach_m):
        metres = shapes_distance_m(here[i], there[j])
        near = metres <= reach_m
        found.append((i[near], j[near], metres[near]))
        total += int(near.sum())
        _check_pairs(total, reach_m)
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    i, j, metres = (np.concatenate(column) for column in zip(*found, strict=True))
    return i, j, metres


def _candidates(here: Shapes, there: Shapes, reach_m: float) -> Iterator[tuple[I8, I8]]:
    """Yield, some shapes at a time, all pairs that may be within reach, in order, none twice."""
    if len(here) == 0 or len(there) == 0:
        return
    tree = shapely.STRtree(there)
    for begin in range(0, len(here), _CHUNK):
        boxes, whose = boxes_around(here[begin : begin + _CHUNK], reach_m)
        box, j = tree.query(boxes)
        _check_pairs(len(j), reach_m)
        code = np.unique((whose[box] + begin) * len(there) + j)
        yield code // len(there), code % len(there)


def _matching(i: I8, j: I8, metres: F8, here: F8, there: F8 | Shapes) -> Matching:
    """Return the best one-to-one choice of the pairs that are possible."""
    order = np.lexsort((j, i))
    i, j, metres = i[order], j[order], metres[order]
    taken = assigned(i, j, metres)
    i, j, metres = i[taken], j[taken], metres[taken]
    pairs = tuple(Pair(*each) for each in zip(i.tolist(), j.tolist(), metres.tolist(), strict=True))
    return Matching(pairs, _others(i, len(here)), _others(j, len(there)))


def _others(taken: I8, count: int) -> tuple[int, ...]:
    free = np.ones(count, dtype=bool)
    free[taken] = False
    return tuple(np.flatnonzero(free).tolist())


def _check_metres(metres: float) -> None:
    if not (np.isfinite(metres) and metres >= 0):
        raise UsageError(
            f"距离容差应为不小于 0 的米数,得到 {metres}",
            f"the tolerance must be metres, 0 or more, got {metres}",
            code="bad_tolerance",
        )


def _check_pairs(count: int, tolerance_m: float) -> None:
    if count > MAX_PAIRS:
        raise TooLargeError(
            f"容差 {tolerance_m:g} 米内有 {count} 对以上可能的组合,上限 {MAX_PAIRS};请缩小容差或分片比对",
            f"{count} pairs or more lie within {tolerance_m:g} m, the limit is {MAX_PAIRS}: take a "
            "smaller tolerance or match area by area",
            code="too_many_pairs",
        )
