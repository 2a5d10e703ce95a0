from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from raster_builders import GSD_M, grass, north_up, write_raster
from rasterio.transform import Affine
from rasterio.windows import Window

from geoinspect.crs import GEOD, geodesic_area_m2
from geoinspect.errors import RasterError
from geoinspect.ingest.raster_flood import border_pieces
from geoinspect.ingest.rasters import inspect_raster, open_raster, read_info, valid_mask
from geoinspect.settings import Settings

SETTINGS = Settings()
AREA_M2 = 400 * 300 * GSD_M**2


def test_every_shared_raster_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "imagery").glob("*.tif"))
    assert len(paths) >= 7
    for path in paths:
        described = inspect_raster(path, settings=SETTINGS, name=path.name)
        assert described["status"] == "ok", described
        gsd_cm = (
            float(path.stem.split("_")[1].removesuffix("cm")) if "5band" not in path.name else 3.6
        )
        # One file is in World Mercator, whose "10 cm" are 9.6 cm on the ground.
        assert described["gsd_cm"] == pytest.approx(gsd_cm, rel=0.05)
        info = read_info(path, settings=SETTINGS)
        assert geodesic_area_m2(info.outline) == pytest.approx(info.valid_area_m2, rel=0.01)
        assert [band.role for band in info.bands][:3] == ["red", "green", "blue"]


def test_alpha_of_a_file_that_does_not_name_it(shared_data: Path) -> None:
    info = read_info(shared_data / "imagery" / "plots_2.2cm_rgba.tif", settings=SETTINGS)
    assert info.bands[3].role == "alpha"
    assert 0.3 < info.valid_fraction < 0.5


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:3395", "EPSG:4326", "EPSG:4545", "custom"])
def test_ground_is_true_whatever_the_projection(tmp_path: Path, crs: str) -> None:
    lon, lat, side_m = 117.0, 38.0, 0.05
    if crs == "custom":
        crs = rasterio.CRS.from_proj4(
            "+proj=tmerc +lat_0=0 +lon_0=116.8 +k=1 +x_0=123456 +ellps=GRS80 +units=m"
        ).to_wkt()
    from geoinspect.crs import WGS84, transform_xy

    east, north = GEOD.fwd(lon, lat, 90, 20)[:2], GEOD.fwd(lon, lat, 0, 20)[:2]
    xs, ys = transform_xy(
        WGS84, crs, np.array([lon, east[0], north[0]]), np.array([lat, east[1], north[1]])
    )
    across, up = side_m / 20 * np.array([xs[1:] - xs[0], ys[1:] - ys[0]]).T
    place = Affine(across[0], -up[0], xs[0], across[1], -up[1], ys[0])
    path = write_raster(tmp_path / "a.tif", grass(300, 400), crs=crs, transform=place)
    info = read_info(path, settings=SETTINGS)
    assert info.gsd_cm == pytest.approx(100 * side_m, rel=1e-3)
    assert info.valid_area_m2 == pytest.approx(AREA_M2, rel=2e-3)
    assert geodesic_area_m2(info.outline) == pytest.approx(AREA_M2, rel=2e-3)
    west, south, east_, north_ = info.bbox
    assert (west, north_) == pytest.approx((lon, lat), abs=1e-5)
    assert east_ > west
    assert south < north_


@pytest.mark.parametrize("angle_deg", [30, 180])
def test_rotated_and_south_up_pictures_lie_where_they_say(tmp_path: Path, angle_deg: int) -> None:
    place = north_up() @ Affine.rotation(angle_deg)
    path = write_raster(tmp_path / "a.tif", grass(300, 400), transform=place)
    info = read_info(path, settings=SETTINGS)
    assert info.valid_area_m2 == pytest.approx(AREA_M2, rel=1e-3)
    assert geodesic_area_m2(info.outline) == pytest.approx(AREA_M2, rel=1e-3)
    frame = info.outline.minimum_rotated_rectangle
    assert frame.area == pytest.approx(info.outline.area, rel=0.3)


def valid_share(path: Path) -> float:
    info = read_info(path, settings=SETTINGS)
    assert geodesic_area_m2(info.outline) == pytest.approx(info.valid_area_m2, rel=0.03)
    with open_raster(path) as dataset:
        whole = valid_mask(dataset, Window(0, 0, dataset.width, dataset.height))
        part = valid_mask(dataset, Window(37, 51, 90, 80))
    assert np.array_equal(whole[51:131, 37:127], part)
    assert whole.mean() == pytest.approx(info.valid_fraction)
    return info.valid_fraction


@pytest.mark.parametrize("how", ["alpha", "nodata", "mask", "nan", "black", "white", "jpeg"])
def test_what_was_not_seen_is_not_valid(tmp_path: Path, how: str) -> None:
    seen = np.zeros((400, 400), dtype=bool)
    seen[40:360, 100:] = True
    pixels = grass(400, 400)
    # Black shadow and a white roof inside the picture are ground.
    pixels[:, 200:240, 200:260] = 0
    pixels[:, 300:330, 300:330] = 255
    path = tmp_path / "a.tif"
    if how == "alpha":
        write_raster(path, pixels, alpha=seen * np.uint8(255))
    elif how == "nodata":
        odd = pixels.astype(np.int16)
        odd[:, ~seen] = -1
        write_raster(path, odd, nodata=-1)
    elif how == "nan":
        floats = pixels.astype(np.float32) / 255
        floats[:, ~seen] = np.nan
        write_raster(path, floats)
    elif how == "mask":
        write_raster(path, pixels)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
            dataset.write_mask(seen)
    else:
        pixels[:, ~seen] = 255 if how == "white" else 0
        more = {"compress": "jpeg", "photometric": "YCBCR"} if how == "jpeg" else {}
        write_raster(path, pixels, **more)
    assert valid_share(path) == pytest.approx(seen.mean(), abs=0.01 if how == "jpeg" else 1e-9)


def test_a_picture_of_nothing_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.zeros((3, 200, 200), dtype=np.uint8))
    with pytest.raises(RasterError, match="no valid pixel"):
        read_info(path, settings=SETTINGS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("bands", [1, 2, 3, 4, 7])
def test_kinds_and_numbers_of_bands(tmp_path: Path, dtype: type, bands: int) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(20, 200, (bands, 50, 60)).astype(dtype)
    info = read_info(write_raster(tmp_path / "a.tif", pixels), settings=SETTINGS)
    assert len(info.bands) == bands
    assert info.bands[0].dtype == np.dtype(dtype).name
    assert info.valid_fraction == 1
    if bands in {3, 4}:
        assert [band.role for band in info.bands][:3] == ["red", "green", "blue"]
    # GDAL itself calls the fourth of four 8-bit bands alpha when it writes them.
    if not (bands == 4 and dtype is np.uint8):
        assert "alpha" not in [band.role for band in info.bands]


def test_band_names_count_before_habit(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((5, 40, 40), dtype=np.float32))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("Blue 475", "绿", "red", "Red edge", "NIR")
    roles = [band.role for band in read_info(path, settings=SETTINGS).bands]
    assert roles == ["blue", "green", "red", "rededge", "nir"]


def test_time_without_a_zone_is_china_time(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(40, 40))
    assert read_info(path, settings=SETTINGS).taken is None
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2026:05:14 07:30:00")
    taken = read_info(path, settings=SETTINGS).taken
    assert taken == datetime(2026, 5, 13, 23, 30, tzinfo=UTC)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2026:13:99 07:30:00")
    assert read_info(path, settings=SETTINGS).taken is None


def test_a_tiny_raster_works(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((3, 1, 1), 90, dtype=np.uint8))
    info = read_info(path, settings=SETTINGS)
    assert info.valid_area_m2 == pytest.approx(GSD_M**2, rel=1e-3)
    assert math.isclose(geodesic_area_m2(info.outline), GSD_M**2, rel_tol=1e-2)


def speckled(path: Path, side: int, share: float, *, nodata: int | None = 0) -> Path:
    seen = np.random.default_rng(3).random((side, side)) < share
    pixels = np.where(seen, np.full((3, 1, 1), 90, dtype=np.uint8), np.uint8(0))
    pixels[:, :8, :8] = 0
    return write_raster(path, pixels, nodata=nodata)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("side", "share", "drawn_m2"),
    [(600, 0.7, 1.0), (2048, 0.5, 0.5), (2048, 0.9, 1.0), (1500, 0.2, 0.2), (900, 0.01, 0.01)],
)
def test_speckle_gives_a_small_outline_fast(
    tmp_path: Path, side: int, share: float, drawn_m2: float
) -> None:
    """The outline takes blocks that are half seen; the area and its share stay exact."""
    path = speckled(tmp_path / "a.tif", side, share)
    read_info(path, settings=SETTINGS)
    started = time.perf_counter()
    info = read_info(path, settings=SETTINGS)
    assert time.perf_counter() - started < 3
    frame_m2 = (side * GSD_M) ** 2
    with open_raster(path) as dataset:
        seen = valid_mask(dataset, Window(0, 0, side, side))
    assert info.valid_fraction == pytest.approx(seen.mean(), abs=1e-12)
    assert info.valid_area_m2 == pytest.approx(seen.mean() * frame_m2, rel=1e-3)
    assert info.outline.is_valid
    assert shapely.get_num_coordinates(info.outline) < 20_000
    assert geodesic_area_m2(info.outline) / frame_m2 == pytest.approx(drawn_m2, rel=0.1)
    assert "outline_of_blocks" in [problem.code for problem in info.problems]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_black_speckle_without_nodata_is_read_fast(tmp_path: Path, share: float) -> None:
    path = speckled(tmp_path / "a.tif", 1024, share, nodata=None)
    read_info(path, settings=SETTINGS)
    started = time.perf_counter()
    assert read_info(path, settings=SETTINGS).outline.is_valid
    assert time.perf_counter() - started < 3


def test_a_ragged_but_plain_picture_keeps_its_outline(tmp_path: Path) -> None:
    seen = np.arange(800)[:, None] + np.random.default_rng(3).integers(-9, 9, 800) < 500
    path = write_raster(tmp_path / "a.tif", grass(800, 800), alpha=seen * np.uint8(255))
    info = read_info(path, settings=SETTINGS)
    assert info.problems == ()
    assert geodesic_area_m2(info.outline) == pytest.approx(info.valid_area_m2, rel=0.01)


def test_border_pieces_hang_together_by_corners() -> None:
    marked = np.array(
        [
            [1, 0, 0, 0, 1],
            [0, 1, 0, 0, 0],
            [0, 0, 0, 1, 0],
            [0, 0, 0, 1, 0],
            [1, 1, 0, 0, 0],
        ],
        dtype=bool,
    )
    labels, sizes = border_pieces(marked)
    assert labels[0, 0] == labels[1, 1] != labels[0, 4]
    assert sizes[labels[[0, 0, 4], [0, 4, 0]]].tolist() == [2, 1, 2]
    assert not labels[2:4, 3].any()
    for shape in ((1, 1), (1, 6), (6, 1), (2, 2)):
        labels, sizes = border_pieces(np.ones(shape, dtype=bool))
        assert (labels == 1).all()
        assert sizes.tolist() == [0, labels.size]
