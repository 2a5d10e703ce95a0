"""The sensitivity measured on a survey is kept with it, and the estimate takes its rate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from affine import Affine
from raster_builders import grass, write_raster
from sqlalchemy import select

from geoinspect import crs as crs_
from geoinspect import pipeline
from geoinspect.claims import make_claim
from geoinspect.cli import main
from geoinspect.detect.sensitivity_table import Share
from geoinspect.errors import NotFoundError, UsageError
from geoinspect.intake import Intake
from geoinspect.rate_book import set_survey_rate
from geoinspect.sensitivity_book import SurveySensitivity, measure_survey, rate_patch_m2
from geoinspect.settings import Settings
from geoinspect.snapshot import take_snapshot
from geoinspect.store import audit, sightings
from geoinspect.store.schema import AuditRow
from geoinspect.store.workspace import Workspace

PATCHES = 65


@dataclass(frozen=True)
class Office:
    workspace: Workspace
    campaign_id: int
    survey_id: int

    def report(self) -> dict:
        with self.workspace.database.reading() as session:
            return sightings.survey(session, self.survey_id).report

    def searched_at(self) -> datetime:
        with self.workspace.database.reading() as session:
            return sightings.survey(session, self.survey_id).detected_at

    def basis(self) -> dict:
        with self.workspace.database.reading() as session:
            (look,) = sightings.looks(session, self.campaign_id)
            return look.basis

    def claimed(self) -> float:
        # While what was seen of rosettes still holds.
        snapshot = take_snapshot(self.workspace, self.campaign_id, as_of=date(2026, 3, 21))
        with self.workspace.database.reading() as session:
            return make_claim(self.workspace, session, snapshot, draws=100).whole.sensitivity


def picture(path: Path, *, seed: int = 7) -> Path:
    """45 m × 40 m of meadow at 10 cm in the western township."""
    corner = np.array([county.WEST + 0.006]), np.array([county.SOUTH + 0.012])
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", *corner)
    transform = Affine(0.1, 0, round(float(x[0])), 0, -0.1, round(float(y[0])))
    return write_raster(path, grass(400, 450, seed=seed), transform=transform, crs="EPSG:4545")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    county.write_county(folder)
    inputs = pipeline.Inputs(
        units=[],
        areas=[folder / "county.geojson"],
        zones=[],
        campaign=pipeline.CampaignPlan("s", "990100", date(2026, 3, 1), date(2026, 6, 30), 100.0),
        tracks=[],
        surveys=[],
    )
    with Workspace.create(folder / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=lambda _: None)
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        added = Intake(workspace, actor="t").add_searched_survey(
            picture(folder / "m.tif"), taken=date(2026, 3, 20)
        )
        yield Office(workspace, campaign_id, added.record_id)


@pytest.fixture(scope="module")
def done(office: Office) -> SurveySensitivity:
    assert office.basis()["source"] == "assumed"
    return measure_survey(office.workspace, office.survey_id, actor="who", patches=PATCHES, seed=2)


def test_the_measured_rate_goes_before_the_table(office: Office, done: SurveySensitivity) -> None:
    report = office.report()
    assert report["check"]["fit_for"]
    assert report["sensitivity"] == json.loads(json.dumps(done.table))
    table = report["sensitivity"]
    assert table["simulated"] is True
    # To the second, else the page would call it outdated.
    assert table["detected_at"] == office.searched_at().strftime("%Y-%m-%dT%H:%M:%SZ")
    # On 20 March poppy is a rosette: nothing else is planted.
    assert {(c["stage"], c["bloom_per_m2"]) for c in table["strata"]} == {("rosette", 0.0)}
    (cell,) = [c for c in table["strata"] if c["area_m2"] == 4.0]
    rate, share = report["measured"], Share(cell["found"], cell["planted"])
    assert share.planted >= 10
    assert rate["rate"] == pytest.approx(share.estimate, abs=1e-3)
    assert (rate["low"], rate["high"]) == pytest.approx(share.interval, abs=1e-3)
    assert rate["patch_m2"] == 4.0
    assert rate["source"].startswith(f"simulated patches, {share.planted} of 4 m² planted")
    basis = office.basis()
    assert {key: basis[key] for key in ("rate", "low", "high", "patch_m2", "source")} == rate
    assert done.looks == 1
    with office.workspace.database.reading() as session:
        audit.verify(session)
        kept = session.scalars(select(AuditRow).where(AuditRow.actor == "who")).all()
    assert {row.action for row in kept} >= {"survey.sensitivity", "survey.rate"}


def test_the_command_line_measures_the_same_again(
    office: Office,
    done: SurveySensitivity,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (log,) = (office.workspace.folder / "planes" / str(office.survey_id)).rglob("done.jsonl")
    lines = log.read_text("utf-8")
    raster = office.workspace.survey_path(office.survey_id).read_bytes()
    words = ["geoinspect", "-w", str(office.workspace.folder), "surveys", "sensitivity"]
    words += [str(office.survey_id), "--patches", str(PATCHES), "--seed", "2", "--json"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    document = json.loads(capsys.readouterr().out)
    told = {key: value for key, value in document["sensitivity"].items() if key != "measured_at"}
    assert told == {key: value for key, value in done.table.items() if key != "measured_at"}
    assert document["measured"] == office.report()["measured"] == done.rate
    # No window was read again, and nothing was written to the picture.
    assert log.read_text("utf-8") == lines
    assert office.workspace.survey_path(office.survey_id).read_bytes() == raster


def test_the_estimate_follows_the_rate(office: Office, done: SurveySensitivity) -> None:
    measured, rate = office.claimed(), done.rate["rate"]
    assert measured > 0
    set_survey_rate(
        office.workspace,
        office.survey_id,
        rate=rate / 2,
        low=None,
        high=None,
        patch_m2=4.0,
        source="half of it",
        actor="t",
    )
    assert 0 < office.claimed() < measured


def test_without_a_day_no_rate_is_set(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        intake = Intake(workspace, actor="t")
        added = intake.add_survey(picture(tmp_path / "m.tif"))
        with pytest.raises(UsageError, match="not searched"):
            measure_survey(workspace, added.record_id, actor="t")
        intake.detect_survey(added.record_id)
        done = measure_survey(workspace, added.record_id, actor="t", patches=10)
        assert done.rate is None
        assert len({(c["stage"], c["bloom_per_m2"]) for c in done.table["strata"]}) > 1
        with workspace.database.reading() as session:
            report = sightings.survey(session, added.record_id).report
        assert "measured" not in report
        assert report["sensitivity"]["stage"] is None
        with pytest.raises(NotFoundError):
            measure_survey(workspace, 99, actor="t")


def test_a_day_without_poppy_measures_nothing(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        added = Intake(workspace, actor="t").add_searched_survey(
            picture(tmp_path / "m.tif"), taken=date(2026, 8, 20)
        )
        with pytest.raises(UsageError, match="above ground"):
            measure_survey(workspace, added.record_id, actor="t")


@pytest.mark.parametrize(
    ("claimed_m2", "rate_m2"), [(1.0, 4.0), (4.0, 4.0), (9.9, 4.0), (10.0, 10.0), (100.0, 60.0)]
)
def test_the_rate_is_that_of_the_patches_claims_hold_for(claimed_m2: float, rate_m2: float) -> None:
    assert rate_patch_m2(Settings(claim_patch_m2=claimed_m2)) == rate_m2
