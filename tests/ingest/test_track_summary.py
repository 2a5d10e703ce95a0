"""What the sender of a file reads: one sentence that leaves nothing out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from photo_builders import exif_bytes, jpeg_bytes

from geoinspect.errors import Text
from geoinspect.ingest import roster
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.photos import photo_json, read_photo
from geoinspect.ingest.tracks import inspect_track, read_track, summary
from geoinspect.patrols.doubts import track_doubts
from geoinspect.records import (
    MODE_WORDS,
    Datum,
    DatumChoice,
    Mode,
    Problem,
    Segment,
    TrackFile,
    TrackLine,
)
from geoinspect.settings import Settings

SETTINGS = Settings()
LINE = Segment(np.array([108.0, 108.001]), np.array([34.0, 34.001]), np.array([1.7e9, 1.7e9 + 120]))
FILE = TrackFile(
    "csv", (TrackLine(None, (LINE,)),), {}, (), DatumChoice(None, Datum.WGS84, Text("无", "none"))
)


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("local_time", "当地时间", "local"),
        ("route_only", "规划路线", "planned route"),
        ("places_only", "地点", "places"),
        ("mixed_datum", "两种坐标系", "two datums"),
        ("columns_guessed", "列按数值推断", "columns guessed"),
        ("axes_by_value", "按数值判断", "by their values"),
        ("projected", "平面坐标", "metres"),
    ],
)
def test_what_was_assumed_is_in_the_summary(code: str, zh: str, en: str) -> None:
    plain = summary(FILE, (), "a.csv")
    assert zh not in plain.zh
    told = summary(replace(FILE, problems=(Problem(code, Text("…", "…")),)), (), "a.csv")
    assert zh in told.zh
    assert en in told.en
    assert told.zh.endswith("。")


def test_a_choice_of_datum_is_told_alike_everywhere() -> None:
    choice = DatumChoice(None, Datum.GCJ02, Text("指定", "declared"), Datum.GCJ02)
    assert choice.as_json() == {
        "found": "unknown",
        "used": "gcj02",
        "declared": "gcj02",
        "why": "declared",
        "why_zh": "指定",
    }
    assert replace(choice, found=Datum.BD09, declared=None).as_json()["found"] == "bd09"
    assert replace(choice, declared=None).as_json()["declared"] is None


def test_inspecting_tells_the_declared_datum(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat\n108,34\n108.001,34.001\n", "utf-8")
    told = inspect_track(path, datum=Datum.GCJ02, settings=SETTINGS)
    assert told["datum"] == read_track(path, datum=Datum.GCJ02, settings=SETTINGS).datum.as_json()
    assert told["datum"]["declared"] == "gcj02"


def test_a_photo_tells_the_declared_datum(tmp_path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg_bytes(exif_bytes()))
    told = photo_json(read_photo(path, datum=Datum.GCJ02, settings=SETTINGS))
    assert told["datum"]["declared"] == "gcj02"


@pytest.mark.parametrize("mode", list(Mode))
def test_chinese_sentences_name_the_mode_in_chinese(mode: Mode) -> None:
    fast = Segment(
        108 + 0.02 * np.arange(60.0), np.full(60, 34.0), 1.7e9 + 10.0 * np.arange(60)
    )  # 184 m/s
    cleaned = clean([fast], mode=mode, settings=SETTINGS)
    texts = [problem.text for problem in cleaned.problems if problem.code == "faster_than_mode"]
    doubts = track_doubts(cleaned, settings=SETTINGS, now_s=1.8e9)
    texts += [doubt.text for doubt in doubts if doubt.code == "impossible_speed"]
    assert texts
    for text in texts:
        assert MODE_WORDS[mode].zh in text.zh
        assert mode.value not in text.zh
        assert mode.value in text.en


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("张三,U甲\n李四,U甲\n", [("张三", "U甲"), ("李四", "U甲")]),
        ("alpha,west\nbeta,\n", [("alpha", "west"), ("beta", None)]),
        ("bob,林业单位\n", [("bob", "林业单位")]),
        ("人员代码,单位代码\n张三,U甲\n", [("张三", "U甲")]),
        ("护林员姓名,所在乡镇\n张三,U甲\n", [("张三", "U甲")]),
        ("Person Code,Unit\nalpha,west\n", [("alpha", "west")]),
        ("person_code;x,unit\nalpha,west\n", [("alpha", "west")]),
        ("编号\n张三\n", [("张三", None)]),
        ("P1,U1\nP2,U1\n", [("P1", "U1"), ("P2", "U1")]),
        ("codeine,west\n", [("codeine", "west")]),
    ],
)
def test_only_a_row_of_column_names_is_a_header(tmp_path, text: str, people) -> None:
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    assert roster.read_roster(tmp_path / "roster.csv") == people


def test_a_crs_for_degrees_is_told_to_be_of_no_use(shared_data):
    path = shared_data / "tracks" / "gpxpy__route.gpx"
    told = [
        problem.code for problem in read_track(path, crs="EPSG:4545", settings=SETTINGS).problems
    ]
    assert "crs_not_used" in told
    assert "crs_not_used" not in [p.code for p in read_track(path, settings=SETTINGS).problems]
