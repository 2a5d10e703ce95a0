"""Which pixels of one colour hang together with the border of a picture."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def border_pieces(marked: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the pieces that touch the border, joined by edges or corners.

    A flood from each border pixel: the time grows with the pixels alone, whatever their shape,
    which tracing outlines does not promise (a speckled picture took a minute that way).

    Args:
        marked: Shape (h, w).

    Returns:
        Number of the piece of each pixel, 0 elsewhere, shape (h, w); pixels of each piece by its
        number, shape (pieces + 1,), the first 0.
    """
    rows, cols = marked.shape
    labels = np.zeros((rows, cols), dtype=np.int32)
    sizes = np.zeros(2 * (rows + cols) + 1, dtype=np.int64)
    waiting = np.empty((rows * cols, 2), dtype=np.int32)
    count = 0
    for row in range(rows):
        inner_row = 0 < row < rows - 1
        for col in range(0, cols, max(cols - 1, 1) if inner_row else 1):
            if not marked[row, col] or labels[row, col] != 0:
                continue
            count += 1
            labels[row, col] = count
            waiting[0, 0], waiting[0, 1] = row, col
            held = 1
            while held > 0:
                held -= 1
                i, j = waiting[held, 0], waiting[held, 1]
                sizes[count] += 1
                for k in range(max(i - 1, 0), min(i + 2, rows)):
                    for m in range(max(j - 1, 0), min(j + 2, cols)):
                        if marked[k, m] and labels[k, m] == 0:
                            labels[k, m] = count
                            waiting[held, 0], waiting[held, 1] = k, m
                            held += 1
    return labels, sizes[: count + 1]
