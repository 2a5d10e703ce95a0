"""Labels of what hangs together, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

I4 = NDArray[np.int32]


@njit(cache=True, nogil=True)
def label_pieces(marked: NDArray[np.bool_]) -> tuple[I4, int]:
    """Return pieces joined by edges, numbered from 1 in reading order, and how many there are."""
    rows, cols = marked.shape
    labels = np.zeros((rows, cols), dtype=np.int32)
    parent = np.zeros(rows * cols // 2 + 2, dtype=np.int32)
    used = 0
    for i in range(rows):
        for j in range(cols):
            if not marked[i, j]:
                continue
            above = labels[i - 1, j] if i > 0 else 0
            left = labels[i, j - 1] if j > 0 else 0
            if above == 0 and left == 0:
                used += 1
                parent[used] = used
                labels[i, j] = used
                continue
            if above == 0 or left == 0:
                labels[i, j] = above + left
                continue
            while parent[above] != above:
                above = parent[above]
            while parent[left] != left:
                left = parent[left]
            first = min(above, left)
            parent[max(above, left)] = first
            labels[i, j] = first
    number = np.zeros(used + 1, dtype=np.int32)
    count = 0
    for label in range(1, used + 1):
        root = label
        while parent[root] != root:
            root = parent[root]
        if root == label:
            count += 1
            number[label] = count
        else:
            number[label] = number[root]
    for i in range(rows):
        for j in range(cols):
            labels[i, j] = number[labels[i, j]]
    return labels, count
