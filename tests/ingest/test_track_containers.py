"""Archives: whatever a track is packed in, it is read; whatever else is in there does no harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from test_track_files import disagreements, load

from geoinspect.ingest.datum import wgs84_to_gcj02
from geoinspect.ingest.formats.containers import MAX_ENTRIES
from geoinspect.ingest.tracks import inspect_track, read_track
from geoinspect.settings import Settings

SETTINGS = Settings()


def gpx(lat: float = 23.1, count: int = 3, *, name: str = "") -> bytes:
    points = "".join(
        f'<trkpt lat="{lat + i * 1e-4:.7f}" lon="112.5"><time>2026-05-14T00:30:{i:02}Z</time></trkpt>'
        for i in range(count)
    )
    called = f"<name>{name}</name>" if name else ""
    return f"<gpx><trk>{called}<trkseg>{points}</trkseg></trk></gpx>".encode()


def kml(lon: float = 112.5, lat: float = 23.1) -> bytes:
    return (
        f"<kml><Placemark><LineString><coordinates>{lon},{lat} {lon},{lat + 1e-3}</coordinates>"
        "</LineString></Placemark></kml>"
    ).encode()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def report(tmp_path):
    def of(data: bytes, name: str = "up.gpx") -> dict:
        path = tmp_path / name
        path.write_bytes(data)
        return inspect_track(path, settings=SETTINGS)

    return of


def codes(found: dict) -> list[str]:
    return [problem["code"] for problem in found["problems"]]


def test_shared_archives_agree(shared_data):
    folder = shared_data / "tracks"
    packed = {
        name: entry
        for name, entry in load(folder).items()
        if name.endswith((".gz", ".kmz")) or "gzip" in name
    }
    assert len(packed) >= 10
    for name, entry in packed.items():
        found = inspect_track(folder / name, settings=SETTINGS)
        assert not list(disagreements(entry, found)), name
        assert found["format"] in (("kmz", None) if name.endswith(".kmz") else ("gpx",))


WAYS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "two gz streams": lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]),
    "two xz streams": lambda data: lzma.compress(data[:50]) + b"\0" * 4 + lzma.compress(data[50:]),
    "padded gz": lambda data: gzip.compress(data) + b"\0" * 512,
    "gz with words behind": lambda data: gzip.compress(data) + b"sent from my phone",
    "tar": lambda data: tarred(("a/b.gpx", data)),
    "old GNU tar": lambda data: tarred(("x" * 150 + ".gpx", data), form=tarfile.GNU_FORMAT),
    "tar.gz": lambda data: gzip.compress(tarred(("b.gpx", data))),
    "tar.bz2": lambda data: bz2.compress(tarred(("b.gpx", data))),
    "zip": lambda data: zipped(("a/b.gpx", data)),
    "stored zip": lambda data: zipped(("b.gpx", data), method=zipfile.ZIP_STORED),
    "bzip2 zip": lambda data: zipped(("b.gpx", data), method=zipfile.ZIP_BZIP2),
    "zip of gz": lambda data: zipped(("b.gpx.gz", gzip.compress(data))),
    "zip of tgz": lambda data: zipped(("b.tgz", gzip.compress(tarred(("b.gpx", data))))),
    "zip with leftovers": lambda data: zipped(
        ("__MACOSX/._b.gpx", b"\0\5\x16\7"), ("p.JPG", b"\xff\xd8\xff"), ("d/", b""), ("b", data)
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_packed_reads_like_plain(report, way):
    plain = report(gpx(count=40, name="n"))
    found = report(WAYS[way](gpx(count=40, name="n")), "wrong.kml")
    assert found["format"] == "gpx"
    for key in ("points", "bbox", "first_time", "last_time", "length_m", "problems", "datum"):
        assert found[key] == plain[key], key


def test_every_file_of_an_archive_is_read(tmp_path):
    path = tmp_path / "day.zip"
    path.write_bytes(
        zipped(
            ("一/上午.gpx", gpx(23.1)),
            ("二/named.gpx", gpx(23.2, name="own")),
            ("three.kml.gz", gzip.compress(kml())),
        )
    )
    file = read_track(path, settings=SETTINGS)
    assert file.format == "gpx"
    assert [line.name for line in file.lines] == ["上午.gpx", "own", "three.kml.gz"]
    assert sum(len(segment) for segment in file.segments) == 3 + 3 + 2


def test_unreadable_members_are_told_and_the_rest_is_read(report):
    nasty = "../../<b>\x1b[31m\u202e" + "x" * 300 + ".gpx"
    found = report(
        zipped((nasty, b"no track"), ("b.gpx", gpx()), ("places.gpx", b'<gpx><wpt lat="1" lon="1"/></gpx>'))
    )  # fmt: skip
    assert found["points"] == 3
    refused = [problem for problem in found["problems"] if problem["code"] == "member_refused"]
    assert len(refused) == 2
    assert all(len(problem["message"]) < 400 for problem in refused)
    assert all(problem["message"].isprintable() for problem in refused)
    assert ".." not in refused[0]["message"]


def test_archive_without_anything_readable_gives_the_first_reason(report):
    found = report(zipped(("a.gpx", b""), ("b.gpx", b"<html/>")))
    assert (found["status"], codes(found)) == ("refused", ["empty"])
    for data in (zipped(), zipped(("a.jpg", b"\xff\xd8\xff")), tarred(), tarred(("x.png", b"1"))):
        found = report(data)
        assert found["status"] == "refused"
        assert codes(found)[0] in ("no_track", "not_a_track")


def test_kmz_main_file_comes_first(tmp_path):
    path = tmp_path / "two.kmz"
    path.write_bytes(
        zipped(("sub/other.KML", kml(lat=24)), ("Doc.kml", kml()), ("a.txt", b"notes, not a track"))
    )
    file = read_track(path, settings=SETTINGS)
    assert file.format == "kmz"
    assert [round(line.segments[0].lat[0]) for line in file.lines] == [23, 24]
    assert inspect_track(path, settings=SETTINGS)["format"] == "kmz"


def test_office_files_are_no_archives(report):
    found = report(zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<a/>")))
    assert codes(found) == ["not_a_track"]
    assert "CSV" in found["problems"][0]["message"]


def test_names_in_gbk(tmp_path):
    # As Windows in China writes them: bytes of GBK without the mark for UTF-8.
    gbk = "禁毒巡护".encode("gbk")
    data = zipped(("x" * len(gbk) + ".gpx", gpx()), ("y.gpx", gpx(24)))
    path = tmp_path / "up.zip"
    path.write_bytes(data.replace(b"x" * len(gbk), gbk))
    names = [line.name for line in read_track(path, settings=SETTINGS).lines]
    assert names == ["禁毒巡护.gpx", "y.gpx"]


def test_each_member_speaks_for_its_own_datum(tmp_path):
    truth = np.array([112.5]), np.array([23.1])
    lon, lat = (float(value[0]) for value in wgs84_to_gcj02(*truth))
    path = tmp_path / "mixed.zip"
    path.write_bytes(zipped(("a.ovkml", kml(lon, lat)), ("b.kml", kml())))
    file = read_track(path, settings=SETTINGS)
    for line in file.lines:
        assert line.segments[0].lon[0] == pytest.approx(112.5, abs=1e-7)
        assert line.segments[0].lat[0] == pytest.approx(23.1, abs=1e-7)
    path.write_bytes(zipped(("a.ovkml", kml(lon, lat))))
    file = read_track(path, settings=SETTINGS)
    assert file.datum.used.value == "gcj02"
    assert file.lines[0].segments[0].lon[0] == pytest.approx(112.5, abs=1e-7)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_was_unpacked_before_the_damage_is_kept(report, pack):
    rng = np.random.default_rng(3)
    rows = "".join(f'<trkpt lat="{lat}" lon="112"/>' for lat in rng.uniform(20, 21, 30_000))
    packed = pack(f"<gpx><trk><trkseg>{rows}</trkseg></trk></gpx>".encode())
    found = report(packed[: len(packed) * 3 // 4])
    assert 15_000 < found["points"] < 30_000
    assert "truncated" in codes(found)


def test_damaged_member_of_a_zip(report):
    data = bytearray(
        zipped(("a.gpx", gpx(count=60)), ("b.gpx", gpx(24)), method=zipfile.ZIP_STORED)
    )
    data[data.index(b'lat="23.1010') + 5] ^= 1
    found = report(bytes(data))
    assert 33 < found["points"] < 63
    assert "truncated" in codes(found)
    assert "a.gpx" in found["problems"][0]["message"]


def encrypted() -> bytes:
    data = bytearray(zipped(("a.gpx", gpx())))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def endless_directory() -> bytes:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 6, 0, 0, 0, 1, *[0] * 6) + b"a"
    count = 400_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 9, 9, count * len(entry), 30, 0)
    return b"PK\x03\x04" + b"\0" * 26 + entry * count + end


def gzip_bomb() -> bytes:
    return gzip.compress(gzip.compress(b"\0" * 90_000_000))


def overlapping() -> bytes:
    """Many directory entries that all unpack the same 9 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a0", b"A" * 9_000_000)
        archive.filelist *= 900
    return out.getvalue()


def matryoshka() -> bytes:
    data = gpx()
    for _ in range(6):
        data = zipped(("a.zip", data))
    return data


HOSTILE = {
    "bomb in a bomb": (gzip_bomb, "unpacks_too_large"),
    "bzip2 bomb": (lambda: bz2.compress(b"\0" * 30_000_000), "unpacks_too_large"),
    "xz bomb": (lambda: lzma.compress(b"\0" * 30_000_000, preset=1), "unpacks_too_large"),
    "overlapping entries": (overlapping, "unpacks_too_large"),
    "too many files": (
        lambda: zipped(*[(f"{i}.gpx", b"x") for i in range(MAX_ENTRIES + 1)]),
        "too_many_files",
    ),
    "endless directory": (endless_directory, "too_many_files"),
    "too many files in a tar": (lambda: tarred(*[("a", b"x")] * 5_000), "too_many_files"),
    "archives in archives": (matryoshka, "nested_archive"),
    "password": (encrypted, "encrypted"),
    "empty streams": (lambda: gzip.compress(b"") * 300_000, "bad_archive"),
    "cut ZIP": (lambda: zipped(("a.gpx", gpx()))[:-30], "bad_archive"),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c" + b"\0" * 100, "compressed"),
    "rar": (lambda: b"Rar!\x1a\x07\x00" + b"\0" * 100, "compressed"),
}
PROBE = r"""
import json, re, sys, time
from pathlib import Path
from geoinspect.ingest.tracks import inspect_track
from geoinspect.settings import Settings
found = []
for name in sys.argv[1:]:
    begun = time.process_time()
    problems = inspect_track(Path(name), settings=Settings())["problems"]
    found.append([Path(name).name, problems[0]["code"], time.process_time() - begun])
# Not ru_maxrss, which remembers the process that forked this one.
peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([found, int(peak[1]) / 1024]))
"""


def test_hostile_archives_end_in_words_quickly_and_small(tmp_path):
    import json

    for name, (make, _) in HOSTILE.items():
        (tmp_path / name).write_bytes(make())
    paths = [str(tmp_path / name) for name in HOSTILE]
    run = subprocess.run([sys.executable, "-c", PROBE, *paths], capture_output=True, check=True)
    found, peak_mb = json.loads(run.stdout)
    assert {name: code for name, code, _ in found} == {
        name: code for name, (_, code) in HOSTILE.items()
    }
    assert max(seconds for _, _, seconds in found) < 5
    assert peak_mb < 300


def test_endless_markup_is_refused(report, monkeypatch):
    monkeypatch.setattr("geoinspect.ingest.formats.markup.MAX_TAGS", 1_000)
    assert codes(report(gzip.compress(b"<gpx>" + b"<a/>" * 2_000))) == ["too_large"]
    assert report(gpx(count=50))["points"] == 50


def test_nothing_is_written_under_a_name_from_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "deep" / "up.kmz"
    path.parent.mkdir()
    for pack in (zipped, tarred):
        path.write_bytes(pack(("../evil.gpx", gpx()), ("/tmp/evil_absolute.gpx", gpx(24))))
        assert inspect_track(path, settings=SETTINGS)["points"] == 6
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["up.kmz"]


def test_bits_and_cuts_of_archives_end_in_words(report):
    rng = np.random.default_rng(11)
    for make in (WAYS["zip of tgz"], WAYS["tar"], WAYS["xz"], WAYS["bzip2 zip"], WAYS["gz"]):
        whole = make(gpx())
        for _ in range(60):
            data = bytearray(whole)
            data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
            found = report(bytes(data[: rng.integers(20, len(data) + 1)]))
            assert found["status"] != "refused" or found["problems"][0]["message_zh"]
