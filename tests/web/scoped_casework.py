"""Casework of the county of scoped_county: of every kind a record in one's own township, in a village
below it, in the other township, and one that the county keeps for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import county_builder as county
import shapely
from case_builders import NOON
from conftest import PASSWORD
from evidence_builders import picture_at
from scoped_county import (
    CANARY,
    COUNTY_UNIT,
    EAST_PLACE,
    EAST_UNIT,
    WEST_PLACE,
    WEST_UNIT,
    scoped_workspace,
)
from source_builders import target_table
from sqlalchemy import select

from geoinspect.cases.records import CaseAction, EvidenceKind, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.evidence import NewEvidence, add_evidence
from geoinspect.casework.site_answers import NewAnswer, SitePhoto, answer_site, keep_site_photo
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.casework.target_book import import_targets
from geoinspect.casework.tip_steps import link_tip
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.records import Zone, ZoneKind
from geoinspect.store import grounds, jobs, people
from geoinspect.store.schema import CampaignRow, PatchRow, PhotoRow, SurveyRow, TrackRow, UserRow
from geoinspect.store.search_schema import CrossCheckRow, PlanRow
from geoinspect.store.workspace import Workspace

VILLAGE_UNIT = f"{EAST_UNIT}001"
PLACES = ("own", "child", "other", "parent")
Values = dict[str, dict[str, int | str]]
BOSS = Actor("analyst-county", "analyst", COUNTY_UNIT)
# Where a record lies, and whose it is; the county keeps one in the west for itself.
_WHERE = {
    "own": (EAST_PLACE, EAST_UNIT, ""),
    "child": ((EAST_PLACE[0], county.SOUTH + 0.006), VILLAGE_UNIT, ""),
    "other": (WEST_PLACE, WEST_UNIT, CANARY),
    "parent": ((WEST_PLACE[0] - 0.005, county.SOUTH + 0.016), COUNTY_UNIT, CANARY),
}
_FIGURES = ("gain", "confidence_before", "confidence_after", "boustrophedon", "nearest_gap")
_NO_GAIN = {**dict.fromkeys((*_FIGURES, "free_walking"), 0.0), "warnings": [], "warnings_zh": []}


def casework_workspace(folder: Path) -> tuple[Path, dict[str, Values]]:
    """Make the workspace; return its folder, and by kind and place what names its records."""
    made = scoped_workspace(folder)
    with Workspace.open(made) as workspace:
        with workspace.database.writing() as session:
            grounds.add_unit(session, code=VILLAGE_UNIT, name="东一村委会", parent_code=EAST_UNIT)
            # Nobody signs in as this one: tests may change them.
            people.add_user(
                session, name="spare-east", role="field", unit_code=EAST_UNIT, password=PASSWORD
            )
            for name, (lon, lat) in ((f"{CANARY}场", WEST_PLACE), ("东场", EAST_PLACE)):
                parcel = shapely.Point(lon, lat).buffer(0.001)
                licence = Zone(
                    ZoneKind.LICENSED, name, parcel, date(2026, 1, 1), date(2030, 1, 1), "1", None
                )
                grounds.add_zones(session, [licence])
        cases = {place: _case(workspace, place) for place in PLACES}
        return made, {
            "case": {place: {"case_id": number} for place, number in cases.items()},
            "evidence": {
                place: {"evidence_id": _evidence(workspace, number, place)}
                for place, number in cases.items()
            },
            "site": {place: _site(workspace, place) for place in PLACES},
            "tip": {
                place: {"tip_id": _tip(workspace, number, place), "number": 1}
                for place, number in cases.items()
            },
            "targets": _targets(workspace, folder),
            "campaign": _campaigns(workspace),
            **_ground_records(workspace),
        }


def _place(place: str, *, east: float = 0.0) -> tuple[shapely.Point, str, str]:
    (lon, lat), unit, mark = _WHERE[place]
    return shapely.Point(lon + east, lat), unit, mark


def _case(workspace: Workspace, place: str) -> int:
    """A case that was confirmed and stands; the first half of its life is the county's."""
    point, unit, mark = _place(place)
    new = NewCase(
        f"{mark}地块-{place}", Origin.SIGHTING, point.buffer(2e-5), unit_code=unit, note=mark
    )
    number = open_case(workspace, new, BOSS, now=NOON).case_id
    for action, more in (
        ("triage", {}),
        ("assign", {"unit_code": unit}),
        ("verify", {"outcome": Outcome.CONFIRMED, "facts": {"day": "2026-05-14"}}),
    ):
        act(workspace, number, Step(CaseAction(action), **more), BOSS, now=NOON)
    return number


def _kept(workspace: Workspace, data: bytes):
    return workspace.vault.keep([data], max_bytes=10**8)


def _evidence(workspace: Workspace, case_id: int, place: str) -> int:
    point, _unit, mark = _place(place)
    new = NewEvidence(
        kind=EvidenceKind.PHOTO,
        file=_kept(workspace, picture_at(point)),
        name=f"{mark}{place}.jpg",
        note=mark,
        timezone="Asia/Shanghai",
    )
    return add_evidence(workspace, case_id, new, BOSS).evidence_id


def _site(workspace: Workspace, place: str) -> dict[str, int | str]:
    point, unit, mark = _place(place, east=0.001)
    site = NewSite(f"{mark}S-{place}", f"{mark}厂房-{place}", point, unit_code=unit)
    number = add_site(workspace, site, BOSS, now=NOON)
    photo = keep_site_photo(workspace, number, [picture_at(point)], f"{mark}a.jpg", BOSS)
    path = workspace.vault.path_of(str(photo["sha256"]))
    new = NewAnswer(date(2026, 5, 14), note=mark, photos=(SitePhoto(f"{mark}a.jpg", path),))
    answer_site(workspace, number, new, BOSS)
    return {"site_id": number, "sha256": str(photo["sha256"])}


def _tip(workspace: Workspace, case_id: int, place: str) -> int:
    """A tip in a case, as field people see no others; and one that waits."""
    point, _unit, mark = _place(place)
    for at in (1, 2):
        new = NewTip(
            f"tip-{place}-{at}",
            text=f"{mark}山坡上有罂粟-{place}",
            place=f"{mark}村口",
            lon=point.x,
            lat=point.y,
            photos=(picture_at(point),),
        )
        taken = take_tip(workspace, new).tip_id
        if at == 1:
            link_tip(workspace, taken, case_id, BOSS)
            first = taken
    return first


def _targets(workspace: Workspace, folder: Path) -> Values:
    found: Values = {}
    for place in PLACES:
        point, _unit, mark = _place(place, east=0.002)
        table = target_table(folder / f"{place}.csv", [(f"{mark}T-{place}", point)])
        done = import_targets(workspace, table, BOSS, name=f"{mark}清单-{place}.csv")
        found[place] = {"list_id": done.list_id}
    return found


def _campaigns(workspace: Workspace) -> Values:
    """Plans and checks of each township's campaign; the county's is around both."""
    found: Values = {}
    with workspace.database.writing() as session:
        for place, name in (("own", "东镇行动"), ("other", f"{CANARY}行动")):
            campaign = session.scalars(select(CampaignRow.id).where(CampaignRow.name == name)).one()
            mark = "" if place == "own" else CANARY
            plan = PlanRow(
                campaign_id=campaign,
                name=f"{mark}计划",
                day=None,
                unit_code=EAST_UNIT if place == "own" else WEST_UNIT,
                made_at=NOON,
                made_by=f"{mark}x",
                asked={},
                routes=[],
                figures=_NO_GAIN,
            )
            check = CrossCheckRow(
                campaign_id=campaign,
                seed=f"{mark}1",
                share=0.1,
                as_of=date(2026, 5, 14),
                drawn_at=NOON,
                drawn_by=f"{mark}x",
                cells=[],
                drawn_from={"cleared": 0, "units": [], "version": "1"},
            )
            session.add_all([plan, check])
            session.flush()
            found[place] = {
                "campaign_id": campaign,
                "plan_id": plan.id,
                "check_id": check.id,
                "z": 14,
                "x": 13101,
                "y": 6563,
            }
    return found


def _ground_records(workspace: Workspace) -> dict[str, Values]:
    tables: tuple[tuple[str, type, dict[str, str]], ...] = (
        ("track", TrackRow, {"own": "east-track", "other": f"{CANARY}-track"}),
        ("photo", PhotoRow, {"own": "east-photo.jpg", "other": f"{CANARY}-photo.jpg"}),
        ("survey", SurveyRow, {"own": "east-survey.tif", "other": f"{CANARY}-survey.tif"}),
    )
    found: dict[str, Values] = {}
    with workspace.database.reading() as session:
        for kind, table, names in tables:
            rows = {row.name: row.id for row in session.scalars(select(table))}
            found[kind] = {place: {f"{kind}_id": rows[name]} for place, name in names.items()}
        found["track"]["parent"] = {
            "track_id": session.scalars(
                select(TrackRow.id).where(TrackRow.name == f"{CANARY}-county-track")
            ).one()
        }
        patches: Callable[[str], int] = lambda place: session.scalars(  # noqa: E731
            select(PatchRow.id).where(PatchRow.survey_id == found["survey"][place]["survey_id"])
        ).all()[0]
        found["patch"] = {place: {"patch_id": patches(place)} for place in ("own", "other")}
        users = {row.name: row.id for row in session.scalars(select(UserRow))}
        found["person"] = {
            "own": {"person_id": users["spare-east"]},
            "other": {"person_id": users["field-west"]},
            "parent": {"person_id": users["commander-county"]},
        }
    found["job"] = _jobs(workspace, users)
    return found


def _jobs(workspace: Workspace, known: dict[str, int]) -> Values:
    """Jobs by who asked for them: one's own are theirs, others by their unit."""
    found: Values = {}
    asked = (("own", "field-east", 1), ("other", "field-west", 2), ("parent", "admin-county", 2))
    with workspace.database.writing() as session:
        for place, name, survey in asked:
            row = jobs.enqueue(
                session,
                "detect",
                str(survey),
                {"survey": survey},
                asked_by=known[name],
                weight="long",
            )
            session.flush()
            found[place] = {"job_id": row.id}
    return found
