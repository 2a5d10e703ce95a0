"""The survey check against pictures whose blur, light, seams and holes are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from raster_builders import grass, north_up, write_raster
from rasterio.enums import Resampling

from geoinspect.ingest.rasters import check_survey, inspect_raster, read_info
from geoinspect.ingest.survey_checks.seams import seams_of
from geoinspect.ingest.survey_checks.sharpness import blur_of, copied_factor
from geoinspect.settings import Settings

SETTINGS = Settings()
F8 = NDArray[np.float64]


def blurred(plane: F8, sigma_px: float) -> F8:
    """Blur by a Gaussian in space, by hand: the check itself works on spectra."""
    if sigma_px == 0:
        return plane
    reach = int(4 * sigma_px + 1)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma_px**2))
    kernel /= kernel.sum()
    padded = np.pad(plane, reach, mode="reflect")
    rows = np.apply_along_axis(np.convolve, 0, padded, kernel, "valid")
    return np.apply_along_axis(np.convolve, 1, rows, kernel, "valid")


def leaves(side: int = 256, seed: int = 1) -> F8:
    """Return discs of all sizes lying over each other: sharp edges on even faces."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    plane = np.full((side, side), 110.0)
    for _ in range(1500):
        radius, (row, col) = 3 + 45 * rng.random() ** 6, rng.random(2) * side
        plane[(y - row) ** 2 + (x - col) ** 2 < radius**2] = rng.uniform(40, 210)
    return plane


def clouds(side: int = 256, seed: int = 1) -> F8:
    """Return a texture without edges whose power falls as f^-2.5."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.rfftfreq(side)[None], np.fft.fftfreq(side)[:, None])
    radius[0, 0] = 1
    plane = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) / radius**1.25)
    return plane / plane.std() * 30 + 120


def real(shared_data: Path, name: str) -> F8:
    with rasterio.open(shared_data / "imagery" / name) as dataset:
        return dataset.read(2)[100:356, 100:356].astype(float)


def tiles(plane: F8) -> F8:
    rows, cols = (size // 64 for size in plane.shape)
    cut = plane[: rows * 64, : cols * 64].reshape(rows, 64, cols, 64)
    return cut.transpose(0, 2, 1, 3).reshape(-1, 64, 64)


def sigma_of(plane: F8) -> float:
    found = blur_of(tiles(np.rint(plane).clip(0, 255)))
    assert found is not None
    return found.sigma_px


def survey(path: Path, pixels: NDArray[Any], **more: Any) -> dict[str, Any]:
    found = inspect_raster(write_raster(path, pixels, **more), settings=SETTINGS)
    json.dumps(found, allow_nan=False)
    return found


def codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in found["advice"]}


def colour(plane: F8) -> NDArray[np.uint8]:
    """Return a grey plane as red, green, blue that differ a little."""
    return np.stack([plane * 0.9, plane, plane * 0.8]).clip(2, 252).astype(np.uint8)


@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.parametrize(
    "make", ["leaves", "clouds", "woodland_1.8cm_rgb.tif", "pasture_10cm_rgb.tif"]
)
def test_known_blur_is_measured_whatever_the_ground(
    shared_data: Path, make: str, noise: float
) -> None:
    plane = {"leaves": leaves, "clouds": clouds}.get(make, lambda: real(shared_data, make))()
    grain = np.random.default_rng(5).normal(scale=noise, size=plane.shape) if noise else 0.0
    own = sigma_of(plane)
    assert own < 1.3
    found = [sigma_of(blurred(plane, sigma) + grain) for sigma in (0.0, 1.0, 2.0, 3.0)]
    assert found == sorted(found)
    assert found[1] < 1.9
    for sigma, measured in zip((2.0, 3.0), found[2:], strict=True):
        # A picture's own blur adds in squares.
        assert measured == pytest.approx(np.hypot(sigma, own), rel=0.25)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 3.0), st.floats(-40, 40))
def test_blur_does_not_depend_on_light(seed: int, gain: float, offset: float) -> None:
    cut = tiles(clouds(128, seed))
    one, other = blur_of(cut), blur_of(cut * gain + offset)
    assert one is not None
    assert other is not None
    assert one.sigma_px == pytest.approx(other.sigma_px, abs=0.11)


def test_blur_turns_with_the_picture() -> None:
    cut = tiles(blurred(leaves(), 1.5))
    turned = [blur_of(np.rot90(cut, k, axes=(1, 2))) for k in range(4)]
    assert len({one.sigma_px for one in turned if one}) == 1


@pytest.mark.parametrize("plane", [np.full((64, 64), 7.0), np.zeros((0, 64))])
def test_flat_ground_has_no_blur(plane: F8) -> None:
    assert blur_of(tiles(plane)) is None
    assert copied_factor(tiles(plane)[:, None]) is None


def test_grain_alone_has_no_blur_to_speak_of() -> None:
    found = blur_of(tiles(np.random.default_rng(1).normal(size=(128, 128))))
    assert found is None or found.sigma_px < 0.6


@pytest.mark.parametrize("factor", [1.0, 1.3, 2.0, 3.0, 5.0])
def test_copied_pixels_are_found_out(tmp_path: Path, factor: float) -> None:
    """Nearest-neighbour enlargement, also by fractions; a rectangle that is no whole multiple."""
    pick = (np.arange(600) / factor).astype(int)
    pixels = grass(600, 600)[:, pick][:, :, pick]
    found = survey(tmp_path / "a.tif", pixels)
    assert found["quality"]["sharpness"]["copied"] == pytest.approx(factor, rel=0.05)
    assert ("enlarged" in codes(found)) == (factor > 1)
    fit = found["fit_for"]
    assert fit["effective_gsd_cm"] >= 0.95 * factor * found["gsd_cm"]
    assert fit["patch_min_area_m2"] <= fit["patches_from_m2"]


@pytest.mark.parametrize("order", [Resampling.bilinear, Resampling.cubic])
@pytest.mark.parametrize("factor", [1.0, 1.5, 3.0])
def test_smooth_enlargement_is_found_out(
    tmp_path: Path, shared_data: Path, factor: float, order: Resampling
) -> None:
    side = int(400 * factor)
    with rasterio.open(shared_data / "imagery" / "woodland_1.8cm_rgb.tif") as dataset:
        window = ((100, 500), (100, 500))
        pixels = dataset.read(window=window, out_shape=(3, side, side), resampling=order)
    found = survey(tmp_path / "a.tif", pixels)["quality"]["sharpness"]
    # "At least": two factors may leave the same rhythm, and the lesser one is told.
    assert found["enlarged"] == pytest.approx(1.0 if factor == 1 else 1.5, abs=0.02)
    assert found["copied"] == 1


def test_blur_makes_the_detail_coarser_and_is_said(tmp_path: Path) -> None:
    ground = np.tile(leaves(), (2, 2))
    sharp = survey(tmp_path / "a.tif", colour(ground), transform=north_up(0.02))
    soft = survey(tmp_path / "b.tif", colour(blurred(ground, 2.0)), transform=north_up(0.02))
    assert codes(sharp).isdisjoint({"blurred", "enlarged", "partly_blurred", "fly_lower"})
    assert sharp["fit_for"]["effective_gsd_cm"] == pytest.approx(sharp["gsd_cm"], abs=0.01)
    assert "blurred" in codes(soft)
    # The contract's petals go by the GSD alone; what blur takes away stands beside it.
    assert soft["fit_for"]["petals"] is True
    assert soft["fit_for"]["effective_gsd_cm"] == pytest.approx(4.0, rel=0.25)
    said = next(one for one in soft["advice"] if one["code"] == "blurred")
    assert f"{said['value']:.1f}" in said["message_zh"]
    assert f"{said['value']:.1f}" in said["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: np.where(p > 120, 255, p), "overexposed"),
        (lambda p: p * 0.1, "too_dark"),
        (lambda p: 120 + (p - 120.0) * 0.1, "low_contrast"),
        (lambda p: p, None),
    ],
)
def test_light_is_judged(tmp_path: Path, change: Any, code: str | None) -> None:
    light = {"overexposed", "too_dark", "low_contrast"}
    pixels = colour(clouds(400))
    found = survey(tmp_path / "a.tif", np.clip(change(pixels), 0, 255).astype(np.uint8))
    assert (codes(found) & light) == ({code} if code else set())


def test_clipped_share_is_the_share(tmp_path: Path) -> None:
    pixels = colour(clouds(512))
    burnt = np.random.default_rng(2).random((512, 512)) < 0.12
    pixels[0, burnt] = 255
    found = survey(tmp_path / "a.tif", pixels)
    red, green, _ = found["quality"]["exposure"]["bands"]
    assert red["white"] == pytest.approx(0.12, abs=0.01)
    assert green["white"] == 0
    said = next(one for one in found["advice"] if one["code"] == "overexposed")
    assert said["value"] == pytest.approx(0.12, abs=0.01)
    assert "12%" in said["message"]


@pytest.mark.parametrize(
    ("dtype", "gain", "bands", "scale"),
    [
        (np.uint8, 1, 3, "dn"),
        (np.uint16, 200, 3, "dn"),
        (np.uint16, 30, 5, "0-10000"),
        (np.float32, 1 / 400, 5, "0-1"),
        (np.float32, 20.5, 5, "0-10000"),
    ],
)
def test_scale_is_guessed(tmp_path: Path, dtype: type, gain: float, bands: int, scale: str) -> None:
    plane = clouds(300).clip(2, 250)
    pixels = np.stack([plane * gain] * bands).astype(dtype)
    found = survey(tmp_path / "a.tif", pixels)
    assert found["quality"]["exposure"]["scale"] == scale
    assert found["quality"]["roles_guessed"] == (bands > 4 or dtype is not np.uint8)
    assert ("roles_guessed" in codes(found)) == found["quality"]["roles_guessed"]


def test_sixteen_bits_made_from_eight_are_told(tmp_path: Path) -> None:
    eight = colour(clouds(300)).astype(np.uint16) * 257
    assert "few_levels" in codes(survey(tmp_path / "a.tif", eight))
    grain = np.random.default_rng(1).integers(0, 257, eight.shape).astype(np.uint16)
    assert "few_levels" not in codes(survey(tmp_path / "b.tif", eight + grain))


def stepped(pixels: F8, gain: float, angle: float, offset: float = 0.0) -> F8:
    """Return a window brighter by a share on one side of a line through it."""
    y, x = np.mgrid[: pixels.shape[1], : pixels.shape[2]] - pixels.shape[1] / 2
    beyond = x * np.cos(angle) + y * np.sin(angle) > offset
    return np.where(beyond, pixels * (1 + gain), pixels)


@pytest.mark.parametrize("angle", [0.0, 0.35, 1.2, np.pi / 2, 2.5])
def test_a_seam_is_found_at_any_angle(angle: float) -> None:
    even = colour(90 + 5 * (clouds() - 120) / 30 + np.random.default_rng(1).normal(size=(256, 256)))
    valid = np.ones((256, 256), bool)
    assert seams_of(even, valid) == ([], 16)
    seams, _ = seams_of(stepped(even.astype(float), 0.15, angle, 9.0), valid)
    assert [seam.step for seam in seams] == [pytest.approx(0.15, abs=0.04)]
    assert seams[0].length_px >= 3 * 64


def test_a_change_of_colour_is_a_field_not_a_seam() -> None:
    even = colour(clouds() * 0.2 + 80).astype(float)
    other = even.copy()
    other[:, :, 128:] *= np.array([1.5, 1.0, 1.2])[:, None, None]
    assert seams_of(other, np.ones((256, 256), bool))[0] == []
    path = even.copy()
    path[:, :, 120:126] *= 1.4
    assert seams_of(path, np.ones((256, 256), bool))[0] == []


def test_a_seamed_survey_is_told(tmp_path: Path) -> None:
    side = 1500
    ground = 90 + np.random.default_rng(1).normal(scale=4, size=(side, side))
    gains = 1 + 0.16 * ((np.arange(side) // 170 % 2)[None] ^ (np.arange(side) // 190 % 2)[:, None])
    even, seamed = colour(ground), colour(ground * gains)
    assert "seams" not in codes(survey(tmp_path / "a.tif", even))
    found = survey(tmp_path / "b.tif", seamed)
    assert "seams" in codes(found)
    assert found["quality"]["seams"]["step"] == pytest.approx(0.16, abs=0.06)


def test_holes_are_counted_and_margins_are_not(tmp_path: Path) -> None:
    seen = np.ones((512, 512), bool)
    seen[:, :200] = False
    found = survey(tmp_path / "a.tif", colour(clouds(512)), alpha=seen * np.uint8(255))
    assert found["quality"]["gaps"]["hole_share"] == 0
    holes = np.random.default_rng(1).random((512, 512)) < 0.03
    pierced = survey(tmp_path / "b.tif", colour(clouds(512)), alpha=(seen & ~holes) * np.uint8(255))
    assert pierced["quality"]["gaps"]["hole_share"] == pytest.approx(0.03, rel=0.25)
    assert "holes" in codes(pierced)


def test_fill_inside_the_ground_is_told_with_its_colour(tmp_path: Path) -> None:
    pixels = colour(clouds(512))
    pixels[:, 128:384, 128:384] = np.array([9, 8, 7])[:, None, None]
    found = survey(tmp_path / "a.tif", pixels)
    assert "unmarked_fill" in codes(found)
    assert found["quality"]["gaps"]["fill_colour"] == [9, 8, 7]
    assert found["quality"]["gaps"]["fill_share"] == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 700), (4, 40, 40), (3, 700, 5), (7, 70, 70)])
def test_any_raster_gives_sense(tmp_path: Path, dtype: type, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(3).integers(1, 200, shape).astype(dtype)
    if dtype is np.float64 and shape[1] > 1:
        pixels[0, :3] = np.nan
        pixels[0, 4, 0] = np.inf
    found = survey(tmp_path / "a.tif", pixels)
    assert found["status"] == "ok"
    missing = {p["code"] for p in found["quality"]["not_checked"]}
    for part in ("sharpness", "exposure", "seams", "gaps"):
        assert (found["quality"][part] is None) == (f"{part}_not_checked" in missing)
    assert all(one["message"] and one["message_zh"] for one in found["advice"])
    assert ("too_few_bands" in codes(found)) == (shape[0] < 3)


@pytest.mark.parametrize("fill", [0, 128, 255])
def test_flat_pictures_give_sense(tmp_path: Path, fill: int) -> None:
    pixels = np.full((3, 300, 300), fill, np.uint8)
    found = survey(tmp_path / "a.tif", pixels)
    if fill == 128:
        assert found["quality"]["sharpness"] is None
        assert "unmarked_fill" in codes(found)
    else:
        assert (found["status"], found["quality"], found["advice"]) == ("refused", None, [])


def test_a_block_that_cannot_be_unpacked_is_said_not_raised(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(1024, 1024))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 30_000] = b"\xff" * 30_000
    path.write_bytes(data)
    found = inspect_raster(path, settings=SETTINGS)
    assert found["status"] == "ok"
    assert "damaged_part" in codes(found)
    assert found["fit_for"]["ready"] is False


def test_a_sample_says_the_same_of_strips_and_tiles(tmp_path: Path) -> None:
    pixels = grass(700, 1500)
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=1500, height=700, count=3, dtype="uint8",
        crs="EPSG:4545", transform=north_up(), blockysize=7, compress="lzw",
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
    info, check = check_survey(tmp_path / "a.tif", settings=SETTINGS)
    assert info == read_info(tmp_path / "a.tif", settings=SETTINGS)
    other = write_raster(tmp_path / "b.tif", pixels, blockxsize=512, blockysize=512)
    assert check == check_survey(other, settings=SETTINGS)[1]


def test_every_sample_picture_is_checked(shared_data: Path) -> None:
    paths = sorted((shared_data / "imagery").glob("*.tif"))
    assert len(paths) >= 7
    for path in paths:
        found = inspect_raster(path, settings=SETTINGS, name=path.name)
        assert found["status"] == "ok"
        # They are sharp, have no seams, and lie on fields, roofs and trees.
        assert codes(found).isdisjoint(
            {"blurred", "partly_blurred", "enlarged", "seams", "holes", "damaged_part"}
        ), (path.name, found["advice"])
        assert found["fit_for"]["petals"] == (found["gsd_cm"] <= 3)
        assert found["fit_for"]["effective_gsd_cm"] >= round(found["gsd_cm"], 2)
        assert ("fly_lower" in codes(found) or "too_coarse" in codes(found)) == (
            found["gsd_cm"] > 3
        )
        assert found["quality"]["roles_guessed"] == ("5band" in path.name)
