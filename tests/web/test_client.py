"""The Python client against a real server on loopback, with answers lost and lines cut on the way."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import county_builder as county
import pytest
from app_server import Quiet
from conftest import USER
from flask import Flask
from werkzeug.serving import make_server

from geoinspect.client import ApiError, Client, Patience
from geoinspect.errors import InputError, UsageError
from geoinspect.store import people, tokens

QUICK = Patience(connect_s=5, read_s=20, tries=4, first_pause_s=0.01, longest_pause_s=0.05)
BUSY = ("503 Busy", [("Content-Type", "text/plain"), ("Retry-After", "0")])


class Faulty:
    """The app behind a line that loses answers and turns requests away, as told."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.turned_away = 0
        self.lost = 0
        self.seen: list[tuple[str, str]] = []

    def __call__(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.seen.append((method, path))
        if self.turned_away:
            self.turned_away -= 1
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(*BUSY)
            return [b"busy"]
        if self.lost and method in ("PATCH", "POST"):
            self.lost -= 1
            # What was asked is done; its answer never arrives.
            list(self.app(environ, lambda *_args: None))
            # Without it the client waits for as long as it has patience to read.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        return self.app(environ, start_response)


@pytest.fixture(scope="module")
def line(app: Flask) -> Iterator[tuple[Faulty, str]]:
    faulty = Faulty(app)
    server = make_server("127.0.0.1", 0, faulty, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield faulty, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def secret(app: Flask) -> str:
    with app.extensions["geoinspect"].workspace.database.writing() as session:
        user = people.user_named(session, USER)
        return tokens.add_token(session, label="client", user_id=user.id, days=1)[0]


@pytest.fixture
def client(line: tuple[Faulty, str], secret: str) -> Iterator[Client]:
    with Client(line[1], secret, patience=QUICK) as made:
        yield made


def track_in(folder: Path, offset: float) -> Path:
    path = folder / "巡护 1.gpx"
    path.write_text(county.gpx(county.walk(offset=offset), name="client"), "utf-8")
    return path


def test_a_file_is_sent_in_pieces_read_and_shown(client: Client, tmp_path: Path) -> None:
    path, heard = track_in(tmp_path, 0.0071), []
    sent = client.upload(
        path,
        {"unit": "U990100001", "team": "客户端", "mode": "foot"},
        piece_bytes=1000,
        tell=lambda kept, _all: heard.append(kept),
    )
    assert sent["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sent["name"] == path.name
    assert heard == sorted(set(heard))
    assert heard[-1] == path.stat().st_size
    read = client.receipt(sent["receipt"], wait_s=20)
    assert read["result"]["status"] == "added"
    track = next(one for one in client.tracks(limit=2) if one["id"] == read["result"]["id"])
    assert track["team"] == "客户端"
    assert sent["receipt"] in {one["receipt"] for one in client.receipts()}


@pytest.mark.parametrize(("turned_away", "lost"), [(2, 0), (0, 2), (1, 2)])
def test_an_upload_goes_on_after_lost_answers_and_busy_servers(
    client: Client, line: tuple[Faulty, str], tmp_path: Path, turned_away: int, lost: int
) -> None:
    path = track_in(tmp_path, 0.0072 + turned_away * 1e-5 + lost * 2e-5)
    before = {one["receipt"] for one in client.receipts()}
    faulty, _address = line
    faulty.turned_away = turned_away
    # The answer to the announcement arrives; those of the first pieces don't.
    kept: list[int] = []

    def tell(bytes_kept: int, _all: int) -> None:
        if not kept:
            faulty.lost = lost
        kept.append(bytes_kept)

    sent = client.upload(path, piece_bytes=900, tell=tell)
    assert (faulty.turned_away, faulty.lost) == (0, 0)
    assert sent["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {one["receipt"] for one in client.receipts()} - before == {sent["receipt"]}


def test_lists_come_page_by_page(client: Client, line: tuple[Faulty, str]) -> None:
    whole = [one["id"] for one in client.tracks()]
    line[0].seen.clear()
    assert [one["id"] for one in client.tracks(limit=1)] == whole
    assert len(line[0].seen) == len(whole) > 1


def test_figures_gaps_and_patches(client: Client) -> None:
    found = client.overview()
    assert found["coverage"]["cells"] > 0
    gaps = client.gaps(limit=1)
    assert [one["properties"]["rank"] for one in gaps] == list(range(1, found["gaps_total"] + 1))
    one = client.gap(gaps[0]["properties"]["id"])
    assert one["properties"] == gaps[0]["properties"]
    assert one["geometry"]["type"] in {"Polygon", "MultiPolygon"}
    assert client.overview(area="990100001")["area"]["code"] == "990100001"
    assert client.patches(bbox=(0.0, 0.0, 1.0, 1.0)) == []
    assert len(client.patches()) >= 1
    assert client.situation()
    assert {one["kind"] for one in client.jobs()} <= {"understand", "detect"}


def test_a_step_whose_answer_got_lost_counts_once(client: Client, line: tuple[Faulty, str]) -> None:
    new = {"title": "由客户端", "lon": county.WEST + 0.001, "lat": county.SOUTH + 0.001}
    line[0].lost = 1
    number = client.post("cases", {**new, "client_id": "client-case-1"})["case"]["id"]
    line[0].lost = 1
    client.step(number, "triage", client_id="client-step-1")
    shown = client.case(number)
    assert shown["state"] == "triaged"
    assert [one["id"] for one in client.cases(q="由客户端")] == [number]
    assert sum(event["action"] == "triage" for event in shown["events"]) == 1


def test_evidence_whose_answer_got_lost_counts_once(
    client: Client, line: tuple[Faulty, str], tmp_path: Path
) -> None:
    new = {"title": "有证据", "lon": county.WEST + 0.001, "lat": county.SOUTH + 0.002}
    number = client.post("cases", {**new, "client_id": "client-case-2"})["case"]["id"]
    path = tmp_path / "笔录 1.pdf"
    path.write_bytes(b"%PDF-1.4 " + b"x" * 300_000)
    line[0].lost = 1
    sent = client.evidence(number, path, client_id="client-file-1", note="入户笔录")
    assert line[0].lost == 0
    assert sent["again"]
    (kept,) = client.case(number)["evidence"]
    assert kept == sent["evidence"]
    assert (kept["name"], kept["note"]) == (path.name, "入户笔录")
    assert kept["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ApiError) as refused:
        client.evidence(999_999, path, client_id="client-file-2")
    assert refused.value.status == 404
    with pytest.raises(InputError, match="gone"):
        client.evidence(number, tmp_path / "gone.pdf", client_id="client-file-3")


@pytest.mark.parametrize("kind", ["areas", "zones", "surveys"])
def test_what_is_drawn_comes_page_by_page(client: Client, kind: str) -> None:
    whole = client.get(kind)
    assert whole["next"] is None
    assert list(client.every(kind, limit=1)) == whole["features"]


def test_refusals_are_errors_with_both_languages(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        client.case(999_999)
    assert refused.value.status == 404
    assert refused.value.code == "no_case"
    assert re.search("[一-鿿]", refused.value.text.zh)
    assert refused.value.text.en


def test_no_server_and_a_wrong_token_are_told_apart_and_show_no_token(
    line: tuple[Faulty, str], secret: str
) -> None:
    odd = "gi_wrong-secret"
    with pytest.raises(ApiError) as refused:
        Client(line[1], odd, patience=QUICK).overview()
    assert refused.value.status == 401
    nobody = Client("http://127.0.0.1:9", secret, patience=QUICK)
    with pytest.raises(ApiError) as unheard:
        nobody.overview()
    assert (unheard.value.status, unheard.value.code) == (0, "no_answer")
    shown = f"{nobody!r}{vars(nobody)!r}{unheard.value}{refused.value}"
    assert secret not in shown
    assert odd not in shown


@pytest.mark.parametrize(
    ("address", "token"), [("map.example", "t"), ("ftp://a", "t"), ("http://a", "")]
)
def test_wrong_addresses_and_empty_tokens_are_refused_in_words(address: str, token: str) -> None:
    with pytest.raises(UsageError):
        Client(address, token)


def test_walks_lists_and_jobs(client: Client) -> None:
    first = {one["properties"]["id"] for one in client.patches()}
    every = [one["properties"]["id"] for one in client.every("patches", limit=1)]
    assert every == sorted(first)
    tracks = [one["properties"]["id"] for one in client.every("tracks", limit=2)]
    assert tracks == sorted(set(tracks))
    assert len(tracks) > 1
    assert list(client.every("patches", bbox=(0.0, 0.0, 1.0, 1.0))) == []
    with pytest.raises(ApiError) as refused:
        client.get("tracks", cursor="x")
    assert (refused.value.status, refused.value.code) == (400, "bad_cursor")
    assert list(client.sites()) == list(client.tips()) == []
    job = next(client.jobs(limit=1), None)
    if job is not None:
        assert client.job(job["id"], wait_s=5)["state"] in {"done", "failed", "cancelled"}


@pytest.mark.parametrize("page", ["api.md", "api.zh-CN.md"])
def test_the_example_of_the_guide_runs(
    line: tuple[Faulty, str],
    secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    page: str,
) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide" / page
    (code,) = re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    track_in(tmp_path, 0.0079 if page == "api.md" else 0.0081)
    monkeypatch.setenv("GEOINSPECT_URL", line[1])
    monkeypatch.setenv("GEOINSPECT_TOKEN", secret)
    monkeypatch.setenv("TRACKS", str(tmp_path))
    exec(compile(code, page, "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert told[0].split()[-1] == "added"
    assert float(told[-1]) >= 0
