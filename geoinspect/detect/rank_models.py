"""Ranking models that can be kept, checked and moved: verdicts, their survey's scale, figures.

A model of :mod:`.learn` is its verdicts: there is nothing else to keep, so that models of several
surveys are joined by joining verdicts, and a kept one can be made again from its labels.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.learn import Figures, Verdicts, relearn
from geoinspect.errors import InputError

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I8 = NDArray[np.int64]

# Neighbours look alike: what is told apart must not lie beside what was learnt from.
BLOCK_M = 50.0
_FOLDS = 5
_TOP = (10, 25, 50)
# Of figures drawn from one survey 2 % lie beyond its first and ninety-ninth percentile; five times
# that, or a median figure a spread away, is another kind of ground, camera or light. Both are
# set by judgement, not measured.
MOST_BEYOND, MOST_SHIFT = 0.10, 1.0
_EDGES = (1, 99)
_MOST_FIGURES, _MOST_VERDICTS = 2000, 20_000
_ARRAYS = ("features", "start", "poppy", "middle", "spread", "least", "most")


@dataclass(frozen=True, slots=True, eq=False)
class RankModel:
    """What one survey's answers teach.

    Attributes:
        verdicts: Of m candidates with f figures.
        scale: Of all candidates of that survey.
        least, most: First and ninety-ninth percentile of their figures, shape (f,).
    """

    verdicts: Verdicts
    scale: Figures
    least: F8
    most: F8

    @classmethod
    def of(cls, verdicts: Verdicts, features: NDArray[np.floating]) -> RankModel:
        """Return the model of a survey with candidates of shape (n, f), n ≥ 1."""
        least, most = np.percentile(features.astype(np.float64), _EDGES, axis=0)
        return cls(verdicts, Figures.of(features), least, most)

    def packed(self) -> bytes:
        """Return the arrays as npz."""
        out = io.BytesIO()
        np.savez_compressed(
            out,
            features=np.asarray(self.verdicts.features, np.float32),
            start=self.verdicts.start,
            poppy=self.verdicts.poppy,
            middle=self.scale.middle,
            spread=self.scale.spread,
            least=self.least,
            most=self.most,
        )
        return out.getvalue()

    @classmethod
    def unpacked(cls, data: bytes) -> RankModel:
        """Return the model that :meth:`packed` wrote; no object of Python is ever read.

        Raises:
            InputError: The bytes are no such model.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in _ARRAYS}
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise _no_model() from error
        count, figures = (*arrays["features"].shape, 0, 0)[:2]
        shapes = {"features": (count, figures), "start": (count,), "poppy": (count,)}
        sound = (
            0 < figures <= _MOST_FIGURES
            and count <= _MOST_VERDICTS
            and all(arrays[k].shape == shapes.get(k, (figures,)) for k in _ARRAYS)
            and arrays["poppy"].dtype == bool
            and all(arrays[k].dtype.kind == "f" for k in _ARRAYS if k != "poppy")
            and all(np.isfinite(arrays[k]).all() for k in _ARRAYS)
            and bool((arrays["spread"] > 0).all())
        )
        if not sound:
            raise _no_model()
        verdicts = Verdicts(arrays["features"], arrays["start"], arrays["poppy"])
        scale = Figures(arrays["middle"], arrays["spread"])
        return cls(verdicts, scale, arrays["least"], arrays["most"])


@dataclass(frozen=True, slots=True)
class Fit:
    """How far candidates resemble those that a model was made on.

    Attributes:
        beyond: Share of their figures beyond the model's first and ninety-ninth percentile.
        shift: Median over the figures of how far the medians lie apart, in the model's spreads.
    """

    beyond: float
    shift: float

    @property
    def fits(self) -> bool:
        """Whether both are within what is taken for one kind of picture."""
        return self.beyond <= MOST_BEYOND and self.shift <= MOST_SHIFT


def fit_of(model: RankModel, features: NDArray[np.floating]) -> Fit:
    """Return how well a model fits candidates of shape (n, f), n ≥ 1."""
    beyond = (features < model.least) | (features > model.most)
    apart = np.abs(np.median(features, axis=0) - model.scale.middle) / model.scale.spread
    return Fit(float(beyond.mean()), float(np.median(apart)))


def joined(parts: Sequence[Verdicts]) -> Verdicts:
    """Return the verdicts of all parts, in their order; all have the same figures."""
    return Verdicts(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.poppy for part in parts]),
    )


def blocked_figures(verdicts: Verdicts, x_m: F8, y_m: F8) -> dict[str, object]:
    """Return how well the learnt order holds on ground it has not seen, beside the detector's.

    Blocks of 50 m are dealt to five parts; each part is told from the other four. ``log_loss`` is
    per verdict in nats; ``recall`` is the share of the patches among the first k of all verdicts.

    Args:
        verdicts: Of m candidates.
        x_m, y_m: Where they lie, metres on one plane, shape (m,).

    Returns:
        ``reason`` in place of the figures where there is too little to tell.
    """
    poppy = verdicts.poppy
    part = _parts(x_m, y_m)
    told: dict[str, object] = {
        "verdicts": len(poppy),
        "poppy": int(poppy.sum()),
        "block_m": BLOCK_M,
        "parts": len(np.unique(part)),
    }
    if not poppy.any() or poppy.all():
        return told | {"reason": "one_kind"}
    if len(np.unique(part)) < 2:
        return told | {"reason": "one_block"}
    learnt = np.empty(len(poppy))
    for number in np.unique(part):
        held = part == number
        known = Verdicts(verdicts.features[~held], verdicts.start[~held], verdicts.poppy[~held])
        learnt[held] = relearn(verdicts.features[held], verdicts.start[held], known).chance
    first = 0.5 * (1 + np.tanh(0.5 * verdicts.start))
    return told | {"learnt": _scored(learnt, poppy), "detector": _scored(first, poppy)}


def _parts(x_m: F8, y_m: F8) -> I8:
    """Return the part of each place: its block's, dealt in reading order of the blocks."""
    blocks = np.column_stack([np.floor(y_m / BLOCK_M), np.floor(x_m / BLOCK_M)]).astype(np.int64)
    _, number = np.unique(blocks, axis=0, return_inverse=True)
    part: I8 = number.ravel() % _FOLDS
    return part


def _scored(chance: F8, poppy: NDArray[np.bool_]) -> dict[str, object]:
    sure = np.clip(chance, 1e-6, 1 - 1e-6)
    loss = -np.where(poppy, np.log(sure), np.log1p(-sure)).mean()
    hits = np.cumsum(poppy[np.argsort(-chance, kind="stable")])
    recall = {str(k): float(hits[k - 1] / poppy.sum()) for k in _TOP if k <= len(poppy)}
    return {"log_loss": float(loss), "recall": recall}


def local_metres(lon: F8, lat: F8) -> tuple[F8, F8]:
    """Return places as metres on a plane round their middle, good for a few tens of km."""
    if not len(lon):
        return lon, lat
    metres = 111_320.0
    return (
        (lon - lon.mean()) * metres * math.cos(math.radians(float(lat.mean()))),
        (lat - lat.mean()) * metres,
    )


def _no_model() -> InputError:
    return InputError(
        "排序模型已损坏或不是本程序所写:请在该航测上重新生成",
        "the ranking model is damaged or not ours: make it again on its survey",
        code="bad_model",
    )
