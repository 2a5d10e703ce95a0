"""What a model answers, read the way its manifest says: chances of pixels, or boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.onnx.manifest import BoxSpec, MaskSpec
from geoinspect.errors import InputError

F4 = NDArray[np.float32]

# Probabilities may be this much outside of 0 to 1 by rounding, also of half floats.
_ROUNDING = 2e-3
_MOST_BOXES = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one picture.

    Attributes:
        edges: Left, top, right, bottom in pixels of the picture, shape (n, 4).
        chances: Shape (n,).
    """

    edges: F4
    chances: F4


def chances_of_masks(
    answer: NDArray[Any],
    spec: MaskSpec,
    shape: tuple[int, int, int],
    *,
    channels_last: bool,
    classes: int,
    target: tuple[int, ...],
    file: str,
) -> F4:
    """Return the chance of the target at each pixel, shape (n, h, w).

    Args:
        answer: Of the model, (n, classes, h, w) or with the classes last.
        shape: Pictures, height and width given to the model.
        file: Of the model, for errors.

    Raises:
        InputError: Another shape, no finite numbers, or no probabilities where they are promised.
    """
    count, high, wide = shape
    wanted = (count, high, wide, classes) if channels_last else (count, classes, high, wide)
    if answer.shape != wanted:
        raise _bad_answer(
            file,
            f"输出形状是 {list(answer.shape)},应为 {list(wanted)}(与输入同样大小,每类一层)",
            f"its output has shape {list(answer.shape)}, must have {list(wanted)}: as large as the "
            "input, one layer for each class",
        )
    _check_numbers(answer, file)
    layers = answer.astype(np.float32, copy=False)
    if channels_last:
        layers = np.moveaxis(layers, 3, 1)
    if spec.values == "probabilities":
        _check_probabilities(layers, file)
        chances = np.clip(layers, 0, 1)
    elif spec.exclusive and classes > 1:
        raised = np.exp(layers - layers.max(axis=1, keepdims=True))
        chances = raised / raised.sum(axis=1, keepdims=True)
    else:
        chances = _logistic(layers)
    wanted_layers = chances[:, list(target)]
    merged: F4
    if spec.exclusive and classes > 1:
        merged = np.minimum(wanted_layers.sum(axis=1), np.float32(1))
    else:
        merged = wanted_layers.max(axis=1)
    return merged


def boxes_of(
    answer: NDArray[Any],
    spec: BoxSpec,
    shape: tuple[int, int, int],
    *,
    classes: int,
    target: tuple[int, ...],
    file: str,
) -> list[Boxes]:
    """Return the boxes of the target in each picture that are certain enough.

    Args:
        answer: Of the model, (n, boxes, figures), or transposed if the manifest says so.
        shape: Pictures, height and width given to the model.
        file: Of the model, for errors.

    Raises:
        InputError: Another shape, no finite numbers, or scores that are no probabilities.
    """
    count, high, wide = shape
    places = [spec.box_index + 3, spec.score_index, spec.class_index]
    if spec.class_scores_index is not None:
        places.append(spec.class_scores_index + classes - 1)
    least = 1 + max(place for place in places if place is not None)
    figures = answer.shape[1 if spec.transposed else 2] if answer.ndim == 3 else 0
    if answer.ndim != 3 or len(answer) != count or figures < least or answer.size > _MOST_BOXES * 6:
        raise _bad_answer(
            file,
            f"输出形状是 {list(answer.shape)},应为 [{count}, 框数, 至少 {least} 个数]",
            f"its output has shape {list(answer.shape)}, must have "
            f"[{count}, boxes, at least {least} figures]",
        )
    _check_numbers(answer, file)
    rows = answer.astype(np.float32, copy=False)
    if spec.transposed:
        rows = rows.transpose(0, 2, 1)
    return [_boxes(rows[k], spec, (high, wide), classes, target, file) for k in range(count)]


def _boxes(
    rows: F4,
    spec: BoxSpec,
    size: tuple[int, int],
    classes: int,
    target: tuple[int, ...],
    file: str,
) -> Boxes:
    chances = np.ones(len(rows), dtype=np.float32)
    if spec.score_index is not None:
        chances = rows[:, spec.score_index]
        _check_probabilities(chances, file)
    if spec.class_scores_index is not None:
        start = spec.class_scores_index
        scores = rows[:, start : start + classes]
        _check_probabilities(scores, file)
        chances = chances * scores[:, list(target)].max(axis=1)
    kept = chances >= spec.score_threshold
    if spec.class_index is not None:
        kept &= np.isin(np.rint(rows[:, spec.class_index]), target)
    four = rows[kept, spec.box_index : spec.box_index + 4].copy()
    if spec.form == "cxcywh":
        middle, half = four[:, :2].copy(), four[:, 2:] / 2
        four = np.concatenate([middle - half, middle + half], axis=1)
    if spec.normalised:
        four *= np.array([size[1], size[0], size[1], size[0]], dtype=np.float32)
    real = (four[:, 2] > four[:, 0]) & (four[:, 3] > four[:, 1])
    return Boxes(four[real], np.clip(chances[kept][real], 0, 1))


def _logistic(values: F4) -> F4:
    chances: F4 = np.float32(0.5) * (np.float32(1) + np.tanh(np.float32(0.5) * values))
    return chances


def _check_numbers(answer: NDArray[Any], file: str) -> None:
    if not np.isfinite(answer).all():
        raise _bad_answer(
            file,
            "输出含有 NaN 或无穷大,请检查 input.scale、mean、std",
            "its output holds NaN or infinity; check input.scale, mean and std",
        )


def _check_probabilities(values: F4, file: str) -> None:
    if values.size and (values.min() < -_ROUNDING or values.max() > 1 + _ROUNDING):
        raise _bad_answer(
            file,
            f"输出应为 0 到 1 的概率,得到 {values.min():.3g} 到 {values.max():.3g};"
            '分割模型可写 output.values = "logits"',
            f"its output must be probabilities from 0 to 1, got {values.min():.3g} to "
            f'{values.max():.3g}; for a segmenter output.values = "logits" may be meant',
        )


def _bad_answer(file: str, zh: str, en: str) -> InputError:
    return InputError(
        f"模型“{file}”不可用:{zh}", f"the model {file!r} can't be used: {en}", code="bad_onnx"
    )
