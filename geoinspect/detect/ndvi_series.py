"""Reading a season of satellite pictures as NDVI: one raster with a band a date, or many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from geoinspect.errors import InputError, RasterError, TooLargeError
from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.raster_ground import placement_of
from geoinspect.ingest.raster_open import open_raster
from geoinspect.settings import Settings

F4 = NDArray[np.float32]

# 1 GB of readings: 66 dates of a county of 380 km² at 10 m.
MAX_READINGS = 250_000_000
_DAY = re.compile(r"(?<!\d)(\d{4})[-_/.]?(\d{2})[-_/.]?(\d{2})(?!\d)")
# Readings a little beyond ±1 come from resampling; further off it is another unit.
_MOST_NDVI = 1.05


@dataclass(frozen=True, slots=True, eq=False)
class NdviSeries:
    """Readings of NDVI on one grid.

    Attributes:
        dates: Ascending, one may occur twice, shape (t,).
        values: NaN where masked, shape (t, h, w).
        crs: ``EPSG:n`` or WKT.
        transform: Pixel (column, row) to ``crs``.
        gsd_m: Side of a pixel, metres.
    """

    dates: tuple[date, ...]
    values: F4
    crs: str
    transform: Affine
    gsd_m: float

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or len(self.values) != len(self.dates) or not self.dates:
            raise InputError(
                f"NDVI 数组 {self.values.shape} 与 {len(self.dates)} 个日期不符",
                f"readings of shape {self.values.shape} don't fit {len(self.dates)} dates",
                code="bad_series",
            )


def read_series(
    paths: Sequence[Path],
    *,
    settings: Settings | None = None,
) -> NdviSeries:
    """Read NDVI from GeoTIFFs of one grid.

    A raster whose bands are all described by a date (YYYY-MM-DD or YYYYMMDD) holds one NDVI band a
    date. Any other is of the one date in its name: with a red and a near-infrared band NDVI is
    calculated, a single band is NDVI. NDVI bands are read with the scale and offset that the file
    states. Nodata and masks become NaN; clouds need not be masked.

    Args:
        paths: One or more files.
        settings: Limits for foreign rasters.

    Raises:
        InputError: Dates are missing or don't fit, or grids differ.
        RasterError: A file is no raster we can use, or its numbers are no NDVI.
        TooLargeError: More than 250 million readings.
    """
    if not paths:
        raise InputError("没有给出影像:请至少给一个文件", "no raster was given", code="no_rasters")
    found: list[NdviSeries] = []
    budget = MAX_READINGS
    for path in paths:
        with open_raster(path, settings=settings) as dataset:
            part = _read(dataset, path.name, budget)
        _check_grid(part, found[0] if found else part, path.name)
        budget -= part.values.size
        found.append(part)
    days = [day for part in found for day in part.dates]
    values = found[0].values if len(found) == 1 else np.concatenate([p.values for p in found])
    order = sorted(range(len(days)), key=days.__getitem__)
    if order != list(range(len(days))):
        values = values[order]
    first = found[0]
    return NdviSeries(
        tuple(days[i] for i in order), values, first.crs, first.transform, first.gsd_m
    )


def _read(dataset: rasterio.DatasetReader, name: str, budget: int) -> NdviSeries:
    """Read one file as a stack or as a single date."""
    described = [_days_in(text) for text in dataset.descriptions]
    bands = bands_of(dataset)
    red, nir = band_with(bands, "red"), band_with(bands, "nir")
    single = red is not None and nir is not None
    # What is described by a span of days counts as of the first.
    given = tuple(days[0] for days in described if days)
    if len(given) < len(described):
        named = set(_days_in(name))
        if len(named) != 1:
            raise InputError(
                f"影像“{name}”没有日期:请把每个波段的描述写成 YYYY-MM-DD;只有一个日期的影像,也可在文件名中"
                "写明该日期(只写一个)",
                f"{name!r} has no dates: describe each of its bands as YYYY-MM-DD; a raster of one "
                "date may have that date, and no other, in its name",
                code="no_dates",
            )
        given = tuple(named)
    if len(given) != (1 if single else dataset.count):
        raise InputError(
            f"影像“{name}”有 {dataset.count} 个波段、{len(given)} 个日期:应每个日期一个 NDVI 波段,"
            "或单一日期的红光与近红外波段",
            f"{name!r} has {dataset.count} bands and {len(given)} dates: it needs one NDVI band a "
            "date, or a red and a near-infrared band of one date",
            code="bad_dates",
        )
    if dataset.width * dataset.height * len(given) > budget:
        raise TooLargeError(
            f"NDVI 序列超过 {MAX_READINGS / 1e6:.0f} 百万个读数(到“{name}”为止):请先裁剪到辖区",
            f"the series passes {MAX_READINGS / 1e6:.0f} million readings at {name!r}: crop it to "
            "the area first",
        )
    if red is not None and nir is not None:
        values = _ndvi(_band(dataset, red), _band(dataset, nir))[None]
    else:
        values = np.stack([_band(dataset, i) for i in dataset.indexes])
        _check_ndvi(values, name)
    placement = placement_of(dataset, name)
    return NdviSeries(given, values, placement.crs, placement.transform, placement.gsd_m)


def _days_in(text: str | None) -> list[date]:
    """Return the days that stand in a text."""
    days = []
    for written in _DAY.findall(text or ""):
        with suppress(ValueError):
            days.append(date(*map(int, written)))
    return days


def _band(dataset: rasterio.DatasetReader, index: int) -> F4:
    """Return a band in its unit, NaN where masked, shape (h, w)."""
    found = dataset.read(index, masked=True)
    values: F4 = found.astype(np.float32).filled(np.nan)
    factor, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
    values = values * np.float32(factor) + np.float32(offset)
    values[~np.isfinite(values)] = np.nan
    return values


def _ndvi(red: F4, nir: F4) -> F4:
    """Return NDVI of reflectances; NaN without light. Values below zero count as zero."""
    red, nir = np.maximum(red, 0), np.maximum(nir, 0)
    total = red + nir
    out: F4 = np.full(red.shape, np.nan, dtype=np.float32)
    np.divide(nir - red, total, out=out, where=total > 0)
    return out


def _check_ndvi(values: F4, name: str) -> None:
    seen = np.isfinite(values)
    if not seen.any():
        return
    most = float(np.abs(values[seen]).max())
    if most > _MOST_NDVI:
        raise RasterError(
            f"影像“{name}”的 NDVI 达到 {most:g},应在 −1 到 1 之间:请在文件中写明波段的比例"
            "(例如 gdal_edit.py -scale 0.0001 文件)",
            f"the NDVI of {name!r} reaches {most:g}, it must lie between -1 and 1: state the scale "
            "of its bands in the file, as by gdal_edit.py -scale 0.0001 FILE",
            code="ndvi_scale",
        )


def _check_grid(part: NdviSeries, first: NdviSeries, name: str) -> None:
    same = (
        part.values.shape[1:] == first.values.shape[1:]
        and part.crs == first.crs
        and part.transform.almost_equals(first.transform, 1e-6)
    )
    if not same:
        raise InputError(
            f"影像“{name}”与第一个影像的网格不同:请先重采样到同一网格",
            f"{name!r} lies on another grid than the first raster: resample them to one grid first",
            code="grids_differ",
        )
