"""The maps of a dossier, drawn by us: no tiles, no fonts but the digits that Pillow brings."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry.base import BaseGeometry

from geoinspect.crs import geodesic_length_m

U1 = NDArray[np.uint8]
Box = tuple[float, float, float, float]

WIDTH_PX, HEIGHT_PX = 1400, 1000
_MARGIN_PX = 64
_PAPER, _INK, _GRID = (250, 250, 247), (30, 30, 30), (150, 150, 150)
_GROUND, _DOT, _AREA = (190, 18, 60), (3, 84, 160), (90, 90, 90)
# Grid lines a map has at most in one direction; more can't be labelled.
_MOST_LINES = 6
_FONT = ImageFont.load_default(28)
_SMALL = ImageFont.load_default(22)
_Ink = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MapView:
    """What a map shows.

    Attributes:
        box: West, south, east, north in degrees; of the shape that :func:`fitted_box` gives.
        ground: Of the case, WGS84.
        dots: Number and place (lon, lat) of each piece of evidence.
        outlines: Areas behind, WGS84.
        picture: RGBA of shape (rows, columns, 4) over the whole box; None without one.
    """

    box: Box
    ground: BaseGeometry
    dots: Sequence[tuple[int, tuple[float, float]]] = ()
    outlines: Sequence[BaseGeometry] = ()
    picture: U1 | None = None


def fitted_box(bounds: Box, *, least_m: float, margin: float = 0.25) -> Box:
    """Return a box round bounds in the shape of the map, so that a metre is one length on it.

    Args:
        bounds: West, south, east, north in degrees.
        least_m: Metres that the map is wide at least.
        margin: Free ground on each side, as a share of the bounds' size.
    """
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    east_m, north_m = degree_m(lat)
    wide = (east - west) * east_m * (1 + 2 * margin)
    high = (north - south) * north_m * (1 + 2 * margin)
    shape = _inner_px()[0] / _inner_px()[1]
    wide = max(wide, high * shape, least_m)
    half_lon, half_lat = wide / 2 / east_m, wide / shape / 2 / north_m
    return lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat


def degree_m(lat: float) -> tuple[float, float]:
    """Return the metres of a degree eastward and northward at a latitude."""
    low, high = max(lat - 0.5, -90.0), min(lat + 0.5, 90.0)
    north_m = geodesic_length_m(np.zeros(2), np.array([low, high])) / (high - low)
    east_m = geodesic_length_m(np.array([0.0, 0.1]), np.array([lat, lat])) * 10
    return max(east_m, 1.0), north_m


def picture_size_px() -> tuple[int, int]:
    """Return the width and height that a picture for :class:`MapView` should have."""
    return _inner_px()


def draw_map(view: MapView) -> bytes:
    """Return the map as PNG: picture or areas, ground, dots, grid, scale bar and north arrow."""
    whole = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _PAPER)
    inner = Image.new("RGB", _inner_px(), (255, 255, 255))
    if view.picture is not None:
        picture = Image.fromarray(view.picture, "RGBA").resize(inner.size)
        inner.paste(picture, (0, 0), picture)
    sheet = _Sheet(inner, ImageDraw.Draw(inner), view.box)
    for outline in view.outlines:
        sheet.lines(outline, _AREA, 3)
    labels = list(_grid(sheet))
    sheet.ground(view.ground)
    for number, place in view.dots:
        sheet.dot(number, place)
    _scale_bar(sheet)
    _north_arrow(sheet)
    whole.paste(inner, (_MARGIN_PX, _MARGIN_PX))
    draw = ImageDraw.Draw(whole)
    draw.rectangle(
        (_MARGIN_PX - 1, _MARGIN_PX - 1, WIDTH_PX - _MARGIN_PX, HEIGHT_PX - _MARGIN_PX),
        outline=_INK,
        width=2,
    )
    for text, x, y, anchor in labels:
        draw.text((x, y), text, fill=_INK, font=_SMALL, anchor=anchor)
    out = io.BytesIO()
    whole.save(out, "PNG", optimize=True)
    return out.getvalue()


def _inner_px() -> tuple[int, int]:
    return WIDTH_PX - 2 * _MARGIN_PX, HEIGHT_PX - 2 * _MARGIN_PX


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The ground of a map, and how degrees become pixels on it."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    box: Box

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        west, south, east, north = self.box
        x = (lon - west) / (east - west) * self.image.width
        return x, (north - lat) / (north - south) * self.image.height

    @property
    def metre_px(self) -> float:
        west, south, east, north = self.box
        return self.image.width / ((east - west) * degree_m((south + north) / 2)[0])

    def lines(self, shape: BaseGeometry, ink: _Ink, width: int) -> None:
        # Only what is near: an outline of a county in pixels of a yard is too long to draw.
        west, south, east, north = self.box
        wide, high = east - west, north - south
        near = shapely.box(west - wide, south - high, east + wide, north + high)
        edge = shapely.intersection(shapely.boundary(shape), near)
        for part in shapely.get_parts(edge):
            points = [self.xy(lon, lat) for lon, lat in shapely.get_coordinates(part)]
            if len(points) > 1:
                self.draw.line(points, fill=ink, width=width, joint="curve")

    def ground(self, shape: BaseGeometry) -> None:
        polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
        for polygon in polygons:
            self.lines(polygon, (255, 255, 255), 9)
            self.lines(polygon, _GROUND, 4)
        west, _, east, _ = shape.bounds
        small = (east - west) / (self.box[2] - self.box[0]) < 0.015
        if not polygons or small:
            x, y = self.xy(*shapely.get_coordinates(shape.representative_point())[0])
            for radius, ink, width in ((24, (255, 255, 255), 9), (24, _GROUND, 4)):
                self.draw.ellipse(
                    (x - radius, y - radius, x + radius, y + radius), outline=ink, width=width
                )
            self.draw.line((x - 34, y, x - 14, y), fill=_GROUND, width=3)
            self.draw.line((x + 14, y, x + 34, y), fill=_GROUND, width=3)

    def dot(self, number: int, place: tuple[float, float]) -> None:
        x, y = self.xy(*place)
        if not (0 <= x <= self.image.width and 0 <= y <= self.image.height):
            return
        wide = 18 + 8 * (len(str(number)) - 1)
        self.draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_DOT, outline=(255, 255, 255))
        # Beside its place, so that neither hides the ground nor is hidden by it.
        cx, cy = x + wide + 6, y - 26
        self.draw.line((x, y, cx, cy), fill=_DOT, width=2)
        self.draw.rounded_rectangle(
            (cx - wide, cy - 18, cx + wide, cy + 18),
            18,
            fill=_DOT,
            outline=(255, 255, 255),
            width=2,
        )
        self.draw.text((cx, cy), str(number), fill=(255, 255, 255), font=_FONT, anchor="mm")


def _grid(sheet: _Sheet) -> Iterator[tuple[str, float, float, str]]:
    """Draw the grid; yield its labels with their places on the whole picture."""
    west, south, east, north = sheet.box
    width, height = sheet.image.size
    step, digits = _round_step((north - south) / _MOST_LINES * 1.5)
    for lat in _multiples(south, north, step):
        y = sheet.xy(west, lat)[1]
        sheet.draw.line((0, y, width, y), fill=_GRID, width=1)
        text = f"{abs(lat):.{digits}f}{'N' if lat >= 0 else 'S'}"
        # Upright would need turned letters: written above its line instead.
        if 20 < y < height - 60:
            _haloed(sheet, (6, y - 2), text, "ls")
    step, digits = _round_step((east - west) / _MOST_LINES * 1.2)
    for lon in _multiples(west, east, step):
        x = sheet.xy(lon, north)[0]
        sheet.draw.line((x, 0, x, height), fill=_GRID, width=1)
        text = f"{abs(lon):.{digits}f}{'E' if lon >= 0 else 'W'}"
        if 90 < x < width - 90:
            yield text, x + _MARGIN_PX, _MARGIN_PX - 12, "ms"
            yield text, x + _MARGIN_PX, HEIGHT_PX - _MARGIN_PX + 12, "mt"


def _scale_bar(sheet: _Sheet) -> None:
    length_m = _nice_below(sheet.image.width / 4 / sheet.metre_px)
    length_px = length_m * sheet.metre_px
    x, y = 30.0, sheet.image.height - 30.0
    sheet.draw.rectangle((x - 12, y - 54, x + length_px + 12, y + 16), fill=(255, 255, 255))
    sheet.draw.rectangle((x, y - 6, x + length_px, y + 4), outline=_INK, fill=(255, 255, 255))
    sheet.draw.rectangle((x, y - 6, x + length_px / 2, y + 4), fill=_INK)
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    sheet.draw.text((x + length_px, y - 12), text, fill=_INK, font=_FONT, anchor="rs")
    sheet.draw.text((x, y - 12), "0", fill=_INK, font=_FONT, anchor="ls")


def _north_arrow(sheet: _Sheet) -> None:
    x, y = sheet.image.width - 56.0, 70.0
    sheet.draw.ellipse((x - 42, y - 54, x + 42, y + 54), fill=(255, 255, 255))
    sheet.draw.polygon([(x, y - 42), (x - 14, y + 14), (x, y + 4), (x + 14, y + 14)], fill=_INK)
    sheet.draw.text((x, y + 44), "N", fill=_INK, font=_FONT, anchor="ms")


def _haloed(sheet: _Sheet, at: tuple[float, float], text: str, anchor: str) -> None:
    sheet.draw.text(
        at, text, fill=_INK, font=_SMALL, anchor=anchor, stroke_width=3, stroke_fill=(255, 255, 255)
    )


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _round_step(least: float) -> tuple[float, int]:
    """Return the smallest 1, 2 or 5 × 10^k from ``least`` on, and the decimals it needs."""
    power = math.floor(math.log10(least))
    for factor in (1, 2, 5, 10):
        step = factor * 10.0**power
        if step >= least:
            return step, max(0, -math.floor(math.log10(step) + 1e-9))
    return 10.0 ** (power + 1), max(0, -power - 1)


def _nice_below(most: float) -> float:
    power = 10.0 ** math.floor(math.log10(most))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= most)
