"""Which datum a file and each of its tracks are read in, and what the sender is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geoinspect.ingest.datum import from_wgs84
from geoinspect.ingest.datum_choice import (
    DatumFlag,
    field_datum,
    flagged_datum,
    named_datum,
    resolve_datum,
    tracks_in_wgs84,
)
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Datum, Segment, TrackLine
from geoinspect.settings import Settings

LON, LAT = np.array([112.5, 112.501, 112.502]), np.array([23.1, 23.101, 23.102])


def line(datum=None, lon=LON, lat=LAT):
    """A track in the Pearl delta, its numbers in its datum; no datum stated for None."""
    numbers = from_wgs84(lon, lat, datum or Datum.WGS84)
    return TrackLine("线", (Segment(*numbers, np.full(len(lon), np.nan)),), datum)


def flag(datum):
    return flagged_datum([datum.value], (), "a.csv")


def problem_codes(problems):
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GCJ-02", Datum.GCJ02), ("gcj02", Datum.GCJ02), ("GCJ_02", Datum.GCJ02),
        ("火星坐标系", Datum.GCJ02), ("bd09ll", Datum.BD09), ("BD-09", Datum.BD09),
        ("百度坐标", Datum.BD09), ("WGS 84", Datum.WGS84), ("CGCS2000", Datum.WGS84),
        ("abd0912", None), ("高德镇巡护", None), ("GCJ-02 → WGS84", None), ("", None),
    ],
)  # fmt: skip
def test_words(text, found):
    assert named_datum([text]) is found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("高德", Datum.GCJ02), ("腾讯地图", Datum.GCJ02), ("火星", Datum.GCJ02),
        ("amap", Datum.GCJ02), ("gcj", Datum.GCJ02), ("百度", Datum.BD09), ("Baidu", Datum.BD09),
        ("wgs", Datum.WGS84), ("国家2000", Datum.WGS84), ("高德转WGS84", None), ("北京54", None),
    ],
)  # fmt: skip
def test_a_datum_field_may_name_whose_map_it_was(value, found):
    assert field_datum(value) is found
    flagged = flagged_datum([f"坐标系:{value}"], [], "a.csv")
    assert (flagged and flagged.datum) is found


def test_choice_explains_itself():
    for declared in (None, *Datum):
        for flagged in (None, *Datum):
            choice = resolve_datum(declared, flagged and flag(flagged))
            assert choice.used is (declared or flagged or Datum.WGS84)
            assert choice.found is flagged
            assert choice.declared is declared
            assert choice.why.zh
            assert choice.why.en


@pytest.mark.parametrize(
    ("statements", "words", "name", "datum", "evidence"),
    [
        (["GCJ02"], ["百度坐标"], "a.kml", Datum.GCJ02, "坐标系字段“GCJ02”"),
        ([], ["奥维导出,火星坐标"], "a.kml", Datum.GCJ02, "文字“火星坐标”"),
        ([], ["WGS84"], "B.OVKML", Datum.GCJ02, "扩展名 .ovkml"),
        ([], ["bd09ll", "WGS84"], "a.kml", None, "文字“bd09”“WGS84”"),
    ],
)
def test_the_reason_names_the_evidence(statements, words, name, datum, evidence):
    found = flagged_datum(statements, words, name)
    assert found is not None
    assert found.datum is datum
    choice = resolve_datum(None, found)
    assert evidence in choice.why.zh
    assert choice.used is (datum or Datum.WGS84)
    assert ("请选择" in choice.why.zh) is (datum is None)


def test_a_file_that_says_nothing_is_asked_about():
    assert flagged_datum([], ["巡护 3 组"], "a.kml") is None
    assert "没有注明" in resolve_datum(None, None).why.zh


def test_tracks_that_all_say_one_datum_speak_for_the_file():
    lines = [line(Datum.GCJ02), line(Datum.GCJ02)]
    found = flagged_datum([], ["WGS84"], "a.json", lines)
    assert found == DatumFlag(Datum.GCJ02, found.where)
    assert flagged_datum([], [], "a.json", [*lines, line()]) is None


def test_every_track_is_read_in_its_own_datum():
    lines = [line(Datum.GCJ02), line(Datum.BD09), line(Datum.WGS84), line()]
    moved, problems = tracks_in_wgs84(lines, resolve_datum(None, None))
    for track in moved:
        assert np.abs(track.segments[0].lon - LON).max() < 1e-9
        assert np.abs(track.segments[0].lat - LAT).max() < 1e-9
    assert moved[2] is lines[2]
    (problem,) = problems
    assert problem.code == "mixed_datum"
    assert "WGS84 2 条" in problem.text.zh
    assert "GCJ-02 1 条" in problem.text.zh
    assert "1 in BD-09" in problem.text.en


def test_a_declared_datum_goes_before_all_and_says_so():
    lines = [line(Datum.GCJ02), line(Datum.WGS84)]
    moved, problems = tracks_in_wgs84(lines, resolve_datum(Datum.WGS84, None))
    assert list(moved) == lines
    (problem,) = problems
    assert (problem.code, problem.count) == ("mixed_datum", 1)
    assert "指定的 WGS84" in problem.text.zh


@pytest.mark.parametrize("file", Datum)
def test_a_track_that_differs_from_its_file_is_told(file):
    for own in Datum:
        _, problems = tracks_in_wgs84([line(own)], resolve_datum(None, flag(file)))
        assert problem_codes(problems) == ([] if own is file else ["mixed_datum"])
    _, problems = tracks_in_wgs84([line()], resolve_datum(None, flag(file)))
    assert problems == []


def test_one_datum_throughout_is_no_news():
    for datum in Datum:
        for choice in (resolve_datum(None, flag(datum)), resolve_datum(datum, None)):
            assert tracks_in_wgs84([line(datum), line(datum)], choice)[1] == []


def test_a_contradicted_flag_and_a_track_abroad_are_told():
    abroad = line(Datum.GCJ02, LON + 30, LAT)
    choice = resolve_datum(Datum.GCJ02, flag(Datum.WGS84))
    moved, problems = tracks_in_wgs84([abroad], choice)
    assert moved == (abroad,)
    assert problem_codes(problems) == ["datum_contradiction", "datum_not_shifted"]


def test_lines_keep_their_segments_and_times():
    first = Segment(np.array([112.5, 112.6]), np.array([23.1, 23.2]), np.array([1.0, np.nan]))
    last = Segment(np.array([112.7]), np.array([23.3]), np.array([5.0]))
    whole = TrackLine("线", (first, last))
    (moved,), _ = tracks_in_wgs84([whole], resolve_datum(Datum.GCJ02, None))
    assert [len(segment) for segment in moved.segments] == [2, 1]
    assert moved.segments[0].time_s is first.time_s
    assert moved.name == "线"
    (same,), _ = tracks_in_wgs84([whole], resolve_datum(None, None))
    assert same is whole


@pytest.mark.parametrize("name", ["syn_ovital_gcj02.ovkml", "syn_ovital.ovjsn", "syn_bd09_gbk.csv"])
def test_the_shared_datum_files_come_back_to_wgs84(shared_data, name):
    entries = json.loads((shared_data / "tracks/expected.json").read_text("utf-8"))
    (truth,) = [entry["wgs84_truth"] for entry in entries if entry["file"] == name]
    file = read_track(shared_data / "tracks" / name, settings=Settings())
    lon = np.concatenate([segment.lon for segment in file.segments])
    lat = np.concatenate([segment.lat for segment in file.segments])
    found = np.array([lon.min(), lat.min(), lon.max(), lat.max()])
    assert np.abs(found - truth["bbox"]).max() < 5e-7
    assert file.datum.found is file.datum.used is not Datum.WGS84
