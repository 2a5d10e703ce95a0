"""Prove each rule of cleaning on tracks with known dirt, beside peers, and write docs/cleaning.md.

``--tracks N`` tracks of a kind (200), ``--real FOLDER`` adds what the rules flag on real files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import shapely
from track_dirt import KINDS, spoilt
from true_ways import START_S, F8, Fixes, metres

from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track
from geoinspect.records import CleanedTrack, Mode, Rule, Segment
from geoinspect.settings import Settings

SETTINGS = Settings()
SWEEP_M = SETTINGS.sweep_width_foot_m


@dataclass(frozen=True)
class Score:
    """How a method fared on one track, or on all of a kind.

    Attributes:
        dirty, found, named: Bad fixes of the kind asked for; those taken out by any rule, by the
            right one.
        good, wrong: Good fixes, and those taken out.
        yard, yard_wrong: The good fixes of searches to and fro, and those taken out.
        length_error: Length left beside the true way, shape (tracks,).
        invented, lost: Ground that only the track left sweeps, or only the same fixes without
            dirt do, as shares of the latter, shape (tracks,).
    """

    dirty: int
    found: int
    named: int
    good: int
    wrong: int
    yard: int
    yard_wrong: int
    length_error: F8
    invented: F8
    lost: F8


def our_flags(fixes: Fixes, mode: Mode | None, **given: object) -> tuple[F8, CleanedTrack]:
    """Return the numbers of our rules, 0 for kept, and the cleaned track."""
    cleaned = clean(fixes.segments(), mode=mode, settings=SETTINGS, **given)
    return np.concatenate(cleaned.flags), cleaned


def scored(
    kind: str, fixes: Fixes, sound: Fixes, passed_m: F8, flags: F8, left: Sequence[Segment]
) -> Score:
    """Return the figures of one track.

    Args:
        kind: What was done to it.
        fixes: With dirt.
        sound: Without.
        passed_m: True metres passed at each second.
        flags: Of each fix, 0 when kept; numbers of rules, or just 1 for peers.
        left: What is left, not yet cut at gaps.
    """
    rule = KINDS[kind][1]
    still = fixes.dirt == Rule.JITTER.number
    dirty = (fixes.dirt == rule.number) if rule else (fixes.dirt > 0) & ~still
    good, out = fixes.dirt == 0, flags > 0
    right = flags == fixes.dirt
    true_m = true_length_m(sound, passed_m)
    reference = swept(pieces(without_stands(sound).segments()))
    ground = swept(pieces(left))
    return Score(
        int(dirty.sum()),
        int((dirty & out).sum()),
        int((dirty & right).sum()),
        int(good.sum()),
        int((good & out).sum()),
        int((good & fixes.yard).sum()),
        int((good & fixes.yard & out).sum()),
        np.array([line_m(pieces(left)) / true_m - 1]),
        np.array([shapely.area(shapely.difference(ground, reference)) / reference.area]),
        np.array([shapely.area(shapely.difference(reference, ground)) / reference.area]),
    )


def pooled(scores: Sequence[Score]) -> Score:
    """Return the figures of many tracks as one."""
    joined = {
        name: (np.concatenate if isinstance(value, np.ndarray) else sum)(
            [getattr(score, name) for score in scores]
        )
        for name, value in vars(scores[0]).items()
    }
    return Score(**joined)


def without_stands(fixes: Fixes) -> Fixes:
    """Return the fixes with only the first and the last of each long stand."""
    still = np.concatenate([[0], fixes.dirt == Rule.JITTER.number, [0]])
    return fixes.rows((still[1:-1] == 0) | (still[:-2] == 0) | (still[2:] == 0))


def true_length_m(sound: Fixes, passed_m: F8) -> float:
    """Return the true way while recording ran: noise, dirt and pauses have no part in it."""
    begins = sound.fresh
    ends = np.append(begins[1:], len(sound)) - 1
    seconds = (sound.time_s - START_S).astype(np.int64)
    return float((passed_m[seconds[ends]] - passed_m[seconds[begins]]).sum())


def pieces(segments: Sequence[Segment]) -> list[F8]:
    """Return lines in metres, cut at gaps for everybody alike."""
    lines = []
    for segment in segments:
        line = np.column_stack(metres(segment.lon, segment.lat))
        lines += np.split(line, np.flatnonzero(np.diff(segment.time_s) > SETTINGS.gap_s) + 1)
    return [line for line in lines if len(line)]


def line_m(lines: Sequence[F8]) -> float:
    """Return the length of lines, metres."""
    return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines))


def swept(lines: Sequence[F8]) -> shapely.Geometry:
    """Return the ground within half a sweep of the lines."""
    # The buffer of one long tangle costs far more than the union of short ones.
    parts = [line[at : at + 21] for line in lines for at in range(0, max(len(line) - 1, 1), 20)]
    shapes = [shapely.LineString(part if len(part) > 1 else part[[0, 0]]) for part in parts]
    return shapely.union_all(shapely.buffer(np.array(shapes), SWEEP_M / 2, quad_segs=4))
