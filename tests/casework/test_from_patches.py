"""Patches become cases once: new plots are opened, known ground is linked, whatever comes again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    COMMANDER,
    FIELD,
    NOON,
    TOWNS,
    case_row,
    county,
    opened,
    place,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from source_builders import (
    add_licence,
    add_survey,
    detect,
    linked_patches,
    moment,
    square,
)

from geoinspect.cases.records import CaseAction, CaseState, Outcome
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.from_patches import cases_from_patches, choose_patches, propose
from geoinspect.casework.from_sightings import NewSighting, case_from_sighting
from geoinspect.casework.survey_recheck import recheck_from_survey
from geoinspect.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from geoinspect.review_book import Answer, label
from geoinspect.review_records import Said
from geoinspect.store import cases
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import detection_mark


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def count_of(book: Workspace) -> int:
    with book.database.reading() as session:
        return len(cases.cases(session))


def step(book: Workspace, case_id: int, action: CaseAction, **more: object) -> None:
    act(book, case_id, Step(action, **more), ANALYST, now=moment(15))  # type: ignore[arg-type]


def confirm(book: Workspace, case_id: int) -> None:
    step(book, case_id, CaseAction.TRIAGE)
    step(book, case_id, CaseAction.ASSIGN, unit_code="U11")
    step(book, case_id, CaseAction.VERIFY, outcome=Outcome.CONFIRMED, facts={"day": "2026-05-15"})


def test_neighbours_are_one_plot_and_far_ones_are_not(book: Workspace) -> None:
    numbers = detect(
        book, add_survey(book), [square(0, 0), square(10, 0), square(22, 0), square(300, 0)]
    )
    with book.database.reading() as session:
        told = propose(book, session, numbers)
    assert [plot["patches"] for plot in told["plots"]] == [numbers[:3], numbers[3:]]
    assert told["plots"][0]["area_m2"] == 48
    done = cases_from_patches(book, numbers, ANALYST, now=NOON)
    assert [one["patches"] for one in done["opened"]] == [numbers[:3], numbers[3:]]
    assert [one["title"] for one in done["opened"]] == [
        "第1乡 疑似图斑 第 1 位等 3 处",
        "第1乡 疑似图斑 第 4 位",
    ]
    row = case_row(book, done["opened"][0]["id"])
    assert row.area_code == TOWNS[0]
    assert row.geometry.equals(shapely.union_all([square(0, 0), square(10, 0), square(22, 0)]))
    assert row.origin == "patch"


def test_one_case_for_all_or_one_for_each(book: Workspace) -> None:
    survey = add_survey(book)
    numbers = detect(book, survey, [square(0, 0), square(10, 0), square(300, 0)])
    each = cases_from_patches(book, numbers, ANALYST, one_case=False)
    assert [one["patches"] for one in each["opened"]] == [[n] for n in numbers]
    more = detect(book, add_survey(book, "二号"), [square(0, 900), square(700, 900)])
    whole = cases_from_patches(book, more, COMMANDER, one_case=True)
    assert [one["patches"] for one in whole["opened"]] == [more]


def test_the_same_again_changes_nothing(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0), square(300, 0)])
    first = cases_from_patches(book, numbers, ANALYST, client_id="abc", now=NOON)
    links = linked_patches(book)
    again = cases_from_patches(book, numbers, ANALYST, client_id="abc", now=moment(20))
    assert again == {**first, "again": True}
    other = cases_from_patches(book, numbers, ANALYST, client_id="def")
    assert (other["opened"], other["linked"]) == ([], [])
    assert sorted(n for one in other["known"] for n in one["patches"]) == numbers
    assert linked_patches(book) == links
    assert count_of(book) == 2


def test_an_identifier_serves_one_request_of_one_person(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0), square(300, 0)])
    cases_from_patches(book, numbers[:1], ANALYST, client_id="abc")
    for chosen, actor in ((numbers, ANALYST), (numbers[:1], COMMANDER), (numbers[1:], ANALYST)):
        with pytest.raises(ConflictError, match="identifier was used"):
            cases_from_patches(book, chosen, actor, client_id="abc")
    assert count_of(book) == 1


def test_ground_detected_again_is_the_same_ground(book: Workspace) -> None:
    """New patches have new numbers: the grounds of the links tell that they are the same."""
    survey = add_survey(book)
    old = detect(book, survey, [square(0, 0), square(300, 0)])
    first = cases_from_patches(book, old, ANALYST)
    new = detect(book, survey, [square(1, 1), square(299, 0), square(600, 0)])
    assert not set(new) & set(old)
    done = cases_from_patches(book, new, ANALYST)
    assert [one["id"] for one in done["linked"]] == [one["id"] for one in first["opened"]]
    assert [one["patches"] for one in done["linked"]] == [[new[0]], [new[1]]]
    assert [one["patches"] for one in done["opened"]] == [[new[2]]]
    assert count_of(book) == 3


def test_a_later_survey_joins_and_grows_the_ground_until_it_is_confirmed(book: Workspace) -> None:
    case = cases_from_patches(book, detect(book, add_survey(book), [square(0, 0)]), ANALYST)
    case_id = case["opened"][0]["id"]
    later = detect(book, add_survey(book, "二号", taken=moment(20)), [square(14, 0)])
    assert cases_from_patches(book, later, ANALYST)["linked"][0]["id"] == case_id
    grown = case_row(book, case_id).geometry
    assert grown.equals(shapely.union_all([square(0, 0), square(14, 0)]))
    confirm(book, case_id)
    third = detect(book, add_survey(book, "三号", taken=moment(21)), [square(28, 0)])
    assert cases_from_patches(book, third, ANALYST)["linked"][0]["id"] == case_id
    assert case_row(book, case_id).geometry.equals(grown)
    # What the case rests on counts, though its ground did not grow.
    fourth = detect(book, add_survey(book, "四号", taken=moment(22)), [square(42, 0)])
    assert cases_from_patches(book, fourth, ANALYST)["linked"][0]["id"] == case_id


def test_a_chain_of_patches_reaches_the_case_in_one_request(book: Workspace) -> None:
    opened_ = cases_from_patches(book, detect(book, add_survey(book), [square(0, 0)]), ANALYST)
    chain = [square(14.0 * k, 0) for k in range(1, 6)]
    numbers = detect(book, add_survey(book, "二号"), chain)
    done = cases_from_patches(book, list(reversed(numbers)), ANALYST)
    assert done["opened"] == []
    assert [one["patches"] for one in done["linked"]] == [numbers]
    assert done["linked"][0]["id"] == opened_["opened"][0]["id"]


def test_the_greater_overlap_takes_a_patch(book: Workspace) -> None:
    far = opened(book, title="远", east=0.9)
    near = cases_from_patches(
        book, detect(book, add_survey(book), [square(0, 0, 10), square(40, 0, 10)]), ANALYST
    )["opened"]
    both = detect(book, add_survey(book, "二号"), [square(8, 0, 35)])
    with book.database.reading() as session:
        told = propose(book, session, both)
    (join,) = told["joins"]
    assert join["case"]["id"] == near[1]["id"] != far
    assert join["overlap"] > 0.2


def test_patches_of_a_merged_case_lead_to_the_other(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0), square(300, 0)])
    one, two = (e["id"] for e in cases_from_patches(book, numbers, ANALYST)["opened"])
    step(book, one, CaseAction.MERGE, into=two)
    known = cases_from_patches(book, numbers, ANALYST)["known"]
    assert [(entry["id"], entry["patches"]) for entry in known] == [(two, numbers)]
    again = detect(book, add_survey(book, "二号"), [square(1, 0)])
    assert cases_from_patches(book, again, ANALYST)["linked"][0]["id"] == two


def test_ended_cases_are_named_but_take_nothing(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0)])
    old = cases_from_patches(book, numbers, ANALYST)["opened"][0]
    step(book, old["id"], CaseAction.DISMISS, reason="grass")
    assert cases_from_patches(book, numbers, ANALYST)["known"][0]["state"] == "dismissed"
    again = detect(book, add_survey(book, "二号"), [square(1, 0)])
    with book.database.reading() as session:
        told = propose(book, session, again)
    assert [b["number"] for b in told["plots"][0]["before"]] == [old["number"]]
    assert cases_from_patches(book, again, ANALYST)["opened"][0]["id"] != old["id"]


def test_everything_is_sealed_and_a_refusal_leaves_nothing(book: Workspace) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0), square(300, 0)])
    with pytest.raises(NotFoundError, match="999"):
        cases_from_patches(book, [*numbers, 999], ANALYST)
    with pytest.raises(UsageError, match="control characters"):
        cases_from_patches(book, numbers, ANALYST, note="\x00")
    assert count_of(book) == 0
    cases_from_patches(book, numbers, ANALYST, note="先看这两处")
    again = detect(book, add_survey(book, "二号"), [square(2, 0)])
    cases_from_patches(book, again, ANALYST)
    assert verify_workspace(book).faults == ()


@pytest.mark.parametrize("actor", [FIELD, AUDITOR])
def test_only_the_office_makes_cases_of_patches(book: Workspace, actor: object) -> None:
    numbers = detect(book, add_survey(book), [square(0, 0)])
    with pytest.raises(ForbiddenError):
        cases_from_patches(book, numbers, actor)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no patches were chosen"):
        cases_from_patches(book, [], ANALYST)
    with pytest.raises(UsageError, match="at most 500"):
        cases_from_patches(book, range(1, 600), ANALYST)


def test_a_licence_over_the_plot_is_shown(book: Workspace) -> None:
    add_licence(book, square(-50, -50, 104))
    numbers = detect(book, add_survey(book), [square(0, 0), square(300, 0)])
    with book.database.reading() as session:
        first, second = propose(book, session, numbers)["plots"]
    assert (first["licence"]["licence_no"], first["licence"]["inside"]) == ("许-1", True)
    assert second["licence"] is None


def test_review_and_rank_choose(book: Workspace) -> None:
    survey = add_survey(book)
    numbers = detect(book, survey, [square(100.0 * k, 0) for k in range(6)])
    for number in (numbers[1], numbers[4]):
        label(book, survey, number, Answer(Said.POPPY), actor="analyst")
    label(book, survey, numbers[2], Answer(Said.OTHER), actor="analyst")
    with book.database.reading() as session:
        assert choose_patches(book, session, survey, settled=True) == [numbers[1], numbers[4]]
        assert choose_patches(book, session, survey, first=3) == numbers[:3]
        with pytest.raises(NotFoundError):
            choose_patches(book, session, 99, settled=True)


squares = st.lists(
    st.tuples(st.integers(0, 160), st.integers(0, 60)), min_size=1, max_size=8, unique=True
)


@settings(max_examples=15, deadline=None)
@given(first=squares, second=squares)
def test_each_patch_ends_in_exactly_one_case(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[int, int]],
    second: list[tuple[int, int]],
) -> None:
    with county(tmp_path_factory.mktemp("law") / "w") as book:
        one = detect(book, add_survey(book), [square(*at) for at in first])
        cases_from_patches(book, one, ANALYST)
        cases_before = count_of(book)
        two = detect(book, add_survey(book, "二号"), [square(*at) for at in second])
        done = cases_from_patches(book, two, ANALYST)
        linked = linked_patches(book)
        assert sorted(patch for _, patch in linked) == sorted(one + two)
        assert count_of(book) == cases_before + len(done["opened"])
        # What was opened lies away from all that was there before.
        by_case = {patch: case for case, patch in linked}
        shapes = dict(zip(one + two, [square(*at) for at in first + second], strict=True))
        new = {entry["id"] for entry in done["opened"]}
        for fresh in (patch for patch in two if by_case[patch] in new):
            gap_m = min(shapes[fresh].distance(shapes[old]) for old in one) * 93_000
            assert gap_m > 12


def test_a_sighting_is_the_units_case_and_may_be_verified_at_once(book: Workspace) -> None:
    new = NewSighting(
        place(0), note="院内", outcome=Outcome.CONFIRMED, facts={"plants": 40}, client_id="s1"
    )
    done = case_from_sighting(book, new, FIELD, now=NOON)
    row = case_row(book, done["id"])
    assert (row.state, row.unit_code, row.origin) == (CaseState.CONFIRMED, "U11", "sighting")
    assert row.title == "第1乡 踏查发现"
    assert row.facts["verified"]["count"]["plants"] == 40
    again = case_from_sighting(book, new, FIELD, now=moment(16))
    assert again == {**done, "again": True}
    assert count_of(book) == 1
    beside = case_from_sighting(book, NewSighting(place(0)), FIELD)
    assert [one["id"] for one in beside["near"]] == [done["id"]]
    assert verify_workspace(book).faults == ()


def test_sightings_that_can_not_be(book: Workspace) -> None:
    with pytest.raises(ForbiddenError):
        case_from_sighting(book, NewSighting(place(0)), AUDITOR)
    with pytest.raises(ForbiddenError):
        case_from_sighting(book, NewSighting(place(0), outcome=Outcome.CONFIRMED), COMMANDER)
    with pytest.raises(UsageError, match="on the spot"):
        case_from_sighting(book, NewSighting(place(0), outcome=Outcome.CLEAN), FIELD)
    with pytest.raises(NotFoundError):
        case_from_sighting(book, NewSighting(place(0), track_id=7), FIELD)
    bad = NewSighting(place(0), outcome=Outcome.CONFIRMED, facts={"plants": -1})
    with pytest.raises(UsageError, match="plants"):
        case_from_sighting(book, bad, FIELD)
    assert count_of(book) == 0


def test_a_person_without_a_unit_takes_the_areas(book: Workspace) -> None:
    done = case_from_sighting(book, NewSighting(place(1)), ADMIN)
    assert case_row(book, done["id"]).unit_code == "U12"


def measured(found: int, planted: int, size_m2: float = 8.0) -> dict[str, object]:
    strata = [{"area_m2": size_m2, "found": found, "planted": planted}]
    return {"sensitivity": {"detected_at": detection_mark(NOON), "strata": strata}}


def eradicated(book: Workspace) -> int:
    numbers = detect(book, add_survey(book), [square(0, 0)])
    case_id = int(cases_from_patches(book, numbers, ANALYST)["opened"][0]["id"])
    confirm(book, case_id)
    facts = {"day": "2026-05-16", "method": "pulled", "area_m2": 16.0}
    step(book, case_id, CaseAction.ERADICATE, facts=facts)
    return case_id


def test_a_later_survey_suggests_and_decides_nothing(book: Workspace) -> None:
    case_id = eradicated(book)
    report = measured(58, 60)
    later = add_survey(book, "复查", taken=moment(2, 6), report=report)
    told = recheck_from_survey(book, case_id, later)
    assert told["suggests"] == "clean"
    assert (told["seen"], told["patches"], told["patch_m2"]) == (1, [], 16)
    assert (told["sensitivity"]["planted"], told["sensitivity"]["size_m2"]) == (60, 8)
    assert case_row(book, case_id).state == CaseState.ERADICATED
    detect(book, later, [square(1, 1)])
    standing = recheck_from_survey(book, case_id, later)
    assert standing["suggests"] == "standing"
    assert standing["patches"][0]["distance_m"] == 0


@pytest.mark.parametrize(
    ("survey", "why"),
    [
        ({"taken": moment(16)}, "later than the eradication"),
        ({"taken": None}, "day of the survey"),
        ({"searched": False}, "not searched"),
        ({"ground": square(-100, -100, 102)}, "only 25%"),
        ({"report": {}}, "was not measured"),
        ({"report": measured(9, 9)}, "fewer than 10"),
        ({"report": measured(20, 60)}, "finds only 33%"),
        ({"report": measured(60, 60, size_m2=100.0)}, "was not measured"),
    ],
)
def test_nothing_is_suggested_without_grounds(
    book: Workspace, survey: dict[str, object], why: str
) -> None:
    case_id = eradicated(book)
    given_ = {"taken": moment(2, 6), "report": measured(58, 60), **survey}
    told = recheck_from_survey(book, case_id, add_survey(book, "复查", **given_))  # type: ignore[arg-type]
    assert told["suggests"] is None
    assert any(why in reason["message"] for reason in told["reasons"]), told["reasons"]


def test_what_review_refused_is_no_poppy(book: Workspace) -> None:
    case_id = eradicated(book)
    later = add_survey(book, "复查", taken=moment(2, 6), report=measured(58, 60))
    (number,) = detect(book, later, [square(1, 1)])
    label(book, later, number, Answer(Said.OTHER), actor="analyst")
    told = recheck_from_survey(book, case_id, later)
    assert told["suggests"] == "clean"
    assert told["patches"][0]["review"] == "other"
