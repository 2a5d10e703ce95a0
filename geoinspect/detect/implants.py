"""Simulated patches: what is asked of a renderer, and what it put where.

Two renderers, written independently, offer the same function :data:`Renderer`: one supplies the
examples a model learns from (``detect.simulate``), the other measures what is found
(``detect.rehearse``), so that a model can't pass by knowing its own teacher's hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.search_records import GrowthStage


class Planted(StrEnum):
    """What was planted: the target, its controls, and what is easily taken for it.

    ``decoy`` goes through the same pasting as the target with ordinary vegetation of the same
    picture, so that it shows whether a detector sees the paste instead of the plant.
    """

    POPPY = "poppy"
    DECOY = "decoy"
    BRASSICA = "brassica"
    WHITE_BLOOM = "white_bloom"
    CORN_POPPY = "corn_poppy"


class PatchForm(StrEnum):
    """How the plants stand: a bed with straight or soft edges, a few rows, one strip, or strays."""

    PARCEL = "parcel"
    BLOB = "blob"
    ROWS = "rows"
    STRIP = "strip"
    SCATTERED = "scattered"


@dataclass(frozen=True, slots=True)
class Wish:
    """A patch to be planted.

    Attributes:
        kind: What.
        area_m2: Ground it takes.
        stage: Of growth; flowers stand only in ``flower``.
        bloom_per_m2: Open flowers for each square metre of patch.
        form: How the plants stand.
    """

    kind: Planted
    area_m2: float
    stage: GrowthStage
    bloom_per_m2: float = 0.0
    form: PatchForm = PatchForm.PARCEL


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A piece of a raster in memory.

    Attributes:
        pixels: Red, green, blue, shape (3, h, w), uint8 or uint16.
        valid: Which pixels hold ground, shape (h, w).
        gsd_m: Side of a pixel on the ground.
    """

    pixels: NDArray[np.generic]
    valid: NDArray[np.bool_]
    gsd_m: float


@dataclass(frozen=True, slots=True)
class Implant:
    """A patch that was planted.

    Attributes:
        outline: In pixels of the picture, x = column, y = row from the upper left corner.
        area_m2: Its area.
    """

    wish: Wish
    outline: Polygon | MultiPolygon
    area_m2: float


@dataclass(frozen=True, slots=True, eq=False)
class PlantedPicture:
    """A copy of a picture with patches on it; wishes for which no place was found are left out."""

    pixels: NDArray[np.generic]
    implants: tuple[Implant, ...]


Renderer = Callable[[Picture, Sequence[Wish], np.random.Generator], PlantedPicture]
