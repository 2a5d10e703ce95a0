"""Heights and slopes: exact on planes in any CRS, unknown where the DEM is, bounded when read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from geoinspect.crs import WGS84, transform_xy
from geoinspect.errors import GeoInspectError, RasterError, TooLargeError
from geoinspect.ingest import terrain_pixels
from geoinspect.ingest.terrain import Heights, cell_relief, read_heights
from geoinspect.settings import Settings
from tests.raster_builders import write_raster

GRID = "EPSG:4547"  # central meridian 114° E
EAST, NORTH = 520_000.0, 3_400_000.0


def plane(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """300 m at the corner, rising 20 % eastwards and falling 10 % northwards."""
    return 300 + 0.2 * (x - EAST) - 0.1 * (y - NORTH)


PLANE_DEG = math.degrees(math.atan(math.hypot(0.2, 0.1)))


def dem(path: Path, crs: str, transform: Affine, shape: tuple[int, int], **options: object) -> Path:
    """Write the plane as a DEM in any CRS, each pixel the height at its centre."""
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = transform @ (cols.ravel(), rows.ravel())
    metric = transform_xy(crs, GRID, np.asarray(x), np.asarray(y))
    heights = plane(*metric).reshape(shape).astype(np.float32)
    return write_raster(path, heights[None], crs=crs, transform=transform, **options)


def around(step: float, crs: str) -> Affine:
    """North-up pixels with the plane's corner some way inside."""
    lon_lat = transform_xy(GRID, crs, np.array([EAST - 500]), np.array([NORTH + 2500]))
    return Affine(step, 0, lon_lat[0][0], 0, -step, lon_lat[1][0])


def cells(n: int = 10, cell_m: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(EAST + (np.arange(n) + 0.5) * cell_m, NORTH + (np.arange(n) + 0.5) * cell_m)
    return x.ravel(), y.ravel()


ROTATED = Affine.translation(EAST - 1500, NORTH + 500) @ Affine.rotation(-35) @ Affine.scale(20, 20)


@pytest.mark.parametrize(
    ("crs", "transform", "shape"),
    [
        (GRID, around(20.0, GRID), (200, 200)),
        (GRID, around(3.0, GRID), (1200, 1200)),
        (GRID, around(150.0, GRID), (30, 30)),
        (GRID, ROTATED, (260, 260)),
        ("EPSG:4545", around(25.0, "EPSG:4545"), (400, 300)),
        ("EPSG:4326", around(0.0003, "EPSG:4326"), (150, 150)),
        ("EPSG:4490", around(0.0003, "EPSG:4490"), (150, 150)),
        ("EPSG:4326+5773", around(0.0003, "EPSG:4326"), (150, 150)),
        ("EPSG:3857", around(30.0, "EPSG:3857"), (150, 150)),
    ],
)
def test_a_plane_has_its_height_and_slope_in_any_crs(
    tmp_path: Path, crs: str, transform: Affine, shape: tuple[int, int]
) -> None:
    flat = crs.split("+", maxsplit=1)[0]
    path = dem(tmp_path / "dem.tif", flat, transform, shape)
    if crs != flat:
        with rasterio.open(path, "r+") as out:
            out.crs = crs
    heights = read_heights(path)
    x, y = cells()
    altitude, slope = cell_relief(heights, GRID, 100.0, x, y)
    np.testing.assert_allclose(altitude, plane(x, y), atol=0.1)
    np.testing.assert_allclose(slope, PLANE_DEG, atol=0.05)
    lon, lat = transform_xy(GRID, WGS84, x, y)
    np.testing.assert_allclose(heights.at(lon, lat), plane(x, y), atol=0.1)
    assert heights.problems == ()


def by_hand(values: np.ndarray, col: float, row: float) -> float:
    """Bilinear between the centres of pixels, one place, written for reading."""
    rows, cols = values.shape
    u, v = col - 0.5, row - 0.5
    if not (0 <= u <= cols - 1 and 0 <= v <= rows - 1):
        return math.nan
    total = 0.0
    for i in {math.floor(v), math.ceil(v)}:
        for j in {math.floor(u), math.ceil(u)}:
            weight = max(0, 1 - abs(u - j)) * max(0, 1 - abs(v - i))
            total += weight * float(values[i, j]) if weight > 0 else 0
    return total


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_heights_are_bilinear_and_unknown_spreads_to_no_place_that_does_not_need_it(
    rows: int, cols: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 1000, (rows, cols)).astype(np.float32)
    values[rng.random((rows, cols)) < 0.2] = np.nan
    heights = Heights(values, Affine(10, 0, EAST, 0, -10, NORTH), GRID, 10.0)
    # On centres, on corners and anywhere, inside and out.
    col = np.concatenate([rng.uniform(-1, cols + 1, 30), rng.integers(0, 2 * cols, 20) / 2])
    row = np.concatenate([rng.uniform(-1, rows + 1, 30), rng.integers(0, 2 * rows, 20) / 2])
    got = heights.at_xy(GRID, EAST + 10 * col, NORTH - 10 * row)
    want = [by_hand(values, u, v) for u, v in zip(col, row, strict=True)]
    np.testing.assert_allclose(got, want, atol=0.01)


def test_a_hole_is_unknown_and_so_is_all_outside(tmp_path: Path) -> None:
    rows, cols = np.mgrid[:50, :50]
    values = (10.0 * cols + 0 * rows).astype(np.float32)
    values[20:30, 20:30] = -32768
    path = write_raster(
        tmp_path / "d.tif", values[None], crs=GRID, nodata=-32768,
        transform=Affine(10, 0, EAST, 0, -10, NORTH + 500),
    )  # fmt: skip
    x, y = cells(8)
    altitude, slope = cell_relief(read_heights(path), GRID, 100.0, x, y)
    in_hole = (x == EAST + 250) & (y == NORTH + 250)
    outside = (x > EAST + 500) | (y > NORTH + 500)
    assert np.isnan(altitude[in_hole | outside]).all()
    assert np.isnan(slope[in_hole | outside]).all()
    free = (x > EAST + 100) & (x < EAST + 400) & (y < NORTH + 200) & (y > NORTH + 100)
    np.testing.assert_allclose(slope[free & (y < NORTH + 150)], 45.0, atol=1e-3)
    # Of cells that stick out by more than half only the three samples of the near side are known.
    out_half, _ = cell_relief(read_heights(path), GRID, 100.0, x + 30, y)
    assert np.isnan(out_half[x == EAST + 450]).all()
    beside = (x == EAST + 150) & (y == NORTH + 250)
    # Three of its nine samples touch the hole: the altitude is of the others, the slope unknown.
    assert np.isfinite(altitude[beside]).all()
    assert np.isnan(slope[beside]).all()


def test_an_undeclared_nodata_value_is_told_and_not_used(tmp_path: Path) -> None:
    values = np.full((40, 40), 800, np.int16)
    values[:5] = -9999
    heights = read_heights(write_raster(tmp_path / "d.tif", values[None]))
    assert [(p.code, p.count) for p in heights.problems] == [("unlikely_heights", 200)]
    assert np.isnan(heights.height_m[:5]).all()
    assert (heights.height_m[5:] == 800).all()


def test_scale_and_offset_of_the_band_are_used(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "d.tif", np.full((1, 20, 20), 50, np.int16))
    with rasterio.open(path, "r+") as out:
        out.scales, out.offsets = (0.1,), (1000.0,)
    np.testing.assert_allclose(read_heights(path).height_m, 1005.0)


def test_a_fine_dem_is_averaged_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(100, 200, (301, 203)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = -9999
    path = write_raster(tmp_path / "d.tif", values[None], nodata=-9999)
    whole = read_heights(path)
    monkeypatch.setattr(terrain_pixels, "MAX_KEPT_PX", 7000)
    for chunk in (8_000_000, 1000, 90):
        monkeypatch.setattr(terrain_pixels, "_CHUNK_PX", chunk)
        coarse = read_heights(path)
        assert coarse.height_m.shape == (101, 68)
        block = whole.height_m[3:6, 6:9]
        assert coarse.height_m[1, 2] == pytest.approx(float(np.nanmean(block)), rel=1e-6)
        nines = whole.height_m[:300, :201].reshape(100, 3, 67, 3)
        known = np.isfinite(nines).sum(axis=(1, 3))
        want = np.where(known >= 5, np.nanmean(nines, axis=(1, 3)), np.nan)
        assert np.isnan(want).any()
        np.testing.assert_allclose(coarse.height_m[:100, :67], want, rtol=1e-5)
        assert coarse.pixel_m == pytest.approx(3 * whole.pixel_m)
        assert coarse.transform.a == pytest.approx(3 * whole.transform.a)


def test_coarser_heights_are_means_of_whole_blocks() -> None:
    rows, cols = np.mgrid[:11, :10]
    values = (3.0 * cols + 7.0 * rows).astype(np.float32)
    heights = Heights(values, Affine(10, 0, EAST, 0, -10, NORTH), GRID, 10.0)
    coarse = heights.coarsened(4)
    assert coarse.height_m.shape == (2, 2)
    x, y = EAST + np.array([20.0, 37.0, 60.0]), NORTH - np.array([20.0, 50.0, 60.0])
    np.testing.assert_allclose(coarse.at_xy(GRID, x, y), heights.at_xy(GRID, x, y), rtol=1e-6)
    assert heights.coarsened(20).height_m.tolist() == [[pytest.approx(values.mean())]]
    assert heights.coarsened(1) is heights


def test_only_the_ground_asked_for_is_read(tmp_path: Path) -> None:
    path = dem(tmp_path / "d.tif", GRID, around(20.0, GRID), (600, 600))
    lon, lat = transform_xy(GRID, WGS84, *cells(3))
    bounds = (lon.min(), lat.min(), lon.max(), lat.max())
    part, whole = read_heights(path, within=bounds), read_heights(path)
    assert part.height_m.size < whole.height_m.size / 4
    for one, other in zip(
        *(cell_relief(h, GRID, 100.0, *cells(3)) for h in (part, whole)), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-3)
    with pytest.raises(RasterError) as caught:
        read_heights(path, within=(100.0, 20.0, 101.0, 21.0))
    assert caught.value.code == "outside_area"


def test_pictures_and_odd_bands(tmp_path: Path) -> None:
    grey = np.full((1, 20, 20), 90, np.uint8)
    assert [p.code for p in read_heights(write_raster(tmp_path / "g.tif", grey)).problems] == [
        "eight_bit_heights"
    ]
    two = np.full((2, 20, 20), 90, np.float32)
    assert [p.code for p in read_heights(write_raster(tmp_path / "2.tif", two)).problems] == [
        "several_bands"
    ]
    for picture in (
        write_raster(tmp_path / "rgb.tif", np.repeat(grey, 3, axis=0), photometric="RGB"),
        write_raster(tmp_path / "p.tif", grey, photometric="PALETTE"),
    ):
        with pytest.raises(RasterError) as caught:
            read_heights(picture)
        assert caught.value.code == "not_heights"


def test_what_can_not_be_heights_is_refused_in_words(tmp_path: Path) -> None:
    some = np.full((1, 20, 20), 90, np.float32)
    text = tmp_path / "t.tif"
    text.write_text("ncols 3\nnrows 3\n")
    vrt = tmp_path / "v.tif"
    vrt.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    bad_scale = write_raster(tmp_path / "s.tif", some)
    with rasterio.open(bad_scale, "r+") as out:
        out.scales = (math.nan,)
    local = write_raster(
        tmp_path / "l.tif", some, crs='LOCAL_CS["x",UNIT["metre",1]]', transform=around(1.0, GRID)
    )
    far = write_raster(
        tmp_path / "f.tif", some, crs="EPSG:4326", transform=Affine(0.1, 0, 0, 0, -0.1, 2000)
    )
    hollow = write_raster(tmp_path / "h.tif", np.full((1, 9, 9), np.nan, np.float32))
    for path, code in (
        (text, None),
        (vrt, None),
        (tmp_path / "none.tif", "cannot_open"),
        (tmp_path, None),
        (write_raster(tmp_path / "c.tif", some, crs=None), "no_crs"),
        (bad_scale, "bad_scale"),
        (local, "bad_crs"),
        (far, "outside_crs"),
        (hollow, "no_heights"),
    ):
        with pytest.raises(RasterError) as caught:
            read_heights(path)
        assert code in (None, caught.value.code), path.name
        assert path.name in caught.value.text.zh


def test_a_dem_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster(tmp_path / "d.tif", np.full((1, 100, 100), 90, np.float32))
    monkeypatch.setattr(terrain_pixels, "MAX_READ_PX", 9999)
    with pytest.raises(TooLargeError):
        read_heights(path)
    with pytest.raises(TooLargeError):
        read_heights(path, settings=Settings(raster_max_gpx=1e-6))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_bent_bytes_never_end_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("bent")
    path = write_raster(folder / "d.tif", np.full((1, 20, 20), 90, np.float32))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, min(len(raw), 700) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(8, len(raw)))])
    try:
        heights = read_heights(path)
    except GeoInspectError as error:
        told = error.text.zh
    else:
        altitude, slope = cell_relief(heights, GRID, 100.0, *cells(2))
        told = "d.tif" if altitude.shape == slope.shape == (4,) else ""
    assert "d.tif" in told
