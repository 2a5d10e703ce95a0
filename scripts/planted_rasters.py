"""Planted scenes as rasters on the ground, and what a way of finding patches finds in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
import shapely
from planted_scenes import Scene
from rasterio.transform import from_origin

from geoinspect.detect.implants import Planted
from geoinspect.detect.labelled import Label

CRS, WEST, NORTH = "EPSG:4545", 500_000.0, 3_760_000.0
# Smaller patches are not counted, found or not.
LEAST_M2 = 10.0
# A find hits a patch when it covers this much of it and lies on it, or within a metre of it, by
# this much. A point hits what it lies within a metre of.
COVER, INSIDE = 0.2, 0.2
RING_M = 1.0
LABELS = 10
# Places of plain ground that each decoy is compared with.
_PLAIN_PLACES = 5
_TRIES = 1000

Found = tuple[float, shapely.Geometry]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one way found in one scene.

    Attributes:
        km2: Ground.
        alarms: Scores of finds that touch nothing planted.
        targets, decoys, alike: Best score on each implant, −∞ where nothing was found.
        plain: The same for outlines of decoys laid on ground where nothing was planted.
    """

    km2: float
    alarms: list[float] = field(default_factory=list)
    targets: list[float] = field(default_factory=list)
    decoys: list[float] = field(default_factory=list)
    alike: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)


def write(scene: Scene, path: Path) -> None:
    """Write a scene as a tiled GeoTIFF."""
    _, rows, cols = scene.pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=cols,
        height=rows,
        count=3,
        dtype="uint8",
        crs=CRS,
        transform=from_origin(WEST, NORTH, scene.gsd_m, scene.gsd_m),
        tiled=True,
        compress="deflate",
        zlevel=1,
    ) as out:
        out.write(scene.pixels)


def on_ground(scene: Scene, shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape given in pixels in the scene's CRS."""
    return shapely.transform(
        shape,
        lambda p: np.column_stack([WEST + p[:, 0] * scene.gsd_m, NORTH - p[:, 1] * scene.gsd_m]),
    )


def in_pixels(scene: Scene, shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape given in the scene's CRS in pixels."""
    return shapely.transform(
        shape, lambda p: np.column_stack([p[:, 0] - WEST, NORTH - p[:, 1]]) / scene.gsd_m
    )


def outlines_of(scene: Scene) -> list[shapely.Geometry]:
    """Return the outlines of the implants in the scene's CRS."""
    return [on_ground(scene, implant.outline) for implant in scene.implants]


def hits(ground: shapely.Geometry, truth: shapely.Geometry) -> bool:
    """Return whether a find is good enough to count as finding a patch."""
    around = shapely.buffer(truth, RING_M)
    if ground.geom_type == "Point":
        return bool(shapely.intersects(around, ground))
    common = shapely.area(shapely.intersection(ground, truth))
    inside = shapely.area(shapely.intersection(ground, around))
    return bool(common >= COVER * truth.area and inside >= INSIDE * ground.area)


def judge(scene: Scene, finds: Sequence[Found], left_out: Iterable[int] = ()) -> Tally:
    """Return finds beside what was planted.

    Args:
        finds: Score, and outline or point in the scene's CRS.
        left_out: Numbers of implants that don't count, found or not: they were shown as labels.
    """
    truth = outlines_of(scene)
    places = _plain_places(scene, truth)
    tally = Tally(km2=_area_km2(scene))
    best = np.full(len(truth), -np.inf)
    plain = np.full(len(places), -np.inf)
    planted = shapely.STRtree([shapely.buffer(shape, RING_M) for shape in truth])
    empty = shapely.STRtree([shapely.buffer(shape, RING_M) for shape in places])
    for score, ground in finds:
        near = planted.query(ground, predicate="intersects").tolist()
        for number in near:
            if hits(ground, truth[number]):
                best[number] = max(best[number], score)
        if near:
            continue
        tally.alarms.append(score)
        for number in empty.query(ground, predicate="intersects").tolist():
            if hits(ground, places[number]):
                plain[number] = max(plain[number], score)
    groups = {Planted.POPPY: tally.targets, Planted.DECOY: tally.decoys}
    known = set(left_out)
    for number, implant in enumerate(scene.implants):
        if implant.area_m2 >= LEAST_M2 and number not in known:
            groups.get(implant.wish.kind, tally.alike).append(float(best[number]))
    tally.plain.extend(plain.tolist())
    return tally


def ten_labels(scene: Scene, seed: int) -> tuple[list[Label], set[int]]:
    """Return up to five targets and as many others as make ten, and which implants they used up.

    At most half of a scene's targets, rounded up, so that some are left to be found.
    Of the others up to three are decoys or look-alikes, the rest squares of 5 m of plain ground.
    """
    rng = np.random.default_rng([seed, 5])
    truth = outlines_of(scene)
    poppy = np.array([implant.wish.kind is Planted.POPPY for implant in scene.implants], dtype=bool)
    yes = rng.permutation(np.flatnonzero(poppy))[: min(LABELS // 2, -(-poppy.sum() // 2))].tolist()
    no = rng.permutation(np.flatnonzero(~poppy))[:3].tolist()
    labels = [Label(truth[number], CRS, True) for number in yes]
    labels += [Label(truth[number], CRS, False) for number in no]
    taken = shapely.union_all(truth)
    side_x, side_y = _sides_m(scene)
    for _ in range(_TRIES):
        if len(labels) >= LABELS:
            break
        x, y = rng.uniform(3, side_x - 3), rng.uniform(3, side_y - 3)
        square = shapely.box(WEST + x - 2.5, NORTH - y - 2.5, WEST + x + 2.5, NORTH - y + 2.5)
        if not shapely.intersects(square, taken):
            labels.append(Label(square, CRS, False))
    return labels, {*yes, *no}


def recall(tallies: Sequence[Tally], per_km2: float) -> tuple[float, float]:
    """Return recall at a number of false alarms per km² over all scenes, and the score cut at."""
    cut = cut_at(tallies, per_km2)
    return share_above(tallies, "targets", cut), cut


def cut_at(tallies: Sequence[Tally], per_km2: float) -> float:
    """Return the lowest score above which there are no more false alarms per km² than that."""
    alarms = sorted((score for tally in tallies for score in tally.alarms), reverse=True)
    allowed = int(per_km2 * sum(tally.km2 for tally in tallies) + 1e-9)
    return alarms[allowed] if allowed < len(alarms) else -np.inf


def share_above(tallies: Sequence[Tally], group: str, cut: float) -> float:
    """Return the share of a group that was found with a score above the cut; NaN for none."""
    best = [score for tally in tallies for score in getattr(tally, group)]
    return float(np.mean(np.array(best) > cut)) if best else float("nan")


def interval(
    tallies: Sequence[Tally], per_km2: float, *, rounds: int = 1000
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the recall, scenes drawn whole."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(tallies), (rounds, len(tallies)))
    found = [recall([tallies[i] for i in row], per_km2)[0] for row in drawn]
    if np.all(np.isnan(found)):
        return float("nan"), float("nan")
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def _sides_m(scene: Scene) -> tuple[float, float]:
    _, rows, cols = scene.pixels.shape
    return cols * scene.gsd_m, rows * scene.gsd_m


def _area_km2(scene: Scene) -> float:
    side_x, side_y = _sides_m(scene)
    return side_x * side_y / 1e6


def _plain_places(scene: Scene, truth: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    """Return outlines of the counted decoys moved to ground where nothing was planted."""
    rng = np.random.default_rng(len(truth))
    side_x, side_y = _sides_m(scene)
    taken = shapely.buffer(shapely.union_all(truth), 2 * RING_M)
    shapely.prepare(taken)
    places = []
    for implant, outline in zip(scene.implants, truth, strict=True):
        if implant.wish.kind is not Planted.DECOY or implant.area_m2 < LEAST_M2:
            continue
        west, south, east, north = outline.bounds
        room_x, room_y = side_x - (east - west), side_y - (north - south)
        found = 0
        for _ in range(_TRIES // 10):
            if found == _PLAIN_PLACES or min(room_x, room_y) <= 0:
                break
            to = np.array([WEST + rng.uniform(0, room_x), NORTH - rng.uniform(0, room_y)])
            moved = shapely.transform(outline, lambda p, by=to - (west, north): p + by)
            if not shapely.intersects(taken, moved):
                places.append(moved)
                found += 1
    return places
