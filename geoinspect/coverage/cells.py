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
from geoinspect.coverage.ground import Ground
from geoinspect.coverage.looks import Look
from geoinspect.records import CellState

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
    """One row a cell of a ground, in its order; every array has shape (cells,) but ``seen_bits``.

    Attributes:
        seen_fraction: Share of the cell's ground seen, 0–1.
        length_m: Metres walked on it, every pass counted.
        coverage: Effort C, unitless.
        pod: Probability that a target there would have been found, 0–1.
        passes: Sources that saw it.
        last_seen_s: Epoch seconds of the latest look, NaN when never or unknown.
        state: Index into :data:`STATES`, the highest reached.
        seen_bits: Bits seen, shape (cells, words).
    """

    seen_fraction: F8
    length_m: F8
    coverage: F8
    pod: F8
    passes: I4
    last_seen_s: F8
    state: NDArray[np.int8]
    seen_bits: U8


def combine(ground: Ground, looks: Iterable[Look], thresholds: Thresholds) -> CellTable:
    """Return what all looks together say of every cell. The order of looks does not matter."""
    n = len(ground.cell_row)
    seen_bits = np.zeros_like(ground.cell_bits)
    ground_count = bits.count_bits(ground.cell_bits)
    length_m, effort, log_miss = np.zeros(n), np.zeros(n), np.zeros(n)
    passes, last_s = np.zeros(n, np.int32), np.full(n, -np.inf)
    for look in looks:
        cell = ground.find(look.row, look.col)
        known = cell >= 0
        cell, masks = cell[known], look.masks[known]
        bits.or_into(seen_bits, cell, masks)
        length_m[cell] += look.length_m[known]
        if np.isnan(look.pod):
            swept_m2 = look.width_m[known] * look.length_m[known]
            effort[cell] += swept_m2 / ground.cell_m2[cell]
        else:
            share = bits.count_bits(masks) / np.maximum(ground_count[cell], 1)
            with np.errstate(divide="ignore"):
                log_miss[cell] += np.log1p(-look.pod * share)
        passes[cell] += 1
        moment = look.last_s[known]
        last_s[cell] = np.maximum(last_s[cell], np.where(np.isnan(moment), -np.inf, moment))
    seen = bits.count_bits(seen_bits) / np.maximum(ground_count, 1)
    # Adding zero turns the −0.0 of ground nobody looked at into 0.0.
    pod = -np.expm1(log_miss - effort) + 0.0
    return CellTable(
        seen_fraction=seen,
        length_m=length_m,
        coverage=effort,
        pod=pod,
        passes=passes,
        last_seen_s=np.where(np.isfinite(last_s), last_s, np.nan),
        state=states(seen, pod, thresholds),
        seen_bits=seen_bits,
    )


def states(seen_fraction: F8, pod: F8, thresholds: Thresholds) -> NDArray[np.int8]:
    """Return the highest state of each cell as an index into :data:`STATES`."""
    touched = seen_fraction > 0
    covered = touched & (seen_fraction >= thresholds.covered)
    cleared = covered & (pod >= thresholds.cleared)
    return (touched.astype(np.int8) + covered + cleared).astype(np.int8)
