"""Lists of sites in every format people have, and rows that are wrong."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import geopandas
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from geoinspect.errors import InputError
from geoinspect.ingest.datum import gcj02_to_wgs84
from geoinspect.ingest.site_fields import SiteKind, kind_of, questions_of
from geoinspect.ingest.site_files import SiteFile, read_sites

PLACE, YARD = Point(108.05, 33.05), box(108.1, 33.0, 108.101, 33.001)
ROWS = [
    {"编号": "A1", "名称": "老砖厂", "类型": "废弃厂房", "间隔天数": 14},
    {"编号": "A2", "名称": "赵家院", "类型": "院落", "间隔天数": 30},
]


def frame(crs: str = "EPSG:4326") -> geopandas.GeoDataFrame:
    made = geopandas.GeoDataFrame(ROWS, geometry=[PLACE, YARD], crs="EPSG:4326")
    return made.to_crs(crs)


def geojson(folder: Path) -> Path:
    path = folder / "s.geojson"
    path.write_text(frame().to_json(), "utf-8")
    return path


def geopackage(folder: Path) -> Path:
    path = folder / "s.gpkg"
    frame("EPSG:4545").to_file(path, driver="GPKG")
    return path


def kml(folder: Path) -> Path:
    def mark(row: dict[str, object], shape: str) -> str:
        data = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in row.items())
        return f"<Placemark><ExtendedData>{data}</ExtendedData>{shape}</Placemark>"

    ring = " ".join(f"{x},{y}" for x, y in YARD.exterior.coords)
    edge = f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    shapes = (
        f"<Point><coordinates>{PLACE.x},{PLACE.y}</coordinates></Point>",
        f"<Polygon>{edge}</outerBoundaryIs></Polygon>",
    )
    marks = "".join(mark(row, shape) for row, shape in zip(ROWS, shapes, strict=True))
    path = folder / "s.kml"
    head = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    path.write_text(f"{head}{marks}</Document></kml>", "utf-8")
    return path


def shapefile(folder: Path) -> Path:
    whole = frame()
    path = folder / "s.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n, part in enumerate((whole.iloc[:1], whole.iloc[1:])):
            part.rename(columns={"间隔天数": "间隔天"}).to_file(
                folder / f"p{n}.shp", encoding="utf-8"
            )
            for file in sorted(folder.glob(f"p{n}.*")):
                archive.write(file, file.name)
    return path


@pytest.mark.parametrize("write", [geojson, geopackage, kml, shapefile])
def test_every_format_tells_the_same_sites(tmp_path: Path, write) -> None:
    found = {site.code: site for site in read_sites(write(tmp_path)).sites}
    assert set(found) == {"A1", "A2"}
    assert (found["A1"].name, found["A1"].kind) == ("老砖厂", SiteKind.FACTORY)
    assert (found["A1"].interval_days, found["A2"].interval_days) == (14, 30)
    assert shapely.distance(found["A1"].geometry, PLACE) < 1e-7
    assert isinstance(found["A2"].geometry, Polygon)
    assert shapely.hausdorff_distance(found["A2"].geometry, YARD) < 1e-7


def table(folder: Path, text: str, encoding: str = "utf-8", name: str = "s.csv") -> SiteFile:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read_sites(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_with_everything(tmp_path: Path, encoding: str) -> None:
    head = "编号,名称,类型,经度,纬度,间隔(天),半径(公里),停留(分钟),单位,清单,开始日期,结束日期,风险,备注"
    row = (
        "S1,三号棚,塑料大棚,108.05,33.05,21,0.08,3,U11,有人吗;有水吗,2026-03-01,2026/9/30,2.5,靠河"
    )
    (site,) = table(tmp_path, f"{head}\n{row}\n", encoding).sites
    assert (site.kind, site.interval_days) == (SiteKind.GREENHOUSE, 21)
    assert (site.radius_m, site.dwell_s) == (80.0, 180.0)
    assert site.checklist == ("有人吗", "有水吗")
    assert (site.starts, site.ends) == (date(2026, 3, 1), date(2026, 9, 30))
    assert (site.unit, site.risk, site.note) == ("U11", 2.5, "靠河")


def test_places_in_other_ways_of_writing(tmp_path: Path) -> None:
    (degrees,) = table(tmp_path, 'code,lon,lat\nA,"108°03\'00""E","33°03\'00""N"\n').sites
    assert degrees.geometry.distance(Point(108.05, 33.05)) < 1e-7
    # A column that names its datum is moved.
    (moved,) = table(tmp_path, "编号,高德经度,高德纬度\nA,108.05,33.05\n").sites
    lon, lat = gcj02_to_wgs84(*shapely.get_coordinates(PLACE).T)
    assert moved.geometry.distance(Point(lon[0], lat[0])) < 1e-7
    assert moved.geometry.distance(PLACE) > 1e-3


@pytest.mark.parametrize(
    ("cell", "column", "code"),
    [
        ("飞碟", "类型", "kind_unknown"),
        ("很多", "间隔", "bad_interval_days"),
        ("14.5", "间隔", "bad_interval_days"),
        ("0", "间隔", "bad_interval_days"),
        ("6000", "半径", "bad_radius_m"),
        ("-1", "停留", "bad_dwell_s"),
        ("nan", "风险", "bad_risk"),
        ("05/06/2026", "开始", "bad_days"),
        ("?" * 301, "清单", "bad_checklist"),
    ],
)
def test_a_bad_value_is_told_and_the_site_kept(
    tmp_path: Path, cell: str, column: str, code: str
) -> None:
    found = table(tmp_path, f"编号,经度,纬度,{column}\nA1,108.05,33.05,{cell}\n")
    (site,) = found.sites
    assert [problem.code for problem in found.problems] == [code]
    assert "2" in found.problems[0].text.zh
    assert site.kind in (None, SiteKind.OTHER)
    numbers = (site.interval_days, site.radius_m, site.dwell_s, site.risk, site.starts)
    assert numbers == (None,) * 5
    assert site.checklist is None


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (LineString([(108, 33), (108.1, 33)]), "no_shape"),
        (MultiPoint([(108, 33), (108.1, 33)]), "no_shape"),
        (Point(33.05, 108.05), "swapped_axes"),
        (Point(500, 33), "off_the_earth"),
        (None, "no_place"),
    ],
)
def test_a_feature_that_is_no_place_never_loses_the_others(
    tmp_path: Path, shape, code: str
) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"code": name},
            "geometry": None if one is None else shapely.geometry.mapping(one),
        }
        for name, one in (("A", PLACE), ("B", shape), ("C", YARD))
    ]
    path = tmp_path / "s.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read_sites(path)
    assert [site.code for site in found.sites] == ["A", "C"]
    assert [problem.code for problem in found.problems] == [code]


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(junk=st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=5))
def test_no_junk_between_good_rows_loses_them(
    tmp_path_factory: pytest.TempPathFactory, junk: list[list[str]]
) -> None:
    heads = ["编号", "名称", "经度", "纬度", "类型", "间隔", "开始日期", "清单"]
    good = [["~ok~", "好", "108.05", "33.05", "院落", "7", "2026-01-01", "?"]]
    out = io.StringIO()
    # A lone quote swallows rows in every reader: all cells are quoted here.
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([heads, *good, *junk])
    path = tmp_path_factory.mktemp("junk") / "s.csv"
    path.write_text(out.getvalue(), "utf-8", newline="")
    found = read_sites(path)
    site = found.sites[0]
    assert (site.code, site.kind, site.interval_days) == ("~ok~", SiteKind.YARD, 7)
    assert len({site.code for site in found.sites}) == len(found.sites)
    assert all(shapely.is_valid(site.geometry) for site in found.sites)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"<html><body>x</body></html>", None),
        (b"\x00\x01\x02\x03" * 50, None),
        ("编号,经度,纬度\n,108,33\n".encode(), "no_code"),
        ("经度,纬度\n108.05,33.05\n".encode(), "no_header"),
        (b'{"type": "FeatureCollection", "features": []}', "no_sites"),
    ],
)
def test_what_holds_no_site_is_refused_in_words(
    tmp_path: Path, data: bytes, code: str | None
) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_sites(path)
    assert caught.value.text.zh
    assert code in (None, caught.value.code)


def test_words_of_kinds_and_checklists() -> None:
    words = {
        "废弃厂房": "factory",
        "日光温室": "greenhouse",
        "养猪场": "farm",
        "历史种植点": "former",
        "采样点": "sampling",
        "农家院落": "yard",
        "其它": "other",
        "Greenhouse": "greenhouse",
        "飞碟": None,
    }
    assert {word: kind_of(word) and kind_of(word).value for word in words} == words
    assert questions_of("一? ;二\n\n三;一?") == ("一?", "二", "三")
