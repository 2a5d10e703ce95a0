"""Which flights the sample county has: a terraced hamlet, a valley floor, a clearing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import radians
from zoneinfo import ZoneInfo

from sample_data.fields import Lie
from sample_data.light import Weather
from sample_data.planted import Wish
from sample_data.scenes import Scene

_BEIJING = ZoneInfo("Asia/Shanghai")

TERRACES = Scene(
    name="survey_A_terraces_20260512",
    taken=datetime(2026, 5, 12, 10, 42, tzinfo=_BEIJING),
    crs=None,
    gsd_m=0.03,
    shape=(4000, 4000),
    lie=Lie(
        crops=(
            ("wheat", 5),
            ("rape", 2.2),
            ("maize", 4),
            ("film", 2.5),
            ("cabbage", 1.4),
            ("garlic", 1),
            ("potato", 2),
            ("soil", 2),
            ("fallow", 2),
        ),
        angle=radians(12),
        widths_m=(5.0, 12.0),
        step_m=0.9,
        bend_m=6.5,
        wood=0.22,
        track_at=0,
    ),
    weather=Weather(142, 57, 1.62, (1.02, 1.0, 0.97), 2.0),
    wishes=(
        Wish("flower", "yard", 9, 14, ("pink", "white")),
        Wish("flower", "wood_edge", 26, 22, ("red", "mauve")),
        Wish("bud", "wood_edge", 14),
        Wish("bud", "maize", 30),
        Wish("flower", "maize", 12, 6, ("white",)),
        Wish("flower", "terrace", 55, 26, ("white", "pink"), "valid"),
    ),
    yards=((0.72, 0.80), (0.53, 0.87)),
)

VALLEY = Scene(
    name="survey_B_valley_20260602",
    taken=datetime(2026, 6, 2, 15, 5, tzinfo=_BEIJING),
    crs="EPSG:32648",
    gsd_m=0.04,
    shape=(3400, 3600),
    lie=Lie(
        crops=(
            ("film", 4),
            ("cabbage", 2.5),
            ("garlic", 1.5),
            ("maize", 4),
            ("potato", 3),
            ("wheat", 2),
            ("soil", 2),
            ("fallow", 1.5),
        ),
        angle=radians(-24),
        widths_m=(8.0, 19.0),
        step_m=0.25,
        bend_m=4.5,
        wood=0.13,
        track_at=0,
    ),
    weather=Weather(218, 54, 1.5, (1.0, 1.0, 1.03), 2.4),
    wishes=(
        Wish("capsule", "yard", 6),
        Wish("capsule", "wood_edge", 40),
        Wish("capsule", "terrace", 18),
        Wish("flower", "terrace", 24, 9, ("mauve", "white"), "expired"),
        Wish("flower", "maize", 16, 12, ("pink",)),
    ),
    yards=((0.26, 0.67), (0.46, 0.74), (0.62, 0.38)),
    pond=(0.72, 0.68),
    ragged=True,
    striped=True,
)

CLEARING = Scene(
    name="survey_C_clearing_20260420",
    taken=datetime(2026, 4, 20, 9, 50, tzinfo=_BEIJING),
    crs=None,
    gsd_m=0.02,
    shape=(2000, 2000),
    lie=Lie(
        crops=(("fallow", 4), ("soil", 3), ("wheat", 2), ("garlic", 1)),
        angle=radians(31),
        widths_m=(4.0, 8.0),
        step_m=0.7,
        bend_m=3.0,
        wood=0.45,
        track_at=None,
    ),
    weather=Weather(135, 50, 1.55, (1.03, 1.0, 0.95), 2.2),
    wishes=(
        Wish("rosette", "wood_edge", 10),
        Wish("rosette", "open", 22),
        Wish("rosette", "open", 4.5),
    ),
)

FULL_SCENES = (TERRACES, VALLEY, CLEARING)

_TINY = (Wish("flower", "terrace", 8, 15, ("pink",), "valid"),)
SMALL_SCENES = (
    replace(TERRACES, gsd_m=0.05, shape=(700, 700), wishes=_TINY, yards=()),
    replace(
        VALLEY,
        gsd_m=0.05,
        shape=(640, 720),
        wishes=(Wish("capsule", "terrace", 6, licensed="expired"),),
        yards=(),
        pond=None,
    ),
)
