from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from detect_builders import SETTINGS, assert_found, planted_meadow, run, same
from raster_builders import EAST, GSD_M, NORTH, north_up, write_raster
from rasterio.transform import Affine
from rasterio.windows import Window

from geoinspect.crs import WGS84, transform_geometry
from geoinspect.detect import run as detect_run
from geoinspect.detect.implants import Implant
from geoinspect.detect.measure import Stopped
from geoinspect.detect.outlines import COLUMNS, patch_frame, write_patches
from geoinspect.detect.run import detect
from geoinspect.detect.scan import Work
from geoinspect.detect.search import REASONS
from geoinspect.errors import RasterError, UsageError
from geoinspect.records import Zone, ZoneKind
from geoinspect.survey_records import Detection, PatchState


@pytest.fixture(scope="module")
def meadow() -> np.ndarray:
    return planted_meadow().pixels


@pytest.fixture(scope="module")
def implants() -> tuple[Implant, ...]:
    return planted_meadow().implants


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, meadow: np.ndarray) -> Detection:
    """What is found on the meadow as it is."""
    return run(write_raster(tmp_path_factory.mktemp("plain") / "a.tif", meadow))


def test_every_shared_raster_goes_through(shared_data: Path, tmp_path: Path) -> None:
    paths = sorted((shared_data / "imagery").glob("*.tif"))
    together, refusals = detect(
        [(p.name, p) for p in paths], settings=SETTINGS, budget_per_km2=3000
    )
    assert refusals == ()
    assert len(together.patches) <= 3000 * together.valid_area_m2 / 1e6
    assert [p.rank for p in together.patches] == list(range(1, len(together.patches) + 1))
    write_patches(together, tmp_path / "p.gpkg")
    with rasterio.open(paths[0], driver="GTiff") as first:
        assert {p.crs for p in together.patches} == {first.crs.to_string()}
    assert any("--bands" in warning.en for warning in together.warnings)


def test_windows_and_strips_make_no_difference(tmp_path: Path, meadow: np.ndarray) -> None:
    tiled = write_raster(tmp_path / "a.tif", meadow)
    striped = write_raster(tmp_path / "b.tif", meadow, tiled=False, blockysize=5)
    whole = run(tiled, window_px=4096, budget_per_km2=5000)
    for window_px in (None, 512, 333, 64):
        same(whole, run(tiled, window_px=window_px, budget_per_km2=5000))
    same(whole, run(striped, budget_per_km2=5000))


def test_workers_and_broken_off_work_make_no_difference(
    tmp_path: Path, meadow: np.ndarray, plain: Detection
) -> None:
    path = write_raster(tmp_path / "a.tif", meadow)
    for workers in (1, 2, 3):
        same(plain, run(path, work=Work(workers=workers)))
    asked = iter([False] * 6)
    folder = tmp_path / "work"
    with pytest.raises(Stopped):
        run(path, window_px=300, work=Work(folder, cancelled=lambda: next(asked, True)))
    shares: list[float] = []
    same(plain, run(path, window_px=300, work=Work(folder), progress=shares.append))
    assert 0.2 < shares[0] < 0.6
    assert shares[-1] == pytest.approx(1)


def test_a_system_without_a_number_and_one_of_its_own(
    tmp_path: Path, meadow: np.ndarray, implants: tuple[Implant, ...]
) -> None:
    own = (
        'PROJCS["village",GEOGCS["x",DATUM["D",SPHEROID["S",6378137,298.257222101]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",30],'
        'PARAMETER["central_meridian",104.3],PARAMETER["scale_factor",1],'
        'PARAMETER["false_easting",500000],PARAMETER["false_northing",3350000],UNIT["metre",1]]'
    )
    detection = run(write_raster(tmp_path / "a.tif", meadow, crs=own))
    assert_found(detection, implants, north_up())
    assert "village" in detection.patches[0].crs
    assert detection.patches[0].area_m2 == pytest.approx(
        detection.patches[0].polygon.area, rel=0.01
    )
    write_patches(detection, tmp_path / "p.gpkg")
    assert len(gpd.read_file(tmp_path / "p.gpkg")) == len(detection.patches)


@pytest.mark.parametrize("angle_deg", [0, 33, 180])
def test_patches_lie_where_they_were_planted(
    tmp_path: Path, meadow: np.ndarray, implants: tuple[Implant, ...], angle_deg: int
) -> None:
    place = north_up() @ Affine.rotation(angle_deg)
    detection = run(write_raster(tmp_path / "a.tif", meadow, transform=place))
    assert_found(detection, implants, place)
    best = detection.patches[0]
    assert best.area_m2 == pytest.approx(best.polygon.area, rel=1e-3)
    assert best.crs == "EPSG:4545"


def test_south_up_and_degrees(
    tmp_path: Path, meadow: np.ndarray, implants: tuple[Implant, ...]
) -> None:
    south_up = Affine(GSD_M, 0, EAST, 0, GSD_M, NORTH)
    turned = run(write_raster(tmp_path / "a.tif", meadow, transform=south_up))
    assert_found(turned, implants, south_up)
    degree_m = 111_320 * np.cos(np.radians(30.0))
    degrees = Affine(GSD_M / degree_m, 0, 104.0, 0, -GSD_M / 110_850, 30.0)
    detection = run(write_raster(tmp_path / "b.tif", meadow, crs="EPSG:4326", transform=degrees))
    assert_found(detection, implants, degrees)
    assert detection.valid_area_m2 == pytest.approx(meadow[0].size * GSD_M**2, rel=0.01)


@pytest.mark.parametrize("kind", ["uint16", "int32", "float32", "float64"])
def test_bits_and_scale_make_little_difference(
    tmp_path: Path, meadow: np.ndarray, plain: Detection, kind: str
) -> None:
    factor = {"uint16": 257, "int32": 11, "float32": 1 / 255, "float64": 1 / 400}[kind]
    scaled = run(
        write_raster(tmp_path / "b.tif", (meadow.astype(np.float64) * factor).astype(kind))
    )
    assert len(plain.patches) == len(scaled.patches)
    for a, b in zip(plain.patches[:2], scaled.patches[:2], strict=True):
        common = shapely.intersection(a.polygon, b.polygon).area
        assert common > 0.9 * shapely.union(a.polygon, b.polygon).area


@pytest.mark.parametrize("how", ["alpha", "nodata", "black"])
def test_what_was_not_seen_has_no_patches(tmp_path: Path, meadow: np.ndarray, how: str) -> None:
    seen = np.ones(meadow.shape[1:], dtype=bool)
    seen[:, :500] = False
    path = tmp_path / "a.tif"
    if how == "alpha":
        write_raster(path, meadow, alpha=seen * np.uint8(255))
    else:
        write_raster(path, meadow * seen, nodata=0 if how == "nodata" else None)
    detection = run(path, budget_per_km2=10_000)
    hidden = shapely.box(EAST, NORTH - 100, EAST + 500 * GSD_M, NORTH)
    assert len(detection.patches) > 0
    for patch in detection.patches:
        assert shapely.intersection(patch.polygon, hidden).area < 0.1
    assert detection.valid_area_m2 == pytest.approx(seen.sum() * GSD_M**2, rel=1e-3)


def test_a_picture_in_a_corner_of_a_huge_empty_frame_is_learnt(
    tmp_path: Path, meadow: np.ndarray, implants: tuple[Implant, ...]
) -> None:
    """0.2 Gpx of which 0.6 % hold ground: neither refused as a bomb nor slow nor missed."""
    path, side = tmp_path / "a.tif", 14_000
    profile = {"crs": "EPSG:4545", "transform": north_up(), "count": 4, "dtype": "uint8"}
    layout = {"tiled": True, "compress": "deflate", "SPARSE_OK": True, "photometric": "RGB"}
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, **profile, **layout
    ) as out:
        opaque = np.full((1, *meadow.shape[1:]), 255, dtype=np.uint8)
        out.write(np.concatenate([meadow, opaque]), window=Window(10_000, 12_500, 1100, 1000))
    detection = run(path)
    assert_found(detection, implants, north_up() @ Affine.translation(10_000, 12_500))
    assert detection.warnings == ()


def test_gaps_in_the_picture_and_windows_without_ground_make_no_difference(
    tmp_path: Path, meadow: np.ndarray
) -> None:
    alpha = np.full(meadow.shape[1:], 255, dtype=np.uint8)
    alpha[230:250] = 0
    alpha[:, 760:780] = 0
    alpha[300:620, 300:900] = 0
    path = write_raster(tmp_path / "a.tif", meadow, alpha=alpha)
    whole = run(path, window_px=4096, budget_per_km2=5000)
    for window_px in (15, 64, 333):
        same(whole, run(path, window_px=window_px, budget_per_km2=5000))


def test_licensed_ground_is_kept_apart(tmp_path: Path, meadow: np.ndarray) -> None:
    path = write_raster(tmp_path / "a.tif", meadow)
    first = run(path).patches[0]
    fence = first.polygon.buffer(1)
    parcel = transform_geometry("EPSG:4545", WGS84, fence)
    licence = Zone(ZoneKind.LICENSED, "x", parcel, date(2026, 1, 1), date(2026, 12, 31))
    more = {"licensed": [licence], "budget_per_km2": 1.0}
    inside = run(path, taken={"a.tif": date(2026, 5, 14)}, **more)
    suspected, *apart = inside.patches
    assert (suspected.state, suspected.rank) == (PatchState.SUSPECTED, 1)
    assert {(p.state, p.rank) for p in apart} == {(PatchState.LICENSED, None)}
    assert all(shapely.contains(fence.buffer(0.01), p.polygon) for p in apart)
    assert any(
        shapely.intersection(p.polygon, first.polygon).area > 0.99 * first.area_m2 for p in apart
    )
    assert shapely.intersection(suspected.polygon, first.polygon).area < 0.1
    for day in (date(2027, 1, 1), None):
        expired = run(path, taken={"a.tif": day}, **more)
        assert [p.state for p in expired.patches] == [PatchState.SUSPECTED]


def test_one_bad_raster_does_not_lose_the_rest(tmp_path: Path, meadow: np.ndarray) -> None:
    good = write_raster(tmp_path / "good.tif", meadow)
    empty = tmp_path / "empty.tif"
    empty.write_bytes(b"")
    grey = write_raster(tmp_path / "grey.tif", meadow[:1])
    shares: list[float] = []
    detection, refusals = detect(
        [("empty", empty), ("good", good), ("grey", grey)],
        settings=SETTINGS,
        progress=shares.append,
    )
    assert [(r.file, r.code) for r in refusals] == [("empty", "empty"), ("grey", "too_few_bands")]
    assert {p.raster for p in detection.patches} == {"good"}
    assert shares == sorted(shares)
    nothing, refusals = detect([("empty", empty)], settings=SETTINGS)
    assert nothing.patches == ()
    assert len(refusals) == 1


def test_bands_can_be_said(tmp_path: Path, meadow: np.ndarray, plain: Detection) -> None:
    turned = write_raster(tmp_path / "b.tif", np.concatenate([meadow[::-1], meadow[:1] * 0 + 9]))
    with rasterio.open(turned, "r+") as dataset:
        dataset.colorinterp = [rasterio.enums.ColorInterp.undefined] * 4
    said = run(turned, bands={"red": 3, "green": 2, "blue": 1})
    assert [p.score for p in said.patches] == [p.score for p in plain.patches]
    _, refusals = detect(
        [("b", turned)], settings=SETTINGS, bands={"red": 9, "green": 2, "blue": 1}
    )
    assert refusals[0].code == "no_such_band"


@pytest.mark.parametrize(
    "wrong",
    [
        {"detector": "magic"},
        {"bands": {"red": 1}},
        {"bands": {}},
        {"bands": {"red": 1, "green": 1, "blue": 2}},
        {"bands": {"red": 0, "green": 1, "blue": 2}},
        {"bands": {"red": 3, "green": 1, "blue": 2, "infra": 4}},
    ],
)
def test_wrong_calls_are_said(wrong: dict) -> None:
    with pytest.raises(UsageError):
        detect([], settings=SETTINGS, **wrong)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("option", ["budget_per_km2", "min_area_m2"])
def test_budget_and_least_area_are_positive_numbers(option: str, value: float) -> None:
    with pytest.raises(UsageError, match=option.replace("_", "-")):
        detect([], settings=SETTINGS, **{option: value})


def test_the_same_bytes_count_once_and_a_warning_says_so(
    tmp_path: Path, meadow: np.ndarray, plain: Detection
) -> None:
    path = write_raster(tmp_path / "a.tif", meadow)
    copy = tmp_path / "b.tif"
    copy.write_bytes(path.read_bytes())
    for second in (path, copy):
        given = [("a.tif", path), ("again.tif", second)]
        twice, refusals = detect(given, settings=SETTINGS, budget_per_km2=3000)
        assert refusals == ()
        same(plain, twice)
        assert twice.megapixels == plain.megapixels
        assert [w.en for w in twice.warnings] == [
            "'again.tif' holds the same bytes as 'a.tif' and was counted once"
        ]
        assert "again.tif" in twice.warnings[0].zh
    copy.write_bytes(copy.read_bytes()[:-1] + b"\x01")
    other, _ = detect([("a.tif", path), ("b.tif", copy)], settings=SETTINGS)
    assert other.megapixels == 2 * plain.megapixels
    path.write_bytes(path.read_bytes()[:1000])
    _, refusals = detect([("a", path), ("b", path)], settings=SETTINGS)
    assert [r.file for r in refusals] == ["a", "b"]


def test_patches_file_has_the_columns_of_the_contract(tmp_path: Path, meadow: np.ndarray) -> None:
    detection = run(write_raster(tmp_path / "a.tif", meadow))
    target = tmp_path / "patches.gpkg"
    for kept in (detection, detection.__class__((), "cues", detection.crs, 0.0, 0.0, 0.0, 0.0)):
        write_patches(kept, target)
        frame = gpd.read_file(target, layer="patches", engine="pyogrio")
        assert len(frame) == len(kept.patches)
        assert set(COLUMNS) <= set(frame.columns)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "patches.gpkg"]
    frame = patch_frame(detection)
    assert frame.crs.to_epsg() == 4545
    assert json.loads(frame["reasons"][0]).keys() == REASONS.keys()
    assert all(0 <= value <= 1 for text in frame["reasons"] for value in json.loads(text).values())


def test_a_copy_of_what_the_search_refused_is_refused_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((3, 60, 60), 90, np.uint8))

    def refused(*_: object) -> None:
        raise RasterError("不行", "no such band", code="no_band")

    monkeypatch.setattr(detect_run, "scan", refused)
    detection, refusals = detect([("a.tif", path), ("copy.tif", path)], settings=SETTINGS)
    assert [(one.file, one.code) for one in refusals] == [
        ("a.tif", "no_band"),
        ("copy.tif", "no_band"),
    ]
    assert detection.warnings == ()
