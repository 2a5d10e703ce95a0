"""The pictures of a dossier: maps of the case's ground, and small copies of its photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from sqlalchemy.orm import Session

from geoinspect.casework.pictures import thumbnail
from geoinspect.errors import Text
from geoinspect.report.dossier_map import Box, MapView, draw_map, fitted_box, picture_size_px
from geoinspect.report.dossier_records import Picture, written
from geoinspect.store import cases, grounds, reviewing
from geoinspect.store.case_schema import CaseRow, EvidenceRow
from geoinspect.store.schema import SurveyRow
from geoinspect.store.workspace import Workspace

U1 = NDArray[np.uint8]

_MAP_MM, _PHOTO_MM = 150.0, 84.0
_LEAST_M, _WIDE_LEAST_M = 60.0, 2000.0
# Evidence farther away than this is no reason to make the ground itself too small to see.
_NEAR_DEG = 0.005
_WGS84 = "EPSG:4326"


def photo_of(workspace: Workspace, row: EvidenceRow, n: int) -> Picture | None:
    """Return a small copy of a photo to print; None for what can't be drawn."""
    if row.sha256 is None:
        return None
    path = workspace.vault.path_of(row.sha256)
    small = thumbnail(path, workspace.folder / "thumbs", row.sha256)
    if small is None:
        return None
    taken = written(row.taken)
    caption = Text(f"证据 {n}:{row.name}", f"evidence {n}, taken {taken}")
    return Picture(small, "jpeg", caption, _PHOTO_MM)


def case_maps(
    workspace: Workspace,
    session: Session,
    row: CaseRow,
    dots: Sequence[tuple[int, tuple[float, float]]],
) -> tuple[Picture, ...]:
    """Return a map of where the ground lies, and one of the ground itself.

    Args:
        workspace: Opened.
        session: Open.
        row: The case.
        dots: Number and place (WGS84 lon, lat) of each piece of evidence.
    """
    return (_ground_map(workspace, session, row, dots), _wide_map(session, row))


def _wide_map(session: Session, row: CaseRow) -> Picture:
    way = [] if row.area_code is None else grounds.breadcrumb(session, row.area_code)
    # The smallest area that still shows where the ground lies, and its neighbours' borders.
    bounds = row.geometry.bounds if not way else way[-1].geometry.bounds
    box = fitted_box(bounds, least_m=_WIDE_LEAST_M, margin=0.05)
    near = [
        area.geometry
        for area in grounds.areas(session)
        if area.west < box[2] and area.east > box[0] and area.south < box[3] and area.north > box[1]
    ]
    name = way[-1].name if way else "—"
    caption = Text(
        f"地块所在辖区:{name}(灰线为辖区边界,圈内为地块)",
        "Where the ground lies (grey: borders of areas; circle: the ground). WGS84, north up",
    )
    return Picture(draw_map(MapView(box, row.geometry, (), near)), "png", caption, _MAP_MM)


def _ground_map(
    workspace: Workspace,
    session: Session,
    row: CaseRow,
    dots: Sequence[tuple[int, tuple[float, float]]],
) -> Picture:
    place = row.geometry.representative_point()
    shown = [
        (n, (lon, lat))
        for n, (lon, lat) in dots
        if abs(lon - place.x) < _NEAR_DEG and abs(lat - place.y) < _NEAR_DEG
    ]
    xs = [row.geometry.bounds[0], row.geometry.bounds[2], *(lon for _, (lon, _) in shown)]
    ys = [row.geometry.bounds[1], row.geometry.bounds[3], *(lat for _, (_, lat) in shown)]
    box = fitted_box((min(xs), min(ys), max(xs), max(ys)), least_m=_LEAST_M)
    survey, picture = next(_pictures(workspace, session, row, box), (None, None))
    areas = [area.geometry for area in grounds.areas(session)] if picture is None else []
    view = MapView(box, row.geometry, shown, areas, picture)
    away = len(dots) - len(shown)
    left, left_en = (
        (f";{away} 处证据较远,未画出", f"; {away} places are too far away") if away else ("", "")
    )
    if survey is None:
        zh, en = "没有拍到此处的航测影像", "no drone picture shows this place"
    else:
        day = "—" if survey.taken is None else written(survey.taken)
        zh, en = f"底图:航测“{survey.name}”,拍摄 {day}", "drone picture behind it"
    caption = Text(
        f"地块(红线)与证据位置(蓝点,编号见证据目录);{zh}{left}",
        f"The ground (red) and where evidence was made (blue, numbered); {en}{left_en}. WGS84, north up",
    )
    return Picture(draw_map(view), "png", caption, _MAP_MM)


def _pictures(
    workspace: Workspace, session: Session, row: CaseRow, box: Box
) -> Iterator[tuple[SurveyRow, U1]]:
    """Yield surveys that show the ground with their pictures, linked ones first, newest first."""
    place = row.geometry.representative_point()
    linked = {link.survey_id for link in cases.links_of(session, row.id)} - {None}
    over = [
        survey
        for survey in reviewing.surveys_over(session, place.x, place.y)
        if survey.geometry.intersects(place)
    ]
    newest_first = over[::-1]
    for survey in sorted(newest_first, key=lambda one: one.id not in linked):
        picture = read_picture(workspace.survey_path(survey.id), box)
        if picture is not None:
            yield survey, picture


def read_picture(path: Path, box: Box) -> U1 | None:
    """Return a raster's RGBA over a WGS84 box, shape (rows, columns, 4); None without any there.

    Args:
        path: Of our own copy of a survey's raster.
        box: West, south, east, north in degrees.
    """
    width, height = picture_size_px()
    try:
        with (
            rasterio.open(path, driver="GTiff") as dataset,
            WarpedVRT(
                dataset,
                crs=_WGS84,
                transform=from_bounds(*box, width, height),
                width=width,
                height=height,
                resampling=Resampling.bilinear,
                add_alpha=ColorInterp.alpha not in dataset.colorinterp,
            ) as warped,
        ):
            indexes = _shown_bands(dataset)
            pixels = warped.read(indexes).astype(np.float32)
            # The mask that GDAL makes of an alpha band is right for 8 bits only.
            alpha = warped.colorinterp.index(ColorInterp.alpha) + 1
            valid = warped.read(alpha) > 0
            eight_bits = all(dataset.dtypes[i - 1] == "uint8" for i in indexes)
    except (RasterioError, OSError):
        return None
    valid &= np.isfinite(pixels).all(axis=0)
    if not valid.any():
        return None
    if not eight_bits:
        low, high = np.percentile(pixels[:, valid], [2, 98], axis=1)
        span = np.maximum(high - low, 1e-12)
        pixels = (pixels - low[:, None, None]) * (255 / span[:, None, None])
    grey = np.nan_to_num(np.clip(pixels, 0, 255)).astype(np.uint8)
    rgb = grey if len(grey) == 3 else np.repeat(grey[:1], 3, axis=0)
    opaque = np.where(valid, np.uint8(255), np.uint8(0))
    return np.ascontiguousarray(np.moveaxis(np.vstack([rgb, opaque[None]]), 0, 2))


def _shown_bands(dataset: rasterio.DatasetReader) -> list[int]:
    """Return the bands to show, from 1: red, green and blue by name, else the first three or one."""
    colours = list(dataset.colorinterp)
    wanted = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    if all(colour in colours for colour in wanted):
        return [colours.index(colour) + 1 for colour in wanted]
    plain = [n for n, colour in enumerate(colours, start=1) if colour != ColorInterp.alpha] or [1]
    return plain[:3] if len(plain) >= 3 else plain[:1]
