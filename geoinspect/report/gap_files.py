"""Gaps for phones, maps and tables: GPX 1.1, KML 2.2, GeoPackage and CSV, in WGS84."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from geoinspect.errors import Text, UsageError
from geoinspect.records import MU_M2
from geoinspect.report.plain_text import csv_bytes, kml_words, xml_text
from geoinspect.report.qgis_styles import ACCESS_STYLE, GAP_STYLE, style_layers

SUFFIXES = (".gpx", ".kml", ".gpkg", ".csv")
ACCESS_WORDS = {
    "road": Text("道路或入口旁", "beside a road or way in"),
    "searched": Text("从已走过的地面进入", "from ground that was walked"),
    "inside": Text("内部一点,没有已知通路", "a point inside, no way in is known"),
}
_CSV_COLUMNS = (
    *("rank 次序", "area 辖区代码", "name 辖区", "unit 责任单位", "area_m2", "亩 mu", "公顷 ha"),
    *("risk 风险", "cells 格", "access_lon 入口经度", "access_lat 入口纬度", "access 入口"),
)


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap as people are told of it.

    Attributes:
        name: Tells it from the others of its list, and finds it again.
        rank: 1 is the first to search.
        unit_name: Who answers for the area; None where nobody was named.
        risk: Mean relative risk; 1 is neutral.
        cells: How many cells it spans.
        outline: Polygons, lon, lat.
        access: Where to enter it, lon, lat.
        access_kind: ``road``, ``searched`` or ``inside`` (see coverage.gaps.access_point).
    """

    name: str
    rank: int
    area_code: str
    area_name: str
    unit_name: str | None
    area_m2: float
    risk: float
    cells: int
    outline: BaseGeometry
    access: tuple[float, float]
    access_kind: str

    @property
    def title(self) -> str:
        """What a phone shows on the map: names sort as ranks do."""
        return f"{self.rank:03d} {self.area_name}"

    @property
    def words(self) -> str:
        """Its figures in one line."""
        access = ACCESS_WORDS[self.access_kind]
        unit = f" · {self.unit_name}" if self.unit_name else ""
        return (
            f"{self.area_m2 / MU_M2:.1f} 亩 ({self.area_m2 / 1e4:.2f} 公顷 ha) · "
            f"风险 risk {self.risk:.2f}{unit} · 入口 access: {access.zh} {access.en}"
        )


def gap_file(suffix: str, rows: Sequence[GapRow]) -> bytes:
    """Return gaps as the bytes of a file of a kind, ``.gpx``, ``.kml``, ``.gpkg`` or ``.csv``.

    GPX holds a waypoint at each access point and the outer outlines as routes: a track would be
    taken for ground that somebody walked. KML and GeoPackage hold whole polygons.

    Raises:
        UsageError: The suffix is another.
    """
    suffix = suffix.lower()
    if suffix == ".gpx":
        return gap_gpx(rows).encode()
    if suffix == ".kml":
        return gap_kml(rows).encode()
    if suffix == ".csv":
        return csv_bytes(_CSV_COLUMNS, [_csv_row(row) for row in rows])
    if suffix == ".gpkg":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gaps.gpkg"
            write_gap_layers(path, rows)
            return path.read_bytes()
    raise UsageError(
        f"空白清单只能写成 {'、'.join(SUFFIXES)},得到“{suffix[:20]}”",
        f"gaps are written as {', '.join(SUFFIXES)}, got {suffix[:20]!r}",
        code="bad_output",
    )


def gap_gpx(rows: Sequence[GapRow]) -> str:
    """Return GPX 1.1: all waypoints, then all outlines."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoinspect" xmlns="http://www.topografix.com/GPX/1/1">\n'
    ]
    for row in rows:
        parts.append(
            f"<wpt {gpx_place(*row.access)}><name>{xml_text(row.title)}</name>"
            f"<desc>{xml_text(row.words)}</desc><type>gap {row.access_kind}</type></wpt>\n"
        )
    for row in rows:
        for polygon in _polygons(row):
            points = "".join(
                f"<rtept {gpx_place(lon, lat)}/>" for lon, lat in polygon.exterior.coords
            )
            parts.append(
                f"<rte><name>{xml_text(row.title)}</name><desc>{xml_text(row.words)}</desc>"
                f"<number>{row.rank}</number>{points}</rte>\n"
            )
    parts.append("</gpx>\n")
    return "".join(parts)


def gpx_place(lon: float, lat: float) -> str:
    """Return the attributes of a GPX point; its longitude ends before 180, which is -180 too."""
    west_lon = -180.0 if round(lon, 7) == 180.0 else lon
    return f'lat="{lat:.7f}" lon="{west_lon:.7f}"'


def gap_kml(rows: Sequence[GapRow]) -> str:
    """Return KML 2.2: polygons with their holes, and the access points."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        "<name>空白 gaps</name>\n"
        # Colours of KML are opacity, blue, green, red.
        '<Style id="gap"><LineStyle><color>ff1482e0</color><width>2</width></LineStyle>'
        "<PolyStyle><color>8c1482e0</color></PolyStyle></Style>\n"
    ]
    for row in rows:
        polygons = "".join(_kml_polygon(polygon) for polygon in _polygons(row))
        parts.append(
            f"<Placemark><name>{xml_text(row.title)}</name>"
            f"<description>{kml_words(row.words)}</description><styleUrl>#gap</styleUrl>"
            f"<MultiGeometry>{polygons}</MultiGeometry></Placemark>\n"
        )
    for row in rows:
        lon, lat = row.access
        parts.append(
            f"<Placemark><name>{xml_text(row.title)} 入口 access</name><Point><coordinates>"
            f"{lon:.7f},{lat:.7f}</coordinates></Point></Placemark>\n"
        )
    parts.append("</Document></kml>\n")
    return "".join(parts)


def write_gap_layers(path: Path, rows: Sequence[GapRow]) -> None:
    """Write the layers ``gaps`` and ``access`` with their QGIS styles into a GeoPackage."""
    gap_frame(rows).to_file(path, layer="gaps", driver="GPKG", engine="pyogrio")
    access = geopandas.GeoDataFrame(
        {
            "rank": [row.rank for row in rows],
            "name": [row.title for row in rows],
            "access": [row.access_kind for row in rows],
        },
        geometry=[shapely.Point(row.access) for row in rows],
        crs="EPSG:4326",
    )
    access.to_file(path, layer="access", driver="GPKG", engine="pyogrio")
    style_layers(path, {"gaps": [GAP_STYLE], "access": [ACCESS_STYLE]})


def gap_frame(rows: Sequence[GapRow]) -> geopandas.GeoDataFrame:
    """Return one row a gap with its polygons, WGS84."""
    return geopandas.GeoDataFrame(
        {
            "rank": [row.rank for row in rows],
            "area": [row.area_code for row in rows],
            "area_name": [row.area_name for row in rows],
            "unit": [row.unit_name for row in rows],
            "area_m2": [row.area_m2 for row in rows],
            "area_mu": [row.area_m2 / MU_M2 for row in rows],
            "area_ha": [row.area_m2 / 1e4 for row in rows],
            "risk": [row.risk for row in rows],
            "cells": [row.cells for row in rows],
            "access_lon": [row.access[0] for row in rows],
            "access_lat": [row.access[1] for row in rows],
            "access": [row.access_kind for row in rows],
        },
        geometry=[shapely.MultiPolygon(_polygons(row)) for row in rows],
        crs="EPSG:4326",
    )


def _csv_row(row: GapRow) -> tuple[object, ...]:
    access = ACCESS_WORDS[row.access_kind]
    return (
        *(row.rank, row.area_code, row.area_name, row.unit_name, round(row.area_m2, 1)),
        *(round(row.area_m2 / MU_M2, 2), round(row.area_m2 / 1e4, 4), round(row.risk, 3)),
        *(row.cells, round(row.access[0], 7), round(row.access[1], 7), f"{access.zh} {access.en}"),
    )


def _polygons(row: GapRow) -> list[Polygon]:
    parts = shapely.get_parts(row.outline)
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]


def _kml_polygon(polygon: Polygon) -> str:
    def ring(tag: str, coordinates: object) -> str:
        points = " ".join(f"{x:.7f},{y:.7f}" for x, y in shapely.get_coordinates(coordinates))
        return f"<{tag}><LinearRing><coordinates>{points}</coordinates></LinearRing></{tag}>"

    holes = "".join(ring("innerBoundaryIs", hole) for hole in polygon.interiors)
    return f"<Polygon>{ring('outerBoundaryIs', polygon.exterior)}{holes}</Polygon>"
