"""The review queue: it learns, forgets nothing, and lets nobody read over another's shoulder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_builders import add_candidates, is_poppy, meadow_survey, outline
from sqlalchemy import func, select

from geoinspect import rank_model_book, review_book
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.review_book import Answer
from geoinspect.review_records import Said, Standing, WhyNot, standing
from geoinspect.review_state import same_ground
from geoinspect.store import audit
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.workspace import Workspace

ANNA, BEN, CARL = "安娜", "本", "卡尔"
YES, NO, UNSURE = Answer(Said.POPPY), Answer(Said.OTHER), Answer(Said.UNSURE)


@pytest.fixture(scope="module")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, int]]:
    folder = tmp_path_factory.mktemp("review")
    with Workspace.create(folder / "w") as workspace:
        yield workspace, meadow_survey(workspace, folder)


@pytest.fixture
def patches(meadow: tuple[Workspace, int]) -> list[int]:
    """New candidates; what was said before of this ground is taken away, for the test only."""
    workspace, survey = meadow
    with workspace.database.writing() as session:
        for row in session.scalars(select(PatchLabelRow)):
            session.delete(row)
    return add_candidates(workspace, survey)


def asked(meadow: tuple[Workspace, int], actor: str = ANNA, **more: object) -> dict:
    workspace, survey = meadow
    with workspace.database.reading() as session:
        return review_book.queue(workspace, session, survey, actor, **more)


def say(meadow: tuple[Workspace, int], patch: int, answer: Answer, actor: str = ANNA) -> int:
    return review_book.label(*meadow, patch, answer, actor=actor)


def review(meadow: tuple[Workspace, int], patches: list[int], count: int) -> list[bool]:
    """Answer what is shown, truly; return what it was."""
    found = []
    for _ in range(count):
        patch = asked(meadow)["coming"][0]["patch"]
        poppy = is_poppy(patches.index(patch))
        say(meadow, patch, YES if poppy else NO)
        found.append(poppy)
    return found


ANSWERS = st.lists(st.sampled_from(list(Said)), max_size=5)


@given(ANSWERS, st.integers(1, 2))
def test_standing_asks_neither_who_came_first_nor_who_said_nothing(
    answers: list[Said], needed: int
) -> None:
    found = standing(answers, needed)
    assert all(standing(some, needed) is found for some in list(permutations(answers))[:24])
    assert standing([*answers, Said.SKIPPED, Said.WITHDRAWN], needed) is found
    yes, no = answers.count(Said.POPPY), answers.count(Said.OTHER)
    assert (found is Standing.POPPY) == (yes >= needed and yes > no)
    assert (found is Standing.OTHER) == (no >= needed and no > yes)
    assert (found is Standing.OPEN) == (not yes and not no and Said.UNSURE not in answers)


def test_the_order_learns_what_is_looked_for(
    meadow: tuple[Workspace, int], patches: list[int]
) -> None:
    kinds = [is_poppy(k) for k in range(len(patches))]
    found = review(meadow, patches, 20)
    # By the detector's order, or by chance, a fifth of them would be.
    assert sum(found) >= 10
    later = asked(meadow, most=3)
    assert later["progress"]["seen"] == later["progress"]["settled"] == later["verdicts"] == 20
    assert later["progress"]["open"] == len(patches) - 20
    left = sum(kinds) - sum(found)
    assert later["advice"]["candidates"] == len(patches) - 20
    assert later["advice"]["low"] <= left <= later["advice"]["high"]
    # Nothing of it lives in memory alone.
    with Workspace.open(meadow[0].folder) as again:
        assert asked((again, meadow[1]), most=3) == later


def test_nothing_is_lost_and_the_last_word_counts(
    meadow: tuple[Workspace, int], patches: list[int]
) -> None:
    workspace, _survey = meadow
    first = asked(meadow)["coming"][0]["patch"]
    say(meadow, first, NO)
    say(meadow, first, Answer(Said.OTHER, WhyNot.GARDEN_FLOWER, seconds=2.5))
    say(meadow, first, YES)
    with workspace.database.reading() as session:
        told = review_book.labelled(*meadow[:1], session, meadow[1], ANNA)
        assert [(one["patch"], one["label"]) for one in told] == [(first, "poppy")]
        assert session.scalar(select(func.count()).select_from(PatchLabelRow)) == 3
        kept = session.scalars(select(PatchLabelRow)).first()
        assert kept is not None
        assert kept.geometry.equals(outline(patches.index(first)))
        assert kept.features is not None
        audit.verify(session)
    assert review_book.undo(*meadow, actor=ANNA) == first
    assert asked(meadow)["progress"]["seen"] == 0
    assert first in [one["patch"] for one in asked(meadow, most=64)["coming"]]
    with pytest.raises(NotFoundError):
        review_book.undo(*meadow, actor=ANNA)
    with pytest.raises(NotFoundError):
        review_book.undo(*meadow, actor=BEN, patch_id=first)


def test_sent_twice_is_kept_once(meadow: tuple[Workspace, int], patches: list[int]) -> None:
    answer = Answer(Said.POPPY, client_id="a1")
    assert say(meadow, patches[0], answer) == say(meadow, patches[0], answer)
    assert asked(meadow)["progress"]["seen"] == 1
    for patch, other, actor in (
        (patches[1], answer, ANNA),
        (patches[0], Answer(Said.OTHER, client_id="a1"), ANNA),
        (patches[0], answer, BEN),
    ):
        with pytest.raises(UsageError):
            say(meadow, patch, other, actor)
    # The same for taking back: the second time must not take back another one.
    say(meadow, patches[1], YES)
    assert review_book.undo(*meadow, actor=ANNA, client_id="u1") == patches[1]
    assert review_book.undo(*meadow, actor=ANNA, client_id="u1") == patches[1]
    assert asked(meadow)["progress"]["seen"] == 1


def test_what_is_skipped_comes_last(meadow: tuple[Workspace, int], patches: list[int]) -> None:
    first = asked(meadow)["coming"][0]["patch"]
    review_book.skip(*meadow, first, actor=ANNA)
    shown = [one["patch"] for one in asked(meadow, most=64)["coming"]]
    assert shown[-1] == first
    assert sorted(shown) == sorted(patches)
    assert asked(meadow, wanted=first)["coming"][0]["patch"] == first
    assert asked(meadow, BEN)["coming"][0]["patch"] == first


def test_two_people_must_agree_and_neither_sees_the_other_first(
    meadow: tuple[Workspace, int], patches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, survey = meadow
    both = workspace.settings.model_copy(update={"review_people": 2})
    monkeypatch.setattr(workspace, "settings", both)

    def told(actor: str) -> dict[int, list[tuple[str, str]]]:
        with workspace.database.reading() as session:
            rows = review_book.labelled(workspace, session, survey, actor)
        found: dict[int, list[tuple[str, str]]] = {}
        for row in rows:
            found.setdefault(row["patch"], []).append((row["actor"], row["label"]))
        return found

    one, two, three = patches[:3]
    for patch, answer in ((one, YES), (two, YES), (three, UNSURE)):
        say(meadow, patch, answer, ANNA)
    assert told(BEN) == {}
    assert all(shown["mine"] is None for shown in asked(meadow, BEN, most=64)["coming"])
    assert asked(meadow, BEN, most=64)["verdicts"] == 0
    say(meadow, one, YES, BEN)
    say(meadow, two, NO, BEN)
    assert sorted(told(BEN)[two]) == sorted([(ANNA, "poppy"), (BEN, "other")])
    assert set(told(CARL)) == {one}
    progress = asked(meadow, CARL)["progress"]
    assert (progress["settled"], progress["third"], progress["half"]) == (1, 2, 0)
    say(meadow, two, NO, CARL)
    say(meadow, three, NO, CARL)
    progress = asked(meadow, CARL)["progress"]
    assert (progress["poppy"], progress["other"], progress["third"]) == (1, 1, 1)


def test_labels_outlive_a_new_detection(meadow: tuple[Workspace, int], patches: list[int]) -> None:
    review(meadow, patches, 12)
    before = asked(meadow)["progress"]
    # A quarter of a candidate's width further east most of it is the same ground.
    new = add_candidates(*meadow, shift_m=0.5)
    assert set(new).isdisjoint(patches)
    after = asked(meadow)
    assert after["progress"] == before
    with meadow[0].database.reading() as session:
        told = review_book.labelled(meadow[0], session, meadow[1], ANNA)
    assert all(one["earlier"] for one in told)
    kinds = {one["patch"]: one["label"] == "poppy" for one in told}
    assert kinds == {patch: is_poppy(new.index(patch)) for patch in kinds}
    # Beyond half the width it is other ground, but what was learnt stays.
    add_candidates(*meadow, shift_m=1.5)
    assert asked(meadow)["progress"]["seen"] == 0
    assert asked(meadow)["verdicts"] == 12
    with pytest.raises(NotFoundError):
        say(meadow, patches[0], YES)


def test_patches_of_older_versions_are_reviewed_by_score(meadow: tuple[Workspace, int]) -> None:
    patches = add_candidates(*meadow, old=True, shift_m=3.5)
    shown = asked(meadow, most=64)
    assert not shown["learning"]
    assert shown["advice"] is None
    first = [one["first_place"] for one in shown["coming"]]
    assert first == sorted(first)
    say(meadow, shown["coming"][0]["patch"], YES)
    assert asked(meadow, most=64)["coming"][0]["patch"] == shown["coming"][1]["patch"]
    assert len(patches) == 64
    with pytest.raises(UsageError):
        rank_model_book.make_model(*meadow, actor=ANNA)


@pytest.mark.parametrize("patch", [0, -1, 10**15])
def test_unknown_patches_are_told(meadow: tuple[Workspace, int], patch: int) -> None:
    with pytest.raises(NotFoundError):
        say(meadow, patch, YES)
    with meadow[0].database.reading() as session, pytest.raises(NotFoundError):
        review_book.queue(meadow[0], session, 99, ANNA)


def test_same_ground_is_half_of_the_smaller() -> None:
    whole = outline(0)
    near, far, inside = (
        outline(0, shift_m=0.9),
        outline(0, shift_m=1.1),
        outline(0, shift_m=0.2, side_m=0.5),
    )
    assert same_ground([whole], [near, far, inside]) == [[0, 2]]
    assert same_ground([inside, far], [whole]) == [[0], []]
    assert same_ground([], [whole]) == []
    assert np.array(same_ground([whole], [])).size == 0
