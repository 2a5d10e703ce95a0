"""From looks to cells: seen share, effort, probability of detection and state.

Effort ``C = Σ W·L / A`` over lines; ``POD = 1 − e^(−C) · Π (1 − P·f)`` over lines and pictures,
where ``f`` is the share of the cell's ground in the picture and ``P`` its detection rate
(Koopman's random search; independent looks). A cell is *covered* when at least half of it was
seen, *cleared* when it is covered and its POD is at least 0.8 (both are settings).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage import bits
from geoinspect.coverage.book import LookBook, Tally, tally
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.looks import Look
from geoinspect.records import CellState
from geoinspect.search_records import DetectionLaw, Method

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]

STATES = (CellState.UNSEEN, CellState.TOUCHED, CellState.COVERED, CellState.CLEARED)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What makes a cell covered (seen share) and cleared (POD)."""

    covered: float = 0.5
    cleared: float = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """One row a cell of a ground, in its order; every array has shape (cells,) but two.

    Attributes:
        seen_fraction: Share of the cell's ground seen, 0–1.
        length_m: Metres walked on it, every pass counted.
        coverage: Effort C, unitless.
        pod: Probability that a target there would have been found, 0–1.
        passes: Sources that saw it.
        last_seen_s: Epoch seconds of the latest look, NaN when never or unknown.
        state: Index into :data:`STATES`, the highest reached.
        seen_bits: Bits seen, shape (cells, words).
        methods: Methods that the looks were made by.
        exposure: −ln(1 − POD) by method, shape (methods, cells).
    """

    seen_fraction: F8
    length_m: F8
    coverage: F8
    pod: F8
    passes: I4
    last_seen_s: F8
    state: NDArray[np.int8]
    seen_bits: U8
    methods: tuple[Method, ...]
    exposure: F8


def combine(
    ground: Ground,
    looks: Iterable[Look],
    thresholds: Thresholds,
    law: DetectionLaw = DetectionLaw.RANDOM_SEARCH,
) -> CellTable:
    """Return what all looks together say of every cell. The order of looks does not matter."""
    methods = ((Method.FOOT if np.isnan(look.pod) else Method.SURVEY, look) for look in looks)
    book = LookBook.of(ground, methods, law)
    counts = np.ones((len(book), 1), np.bool_)
    kinds = np.zeros(len(ground.cell_row), np.int16)
    return table_of(ground, tally(ground, book, counts, kinds), thresholds)


def table_of(ground: Ground, found: Tally, thresholds: Thresholds) -> CellTable:
    """Return the figures of every cell from what its looks add up to."""
    # Of most cells of a young campaign nothing is known: only the others are worked out.
    looked = np.flatnonzero(found.passes)
    seen, pod = np.zeros(len(ground.cell_row)), np.zeros(len(ground.cell_row))
    state = np.zeros(len(ground.cell_row), np.int8)
    of_ground = np.maximum(ground.cell_masks.counts[looked], 1)
    seen[looked] = bits.count_bits(found.seen_bits[looked]) / of_ground
    # Adding zero turns the −0.0 of a picture that finds nothing into 0.0.
    pod[looked] = -np.expm1(-found.exposure[:, looked].sum(axis=0)) + 0.0
    state[looked] = states(seen[looked], pod[looked], thresholds)
    return CellTable(
        seen_fraction=seen,
        length_m=found.length_m,
        coverage=found.effort,
        pod=pod,
        passes=found.passes,
        last_seen_s=found.last_s,
        state=state,
        seen_bits=found.seen_bits,
        methods=found.methods,
        exposure=found.exposure,
    )


def states(seen_fraction: F8, pod: F8, thresholds: Thresholds) -> NDArray[np.int8]:
    """Return the highest state of each cell as an index into :data:`STATES`."""
    touched = seen_fraction > 0
    covered = touched & (seen_fraction >= thresholds.covered)
    cleared = covered & (pod >= thresholds.cleared)
    return (touched.astype(np.int8) + covered + cleared).astype(np.int8)
