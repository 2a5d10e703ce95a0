from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.windows import WINDOW_BLOCKS, WINDOW_PX, plan_cores, runs_of

sides = st.integers(1, 130)


@given(
    sides,
    sides,
    st.integers(1, 12),
    st.tuples(st.integers(1, 64), st.integers(1, 150)),
    st.none() | st.integers(1, 150),
)
@settings(max_examples=200, deadline=None)
def test_every_pixel_belongs_to_one_core(
    width: int, height: int, block_px: int, tile_px: tuple[int, int], window_px: int | None
) -> None:
    owned = np.zeros((height, width), dtype=int)
    cores = list(plan_cores(width, height, block_px=block_px, tile_px=tile_px, window_px=window_px))
    for core in cores:
        owned[core.row : core.row + core.height, core.col : core.col + core.width] += 1
        assert core.row % block_px == 0
        assert core.col % block_px == 0
        # Whole blocks, but for those that the raster's own edge cuts.
        assert core.height % block_px == 0 or core.row + core.height == height
        assert core.width % block_px == 0 or core.col + core.width == width
        assert core.pixels == core.window.height * core.window.width
    assert np.all(owned == 1)
    assert [core for run in runs_of(cores) for core in run] == cores
    assert all(len({core.row for core in run}) == 1 for run in runs_of(cores))


def test_windows_stay_within_memory_on_huge_rasters() -> None:
    side = 200_000
    for tile_px in ((1, side), (256, side), (256, 256), (512, 512), (2048, 2048), (16, 16)):
        for block_px in (1, 2, 5, 8, 12, 25, 125):
            cores = list(plan_cores(side, side, block_px=block_px, tile_px=tile_px))
            largest = max(core.pixels for core in cores)
            assert largest <= 5 * WINDOW_PX
            assert largest / block_px**2 <= 5 * WINDOW_BLOCKS
            assert sum(core.pixels for core in cores) == side**2


def test_windows_end_where_tiles_end_if_blocks_allow() -> None:
    for block_px, tile_px in ((8, 512), (12, 512), (12, 256), (5, 256)):
        cores = plan_cores(20_000, 20_000, block_px=block_px, tile_px=(tile_px, tile_px))
        assert all(core.row % tile_px == 0 and core.col % tile_px == 0 for core in cores)
