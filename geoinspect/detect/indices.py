"""Vegetation indices of pictures with four to six bands, as cues.

Each is a plain function of bands by role, made of ratios, so that one gain common to all bands
changes nothing. (Pixel values that are not reflectance, each band with its own gain, still rank
pixels within one survey; they don't compare with published thresholds.) Values below zero, which
some reflectance products hold, count as zero. Where the divisor is zero the index is NaN: no light
is no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.signatures import BAND_RANGES_NM
from geoinspect.errors import Text, UsageError

F4 = NDArray[np.float32]
Mask = NDArray[np.bool_]
Bands = Mapping[str, F4]


def _ratio(part: F4, whole: F4) -> F4:
    """Return part / whole, NaN where the whole is not above zero."""
    out: F4 = np.full(whole.shape, np.nan, dtype=np.float32)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _normalised(one: F4, other: F4) -> F4:
    """Return (one − other) / (one + other), −1 to 1."""
    return _ratio(one - other, one + other)


def ndvi(bands: Bands) -> F4:
    """(nir − red) / (nir + red). Rouse, Haas, Schell & Deering 1974, NASA SP-351: 309-317."""
    return _normalised(bands["nir"], bands["red"])


def gndvi(bands: Bands) -> F4:
    """(nir − green) / (nir + green). Gitelson, Kaufman & Merzlyak 1996, RSE 58(3): 289-298."""
    return _normalised(bands["nir"], bands["green"])


def ndre(bands: Bands) -> F4:
    """(nir − rededge) / (nir + rededge). Barnes et al. 2000, 5th Int. Conf. Precision Agric."""
    return _normalised(bands["nir"], bands["rededge"])


def chlorophyll_rededge(bands: Bands) -> F4:
    """Nir / rededge − 1. Gitelson, Gritz & Merzlyak 2003, J. Plant Physiol. 160(3): 271-282."""
    return _ratio(bands["nir"], bands["rededge"]) - 1


def rededge_slope(bands: Bands) -> F4:
    """(rededge − red) / (nir + red) per nanometre between the bands' default centres.

    How steeply reflectance rises at the red edge (Horler, Dockray & Barber 1983, IJRS 4(2):
    273-288), made free of gain by the light of its two ends; our own form for one band there.
    """
    nm = float(np.mean(BAND_RANGES_NM["rededge"]) - np.mean(BAND_RANGES_NM["red"]))
    return _ratio(bands["rededge"] - bands["red"], bands["nir"] + bands["red"]) / nm


def rededge_position(bands: Bands) -> F4:
    """(rededge − red) / (nir − red): the share of the rise from red to nir reached there.

    Low when the edge lies at longer waves (much chlorophyll); after the linear interpolation of
    Guyot & Baret 1988 (ESA SP-287: 279-286), for three bands. NaN where nir is not above red.
    """
    return _ratio(bands["rededge"] - bands["red"], bands["nir"] - bands["red"])


def nir_plateau(bands: Bands) -> F4:
    """(nir − mean of blue, green, red) / (nir + that mean): the plateau over visible light.

    Leaf structure scatters near infrared while pigments take visible light (Gates et al. 1965,
    Applied Optics 4(1): 11-20); our own normalised form.
    """
    visible = (bands["blue"] + bands["green"] + bands["red"]) / np.float32(3)
    return _normalised(bands["nir"], visible)


def green_blue_ratio(bands: Bands) -> F4:
    """Green / blue: low for glaucous, waxy leaves (an assumption, see targets)."""
    return _ratio(bands["green"], bands["blue"])


def green_blue_difference(bands: Bands) -> F4:
    """(green − blue) / (green + blue): the same as a number between −1 and 1."""
    return _normalised(bands["green"], bands["blue"])


def excess_green(bands: Bands) -> F4:
    """2g − r − b of chromaticities. Woebbecke et al. 1995, Trans. ASAE 38(1): 259-269."""
    total = bands["red"] + bands["green"] + bands["blue"]
    return 3 * _ratio(bands["green"], total) - 1


def vari(bands: Bands) -> F4:
    """(green − red) / (green + red − blue). Gitelson et al. 2002, RSE 80(1): 76-87."""
    return _ratio(bands["green"] - bands["red"], bands["green"] + bands["red"] - bands["blue"])


@dataclass(frozen=True, slots=True)
class Index:
    """One index: the bands it needs and what it is called."""

    needs: tuple[str, ...]
    of: Callable[[Bands], F4]
    title: Text


INDICES: Mapping[str, Index] = {
    "ndvi": Index(("red", "nir"), ndvi, Text("归一化植被指数", "NDVI")),
    "gndvi": Index(("green", "nir"), gndvi, Text("绿光归一化植被指数", "green NDVI")),
    "ndre": Index(("rededge", "nir"), ndre, Text("红边归一化指数", "NDRE")),
    "chlorophyll_rededge": Index(
        ("rededge", "nir"), chlorophyll_rededge, Text("红边叶绿素指数", "red-edge chlorophyll")
    ),
    "rededge_slope": Index(
        ("red", "rededge", "nir"), rededge_slope, Text("红边斜率", "red-edge slope")
    ),
    "rededge_position": Index(
        ("red", "rededge", "nir"), rededge_position, Text("红边位置", "red-edge position")
    ),
    "nir_plateau": Index(
        ("blue", "green", "red", "nir"), nir_plateau, Text("近红外平台", "near-infrared plateau")
    ),
    "green_blue_ratio": Index(("blue", "green"), green_blue_ratio, Text("绿蓝比", "green to blue")),
    "green_blue_difference": Index(
        ("blue", "green"), green_blue_difference, Text("绿蓝归一化差", "green-blue difference")
    ),
    "excess_green": Index(("red", "green", "blue"), excess_green, Text("超绿指数", "excess green")),
    "vari": Index(("red", "green", "blue"), vari, Text("可见光抗大气指数", "VARI")),
}


def available(roles: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the indices that a picture with these band roles allows, in order."""
    have = set(roles)
    return tuple(name for name, index in INDICES.items() if have.issuperset(index.needs))


def compute(
    pixels: NDArray[np.generic],
    roles: Sequence[str],
    valid: Mask,
    names: Iterable[str] | None = None,
) -> dict[str, F4]:
    """Return indices by name, each of shape (h, w), NaN where masked or without light.

    Args:
        pixels: Shape (bands, h, w).
        roles: Of each band, such as ``("blue", "green", "red", "rededge", "nir")``.
        valid: Shape (h, w).
        names: Which; all that the roles allow without it.

    Raises:
        UsageError: Shapes don't fit, an index is unknown, or a band for it is missing.
    """
    if pixels.ndim != 3 or len(pixels) != len(roles) or pixels.shape[1:] != valid.shape:
        raise UsageError(
            f"像元数组 {pixels.shape} 与波段 {list(roles)}、掩膜 {valid.shape} 不符",
            f"pixels of shape {pixels.shape} don't fit the bands {list(roles)} and a mask of "
            f"shape {valid.shape}",
            code="bad_shape",
        )
    possible = available(roles)
    wanted = possible if names is None else tuple(names)
    for name in wanted:
        if name not in possible:
            raise _not_possible(name, roles)
    needed = {role for name in wanted for role in INDICES[name].needs}
    with np.errstate(invalid="ignore", over="ignore"):
        bands = {role: _lit(pixels[list(roles).index(role)], valid) for role in needed}
        found = {name: INDICES[name].of(bands) for name in wanted}
    return {name: np.where(np.isfinite(at), at, np.float32(np.nan)) for name, at in found.items()}


def _lit(band: NDArray[np.generic], valid: Mask) -> F4:
    """Return a band as light: not below zero, NaN where masked."""
    out: F4 = band.astype(np.float32)
    np.maximum(out, 0, out=out)
    out[~valid] = np.nan
    return out


def _not_possible(name: str, roles: Sequence[str]) -> UsageError:
    if name not in INDICES:
        return UsageError(
            f"没有名为“{name}”的指数:可用 {'、'.join(INDICES)}",
            f"there is no index {name!r}: choose from {', '.join(INDICES)}",
            code="no_such_index",
        )
    missing = [role for role in INDICES[name].needs if role not in roles]
    return UsageError(
        f"指数“{name}”需要波段 {'、'.join(missing)},影像只有 {'、'.join(roles)}",
        f"the index {name!r} needs the bands {', '.join(missing)}, the picture has "
        f"{', '.join(roles)}",
        code="missing_band",
    )
