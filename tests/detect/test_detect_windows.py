from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.windows import WINDOW_PX, plan_cores

sides = st.integers(1, 130)


@given(
    sides,
    sides,
    st.integers(1, 12),
    st.integers(0, 9),
    st.booleans(),
    st.none() | st.integers(1, 150),
)
@settings(max_examples=200, deadline=None)
def test_every_pixel_belongs_to_one_core(
    width: int, height: int, block_px: int, halo_px: int, striped: bool, window_px: int | None
) -> None:
    owned = np.zeros((height, width), dtype=int)
    for core in plan_cores(
        width, height, block_px=block_px, halo_px=halo_px, striped=striped, window_px=window_px
    ):
        owned[core.row : core.row + core.height, core.col : core.col + core.width] += 1
        assert core.row % block_px == 0
        assert core.col % block_px == 0
        window = core.with_halo(halo_px, height=height, width=width)
        assert 0 <= window.row_off <= core.row
        assert core.row + core.height <= window.row_off + window.height <= height
        assert min(core.row, halo_px) == core.row - window.row_off
        assert window.col_off + window.width <= width
    assert np.all(owned == 1)


def test_windows_stay_within_memory_on_huge_rasters() -> None:
    for striped in (True, False):
        cores = list(plan_cores(200_000, 200_000, block_px=12, halo_px=24, striped=striped))
        largest = max((core.height + 48) * (core.width + 48) for core in cores)
        assert largest <= 6.5 * WINDOW_PX
        assert sum(core.height * core.width for core in cores) == 200_000**2
