"""Rasters with nothing to find on them give sense: no plants, one colour, too coarse, a pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from detect_builders import planted_meadow, run
from raster_builders import north_up, write_raster


@pytest.fixture(scope="module")
def meadow() -> np.ndarray:
    return planted_meadow().pixels


@pytest.fixture(scope="module")
def best(tmp_path_factory: pytest.TempPathFactory, meadow: np.ndarray) -> float:
    """The score of the better of two planted patches."""
    path = write_raster(tmp_path_factory.mktemp("meadow") / "a.tif", meadow)
    return run(path).patches[0].score


def bare(tmp_path: Path, name: str) -> Path:
    rng = np.random.default_rng(3)
    shades = np.kron(rng.normal(size=(3, 20, 20)), np.ones((1, 40, 40))) * 12
    noise = rng.normal(scale=6, size=(3, 800, 800))
    colour = {"roof": (150, 152, 156), "soil": (150, 120, 95), "water": (40, 60, 75)}[name]
    flat = np.array(colour)[:, None, None] + shades[:1] + noise
    return write_raster(tmp_path / f"{name}.tif", np.clip(flat, 1, 255).astype(np.uint8))


@pytest.mark.parametrize("name", ["roof", "soil", "water"])
def test_scenes_without_plants_are_quiet_and_rank_below_a_patch(
    tmp_path: Path, best: float, name: str
) -> None:
    for patch in run(bare(tmp_path, name), budget_per_km2=10_000).patches:
        assert patch.score < min(0.05, best)


@pytest.mark.parametrize("value", [0, 1, 90, 255])
@pytest.mark.parametrize("side", [1, 3, 70])
def test_constant_and_tiny_rasters(tmp_path: Path, value: int, side: int) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((3, side, side + 1), value, dtype=np.uint8))
    detection = run(path)
    assert detection.patches == ()
    assert detection.warnings


def test_constant_green_marks_nothing(tmp_path: Path) -> None:
    pixels = np.empty((3, 300, 300), dtype=np.uint8)
    pixels[:] = np.array([80, 130, 70])[:, None, None]
    assert run(write_raster(tmp_path / "a.tif", pixels)).patches == ()


@pytest.mark.parametrize(("gsd_m", "marks"), [(1.0, True), (1.2, False), (10.0, False)])
def test_a_raster_too_coarse_for_patches_says_so(
    tmp_path: Path, meadow: np.ndarray, gsd_m: float, marks: bool
) -> None:
    meadow = meadow[:, 200:500, 200:500]
    path = write_raster(tmp_path / "a.tif", meadow, transform=north_up(gsd_m))
    detection = run(path)
    assert bool(detection.patches) is marks
    assert [warning.en for warning in detection.warnings if "up to 1 m" in warning.en] == [
        warning.en for warning in detection.warnings
    ]
    assert bool(detection.warnings) is not marks
    assert detection.valid_area_m2 == pytest.approx(meadow[0].size * gsd_m**2, rel=0.01)
