"""A base map from another server of the office: what is believed of its answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Visitor, build_workspace
from flask import Flask

from geoinspect.errors import UsageError
from webmap.tiles import basemap_upstream
from webmap.tiles.basemap_upstream import Address, AwayError, Upstream
from webmap.tiles.coverage import EMPTY_PNG

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve on loopback; yield the address and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}", asked
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def sends(data: bytes, kind: str = "image/png", status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        try:
            request.wfile.write(data)
        except OSError:
            return

    return answer


def upstream(base: str, folder: Path, most_bytes: int = 10**7) -> Upstream:
    return Upstream(Address.of(base + "/t/{z}/{x}/{y}.png"), folder, most_bytes)


def test_a_tile_is_asked_once_and_outlives_its_server(tmp_path: Path) -> None:
    with server(sends(EMPTY_PNG)) as (base, asked):
        tiles = upstream(base, tmp_path)
        for _ in range(3):
            assert tiles.tile(3, 6, 2) == (EMPTY_PNG, "image/png")
        assert asked == ["/t/3/6/2.png"]
    assert tiles.tile(3, 6, 2) == (EMPTY_PNG, "image/png")
    with pytest.raises(AwayError):
        tiles.tile(3, 6, 3)
    assert tiles.away


def test_rows_from_the_south_are_counted_so(tmp_path: Path) -> None:
    with server(sends(EMPTY_PNG)) as (base, asked):
        Upstream(Address.of(base + "/{z}/{x}/{-y}"), tmp_path, 10**6).tile(3, 6, 2)
        assert asked == ["/3/6/5"]


@pytest.mark.parametrize("status", [204, 404, 410])
def test_what_the_server_has_not_is_no_failure(tmp_path: Path, status: int) -> None:
    with server(sends(b"", status=status)) as (base, asked):
        tiles = upstream(base, tmp_path)
        assert tiles.tile(1, 0, 0) is tiles.tile(1, 0, 0) is None
        assert len(asked) == 1
        assert not tiles.away


@pytest.mark.parametrize(
    "answer",
    [
        sends(b"<html><script>alert(1)</script>", "text/html"),
        sends(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        sends(b"<html>", "image/png"),
        sends(EMPTY_PNG, "application/octet-stream"),
        sends(EMPTY_PNG + bytes(6 << 20)),
        sends(EMPTY_PNG, status=500),
        sends(b"", status=302, Location="http://169.254.169.254/latest/meta-data"),
        sends(b"", status=302, Location="http://localhost:1/secret.png"),
        sends(b"", status=302, Location="file:///etc/passwd"),
        sends(b"", status=302, Location="/again"),
    ],
    ids=["html", "svg", "html named png", "no type", "huge", "500", "meta", "port", "file", "loop"],
)
def test_nothing_but_a_small_picture_of_that_server_is_passed_on(
    tmp_path: Path, answer: Answer
) -> None:
    with server(answer) as (base, _asked):
        tiles = upstream(base, tmp_path)
        with pytest.raises(AwayError):
            tiles.tile(1, 0, 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_redirect_on_the_same_server_is_followed(tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        moved = request.path.startswith("/t/")
        told = {"Location": "/there.png"} if moved else {}
        sends(b"" if moved else EMPTY_PNG, status=302 if moved else 200, **told)(request)

    with server(answer) as (base, asked):
        assert upstream(base, tmp_path).tile(1, 0, 0) == (EMPTY_PNG, "image/png")
        assert asked == ["/t/1/0/0.png", "/there.png"]


def test_a_server_that_drips_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basemap_upstream, "_WHOLE_S", 0.4)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "image/png")
        request.end_headers()
        for _ in range(40):
            try:
                request.wfile.write(bytes(70_000))
            except OSError:
                return
            time.sleep(0.05)

    with server(answer) as (base, asked):
        tiles = upstream(base, tmp_path)
        with pytest.raises(AwayError):
            tiles.tile(1, 0, 0)
        # The next ones of the screen don't wait for it again.
        with pytest.raises(AwayError):
            tiles.tile(1, 1, 0)
        assert len(asked) == 1


def test_what_is_kept_stays_within_its_bound(tmp_path: Path) -> None:
    picture = EMPTY_PNG + bytes(1000)
    with server(sends(picture)) as (base, _asked):
        tiles = upstream(base, tmp_path, most_bytes=20 * len(picture))
        for x in range(60):
            assert tiles.tile(6, x, 0) == (picture, "image/png")
            kept = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
            assert kept <= 20 * len(picture)


@pytest.mark.parametrize(
    "template",
    [
        *("", "host/{z}/{x}/{y}.png", "ftp://host/{z}/{x}/{y}", "file:///{z}/{x}/{y}"),
        *("http:///{z}/{x}/{y}", "http://host/{z}/{x}", "http://{z}.host/{x}/{y}"),
        "http://host/{z}/{x}/{y}/{-y}",
    ],
)
def test_an_address_that_is_none_is_told(template: str) -> None:
    with pytest.raises(UsageError) as caught:
        Address.of(template)
    assert caught.value.code == "bad_basemap"


def test_the_page_gets_tiles_from_us_and_nothing_while_it_is_away(
    tmp_path: Path, new_app: Callable[[Path], Flask]
) -> None:
    with server(sends(EMPTY_PNG)) as (base, _asked):
        config = f'basemap_url = "{base}/{{z}}/{{x}}/{{y}}"\nbasemap_url_zoom = 12\n'
        app = new_app(build_workspace(tmp_path, config=config))
        person = Visitor(app.test_client())
        person.sign_in()
        told = person.client.get("/tiles/base/3/6/2")
        assert (told.status_code, told.data, told.mimetype) == (200, EMPTY_PNG, "image/png")
        page = person.client.get("/map").get_data(as_text=True)
        assert base not in page
        assert base not in told.headers.get("Location", "")
    away = person.client.get("/tiles/base/3/6/3")
    assert (away.status_code, away.headers["Cache-Control"]) == (204, "no-store")
