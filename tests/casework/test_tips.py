"""Tips: taken once, with no identity, and followed to a case, to nothing, or to each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    COMMANDER,
    FIELD,
    NOON,
    case_row,
    county,
    opened,
    place,
)
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from geoinspect.cases.records import CaseAction, CaseState, Origin
from geoinspect.cases.tip_codes import new_code
from geoinspect.cases.tip_records import Reward, TipReason, TipState
from geoinspect.cases.tip_words import MASK
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.tip_steps import (
    dismiss_tip,
    link_tip,
    merge_tips,
    open_case_from_tip,
    set_reward,
)
from geoinspect.casework.tip_told import answer_times, figures_told, heard, tip_told
from geoinspect.casework.tips import NewTip, TipTaken, take_tip
from geoinspect.errors import ConflictError, ForbiddenError, UsageError
from geoinspect.store import cases, tips
from geoinspect.store.case_schema import CaseRow
from geoinspect.store.schema import AuditRow
from geoinspect.store.site_schema import TipRow
from geoinspect.store.workspace import Workspace

NUMBERS = itertools.count(1)
PHONE = "13912345678"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as made:
        yield made


def sent(
    workspace: Workspace,
    text: str = "屋后山坡有罂粟",
    *,
    town: int = 0,
    east: float = 0.5,
    now: datetime = NOON,
    code: str = "",
    **more: object,
) -> TipTaken:
    at = place(town, east=east)
    fields = {"place": "李家沟", "lon": at.x, "lat": at.y, "place_from": "map", **more}
    new = NewTip(f"tip-client-{next(NUMBERS)}", text, claim_code=code, **fields)  # type: ignore[arg-type]
    return take_tip(workspace, new, now=now)


def row(workspace: Workspace, tip_id: int) -> TipRow:
    with workspace.database.reading() as session:
        return tips.tip(session, tip_id)


def told(workspace: Workspace, tip_id: int, now: datetime = NOON) -> dict:
    with workspace.database.reading() as session:
        return tip_told(session, workspace.settings, tips.tip(session, tip_id), now=now)


def hears(workspace: Workspace, code: str) -> tuple[str, str] | None:
    with workspace.database.reading() as session:
        found = heard(session, code)
    return None if found is None else (found.state.en, found.reward.en)


def sound(workspace: Workspace) -> None:
    assert verify_workspace(workspace).faults == ()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": "", "place": "x"}, "nothing_told"),
        ({"place": " ", "lon": None, "lat": None}, "no_place"),
        ({"lon": 200.0}, "bad_place"),
        ({"lat": None}, "bad_place"),
        ({"text": "字" * 2001}, "too_long"),
        ({"place": "字" * 201}, "too_long"),
        ({"photos": (b"x",) * 4}, "too_many_photos"),
        ({"code": "AAAAA-AAAAA-AAAAA-AAAAC"}, "bad_claim_code"),
    ],
)
def test_what_can_not_be_taken_is_told(workspace: Workspace, more: dict, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        sent(workspace, **more)
    assert refused.value.code == code
    assert refused.value.text.zh
    assert refused.value.text.en


def test_sent_twice_is_one_tip_with_one_code(workspace: Workspace) -> None:
    code = new_code()
    new = NewTip("a-client-1", f"有罂粟 {PHONE}", "李家沟", claim_code=code)
    first = take_tip(workspace, new, now=NOON)
    again = take_tip(workspace, new, now=NOON + timedelta(hours=1))
    assert (again.tip_id, again.masked, again.again) == (first.tip_id, first.masked, True)
    assert hears(workspace, code) is not None
    with pytest.raises(ConflictError):
        take_tip(workspace, NewTip("a-client-1", "x", "y", claim_code=new_code()), now=NOON)
    with workspace.database.reading() as session:
        assert tips.count_by_state(session) == {"received": 1}
    assert row(workspace, first.tip_id).number == "T2026-00001"


def test_the_same_form_from_many_hands_at_once(workspace: Workspace) -> None:
    new = NewTip("a-client-1", "有罂粟", "李家沟", claim_code=new_code())
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: take_tip(workspace, new, now=NOON), range(12)))
    assert {one.tip_id for one in taken} == {1}
    assert sum(not one.again for one in taken) == 1


def test_a_merged_case_is_followed(workspace: Workspace) -> None:
    code = new_code()
    done = open_case_from_tip(workspace, sent(workspace, code=code).tip_id, ANALYST, now=NOON)
    into = opened(workspace)
    assert done.case_id is not None
    act(workspace, done.case_id, Step(CaseAction.MERGE, into=into), ANALYST, now=NOON)
    assert "is being checked" in (hears(workspace, code) or ("", ""))[0]
    gone = Step(CaseAction.DISMISS, reason="grass")
    act(workspace, into, gone, ANALYST, now=NOON)
    assert "is closed" in (hears(workspace, code) or ("", ""))[0]


@pytest.mark.timeout(60)
def test_cases_that_point_at_each_other_hold_nobody_up(workspace: Workspace) -> None:
    code = new_code()
    first = open_case_from_tip(workspace, sent(workspace, code=code).tip_id, ANALYST, now=NOON)
    ring = [first.case_id, opened(workspace), opened(workspace)]
    with workspace.database.writing() as session:
        for one, into in zip(ring, [*ring[1:], ring[0]], strict=True):
            set_to = update(CaseRow).where(CaseRow.id == one)
            session.execute(set_to.values(merged_into=into, state=CaseState.MERGED.value))
    assert "looked into" in (hears(workspace, code) or ("", ""))[0]


def test_a_tip_becomes_a_case(workspace: Workspace) -> None:
    code = new_code()
    taken = sent(workspace, code=code)
    assert hears(workspace, code) == (
        "It was received and waits to be read.",
        "The reward is decided when the check has ended.",
    )
    done = open_case_from_tip(workspace, taken.tip_id, ANALYST, client_id="step-0001", now=NOON)
    again = open_case_from_tip(workspace, taken.tip_id, ANALYST, client_id="step-0001", now=NOON)
    assert (again.case_id, again.receipt, again.again) == (done.case_id, done.receipt, True)
    assert done.case_id is not None
    case = case_row(workspace, done.case_id)
    assert (case.origin, case.state) == (Origin.TIP, CaseState.SUSPECTED)
    assert case.geometry.distance(place()) < 1e-6
    with workspace.database.reading() as session:
        (link,) = cases.links_of(session, case.id)
        assert (link.kind, link.source_id) == ("tip", taken.tip_id)
    assert row(workspace, taken.tip_id).answered_by == "analyst"
    assert hears(workspace, code.lower()) == (
        "It was taken up and is being checked.",
        "The reward is decided when the check has ended.",
    )
    with pytest.raises(ConflictError):
        open_case_from_tip(workspace, taken.tip_id, ANALYST, client_id="step-0002", now=NOON)
    sound(workspace)


def test_a_tip_without_a_place_needs_one(workspace: Workspace) -> None:
    taken = sent(workspace, lon=None, lat=None)
    with pytest.raises(UsageError) as refused:
        open_case_from_tip(workspace, taken.tip_id, ANALYST, now=NOON)
    assert refused.value.code == "no_place"
    at = place(1)
    done = open_case_from_tip(workspace, taken.tip_id, ANALYST, place=(at.x, at.y), now=NOON)
    assert done.case_id is not None
    assert case_row(workspace, done.case_id).area_code == "990100102"
    assert row(workspace, taken.tip_id).details["place_from"] == "office"


def test_a_tip_goes_into_a_case_and_leaves_it(workspace: Workspace) -> None:
    first, second = opened(workspace), opened(workspace, town=1)
    taken = sent(workspace)
    link_tip(workspace, taken.tip_id, first, COMMANDER, note=f"来电 {PHONE}", now=NOON)
    with pytest.raises(ConflictError):
        link_tip(workspace, taken.tip_id, first, COMMANDER, now=NOON)
    link_tip(workspace, taken.tip_id, second, ANALYST, now=NOON)
    with workspace.database.reading() as session:
        assert cases.links_of(session, first) == []
        assert [link.source_id for link in cases.links_of(session, second)] == [taken.tip_id]
        assert [e.action for e in cases.events_of(session, first)] == ["open", "link", "link"]
    steps = told(workspace, taken.tip_id)["steps"]
    assert [step["step"] for step in steps] == ["link", "link"]
    assert steps[0]["note"] == f"来电 {MASK}"
    assert case_row(workspace, first).state == CaseState.SUSPECTED
    sound(workspace)


def test_a_tip_is_set_aside_with_a_reason(workspace: Workspace) -> None:
    code = new_code()
    taken = sent(workspace, code=code)
    with pytest.raises(UsageError):
        dismiss_tip(workspace, taken.tip_id, TipReason.OTHER, ANALYST, now=NOON)
    dismiss_tip(workspace, taken.tip_id, TipReason.NOT_POPPY, ANALYST, now=NOON)
    with pytest.raises(ConflictError):
        dismiss_tip(workspace, taken.tip_id, TipReason.EMPTY, ANALYST, now=NOON)
    assert "read" in (hears(workspace, code) or ("", ""))[0]
    # A mistake is mended by making a case of it after all.
    open_case_from_tip(workspace, taken.tip_id, ANALYST, now=NOON)
    assert row(workspace, taken.tip_id).state == TipState.LINKED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_whatever_is_merged_the_first_keeps_the_claim(
    workspace: Workspace, order: tuple[int, ...]
) -> None:
    codes = ["", new_code(), new_code()]
    ids = [
        sent(workspace, now=NOON + timedelta(hours=n), code=code).tip_id
        for n, code in enumerate(codes)
    ]
    kept, second, third = (ids[n] for n in order)
    merge_tips(workspace, second, third, ANALYST, now=NOON)
    merge_tips(workspace, third, kept, ANALYST, now=NOON)
    for tip_id in ids:
        # The first one asked for nothing, so the claim is the second one's.
        assert told(workspace, tip_id)["claimant"]["id"] == ids[1]
        assert len(told(workspace, tip_id)["group"]) == 2
    assert row(workspace, second).merged_into == kept
    with pytest.raises(ConflictError):
        merge_tips(workspace, kept, second, ANALYST, now=NOON)
    with pytest.raises(ConflictError) as refused:
        set_reward(workspace, ids[2], Reward.GRANTED, COMMANDER, yuan=500, now=NOON)
    assert refused.value.code == "not_first"
    set_reward(workspace, ids[1], Reward.GRANTED, COMMANDER, yuan=500, now=NOON)
    assert "500 yuan" in (hears(workspace, codes[1]) or ("", ""))[1]
    assert "theirs" in (hears(workspace, codes[2]) or ("", ""))[1]
    sound(workspace)


def test_rewards_move_by_their_table(workspace: Workspace) -> None:
    tip = sent(workspace, code=new_code()).tip_id
    with pytest.raises(UsageError):
        set_reward(workspace, tip, Reward.GRANTED, COMMANDER, now=NOON)
    with pytest.raises(ConflictError):
        set_reward(workspace, tip, Reward.PAID, COMMANDER, now=NOON)
    set_reward(workspace, tip, Reward.REFUSED, ADMIN, now=NOON)
    set_reward(workspace, tip, Reward.GRANTED, ADMIN, yuan=300.0, now=NOON)
    set_reward(workspace, tip, Reward.PAID, COMMANDER, client_id="pay-0001", now=NOON)
    again = set_reward(workspace, tip, Reward.PAID, COMMANDER, client_id="pay-0001", now=NOON)
    assert again.again
    for state in Reward:
        with pytest.raises(ConflictError):
            set_reward(workspace, tip, state, ADMIN, yuan=1.0, now=NOON)
    assert (row(workspace, tip).reward, row(workspace, tip).reward_yuan) == ("paid", 300.0)
    # Deciding on money is no answer to what was told.
    assert row(workspace, tip).answered_at is None
    none = sent(workspace).tip_id
    with pytest.raises(ConflictError):
        set_reward(workspace, none, Reward.GRANTED, ADMIN, yuan=1.0, now=NOON)


def test_who_may_act(workspace: Workspace) -> None:
    tip, case = sent(workspace, code=new_code()).tip_id, opened(workspace)
    for actor in (FIELD, AUDITOR):
        for attempt in (
            lambda who: link_tip(workspace, tip, case, who, now=NOON),
            lambda who: open_case_from_tip(workspace, tip, who, now=NOON),
            lambda who: dismiss_tip(workspace, tip, TipReason.EMPTY, who, now=NOON),
            lambda who: merge_tips(workspace, tip, tip, who, now=NOON),
            lambda who: set_reward(workspace, tip, Reward.REFUSED, who, now=NOON),
        ):
            with pytest.raises(ForbiddenError):
                attempt(actor)
    with pytest.raises(ForbiddenError):
        set_reward(workspace, tip, Reward.REFUSED, ANALYST, now=NOON)
    assert row(workspace, tip).state == TipState.RECEIVED


def test_an_identifier_serves_one_step(workspace: Workspace) -> None:
    tip = sent(workspace).tip_id
    dismiss_tip(workspace, tip, TipReason.EMPTY, ANALYST, client_id="step-0001", now=NOON)
    with pytest.raises(ConflictError) as refused:
        open_case_from_tip(workspace, tip, ANALYST, client_id="step-0001", now=NOON)
    assert refused.value.code == "client_id_used"


def test_the_same_place_and_the_same_words_are_suggested(workspace: Workspace) -> None:
    near = opened(workspace)
    opened(workspace, town=1)
    words = "李家沟水库大坝东边第二块坡地种了一大片罂粟已经开花"
    first = sent(workspace, words, east=0.5).tip_id
    far = sent(workspace, words + "了", town=2, place="").tip_id
    other = sent(workspace, "村口菜园边上有两株花", town=2, east=0.9, place="王庄").tip_id
    late = sent(workspace, "又见到", now=NOON + timedelta(days=31)).tip_id
    found = {(one["kind"], one["id"]) for one in told(workspace, first)["suggestions"]}
    assert found == {("case", near), ("tip", far)}
    assert told(workspace, other)["suggestions"] == []
    assert {one["kind"] for one in told(workspace, late)["suggestions"]} == {"case"}
    merge_tips(workspace, far, first, ANALYST, now=NOON)
    assert {one["kind"] for one in told(workspace, first)["suggestions"]} == {"case"}


def test_figures_of_the_answers(workspace: Workspace) -> None:
    ids = [sent(workspace, now=NOON + timedelta(hours=n)).tip_id for n in range(4)]
    for n, tip in enumerate(ids[:3]):
        later = NOON + timedelta(hours=n) + timedelta(hours=[1, 2, 9][n])
        dismiss_tip(workspace, tip, TipReason.EMPTY, ANALYST, now=later)
    with workspace.database.reading() as session:
        found = figures_told(session, NOON + timedelta(hours=10))
    assert (found["received"], found["answered"], found["unanswered"]) == (4, 3, 1)
    assert (found["median_h"], found["p90_h"], found["oldest_h"]) == (2.0, 7.6, 7.0)


@given(st.lists(st.tuples(st.integers(0, 500), st.none() | st.integers(0, 500)), max_size=30))
def test_times_against_sorting(pairs: list[tuple[int, int | None]]) -> None:
    now = NOON + timedelta(hours=1000)
    times = [
        (NOON + timedelta(hours=at), None if took is None else NOON + timedelta(hours=at + took))
        for at, took in pairs
    ]
    found = answer_times(times, now)
    took = sorted(hours for _, hours in pairs if hours is not None)
    assert found.answered + found.unanswered == found.received == len(pairs)
    if took:
        assert found.median_h is not None
        assert found.p90_h is not None
        half = len(took) // 2
        middle = took[half] if len(took) % 2 else (took[half - 1] + took[half]) / 2
        assert found.median_h == middle
        assert sum(hours <= found.p90_h for hours in took) >= 0.9 * len(took) - 1
    waiting = [1000 - at for at, hours in pairs if hours is None]
    assert found.oldest_h == (max(waiting) if waiting else None)


def test_every_change_is_in_the_chain(workspace: Workspace) -> None:
    tip, other = sent(workspace, code=new_code()).tip_id, sent(workspace).tip_id
    merge_tips(workspace, other, tip, ANALYST, now=NOON)
    open_case_from_tip(workspace, tip, ANALYST, now=NOON)
    set_reward(workspace, tip, Reward.GRANTED, ADMIN, yuan=100, now=NOON)
    with workspace.database.reading() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
    wanted = ["tip.receive", "tip.receive", "tip.merge", "case.open", "tip.case", "tip.reward"]
    assert [a for a in actions if a.startswith(("tip.", "case."))] == wanted
    sound(workspace)
    with workspace.database.writing() as session:
        tips.tip(session, tip).reward_yuan = 9000.0
    assert verify_workspace(workspace).fault_count == 1
