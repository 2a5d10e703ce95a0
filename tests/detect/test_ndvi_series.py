from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from season_builders import GRID, UTM

from geoinspect.detect.ndvi_series import read_series
from geoinspect.errors import InputError, RasterError, TooLargeError


def write(path: Path, values: np.ndarray, days: list[str] | None = None, **profile: object) -> Path:
    options = {"crs": UTM, "transform": GRID, "dtype": values.dtype} | profile
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), height=values.shape[1],
        width=values.shape[2], **options,
    ) as out:  # fmt: skip
        out.write(values)
        for i, day in enumerate(days or [], start=1):
            out.set_band_description(i, day)
    return path


def test_a_stack_and_single_dates_are_one_series(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.uniform(-0.1, 0.9, (4, 5, 6)).astype(np.float32)
    values[2, 1, 1] = np.nan
    days = ["2024-03-01", "NDVI 20240215", "2024-04-10", "2024/05/01"]
    stack = write(tmp_path / "stack.tif", values, days)
    found = read_series([stack])
    assert [day.isoformat() for day in found.dates] == [
        "2024-02-15", "2024-03-01", "2024-04-10", "2024-05-01",
    ]  # fmt: skip
    assert np.array_equal(found.values, values[[1, 0, 2, 3]], equal_nan=True)
    assert (found.crs, found.transform) == (UTM, GRID)
    assert found.gsd_m == pytest.approx(10, rel=1e-3)
    names = ["T49_20240301T033", "2024-02-15", "ndvi_2024.04.10_v2", "2024-05-01"]
    singles = [write(tmp_path / f"{n}.tif", values[i : i + 1]) for i, n in enumerate(names)]
    one_by_one = read_series(singles)
    assert one_by_one.dates == found.dates
    assert np.array_equal(one_by_one.values, found.values, equal_nan=True)


def test_red_and_near_infrared_make_ndvi_without_nodata(tmp_path: Path) -> None:
    pixels = np.array([[[500, 0, 1]], [[4_500, 0, 1]]], dtype=np.uint16)
    path = write(tmp_path / "s2_20240401.tif", pixels, ["red", "nir"], nodata=1)
    found = read_series([path])
    assert found.dates == (date(2024, 4, 1),)
    assert found.values[0, 0, 0] == pytest.approx(0.8)
    assert np.isnan(found.values[0, 0, 1:]).all()


def test_scaled_ndvi_is_read_with_its_scale_and_refused_without(tmp_path: Path) -> None:
    path = write(tmp_path / "i.tif", np.full((1, 2, 2), 6_500, dtype=np.int16), ["2024-04-01"])
    with pytest.raises(RasterError) as caught:
        read_series([path])
    assert caught.value.code == "ndvi_scale"
    assert "gdal_edit" in caught.value.text.en
    with rasterio.open(path, "r+") as out:
        out.scales = (1e-4,)
    assert read_series([path]).values == pytest.approx(0.65)


def test_files_that_do_not_fit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.full((2, 4, 4), 0.5, dtype=np.float32)
    good = write(tmp_path / "good.tif", values, ["2024-04-01", "2024-05-01"])
    undated = write(tmp_path / "undated.tif", values, ["2024-04-01", "2024-13-45"])
    moved = write(
        tmp_path / "moved.tif", values, ["2024-04-01", "2024-05-01"],
        transform=GRID @ Affine.translation(1, 0),
    )  # fmt: skip
    # One date is named for two bands; two dates are named, of which one may be the making's.
    stack = write(tmp_path / "2024-04-01.tif", values)
    twice = write(tmp_path / "20240401_made_20240901.tif", values[:1])
    for paths, code in (
        ([], "no_rasters"),
        ([undated], "no_dates"),
        ([twice], "no_dates"),
        ([stack], "bad_dates"),
        ([good, moved], "grids_differ"),
    ):
        with pytest.raises(InputError) as caught:
            read_series(paths)
        assert caught.value.code == code
    (tmp_path / "no.tif").write_bytes(b"II*\x00nothing")
    with pytest.raises(RasterError):
        read_series([tmp_path / "no.tif"])
    monkeypatch.setattr("geoinspect.detect.ndvi_series.MAX_READINGS", 63)
    with pytest.raises(TooLargeError):
        read_series([good, good])


def test_two_stacks_of_one_grid_are_joined(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(0, 1, (2, 3, 3)).astype(np.float32)
    late = write(tmp_path / "late.tif", values, ["2024-06-01", "2024-07-01"])
    early = write(tmp_path / "early.tif", values, ["2024-04-01", "2024-06-15"])
    found = read_series([late, early])
    assert [day.month for day in found.dates] == [4, 6, 6, 7]
    assert np.array_equal(found.values, values[[0, 0, 1, 1]])
