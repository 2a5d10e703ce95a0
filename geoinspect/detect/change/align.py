"""Two surveys of the same ground: how far one lies from the other, and how sure that is.

Windows spread over the overlap are brought onto one lattice and correlated (see `phase`), first
coarsely over much ground, then finely round the shift found; the shift that most windows agree on
is kept. Windows that show no clear peak, as on water or on a field that was ploughed meanwhile,
don't count, and surveys without enough windows that agree are not aligned at all.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pyproj
import rasterio
import shapely

from geoinspect.crs import centre_of, metric_crs_for, transform_geometry
from geoinspect.detect.change.alignment import Alignment, WindowShifts, fit, unaligned
from geoinspect.detect.change.lattice import Lattice, brightness_on
from geoinspect.detect.change.phase import F4, correlate, relief
from geoinspect.detect.measure import Source
from geoinspect.detect.scene import RasterScene
from geoinspect.errors import InputError
from geoinspect.ingest.raster_ground import Placement
from geoinspect.ingest.rasters import open_raster

# Finer than this shows leaves that move in the wind and grow.
_FINEST_GSD_M = 0.05
_SIDES_PX = (512, 384, 256, 192, 128, 96, 64)
_FINE_WINDOWS, _COARSE_WINDOWS = 16, 5
_COARSER = 8
# How much a peak stands over the next one to count: between unrelated pictures the two highest
# peaks hardly ever differ by a third.
_DISTINCT = 1.4
# A lone window must speak plainly.
_PLAINLY = 2.0
# A window is read again until what is left is small: a taper over shifted pictures draws the peak
# a little towards none.
_SETTLED_PX, _MOST_READINGS = 0.3, 3
# A grid in a map projection is a grid on the ground when its scale is right to this.
_SCALE_ERROR = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    dataset: rasterio.DatasetReader
    placement: Placement
    bands: tuple[int, ...]

    def relief_on(self, lattice: Lattice) -> F4 | None:
        read = brightness_on(self.dataset, self.placement, self.bands, lattice)
        made = None if read is None else relief(*read)
        return None if made is None else made[0]

    def ground_in(self, crs: str) -> shapely.Polygon | shapely.MultiPolygon:
        frame = shapely.segmentize(
            shapely.box(0, 0, self.placement.width, self.placement.height),
            max(self.placement.width, self.placement.height) / 16,
        )
        moved = transform_geometry(self.placement.crs, crs, self.placement.to_crs(frame))
        valid: shapely.Polygon | shapely.MultiPolygon = shapely.make_valid(moved)
        return valid


def align(before: Source, after: Source) -> Alignment:
    """Return how a later survey lies to an earlier one.

    Args:
        before, after: Two rasters of any CRS, pixel size and turn.

    Raises:
        RasterError: One of them can't be read.
        InputError: They don't overlap.
    """
    with ExitStack() as stack:
        one, two = (_opened(stack, source) for source in (before, after))
        crs = _metric_crs(one.placement)
        shared = shapely.intersection(one.ground_in(crs), two.ground_in(crs))
        gsd_m = max(one.placement.gsd_m, two.placement.gsd_m, _FINEST_GSD_M)
        if shared.is_empty or shared.area < gsd_m**2:
            raise InputError(
                f"影像“{before.name}”与“{after.name}”没有重叠的地面,无法比较",
                f"{before.name!r} and {after.name!r} share no ground, so they can't be compared",
                code="no_overlap",
            )
        middle = (float(shared.centroid.x), float(shared.centroid.y))
        start = (0.0, 0.0)
        coarse_m = _COARSER * gsd_m
        if _side_px(shared, coarse_m) is not None:
            coarse = _shifts(one, two, shared, crs, coarse_m, start, _COARSE_WINDOWS)
            rough = fit(coarse, crs, coarse_m, least_agreeing=2, middle=middle)
            start = rough.shift_m
        if _side_px(shared, gsd_m) is None:
            return unaligned(crs, gsd_m, middle, tried=0, distinct=0)
        found = _shifts(one, two, shared, crs, gsd_m, start, _FINE_WINDOWS)
    few = found.tried < 3
    return fit(found, crs, gsd_m, least_agreeing=1 if few else 3, middle=middle)


def _opened(stack: ExitStack, source: Source) -> _Side:
    dataset = stack.enter_context(
        open_raster(source.path, settings=source.settings, name=source.name)
    )
    scene = RasterScene(dataset, name=source.name, bands=source.bands)
    return _Side(dataset, scene.placement, scene.bands)


def _metric_crs(placement: Placement) -> str:
    """Return the CRS of a survey when its metres are metres on the ground, else a local one."""
    frame = placement.to_wgs84(shapely.box(0, 0, placement.width, placement.height))
    lon, lat = centre_of(frame.convex_hull)
    known = pyproj.CRS.from_user_input(placement.crs)
    if known.is_projected and all(axis.unit_name == "metre" for axis in known.axis_info[:2]):
        drawn_m = float(np.sqrt(abs(placement.transform.determinant)))
        if abs(drawn_m / placement.gsd_m - 1) <= _SCALE_ERROR:
            return placement.crs
    return metric_crs_for(lon, lat)


def _side_px(shared: shapely.Geometry, gsd_m: float) -> int | None:
    """Return the largest side of windows of which the overlap holds some, None when it is too
    small for any.
    """
    west, south, east, north = shared.bounds
    room_px = min(east - west, north - south) / gsd_m
    for side in _SIDES_PX:
        if side * 1.5 <= room_px:
            return side
    return _SIDES_PX[-1] if room_px >= _SIDES_PX[-1] else None


def _lattices(shared: shapely.Geometry, crs: str, gsd_m: float, wanted: int) -> list[Lattice]:
    """Return windows spread evenly over the overlap, those most inside it first by reading order."""
    side_px = _side_px(shared, gsd_m)
    if side_px is None:
        return []
    side_m = side_px * gsd_m
    west, south, east, north = shared.bounds
    wide, high = max(east - west - side_m, 0.0), max(north - south - side_m, 0.0)
    across = max(1, min(wanted, round(np.sqrt(wanted * (wide + side_m) / (high + side_m)))))
    along = max(1, min(wanted, round(wanted / across)))
    # Windows may overlap by half, not more: they would tell the same twice.
    across = min(across, 1 + int(wide / (side_m / 2)))
    along = min(along, 1 + int(high / (side_m / 2)))
    made = []
    for i in range(along):
        for j in range(across):
            left = west + wide * (j / (across - 1) if across > 1 else 0.5)
            top = north - high * (i / (along - 1) if along > 1 else 0.5)
            square = shapely.box(left, top - side_m, left + side_m, top)
            if shapely.intersection(square, shared).area >= 0.5 * square.area:
                made.append(Lattice(crs, left, top, gsd_m, side_px))
    return made


def _shifts(
    one: _Side,
    two: _Side,
    shared: shapely.Geometry,
    crs: str,
    gsd_m: float,
    start: tuple[float, float],
    wanted: int,
) -> WindowShifts:
    places, shifts, plain, tried = [], [], [], 0
    for lattice in _lattices(shared, crs, gsd_m, wanted):
        first = one.relief_on(lattice)
        if first is None:
            continue
        found = _shift_of(two, lattice, first, start)
        if found is None:
            continue
        tried += 1
        east, north, distinct = found
        if distinct < _DISTINCT:
            continue
        half_m = lattice.side_px * gsd_m / 2
        places.append((lattice.west + half_m, lattice.north - half_m))
        shifts.append((east, north))
        plain.append(distinct >= _PLAINLY)
    if tried < 3 and not all(plain):
        places, shifts = [], []
    return WindowShifts(
        np.array(places, dtype=np.float64).reshape(-1, 2),
        np.array(shifts, dtype=np.float64).reshape(-1, 2),
        tried,
    )


def _shift_of(
    two: _Side, lattice: Lattice, first: F4, start: tuple[float, float]
) -> tuple[float, float, float] | None:
    """Return east, north and distinctness of one window, read again round the shift it finds."""
    east, north = start
    distinct = 0.0
    for _ in range(_MOST_READINGS):
        second = two.relief_on(lattice.moved(east, north))
        if second is None:
            return None if distinct == 0 else (east, north, 0.0)
        peak = correlate(first, second)
        east += peak.right_px * lattice.gsd_m
        north -= peak.down_px * lattice.gsd_m
        distinct = peak.distinct
        moved_px = float(np.hypot(peak.right_px, peak.down_px))
        if distinct < _DISTINCT or moved_px <= _SETTLED_PX:
            break
    return east, north, distinct
