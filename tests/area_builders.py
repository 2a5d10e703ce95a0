"""Boundary files made by code, byte by byte where the bytes matter."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyproj
import shapely
from pyogrio.raw import write
from shapely import Polygon
from shapely.geometry import mapping


def square(lon: float = 114.0, lat: float = 31.0, half: float = 0.01) -> Polygon:
    return shapely.box(lon - half, lat - half, lon + half, lat + half)


def feature(geometry: object, **properties: object) -> dict[str, object]:
    shape = mapping(geometry) if isinstance(geometry, shapely.Geometry) else geometry
    return {"type": "Feature", "properties": properties, "geometry": shape}


def geojson(path: Path, *features: object, encoding: str = "utf-8", **members: object) -> Path:
    document = {"type": "FeatureCollection", "features": list(features), **members}
    path.write_bytes(json.dumps(document, ensure_ascii=False).encode(encoding))
    return path


def kml(path: Path, *placemarks: str, before: str = "") -> Path:
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"{''.join(placemarks)}</Document></kml>",
        encoding="utf-8",
    )
    return path


def ring(polygon: Polygon) -> str:
    text = " ".join(f"{x},{y},5" for x, y in polygon.exterior.coords)
    return f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"


def placemark(polygon: Polygon, name: str, data: str = "", hole: Polygon | None = None) -> str:
    inner = "" if hole is None else f"<innerBoundaryIs>{ring(hole)}</innerBoundaryIs>"
    return (
        f"<Placemark><name>{name}</name><ExtendedData>{data}</ExtendedData><Polygon>"
        f"<outerBoundaryIs>{ring(polygon)}</outerBoundaryIs>{inner}</Polygon></Placemark>"
    )


def dbf(fields: Sequence[tuple[bytes, str, int]], rows: Sequence[Sequence[bytes]]) -> bytes:
    """A dBASE III table; names and values are cut to their places as programs do."""
    width = 1 + sum(size for _, _, size in fields)
    head = struct.pack("<B3BIHH20x", 3, 126, 5, 1, len(rows), 33 + 32 * len(fields), width)
    for name, kind, size in fields:
        head += name[:10].ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([size]) + bytes(15)
    body = b"".join(
        b" " + b"".join(v[:s].ljust(s) for v, (_, _, s) in zip(row, fields, strict=True))
        for row in rows
    )
    return head + b"\r" + body + b"\x1a"


def shapefile_parts(
    folder: Path,
    polygons: Sequence[Polygon],
    table: bytes,
    *,
    cpg: bytes | None = None,
    crs: str = "EPSG:4326",
) -> Mapping[str, bytes]:
    """The bytes of a Shapefile by suffix, with a table of one's own."""
    folder.mkdir(exist_ok=True)
    shapes = shapely.to_wkb(list(polygons))
    write(
        folder / "x.shp", shapes, [], [], geometry_type="Polygon", crs=crs, driver="ESRI Shapefile"
    )
    parts = {suffix: (folder / f"x{suffix}").read_bytes() for suffix in (".shp", ".shx")}
    parts |= {".prj": pyproj.CRS(crs).to_wkt("WKT1_ESRI").encode(), ".dbf": table}
    return parts if cpg is None else {**parts, ".cpg": cpg}


def zipped(path: Path, layers: Mapping[str, Mapping[str, bytes]], **others: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for stem, parts in layers.items():
            for suffix, data in parts.items():
                archive.writestr(stem + suffix, data)
        for name, data in others.items():
            archive.writestr(name, data)
    return path
