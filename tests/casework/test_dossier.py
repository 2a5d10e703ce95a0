"""What a dossier says of a case: all of it, with nothing made up, whatever the case lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from case_builders import ANALYST, COMMANDER, FIELD, NOON, county, opened, place, plot
from dossier_builders import HOUR, eradicated_case, jpeg, kept, survey_over
from pyproj import Geod
from raster_builders import write_raster

from geoinspect.cases.facts import read_facts
from geoinspect.cases.records import CaseAction, EvidenceKind, Origin, Outcome
from geoinspect.casework import dossier as dossier_module
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.dossier import dossier_of
from geoinspect.casework.dossier_pictures import read_picture
from geoinspect.casework.evidence import NewEvidence, add_evidence
from geoinspect.report.dossier_docx import dossier_docx
from geoinspect.report.dossier_html import dossier_html
from geoinspect.report.dossier_map import fitted_box
from geoinspect.report.dossier_pdf import dossier_pdf
from geoinspect.report.dossier_records import Dossier
from geoinspect.store import cases
from geoinspect.store.workspace import Workspace


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def of_case(office: Workspace, case_id: int, *, after_h: float = 8) -> Dossier:
    with office.database.reading() as session:
        row = cases.case(session, case_id)
        return dossier_of(office, session, row, now=NOON + after_h * HOUR, by=ANALYST)


def test_a_case_of_which_little_is_known(office: Workspace) -> None:
    far = shapely.Point(100.0, 40.0)
    case_id = open_case(office, NewCase("荒滩", Origin.OTHER, far), ANALYST, now=NOON).case_id
    made = of_case(office, case_id)
    assert made.areas == ()
    assert made.unit is None
    assert made.ground_m2 == 0
    assert made.steps == made.evidence == made.links == made.merged == ()
    assert made.law.found is None
    assert len(made.happened) == len(made.sealed) == 1
    page = dossier_html(made)
    assert "尚无证据" in page
    assert "尚未在实地确认罂粟" in page
    assert "点,无面积" in page
    assert dossier_pdf(made).startswith(b"%PDF-")
    assert dossier_docx(made).startswith(b"PK")


def test_the_ground_is_measured_on_the_ellipsoid(office: Workspace) -> None:
    made = of_case(office, opened(office))
    want = abs(Geod(ellps="WGS84").geometry_area_perimeter(plot())[0])
    assert made.ground_m2 == pytest.approx(want, rel=1e-9)
    page = dossier_html(made)
    assert f"{want:,.1f} m²" in page
    assert f"{want * 3 / 2000:,.3f} 亩" in page
    assert f"{want / 1e4:,.4f} 公顷" in page


def test_each_step_says_how_its_figures_were_come_by(office: Workspace) -> None:
    made = of_case(office, eradicated_case(office))
    steps = {step.name.zh: {line.name.zh: line.value for line in step.lines} for step in made.steps}
    verified = steps["实地核查"]
    assert "451 株" in verified["株数"]
    assert "95%" in verified["株数"]
    assert "6 个样方" in verified["测算方法"]
    assert verified["见证人"] == "村干部甲"
    assert "逐株清点" in steps["铲除"]["测算方法"]
    assert steps["铲除"]["铲除方式"] == "人工拔除 pulled by hand"


def test_device_time_doubts_and_undone_steps_are_told(office: Workspace) -> None:
    case_id = opened(office)
    act(office, case_id, Step(CaseAction.TRIAGE), ANALYST, now=NOON + HOUR)
    undo = Step(CaseAction.UNDO, note="点错了")
    act(office, case_id, undo, ANALYST, now=NOON + HOUR + timedelta(minutes=1))
    late = Step(CaseAction.TRIAGE, happened=NOON - timedelta(days=90))
    act(office, case_id, late, ANALYST, now=NOON + 2 * HOUR)
    made = of_case(office, case_id)
    assert [one.undone for one in made.happened] == [False, True, False, False]
    assert made.happened[3].device_at == NOON - timedelta(days=90)
    assert {doubt.zh[:12] for doubt in made.happened[3].doubts} == {
        "填报时间比收到时间早 3",
        "填报时间早于立线索的时间",
    }
    assert ("撤销的步骤", "2") in [(line.name.zh, line.value) for line in made.happened[2].said]


def test_a_wrong_verification_names_no_class_of_the_law(office: Workspace) -> None:
    case_id = opened(office)
    act(office, case_id, Step(CaseAction.TRIAGE), ANALYST, now=NOON + HOUR)
    assign = Step(CaseAction.ASSIGN, unit_code="U11")
    act(office, case_id, assign, COMMANDER, now=NOON + 2 * HOUR)
    facts = read_facts({"plants": 900}, CaseAction.VERIFY, NOON.date())
    step = Step(CaseAction.VERIFY, Outcome.NOT_POPPY, facts=facts)
    act(office, case_id, step, FIELD, now=NOON + 3 * HOUR)
    assert of_case(office, case_id).law.found is None


def test_an_interval_that_crosses_a_threshold_says_so(office: Workspace) -> None:
    case_id = opened(office)
    act(office, case_id, Step(CaseAction.TRIAGE), ANALYST, now=NOON + HOUR)
    act(office, case_id, Step(CaseAction.ASSIGN, unit_code="U11"), COMMANDER, now=NOON + 2 * HOUR)
    told = {"quadrats": {"counts": [5, 9, 4, 12, 7, 6], "quadrat_m2": 1.0}, "area_m2": 70.0}
    facts = read_facts(told, CaseAction.VERIFY, NOON.date())
    step = Step(CaseAction.VERIFY, Outcome.CONFIRMED, facts=facts)
    act(office, case_id, step, FIELD, now=NOON + 3 * HOUR)
    made = of_case(office, case_id)
    assert made.law.found is not None
    assert [crossing.threshold for crossing in made.law.found.crosses] == [500]
    page = dossier_html(made)
    assert "跨过 500" in page
    assert page.index("仅供参考,不是法律认定") < page.index("跨过 500")


def test_evidence_of_merged_cases_comes_along_at_any_remove(office: Workspace) -> None:
    ids = [opened(office, title=f"地块{k}", east=0.5 + k / 1000) for k in range(3)]
    for k, case_id in enumerate(ids):
        new = NewEvidence(EvidenceKind.NOTE, note=f"记录{k}", name="")
        add_evidence(office, case_id, new, ANALYST, now=NOON + HOUR)
    act(office, ids[0], Step(CaseAction.MERGE, into=ids[1]), ANALYST, now=NOON + 2 * HOUR)
    act(office, ids[1], Step(CaseAction.MERGE, into=ids[2]), ANALYST, now=NOON + 3 * HOUR)
    made = of_case(office, ids[2])
    assert [one.number for one in made.merged] == ["2026-00002", "2026-00001"]
    assert [(one.n, one.case_number[-1], one.note) for one in made.evidence] == [
        (1, "3", "记录2"),
        (2, "2", "记录1"),
        (3, "1", "记录0"),
    ]
    assert {row.subject for row in made.sealed} == {"case 1", "case 2", "case 3"}
    assert of_case(office, ids[0]).merged_into == "2026-00002"


def test_many_photos_are_told_not_printed(
    office: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dossier_module, "MOST_PHOTOS", 2)
    case_id = opened(office)
    for k in range(3):
        new = NewEvidence(EvidenceKind.PHOTO, kept(office, jpeg(64 + k, 48)), f"{k}.jpg")
        add_evidence(office, case_id, new, ANALYST, now=NOON + HOUR)
    made = of_case(office, case_id)
    assert [one.picture is not None for one in made.evidence] == [True, True, False]
    assert made.left_out == 1
    assert "另有 1 张照片未印出" in dossier_html(made)


def test_overdue_and_simulated_are_told(tmp_path: Path) -> None:
    county(tmp_path / "w").close()
    config = tmp_path / "w" / "geoinspect.toml"
    config.write_text(config.read_text("utf-8") + "simulated = true\n", "utf-8")
    with Workspace.open(tmp_path / "w") as office:
        made = of_case(office, opened(office), after_h=24 * 30)
    assert made.overdue
    page = dossier_html(made)
    assert "已超期 overdue" in page
    assert page.count("模拟数据,不是真实线索") == 2


def test_the_map_shows_a_survey_of_the_place_or_says_there_is_none(office: Workspace) -> None:
    case_id = opened(office)
    assert "没有拍到此处的航测影像" in of_case(office, case_id).maps[0].caption.zh
    survey_id = survey_over(office, place())
    with_picture = of_case(office, case_id).maps[0]
    assert "草甸" in with_picture.caption.zh
    office.survey_path(survey_id).write_bytes(b"II*\0 cut off")
    without = of_case(office, case_id).maps[0]
    assert "没有拍到此处的航测影像" in without.caption.zh
    assert without.data != with_picture.data


@pytest.mark.parametrize(("dtype", "bands"), [("uint8", 1), ("uint16", 4), ("float32", 3)])
@pytest.mark.parametrize("alpha", [True, False])
def test_any_raster_becomes_a_picture(tmp_path: Path, dtype: str, bands: int, alpha: bool) -> None:
    rng = np.random.default_rng(1)
    pixels = (rng.random((bands, 300, 300)) * 200).astype(dtype)
    transform = Affine(1e-6, 0, 108.0, 0, -1e-6, 33.0003)
    more = {"alpha": np.full((300, 300), 255)} if alpha else {"nodata": 0}
    path = write_raster(
        tmp_path / "a.tif",
        pixels + np.array(1, dtype),
        transform=transform,
        crs="EPSG:4326",
        **more,
    )
    inside = read_picture(path, fitted_box((108.0001, 33.0001, 108.0002, 33.0002), least_m=1))
    assert inside is not None
    assert inside.shape[2] == 4
    assert (inside[..., 3] == 255).any()
    assert inside[..., :3].std() > 10
    assert read_picture(path, fitted_box((109, 34, 109.001, 34.001), least_m=1)) is None
    half = read_picture(path, (107.9999, 33.0001, 108.0001, 33.0002))
    assert half is not None
    assert half[:, :600, 3].max() == 0
    assert half[:, 680:, 3].min() == 255
