"""Tracks, patrols and photos on the command line: one JSON document, tables for people, statuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patrol_builders import EAST, WEST, Office, at, untimed, wander
from photo_builders import exif_bytes, jpeg_bytes
from test_cli import Done, run

from geoinspect.errors import InputError
from geoinspect.ingest.roster import read_roster

WAY = wander(1)
# 66 minutes and more than 3 km: a valid patrol.
LONG = wander(2, minutes=75)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    with Office(tmp_path) as office:
        yield office


def told(done: Done, status: int = 0) -> Any:
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def cli(office: Office, *args: object) -> Done:
    return run("-w", office.folder / "w", *args)


def walked(office: Office) -> None:
    """Two walks in May and one in June: a mate's copy, a second device of one person, a twin."""
    record = LONG.recorded
    for name, segment, person in (
        ("a.gpx", record(1), "P1"),
        ("mate.gpx", record(2, every_s=4.0, ahead_s=1.3), "P2"),
        ("watch.gpx", record(3, every_s=3.0, ahead_s=0.7), "P1"),
        ("next.gpx", wander(5, minutes=75, start_s=at(9, 15), y_m=1200).recorded(5), "P1"),
        ("june.gpx", wander(6, start_s=at(9, 32)).recorded(6), "P3"),
    ):
        path = office.write(name, segment)
        added = cli(
            office,
            *("tracks", "add", path, "--unit", WEST, "--team", "一组", "--person", person),
            *("--mode", "foot", "--json"),
        )
        assert told(added)["added"] == 1


def test_adding_says_what_became_of_each_file_in_order(office: Office, tmp_path: Path) -> None:
    good = office.write("a.gpx", WAY.recorded(1))
    (tmp_path / "page.gpx").write_text("<html></html>")
    (tmp_path / "again.gpx").write_bytes(good.read_bytes())
    files = (good, tmp_path / "page.gpx", tmp_path / "none.gpx", tmp_path / "again.gpx")
    added = told(cli(office, "tracks", "add", *files, "--unit", WEST, "--json"), 1)
    assert (added["added"], added["duplicates"], added["refused"]) == (1, 1, 2)
    by_file = {one["file"]: one for one in added["results"]}
    assert by_file["a.gpx"]["details"]["tracks"] == [1]
    assert by_file["again.gpx"]["status"] == "duplicate"
    for name in ("page.gpx", "none.gpx"):
        assert by_file[name]["status"] == "refused"
        assert by_file[name]["message_zh"]
    nobody = cli(office, "tracks", "add", good, "--unit", "U0", "--json")
    assert nobody.returncode == 2
    assert "U0" in nobody.stderr
    assert nobody.stdout == ""


def test_listing_and_showing(office: Office) -> None:
    walked(office)
    listed = told(cli(office, "tracks", "list", "--json"))
    assert [row["id"] for row in listed] == [1, 2, 3, 4, 5]
    assert listed[1]["counted_length_m"] < 40
    assert listed[1]["people"] == ["P2"]
    doubtful = told(cli(office, "tracks", "list", "--doubtful", "--json"))
    # The newest first; June is after the campaign.
    assert [(row["id"], row["doubts"]) for row in doubtful] == [
        (5, ["outside_days"]),
        (3, ["repeats_same_walk"]),
        (2, ["repeats_same_walk"]),
    ]
    shown = told(cli(office, "tracks", "show", 2, "--json"))
    assert shown["repeats"][0]["track"] == 1
    assert {rule["rule"] for rule in shown["rules"]} >= {"speed", "spike", "jitter"}
    assert told(cli(office, "tracks", "show", 1, "--json"))["repeated_by"][0]["track"] == 2
    lines = told(cli(office, "tracks", "show", 1, "--points"))["lines"]
    assert lines["raw"]
    assert not lines["thinned"]
    for args, word in ((("list",), "2026-05-14"), (("show", 2), "repeats_same_walk")):
        table = cli(office, "tracks", *args)
        assert table.returncode == 0
        assert word in table.stdout


def test_reviewing(office: Office) -> None:
    walked(office)
    before = office.seen()
    done = told(
        cli(office, "tracks", "review", 2, "--counts", "whole", "--note", "各走各的", "--json")
    )
    assert done["decision"]["note"] == "各走各的"
    assert done["counted_length_m"] == done["cleaned_length_m"]
    assert office.seen().total_m > before.total_m + 3000
    done = told(
        cli(office, "tracks", "review", 1, "--rule-off", "jitter", "--mode", "auto", "--json")
    )
    assert [rule["rule"] for rule in done["rules"] if rule["off"]] == ["jitter"]
    assert done["mode_declared"] is False
    done = told(cli(office, "tracks", "review", 1, "--rule-on", "jitter", "--json"))
    assert not any(rule["off"] for rule in done["rules"])
    told(cli(office, "tracks", "review", 2, "--counts", "auto", "--mode", "foot", "--json"))
    told(cli(office, "tracks", "review", 1, "--mode", "foot", "--json"))
    assert office.seen().same(before)
    table = cli(office, "tracks", "review", 1, "--unit", EAST, "--person", "P7", "--person", "P8")
    assert table.returncode == 0
    assert "P7, P8" in table.stdout
    assert cli(office, "audit", "verify").returncode == 0


def test_a_blank_clears_what_was_said(office: Office) -> None:
    team = {"unit_code": WEST, "team": "一组", "person": "P1", "crs": "EPSG:4545"}
    office.add("a.gpx", WAY.recorded(1), **team)
    kept = told(cli(office, "tracks", "review", 1, "--note", "x", "--json"))
    assert (kept["unit_code"], kept["team"], kept["people"]) == (WEST, "一组", ["P1"])
    assert kept["choices"]["crs"] == "EPSG:4545"
    blank = ("--unit", "", "--team", " ", "--person", "", "--crs", "")
    bare = told(cli(office, "tracks", "review", 1, *blank, "--json"))
    assert (bare["unit_code"], bare["team"], bare["people"]) == (None, None, [])
    assert bare["choices"]["crs"] is None
    named = ("--team", "二组", "--person", "P2", "--person", "P3")
    again = told(cli(office, "tracks", "review", 1, *named, "--json"))
    assert (again["team"], again["people"]) == ("二组", ["P2", "P3"])


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("tracks", "show", 99), 2),
        (("tracks", "review", 99, "--note", "x"), 2),
        (("tracks", "review", 1, "--rule-off", "nonsense"), 2),
        (("tracks", "review", 1, "--unit", "U0"), 2),
        (("tracks", "review", 1, "--tz", "Mars/Crater"), 2),
        (("tracks", "show", 10**30), 2),
        (("tracks", "review", 1, "--rule-off", "spike", "--rule-on", "spike"), 2),
        (("patrols", "list", "--from", "2026-06-01", "--to", "2026-05-01"), 2),
        (("patrols", "month", "2026-13"), 2),
        (("patrols", "roster", "none.csv"), 3),
    ],
)
def test_what_can_not_be_done_is_said(
    office: Office, args: tuple[object, ...], status: int
) -> None:
    office.add("a.gpx", WAY.recorded(1))
    before = office.seen(), office.track(1).choices
    done = cli(office, *args, *([] if args[:2] == ("patrols", "roster") else ["--json"]))
    assert done.returncode == status
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "GEOINSPECT_DEBUG" not in done.stderr
    assert len(done.stderr) > 20
    assert (office.seen().same(before[0]), office.track(1).choices) == (True, before[1])


def test_the_months_indicators(office: Office, tmp_path: Path) -> None:
    walked(office)
    roster = tmp_path / "roster.csv"
    roster.write_text(f"人员,单位\nP1,{WEST}\nP2,{WEST}\nP9,{EAST}\n", "gb18030")
    assert told(cli(office, "patrols", "roster", roster, "--json")) == {
        "added": 3,
        "moved": 0,
        "people": 3,
    }
    month = told(cli(office, "patrols", "month", "2026-05", "--json"))
    people = {person["code"]: person for person in month["people"]}
    walk_m = [office.track(n).cleaned_length_m for n in (1, 2, 4)]
    # Two devices of one person are one person's time and way; a mate walked all of it too.
    assert people["P1"]["days"] == 2
    assert people["P1"]["hours"] == pytest.approx(2 * 75 / 60, abs=0.03)
    assert people["P1"]["length_m"] == pytest.approx(walk_m[0] + walk_m[2], rel=0.01)
    assert people["P2"]["hours"] == pytest.approx(75 / 60, abs=0.02)
    assert people["P2"]["length_m"] == pytest.approx(walk_m[1], rel=0.01)
    assert people["P9"]["days"] == 0
    assert people["P1"]["valid_days"] == 2
    units = {unit["unit_code"]: unit for unit in month["units"]}
    assert (units[WEST]["online_rate"], units[EAST]["online_rate"]) == (1.0, 0.0)
    assert month["total"]["online_rate"] == pytest.approx(2 / 3)
    # 20 days are required in May: (2 + 1 + 0) / 20 / 3.
    assert month["total"]["patrol_rate"] == pytest.approx(0.05)
    assert month["total"]["reach_rate"] == 0.0
    assert month["unknown_people"] == []
    june = told(cli(office, "patrols", "month", "2026-06", "--json"))
    assert [person["code"] for person in june["unknown_people"]] == ["P3"]
    table = cli(office, "patrols", "month", "2026-05")
    assert "出巡达标率" in table.stdout


def test_who_has_only_an_untimed_file_was_there_and_no_patrol_is_none(office: Office) -> None:
    bare = untimed(WAY.recorded(1))
    team = {"unit_code": WEST, "team": "一组"}
    office.add("bare.gpx", bare, **team, person="P1", day=date(2026, 5, 14))
    office.add("b.gpx", wander(3, start_s=at(9, 15)).recorded(3), **team, person="P2")
    people = told(cli(office, "patrols", "month", "2026-05", "--json"))["unknown_people"]
    assert [(one["code"], one["days"]) for one in people] == [("P1", 1), ("P2", 1)]
    assert people[0]["hours"] == 0
    assert people[0]["length_m"] > 2000
    told(cli(office, "tracks", "review", 2, "--counts", "nothing", "--note", "回家", "--json"))
    people = told(cli(office, "patrols", "month", "2026-05", "--json"))["unknown_people"]
    assert [one["code"] for one in people] == ["P1"]
    listed = told(cli(office, "patrols", "list", "--json"))
    assert [patrol["person_hours"] for patrol in listed] == [0, 0]


def test_patrols_are_listed_with_their_verdict(office: Office) -> None:
    walked(office)
    listed = told(cli(office, "patrols", "list", "--from", "2026-05-01", "--json"))
    assert [patrol["day"] for patrol in listed] == ["2026-06-01", "2026-05-15", "2026-05-14"]
    first = listed[2]
    assert first["tracks"] == [1, 2, 3]
    assert first["people"] == ["P1", "P2"]
    assert first["valid"] is True
    assert first["person_hours"] == pytest.approx(2 * 75 / 60, abs=0.03)
    assert first["distance_m"] == pytest.approx(office.track(1).cleaned_length_m, rel=0.02)
    # 40 minutes are less than the hour that is asked for.
    assert listed[0]["valid"] is False
    assert any("40" in reason["zh"] for reason in listed[0]["reasons"])
    assert "2026-05-14" in cli(office, "patrols", "list").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("人员代码,单位\n\nP1,U1\n,U1\n", "第 4 行"),
        ("", "没有人员"),
        ("人员代码,单位\n , \n", "没有人员"),
    ],
)
def test_a_roster_is_refused_with_the_row_to_mend(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match="roster") as caught:
        read_roster(tmp_path / "roster.csv")
    assert said in caught.value.text.zh


def test_photos_are_kept_once_and_only_with_a_place(office: Office, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(exif_bytes()))
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    (tmp_path / "placeless.jpg").write_bytes(
        jpeg_bytes(exif_bytes(gps=dict.fromkeys(range(1, 32))))
    )
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "placeless.jpg")]
    done = told(cli(office, "photos", "add", *files, "--unit", WEST, "--json"), 1)
    assert [one["status"] for one in done["results"]] == ["added", "duplicate", "refused"]
    assert done["results"][2]["message_zh"]
    with office.workspace.database.reading() as session:
        from geoinspect.store import sightings

        (row,) = sightings.photos_in(session, (103.5, 25.7, 103.6, 25.8), limit=10)
        assert (row.geometry.x, row.geometry.y) == pytest.approx((103.5125, 25.7375), abs=1e-6)
        assert (row.unit_code, row.file.name) == (WEST, "a.jpg")
        assert row.taken is not None
        assert row.taken.isoformat().startswith("2026-05-14T00:30:05")
        assert sightings.photos_in(session, (0.0, 0.0, 1.0, 1.0), limit=10) == []
    assert np.isclose(row.west, row.east)
