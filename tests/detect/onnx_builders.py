"""Small ONNX models and manifests for tests, made with onnx.helper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from raster_builders import grass

from geoinspect.detect.measure import Source
from geoinspect.detect.onnx.model_file import open_model
from geoinspect.detect.onnx.run_onnx import run_model
from geoinspect.detect.sheets import Scale
from geoinspect.settings import Settings

SETTINGS = Settings()

# Red and blue above green, of pixels divided by 255: magenta is +, grass is −.
MAGENTA = np.array([8.0, -16.0, 8.0], dtype=np.float32)
MAGENTA_START = -4.0


def save(
    path: Path,
    nodes: list[Any],
    weights: dict[str, NDArray[Any]],
    *,
    shape: tuple[Any, ...],
    kind: int = TensorProto.FLOAT,
    answer: int = TensorProto.FLOAT,
    domains: tuple[str, ...] = ("",),
) -> Path:
    """Write a model from tensor ``x`` to tensor ``y``."""
    graph = helper.make_graph(
        nodes,
        "made in a test",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info("y", answer, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid(domain, 17 if domain == "" else 1) for domain in domains]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def conv(
    path: Path,
    kernel: NDArray[np.float32],
    start: float,
    *,
    shape: tuple[Any, ...] = ("n", 3, "h", "w"),
    padded: bool = True,
) -> Path:
    """Write a segmenter of one convolution, kernel (classes, bands, k, k); logits."""
    edge = kernel.shape[2] // 2 if padded else 0
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[edge] * 4)
    bias = np.full(len(kernel), start, dtype=np.float32)
    return save(path, [node], {"w": kernel, "b": bias}, shape=shape)


def magenta(path: Path, **more: Any) -> Path:
    """Write a segmenter that marks magenta pixels, each for itself."""
    return conv(path, MAGENTA.reshape(1, 3, 1, 1), MAGENTA_START, **more)


def wide_magenta(path: Path, side: int = 7, **more: Any) -> Path:
    """Write a segmenter that marks magenta by uneven weights of side × side pixels."""
    rng = np.random.default_rng(5)
    weights = rng.uniform(0.2, 1.8, (side, side)).astype(np.float32)
    weights /= weights.sum()
    return conv(path, (MAGENTA[:, None, None] * weights)[None], MAGENTA_START, **more)


def fixed_boxes(path: Path, rows: NDArray[np.float32], **more: Any) -> Path:
    """Write a detector that always answers the same boxes, (1, boxes, figures)."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["y"]),
    ]
    weights = {"rows": rows[None].astype(np.float32), "zero": np.zeros((), dtype=np.float32)}
    return save(path, nodes, weights, shape=more.pop("shape", (1, 3, "h", "w")), **more)


def pixel_boxes(path: Path, side: int, shape: tuple[Any, ...]) -> Path:
    """Write a detector of (1, boxes, 5): on each pixel a box of ``side`` whose score is the chance
    of magenta there.
    """
    _, _, high, wide = shape
    ys, xs = np.mgrid[0:high, 0:wide].astype(np.float32) + 0.5
    places = np.stack([xs, ys, np.full_like(xs, side), np.full_like(xs, side)], axis=-1)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["chance"]),
        helper.make_node("Reshape", ["chance", "form"], ["score"]),
        helper.make_node("Concat", ["places", "score"], ["y"], axis=2),
    ]
    weights = {
        "w": MAGENTA.reshape(1, 3, 1, 1),
        "b": np.array([MAGENTA_START], dtype=np.float32),
        "form": np.array([1, high * wide, 1], dtype=np.int64),
        "places": places.reshape(1, -1, 4).astype(np.float32),
    }
    return save(path, nodes, weights, shape=shape)


SEGMENTER: dict[str, Any] = {
    "name": "magenta",
    "input": {
        "size_px": "any",
        "gsd_cm": 5.0,
        "bands": ["red", "green", "blue"],
        "layout": "NCHW",
        "dtype": "float32",
        "scale": 255.0,
    },
    "output": {
        "kind": "segmentation",
        "classes": ["poppy"],
        "target": ["poppy"],
        "halo_px": 0,
        "values": "logits",
    },
}
BOXES: dict[str, Any] = {
    "name": "boxes",
    "input": {**SEGMENTER["input"], "size_px": [64, 64]},
    "output": {
        "kind": "boxes",
        "classes": ["poppy"],
        "target": ["poppy"],
        "halo_px": 8,
        "format": "cxcywh",
        "score_index": 4,
        "score_threshold": 0.5,
    },
}


def changed(table: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a manifest with fields replaced, ``input__gsd_cm=2`` for input.gsd_cm; None removes."""
    out = {key: dict(value) if isinstance(value, dict) else value for key, value in table.items()}
    for name, value in fields.items():
        *tables, key = name.split("__")
        place = out[tables[0]] if tables else out
        if value is None:
            place.pop(key)
        else:
            place[key] = value
    return out


def write_manifest(model: Path, table: dict[str, Any]) -> Path:
    """Write the manifest beside a model and return the model's path."""
    model.with_suffix(".toml").write_text(toml_of(table), "utf-8")
    return model


def toml_of(table: dict[str, Any]) -> str:
    """Return a table as TOML."""
    lines = [
        f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)
    ]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += [f"[{key}]", toml_of(value)]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return repr(value)


def painted(height: int, width: int, *spots: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Return a meadow with magenta rectangles (row, col, height, width)."""
    pixels = grass(height, width)
    for row, col, high, wide in spots:
        pixels[:, row : row + high, col : col + wide] = np.array([220, 60, 210])[:, None, None]
    return pixels


def chances(
    path: Path, model: Path, tmp_path: Path, gsd_m: float = 0.05, **more: Any
) -> tuple[NDArray[np.uint8], list[Any]]:
    """Return all figures of a raster's blocks, and the warnings."""
    source = Source(path, path.name, SETTINGS)
    file, warnings = run_model(
        source, Scale.of_gsd(gsd_m), open_model(model), tmp_path / "chances.bin", **more
    )
    figures = file.read(0, 0, file.rows, file.cols)
    file.close()
    return figures, warnings


def expected(pixels: NDArray[np.generic], valid: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return the mean chance of each block of 5 × 5 pixels, straight from the picture."""
    h, w = pixels.shape[1:]
    logits = np.tensordot(MAGENTA, pixels.astype(float) / 255, 1) + MAGENTA_START
    chance = 1 / (1 + np.exp(-logits))
    seen = np.ones((h, w), dtype=bool) if valid is None else valid
    out = np.zeros((-(-h // 5), -(-w // 5)))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            here = np.s_[i * 5 : i * 5 + 5, j * 5 : j * 5 + 5]
            if seen[here].any():
                out[i, j] = chance[here][seen[here]].mean()
    return out
