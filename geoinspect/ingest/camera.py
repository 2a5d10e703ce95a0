"""Where a camera in the air looks: its footprint on flat ground, and the width it sweeps.

An ideal pinhole camera over level ground: no lens distortion, no terrain. Angles are degrees. Yaw
is clockwise from north, pitch is up (-90 looks straight down), roll lowers the right-hand side;
they are turned in the order yaw, pitch, roll (DJI, Mavic 3M Image Processing Guide: north-east-down
axes, rotation order ZYX). Yaw is thus where the top of a picture taken straight down points.

Straight down from height h the picture covers 2 h tan(fov / 2) on each axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geoinspect.crs import GEOD
from geoinspect.records import F8

# From farther away nothing the size of a plant is told apart, and no height is exact enough.
MAX_RANGE_M = 500.0
# A full frame of 35 mm film, to which "35 mm equivalent" lengths refer by its diagonal.
FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)

# Corners in the picture, right and up from its centre: top left, top right, bottom right and
# bottom left.
_CORNERS = np.array([(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])
_CIRCLE_POINTS = 72


@dataclass(frozen=True, slots=True)
class View:
    """How a camera hangs in the air.

    Attributes:
        height_m: Above the ground it looks at.
        yaw_deg, pitch_deg, roll_deg: See the module.
        fov_h_deg, fov_v_deg: Full angle across and along the picture as it is looked at.
    """

    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    fov_h_deg: float
    fov_v_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """Ground in a picture: metres east and north of the point below the camera.

    Attributes:
        centre: Ground in the middle of the picture, shape (2,); NaN beyond the range.
        corners: Ground in its corners, top left, top right, bottom right, bottom left, shape
            (4, 2); NaN where a corner looks beyond the range or into the sky.
        outline: Ground in the picture and within range, convex, shape (n, 2), not closed. The
            corners when all of them are within range.
        clipped: The picture shows more than the range.
    """

    centre: F8
    corners: F8
    outline: F8
    clipped: bool


def fov_deg(sensor_mm: float, focal_mm: float) -> float:
    """Return the full angle of view over one side of a sensor: 2 atan(side / 2 f)."""
    return math.degrees(2 * math.atan2(sensor_mm, 2 * focal_mm))


def sides_mm(diagonal_mm: float, width_px: int, height_px: int) -> tuple[float, float]:
    """Return width and height of a sensor with square pixels, from its diagonal."""
    diagonal_px = math.hypot(width_px, height_px)
    return diagonal_mm * width_px / diagonal_px, diagonal_mm * height_px / diagonal_px


def footprint(view: View, *, max_range_m: float = MAX_RANGE_M) -> Footprint | None:
    """Return the ground that a camera sees; None when it sees none within range.

    Args:
        view: The camera; the ground lies level, ``height_m`` below it.
        max_range_m: Longest distance from the camera to ground that counts as seen.
    """
    if not 0 < view.height_m < max_range_m:
        return None
    forward, right, up = _axes(view)
    across = math.tan(math.radians(view.fov_h_deg) / 2) * right
    along = math.tan(math.radians(view.fov_v_deg) / 2) * up
    rays = forward + _CORNERS[:, :1] * across + _CORNERS[:, 1:] * along
    corners = _on_ground(rays, view.height_m, max_range_m)
    clipped = bool(np.isnan(corners).any())
    outline = corners
    if clipped:
        # What lies within range is a disc; each side of the picture cuts off a part of it.
        outline = _disc(math.sqrt(max_range_m**2 - view.height_m**2))
        for first, second in zip(rays, np.roll(rays, -1, axis=0), strict=True):
            inwards = np.cross(first, second)
            inwards *= math.copysign(1.0, float(inwards @ forward))
            outline = _cut(outline, inwards[:2], -view.height_m * inwards[2])
        if len(outline) < 3:
            return None
    centre = _on_ground(forward[np.newaxis], view.height_m, max_range_m)[0]
    return Footprint(centre, corners, outline, clipped)


def lonlat_of(lon: float, lat: float, offsets_m: F8) -> F8:
    """Return WGS84 lon, lat of places east and north of a point in metres, shape (n, 2)."""
    east, north = offsets_m[:, 0], offsets_m[:, 1]
    azimuth = np.degrees(np.arctan2(east, north))
    starts = np.full(len(east), lon), np.full(len(east), lat)
    there_lon, there_lat, _ = GEOD.fwd(*starts, azimuth, np.hypot(east, north))
    return np.column_stack([there_lon, there_lat])


def swath_width_m(
    height_m: ArrayLike,
    fov_h_deg: ArrayLike,
    pitch_deg: ArrayLike,
    *,
    max_range_m: float = MAX_RANGE_M,
) -> F8:
    """Return the ground width that a flown camera sees across its line of flight, metres.

    Simplified: the camera looks along the line of flight without roll over level ground, and what
    it sweeps is the middle row of its picture, 2 d tan(fov / 2) at the distance d = h / sin(-pitch)
    of the picture's centre. The near edge of a tilted picture is narrower, the far edge wider.

    Args:
        height_m: Above the ground.
        fov_h_deg: Angle of view across the line of flight.
        pitch_deg: Of the camera; -90 looks straight down.
        max_range_m: Longest distance at which ground counts as seen.

    Returns:
        The shape the arguments broadcast to; NaN where the centre looks at the horizon, above it
        or beyond the range, where the height is not positive, and where an angle means nothing.
    """
    height, fov, pitch = np.broadcast_arrays(
        *(np.asarray(values, dtype=np.float64) for values in (height_m, fov_h_deg, pitch_deg))
    )
    down = np.sin(np.radians(-pitch))
    usable = (height > 0) & (height <= max_range_m * down) & (fov > 0) & (fov < 180)
    width = np.full(height.shape, np.nan)
    half = np.tan(np.radians(fov[usable]) / 2)
    width[usable] = 2 * height[usable] / down[usable] * half
    return width


def _axes(view: View) -> tuple[F8, F8, F8]:
    """Return unit vectors east, north, up of where the camera's front, right and top point."""
    yaw, pitch, roll = (math.radians(a) for a in (view.yaw_deg, view.pitch_deg, view.roll_deg))
    forward = np.array(
        [math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)]
    )
    level = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
    upright = np.cross(level, forward)
    right = math.cos(roll) * level - math.sin(roll) * upright
    return forward, right, np.cross(right, forward)


def _on_ground(rays: F8, height_m: float, max_range_m: float) -> F8:
    """Return where rays of shape (n, 3) meet the ground, shape (n, 2); NaN beyond the range."""
    down = -rays[:, 2]
    length = np.linalg.norm(rays, axis=1)
    hits = height_m * length <= max_range_m * down
    places = np.full((len(rays), 2), np.nan)
    places[hits] = height_m * rays[hits, :2] / down[hits, np.newaxis]
    return places


def _disc(radius: float) -> F8:
    turn = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    return radius * np.column_stack([np.sin(turn), np.cos(turn)])


def _cut(polygon: F8, normal: F8, offset: float) -> F8:
    """Return the part of a convex polygon where ``normal · p + offset >= 0``."""
    inside_by = polygon @ normal + offset
    kept = []
    for i in range(len(polygon)):
        here, there = inside_by[i - 1], inside_by[i]
        if (here >= 0) != (there >= 0):
            share = here / (here - there)
            kept.append(polygon[i - 1] + share * (polygon[i] - polygon[i - 1]))
        if there >= 0:
            kept.append(polygon[i])
    return np.array(kept).reshape(-1, 2)
