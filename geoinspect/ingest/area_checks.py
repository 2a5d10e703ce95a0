"""What can be wrong with areas taken together: overlaps, circles of parents, ground outside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import shapely
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.errors import Text
from geoinspect.records import MU_M2, Area, Problem

# Borders drawn apart leave slivers; only more than this share of the smaller area is told.
_SLIVER_SHARE = 0.001
_NAMES_TOLD = 10


def without_circles(areas: Iterable[Area]) -> tuple[tuple[Area, ...], tuple[Problem, ...]]:
    """Return areas of which none is its own ancestor; those in a circle lose their parent."""
    listed = tuple(areas)
    caught = circle({area.code: area.parent_code for area in listed})
    if not caught:
        return listed, ()
    names = caught[:_NAMES_TOLD]
    problem = Problem(
        "parent_cycle",
        Text(
            f"{len(caught)} 个辖区互为上级({'、'.join(names)}),已去掉它们的上级;请改正上级字段后重新导入",
            f"{len(caught)} areas are their own ancestors ({', '.join(names)}) and lost their parent: "
            "correct the parent field and import again",
        ),
        len(caught),
    )
    kept = (replace(a, parent_code=None) if a.code in set(caught) else a for a in listed)
    return tuple(kept), (problem,)


def circle(parents: Mapping[str, str | None]) -> list[str]:
    """Return the codes that come back to themselves going up; sorted.

    Args:
        parents: Code → parent's code, None for a root.
    """
    caught: set[str] = set()
    done: set[str] = set()
    for code in parents:
        way: dict[str, None] = {}
        at: str | None = code
        while at is not None and at in parents and at not in done and at not in way:
            way[at] = None
            at = parents[at]
        if at is not None and at in way:
            codes = list(way)
            caught.update(codes[codes.index(at) :])
        done.update(way)
    return sorted(caught)


def overlaps(areas: Iterable[Area]) -> tuple[Problem, ...]:
    """Return a problem when areas of one level lie on each other's ground."""
    listed = list(areas)
    shapes = [area.polygon for area in listed]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    told = []
    for a, b in zip(first, second, strict=True):
        if a < b and listed[a].level == listed[b].level:
            both = shapely.intersection(shapes[a], shapes[b])
            if both.area > _SLIVER_SHARE * min(shapes[a].area, shapes[b].area):
                told.append((listed[a].name, listed[b].name, _area_m2(both)))
    if not told:
        return ()
    one, other, m2 = max(told, key=lambda item: item[2])
    return (
        Problem(
            "areas_overlap",
            Text(
                f"{len(told)} 对同级辖区相互重叠,最大的是“{one}”与“{other}”,{_zh(m2)};"
                "重叠部分只计入代码在前的辖区,请核对边界",
                f"{len(told)} pairs of areas of one level overlap, most of all {one} and {other} by "
                f"{_en(m2)}; that ground counts once, for the lower code: check the borders",
            ),
            len(told),
        ),
    )


def outside_parent(
    areas: Iterable[Area], grounds: Mapping[str, Polygon | MultiPolygon]
) -> tuple[Problem, ...]:
    """Return a problem when areas reach outside their parents.

    Args:
        areas: The areas to check.
        grounds: Code → polygon of every area that may be a parent, WGS84.
    """
    told = []
    for area in areas:
        parent = None if area.parent_code is None else grounds.get(area.parent_code)
        if parent is None or parent.covers(area.polygon):
            continue
        outside = shapely.difference(area.polygon, parent)
        if outside.area > _SLIVER_SHARE * area.polygon.area:
            told.append((area.name, _area_m2(outside)))
    if not told:
        return ()
    worst, m2 = max(told, key=lambda item: item[1])
    return (
        Problem(
            "outside_parent",
            Text(
                f"{len(told)} 个辖区超出上级边界,最多的是“{worst}”,超出 {_zh(m2)};"
                "上级的行动不包括超出部分,请核对边界",
                f"{len(told)} areas reach outside their parent, most of all {worst} by {_en(m2)}; a "
                "campaign over the parent leaves that ground out: check the borders",
            ),
            len(told),
        ),
    )


def _area_m2(geometry: shapely.Geometry) -> float:
    """Return the ground of a WGS84 geometry's polygons in square metres."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return crs_.geodesic_area_m2(shapely.MultiPolygon(parts))


def _zh(m2: float) -> str:
    return f"{m2 / MU_M2:.1f} 亩({m2 / 1e4:.2f} 公顷)"


def _en(m2: float) -> str:
    return f"{m2 / 1e4:.2f} ha ({m2 / MU_M2:.1f} mu)"
