"""Which band is which colour, from what the file says, and from habit where it says nothing."""

from __future__ import annotations

import re

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from geoinspect.survey_records import Band

# Order matters: "red edge" must be tried before "red".
_NAMES = (
    ("rededge", re.compile(r"red[\s_-]*edge|红边", re.IGNORECASE)),
    ("nir", re.compile(r"\bnir\b|near[\s_-]*infra|近红外", re.IGNORECASE)),
    ("alpha", re.compile(r"\balpha\b|透明", re.IGNORECASE)),
    ("red", re.compile(r"\bred\b|红", re.IGNORECASE)),
    ("green", re.compile(r"\bgreen\b|绿", re.IGNORECASE)),
    ("blue", re.compile(r"\bblue\b|蓝", re.IGNORECASE)),
)
_INTERP = {
    ColorInterp.red: "red",
    ColorInterp.green: "green",
    ColorInterp.blue: "blue",
    ColorInterp.alpha: "alpha",
    ColorInterp.nir: "nir",
    ColorInterp.rededge: "rededge",
}
COLOURS = ("red", "green", "blue")


def bands_of(dataset: rasterio.DatasetReader) -> tuple[Band, ...]:
    """Return the bands with their roles.

    A band's description counts first, then its colour interpretation. Where no band of a file of
    three or four is known, bands 1 to 3 are red, green and blue, as every drone program writes
    them. The fourth band of red, green, blue and an unnamed one is alpha when a sample of it holds
    nothing but 0 and the largest value; otherwise it stays ``unknown``. No role is given twice.
    """
    roles = [_role(dataset.descriptions[i], dataset.colorinterp[i]) for i in range(dataset.count)]
    for i, role in enumerate(roles):
        if role in roles[:i]:
            roles[i] = "unknown"
    if dataset.count in (3, 4) and set(roles[:3]) == {"unknown"}:
        roles[:3] = COLOURS
    if (
        dataset.count == 4
        and roles[3] == "unknown"
        and tuple(roles[:3]) == COLOURS
        and _holds_only_extremes(dataset, 4)
    ):
        roles[3] = "alpha"
    return tuple(Band(i + 1, dataset.dtypes[i], role) for i, role in enumerate(roles))


def band_with(bands: tuple[Band, ...], role: str) -> int | None:
    """Return the index (from 1) of the band with a role."""
    return next((band.index for band in bands if band.role == role), None)


def _role(description: str | None, interp: ColorInterp) -> str:
    if description:
        for role, pattern in _NAMES:
            if pattern.search(description):
                return role
    return _INTERP.get(interp, "unknown")


def _holds_only_extremes(dataset: rasterio.DatasetReader, index: int) -> bool:
    """Return whether 64 × 64 samples on a 5 × 5 lattice are all 0 or the type's maximum."""
    dtype = np.dtype(dataset.dtypes[index - 1])
    if dtype.kind != "u":
        return False
    top = np.iinfo(dtype).max
    for i in range(5):
        for j in range(5):
            row = max(0, (dataset.height - 64) * i // 4)
            col = max(0, (dataset.width - 64) * j // 4)
            window = Window(col, row, min(64, dataset.width), min(64, dataset.height))
            sample = dataset.read(index, window=window)
            if not np.all((sample == 0) | (sample == top)):
                return False
    return True
