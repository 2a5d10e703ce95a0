"""What grows in the simulated countryside of ``grounds_b``, and how the land is laid out.

All figures are assumptions, chosen by eye beside real pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grounds_b_paint import FILM, PLAIN, WATER

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Crop:
    """What stands on a field: colours 0–255, rows in metres (0: none), flowers."""

    leaf: Colour
    dry_leaf: Colour = (172, 160, 112)
    cover: tuple[float, float] = (0.6, 0.95)
    row_m: tuple[float, float] = (0.0, 0.0)
    plant_m: float = 0.0
    flowers_m2: tuple[float, float] = (0.0, 0.0)
    flower_r_m: float = 0.012
    flower: Colour = (236, 236, 228)
    rough: float = 1.0
    dry: tuple[float, float] = (0.0, 0.2)
    kind: int = PLAIN
    furrow: float = 0.0


CROPS: Mapping[str, Crop] = {
    "wheat": Crop((92, 122, 62), cover=(0.75, 1.0), row_m=(0.18, 0.25), dry=(0.0, 0.35)),
    "rape": Crop(
        (104, 128, 62), flowers_m2=(150, 700), flower=(222, 204, 52), cover=(0.9, 1), rough=1.3
    ),
    "cabbage": Crop(
        (112, 142, 112), row_m=(0.45, 0.6), plant_m=0.5, cover=(0.5, 0.85), dry=(0, 0.05), rough=0.8
    ),
    "garlic": Crop((106, 134, 96), row_m=(0.2, 0.3), plant_m=0.12, cover=(0.4, 0.75), rough=1.1),
    "lettuce": Crop((128, 162, 78), row_m=(0.3, 0.4), plant_m=0.32, cover=(0.4, 0.8), rough=0.9),
    "bean": Crop(
        (88, 124, 74), row_m=(0.4, 0.6), plant_m=0.25, cover=(0.6, 0.95), flowers_m2=(4, 60)
    ),
    "potato": Crop(
        (80, 112, 58),
        row_m=(0.6, 0.75),
        plant_m=0.3,
        cover=(0.5, 0.9),
        flowers_m2=(2, 30),
        flower_r_m=0.015,
    ),
    "seedlings": Crop(
        (108, 140, 72), row_m=(0.3, 0.6), plant_m=0.25, cover=(0.1, 0.4), furrow=0.12
    ),
    "bare": Crop((110, 124, 70), cover=(0.0, 0.05), row_m=(0.5, 0.9), furrow=0.2, rough=1.4),
    "grass": Crop((112, 128, 70), cover=(0.5, 0.95), dry=(0.1, 0.7), rough=1.1),
    "meadow": Crop(
        (104, 130, 66), cover=(0.8, 1), dry=(0.0, 0.3), flowers_m2=(1, 25), flower=(224, 208, 92)
    ),
    "dry_grass": Crop((126, 124, 76), (186, 166, 130), cover=(0.5, 0.9), dry=(0.5, 1.0), rough=0.9),
    "stubble": Crop((182, 166, 122), cover=(0.3, 0.7), row_m=(0.2, 0.3), dry=(0, 0.4)),
    "film": Crop((206, 210, 212), kind=FILM, row_m=(0.9, 1.6), cover=(0.45, 0.75), rough=1.0),
    "paddy": Crop((104, 108, 92), kind=WATER),
    "pond": Crop((70, 90, 82), kind=WATER),
    "litter": Crop((78, 88, 50), (126, 106, 78), cover=(0.3, 0.6), dry=(0.2, 0.7), rough=1.4),
    "yard": Crop((120, 124, 84), cover=(0.0, 0.15), rough=0.8),
}
GARDENS = {
    "cabbage": 3,
    "garlic": 3,
    "lettuce": 2,
    "bean": 2,
    "potato": 1,
    "seedlings": 2,
    "bare": 1,
}


@dataclass(frozen=True, slots=True)
class Character:
    """A kind of countryside: which crops, how large the fields, how much village and wood."""

    crops: Mapping[str, float]
    field_m2: float
    slender: float
    villages_km2: float = 8.0
    woods: float = 0.05
    orchards: float = 0.03
    lone_trees_ha: float = 3.0
    soil: Colour = (142, 116, 90)
    edges: Mapping[str, float] = field(default_factory=lambda: {"bund": 3, "track": 1, "ditch": 1})


CHARACTERS: Mapping[str, Character] = {
    "plain_strips": Character(
        {"wheat": 6, "rape": 2, "garlic": 1.5, "bean": 1, "seedlings": 1.5, "bare": 2, "film": 1},
        900,
        4.0,
        soil=(156, 132, 102),
    ),
    "garden_villages": Character(
        {**GARDENS, "film": 1, "grass": 1.5, "yard": 0.5}, 260, 2.2, 40.0, soil=(134, 108, 84)
    ),
    "rape_valley": Character(
        {"rape": 5, "paddy": 2, "wheat": 1.5, "cabbage": 1, "bean": 1, "meadow": 2, "bare": 1},
        600,
        2.5,
        12.0,
        0.1,
        soil=(122, 94, 72),
    ),
    "hill_orchards": Character(
        {"grass": 4, "potato": 2, "seedlings": 2, "bare": 2, "bean": 1, "wheat": 1, "meadow": 1},
        700,
        1.8,
        6.0,
        0.15,
        0.3,
        8.0,
        soil=(158, 106, 76),
    ),
    "dry_grassland": Character(
        {"dry_grass": 6, "grass": 3, "bare": 0.5, "stubble": 1},
        6000,
        1.4,
        1.0,
        0.02,
        0.0,
        2.0,
        soil=(168, 142, 114),
        edges={"bund": 4, "track": 1},
    ),
    "wood_edge": Character(
        {"meadow": 3, "grass": 4, "potato": 1, "wheat": 1, "bare": 1, "litter": 1},
        1200,
        1.6,
        4.0,
        0.4,
        0.05,
        15.0,
        soil=(116, 92, 70),
    ),
}
EDGES: Mapping[str, tuple[float, float, Colour]] = {
    "bund": (0.12, 0.35, (116, 124, 78)),
    "track": (0.9, 1.6, (172, 152, 124)),
    "ditch": (0.25, 0.5, (74, 82, 62)),
    "road": (1.6, 2.4, (168, 166, 160)),
}
