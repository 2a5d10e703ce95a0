"""Seasons whose truth is known: are claims as often right as they say?

A target is a point. Walks pass it, and a lateral-range curve says whether they find it; nothing
of it comes from our own probabilities of detection. Our own sweep, book of looks, sensitivity
and proof of absence then make the claim, and claims of seasons without a find are compared with
how often the county was truly clean.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from season_truth import CURVES, missed
from season_walks import RANDOM, WAYS, legs
from season_worlds import World, make_world, swept

from geoinspect.confidence.absence import Estimate, estimate, part_prior, posterior
from geoinspect.confidence.draws import Exposures, FixedPrior, Uncertainty, draw_claims
from geoinspect.coverage.sensitivity import SearchedWell

F8 = NDArray[np.float64]

WIDTHS_M = (20.0, 50.0)
# What the claim takes the sweep width for, over what it is; the last is drawn from the
# distribution that claims assume of it.
RIGHT, DRAWN = "as it is", "drawn"
FACTORS = {"30 % too narrow": 0.7, RIGHT: 1.0, "30 % too wide": 1.3, DRAWN: 0.0}
# Claims made from the probability of detection that clears cells, and those of townships.
POD, TOWNSHIPS = "POD", "townships"
BINS = 10
# A bin is judged from so many claims on; a claim may then be off by so much.
ENOUGH, MOST = 2000, 0.03
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "confidence.md"
_POINTS, _SEASONS, _DRAWS = 6000, 2500, 200
# As geoinspect.claims draws them for rates that are assumed.
WIDTH_SD_LOG, _RISK_SD_LOG = 0.55 / 1.96, 0.3


@dataclass
class Bins:
    """Claims by what they claim: how many, what they say together, how many were clean."""

    count: F8 = field(default_factory=lambda: np.zeros(BINS))
    claimed: F8 = field(default_factory=lambda: np.zeros(BINS))
    clean: F8 = field(default_factory=lambda: np.zeros(BINS))

    def add(self, claims: F8, clean: NDArray[np.bool_]) -> None:
        """Add claims, shape (n,), and whether the ground was clean, shape (n,)."""
        place = np.minimum((claims * BINS).astype(np.int64), BINS - 1)
        self.count += np.bincount(place, minlength=BINS)
        self.claimed += np.bincount(place, claims, BINS)
        self.clean += np.bincount(place, clean, BINS)

    def __add__(self, other: Bins) -> Bins:
        return Bins(
            self.count + other.count, self.claimed + other.claimed, self.clean + other.clean
        )

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which bins hold enough claims to judge."""
        return self.count >= ENOUGH

    @property
    def over(self) -> F8:
        """Claim less truth of each bin that is judged, NaN elsewhere."""
        with np.errstate(invalid="ignore"):
            return np.where(self.judged, (self.claimed - self.clean) / self.count, np.nan)


def _no_intervals() -> F8:
    return np.zeros(3)


# Of what, walked how, found by which curve.
Key = tuple[str, str, str]


@dataclass
class Told:
    """What seasons came to.

    Attributes:
        bins: By (what, way, curve); *what* is a key of ``FACTORS``, ``POD`` or ``TOWNSHIPS``.
        held: By (factor, way, curve): how often the truth lay below, in and above the interval.
        sets: Walked counties.
    """

    bins: dict[Key, Bins] = field(default_factory=lambda: defaultdict(Bins))
    held: dict[Key, F8] = field(default_factory=lambda: defaultdict(_no_intervals))
    sets: int = 0

    def merge(self, other: Told) -> None:
        """Add another's figures."""
        for key, value in other.bins.items():
            self.bins[key] += value
        for key, pair in other.held.items():
            self.held[key] += pair
        self.sets += other.sets


def one_set(way: str, seed: int) -> Told:
    """Walk one county once and live many seasons of it."""
    random = np.random.default_rng([seed, list(WAYS).index(way)])
    width_m = WIDTHS_M[seed % len(WIDTHS_M)]
    world = make_world(random, width_m)
    coverage = float(np.exp(random.uniform(np.log(0.3), np.log(3.0))))
    length_m = coverage * world.square[2] ** 2 / width_m
    lines = list(legs(WAYS[way](random, world.square, length_m)))
    points, cell = world.points(random, _POINTS)
    miss = missed(points, lines, width_m)
    told = Told(sets=1)
    for factor, by in FACTORS.items():
        wrong = by or float(np.exp(WIDTH_SD_LOG * random.standard_normal()))
        table, well = swept(world, lines, width_m * wrong)
        found = estimate(world.cells(well.sensitivity), prior=0.5)
        _judge_interval(told, way, factor, world, well, miss)
        for number, curve in enumerate(CURVES):
            _judge_county(told.bins[factor, way, curve], random, found, miss[number])
            if factor == RIGHT:
                zone = world.ground.cell_home[cell]
                _judge_townships(
                    told.bins[TOWNSHIPS, way, curve], random, found, miss[number], zone
                )
                plain = estimate(world.cells(table.pod), prior=0.5)
                _judge_county(told.bins[POD, way, curve], random, plain, miss[number])
    return told


def _judge_county(bins: Bins, random: np.random.Generator, found: Estimate, miss: F8) -> None:
    """Live seasons with one target or none, and add the claims of those without a find."""
    prior = random.uniform(0.02, 0.98, _SEASONS)
    clean = random.uniform(size=_SEASONS) < prior
    unfound = random.uniform(size=_SEASONS) < miss[random.integers(0, len(miss), _SEASONS)]
    quiet = clean | unfound
    bins.add(posterior(prior[quiet], found.system_sensitivity), clean[quiet])


def _judge_townships(
    bins: Bins, random: np.random.Generator, found: Estimate, miss: F8, zone: NDArray[np.int32]
) -> None:
    """Live seasons with as many targets as a Poisson process puts there, by township."""
    for number, row in enumerate(found.zones):
        here = np.flatnonzero(zone == number)
        if row.sensitivity is None or len(here) == 0:
            continue
        seasons = _SEASONS // len(found.zones)
        prior = random.uniform(0.02, 0.98, seasons)
        targets = random.poisson(-np.log(prior) * row.weight)
        season = np.repeat(np.arange(seasons), targets)
        unfound = random.uniform(size=len(season)) < miss[random.choice(here, len(season))]
        finds = np.bincount(season, ~unfound, seasons)
        quiet = finds == 0
        claims = posterior(part_prior(prior[quiet], row.weight), row.sensitivity)
        bins.add(claims, targets[quiet] == 0)


def _judge_interval(
    told: Told, way: str, factor: str, world: World, well: SearchedWell, miss: F8
) -> None:
    """Note whether the claim's interval holds what who knows the curve would claim."""
    cells = world.cells(well.sensitivity)
    exposures = Exposures(well.exposure, well.cap, well.scale, well.methods, ~well.pictured)
    log_risk = np.log(np.where(world.risk > 0, world.risk, 1.0))[None, :]
    unsure = Uncertainty(
        FixedPrior(0.5), (WIDTH_SD_LOG,) * len(well.methods), (_RISK_SD_LOG,), _DRAWS, 1
    )
    drawn = draw_claims(cells, exposures, unsure, log_risk=log_risk).system_sensitivity
    low, high = np.quantile(drawn, [0.05, 0.95])
    for curve, chances in zip(CURVES, 1 - miss, strict=True):
        truth = chances.mean()
        told.held[factor, way, curve] += [truth < low, low <= truth <= high, truth > high]


def _one(job: tuple[str, int]) -> Told:
    return one_set(*job)


def live(sets: int, *, jobs: int = 1, seed: int = 0, ways: tuple[str, ...] = tuple(WAYS)) -> Told:
    """Walk so many counties in each way and return what their seasons came to."""
    told = Told()
    work = [(way, seed + number) for number in range(sets) for way in ways]
    if jobs == 1:
        for job in work:
            told.merge(_one(job))
        return told
    with Pool(jobs) as pool:
        for part in pool.imap(_one, work):
            told.merge(part)
    return told


def faults(told: Told) -> list[str]:
    """Return in which bins claims are further from the truth than they may be."""
    found = []
    for way, curve in itertools.product(WAYS, CURVES):
        bins = told.bins[RIGHT, way, curve]
        wrong = np.abs(bins.over) if way in RANDOM else bins.over
        for number in np.flatnonzero(wrong > MOST):
            found.append(
                f"{way}, {curve}, bin {number / BINS}: claim − truth {bins.over[number]:+.3f}"
            )
    return found


def campaign(sets: int, seed: int, *, write: bool = False) -> int:
    """Live the seasons and print their tables; return 1 when claims are not calibrated."""
    from season_tables import tables, written

    told = live(sets, jobs=2, seed=seed)
    text = tables(told, f"scripts/soak seasons --cases {sets} --seed {seed}")
    print(text)
    if write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), text), "utf-8")
    wrong = faults(told)
    print(*wrong, sep="\n", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=250, help="counties walked in each way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.name}")
    asked = parser.parse_args()
    sys.exit(campaign(asked.sets, asked.seed, write=asked.write))
