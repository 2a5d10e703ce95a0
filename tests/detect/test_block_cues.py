"""Cues of blocks against a slow reckoning over plain windows, and for any rectangle read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.detect.block_cues import CUES, block_cues, integrals
from geoinspect.detect.plane_store import MemoryPlanes
from geoinspect.detect.planes import PLANES, Plane, block_planes
from geoinspect.detect.sheets import Frame, Scale, cues_of

BLOCK_PX = 4
REACH = (1, 3, 7)


def scene(rows: int, cols: int, seed: int = 3) -> np.ndarray:
    """Return the planes of leaves with petals, soil, shade and holes."""
    rng = np.random.default_rng(seed)
    h, w = rows * BLOCK_PX, cols * BLOCK_PX
    pixels = np.array([70.0, 110, 60])[:, None, None] + rng.normal(0, 14, (3, h, w))
    pixels += rng.normal(0, 8, (3, 1, w))
    soil = np.kron(rng.random((rows, cols)) < 0.15, np.ones((BLOCK_PX, BLOCK_PX), bool))
    pixels[:, soil] = np.array([150, 120, 95])[:, None]
    petals = rng.random((h, w)) < 0.03
    pixels[:, petals] = np.array([235, 200, 230])[:, None]
    pixels[:, : h // 5, : w // 4] *= 0.1
    valid = np.ones((h, w), bool)
    valid[h // 2 : h // 2 + 9, w // 3 :] = False
    return block_planes(np.clip(pixels, 0, 255).astype(np.uint8), valid, BLOCK_PX, 240.0, 0.03)


def box(planes: np.ndarray, y: int, x: int, reach: int) -> np.ndarray:
    top, left = max(0, y - reach), max(0, x - reach)
    return planes[top : y + reach + 1, left : x + reach + 1].reshape(-1, PLANES).astype(float)


def mean(blocks: np.ndarray, plane: Plane, weight: np.ndarray) -> float:
    return float((blocks[:, plane] * weight).sum() / max(weight.sum(), 1))


def slow(planes: np.ndarray, y: int, x: int) -> dict[str, float]:
    """Return some cues of one block by their meaning."""
    near, patch, wide = (box(planes, y, x, reach) for reach in REACH)
    lit = [part[:, Plane.VALID] - part[:, Plane.SHADE] for part in (near, patch, wide)]
    petals = (Plane.WHITE, Plane.PINK, Plane.RED)

    def ring(plane: Plane) -> float:
        return float(wide[:, plane].sum() - patch[:, plane].sum())

    def ring_mean(plane: Plane, weights: tuple[np.ndarray, np.ndarray]) -> float:
        total = (wide[:, plane] * weights[0]).sum() - (patch[:, plane] * weights[1]).sum()
        return float(total / max(weights[0].sum() - weights[1].sum(), 1))

    leaf = near[:, Plane.LEAF]
    told = {
        "leaf_share": leaf.sum() / near[:, Plane.VALID].sum(),
        "glaucous": mean(near, Plane.LEAF_BLUE, leaf) / 65535,
        "leaf_red": mean(near, Plane.LEAF_RED, leaf) / 65535,
        "shade": near[:, Plane.SHADE].sum() / near[:, Plane.VALID].sum(),
        "pink_petals": near[:, Plane.PINK].sum() / near[:, Plane.VALID].sum(),
        "patch_petals": patch[:, petals].sum() / patch[:, Plane.VALID].sum(),
        "magenta": mean(near, Plane.M, lit[0]) / 8192 - 4,
        "rows": abs((near[:, Plane.DX] * lit[0]).sum() - (near[:, Plane.DY] * lit[0]).sum())
        / max((near[:, Plane.DX] * lit[0]).sum() + (near[:, Plane.DY] * lit[0]).sum(), 1),
        "patch_leaf_share": patch[:, Plane.LEAF].sum() / patch[:, Plane.VALID].sum(),
    }
    if ring(Plane.VALID) > 0:
        told["leaf_share_contrast"] = told["patch_leaf_share"] - ring(Plane.LEAF) / ring(
            Plane.VALID
        )
        told["petals_contrast"] = told["patch_petals"] - sum(map(ring, petals)) / ring(Plane.VALID)
        told["bright_contrast"] = (
            mean(patch, Plane.BRIGHT, lit[1]) - ring_mean(Plane.BRIGHT, (lit[2], lit[1]))
        ) / 8192
    if ring(Plane.LEAF) > 0.02 * ring(Plane.VALID):
        weights = (wide[:, Plane.LEAF], patch[:, Plane.LEAF])
        told["glaucous_contrast"] = (
            mean(patch, Plane.LEAF_BLUE, weights[1]) - ring_mean(Plane.LEAF_BLUE, weights)
        ) / 65535
    return told


def test_cues_are_what_they_say() -> None:
    planes = scene(34, 29)
    cues, judged, planted = block_cues(planes, integrals(planes), 0, 0, 34, 29, REACH, BLOCK_PX)
    assert cues.shape == (34, 29, len(CUES))
    assert 200 < judged.sum() < judged.size
    assert np.all(judged[planted])
    assert np.isfinite(cues).all()
    for y, x in zip(*np.nonzero(judged), strict=True):
        for name, value in slow(planes, y, x).items():
            assert cues[y, x, CUES.index(name)] == pytest.approx(value, rel=1e-4, abs=2e-6), name


def test_ground_is_judged_where_it_was_seen_lit_and_has_leaves_around() -> None:
    planes = scene(34, 29)
    _, judged, planted = block_cues(planes, integrals(planes), 0, 0, 34, 29, REACH, BLOCK_PX)
    for y, x in np.ndindex(34, 29):
        near, wide = (
            box(planes, y, x, REACH[0]).sum(axis=0),
            box(planes, y, x, REACH[2]).sum(axis=0),
        )
        seen = planes[y, x, Plane.VALID] >= 0.9 * BLOCK_PX**2
        lit = near[Plane.SHADE] <= 0.8 * near[Plane.VALID]
        assert judged[y, x] == (seen and lit and wide[Plane.LEAF] >= 0.02 * wide[Plane.VALID])
        plants = near[[Plane.LEAF, Plane.WHITE, Plane.PINK, Plane.RED]].sum()
        most = plants >= 0.25 * near[Plane.VALID] and near[Plane.LEAF] >= 0.12 * near[Plane.VALID]
        assert planted[y, x] == (judged[y, x] and most)


def whole_of(planes: MemoryPlanes, scale: Scale, frame: Frame) -> list[np.ndarray]:
    strips = list(cues_of(planes, scale, frame))
    return [np.concatenate([strip[k] for strip in strips]) for k in (1, 2, 3)]


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_cues_do_not_depend_on_the_rectangle_read(data: st.DataObject) -> None:
    rows, cols = 130, 70
    planes, scale = MemoryPlanes(scene(rows, cols)), Scale(0.06, BLOCK_PX)
    top = data.draw(st.integers(0, rows - 1))
    left = data.draw(st.integers(0, cols - 1))
    bottom = data.draw(st.integers(top + 1, rows))
    right = data.draw(st.integers(left + 1, cols))
    whole = whole_of(planes, scale, Frame(0, 0, rows, cols))
    part = whole_of(planes, scale, Frame(top, left, bottom, right))
    for one, two in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[top:bottom, left:right], two)
