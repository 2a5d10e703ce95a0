"""What reviewers say of patches, and when enough of them have said enough."""

from __future__ import annotations

from collections.abc import Iterable
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
