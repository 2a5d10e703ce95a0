"""Hostile files through the real queue: each ends as a refusal in words, and nothing calls out."""

from __future__ import annotations

import io
import re
import socket
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from conftest import PATIENCE_S
from listener import listening
from photo_builders import exif_bytes, jpeg_bytes
from sqlalchemy import select

from geoinspect.intake import receive
from geoinspect.store import people
from geoinspect.store.job_schema import JobRow
from geoinspect.store.schema import UploadRow
from geoinspect.store.workspace import Workspace

CANARY = "canary-51C7"
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
POINTS = "".join(
    f'<trkpt lat="{33 + n * 1e-4}" lon="108.0"><time>2026-05-14T01:{n:02}:00Z</time></trkpt>'
    for n in range(50)
)
GOOD = f'<gpx version="1.1" creator="t"><trk><trkseg>{POINTS}</trkseg></trk></gpx>'


def packed(members: dict[str, bytes], *, link: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
        if link:
            info = zipfile.ZipInfo("doc.kml")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, link)
    return out.getvalue()


def tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """A little-endian TIFF of one directory, and where its next one is said to be."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + body + struct.pack("<I", following)


def png(width: int, height: int) -> bytes:
    """A picture that says it is large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 20_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def entity_bomb(kind: str) -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(10))
    return f"<!DOCTYPE {kind} [{levels}]><{kind}>&e9;</{kind}>".encode()


def called_out(secret: Path, port: int) -> dict[str, bytes]:
    """Files that would read another file or call a server."""
    source = f"/vsicurl/http://127.0.0.1:{port}/a.tif"
    size = 'rasterXSize="8" rasterYSize="8"'
    band = '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>'
    vrt = f"<VRTDataset {size}>{band}{{}}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    wms = f'<GDAL_WMS><Service name="WMS"><ServerUrl>http://127.0.0.1:{port}/</ServerUrl></Service></GDAL_WMS>'
    mrf = '<MRF_META><CachedSource><Source>{}</Source></CachedSource><Raster><Size x="8" y="8" c="1"/></Raster></MRF_META>'
    outside = '<!DOCTYPE {0} [<!ENTITY x SYSTEM "{1}">]><{0}><name>&x;</name></{0}>'
    return {
        "vrt-file.tif": vrt.format(secret).encode(),
        "vrt-net.tif": vrt.format(source).encode(),
        "wms.tif": wms.encode(),
        "mrf-net.tif": mrf.format(source).encode(),
        "vsi.tif": source.encode(),
        "entity-file.gpx": outside.format("gpx", secret.as_uri()).encode(),
        "entity-net.gpx": outside.format("gpx", f"http://127.0.0.1:{port}/x").encode(),
        "entity-net.kml": outside.format("kml", f"http://127.0.0.1:{port}/x").encode(),
        "link-net.kml": KML.format(
            f"<NetworkLink><Link><href>http://127.0.0.1:{port}/</href></Link></NetworkLink>"
        ).encode(),
        "link.kmz": packed({}, link=str(secret)),
    }


def bombs() -> dict[str, bytes]:
    """Files that grow, never end, or say they are what no memory holds."""
    zeros = b"\0" * 30_000_000
    sheet = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": entity_bomb("workbook")}
    wide = [(256, 4, 1, 2**31 - 1), (257, 4, 1, 2**31 - 1), (258, 3, 1, 8), (273, 4, 1, 8)]
    gps = {2: (33.0, 0.0, 0.0), 4: (108.0, 0.0, 0.0)}
    exif = exif_bytes(gps, {0x9003: "2026:05:14 08:30:00"})
    return {
        "laughs.gpx": entity_bomb("gpx"),
        "laughs.kml": entity_bomb("kml"),
        "laughs.xlsx": packed(sheet),
        "zeros.kmz": packed({"doc.kml": b"<kml>" + zeros}),
        "many.kmz": packed({f"{n}.txt": b"" for n in range(20_000)}),
        "names.kmz": packed({"../../doc.txt": b"x", "C:\\CON": b"x", "/etc/x": b"x"}),
        "wide.tif": tiff(*wide),
        "loop.tif": tiff((256, 4, 1, 8), (257, 4, 1, 8), following=8),
        "counts.tif": tiff((256, 4, 1, 8), (257, 4, 1, 8), (324, 4, 2**31, 8), (325, 4, 2**31, 8)),
        "bomb.png": png(60_000, 60_000),
        "bomb.jpg": png(60_000, 60_000),
        "cut.jpg": jpeg_bytes(exif)[:200],
        "exif.jpg": b"\xff\xd8\xff\xe1\xff\xffExif\0\0" + tiff(*wide, following=8) * 200,
        "deep.geojson": b'{"type":' * 100_000,
        "deep.kml": b"<kml>" * 200_000,
        "digits.csv": b"lon,lat,time\n" + b"9" * 2_000_000 + b",1,1\n",
    }


@pytest.mark.timeout(PATIENCE_S + 60)
def test_hostile_files_are_refused_in_words_and_nobody_is_called(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    folder = tmp_path / "w"
    with listening() as (port, calls), Workspace.create(folder) as workspace:
        with workspace.database.writing() as session:
            who = people.add_user(
                session, name="u", role="field", unit_code=None, password="long enough 1"
            ).id
        # So that a call would be seen.
        with socket.create_connection(("127.0.0.1", port)) as own:
            assert own.recv(1) == b""
        assert len(calls) == 1
        files = called_out(secret, port) | bombs() | {"good.gpx": GOOD.encode()}
        for name, data in files.items():
            receive(workspace, [data], name=name, user_id=who, actor="u", max_mb=500)
        asked = [sys.executable, "-m", "geoinspect", "-w", str(folder), "worker", "--once"]
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        with workspace.database.reading() as session:
            ends = {
                row.name: (row.status, row.result) for row in session.scalars(select(UploadRow))
            }
            states = {str(row.subject): row.state for row in session.scalars(select(JobRow))}
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert {name for name, (status, _r) in ends.items() if status != "refused"} == {"good.gpx"}
    assert set(states.values()) == {"done"}, states
    assert ends["good.gpx"][0] == "added"
    for name, (_status, result) in ends.items():
        assert re.search("[一-鿿]", str(result)), name
        assert "Traceback" not in str(result), name
    assert CANARY not in str(ends) + done.stdout + done.stderr
    assert len(calls) == 1
    # Nothing was written beside the workspace, nor kept in it that is larger than what came.
    assert {path.name for path in tmp_path.iterdir()} == {"w", "secret.txt"}
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert largest <= max(2_000_000, *map(len, files.values()))
