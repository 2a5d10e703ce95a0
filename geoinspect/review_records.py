"""What reviewers say of patches, and when enough of them have said enough."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from geoinspect.errors import Text


class Said(StrEnum):
    """What a person said of a patch; the last two take back or put off what was said before."""

    POPPY = "poppy"
    OTHER = "other"
    UNSURE = "unsure"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"

    @property
    def answers(self) -> bool:
        """Whether it is an answer at all."""
        return self in (Said.POPPY, Said.OTHER, Said.UNSURE)


class WhyNot(StrEnum):
    """What a patch is instead of poppy."""

    GRASS = "grass"
    CROP = "crop"
    GARDEN_FLOWER = "garden_flower"
    VEGETABLE = "vegetable"
    TREE = "tree"
    ROOF_OR_FILM = "roof_or_film"
    LICENSED = "licensed"
    DUPLICATE = "duplicate"
    PICTURE_FAULT = "picture_fault"
    OTHER = "other"


_BROUGHT_BY = re.compile(r"(?<=\S)(?: \([^()]*\))+$")
# Such ground may look like poppy all the same: no poppy there is no lesson.
_NO_LESSON = (WhyNot.LICENSED, WhyNot.DUPLICATE, WhyNot.PICTURE_FAULT)


class Standing(StrEnum):
    """How far the answers to a patch have come.

    ``half`` waits for a second person, ``third`` for another one because the answers differ or
    somebody was unsure.
    """

    OPEN = "open"
    HALF = "half"
    THIRD = "third"
    POPPY = "poppy"
    OTHER = "other"

    @property
    def settled(self) -> bool:
        """Whether nobody needs to look again."""
        return self in (Standing.POPPY, Standing.OTHER)


SAID_WORDS = {
    Said.POPPY: Text("像罂粟", "looks like poppy"),
    Said.OTHER: Text("不是", "not poppy"),
    Said.UNSURE: Text("拿不准", "unsure"),
    Said.SKIPPED: Text("跳过", "skipped"),
    Said.WITHDRAWN: Text("撤回", "taken back"),
}


def teaches(said: str, reason: str | None) -> bool:
    """Return whether an answer tells how poppy, or what is none, looks.

    Licensed poppy, a patch marked twice and a fault of the picture are no finds, but looks alone
    can't tell them from poppy.
    """
    return said == Said.POPPY or (said == Said.OTHER and reason not in _NO_LESSON)


def voice(actor: str) -> str:
    """Return whose word it is: imported labels name in brackets, at the end, who brought them."""
    return _BROUGHT_BY.sub("", actor)


def one_voice_each(said: Mapping[str, str]) -> list[Said]:
    """Return what people said of one ground, one word each, whoever brought it in.

    What somebody said here goes before what is said to be theirs in a file; of several files the
    one that came last counts. Two accounts that differ by such a bracket alone count as one, so
    that nobody is taken for two.

    Args:
        said: Last words by name, in the order they came.
    """
    told: dict[str, str] = {}
    for actor, word in said.items():
        who = voice(actor)
        if who not in said or who == actor:
            told[who] = word
    return [Said(word) for word in told.values()]


def standing(answers: Iterable[Said], needed: int) -> Standing:
    """Return how a patch stands after the answers of different people, one each.

    It is settled when ``needed`` people say the same and more say so than say the contrary.

    Args:
        answers: Each person's last word; put-off and withdrawn ones don't count.
        needed: People who must agree, 1 or more.
    """
    given = [answer for answer in answers if answer.answers]
    yes, no = given.count(Said.POPPY), given.count(Said.OTHER)
    if yes >= needed and yes > no:
        return Standing.POPPY
    if no >= needed and no > yes:
        return Standing.OTHER
    if (yes and no) or Said.UNSURE in given:
        return Standing.THIRD
    return Standing.HALF if given else Standing.OPEN
