"""Polygons with attributes from GeoJSON, GeoPackage, zipped Shapefile and KML.

The driver is chosen by what the file *is*, never by its name, and only these four are ever
opened: a format that points at other files (OGR VRT and its like) can't get in.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas
import pyogrio
import shapely
from shapely import MultiPolygon, Polygon

from geoinspect import crs as crs_
from geoinspect.errors import AreaError, InputError, Text
from geoinspect.records import Problem

_MAX_BYTES = 500 << 20
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ENCODINGS = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True)
class Shape:
    """One feature: its polygon in WGS84 and its attributes as text (absent ones left out)."""

    polygon: Polygon | MultiPolygon
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class ShapeFile:
    """Every usable polygon of a file, and what was wrong with the others."""

    shapes: tuple[Shape, ...]
    problems: tuple[Problem, ...]


def read_shapes(path: Path, *, name: str | None = None) -> ShapeFile:
    """Return the polygons of a file in WGS84.

    Self-intersecting polygons are repaired and reported; features without a polygon are left
    out and reported.

    Args:
        path: The file.
        name: What its sender calls it, for messages.

    Raises:
        AreaError: It is none of the four formats, is damaged, has no CRS, or has no polygon.
    """
    label = name or path.name
    with _recognised(path, label) as (source, layer_hint):
        frame = _read_frame(source, label, layer_hint)
    if frame.crs is None:
        raise AreaError(
            f"{label}:没有坐标系说明。请连同 .prj 一起提供,或另存为 GeoPackage",
            f"{label}: it names no coordinate system. Give the .prj with it, or save as GeoPackage",
            code="no_crs",
        )
    source_crs = crs_.authority_name(frame.crs.to_wkt())
    shapes, empty, repaired = [], 0, 0
    columns = [column for column in frame.columns if column != frame.geometry.name]
    for geometry, *values in zip(frame.geometry, *(frame[c] for c in columns), strict=True):
        polygon = None if geometry is None else _polygonal(geometry)
        if polygon is None:
            empty += 1
            continue
        if not polygon.is_valid:
            repaired += 1
            polygon = _polygonal(shapely.make_valid(polygon, method="structure"))
            if polygon is None:
                empty += 1
                continue
        shapes.append(Shape(_in_wgs84(polygon, source_crs, label), _texts(columns, values)))
    if not shapes:
        raise AreaError(
            f"{label}:没有任何面状图形。请提供带多边形的边界文件",
            f"{label}: it holds no polygon. Give a boundary file with polygons",
            code="no_polygon",
        )
    return ShapeFile(tuple(shapes), _problems(empty, repaired))


@contextmanager
def _recognised(path: Path, label: str) -> Iterator[tuple[Path, str | None]]:
    """Yield a path that OGR may open, judged by the file's first bytes."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(2048)
    except OSError as error:
        raise AreaError(
            f"无法打开 {label}:{error.strerror}",
            f"cannot open {label}: {error.strerror}",
            code="cannot_open",
        ) from error
    if size == 0:
        raise AreaError(
            f"{label}:文件是空的,请重新导出",
            f"{label}: the file is empty, export it again",
            code="empty_file",
        )
    if size > _MAX_BYTES:
        raise AreaError(
            f"{label}:{size / 1e6:.0f} MB,超过 {_MAX_BYTES >> 20} MB 的上限",
            f"{label}: {size / 1e6:.0f} MB is more than the limit of {_MAX_BYTES >> 20} MB",
            code="too_large",
        )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    with tempfile.TemporaryDirectory(prefix="geoinspect-") as folder:
        if head.startswith(b"SQLite format 3\0"):
            yield _linked(path, Path(folder) / "areas.gpkg"), None
        elif head.startswith(b"PK\x03\x04"):
            yield _unzipped_shapefile(path, Path(folder), label), None
        elif text.startswith((b"{", b"[")):
            yield _linked(path, Path(folder) / "areas.geojson"), None
        elif text.startswith(b"<") and b"<kml" in head and b"<!" not in head.replace(b"<!--", b""):
            yield _linked(path, Path(folder) / "areas.kml"), None
        elif head[:4] == b"\x00\x00\x27\x0a":
            raise AreaError(
                f"{label}:Shapefile 要把 .shp、.shx、.dbf、.prj、.cpg 一起打包成 zip 再提供",
                f"{label}: give a Shapefile as one zip with its .shp, .shx, .dbf, .prj and .cpg",
                code="bare_shapefile",
            )
        else:
            raise AreaError(
                f"{label}:不是 GeoJSON、GeoPackage、KML 或打包成 zip 的 Shapefile",
                f"{label}: it is not GeoJSON, GeoPackage, KML or a zipped Shapefile",
                code="unknown_format",
            )


def _linked(path: Path, target: Path) -> Path:
    # A private name keeps sidecar files of the sender's folder out of reach.
    target.symlink_to(path.resolve())
    return target


def _unzipped_shapefile(path: Path, folder: Path, label: str) -> Path:
    """Unpack the one Shapefile of a zip under our own names, within limits."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            wanted = {Path(m.filename).suffix.lower(): m for m in members}
            layers = [m for m in members if m.filename.lower().endswith(".shp")]
            if len(layers) != 1 or not {".shx", ".dbf"} <= wanted.keys():
                raise AreaError(
                    f"{label}:压缩包里要有且只有一个 Shapefile(.shp、.shx、.dbf 齐全)",
                    f"{label}: the zip must hold one Shapefile with its .shp, .shx and .dbf",
                    code="bad_shapefile_zip",
                )
            if sum(m.file_size for m in members) > _MAX_BYTES or len(members) > 1000:
                raise AreaError(
                    f"{label}:解压后过大,已停止",
                    f"{label}: it unpacks to more than the limit; stopped",
                    code="too_large",
                )
            stem = layers[0].filename[:-4]
            for member in members:
                suffix = Path(member.filename).suffix.lower()
                if member.filename[: -len(suffix) or None] == stem and suffix in _SHAPEFILE_PARTS:
                    _copy_member(archive, member, folder / f"areas{suffix}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise AreaError(
            f"{label}:压缩包损坏或加密,无法解开",
            f"{label}: the zip is damaged or encrypted",
            code="bad_zip",
        ) from error
    return folder / "areas.shp"


def _copy_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    left = member.file_size
    with archive.open(member) as source, target.open("wb") as out:
        while left > 0 and (chunk := source.read(min(1 << 20, left))):
            out.write(chunk)
            left -= len(chunk)


def _read_frame(source: Path, label: str, layer: str | None) -> geopandas.GeoDataFrame:
    options: list[dict[str, str]] = [{}]
    if source.suffix == ".shp" and not source.with_suffix(".cpg").exists():
        # Without .cpg a .dbf says nothing of its encoding; Chinese offices write GBK or UTF-8.
        options = [{"encoding": encoding} for encoding in _ENCODINGS]
    last: Exception | None = None
    for option in options:
        try:
            if layer is None and source.suffix == ".gpkg":
                layer = _first_polygon_layer(source)
            return pyogrio.read_dataframe(source, layer=layer, **option)
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            ValueError,
            RuntimeError,
        ) as error:
            last = error
    raise AreaError(
        f"{label}:文件损坏或内容不完整,无法读取({last})",
        f"{label}: the file is damaged or incomplete ({last})",
        code="damaged",
    ) from last


def _first_polygon_layer(source: Path) -> str | None:
    for name, kind in pyogrio.list_layers(source):
        if kind is not None and ("Polygon" in kind or kind == "Unknown"):
            return str(name)
    return None


def _polygonal(geometry: shapely.Geometry) -> Polygon | MultiPolygon | None:
    """Return the polygons of a geometry, None when it has none with any area."""
    flat = shapely.force_2d(geometry)
    if isinstance(flat, Polygon | MultiPolygon) and not flat.is_empty:
        return flat
    parts = [p for p in shapely.get_parts(flat) if isinstance(p, Polygon) and not p.is_empty]
    return shapely.MultiPolygon(parts) if parts else None


def _in_wgs84(
    polygon: Polygon | MultiPolygon, source_crs: str, label: str
) -> Polygon | MultiPolygon:
    moved = crs_.transform_geometry(source_crs, crs_.WGS84, polygon)
    west, south, east, north = moved.bounds
    if not (-181 <= west <= east <= 181 and -90 <= south <= north <= 90):
        raise InputError(
            f"{label}:坐标超出地球范围({west:.3f}, {south:.3f}):坐标系很可能写错了",
            f"{label}: coordinates off the earth ({west:.3f}, {south:.3f}): "
            "the coordinate system is probably wrong",
            code="off_the_earth",
        )
    return moved


def _texts(columns: list[str], values: list[object]) -> dict[str, str]:
    pairs = zip(columns, values, strict=True)
    texts = {column: _text(value) for column, value in pairs}
    return {column: text for column, text in texts.items() if text}


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is absent too
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return "" if text in {"NaT", "<NA>"} else text


def _problems(empty: int, repaired: int) -> tuple[Problem, ...]:
    found = []
    if empty:
        found.append(
            Problem(
                "no_polygon",
                Text(
                    f"{empty} 个要素没有面状图形,未使用",
                    f"{empty} features have no polygon and were left out",
                ),
                empty,
            )
        )
    if repaired:
        found.append(
            Problem(
                "self_intersection_repaired",
                Text(
                    f"{repaired} 个多边形自相交,已自动修复;请在地图上核对",
                    f"{repaired} polygons cross themselves and were repaired: check them on the map",
                ),
                repaired,
            )
        )
    return tuple(found)
