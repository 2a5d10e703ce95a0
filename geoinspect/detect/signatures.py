"""Spectra that people bring: read from a small text file and brought to a picture's bands.

Two kinds of files are read, one value a line, parted by comma, semicolon, tab or spaces:

    wavelength_nm, reflectance          role, reflectance
    400, 0.041                          blue, 0.041
    410, 0.043                          green, 0.083

Lines that start with ``#`` and one line of titles are skipped. Titles may give units: ``um`` or
``µm`` for wavelengths, ``%`` for reflectance; without them wavelengths are nanometres and
reflectance is a share of 1. Nothing is guessed: numbers that look like another unit are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import InputError, TooLargeError, UsageError
from geoinspect.ingest.formats.text import find_encoding, text_chunks

F8 = NDArray[np.float64]

# Documented default ranges of the bands of drone cameras; an assumption for any one camera.
BAND_RANGES_NM: Mapping[str, tuple[float, float]] = {
    "blue": (450.0, 520.0),
    "green": (520.0, 600.0),
    "red": (630.0, 690.0),
    "rededge": (700.0, 740.0),
    "nir": (760.0, 900.0),
}
MAX_BYTES = 1_000_000
_SHORTEST_NM, _LONGEST_NM = 200.0, 3_000.0
# Bright leaves stay below 0.7; specular or badly calibrated panels may pass 1 by a little.
_MOST_REFLECTANCE = 1.2
# Values nearer than this describe the course inside a band; wider ones are single band readings.
_DENSE_NM = 20.0
_ROLES = {
    "blue": "blue", "b": "blue", "蓝": "blue", "蓝光": "blue",
    "green": "green", "g": "green", "绿": "green", "绿光": "green",
    "red": "red", "r": "red", "红": "red", "红光": "red",
    "rededge": "rededge", "re": "rededge", "红边": "rededge",
    "nir": "nir", "nearinfrared": "nir", "近红外": "nir",
}  # fmt: skip
_MICROMETRES = re.compile(r"(?<![a-z])[uµμ]m\b|micro|微米", re.IGNORECASE)
_PERCENT = re.compile(r"%|percent|百分", re.IGNORECASE)
_SPACES = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Reflectance (0 to 1) by wavelength, or by band role; one of the two is empty.

    Attributes:
        name: What people call it.
        wavelengths_nm: Ascending.
        reflectances: One a wavelength.
        by_role: Of bands, such as ``{"red": 0.05, "nir": 0.4}``.
    """

    name: str
    wavelengths_nm: tuple[float, ...] = ()
    reflectances: tuple[float, ...] = ()
    by_role: Mapping[str, float] | None = None


def read_spectrum(path: Path, name: str | None = None) -> Spectrum:
    """Read a spectrum file.

    Args:
        path: Text in any usual encoding, at most 1 MB.
        name: What the sender calls it, for messages; the file's name without it.

    Raises:
        InputError: Not such a file; the message names the line.
        TooLargeError: Larger than 1 MB.
    """
    shown = name if name is not None else path.name
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TooLargeError(
                f"光谱文件“{shown}”有 {size / 1e6:.1f} MB,上限 1 MB:请只保留两列数据",
                f"{shown!r} has {size / 1e6:.1f} MB, the limit is 1 MB: keep two columns only",
            )
        with path.open("rb") as stream:
            text = "".join(text_chunks(stream, find_encoding(stream)))
    except OSError as error:
        raise _bad(
            shown, f"无法读取({error.strerror})", f"can't be read ({error.strerror})"
        ) from error
    except UnicodeError as error:
        raise _bad(shown, "不是文本文件", "is not a text file") from error
    return parse_spectrum(text, shown)


def parse_spectrum(text: str, name: str) -> Spectrum:
    """Return the spectrum that a text holds; errors are those of :func:`read_spectrum`."""
    rows: list[tuple[int, str, float]] = []
    title = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().lstrip("\ufeff")
        if not line or line.startswith("#"):
            continue
        cells = _cells(line)
        value = _number(cells[1]) if len(cells) == 2 else None
        if value is None and not rows and not title and _is_title(cells):
            title = line
            continue
        if value is None:
            raise _bad(
                name,
                f"第 {number} 行应为“波长(或波段),反射率”两列,实际为“{line[:60]}”",
                f"line {number} must hold two columns, wavelength (or band) and reflectance, "
                f"not {line[:60]!r}",
            )
        rows.append((number, cells[0], value))
    if not rows:
        raise _bad(name, "没有任何数值", "holds no values")
    share = 0.01 if _PERCENT.search(title) else 1.0
    rows = [(number, key, value * share) for number, key, value in rows]
    _check_reflectances(rows, name)
    if _number(rows[0][1]) is None:
        return Spectrum(name, by_role=_roles_of(rows, name))
    return _course_of(rows, name, 1_000.0 if _MICROMETRES.search(title) else 1.0)


def _cells(line: str) -> list[str]:
    """Part a line: by semicolon or tab first, as a comma may then be a decimal comma."""
    for mark in (";", "\t", ",", None):
        if mark is None or mark in line:
            return [cell.strip() for cell in line.split(mark)]
    return [line]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _is_title(cells: Sequence[str]) -> bool:
    """Return whether no cell is a number and the first is no band: words, so titles."""
    words = all(_number(cell) is None for cell in cells)
    return words and len(cells) >= 2 and _role(cells[0]) is None


def _role(text: str) -> str | None:
    return _ROLES.get(_SPACES.sub("", text).lower())


def _check_reflectances(rows: Sequence[tuple[int, str, float]], name: str) -> None:
    for number, _, value in rows:
        if math.isfinite(value) and 0 <= value <= _MOST_REFLECTANCE:
            continue
        raise _bad(
            name,
            f"第 {number} 行的反射率为 {value:g},应在 0 到 1 之间;百分数请在标题中写“%”",
            f"the reflectance in line {number} is {value:g}, not between 0 and 1; put '%' into "
            "the title for per cent",
            code="bad_reflectance",
        )


def _roles_of(rows: Sequence[tuple[int, str, float]], name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, key, value in rows:
        role = _role(key)
        if role is None or role in found:
            why = ("重复", "given twice") if role else ("不认识", "not known")
            raise _bad(
                name,
                f"第 {number} 行的波段“{key[:40]}”{why[0]}:可用 {'、'.join(BAND_RANGES_NM)}",
                f"the band {key[:40]!r} in line {number} is {why[1]}: use "
                f"{', '.join(BAND_RANGES_NM)}",
                code="bad_role",
            )
        found[role] = value
    return found


def _course_of(rows: Sequence[tuple[int, str, float]], name: str, to_nm: float) -> Spectrum:
    points: dict[float, float] = {}
    for number, key, value in rows:
        given = _number(key)
        nm = math.nan if given is None else given * to_nm
        if not _SHORTEST_NM <= nm <= _LONGEST_NM:
            raise _bad(
                name,
                f"第 {number} 行的波长“{key[:40]}”不在 200–3000 nm 之内;微米请在标题中写“um”",
                f"the wavelength {key[:40]!r} in line {number} is not within 200-3000 nm; put "
                "'um' into the title for micrometres",
                code="bad_wavelength",
            )
        if nm in points:
            raise _bad(
                name,
                f"第 {number} 行的波长 {nm:g} nm 重复",
                f"the wavelength {nm:g} nm in line {number} is given twice",
                code="bad_wavelength",
            )
        points[nm] = value
    ordered = sorted(points)
    return Spectrum(name, tuple(ordered), tuple(points[nm] for nm in ordered))


def at_bands(
    spectrum: Spectrum,
    roles: Sequence[str],
    *,
    ranges_nm: Mapping[str, tuple[float, float]] = BAND_RANGES_NM,
    scale: float = 1.0,
    offset: float = 0.0,
) -> F8:
    """Return the spectrum as a picture's bands would show it, shape (bands,), in its units.

    A file that names roles is taken as it is. Of a course of wavelengths a band shows the mean
    over its range (a box-shaped response, an assumption): exactly, of straight lines between
    values, where none lie more than 20 nm apart; otherwise the mean of the values inside the range.

    Args:
        spectrum: As read.
        roles: Of the picture's bands, in its order.
        ranges_nm: From and to of each role; both ends may be equal, for one exact wavelength.
        scale: Pixel value of reflectance 1 less that of 0, such as 10,000 for Sentinel-2.
        offset: Pixel value of reflectance 0.

    Raises:
        UsageError: A role has no range, or the scale is no number above 0.
        InputError: The spectrum says nothing about a band.
    """
    if not (math.isfinite(scale) and scale > 0 and math.isfinite(offset)):
        raise UsageError(
            f"比例 {scale} 或偏移 {offset} 无效:比例应大于 0",
            f"the scale {scale} or offset {offset} can't be used: the scale must be above 0",
            code="bad_scale",
        )
    return np.array([_reflectance(spectrum, role, ranges_nm) for role in roles]) * scale + offset


def _reflectance(
    spectrum: Spectrum, role: str, ranges_nm: Mapping[str, tuple[float, float]]
) -> float:
    if spectrum.by_role is not None:
        if role not in spectrum.by_role:
            raise _says_nothing(spectrum.name, role, "")
        return spectrum.by_role[role]
    if role not in ranges_nm:
        raise UsageError(
            f"波段“{role}”没有波长范围:可用 {'、'.join(ranges_nm)}",
            f"the band {role!r} has no range of wavelengths: there are {', '.join(ranges_nm)}",
            code="bad_role",
        )
    low, high = ranges_nm[role]
    nm, value = np.array(spectrum.wavelengths_nm), np.array(spectrum.reflectances)
    inside = (nm >= low) & (nm <= high)
    covered = nm[0] <= low and nm[-1] >= high
    if covered:
        first = int(np.searchsorted(nm, low, side="right")) - 1
        last = int(np.searchsorted(nm, high, side="left"))
        if all(b - a <= _DENSE_NM for a, b in pairwise(nm[first : last + 1].tolist())):
            at = np.unique(np.concatenate([[low, high], nm[inside]]))
            course = np.interp(at, nm, value)
            return (
                float(np.trapezoid(course, at) / (high - low)) if high > low else float(course[0])
            )
    if not inside.any():
        raise _says_nothing(spectrum.name, role, f" {low:g}-{high:g} nm")
    return float(value[inside].mean())


def _says_nothing(name: str, role: str, where: str) -> InputError:
    return _bad(
        name,
        f"没有波段“{role}”{where} 的数值:请补充,或不用这一波段",
        f"has no value for the band {role!r}{where}: add one, or leave that band out",
        code="band_not_covered",
    )


def _bad(name: str, zh: str, en: str, code: str = "bad_spectrum") -> InputError:
    return InputError(f"光谱文件“{name}”{zh}", f"the spectrum {name!r} {en}", code=code)
