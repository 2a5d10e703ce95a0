"""Which patches the review has settled, over all surveys at once."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.review_state import same_ground, standing_of
from geoinspect.settings import Settings
from geoinspect.store import reviewing, shapes
from geoinspect.store.reviewing import LabelEntry

I8 = NDArray[np.int64]


def settled_patches(session: Session, settings: Settings, ids: I8) -> dict[int, str]:
    """Return ``poppy`` or ``other`` by number of each patch that enough people agree on.

    What is not settled is left out: where two people must agree, nobody is to learn from the map
    what the first one said.

    Args:
        session: Open.
        settings: How many people must agree.
        ids: Of all patches there are, ascending.
    """
    present = set(ids.tolist())
    answers: dict[int, dict[str, LabelEntry]] = defaultdict(dict)
    strays: dict[int, list[LabelEntry]] = defaultdict(list)
    labels = shapes.labels(session)
    moved = {label.id for _, label in labels if label.patch_id not in present}
    for survey_id, label in labels:
        if label.id in moved:
            strays[survey_id].append(label)
    on = {
        label_id: patches
        for survey_id, gone in strays.items()
        for label_id, patches in _on_new_ground(session, survey_id, gone).items()
    }
    for _, label in labels:
        for patch_id in on.get(label.id, ()) if label.id in moved else (label.patch_id,):
            assert patch_id is not None
            answers[patch_id][label.actor] = label
    found = {patch: standing_of(given, settings.review_people) for patch, given in answers.items()}
    return {patch: stands.value for patch, stands in found.items() if stands.settled}


def _on_new_ground(
    session: Session, survey_id: int, labels: list[LabelEntry]
) -> dict[int, list[int]]:
    """Return the patches on whose ground labels of an earlier detection lie, by label."""
    numbers, outlines = shapes.patch_grounds(session, survey_id)
    grounds = reviewing.label_grounds(session, [label.id for label in labels])
    matched = same_ground([grounds[label.id] for label in labels], outlines)
    return {
        label.id: [numbers[k] for k in places]
        for label, places in zip(labels, matched, strict=True)
    }
