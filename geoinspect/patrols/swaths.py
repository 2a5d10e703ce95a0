"""How wide a strip of ground a track saw, from how the team moved and, for drones, how high."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from geoinspect.ingest.camera import swath_width_m
from geoinspect.records import F8, Extra, Mode, Segment
from geoinspect.settings import Settings

# Widths are kept in steps of five in a hundred; a flight at one height is swept at once.
_WIDTH_STEP = 1.05
_LEAST_WIDTH_M = 1.0
_STRAIGHT_DOWN_DEG = -90.0

Swath = tuple[float, list[Segment]]


def swaths_of(
    segments: Sequence[Segment], mode: Mode, settings: Settings, *, share: float = 1.0
) -> list[Swath]:
    """Return full sweep widths (metres) and the segments seen at each.

    ``share`` is the sweep width that holds for this search over the one in the settings.

    A drone sees what its camera covers at the height it flies; where the height is unknown, the
    width set for drones holds. Where the camera looks at the horizon, nothing counts as seen.
    """
    width_m = share * settings.sweep_width_m(mode)
    if mode is not Mode.DRONE:
        return [(width_m, list(segments))]
    swaths: dict[float, list[Segment]] = {}
    for segment in segments:
        for seen_m, piece in _by_width(segment, width_m / share, settings.drone_fov_deg):
            piece_width_m = seen_m * share
            swaths.setdefault(piece_width_m, []).append(piece)
    return sorted(swaths.items(), key=lambda swath: swath[0]) or [(width_m, [])]


def _by_width(segment: Segment, width_m: float, fov_deg: float) -> list[tuple[float, Segment]]:
    """Return a segment's pieces of about one width each; a piece reaches to the next one's start."""
    height_m = segment.extras.get(Extra.HEIGHT)
    if height_m is None:
        return [(width_m, segment)]
    steps = _width_steps(segment, height_m, width_m, fov_deg)
    unseen = np.isnan(steps)
    changes = np.flatnonzero((np.diff(steps) != 0) & ~(unseen[1:] & unseen[:-1])) + 1
    pieces = []
    for first, end in pairwise([0, *changes.tolist(), len(segment)]):
        if not unseen[first]:
            joins = end < len(segment) and not unseen[end]
            piece = segment.part(slice(first, end + joins))
            pieces.append((float(_WIDTH_STEP ** steps[first]), piece))
    return pieces


def _width_steps(segment: Segment, height_m: F8, width_m: float, fov_deg: float) -> F8:
    """Return the step of each point's width, NaN where nothing is seen."""
    pitch_deg = segment.extras.get(Extra.PITCH, np.full(len(segment), np.nan))
    pitch_deg = np.where(np.isnan(pitch_deg), _STRAIGHT_DOWN_DEG, pitch_deg)
    widths_m = np.where(np.isnan(height_m), width_m, swath_width_m(height_m, fov_deg, pitch_deg))
    sees = widths_m >= _LEAST_WIDTH_M
    steps = np.full(len(segment), np.nan)
    steps[sees] = np.round(np.log(widths_m[sees]) / np.log(_WIDTH_STEP))
    return steps
