"""What review teaches: settled answers about looks, one for each ground, and nobody's secret."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_builders import add_candidates, meadow_survey
from sqlalchemy import delete, select

from geoinspect import rank_model_book, review_book, review_state
from geoinspect.errors import UsageError
from geoinspect.review_book import Answer
from geoinspect.review_files import label_frame
from geoinspect.review_records import Said, Standing, WhyNot, one_voice_each, standing, teaches
from geoinspect.review_state import ReviewState
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace

ANNA, BEN, CARL = "安娜", "本", "卡尔"
YES, NO = Answer(Said.POPPY), Answer(Said.OTHER)
NO_LOOKS = [WhyNot.LICENSED, WhyNot.DUPLICATE, WhyNot.PICTURE_FAULT]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, int]]:
    folder = tmp_path_factory.mktemp("lessons")
    with Workspace.create(folder / "w") as workspace:
        yield workspace, meadow_survey(workspace, folder)


@pytest.fixture
def patches(place: tuple[Workspace, int]) -> list[int]:
    """New candidates without labels."""
    with place[0].database.writing() as session:
        session.execute(delete(PatchLabelRow))
    return add_candidates(*place)


@pytest.fixture
def two_must_agree(place: tuple[Workspace, int], monkeypatch: pytest.MonkeyPatch) -> None:
    both = place[0].settings.model_copy(update={"review_people": 2})
    monkeypatch.setattr(place[0], "settings", both)


def say(place: tuple[Workspace, int], patch: int, answer: Answer, actor: str = ANNA) -> int:
    return review_book.label(*place, patch, answer, actor=actor)


def state(place: tuple[Workspace, int], actor: str = ANNA) -> ReviewState:
    with place[0].database.reading() as session:
        return review_book.state_of(place[0], session, place[1], actor)


def listed(place: tuple[Workspace, int], actor: str) -> list[tuple[int, str, str]]:
    with place[0].database.reading() as session:
        rows = review_book.labelled(place[0], session, place[1], actor)
    return [(row["patch"], row["label"], row["standing"]) for row in rows]


def test_only_looks_teach() -> None:
    assert [why for why in WhyNot if not teaches(Said.OTHER, why)] == NO_LOOKS
    assert all(teaches(Said.POPPY, why) for why in WhyNot)
    assert teaches(Said.OTHER, None)
    assert not any(teaches(said, None) for said in Said if said not in (Said.POPPY, Said.OTHER))


@pytest.mark.parametrize("moved_m", [0.0, 1.5])
def test_licensed_poppy_moves_no_other_behind(
    place: tuple[Workspace, int], patches: list[int], moved_m: float
) -> None:
    before = state(place).order.chance
    for patch, reason in zip(patches[2:13:5], NO_LOOKS, strict=True):
        say(place, patch, Answer(Said.OTHER, reason))
    if moved_m:
        add_candidates(*place, shift_m=moved_m)
    after = state(place)
    assert after.told == 0
    np.testing.assert_array_equal(after.order.chance, before)
    # What grows there is told apart by its looks: that does teach.
    patch = int(after.candidates.ids[20])
    say(place, patch, Answer(Said.OTHER, WhyNot.GRASS))
    assert state(place).told == 1


def test_models_leave_out_what_no_looks_tell(
    place: tuple[Workspace, int], patches: list[int]
) -> None:
    for patch in patches[:5]:
        say(place, patch, YES)
    for patch, reason in zip(patches[5:8], NO_LOOKS, strict=True):
        say(place, patch, Answer(Said.OTHER, reason))
    made = rank_model_book.make_model(*place, actor=ANNA)
    assert made.labels == {"poppy": 5, "other": 0}


@pytest.mark.usefixtures("two_must_agree")
def test_one_persons_word_on_vanished_ground_is_hers_alone(
    place: tuple[Workspace, int], patches: list[int]
) -> None:
    for patch in patches[:5]:
        say(place, patch, YES)
    say(place, patches[5], YES)
    say(place, patches[5], NO, BEN)
    add_candidates(*place, shift_m=1.5)
    assert (state(place, ANNA).told, state(place, BEN).told, state(place, CARL).told) == (6, 1, 0)
    with pytest.raises(UsageError):
        rank_model_book.make_model(*place, actor=ANNA)
    # Her own words she may read and take with her, others' stay with them.
    assert len(label_frame(*place, ANNA)) == 6
    assert len(label_frame(*place, BEN)) == 1
    assert len(label_frame(*place, CARL)) == 0


@pytest.mark.usefixtures("two_must_agree")
def test_what_both_said_of_vanished_ground_teaches_once(
    place: tuple[Workspace, int], patches: list[int]
) -> None:
    for patch in patches[:5]:
        say(place, patch, YES)
        say(place, patch, YES, BEN)
    add_candidates(*place, shift_m=1.5)
    assert state(place, CARL).told == 5
    assert rank_model_book.make_model(*place, actor=ANNA).labels == {"poppy": 5, "other": 0}


@pytest.mark.usefixtures("two_must_agree")
@pytest.mark.parametrize("said", [Said.POPPY, Said.UNSURE])
def test_who_put_a_patch_off_learns_nothing_of_others(
    place: tuple[Workspace, int], patches: list[int], said: Said
) -> None:
    say(place, patches[0], Answer(said))
    review_book.skip(*place, patches[0], actor=BEN)
    assert listed(place, BEN) == [(patches[0], "skipped", "open")]
    say(place, patches[0], NO, BEN)
    assert {stands for _, _, stands in listed(place, BEN)} == {"third"}


def test_a_reason_and_a_correction_make_no_second_model(
    place: tuple[Workspace, int], patches: list[int]
) -> None:
    def count() -> int:
        with place[0].database.reading() as session:
            told = rank_model_book.models_told(place[0], session, place[1])
            return sum(one["own"] for one in told)

    before = count()
    for patch in patches[:25]:
        say(place, patch, NO)
    assert count() == before + 1
    say(place, patches[24], Answer(Said.OTHER, WhyNot.GRASS))
    say(place, patches[3], YES)
    assert count() == before + 1
    for patch in patches[25:50]:
        say(place, patch, NO)
    assert count() == before + 2


def test_the_detectors_place_is_that_of_its_list(
    place: tuple[Workspace, int], patches: list[int]
) -> None:
    # A lead amid better ones: its logit is the best of all, its place in the list the last.
    with place[0].database.writing() as session:
        rows = session.scalars(select(PatchRow).where(PatchRow.id.in_(patches))).all()
        for number, row in enumerate(sorted(rows, key=lambda one: one.id)):
            row.logit, row.score = number / 10, 0.9 - number / 100
    # Candidates are kept in memory while their numbers stay.
    with Workspace.open(place[0].folder) as again, again.database.reading() as session:
        review_state._candidates.clear()
        shown = review_book.queue(again, session, place[1], ANNA, wanted=patches[-1])["coming"]
    assert shown[0]["patch"] == patches[-1]
    assert shown[0]["first_place"] == len(patches)


WORDS = st.sampled_from([Said.POPPY, Said.OTHER, Said.UNSURE])


@given(WORDS, WORDS, WORDS)
def test_a_name_speaks_once_however_it_came(own: Said, one: Said, two: Said) -> None:
    assert one_voice_each({"anna (cli)": one, "anna": own, "anna (ben) (cli)": two}) == [own]
    assert one_voice_each({"anna (cli)": one, "anna (ben)": two}) == [two]
    assert one_voice_each({"anna (cli)": one, "ben": two}) == [one, two]
    assert one_voice_each({"(cli)": one, "": two}) == [one, two]
    assert standing(one_voice_each({"anna": own, "anna (x)": own}), 2) in (
        Standing.HALF,
        Standing.THIRD,
    )
