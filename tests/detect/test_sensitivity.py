"""What is told of a detector's sensitivity is what it does to patches put into a copy."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely
from five_band_builders import five_bands, write_five_bands
from hypothesis import given
from hypothesis import strategies as st
from raster_builders import grass, north_up, write_raster
from scipy import stats

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.implants import Implant, Picture, Planted, PlantedPicture, Wish
from geoinspect.detect.listing import Listed, Listing, listing_of
from geoinspect.detect.measure import Measured, Source, Stopped, measure
from geoinspect.detect.model import shipped
from geoinspect.detect.objects import EVIDENCE_STEPS, FEATURES, NOTHING
from geoinspect.detect.ranking import score_of
from geoinspect.detect.scan import Work
from geoinspect.detect.sensitivity import measure_sensitivity
from geoinspect.detect.sensitivity_files import sensitivities_of
from geoinspect.detect.sensitivity_hits import ListedObject, cover_of, hits
from geoinspect.detect.sensitivity_plan import AREAS_M2, looks_of, wishes_of
from geoinspect.detect.sensitivity_table import (
    THREE_COLOURS,
    Outcome,
    Sensitivity,
    Share,
    shares_of,
)
from geoinspect.detect.sheets import Frame, Judge, learn_levels
from geoinspect.errors import UsageError
from geoinspect.search_records import GrowthStage
from geoinspect.settings import Settings

GSD_M = 0.1
EVERYTHING = Listing(-math.inf, 100.0, 2.0)
FLOWER = GrowthStage.FLOWER


CUE = CUES.index("magenta")


@dataclass(frozen=True)
class Oracle:
    """Judges by magenta, which stamped patches have in plenty; ``bend`` changes its logits."""

    name: str = "oracle"
    bend: Callable[[np.ndarray], np.ndarray] = np.asarray

    def evidence(self, levels: np.ndarray, judged: np.ndarray) -> np.ndarray:
        raw = np.where(levels[:, :, CUE] > 60, 5, -6) * EVIDENCE_STEPS
        return np.where(judged, raw, NOTHING).astype(np.int16)

    def logits(self, figures: np.ndarray) -> np.ndarray:
        level = figures[:, FEATURES.index("magenta")]
        return np.asarray(self.bend(level / 10 - 4), dtype=np.float32)


ORACLE = Oracle()
BLIND = Oracle("blind", lambda logits: np.full(len(logits), -np.inf))
# Logits without sense, spread evenly.
GRADED = Oracle("graded", lambda logits: 3 * np.sin(1000 * logits))


def stamp(picture: Picture, wishes: Sequence[Wish], rng: np.random.Generator) -> PlantedPicture:
    """Draw magenta squares; a decoy is a copy of the ground that is there."""
    pixels, done = picture.pixels.copy(), []
    height, width = picture.valid.shape
    full = np.iinfo(pixels.dtype).max
    for wish in wishes:
        side = round(math.sqrt(wish.area_m2) / picture.gsd_m)
        for _ in range(60):
            if side > min(height, width) - 4:
                break
            row, col = rng.integers(2, height - side - 1), rng.integers(2, width - side - 1)
            outline = shapely.box(col, row, col + side, row + side)
            if any(other.outline.distance(outline) < 20 for other in done):
                continue
            if wish.kind is not Planted.DECOY:
                square = pixels[:, row : row + side, col : col + side]
                square[0], square[1], square[2] = full * 0.5, full * 0.1, full * 0.5
            done.append(Implant(wish, outline, outline.area * picture.gsd_m**2))
            break
    return PlantedPicture(pixels, tuple(done))


@dataclass(frozen=True)
class Ground:
    source: Source
    measured: Measured

    def run(self, judge: Judge, listing: Listing = EVERYTHING, **more: object) -> Sensitivity:
        tables = learn_levels(self.measured.planes, self.measured.scale)
        more = {"renderer": stamp, "stage": FLOWER, "patches": 12, "seed": 5, **more}
        return measure_sensitivity(self.source, self.measured, tables, judge, listing, **more)


def ground(folder: Path, pixels: np.ndarray, **more: object) -> Ground:
    folder.mkdir(exist_ok=True)
    path = write_raster(folder / "ground.tif", pixels, transform=north_up(GSD_M), **more)
    source = Source(path, path.name, Settings())
    return Ground(source, measure(source, folder))


@pytest.fixture(scope="module")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground(tmp_path_factory.mktemp("meadow"), grass(450, 700))


def test_an_oracle_finds_nearly_all_and_the_blind_nothing(meadow: Ground) -> None:
    told = meadow.run(ORACLE, patches=24)
    share = told.from_area(10)
    assert share.planted >= 15
    assert share.found >= 0.95 * share.planted
    assert told.decoys.found == told.ordinary.found == 0 < told.decoys.planted
    blind = meadow.run(BLIND, patches=24)
    assert blind.from_area(0).found == 0
    assert blind.from_area(0).planted == told.from_area(0).planted


def test_the_seed_decides_and_not_the_threads(meadow: Ground) -> None:
    def strata(**more: object) -> object:
        return meadow.run(ORACLE, Listing(0.0, 1.0, 2.0), **more).as_json()

    assert strata(workers=1) == strata(workers=3)
    made: dict[int, list[Implant]] = {1: [], 2: []}
    for seed, kept in made.items():

        def noted(
            picture: Picture,
            wishes: Sequence[Wish],
            rng: np.random.Generator,
            kept: list[Implant] = kept,
        ) -> PlantedPicture:
            done = stamp(picture, wishes, rng)
            kept += done.implants
            return done

        meadow.run(ORACLE, renderer=noted, seed=seed)
    one, two = ([shapely.to_wkt(i.outline) for i in kept] for kept in made.values())
    assert sorted(one) != sorted(two)


def test_a_larger_budget_never_finds_less(meadow: Ground) -> None:
    counts = []
    for least in (2.0, -1.0, -math.inf):
        told = meadow.run(GRADED, Listing(least, 1.0, 2.0))
        counts.append([cell.share.found + cell.on_listed_ground for cell in told.strata])
    assert sum(counts[-1]) > 0
    for less, more in zip(counts, counts[1:], strict=False):
        assert all(a <= b for a, b in zip(less, more, strict=True))


def test_the_shipped_pieces_work_together_and_leave_the_file_alone(meadow: Ground) -> None:
    path = meadow.source.path
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    beside = sorted(p.name for p in path.parent.iterdir())
    from geoinspect.detect.rehearse import rehearse

    told = meadow.run(shipped(), Listing(0.0, 250.0, 2.0), renderer=rehearse, patches=12)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before
    assert sorted(p.name for p in path.parent.iterdir()) == beside
    document = json.loads(json.dumps(told.as_json(), allow_nan=False))
    cells = document["strata"]
    assert sum(c["planted"] + c["dropped"] + c["on_listed_ground"] for c in cells) == 12
    assert document["planted"] == sum(c["planted"] for c in cells) > 0
    assert document["simulated"] is True
    assert "not proof" in document["message"]
    assert document["renderer"] == "rehearse"
    assert document["false_alarms_per_km2"] == 250.0


def test_what_was_listed_before_counts_neither_way(tmp_path: Path) -> None:
    pixels = grass(400, 450)
    pixels[:, 200:250, 300:350] = np.array([128, 26, 128])[:, None, None]

    def idle(picture: Picture, wishes: Sequence[Wish], rng: np.random.Generator) -> PlantedPicture:
        outline = shapely.box(300, 200, 350, 250)
        return PlantedPicture(
            picture.pixels.copy(), tuple(Implant(w, outline, 25.0) for w in wishes)
        )

    told = ground(tmp_path / "g", pixels).run(ORACLE, renderer=idle, patches=9)
    assert told.from_area(0) == Share(0, 0)
    assert sum(cell.on_listed_ground for cell in told.strata) == 9
    assert told.ordinary.rate == 1.0
    assert told.as_json()["overall"]["recall"] is None


@pytest.mark.parametrize("kind", ["float32", "uint16"])
def test_other_kinds_of_numbers_are_planted_as_well(tmp_path: Path, kind: str) -> None:
    pixels = grass(400, 400).astype(np.float32)
    pixels = pixels / 255 if kind == "float32" else (pixels * 100).astype(np.uint16)
    told = ground(tmp_path / "g", pixels).run(ORACLE)
    share = told.from_area(10)
    assert share.found >= 0.9 * share.planted > 0


def test_ground_without_pixels_is_not_planted(tmp_path: Path) -> None:
    pixels = grass(400, 1500)
    pixels[:, :, 300:] = 0
    told = ground(tmp_path / "g", pixels, nodata=0).run(ORACLE)
    # 30 m × 40 m of ground lie in the first piece.
    assert told.pieces == 1
    assert told.from_area(0).planted > 0


def test_what_cannot_be_measured_says_so(meadow: Ground, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="above ground"):
        meadow.run(ORACLE, stage=GrowthStage.NONE)
    for patches in (0, -1, 10**7):
        with pytest.raises(UsageError, match="1 to 100,000"):
            meadow.run(ORACLE, patches=patches)
    black = ground(tmp_path / "b", np.zeros((3, 300, 300), np.uint8))
    with pytest.raises(UsageError, match="too little vegetation"):
        measure_sensitivity(black.source, black.measured, None, ORACLE, EVERYTHING)
    with pytest.raises(Stopped):
        meadow.run(ORACLE, cancelled=lambda: True)


@given(st.integers(0, 400), st.integers(1, 400))
def test_intervals_are_wilsons(found: int, more: int) -> None:
    share = Share(found, found + more)
    expected = stats.binomtest(found, found + more).proportion_ci(0.95, method="wilson")
    assert share.interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    low, high = share.interval
    assert low <= share.estimate <= high
    assert 0 < share.estimate < 1
    assert low <= share.rate <= high


def test_none_of_none_says_nothing() -> None:
    assert Share(0, 0).rate is None
    assert Share(0, 0).interval == (0.0, 1.0)


@given(
    st.integers(1, 12), st.floats(0.6, 9), st.floats(0.6, 9), st.floats(2, 18), st.floats(2, 18),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_hit_is_an_overlap_of_shapes(
    block_px: int, high: float, wide: float, top: float, left: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # Edges on the quarters of blocks, where counting quarters is exact.
    y, x, high, wide = (max(1, round(v * 4)) / 4 for v in (top, left, high, wide))
    corner = tuple(int(v) for v in rng.integers(0, 18, 2))
    mask = rng.random(rng.integers(1, 8, 2)) < 0.7
    find = ListedObject(mask, corner, int(mask.sum()))
    piece, seen = Frame(40, 30, 80, 70), Frame(35, 22, 85, 80)
    outline = shapely.box(x * block_px, y * block_px, (x + wide) * block_px, (y + high) * block_px)
    ground = shapely.box(x + 8, y + 5, x + 8 + wide, y + 5 + high)
    blocks = shapely.union_all(
        [shapely.box(corner[1] + j, corner[0] + i, corner[1] + j + 1, corner[0] + i + 1)
         for i, j in np.argwhere(mask)]
    )  # fmt: skip
    common, union = shapely.intersection(ground, blocks).area, shapely.union(ground, blocks).area
    covered, likeness = common / ground.area, common / union
    if min(abs(covered - 0.2), abs(likeness - 0.1)) < 1e-6:
        return
    cover, at = cover_of(outline, block_px, piece, seen)
    assert hits(find, cover, at) == (covered > 0.2 and likeness > 0.1)


@given(st.lists(st.floats(-9, 9), max_size=40), st.floats(1, 1000), st.floats(1e3, 1e6))
def test_a_list_ends_where_its_budget_does(
    logits: list[float], budget_per_km2: float, valid_area_m2: float
) -> None:
    allowed = max(1, math.floor(budget_per_km2 * valid_area_m2 / 1e6 + 1e-9))
    ranked = sorted(logits, reverse=True)[:allowed]
    listing = listing_of(
        [Listed(0.0, 0.0, 9.0, score_of(logit)) for logit in ranked],
        budget_per_km2=budget_per_km2,
        valid_area_m2=valid_area_m2,
        min_area_m2=2.0,
    )
    assert round(listing.per_km2 * valid_area_m2 / 1e6) == len(ranked)
    assert all(logit >= listing.least_logit for logit in ranked)
    if len(ranked) < allowed:
        assert listing.least_logit == -math.inf
    else:
        # A score has six digits.
        assert listing.least_logit == pytest.approx(ranked[-1], abs=0.01)


@pytest.mark.parametrize(("logit", "listed"), [(5.0, False), (0.9, True)])
def test_better_patches_of_the_list_crowd_what_is_planted(
    meadow: Ground, logit: float, listed: bool
) -> None:
    level = Oracle("level", np.ones_like)
    placement = meadow.measured.placement
    around = [
        Listed(
            *np.ravel(
                shapely.get_coordinates(placement.to_wgs84(shapely.box(x, y, x + 1, y + 1)))[0]
            ),
            logit,
            0.9,
        )
        for x in range(0, 700, 50)
        for y in range(0, 450, 50)
    ]
    alone = meadow.run(level, Listing(0.5, 100.0, 2.0)).from_area(10)
    assert alone.found > 0
    crowded = meadow.run(level, Listing(0.5, 100.0, 2.0, tuple(around))).from_area(10)
    assert crowded == (alone if listed else Share(0, alone.planted))


def test_too_coarse_pixels_are_the_reason_told(tmp_path: Path) -> None:
    coarse = write_raster(tmp_path / "c.tif", grass(200, 200), transform=north_up(2.0))
    source = Source(coarse, "c.tif", Settings())
    ((name, told),) = sensitivities_of([source], shipped(), (), EVERYTHING, work=Work(workers=1))
    assert name == "c.tif"
    assert "a pixel of 'c.tif' is about 2 m" in told.en


def test_bands_that_simulated_patches_lack_are_told(tmp_path: Path) -> None:
    path = write_five_bands(tmp_path / "five.tif", five_bands())
    source = Source(path, path.name, Settings())
    measured = measure(source, tmp_path)
    told = Ground(source, measured).run(shipped(), renderer=stamp, patches=3)
    measured.planes.close()
    assert told.beyond_colours
    assert THREE_COLOURS.zh in [text["message_zh"] for text in told.as_json()["assumptions"]]


def test_all_strata_are_wished_for_alike() -> None:
    rng = np.random.default_rng(1)
    for stage in (None, FLOWER, GrowthStage.BUD, GrowthStage.SEEDLING):
        looks = looks_of(stage)
        wishes = wishes_of(stage, 150, rng)
        targets = [wish for wish in wishes if wish.kind is Planted.POPPY]
        counts = {(a, look): 0 for a in AREAS_M2 for look in looks}
        for wish in targets:
            counts[wish.area_m2, (wish.stage, wish.bloom_per_m2)] += 1
            assert wish.bloom_per_m2 == 0 or wish.stage is FLOWER
        assert max(counts.values()) - min(counts.values()) <= 1
        assert (len(targets), len(wishes)) == (150, 187)


def test_shares_add_up_from_outcomes() -> None:
    wish, decoy = Wish(Planted.POPPY, 10.0, FLOWER, 5.0), Wish(Planted.DECOY, 10.0, FLOWER)
    outcomes = [
        Outcome(wish, planted=True, found=True),
        Outcome(wish, planted=True),
        Outcome(wish, planted=True, found=True, found_before=True),
        Outcome(wish, planted=False),
        Outcome(decoy, planted=True, found=True),
        Outcome(decoy, planted=True),
    ]
    (cell,), decoys, ordinary = shares_of(outcomes)
    assert (cell.share, cell.dropped, cell.on_listed_ground) == (Share(1, 2), 1, 1)
    assert (decoys, ordinary) == (Share(1, 2), Share(1, 5))


def test_any_number_of_threads_gives_the_same(meadow: Ground) -> None:
    more = {"stage": FLOWER, "patches": 3, "seed": 1}
    told = meadow.run(ORACLE, EVERYTHING, **more)
    assert told == meadow.run(ORACLE, EVERYTHING, **more, workers=1)
    assert told.strata
