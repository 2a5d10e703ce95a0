"""Files that would read, call or fill the server, sent by HTTP to every address that takes bytes."""

from __future__ import annotations

import gzip
import io
import json
import re
import socket
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from county_builder import gpx, walk
from listener import listening
from payload_files import zipped
from scoped_casework import casework_workspace
from served_office import PATIENCE_S, Served, served
from test_files_attacked import post

from geoinspect.client import Client
from geoinspect.store import people
from geoinspect.store.tokens import add_token
from geoinspect.store.workspace import Workspace

CANARY = "canary-9D3E"
GOOD = gpx(walk(offset=0.001)).encode()
ZEROS = b"\0" * 30_000_000
# What a whole process may grow by, whatever it is sent, MB.
MOST_MB = 400


@dataclass
class Office:
    """A served office, the tokens of its people, and who called a listener beside it."""

    server: Served
    tokens: dict[str, str]
    ids: dict[str, int]
    calls: list[object]
    port: int


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("hostile")
    made, records = casework_workspace(folder)
    (folder / "secret.txt").write_text(CANARY)
    tokens = {}
    with Workspace.open(made) as workspace, workspace.database.writing() as session:
        for name in ("field-east", "admin-all"):
            who = people.needed_user(session, name)
            tokens[name], _row = add_token(session, label="t", user_id=who.id, days=1)
    ids = {kind: int(records[kind]["own"][f"{kind}_id"]) for kind in ("case", "site")}
    with listening() as (port, calls), served(made, folder / "log", workers=1) as server:
        yield Office(server, tokens, ids, calls, port)


def tar_gz(name: str, data: bytes, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
        member.size = 0 if link else len(data)
        made.addfile(member, io.BytesIO(data))
    return out.getvalue()


def nested(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = gzip.compress(data)
    return data


def entity_bomb(kind: str) -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(10))
    return f"<!DOCTYPE {kind} [{levels}]><{kind}>&e9;</{kind}>".encode()


def hostile(office: Office) -> dict[str, bytes]:
    """Files of every kind, by name."""
    url, secret = f"http://127.0.0.1:{office.port}/x", office.server.folder.parent / "secret.txt"
    outside = '<!DOCTYPE {0} [<!ENTITY x SYSTEM "{1}">]><{0}><name>&x;</name></{0}>'
    vrt = (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
        "<SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    mrf = (
        "<MRF_META><CachedSource><Source>{}</Source></CachedSource>"
        '<Raster><Size x="8" y="8" c="1"/></Raster></MRF_META>'
    )
    inner = zipped({f"{n}.gpx": ZEROS for n in range(3)})
    sheet = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}
    return {
        "vrt-file.tif": vrt.format(secret).encode(),
        "vrt-net.tif": vrt.format(f"/vsicurl/{url}").encode(),
        "mrf-net.tif": mrf.format(f"/vsicurl/{url}").encode(),
        "link.kml": f"<kml><NetworkLink><Link><href>{url}</href></Link></NetworkLink></kml>".encode(),
        "entity-file.gpx": outside.format("gpx", secret.as_uri()).encode(),
        "entity-net.kml": outside.format("kml", url).encode(),
        "dtd-net.kml": f'<!DOCTYPE kml SYSTEM "{url}"><kml/>'.encode(),
        "laughs.kml": entity_bomb("kml"),
        "laughs.xlsx": zipped(sheet | {"xl/sharedStrings.xml": entity_bomb("sst")}),
        "zeros.xlsx": zipped(sheet | {"xl/worksheets/sheet1.xml": b"<a>" + ZEROS * 4}),
        "zeros.gpx.gz": gzip.compress(b"<gpx>" + ZEROS * 4),
        "gz in gz.gpx.gz": nested(GOOD, 12),
        "zip in zip.zip": zipped({f"{n}.zip": inner for n in range(20)}),
        "up.zip": zipped({"../../../planted.gpx": GOOD, "/planted.gpx": GOOD}),
        "link.tgz": tar_gz("a.gpx", b"", str(secret)),
        "up.tgz": tar_gz("../../planted.gpx", GOOD),
        "attributes.gpx": b"<gpx " + b" ".join(b"a%d='x'" % n for n in range(200_000)) + b"/>",
        "deep.geojson": b"[" * 2_000_000,
        "quotes.csv": b'lon,lat,time\n"' + b'""' * 2_000_000,
        "columns.csv": b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b"1," * 100_000,
        "huge.bmp": b"BM" + bytes(16) + b"\xff\xff\xff\x7f" * 2 + bytes(1000),
    }


def most_mb(server: Served) -> int:
    """The most memory that the largest process of the web has had, MB."""
    found = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if (
                int(status.with_name("stat").read_text().rpartition(")")[2].split()[3])
                == server.pid
            ):
                found.append(int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) // 1024)
        except (OSError, IndexError):
            # It has ended, or is ending.
            continue
    return max(found)


def ways(office: Office) -> list[tuple[str, dict[str, str]]]:
    """Addresses that read what they are sent within the web's own process, and their questions."""
    evidence = f"cases/{office.ids['case']}/evidence"
    return [
        (evidence, {"kind": "area"}),
        (evidence, {"kind": "photo"}),
        ("target-lists", {"tolerance": "50"}),
        (f"sites/{office.ids['site']}/photos", {}),
    ]


def test_the_web_itself_reads_hostile_files_unharmed(office: Office) -> None:
    before = most_mb(office.server)
    assert before > 50
    refused = 0
    for path, asked in ways(office):
        for name, data in hostile(office).items():
            said = {**asked, "name": name, "client_id": uuid4().hex}
            status, told = post(office.server.port, office.tokens["admin-all"], path, data, **said)
            words = json.dumps(told, ensure_ascii=False)
            assert status in (200, 201, 400, 413, 422), (path, name, words)
            assert CANARY not in words, (path, name)
            assert str(office.server.folder) not in words, (path, name)
            refused += status >= 400
            if status >= 400:
                assert re.search("[一-鿿]", told["message_zh"]), (path, name)
    assert refused > 40
    assert most_mb(office.server) < before + MOST_MB
    assert office.calls == []


def test_the_worker_refuses_them_and_goes_on(office: Office) -> None:
    before = set(office.server.folder.parent.iterdir())
    files = {name: data for name, data in hostile(office).items() if "entity" not in name}
    ends, token = {}, office.tokens["field-east"]
    with Client(office.server.base, token) as field:
        sent = {}
        for name, data in {**files, "good.gpx": GOOD}.items():
            status, told = post(office.server.port, token, "files", data, name=name)
            assert status == 201, (name, told)
            sent[name] = told["receipt"]
        for name, number in sent.items():
            ends[name] = field.receipt(number, wait_s=PATIENCE_S)
    # Whatever became of the good track, it was read.
    assert ends["good.gpx"]["state"] == "added"
    fine = {name for name, one in ends.items() if one["state"] == "added"}
    assert fine <= {"good.gpx", "up.zip", "up.tgz", "gz in gz.gpx.gz"}, fine
    words = json.dumps(ends, ensure_ascii=False)
    assert CANARY not in words
    assert "Traceback" not in words + office.server.said()
    assert office.calls == []
    assert set(office.server.folder.parent.iterdir()) == before
    assert list(office.server.folder.rglob("*planted*")) == []


def test_a_call_would_be_seen(office: Office) -> None:
    """Else nothing above would be known of calls; the last test, as it makes one."""
    with socket.create_connection(("127.0.0.1", office.port)) as own:
        assert own.recv(1) == b""
    assert len(office.calls) == 1
