"""What a cleaner made of a track whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from track_dirt import STAND, spoilt
from true_ways import F8, START_S, Fixes, metres

from geoinspect.ingest.cleaning import clean
from geoinspect.records import CleanedTrack, Mode, Rule, Segment
from geoinspect.settings import Settings

SETTINGS = Settings()
Flags = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A track with known dirt.

    Attributes:
        fixes: With dirt.
        sound: The same without.
        true_m: The true way while recording ran: noise, dirt and pauses have no part in it.
    """

    kind: str
    mode: Mode
    fixes: Fixes
    sound: Fixes
    true_m: float

    @property
    def dirty(self) -> NDArray[np.bool_]:
        """The fixes that should go: of a long stand those of the stand, else all bad ones."""
        still = self.fixes.dirt == Rule.JITTER.number
        return still if self.kind == STAND else (self.fixes.dirt > 0) & ~still

    @property
    def limit_mps(self) -> float:
        """The speed limit of the mode."""
        return SETTINGS.speed_limit_mps(self.mode)

    @property
    def best(self) -> Fixes:
        """What a perfect cleaner leaves: no dirt, of long stands the first and the last fix."""
        still = np.concatenate([[False], self.sound.dirt == Rule.JITTER.number, [False]])
        return self.sound.rows(~(still[1:-1] & still[:-2] & still[2:]))


@dataclass(frozen=True)
class Score:
    """How a cleaner fared on one track, or on many.

    Attributes:
        dirty, found, named: Fixes that should go; those taken out, and by the right rule.
        good, wrong: Good fixes, and those taken out.
        yard, yard_wrong: The good fixes of searches to and fro, and those taken out.
        length_error: Of the length left beside the true way, shape (tracks,).
        invented, lost: Ground that only what is left sweeps, and that only the best result
            does, as shares of the latter, shape (tracks,) or empty.
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


def case(kind: str, mode: Mode, seed: int) -> Case:
    """Return a track of a kind."""
    fixes, sound, passed_m = spoilt(kind, mode, seed)
    begins = sound.fresh
    ends = np.append(begins[1:], len(sound)) - 1
    seconds = (sound.time_s - START_S).astype(np.int64)
    true_m = float((passed_m[seconds[ends]] - passed_m[seconds[begins]]).sum())
    return Case(kind, mode, fixes, sound, true_m)


def cleaned(case: Case, *, mode: Mode | None, off: frozenset[Rule] = frozenset()) -> CleanedTrack:
    """Return what our cleaner makes of it; mode None leaves the mode to be inferred."""
    return clean(case.fixes.segments(), mode=mode, settings=SETTINGS, rules_off=off)


def scored(case: Case, flags: Flags, left: Sequence[Segment], *, ground: bool = True) -> Score:
    """Return the figures of one track.

    Args:
        flags: Of each fix with dirt, 0 when kept; numbers of rules, or just 1.
        left: What is left, cut at gaps or not.
        ground: Also sweep it, which takes most of the time.
    """
    fixes, out = case.fixes, flags > 0
    dirty, good = case.dirty, fixes.dirt == 0
    lines = pieces(left)
    invented = lost = np.empty(0)
    if ground:
        best, here = swept(pieces(case.best.segments())), swept(lines)
        invented = np.array([shapely.difference(here, best).area / best.area])
        lost = np.array([shapely.difference(best, here).area / best.area])
    counts = (
        np.count_nonzero(which)
        for which in (
            dirty,
            dirty & out,
            dirty & (flags == fixes.dirt),
            good,
            good & out,
            good & fixes.yard,
            good & fixes.yard & out,
        )
    )
    return Score(*counts, np.array([line_m(lines) / case.true_m - 1]), invented, lost)


def pooled(scores: Sequence[Score]) -> Score:
    """Return the figures of many tracks as one."""
    columns = zip(*(vars(score).values() for score in scores), strict=True)
    return Score(*(np.concatenate(c) if isinstance(c[0], np.ndarray) else sum(c) for c in columns))


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
    """Return the ground within half a sweep on foot of the lines."""
    # The buffer of one long tangle costs far more than the union of short ones.
    parts = [line[at : at + 21] for line in lines for at in range(0, max(len(line) - 1, 1), 20)]
    shapes = [shapely.LineString(part if len(part) > 1 else part[[0, 0]]) for part in parts]
    half_m = SETTINGS.sweep_width_foot_m / 2
    return shapely.union_all(shapely.buffer(np.array(shapes), half_m, quad_segs=4))
