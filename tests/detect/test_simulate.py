"""Laws of renderer A: what it may change, where it plants, and that its decoys are honest."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.implants import PatchForm, Picture, Planted, PlantedPicture, Wish
from geoinspect.detect.simulate import neighbourhood_px, simulate
from geoinspect.search_records import GrowthStage

LEAF, SOIL, WATER = (95, 118, 68), (150, 128, 98), (60, 80, 95)


def _picture(seed: int, gsd_m: float = 0.1, side: int = 260, deep: bool = False) -> Picture:
    """Grass and soil in noise, a pond to the left, a corner that isn't valid."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.random((side // 20 + 1, side // 20 + 1)), np.ones((20, 20)))
    grass = coarse[:side, :side] > 0.4
    pixels = np.where(grass, np.array(LEAF)[:, None, None], np.array(SOIL)[:, None, None])
    noisy = pixels * rng.normal(1, 0.06, (side, side)) + rng.normal(0, 2, (3, side, side))
    pond = slice(0, side // 5)
    noisy[:, :, pond] = np.array(WATER)[:, None, None] + rng.normal(0, 0.4, (3, side, side // 5))
    valid = np.ones((side, side), dtype=bool)
    valid[-side // 4 :, -side // 4 :] = False
    noisy[:, ~valid] = 0
    scaled = noisy * (40 if deep else 1)
    return Picture(np.rint(scaled).astype(np.uint16 if deep else np.uint8), valid, gsd_m)


def _wishes() -> st.SearchStrategy[list[Wish]]:
    wish = st.builds(
        Wish,
        kind=st.sampled_from(Planted),
        area_m2=st.floats(0.5, 60),
        stage=st.sampled_from(GrowthStage),
        bloom_per_m2=st.sampled_from([0.0, 2.0, 15.0]),
        form=st.sampled_from(PatchForm),
    )
    return st.lists(wish, max_size=5)


def _near(picture: Picture, planted: PlantedPicture) -> np.ndarray:
    """Where the renderer may change pixels: the bounds of the patches and a margin."""
    near = np.zeros(picture.valid.shape, dtype=bool)
    margin = neighbourhood_px(picture.gsd_m)
    for implant in planted.implants:
        west, north, east, south = implant.outline.bounds
        rows = slice(max(0, int(north) - margin), int(np.ceil(south)) + margin)
        cols = slice(max(0, int(west) - margin), int(np.ceil(east)) + margin)
        near[rows, cols] = True
    return near & picture.valid


@settings(max_examples=25, deadline=None)
@given(_wishes(), st.integers(0, 50), st.sampled_from([0.05, 0.1, 0.5]), st.booleans())
def test_laws_of_a_planted_picture(wishes: list[Wish], seed: int, gsd_m: float, deep: bool) -> None:
    picture = _picture(seed, gsd_m, deep=deep)
    kept = picture.pixels.copy()
    planted = simulate(picture, wishes, np.random.default_rng(seed))
    again = simulate(picture, wishes, np.random.default_rng(seed))
    assert np.array_equal(picture.pixels, kept)
    assert np.array_equal(planted.pixels, again.pixels)
    assert planted.implants == again.implants
    assert planted.pixels.dtype == picture.pixels.dtype
    changed = (planted.pixels != kept).any(axis=0)
    assert not (changed & ~_near(picture, planted)).any()
    left = list(wishes)
    for implant in planted.implants:
        # In the order of the wishes: each is found after the one before it.
        left = left[left.index(implant.wish) + 1 :]
        assert implant.area_m2 == pytest.approx(implant.wish.area_m2, rel=0.2)
        assert implant.area_m2 == pytest.approx(implant.outline.area * gsd_m**2, rel=1e-6)
        assert implant.outline.is_valid
    for k, one in enumerate(planted.implants):
        for other in planted.implants[:k]:
            assert shapely.distance(one.outline, other.outline) * gsd_m >= 2 - 1e-9


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(PatchForm))
def test_patches_stand_on_valid_open_ground(seed: int, form: PatchForm) -> None:
    picture = _picture(seed)
    wishes = [Wish(Planted.POPPY, 12.0, GrowthStage.BUD, 0.0, form)] * 4
    planted = simulate(picture, wishes, np.random.default_rng(seed))
    assert planted.implants
    side = picture.valid.shape[0]
    corner = shapely.box(side - side // 4, side - side // 4, side, side)
    pond = shapely.box(0, 0, side // 5, side)
    for implant in planted.implants:
        assert shapely.box(0, 0, side, side).contains(implant.outline)
        assert implant.outline.intersection(corner).area == 0
        assert implant.outline.intersection(pond).area <= 0.1 * implant.outline.area


def _blueness(picture: Picture, planted: PlantedPicture) -> list[float]:
    """Mean blue chromaticity of the green pixels of each patch."""
    out = []
    for implant in planted.implants:
        inner = implant.outline.buffer(-2)
        rows, cols = np.indices(picture.valid.shape)
        inside = shapely.contains_xy(inner, cols + 0.5, rows + 0.5)
        r, g, b = planted.pixels[:, inside].astype(float)
        green = 2 * g - r - b > 0.06 * (r + g + b)
        if green.sum() > 30:
            out.append(float((b / (r + g + b))[green].mean()))
    return out


def test_decoys_keep_the_blueness_of_the_leaves_around_and_poppies_dont() -> None:
    shifts: dict[Planted, list[float]] = {Planted.DECOY: [], Planted.POPPY: []}
    usual = LEAF[2] / sum(LEAF)
    for seed in range(14):
        picture = _picture(seed, 0.05)
        for kind, found in shifts.items():
            wishes = [Wish(kind, 8.0, GrowthStage.BUD, 0.0, PatchForm.BLOB)] * 3
            planted = simulate(picture, wishes, np.random.default_rng(seed))
            found += [value - usual for value in _blueness(picture, planted)]
    assert len(shifts[Planted.DECOY]) > 15
    assert abs(np.mean(shifts[Planted.DECOY])) < 0.008
    assert np.mean(shifts[Planted.POPPY]) > 0.02


def test_flowers_stand_only_where_they_are_asked_for() -> None:
    """Red petals: counted as pixels redder than any leaf or soil of the picture."""
    counts = {}
    for bloom, stage in ((0.0, GrowthStage.FLOWER), (40.0, GrowthStage.ROSETTE), (40.0, None)):
        total = 0
        for seed in range(6):
            picture = _picture(seed, 0.03)
            wish = Wish(Planted.CORN_POPPY if stage is None else Planted.POPPY, 6.0,
                        stage or GrowthStage.FLOWER, bloom, PatchForm.BLOB)  # fmt: skip
            out = simulate(picture, [wish], np.random.default_rng(seed)).pixels.astype(float)
            total += int((out[0] > 1.8 * out[1])[picture.valid].sum())
        counts[bloom, stage] = total
    assert counts[0.0, GrowthStage.FLOWER] == counts[40.0, GrowthStage.ROSETTE] == 0
    assert counts[40.0, None] > 200


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (0, 0), (300, 300)])
@pytest.mark.parametrize("fill", [0, 1, 128, 255])
def test_pictures_without_room_come_back_as_they_were(
    dtype: type, shape: tuple[int, int], fill: int
) -> None:
    pixels = np.full((3, *shape), fill, dtype=dtype)
    for valid in (np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool)):
        if shape == (300, 300) and valid.any():
            continue
        picture = Picture(pixels, valid, 0.05)
        wishes = [Wish(Planted.POPPY, 20.0, GrowthStage.FLOWER, 5.0)]
        planted = simulate(picture, wishes, np.random.default_rng(0))
        assert planted.implants == ()
        assert np.array_equal(planted.pixels, pixels)
        assert planted.pixels is not pixels


@pytest.mark.parametrize("gsd_m", [0.008, 0.5])
def test_finest_and_coarsest_pixels(gsd_m: float) -> None:
    picture = _picture(1, gsd_m, side=500 if gsd_m < 0.1 else 120)
    area_m2 = 1.5 if gsd_m < 0.1 else 100.0
    wish = Wish(Planted.POPPY, area_m2, GrowthStage.FLOWER, 20.0, PatchForm.BLOB)
    planted = simulate(picture, [wish], np.random.default_rng(2))
    assert len(planted.implants) == 1
    assert (planted.pixels != picture.pixels).any()
