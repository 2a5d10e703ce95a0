"""What goes wrong while a device records: each kind spoils a walk and notes which fixes it spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from geoinspect.records import Rule
from sample_data.walking import I8, Fixes, drifting

# Spoilt places keep this many fixes from each other and from the ends of a track.
_APART = 12


def dirtied(walk: Fixes, dirt: Sequence[str], rng: np.random.Generator) -> Fixes:
    """Return a walk with the kinds of dirt that concern its fixes; other words are passed over."""
    for kind in dirt:
        if kind in _MAKERS:
            walk = _MAKERS[kind](walk, rng)
    return walk


def _places(walk: Fixes, count: int, wide: int, rng: np.random.Generator) -> I8:
    """Return up to ``count`` places with ``wide`` good fixes each, in order and apart."""
    chosen: list[int] = []
    for place in rng.permutation(np.arange(_APART, max(len(walk) - wide - _APART, _APART))):
        good = not walk.planted[place - 2 : place + wide + 2].any()
        if good and all(abs(place - other) >= wide + _APART for other in chosen):
            chosen.append(int(place))
        if len(chosen) == count:
            break
    return np.array(sorted(chosen), np.int64)


def _astray(
    walk: Fixes, which: I8, rule: Rule, away_m: tuple[float, float], rng: np.random.Generator
) -> Fixes:
    """Return a walk with some fixes in one other place, as far away as given."""
    x, y, planted = walk.x_m.copy(), walk.y_m.copy(), walk.planted.copy()
    angle, far_m = rng.uniform(0, 2 * np.pi), rng.uniform(*away_m)
    x[which] += far_m * np.cos(angle)
    y[which] += far_m * np.sin(angle)
    planted[which] = rule.number
    return replace(walk, x_m=x, y_m=y, planted=planted)


def _spikes(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """Two fixes far away: nobody walks that fast."""
    for place in _places(walk, 4, 2, rng):
        walk = _astray(walk, place + np.arange(2), Rule.SPEED, (200, 1500), rng)
    return walk


def _small_spikes(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """One or two fixes beside the way, as cliffs and leaves make them; a runner could be there."""
    for place in _places(walk, 6, 2, rng):
        wide = int(rng.integers(1, 3))
        walk = _astray(walk, place + np.arange(wide), Rule.SPIKE, (40, 120), rng)
    return walk


def _rest(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """A rest under trees, where the fixes crawl about."""
    interval_s = float(np.median(np.diff(walk.time_s)))
    for place in _places(walk, 2, 2, rng)[::-1]:
        count = int(rng.uniform(10, 25) * 60 / interval_s)
        still = walk.part(np.full(count, place))
        x, y = (
            5 * drifting(count, 90.0 / interval_s, rng) + 1.5 * rng.standard_normal(count)
            for _ in range(2)
        )
        still = replace(
            still,
            x_m=still.x_m + x,
            y_m=still.y_m + y,
            time_s=still.time_s + interval_s * (1 + np.arange(count)),
            planted=np.full(count, Rule.JITTER.number, np.uint8),
        )
        after = walk.part(slice(place + 1, None))
        after = replace(after, time_s=after.time_s + interval_s * count)
        walk = _joined(walk.part(slice(place + 1)), still, after)
    return walk


def _joined(*parts: Fixes) -> Fixes:
    return Fixes(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("x_m", "y_m", "height_m", "time_s", "accuracy_m", "planted")
        )
    )


def _repeated_times(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """Two location services answer within the same second, and the app notes both."""
    places = _places(walk, 6, 1, rng)
    walk = walk.part(np.sort(np.concatenate([np.arange(len(walk)), places])))
    second = places + 1 + np.arange(len(places))
    x, y, planted = walk.x_m.copy(), walk.y_m.copy(), walk.planted.copy()
    x[second] += rng.uniform(0.3, 1.0, len(second))
    y[second] += rng.uniform(0.3, 1.0, len(second))
    planted[second] = Rule.DUPLICATE_TIME.number
    return replace(walk, x_m=x, y_m=y, planted=planted)


def _swapped(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """Neighbours change their places; both are good fixes, so nothing is planted."""
    order = np.arange(len(walk))
    for place in _places(walk, 5, 2, rng):
        order[[place, place + 1]] = order[[place + 1, place]]
    return walk.part(order)


def _late(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """Some fixes wait in a buffer and are written when others have long been."""
    planted = walk.planted.copy()
    order = np.arange(len(walk))
    for place in _places(walk, 5, 10, rng):
        planted[place] = Rule.OUT_OF_ORDER.number
        later = int(rng.integers(6, 10))
        order[place : place + later + 1] = np.roll(order[place : place + later + 1], -1)
    return replace(walk, planted=planted).part(order)


def _zeros(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """The receiver has no fix and writes 0, 0."""
    x, y, planted = walk.x_m.copy(), walk.y_m.copy(), walk.planted.copy()
    for place in _places(walk, 3, 3, rng):
        which = slice(place, place + int(rng.integers(1, 4)))
        x[which] = y[which] = np.nan
        planted[which] = Rule.RANGE.number
    return replace(walk, x_m=x, y_m=y, planted=planted)


def _poor_accuracy(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """In a gorge the device itself says that it hardly knows where it is."""
    x, y = walk.x_m.copy(), walk.y_m.copy()
    said, planted = walk.accuracy_m.copy(), walk.planted.copy()
    for place in _places(walk, 3, 12, rng):
        which = slice(place, place + int(rng.integers(6, 13)))
        count = which.stop - which.start
        said[which] = rng.uniform(60, 140, count)
        for axis in (x, y):
            axis[which] += 0.5 * said[which] * drifting(count, 4.0, rng)
        planted[which] = Rule.ACCURACY.number
    return replace(walk, x_m=x, y_m=y, accuracy_m=said, planted=planted)


def _lost_first_fix(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """The handset still shows where it was switched off last night."""
    return _astray(walk, np.array([0]), Rule.RESUME, (2500, 5500), rng)


def _resume(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """The app is paused; the first fixes afterwards come from the last mast."""
    walk, resumed = _without(walk, rng.uniform(8, 20) * 60, rng)
    count = int(rng.integers(1, 3))
    return _astray(walk, resumed + np.arange(count), Rule.RESUME, (800, 2500), rng)


def _gap(walk: Fixes, rng: np.random.Generator) -> Fixes:
    """Nothing is recorded for a long while."""
    return _without(walk, rng.uniform(12, 40) * 60, rng)[0]


def _without(walk: Fixes, lost_s: float, rng: np.random.Generator) -> tuple[Fixes, int]:
    """Return a walk without the fixes of some time, and the place of the first one after it."""
    lasting_s = walk.time_s[-1] - walk.time_s[0]
    begin = walk.time_s[0] + rng.uniform(0.25, 0.6) * lasting_s
    lost_s = min(lost_s, 0.3 * lasting_s)
    keep = (walk.time_s < begin) | (walk.time_s > begin + lost_s)
    return walk.part(keep), int((walk.time_s < begin).sum())


_MAKERS: Mapping[str, Callable[[Fixes, np.random.Generator], Fixes]] = MappingProxyType(
    {
        "spikes": _spikes,
        "small_spikes": _small_spikes,
        "rest": _rest,
        "repeated_times": _repeated_times,
        "swapped": _swapped,
        "late": _late,
        "zeros": _zeros,
        "poor_accuracy": _poor_accuracy,
        "lost_first_fix": _lost_first_fix,
        "resume": _resume,
        "gap": _gap,
    }
)
