"""Grounds and looks come back from every form in which they were ever kept."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sums_and_gaps import GROUND as SHARED_GROUND
from test_sweep_laws import CRS, GROUND, X0, Y0, lines, look_at

from geoinspect.coverage.ground import Ground, make_ground
from geoinspect.coverage.looks import Look, joined
from geoinspect.coverage.masks import Masks

ARRAYS = ("cell_row", "cell_col", "cell_m2", "cell_home", "piece_cell", "piece_area", "piece_m2")
# Two townships of which one has a hole that the other fills, and ground of both in one cell.
FILLED = {
    "outer": shapely.Polygon(
        [(X0, Y0), (X0 + 800, Y0), (X0 + 800, Y0 + 700), (X0, Y0 + 700)],
        [[(X0 + 200, Y0 + 200), (X0 + 500, Y0 + 200), (X0 + 500, Y0 + 450), (X0 + 200, Y0 + 450)]],
    ),
    "inner": shapely.box(X0 + 200, Y0 + 200, X0 + 500, Y0 + 450),
}


def first_form(ground: Ground) -> bytes:
    """Bytes as the first release wrote them: one value a cell and piece."""
    window = np.array([ground.grid.row0, ground.grid.col0, ground.grid.rows, ground.grid.cols])
    out = io.BytesIO()
    np.savez_compressed(
        out,
        allow_pickle=False,
        area_codes=np.array(ground.area_codes, dtype=np.str_),
        window=window,
        cell_bits=ground.cell_bits,
        piece_bits=ground.piece_bits,
        **{name: getattr(ground, name) for name in ARRAYS},
    )
    return out.getvalue()


def assert_equal(one: Ground, other: Ground) -> None:
    assert one.grid == other.grid
    assert one.area_codes == other.area_codes
    for name in (*ARRAYS, "cell_bits", "piece_bits", "index", "full"):
        found, truth = getattr(one, name), getattr(other, name)
        assert found.dtype == truth.dtype, name
        np.testing.assert_array_equal(found, truth, err_msg=name)
    np.testing.assert_array_equal(one.cell_masks.counts, other.cell_masks.counts)
    np.testing.assert_array_equal(one.piece_masks.counts, other.piece_masks.counts)


@pytest.mark.parametrize("side", [8, 16, 32, 64])
def test_a_ground_comes_back_equal_from_its_bytes_of_now_and_then(side: int) -> None:
    filled = make_ground(FILLED, crs=CRS, cell_m=100.0, side=side)
    for ground in (filled, GROUND, SHARED_GROUND):
        kept = {"crs": CRS, "cell_m": 100.0, "side": ground.side}
        now = Ground.from_bytes(ground.to_bytes(), **kept)
        then = Ground.from_bytes(first_form(ground), **kept)
        assert_equal(now, ground)
        assert_equal(then, ground)
        assert now.to_bytes() == then.to_bytes()


def test_a_ground_is_kept_small() -> None:
    ground = make_ground({"a": shapely.box(X0, Y0, X0 + 9000, Y0 + 9000)}, crs=CRS, cell_m=100.0, side=32)  # fmt: skip
    assert len(ground.cell_row) == 8100
    assert len(ground.to_bytes()) < 20_000


def archive(look: Look, *, one_width: bool) -> bytes:
    """Bytes as looks were first kept, with one width or one a cell."""
    head = (
        {"numbers": np.array([look.width_m[0], look.pod])}
        if one_width
        else {"width_m": look.width_m, "pod": np.float64(look.pod)}
    )
    out = io.BytesIO()
    rest = {name: getattr(look, name) for name in ("row", "col", "masks", "length_m", "last_s")}
    np.savez_compressed(out, allow_pickle=False, **head, **rest)
    return out.getvalue()


@settings(max_examples=20, deadline=None)
@given(lines, st.sampled_from([20.0, 45.5]))
def test_a_look_comes_back_from_every_form(line: np.ndarray, width_m: float) -> None:
    look = look_at(line, width_m=width_m)
    forms = [look.to_bytes(), archive(look, one_width=False)]
    if len(look.row):
        forms.append(archive(look, one_width=True))
    for blob in forms:
        back = Look.from_bytes(blob)
        assert np.isnan(back.pod)
        for name in ("row", "col", "masks", "length_m", "last_s", "width_m"):
            found, truth = getattr(back, name), getattr(look, name)
            assert found.dtype == truth.dtype, name
            np.testing.assert_array_equal(found, truth, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(lines, lines)
def test_looks_of_two_widths_join_to_one_effort(one: np.ndarray, other: np.ndarray) -> None:
    parts = [look_at(one, width_m=20.0), look_at(other, width_m=90.0)]
    both = joined(parts)
    assert both.length_m.sum() == pytest.approx(sum(p.length_m.sum() for p in parts), rel=1e-5)
    swept = float((both.width_m.astype(float) * both.length_m).sum())
    assert swept == pytest.approx(
        sum(float((p.width_m.astype(float) * p.length_m).sum()) for p in parts), rel=1e-5
    )
    places = {(int(r), int(c)) for p in parts for r, c in zip(p.row, p.col, strict=True)}
    assert len(both.row) == len(places)


masks = st.integers(0, 2**32).map(
    lambda seed: np.where(
        np.random.default_rng(seed).uniform(size=(30, 4)) < 0.7,
        ~np.uint64(0),
        np.random.default_rng(seed).integers(0, 2**63, (30, 4), dtype=np.uint64),
    )
)


@settings(deadline=None)
@given(masks, st.lists(st.integers(0, 29), max_size=20))
def test_masks_of_which_most_are_full_are_the_plain_ones(dense: np.ndarray, rows: list) -> None:
    kept = Masks.of(dense, 16)
    np.testing.assert_array_equal(kept.dense, dense)
    truth = [sum(int(word).bit_count() for word in row) for row in dense]
    assert kept.counts.tolist() == truth
    wanted = np.array(rows, np.int64)
    np.testing.assert_array_equal(kept.rows(wanted), dense[wanted])
    full = Masks.of(np.full((3, 4), ~np.uint64(0)), 16)
    np.testing.assert_array_equal(full.rows(np.array([2, 0])), full.dense[:2])
