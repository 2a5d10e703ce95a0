"""Ranking models of a workspace: made in time, kept with what they rest on, moved with a warning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from review_builders import add_candidates, is_poppy, meadow_survey
from sqlalchemy import update

from geoinspect import rank_model_book, review_book
from geoinspect.detect.objects import FEATURES
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.review_book import Answer
from geoinspect.review_records import Said
from geoinspect.store import audit
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace

ANNA = "安娜"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[Workspace, int, int]]:
    """Two surveys, of which the first was reviewed by 26 answers."""
    with Workspace.create(tmp_path / "w") as workspace:
        one, two = (meadow_survey(workspace, tmp_path, seed=k) for k in (1, 2))
        patches = add_candidates(workspace, one)
        add_candidates(workspace, two)
        for k, patch in enumerate(patches[:26]):
            said = Said.POPPY if is_poppy(k) else Said.OTHER
            review_book.label(workspace, one, patch, Answer(said), actor=ANNA)
        yield workspace, one, two


def models(workspace: Workspace, survey: int) -> list[dict]:
    with workspace.database.reading() as session:
        audit.verify(session)
        return rank_model_book.models_told(workspace, session, survey)


def first_ten(workspace: Workspace, survey: int) -> tuple[int, int]:
    """How many of the first ten to show are of the kind looked for, and the verdicts known."""
    with workspace.database.reading() as session:
        state = review_book.state_of(workspace, session, survey, ANNA)
    best = np.argsort(-state.order.chance)[:10]
    return sum(is_poppy(int(k)) for k in best), state.told


def test_a_model_is_made_at_the_25th_settled_patch(office: tuple[Workspace, int, int]) -> None:
    workspace, one, _two = office
    (made,) = models(workspace, one)
    assert made["own"]
    assert made["labels"] == {"poppy": 5, "other": 20}
    assert made["figures"]["verdicts"] == 25
    again = rank_model_book.make_model(workspace, one, actor=ANNA, name="第二版")
    assert again.labels == {"poppy": 5, "other": 21}
    assert again.data_hash != made["data_hash"]
    same = rank_model_book.make_model(workspace, one, actor=ANNA)
    assert same.data_hash == again.data_hash
    assert [m["name"] for m in models(workspace, one)][1] == "第二版"


def test_a_model_orders_another_survey(office: tuple[Workspace, int, int]) -> None:
    workspace, one, two = office
    before, told = first_ten(workspace, two)
    assert told == 0
    number = models(workspace, one)[0]["id"]
    assert rank_model_book.use_model(workspace, two, number, actor=ANNA)["fits"]
    after, told = first_ten(workspace, two)
    assert told == 25
    assert after > before
    (used,) = models(workspace, two)
    assert used["used"]
    assert used["warning"] is None
    rank_model_book.drop_use(workspace, two, number, actor=ANNA)
    assert first_ten(workspace, two) == (before, 0)
    with pytest.raises(NotFoundError):
        rank_model_book.drop_use(workspace, two, number, actor=ANNA)
    with pytest.raises(UsageError):
        rank_model_book.use_model(workspace, one, number, actor=ANNA)
    with pytest.raises(NotFoundError):
        rank_model_book.use_model(workspace, two, 99, actor=ANNA)


def test_unlike_pictures_bring_a_warning(office: tuple[Workspace, int, int]) -> None:
    workspace, one, two = office
    strange = (np.random.default_rng(1).normal(size=(64, len(FEATURES))) * 5 + 4).astype("<f4")
    patches = add_candidates(workspace, two)
    with workspace.database.writing() as session:
        for k, patch in enumerate(patches):
            new = update(PatchRow).where(PatchRow.id == patch)
            session.execute(new.values(features=strange[k].tobytes()))
    number = models(workspace, one)[0]["id"]
    assert not rank_model_book.use_model(workspace, two, number, actor=ANNA)["fits"]
    (told,) = models(workspace, two)
    assert "排序可能更差" in told["warning"]["message_zh"]
    assert "may get worse" in told["warning"]["message"]


def test_only_models_of_the_same_figures_are_offered(office: tuple[Workspace, int, int]) -> None:
    workspace, one, two = office
    (told,) = models(workspace, two)
    assert told["usable"]
    assert not models(workspace, one)[0]["usable"]
    add_candidates(workspace, two, old=True)
    (told,) = models(workspace, two)
    assert not told["usable"]
    with pytest.raises(UsageError):
        rank_model_book.use_model(workspace, two, told["id"], actor=ANNA)


def test_too_few_answers_make_no_model(office: tuple[Workspace, int, int]) -> None:
    workspace, _one, two = office
    with pytest.raises(UsageError, match="至少需要 5 个"):
        rank_model_book.make_model(workspace, two, actor=ANNA)
