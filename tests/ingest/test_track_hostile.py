"""Hostile files end in words, within 5 s and 300 MB."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from geoinspect.ingest.formats import kml
from geoinspect.ingest.tracks import inspect_track
from geoinspect.settings import Settings

PROBE = r"""
import json, re, sys, time
from pathlib import Path
from geoinspect.ingest.tracks import inspect_track
from geoinspect.settings import Settings
# Of the processor: readers wait for nothing, and other tests may run beside this one.
begun = time.process_time()
report = inspect_track(Path(sys.argv[1]), settings=Settings())
report["seconds"] = time.process_time() - begun
# Not ru_maxrss, which remembers the process that forked this one.
peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
report["rss_mb"] = int(peak[1]) / 1024
print(json.dumps(report))
"""
POINT = b'<trkpt lat="23.1" lon="112.5"/>'


def probe(path) -> dict:
    run = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], capture_output=True, timeout=60, check=True
    )
    report = json.loads(run.stdout)
    assert report["seconds"] < 5
    assert report["rss_mb"] < 300
    return report


@pytest.mark.parametrize(
    "name",
    [
        "hostile_billion_laughs.gpx",
        "hostile_quadratic.kml",
        "hostile_xxe.gpx",
        "hostile_xxe_http.kml",
        "hostile_deep_nest.kml",
        "hostile_zipbomb.kmz",
        "hostile_csv_huge_field.csv",
    ],
)
def test_shared_hostile_files(shared_data, name):
    assert probe(shared_data / "tracks" / name)["status"] == "refused"


@pytest.mark.parametrize(
    ("label", "data"),
    [
        ("endless comment", b"<gpx><!--" + b"y" * 50_000_000),
        ("endless attribute", b'<gpx a="' + b"y" * 50_000_000),
        ("attribute default", b'<!DOCTYPE gpx [<!ATTLIST gpx x CDATA "y">]><gpx/>'),
        ("deep JSON", b'{"type":"FeatureCollection","features":' + b"[" * 1_000_000),
        ("huge number", b'{"type":"Point","coordinates":[' + b"9" * 1_000_000 + b",1]}"),
        ("many tags", b"<gpx>" + b"".join(b"<t%d/>" % i for i in range(500_000))),
    ],
)
def test_made_hostile_files(tmp_path, label, data):
    path = tmp_path / "up.gpx"
    path.write_bytes(data)
    assert probe(path)["status"] == "refused", label


def test_endless_name_costs_nothing(tmp_path):
    path = tmp_path / "up.gpx"
    path.write_bytes(
        b"<gpx><trk><name>"
        + b"y" * 50_000_000
        + b"</name><trkseg>"
        + POINT
        + b"</trkseg></trk></gpx>"
    )
    assert probe(path)["points"] == 1


def test_only_so_much_of_one_gx_track_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(kml, "_MAX_HELD_BYTES", 200_000)
    times, places = "<when>2026-05-14T00:30:00Z</when>", "<coord>112.5 23.1 7</coord>"
    path = tmp_path / "up.kml"
    for counts, status in (([500] * 4, "ok"), ([500, 2_000], "refused")):
        tracks = "".join(f"<Track>{times * n}{places * n}</Track>" for n in counts)
        path.write_text(f"<kml><Placemark>{tracks}</Placemark></kml>")
        report = inspect_track(path, settings=Settings())
        assert report["status"] == status
    assert report["problems"][0]["code"] == "too_many_points"


def test_text_of_a_file_stays_text(shared_data):
    report = probe(shared_data / "tracks" / "hostile_xss_name.gpx")
    assert report["status"] == "ok"


def test_no_heavy_library_is_loaded():
    code = (
        "import sys, geoinspect.ingest.tracks, geoinspect.ingest.track_exports;"
        "print([m for m in ('geopandas', 'pandas', 'numba', 'rasterio') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
