"""What every detector promises, and what it is given.

A detector works in two phases. It first *learns* one scene as a whole, from a bounded sample that
is spread over all of it, and gives a scorer; the scorer then judges one window after another.
Nothing is ever normalised by window, so there are no seams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F4 = NDArray[np.float32]
I4 = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a detector sees a raster of some GSD.

    Attributes:
        block_px: Side of an analysis block; blocks lie on one grid for the whole raster.
        halo_blocks: How far beyond a block its judgement looks.
    """

    block_px: int
    halo_blocks: int

    @property
    def halo_px(self) -> int:
        """The halo in pixels."""
        return self.block_px * self.halo_blocks


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """The pixels of one window with its halo.

    Attributes:
        pixels: The detector's bands in its order, shape (bands, h, w), as stored in the file.
        valid: Which pixels hold ground, shape (h, w).
        core: Rows and columns of blocks, inside the tile, that the window owns.
        origin: Row and column of the core's first block on the raster's grid of blocks.
    """

    pixels: NDArray[np.generic]
    valid: Mask
    core: tuple[slice, slice]
    origin: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a scorer says of the core of a tile; arrays of blocks, shape (rows, cols).

    Attributes:
        marked: Blocks suspicious enough to be part of a patch.
        strength: −log10 of the share of the scene's vegetation that looks at least as unusual.
        cues: The same for each cue alone.
        valid_px: Valid pixels a block.
    """

    marked: Mask
    strength: F4
    cues: Mapping[str, F4]
    valid_px: I4


class Scene(Protocol):
    """One raster as a detector may look at it while learning."""

    gsd_m: float
    layout: Layout
    sample_blocks: int
    """How many blocks the sample tiles have together."""

    def sample_pixels(self) -> F4:
        """Return valid pixels from all over the raster, shape (n, bands)."""

    def sample_tiles(self) -> Iterator[Tile]:
        """Yield tiles from all over the raster: all of a small one, a fixed share of a large."""


class Scorer(Protocol):
    """A detector that knows its scene."""

    def score(self, tile: Tile) -> Evidence:
        """Judge the core of a tile."""


class Detector(Protocol):
    """A way to find suspicious ground."""

    name: str
    bands: tuple[str, ...]

    def layout(self, gsd_m: float) -> Layout:
        """Return how the detector sees a raster of this ground sampling distance."""

    def learn(self, scene: Scene) -> Scorer | None:
        """Look at the scene as a whole; None when there is nothing in it to compare with."""
