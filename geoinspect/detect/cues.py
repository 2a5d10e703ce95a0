"""The label-free detector: three cues seen only inside vegetation, fused by rank.

- *glaucous*: the poppy's leaves are blue-green; mean blue chromaticity of vegetated pixels.
- *petals*: white, red, pink or mauve pixels standing among leaves in the same 0.25 m block.
- *texture*: brightness steps between neighbouring vegetated pixels, against their brightness.

Each is summed over blocks of about 0.25 m, then over about 1 m, turned into an upper-tail rank
against the vegetation of the whole scene, and fused by a weighted Fisher sum of −log10 ranks,
which is ranked once more: the result is a share of the scene's vegetation, whatever the camera,
its bits or its white balance. Chromaticities and brightness ratios don't change with gain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geoinspect.detect.background import TailTable, share_far_out
from geoinspect.detect.detector import F4, I4, Evidence, Layout, Mask, Scene, Tile
from geoinspect.detect.kernels import (
    BLUE,
    BRIGHT,
    GREEN,
    I8,
    PETAL,
    ROUGH,
    STEPS,
    VALID,
    block_sums,
    box_sum,
)

_BLOCK_M = 0.25
_REACH_M = 0.5
# Weights of the Fisher sum. Texture alone is everywhere (tree crowns), so it only supports.
_WEIGHTS = {"glaucous": 1.0, "petals": 1.0, "texture": 0.4}
# Ground counts as vegetated when leaves and petals fill this much of the metre around it.
_VEGETATED_SHARE = 0.5
_LEAF_SHARE = 0.25
# A block at the ragged edge of the picture is judged only when nearly all of it was seen.
_SEEN_SHARE = 0.9
# Fewer vegetated blocks than some 15 m² give no background to be unusual against.
_LEAST_BLOCKS = 256
_MOST_BLOCKS = 3_000_000
# Share of the vegetation that may be marked, before the budget: where cues stand far out as much
# as stands out (and half as much again for its edges), within these bounds; in a small scene at
# least enough for a few patches.
_LEAST_MARKED, _MOST_MARKED = 0.004, 0.05
_LEAST_MARKED_M2 = 20.0
_FAR_SPREADS = 4.0
_SPREAD_FLOOR = 0.004
# Excess green that separates leaves from the rest, whatever Otsu's method says.
_GATE_RANGE = (0.03, 0.06)


@dataclass(frozen=True, slots=True)
class PixelScale:
    """What single pixels of the scene look like: brightness of vegetation (sum of the bands), and
    the excess green from which a pixel is vegetation.
    """

    reference: float
    gate: float


@dataclass(frozen=True, slots=True, eq=False)
class CueBlocks:
    """Cues of the core of a tile, shape (rows, cols); meaningless where not vegetated."""

    vegetated: Mask
    values: Mapping[str, F4]
    valid_px: I4


@dataclass(frozen=True, slots=True, eq=False)
class CueScorer:
    """The cue detector with the statistics of one scene."""

    layout: Layout
    scale: PixelScale
    tables: Mapping[str, TailTable]
    fused: TailTable
    mark_from: float

    def score(self, tile: Tile) -> Evidence:
        """Judge the core of a tile."""
        blocks = measure(tile, self.layout, self.scale)
        cues = {name: table.of(blocks.values[name]) for name, table in self.tables.items()}
        strength = self.fused.of(_fisher(cues))
        marked = blocks.vegetated & (strength >= self.mark_from)
        return Evidence(marked, strength, cues, blocks.valid_px)


class CueDetector:
    """Label-free detection in red, green and blue."""

    name = "cues"
    bands: tuple[str, ...] = ("red", "green", "blue")

    def layout(self, gsd_m: float) -> Layout:
        """Blocks of about 0.25 m that look half a metre around."""
        block_px = max(1, round(_BLOCK_M / gsd_m))
        return Layout(block_px, round(_REACH_M / (block_px * gsd_m)))

    def learn(self, scene: Scene) -> CueScorer | None:
        """Take the scene's statistics; None without enough vegetation to compare with."""
        scale = pixel_scale(scene.sample_pixels())
        if scale is None:
            return None
        sample = _sample_cues(scene, scale)
        if len(sample["glaucous"]) < _LEAST_BLOCKS:
            return None
        tables = {name: TailTable.of_sample(values) for name, values in sample.items()}
        cues = {name: tables[name].of(values) for name, values in sample.items()}
        fused = TailTable.of_sample(_fisher(cues))
        share = max(
            share_far_out(sample[name], _FAR_SPREADS, _SPREAD_FLOOR)
            for name in ("glaucous", "petals")
        )
        sample_m2 = len(sample["glaucous"]) * _sample_block_m2(scene)
        marked = max(1.5 * share, _LEAST_MARKED, _LEAST_MARKED_M2 / sample_m2)
        marked = min(marked, _MOST_MARKED)
        return CueScorer(scene.layout, scale, tables, fused, -float(np.log10(marked)))


def _sample_stride(scene: Scene) -> int:
    """Return by how much the sample is thinned on the grid of blocks, each way."""
    return math.ceil(math.sqrt(scene.sample_blocks / _MOST_BLOCKS))


def _sample_block_m2(scene: Scene) -> float:
    """Return the ground that one block of the sample stands for."""
    return (_sample_stride(scene) * scene.layout.block_px * scene.gsd_m) ** 2


def _sample_cues(scene: Scene, scale: PixelScale) -> dict[str, F4]:
    """Return the cues of vegetated blocks all over the scene, thinned on the grid of blocks."""
    stride = _sample_stride(scene)
    parts: dict[str, list[F4]] = {name: [] for name in _WEIGHTS}
    for tile in scene.sample_tiles():
        blocks = measure(tile, scene.layout, scale)
        row, col = tile.origin
        thinned = (slice(-row % stride, None, stride), slice(-col % stride, None, stride))
        vegetated = blocks.vegetated[thinned]
        for name, values in blocks.values.items():
            parts[name].append(values[thinned][vegetated])
    return {name: np.concatenate(found) for name, found in parts.items()}


def pixel_scale(pixels: F4) -> PixelScale | None:
    """Return the brightness of vegetation and the gate to it, from pixels of shape (n, 3).

    The gate is Otsu's threshold (1979) of excess green over the sample, held within bounds where
    it stays between leaves and soil even in a scene that has only one of them.
    """
    total = np.maximum(pixels, 0).sum(axis=1)
    lit = total > 0.1 * np.percentile(total, 90) if len(total) else np.zeros(0, dtype=bool)
    if not lit.any():
        return None
    excess = 3 * np.maximum(pixels[lit, 1], 0) / total[lit] - 1
    gate = float(np.clip(_otsu(excess), *_GATE_RANGE))
    leaves = excess > gate
    chosen = total[lit][leaves] if leaves.any() else total[lit]
    return PixelScale(float(np.median(chosen)), gate)


def measure(tile: Tile, layout: Layout, scale: PixelScale) -> CueBlocks:
    """Return the cues of the blocks of a tile's core."""
    sums = block_sums(tile.pixels, tile.valid, layout.block_px, scale.reference, scale.gate)
    own_px = sums[VALID][tile.core]
    near = [box_sum(plane, layout.halo_blocks)[tile.core] for plane in sums]
    valid, green, petal = near[VALID], near[GREEN], near[PETAL]
    seen = own_px >= _SEEN_SHARE * _block_px(tile, layout.block_px)
    vegetated = seen & (green + petal >= _VEGETATED_SHARE * valid) & (green >= _LEAF_SHARE * valid)
    values = {
        "glaucous": _ratio(near[BLUE], green) / np.float32(STEPS),
        "petals": _ratio(petal, valid),
        "texture": _ratio(near[ROUGH], near[BRIGHT]),
    }
    return CueBlocks(vegetated, values, own_px)


def _block_px(tile: Tile, block_px: int) -> I4:
    """Return the pixels, valid or not, of each block of a tile's core; fewer at the edges."""
    h, w = tile.valid.shape
    high = np.minimum(block_px, h - np.arange(0, h, block_px))
    wide = np.minimum(block_px, w - np.arange(0, w, block_px))
    sizes: I4 = np.multiply.outer(high, wide).astype(np.int32)
    return sizes[tile.core]


def _ratio(part: I8, whole: I8) -> F4:
    """Return part / whole, 0 where there is no whole."""
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float32)


def _fisher(cues: Mapping[str, F4]) -> F4:
    """Return the weighted sum of the cues' evidence."""
    total = np.zeros_like(cues["glaucous"])
    for name, weight in _WEIGHTS.items():
        total += np.float32(weight) * cues[name]
    return total


def _otsu(values: F4) -> float:
    """Return the threshold that parts the values into two classes of least inner variance."""
    counts, edges = np.histogram(values, bins=256, range=(-0.5, 0.5))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    moment = np.cumsum(counts * centres)
    low = moment / np.maximum(below, 1)
    high = (moment[-1] - moment) / np.maximum(above, 1)
    between = below.astype(np.float64) * above * (low - high) ** 2
    return float(edges[1:][int(np.argmax(between))])
