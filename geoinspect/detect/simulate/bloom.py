"""What stands on top of the leaves: flowers, buds, capsules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from geoinspect.detect.implants import Planted, Wish
from geoinspect.detect.simulate.forms import Stand
from geoinspect.detect.simulate.grain import noise_at
from geoinspect.search_records import GrowthStage

F8 = NDArray[np.float64]

_SEEDS = 2**31 - 1
# Albedo of petals beside white, and how often a patch's flowers are of the kind.
_PETALS = {
    "white": ((1.0, 1.0, 0.97), 0.35),
    "pink": ((1.0, 0.70, 0.80), 0.25),
    "mauve": ((0.85, 0.58, 0.84), 0.22),
    "red": ((1.0, 0.24, 0.22), 0.18),
}
# How much brighter than leaves a white petal is in a picture's unit. Leaves reflect some 6–10 % of
# visible light and white petals 50–70 %; cameras' curves make some 1.5 to 3.2 of that.
_BRIGHTER = (1.3, 3.2)
_CORN_RED = (1.0, 0.20, 0.12)
_BLOTCH = (0.30, 0.16, 0.32)


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Flowers, buds or capsules; ellipses seen from above.

    Attributes:
        x_m, y_m: Where, shape (n,).
        long_m, short_m: Half axes.
        turn: Direction of the long axis, radians.
        colour: In the picture's unit, shape (n, 3).
        dark: How much darker the base is, 0 is not visible, shape (n,).
    """

    x_m: F8
    y_m: F8
    long_m: F8
    short_m: F8
    turn: F8
    colour: F8
    dark: F8


def no_heads() -> Heads:
    """Return none."""
    empty = np.zeros(0)
    return Heads(empty, empty, empty, empty, empty, np.zeros((0, 3)), empty)


def _places(
    many: int, stand: Stand, outline: Polygon, clustering: float, rng: np.random.Generator
) -> tuple[F8, F8]:
    """Choose places on plants, in drifts; those blown over the edge are moved onto their plant."""
    drift = noise_at(stand.x_m, stand.y_m, rng.uniform(0.8, 3.0), int(rng.integers(_SEEDS)))
    weight = np.exp(clustering * drift) * stand.radius_m
    plant = rng.choice(stand.x_m.size, many, p=weight / weight.sum())
    reach, angle = stand.radius_m[plant] * np.sqrt(rng.random(many)), rng.uniform(0, 7, many)
    x = stand.x_m[plant] + reach * np.cos(angle)
    y = stand.y_m[plant] + reach * np.sin(angle)
    inside = shapely.contains_xy(outline, x, y)
    return np.where(inside, x, stand.x_m[plant]), np.where(inside, y, stand.y_m[plant])


def _petal_colours(kind: Planted, many: int, white: F8, rng: np.random.Generator) -> F8:
    """Draw petal colours, one to three a patch, shape (many, 3)."""
    if kind is Planted.WHITE_BLOOM:
        palette = np.array([_PETALS["white"][0]]) * rng.uniform(0.9, 1.0, (1, 3))
    elif kind is Planted.CORN_POPPY:
        palette = np.array([_CORN_RED]) * rng.uniform(0.8, 1.2, (1, 3))
    else:
        colours, often = (np.array(part) for part in zip(*_PETALS.values(), strict=True))
        many_kinds = rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])
        kinds = rng.choice(len(_PETALS), many_kinds, replace=False, p=often)
        palette = colours[kinds] * rng.uniform(0.93, 1.07, (kinds.size, 3))
    share = rng.dirichlet(np.full(len(palette), 1.5))
    colour = palette[rng.choice(len(palette), many, p=share)]
    light = rng.uniform(*_BRIGHTER) * np.exp(rng.normal(0, 0.1, many))
    light = np.where(rng.random(many) < rng.uniform(0, 0.25), 0.6 * light, light)
    return np.asarray(colour * white * light[:, None])


def _flowers(
    wish: Wish, stand: Stand, outline: Polygon, white: F8, rng: np.random.Generator
) -> Heads:
    """Draw the open flowers."""
    per_m2, across_m, clustering = wish.bloom_per_m2, (0.06, 0.12), rng.uniform(0, 0.8)
    if wish.kind is Planted.WHITE_BLOOM:
        across_m = (0.015, 0.03)
        per_m2 = per_m2 or math.exp(rng.uniform(math.log(20), math.log(150)))
    elif wish.kind is Planted.CORN_POPPY:
        across_m = (0.04, 0.08)
        per_m2 = per_m2 or math.exp(rng.uniform(math.log(2), math.log(30)))
    many = round(per_m2 * wish.area_m2)
    if many == 0:
        return no_heads()
    x, y = _places(many, stand, outline, clustering, rng)
    half = np.clip(rng.uniform(*across_m) * np.exp(rng.normal(0, 0.12, many)), *across_m) / 2
    tilt = np.where(
        rng.random(many) < 0.7, rng.uniform(0.8, 1.0, many), rng.uniform(0.4, 0.8, many)
    )
    half = np.where(rng.random(many) < 0.15, half * rng.uniform(0.5, 0.8, many), half)
    shown = wish.kind is not Planted.WHITE_BLOOM and rng.random() < 0.4
    dark = rng.uniform(0.3, 1.0, many) * rng.uniform(0.3, 1.0) if shown else np.zeros(many)
    colour = _petal_colours(wish.kind, many, white, rng)
    return Heads(x, y, half, half * tilt, rng.uniform(0, 7, many), colour, dark)


def _globes(
    wish: Wish, stand: Stand, outline: Polygon, leaf: F8, rng: np.random.Generator
) -> Heads:
    """Draw nodding buds or capsules: small, near the colour of the leaves but greyer, paler."""
    if wish.stage is GrowthStage.BUD:
        per_m2, across_m = rng.uniform(0, 25), (0.015, 0.03)
    else:
        per_m2, across_m = math.exp(rng.uniform(math.log(8), math.log(80))), (0.03, 0.05)
    many = round(per_m2 * wish.area_m2)
    if many == 0:
        return no_heads()
    x, y = _places(many, stand, outline, rng.uniform(0, 0.5), rng)
    grey = leaf + rng.uniform(0.2, 0.7) * (leaf.mean() * np.array([0.97, 1.05, 0.95]) - leaf)
    light = rng.uniform(0.95, 1.35) * np.exp(rng.normal(0, 0.1, many))
    half = rng.uniform(*across_m, many) / 2
    colour = grey * light[:, None]
    return Heads(
        x,
        y,
        half,
        half * rng.uniform(0.7, 1, many),
        rng.uniform(0, 7, many),
        colour,
        np.zeros(many),
    )


def heads_of(
    wish: Wish, stand: Stand, outline: Polygon, leaf: F8, white: F8, rng: np.random.Generator
) -> Heads:
    """Draw what stands on the leaves of a patch.

    Args:
        leaf: Mean colour of its leaves, shape (3,).
        white: What a flower of albedo 1 shows at brightness 1, shape (3,).
    """
    if wish.kind in (Planted.WHITE_BLOOM, Planted.CORN_POPPY):
        return _flowers(wish, stand, outline, white, rng)
    if wish.kind is not Planted.POPPY:
        return no_heads()
    if wish.stage is GrowthStage.FLOWER:
        return _flowers(wish, stand, outline, white, rng)
    if wish.stage in (GrowthStage.BUD, GrowthStage.CAPSULE):
        return _globes(wish, stand, outline, leaf, rng)
    return no_heads()


def blotched(colour: F8, dark: F8) -> F8:
    """Return the colours of the bases of flowers, shape (n, 3)."""
    return np.asarray(colour * (1 - dark[:, None] * (1 - np.array(_BLOTCH))))
