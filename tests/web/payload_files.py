"""Files of every kind that people send, with an attack in every text that a file may hold."""

from __future__ import annotations

import io
import itertools
import json
import struct
import zipfile
from html import escape
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from area_builders import dbf, placemark
from photo_builders import exif_bytes, jpeg_bytes
from pyogrio.raw import write
from raster_builders import grass, write_raster

from geoinspect import crs as crs_

# A product that stands nowhere by itself, and what a template would make of it.
SUM, DONE = "7919*6113", str(7919 * 6113)
# Set by a script that ran, whichever way it came in.
FLAG = "attackRan"
STARTS = ("=", "+", "-", "@", "")
MARK = "ATK"
Place = tuple[float, float]
_SERIAL = itertools.count(1)


def attack(short: bool = False) -> str:
    """Return an attack of its own, with a mark to find it by; the start of a formula changes."""
    n = next(_SERIAL)
    start = STARTS[n % len(STARTS)]
    body = f"{start}cmd|'C x'!A1{MARK}{n}<img src=x onerror={FLAG}=1>{{{{{SUM}}}}}"
    if short:
        return body
    return (
        f"{body}\"'><svg onload={FLAG}=1><script>{FLAG}=1</script></title></textarea>${{{SUM}}}"
        f"javascript:{FLAG}=1//%s%n\u202e\u2028\U0001f33a\U00020000]]>--><a href='javascript:{FLAG}=1'>x</a>"
    )


def _points(place: Place, count: int = 60) -> list[tuple[str, str, str]]:
    """Longitude, latitude and time of a walk."""
    shift = next(_SERIAL) * 1e-5
    return [
        (f"{place[0] + k * 8e-5:.6f}", f"{place[1] + shift:.6f}", f"2026-05-14T01:{k % 60:02}:00")
        for k in range(count)
    ]


def gpx(place: Place) -> bytes:
    a = lambda: escape(attack())  # noqa: E731
    fixes = "".join(
        f'<trkpt lat="{y}" lon="{x}"><time>{t}Z</time><name>{a()}</name><cmt>{a()}</cmt></trkpt>'
        for x, y, t in _points(place)
    )
    return (
        f'<gpx version="1.1" creator="{a()}" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<metadata><name>{a()}</name><desc>{a()}</desc><author><name>{a()}</name></author>"
        f'<link href="javascript:{FLAG}=1"><text>{a()}</text></link></metadata>'
        f'<wpt lat="{place[1]}" lon="{place[0]}"><name>{a()}</name><sym>{a()}</sym></wpt>'
        f"<trk><name>{a()}</name><cmt>{a()}</cmt><desc>{a()}</desc><src>{a()}</src><type>{a()}</type>"
        f"<trkseg>{fixes}</trkseg></trk></gpx>"
    ).encode()


def kml(place: Place) -> bytes:
    a = attack
    whens = "".join(f"<when>{t}Z</when>" for _x, _y, t in _points(place))
    fixes = "".join(f"<gx:coord>{x} {y} 0</gx:coord>" for x, y, _t in _points(place))
    return (
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">'
        f"<Document><name>{escape(a())}</name><description>{escape(a())}</description>"
        f"<Style id='{escape(a())}'/><Placemark><name>{escape(a())}</name>"
        f"<description><![CDATA[{a().replace(']]>', '')}]]></description>"
        f"<Snippet>{escape(a())}</Snippet><gx:Track>{whens}{fixes}</gx:Track></Placemark></Document></kml>"
    ).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


def geojson(place: Place) -> bytes:
    points = _points(place)
    properties = {"name": attack(), "desc": attack(), attack(): attack()}
    properties["coordTimes"] = [f"{t}Z" for _x, _y, t in points]
    line = {"type": "LineString", "coordinates": [[float(x), float(y)] for x, y, _t in points]}
    one = {"type": "Feature", "properties": properties, "geometry": line}
    return json.dumps({"type": "FeatureCollection", "name": attack(), "features": [one]}).encode()


def csv_rows(place: Place, head: str) -> bytes:
    """A table whose first columns are lon, lat and time under the given head, attacks beside them."""

    def quoted() -> str:
        return '"{}"'.format(attack().replace('"', '""'))

    rows = [f"{x},{y},{t},{quoted()}" for x, y, t in _points(place)]
    return "\n".join([f"{head},{quoted()}", *rows]).encode()


def metres(place: Place) -> bytes:
    """A table in metres of a zone that nobody says: it has to be asked about."""
    lon = np.array([float(x) for x, _y, _t in _points(place)])
    east, north = crs_.transform_xy(crs_.WGS84, "EPSG:4545", lon, np.full(len(lon), place[1]))
    head = '东坐标,北坐标,时间,"{}"'.format(attack().replace('"', '""'))
    rows = [
        f'{x:.2f},{y:.2f},2026-05-14 08:{k % 60:02d}:00,"{attack(short=True)}"'
        for k, (x, y) in enumerate(zip(east, north, strict=True))
    ]
    return "\n".join([head, *rows]).encode()


def nameless(place: Place) -> bytes:
    """A table in whose head there is nothing but attacks: its columns are asked about."""
    head = ",".join('"{}"'.format(attack().replace('"', '""')) for _ in range(6))
    rows = [
        f"{k},{t},{y},{x},{float(y) + 1:.6f},{float(x) + 1:.6f}"
        for k, (x, y, t) in enumerate(_points(place))
    ]
    return "\n".join([head, *rows]).encode()


def photo(place: Place) -> bytes:
    def angle(degrees: float) -> tuple[float, float, float]:
        minutes = (degrees % 1) * 60
        return float(int(degrees)), float(int(minutes)), round((minutes % 1) * 60, 3)

    said = lambda: attack(short=True).encode("utf-8")  # noqa: E731
    gps = {1: "N", 2: angle(place[1]), 3: "E", 4: angle(place[0]), 18: attack(short=True)}
    gps |= {27: b"ASCII\0\0\0" + said(), 28: b"ASCII\0\0\0" + said()}
    inner = {0x9286: b"UNICODE\0" + attack().encode("utf-16-le"), 0xA430: said(), 0xA434: said()}
    image = {
        0x010E: said(),
        0x013B: said(),
        0x8298: said(),
        0x0131: said(),
        0x010F: said(),
        0x0110: said(),
    }
    image |= {
        0x9C9B: attack(short=True).encode("utf-16-le"),
        0x9C9C: attack(short=True).encode("utf-16-le"),
    }
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Model="{escape(attack(short=True))}" tiff:Make="{escape(attack(short=True))}"/></rdf:RDF></x:xmpmeta>'
    )
    return jpeg_bytes(exif_bytes(gps, inner, image), xmp.encode())


def raster(folder: Path, place: Place) -> bytes:
    import rasterio

    path = folder / "made.tif"
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", np.array([place[0]]), np.array([place[1]]))
    transform = Affine(0.1, 0, round(float(x[0])), 0, -0.1, round(float(y[0])))
    write_raster(path, grass(400, 400), transform=transform, crs="EPSG:4545")
    with rasterio.open(path, "r+", driver="GTiff") as picture:
        said = {name: attack(short=True) for name in ("TIFFTAG_SOFTWARE", "TIFFTAG_ARTIST", "note")}
        picture.update_tags(TIFFTAG_DATETIME="2026:05:10 10:00:00", **said)
        picture.update_tags(1, note=attack(short=True), **{attack(short=True): "x"})
        picture.update_tags(ns=attack(short=True), x=attack(short=True))
        for band in (1, 2, 3):
            picture.set_band_description(band, attack(short=True))
    return path.read_bytes()


def broken() -> dict[str, bytes]:
    """What can't be read, its faults made of attacks: words of a refusal may cite them."""
    a = lambda: escape(attack(), quote=True)  # noqa: E731
    cells = [f"<img src=x onerror={FLAG}=1>{{{{{SUM}}}}}{MARK},=1+1,{attack(short=True)}"] * 30
    shp = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50) + bytes(72)
    return {
        "lat.gpx": f'<gpx><trk><trkseg><trkpt lat="{a()}" lon="{a()}"/></trkseg></trk></gpx>'.encode(),
        "tag.gpx": f"<{MARK}><img src=x onerror={FLAG}=1></{MARK}>".encode(),
        "tag.kml": b"<kml><Document>" + attack().encode() + b"</Document></kml>",
        "type.geojson": json.dumps({"type": attack(), "features": attack()}).encode(),
        "cut.geojson": json.dumps({"type": "FeatureCollection", "crs": attack()}).encode()[:-1],
        "cells.csv": "\n".join(["lon,lat,time", *cells]).encode(),
        "crs.geojson": json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": attack()}},
                "features": [],
            }
        ).encode(),
        "members.zip": zipped(
            {f"{attack(short=True).replace('/', '|')}.exe": b"x", "<b>.shp": shp}
        ),
        "sheet.xlsx": zipped(
            {"xl/workbook.xml": f"<workbook><sheet name='{a()}'/></workbook>".encode()}
        ),
        "page.html": f"<html><script>{FLAG}=1</script></html>".encode(),
        "picture.svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{FLAG}=1"/>'.encode(),
        "page.jpg": f"<html><script>{FLAG}=1</script></html>".encode(),
        "picture.png": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{FLAG}=1"/>'.encode(),
    }


def names() -> list[str]:
    """Names of files, without their ends."""
    return [
        f"<img src=x onerror={FLAG}=1>{MARK}",
        f"{{{{{SUM}}}}}{MARK}${{{SUM}}}",
        f'=HYPERLINK("evil.example","{MARK}")',
        f"=cmd|'{MARK}'!A1",
        f"@SUM(1+1){MARK}",
        f"{MARK}\u202egpj.exe",
        f"\U0001f33a\U00020000{MARK}",
        f"{MARK}\0cut",
        f"\"'><script>{FLAG}=1<{MARK}",
        f"-2+3{MARK}%s%n%(x)s",
        f"../../{MARK}",
        f"{MARK}\r\nX-Planted: 1",
        f"javascript:{FLAG}=1;{MARK}",
    ]


def tracks(place: Place) -> dict[str, bytes]:
    """Tracks that are read as they come, by the ends of their names."""
    return {
        "gpx": gpx(place),
        "kml": kml(place),
        "kmz": zipped({f"<img src=x onerror={FLAG}=1>.kml": kml(place), "files/=1+1.txt": b"x"}),
        "geojson": geojson(place),
        "csv": csv_rows(place, "经度,纬度,时间"),
    }


def areas(folder: Path, parent: str, place: Place) -> dict[str, bytes]:
    """Boundaries whose names and codes are attacks, in four forms."""

    def square(n: int) -> shapely.Polygon:
        west, south = place[0] + n * 0.002, place[1]
        return shapely.box(west, south, west + 0.001, south + 0.001)

    said = {"name": attack(), "level": "village", "parent": parent}
    one = {
        "type": "Feature",
        "properties": said | {"code": "990100001081"},
        "geometry": square(0).__geo_interface__,
    }
    fields = ["code", "name", "level", "parent"]
    values = [np.array([v], dtype=object) for v in ("990100001082", attack(), "village", parent)]
    ground = np.array([shapely.to_wkb(square(1))], dtype=object)
    for name, driver in (("a.gpkg", "GPKG"), ("a.shp", "ESRI Shapefile")):
        write(
            folder / name,
            ground,
            values,
            fields,
            geometry_type="Polygon",
            crs="EPSG:4326",
            driver=driver,
            encoding="UTF-8",
        )
    parts = {path.name: path.read_bytes() for path in folder.glob("a.*") if path.suffix != ".gpkg"}
    columns = [(b"code", "C", 20), (b"name", "C", 120), (b"level", "C", 10), (b"parent", "C", 20)]
    text = attack(short=True).encode()[:119]
    parts["a.dbf"] = dbf(columns, [(b"990100001083", text, b"village", parent.encode())])
    told = "".join(
        f'<Data name="{k}"><value>{v}</value></Data>'
        for k, v in (("code", "990100001084"), ("level", "village"), ("parent", parent))
    )
    return {
        "a.geojson": json.dumps({"type": "FeatureCollection", "features": [one]}).encode(),
        "a.gpkg": (folder / "a.gpkg").read_bytes(),
        "a.zip": zipped(parts),
        "a.kml": (
            '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
            f"{placemark(square(3), escape(attack()), told)}</Document></kml>"
        ).encode(),
    }


def targets(place: Place) -> bytes:
    """A list of targets with an attack in every column that is text."""
    rows = [
        f'"{attack(short=True)}",{place[0] + n * 1e-3},{place[1]},"{attack(short=True)}",2026-05-10'
        for n in range(3)
    ]
    head = f'编号,经度,纬度,备注,日期,"{attack(short=True)}"'
    return "\n".join([f"{head}", *(f"{row},x" for row in rows)]).encode()
