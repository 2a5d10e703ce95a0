"""Nudges on simulated pictures and seasons: they raise what is planted, and never go beyond bounds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from detect_builders import SETTINGS, planted_meadow, same
from five_band_builders import ENDMEMBERS, PATCHES, ROLES, five_bands, write_five_bands
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from raster_builders import EAST, GSD_M, NORTH, write_raster
from season_builders import write_series

from geoinspect.cli import app
from geoinspect.detect.band_blocks import _Pass, band_means
from geoinspect.detect.band_nudges import BandNudges, band_nudges
from geoinspect.detect.measure import Source, Stopped, measure
from geoinspect.detect.model import shipped
from geoinspect.detect.nudged import MOST_STEPS, nudged, summed, without_nudge
from geoinspect.detect.nudges import (
    Hints,
)
from geoinspect.detect.objects import EVIDENCE_STEPS, NOTHING, SHAPE, find_objects
from geoinspect.detect.run import detect
from geoinspect.detect.scan import Work
from geoinspect.detect.scratch import scratch
from geoinspect.detect.search import search
from geoinspect.detect.sheets import Frame, learn_levels
from geoinspect.detect.signatures import Spectrum
from geoinspect.survey_records import Detection

HEIGHTS = (-128, -64, 0, 64, 128)
SPECTRUM = Spectrum("made up", by_role=dict(zip(ROLES, ENDMEMBERS["target"], strict=True)))
TARGET_PX = np.zeros((600, 600), dtype=bool)
for _row, _col, _high, _wide in PATCHES:
    TARGET_PX[_row : _row + _high, _col : _col + _wide] = True
# Blocks of 5 × 5 pixels that lie wholly in a patch.
PLANTED = TARGET_PX.reshape(120, 5, 120, 5).all(axis=(1, 3))
WHOLE = Frame(0, 0, 120, 120)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_five_bands(tmp_path_factory.mktemp("five") / "a.tif", five_bands())


@contextmanager
def nudges_on(
    path: Path, folder: Path, spectrum: Spectrum | None = None, workers: int = 1, **source: object
) -> Iterator[BandNudges]:
    folder.mkdir(exist_ok=True)
    taken = Source(path, path.name, SETTINGS, **source)
    measured = measure(taken, folder, workers=1)
    with band_nudges(
        taken, measured.planes, measured.scale, folder, spectrum, workers=workers
    ) as told:
        yield told
    measured.planes.close()


def auc(values: np.ndarray, truth: np.ndarray) -> float:
    """The chance that a planted block is above another, ties counting half."""
    ordered = np.sort(values[~truth])
    inside = values[truth]
    below = np.searchsorted(ordered, inside, "left") + np.searchsorted(ordered, inside, "right")
    return float(below.mean() / 2 / len(ordered))


def test_bands_raise_what_is_planted(five: Path, tmp_path: Path) -> None:
    with nudges_on(five, tmp_path / "w", SPECTRUM) as told:
        assert [nudge.name for nudge in told.nudges] == ["nir", "spectrum"]
        assert any("0-10000" in text.en for text in told.warnings)
        nir, spectrum = (nudge.of(WHOLE) for nudge in told.nudges)
    assert auc(nir, PLANTED) > 0.85
    assert auc(spectrum, PLANTED) > 0.95
    for values in (nir, spectrum):
        assert np.abs(values).max() <= MOST_STEPS
        # Most of the scene is moved little.
        assert np.median(np.abs(values)) < EVIDENCE_STEPS / 2


def test_a_picture_without_the_plant_is_raised_nowhere_as_a_whole(tmp_path: Path) -> None:
    path = write_five_bands(tmp_path / "a.tif", five_bands(patches=()))
    with nudges_on(path, tmp_path / "w", SPECTRUM) as told:
        for nudge in told.nudges:
            assert abs(np.median(nudge.of(WHOLE))) <= EVIDENCE_STEPS // 4


@pytest.mark.parametrize("gain", [1.0, 0.4])
def test_one_gain_common_to_all_bands_changes_next_to_nothing(tmp_path: Path, gain: float) -> None:
    pixels = np.maximum(five_bands() * gain, 1).astype(np.uint16)
    path = write_five_bands(tmp_path / "a.tif", pixels)
    with nudges_on(path, tmp_path / "w") as told:
        assert auc(told.nudges[0].of(WHOLE), PLANTED) > 0.85


def test_windows_and_workers_change_no_nudge(five: Path, tmp_path: Path) -> None:
    said = []
    striped = write_five_bands(tmp_path / "s.tif", five_bands(), tiled=False, blockysize=7)
    ways = ((five, None, 1), (five, 64, 2), (five, 155, 3), (striped, None, 2))
    for number, (path, window_px, workers) in enumerate(ways):
        folder = tmp_path / str(number)
        with nudges_on(path, folder, SPECTRUM, workers, window_px=window_px) as told:
            whole = [nudge.of(WHOLE) for nudge in told.nudges]
            for nudge, values in zip(told.nudges, whole, strict=True):
                part = Frame(13, 40, 77, 119)
                assert (nudge.of(part) == values[13:77, 40:119]).all()
            said.append(whole)
        # What was kept meanwhile is gone.
        assert not list(folder.glob("bands-*"))
    for other in said[1:]:
        for one, two in zip(said[0], other, strict=True):
            assert (one == two).all()


def test_a_pass_that_is_cancelled_leaves_nothing(five: Path, tmp_path: Path) -> None:
    source = Source(five, "a.tif", SETTINGS)
    measured = measure(source, tmp_path, workers=1)
    with (
        pytest.raises(Stopped),
        band_nudges(
            source,
            measured.planes,
            measured.scale,
            tmp_path,
            None,
            workers=2,
            cancelled=lambda: True,
        ),
    ):
        pass
    measured.planes.close()
    assert not list(tmp_path.glob("bands-*"))


@given(
    hnp.arrays(np.uint16, st.tuples(st.just(4), st.integers(1, 9), st.integers(1, 9))),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_a_block_is_the_mean_of_its_lit_pixels(pixels: np.ndarray, side: int, seed: int) -> None:
    valid = np.random.default_rng(seed).random(pixels.shape[1:]) < 0.7
    dark = 60_000.0
    found = band_means(pixels, valid, side, dark, 1.0, np.array([2, 1, 0]))
    lit = valid & (pixels[:3].astype(float).sum(axis=0) >= dark)
    for i, j in np.ndindex(found.shape[:2]):
        here = slice(i * side, (i + 1) * side), slice(j * side, (j + 1) * side)
        inside = pixels[:, here[0], here[1]][:, lit[here]].astype(float)
        expected = inside.mean(axis=1) if inside.size else np.zeros(4)
        assert np.abs(found[i, j] - expected).max() <= (1 if inside.size else 0)


def test_float_reflectance_gives_the_same_order(tmp_path: Path) -> None:
    pixels = (five_bands() / 10_000).astype(np.float32)
    path = write_five_bands(tmp_path / "a.tif", pixels)
    with nudges_on(path, tmp_path / "w", SPECTRUM) as told:
        assert any("0-1 " in text.en for text in told.warnings)
        assert auc(told.nudges[1].of(WHOLE), PLANTED) > 0.95


@pytest.mark.parametrize("level", [1, 300])
def test_an_empty_or_dark_infrared_is_told_and_the_rest_goes_on(tmp_path: Path, level: int) -> None:
    pixels = five_bands()
    pixels[ROLES.index("nir")] = level
    path = write_five_bands(tmp_path / "a.tif", pixels)
    with nudges_on(path, tmp_path / "w") as told:
        for nudge in told.nudges:
            assert np.abs(nudge.of(WHOLE)).max() <= MOST_STEPS
        assert any("rededge_position" in warning.en for warning in told.warnings)
    detection, refusals = detect([("a.tif", path)], settings=SETTINGS)
    assert refusals == ()
    assert any("rededge_position" in warning.en for warning in detection.warnings)


def test_an_interrupted_pass_waits_for_no_more_than_its_windows(
    five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    whole = _Pass._measure

    def measured(self: _Pass, *given: object) -> None:
        seen.append(1)
        if len(seen) == 1:
            os.kill(os.getpid(), signal.SIGINT)
            # The interrupt reaches the main thread in this time.
            time.sleep(0.3)
        whole(self, *given)

    monkeypatch.setattr(_Pass, "_measure", measured)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), nudges_on(five, tmp_path / "w", window_px=20):
            pass
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) < 100
    assert not list((tmp_path / "w").glob("bands-*"))


def test_what_a_killed_process_left_is_cleared_and_a_living_ones_is_not(tmp_path: Path) -> None:
    left = tmp_path / "bands-left"
    left.mkdir()
    (left / "bands.bin").write_bytes(b"1")
    (tmp_path / "other").mkdir()
    with scratch(tmp_path, "bands-") as one, scratch(tmp_path, "bands-") as two:
        assert not left.exists()
        assert one != two
        assert sorted(tmp_path.iterdir()) == sorted([one, two, tmp_path / "other"])
    assert list(tmp_path.iterdir()) == [tmp_path / "other"]


def test_values_that_are_no_reflectance_are_not_compared_with_a_spectrum(tmp_path: Path) -> None:
    pixels = np.clip(five_bands() / 25, 1, 255).astype(np.uint8)
    path = write_five_bands(tmp_path / "a.tif", pixels)
    with nudges_on(path, tmp_path / "w", SPECTRUM) as told:
        assert [nudge.name for nudge in told.nudges] == ["nir"]
        assert "reflectance" in told.warnings[0].en


def test_a_spectrum_of_three_colours_is_told_to_be_too_little(five: Path, tmp_path: Path) -> None:
    blind = Spectrum("rgb", by_role={"red": 0.1, "green": 0.1, "blue": 0.1})
    with nudges_on(five, tmp_path / "w", blind) as told:
        assert [nudge.name for nudge in told.nudges] == ["nir"]
        assert "says nothing" in told.warnings[0].en


def test_bands_may_be_named_by_the_caller(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", five_bands(), photometric="minisblack")
    told = {role: number for number, role in enumerate(ROLES, start=1)}
    with nudges_on(path, tmp_path / "w", bands=told) as given_roles:
        assert auc(given_roles.nudges[0].of(WHOLE), PLANTED) > 0.85
    colours = {role: told[role] for role in ("red", "green", "blue")}
    with nudges_on(path, tmp_path / "v", SPECTRUM, bands=colours) as only_three:
        assert only_three.nudges == ()
        assert "--bands" in only_three.warnings[0].en


def place_of(detection: Detection, row: int, col: int, high: int, wide: int) -> int:
    """The best rank among patches on a planted rectangle."""
    west, north = EAST + col * GSD_M, NORTH - row * GSD_M
    ground = shapely.box(west, north - high * GSD_M, west + wide * GSD_M, north)
    ranks = [
        patch.rank
        for patch in detection.patches
        if shapely.intersection(patch.polygon, ground).area > 0.2 * ground.area
    ]
    return min(ranks, default=len(detection.patches) + 1)


def test_detection_ranks_planted_ground_higher_with_its_bands(five: Path, tmp_path: Path) -> None:
    plain_path = write_five_bands(tmp_path / "rgb.tif", five_bands()[:3])
    options = {"settings": SETTINGS, "budget_per_km2": 100_000}
    plain, _ = detect([("rgb.tif", plain_path)], **options)
    bands, _ = detect([("a.tif", five)], **options)
    asked, _ = detect([("a.tif", five)], hints=Hints(spectrum=SPECTRUM), **options)
    places = [[place_of(d, *patch) for patch in PATCHES] for d in (plain, bands, asked)]
    assert sum(places[1]) <= sum(places[0])
    assert sum(places[2]) <= sum(places[0])
    assert max(places[2]) <= len(PATCHES) + 1
    assert {"nir"} <= set(bands.patches[0].reasons)
    assert {"nir", "spectrum"} <= set(asked.patches[0].reasons)
    assert "nir" not in plain.patches[0].reasons
    for work in (Work(workers=1), Work(workers=3)):
        again, _ = detect(
            [("a.tif", five)],
            hints=Hints(spectrum=SPECTRUM),
            work=work,
            window_px=100,
            **options,
        )
        same(asked, again)


@dataclass(frozen=True)
class Constant:
    steps: int
    name: str = "constant"

    def of(self, frame: Frame) -> np.ndarray:
        shape = frame.bottom - frame.top, frame.right - frame.left
        return np.full(shape, self.steps, dtype=np.int16)


@given(
    hnp.arrays(np.int16, (6, 7), elements=st.integers(-32768, 32767)),
    st.lists(
        hnp.arrays(np.int16, (6, 7), elements=st.integers(-32768, 32767)), min_size=1, max_size=3
    ),
)
def test_no_sum_goes_beyond_the_bound(evidence: np.ndarray, parts: list[np.ndarray]) -> None:
    total = summed(parts)
    assert np.abs(total).max() <= MOST_STEPS
    moved = nudged(evidence, total)
    silent = evidence == NOTHING
    assert (moved[silent] == NOTHING).all()
    assert (moved[~silent] != NOTHING).all()
    assert np.abs(moved.astype(int) - evidence)[~silent].max(initial=0) <= MOST_STEPS


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_figures_are_those_of_plain_evidence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = rng.integers(-200, 200, (24, 31)).astype(np.int16)
    plain[rng.random(plain.shape) < 0.1] = NOTHING
    levels = np.zeros((*plain.shape, 36), dtype=np.int8)
    # Nothing moved: the same as the objects' own figures.
    objects = find_objects(levels, plain, HEIGHTS, least_blocks=2)
    figures, means = without_nudge(objects, plain, [np.zeros_like(plain)])
    assert np.allclose(figures, objects.features, rtol=1e-6, atol=1e-4)
    assert not means.any()
    # Moved: the mean of plain evidence within each mask, counted here another way.
    part = rng.integers(-128, 128, plain.shape).astype(np.int16)
    objects = find_objects(levels, nudged(plain, part), HEIGHTS, least_blocks=2)
    figures, means = without_nudge(objects, plain, [part])
    for number in range(0, len(objects.blocks), 7):
        mask, (top, left) = objects.mask(number)
        here = slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
        assert means[number, 0] == pytest.approx(part[here][mask].mean() / EVIDENCE_STEPS, abs=1e-4)
        assert figures[number, SHAPE.index("evidence_mean")] == pytest.approx(
            plain[here][mask].mean(), abs=1e-3
        )
        assert figures[number, SHAPE.index("evidence_top")] == plain[here][mask].max()


@pytest.mark.parametrize("steps", [-MOST_STEPS * 3, -40, 0, 40, MOST_STEPS * 3])
def test_a_find_is_moved_by_the_mean_nudge_and_no_further(tmp_path: Path, steps: int) -> None:
    path = write_raster(tmp_path / "a.tif", planted_meadow().pixels)
    measured = measure(Source(path, "a.tif", SETTINGS), tmp_path, workers=1)
    tables, judge = learn_levels(measured.planes, measured.scale), shipped()
    options = {"least_blocks": 30, "most": 20, "workers": 1}
    finds = search(
        measured.planes, measured.scale, tables, judge, nudges=[Constant(steps)], **options
    )
    measured.planes.close()
    assert finds or steps < 0
    for find in finds:
        plain = float(judge.logits(find.features[None])[0])
        bounded = min(max(steps, -MOST_STEPS), MOST_STEPS) / EVIDENCE_STEPS
        assert find.logit - plain == pytest.approx(bounded, abs=1e-4)


def test_the_command_line_takes_series_and_spectra(five: Path, tmp_path: Path) -> None:
    series = write_series(tmp_path)
    spectrum = tmp_path / "s.csv"
    spectrum.write_text(
        "".join(f"{role},{value}\n" for role, value in SPECTRUM.by_role.items()), "utf-8"
    )
    out = tmp_path / "p.gpkg"
    for signature in ("target", str(spectrum)):
        call = [str(five), "--out", str(out), "--json", "--signature", signature, "--ndvi"]
        done = CliRunner().invoke(app, ["detect", *call, str(series), "--harvest-year", "2024"])
        assert done.exit_code == 0
        said = " ".join(json.loads(done.stdout)["warnings"])
        assert "a prior only" in said
        assert "lies elsewhere" in said
        assert "reflectance 0-10000" in said
