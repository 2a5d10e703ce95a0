"""Paint what grows on the parcels: soil, grain, rape, maize, mulch film, vegetables, grass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sample_data.canvas import Blobs, Canvas, linear, varied
from sample_data.fields import Fields

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

_SOIL = linear(152, 126, 98)
_SOIL_DAMP = linear(118, 96, 76)
_GLAUCOUS = (linear(120, 144, 118), linear(134, 155, 130), linear(110, 136, 108))


def paint_fields(canvas: Canvas, fields: Fields) -> None:
    """Paint every kind of ground that isn't built or wooded."""
    for kind, painter in _PAINTERS.items():
        cells = fields.where(kind)
        if cells.size:
            painter(canvas, fields, cells)


def per_parcel(canvas: Canvas, fields: Fields, cells: I8, spread: float) -> F4:
    """Return one random factor a parcel, about 1, for each pixel."""
    parcel = fields.parcel.ravel()[cells]
    factor = np.exp(spread * canvas.rng.standard_normal(int(parcel.max()) + 1))
    return np.asarray(factor[parcel], dtype=np.float32)


def row_places(
    fields: Fields, cells: I8, gsd_m: float, row_m: float, plant_m: float, shape: tuple[int, int]
) -> tuple[F8, F8]:
    """Return the pixel places (row, col) of plants set in rows that follow the terraces.

    Of the pixels that lie on a row's line the first in each plant's stretch is taken.
    """
    across = fields.across_m.ravel()[cells] / row_m
    on_line = np.abs(across - np.floor(across) - 0.5) * row_m < gsd_m * 0.75
    cells, across = cells[on_line], across[on_line]
    place = np.floor(fields.along_m.ravel()[cells] / plant_m).astype(np.int64) + (1 << 24)
    key = (np.floor(across).astype(np.int64) + (1 << 24)) * (1 << 26) + place
    _, first = np.unique(key, return_index=True)
    chosen = cells[first]
    return (chosen // shape[1]).astype(np.float64), (chosen % shape[1]).astype(np.float64)


def plant(
    canvas: Canvas,
    places: tuple[F8, F8],
    *,
    radius_m: tuple[float, float],
    height_m: float,
    dome_m: float,
    leaves: tuple[float, float],
    colours: tuple[F4, ...],
    spread: float = 0.13,
    keep: float = 0.96,
    jitter_m: float = 0.03,
) -> None:
    """Stamp one plant at each place, some missing, none quite where it should stand."""
    rng = canvas.rng
    there = rng.random(len(places[0])) < keep
    count = int(there.sum())
    off = jitter_m / canvas.gsd_m * rng.standard_normal((2, count))
    canvas.stamp(
        Blobs(
            places[0][there] + off[0],
            places[1][there] + off[1],
            rng.uniform(*radius_m, count),
            height_m * rng.uniform(0.8, 1.2, count),
            np.full(count, dome_m),
            *leaves,
            varied(colours, count, spread, rng),
        )
    )


def _bare(canvas: Canvas, cells: I8, soil: F4, factor: F4 | float, rough_m: F4 | float) -> None:
    shade = factor * (1 + 0.09 * canvas.texture(canvas.grain, cells))
    shade = shade * (1 + 0.10 * canvas.texture(canvas.clumps, cells))
    bumps = 0.018 * canvas.texture(canvas.grain, cells) + rough_m
    canvas.paint(cells, soil, shade.astype(np.float32), bumps)


def _wave(fields: Fields, cells: I8, length_m: float) -> F4:
    return np.asarray(np.cos(fields.across_m.ravel()[cells] * np.float32(2 * np.pi / length_m)))


def _soil(canvas: Canvas, fields: Fields, cells: I8) -> None:
    furrows = 0.02 * _wave(fields, cells, 0.42)
    _bare(canvas, cells, _SOIL, per_parcel(canvas, fields, cells, 0.14), furrows)


def _wheat(canvas: Canvas, fields: Fields, cells: I8) -> None:
    ripe = np.clip(0.35 + 0.25 * canvas.texture(canvas.clumps, cells), 0, 1)
    ripe = np.clip(ripe * per_parcel(canvas, fields, cells, 0.5), 0, 1)[:, None]
    colour = (1 - ripe) * linear(98, 121, 72) + ripe * linear(164, 157, 104)
    grain = canvas.texture(canvas.grain, cells)
    rows = _wave(fields, cells, 0.21) + 0.6 * (_wave(fields, cells, 2.4) > 0.985)
    shade = 1 + 0.16 * grain + 0.05 * rows + 0.07 * canvas.texture(canvas.clumps, cells)
    canvas.paint(cells, colour, shade, 0.7 + 0.035 * grain)


def _rape(canvas: Canvas, fields: Fields, cells: I8) -> None:
    grain = canvas.texture(canvas.grain, cells)
    thick = canvas.texture(canvas.clumps, cells) + 0.35 * _wave(fields, cells, 0.45)
    bloom = (1 / (1 + np.exp(-(1.6 * grain + 0.9 * thick + 0.5))))[:, None]
    colour = np.asarray((1 - bloom) * linear(96, 116, 66) + bloom * linear(206, 192, 78))
    shade = 1 + 0.08 * canvas.texture(canvas.grain, cells)
    canvas.paint(cells, colour, shade, 1.15 + 0.05 * grain + 0.05 * thick)


def _maize(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _bare(canvas, cells, _SOIL, per_parcel(canvas, fields, cells, 0.1), 0.0)
    places = row_places(fields, cells, canvas.gsd_m, 0.62, 0.30, canvas.shape)
    greens = (linear(98, 130, 68), linear(116, 144, 80), linear(88, 118, 64))
    for height_m in (0.14, 0.26):
        plant(
            canvas,
            places,
            radius_m=(0.10, 0.16),
            height_m=height_m,
            dome_m=0.05,
            leaves=(2.0, 0.75),
            colours=greens,
            keep=0.9,
        )


def _film(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _bare(canvas, cells, _SOIL, per_parcel(canvas, fields, cells, 0.1), 0.0)
    turn = fields.across_m.ravel()[cells] / 1.15
    torn = 0.05 * canvas.texture(canvas.clumps, cells)
    covered = cells[np.abs(turn - np.floor(turn) - 0.5) < 0.31 + torn]
    wrinkle = canvas.texture(canvas.grain, covered)
    dusty = np.clip(0.3 + 0.25 * canvas.texture(canvas.clumps, covered), 0, 0.9)[:, None]
    colour = (1 - dusty) * linear(205, 209, 211) + dusty * linear(172, 155, 134)
    canvas.paint(covered, colour, 1 + 0.05 * wrinkle, 0.05 + 0.012 * wrinkle)
    places = row_places(fields, covered, canvas.gsd_m, 0.575, 0.42, canvas.shape)
    greens = (linear(88, 128, 62), linear(74, 112, 56))
    plant(
        canvas,
        places,
        radius_m=(0.07, 0.15),
        height_m=0.16,
        dome_m=0.05,
        leaves=(5.0, 0.35),
        colours=greens,
        keep=0.93,
    )


def _cabbage(canvas: Canvas, fields: Fields, cells: I8) -> None:
    beds = 0.05 * (_wave(fields, cells, 1.3) > -0.55)
    _bare(canvas, cells, _SOIL_DAMP, per_parcel(canvas, fields, cells, 0.08), beds)
    places = row_places(fields, cells, canvas.gsd_m, 0.5, 0.45, canvas.shape)
    outer, inner = _GLAUCOUS, (linear(158, 178, 148), linear(150, 172, 150))
    plant(
        canvas,
        places,
        radius_m=(0.15, 0.21),
        height_m=0.12,
        dome_m=0.10,
        leaves=(7.0, 0.16),
        colours=outer,
    )
    plant(
        canvas,
        places,
        radius_m=(0.06, 0.09),
        height_m=0.22,
        dome_m=0.08,
        leaves=(3.0, 0.1),
        colours=inner,
    )


def _garlic(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _bare(canvas, cells, _SOIL, per_parcel(canvas, fields, cells, 0.08), 0.0)
    places = row_places(fields, cells, canvas.gsd_m, 0.2, 0.12, canvas.shape)
    blues = (linear(110, 134, 100), linear(124, 145, 108), linear(98, 121, 92))
    plant(
        canvas,
        places,
        radius_m=(0.05, 0.09),
        height_m=0.3,
        dome_m=0.04,
        leaves=(2.0, 0.7),
        colours=blues,
    )


def _potato(canvas: Canvas, fields: Fields, cells: I8) -> None:
    ridges = 0.10 * _wave(fields, cells, 0.75)
    _bare(canvas, cells, _SOIL_DAMP, per_parcel(canvas, fields, cells, 0.08), ridges)
    places = row_places(fields, cells, canvas.gsd_m, 0.75, 0.27, canvas.shape)
    greens = (linear(84, 108, 62), linear(98, 120, 70), linear(74, 98, 58))
    for radius_m, lift_m in ((0.2, 0.2), (0.1, 0.36)):
        plant(
            canvas,
            places,
            radius_m=(0.8 * radius_m, 1.2 * radius_m),
            height_m=lift_m,
            dome_m=0.12,
            leaves=(6.0, 0.25),
            colours=greens,
            jitter_m=0.07,
        )
    # Their small pale flowers stand in loose heads and must not be taken for petals.
    plant(
        canvas,
        places,
        radius_m=(0.012, 0.022),
        height_m=0.52,
        dome_m=0.01,
        leaves=(5.0, 0.1),
        colours=(linear(228, 224, 232),),
        keep=0.35,
        jitter_m=0.12,
    )


def _grass(canvas: Canvas, cells: I8, dry: float, tall_m: float) -> None:
    share = np.clip(dry + 0.3 * canvas.texture(canvas.clumps, cells), 0, 1)[:, None]
    colour = (1 - share) * linear(98, 116, 66) + share * linear(158, 142, 104)
    grain = canvas.texture(canvas.grain, cells)
    tufts = canvas.texture(canvas.clumps, cells)
    canvas.paint(
        cells,
        colour.astype(np.float32),
        1 + 0.2 * grain + 0.1 * tufts,
        tall_m * (1 + 0.25 * grain + 0.5 * tufts),
    )


def _fallow(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _grass(canvas, cells, 0.5, 0.12)


def _bund(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _grass(canvas, cells, 0.42, 0.16)
    rng = canvas.rng
    count = int(cells.size * canvas.gsd_m**2 * 0.5)
    chosen = rng.choice(cells, count)
    places = (chosen // canvas.shape[1] + 0.5, chosen % canvas.shape[1] + 0.5)
    greens = (linear(84, 106, 58), linear(104, 122, 70), linear(126, 126, 84))
    plant(
        canvas,
        places,
        radius_m=(0.1, 0.38),
        height_m=0.18,
        dome_m=0.22,
        leaves=(5.0, 0.3),
        colours=greens,
    )


def _track(canvas: Canvas, fields: Fields, cells: I8) -> None:
    _bare(canvas, cells, linear(184, 167, 142), 1.0, 0.0)
    strip_m = fields.across_m.ravel()[cells]
    strip_m = strip_m - strip_m.mean() if strip_m.size else strip_m
    low, high = np.percentile(strip_m, (1, 99))
    away = np.abs(strip_m - (low + high) / 2)
    grass = canvas.texture(canvas.clumps, cells) * 0.12
    middle = cells[(away < 0.28 + grass) | (away > 1.35 + grass)]
    _grass(canvas, middle, 0.6, 0.07)


_PAINTERS: dict[str, Callable[[Canvas, Fields, I8], None]] = {
    "soil": _soil,
    "wheat": _wheat,
    "rape": _rape,
    "maize": _maize,
    "film": _film,
    "cabbage": _cabbage,
    "garlic": _garlic,
    "potato": _potato,
    "fallow": _fallow,
    "bund": _bund,
    "track": _track,
}
