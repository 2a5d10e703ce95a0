"""Write areas as three offices would: GeoJSON, a GeoPackage and a zipped Shapefile in GBK."""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import geopandas
import pyogrio
import shapely

from geoinspect.crs import WGS84, transform_geometry
from sample_data.areas import SampleArea, Tree
from sample_data.manifest import NOTE, Ledger

_CGCS2000 = "EPSG:4490"
_LEVEL_ZH = {"county": "县", "township": "乡镇", "village": "村", "compartment": "林班"}
# Formats that note when they were written get this moment, or no two runs would be alike.
_WRITTEN = "2026-03-25T00:00:00.000Z"


def write_areas(ledger: Ledger, tree: Tree, crs: str) -> None:
    """Write the tree, wide levels first."""
    path = "areas/county_townships.geojson"
    _geojson(ledger.path(path), [*tree.level("county"), *tree.level("township")], crs)
    ledger.add(path, "areas", levels=["county", "township"], crs=WGS84)
    path = "areas/villages.gpkg"
    _geopackage(ledger.path(path), tree.level("village"), crs)
    ledger.add(path, "areas", levels=["village"], crs=_CGCS2000)
    path = "areas/compartments.zip"
    _shapefile(ledger.path(path), tree.level("compartment"), crs)
    ledger.add(path, "areas", levels=["compartment"], crs=crs, encoding="GBK")


def write_units(ledger: Ledger, tree: Tree) -> None:
    """Write the units as CSV (with a byte-order mark, as spreadsheets like it) and JSON."""
    rows = [{"code": code, "name": name, "parent": parent} for code, name, parent in tree.units]
    with ledger.path("units/units.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictWriter(stream, ["code", "name", "parent", "note"])
        table.writeheader()
        table.writerows({**row, "note": NOTE} for row in rows)
    ledger.add("units/units.csv", "units")
    text = json.dumps({"note": NOTE, "units": rows}, ensure_ascii=False, indent=1)
    ledger.path("units/units.json").write_text(text + "\n", "utf-8")
    ledger.add("units/units.json", "units")


@contextmanager
def fixed_dates() -> Iterator[None]:
    """Make GDAL note one fixed moment in what it writes."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _geojson(path: Path, areas: Sequence[SampleArea], crs: str) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {
                "code": area.code,
                "name": area.name,
                "level": area.level,
                "parent": area.parent,
                "unit": area.unit,
                "note": NOTE,
            },
            "geometry": json.loads(
                shapely.to_geojson(transform_geometry(crs, WGS84, area.polygon))
            ),
        }
        for area in areas
    ]
    collection = {"type": "FeatureCollection", "note": NOTE, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False) + "\n", "utf-8")


def _geopackage(path: Path, areas: Sequence[SampleArea], crs: str) -> None:
    frame = geopandas.GeoDataFrame(
        {
            "code": [area.code for area in areas],
            "name": [area.name for area in areas],
            "level": [area.level for area in areas],
            "parent": [area.parent for area in areas],
            "unit": [area.unit for area in areas],
            "note": NOTE,
        },
        geometry=[area.polygon for area in areas],
        crs=crs,
    ).to_crs(_CGCS2000)
    with fixed_dates():
        pyogrio.write_dataframe(frame, path, layer="villages", driver="GPKG")


def _shapefile(path: Path, areas: Sequence[SampleArea], crs: str) -> None:
    frame = geopandas.GeoDataFrame(
        {
            "代码": [area.code for area in areas],
            "名称": [area.name for area in areas],
            "级别": [_LEVEL_ZH[area.level] for area in areas],
            "上级": [area.parent for area in areas],
            "责任单位": [area.unit for area in areas],
            "备注": "模拟数据 simulated",
        },
        geometry=[area.polygon for area in areas],
        crs=crs,
    )
    with tempfile.TemporaryDirectory(prefix="sample-county-") as name:
        folder = Path(name)
        pyogrio.write_dataframe(
            frame,
            folder / "林班.shp",
            driver="ESRI Shapefile",
            encoding="GBK",
            DBF_DATE_LAST_UPDATE=_WRITTEN[:10],
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(part.name, (2026, 3, 25, 8, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, part.read_bytes())
