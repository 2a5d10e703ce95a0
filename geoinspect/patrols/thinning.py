"""Lines with fewer points, for drawing, whatever their shape.

Douglas and Peucker's way (Cartographica 10, 1973) is a recursion as deep as a zigzag has corners,
and takes the square of their number in time: in GEOS 100,000 of them end the whole process. Here a
line is thinned in short parts whose ends stay, and cut down evenly where that is not enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from geoinspect.records import F8

_PART_STEPS = 512


def thin_lines(lines: Sequence[F8], tolerance: float, *, most: int) -> list[F8]:
    """Return lines of about ``most`` points in all, at most two more for each line.

    Args:
        lines: Positions, shape (n, 2), n > 0.
        tolerance: A point this near to the line without it may go; the unit of the positions.
        most: Where more points are left every second, third … one stays, and of more lines than
            half of this likewise.
    """
    drawn = lines[:: max(1, math.ceil(2 * len(lines) / most))]
    thinned = [_thin(line, tolerance) for line in drawn]
    step = max(1, math.ceil(sum(map(len, thinned)) / most))
    return [np.concatenate([line[:-1:step], line[-1:]]) for line in thinned]


def _thin(line: F8, tolerance: float) -> F8:
    if len(line) <= 2:
        return line
    parts = [
        shapely.LineString(line[first : first + _PART_STEPS + 1])
        for first in range(0, len(line) - 1, _PART_STEPS)
    ]
    simple = shapely.simplify(parts, tolerance, preserve_topology=False)
    inner = [shapely.get_coordinates(part)[1:-1] for part in simple]
    joints = line[_PART_STEPS:-1:_PART_STEPS]
    pieces = [line[:1], inner[0]]
    for joint, rest in zip(joints, inner[1:], strict=True):
        pieces += [joint[np.newaxis], rest]
    return np.concatenate([*pieces, line[-1:]])
