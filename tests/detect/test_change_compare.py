"""What changed between two dates: planted pairs, and the laws that no threshold may break."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from raster_builders import EAST, GSD_M, NORTH, Planted, grass, north_up, write_raster
from rasterio.transform import Affine

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.change.align import align
from geoinspect.detect.change.alignment import Alignment, unaligned
from geoinspect.detect.change.compare import (
    Change,
    ChangeState,
    Dated,
    Marked,
    compare,
    counts_of,
)
from geoinspect.detect.change.evidence import SurveyView, evidence_in, view_of
from geoinspect.detect.change.files import write_changes
from geoinspect.detect.change.rasters import compare_rasters
from geoinspect.detect.change.verify import Place, PlaceState, verify
from geoinspect.detect.measure import Source
from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING
from geoinspect.detect.scan import Work
from geoinspect.settings import Settings

CRS = "EPSG:4545"
SETTINGS = Settings(budget_per_km2=4000)
KEPT = Planted(120, 140, 90, 100)
GONE = Planted(560, 180, 100, 80)
NEW = Planted(240, 640, 90, 110)
SMALL, LARGE = Planted(620, 600, 70, 70), Planted(620, 600, 140, 140)
SHIFT_PX = (20, 34)
SHIFT_M = (-SHIFT_PX[1] * GSD_M, SHIFT_PX[0] * GSD_M)


class PetalJudge:
    """Blue-green leaves and petals are evidence; by a plain formula, so that what is tested here
    does not hang on a trained model.
    """

    name = "petals"

    def evidence(self, levels: np.ndarray, judged: np.ndarray) -> np.ndarray:
        shown = levels[..., [CUES.index("glaucous"), CUES.index("patch_petals")]].mean(axis=-1)
        logits = np.where(judged, shown / 6 - 3, 0)
        return np.where(judged, np.rint(logits * EVIDENCE_STEPS), NOTHING).astype(np.int16)

    def logits(self, figures: np.ndarray) -> np.ndarray:
        return np.zeros(len(figures), dtype=np.float32)


def ground_of(planted: Planted) -> shapely.Polygon:
    """Return a planted rectangle where the first date has it."""
    left, top = EAST + planted.col * GSD_M, NORTH - planted.row * GSD_M
    return shapely.box(left, top - planted.height * GSD_M, left + planted.width * GSD_M, top)


def there(planted: Planted) -> shapely.Polygon:
    return shapely.transform(ground_of(planted), lambda p: p + np.array(SHIFT_M))


def later_pixels() -> np.ndarray:
    """The later date: other patches, another light, a shift."""
    pixels = grass(850, 950, [KEPT, NEW, LARGE]).astype(float)
    rng = np.random.default_rng(4)
    lit = 255 * (pixels / 255) ** 0.9 * np.array([0.92, 0.86, 0.84])[:, None, None]
    lit += rng.normal(0, 2, lit.shape)
    return np.clip(lit, 1, 254).astype(np.uint8)[:, SHIFT_PX[0] :, SHIFT_PX[1] :]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, Source]:
    folder = tmp_path_factory.mktemp("dates")
    first = write_raster(folder / "first.tif", grass(850, 950, [KEPT, GONE, SMALL]))
    later = write_raster(folder / "later.tif", later_pixels())
    return Source(first, "first", SETTINGS), Source(later, "later", SETTINGS)


@pytest.fixture(scope="module")
def alignment(sources: tuple[Source, Source]) -> Alignment:
    return align(*sources)


@contextmanager
def looking(source: Source, folder: Path) -> Iterator[SurveyView]:
    with view_of(source, PetalJudge(), Work(folder=folder)) as view:
        yield view


@pytest.fixture(scope="module")
def views(
    sources: tuple[Source, Source], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SurveyView, SurveyView]]:
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(looking(source, tmp_path_factory.mktemp("planes")))
            for source in sources
        )
        yield one, two


def marked(shapes: dict[int, shapely.Polygon]) -> list[Marked]:
    return [Marked(key, shape, CRS, 2.0) for key, shape in shapes.items()]


BEFORE = {1: ground_of(KEPT), 2: ground_of(GONE), 3: ground_of(SMALL)}
AFTER = {11: there(KEPT), 12: there(NEW), 13: there(LARGE)}


def states(changes: tuple[Change, ...]) -> dict[tuple[int | None, int | None], ChangeState]:
    return {(c.before, c.after): c.state for c in changes}


def test_planted_changes_are_told(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    assert np.allclose(alignment.shift_m, SHIFT_M, atol=0.1 * GSD_M)
    changes = compare(Dated(views[0], marked(BEFORE)), Dated(views[1], marked(AFTER)), alignment)
    assert states(changes) == {
        (1, 11): ChangeState.UNCHANGED,
        (2, None): ChangeState.CLEARED,
        (None, 12): ChangeState.NEW,
        (3, 13): ChangeState.GROWN,
    }
    grown = next(c for c in changes if c.state is ChangeState.GROWN)
    assert grown.area_before_m2 == pytest.approx(12.25)
    assert grown.area_after_m2 == pytest.approx(49)
    new = next(c for c in changes if c.state is ChangeState.NEW)
    assert new.figures.logit_after > new.figures.logit_before + 2
    # Places are told where the later survey has them.
    assert shapely.distance(new.polygon.centroid, there(NEW).centroid) < 0.01
    assert all(c.reason.en and c.reason.zh for c in changes)


SWAPPED = {
    ChangeState.NEW: ChangeState.CLEARED,
    ChangeState.CLEARED: ChangeState.NEW,
    ChangeState.GROWN: ChangeState.SHRUNK,
    ChangeState.SHRUNK: ChangeState.GROWN,
}


def test_swapping_the_dates_swaps_the_states(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    forth = compare(Dated(views[0], marked(BEFORE)), Dated(views[1], marked(AFTER)), alignment)
    back = compare(
        Dated(views[1], marked(AFTER)), Dated(views[0], marked(BEFORE)), alignment.swapped()
    )
    expected = {
        (after, before): SWAPPED.get(state, state)
        for (before, after), state in states(forth).items()
    }
    assert states(back) == expected
    assert sum(c.uncertain for c in forth) == sum(c.uncertain for c in back)


def test_a_survey_compared_with_itself_is_unchanged(sources: tuple[Source, Source]) -> None:
    # With the detector's own finds, whatever its model makes of them.
    made = compare_rasters(sources[0], sources[0])
    assert made.alignment.aligned
    assert math.hypot(*made.alignment.shift_m) < 0.005
    assert made.changes
    assert {c.state for c in made.changes} == {ChangeState.UNCHANGED}
    assert all(c.before == c.after for c in made.changes)
    assert all(c.area_before_m2 == c.area_after_m2 for c in made.changes)


def test_files_are_compared_and_written(sources: tuple[Source, Source], tmp_path: Path) -> None:
    made = compare_rasters(
        *sources,
        patches_before=marked(BEFORE),
        patches_after=marked(AFTER),
        judge=PetalJudge(),
        work=Work(folder=tmp_path),
    )
    assert counts_of(made.changes) == {
        "new": 1, "grown": 1, "unchanged": 1, "shrunk": 0, "cleared": 1, "not_seen": 0,
    }  # fmt: skip
    write_changes(made.changes, made.alignment, tmp_path / "changes.gpkg")
    table = gpd.read_file(tmp_path / "changes.gpkg", layer="changes")
    assert list(table["state"]) == [c.state.value for c in made.changes]
    assert table.crs.to_epsg() == 4545


def test_what_the_other_date_did_not_see_is_not_judged(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    outside = {9: shapely.box(EAST + 100, NORTH - 20, EAST + 106, NORTH - 14)}
    changes = compare(Dated(views[0], ()), Dated(views[1], marked(outside)), alignment)
    assert [c.state for c in changes] == [ChangeState.NOT_SEEN]
    assert not changes[0].uncertain


def test_a_bad_alignment_leaves_every_verdict_open(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    dated = Dated(views[0], marked(BEFORE)), Dated(views[1], marked(AFTER))
    lost = unaligned(CRS, GSD_M, alignment.origin, tried=9, distinct=1)
    assert all(c.uncertain for c in compare(*dated, lost))
    poor = replace(alignment, rms_m=1.5)
    assert all(c.uncertain for c in compare(*dated, poor) if c.area_after_m2 < 30)


def test_one_patch_in_two_pieces_is_no_change(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    west, south, east, north = there(KEPT).bounds
    middle = (west + east) / 2
    pieces = {
        11: shapely.box(west, south, middle, north),
        12: shapely.box(middle + 0.1, south, east, north),
    }
    one = Dated(views[0], marked({1: ground_of(KEPT)}))
    changes = compare(one, Dated(views[1], marked(pieces)), alignment)
    assert {c.state for c in changes} == {ChangeState.UNCHANGED}
    assert sorted(c.after for c in changes if c.after is not None) == [11, 12]
    assert sum(c.before == 1 for c in changes) == 1


def test_no_patches_no_changes(
    views: tuple[SurveyView, SurveyView], alignment: Alignment, tmp_path: Path
) -> None:
    changes = compare(Dated(views[0], ()), Dated(views[1], ()), alignment)
    assert changes == ()
    write_changes(changes, alignment, tmp_path / "none.gpkg")
    assert len(gpd.read_file(tmp_path / "none.gpkg")) == 0


def test_evidence_at_a_place(views: tuple[SurveyView, SurveyView]) -> None:
    first, _ = views
    patch = evidence_in(first, ground_of(KEPT), CRS)
    meadow = evidence_in(first, ground_of(NEW), CRS)
    assert patch.seen == meadow.seen == 1
    assert patch.logit > meadow.logit + 2
    assert patch.petal_share > meadow.petal_share
    # Half of it off the picture, all of it, and less than a block.
    edge = shapely.box(EAST - 2, NORTH - 10, EAST + 2, NORTH - 6)
    assert evidence_in(first, edge, CRS).seen == pytest.approx(0.5, abs=0.05)
    assert evidence_in(first, shapely.box(0, 0, 5, 5), CRS).seen == 0
    dot = shapely.Point(EAST + 10.01, NORTH - 10.02).buffer(0.02)
    assert evidence_in(first, dot, CRS).seen == 1


def test_eradication_is_checked_and_never_proved(
    views: tuple[SurveyView, SurveyView], alignment: Alignment
) -> None:
    far = shapely.box(EAST + 500, NORTH, EAST + 505, NORTH + 5)
    shapes = [ground_of(KEPT), ground_of(GONE), far]
    places = [Place(i, shape, CRS) for i, shape in enumerate(shapes, start=1)]
    told = verify(places, views[1], views[0], alignment)
    assert [v.key for v in told] == [1, 2, 3]
    assert told[0].state is PlaceState.STILL_STANDING
    # A meadow grew over the cleared bed: green without evidence.
    assert told[1].state is PlaceState.REGROWN
    assert told[1].uncertain
    assert told[2].state is PlaceState.NOT_SEEN
    assert told[1].before is not None
    assert told[1].before.logit > told[1].after.logit + 2
    assert shapely.distance(told[0].polygon.centroid, there(KEPT).centroid) < 0.02
    for verdict in told:
        words = f"{verdict.reason.en} {verdict.reason.zh}"
        assert "prove" not in words
        assert "证明" not in words
        assert verdict.as_json()["state"] == verdict.state.value


def test_bare_ground_counts_as_cleared(tmp_path: Path, sources: tuple[Source, Source]) -> None:
    pixels = grass(850, 950, [GONE, SMALL])
    rows = slice(KEPT.row - 20, KEPT.row + KEPT.height + 20)
    cols = slice(KEPT.col - 20, KEPT.col + KEPT.width + 20)
    rng = np.random.default_rng(2)
    size = (rows.stop - rows.start, cols.stop - cols.start)
    soil = np.array([130, 108, 84])[:, None, None] + rng.normal(0, 6, (3, *size))
    pixels[:, rows, cols] = soil.astype(np.uint8)
    # South up, which changes nothing.
    place = Affine(GSD_M, 0, EAST, 0, GSD_M, NORTH - 850 * GSD_M)
    assert place != north_up()
    path = write_raster(tmp_path / "bare.tif", pixels[:, ::-1].copy(), transform=place)
    place_of = [Place(1, ground_of(KEPT), CRS)]
    source = Source(path, "bare", SETTINGS)
    with looking(source, tmp_path) as later:
        told = verify(place_of, later)[0]
    assert told.state is PlaceState.CLEARED
    assert told.area_m2 == pytest.approx(22.5, rel=0.01)
    assert "not aligned" in told.reason.en


def test_a_black_picture_tells_nothing(tmp_path: Path, sources: tuple[Source, Source]) -> None:
    black = write_raster(tmp_path / "black.tif", np.zeros((3, 850, 950), dtype=np.uint8))
    made = compare_rasters(
        sources[0],
        Source(black, "black", SETTINGS),
        patches_before=marked(BEFORE),
        patches_after=(),
        judge=PetalJudge(),
    )
    assert not made.alignment.aligned
    assert {c.state for c in made.changes} == {ChangeState.NOT_SEEN}
