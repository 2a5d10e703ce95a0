"""What is planted to measure a sensitivity: sizes, stages, flowers and forms, all alike often."""

from __future__ import annotations

import itertools

import numpy as np

from geoinspect.detect.implants import PatchForm, Planted, Wish
from geoinspect.errors import UsageError
from geoinspect.search_records import GrowthStage

AREAS_M2 = (4.0, 10.0, 25.0, 60.0, 150.0)
_LOOKS = (
    (GrowthStage.ROSETTE, 0.0),
    (GrowthStage.BUD, 0.0),
    (GrowthStage.FLOWER, 5.0),
    (GrowthStage.FLOWER, 15.0),
    (GrowthStage.FLOWER, 40.0),
)
_FORMS = (
    (PatchForm.PARCEL, 0.45),
    (PatchForm.BLOB, 0.25),
    (PatchForm.ROWS, 0.15),
    (PatchForm.STRIP, 0.10),
    (PatchForm.SCATTERED, 0.05),
)
# A strip longer than a field is no patch.
_LARGEST_STRIP_M2 = 40.0
PATCHES = 200
# One decoy for so many patches.
_TO_A_DECOY = 4


def looks_of(stage: GrowthStage | None) -> tuple[tuple[GrowthStage, float], ...]:
    """Return the stages and flowers per m² that are planted for a survey at a stage.

    Raises:
        UsageError: Nothing stands above ground at that stage.
    """
    if stage is None:
        return _LOOKS
    if stage is GrowthStage.NONE:
        raise UsageError(
            "拍摄当天按物候表没有罂粟在地面上,无从测量灵敏度;请核对拍摄日期和物候表",
            "by the growth table no poppy stands above ground on that day, so there is no "
            "sensitivity to measure; check the day and the table",
            code="nothing_stands",
        )
    return tuple(look for look in _LOOKS if look[0] is stage) or ((stage, 0.0),)


def wishes_of(stage: GrowthStage | None, patches: int, rng: np.random.Generator) -> list[Wish]:
    """Return the patches and decoys to be planted: all strata alike, in random order."""
    if not 1 <= patches <= 100_000:
        raise UsageError(
            f"模拟图斑数应在 1 到 100000 之间,得到 {patches}",
            f"the number of simulated patches must be 1 to 100,000, got {patches}",
            code="bad_number",
        )
    strata = list(itertools.product(AREAS_M2, looks_of(stage)))
    forms = [form for form, _ in _FORMS]
    shares = [share for _, share in _FORMS]
    wishes = []
    for i in range(patches + patches // _TO_A_DECOY):
        area_m2, (grown, bloom) = strata[i % len(strata)]
        form = forms[int(rng.choice(len(forms), p=shares))]
        if form is PatchForm.STRIP and area_m2 > _LARGEST_STRIP_M2:
            form = PatchForm.PARCEL
        kind = Planted.POPPY if i < patches else Planted.DECOY
        wishes.append(Wish(kind, area_m2, grown, bloom if i < patches else 0.0, form))
    return [wishes[i] for i in rng.permutation(len(wishes))]
