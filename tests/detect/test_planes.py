"""The figures of a block against a plain reckoning, for any picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.gate import BLUE_WEIGHT, RED_WEIGHT
from geoinspect.detect.planes import PLANES, Plane, block_planes

F = np.float32
TOPS = {"uint8": 255, "uint16": 65535, "float32": 1.0}


def kinds_of(red, green, blue, bright, gate):
    """Return the kind of each lit pixel: leaf, white, pink, red, yellow, other."""
    leaf = (F(2) * green - F(RED_WEIGHT) * red - F(BLUE_WEIGHT) * blue > F(gate) * bright) & (
        blue <= F(1.08) * green
    )
    pink = (green < F((1 - 0.08) / 3) * bright) & (blue > F(0.9) * green)
    reddish = red > F(0.5) * bright
    least = np.minimum(np.minimum(red, green), blue)
    white = (bright > F(1.6)) & (least > F(0.28) * bright)
    yellow = (bright > F(1.3)) & (blue < F(0.2) * bright)
    return np.select(
        [leaf, pink, reddish, white, yellow],
        ["leaf", "pink", "red", "white", "yellow"],
        "other",
    )


def steps(value, unit, top):
    return min(max(float(value), 0.0), top) * unit


def oracle(pixels, valid, reference, gate):
    """Return the figures of one block, as they are described in `Plane`, unrounded."""
    out = np.zeros(PLANES)
    red, green, blue = np.maximum(pixels.astype(F) * F(1 / reference), F(0))
    bright = red + green + blue
    lit = valid & ~(bright < F(0.3))
    out[Plane.VALID], out[Plane.SHADE] = valid.sum(), (valid & ~lit).sum()
    kinds = np.where(lit, kinds_of(red, green, blue, bright, gate), "none")
    for plane in (Plane.LEAF, Plane.WHITE, Plane.PINK, Plane.RED, Plane.YELLOW):
        out[plane] = (kinds == plane.name.lower()).sum()
    leaf = kinds == "leaf"
    wide = [band.astype(float) for band in (red, green, blue, bright)]
    red, green, blue, bright = wide
    if leaf.any():
        out[Plane.LEAF_BLUE] = steps((blue / bright.clip(1e-9))[leaf].mean(), 65535, 0.999)
        out[Plane.LEAF_RED] = steps((red / bright.clip(1e-9))[leaf].mean(), 65535, 0.999)
        out[Plane.LEAF_BRIGHT] = steps(bright[leaf].mean(), 8192, 7.9)
    if not lit.any():
        return out
    white = np.minimum(3 * np.minimum(np.minimum(red, green), blue), 4)
    magenta, warm = np.clip(red + blue - 2 * green, -3, 3), np.clip(red - blue, -3, 3)
    for plane, values in ((Plane.BRIGHT, bright), (Plane.W, white)):
        out[plane] = steps(values[lit].mean(), 8192, 7.9)
        out[plane + 1] = steps((values[lit] ** 2).mean(), 1024, 63.9)
    out[Plane.W3] = steps((white[lit] ** 3).mean(), 1024, 63.9)
    for plane, values in ((Plane.M, magenta), (Plane.RB, warm)):
        out[plane] = steps(values[lit].mean() + 4, 8192, 7.9)
        out[plane + 1] = steps((values[lit] ** 2).mean(), 1024, 63.9)
    out[Plane.M3] = steps((magenta[lit] ** 3).mean() + 32, 1024, 63.9)
    for plane, axis in ((Plane.DX, 1), (Plane.DY, 0)):
        both = lit & np.roll(lit, 1, axis)
        both[(slice(None), 0) if axis else 0] = False
        step = np.abs(bright - np.roll(bright, 1, axis))
        out[plane] = steps(step[both].sum() / lit.sum(), 8192, 7.9)
    return out


def picture(seed, kind, height, width, holes):
    """Return leaves, petals, soil and shadow at random, and which pixels are valid."""
    rng = np.random.default_rng(seed)
    tints = np.array([[60, 100, 50], [240, 235, 240], [170, 60, 140], [200, 40, 30], [5, 9, 4]])
    tints = np.concatenate([tints, [[230, 220, 20], [150, 120, 95], [90, 140, 120]]])
    base = tints[rng.integers(0, len(tints), (height, width))].transpose(2, 0, 1)
    noisy = np.clip(base + rng.normal(0, 25, base.shape), -3 if kind == "float32" else 0, 255)
    return (noisy / 255 * TOPS[kind]).astype(kind), rng.random((height, width)) >= holes


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(sorted(TOPS)),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 16),
    st.sampled_from([0.0, 0.3, 0.97]),
    st.floats(0.012, 0.05),
    st.floats(0.2, 2.5),
)
@settings(max_examples=150, deadline=None)
def test_figures_are_what_they_say(
    seed: int,
    kind: str,
    height: int,
    width: int,
    block_px: int,
    holes: float,
    gate: float,
    light: float,
) -> None:
    pixels, valid = picture(seed, kind, height, width, holes)
    reference = light * TOPS[kind]
    told = block_planes(pixels, valid, block_px, reference, gate)
    assert told.shape == (-(-height // block_px), -(-width // block_px), PLANES)
    for i, j in np.ndindex(*told.shape[:2]):
        rows = slice(i * block_px, (i + 1) * block_px)
        cols = slice(j * block_px, (j + 1) * block_px)
        right = oracle(pixels[:, rows, cols], valid[rows, cols], reference, gate)
        counts = slice(Plane.VALID, Plane.YELLOW + 1)
        np.testing.assert_array_equal(told[i, j, counts], right[counts])
        # A step for rounding, and what single precision loses in a sum.
        np.testing.assert_allclose(told[i, j], right, rtol=1e-4, atol=1.5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_block_does_not_know_the_window_it_was_read_in(
    seed: int, block_px: int, skip_rows: int, skip_cols: int
) -> None:
    pixels, valid = picture(seed, "uint8", 37, 41, 0.2)
    whole = block_planes(pixels, valid, block_px, 210.0, 0.03)
    top, left = skip_rows * block_px, skip_cols * block_px
    part = block_planes(
        np.ascontiguousarray(pixels[:, top:, left:]),
        np.ascontiguousarray(valid[top:, left:]),
        block_px,
        210.0,
        0.03,
    )
    np.testing.assert_array_equal(whole[skip_rows:, skip_cols:], part)


def test_what_is_not_valid_changes_nothing() -> None:
    pixels, valid = picture(5, "float32", 30, 30, 0.4)
    other = np.where(valid, pixels, np.float32(np.nan))
    np.testing.assert_array_equal(
        block_planes(pixels, valid, 6, 0.8, 0.03), block_planes(other, valid, 6, 0.8, 0.03)
    )


@pytest.mark.parametrize("gate", [0.012, 0.05])
def test_the_gate_is_where_leaves_begin(gate: float) -> None:
    green = np.linspace(0.30, 0.42, 200, dtype=np.float32)
    side = (1 - green) / 2
    pixels = np.stack([side, green, side])[:, None, :]
    leaves = block_planes(pixels, np.ones((1, 200), dtype=bool), 1, 1.0, gate)[0, :, Plane.LEAF]
    beyond = 2 * green - RED_WEIGHT * side - BLUE_WEIGHT * side > gate
    assert abs(int(leaves.sum()) - int(beyond.sum())) <= 1
    assert leaves[-1] == 1
    assert leaves[0] == 0
    assert np.all(np.diff(leaves.astype(int)) >= 0)
