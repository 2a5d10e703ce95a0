from __future__ import annotations

import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_builders import SEGMENTER, changed, magenta, wide_magenta, write_manifest
from raster_builders import grass, north_up, write_raster
from rasterio.transform import Affine

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.measure import Source, measure
from geoinspect.detect.model import shipped
from geoinspect.detect.objects import EVIDENCE_STEPS, FEATURES, NOTHING, SHAPE, find_objects
from geoinspect.detect.onnx.chances import ChanceFile
from geoinspect.detect.onnx.model_file import open_model
from geoinspect.detect.onnx.search_onnx import (
    ModelFind,
    best_cut,
    model_reasons,
    rank_chances,
    search_onnx,
)
from geoinspect.detect.plane_store import MemoryPlanes
from geoinspect.detect.planes import PLANES, Plane
from geoinspect.detect.search import Find
from geoinspect.detect.sheets import HEIGHTS, Scale, learn_levels
from geoinspect.settings import Settings

SETTINGS = Settings()
# Row, column, height, width in pixels of 5 cm; blocks are 5 pixels.
SPOTS = ((100, 150, 60, 75), (300, 40, 45, 50), (400, 400, 50, 50))


def painted() -> np.ndarray:
    pixels = grass(500, 520)
    for row, col, high, wide in SPOTS:
        pixels[:, row : row + high, col : col + wide] = np.array([220, 60, 210])[:, None, None]
    return pixels


def found(raster: Path, model: Path, folder: Path, **more: Any) -> tuple[list[Find], list[Any]]:
    source = Source(raster, raster.name, SETTINGS)
    measured = measure(source, folder)
    assert measured.planes is not None
    tables = learn_levels(measured.planes, measured.scale)
    settings_of = {"least_blocks": 4, "most": 50, "workers": 2, **more}
    finds, warnings = search_onnx(
        source,
        measured.planes,
        measured.scale,
        tables,
        shipped(),
        open_model(model),
        folder=folder,
        **settings_of,
    )
    measured.planes.close()
    return finds, warnings


@pytest.mark.parametrize("turn_deg", [0.0, 33.0])
def test_a_models_patches_are_found_whatever_its_windows(tmp_path: Path, turn_deg: float) -> None:
    transform = north_up() @ Affine.rotation(turn_deg)
    raster = write_raster(tmp_path / "r.tif", painted(), transform=transform)
    model = wide_magenta(tmp_path / "m.onnx")
    lists = []
    for size in ("any", [64, 64]):
        write_manifest(model, changed(SEGMENTER, input__size_px=size, output__halo_px=3))
        finds, warnings = found(raster, model, tmp_path)
        assert warnings == []
        lists.append([(f.outline.wkb, f.blocks, f.logit, f.features.tobytes()) for f in finds])
    assert lists[0] == lists[1]
    assert len(finds) == 3
    # A patch that many windows of 64 pixels cut is one patch.
    for row, col, high, wide in SPOTS:
        truth = shapely.box(col / 5, row / 5, (col + wide) / 5, (row + high) / 5)
        shares = [
            shapely.intersection(f.outline, truth).area / shapely.union(f.outline, truth).area
            for f in finds
        ]
        assert max(shares) > 0.85
    for find in finds:
        assert model_reasons(find)["model"] > 0.9
        assert find.features.shape == (len(FEATURES),)
        assert np.isfinite(find.features).all()


def test_a_model_that_marks_nothing_finds_nothing(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", grass(200, 210))
    model = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    finds, _ = found(raster, model, tmp_path)
    assert finds == []


def test_chances_survive_short_reads_and_a_file_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = np.random.default_rng(3).integers(0, 256, (6, 7, 3)).astype(np.uint8)
    file = ChanceFile(tmp_path / "c.bin", 6, 7)
    file.merge(0, 0, said)
    whole = os.pread
    monkeypatch.setattr(os, "pread", lambda handle, n, at: whole(handle, min(n, 5), at))
    assert np.array_equal(file.read(1, 2, 6, 7), said[1:, 2:])
    os.truncate(tmp_path / "c.bin", 5 * 7 * 3)
    assert np.array_equal(file.read(0, 0, 6, 7)[:5], said[:5])
    assert not file.read(0, 0, 6, 7)[5].any()
    file.close()


def ranked(folder: Path, said: np.ndarray, **more: Any) -> list[Find]:
    """Rank mean chances (uint8) on ground without plants to compare; None is no ground."""
    rows, cols = said.shape
    figures = np.repeat(said[:, :, None], 3, axis=2).astype(np.uint8)
    figures[:, :, 0] = 255
    file = ChanceFile(folder / "c.bin", rows, cols)
    file.merge(0, 0, figures)
    array = np.zeros((rows, cols, PLANES), dtype=np.uint16)
    array[:, :, Plane.VALID] = 25
    if "ground" in more:
        array[~more.pop("ground"), Plane.VALID] = 0
    options = {"least_blocks": 1, "most": 1000, "workers": 2, **more}
    finds = rank_chances(file, MemoryPlanes(array), Scale(0.05, 5), None, shipped(), **options)
    file.close()
    return finds


def test_a_patch_across_sheets_is_found_once(tmp_path: Path) -> None:
    said = np.zeros((9, 3300), dtype=np.uint8)
    said[3:6, 1520:1560] = 250
    said[3:6, 3060:3090] = 240
    said[1:3, 10:20] = 245
    finds = ranked(tmp_path, said)
    assert sorted(f.blocks for f in finds) == [20, 90, 120]
    assert sum(f.outline.area for f in finds) == 230


def test_ground_that_the_raster_does_not_show_is_never_marked(tmp_path: Path) -> None:
    said = np.full((20, 20), 250, dtype=np.uint8)
    ground = np.zeros((20, 20), dtype=bool)
    ground[5:9, 5:9] = True
    finds = ranked(tmp_path, said, ground=ground)
    assert [f.blocks for f in finds] == [16]
    assert ranked(tmp_path, said, ground=np.zeros((20, 20), dtype=bool)) == []


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), most=st.integers(1, 6))
def test_the_best_few_are_the_first_of_all(
    tmp_path_factory: pytest.TempPathFactory, seed: int, most: int
) -> None:
    folder = tmp_path_factory.mktemp("few")
    rng = np.random.default_rng(seed)
    said = np.kron(rng.integers(0, 256, (6, 8)), np.ones((3, 3))).astype(np.uint8)
    everything, few = ranked(folder, said), ranked(folder, said, most=most)
    assert [f.outline.wkb for f in few] == [f.outline.wkb for f in everything[:most]]
    logits = [f.logit for f in everything]
    assert logits == sorted(logits, reverse=True)
    cells = sum((f.outline.area for f in everything), 0.0)
    assert shapely.union_all([f.outline for f in everything]).area == pytest.approx(cells)
    for find in everything:
        assert isinstance(find, ModelFind)
        assert find.logit == pytest.approx(
            math.log(find.chance / (1 - find.chance)) if find.chance < 1 else 6.23, abs=0.02
        )


def test_the_cues_move_a_find_by_at_most_two_logits(tmp_path: Path) -> None:
    # Twelve patches; what the cues think of them differs, for they differ in colour and size.
    pixels = grass(500, 520)
    for k, (row, col) in enumerate(itertools.product((40, 180, 320), (40, 160, 280, 400))):
        side = 40 + 5 * k
        colour = np.array([200 - 8 * k, 60, 200 + 4 * k])[:, None, None]
        pixels[:, row : row + side, col : col + side] = colour
    raster = write_raster(tmp_path / "r.tif", pixels)
    model = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    finds, _ = found(raster, model, tmp_path)
    assert len(finds) == 12
    steps = []
    for find in finds:
        assert isinstance(find, ModelFind)
        chance = min(find.chance, 1 - 0.5 / 255)
        steps.append(find.logit - math.log(chance / (1 - chance)))
    assert max(map(abs, steps)) <= 2 + 1e-9
    assert max(steps) > 0.2
    assert min(steps) < -0.2
    # Fewer wanted: the first of all, though the cues moved them.
    few, _ = found(raster, model, tmp_path, most=4)
    assert [f.outline.wkb for f in few] == [f.outline.wkb for f in finds[:4]]
    # What the cues like better is moved up more.
    liked = np.array([find.cue_logit for find in finds])  # type: ignore[attr-defined]
    known = ~np.isnan(liked)
    order = np.argsort(liked[known], kind="stable")
    assert (np.diff(np.array(steps)[known][order]) >= -1e-9).all()


def brute(own: np.ndarray, parent: np.ndarray) -> float:
    """The greatest sum of own values over a cut: exactly one object on each way from a top object
    to one that holds none.
    """
    children: dict[int, list[int]] = {}
    for number, above in enumerate(parent.tolist()):
        children.setdefault(above, []).append(number)

    def best(number: int) -> float:
        inner = children.get(number, [])
        return max(float(own[number]), sum(map(best, inner))) if inner else float(own[number])

    return sum(map(best, children.get(-1, [])))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), least=st.sampled_from([1, 4]))
def test_the_cut_has_the_greatest_sum_and_no_object_within_another(seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.normal(-1.0, 2.5, (7, 8))
    evidence = np.rint(
        (np.kron(coarse, np.ones((3, 3))) + rng.normal(0, 0.7, (21, 24))) * EVIDENCE_STEPS
    ).astype(np.int16)
    evidence[rng.random(evidence.shape) < 0.05] = NOTHING
    heights = tuple(round(height * EVIDENCE_STEPS) for height in HEIGHTS)
    levels = np.zeros((*evidence.shape, len(CUES)), dtype=np.int8)
    objects = find_objects(levels, evidence, heights, least_blocks=least)
    kept = best_cut(objects)
    own = objects.features[:, SHAPE.index("evidence_mean")].astype(float) * objects.blocks
    assert sum(own[kept]) == pytest.approx(brute(own, objects.parent), rel=1e-9, abs=1e-6)
    seen = np.zeros(evidence.shape, dtype=int)
    for number in kept:
        mask, (top, left) = objects.mask(number)
        seen[top : top + mask.shape[0], left : left + mask.shape[1]] += mask
    assert seen.max(initial=0) <= 1


def test_two_sure_patches_with_doubtful_ground_between_are_two(tmp_path: Path) -> None:
    said = np.zeros((12, 30), dtype=np.uint8)
    said[2:10, 2:10] = said[2:10, 18:26] = 240
    said[5, 10:18] = 90
    assert [f.blocks for f in ranked(tmp_path, said)] == [64, 64]
    # Where the ground between is likelier than not it is one.
    said[5, 10:18] = 160
    assert [f.blocks for f in ranked(tmp_path, said)] == [136]
