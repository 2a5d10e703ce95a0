"""Masks of which most are full: only the others are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage import bits

I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]

_FULL = ~np.uint64(0)


@dataclass(frozen=True, eq=False)
class Masks:
    """Bit masks of one side, one a row; rows that are not listed are full.

    Attributes:
        count: Number of rows.
        side: Bits along a mask's side.
        part: Rows that are not full, ascending, shape (n,).
        part_bits: Their masks, shape (n, words).
    """

    count: int
    side: int
    part: I4
    part_bits: U8

    @classmethod
    def of(cls, dense: U8, side: int) -> Masks:
        """Return the masks of a plain array of shape (count, words)."""
        part = np.flatnonzero((dense != _FULL).any(axis=1)).astype(np.int32)
        return cls(len(dense), side, part, dense[part])

    @cached_property
    def dense(self) -> U8:
        """All masks as a plain array, shape (count, words)."""
        out = np.full((self.count, bits.words_of(self.side)), _FULL)
        out[self.part] = self.part_bits
        return out

    @cached_property
    def counts(self) -> I4:
        """Bits set in each mask, shape (count,)."""
        out = np.full(self.count, self.side**2, np.int32)
        out[self.part] = bits.count_bits(self.part_bits)
        return out

    def rows(self, wanted: NDArray[np.integer]) -> U8:
        """Return some masks as a plain array, shape (wanted, words)."""
        out = np.full((len(wanted), bits.words_of(self.side)), _FULL)
        if len(self.part):
            at = np.minimum(np.searchsorted(self.part, wanted), len(self.part) - 1)
            listed = self.part[at] == wanted
            out[listed] = self.part_bits[at[listed]]
        return out
