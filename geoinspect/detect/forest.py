"""Ensembles of decision trees as plain arrays: evaluated by our own kernel, stored as numbers.

Trees are grown by scikit-learn and copied out. A stored model holds arrays only, so that opening
one from elsewhere can never run code (a pickle could).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

F4 = NDArray[np.float32]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]
I1 = NDArray[np.int8]

# Rows that walk down a tree together, and nodes a packed tree may have.
_ABREAST = 128
_MOST_PACKED = 32_767


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees whose leaves' values are added up.

    Attributes:
        feature: Tested feature of each node, −1 for a leaf; shape (nodes,).
        limit: A row goes left when its feature is ≤ this.
        left, right: Numbers of the nodes below; the same node at a leaf.
        value: What a leaf adds.
        roots: First node of each tree.
        start: What the sum starts from.
    """

    feature: I2
    limit: F4
    left: I4
    right: I4
    value: F4
    roots: I4
    start: float

    def of_rows(self, rows: NDArray[Any]) -> F4:
        """Return the sum over all trees for rows of shape (n, features)."""
        sums: F4 = _evaluate(
            rows,
            self.feature,
            self.limit,
            self.left,
            self.right,
            self.value,
            self.roots,
            np.float32(self.start),
        )
        return sums

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for a file."""
        return {
            f"{prefix}feature": self.feature,
            f"{prefix}limit": self.limit,
            f"{prefix}left": self.left,
            f"{prefix}right": self.right,
            f"{prefix}value": self.value,
            f"{prefix}roots": self.roots,
            f"{prefix}start": np.array([self.start], dtype=np.float32),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A forest for rows of int8: the same sums to the last bit, some four times as fast.

    Rows walk down a tree abreast and without branches: each node is one number, its children are
    neighbours, and a leaf leads to itself until the deepest row has arrived.

    Attributes:
        nodes: Feature (8 bits), limit + 128 (8 bits), left child counted from the tree's root.
        value: What a leaf adds.
        roots, depths: Of each tree.
        start: What the sum starts from.
    """

    nodes: I4
    value: F4
    roots: I4
    depths: I4
    start: float

    @classmethod
    def of(cls, forest: Forest) -> Packed:
        """Pack a forest of at most 256 features.

        Raises:
            ValueError: A tree has more than 32,767 nodes.
        """
        nodes = np.zeros(0, dtype=np.int32)
        value = np.zeros(0, dtype=np.float32)
        roots, depths = [], []
        for root in forest.roots:
            tree, order, depth = _packed_tree(forest, int(root))
            roots.append(len(nodes))
            depths.append(depth)
            nodes = np.concatenate([nodes, tree])
            value = np.concatenate([value, forest.value[order]])
        places = np.array(roots, dtype=np.int32), np.array(depths, dtype=np.int32)
        return cls(nodes, value, *places, forest.start)

    def of_rows(self, rows: I1) -> F4:
        """Return the sum over all trees for rows of shape (n, features)."""
        sums: F4 = _walk(
            rows, self.nodes, self.value, self.roots, self.depths, np.float32(self.start)
        )
        return sums


def _packed_tree(forest: Forest, root: int) -> tuple[I4, NDArray[np.int64], int]:
    """Return the nodes of one tree, their old numbers, and its depth."""
    order, depths = [root], [0]
    tree = []
    for at, old in enumerate(order):
        feature, limit, child = int(forest.feature[old]), 127, at
        if feature >= 0:
            limit = int(np.clip(np.floor(forest.limit[old]), -128, 127))
            child = len(order)
            for below in (int(forest.left[old]), int(forest.right[old])):
                order.append(below)
                depths.append(depths[at] + 1)
        tree.append(max(feature, 0) | (limit + 128) << 8 | child << 16)
        if len(order) > _MOST_PACKED:
            raise ValueError(f"a tree has more than {_MOST_PACKED} nodes")
    return np.array(tree, dtype=np.int32), np.array(order, dtype=np.int64), max(depths)


@njit(cache=True, nogil=True)
def _walk(rows: I1, nodes: I4, value: F4, roots: I4, depths: I4, start: np.float32) -> F4:
    out = np.empty(rows.shape[0], dtype=np.float32)
    at = np.zeros(_ABREAST, dtype=np.int32)
    for first in range(0, rows.shape[0], _ABREAST):
        many = min(_ABREAST, rows.shape[0] - first)
        out[first : first + many] = start
        for tree in range(len(roots)):
            root = roots[tree]
            at[:many] = root
            for _ in range(depths[tree]):
                for k in range(many):
                    node = nodes[at[k]]
                    right = np.int32(rows[first + k, node & 255]) > ((node >> 8) & 255) - 128
                    at[k] = root + (node >> 16) + np.int32(right)
            for k in range(many):
                out[first + k] += value[at[k]]
    return out


def boosted(model: Any) -> Forest:  # noqa: ANN401 - scikit-learn has no types
    """Return the trees of a binary ``HistGradientBoostingClassifier``; their sum is a logit."""
    trees = [predictor[0].nodes for predictor in model._predictors]
    parts = [
        (
            np.where(nodes["is_leaf"], -1, nodes["feature_idx"]),
            nodes["num_threshold"],
            nodes["left"],
            nodes["right"],
            nodes["value"],
        )
        for nodes in trees
    ]
    return _joined(parts, float(np.ravel(model._baseline_prediction)[0]))


def averaged(model: Any) -> Forest:  # noqa: ANN401 - scikit-learn has no types
    """Return the trees of a random forest of two classes; their sum is the share of the second."""
    trees = [tree.tree_ for tree in model.estimators_]
    parts = []
    for tree in trees:
        counts = tree.value[:, 0, :]
        share = counts[:, 1] / np.maximum(counts.sum(axis=1), 1e-12) / len(trees)
        inner = tree.children_left >= 0
        parts.append(
            (
                np.where(inner, tree.feature, -1),
                tree.threshold,
                np.maximum(tree.children_left, 0),
                np.maximum(tree.children_right, 0),
                share,
            )
        )
    return _joined(parts, 0.0)


def _joined(parts: Sequence[tuple[NDArray[Any], ...]], start: float) -> Forest:
    sizes = [len(part[0]) for part in parts]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    return Forest(
        feature=np.concatenate([part[0] for part in parts]).astype(np.int16),
        limit=np.concatenate([part[1] for part in parts]).astype(np.float32),
        left=np.concatenate(
            [p[2].astype(np.int64) + r for p, r in zip(parts, roots, strict=True)]
        ).astype(np.int32),
        right=np.concatenate(
            [p[3].astype(np.int64) + r for p, r in zip(parts, roots, strict=True)]
        ).astype(np.int32),
        value=np.concatenate([part[4] for part in parts]).astype(np.float32),
        roots=roots,
        start=start,
    )


@njit(cache=True, nogil=True)
def _evaluate(
    rows: NDArray[np.generic],
    feature: I2,
    limit: F4,
    left: I4,
    right: I4,
    value: F4,
    roots: I4,
    start: np.float32,
) -> F4:
    out = np.empty(rows.shape[0], dtype=np.float32)
    for i in range(rows.shape[0]):
        total = start
        for root in roots:
            node = root
            while feature[node] >= 0:
                low = rows[i, feature[node]] <= limit[node]
                node = left[node] if low else right[node]
            total += value[node]
        out[i] = total
    return out
