"""How much a detector would list: simulated patches put into a copy of pieces of the user's raster.

Pieces are spread over the valid ground without pattern. In each, a few patches are drawn by the
renderer that no model learns from, and what was drawn on goes the way of any ground: planes with
the survey's own scale, levels by its own tables, evidence, objects, and the cut of its own list.
The file itself is only read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import shapely
from rasterio.windows import Window

from geoinspect.crs import WGS84, transform_xy
from geoinspect.detect.band_blocks import band_roles
from geoinspect.detect.gate import PixelScale, pixel_scale
from geoinspect.detect.implants import Picture, Renderer, Wish
from geoinspect.detect.levels import LevelTables
from geoinspect.detect.listing import Listing
from geoinspect.detect.measure import Measured, Source, Stopped, cores_of_machine
from geoinspect.detect.objects import EVIDENCE_STEPS, Objects, find_objects, keep_best
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.planes import U2, Plane, block_planes
from geoinspect.detect.ranking import Crowd
from geoinspect.detect.rehearse import rehearse
from geoinspect.detect.scan import least_blocks
from geoinspect.detect.scene import RasterScene
from geoinspect.detect.sensitivity_hits import ListedObject, cover_of, hits
from geoinspect.detect.sensitivity_plan import PATCHES, wishes_of
from geoinspect.detect.sensitivity_table import Outcome, Sensitivity, shares_of
from geoinspect.detect.sheets import HEIGHTS, Frame, Judge, Scale, levels_of
from geoinspect.errors import UsageError
from geoinspect.ingest.raster_ground import Placement
from geoinspect.ingest.rasters import open_raster
from geoinspect.search_records import GrowthStage

# Sparse, so that one patch hardly changes the surroundings that the next is compared with.
_GROUND_EACH_M2 = 400.0
_PIECE_M, _MOST_PIECE_PX = 60.0, 4000
# Ground seen around a piece; an object that reaches further is cut there.
_AROUND_M = 16.0
# Pictures of real numbers are drawn on in whole ones; leaves get this sum of three bands.
_LEAVES_AS = 20_000.0


@dataclass(frozen=True, slots=True, eq=False)
class _Survey:
    """A raster ready to be planted: all that its pieces share.

    Attributes:
        crowd: What is listed of the survey.
        known: What is listed of a piece as it is; a small raster's have many turns.
        beyond_colours: Whether the detector looks at more bands than three.
    """

    source: Source
    planes: Planes
    scale: Scale
    pixels: PixelScale
    tables: LevelTables
    judge: Judge
    listing: Listing
    placement: Placement
    least_blocks: float
    renderer: Renderer
    crowd: Crowd
    beyond_colours: bool
    heights: tuple[int, ...]
    known: dict[Frame, list[ListedObject]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Job:
    """A piece and what is to be planted there; a piece may have its turn again."""

    number: int
    piece: Frame
    wishes: tuple[Wish, ...]


def measure_sensitivity(
    source: Source,
    measured: Measured,
    tables: LevelTables | None,
    judge: Judge,
    listing: Listing,
    *,
    cut_at: Sequence[float] = HEIGHTS,
    stage: GrowthStage | None = None,
    patches: int = PATCHES,
    seed: int = 0,
    renderer: Renderer = rehearse,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Measure what share of simulated patches a detector would have listed on a raster.

    Takes about a minute for 200 patches on two cores, whatever the size of the raster. The same
    seed gives the same figures for any number of threads.

    Args:
        measured: The raster after the pixel pass.
        tables: Its levels, from `sheets.learn_levels`.
        listing: What of its finds was listed; see `listing.listing_of`.
        cut_at: Logits at which the detection cut objects, lowest first.
        stage: Of growth on the raster's day; all stages are planted without it.
        patches: How many, beside a quarter as many decoys.
        renderer: Draws the patches; not the one whose patches the judge learnt from.
        workers: Threads; all of this machine's cores without it.
        cancelled: Asked before each piece.

    Raises:
        UsageError: No patch can be planted: nothing grows above ground at this stage, or the
            ground was not searched.
        RasterError: The raster can't be read.
        Stopped: It was cancelled.
    """
    survey = _survey(source, measured, tables, judge, listing, renderer, cut_at)
    jobs = _jobs(survey, wishes_of(stage, patches, np.random.default_rng([seed, 1])), seed)

    def work(job: _Job) -> list[Outcome]:
        if cancelled is not None and cancelled():
            raise Stopped
        return _planted(survey, job, np.random.default_rng([seed, 2, job.number]))

    outcomes: list[Outcome] = []
    pool = ThreadPoolExecutor(workers or cores_of_machine(), "rehearsal")
    try:
        for number, part in enumerate(pool.map(work, jobs), start=1):
            outcomes += part
            if progress is not None:
                progress(number / len(jobs))
    finally:
        pool.shutdown(cancel_futures=True)
    strata, decoys, ordinary = shares_of(outcomes)
    return Sensitivity(
        strata,
        decoys,
        ordinary,
        listing,
        stage=stage,
        gsd_m=survey.scale.gsd_m,
        pieces=len({job.piece for job in jobs}),
        seed=seed,
        detector=judge.name,
        renderer=getattr(renderer, "__name__", type(renderer).__name__),
        beyond_colours=survey.beyond_colours,
    )


def _survey(
    source: Source,
    measured: Measured,
    tables: LevelTables | None,
    judge: Judge,
    listing: Listing,
    renderer: Renderer,
    cut_at: Sequence[float],
) -> _Survey:
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        scene = RasterScene(dataset, name=source.name, bands=source.bands)
        pixels = pixel_scale(scene.sample_pixels())
        beyond = band_roles(dataset, source.bands) is not None
    if measured.planes is None or tables is None or pixels is None:
        raise UsageError(
            f"影像“{source.name}”的植被太少,检测器没有标图斑,无法测量灵敏度",
            f"{source.name!r} has too little vegetation for the detector to mark anything, so its "
            "sensitivity can't be measured",
            code="nothing_to_measure",
        )
    largest_m2 = float(np.max(measured.placement.node_area_m2)) * measured.scale.block_px**2
    least = least_blocks(listing.min_area_m2, largest_m2)
    crowd = Crowd()
    for patch in listing.patches:
        crowd.add(patch.lon, patch.lat, patch.logit)
    return _Survey(
        source,
        measured.planes,
        measured.scale,
        pixels,
        tables,
        judge,
        listing,
        measured.placement,
        least,
        renderer,
        crowd,
        beyond,
        tuple(round(height * EVIDENCE_STEPS) for height in cut_at),
    )


def _jobs(survey: _Survey, wishes: Sequence[Wish], seed: int) -> list[_Job]:
    """Return pieces with their share of the wishes, by their ground."""
    pieces: list[tuple[Frame, int]] = []
    slivers: list[tuple[Frame, int]] = []
    room = 0
    for piece in _pieces(survey, np.random.default_rng([seed, 3])):
        part = survey.planes.read(piece.top, piece.left, piece.bottom, piece.right)
        valid_m2 = int(part[:, :, Plane.VALID].sum(dtype=np.int64)) * survey.scale.gsd_m**2
        if valid_m2 < _GROUND_EACH_M2:
            slivers += [(piece, 1)] if valid_m2 > 0 else []
            continue
        pieces.append((piece, int(valid_m2 / _GROUND_EACH_M2)))
        room += pieces[-1][1]
        if room >= len(wishes):
            break
    jobs: list[_Job] = []
    start = 0
    for piece, count in itertools.cycle(pieces or slivers):
        if start >= len(wishes):
            break
        jobs.append(_Job(len(jobs), piece, tuple(wishes[start : start + count])))
        start += count
    return jobs


def _pieces(survey: _Survey, rng: np.random.Generator) -> Iterator[Frame]:
    """Yield the pieces of a raster, whole blocks each, in an order without pattern."""
    scale, rows, cols = survey.scale, survey.planes.rows, survey.planes.cols
    side_px = min(_PIECE_M / scale.gsd_m, _MOST_PIECE_PX)
    side = max(1, int(side_px / scale.block_px))
    high, wide = -(-rows // side), -(-cols // side)
    for place in rng.permutation(high * wide):
        top, left = (int(v) * side for v in divmod(int(place), wide))
        yield Frame(top, left, min(rows, top + side), min(cols, left + side))


def _planted(survey: _Survey, job: _Job, rng: np.random.Generator) -> list[Outcome]:
    """Plant one piece and return what became of its wishes."""
    picture, pixels = _picture(survey, job.piece)
    if picture is None:
        return [Outcome(wish, planted=False) for wish in job.wishes]
    made = survey.renderer(picture, job.wishes, rng)
    block_px = survey.scale.block_px
    changed = block_planes(made.pixels, picture.valid, block_px, pixels.reference, pixels.gate)
    planes = survey.planes
    seen = job.piece.around(round(_AROUND_M / survey.scale.block_m), planes.rows, planes.cols)
    before = survey.known.get(job.piece)
    if before is None:
        before = survey.known[job.piece] = _listed(survey, planes, seen)
    after = _listed(survey, _Changed(planes, job.piece, changed), seen)
    outcomes = []
    missing = list(job.wishes)
    for implant in made.implants:
        missing.remove(implant.wish)
        cover, corner = cover_of(implant.outline, block_px, job.piece, seen)
        outcomes.append(
            Outcome(
                implant.wish,
                planted=True,
                found=any(hits(find, cover, corner) for find in after),
                found_before=any(hits(find, cover, corner) for find in before),
            )
        )
    return outcomes + [Outcome(wish, planted=False) for wish in missing]


def _picture(survey: _Survey, piece: Frame) -> tuple[Picture | None, PixelScale]:
    """Return a copy of a piece in whole numbers, and the scale that goes with them."""
    block_px = survey.scale.block_px
    with open_raster(
        survey.source.path, settings=survey.source.settings, name=survey.source.name
    ) as dataset:
        scene = RasterScene(dataset, name=survey.source.name, bands=survey.source.bands)
        width, height = scene.placement.width, scene.placement.height
        row, col = piece.top * block_px, piece.left * block_px
        bottom, right = min(height, piece.bottom * block_px), min(width, piece.right * block_px)
        read = scene.read(Window(col, row, right - col, bottom - row))
    if read is None:
        return None, survey.pixels
    values, valid = read
    scale = survey.pixels
    if values.dtype == np.float32:
        factor = _LEAVES_AS / scale.reference
        whole = np.where(valid, values, 0) * factor + 0.5
        values = np.clip(whole, 0, 65535).astype(np.uint16)
        scale = PixelScale(_LEAVES_AS, scale.gate)
    return Picture(values, valid, survey.scale.gsd_m), scale


@dataclass(frozen=True, slots=True, eq=False)
class _Changed:
    """The planes of a raster of which one piece was planted."""

    ground: Planes
    piece: Frame
    changed: U2

    @property
    def rows(self) -> int:
        """Rows of blocks."""
        return self.ground.rows

    @property
    def cols(self) -> int:
        """Columns of blocks."""
        return self.ground.cols

    def read(self, top: int, left: int, bottom: int, right: int) -> U2:
        """Return the blocks of a rectangle."""
        out = self.ground.read(top, left, bottom, right).copy()
        a, c = max(top, self.piece.top), min(bottom, self.piece.bottom)
        b, d = max(left, self.piece.left), min(right, self.piece.right)
        if a < c and b < d:
            out[a - top : c - top, b - left : d - left] = self.changed[
                a - self.piece.top : c - self.piece.top, b - self.piece.left : d - self.piece.left
            ]
        return out


def _listed(survey: _Survey, planes: Planes, seen: Frame) -> list[ListedObject]:
    """Return the objects of a rectangle that would stand in the survey's list."""
    levels, judged = levels_of(planes, survey.scale, survey.tables, seen)
    evidence = survey.judge.evidence(levels, judged)
    objects = find_objects(levels, evidence, survey.heights, least_blocks=survey.least_blocks)
    return [ListedObject.of(objects, number) for number in _kept(survey, objects, seen)]


def _kept(survey: _Survey, objects: Objects, seen: Frame) -> list[int]:
    """Return the objects that the list has room for, ranked as its own patches were."""
    logits = survey.judge.logits(objects.features)
    order = np.lexsort((objects.first[:, 1], objects.first[:, 0], -objects.blocks, -logits))
    kept = keep_best(logits, objects.parent, order)
    least = survey.listing.least_logit
    # What scores −∞ is never listed, even where the list has room for everything.
    chosen = (logits[kept] >= least) & (logits[kept] > -np.inf)
    numbers = [int(number) for number in kept[chosen]]
    if not survey.listing.patches:
        return numbers
    return [n for n in numbers if _ranked(survey, objects, n, float(logits[n]), seen) >= least]


def _ranked(survey: _Survey, objects: Objects, number: int, logit: float, seen: Frame) -> float:
    """Return the logit that an object is ranked by among what is listed."""
    mask, (top, left) = objects.mask(number)
    rows, cols = np.nonzero(mask)
    middle = np.array([cols.mean() + left + seen.left, rows.mean() + top + seen.top]) + 0.5
    placement = survey.placement
    place = placement.to_crs(shapely.Point(middle * survey.scale.block_px))
    lon, lat = transform_xy(placement.crs, WGS84, *shapely.get_coordinates(place).T)
    # A listed patch is not better than itself; its logit was rounded when it was kept.
    above = math.nextafter(round(logit, 5), math.inf)
    return survey.crowd.lowered(float(lon[0]), float(lat[0]), logit, above=above)
