"""The review of some of a survey's patches, for whoever may know of no others, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from geoinspect.detect.learn import Relearned
from geoinspect.review_records import Said, Standing
from geoinspect.review_state import Candidates, ReviewState

Json = dict[str, Any]

# Fewer times tell nothing of how long the rest takes.
_LEAST_TIMES = 5


def narrowed(state: ReviewState, only: Collection[int] | None) -> ReviewState:
    """Return a review over some patches by number, in the order that all of them taught; all of
    it for None.
    """
    if only is None:
        return state
    was, order = state.candidates, state.order
    kept = np.isin(was.ids, np.array(sorted(only), np.int64))
    places = np.flatnonzero(kept).tolist()
    features = None if was.features is None else was.features[kept]
    answers = tuple(state.answers[at] for at in places)
    mine = [given.get(state.actor) for given in answers]
    return replace(
        state,
        candidates=Candidates(
            was.ids[kept], was.score[kept], was.logit[kept], features, was.figures_hash
        ),
        answers=answers,
        standings=tuple(state.standings[at] for at in places),
        order=Relearned(order.mean[kept], order.variance[kept]),
        open=state.open[kept],
        seen=sum(one is not None and Said(one.label).answers for one in mine),
    )


def progress(state: ReviewState) -> Json:
    """Return how far a review is: counts, and how long the rest may take."""
    count = Counter(state.standings)
    times = sorted(
        label.seconds
        for given in state.answers
        for label in given.values()
        if label.seconds is not None and Said(label.label).answers
    )
    left = int(state.open.sum())
    told: Json = {
        "candidates": len(state.standings),
        "seen": state.seen,
        "open": left,
        "settled": count[Standing.POPPY] + count[Standing.OTHER],
        **{one.value: count[one] for one in (Standing.POPPY, Standing.OTHER)},
        **{one.value: count[one] for one in (Standing.HALF, Standing.THIRD)},
        "seconds_each": None,
        "left_s": None,
    }
    if len(times) >= _LEAST_TIMES:
        low, middle, high = (float(q) for q in np.percentile(times, [25, 50, 75]))
        told |= {"seconds_each": round(middle, 1), "left_s": [left * low, left * high]}
    return told


def untouched(candidates: int) -> Json:
    """Return how far the review of a survey is of which nobody has said anything."""
    none = ("seen", "settled", *(one.value for one in Standing if one is not Standing.OPEN))
    told: Json = dict.fromkeys(none, 0)
    return told | {
        "candidates": candidates,
        "open": candidates,
        "seconds_each": None,
        "left_s": None,
    }
