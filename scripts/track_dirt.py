"""Known dirt for known ways: what receivers, phones and exports do to tracks, one kind a rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from true_ways import EVERY_S, F8, Fixes, Random, observed, true_way, with_a_stop

from geoinspect.records import Mode, Rule
from geoinspect.settings import Settings

Dirt = Callable[[Fixes, Random, float], Fixes]

# Nearer to the truth than this a bad fix hardly matters: a sweep on foot is 20 m wide.
MATTERS_M = 25.0


def no_fix(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """The place 0, 0: single fixes, and now and then many from the start on."""
    where = _runs(fixes, random, share=0.01, longest=5)
    if random.random() < 0.3:
        where[: int(random.integers(1, 30))] = True
    return _marked(fixes, where, Rule.RANGE)


def network_fixes(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """Fixes from masts and wireless networks: far off, and the phone says so."""
    where = _runs(fixes, random, share=0.02, longest=4)
    stated_m = np.exp(random.uniform(*np.log([60, 1500]), len(fixes)))
    off_m = stated_m / 1.5 * random.rayleigh(0.7, len(fixes))
    moved = _moved(fixes, where, off_m, random.uniform(0, 2 * np.pi, len(fixes)))
    accuracy_m = np.where(where, np.round(stated_m), fixes.accuracy_m)
    return _marked(moved.with_(accuracy_m=accuracy_m), where, Rule.ACCURACY)


def repeats(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """Rows written twice, half of them a little further on at the same second."""
    again = random.random(len(fixes)) < 0.03
    index = np.repeat(np.arange(len(fixes)), 1 + again)
    second = np.diff(index, prepend=-1) == 0
    off_m = random.choice([0.0, 2.0], len(index))
    whole = _moved(fixes.rows(index), second, off_m, random.uniform(0, 2 * np.pi, len(index)))
    sound = np.isin(whole.dirt, [0, Rule.JITTER.number])
    return _marked(whole, second & sound, Rule.DUPLICATE_TIME)


def swaps(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """Neighbours written in the wrong order: no fix is bad, none has to go."""
    index = np.arange(len(fixes))
    for at in np.flatnonzero(random.random(len(fixes) - 1) < 0.02).tolist():
        if fixes.piece[at] == fixes.piece[at + 1]:
            index[[at, at + 1]] = index[[at + 1, at]]
    return fixes.rows(index)


def latecomers(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """Single fixes written 5 to 60 rows after their time."""
    index = list(range(len(fixes)))
    bad = np.zeros(len(fixes), dtype=bool)
    for _ in range(max(1, len(fixes) // 150)):
        at = int(random.integers(1, len(fixes) - 1))
        to = at + int(random.integers(5, 60))
        if to < len(fixes) and fixes.piece[at] == fixes.piece[to] and not bad[at : to + 1].any():
            bad[at] = True
            index.insert(index.index(to) + 1, index.pop(index.index(at)))
    return _marked(fixes, bad, Rule.OUT_OF_ORDER).rows(np.array(index))


def cold_starts(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """The first fixes after a start or a pause: where it was last, or drifting home."""
    off_m, angle = np.zeros(len(fixes)), random.uniform(0, 2 * np.pi)
    begins = [*fixes.fresh.tolist(), len(fixes)]
    for first, end in pairwise(begins):
        here = slice(first, end)
        passed_s = fixes.time_s[here] - fixes.time_s[first]
        if random.random() < 0.5:
            stale = int(random.integers(1, 6))
            off_m[here] = np.where(
                np.arange(end - first) < stale, np.exp(random.uniform(*np.log([300, 20_000]))), 0
            )
        else:
            off_m[here] = random.uniform(100, 800) * np.exp(-passed_s / random.uniform(5, 20))
    moved = _moved(fixes, off_m > 0, off_m, np.full(len(fixes), angle))
    return _marked(moved, off_m > MATTERS_M, Rule.RESUME)


def far_spikes(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """One to eight fixes thrown out further than anybody can move."""
    where = _runs(fixes, random, share=0.01, longest=8)
    step_s = _usual_step_s(fixes)
    least_m = max(1.5 * limit_mps * step_s, 150.0)
    off_m = _a_run(where, random, lambda: np.exp(random.uniform(*np.log([least_m, 30 * least_m]))))
    angle = _a_run(where, random, lambda: random.uniform(0, 2 * np.pi))
    return _marked(_moved(fixes, where, off_m, angle), where, Rule.SPEED)


def small_spikes(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """One to three fixes 30 to 120 m off: at most rates of fixes a possible speed."""
    where = _runs(fixes, random, share=0.01, longest=3)
    off_m = _a_run(where, random, lambda: random.uniform(30, 120))
    angle = _a_run(where, random, lambda: random.uniform(0, 2 * np.pi))
    impossible = where & (off_m > limit_mps * _usual_step_s(fixes))
    return _marked(
        _marked(_moved(fixes, where, off_m, angle), where, Rule.SPIKE), impossible, Rule.SPEED
    )


def clean_fixes(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """No dirt at all."""
    return fixes


def everything(fixes: Fixes, random: Random, limit_mps: float) -> Fixes:
    """Each kind of dirt on a third of the tracks."""
    for spoil in (
        cold_starts,
        network_fixes,
        far_spikes,
        small_spikes,
        no_fix,
        repeats,
        latecomers,
    ):
        if random.random() < 0.35:
            fixes = spoil(fixes, random, limit_mps)
    return fixes


STAND = "half an hour's stand"
KINDS: dict[str, Dirt] = {
    "no dirt": clean_fixes,
    "place 0, 0": no_fix,
    "network fixes": network_fixes,
    "repeated times": repeats,
    "swapped neighbours": swaps,
    "latecomers": latecomers,
    "cold starts": cold_starts,
    "far spikes": far_spikes,
    "small spikes": small_spikes,
    STAND: clean_fixes,
    "everything": everything,
}


def spoilt(kind: str, mode: Mode, seed: int, minutes: float = 0) -> tuple[Fixes, Fixes, F8]:
    """Return a track of a kind.

    Returns:
        The fixes with dirt; the same without; the true way, metres passed at each second.
    """
    # A name has no stable number of its own; its place in the table has.
    random = np.random.default_rng([seed, list(KINDS).index(kind), list(EVERY_S).index(mode)])
    way = true_way(mode, random, minutes or random.uniform(15, 40))
    if kind == STAND or (kind == "everything" and random.random() < 0.3):
        way = with_a_stop(way, random, 1800)
    passed_m = np.concatenate([[0], np.cumsum(np.hypot(np.diff(way.x_m), np.diff(way.y_m)))])
    sound = observed(way, mode, random)
    return KINDS[kind](sound, random, Settings().speed_limit_mps(mode)), sound, passed_m


def _usual_step_s(fixes: Fixes) -> float:
    return float(np.median(np.diff(fixes.time_s)))


def _runs(fixes: Fixes, random: Random, *, share: float, longest: int) -> np.ndarray:
    """Return which fixes go bad: runs of up to so many, at least one, a few fixes apart."""
    where = np.zeros(len(fixes), dtype=bool)
    for _ in range(max(1, int(share * len(fixes) / (1 + longest) * 2))):
        begin = int(random.integers(0, len(fixes)))
        end = begin + int(random.integers(1, longest + 1))
        if not where[max(begin - 3, 0) : end + 3].any():
            where[begin:end] = True
    return where


def _a_run(where: np.ndarray, random: Random, draw: Callable[[], float]) -> F8:
    """Return one drawn value for each run of bad fixes."""
    values = np.zeros(len(where))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where, [0]])))
    for begin, end in edges.reshape(-1, 2).tolist():
        values[begin:end] = draw()
    return values


def _moved(fixes: Fixes, where: np.ndarray, off_m: F8, angle: F8) -> Fixes:
    away_m = np.where(where, off_m, 0)
    return fixes.with_(
        x_m=fixes.x_m + away_m * np.cos(angle), y_m=fixes.y_m + away_m * np.sin(angle)
    )


def _marked(fixes: Fixes, where: np.ndarray, rule: Rule) -> Fixes:
    return fixes.with_(dirt=np.where(where, rule.number, fixes.dirt).astype(np.uint8))
