from __future__ import annotations

import contextlib
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from raster_builders import grass, write_raster
from rasterio.transform import Affine

from geoinspect.detect.run import detect
from geoinspect.errors import InputError, RasterError, TooLargeError
from geoinspect.ingest.rasters import inspect_raster, open_raster, read_info, reencode_cog
from geoinspect.settings import Settings

SETTINGS = Settings()


def refusal(path: Path) -> str:
    """Return the code that a file is refused with; both languages must name the file."""
    with pytest.raises((RasterError, TooLargeError)) as caught:
        read_info(path, settings=SETTINGS, name="航测.tif")
    assert "航测.tif" in caught.value.text.zh
    assert "航测.tif" in caught.value.text.en
    described = inspect_raster(path, settings=SETTINGS)
    assert described["status"] == "refused"
    assert described["problems"][0]["code"] == caught.value.code
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "not_geotiff"),
        (b"\xff\xd8\xff\xe0 JFIF", "not_geotiff"),
        (b"\xef\xbb\xbf <!doctype HTML><p>", "not_geotiff"),
        (b"nothing known", "not_geotiff"),
        (b"II*\0", "truncated"),
        (b"II*\0\x08\0\0\0", "truncated"),
        (b"II*\0\xff\xff\xff\xff", "truncated"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8, "truncated"),
        (b"MM\0*\0\0\0\x08\0\0", "truncated"),
        (b"II*\0" + struct.pack("<IHHHII", 8, 1, 273, 4, 2**31, 0), "truncated"),
    ],
)
def test_what_is_no_raster_is_refused_in_words(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(content)
    assert refusal(path) == code


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.tif") == "cannot_open"
    assert refusal(tmp_path) == "not_a_file"


@pytest.mark.timeout(20)
def test_pipes_and_devices_are_refused_unopened(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever."""
    pipe, link = tmp_path / "pipe.tif", tmp_path / "link.tif"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link, Path("/dev/zero")):
        assert refusal(path) == "not_a_file"
    loop = tmp_path / "loop.tif"
    loop.symlink_to(loop)
    assert refusal(loop) == "cannot_open"
    given = [("a", pipe), ("b", pipe), ("c", tmp_path)]
    _, refusals = detect(given, settings=SETTINGS)
    assert [r.code for r in refusals] == ["not_a_file"] * 3
    with pytest.raises(RasterError, match="航测"):
        reencode_cog(pipe, tmp_path / "copy.tif", name="航测.tif")


def test_vrt_and_mrf_named_tif_neither_read_nor_write(tmp_path: Path) -> None:
    canary = write_raster(tmp_path / "canary.tif", grass(64, 64))
    vrt = tmp_path / "vrt.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:4545</SRS>'
        "<GeoTransform>0,1,0,0,0,-1</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{canary}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    written = tmp_path / "written.bin"
    mrf = tmp_path / "mrf.tif"
    mrf.write_text(
        f"<MRF_META><CachedSource><Source>{canary}</Source></CachedSource><Raster>"
        f'<Size x="64" y="64" c="1"/><DataFile>{written}</DataFile></Raster></MRF_META>'
    )
    before = sorted(p.name for p in tmp_path.iterdir())
    assert refusal(vrt) == "not_geotiff"
    assert refusal(mrf) == "not_geotiff"
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_files_beside_a_raster_are_not_looked_at(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(64, 64), crs=None)
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset><SRS>EPSG:4326</SRS></PAMDataset>")
    (tmp_path / "a.prj").write_text(rasterio.CRS.from_epsg(4326).to_wkt())
    assert refusal(path) == "no_crs"


def test_a_picture_without_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write_raster(tmp_path / "a.tif", grass(64, 64), transform=Affine.identity())
    assert refusal(path) == "no_geotransform"


@pytest.mark.parametrize("options", [{}, {"compress": "none", "tiled": False}, {"BIGTIFF": "YES"}])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_raster_is_refused(tmp_path: Path, options: dict, share: float) -> None:
    path = write_raster(tmp_path / "a.tif", grass(600, 600), **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refusal(path) in {"truncated", "damaged"}


def test_damage_in_the_middle_names_the_file_when_it_is_read(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(600, 600))
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 5000] = b"\xa5" * 5000
    path.write_bytes(content)
    with pytest.raises(RasterError) as caught, open_raster(path) as dataset:
        dataset.read()
    assert "a.tif" in caught.value.text.en


def test_bombs_are_refused_at_once(tmp_path: Path) -> None:
    options = {"count": 1, "dtype": "uint8", "crs": "EPSG:4545", "tiled": True}
    paths = []
    for name, side in (("sparse", 300_000), ("smaller", 60_000)):
        paths.append(tmp_path / f"{name}.tif")
        with rasterio.open(
            paths[-1],
            "w",
            driver="GTiff",
            width=side,
            height=side,
            transform=Affine(0.02, 0, 5e5, 0, -0.02, 3e6),
            blockxsize=512,
            blockysize=512,
            BIGTIFF="YES",
            SPARSE_OK=True,
            **options,
        ):
            pass
    started = time.perf_counter()
    assert refusal(paths[0]) == "too_large"
    assert refusal(paths[1]) == "bomb"
    assert time.perf_counter() - started < 2
    assert paths[0].stat().st_size < 8e6


def test_limits_of_pixels_bands_and_kind(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", grass(64, 64))
    with pytest.raises(TooLargeError):
        read_info(path, settings=Settings(raster_max_gpx=1e-6))
    with pytest.raises(TooLargeError):
        read_info(path, settings=Settings(raster_max_mb=1e-3))
    many = write_raster(tmp_path / "b.tif", np.ones((17, 32, 32), dtype=np.uint8))
    assert refusal(many) == "too_many_bands"
    odd = write_raster(tmp_path / "c.tif", np.ones((3, 32, 32), dtype=np.complex64))
    assert refusal(odd) == "complex_pixels"


def test_coordinates_that_do_not_fit_their_system_are_refused(tmp_path: Path) -> None:
    degrees_as_metres = Affine(1e3, 0, 5e8, 0, -1e3, 9e8)
    path = write_raster(
        tmp_path / "a.tif", grass(64, 64), crs="EPSG:4326", transform=degrees_as_metres
    )
    assert refusal(path) == "outside_crs"


def test_no_damage_whatever_ends_in_anything_but_words(tmp_path: Path) -> None:
    """Bytes changed at random in small rasters of several layouts: read, or refused in words."""
    rng = np.random.default_rng(20260514)
    layouts = [
        {},
        {"compress": "none", "tiled": False},
        {"compress": "lzw", "BIGTIFF": "YES"},
        {"compress": "jpeg", "photometric": "YCBCR"},
    ]
    path = tmp_path / "x.tif"
    for options in layouts:
        whole = write_raster(tmp_path / "a.tif", grass(96, 96), **options).read_bytes()
        for _ in range(40):
            content = bytearray(whole)
            for place in rng.integers(4, min(len(whole), 1200), rng.integers(1, 6)):
                content[place] = rng.integers(0, 256)
            path.write_bytes(content)
            assert inspect_raster(path, settings=SETTINGS)["status"] in {"ok", "refused"}
            detect([("x", path)], settings=SETTINGS)
            with contextlib.suppress(InputError):
                reencode_cog(path, tmp_path / "copy.tif")
