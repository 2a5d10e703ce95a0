"""Files of labels: one reader, four formats by what they are, and only ground that teaches."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyproj
import pytest
from detect_builders import SETTINGS, planted_meadow
from raster_builders import EAST, NORTH, write_raster
from shapely import LineString, Point, Polygon, box
from shapely.affinity import translate

from geoinspect.crs import transform_geometry
from geoinspect.detect.label_files import read_label_file, read_labels
from geoinspect.detect.labelled import Label
from geoinspect.detect.run import detect
from geoinspect.errors import InputError

CRS = "EPSG:4545"
X, Y = 500_000.0, 3_000_000.0


def square(number: int, side_m: float = 8.0) -> Polygon:
    return box(X + 20 * number, Y, X + 20 * number + side_m, Y + side_m)


def written(path: Path, shapes: list, **columns: list) -> Path:
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    frame.to_file(path, layer="labels", driver="GPKG", engine="pyogrio", geometry_type="Unknown")
    return path


def test_polygons_keep_their_place_and_what_was_said(tmp_path: Path) -> None:
    path = written(
        tmp_path / "l.gpkg",
        [square(0), square(1), square(2), square(3)],
        Label=["poppy", " Other ", "unsure", None],
    )
    labels = read_labels(path)
    assert [one.poppy for one in labels] == [True, False]
    for number, one in enumerate(labels):
        back = transform_geometry(one.crs, CRS, one.polygon)
        assert back.symmetric_difference(square(number)).area < 1e-3
    assert read_label_file(path).others == ("",)


def test_other_by_no_look_of_the_ground_is_no_lesson(tmp_path: Path) -> None:
    reasons = ["grass", "licensed", "Duplicate", "picture_fault", "licensed", ""]
    said = ["other", "other", "other", "other", "poppy", "other"]
    path = written(tmp_path / "l.gpkg", [square(k) for k in range(6)], label=said, reason=reasons)
    labels = read_labels(path)
    assert [one.poppy for one in labels] == [False, True, False]
    middles = [transform_geometry(one.crs, CRS, one.polygon).centroid.x for one in labels]
    assert middles == pytest.approx([X + 4, X + 84, X + 104], abs=0.01)
    alone = written(tmp_path / "a.gpkg", [square(0)], label=["other"], reason=["licensed"])
    with pytest.raises(InputError, match="learnt from"):
        read_labels(alone)


@pytest.mark.parametrize(
    "shape",
    [
        Polygon([(X, Y), (X + 8, Y), (X, Y)]),
        LineString([(X, Y), (X + 8, Y)]),
        Point(X, Y),
    ],
)
def test_what_has_no_ground_is_refused(tmp_path: Path, shape: object) -> None:
    path = written(tmp_path / "l.gpkg", [square(1), shape], label=["poppy", "other"])
    with pytest.raises(InputError, match="no polygons"):
        read_labels(path)


def test_a_polygon_that_crosses_itself_gives_polygons_only(tmp_path: Path) -> None:
    # A bow with a needle: repaired at large it holds a line, which would be burnt as ground.
    bow = Polygon([(X, Y), (X + 8, Y + 8), (X + 8, Y), (X, Y + 8), (X - 9, Y + 8), (X, Y + 8)])
    (one,) = read_labels(written(tmp_path / "l.gpkg", [bow], label=["poppy"]))
    assert one.polygon.geom_type in ("Polygon", "MultiPolygon")
    assert transform_geometry(one.crs, CRS, one.polygon).area == pytest.approx(32, rel=1e-3)


@pytest.mark.parametrize("value", ["popy", "withdrawn", "nan"])
def test_other_words_are_told(tmp_path: Path, value: str) -> None:
    path = written(tmp_path / "l.gpkg", [square(0), square(1)], label=["poppy", value])
    with pytest.raises(InputError, match=value):
        read_labels(path)


@pytest.mark.parametrize("columns", [{"name": ["poppy"]}, {"label": [""]}])
def test_a_file_without_labels_is_told(tmp_path: Path, columns: dict[str, list[str]]) -> None:
    with pytest.raises(InputError, match="missing or empty"):
        read_labels(written(tmp_path / "l.gpkg", [square(0)], **columns))


def test_a_table_without_geometry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("label,lon,lat\npoppy,104.1,27.1\n", "utf-8")
    with pytest.raises(InputError, match="GeoPackage"):
        read_labels(path)


@pytest.mark.parametrize("name", ["l.gpkg", "l.vrt", "l.geojson"])
def test_no_file_leads_to_another(tmp_path: Path, name: str) -> None:
    other = written(tmp_path / "secret.gpkg", [square(0)], label=["poppy"])
    path = tmp_path / name
    path.write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='labels'>"
        f"<SrcDataSource>{other}</SrcDataSource><SrcLayer>labels</SrcLayer>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        "utf-8",
    )
    with pytest.raises(InputError):
        read_labels(path)


def test_a_label_as_wide_as_a_county_teaches_by_its_middle(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", planted_meadow().pixels)
    # A CRS of metres by another name: no vertex every half millimetre, as once.
    wide = box(EAST - 5000, NORTH - 5000, EAST + 5000, NORTH + 5000)
    label = Label(wide, pyproj.CRS.from_user_input(CRS).to_wkt(), poppy=True)
    away = Label(translate(wide, 20_000), label.crs, poppy=True)
    for labels, taught in (([label, away], True), ([away], False)):
        found, refused = detect([("a.tif", path)], settings=SETTINGS, labels=labels)
        assert not refused
        assert found.detector.endswith("+labels") is taught
