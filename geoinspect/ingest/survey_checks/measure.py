"""Measure a survey's picture from a bounded sample of windows; never fails, says what it couldn't.

The sample is at most 64 windows of 256 × 256 pixels spread evenly over the raster, so that the
work doesn't grow with the raster. Local flaws smaller than the gaps between windows are missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import rasterio
from numpy.typing import NDArray

from geoinspect.errors import Text
from geoinspect.ingest.raster_validity import Validity
from geoinspect.ingest.survey_checks.enlarging import enlarged_factor, rhythm_of
from geoinspect.ingest.survey_checks.exposure import exposure_of
from geoinspect.ingest.survey_checks.looks import Look, Tally, looks_of
from geoinspect.ingest.survey_checks.quality import Gaps, Quality, Seams, Sharpness
from geoinspect.ingest.survey_checks.seams import Seam, seams_of
from geoinspect.ingest.survey_checks.sharpness import (
    BLURRED_PX,
    OWN_BLUR_PX,
    TILE_PX,
    Blur,
    blur_of,
    copied_factor,
)
from geoinspect.records import Problem
from geoinspect.survey_records import Band

F8 = NDArray[np.float64]

_PIXELS_A_LOOK = 4096
# A few equal rows come by chance in smooth 8-bit ground.
_LEAST_COPIED = 1.1
# A window is judged for seams when this many of its 16 tiles are all ground.
_SEAM_TILES = 6
_HOLE_BOX_PX = 15
_HOLE_ROUND = 0.7
_SHARPEST_ROLES = ("green", "red", "blue")


@dataclass(slots=True)
class _Found:
    """What the windows said so far."""

    looks: int = 0
    pixels: int = 0
    ground_px: int = 0
    blurs: list[Blur] = field(default_factory=list)
    copied: list[float] = field(default_factory=list)
    rhythms: list[F8] = field(default_factory=list)
    seams: list[tuple[list[Seam], int]] = field(default_factory=list)
    samples: list[NDArray[np.generic]] = field(default_factory=list)
    hole_px: int = 0
    tiles: int = 0
    fills: list[tuple[float, ...]] = field(default_factory=list)


def measure_quality(
    dataset: rasterio.DatasetReader,
    bands: tuple[Band, ...],
    validity: Validity,
    *,
    gsd_m: float,
) -> Quality:
    """Return what a sample of an open raster's windows says of its quality.

    Args:
        dataset: An open raster.
        bands: Its bands and their roles.
        validity: How to tell its ground.
        gsd_m: Ground sampling distance, metres.
    """
    found, tally = _Found(), Tally()
    roles = {band.index: band.role for band in bands}
    order = [roles[index] for index in validity.colours]
    sharpest = next((order.index(role) for role in _SHARPEST_ROLES if role in order), 0)
    with np.errstate(all="ignore"):
        for look in looks_of(dataset, validity, tally):
            _judge(look, sharpest, found)
        exposure = (
            exposure_of(
                np.concatenate(found.samples, axis=1),
                tuple((index, roles[index]) for index in validity.colours),
            )
            if found.samples
            else None
        )
    sharpness, seams = _sharpness(found), _seams(found, gsd_m)
    gaps = _gaps(found)
    parts = {"sharpness": sharpness, "exposure": exposure, "seams": seams, "gaps": gaps}
    missing = [_not_checked(name) for name, part in parts.items() if part is None]
    if tally.damaged:
        missing.append(_damaged(tally))
    return Quality(
        windows=found.looks,
        sampled_share=min(1.0, found.pixels / (dataset.width * dataset.height)),
        sharpness=sharpness,
        exposure=exposure,
        seams=seams,
        gaps=gaps,
        roles_guessed=_roles_guessed(dataset, bands),
        not_checked=tuple(missing),
    )


def _judge(look: Look, sharpest: int, found: _Found) -> None:
    """Add what one window says."""
    pixels, valid = look.pixels, look.valid
    if pixels.dtype.kind == "f":
        valid = valid & np.isfinite(pixels).all(axis=0)
    ground = int(valid.sum())
    if ground == 0:
        return
    found.looks, found.pixels = found.looks + 1, found.pixels + valid.size
    found.ground_px += ground
    found.samples.append(pixels[:, valid][:, :: max(1, ground // _PIXELS_A_LOOK)])
    found.hole_px += _holes(valid)
    tiles = _tiles(pixels, valid)
    found.tiles += len(tiles)
    plain = (tiles == tiles[:, :, :1, :1]).all(axis=(1, 2, 3))
    found.fills += [tuple(float(v) for v in tile[:, 0, 0]) for tile in tiles[plain]]
    textured = tiles[~plain]
    blur = blur_of(textured[:, sharpest].astype(np.float64))
    if blur is not None:
        found.blurs.append(blur)
    rhythm = rhythm_of(pixels[sharpest].astype(np.float64)) if valid.all() else None
    if rhythm is not None:
        found.rhythms.append(rhythm)
    copied = copied_factor(textured)
    if copied is not None:
        found.copied.append(copied)
    if len(textured) >= min(_SEAM_TILES, valid.size // TILE_PX**2) > 2:
        found.seams.append(seams_of(pixels, valid))


def _tiles(pixels: NDArray[np.generic], valid: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Return the tiles that are all ground, shape (tiles, bands, TILE_PX, TILE_PX).

    Half-steps are tried where the plain lattice finds none, as in a narrow slanting picture.
    """
    height, width = valid.shape
    for step in (TILE_PX, TILE_PX // 4):
        out = [
            pixels[:, i : i + TILE_PX, j : j + TILE_PX]
            for i in range(0, height - TILE_PX + 1, step)
            for j in range(0, width - TILE_PX + 1, step)
            if valid[i : i + TILE_PX, j : j + TILE_PX].all()
        ]
        if out:
            break
    return np.stack(out) if out else np.empty((0, len(pixels), TILE_PX, TILE_PX), pixels.dtype)


def _holes(valid: NDArray[np.bool_]) -> int:
    """Return how many pixels without data have ground nearly all round them."""
    if valid.all() or min(valid.shape) < _HOLE_BOX_PX:
        return 0
    sums = np.pad(valid.astype(np.int32), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    n = _HOLE_BOX_PX
    inside = sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]
    middle = valid[n // 2 : n // 2 + inside.shape[0], n // 2 : n // 2 + inside.shape[1]]
    return int((~middle & (inside > _HOLE_ROUND * n * n)).sum())


def _sharpness(found: _Found) -> Sharpness | None:
    if not found.blurs:
        return None
    sigmas = np.array([blur.sigma_px for blur in found.blurs])
    copied = float(np.median(found.copied)) if found.copied else 1.0
    copied = copied if copied >= _LEAST_COPIED else 1.0
    # Copied pixels have a rhythm too; how often they were copied says it better.
    enlarged = enlarged_factor(found.rhythms) if copied == 1 else 1.0
    blur = float(np.median(sigmas))
    return Sharpness(
        blur_px=blur,
        blurred_share=float((sigmas >= BLURRED_PX).mean()),
        copied=copied,
        enlarged=enlarged,
        detail_factor=max(1.0, copied, enlarged, blur / OWN_BLUR_PX),
        windows=len(sigmas),
    )


def _seams(found: _Found, gsd_m: float) -> Seams | None:
    if not found.seams:
        return None
    seams = [seam for window, _ in found.seams for seam in window]
    looked_km2 = sum(tiles for _, tiles in found.seams) * (TILE_PX * gsd_m) ** 2 / 1e6
    length_m = sum(seam.length_px for seam in seams) * gsd_m
    return Seams(
        window_share=sum(bool(window) for window, _ in found.seams) / len(found.seams),
        step=float(np.median([seam.step for seam in seams])) if seams else 0.0,
        length_m_per_km2=length_m / looked_km2 if looked_km2 > 0 else 0.0,
        windows=len(found.seams),
    )


def _gaps(found: _Found) -> Gaps | None:
    if not found.ground_px:
        return None
    colour = max(set(found.fills), key=found.fills.count) if found.fills else None
    share = len(found.fills) / found.tiles if found.tiles else 0.0
    return Gaps(found.hole_px / found.ground_px, share, colour)


def _roles_guessed(dataset: rasterio.DatasetReader, bands: tuple[Band, ...]) -> bool:
    """Return whether colours come from habit: not named, or more bands than a TIFF can tell."""
    if any(dataset.descriptions):
        return False
    interpreted = {interp.name for interp in dataset.colorinterp}
    return dataset.count > 4 or not {"red", "green", "blue"} <= interpreted


_WORDS = {
    "sharpness": Text("清晰度", "sharpness"),
    "exposure": Text("曝光", "exposure"),
    "seams": Text("接缝", "seams"),
    "gaps": Text("缺口与填充", "gaps and fill"),
}


def _not_checked(name: str) -> Problem:
    word = _WORDS[name]
    text = Text(
        f"{word.zh}未能检查:有效地面太小或太均匀({TILE_PX} 像素见方以下无法判断)",
        f"{word.en} not checked: too little ground, or too even (a square of {TILE_PX} px of it is "
        "needed)",
    )
    return Problem(f"{name}_not_checked", text)


def _damaged(tally: Tally) -> Problem:
    text = Text(
        f"抽查的 {tally.tried} 处中有 {tally.damaged} 处无法解压:文件可能损坏,请重新导出",
        f"{tally.damaged} of {tally.tried} sampled windows can't be unpacked: the file may be "
        "damaged; export it again",
    )
    return Problem("damaged_part", text, tally.damaged)
