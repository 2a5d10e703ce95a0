"""Claims of a campaign: the published method on its own cells, year to year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
import shapely
from patrol_builders import EAST, WEST, Office, at, wander

from geoinspect.claim_records import Claim
from geoinspect.claims import listed_zones, make_claim, record_claim
from geoinspect.confidence.absence import SearchedCells, estimate, searched_cells
from geoinspect.errors import UsageError
from geoinspect.intake.opening import open_campaign
from geoinspect.records import Mode, Zone, ZoneKind
from geoinspect.snapshot import Question, Snapshot, take_snapshot
from geoinspect.store import grounds


def walked(folder: Path) -> Office:
    office = Office(folder)
    for number, (unit, x_m) in enumerate(((EAST, 2300.0), (WEST, 400.0), (WEST, 900.0))):
        way = wander(number, start_s=at(8, 5 + number), x_m=x_m, minutes=90)
        office.add(f"{number}.gpx", way.recorded(number), unit_code=unit, mode=Mode.FOOT)
    return office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with walked(tmp_path_factory.mktemp("claims")) as office:
        yield office


def claimed(office: Office, *, campaign: int = 1, **rest: object) -> tuple[Snapshot, Claim]:
    snapshot = take_snapshot(office.workspace, campaign, question=Question())
    with office.workspace.database.reading() as session:
        return snapshot, make_claim(office.workspace, session, snapshot, draws=300, **rest)


def cells_of(snapshot: Snapshot) -> SearchedCells:
    """The same cells put together by hand."""
    names, zone = listed_zones(snapshot)
    return searched_cells(
        snapshot.sensitivity,
        snapshot.risk.relative * snapshot.ground.cell_m2,
        zone=zone,
        zone_names=names,
    )


def test_the_county_is_the_published_method_on_its_cells(office: Office) -> None:
    snapshot, claim = claimed(office, prior=0.4)
    weight = snapshot.risk.relative * snapshot.ground.cell_m2
    by_hand = float((weight * snapshot.sensitivity).sum() / weight.sum())
    assert claim.whole.sensitivity == pytest.approx(by_hand, abs=1e-12)
    assert claim.whole.posterior == pytest.approx(0.4 / (1 - by_hand * 0.6), abs=1e-12)
    truth = estimate(
        cells_of(snapshot),
        prior=0.4,
        design_prevalence=office.workspace.settings.design_prevalence,
        introduction=office.workspace.settings.introduction,
    )
    assert claim.whole.posterior == truth.posterior
    assert claim.next_prior == truth.next_prior
    assert 0 < by_hand < 1
    assert claim.whole.cells == len(snapshot.ground.cell_row)
    assert claim.whole.searched == int((snapshot.sensitivity > 0).sum())


def test_the_townships_make_up_the_county(office: Office) -> None:
    _, claim = claimed(office, prior=0.4)
    assert {part.code for part in claim.parts} == {"990100001", "990100002"}
    assert np.prod([part.prior for part in claim.parts]) == pytest.approx(0.4)
    assert sum(part.weight for part in claim.parts) == pytest.approx(1.0)
    assert sum(part.cells for part in claim.parts) == claim.whole.cells
    assert sum(part.searched for part in claim.parts) == claim.whole.searched
    shares = sum(part.weight * part.sensitivity for part in claim.parts)
    assert shares == pytest.approx(claim.whole.sensitivity)
    missed = sum(part.expected_standing for part in claim.parts)
    assert missed == pytest.approx(claim.whole.expected_standing)
    assert [part.posterior for part in claim.parts] == sorted(p.posterior for p in claim.parts)


def test_claims_lie_in_their_intervals_and_above_the_prior(office: Office) -> None:
    for prior in (0.1, 0.5, 0.9):
        _, claim = claimed(office, prior=prior)
        for one in (claim.whole, *claim.parts):
            low, high = one.interval
            assert 0 <= low <= one.posterior <= high <= 1
            assert one.prior <= one.posterior


def test_the_same_seed_gives_the_same_claim_and_another_another_interval(office: Office) -> None:
    _, one = claimed(office, seed=5)
    _, again = claimed(office, seed=5)
    _, other = claimed(office, seed=6)
    assert one.as_json() == again.as_json()
    assert one.whole.interval != other.whole.interval
    assert one.whole.posterior == other.whole.posterior


def test_what_it_would_take_grows_with_the_target(office: Office) -> None:
    _, modest = claimed(office, prior=0.5, target=0.8)
    _, high = claimed(office, prior=0.5, target=0.97)
    assert modest.whole.need is not None
    assert high.whole.need is not None
    assert modest.whole.need.as_json() != high.whole.need.as_json()
    assert high.target == 0.97


def test_a_prior_that_is_no_probability_is_refused(office: Office) -> None:
    for prior in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError):
            claimed(office, prior=prior)


def test_only_some_sources_support_less(office: Office) -> None:
    every = take_snapshot(office.workspace, 1)
    with office.workspace.database.reading() as session:
        some = take_snapshot(office.workspace, 1, question=Question(units=frozenset({EAST})))
        part = make_claim(office.workspace, session, some, prior=0.5, draws=50)
        whole = make_claim(office.workspace, session, every, prior=0.5, draws=50)
    assert part.whole.sensitivity < whole.whole.sensitivity


def test_a_recorded_claim_is_the_prior_of_the_next_season(tmp_path: Path) -> None:
    with walked(tmp_path) as office:
        snapshot, claim = claimed(office, prior=0.6)
        with office.workspace.database.writing() as session:
            record_claim(session, snapshot, claim, by="t")
        start = date(2027, 4, 1)
        open_campaign(
            office.workspace, "明年", area_code="990100", start=start,
            end=start + timedelta(days=60), cell_m=100, actor="t",
        )  # fmt: skip
        later, following = claimed(office, campaign=2)
        introduction = office.workspace.settings.introduction
        assert following.whole.prior == pytest.approx(claim.next_prior)
        assert claim.next_prior == pytest.approx(claim.whole.posterior * (1 - introduction))
        # Nothing was searched yet: all that is known is what is left of last year.
        assert later.table.passes.sum() == 0
        assert following.whole.posterior == pytest.approx(following.whole.prior)
        # Each township goes on from its own claim; less risk, less new sowing.
        said = {part.code: part for part in claim.parts}
        for part in following.parts:
            sown = 1 - (1 - introduction) ** part.weight
            assert part.prior == pytest.approx(said[part.code].posterior * (1 - sown))
            assert part.interval[0] <= part.posterior <= part.interval[1]
        # A campaign of the same season does not take its own claim for a prior.
        _, again = claimed(office)
        assert again.whole.prior == office.workspace.settings.prior_clean


def test_licensed_ground_carries_no_weight(tmp_path: Path) -> None:
    with walked(tmp_path) as office:
        _, before = claimed(office, prior=0.5)
        west = shapely.box(
            county.WEST - 0.001, county.SOUTH - 0.001, county.WEST + county.WIDTH,
            county.SOUTH + county.HEIGHT + 0.001,
        )  # fmt: skip
        licensed = Zone(ZoneKind.LICENSED, "百号", west, date(2020, 1, 1), date(2100, 1, 1))
        with office.workspace.database.writing() as session:
            grounds.add_zones(session, [licensed])
        snapshot, after = claimed(office, prior=0.5)
        weights = {part.code: part.weight for part in after.parts}
        was = {part.code: part.weight for part in before.parts}
        assert was["990100002"] == pytest.approx(0.5, abs=0.03)
        # Cells on the border of the two townships are licensed in part.
        assert weights["990100002"] < 0.02
        inside = snapshot.risk.relative == 0
        assert inside.sum() > 0.4 * len(inside)
        east = next(part for part in after.parts if part.code == "990100001")
        assert after.whole.sensitivity == pytest.approx(east.sensitivity, abs=0.02)
