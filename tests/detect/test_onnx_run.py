from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper
from onnx_builders import (
    MAGENTA,
    MAGENTA_START,
    SEGMENTER,
    SETTINGS,
    chances,
    changed,
    conv,
    expected,
    magenta,
    painted,
    save,
    wide_magenta,
    write_manifest,
)
from raster_builders import north_up, write_raster
from rasterio.transform import Affine

from geoinspect.detect.measure import Source, Stopped
from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING
from geoinspect.detect.onnx.chances import GROUND, MEAN, PEAK, chance_evidence
from geoinspect.detect.onnx.grid import weights_of
from geoinspect.detect.onnx.model_file import open_model
from geoinspect.detect.onnx.run_onnx import run_model
from geoinspect.detect.sheets import Scale
from geoinspect.errors import InputError, RasterError


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    height=st.integers(1, 130),
    width=st.integers(1, 130),
    window=st.sampled_from([16, 33, 64, "any"]),
    seed=st.integers(0, 99),
)
def test_every_block_has_the_mean_of_its_own_pixels(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, window: Any, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (3, height, width)).astype(np.uint8)
    alpha = np.where(rng.random((height, width)) < 0.8, 255, 0).astype(np.uint8)
    alpha[: height // 3] = 0
    alpha[0, -1] = 255
    raster = write_raster(folder / "r.tif", pixels, alpha=alpha)
    size = window if window == "any" else [window, window]
    model = write_manifest(
        magenta(folder / "m.onnx"), changed(SEGMENTER, input__size_px=size, output__halo_px=2)
    )
    figures, warnings = chances(raster, model, folder)
    truth = expected(pixels, alpha > 0)
    judged = figures[:, :, GROUND] > 0
    assert warnings == []
    blocks = np.add.reduceat(
        np.add.reduceat(alpha > 0, np.arange(0, height, 5), axis=0, dtype=int),
        np.arange(0, width, 5),
        axis=1,
    )
    assert np.array_equal(judged, blocks > 0)
    assert np.abs(figures[:, :, MEAN] / 255 - truth)[judged].max() <= 0.51 / 255
    assert (figures[:, :, PEAK] >= figures[:, :, MEAN]).all()
    assert not figures[~judged].any()


@pytest.mark.parametrize("tile", [(1, 1), (3, 5), (7, 4), (100, 2)])
@pytest.mark.parametrize("multiple", [1, 4])
def test_a_halo_as_wide_as_the_reach_hides_the_tiling(
    tmp_path: Path, tile: tuple[int, int], multiple: int
) -> None:
    raster = write_raster(tmp_path / "r.tif", painted(91, 113, (40, 50, 30, 41), (70, 3, 20, 9)))
    table = changed(SEGMENTER, output__halo_px=3, input__multiple_of=multiple)
    model = write_manifest(wide_magenta(tmp_path / "m.onnx"), table)
    whole, _ = chances(raster, model, tmp_path)
    write_manifest(model, changed(table, input__size_px=[48, 64]))
    cut, _ = chances(raster, model, tmp_path, tile_blocks=tile)
    assert np.array_equal(whole, cut)
    assert 5 < (whole[:, :, MEAN] > 200).sum() < 100


def test_too_narrow_a_halo_shows_the_tiling(tmp_path: Path) -> None:
    # The law above can fail: without the halo, windows' zero padding leaves its mark.
    raster = write_raster(tmp_path / "r.tif", painted(151, 173, (40, 50, 30, 41)))
    table = changed(SEGMENTER, input__size_px=[40, 40])
    model = write_manifest(wide_magenta(tmp_path / "m.onnx", side=21), table)
    whole, _ = chances(raster, model, tmp_path)
    cut, _ = chances(raster, model, tmp_path, tile_blocks=(3, 5))
    assert not np.array_equal(whole, cut)


@pytest.mark.parametrize("layout", ["striped", "squares"])
def test_the_files_layout_and_the_reading_windows_change_nothing(
    tmp_path: Path, layout: str
) -> None:
    pixels = painted(200, 230, (40, 50, 30, 41))
    plain = write_raster(tmp_path / "a.tif", pixels)
    options = {"tiled": False} if layout == "striped" else {"blockxsize": 16, "blockysize": 32}
    other = write_raster(tmp_path / "b.tif", pixels, **options)
    model = write_manifest(wide_magenta(tmp_path / "m.onnx"), changed(SEGMENTER, output__halo_px=3))
    assert np.array_equal(chances(plain, model, tmp_path)[0], chances(other, model, tmp_path)[0])


def test_threads_change_nothing(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", painted(151, 173, (40, 50, 30, 41)))
    path = write_manifest(wide_magenta(tmp_path / "m.onnx"), changed(SEGMENTER, output__halo_px=3))
    got = []
    for workers in (1, 2):
        source = Source(raster, raster.name, SETTINGS)
        model = open_model(path, workers=workers)
        file, _ = run_model(source, Scale.of_gsd(0.05), model, tmp_path / "chances.bin")
        got.append(file.read(0, 0, file.rows, file.cols))
        file.close()
    assert np.array_equal(got[0], got[1])


@pytest.mark.parametrize("trained_cm", [15.0, 5 / 3])
def test_pixels_are_brought_to_the_models_size(tmp_path: Path, trained_cm: float) -> None:
    pixels = painted(300, 330, (90, 120, 60, 75))
    raster = write_raster(tmp_path / "r.tif", pixels)
    model = write_manifest(
        magenta(tmp_path / "m.onnx"), changed(SEGMENTER, input__gsd_cm=trained_cm)
    )
    figures, warnings = chances(raster, model, tmp_path)
    marked = figures[:, :, MEAN] > 127
    assert np.array_equal(marked, expected(pixels) > 0.5)
    assert ("放大" if trained_cm < 5 else "缩小") in warnings[0].zh
    assert len(warnings) == 1


def test_a_coarser_grid_takes_the_average_of_the_area(tmp_path: Path) -> None:
    # Blocks of 5 pixels, a model at 5 pixels: its chance is that of the mean colour.
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 50, 60)).astype(np.uint8)
    raster = write_raster(tmp_path / "r.tif", pixels)
    model = write_manifest(magenta(tmp_path / "m.onnx"), changed(SEGMENTER, input__gsd_cm=25.0))
    figures, _ = chances(raster, model, tmp_path)
    mean = pixels.reshape(3, 10, 5, 12, 5).mean(axis=(2, 4))
    logits = np.tensordot(MAGENTA, mean / 255, 1) + MAGENTA_START
    assert np.abs(figures[:, :, MEAN] / 255 - 1 / (1 + np.exp(-logits))).max() < 0.51 / 255


@settings(max_examples=60, deadline=None)
@given(factor=st.floats(0.1, 20), start=st.integers(-300, 100_000), shift=st.integers(0, 500))
def test_weights_depend_on_the_place_only(factor: float, start: int, shift: int) -> None:
    first, weights = weights_of(start, 600, factor)
    again, same = weights_of(start + shift, 60, factor)
    wide = max(weights.shape[1], same.shape[1])
    grown = [np.pad(w, ((0, 0), (0, wide - w.shape[1]))) for w in (weights, same)]
    assert np.array_equal(first[shift : shift + 60], again)
    assert np.array_equal(grown[0][shift : shift + 60], grown[1])
    assert np.allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    # The middle of what is averaged is the middle of the grid's pixel.
    middle = (weights * (first[:, None] + np.arange(weights.shape[1]) + 0.5)).sum(axis=1)
    assert np.abs(middle - (np.arange(start, start + 600) + 0.5) * factor).max() <= max(
        1e-6, 0.5 * (factor > 1)
    )


def test_a_raster_smaller_than_the_window_is_padded(tmp_path: Path) -> None:
    pixels = painted(9, 12, (0, 0, 5, 5))
    raster = write_raster(tmp_path / "r.tif", pixels)
    table = changed(SEGMENTER, input__size_px=[128, 128], output__halo_px=20)
    model = write_manifest(magenta(tmp_path / "m.onnx", shape=(1, 3, 128, 128)), table)
    figures, _ = chances(raster, model, tmp_path)
    assert figures.shape == (2, 3, 3)
    assert (figures[:, :, MEAN] > 200).tolist() == [[True, False, False], [False] * 3]


def test_a_turned_raster_gives_what_the_straight_one_gives(tmp_path: Path) -> None:
    pixels = painted(120, 140, (40, 50, 30, 41))
    turned = north_up() @ Affine.rotation(33.0)
    model = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    straight = write_raster(tmp_path / "a.tif", pixels)
    other = write_raster(tmp_path / "b.tif", pixels, transform=turned)
    assert np.array_equal(chances(straight, model, tmp_path)[0], chances(other, model, tmp_path)[0])


def test_no_ground_is_never_given_to_the_model_nor_marked(tmp_path: Path) -> None:
    pixels = painted(400, 400, (0, 0, 400, 200))
    alpha = np.zeros((400, 400), dtype=np.uint8)
    alpha[:, 200:] = 255
    raster = write_raster(tmp_path / "r.tif", pixels, alpha=alpha)
    model_path = write_manifest(
        magenta(tmp_path / "m.onnx"), changed(SEGMENTER, input__size_px=[64, 64])
    )
    model = open_model(model_path)
    given: list[int] = []
    told = model.masks
    object.__setattr__(model, "batch", 1)
    source = Source(raster, raster.name, SETTINGS)

    class Counting:
        manifest, file, batch = model.manifest, model.file, 1

        def masks(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
            given.append(len(pictures))
            return told(pictures)

    file, _ = run_model(source, Scale.of_gsd(0.05), Counting(), tmp_path / "c.bin")  # type: ignore[arg-type]
    figures = file.read(0, 0, 80, 80)
    file.close()
    assert not figures[:, :40].any()
    assert (figures[:, 40:, GROUND] == 255).all()
    assert (figures[:, 40:, MEAN] < 127).all()
    # 12 blocks a window, 80 a side: windows that begin at block 36 and later see ground.
    assert sum(given) == 7 * 4


def test_an_empty_raster_runs_nothing_and_marks_nothing(tmp_path: Path) -> None:
    raster = write_raster(
        tmp_path / "r.tif", painted(90, 90), alpha=np.zeros((90, 90), dtype=np.uint8)
    )
    model = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    figures, _ = chances(raster, model, tmp_path)
    assert not figures.any()
    assert (chance_evidence(figures) == NOTHING).all()


def test_missing_ground_looks_like_the_mean_to_the_model(tmp_path: Path) -> None:
    # Nodata is magenta's opposite; filled with the mean it must not pull its neighbours down.
    pixels = np.full((3, 60, 60), 100, dtype=np.uint8)
    pixels[:, :, 30:] = 0
    alpha = np.full((60, 60), 255, dtype=np.uint8)
    alpha[:, 30:] = 0
    raster = write_raster(tmp_path / "r.tif", pixels, alpha=alpha)
    table = changed(SEGMENTER, output__halo_px=3)
    model = write_manifest(wide_magenta(tmp_path / "m.onnx"), table)
    figures, _ = chances(raster, model, tmp_path)
    assert len(np.unique(figures[1:-1, 1:6, MEAN])) == 1


def test_evidence_is_the_logit_of_the_mean_chance() -> None:
    figures = np.zeros((1, 256, 3), dtype=np.uint8)
    figures[0, :, GROUND] = 255
    figures[0, :, MEAN] = np.arange(256)
    evidence = chance_evidence(figures)[0] / EVIDENCE_STEPS
    assert (np.diff(evidence) > 0).all()
    for level in (1, 64, 128, 200, 254):
        p = level / 255
        assert evidence[level] == pytest.approx(math.log(p / (1 - p)), abs=0.51 / EVIDENCE_STEPS)
    assert -evidence[0] == evidence[255]


def test_wide_numbers_are_scaled_by_their_type_or_doubted(tmp_path: Path) -> None:
    pixels = painted(60, 80, (20, 20, 20, 20))
    eight = write_raster(tmp_path / "a.tif", pixels)
    sixteen = write_raster(tmp_path / "b.tif", pixels.astype(np.uint16) * 257)
    model = write_manifest(
        magenta(tmp_path / "m.onnx"), changed(SEGMENTER, input__scale="type_max")
    )
    assert np.array_equal(chances(eight, model, tmp_path)[0], chances(sixteen, model, tmp_path)[0])
    doubted = write_manifest(magenta(tmp_path / "n.onnx"), SEGMENTER)
    _, warnings = chances(sixteen, doubted, tmp_path)
    assert "input.scale" in warnings[0].en


def test_mean_and_std_are_those_of_the_manifest(tmp_path: Path) -> None:
    # (x / 255 − mean) / std with weights of std and a start of Σ weight · mean is the same model.
    mean, std = np.array([0.4, 0.5, 0.3]), np.array([0.2, 0.3, 0.25])
    kernel = (MAGENTA * std).astype(np.float32).reshape(1, 3, 1, 1)
    start = MAGENTA_START + float(MAGENTA @ mean)
    table = changed(SEGMENTER, input__mean=mean.tolist(), input__std=std.tolist())
    other = write_manifest(conv(tmp_path / "n.onnx", kernel, start), table)
    pixels = painted(60, 80, (20, 20, 20, 20))
    raster = write_raster(tmp_path / "a.tif", pixels)
    figures = chances(raster, other, tmp_path)[0]
    assert np.abs(figures[:, :, MEAN] / 255 - expected(pixels)).max() <= 0.51 / 255


def test_bands_are_given_in_the_models_order(tmp_path: Path) -> None:
    pixels = painted(60, 80, (20, 20, 20, 20))
    raster = write_raster(tmp_path / "a.tif", pixels[[2, 0, 1]])
    source = Source(raster, "a.tif", SETTINGS, {"red": 2, "green": 3, "blue": 1})
    model = open_model(write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER))
    file, _ = run_model(source, Scale.of_gsd(0.05), model, tmp_path / "c.bin")
    figures = file.read(0, 0, file.rows, file.cols)
    file.close()
    assert np.abs(figures[:, :, MEAN] / 255 - expected(pixels)).max() <= 0.51 / 255


def test_a_band_that_is_not_there_is_named(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "a.tif", painted(30, 30))
    table = changed(SEGMENTER, input__bands=["red", "green", "nir"])
    model = write_manifest(magenta(tmp_path / "m.onnx"), table)
    with pytest.raises(RasterError, match="nir"):
        chances(raster, model, tmp_path)


def test_a_raster_far_too_coarse_is_refused(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "a.tif", painted(30, 30), transform=north_up(0.5))
    model = write_manifest(magenta(tmp_path / "m.onnx"), changed(SEGMENTER, input__gsd_cm=2.0))
    with pytest.raises(RasterError, match="too far apart"):
        chances(raster, model, tmp_path, gsd_m=0.5)


def test_a_window_smaller_than_a_block_is_refused(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "a.tif", painted(30, 30))
    table = changed(SEGMENTER, input__gsd_cm=0.6, input__size_px=[16, 16])
    model = write_manifest(magenta(tmp_path / "m.onnx"), table)
    with pytest.raises(RasterError, match="covers"):
        chances(raster, model, tmp_path)


def test_numbers_that_are_none_on_real_pixels_are_an_error(tmp_path: Path) -> None:
    # The logarithm of the negative of what is bright: fine on zeros, NaN on a picture.
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["small", "m"], ["d"]),
        helper.make_node("Log", ["d"], ["y"]),
    ]
    path = save(
        tmp_path / "m.onnx", nodes, {"small": np.float32(0.01)[None]}, shape=("n", 3, "h", "w")
    )
    model = write_manifest(path, SEGMENTER)
    raster = write_raster(tmp_path / "a.tif", painted(30, 30))
    with pytest.raises(InputError, match="NaN"):
        chances(raster, model, tmp_path)


def test_it_stops_when_asked(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "a.tif", painted(200, 200))
    table = changed(SEGMENTER, input__size_px=[32, 32])
    model = write_manifest(magenta(tmp_path / "m.onnx", shape=(1, 3, 32, 32)), table)
    shares: list[float] = []
    with pytest.raises(Stopped):
        chances(
            raster,
            model,
            tmp_path,
            progress=shares.append,
            cancelled=lambda: len(shares) == 3,
        )
    assert len(shares) == 3
    assert 0 < shares[0] < shares[1] < shares[2] < 1
