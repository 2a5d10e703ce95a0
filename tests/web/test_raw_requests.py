"""Bytes that no browser sends, against the real server: nothing is smuggled, planted or written down."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from conftest import PASSWORD
from served_office import Served, served

from geoinspect.store import people
from geoinspect.store.workspace import Workspace

HOST = b"Host: county.example\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /login HTTP/1.1\r\n" + HOST
NONE_LEFT = b"0\r\n\r\n"
CANARY = "Canary-5f1c"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("raw")
    with Workspace.create(folder / "w") as workspace, workspace.database.writing() as session:
        people.add_user(session, name="员", role="admin", unit_code=None, password=PASSWORD)
    with served(folder / "w", folder / "log") as running:
        yield running


def answers(data: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]


# Two readings of where the body ends: of the first, the rest would be a request of its own.
TWO_READINGS = {
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + NONE_LEFT,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + NONE_LEFT,
    "two lengths": b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 5\r\n\r\n",
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "a length below none": b"Content-Length: -1\r\n\r\n",
    "a length in hex": b"Content-Length: 0x0\r\n\r\n",
    "a length with a line": b"Content-Length: 1_0\r\n\r\n",
    "a length of another script": "Content-Length: \u0660\r\n\r\n".encode(),
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n" + NONE_LEFT,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + NONE_LEFT,
    "chunks not last": b"Transfer-Encoding: chunked, identity\r\n\r\n" + NONE_LEFT,
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n" + NONE_LEFT,
    "a hidden character": b"Transfer-Encoding: \x0bchunked\r\n\r\n" + NONE_LEFT,
    "a folded line": b"X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + NONE_LEFT,
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n" + NONE_LEFT,
    "a bare line feed": b"X: y\nTransfer-Encoding: chunked\r\n\r\n" + NONE_LEFT,
    "a bare return": b"X: y\rTransfer-Encoding: chunked\r\n\r\n" + NONE_LEFT,
    "a name with a dash below": b"Content_Length: 500\r\nContent-Length: x\r\n\r\n",
    "a chunk below none": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk beyond all": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
    "a line feed in a chunk's head": b"Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n",
}


@pytest.mark.parametrize("said", TWO_READINGS.values(), ids=TWO_READINGS)
def test_what_can_be_read_in_two_ways_is_not_read(server: Served, said: bytes) -> None:
    heard = server.exchange(POST + said + SMUGGLED)
    assert b"smuggled" not in heard
    assert set(answers(heard)) <= {400, 501}
    assert answers(heard)


def test_a_request_after_a_whole_one_is_heard(server: Served) -> None:
    """Else the tests above would find nothing to be smuggled."""
    whole = POST + b"Transfer-Encoding: chunked\r\n\r\n" + NONE_LEFT
    heard = server.exchange(whole + SMUGGLED)
    assert answers(heard) == [400, 302]
    assert b"smuggled" in heard


@pytest.mark.parametrize("method", [b"POST", b"GET", b"PATCH"])
@pytest.mark.parametrize(
    "path", [b"/api/v1/files?name=a.gpx", b"/login", b"/nope", b"/healthz", b"/tip", b"/static/x"]
)
def test_a_body_that_nobody_read_is_no_request(server: Served, method: bytes, path: bytes) -> None:
    kind = b"Content-Type: application/octet-stream\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(SMUGGLED * 3)
    heard = server.exchange(
        method + b" " + path + b" HTTP/1.1\r\n" + HOST + kind + length + SMUGGLED * 3
    )
    assert len(answers(heard)) == 1
    assert b"smuggled" not in heard


@pytest.mark.parametrize(
    "head",
    [
        b"GET /login\0x HTTP/1.1\r\n" + HOST,
        b"GET /login HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n",
        b"GET /login HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n",
        b"GET /login HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200,
        b"GET /login HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 20_000 + b"\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST,
        b"GET /login HTTP/3.0\r\n" + HOST,
        b"GET /login\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
        b"PROXY TCP4 6.6.6.6 1.1.1.1 1 2\r\nGET /login HTTP/1.1\r\n" + HOST,
        b"POST /login HTTP/1.1\r\n" + HOST + b"Expect: wonders\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=range(12),
)
def test_odd_heads_are_refused(server: Served, head: bytes) -> None:
    heard = server.exchange(head + b"\r\n")
    assert set(answers(heard)) <= {400, 414, 417, 431}
    assert answers(heard)
    assert answers(server.exchange(b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize(
    "said",
    [
        b"Host: evil.example\r\n",
        b'Host: evil.example"><script>\r\n',
        b"Host: evil.example:80@county.example\r\n",
        HOST + b"X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n",
        HOST + b"X-Forwarded-Prefix: //evil.example\r\nX-Original-URL: //evil.example/\r\n",
        HOST + b"SCRIPT_NAME: //evil.example\r\n",
        HOST + b"Script-Name: //evil.example\r\nPATH_INFO: //evil.example\r\n",
        HOST + b"SCRIPT_NAME: /login\r\n",
    ],
    ids=range(8),
)
@pytest.mark.parametrize("path", [b"/login", b"//evil.example/login", b"/login/login", b"/tip"])
def test_no_header_says_where_links_lead(server: Served, said: bytes, path: bytes) -> None:
    heard = server.exchange(b"GET " + path + b" HTTP/1.0\r\n" + said + b"\r\n")
    assert answers(heard)[0] in (200, 302, 400, 404)
    head, _, page = heard.partition(b"\r\n\r\n")
    place = re.search(rb"Location: ([^\r]*)", head)
    links = re.findall(rb"""(?:href|src|action)=["']([^"']*)""", page)
    for link in [*links, *([place[1]] if place else [])]:
        assert re.match(rb"/(?![/\\])|[#?]|data:", link), link
    # What is made of the prefix would stand in front of every file.
    assert b"/login/static" not in page


PATHS = (
    *(b"//evil.example", b"///evil.example/%2e%2e", b"/\\evil.example", b"/%5cevil.example"),
    *(
        b"/%2f%2fevil.example",
        b"//evil.example/map/",
        b"http://evil.example/map",
        b"/%09/evil.example",
    ),
    *(
        b"/x%0d%0aX-Planted:%201",
        b"/map?next=%0d%0aX-Planted:%201",
        b"/%E5%98%8A%E5%98%8DX-Planted:1",
    ),
    *(
        b"/login?next=%0d%0aX-Planted:%201",
        b"/login?language=%0d%0aX-Planted:%201",
        b"/map/.;/..//evil.example",
    ),
)


@pytest.mark.parametrize("path", PATHS)
def test_no_address_plants_a_header_or_leads_away(server: Served, path: bytes) -> None:
    for method in (b"GET", b"HEAD", b"TRACE", b"OPTIONS"):
        heard = server.exchange(method + b" " + path + b" HTTP/1.0\r\n" + HOST + b"\r\n")
        head = heard.partition(b"\r\n\r\n")[0]
        assert answers(heard)[0] < 500
        assert not re.search(rb"(?im)^x-planted", head)
        place = re.search(rb"Location: ([^\r]*)", head)
        assert place is None or re.match(rb"/(?![/\\])", place[1]), place


SPILLED = (
    POST + b"\r\nusername=a&password=%s&x=1\r\n\r\n",
    POST + b"Content-Length: 3\r\n\r\nusername=a&password=%s x HTTP/1.1\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\nusername=a&password=%s\r\n\r\n",
    b"POST /login?password=%s HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n",
    b"GET /map HTTP/1.1\r\n" + HOST + b"geoinspect=%s\r\n\r\n",
    b"GET /map HTTP/1.1\r\n" + HOST + b"Authorization : Bearer %s\r\n\r\n",
    b"GET /map HTTP/1.1\r\n" + HOST + b"Bearer %s: x\r\n\r\n",
    b"GET /map HTTP/1.1\r\n" + HOST + b"Expect: %s\r\n\r\n",
    b"GET /map HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: %s\r\n\r\n",
    b"GET /map?token=%s x HTTP/1.1\r\n" + HOST + b"\r\n",
    b"%s /map HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /map %s\r\n" + HOST + b"\r\n",
)


def test_what_is_no_request_is_neither_written_down_nor_said_again(server: Served) -> None:
    """A password that spills out of a form's bounds stands where the next request should."""
    before = server.said().count("Invalid request")
    for number, pattern in enumerate(SPILLED):
        secret = f"{CANARY}-{number}"
        heard = server.exchange(pattern % secret.encode())
        assert answers(heard), number
        assert secret.encode() not in heard.partition(b"Location")[0].replace(b"password=", b""), (
            number
        )
    said = server.said()
    assert said.count("Invalid request") >= before + 10
    assert CANARY.lower() not in said.lower()
    assert "Traceback" not in said
