"""Which rate holds after a survey was measured: the new one, a person's, or none at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from raster_builders import Planted, grass, write_raster

from geoinspect import sensitivity_book
from geoinspect.detect.listing import Listing
from geoinspect.detect.measure import Stopped
from geoinspect.detect.sensitivity_table import Sensitivity, Share, Stratum, StratumShare
from geoinspect.errors import UsageError
from geoinspect.intake import Intake
from geoinspect.intake.detected import stored_source
from geoinspect.rate_book import set_survey_rate
from geoinspect.search_records import GrowthStage
from geoinspect.sensitivity_book import SurveySensitivity, measure_survey
from geoinspect.store import sightings
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import DetectOptions

ROSETTE = GrowthStage.ROSETTE
HAND = {"rate": 0.4, "low": None, "high": None, "patch_m2": 4.0, "source": "a trial"}


def told(share: Share, listing: Listing, **more: object) -> Sensitivity:
    """What a measurement may have found of patches of 4 m²."""
    none, cell = Share(0, 0), StratumShare(Stratum(ROSETTE, 0.0, 4.0), share, 0, 0)
    made = Sensitivity((cell,), none, none, listing, ROSETTE, 0.05, 1, 0, "made up", "made up")
    return replace(made, **more)


@dataclass
class Office:
    """A survey whose simulated patches are found as ``share`` says."""

    workspace: Workspace
    survey_id: int
    share: Share
    more: dict | None = None
    meanwhile: Callable[[], object] = lambda: None
    listing: Listing | None = None

    def measure(self, **options: object) -> SurveySensitivity:
        return measure_survey(self.workspace, self.survey_id, actor="t", **options)

    def simulated(self, *given: object, **_: object) -> Sensitivity:
        self.listing = given[4]
        self.meanwhile()
        return told(self.share, self.listing, **(self.more or {}))

    def detect(self, **options: object) -> None:
        Intake(self.workspace, actor="t").detect_survey(
            self.survey_id, options=DetectOptions(**options)
        )

    def report(self) -> dict:
        with self.workspace.database.reading() as session:
            return sightings.survey(session, self.survey_id).report

    def set_report(self, **values: object) -> None:
        with self.workspace.database.writing() as session:
            row = sightings.survey(session, self.survey_id)
            kept = {**row.report, **values}
            row.report = {key: value for key, value in kept.items() if value is not None}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    pixels = grass(300, 400, [Planted(90, 140, 110, 110)])
    picture = write_raster(tmp_path / "m.tif", pixels)
    with Workspace.create(tmp_path / "w", config="budget_per_km2 = 20000\n") as workspace:
        added = Intake(workspace, actor="t").add_searched_survey(picture, taken=date(2026, 3, 20))
        made = Office(workspace, added.record_id, Share(14, 20))
        monkeypatch.setattr(sensitivity_book, "measure_sensitivity", made.simulated)
        yield made


def test_a_rate_goes_with_the_table_it_came_from(office: Office) -> None:
    first = office.measure()
    assert (first.used, first.note) == (True, None)
    assert office.report()["measured"] == first.rate
    office.share = Share(3, 5)
    second = office.measure()
    assert second.rate is None
    assert "fewer than 10" in second.note.en
    assert "measured" not in office.report()
    office.share = Share(5, 20)
    assert office.report()["sensitivity"]["rate"] is None
    assert office.measure().rate == office.report()["measured"] != first.rate


def test_a_rate_that_a_person_entered_is_replaced_only_on_request(office: Office) -> None:
    set_survey_rate(office.workspace, office.survey_id, actor="t", **HAND)
    for _ in range(2):
        done = office.measure()
        assert done.rate is not None
        assert not done.used
        assert "a trial" in done.note.en
        assert "--use" in done.note.zh
        assert office.report()["measured"] == HAND
    office.more = {"stage": None}
    assert office.measure(replace_entered=True).rate is None
    assert office.report()["measured"] == HAND
    office.more = {}
    assert office.measure(replace_entered=True).used
    assert office.report()["measured"] == office.report()["sensitivity"]["rate"]


def test_what_was_searched_anew_meanwhile_takes_no_rate(office: Office) -> None:
    office.meanwhile = office.detect
    with pytest.raises(UsageError, match="searched anew"):
        office.measure()
    assert not {"sensitivity", "measured"} & set(office.report())


def test_a_survey_is_measured_as_its_own_list_was_cut(office: Office) -> None:
    office.measure()
    assert office.listing.min_area_m2 == 2.0
    few = office.listing
    office.detect(min_area_m2=20.0, budget_per_km2=5000.0)
    assert "measured" not in office.report()
    done = office.measure()
    assert office.listing.min_area_m2 == 20.0
    assert done.rate is None
    assert "from 20 m²" in done.note.en
    # 300 m² of ground have room for one.
    assert len(office.listing.patches) == 1 < len(few.patches)
    assert office.listing.least_logit > -math.inf


@pytest.mark.parametrize(("found", "rate"), [(0, 0.0001), (20_000, 0.9999)])
def test_all_or_nothing_of_very_many_is_still_a_rate(
    office: Office, found: int, rate: float
) -> None:
    office.share = Share(found, 20_000)
    assert office.measure().rate["rate"] == rate
    assert office.report()["measured"]["rate"] == rate


def test_no_rate_is_taken_of_a_list_made_from_more_bands(office: Office) -> None:
    office.more = {"beyond_colours": True}
    done = office.measure()
    assert done.rate is None
    assert "near infrared" in done.note.en
    assert done.note.en in [text["message"] for text in done.table["assumptions"]]


def test_a_survey_searched_by_an_older_version_is_read_and_told_of(office: Office) -> None:
    # It kept the names of the bands where a newer one keeps their numbers.
    office.set_report(list=None, bands=["red", "green", "blue"])
    with office.workspace.database.reading() as session:
        row = sightings.survey(session, office.survey_id)
        assert stored_source(office.workspace, row).bands is None
    with pytest.raises(UsageError, match="older version"):
        office.measure()
    office.detect()
    assert office.measure().used


def test_a_cancelled_detection_changes_nothing(office: Office) -> None:
    before = office.report()
    with pytest.raises(Stopped):
        Intake(office.workspace, actor="t").detect_survey(
            office.survey_id,
            options=DetectOptions(bands={"red": 3, "green": 2, "blue": 1}),
            cancelled=lambda: True,
        )
    assert office.report() == before
