"""Tables of simulated seasons, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from season_truth import CURVES
from season_walks import PLANNED, RANDOM, WAYS
from seasons import BINS, ENOUGH, FACTORS, POD, RIGHT, TOWNSHIPS, Bins, Told

START, END = "<!-- figures -->", "<!-- end of figures -->"


def tables(told: Told, command: str) -> str:
    """Return all tables with the command that made them."""
    all_bins = [told.bins[RIGHT, way, curve] for way in WAYS for curve in CURVES]
    claims = int(sum(bins.count.sum() for bins in all_bins))
    judged = np.concatenate([bins.count[bins.judged] for bins in all_bins])
    least = f", the smallest with {judged.min():,.0f} claims" if len(judged) else ""
    parts = [
        f"`{command}`: {told.sets // len(WAYS)} counties walked in each way, {claims:,} claims of seasons "
        f"without a find; a bin is a tenth of the claims' range and is judged from {ENOUGH:,} claims on "
        f"({len(judged)} of {BINS * len(all_bins)} bins{least}).",
        "### How far claims are off, by search and lateral-range curve",
        "Claim − truth in the bin that claims most too much / too little.",
        _table(_by_curve(told, RIGHT)),
        "### The same from the probability of detection alone",
        _table(_by_curve(told, POD)),
        "### The same for townships",
        _table(_by_curve(told, TOWNSHIPS)),
        "### Bin by bin",
        "Mean claim → share truly clean (claims), all curves together.",
        _table(_by_bin(told)),
        "### Sweep widths that are wrong",
        "Claim − truth, worst of all curves, too much / too little.",
        _table(_by_factor(told)),
        "### The 90 % interval",
        "Share of counties whose true value (the claim of one who knows the curve and the width) lay below / in / above it.",
        _table(_intervals(told)),
    ]
    return "\n\n".join(parts)


def written(document: str, text: str) -> str:
    """Return a document with its figures replaced."""
    before, rest = document.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n\n{text}\n\n{END}{after}"


def _table(rows: Iterator[tuple[str, ...]]) -> str:
    head, *body = rows
    return "\n".join(
        "| " + " | ".join(row) + " |" for row in (head, tuple("---" for _ in head), *body)
    )


def _worst(bins: Bins) -> str:
    if not bins.judged.any():
        return "–"
    return f"{np.nanmax(bins.over):+.3f} / {np.nanmin(bins.over):+.3f}"


def _by_curve(told: Told, what: str) -> Iterator[tuple[str, ...]]:
    yield ("search", *CURVES)
    for way in WAYS:
        yield (way, *(_worst(told.bins[what, way, curve]) for curve in CURVES))


def _by_bin(told: Told) -> Iterator[tuple[str, ...]]:
    groups = {
        "random walks": tuple(RANDOM),
        "parallel sweeps": tuple(PLANNED),
        "blocks and mixtures": tuple(way for way in WAYS if way not in {**RANDOM, **PLANNED}),
    }
    pooled = {
        name: sum((told.bins[RIGHT, way, c] for way in ways for c in CURVES), start=Bins())
        for name, ways in groups.items()
    }
    yield ("claim", *groups)
    for number in range(BINS):
        cells = []
        for bins in pooled.values():
            n = bins.count[number]
            figures = f"{bins.claimed[number] / n:.3f} → {bins.clean[number] / n:.3f}" if n else "–"
            cells.append(f"{figures} ({n:,.0f})")
        yield (f"{number / BINS:.1f}–{(number + 1) / BINS:.1f}", *cells)


def _by_factor(told: Told) -> Iterator[tuple[str, ...]]:
    yield ("search", *FACTORS)
    for way in WAYS:
        cells = []
        for factor in FACTORS:
            overs = np.stack([told.bins[factor, way, curve].over for curve in CURVES])
            judged = np.isfinite(overs).any()
            cells.append(f"{np.nanmax(overs):+.3f} / {np.nanmin(overs):+.3f}" if judged else "–")
        yield (way, *cells)


def _intervals(told: Told) -> Iterator[tuple[str, ...]]:
    yield ("search", *FACTORS)
    for way in WAYS:
        cells = []
        for factor in FACTORS:
            held = sum(told.held[factor, way, curve] for curve in CURVES)
            cells.append(" / ".join(f"{share:.0%}" for share in held / np.sum(held)))
        yield (way, *cells)
