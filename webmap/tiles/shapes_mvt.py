"""Writing vector tiles (Mapbox Vector Tile 2.1) from arrays, thousands of features at a time.

Source: https://github.com/mapbox/vector-tile-spec/tree/master/2.1. Everything in a feature is a
base-128 number ("varint"), so a layer's features are laid out as one array of numbers and turned
into bytes at once. The tests hold it against the package mapbox-vector-tile.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096
_VERSION = 2
# Field number × 8 + kind of what follows: 0 is a varint, 1 eight bytes, 2 a length and bytes.
_LAYER, _NAME, _FEATURE, _KEY, _VALUE = 26, 10, 18, 26, 34
_ID, _TAGS, _TYPE, _GEOMETRY = 8, 18, 24, 34
_EXTENT_FIELD, _VERSION_FIELD = 40, 120
_STRING, _DOUBLE, _SINT = 10, 25, 48
_MOVE_ONE, _LINE, _CLOSE = 9, 2, 15

I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Form(IntEnum):
    """What a geometry is."""

    POINT = 1
    LINE = 2
    POLYGON = 3


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Geometries of f features in tile units, 0 to 4096 from the north-west corner.

    Attributes:
        xy: Vertices of all parts one after another, shape (n, 2); a ring's last is not its first.
        parts: Where each part begins in ``xy``, and n; shape (p + 1,). A point has one vertex, a
            line two or more, a ring three or more.
        features: Where each feature begins in the parts, and p; shape (f + 1,).
    """

    form: Form
    xy: I8
    parts: I8
    features: I8

    def __len__(self) -> int:
        return len(self.features) - 1

    @classmethod
    def points(cls, xy: I8) -> Drawn:
        """Return one point a feature, given shape (f, 2)."""
        each = np.arange(len(xy) + 1, dtype=np.int64)
        return cls(Form.POINT, xy, each, each)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A property of f features.

    Attributes:
        values: Whole numbers, floats or text, shape (f,).
        present: Which features have it; None is all. Shape (f,).
    """

    name: str
    values: NDArray[np.int64] | NDArray[np.float64] | NDArray[np.str_]
    present: Mask | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A named layer; ``ids`` are whole numbers from 0 on, shape (f,), None without."""

    name: str
    drawn: Drawn
    columns: Sequence[Column] = ()
    ids: I8 | None = None


def encode(layers: Sequence[Layer]) -> bytes:
    """Return a tile of the layers that have features; nothing for an empty tile."""
    return b"".join(_field(_LAYER, _layer(layer)) for layer in layers if len(layer.drawn))


def _layer(layer: Layer) -> bytes:
    tags, offsets, values = _tags(layer)
    return b"".join(
        (
            _field(_NAME, _utf8(layer.name)),
            _features(layer, tags, offsets).tobytes(),
            *(_field(_KEY, _utf8(column.name)) for column in layer.columns),
            values,
            bytes((_EXTENT_FIELD,)) + _varint(EXTENT),
            bytes((_VERSION_FIELD, _VERSION)),
        )
    )


def _features(layer: Layer, tags: I8, tags_at: I8) -> U1:
    """Return the bytes of all features of a layer."""
    drawn = layer.drawn
    count = len(drawn)
    ids = np.zeros(count, np.int64) if layer.ids is None else layer.ids
    shapes, shapes_at = _commands(drawn)
    tags_bytes = _sums(_lengths(tags), tags_at)
    shape_bytes = _sums(_lengths(shapes), shapes_at)
    body = 1 + _lengths(ids)
    body += 1 + _lengths(tags_bytes) + tags_bytes
    body += 2 + 1 + _lengths(shape_bytes) + shape_bytes
    tag_count, shape_count = np.diff(tags_at), np.diff(shapes_at)
    at = np.concatenate([[0], np.cumsum(10 + tag_count + shape_count)])
    out = np.empty(at[-1], np.int64)
    first = at[:-1]
    for offset, numbers in enumerate((_FEATURE, body, _ID, ids, _TAGS, tags_bytes)):
        out[first + offset] = numbers
    out[_places(first + 6, tag_count)] = tags
    behind = first + 6 + tag_count
    for offset, numbers in enumerate((_TYPE, int(drawn.form), _GEOMETRY, shape_bytes)):
        out[behind + offset] = numbers
    out[_places(behind + 4, shape_count)] = shapes
    return _varints(out)


def _commands(drawn: Drawn) -> tuple[I8, I8]:
    """Return the drawing commands of all features, and where each feature's begin."""
    parts, features = drawn.parts, drawn.features
    steps = drawn.xy.astype(np.int64, copy=True)
    steps[1:] -= drawn.xy[:-1]
    # The pen starts each feature at the corner of the tile.
    begins = parts[features[:-1]]
    steps[begins] = drawn.xy[begins]
    steps = (steps << 1) ^ (steps >> 63)
    vertices = np.diff(parts)
    if drawn.form is Form.POINT:
        counts = np.full(len(vertices), 3, np.int64)
    else:
        counts = 2 * vertices + 2 + (drawn.form is Form.POLYGON)
    at = np.concatenate([[0], np.cumsum(counts)])
    out = np.empty(at[-1], np.int64)
    out[at[:-1]] = _MOVE_ONE
    part_of = np.repeat(np.arange(len(vertices)), vertices)
    number = np.arange(len(steps)) - parts[part_of]
    # Behind the first vertex of a part stands the command that draws the rest.
    where = at[part_of] + 1 + 2 * number + (number > 0)
    out[where], out[where + 1] = steps[:, 0], steps[:, 1]
    if drawn.form is not Form.POINT:
        out[at[:-1] + 3] = _LINE | ((vertices - 1) << 3)
    if drawn.form is Form.POLYGON:
        out[at[1:] - 1] = _CLOSE
    return out, at[features]


def _tags(layer: Layer) -> tuple[I8, I8, bytes]:
    """Return each feature's pairs of key and value, where they begin, and the table of values."""
    count, width = len(layer.drawn), len(layer.columns)
    pairs = np.zeros((count, width, 2), np.int64)
    present = np.ones((count, width), np.bool_)
    table, known = [], 0
    for kind in "Uif":
        mine = [k for k, column in enumerate(layer.columns) if column.values.dtype.kind == kind]
        if not mine:
            continue
        words, codes = np.unique(
            np.concatenate([layer.columns[k].values for k in mine]), return_inverse=True
        )
        for k, part in zip(mine, codes.reshape(len(mine), count), strict=True):
            pairs[:, k, 0], pairs[:, k, 1] = k, known + part
        table.append(_value_table(words))
        known += len(words)
    for k, column in enumerate(layer.columns):
        if column.present is not None:
            present[:, k] = column.present
    offsets = np.concatenate([[0], np.cumsum(2 * present.sum(axis=1))])
    return pairs[present].ravel(), offsets, b"".join(table)


def _value_table(values: NDArray[np.generic]) -> bytes:
    if values.dtype.kind == "U":
        texts = (_field(_STRING, _utf8(str(text))) for text in values)
        return b"".join(_field(_VALUE, text) for text in texts)
    if values.dtype.kind == "f":
        rows = np.empty((len(values), 11), np.uint8)
        rows[:, :3] = _VALUE, 9, _DOUBLE
        rows[:, 3:] = values.astype("<f8")[:, None].view(np.uint8)
        return rows.tobytes()
    numbers = values.astype(np.int64)
    zigzag = (numbers << 1) ^ (numbers >> 63)
    fields = np.full((len(numbers), 4), _VALUE, np.int64)
    fields[:, 1], fields[:, 2], fields[:, 3] = 1 + _lengths(zigzag), _SINT, zigzag
    return _varints(fields.ravel()).tobytes()


def _places(first: I8, counts: I8) -> I8:
    """Return ``first[k], first[k] + 1, …`` for each k, as many as its count."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - counts), counts) + np.arange(total)


def _sums(numbers: I8, at: I8) -> I8:
    whole = np.concatenate([[0], np.cumsum(numbers)])
    return np.asarray(whole[at[1:]] - whole[at[:-1]], np.int64)


def _lengths(numbers: I8) -> I8:
    """Return how many bytes each number takes."""
    found = np.ones(len(numbers), np.int64)
    top = int(numbers.max()) if len(numbers) else 0
    for shift in range(7, top.bit_length(), 7):
        found += numbers >> shift > 0
    return found


def _varints(numbers: I8) -> U1:
    """Return numbers from 0 on as varints, one behind another."""
    lengths = _lengths(numbers)
    ends = np.cumsum(lengths)
    out = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    starts = ends - lengths
    which = np.arange(len(numbers))
    for k in range(int(lengths.max(initial=0))):
        which = which[lengths[which] > k]
        more = (lengths[which] > k + 1).astype(np.int64) << 7
        out[starts[which] + k] = (numbers[which] >> (7 * k)) & 127 | more
    return out


def _varint(number: int) -> bytes:
    return _varints(np.array([number], np.int64)).tobytes()


def _field(head: int, content: bytes) -> bytes:
    return struct.pack("B", head) + _varint(len(content)) + content


def _utf8(text: str) -> bytes:
    """Return text as UTF-8; half a surrogate pair, which UTF-8 has no bytes for, as a mark."""
    return text.encode("utf-8", "replace")
