"""The book of looks: what every source saw of a campaign, side by side in arrays.

A question (as of a day, one unit, only on foot) is a choice of looks; its answer is one pass of a
kernel over the chosen ones. Nothing is swept again for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage import bits
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.laws import exposure
from geoinspect.coverage.looks import Look
from geoinspect.search_records import DetectionLaw, Method

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]
Flags = NDArray[np.bool_]

METHODS = tuple(Method)


@dataclass(frozen=True, slots=True, eq=False)
class LookBook:
    """Looks one after another; a *visit* is one look at one cell.

    Attributes:
        starts: First visit of each look, and the number of visits at the end, (looks + 1,).
        method: Index into :data:`METHODS`, (looks,).
        cell: Cell of each visit, (visits,).
        masks: Bits of ground seen, (visits, words).
        length_m, effort: Metres walked, and C = W·L/A, (visits,); 0 for pictures.
        exposure: −ln(1 − POD) of the visit, (visits,).
        last_s: Latest time, epoch seconds, NaN where unknown, (visits,).
    """

    starts: NDArray[np.int64]
    method: NDArray[np.int8]
    cell: I4
    masks: U8
    length_m: F8
    effort: F8
    exposure: F8
    last_s: F8

    def __len__(self) -> int:
        return len(self.method)

    @classmethod
    def of(
        cls, ground: Ground, looks: Iterable[tuple[Method, Look]], law: DetectionLaw
    ) -> LookBook:
        """Return the book of looks at one ground; visits outside it are left out."""
        pages = [_page(ground, method, look, law) for method, look in looks]
        if not pages:
            pages = [cls._empty(ground)]
        return cls._bound(pages)

    def with_looks(
        self, ground: Ground, looks: Iterable[tuple[Method, Look]], law: DetectionLaw
    ) -> LookBook:
        """Return this book with more looks at its end."""
        return self._bound([self, *(_page(ground, method, look, law) for method, look in looks)])

    @classmethod
    def _bound(cls, books: Sequence[LookBook]) -> LookBook:
        if len(books) == 1:
            return books[0]
        sizes = np.concatenate([np.diff(book.starts) for book in books])
        joined = {
            name: np.concatenate([getattr(book, name) for book in books])
            for name in ("method", "cell", "masks", "length_m", "effort", "exposure", "last_s")
        }
        return cls(starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), **joined)

    @classmethod
    def _empty(cls, ground: Ground) -> LookBook:
        words = ground.words
        nothing = np.empty(0)
        return cls(
            np.zeros(1, np.int64),
            np.empty(0, np.int8),
            np.empty(0, np.int32),
            np.empty((0, words), np.uint64),
            nothing,
            nothing,
            nothing,
            nothing,
        )

    def look_of_visit(self) -> I4:
        """Return the look of each visit, shape (visits,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.starts))


def _page(ground: Ground, method: Method, look: Look, law: DetectionLaw) -> LookBook:
    cell = ground.find(look.row, look.col)
    known = cell >= 0
    cell, masks = cell[known], look.masks[known]
    length_m = look.length_m[known].astype(np.float64)
    if np.isnan(look.pod):
        effort = look.width_m[known] * length_m / ground.cell_m2[cell]
        exposed = exposure(effort, law)
    else:
        share = bits.count_bits(masks) / np.maximum(ground.cell_masks.counts[cell], 1)
        effort = np.zeros(len(cell))
        with np.errstate(divide="ignore"):
            # Adding zero turns −0.0 into 0.0.
            exposed = -np.log1p(-look.pod * share) + 0.0
    return LookBook(
        starts=np.array([0, len(cell)], np.int64),
        method=np.array([METHODS.index(method)], np.int8),
        cell=cell,
        masks=masks,
        length_m=length_m,
        effort=effort,
        exposure=exposed,
        last_s=look.last_s[known],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What the chosen looks add up to.

    Attributes:
        seen_bits: (cells, words).
        length_m, effort: (cells,).
        methods: Methods of which some look counts.
        exposure: By method, (methods, cells).
        passes: (cells,).
        last_s: NaN where never or unknown, (cells,).
    """

    seen_bits: U8
    length_m: F8
    effort: F8
    methods: tuple[Method, ...]
    exposure: F8
    passes: I4
    last_s: F8


def tally(ground: Ground, book: LookBook, counts: Flags, kind_of_cell: NDArray[np.int16]) -> Tally:
    """Return what looks add up to. Their order does not matter.

    Args:
        ground: The campaign's cells.
        book: Its looks.
        counts: Whether a look counts in cells of a kind, shape (looks, kinds).
        kind_of_cell: Kind of each cell (say, how far its plants are), shape (cells,).
    """
    n = len(ground.cell_row)
    present = np.unique(book.method[counts.any(axis=1)])
    place = np.zeros(len(METHODS), np.int8)
    place[present] = np.arange(len(present))
    out = Tally(
        np.zeros((n, ground.words), np.uint64),
        np.zeros(n),
        np.zeros(n),
        tuple(METHODS[k] for k in present),
        np.zeros((len(present), n)),
        np.zeros(n, np.int32),
        np.full(n, np.nan),
    )
    _add_up(
        book.starts,
        place[book.method],
        book.cell,
        book.masks,
        book.length_m,
        book.effort,
        book.exposure,
        book.last_s,
        counts,
        kind_of_cell,
        out.seen_bits,
        out.length_m,
        out.effort,
        out.exposure,
        out.passes,
        out.last_s,
    )
    return out


@numba.njit(cache=True, nogil=True)
def _add_up(
    starts: NDArray[np.int64],
    method: NDArray[np.int8],
    cell: I4,
    masks: U8,
    length_m: F8,
    effort: F8,
    exposed: F8,
    last_s: F8,
    counts: Flags,
    kind_of_cell: NDArray[np.int16],
    seen: U8,
    total_m: F8,
    total_effort: F8,
    total_exposure: F8,
    passes: I4,
    newest_s: F8,
) -> None:
    words = seen.shape[1]
    for k in range(len(method)):
        if not counts[k].any():
            continue
        for v in range(starts[k], starts[k + 1]):
            c = cell[v]
            if not counts[k, kind_of_cell[c]]:
                continue
            for w in range(words):
                seen[c, w] |= masks[v, w]
            total_m[c] += length_m[v]
            total_effort[c] += effort[v]
            total_exposure[method[k], c] += exposed[v]
            passes[c] += 1
            if last_s[v] > newest_s[c] or np.isnan(newest_s[c]):
                newest_s[c] = last_s[v]
