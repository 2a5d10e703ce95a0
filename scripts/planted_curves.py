"""Recall of a ranking on planted scenes at fixed numbers of false alarms per km²."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from planted_rows import Loaded, objects_of, shared_with

from geoinspect.detect.forest import Packed
from geoinspect.detect.implants import Planted
from geoinspect.detect.objects import Objects, keep_best

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

# False alarms per km² at which recall is told, and the one at which controls are counted.
ALARMS_KM2, CONTROLS_AT_KM2 = (50, 100, 300), 100
# Smaller patches are not counted.
LEAST_M2 = 10.0
# A find is a patch when it covers this much of it and shares this much of both together.
_COVERED, _ALIKE = 0.2, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """What a ranking makes of one scene.

    Attributes:
        alarms: Scores of finds that touch nothing planted.
        patches, decoys, alike: Best score on each implant of at least ``LEAST_M2``; −∞ where
            nothing was found. Patches must be hit, on the others a touch counts.
    """

    stratum: str
    km2: float
    alarms: F4
    patches: F4
    decoys: F4
    alike: F4


def listed(scene: Loaded, blocks: Packed, score_of: Callable[[F4], F4]) -> Listed:
    """Return what is found in a scene by a forest of blocks and a score of objects' figures."""
    objects = objects_of(scene, blocks)
    return judged(scene, objects, score_of(objects.features))


def judged(scene: Loaded, objects: Objects, score: F4) -> Listed:
    """Return scored objects of a scene beside what was planted there."""
    shared = shared_with(scene, objects)
    order = np.argsort(-score, kind="stable")
    kept = keep_best(score.astype(np.float32), objects.parent, order)
    own, top = shared.owner[kept], score[kept]
    hit = (shared.cover[kept] >= _COVERED) & (shared.iou[kept] >= _ALIKE)

    def best(number: int, finds: NDArray[np.bool_]) -> float:
        return float(np.max(top[finds & (own == number + 1)], initial=-np.inf))

    large = scene.area_m2 >= LEAST_M2
    poppy, decoy = scene.kind == Planted.POPPY, scene.kind == Planted.DECOY
    anything = np.ones(len(kept), dtype=bool)
    groups = ((poppy, hit), (decoy, anything), (~poppy & ~decoy, anything))
    patches, decoys, alike = (
        np.array([best(i, finds) for i in np.flatnonzero(group & large)], dtype=np.float32)
        for group, finds in groups
    )
    return Listed(scene.stratum, scene.km2, top[own == 0], patches, decoys, alike)


def figures(found: Sequence[Listed]) -> dict[str, dict[str, float | int | None]]:
    """Return recall and what is hit of the controls, by stratum."""
    strata = sorted({one.stratum for one in found})
    return {name: _figures([one for one in found if one.stratum == name]) for name in strata}


def _figures(found: Sequence[Listed]) -> dict[str, float | int | None]:
    km2 = sum(one.km2 for one in found)
    alarms = np.sort(np.concatenate([one.alarms for one in found]))[::-1]
    patches, decoys, alike = (
        np.concatenate([getattr(one, name) for one in found])
        for name in ("patches", "decoys", "alike")
    )

    def cut(per_km2: float) -> float:
        allowed = int(per_km2 * km2)
        return float(alarms[allowed]) if allowed < len(alarms) else -np.inf

    told: dict[str, float | int | None] = {"km2": round(km2, 3), "patches": len(patches)}
    for per_km2 in ALARMS_KM2:
        told[f"recall@{per_km2}"] = _share(patches, cut(per_km2))
    told[f"decoys@{CONTROLS_AT_KM2}"] = _share(decoys, cut(CONTROLS_AT_KM2))
    told[f"alike@{CONTROLS_AT_KM2}"] = _share(alike, cut(CONTROLS_AT_KM2))
    told["recall_any"] = _share(patches, -np.inf)
    return told


def _share(best: F4, cut: float) -> float | None:
    return round(float(np.mean(best > cut)), 3) if len(best) else None
