"""What red edge and near infrared say about blocks: unusual among the plants, or like a spectrum.

All figures are ranks among the scene's own plants, fused by rank: masked RX and the indices that
need a band beyond the three colours for ``nir``; ACE and the matched filter for ``spectrum``. How
many logits a rank is worth is assumed, not learnt, as there are no labelled pictures to learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoinspect.detect.band_blocks import BEYOND, BandScene, band_roles, measure_bands
from geoinspect.detect.indices import INDICES, available, compute
from geoinspect.detect.levels import LEVELS_A_DECADE, LevelTables
from geoinspect.detect.measure import Progress, Source
from geoinspect.detect.nudged import MOST_STEPS
from geoinspect.detect.objects import EVIDENCE_STEPS
from geoinspect.detect.plane_store import Planes
from geoinspect.detect.planes import U2, Plane
from geoinspect.detect.scratch import scratch
from geoinspect.detect.sheets import Frame, Nudge, Scale, sample_frames
from geoinspect.detect.signatures import Spectrum, at_bands
from geoinspect.detect.spectral import (
    Background,
    Levels,
    Moments,
    ace,
    background_of,
    matched_filter,
    rx,
)
from geoinspect.errors import InputError, Text, UsageError
from geoinspect.ingest.rasters import open_raster

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
Mask = NDArray[np.bool_]

# Logits for a decade of rank (the best block in ten, in a hundred …): assumed.
NIR_A_DECADE, SPECTRUM_A_DECADE = 0.5, 0.75
# Being like all other plants speaks against a block a little; being unlike a spectrum, more.
_LEAST_NIR, _LEAST_SPECTRUM = -EVIDENCE_STEPS // 2, -EVIDENCE_STEPS
_STRIP = 128
_MOST_SAMPLE, _LEAST_SAMPLE = 400_000, 256
_LEAST_LEAF = 0.5
# Of the plants, what an index must be a number of.
_MOST_PLANTS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class NirCues:
    """Masked RX, and each index that needs red edge or near infrared.

    Attributes:
        without: Indices left out, as they say nothing of most plants of the scene.
    """

    roles: tuple[str, ...]
    background: Background
    without: tuple[str, ...] = ()

    @property
    def indices(self) -> tuple[str, ...]:
        """Names of the indices."""
        return tuple(
            name
            for name in available(self.roles)
            if any(role in INDICES[name].needs for role in BEYOND) and name not in self.without
        )

    def telling(self, sample: F4) -> NirCues:
        """Return the cues without the indices that most of a sample of plants has none of.

        A block counts only where all cues are numbers, so one such index would silence the rest.
        """
        pixels = np.ascontiguousarray(sample[:, :, None])
        found = compute(pixels, self.roles, np.ones(pixels.shape[1:], bool), self.indices)
        mute = [name for name in self.indices if np.isfinite(found[name]).mean() < _MOST_PLANTS]
        return replace(self, without=tuple(mute))

    def of(self, pixels: F4, valid: Mask) -> F4:
        """Return the cues of blocks, shape (h, w, cues); NaN without light."""
        found = compute(pixels, self.roles, valid, self.indices)
        cues = [rx(pixels, valid, self.background), *(found[name] for name in self.indices)]
        return np.stack(cues, axis=-1)

    def fused(self, levels: NDArray[np.int8]) -> F4:
        """Return how unusual blocks are: far from the middle either way, RX only above it."""
        apart: NDArray[np.int32] = np.abs(levels.astype(np.int32))
        apart[..., 0] = np.maximum(levels[..., 0], 0)
        together: F4 = apart.sum(axis=-1).astype(np.float32)
        return together


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumCues:
    """Signed ACE and the matched filter for one spectrum.

    Attributes:
        bands: Which of the picture's bands the spectrum covers.
        target: The spectrum in the picture's levels.
    """

    bands: tuple[int, ...]
    background: Background
    target: F8

    def of(self, pixels: F4, valid: Mask) -> F4:
        """Return the cues of blocks, shape (h, w, 2)."""
        chosen = np.ascontiguousarray(pixels[list(self.bands)])
        return np.stack(
            [
                ace(chosen, valid, self.background, self.target, signed=True),
                matched_filter(chosen, valid, self.background, self.target),
            ],
            axis=-1,
        )

    def fused(self, levels: NDArray[np.int8]) -> F4:
        """Return how like the spectrum blocks are."""
        alike: F4 = levels.astype(np.float32).sum(axis=-1)
        return alike


@dataclass(frozen=True, slots=True, eq=False)
class BandNudge:
    """A nudge from the ranks of cues among the scene's plants.

    Attributes:
        tables: Of the cues.
        fused: Of what they fuse to, one cue.
        a_decade: Logits for a decade of rank.
        least: Steps it never goes below.
    """

    name: str
    scene: BandScene
    cues: NirCues | SpectrumCues
    tables: LevelTables
    fused: LevelTables
    a_decade: float
    least: int

    def of(self, frame: Frame) -> I2:
        """Return the nudge of blocks; see :class:`.sheets.Nudge`."""
        out = np.zeros((frame.bottom - frame.top, frame.right - frame.left), dtype=np.int16)
        for top in range(frame.top, frame.bottom, _STRIP):
            strip = Frame(top, frame.left, min(frame.bottom, top + _STRIP), frame.right)
            pixels, valid = blocks_of(self.scene, strip)
            cues = self.cues.of(pixels, valid)
            valid &= np.isfinite(cues).all(axis=-1)
            together = self.cues.fused(self.tables.of(cues, valid))[..., None]
            level = self.fused.of(together, valid)[..., 0].astype(np.float64)
            steps = np.rint(level * (self.a_decade * EVIDENCE_STEPS / LEVELS_A_DECADE))
            steps = np.where(valid, np.clip(steps, self.least, MOST_STEPS), 0)
            out[top - frame.top : strip.bottom - frame.top] = steps
        return out


@dataclass(frozen=True, slots=True, eq=False)
class BandNudges:
    """What the bands of a raster give.

    Attributes:
        warnings: What the reader should know.
    """

    nudges: tuple[Nudge, ...] = ()
    warnings: tuple[Text, ...] = ()


@contextmanager
def band_nudges(
    source: Source,
    planes: Planes,
    scale: Scale,
    folder: Path,
    spectrum: Spectrum | None,
    *,
    workers: int,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[BandNudges]:
    """Yield the nudges of a raster's bands beyond three colours; none where there are no such.

    Args:
        planes: Of the raster, after the pixel pass.
        folder: Exists; the bands' means are kept in it meanwhile.
        spectrum: Of the target, where somebody gave one.

    Raises:
        RasterError: The raster can't be read.
        StoreError: The disk is full or fails.
        Stopped: It was cancelled.
    """
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        roles = band_roles(dataset, source.bands)
    if roles is None:
        unused = () if spectrum is None else (_no_bands(source.name),)
        yield BandNudges(warnings=unused)
        return
    with scratch(folder, "bands-") as own:
        scene = measure_bands(
            source,
            roles,
            scale,
            own / "bands.bin",
            workers=workers,
            progress=progress,
            cancelled=cancelled,
        )
        if scene is None:
            yield BandNudges()
            return
        with closing(scene.means):
            yield learn_nudges(scene, planes, spectrum, source.name)


def learn_nudges(
    scene: BandScene, planes: Planes, spectrum: Spectrum | None, name: str
) -> BandNudges:
    """Return the nudges of a scene's bands, ranked against its plants."""
    sample = _plants(scene, planes)
    if sample.shape[1] < _LEAST_SAMPLE:
        return BandNudges()
    made: list[BandNudge | None] = []
    warnings: tuple[Text, ...] = ()
    background = _background(sample)
    if background is not None:
        nir = NirCues(scene.roles, background).telling(sample)
        made.append(_nudge(scene, sample, nir))
        if nir.without or made[0] is None:
            warnings = (_mute(name, nir.without),)
    if spectrum is not None:
        cues, said = _spectrum_cues(scene, sample, spectrum, name)
        warnings = (*warnings, *said)
        if cues is not None:
            made.append(_nudge(scene, sample, cues))
    return BandNudges(tuple(nudge for nudge in made if nudge is not None), warnings)


def blocks_of(scene: BandScene, frame: Frame) -> tuple[F4, Mask]:
    """Return each block's mean with its eight neighbours, shape (bands, h, w), and which are lit."""
    means = scene.means
    seen = frame.around(1, means.rows, means.cols)
    part = means.read(seen.top, seen.left, seen.bottom, seen.right)
    shape = frame.bottom - frame.top, frame.right - frame.left
    return _smoothed(part, frame.top - seen.top, frame.left - seen.left, *shape)


@njit(cache=True, nogil=True)
def _smoothed(part: U2, top: int, left: int, high: int, wide: int) -> tuple[F4, Mask]:
    rows, cols, bands = part.shape
    out = np.zeros((bands, high, wide), dtype=np.float32)
    lit = np.zeros((high, wide), dtype=np.bool_)
    sums = np.zeros(bands, dtype=np.int64)
    for i in range(high):
        for j in range(wide):
            if part[top + i, left + j, 0] == 0:
                continue
            lit[i, j] = True
            sums[:] = 0
            count = 0
            for y in range(max(0, top + i - 1), min(rows, top + i + 2)):
                for x in range(max(0, left + j - 1), min(cols, left + j + 2)):
                    if part[y, x, 0] > 0:
                        count += 1
                        for k in range(bands):
                            sums[k] += part[y, x, k]
            for k in range(bands):
                out[k, i, j] = sums[k] / count
    return out, lit


def _plants(scene: BandScene, planes: Planes) -> F4:
    """Return the bands of blocks of which most is leaf, from all over, shape (bands, n)."""
    parts = [np.empty((len(scene.roles), 0), dtype=np.float32)]
    count = 0
    for frame in sample_frames(planes.rows, planes.cols):
        for top in range(frame.top, frame.bottom, _STRIP):
            strip = Frame(top, frame.left, min(frame.bottom, top + _STRIP), frame.right)
            pixels, valid = blocks_of(scene, strip)
            figures = planes.read(strip.top, strip.left, strip.bottom, strip.right)
            leaf, seen = figures[:, :, Plane.LEAF], figures[:, :, Plane.VALID]
            chosen = pixels[:, valid & (leaf > _LEAST_LEAF * seen)]
            parts.append(chosen)
            count += chosen.shape[1]
        if count >= _MOST_SAMPLE:
            break
    return np.concatenate(parts, axis=1)


def _background(sample: F4) -> Background | None:
    """Return the scene's plants as a background; their levels are whole numbers already."""
    bands, count = sample.shape
    levels = Levels((0.0,) * bands, (1.0,) * bands)
    everywhere = np.ones((count, 1), dtype=np.bool_)
    return background_of(Moments.of_block(sample[:, :, None], everywhere, levels))


def _nudge(scene: BandScene, sample: F4, cues: NirCues | SpectrumCues) -> BandNudge | None:
    """Return a nudge whose ranks are those among a sample of plants; None with too few to rank."""
    pixels = np.ascontiguousarray(sample[:, :, None])
    everywhere = np.ones(pixels.shape[1:], dtype=np.bool_)
    found = cues.of(pixels, everywhere)
    finite = np.isfinite(found).all(axis=-1)
    if np.count_nonzero(finite) < _LEAST_SAMPLE:
        return None
    found = found[finite][:, None, :]
    tables = LevelTables.of_sample(found[:, 0])
    together = cues.fused(tables.of(found, np.ones(found.shape[:2], dtype=np.bool_)))
    fused = LevelTables.of_sample(together)
    if isinstance(cues, NirCues):
        return BandNudge("nir", scene, cues, tables, fused, NIR_A_DECADE, _LEAST_NIR)
    return BandNudge("spectrum", scene, cues, tables, fused, SPECTRUM_A_DECADE, _LEAST_SPECTRUM)


def _spectrum_cues(
    scene: BandScene, sample: F4, spectrum: Spectrum, name: str
) -> tuple[SpectrumCues | None, tuple[Text, ...]]:
    """Return how a spectrum is looked for on a scene, and what to say of it."""
    full = scene.reflectance_levels
    if full is None:
        return None, (_no_reflectance(name),)
    bands, target = [], []
    for k, role in enumerate(scene.roles):
        try:
            target.append(float(at_bands(spectrum, [role], scale=full)[0]))
        except InputError as error:
            if error.code != "band_not_covered":
                raise
            continue
        bands.append(k)
    covered = [scene.roles[k] for k in bands]
    background = _background(sample[bands]) if len(bands) > 1 else None
    if background is None or not any(role in covered for role in BEYOND):
        return None, (_not_covered(name, spectrum.name),)
    cues = SpectrumCues(tuple(bands), background, np.array(target))
    try:
        cues.of(np.ascontiguousarray(sample[:, :1, None]), np.ones((1, 1), dtype=np.bool_))
    except UsageError as error:
        return None, (error.text,)
    return cues, (_units(name, scene.units),)


def _no_bands(name: str) -> Text:
    return Text(
        f"影像“{name}”没有已知的红边或近红外波段,光谱未起作用;如有,请用 --bands 写明 nir=… 或 rededge=…",
        f"no band of {name!r} is known to be red edge or near infrared, so the spectrum had no "
        "effect; if there is one, name it in --bands with nir=… or rededge=…",
    )


def _mute(name: str, without: Sequence[str]) -> Text:
    which = "、".join(without), ", ".join(without)
    return Text(
        f"影像“{name}”的红边或近红外波段在多数植被上算不出指数({which[0] or '全部'}),这些指数未起作用:"
        "波段是否为空、编号是否写对?可用 --bands 写明",
        f"red edge or near infrared of {name!r} gives no index for most plants "
        f"({which[1] or 'none at all'}), so it had no effect: is the band empty, or its number "
        "wrong? Name the bands with --bands",
    )


def _no_reflectance(name: str) -> Text:
    return Text(
        f"影像“{name}”的像元值不像反射率(0–1 或 0–10000),无法与光谱比较,光谱未起作用;请用经反射率定标的影像",
        f"the values of {name!r} don't look like reflectance (0-1 or 0-10000) and can't be compared "
        "with a spectrum, which had no effect; give a picture calibrated to reflectance",
    )


def _not_covered(name: str, spectrum: str) -> Text:
    return Text(
        f"光谱“{spectrum}”没有覆盖影像“{name}”的红边或近红外波段,未起作用:请补充这些波段的反射率",
        f"the spectrum {spectrum!r} says nothing about red edge or near infrared of {name!r} and had "
        "no effect: add reflectances of those bands",
    )


def _units(name: str, units: str) -> Text:
    return Text(
        f"影像“{name}”的像元值按反射率 {units} 处理(由类型和大小推断)",
        f"the values of {name!r} were taken as reflectance {units} (a guess from their type and size)",
    )
