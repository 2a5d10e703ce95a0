"""What the cells of the map can show, in which classes and colours; the legend tells the same.

Classes have fixed bounds, so that a colour means the same on every day and in every county; only
what remains is counted against the ground itself. Colours are cividis, sampled at seven places
(Nuñez, Anderton and Renslow 2018), which colour-blind eyes read in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geoinspect.coverage.cells import STATES
from geoinspect.records import CellState
from geoinspect.snapshot import Snapshot

F8 = NDArray[np.float64]
U1 = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Rgba = tuple[int, int, int, int]


class Layer(StrEnum):
    """What is shown of every cell."""

    STATE = "state"
    POD = "pod"
    LAST_SEEN = "last_seen"
    RISK = "risk"
    SENSITIVITY = "sensitivity"
    REMAINING = "remaining"


# Places in a palette: nothing, unseen ground and its hatch, up to eight classes, a cell's frame,
# dots over ground that had reached a state, and unseen ground under such dots.
NOTHING, UNSEEN, HATCH, FIRST_CLASS, FRAME, FIRST_DOT, FADED = 0, 1, 2, 3, 11, 12, 15
_ORANGE: Rgba = (224, 130, 20, 118)
_FIXED: dict[int, Rgba] = {
    NOTHING: (0, 0, 0, 0),
    UNSEEN: _ORANGE,
    HATCH: (150, 72, 0, 178),
    FRAME: (255, 255, 255, 140),
    # The blues of the states, stronger than on whole cells, as so little of each is drawn.
    FIRST_DOT: (158, 202, 225, 240),
    FIRST_DOT + 1: (49, 130, 189, 240),
    FIRST_DOT + 2: (8, 81, 156, 240),
    FADED: _ORANGE,
}
_BLUES: tuple[Rgba, ...] = ((198, 219, 239, 153), (107, 174, 214, 153), (8, 81, 156, 153))
_CLASS_ALPHA = 217
_CIVIDIS = (
    (0, 34, 78),
    (42, 63, 109),
    (87, 93, 109),
    (125, 124, 120),
    (165, 156, 116),
    (210, 192, 96),
    (254, 232, 56),
)
_GREY: Rgba = (190, 196, 200, 150)

_POD_BREAKS = (0.0, 0.1, 0.3, 0.5, 0.65, 0.8, 0.95, 1.0)
_RISK_BREAKS = (0.0, 0.5, 0.9, 1.1, 1.5, 2.5, 5.0, np.inf)
_REMAINING_SHARES = (0.0, 0.05, 0.15, 0.3, 0.5, 0.75, 1.0)
_REMAINING_QUANTILE = 0.99
_AGE_BREAKS_DAYS = (0, 7, 14, 30, 60)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CHINA_S, _DAY_S = 8 * 3600, 86400


@dataclass(frozen=True, slots=True)
class Shade:
    """One entry of a legend.

    Attributes:
        kind: ``unseen``, ``expired``, a state, ``class``, ``none`` (nothing can be there) or
            ``unknown``.
        low, high: Bounds of a class, the upper one left out; None is open.
        colour: Red, green, blue and opacity, 0-255.
        ground_m2: Ground of the campaign that is shown so.
    """

    kind: str
    low: float | None
    high: float | None
    colour: Rgba
    ground_m2: float

    def as_json(self) -> dict[str, object]:
        """Return the entry for a page, its colour as #rrggbb and its opacity as 0-1."""
        red, green, blue, alpha = self.colour
        return {
            "kind": self.kind,
            "low": self.low,
            "high": self.high,
            "colour": f"#{red:02x}{green:02x}{blue:02x}",
            "opacity": round(alpha / 255, 3),
            "ground_m2": round(self.ground_m2, 1),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """How every cell of a snapshot is drawn.

    Attributes:
        of_cell: Place in the palette, shape (cells,).
        dots: Place in the palette of the dots over a cell, 0 for none, shape (cells,); None
            where no cell has any.
        palette: Sixteen colours.
        legend: What the colours mean, in the order to show it.
    """

    of_cell: U1
    dots: U1 | None
    palette: tuple[Rgba, ...]
    legend: tuple[Shade, ...]


def colouring(layer: Layer, snapshot: Snapshot, cells: Flags | None = None) -> Colouring:
    """Return how a layer of a snapshot is drawn; its legend counts the ground of some cells,
    shape (cells,), or of all.
    """
    m2 = snapshot.ground.cell_m2
    if cells is not None:
        m2 = np.where(cells, m2, 0.0)
    if layer is Layer.STATE:
        return _states(snapshot, m2)
    if layer is Layer.POD:
        return _searched(snapshot, m2, snapshot.table.pod, _POD_BREAKS, _ramp(7))
    if layer is Layer.SENSITIVITY:
        return _searched(snapshot, m2, snapshot.sensitivity, _POD_BREAKS, _ramp(7))
    if layer is Layer.LAST_SEEN:
        return _ages(snapshot, m2)
    if layer is Layer.RISK:
        return _everywhere(m2, snapshot.risk.relative, _RISK_BREAKS, _ramp(7))
    left = remaining(snapshot)
    return _everywhere(m2, left, _remaining_breaks(left), _ramp(6))


def remaining(snapshot: Snapshot) -> F8:
    """Return what is left to find in each cell, shape (cells,).

    ``relative risk · (1 - sensitivity) · ground / whole cell``: 1 is a whole cell of ordinary
    risk that nobody searched.
    """
    ground = snapshot.ground
    left: F8 = (
        snapshot.risk.relative
        * (1 - snapshot.sensitivity)
        * (ground.cell_m2 / ground.grid.cell_m**2)
    )
    return left


def _remaining_breaks(left: F8) -> tuple[float, ...]:
    """Return class bounds up to the 99 % quantile, beyond which a few cells would hide the rest;
    two figures are all that anybody reads.
    """
    top = float(np.quantile(left, _REMAINING_QUANTILE)) if len(left) else 0.0
    scale = top if top > 0 else 1.0
    bounds = [float(f"{share * scale:.2g}") for share in _REMAINING_SHARES[:-1]]
    return (*bounds, np.inf)


def _ramp(n: int) -> tuple[Rgba, ...]:
    """Return ``n`` of the seven colours, the darkest and the brightest among them."""
    at = np.rint(np.linspace(0, len(_CIVIDIS) - 1, n)).astype(int)
    return tuple((*_CIVIDIS[k], _CLASS_ALPHA) for k in at)


def _states(snapshot: Snapshot, cell_m2: F8) -> Colouring:
    state = snapshot.table.state
    of_cell = np.array([UNSEEN, *(FIRST_CLASS + k for k in range(3))], np.uint8)[state]
    m2 = _ground_of(cell_m2, state, len(STATES))
    shades = [
        Shade(STATES[k + 1].value, None, None, blue, float(m2[k + 1]))
        for k, blue in enumerate(_BLUES)
    ]
    return _with_gaps(snapshot, cell_m2, of_cell, _BLUES, shades)


def _searched(
    snapshot: Snapshot, cell_m2: F8, values: F8, breaks: Sequence[float], colours: Sequence[Rgba]
) -> Colouring:
    """Return classes of a value that only ground has which somebody saw."""
    which = _class_of(values, breaks)
    seen = snapshot.table.state > 0
    of_cell = np.where(seen, which + FIRST_CLASS, UNSEEN).astype(np.uint8)
    m2 = _ground_of(cell_m2[seen], which[seen], len(colours))
    return _with_gaps(snapshot, cell_m2, of_cell, colours, _shades(breaks, colours, m2))


def _everywhere(
    cell_m2: F8, values: F8, breaks: Sequence[float], colours: Sequence[Rgba]
) -> Colouring:
    """Return classes of a value that all ground has; 0 is a class of its own."""
    which = np.where(values <= 0, len(colours), _class_of(values, breaks))
    m2 = _ground_of(cell_m2, which, len(colours) + 1)
    shades = _shades(breaks, colours, m2[:-1])
    if m2[-1] > 0:
        shades.insert(0, Shade("none", 0.0, 0.0, _GREY, float(m2[-1])))
    of_cell = (which + FIRST_CLASS).astype(np.uint8)
    return Colouring(of_cell, None, _palette([*colours, _GREY]), tuple(shades))


def _ages(snapshot: Snapshot, cell_m2: F8) -> Colouring:
    """Return classes of days since the last look that counts; of some the day is unknown."""
    last_s = snapshot.table.last_seen_s
    days = snapshot.as_of.toordinal() - _EPOCH_DAY - np.floor((last_s + _CHINA_S) / _DAY_S)
    known = np.isfinite(days)
    # Bounds are whole days and stand in their class: 7 is "within 7 days".
    which = np.searchsorted(_AGE_BREAKS_DAYS[1:], np.where(known, days, 0), side="left")
    unknown = len(_AGE_BREAKS_DAYS)
    which = np.where(known, which, unknown)
    colours = _ramp(len(_AGE_BREAKS_DAYS))[::-1]
    seen = snapshot.table.state > 0
    of_cell = np.where(seen, which + FIRST_CLASS, UNSEEN).astype(np.uint8)
    m2 = _ground_of(cell_m2[seen], which[seen], unknown + 1)
    shades = _shades((*_AGE_BREAKS_DAYS, np.inf), colours, m2[:-1])
    if m2[-1] > 0:
        shades.append(Shade("unknown", None, None, _GREY, float(m2[-1])))
    return _with_gaps(snapshot, cell_m2, of_cell, [*colours, _GREY], shades)


def _with_gaps(
    snapshot: Snapshot, m2: F8, of_cell: U1, colours: Sequence[Rgba], shades: list[Shade]
) -> Colouring:
    """Return a colouring where unseen ground is hatched, and ground whose looks no longer hold
    is dotted in the blue of the state it had; unseen ground that is dotted is not hatched.
    """
    state, faded = snapshot.table.state, snapshot.faded
    fading = faded > state
    never = (state == STATES.index(CellState.UNSEEN)) & ~fading
    gaps = [Shade("unseen", None, None, _ORANGE, float(m2[never].sum()))]
    dots = None
    if fading.any():
        dots = np.where(fading, FIRST_DOT - 1 + faded, 0).astype(np.uint8)
        of_cell = np.where(fading & (state == 0), FADED, of_cell).astype(np.uint8)
        dark = _FIXED[FIRST_DOT + 2]
        gaps.append(Shade("expired", None, None, dark, float(m2[fading].sum())))
    return Colouring(of_cell, dots, _palette(colours), (*gaps, *shades))


def _palette(colours: Sequence[Rgba]) -> tuple[Rgba, ...]:
    placed = dict(_FIXED) | {FIRST_CLASS + k: colour for k, colour in enumerate(colours)}
    return tuple(placed.get(k, (0, 0, 0, 0)) for k in range(16))


def _shades(breaks: Sequence[float], colours: Sequence[Rgba], m2: F8) -> list[Shade]:
    return [
        Shade("class", float(low), None if np.isinf(high) else float(high), colour, float(ground))
        for (low, high), colour, ground in zip(pairwise(breaks), colours, m2, strict=True)
    ]


def _class_of(values: F8, breaks: Sequence[float]) -> NDArray[np.int64]:
    """Return the class of each value; a bound belongs to the class above it, the last to its own."""
    found = np.searchsorted(breaks[1:-1], values, side="right")
    return found.astype(np.int64)


def _ground_of(m2: F8, which: NDArray[np.integer], n: int) -> F8:
    """Return the ground in each of ``n`` classes, m², given the ground and class of cells."""
    return np.bincount(which, m2, n).astype(np.float64)
