"""Two surveys are aligned to parts of a pixel, and refused when there is nothing to go by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from raster_builders import EAST, NORTH, north_up, write_raster
from rasterio.transform import Affine

from geoinspect.crs import transform_xy
from geoinspect.detect.change.align import align
from geoinspect.detect.change.alignment import UNALIGNED_RMS_M, WindowShifts, fit
from geoinspect.detect.change.phase import correlate, relief
from geoinspect.detect.measure import Source
from geoinspect.errors import InputError
from geoinspect.settings import Settings

# The ground is made this much finer than the pictures, so that shifts are parts of a pixel.
FINE = 4
GSD_M = 0.05


def texture(side: int, seed: int = 3) -> np.ndarray:
    """Ground with structure of many sizes, brightness 40 to 200, shape (side, side)."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    spectrum = np.fft.rfft2(rng.normal(size=(side, side))) / np.maximum(frequency, 2 / side) ** 1.2
    spectrum[frequency > 0.12] = 0
    field = np.fft.irfft2(spectrum, (side, side))
    return 120 + 30 * np.clip(field / field.std(), -2.6, 2.6)


GROUND = texture(2400)


def picture(
    row: int,
    col: int,
    side: int,
    *,
    fine: int = FINE,
    gain: float = 1.0,
    seed: int = 0,
    ground: np.ndarray = GROUND,
) -> np.ndarray:
    """A picture of the ground from a fine place on, averaged, with other light and noise."""
    part = ground[row : row + side * fine, col : col + side * fine]
    part = part.reshape(side, fine, side, fine).mean(axis=(1, 3))
    rng = np.random.default_rng(seed)
    slope = np.linspace(0.8, 1.2, side)
    lit = 255 * (part / 255) ** (1 / gain) * (slope if gain != 1 else 1)
    colours = np.stack([lit * 0.9, lit, lit * 0.7])
    return np.clip(colours + rng.normal(0, 4, colours.shape), 1, 254).astype(np.uint8)


def survey(folder: Path, name: str, pixels: np.ndarray, **more: object) -> Source:
    path = write_raster(folder / f"{name}.tif", pixels, **more)
    return Source(path, name, Settings())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return survey(tmp_path_factory.mktemp("first"), "first", picture(0, 0, 400))


@pytest.mark.parametrize(("row", "col"), [(3, 5), (37, 90), (160, 130)])
def test_known_shifts_are_found_to_a_tenth_of_a_pixel(
    tmp_path: Path, first: Source, row: int, col: int
) -> None:
    later = survey(tmp_path, "later", picture(row, col, 400, gain=1.4, seed=9))
    found = align(first, later)
    truth = (-col * GSD_M / FINE, row * GSD_M / FINE)
    assert found.aligned
    assert np.allclose(found.shift_m, truth, atol=0.1 * GSD_M)
    assert found.agreement > 0.7
    assert found.rms_m < 0.5 * GSD_M
    # What is at a place of the first lies moved in the second, and back.
    point = shapely.Point(EAST + 10, NORTH - 10)
    moved = found.to_after(point)
    assert np.allclose([moved.x - point.x, moved.y - point.y], truth, atol=0.1 * GSD_M)
    assert shapely.distance(found.to_before(moved), point) < 1e-9


def test_other_pixel_size_turn_and_crs(tmp_path: Path, first: Source) -> None:
    # 10 cm pixels over the same corner, moved by half a metre in the file.
    place = Affine.translation(0.5, -0.25) @ north_up(2 * GSD_M)
    coarse = survey(tmp_path, "coarse", picture(0, 0, 240, fine=2 * FINE, seed=2), transform=place)
    found = align(first, coarse)
    assert found.aligned
    assert found.gsd_m == pytest.approx(0.1, rel=0.01)
    assert np.allclose(found.shift_m, (0.5, -0.25), atol=0.01)
    # The same pixels turned by 90° in the file, with a geotransform that says so.
    pixels = picture(0, 0, 400, seed=5)
    turned = np.rot90(pixels, axes=(1, 2))
    way = north_up() @ Affine(0, -1, 400, 1, 0, 0)
    found = align(first, survey(tmp_path, "turned", turned.copy(), transform=way))
    assert np.allclose(found.shift_m, (0, 0), atol=0.1 * GSD_M)
    # Degrees instead of metres: placed by the exact inverse of the first one's corners.
    x = np.array([EAST, EAST + 20, EAST])
    y = np.array([NORTH, NORTH, NORTH - 20])
    lon, lat = transform_xy("EPSG:4545", "EPSG:4326", x, y)
    degrees = Affine(
        (lon[1] - lon[0]) / 400, (lon[2] - lon[0]) / 400, lon[0],
        (lat[1] - lat[0]) / 400, (lat[2] - lat[0]) / 400, lat[0],
    )  # fmt: skip
    far = survey(tmp_path, "degrees", pixels, crs="EPSG:4326", transform=degrees)
    found = align(first, far)
    assert found.aligned
    assert np.allclose(found.shift_m, (0, 0), atol=0.1 * GSD_M)


def test_partial_overlap_and_holes(tmp_path: Path, first: Source) -> None:
    row, col = 4 * 80, 4 * 120
    place = north_up() @ Affine.translation(120, 80)
    alpha = np.full((400, 400), 255, dtype=np.uint8)
    alpha[100:140] = 0
    alpha[:, 300:] = 0
    # The file lies 16 fine pixels (0.2 m) off to the east.
    moved = Affine.translation(0.2, 0) @ place
    later = survey(tmp_path, "part", picture(row, col, 400), transform=moved, alpha=alpha)
    found = align(first, later)
    assert found.aligned
    assert np.allclose(found.shift_m, (0.2, 0), atol=0.1 * GSD_M)


def test_what_cannot_be_aligned_is_refused_in_words(tmp_path: Path, first: Source) -> None:
    other = survey(tmp_path, "other", picture(0, 0, 400, ground=texture(1600, seed=77)))
    flat = survey(tmp_path, "flat", np.full((3, 400, 400), 120, dtype=np.uint8))
    rng = np.random.default_rng(1)
    # Crop rows look the same every 60 cm and tell nothing along them.
    rows = np.tile(np.where(np.arange(400) % 12 < 6, 80, 150)[:, None], (1, 400))
    combs = [
        survey(tmp_path, f"comb{i}", (rows + rng.normal(0, 5, (3, 400, 400))).astype(np.uint8))
        for i in range(2)
    ]
    tiny = survey(tmp_path, "tiny", picture(0, 0, 20))
    pairs = [(first, later) for later in (other, flat, tiny)]
    for earlier, later in [*pairs, (combs[0], combs[1])]:
        found = align(earlier, later)
        assert not found.aligned, later.name
        assert found.shift_m == (0.0, 0.0)
        assert found.rms_m == UNALIGNED_RMS_M
        assert "cannot be aligned" in found.said.en
        assert "无法对齐" in found.said.zh


def test_surveys_apart_are_an_error(tmp_path: Path, first: Source) -> None:
    far = Affine.translation(1000, 0) @ north_up()
    with pytest.raises(InputError) as error:
        align(first, survey(tmp_path, "far", picture(0, 0, 100), transform=far))
    assert error.value.code == "no_overlap"


@settings(max_examples=10, deadline=None)
@given(row=st.integers(-30, 30), col=st.integers(-30, 30), gain=st.floats(0.3, 3))
def test_whole_pixel_shifts_of_a_window(row: int, col: int, gain: float) -> None:
    whole = np.ones((128, 128), dtype=bool)
    scene = GROUND[::4, ::4]
    one = relief(scene[100:228, 100:228].astype(np.float32), whole)
    two = relief(scene[100 - row : 228 - row, 100 - col : 228 - col].astype(np.float32) * np.float32(gain), whole)  # fmt: skip
    assert one is not None
    assert two is not None
    peak = correlate(one[0], two[0])
    assert abs(peak.right_px - col) < 0.5
    assert abs(peak.down_px - row) < 0.5
    back = correlate(two[0], one[0])
    assert abs(back.right_px + peak.right_px) < 0.05
    assert abs(back.down_px + peak.down_px) < 0.05


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(8, 16), st.integers(0, 3))
def test_the_fit_ignores_wrong_windows(seed: int, right: int, wrong: int) -> None:
    rng = np.random.default_rng(seed)
    shift = rng.uniform(-3, 3, 2)
    linear = rng.uniform(-1e-3, 1e-3, (2, 2))
    places = rng.uniform(-100, 100, (right + wrong, 2))
    shifts = shift + places @ linear.T + rng.normal(0, 0.005, places.shape)
    shifts[right:] += rng.choice([-1, 1], (wrong, 2)) * rng.uniform(3, 9, (wrong, 2))
    found = fit(WindowShifts(places, shifts, len(places)), "EPSG:4545", 0.05, least_agreeing=3, middle=(0.0, 0.0))  # fmt: skip
    assert found.aligned
    assert found.agreeing >= right - 2
    assert np.abs(np.array(found.shift_m) - shift).max() < 0.1
    assert found.rms_m < 0.2
