"""Uploads by tus 1.0.0 through the app: the cases that tusd, its reference server, is held to."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import county_builder as county
import pytest
from conftest import PASSWORD, USER, Visitor
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from geoinspect.store import people
from geoinspect.store.workspace import Workspace

UPLOADS = "/api/v1/uploads"
PIECE = "application/offset+octet-stream"
_NUMBER = itertools.count()


def b64(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def track() -> bytes:
    """A track that nobody sent before."""
    n = next(_NUMBER)
    return county.gpx(county.walk(offset=0.004 + 0.00002 * n), name=f"tus {n}").encode()


class Sender:
    """Somebody who speaks tus."""

    def __init__(self, visitor: Visitor) -> None:
        self.client = visitor.client
        self.visitor = visitor
        self.headers = {"X-CSRFToken": visitor.token("/upload"), "Tus-Resumable": "1.0.0"}

    def begin(self, length: int | str, *, body: bytes | None = None, **said: str) -> TestResponse:
        said = {"filename": "巡护.gpx", **said}
        meta = ",".join(f"{name} {b64(value)}" for name, value in said.items())
        headers = {**self.headers, "Upload-Length": str(length), "Upload-Metadata": meta}
        kind = None if body is None else PIECE
        return self.client.post(UPLOADS, headers=headers, data=body, content_type=kind)

    def at(self, length: int, **said: str) -> str:
        answer = self.begin(length, **said)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.headers["Location"]

    def patch(self, place: str, offset: int | str, data: bytes, **more: str) -> TestResponse:
        headers = {**self.headers, "Upload-Offset": str(offset)}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return self.client.patch(place, headers=headers, data=data, content_type=PIECE)

    def head(self, place: str) -> TestResponse:
        return self.client.head(place, headers=self.headers)

    def offset(self, place: str) -> int:
        answer = self.head(place)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers["Upload-Offset"])


@pytest.fixture
def sender(visitor: Visitor) -> Sender:
    return Sender(visitor)


def told(answer: TestResponse, status: int, words: str = "") -> None:
    """The answer has a status and says why in both languages."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    said = answer.get_json()
    assert re.search("[一-鿿]", said["message_zh"])
    assert words in said["message_zh"]
    assert said["message"]


def test_options_say_what_is_offered(sender: Sender) -> None:
    for path in (UPLOADS, f"{UPLOADS}/{'0' * 32}"):
        answer = sender.client.options(path)
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        offered = set(answer.headers["Tus-Extension"].split(","))
        assert offered >= {"creation", "checksum", "expiration", "termination"}
        assert answer.headers["Tus-Max-Size"] == str(20_000 * 10**6)
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_in_pieces_to_the_receipt_and_the_result(sender: Sender) -> None:
    data = track()
    place = sender.at(len(data), sha256=hashlib.sha256(data).hexdigest(), team="三组", mode="foot")
    assert sender.offset(place) == 0
    assert sender.head(place).headers["Upload-Length"] == str(len(data))
    first = sender.patch(place, 0, data[:100])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "100")
    assert first.headers["Upload-Expires"].endswith("GMT")
    assert "Upload-Receipt" not in first.headers
    last = sender.patch(place, 100, data[100:])
    assert last.headers["Upload-Offset"] == str(len(data))
    receipt = last.headers["Upload-Receipt"]
    shown = sender.visitor.json(f"receipts/{receipt}")
    assert (shown["file"], shown["bytes"]) == ("巡护.gpx", len(data))
    assert shown["sha256"] == hashlib.sha256(data).hexdigest()
    assert shown["time"].endswith("Z")
    assert (shown["state"], shown["result"]["status"]) == ("added", "added")
    assert shown["job"]["state"] == "done"
    assert sender.visitor.json(f"tracks/{shown['result']['id']}")["team"] == "三组"
    state = sender.client.get(place).get_json()
    assert (state["state"], state["receipt"]) == ("received", receipt)
    # What the answer was lost of is answered the same.
    assert sender.head(place).headers["Upload-Receipt"] == receipt
    again = sender.patch(place, 100, data[100:])
    assert (again.status_code, again.headers["Upload-Receipt"]) == (204, receipt)
    told(sender.client.delete(place, headers=sender.headers), 409)


def test_a_wrong_offset_changes_nothing(sender: Sender) -> None:
    place = sender.at(1000)
    sender.patch(place, 0, b"x" * 10)
    for offset in (0, 5, 11, 999, 1001, 10**14):
        told(sender.patch(place, offset, b"yy"), 409, "10")
    assert sender.offset(place) == 10


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "٣", "9" * 30])
def test_an_offset_that_is_no_number(sender: Sender, offset: str) -> None:
    place = sender.at(10)
    told(sender.patch(place, offset.encode("utf-8").decode("latin-1"), b"y"), 400, "Upload-Offset")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_compared_before_a_byte_counts(sender: Sender, algorithm: str) -> None:
    place, data = sender.at(1000), b"<gpx>" * 40
    right = b64(hashlib.new(algorithm, data).digest())
    wrong = sender.patch(place, 0, data[:-1] + b"?", Upload_Checksum=f"{algorithm} {right}")
    told(wrong, 460, "重传")
    assert sender.offset(place) == 0
    assert sender.patch(place, 0, data, Upload_Checksum=f"{algorithm} {right}").status_code == 204
    assert sender.offset(place) == 200


@pytest.mark.parametrize("given", ["md5 AAAA", "sha1", "sha1 ?", "sha256 é", ""])
def test_a_checksum_that_can_not_be_read(sender: Sender, given: str) -> None:
    place = sender.at(10)
    told(sender.patch(place, 0, b"y", Upload_Checksum=given), 400)
    assert sender.offset(place) == 0


def test_the_whole_files_hash_is_compared_too(sender: Sender) -> None:
    data = track()
    place = sender.at(len(data), sha256="0" * 64)
    sender.patch(place, 0, data[:50])
    told(sender.patch(place, 50, data[50:]), 460, "受损")
    assert sender.head(place).status_code == 410
    told(sender.patch(place, 50, data[50:]), 460)
    assert sender.client.get(place).get_json()["state"] == "refused"


def test_only_who_speaks_this_version(sender: Sender) -> None:
    place = sender.at(10)
    for version in (None, "0.2.2", "1.0", "2.0.0"):
        headers = {**sender.headers, "Upload-Length": "5", "Upload-Offset": "0"}
        headers.pop("Tus-Resumable")
        if version:
            headers["Tus-Resumable"] = version
        for method, path in (
            ("POST", UPLOADS),
            ("HEAD", place),
            ("PATCH", place),
            ("DELETE", place),
        ):
            answer = sender.client.open(path, method=method, headers=headers, content_type=PIECE)
            assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert sender.offset(place) == 0


def test_only_bytes_of_a_piece(sender: Sender) -> None:
    place = sender.at(10)
    headers = {**sender.headers, "Upload-Offset": "0"}
    for kind in ("application/octet-stream", "text/plain", None):
        told(sender.client.patch(place, headers=headers, data=b"y", content_type=kind), 415)
    assert sender.offset(place) == 0


@pytest.mark.parametrize(
    ("length", "said", "status"),
    [
        ("0", {}, 400), ("", {}, 400), ("-5", {}, 400), ("1.5", {}, 400), ("9" * 40, {}, 400),
        (str(20_001 * 10**6), {}, 413), ("10", {"filename": ""}, 400), ("10", {"filename": "\0"}, 400),
        ("10", {"sha256": "abc"}, 400), ("10", {"mode": "horse"}, 400), ("10", {"unit": "NOPE"}, 400),
        ("10", {"day": "2026-99-01"}, 400), ("10", {"crs": "moon"}, 400), ("10", {"timezone": "x"}, 400),
        ("10", {"purpose": "fun"}, 400), ("10", {"headcount": "-1"}, 400), ("10", {"datum": "x"}, 400),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_is_said_at_the_beginning(
    sender: Sender, length: str, said: dict[str, str], status: int
) -> None:
    told(sender.begin(length, **said), status)


@pytest.mark.parametrize(
    "meta", ["filename", "filename ?", "filename /w==", "a YQ==,a YQ==", "x" * 9000]
)
def test_metadata_that_can_not_be_read(sender: Sender, meta: str) -> None:
    headers = {**sender.headers, "Upload-Length": "5", "Upload-Metadata": meta}
    told(sender.client.post(UPLOADS, headers=headers), 400)


def test_no_length_that_comes_later(sender: Sender) -> None:
    headers = {
        **sender.headers,
        "Upload-Defer-Length": "1",
        "Upload-Metadata": f"filename {b64('a')}",
    }
    told(sender.client.post(UPLOADS, headers=headers), 400, "Upload-Length")


def test_names_are_the_last_part_of_what_is_given(sender: Sender) -> None:
    place = sender.at(10, filename="../../etc/巡护\n<b>.gpx")
    assert sender.client.get(place).get_json()["name"] == "巡护<b>.gpx"


def test_never_more_than_was_announced(sender: Sender) -> None:
    place = sender.at(10)
    told(sender.patch(place, 0, b"x" * 11), 413)
    told(sender.patch(place, 0, b"x" * ((8 << 20) + 1)), 413, "8 MiB")
    assert sender.offset(place) == 0
    sender.patch(place, 0, b"x" * 6)
    told(sender.patch(place, 6, b"x" * 5), 413)
    assert sender.offset(place) == 6


def test_a_piece_has_at_most_eight_mebibytes(sender: Sender) -> None:
    place = sender.at(30 << 20, filename="a.tif")
    told(sender.patch(place, 0, b"II*\0" + b"x" * (8 << 20)), 413, "8 MiB")
    assert sender.offset(place) == 0
    whole = b"II*\0" + b"x" * ((8 << 20) - 4)
    assert sender.patch(place, 0, whole).status_code == 204
    assert sender.offset(place) == 8 << 20
    assert sender.client.delete(place, headers=sender.headers).status_code == 204


def test_an_empty_piece_is_no_harm(sender: Sender) -> None:
    place = sender.at(10)
    assert sender.patch(place, 0, b"").headers["Upload-Offset"] == "0"
    assert sender.offset(place) == 0


def test_given_up_it_is_gone(sender: Sender) -> None:
    place = sender.at(10)
    sender.patch(place, 0, b"x" * 5)
    assert sender.client.delete(place, headers=sender.headers).status_code == 204
    for answer in (sender.head(place), sender.patch(place, 5, b"x"), sender.client.get(place)):
        assert answer.status_code == 404
    told(sender.client.delete(place, headers=sender.headers), 404)


def test_a_cut_piece_counts_as_far_as_it_came(sender: Sender) -> None:
    place, data = sender.at(1000), b"<gpx>" * 20
    headers = {**sender.headers, "Upload-Offset": "0"}
    cut = {"CONTENT_LENGTH": "500"}
    sender.client.patch(
        place, headers=headers, data=data, content_type=PIECE, environ_overrides=cut
    )
    assert sender.offset(place) == 100
    headers |= {"Upload-Offset": "100", "Upload-Checksum": f"sha1 {b64(b'x' * 20)}"}
    answer = sender.client.patch(
        place, headers=headers, data=data, content_type=PIECE, environ_overrides=cut
    )
    assert answer.status_code == 400
    assert sender.offset(place) == 100


def test_the_first_piece_may_come_at_once(sender: Sender) -> None:
    data = track()
    begun = sender.begin(len(data), body=data[:10])
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "10")
    done = sender.begin(len(data), body=data)
    assert done.status_code == 201
    assert done.headers["Upload-Receipt"]
    assert sender.offset(begun.headers["Location"]) == 10


def test_where_a_proxy_lets_no_patch_through(sender: Sender) -> None:
    place = sender.at(10)
    headers = {**sender.headers, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = sender.client.post(place, headers=headers, data=b"x" * 4, content_type=PIECE)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "4")
    del headers["X-HTTP-Method-Override"]
    assert sender.client.post(place, headers=headers, data=b"x").status_code == 405
    headers["X-HTTP-Method-Override"] = "DELETE"
    assert sender.client.post(place, headers=headers).status_code == 204
    assert sender.head(place).status_code == 404


def test_the_same_bytes_again_are_the_same_receipt(sender: Sender, app: Flask) -> None:
    data = track()
    first = sender.begin(len(data), body=data).headers["Upload-Receipt"]
    again = sender.begin(len(data), body=data, filename="b.gpx").headers["Upload-Receipt"]
    assert first == again
    other = Visitor(app.test_client())
    other.sign_in("二号")
    theirs = Sender(other).begin(len(data), body=data).headers["Upload-Receipt"]
    assert theirs != first
    shown = other.json(f"receipts/{theirs}")
    assert shown["sent_before"] == sender.visitor.json(f"receipts/{first}")["time"]
    assert USER not in str(shown)
    assert sender.visitor.json(f"receipts/{first}")["sent_before"] is None


def test_other_peoples_uploads_look_like_none(sender: Sender, app: Flask) -> None:
    place = sender.at(10)
    stranger = Visitor(app.test_client())
    stranger.sign_in("二号")
    other = Sender(stranger)
    nothing = f"{UPLOADS}/{'f' * 32}"
    for path in (place, nothing, f"{UPLOADS}/x"):
        answers = [
            other.patch(path, 0, b"x"), other.client.get(path),
            other.client.delete(path, headers=other.headers),
        ]  # fmt: skip
        for answer in answers:
            assert answer.status_code == 404
            assert answer.get_json()["code"] == "no_such_upload"
        assert other.head(path).status_code == 404
    assert place.rsplit("/", 1)[1] not in str(stranger.json("uploads"))
    assert place.rsplit("/", 1)[1] in str(sender.visitor.json("uploads"))
    assert sender.offset(place) == 0


def test_a_forged_request_is_refused(sender: Sender) -> None:
    place = sender.at(10)
    bare = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Upload-Length": "5"}
    for method, path in (("POST", UPLOADS), ("PATCH", place), ("DELETE", place), ("POST", place)):
        answer = sender.client.open(path, method=method, headers=bare, content_type=PIECE)
        assert answer.status_code == 400
        assert answer.get_json()["code"] == "page_expired"
    assert sender.offset(place) == 0


def test_a_restart_between_two_pieces(
    sender: Sender, new_app: Callable[[Path], Flask], workspace_folder: Path
) -> None:
    data = track()
    place = sender.at(len(data))
    sender.patch(place, 0, data[:70])
    visitor = Visitor(new_app(workspace_folder).test_client())
    visitor.sign_in()
    later = Sender(visitor)
    assert later.offset(place) == 70
    assert later.patch(place, 70, data[70:]).headers["Upload-Receipt"]


def test_too_many_under_way(
    new_app: Callable[[Path], Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name=USER, role="field", unit_code=None, password=PASSWORD)
    monkeypatch.setenv("GEOINSPECT_UPLOAD_WAITING_FILES", "1")
    visitor = Visitor(new_app(folder).test_client())
    visitor.sign_in()
    sender = Sender(visitor)
    sender.at(10)
    answer = sender.begin(10)
    told(answer, 429, "1 个")
    assert int(answer.headers["Retry-After"]) > 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["POST", "PATCH", "HEAD", "DELETE", "GET"]),
    headers=st.dictionaries(
        st.sampled_from(["Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Checksum",
                         "X-HTTP-Method-Override", "Upload-Concat", "Upload-Defer-Length"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    ),
    body=st.binary(max_size=50),
    one=st.booleans(),
)  # fmt: skip
def test_no_header_breaks_the_server(
    sender: Sender, method: str, headers: dict[str, str], body: bytes, one: bool
) -> None:
    path = f"{UPLOADS}/{'0' * 32}" if one or method in {"PATCH", "DELETE", "HEAD"} else UPLOADS
    answer = sender.client.open(
        path, method=method, headers={**headers, **sender.headers}, data=body, content_type=PIECE
    )
    assert 200 <= answer.status_code < 500
