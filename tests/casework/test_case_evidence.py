"""Evidence: kept whole, told what is odd, never refused for its content, never doubled."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import photo_builders as photos
import pytest
import shapely
from case_builders import (
    ADMIN,
    ANALYST,
    AUDITOR,
    COMMANDER,
    FIELD,
    NOON,
    OTHER_FIELD,
    TOWNS,
    case_row,
    county,
    opened,
    place,
    plot,
)
from evidence_builders import HOSTILE, dms, picture_at
from PIL import Image

from geoinspect.cases.facts import read_facts
from geoinspect.cases.records import CaseAction, EvidenceKind, Origin, Outcome
from geoinspect.casework.actors import Actor
from geoinspect.casework.asked import NewCase, Step
from geoinspect.casework.book import act, open_case
from geoinspect.casework.chain import verify_workspace
from geoinspect.casework.evidence import (
    Added,
    NewEvidence,
    add_evidence,
    evidence,
    evidence_file,
    evidence_thumbnail,
)
from geoinspect.casework.evidence_ground import drawn, walked_points
from geoinspect.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    StoreError,
    UsageError,
)
from geoinspect.store import cases
from geoinspect.store.case_schema import EvidenceRow
from geoinspect.store.workspace import Workspace


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        yield workspace


def added(
    office: Workspace,
    case_id: int,
    data: bytes | None = None,
    *,
    kind: EvidenceKind = EvidenceKind.PHOTO,
    name: str = "a.jpg",
    actor: Actor = ANALYST,
    **more: Any,
) -> Added:
    kept = None if data is None else office.vault.keep([data], max_bytes=10**9)
    new = NewEvidence(kind, kept, name if kept else "", **more)
    return add_evidence(office, case_id, new, actor, now=NOON + timedelta(hours=2))


def row_of(office: Workspace, one: Added) -> EvidenceRow:
    with office.database.reading() as session:
        return evidence(session, one.evidence_id)


def codes(one: Added) -> set[str]:
    return {problem.code for problem in one.problems}


def test_a_photo_says_where_when_and_which_way(office: Workspace) -> None:
    case_id = opened(office)
    one = added(office, case_id, picture_at(place()), witness="王村长", witness_office="后山村委会")
    row = row_of(office, one)
    assert (row.kind, row.case_id, row.name, row.event_seq) == ("photo", case_id, "a.jpg", 2)
    assert (row.lon, row.lat) == (pytest.approx(108.05, abs=1e-6), pytest.approx(33.05, abs=1e-6))
    assert row.taken == NOON + timedelta(minutes=30)
    assert row.distance_m == 0
    assert row.facts["heading_deg"] == pytest.approx(271.5)
    assert row.facts["accuracy_m"] == pytest.approx(5)
    assert (row.facts["witness"], row.facts["witness_office"]) == ("王村长", "后山村委会")
    assert one.problems == ()
    assert row.sha256 is not None
    with office.database.reading() as session:
        path, name = evidence_file(session, office, row.id)
        last = cases.events_of(session, case_id)[-1]
    assert (path.read_bytes(), name) == (picture_at(place()), "a.jpg")
    assert last.details["evidence"] == row.id
    assert last.details["sha256"] == row.sha256
    assert verify_workspace(office).fault_count == 0


def test_heic_is_read_as_any_photo(office: Workspace) -> None:
    gps = {2: dms(33.05), 4: dms(108.05), 6: None, 31: None}
    data = photos.heic_bytes(photos.exif_bytes(gps, {0x9003: "2026:05:14 12:30:00"}))
    one = added(office, opened(office), data, name="IMG_1.HEIC")
    row = row_of(office, one)
    assert (row.kind, row.taken) == ("photo", NOON + timedelta(minutes=30, milliseconds=250))
    assert row.distance_m == 0
    with office.database.reading() as session:
        small = evidence_thumbnail(session, office, row.id)
    assert small is not None
    assert Image.open(io.BytesIO(small)).format == "JPEG"


def test_a_camera_clock_without_zone_is_beijing(office: Workspace) -> None:
    case_id = opened(office)
    exif = photos.exif_bytes(
        {2: dms(33.05), 4: dms(108.05), 6: None},
        {0x9003: "2026:05:14 12:30:00", 0x9011: None, 0x9291: None},
    )
    one = added(office, case_id, photos.jpeg_bytes(exif))
    assert row_of(office, one).taken == NOON + timedelta(minutes=30)
    assert "local_time" in codes(one)


def test_far_early_late_and_twice_are_told(office: Workspace) -> None:
    first, second = opened(office), opened(office, title="另一块", town=1)
    far = added(office, first, picture_at(place(1)))
    assert codes(far) == {"evidence_far"}
    assert row_of(office, far).distance_m == pytest.approx(9348, rel=0.01)
    early = added(office, first, picture_at(place(), day="2026:05:13 12:00:00"))
    assert codes(early) == {"evidence_before_case"}
    ahead = added(office, first, picture_at(place(), day="2026:05:15 12:00:00"))
    assert codes(ahead) == {"evidence_clock_ahead"}
    good = picture_at(place(1))
    assert codes(added(office, second, good)) == {"evidence_twice"}
    assert "evidence_again" in codes(added(office, second, good))
    told = row_of(office, far).facts["problems"]
    assert [one["code"] for one in told] == ["evidence_far"]
    assert told[0]["message"]
    assert told[0]["message_zh"]


def test_what_the_sender_says_is_marked_and_the_file_goes_first(office: Workspace) -> None:
    case_id = opened(office)
    bare, point = photos.jpeg_bytes(), place()
    said = {"place": (point.x, point.y), "taken": NOON + timedelta(minutes=5)}
    one = added(office, case_id, bare, **said)
    row = row_of(office, one)
    assert codes(one) == {"no_position", "place_said", "time_said"}
    assert (row.lon, row.taken) == (round(point.x, 7), said["taken"])
    assert row.facts["said"]["place"] == [round(point.x, 7), round(point.y, 7)]
    other = added(office, case_id, picture_at(point), place=(100.0, 30.0), taken=NOON)
    assert codes(other) == set()
    assert row_of(office, other).lon == pytest.approx(point.x, abs=1e-6)
    assert codes(added(office, case_id, photos.jpeg_bytes(photos.exif_bytes()), name="x")) >= {
        "evidence_far"
    }


def test_the_order_of_steps_is_checked(office: Workspace) -> None:
    case_id = open_case(
        office, NewCase("踏查发现", Origin.SIGHTING, plot(), unit_code="U11"), FIELD, now=NOON
    ).case_id
    verify = Step(CaseAction.VERIFY, Outcome.CONFIRMED)
    act(office, case_id, verify, FIELD, now=NOON + timedelta(hours=1))
    eradicate = Step(CaseAction.ERADICATE, facts={"method": "pulled"})
    act(office, case_id, eradicate, FIELD, now=NOON + timedelta(hours=1, minutes=50))
    before = picture_at(place(), day="2026:05:14 12:30:00")
    assert codes(added(office, case_id, before, step=3)) == {"evidence_before_step"}
    assert codes(added(office, case_id, before, step=2)) == {"evidence_again"}
    late = picture_at(place(), day="2026:05:14 13:57:00")
    assert codes(added(office, case_id, late, step=2)) == {"evidence_after_step"}
    old = picture_at(place(), day="2026:05:13 12:00:00")
    assert codes(added(office, case_id, old, step=1)) == set()
    with pytest.raises(UsageError):
        added(office, case_id, old, step=99)


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_picture_is_kept_as_a_document(office: Workspace, what: str) -> None:
    case_id = opened(office)
    one = added(office, case_id, HOSTILE[what], name=f"{what}.jpg")
    row = row_of(office, one)
    assert (row.kind, row.facts["sent_as"]) == ("document", "photo")
    assert codes(one) & {"not_a_picture", "picture_too_large"}
    with office.database.reading() as session:
        path, _ = evidence_file(session, office, row.id)
        assert evidence_thumbnail(session, office, row.id) is None
    assert path.read_bytes() == HOSTILE[what]


def test_a_picture_that_breaks_off_has_no_thumbnail_or_an_honest_one(office: Workspace) -> None:
    whole = picture_at(place())
    one = added(office, opened(office), whole[: len(whole) - 300])
    assert row_of(office, one).kind == "photo"
    with office.database.reading() as session:
        assert evidence_thumbnail(session, office, one.evidence_id) is None


def test_a_screenshot_is_a_photo_without_anything_to_prove(office: Workspace) -> None:
    out = io.BytesIO()
    Image.new("RGB", (30, 60)).save(out, "PNG")
    one = added(office, opened(office), out.getvalue(), name="微信图片.png")
    assert row_of(office, one).kind == "photo"
    assert codes(one) == {"not_an_original", "evidence_no_place", "evidence_no_time"}


def test_videos_are_known_by_their_first_bytes(office: Workspace) -> None:
    case_id = opened(office)
    movie = b"\0\0\0\x18ftypmp42" + bytes(50)
    one = added(office, case_id, movie, kind=EvidenceKind.VIDEO, name="a.mp4")
    assert (row_of(office, one).kind, codes(one)) == (
        "video",
        {"evidence_no_place", "evidence_no_time"},
    )
    other = added(office, case_id, b"nothing", kind=EvidenceKind.VIDEO, name="a.mp4")
    assert (row_of(office, other).kind, codes(other)) == ("document", {"not_a_video"})


def test_thumbnails_are_small_upright_and_say_nothing(office: Workspace) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretMaker"
    Image.new("RGB", (1200, 600), "red").save(out, "JPEG", exif=exif, comment=b"SecretMaker")
    one = added(office, opened(office), out.getvalue())
    with office.database.reading() as session:
        small = evidence_thumbnail(session, office, one.evidence_id)
        assert small == evidence_thumbnail(session, office, one.evidence_id)
    assert small is not None
    picture = Image.open(io.BytesIO(small))
    assert (picture.size, picture.format) == ((240, 480), "JPEG")
    assert dict(picture.getexif()) == {}
    assert b"SecretMaker" not in small
    assert len([*(office.folder / "thumbs").rglob("*.jpg")]) == 1


def test_a_count_by_quadrats_keeps_its_interval(office: Workspace) -> None:
    given = {"quadrats": {"counts": [3, 4, 0, 5], "quadrat_m2": 1}, "area_m2": 80}
    facts = read_facts(given, CaseAction.EVIDENCE, NOON.date())
    one = added(office, opened(office), kind=EvidenceKind.COUNT, facts=facts)
    row = row_of(office, one)
    assert row.facts["count"]["plants"] == 240
    assert row.facts["count"]["low"] < 240 < row.facts["count"]["high"]
    assert one.problems == ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (EvidenceKind.PHOTO, "no_file"),
        (EvidenceKind.DOCUMENT, "no_file"),
        (EvidenceKind.NOTE, "no_note"),
        (EvidenceKind.COUNT, "no_count"),
        (EvidenceKind.AREA, "no_area"),
    ],
)
def test_a_piece_must_have_what_its_kind_needs(
    office: Workspace, kind: EvidenceKind, code: str
) -> None:
    case_id = opened(office)
    with pytest.raises(UsageError) as caught:
        added(office, case_id, kind=kind)
    assert caught.value.code == code
    assert case_row(office, case_id).version == 1


def test_no_bytes_and_odd_names_are_refused(office: Workspace) -> None:
    case_id = opened(office)
    for data, more in ((b"", {}), (b"x", {"name": "../a"}), (b"x", {"witness": "a\nb"})):
        with pytest.raises((InputError, UsageError)):
            added(office, case_id, data, kind=EvidenceKind.DOCUMENT, **more)
    assert case_row(office, case_id).version == 1


RING = [(108.05, 33.05), (108.0502, 33.05), (108.0502, 33.0502), (108.05, 33.0502), (108.05, 33.05)]


def test_walked_ground_becomes_that_of_the_case(office: Workspace) -> None:
    case_id = opened(office)
    before = case_row(office, case_id).geometry
    measured = walked_points([[*point, None, 3.0] for point in RING])
    one = added(office, case_id, kind=EvidenceKind.AREA, measured=measured)
    assert case_row(office, case_id).geometry.equals(before)
    row = row_of(office, one)
    assert row.facts["area_m2"] == pytest.approx(414, rel=0.01)
    assert row.facts["area_low_m2"] < row.facts["area_m2"] < row.facts["area_high_m2"]
    assert row.distance_m == 0
    added(office, case_id, kind=EvidenceKind.AREA, measured=measured, use_as_ground=True)
    now = case_row(office, case_id)
    assert now.geometry.equals(shapely.Polygon(RING))
    with office.database.reading() as session:
        last = cases.events_of(session, case_id)[-1]
    assert shapely.from_wkt(last.details["ground_before"]).equals(before)
    assert verify_workspace(office).fault_count == 0


def test_drawn_ground_can_move_a_case_to_another_township(office: Workspace) -> None:
    case_id = opened(office, east=0.9995)
    measured = drawn(shapely.geometry.mapping(plot(1, east=0.0005)))
    one = added(office, case_id, kind=EvidenceKind.AREA, measured=measured, use_as_ground=True)
    assert case_row(office, case_id).area_code == TOWNS[1]
    assert codes(one) == set()
    with office.database.reading() as session:
        assert cases.events_of(session, case_id)[-1].details["area_before"] == TOWNS[0]


def test_the_ground_of_eradicated_cases_is_fixed(office: Workspace) -> None:
    case_id = open_case(office, NewCase("踏查", Origin.SIGHTING, plot()), ANALYST, now=NOON).case_id
    for step in (Step(CaseAction.VERIFY, Outcome.CONFIRMED), Step(CaseAction.ERADICATE)):
        act(office, case_id, step, ANALYST, now=NOON)
    measured = drawn(shapely.geometry.mapping(plot()))
    area = {"kind": EvidenceKind.AREA, "measured": measured}
    with pytest.raises(ConflictError) as caught:
        added(office, case_id, use_as_ground=True, **area)
    assert caught.value.code == "ground_fixed"
    assert case_row(office, case_id).version == 3
    added(office, case_id, **area)
    assert case_row(office, case_id).version == 4


def test_points_that_go_round_nothing_are_refused() -> None:
    for points in ([], [[1]], [[108.0, 33.0]] * 5, [["a", "b"]] * 5, [[108, 33, 0, 1, 2]] * 5):
        with pytest.raises(InputError):
            walked_points(points)  # type: ignore[arg-type]


@pytest.mark.parametrize("actor", [ANALYST, COMMANDER, ADMIN, FIELD, OTHER_FIELD, AUDITOR])
def test_who_may_add(office: Workspace, actor: Actor) -> None:
    case_id = opened(office)
    for step in (Step(CaseAction.TRIAGE), Step(CaseAction.ASSIGN, unit_code="U11")):
        act(office, case_id, step, ANALYST, now=NOON)
    note = {"kind": EvidenceKind.NOTE, "note": "现场情况", "actor": actor}
    if actor in (OTHER_FIELD, AUDITOR):
        with pytest.raises(ForbiddenError):
            added(office, case_id, **note)
        assert case_row(office, case_id).version == 3
    else:
        assert row_of(office, added(office, case_id, **note)).added_by == actor.name


def test_the_same_submission_counts_once(office: Workspace) -> None:
    case_id, other = opened(office), opened(office, title="另一块")
    data = picture_at(place(1))
    one = added(office, case_id, data, client_id="abc")
    again = added(office, case_id, data, client_id="abc")
    assert again.done.again
    assert (again.done.receipt, again.evidence_id) == (one.done.receipt, one.evidence_id)
    assert codes(again) == codes(one)
    for wrong in ({"data": b"other"}, {"data": data, "actor": COMMANDER}):
        with pytest.raises(ConflictError):
            added(office, case_id, client_id="abc", **wrong)
    with pytest.raises(ConflictError):
        added(office, other, data, client_id="abc")
    with office.database.reading() as session:
        assert len(cases.evidence_of(session, case_id)) == 1


def test_what_is_missing_is_said(office: Workspace) -> None:
    case_id = opened(office)
    note = added(office, case_id, kind=EvidenceKind.NOTE, note="记录")
    paper = added(office, case_id, b"%PDF-1.7", kind=EvidenceKind.DOCUMENT, name="a.pdf")
    assert note.problems == paper.problems == ()
    with office.database.reading() as session:
        for number in (note.evidence_id, 999):
            with pytest.raises(NotFoundError):
                evidence_file(session, office, number)
        evidence_file(session, office, paper.evidence_id)[0].unlink()
        with pytest.raises(StoreError):
            evidence_file(session, office, paper.evidence_id)
    with pytest.raises(NotFoundError):
        added(office, 999, kind=EvidenceKind.NOTE, note="记录")
