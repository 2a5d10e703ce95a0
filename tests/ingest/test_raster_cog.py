from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
import rasterio
from raster_builders import grass, north_up, write_raster
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.transform import Affine
from rio_cogeo import cog_validate

from geoinspect.errors import RasterError, StoreError
from geoinspect.ingest.rasters import open_raster, read_info, reencode_cog
from geoinspect.settings import Settings


def same_after_copy(source: Path, target: Path) -> None:
    """Copy, then require every pixel, place and colour to be the same in a valid COG."""
    shares: list[float] = []
    reencode_cog(source, target, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert cog_validate(str(target), quiet=True)[0]
    with open_raster(source) as a, open_raster(target) as b:
        assert np.array_equal(a.read(), b.read(), equal_nan=a.dtypes[0].startswith("float"))
        assert a.dtypes == b.dtypes
        assert a.crs == b.crs
        assert a.transform.almost_equals(b.transform, 1e-12)
        assert a.nodata == b.nodata or np.isnan(a.nodata)
        assert b.block_shapes[0] == (512, 512)
    one, two = (read_info(path, settings=Settings()) for path in (source, target))
    assert one.valid_area_m2 == pytest.approx(two.valid_area_m2)
    assert [band.role for band in one.bands] == [band.role for band in two.bands]
    assert sorted(p.name for p in target.parent.iterdir() if p.name.startswith(".")) == []


def test_every_shared_raster_survives(shared_data: Path, tmp_path: Path) -> None:
    for path in sorted((shared_data / "imagery").glob("*.tif")):
        same_after_copy(path, tmp_path / path.name)


@pytest.mark.parametrize("angle_deg", [0, 30, 180])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_types_and_rotations(tmp_path: Path, dtype: str, angle_deg: int) -> None:
    source = write_raster(
        tmp_path / "a.tif",
        grass(700, 900).astype(dtype),
        transform=north_up() @ Affine.rotation(angle_deg),
        nodata=0,
        tiled=False,
        blockysize=7,
    )
    same_after_copy(source, tmp_path / "b.tif")


def test_alpha_and_margin_stay_what_they_are(tmp_path: Path) -> None:
    seen = np.zeros((700, 700), dtype=np.uint8)
    seen[100:, 100:] = 255
    same_after_copy(write_raster(tmp_path / "a.tif", grass(700, 700), alpha=seen), tmp_path / "b")
    with rasterio.open(tmp_path / "b", driver="GTiff") as dataset:
        assert dataset.colorinterp[3] is ColorInterp.alpha
    black = write_raster(tmp_path / "c.tif", grass(700, 700) * (seen > 0))
    same_after_copy(black, tmp_path / "d")
    with rasterio.open(tmp_path / "d", driver="GTiff") as dataset:
        assert MaskFlags.per_dataset in dataset.mask_flag_enums[0]
        assert np.array_equal(dataset.dataset_mask(), seen)


def test_foreign_tags_are_dropped_and_the_date_kept(tmp_path: Path) -> None:
    source = write_raster(tmp_path / "a.tif", grass(64, 64))
    with rasterio.open(source, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2026:05:14 07:30:00", note="{{7*7}}")
        dataset.update_tags(1, secret="home")
    same_after_copy(source, tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif", driver="GTiff") as dataset:
        assert set(dataset.tags()) == {"TIFFTAG_DATETIME", "AREA_OR_POINT"}
        assert dataset.tags(1) == {}


def test_a_damaged_source_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_raster(tmp_path / "a.tif", grass(900, 900))
    content = bytearray(source.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\x5a" * 20_000
    source.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(RasterError) as caught:
        reencode_cog(source, tmp_path / "out" / "b.tif", name="北坡.tif")
    assert "北坡.tif" in caught.value.text.zh
    assert "北坡.tif" in caught.value.text.en
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("limit_bytes", [300_000, 2_600_000])
def test_a_full_disk_is_no_damage_of_the_source(tmp_path: Path, limit_bytes: int) -> None:
    """Full while the pixels are copied (2.4 MB), or while the copy is packed."""
    pixels = np.random.default_rng(1).integers(0, 255, (3, 900, 900)).astype(np.uint8)
    source = write_raster(tmp_path / "a.tif", pixels)
    (tmp_path / "out").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        with pytest.raises(StoreError) as caught:
            reencode_cog(source, tmp_path / "out" / "b.tif", name="北坡.tif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "北坡.tif" in caught.value.text.zh
    assert "北坡.tif" in caught.value.text.en
    assert list((tmp_path / "out").iterdir()) == []
