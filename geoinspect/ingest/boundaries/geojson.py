"""Polygons from GeoJSON: collections, single features and bare geometries (RFC 7946)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from shapely import Polygon

from geoinspect.crs import WGS84
from geoinspect.errors import AreaError
from geoinspect.ingest.boundaries.layers import (
    Boundaries,
    Layer,
    joined,
    plain_attributes,
    polygon_of,
)
from geoinspect.ingest.formats.text import find_encoding, text_chunks

_GEOMETRIES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
_KNOWN = {"FeatureCollection", "Feature", *_GEOMETRIES}
_EPSG = re.compile(r"(?:^|EPSG:{1,2}(?:[\d.]*:)?)(\d{4,6})$", re.IGNORECASE)
# CGCS2000 is WGS84 to some centimetres (GB 22021-2008).
_WGS84_WORDS = re.compile(r"CRS:?84|WGS[ _-]?(19)?84|CGCS[ _-]?2000", re.IGNORECASE)

Json = Mapping[str, object]


def read_geojson(stream: BinaryIO, label: str) -> Boundaries:
    """Return the features of a GeoJSON document.

    Raises:
        AreaError: Not JSON, no GeoJSON, or a ``crs`` member that names none we know.
    """
    encoding = find_encoding(stream)
    document = read_document("".join(text_chunks(stream, encoding)), label)
    stated = stated_crs_of(document, label)
    layer = Layer(crs=stated or WGS84, crs_stated=stated is not None)
    for attributes, geometry in feature_objects(document):
        try:
            polygons = list(_polygons(geometry))
        except ValueError:
            layer.broken += 1
            continue
        layer.add(joined(polygons), attributes)
    return Boundaries([layer], [encoding.problem] if encoding.problem is not None else [])


def read_document(text: str, label: str) -> Json:
    """Return the JSON object of a text.

    Raises:
        AreaError: It is no JSON, or no object.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AreaError(
            f"{label}:JSON 内容不完整或已损坏,无法读取;请重新导出",
            f"{label}: the JSON is cut off or damaged: export it again",
            code="bad_json",
        ) from error
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(kind, str) or kind not in _KNOWN:
        raise AreaError(
            f"{label}:是 JSON,但不是 GeoJSON(可能是 Esri JSON 或 TopoJSON);请导出为 GeoJSON",
            f"{label}: it is JSON but no GeoJSON (perhaps Esri JSON or TopoJSON): export it as "
            "GeoJSON",
            code="not_geojson",
        )
    return document


def feature_objects(document: Json) -> Iterator[tuple[dict[str, str], object]]:
    """Yield the attributes and the geometry of each feature; of a bare geometry, that one."""
    if document["type"] in _GEOMETRIES:
        yield {}, document
        return
    collection = document["type"] == "FeatureCollection"
    for feature in _sequence(document.get("features")) if collection else (document,):
        if not isinstance(feature, dict):
            yield {}, None
            continue
        own = feature.get("properties")
        values = dict(own) if isinstance(own, dict) else {}
        values.setdefault("id", feature.get("id"))
        yield plain_attributes(values), feature.get("geometry")


def _polygons(geometry: object) -> Iterator[Polygon]:
    """Yield every polygon of a geometry, however deep in collections.

    Raises:
        ValueError: Coordinates are no numbers.
    """
    pending = [geometry]
    while pending:
        item = pending.pop()
        if not isinstance(item, dict):
            continue
        parts: Sequence[object] = ()
        if item.get("type") == "GeometryCollection":
            pending += reversed(_sequence(item.get("geometries")))
        elif item.get("type") == "MultiPolygon":
            parts = _sequence(item.get("coordinates"))
        elif item.get("type") == "Polygon":
            parts = (item.get("coordinates"),)
        for rings in parts:
            polygon = polygon_of(_sequence(rings))
            if polygon is not None:
                yield polygon


def stated_crs_of(document: Json, label: str) -> str | None:
    """Return the CRS of the old ``crs`` member, None where there is none.

    Raises:
        AreaError: The member names a CRS or datum that we don't know.
    """
    member = document.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else member
    if isinstance(properties, dict):
        properties = properties.get("name", properties.get("code"))
    name = str(properties).strip() if isinstance(properties, str | int) else ""
    if match := _EPSG.search(name):
        return f"EPSG:{int(match[1])}"
    if _WGS84_WORDS.search(name):
        return WGS84
    raise AreaError(
        f"{label}:crs 写的坐标系“{name[:60]}”无法识别;请用 WGS84/CGCS2000 经纬度或写明 EPSG 编号后重新导出",
        f"{label}: the crs member names {name[:60]!r}, which we don't know: export in WGS84/CGCS2000 "
        "degrees, or name an EPSG code",
        code="bad_crs",
    )


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
