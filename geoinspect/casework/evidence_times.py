"""Between which steps of a case a piece of evidence should have been made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from geoinspect.cases.evidence import StepTimes
from geoinspect.cases.lifecycle import Event, without_undone
from geoinspect.errors import UsageError


def step_times(events: Sequence[Event], step: int | None) -> StepTimes:
    """Return when the case came to its steps, as far as they bear on a piece of evidence.

    Args:
        events: Of the case, in their order.
        step: Number of the event that the piece belongs to; None is none in particular, so that
            only the opening counts.

    Raises:
        UsageError: There is no such event, or it was undone.
    """
    counted = without_undone(events)
    opened = done_at(counted[0])
    if step is None:
        return StepTimes(opened)
    if step not in {event.seq for event in counted}:
        raise UsageError(
            f"这条线索没有第 {step} 步(或已撤销):请刷新页面",
            f"this case has no step {step}, or it was undone: load the page again",
            code="no_step",
        )
    moves = [event for event in counted if event.moves]
    before = [event for event in moves if event.seq < step]
    after = [event for event in moves if event.seq > step]
    return StepTimes(
        opened,
        previous=done_at(before[-1]) if before else None,
        next=done_at(after[0]) if after else None,
        shows_suspicion=step == counted[0].seq,
    )


def done_at(event: Event) -> datetime:
    """Return when an event was done: by its sender's clock where nothing makes that doubtful."""
    text = event.details.get("happened")
    if text is None or event.details.get("doubts"):
        return event.at
    return datetime.fromisoformat(text)
