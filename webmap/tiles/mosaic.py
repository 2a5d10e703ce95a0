"""All visible drone pictures in one layer: the newest on top."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import NotFoundError
from webmap.tiles.mercator import TILE_PX
from webmap.tiles.pictures import Flags, Pictures, encoded
from webmap.tiles.shapes_drawing import in_tile, world
from webmap.tiles.shapes_mvt import EXTENT
from webmap.tiles.shapes_views import Tile, View

I8 = NDArray[np.int64]

# Farther off a picture is a few pixels, and a tile would open dozens of files: outlines serve.
FROM_ZOOM = 13
# More pictures over each other than anybody flies in a season.
_MOST_PICTURES = 24


def surveys_in_tile(view: View, tile: Tile) -> list[int]:
    """Return the surveys whose boxes meet a tile, the newest first; those without a day last."""
    sheet, rows = view.sheet, view.rows
    box = sheet.box[rows]
    corners = np.stack([in_tile(world(box[:, pair]), tile) for pair in ([0, 3], [2, 1])])
    meets = (corners[0] < EXTENT).all(axis=1) & (corners[1] > 0).all(axis=1)
    near = rows[meets]
    day = sheet.facts["day"]
    known = np.ones(len(near), np.bool_) if day.present is None else day.present[near]
    days = np.where(known, day.values[near], np.iinfo(np.int64).min)
    order = np.lexsort((-sheet.ids[near], -days))
    numbers: list[int] = sheet.ids[near][order][:_MOST_PICTURES].tolist()
    return numbers


def mosaic_tile(
    pictures: Pictures,
    path_of: Callable[[int], Path],
    numbers: Iterable[int],
    tile: Tile,
    shown: Flags | None,
) -> bytes | None:
    """Return a tile of pictures laid over each other, as JPEG or WebP; None where
    none has anything.

    Args:
        pictures: Opens rasters.
        path_of: Where a survey's raster lies; one that is gone leaves a hole.
        numbers: Surveys, the one on top first.
        tile: z, x and y.
        shown: Pixels that the person may see, shape (256, 256); None is all.
    """
    whole = np.zeros((TILE_PX, TILE_PX, 4), np.uint8)
    for number in numbers:
        try:
            under = pictures.pixels(path_of(number), *tile, shown)
        except NotFoundError:
            continue
        if under is not None:
            empty = whole[:, :, 3] == 0
            whole[empty] = under[empty]
        if whole[:, :, 3].all():
            break
    return encoded(whole) if whole[:, :, 3].any() else None
