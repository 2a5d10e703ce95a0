"""What a sender's clock makes doubtful. Nothing is refused for it: the server's time is kept too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from geoinspect.cases.lifecycle import Event
from geoinspect.errors import Text

# Clocks of phones agree to seconds; minutes ahead are a clock that was set by hand.
_AHEAD = timedelta(minutes=5)
# Answers wait on a phone for days without a signal, hardly for a season.
_LATE = timedelta(days=30)

DOUBT_WORDS: Mapping[str, Text] = {
    "clock_ahead": Text(
        "填报时间晚于服务器收到的时间:设备时钟可能偏快",
        "the time given is after the server received it: the device's clock may be ahead",
    ),
    "sent_late": Text(
        "填报时间比收到时间早 30 天以上:请核对日期",
        "the time given is more than 30 days before it was received: check the date",
    ),
    "before_opening": Text(
        "填报时间早于立线索的时间", "the time given is before the case was opened"
    ),
    "day_ahead": Text("填写的日期在今天之后", "the day given is after today"),
    "day_before_step": Text(
        "填写的日期早于上一步的日期:请核对",
        "the day given is before that of an earlier step: check it",
    ),
    "before_last_step": Text(
        "填报时间早于上一步:请核对先后顺序",
        "the time given is before the step that came before it: check the order",
    ),
}


def doubts_of(happened: datetime | None, at: datetime, events: Sequence[Event]) -> list[str]:
    """Return what is doubtful about when something was done, keys of :data:`DOUBT_WORDS`.

    Args:
        happened: By the sender's clock; None where nobody said.
        at: When the server took it.
        events: Of the case so far; empty for its opening.
    """
    if happened is None:
        return []
    found = []
    if happened > at + _AHEAD:
        found.append("clock_ahead")
    if happened < at - _LATE:
        found.append("sent_late")
    if events and happened < events[0].at - _AHEAD:
        found.append("before_opening")
    earlier = [when for when in (_when(event) for event in events if event.moves) if when]
    if earlier and happened < max(earlier) - _AHEAD and "before_opening" not in found:
        found.append("before_last_step")
    return found


def day_doubts(said: str | None, today: date, earlier: Iterable[str]) -> list[str]:
    """Return what is doubtful about the day of a step, keys of :data:`DOUBT_WORDS`.

    Args:
        said: The day, as 2026-05-14; None where nobody said.
        today: When the server took it, Beijing.
        earlier: Days of the steps before it.
    """
    if said is None:
        return []
    ahead = ["day_ahead"] if said > today.isoformat() else []
    return [*ahead, "day_before_step"] if any(said < day for day in earlier) else ahead


def _when(event: Event) -> datetime | None:
    """Return when an event was done by its sender's clock, where that clock can be believed."""
    text = event.details.get("happened")
    if text is None or event.details.get("doubts"):
        return None
    return datetime.fromisoformat(text)
