"""Evidence through the API: receipts, roles, broken connections, and hostile files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import shapely
from case_builders import ANALYST, county, opened, place, plot
from conftest import PASSWORD, Visitor
from evidence_builders import HOSTILE, picture_at
from flask import Flask
from PIL import Image

from geoinspect.cases.records import CaseAction
from geoinspect.casework.asked import Step
from geoinspect.casework.book import act
from geoinspect.store import cases, people
from geoinspect.store.case_schema import EvidenceRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

# Name → role and unit.
PEOPLE = {
    "analyst": ("analyst", "U1"),
    "commander": ("commander", "U1"),
    "admin": ("admin", None),
    "auditor": ("auditor", "U1"),
    "field-1": ("field", "U11"),
    "field-2": ("field", "U12"),
}
NAME = "现场 照片.jpg"


@dataclass
class Desk:
    """An app over a case that is assigned to U11, and its people."""

    app: Flask
    workspace: Workspace
    case: int
    visitors: dict[str, tuple[Visitor, str]] = field(default_factory=dict)

    def who(self, name: str) -> tuple[Visitor, dict[str, str]]:
        if name not in self.visitors:
            visitor = Visitor(self.app.test_client())
            assert visitor.sign_in(name, PASSWORD).status_code == 302
            self.visitors[name] = visitor, visitor.token("/upload")
        visitor, token = self.visitors[name]
        return visitor, {"X-CSRFToken": token}

    def send(
        self, data: bytes, *, by: str = "field-1", environ: dict[str, str] | None = None, **query
    ):
        visitor, headers = self.who(by)
        return visitor.client.post(
            f"/api/v1/cases/{self.case}/evidence",
            query_string={"name": NAME, "kind": "photo", **query},
            data=data,
            content_type="application/octet-stream",
            headers=headers,
            environ_overrides=environ or {},
        )

    def say(self, *, by: str = "field-1", case: int | None = None, **body):
        visitor, headers = self.who(by)
        path = f"/api/v1/cases/{case or self.case}/evidence"
        return visitor.client.post(path, json=body, headers=headers)

    def get(self, path: str, by: str = "auditor"):
        return self.who(by)[0].client.get(f"/api/v1/evidence/{path}", buffered=True)

    def pieces(self) -> list[EvidenceRow]:
        with self.workspace.database.reading() as session:
            return list(cases.evidence_of(session, self.case))


@pytest.fixture(scope="module")
def county_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Workspace]]:
    """The app over a county with a person of each role."""
    folder = tmp_path_factory.mktemp("evidence") / "w"
    with county(folder) as workspace:
        (folder / "geoinspect.toml").write_text("evidence_max_mb = 1.0\n", "utf-8")
        with workspace.database.writing() as session:
            for name, (role, unit) in PEOPLE.items():
                people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
        app = create_app(folder, testing=True)
        yield app, workspace
        app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def signed_in() -> dict[str, tuple[Visitor, str]]:
    """People who signed in once for all tests."""
    return {}


@pytest.fixture
def desk(county_app: tuple[Flask, Workspace], signed_in: dict[str, tuple[Visitor, str]]) -> Desk:
    app, workspace = county_app
    case_id = opened(workspace)
    for step in (Step(CaseAction.TRIAGE), Step(CaseAction.ASSIGN, unit_code="U11")):
        act(workspace, case_id, step, ANALYST)
    return Desk(app, workspace, case_id, signed_in)


def refusal(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    told = answer.get_json()
    assert told["message"]
    assert told["message_zh"]
    return told["code"]


def test_a_photo_is_receipted_shown_and_given_back_as_it_came(desk: Desk) -> None:
    data = picture_at(place())
    sha256 = hashlib.sha256(data).hexdigest()
    answer = desk.send(
        data, sha256=sha256, client_id="p-1", witness="王村长", witness_office="村委会", step=3
    )
    assert answer.status_code == 201
    told = answer.get_json()
    piece = told["evidence"]
    assert told["receipt"]
    assert (piece["sha256"], piece["kind"], piece["name"]) == (sha256, "photo", NAME)
    assert piece["bytes"] == len(data)
    assert piece["distance_m"] == 0
    assert piece["facts"]["witness"] == "王村长"
    # Taken long before the case was assigned, which is now: told, in both languages.
    assert {one["code"] for one in told["problems"]} == {"evidence_before_step"}
    assert all(one["message"] and one["message_zh"] for one in told["problems"])

    original = desk.get(f"{piece['id']}/file")
    assert original.data == data
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in original.headers["Content-Security-Policy"]
    small = desk.get(f"{piece['id']}/thumb.jpg")
    assert (small.status_code, small.mimetype) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(small.data)).size) <= 480
    case = desk.who("auditor")[0].json(f"cases/{desk.case}")
    assert [one["id"] for one in case["evidence"]] == [piece["id"]]
    assert case["events"][-1]["receipt"] == told["receipt"]


def test_the_same_client_id_counts_once(desk: Desk) -> None:
    data = picture_at(place())
    first = desk.send(data, client_id=f"same-{desk.case}").get_json()
    again = desk.send(data, client_id=f"same-{desk.case}").get_json()
    assert again["again"]
    assert not first["again"]
    assert (again["receipt"], again["evidence"]) == (first["receipt"], first["evidence"])
    assert again["problems"] == first["problems"]
    assert refusal(desk.send(b"other", client_id=f"same-{desk.case}"), 409) == "client_id_used"
    note = desk.say(kind="note", note="x", client_id=f"same-{desk.case}")
    assert refusal(note, 409) == "client_id_used"
    assert len(desk.pieces()) == 1


def test_a_cut_connection_or_a_wrong_hash_keeps_nothing(desk: Desk) -> None:
    cut = desk.send(b"half", environ={"CONTENT_LENGTH": "5000"})
    assert refusal(cut, 400) == "incomplete"
    assert refusal(desk.send(b"abc", sha256="0" * 64), 400) == "checksum"
    assert refusal(desk.send(b"abc", sha256="xyz"), 400) == "bad_option"
    assert refusal(desk.send(b""), 422) == "empty"
    assert refusal(desk.send(bytes(1_100_000)), 413) == "too_large"
    assert desk.pieces() == []
    kept = {path.name for path in (desk.workspace.folder / "files").glob("??/*")}
    assert hashlib.sha256(b"half").hexdigest() not in kept
    assert hashlib.sha256(b"abc").hexdigest() not in kept


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_kept_and_never_interpreted(desk: Desk, what: str) -> None:
    told = desk.send(HOSTILE[what], name=f"{what}.jpg").get_json()
    piece = told["evidence"]
    assert piece["kind"] == "document"
    original = desk.get(f"{piece['id']}/file")
    assert original.data == HOSTILE[what]
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert refusal(desk.get(f"{piece['id']}/thumb.jpg"), 404) == "no_thumbnail"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.jpg", "b.jpg"),
        ("<script>alert(1)</script>.jpg", "script>.jpg"),
        ('a"; filename="b.html', 'a"; filename="b.html'),
        ("a\r\nX-Evil: 1.jpg", "aX-Evil: 1.jpg"),
        ("长" * 300, "长" * 180 + "…" + "长" * 16),
    ],
)
def test_names_are_only_names(desk: Desk, name: str, kept: str) -> None:
    piece = desk.send(b"bytes", name=name, kind="document").get_json()["evidence"]
    assert piece["name"] == kept
    answer = desk.get(f"{piece['id']}/file")
    assert answer.data == b"bytes"
    assert "X-Evil" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")


def test_names_that_are_none_are_refused(desk: Desk) -> None:
    for name in ("", "/", " \n"):
        assert refusal(desk.send(b"x", name=name), 400) == "no_name"


@pytest.mark.parametrize("name", PEOPLE)
def test_every_role(desk: Desk, name: str) -> None:
    may = name not in ("auditor", "field-2")
    # A neighbour's case looks as if there were none.
    refused = 404 if name == "field-2" else 403
    sent = desk.send(b"%PDF-1.7", by=name, kind="document", name="a.pdf")
    said = desk.say(by=name, kind="note", note="记录")
    expected = 201 if may else refused
    assert (sent.status_code, said.status_code) == (expected, expected)
    assert len(desk.pieces()) == (2 if may else 0)
    piece = desk.send(b"%PDF-1.7", kind="document", name="a.pdf").get_json()["evidence"]
    read = desk.get(f"{piece['id']}/file", by=name)
    assert read.status_code == (404 if name == "field-2" else 200)
    assert name == "field-2" or read.data == b"%PDF-1.7"


def test_strangers_get_nothing(desk: Desk) -> None:
    piece = desk.send(b"x", kind="document").get_json()["evidence"]
    client = desk.app.test_client()
    for path in (f"{piece['id']}/file", f"{piece['id']}/thumb.jpg"):
        assert client.get(f"/api/v1/evidence/{path}").status_code == 401
    path = f"/api/v1/cases/{desk.case}/evidence"
    assert client.post(path, data=b"x").status_code in (400, 401)
    token = desk.who("field-1")[0].client.post(path, data=b"x", query_string={"name": "a"})
    assert refusal(token, 400) == "page_expired"
    assert len(desk.pieces()) == 1


def test_counts_areas_and_notes_without_a_file(desk: Desk) -> None:
    quadrats = {"counts": [3, 4, 0, 5], "quadrat_m2": 1}
    count = desk.say(kind="count", quadrats=quadrats, area_m2=80, witness="王村长").get_json()
    told = count["evidence"]["facts"]["count"]
    assert told["plants"] == 240
    assert told["low"] < 240 < told["high"]
    assert count["evidence"]["facts"]["witness"] == "王村长"
    plain = desk.say(kind="count", plants=37, step=3).get_json()["evidence"]
    assert plain["facts"]["count"]["method"] == "plain"
    ground = shapely.geometry.mapping(plot().buffer(1e-5))
    area = desk.say(kind="area", ground=ground, use_as_ground=True).get_json()["evidence"]
    assert area["facts"]["area_how"] == "drawn"
    case = desk.who("auditor")[0].json(f"cases/{desk.case}")
    assert shapely.equals(shapely.geometry.shape(case["ground"]), plot().buffer(1e-5))
    ring = [[108.05, 33.05], [108.0502, 33.05], [108.0502, 33.0502], [108.05, 33.0502]]
    walked = desk.say(kind="area", points=[*ring, ring[0]]).get_json()["evidence"]
    assert walked["facts"]["area_low_m2"] < walked["facts"]["area_m2"]
    note = desk.say(kind="note", note="见到\n两处", lon=108.05, lat=33.05).get_json()
    assert note["evidence"]["place"] == [108.05, 33.05]
    assert len(desk.pieces()) == 5


def test_a_track_walked_round_is_an_area(desk: Desk) -> None:
    ring = [(108.05, 33.05), (108.0502, 33.05), (108.0502, 33.0502), (108.05, 33.0502)]
    points = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><time>2026-05-14T04:0{n}:00Z</time></trkpt>'
        for n, (lon, lat) in enumerate([*ring, ring[0]])
    )
    gpx = (
        '<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><trkseg>{points}</trkseg></trk></gpx>"
    )
    told = desk.send(gpx.encode(), kind="area", name="a.gpx", use_as_ground="1").get_json()
    piece = told["evidence"]
    assert piece["facts"]["area_m2"] == pytest.approx(414, rel=0.01)
    assert desk.get(f"{piece['id']}/file").data == gpx.encode()
    assert refusal(desk.send(b"<gpx>", kind="area", name="b.gpx"), 422)
    assert len(desk.pieces()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "photo"},
        {"kind": "note"},
        {"kind": "note", "note": 5},
        {"kind": "note", "note": "x" * 3000},
        {"kind": "note", "note": "x", "lon": 108},
        {"kind": "note", "note": "x", "step": 99},
        {"kind": "note", "note": "x", "taken": "2026-05-14T08:00:00"},
        {"kind": "note", "note": "x", "evil": 1},
        {"kind": "note", "note": "x", "use_as_ground": True},
        {"kind": "note", "note": "x", "witness": "a\nb"},
        {"kind": "count"},
        {"kind": "count", "plants": -1},
        {"kind": "count", "plants": 3, "quadrats": {"counts": [1], "quadrat_m2": 1}},
        {"kind": "area", "ground": {"type": "Point", "coordinates": [108, 33]}},
        {"kind": "area", "points": [[1], "x"]},
        {"kind": "area", "points": 5},
        {"kind": "area", "ground": {}, "points": []},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(desk: Desk, body: dict[str, Any]) -> None:
    answer = desk.say(**body)
    assert answer.status_code in (400, 422), answer.get_data(as_text=True)
    assert answer.get_json()["message_zh"]
    assert desk.pieces() == []


def test_what_is_not_there(desk: Desk) -> None:
    assert refusal(desk.say(case=999_999, kind="note", note="x"), 404) == "no_case"
    assert refusal(desk.get("999999/file"), 404) == "no_evidence"
    note = desk.say(kind="note", note="x").get_json()["evidence"]["id"]
    assert refusal(desk.get(f"{note}/file"), 404) == "no_file"
    assert refusal(desk.get(f"{note}/thumb.jpg"), 404) == "no_file"


def test_a_lost_original_is_said(desk: Desk) -> None:
    piece = desk.send(b"will be lost", kind="document").get_json()["evidence"]
    desk.workspace.vault.path_of(piece["sha256"]).unlink()
    assert refusal(desk.get(f"{piece['id']}/file"), 503) == "file_gone"


def test_a_ninth_sender_waits(desk: Desk) -> None:
    slots = desk.app.extensions["geoinspect"].upload_slots
    for _ in range(8):
        assert slots.acquire(blocking=False)
    try:
        assert refusal(desk.send(b"x"), 503) == "busy"
    finally:
        slots.release(8)
