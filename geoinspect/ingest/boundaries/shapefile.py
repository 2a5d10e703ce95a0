"""Polygons from Shapefiles in a zip, each unpacked under our own names, within limits."""

from __future__ import annotations

import lzma
import tempfile
import warnings
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pyogrio

from geoinspect.errors import AreaError, TooLargeError
from geoinspect.ingest.boundaries.dbf import Table, read_table
from geoinspect.ingest.boundaries.layers import MAX_FEATURES, Boundaries, Layer, damaged, joined
from geoinspect.ingest.boundaries.wkb import polygons_of_wkb
from geoinspect.records import Problem

_MAX_BYTES = 500 << 20
MAX_TABLE_BYTES = 100 << 20
MAX_SMALL_BYTES = 1 << 20
_MAX_MEMBERS = 1000
_MAGIC = b"\x00\x00\x27\x0a"
_NEEDED = (".shp", ".shx", ".dbf")
_PARTS = (*_NEEDED, ".prj", ".cpg")
_UTF8_NAME = 0x800
# Polygon, and with heights or measures (ESRI Shapefile Technical Description, July 1998).
_POLYGON_TYPES = (5, 15, 25)

# All that zipfile lets out when the bytes are bent.
BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    UnicodeError,
)
UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
)

_Members = dict[str, zipfile.ZipInfo]


def read_shapefiles(path: Path, label: str) -> Boundaries:
    """Return every Shapefile of a zip as a layer.

    Raises:
        AreaError: The zip is damaged or encrypted, or holds no whole Shapefile.
        TooLargeError: It unpacks to more than the limit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = shapefiles_in(archive, label)
            read = [_layer(archive, stem, members, label) for stem, members in found.items()]
    except BAD_ZIP as error:
        raise AreaError(
            f"{label}:压缩包损坏或加密,无法解开;请重新打包,不要设密码",
            f"{label}: the zip is damaged or encrypted: pack it again, without a password",
            code="bad_zip",
        ) from error
    problems: dict[str, Problem] = {p.code: p for _, p in read if p is not None}
    return Boundaries([layer for layer, _ in read], list(problems.values()))


def shapefiles_in(archive: zipfile.ZipFile, label: str) -> dict[str, _Members]:
    """Return the members of each Shapefile by its name, without what a Mac adds."""
    listed = archive.infolist()
    groups: dict[str, _Members] = {}
    for member in listed[:_MAX_MEMBERS]:
        name = PurePosixPath(_name(member).replace("\\", "/"))
        ours = not name.name.startswith(".") and "__MACOSX" not in name.parts
        if ours and name.suffix.lower() in _PARTS:
            groups.setdefault(str(name.with_suffix("")), {})[name.suffix.lower()] = member
    found = {stem: parts for stem, parts in groups.items() if ".shp" in parts}
    if len(listed) > _MAX_MEMBERS or _unpacked(found) > _MAX_BYTES:
        raise TooLargeError(
            f"{label}:压缩包文件过多或解压后超过 {_MAX_BYTES >> 20} MB,已停止;请分开打包",
            f"{label}: too many files, or more than {_MAX_BYTES >> 20} MB unpacked; stopped: pack "
            "fewer together",
        )
    if not found:
        raise AreaError(
            f"{label}:压缩包里没有 Shapefile(.shp);KML、GeoJSON、GeoPackage 请不要打包,直接提供",
            f"{label}: the zip holds no Shapefile (.shp); give KML, GeoJSON and GeoPackage unpacked",
            code="bad_shapefile_zip",
        )
    for stem, parts in found.items():
        if missing := [suffix for suffix in _NEEDED if suffix not in parts]:
            raise AreaError(
                f"{label}:“{stem}”缺少 {'、'.join(missing)},请把 .shp、.shx、.dbf、.prj 一起打包",
                f"{label}: {stem} lacks {', '.join(missing)}: pack .shp, .shx, .dbf and .prj together",
                code="bad_shapefile_zip",
            )
    return found


def _name(member: zipfile.ZipInfo) -> str:
    """Return a member's name as its sender sees it."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    # Without the flag zipfile reads code page 437; programs write the system's encoding.
    raw = member.filename.encode("cp437", "replace")
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return member.filename


def _unpacked(found: dict[str, _Members]) -> int:
    return sum(member.file_size for parts in found.values() for member in parts.values())


def _layer(
    archive: zipfile.ZipFile, stem: str, members: _Members, label: str
) -> tuple[Layer, Problem | None]:
    layer = Layer(name=PurePosixPath(stem).name)
    with archive.open(members[".shp"]) as stream:
        head = stream.read(36)
    if head[:4] != _MAGIC or len(head) < 36:
        raise damaged(label)
    if int.from_bytes(head[32:36], "little") not in _POLYGON_TYPES:
        return layer, None
    cpg = members.get(".cpg")
    try:
        table = read_table(
            content_of(archive, members[".dbf"], MAX_TABLE_BYTES, label),
            None if cpg is None else content_of(archive, cpg, MAX_SMALL_BYTES, label),
        )
    except ValueError as error:
        raise damaged(label) from error
    with tempfile.TemporaryDirectory(prefix="geoinspect-") as folder:
        for suffix in (".shp", ".shx"):
            unpack(archive, members[suffix], Path(folder) / f"areas{suffix}")
        _read_geometries(Path(folder) / "areas.shp", layer, table, label)
    # Read by PROJ, not GDAL: a damaged .prj makes pyogrio fail.
    prj = members.get(".prj")
    layer.crs_stated = prj is not None
    if prj is not None:
        text = content_of(archive, prj, MAX_SMALL_BYTES, label).decode("utf-8-sig", "replace")
        layer.crs = text.strip("\0 \r\n\t")
    return layer, table.problem


def content_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, label: str) -> bytes:
    """Return the bytes of a small member.

    Raises:
        TooLargeError: It is larger than ``limit``.
    """
    if member.file_size > limit:
        raise _member_too_large(label, limit)
    with archive.open(member) as stream:
        # What a member declares may be a lie; it never gets more than that.
        return stream.read(member.file_size)


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write a member to a path of ours, no more than it says it holds."""
    left = member.file_size
    with archive.open(member) as source, target.open("wb") as out:
        while left > 0 and (chunk := source.read(min(1 << 20, left))):
            out.write(chunk)
            left -= len(chunk)


def _read_geometries(source: Path, layer: Layer, table: Table, label: str) -> None:
    """Fill a layer with the polygons GDAL reads from a .shp and the rows we read from its .dbf."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, numbers, shapes, _ = pyogrio.raw.read(
                source, columns=[], return_fids=True, max_features=MAX_FEATURES + 1
            )
    except (*UNREADABLE, ValueError, RuntimeError) as error:
        raise damaged(label) from error
    if len(numbers) > MAX_FEATURES:
        raise TooLargeError(
            f"{label}:图形超过 {MAX_FEATURES} 个,已停止",
            f"{label}: more than {MAX_FEATURES} features; stopped",
        )
    for number, raw in zip(numbers, shapes, strict=True):
        row = table.rows[number] if number < len(table.rows) else {}
        if row is None:
            continue
        try:
            layer.add(None if raw is None else joined(polygons_of_wkb(raw)), row)
        except ValueError:
            layer.broken += 1


def _member_too_large(label: str, limit: int) -> TooLargeError:
    return TooLargeError(
        f"{label}:压缩包里有文件解压后超过 {limit >> 20} MB,已停止",
        f"{label}: a file in the zip is over {limit >> 20} MB unpacked; stopped",
    )
