"""Laws of the renderer that measures: what it must leave alone, and what it promises."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from geoinspect.detect.implants import PatchForm, Picture, Planted, PlantedPicture, Wish
from geoinspect.detect.rehearse import rehearse
from geoinspect.search_records import GrowthStage

GRASS = np.array([96.0, 122.0, 70.0])
SOIL = np.array([150.0, 122.0, 94.0])


@lru_cache(maxsize=8)
def field(
    size: int = 260, dtype: str = "uint8", leaf: tuple[float, ...] = tuple(GRASS)
) -> np.ndarray:
    """Rough grass with a bare strip, from its own simple noise."""
    rng = np.random.default_rng(7)
    light = 1 + 0.10 * rng.standard_normal((size, size))
    light += (
        0.05 * np.kron(rng.standard_normal((size // 4 + 1,) * 2), np.ones((4, 4)))[:size, :size]
    )
    colour = np.repeat(np.array(leaf)[:, None, None], size, axis=1) * np.ones((1, 1, size))
    colour[:, :, : size // 5] = SOIL[:, None, None]
    scale = 1.0 if dtype == "uint8" else 40.0
    top = np.iinfo(dtype).max
    return np.clip(colour * light * scale, 0, top).astype(dtype)


def picture(gsd_m: float = 0.05, dtype: str = "uint8", valid: np.ndarray | None = None) -> Picture:
    pixels = field(dtype=dtype)
    return Picture(pixels, np.ones(pixels.shape[1:], bool) if valid is None else valid, gsd_m)


def far_from(planted: PlantedPicture, gsd_m: float, size: int = 260) -> np.ndarray:
    """Return pixels (by their middle) further from every outline than the promise."""
    cols, rows = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    points = shapely.points(cols, rows)
    far = np.ones((size, size), bool)
    for implant in planted.implants:
        far &= shapely.distance(points, implant.outline) > 0.5 / gsd_m + 5
    return far


wishes = st.builds(
    Wish,
    kind=st.sampled_from(Planted),
    area_m2=st.floats(1.0, 12.0),
    stage=st.sampled_from([s for s in GrowthStage if s is not GrowthStage.NONE]),
    bloom_per_m2=st.sampled_from([0.0, 2.0, 15.0, 40.0]),
    form=st.sampled_from(PatchForm),
)


@settings(max_examples=15, deadline=None)
@given(
    asked=st.lists(wishes, min_size=1, max_size=3),
    gsd_m=st.sampled_from([0.02, 0.05, 0.1, 0.3]),
    dtype=st.sampled_from(["uint8", "uint16"]),
    seed=st.integers(0, 1000),
)
def test_patches_stand_whole_and_apart_and_nothing_else_changes(
    asked: list[Wish], gsd_m: float, dtype: str, seed: int
) -> None:
    valid = np.ones((260, 260), bool)
    valid[100:140, 150:200] = False
    before = picture(gsd_m, dtype, valid)
    kept = before.pixels.copy()
    planted = rehearse(before, asked, np.random.default_rng(seed))
    assert np.array_equal(before.pixels, kept)
    assert planted.pixels.dtype == kept.dtype
    assert planted.pixels.shape == kept.shape
    untouched = far_from(planted, gsd_m) | ~valid
    assert np.array_equal(planted.pixels[:, untouched], kept[:, untouched])
    hole = shapely.box(150, 100, 200, 140)
    frame = shapely.box(0, 0, 260, 260)
    outlines = [implant.outline for implant in planted.implants]
    for i, implant in enumerate(planted.implants):
        assert implant.wish in asked
        assert implant.outline.is_valid
        assert frame.contains(implant.outline)
        assert implant.outline.disjoint(hole)
        assert implant.area_m2 == pytest.approx(implant.outline.area * gsd_m**2)
        assert abs(implant.area_m2 - implant.wish.area_m2) < 0.2 * implant.wish.area_m2
        assert all(implant.outline.distance(o) * gsd_m >= 2 - 1e-6 for o in outlines[:i])


def test_the_same_dice_give_the_same_picture_and_others_another() -> None:
    asked = [Wish(Planted.POPPY, 8.0, GrowthStage.FLOWER, 15.0, form) for form in PatchForm]
    first, again, other = (
        rehearse(picture(), asked, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert len(first.implants) >= 3
    assert np.array_equal(first.pixels, again.pixels)
    assert first.implants == again.implants
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("form", [PatchForm.PARCEL, PatchForm.BLOB, PatchForm.STRIP])
def test_every_patch_can_be_seen_in_the_pixels(form: PatchForm) -> None:
    asked = [Wish(Planted.POPPY, 9.0, GrowthStage.BUD, 0.0, form)]
    planted = rehearse(picture(), asked, np.random.default_rng(5))
    (implant,) = planted.implants
    changed = (planted.pixels != field()).any(axis=0)
    assert changed[covered(implant.outline)].mean() > 0.8


def test_strays_leave_the_ground_between_them_as_it_was() -> None:
    asked = [Wish(Planted.POPPY, 25.0, GrowthStage.BUD, 0.0, PatchForm.SCATTERED)]
    for seed in range(4):
        planted = rehearse(picture(), asked, np.random.default_rng(seed))
        (implant,) = planted.implants
        inside = covered(implant.outline)
        step = np.abs(planted.pixels.astype(float) - field())[:, inside].max(axis=0)
        assert 0.005 < (step > 12).mean() < 0.5
        assert abs(planted.pixels[:, inside].mean() - field()[:, inside].mean()) < 10


def covered(outline: Polygon | MultiPolygon, size: int = 260) -> np.ndarray:
    cols, rows = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    return shapely.contains_xy(outline, cols, rows)


def mean_colours(kind: Planted, stage: GrowthStage, bloom: float, **kwargs: str) -> np.ndarray:
    """Return mean chromaticities under patches of a kind over several pictures, shape (n, 3)."""
    found = []
    for seed in range(12):
        wish = Wish(kind, 10.0, stage, bloom, PatchForm.PARCEL)
        planted = rehearse(picture(**kwargs), [wish], np.random.default_rng(seed))
        for implant in planted.implants:
            inner = (
                planted.pixels[:, covered(implant.outline.buffer(-3))].astype(float).mean(axis=1)
            )
            found.append(inner / inner.sum())
    assert len(found) >= 8
    return np.array(found)


def test_decoys_keep_the_colour_of_their_donor_and_poppies_are_bluer() -> None:
    decoys = mean_colours(Planted.DECOY, GrowthStage.BUD, 15.0)
    # A decoy is grass and the soil between; its colour lies on the line between the two.
    grass, soil = GRASS / GRASS.sum(), SOIL / SOIL.sum()
    along = (decoys - grass) @ (soil - grass) / ((soil - grass) @ (soil - grass))
    off = decoys - grass - along[:, None] * (soil - grass)
    assert np.abs(off).max() < 0.012
    assert along.min() > -0.15
    assert along.max() < 0.9
    poppies = mean_colours(Planted.POPPY, GrowthStage.BUD, 0.0)
    assert poppies[:, 2].mean() > decoys[:, 2].mean() + 0.01
    # Overlap is meant: the least blue poppies are no bluer than ordinary grass and soil.
    assert poppies[:, 2].min() < decoys[:, 2].max() + 0.01


def test_flowers_brighten_a_patch_with_their_number_and_only_in_flower() -> None:
    def bright(stage: GrowthStage, bloom: float) -> float:
        wish = Wish(Planted.POPPY, 10.0, stage, bloom, PatchForm.PARCEL)
        total = 0.0
        for seed in range(6):
            planted = rehearse(picture(0.03), [wish], np.random.default_rng(seed))
            for implant in planted.implants:
                inside = planted.pixels[:, covered(implant.outline)].min(axis=0)
                total += float((inside > 135).mean())
        return total

    few, many = bright(GrowthStage.FLOWER, 2.0), bright(GrowthStage.FLOWER, 40.0)
    assert many > few + 0.1
    assert bright(GrowthStage.BUD, 40.0) < many / 4


def test_no_patches_on_water_roofs_or_crowns() -> None:
    pixels = field().copy()
    rng = np.random.default_rng(1)
    pixels[:, :, 60:] = np.array([70, 90, 100], np.uint8)[:, None, None]
    pixels[:, 120:, 60:] = np.array([176, 174, 172], np.uint8)[:, None, None]
    crowns = np.kron(rng.choice([0.3, 1.3], (20, 20)), np.ones((7, 7)))
    pixels[:, :120, 140:] = (GRASS[:, None, None] * crowns[:120, :120]).astype(np.uint8)
    scene = Picture(pixels, np.ones((260, 260), bool), 0.1)
    asked = [Wish(Planted.POPPY, 1.5, GrowthStage.BUD, 0.0, PatchForm.PARCEL)] * 6
    planted = rehearse(scene, asked, np.random.default_rng(2))
    assert planted.implants
    assert all(implant.outline.bounds[2] < 64 for implant in planted.implants)


def test_what_has_nothing_to_show_is_left_out() -> None:
    asked = [
        Wish(Planted.POPPY, 9.0, GrowthStage.NONE),
        Wish(Planted.POPPY, 1e6, GrowthStage.BUD),
    ]
    planted = rehearse(picture(), asked, np.random.default_rng(0))
    assert planted.implants == ()
    assert np.array_equal(planted.pixels, field())


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 40), (3, 3), (40, 40)])
@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_empty_tiny_and_flat_pictures_come_back_as_they_are(
    shape: tuple[int, int], seen: bool, value: int
) -> None:
    pixels = np.full((3, *shape), value, np.uint8)
    asked = [Wish(Planted.POPPY, 4.0, GrowthStage.FLOWER, 15.0)]
    planted = rehearse(Picture(pixels, np.full(shape, seen), 0.05), asked, np.random.default_rng(0))
    assert planted.implants == ()
    assert np.array_equal(planted.pixels, pixels)


@pytest.mark.parametrize("gsd_m", [0.008, 0.5])
def test_the_finest_and_the_coarsest_pictures(gsd_m: float) -> None:
    area_m2 = 0.6 if gsd_m < 0.1 else 200.0
    wish = Wish(Planted.POPPY, area_m2, GrowthStage.FLOWER, 40.0, PatchForm.BLOB)
    planted = rehearse(picture(gsd_m), [wish], np.random.default_rng(1))
    assert len(planted.implants) == 1
    assert not np.array_equal(planted.pixels, field())


def test_ground_without_plants_gets_grown_ones() -> None:
    pixels = field(leaf=tuple(SOIL))
    scene = Picture(pixels, np.ones((260, 260), bool), 0.05)
    wish = Wish(Planted.DECOY, 9.0, GrowthStage.BUD, 0.0, PatchForm.PARCEL)
    planted = rehearse(scene, [wish], np.random.default_rng(3))
    (implant,) = planted.implants
    red, green, blue = planted.pixels[:, covered(implant.outline)].astype(float).mean(axis=1)
    assert green / (red + green + blue) > SOIL[1] / SOIL.sum() + 0.01
