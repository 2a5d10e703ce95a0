"""Drone rasters: opened safely, described honestly, kept losslessly.

What others need is here: :func:`open_raster`, :func:`valid_mask`, :func:`read_info`,
:func:`inspect_raster` and :func:`reencode_cog`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window

from geoinspect.errors import InputError, RasterError, Text
from geoinspect.ingest.raster_bands import bands_of
from geoinspect.ingest.raster_cog import reencode_cog
from geoinspect.ingest.raster_ground import Placement, placement_of
from geoinspect.ingest.raster_open import open_raster
from geoinspect.ingest.raster_outline import block_pixels, draw_outline
from geoinspect.ingest.raster_validity import Validity, valid_mask, validity_of
from geoinspect.ingest.survey_checks.advice import check_json
from geoinspect.ingest.survey_checks.measure import measure_quality
from geoinspect.ingest.survey_checks.stage_advice import StageOn
from geoinspect.records import CHINA_TIME, Problem
from geoinspect.settings import Settings
from geoinspect.survey_records import Band, RasterInfo

__all__ = [
    "CHINA_TIME",
    "Validity",
    "check_survey",
    "inspect_raster",
    "open_raster",
    "placement_of",
    "read_info",
    "reencode_cog",
    "taken_of",
    "valid_mask",
    "validity_of",
]

_EXACT_PX = 100_000_000
_OVERVIEW_PX = 1024
_CHUNK_PX = 4_000_000
_MEASURED = (
    "width",
    "height",
    "crs",
    "gsd_cm",
    "valid_fraction",
    "valid_area_m2",
    "bbox",
    "fit_for",
    "taken",
)
_DATE = re.compile(r"^\s*(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")


def read_info(path: Path | str, *, settings: Settings, name: str | None = None) -> RasterInfo:
    """Return what a raster is, without its pixels.

    Valid ground is counted at full size up to 100 Mpx and on a thinned picture beyond (a problem
    says so). Areas and the ground sampling distance are true ground values, whatever the CRS.

    Args:
        path: The file.
        settings: Limits.
        name: What the sender calls the file; the path as given without it.

    Raises:
        RasterError: Not a readable, placed raster, or one without any valid ground.
        TooLargeError: Beyond the limits.
    """
    shown = name if name is not None else str(path)
    with open_raster(path, settings=settings, name=shown) as dataset:
        return _described(dataset, validity_of(dataset), shown)


def check_survey(
    path: Path | str,
    *,
    settings: Settings,
    name: str | None = None,
    stage_on: StageOn | None = None,
    taken: date | None = None,
) -> tuple[RasterInfo, dict[str, Any]]:
    """Return what :func:`read_info` does, and the survey check: quality, what it is fit for, advice.

    The check reads at most 64 small windows more; what can't be checked is said, never raised.

    Args:
        path: The file.
        settings: Limits.
        name: What the sender calls the file; the path as given without it.
        stage_on: The growth stage at a latitude on a day; without it the stage stays unknown.
        taken: Day of the flight; what the file says without it.

    Raises:
        RasterError: Not a readable, placed raster, or one without any valid ground.
        TooLargeError: Beyond the limits.
    """
    shown = name if name is not None else str(path)
    with open_raster(path, settings=settings, name=shown) as dataset:
        validity = validity_of(dataset)
        info = _described(dataset, validity, shown)
        quality = measure_quality(dataset, info.bands, validity, gsd_m=info.gsd_cm / 100)
    day = taken
    if day is None and info.taken is not None:
        day = info.taken.astimezone(CHINA_TIME).date()
    latitude_deg = (info.bbox[1] + info.bbox[3]) / 2
    stage = None if day is None or stage_on is None else stage_on(latitude_deg, day)
    return info, check_json(info, quality, stage)


def _described(dataset: rasterio.DatasetReader, validity: Validity, shown: str) -> RasterInfo:
    """Return what an open raster is."""
    placement = placement_of(dataset, shown)
    bands = bands_of(dataset)
    exact = validity.whole or dataset.width * dataset.height <= _EXACT_PX
    shares, step = _valid_shares(dataset, validity, exact=exact)
    fraction, area_m2 = _valid_ground(shares, step, placement)
    if not fraction > 0:
        raise RasterError(
            f"影像“{shown}”没有任何有效像素(全部为空白或 nodata):请检查导出范围",
            f"{shown!r} has no valid pixel at all (everything is blank or nodata): check the "
            "extent of the export",
            code="no_valid_data",
        )
    outline, side_px = draw_outline(shares, step, placement)
    taken, dated = taken_of(dataset)
    problems = _problems(bands, validity, exact=exact)
    if side_px > step:
        problems.append(_speckled(side_px * placement.gsd_m))
    return RasterInfo(
        file=shown,
        width=placement.width,
        height=placement.height,
        bands=bands,
        crs=placement.crs,
        gsd_cm=placement.gsd_m * 100,
        valid_fraction=fraction,
        valid_area_m2=area_m2,
        bbox=_bbox(placement),
        outline=outline,
        taken=taken,
        problems=(*problems, *dated),
    )


def inspect_raster(
    path: Path | str,
    *,
    settings: Settings,
    name: str | None = None,
    stage_on: StageOn | None = None,
) -> dict[str, object]:
    """Return what ``surveys inspect`` says of one file; a refused one says why in ``problems``.

    Args:
        path: The file.
        settings: Limits.
        name: What the sender calls the file; the path as given without it.
        stage_on: The growth stage at a latitude on a day; without it the stage stays unknown.
    """
    shown = name if name is not None else str(path)
    try:
        info, check = check_survey(path, settings=settings, name=shown, stage_on=stage_on)
    except InputError as error:
        return {
            "file": shown,
            "status": "refused",
            "bands": [],
            **dict.fromkeys(_MEASURED),
            "quality": None,
            "advice": [],
            "problems": [Problem(error.code, error.text).as_json()],
        }
    return {
        "file": shown,
        "status": "ok",
        "width": info.width,
        "height": info.height,
        "bands": [{"index": b.index, "dtype": b.dtype, "role": b.role} for b in info.bands],
        "crs": info.crs,
        "gsd_cm": info.gsd_cm,
        "valid_fraction": info.valid_fraction,
        "valid_area_m2": info.valid_area_m2,
        "bbox": list(info.bbox),
        "fit_for": check["fit_for"],
        "taken": info.taken.isoformat().replace("+00:00", "Z") if info.taken else None,
        "quality": check["quality"],
        "advice": check["advice"],
        "problems": [problem.as_json() for problem in info.problems],
    }


def _valid_shares(
    dataset: rasterio.DatasetReader, validity: Validity, *, exact: bool
) -> tuple[NDArray[np.float64], int]:
    """Return the valid share of each ``step`` × ``step`` block of pixels, and ``step``.

    Exact shares come from every pixel, the others from one look every few pixels.
    """
    width, height = dataset.width, dataset.height
    step = math.ceil(max(width, height) / _OVERVIEW_PX)
    shape = (math.ceil(height / step), math.ceil(width / step))
    if validity.whole:
        return np.ones(shape), step
    shares = np.zeros(shape)
    for window in _chunks(width, height, step):
        row, col = int(window.row_off), int(window.col_off)
        if exact:
            mask = validity.read(dataset, window)
            lines = np.add.reduceat(mask, np.arange(0, mask.shape[0], step), axis=0, dtype=float)
            counts = np.add.reduceat(lines, np.arange(0, mask.shape[1], step), axis=1)
            high = np.minimum(step, height - row - np.arange(0, mask.shape[0], step))
            wide = np.minimum(step, width - col - np.arange(0, mask.shape[1], step))
            part = counts / (high[:, None] * wide)
        else:
            middle = np.arange(row + step // 2, row + int(window.height), step)
            part = np.stack(
                [
                    validity.read(dataset, Window(col, line, int(window.width), 1))[0, ::step]
                    for line in middle
                ]
            ).astype(float)
        shares[row // step : row // step + len(part), col // step :][:, : part.shape[1]] = part
    return shares, step


def _chunks(width: int, height: int, step: int) -> Iterator[Window]:
    """Yield windows over the raster: whole multiples of ``step`` high, and as wide as memory
    allows, which suits striped and tiled files alike.
    """
    wide = min(width, max(1, _CHUNK_PX // step // step) * step)
    high = max(1, min(_CHUNK_PX // wide, 1024) // step) * step
    for row in range(0, height, high):
        for col in range(0, width, wide):
            yield Window(col, row, min(wide, width - col), min(high, height - row))


def _valid_ground(
    shares: NDArray[np.float64], step: int, placement: Placement
) -> tuple[float, float]:
    """Return the valid share of all pixels and the valid ground in square metres."""
    rows, cols = shares.shape
    valid_px = shares * block_pixels(shares, step, placement)
    area_m2 = 0.0
    stride = 32
    for i in range(0, rows, stride):
        for j in range(0, cols, stride):
            part = float(valid_px[i : i + stride, j : j + stride].sum())
            middle = (min(j + stride / 2, cols) * step, min(i + stride / 2, rows) * step)
            area_m2 += part * placement.pixel_area_m2(*middle)
    return float(valid_px.sum()) / (placement.width * placement.height), area_m2


def _bbox(placement: Placement) -> tuple[float, float, float, float]:
    frame = placement.to_wgs84(shapely.box(0, 0, placement.width, placement.height))
    west, south, east, north = frame.bounds
    return float(west), float(south), float(east), float(north)


def taken_of(dataset: rasterio.DatasetReader) -> tuple[datetime | None, tuple[Problem, ...]]:
    """Return when the picture was taken. Times without a zone are China time (UTC+8)."""
    tags = {**dataset.tags(ns="EXIF"), **dataset.tags()}
    for key in ("EXIF_DateTimeOriginal", "TIFFTAG_DATETIME"):
        found = _DATE.match(tags.get(key, ""))
        if found is None:
            continue
        try:
            year, month, day, hour, minute, second = map(int, found.groups())
            local = datetime(year, month, day, hour, minute, second, tzinfo=CHINA_TIME)
        except ValueError:
            continue
        if key == "EXIF_DateTimeOriginal":
            return local.astimezone(UTC), ()
        doubt = Text(
            "日期取自 TIFF 文件头,可能是处理日期而不是拍摄日期;可在添加时指定拍摄日期",
            "the date comes from the TIFF header and may be that of processing, not of the "
            "flight; it can be given when the survey is added",
        )
        return local.astimezone(UTC), (Problem("date_of_file", doubt),)
    return None, ()


def _problems(bands: tuple[Band, ...], validity: Validity, *, exact: bool) -> list[Problem]:
    """Return what the sender should know of a raster that was taken."""
    problems = []
    if not exact:
        text = Text(
            "影像超过 1 亿像素,有效面积按抽样估算",
            "beyond 100 megapixels: the valid area is estimated from a sample of the pixels",
        )
        problems.append(Problem("valid_area_sampled", text))
    if validity.fills:
        text = Text(
            "没有透明通道和 nodata,四周的纯黑或纯白按空白处理",
            "neither alpha nor nodata: the plain black or white margin was taken as empty",
        )
        problems.append(Problem("margin_taken_as_empty", text))
    named = {band.role for band in bands}
    if not {"red", "green", "blue"} <= named:
        text = Text(
            "文件没有说明各波段的颜色;检测时请用 --bands 指定",
            "the file does not say which band is which colour: give --bands when detecting",
        )
        problems.append(Problem("bands_unknown", text))
    return problems


def _speckled(side_m: float) -> Problem:
    text = Text(
        f"有效像素十分零碎,范围轮廓按约 {side_m:.2g} 米的方块绘制;有效面积不受影响",
        f"the valid pixels are speckled: the outline was drawn along blocks of about {side_m:.2g} "
        "m; the valid area is not affected",
    )
    return Problem("outline_of_blocks", text)
