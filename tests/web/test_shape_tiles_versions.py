"""A kind's version changes with whatever its tiles show, and with nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import county_builder as county
import pytest
from photo_builders import exif_bytes, jpeg_bytes
from scoped_county import EAST_PLACE, EAST_UNIT, line, scoped_workspace
from shapely import Point
from sqlalchemy import select

from geoinspect import review_book
from geoinspect.cases.records import CaseAction, LinkKind, Origin
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Source, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.site_rows import NewSite
from geoinspect.casework.sites import add_site
from geoinspect.intake import Intake, TrackTags
from geoinspect.intake.photos import add_photo
from geoinspect.records import Mode
from geoinspect.review_book import Answer
from geoinspect.review_records import Said
from geoinspect.store import audit, people, sightings
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace
from webmap.tiles.shapes_sheets import Asking, Kind, Sheet, read_sheet
from webmap.tiles.shapes_versions import FAMILIES, ShapeVersions, touched

TODAY = date(2026, 6, 1)
ADMIN = Actor("测试", "admin")
PACKAGES = ("geoinspect", "webmap")


@dataclass
class Office:
    """A workspace, and the versions that one long-lived app reads from it."""

    workspace: Workspace
    versions: ShapeVersions

    def now(self, today: date = TODAY) -> dict[Kind, str]:
        with self.workspace.database.reading() as session:
            settings = self.workspace.settings
            told = {kind: self.versions.get(session, kind, settings, today) for kind in Kind}
            # An app that has just started reads the whole chain and must say the same.
            fresh = ShapeVersions()
            assert told == {kind: fresh.get(session, kind, settings, today) for kind in Kind}
        return told

    def sheet(self, kind: Kind) -> Sheet:
        with self.workspace.database.reading() as session:
            return read_sheet(kind, "v", Asking(session, self.workspace.settings, TODAY))

    def first_patch(self) -> PatchRow:
        with self.workspace.database.reading() as session:
            row = session.scalars(select(PatchRow).order_by(PatchRow.id)).first()
            assert row is not None
            return row


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = scoped_workspace(tmp_path_factory.mktemp("versions"))
    with Workspace.open(folder) as workspace:
        yield Office(workspace, ShapeVersions())


def shown(sheet: Sheet, number: int) -> dict[str, object]:
    at = sheet.ids.tolist().index(number)
    return {name: fact.values[at].item() for name, fact in sheet.facts.items()}


def add_track(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "one more.gpx"
    start = datetime(2026, 5, 20, 1, tzinfo=UTC)
    path.write_text(county.gpx(line(*EAST_PLACE), name="one more", start=start), "utf-8")
    Intake(office.workspace, actor="test").add_track(
        path, tags=TrackTags(EAST_UNIT, mode=Mode.FOOT)
    )


def add_a_photo(office: Office, tmp_path: Path) -> None:
    place = {2: (33.0, 30.0, 12.0), 4: (108.0, 1.0, 3.0)}
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg_bytes(exif_bytes(place, {0x9003: "2026:05:20 08:30:11"})))
    add_photo(office.workspace, path, name=None, tags=TrackTags(), actor="test")


def add_case(office: Office, _tmp: Path) -> None:
    row = office.first_patch()
    middle = Point((row.west + row.east) / 2, (row.south + row.north) / 2)
    source = Source(LinkKind.PATCH, row.id, "图斑", survey_id=row.survey_id, geometry=middle)
    open_case(office.workspace, NewCase("一处", Origin.PATCH, middle, sources=(source,)), ADMIN)
    assert shown(office.sheet(Kind.PATCHES), row.id)["case"] == 1


def triage(office: Office, _tmp: Path) -> None:
    act(office.workspace, 1, Step(CaseAction.TRIAGE), ADMIN)
    assert shown(office.sheet(Kind.CASES), 1)["state"] == "triaged"
    assert shown(office.sheet(Kind.PATCHES), office.first_patch().id)["state"] == "triaged"


def add_a_site(office: Office, _tmp: Path) -> None:
    add_site(office.workspace, NewSite("S1", "旧厂房", Point(*EAST_PLACE)), ADMIN)


def say_other(office: Office, _tmp: Path) -> None:
    row = office.first_patch()
    with office.workspace.database.reading() as session:
        other = session.scalars(
            select(PatchRow).where(PatchRow.survey_id == row.survey_id, PatchRow.id > row.id)
        ).first()
    assert other is not None
    answer = Answer(Said.OTHER, None, 1.0, "label-1")
    review_book.label(office.workspace, row.survey_id, other.id, answer, actor="甲")
    told = shown(office.sheet(Kind.PATCHES), other.id)
    assert (told["state"], told["review"]) == ("dismissed", "other")


def detect_again(office: Office, _tmp: Path) -> None:
    """The same ground is marked anew: what was said of it holds for the new patch."""
    with office.workspace.database.writing() as session:
        survey = office.first_patch().survey_id
        rows = session.scalars(select(PatchRow).where(PatchRow.survey_id == survey)).all()
        values = [
            {
                name: getattr(row, name)
                for name in ("rank", "score", "area_m2", "reasons", "state", "geometry")
            }
            for row in rows
        ]
        session.expunge_all()
        sightings.replace_patches(
            session, survey, [PatchRow(survey_id=survey, **one) for one in values]
        )
        audit.record(session, actor="t", action="survey.detect", subject="s", details={})
    states = office.sheet(Kind.PATCHES).facts["review"].values.tolist()
    assert states.count("other") == 1


# In this order: a case must be there before it can be moved on.
CHANGES: list[tuple[Callable[[Office, Path], None], set[Kind]]] = [
    (add_track, {Kind.TRACKS, Kind.SITES}),
    (add_a_photo, {Kind.PHOTOS}),
    (add_case, {Kind.CASES, Kind.PATCHES}),
    (triage, {Kind.CASES, Kind.PATCHES}),
    (add_a_site, {Kind.SITES}),
    (say_other, {Kind.PATCHES}),
    (detect_again, {Kind.PATCHES, Kind.SURVEYS}),
]


@pytest.mark.parametrize(("change", "kinds"), CHANGES, ids=[one.__name__ for one, _ in CHANGES])
def test_a_change_makes_a_new_version(office: Office, tmp_path: Path, change, kinds) -> None:
    before = office.now()
    assert office.now() == before
    change(office, tmp_path)
    after = office.now()
    assert {kind for kind in Kind if after[kind] != before[kind]} >= kinds
    if change is add_track:
        assert after[Kind.PATCHES] == before[Kind.PATCHES]


def test_a_login_a_claim_and_an_export_change_nothing(office: Office) -> None:
    before = office.now()
    with office.workspace.database.writing() as session:
        for action in ("login", "login.failed", "user.add", "claim.add", "case.export", "plan.add"):
            audit.record(session, actor="x", action=action, subject="x", details={})
    assert office.now() == before


def test_what_is_overdue_changes_at_midnight(office: Office) -> None:
    changed = {
        kind
        for kind, version in office.now().items()
        if version != office.now(date(2026, 6, 2))[kind]
    }
    assert changed == {Kind.CASES, Kind.SITES}


def test_an_older_snapshot_keeps_its_version_and_spoils_none(office: Office) -> None:
    """A request that began before a change may end after one that began later."""
    settings = office.workspace.settings
    with office.workspace.database.reading() as old:
        before = office.versions.get(old, Kind.TRACKS, settings, TODAY)
        with office.workspace.database.writing() as session:
            audit.record(session, actor="x", action="track.review", subject="x", details={})
        with office.workspace.database.reading() as new:
            after = office.versions.get(new, Kind.TRACKS, settings, TODAY)
        assert office.versions.get(old, Kind.TRACKS, settings, TODAY) == before != after
    with office.workspace.database.reading() as new:
        assert office.versions.get(new, Kind.TRACKS, settings, TODAY) == after


def test_what_nobody_thought_of_makes_all_tiles_new() -> None:
    assert touched("something.new") == frozenset(Kind)
    assert touched("case.export") == touched("login") == frozenset()


def test_every_action_of_the_code_belongs_to_a_family() -> None:
    root = Path(__file__).resolve().parents[2]
    said = re.compile(r'\baction=f?"([a-z_.]+)')
    paths = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    found = {one for path in paths for one in said.findall(path.read_text("utf-8"))}
    assert len(found) > 20
    unknown = {one for one in found if one.split(".")[0] not in FAMILIES}
    assert not unknown, f"say in webmap/tiles/shapes_versions.py what these change: {unknown}"


def test_the_same_file_from_another_person_makes_new_tracks(office: Office) -> None:
    before = office.now()
    with office.workspace.database.writing() as session:
        user = people.user_named(session, "field-west")
        row = sightings.tracks(session)[0]
        assert user is not None
        people.record_upload(session, file=row.file, user_id=user.id, name="again.gpx")
        audit.record(session, actor=user.name, action="upload", subject="again.gpx", details={})
    assert office.now()[Kind.TRACKS] != before[Kind.TRACKS]
