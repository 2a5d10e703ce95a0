"""A model run over a raster of any size: window after window, its answer kept for each block."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from geoinspect.detect.measure import Source, Stopped
from geoinspect.detect.onnx.chances import ChanceFile, paint_boxes, tile_chances
from geoinspect.detect.onnx.grid import Lattice, Tile, read_window
from geoinspect.detect.onnx.manifest import BoxSpec, InputSpec
from geoinspect.detect.onnx.model_file import OnnxModel
from geoinspect.detect.scene import COLOURS, RasterScene
from geoinspect.detect.sheets import Scale
from geoinspect.errors import RasterError, Text
from geoinspect.ingest.raster_bands import band_with, bands_of
from geoinspect.ingest.rasters import open_raster

F4 = NDArray[np.float32]
Mask = NDArray[np.bool_]
Progress = Callable[[float], None]

# How unlike the sizes of pixels may be before a person is told, and before it makes no sense.
_UNLIKE, _MOST_ENLARGED = 2.0, 10.0
# Pixels this many times the divisor of the manifest are those of another type.
_BEYOND_SCALE = 1.5
# Windows between two looks at whether the work was cancelled, on ground without data.
_MOST_SILENT = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Windows given to the model at once; empty ones are left out.

    Attributes:
        seen: Tiles up to here, empty ones counted.
    """

    tiles: list[Tile]
    pictures: list[F4]
    grounds: list[Mask]
    seen: int


def run_model(
    source: Source,
    scale: Scale,
    model: OnnxModel,
    path: Path,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    tile_blocks: tuple[int, int] | None = None,
) -> tuple[ChanceFile, list[Text]]:
    """Return what a model says of each block of a raster, and what the reader should know.

    One thread reads while the model runs on all cores. The lattice of windows depends on the model
    and the raster only, so the answer is the same on every machine.

    Args:
        source: The raster; ``window_px`` plays no part.
        scale: Of the raster's blocks.
        path: Of the file to write; it is emptied first.
        cancelled: Asked after each batch.
        tile_blocks: At most so many blocks for one window, instead of all that fit; with a halo
            as wide as the model's reach it changes nothing.

    Raises:
        RasterError: It can't be read, lacks a band, or its pixels are far too large for the model.
        InputError: The model's answer is no answer.
        StoreError: The disk is full or fails.
        Stopped: It was cancelled.
    """
    with open_raster(source.path, settings=source.settings, name=source.name) as dataset:
        scene, warnings = _scene(dataset, source, model)
        warnings += _size_warnings(source.name, scale, model)
        raster_px = dataset.height, dataset.width
        lattice = Lattice.of(model.manifest, scale, raster_px, tile_blocks=tile_blocks)
        if lattice is None:
            raise _window_too_small(source.name, scale, model)
        gain, fill, doubts = _scaling(scene, dataset, model.manifest.input, source.name)
        warnings += doubts
        file = ChanceFile(path, *lattice.shape)
        try:
            batches = _batches(scene, lattice, gain, fill, model.batch)
            # The reading thread has ended before the raster is closed, also after an error.
            with closing(_read_ahead(batches)) as ready:
                for batch in ready:
                    _answer(model, batch, lattice, file)
                    if progress is not None:
                        progress(batch.seen / lattice.tile_count)
                    if cancelled is not None and cancelled():
                        raise Stopped
        except BaseException:
            file.close()
            raise
    return file, warnings


def _answer(model: OnnxModel, batch: _Batch, lattice: Lattice, file: ChanceFile) -> None:
    if not batch.tiles:
        return
    pictures = np.stack(batch.pictures)
    if isinstance(model.manifest.output, BoxSpec):
        nothing = np.zeros(lattice.window_px, dtype=np.float32)
        found = model.boxes(pictures)
        for tile, ground, boxes in zip(batch.tiles, batch.grounds, found, strict=True):
            file.merge(tile.top, tile.left, tile_chances(nothing, ground, lattice, tile))
            paint_boxes(file, boxes, lattice, tile)
        return
    masks = model.masks(pictures)
    for tile, ground, chances in zip(batch.tiles, batch.grounds, masks, strict=True):
        file.merge(tile.top, tile.left, tile_chances(chances, ground, lattice, tile))


def _batches(
    scene: RasterScene, lattice: Lattice, gain: F4, fill: F4, size: int
) -> Iterator[_Batch]:
    batch = _Batch([], [], [], 0)
    seen = 0
    for seen, tile in enumerate(lattice.tiles(), start=1):
        read = read_window(scene, lattice, tile, gain, fill)
        if read is not None:
            batch.tiles.append(tile)
            batch.pictures.append(read[0])
            batch.grounds.append(read[1])
        if len(batch.tiles) == size or seen % _MOST_SILENT == 0:
            yield _Batch(batch.tiles, batch.pictures, batch.grounds, seen)
            batch = _Batch([], [], [], seen)
    yield _Batch(batch.tiles, batch.pictures, batch.grounds, seen)


def _read_ahead(batches: Iterator[_Batch]) -> Generator[_Batch, None, None]:
    """Yield batches, the next one being read by a thread of its own meanwhile."""
    with ThreadPoolExecutor(1, "onnx-read") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _scene(
    dataset: rasterio.DatasetReader, source: Source, model: OnnxModel
) -> tuple[RasterScene, list[Text]]:
    """Return the raster with the model's bands, in the model's order."""
    roles = model.manifest.input.bands
    known = dict(source.bands or {})
    warnings: list[Text] = []
    if not known and set(roles) & set(COLOURS):
        colours = RasterScene(dataset, name=source.name)
        known.update(zip(COLOURS, colours.bands, strict=True))
        warnings += colours.warnings
    described = bands_of(dataset)
    for role in roles:
        if role not in known:
            index = band_with(described, role)
            if index is None:
                raise RasterError(
                    f"模型“{model.file}”需要 {role} 波段,影像“{source.name}”没有;"
                    f"如有,请用 --bands 写明,例如 {role}=4",
                    f"the model {model.file!r} needs a band {role}, which {source.name!r} doesn't "
                    f"name; if it has one say so with --bands, for example {role}=4",
                    code="no_such_band",
                )
            known[role] = index
    scene = RasterScene(dataset, name=source.name, bands=known, roles=roles)
    return scene, warnings


def _scaling(
    scene: RasterScene, dataset: rasterio.DatasetReader, spec: InputSpec, name: str
) -> tuple[F4, F4, list[Text]]:
    """Return what pixels are multiplied by and what is added, what stands for no ground, doubts.

    No ground is the manifest's mean, else that of the raster: one value for all windows.
    """
    warnings: list[Text] = []
    sample = scene.sample_pixels()
    scale = spec.scale
    if scale is None:
        kind = np.dtype(dataset.dtypes[scene.bands[0] - 1])
        scale = float(np.iinfo(kind).max) if kind.kind in "ui" else 1.0
    elif scale > 1 and len(sample):
        high = float(np.quantile(sample, 0.99))
        if high > _BEYOND_SCALE * scale:
            warnings.append(
                Text(
                    f"影像“{name}”的像素值达 {high:.4g},而模型说明按 {scale:g} 缩放(input.scale);"
                    "结果可能不可靠",
                    f"pixels of {name!r} reach {high:.4g}, but the model's manifest divides by "
                    f"{scale:g} (input.scale); what it finds may mean nothing",
                )
            )
    std = np.array(spec.std)
    mean = np.array(spec.mean if spec.mean is not None else (0.0,) * len(std))
    gain = np.stack([1 / (scale * std), -mean / std]).astype(np.float32)
    fill = np.zeros(len(std), dtype=np.float32)
    if spec.mean is None and len(sample):
        fill = (sample.mean(axis=0, dtype=np.float64) / scale / std).astype(np.float32)
    return gain, fill, warnings


def _size_warnings(name: str, scale: Scale, model: OnnxModel) -> list[Text]:
    own, trained = scale.gsd_m * 100, model.manifest.input.gsd_cm
    if own > _MOST_ENLARGED * trained:
        raise RasterError(
            f"影像“{name}”每像素 {own:.3g} 厘米,模型“{model.file}”按 {trained:.3g} 厘米训练:"
            "相差太多,请用更清晰的影像或别的模型",
            f"a pixel of {name!r} is {own:.3g} cm, the model {model.file!r} was trained on "
            f"{trained:.3g} cm: too far apart; give a sharper picture or another model",
            code="too_coarse_for_model",
        )
    if 1 / _UNLIKE <= own / trained <= _UNLIKE:
        return []
    zh, en = ("缩小", "shrunk") if own < trained else ("放大", "enlarged")
    return [
        Text(
            f"影像“{name}”每像素 {own:.3g} 厘米,模型“{model.file}”按 {trained:.3g} 厘米训练:"
            f"影像已{zh}后再检测,结果可能较差",
            f"a pixel of {name!r} is {own:.3g} cm, the model {model.file!r} was trained on "
            f"{trained:.3g} cm: the picture was {en} for it, and it may find less",
        )
    ]


def _window_too_small(name: str, scale: Scale, model: OnnxModel) -> RasterError:
    high, wide = model.manifest.window_px
    return RasterError(
        f"模型“{model.file}”的窗口({high} × {wide} 像素,去掉边缘)在影像“{name}”上"
        f"不足 {scale.block_m:.2g} 米,无法使用",
        f"a window of the model {model.file!r} ({high} by {wide} pixels without its edge) covers "
        f"less than {scale.block_m:.2g} m on {name!r}, so it can't be used",
        code="too_coarse_for_model",
    )
