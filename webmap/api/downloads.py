"""Answers that a browser keeps as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from flask import Response

from geoinspect.errors import NotFoundError

_Writer = TypeVar("_Writer")
_TYPES = {
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}


def download(content: str, name: str) -> Response:
    """Return text as a file to keep; the name is ours and plain ASCII."""
    return download_bytes(content.encode("utf-8"), name)


def download_bytes(content: bytes, name: str) -> Response:
    """Return bytes as a file to keep; the name is ours and plain ASCII."""
    kind = _TYPES[name.rpartition(".")[2]]
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def written_as(kind: str, writers: Mapping[str, _Writer]) -> _Writer:
    """Return what writes a kind of file.

    Raises:
        NotFoundError: There is no such kind here.
    """
    if kind not in writers:
        raise NotFoundError(
            f"不支持“{kind[:20]}”格式,可用:{'、'.join(writers)}",
            f"there is no {kind[:20]!r} of this, known: {', '.join(writers)}",
            code="no_such_kind",
        )
    return writers[kind]
