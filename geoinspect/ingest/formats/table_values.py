"""Coordinates as people and programs write them into a cell."""

from __future__ import annotations

import re

from geoinspect.ingest.formats.reading import CoordinateValue

# Longer than any coordinate; what is longer is text.
_MAX_CHARS = 48
_SIDE = "[NEWSnew]|北纬?|南纬?|东经?|西经?"
_NUMBER = r"\d{1,3}(?:[.,]\d*)?"
_WRITTEN = re.compile(
    rf"(?P<before>{_SIDE})?\s*[:：]?\s*(?P<sign>[+-]?)\s*(?P<d>{_NUMBER})"
    rf"(?:\s*[°º˚度:d\s]\s*"
    rf"(?:(?P<m>{_NUMBER})(?:\s*['′’‘＇´分:m\s]\s*"
    rf"(?:(?P<s>{_NUMBER})\s*(?:[\"″”“＂秒s]|''|′′|’’)?)?)?)?)?"
    rf"\s*(?P<after>{_SIDE})?"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d*")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3}){2,}(?:\.\d*)?|[+-]?\d{1,3}(?:,\d{3})+\.\d*")
_NEGATIVE = ("S", "W", "南", "西")
# How programs write that there is nothing.
_NOTHING = frozenset({"", "-", "--", "—", "/", "null", "none", "n/a", "na", "无"})
_DECIMAL = r"[+-]?\d+(?:\.\d+)?"
_PLAIN_PAIR = re.compile(
    rf"(?:[A-Za-z]+\s*)?[(\[]*\s*({_DECIMAL})[\s,;\uff0c]+({_DECIMAL})(?:[\s,;\uff0c]+{_DECIMAL})?\s*[)\]]*"
)
_PARTED = re.compile(r"([^,;\uff0c]+)[,;\uff0c]([^,;\uff0c]+)")
_SIDED = re.compile(
    r"([NSEW北南东西].+?)\s*([NSEW北南东西].+)|(.+?[NSEW北南东西])\s*(.+[NSEW北南东西])"
)
_MEASURED = re.compile(r"([+-]?\d+(?:[.,]\d*)?)\s*(?:m|M|米|°)?")


def coordinate(text: str) -> CoordinateValue:
    """Return one coordinate: plain, with a decimal comma, or degrees, minutes and seconds.

    Reads ``30°12'33.4"N``, ``北纬30度12分33秒``, ``120 5 30``, ``120:05:30``, ``E120°5.5'`` and the
    like. Nothing in the cell is None; what is no coordinate comes back as it is.
    """
    try:
        return float(text)
    except ValueError:
        pass
    text = bare(text)
    if text.lower() in _NOTHING:
        return None
    if len(text) > _MAX_CHARS:
        return "?"
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    match = _WRITTEN.fullmatch(text)
    return _degrees(match) if match else text


def bare(text: str) -> str:
    """Return a cell without what keeps spreadsheets from reading it: ``="1.5"`` and ``'1.5``."""
    text = text.strip()
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1].strip()
    return text[1:] if text.startswith("'") else text


def is_coordinate(text: str) -> bool:
    """Return whether a cell holds a number that may be a coordinate."""
    return isinstance(coordinate(text), float)


def nmea_degrees(value: CoordinateValue) -> CoordinateValue:
    """Return degrees of ``ddmm.mmmm``, as the NMEA 0183 sentences write them."""
    if not isinstance(value, float):
        return value
    degrees, minutes = divmod(abs(value), 100)
    if not minutes < 60:
        return "?"
    size = degrees + minutes / 60
    return -size if value < 0 else size


def number(text: str) -> float | None:
    """Return a measurement, None where there is none; a decimal comma and metres are read."""
    try:
        return float(text)
    except ValueError:
        pass
    text = bare(text)
    match = _MEASURED.fullmatch(text) if len(text) <= _MAX_CHARS else None
    return _plain(match[1]) if match else None


def on_side(value: CoordinateValue, side: str) -> CoordinateValue:
    """Return a coordinate with the hemisphere that stands in a cell of its own."""
    if isinstance(value, float) and value > 0 and side.strip().upper().startswith(_NEGATIVE):
        return -value
    return value


def pair(text: str) -> tuple[CoordinateValue, CoordinateValue]:
    """Return the two numbers of one cell, in their order.

    Reads ``112.5,23.1``, ``POINT (112.5 23.1)`` and ``N23 10.164 E112 33.126``.
    """
    text = text.strip()
    match = None
    if len(text) <= 2 * _MAX_CHARS:
        forms = (_PLAIN_PAIR, _PARTED, _SIDED)
        match = next((m for form in forms if (m := form.fullmatch(text))), None)
    if match is None:
        nothing = None if not text else "?"
        return nothing, nothing
    first, second = (part for part in match.groups() if part is not None)
    return coordinate(first), coordinate(second)


def _degrees(match: re.Match[str]) -> CoordinateValue:
    """Return decimal degrees; the text itself when a part of it can't be."""
    whole, minute, second = match["d"], match["m"], match["s"]
    sides = [side for side in (match["before"], match["after"]) if side]
    fraction_before_minutes = minute is not None and not whole.isdigit()
    fraction_before_seconds = second is not None and not (minute or "").isdigit()
    minutes, seconds = (_plain(part) if part else 0.0 for part in (minute, second))
    if (
        fraction_before_minutes
        or fraction_before_seconds
        # Programs that round the last digit write 47′60.00″ for 48′.
        or minutes > 60
        or seconds > 60
        or len(sides) > 1
        or (sides and match["sign"])
    ):
        return "?"
    degrees = _plain(whole) + minutes / 60 + seconds / 3600
    negative = match["sign"] == "-" or (sides and sides[0].upper().startswith(_NEGATIVE))
    return -degrees if negative else degrees


def _plain(text: str) -> float:
    return float(text.replace(",", "."))
