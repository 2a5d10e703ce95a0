"""A ranking of cues as a file: two forests of plain numbers, checked before anything runs on them."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.forest import Forest, Packed
from geoinspect.detect.objects import FEATURES
from geoinspect.detect.sheets import evidence_of
from geoinspect.errors import InputError, Text

F4 = NDArray[np.float32]
I1 = NDArray[np.int8]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]
Mask = NDArray[np.bool_]

# Dimensions and type of each array of a forest.
_FORM = {
    "feature": (1, np.dtype(np.int16)),
    "limit": (1, np.dtype(np.float32)),
    "left": (1, np.dtype(np.int32)),
    "right": (1, np.dtype(np.int32)),
    "value": (1, np.dtype(np.float32)),
    "roots": (1, np.dtype(np.int32)),
    "start": (1, np.dtype(np.float32)),
}
_MOST_NODES = 2_000_000
# A tree of a million rows parted in halves is 20 deep; ours have 10 and 120 of them.
_MOST_TREES, _MOST_DEPTH = 5_000, 64
_LONGEST_NAME = 60
_MOST_BYTES = 100_000_000
_MOST_UNPACKED_BYTES = 200_000_000
_MOST_LOGIT = 1e6
# What NumPy, zipfile and json raise on files that were made to hurt.
_FAULTS = (
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """How blocks and objects are judged.

    Attributes:
        name: Of the detector, in results.
        blocks: Logit of a block from its levels.
        objects: Logit of an object from its figures.
        about: What it was trained on, and its figures.
        packed: The blocks' forest in its fast form.
    """

    name: str
    blocks: Forest
    objects: Forest
    about: Mapping[str, Any] = field(default_factory=dict)
    packed: Packed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # A frozen record can't be filled in any other way.
        object.__setattr__(self, "packed", Packed.of(self.blocks))

    def evidence(self, levels: I1, judged: Mask) -> I2:
        """Return the evidence of blocks; see :class:`.sheets.Judge`."""
        return evidence_of(levels, judged, self.packed)

    def logits(self, figures: F4) -> F4:
        """Return the logits of objects."""
        return self.objects.of_rows(figures)

    def save(self, path: Path) -> None:
        """Write it as a NumPy archive of numbers and one JSON text."""
        about = {"name": self.name, "cues": CUES, "figures": FEATURES, **self.about}
        text = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8)
        arrays: dict[str, Any] = {**self.blocks.arrays("block_"), **self.objects.arrays("object_")}
        np.savez_compressed(path, about=text, **arrays)


@cache
def shipped() -> Ranking:
    """Return the ranking that comes with geoinspect."""
    with resources.files("geoinspect.data").joinpath("cue_ranking.npz").open("rb") as stream:
        return _read(stream, "cues")


def load(path: Path) -> Ranking:
    """Open a ranking that somebody gave.

    Raises:
        InputError: It is no such file, was made for other cues, or its trees don't hang together.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _unfit(path.name, Text("文件大于 100 MB", "larger than 100 MB"))
        with path.open("rb") as stream:
            with zipfile.ZipFile(stream) as archive:
                if sum(one.file_size for one in archive.infolist()) > _MOST_UNPACKED_BYTES:
                    raise _unfit(
                        path.name, Text("解压后大于 200 MB", "more than 200 MB when unpacked")
                    )
            stream.seek(0)
            return _read(stream, path.name)
    except OSError as error:
        raise _unfit(path.name, Text("文件打不开", "the file can't be opened")) from error
    except _FAULTS as error:
        why = Text("文件损坏,或不是本软件写出的", "it is damaged, or not written by geoinspect")
        raise _unfit(path.name, why) from error


def _read(stream: IO[bytes], name: str) -> Ranking:
    with np.load(stream, allow_pickle=False) as data:
        about = json.loads(bytes(data["about"]))
        if tuple(about["cues"]) != CUES or tuple(about["figures"]) != FEATURES:
            raise _unfit(
                name,
                Text("由另一版本按另一套线索训练", "made for other cues by another version"),
            )
        forests = {
            prefix: _forest({part: data[f"{prefix}_{part}"] for part in _FORM}, width, name)
            for prefix, width in (("block", len(CUES)), ("object", len(FEATURES)))
        }
    known = {"name", "cues", "figures"}
    rest = {key: value for key, value in about.items() if key not in known}
    title = about["name"]
    if not (isinstance(title, str) and title.isprintable() and 0 < len(title) <= _LONGEST_NAME):
        raise _unfit(
            name,
            Text(
                f"名称须为 1 至 {_LONGEST_NAME} 个可打印字符",
                f"its name must have 1 to {_LONGEST_NAME} printable letters",
            ),
        )
    return Ranking(title, forests["block"], forests["object"], rest)


def _forest(parts: Mapping[str, NDArray[Any]], width: int, name: str) -> Forest:
    """Return a forest whose every step stays inside its arrays and ends."""
    if {key: (part.ndim, part.dtype) for key, part in parts.items()} != _FORM:
        raise _unfit(name, Text("数组类型不符", "its arrays have other types"))
    feature, left, right = parts["feature"], parts["left"], parts["right"]
    value, roots = parts["value"], parts["roots"]
    nodes = len(feature)
    own = np.arange(nodes)
    inner = feature >= 0
    sound = (
        0 < len(roots) <= min(nodes, _MOST_TREES)
        and nodes <= _MOST_NODES
        and all(len(parts[k]) == nodes for k in ("limit", "left", "right", "value"))
        and len(parts["start"]) == 1
        and bool(np.all(feature < width))
        # Children come after their parents, so every way down ends.
        and bool(np.all((left[inner] > own[inner]) & (left[inner] < nodes)))
        and bool(np.all((right[inner] > own[inner]) & (right[inner] < nodes)))
        and bool(np.all((roots >= 0) & (roots < nodes)))
        and _are_trees(left[inner], right[inner], roots)
        and _depth(feature, left, right, roots) <= _MOST_DEPTH
        and bool(np.isfinite(parts["limit"]).all())
        # Also false for what is no number.
        and bool(np.all(np.abs(np.concatenate([value, parts["start"]])) <= _MOST_LOGIT))
    )
    if not sound:
        raise _unfit(name, Text("树的结构不成立", "its trees don't hang together"))
    start = float(parts["start"][0])
    return Forest(feature, parts["limit"], left, right, value, roots, start)


def _are_trees(left: I4, right: I4, roots: I4) -> bool:
    """Return whether every node is a root or hangs below one other node at most."""
    below = np.concatenate([left, right, roots])
    return len(np.unique(below)) == len(below)


def _depth(feature: I2, left: I4, right: I4, roots: I4) -> int:
    """Return how many steps lead from a root to the deepest leaf, counted to one beyond the limit."""
    at = roots
    for depth in range(_MOST_DEPTH + 1):
        inner = at[feature[at] >= 0]
        if not len(inner):
            return depth
        at = np.concatenate([left[inner], right[inner]])
    return _MOST_DEPTH + 1


def _unfit(name: str, why: Text) -> InputError:
    return InputError(
        f"“{name}”不是可用的排序模型({why.zh}):请使用本软件导出的 .npz 模型",
        f"{name!r} is no usable ranking ({why.en}): give a .npz that geoinspect wrote",
        code="bad_model",
    )
