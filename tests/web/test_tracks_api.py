"""Tracks and patrols through the API: who may decide, what a decision does, and bad requests."""

from __future__ import annotations

import ast
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from conftest import HOSTILE, ROOT, Visitor, build_workspace
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from geoinspect.records import Rule
from geoinspect.store import patrols, people
from geoinspect.store.workspace import Workspace
from webmap import create_app
from webmap.track_words import track_words

PASSWORD = "long enough 1"
TOWN, VILLAGE = "U990100001", "U990100002"


@pytest.fixture(scope="module")
def decided_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app over a county of its own: these tests change what is there."""
    folder = build_workspace(tmp_path_factory.mktemp("decide") / "county")
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        for role in ("analyst", "commander", "auditor"):
            people.add_user(session, name=role, role=role, unit_code=None, password=PASSWORD)
        patrols.set_roster(session, [("P1", TOWN), ("P2", TOWN), ("P3", VILLAGE)])
    app = create_app(folder, testing=True)
    yield app
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def analyst(decided_app: Flask) -> Visitor:
    made = Visitor(decided_app.test_client())
    made.sign_in("analyst", PASSWORD)
    return made


def spiked(seed: int) -> np.ndarray:
    """A walk with a receiver's noise, and two fixes far off its line."""
    points = county.walk(offset=0.0055 + seed * 1e-4)
    points += np.random.default_rng(seed).normal(0, 2e-5, points.shape)
    points[[60, 140], 1] += 0.004
    return points


def add(visitor: Visitor, points: np.ndarray, days: int = 0, **query: str) -> int:
    """Send a walk of its own day, lest it be taken for a team mate's, and return its number."""
    start = county.START + timedelta(days=days)
    text = county.gpx(points, name=f"t{uuid.uuid4().hex[:6]}", start=start)
    answer = visitor.send(text.encode(), "t.gpx", mode="foot", **query).get_json()
    assert answer["result"]["status"] == "added", answer
    return int(answer["result"]["id"])


def review(visitor: Visitor, number: int, asked: object):
    return visitor.client.post(
        f"/api/v1/tracks/{number}/review",
        json=asked,
        headers={"X-CSRFToken": visitor.token("/upload")},
    )


def test_a_report_agrees_with_the_points_it_draws(analyst: Visitor) -> None:
    number = add(analyst, spiked(1), 1, unit=TOWN, team="一组", person="P1", headcount="2")
    report, points = analyst.json(f"tracks/{number}"), analyst.json(f"tracks/{number}/points")
    flagged = {rule["rule"]: rule["flagged"] for rule in report["rules"]}
    assert list(flagged) == [rule.value for rule in Rule]
    assert {rule: len(found) for rule, found in points["flagged"].items()} == {
        rule: count for rule, count in flagged.items() if count
    }
    assert sum(flagged.values()) >= 2
    assert sum(map(len, points["raw"])) == report["points"] == 200
    assert (
        report["length_m"]
        > report["cleaned_length_m"]
        >= report["counted_length_m"]
        >= report["inside_length_m"]
        > 0
    )
    assert (report["unit"], report["people"], report["purpose"]) == ("东镇政府", ["P1"], "search")
    assert report["patrol"]["headcount"] == 2
    assert number in report["patrol"]["tracks"]
    assert report["geometry"]["type"] in {"LineString", "MultiLineString"}


def test_a_rule_off_and_on_again_changes_what_counts_and_back(analyst: Visitor) -> None:
    number = add(analyst, spiked(2), 2, unit=TOWN, team="二组")
    before, ground = analyst.json(f"tracks/{number}"), analyst.json("overview")["coverage"]
    # All of them: what one rule lets go, the next one may flag.
    off = [rule["rule"] for rule in before["rules"]]
    assert before["counted_length_m"] > 3000
    answer = review(analyst, number, {"rules_off": off})
    assert answer.status_code == 200, answer.get_json()
    changed = answer.get_json()
    assert changed["counted_length_m"] > before["counted_length_m"] + 500
    assert [rule["rule"] for rule in changed["rules"] if rule["off"]] == off
    assert analyst.json(f"tracks/{number}/points")["flagged"] == {}
    assert analyst.json("overview")["coverage"]["seen_m2"] > ground["seen_m2"]
    again = review(analyst, number, {"rules_off": []}).get_json()
    assert again["counted_length_m"] == before["counted_length_m"]
    assert again["rules"] == before["rules"]
    assert analyst.json("overview")["coverage"] == ground


def test_a_decision_says_who_and_is_withdrawn(analyst: Visitor) -> None:
    number = add(analyst, county.walk(offset=0.0151), 3, unit=TOWN)
    waiting = analyst.json(f"tracks/{number}")
    assert waiting["doubtful"]
    assert waiting["doubts"]
    nothing = review(analyst, number, {"counts": "nothing", "note": "没有去"}).get_json()
    assert nothing["counted_length_m"] == 0
    assert (nothing["decision"]["by"], nothing["decision"]["note"]) == ("analyst", "没有去")
    assert nothing["decision"]["at"].endswith("Z")
    assert not nothing["doubtful"]
    for same in ({"team": "另一组"}, {"note": None}, {"rules_off": ["spike"]}):
        assert review(analyst, number, same).get_json()["decision"] == nothing["decision"]
    # Another decision needs a reason of its own.
    whole = review(analyst, number, {"counts": "whole", "rules_off": []}).get_json()
    assert whole["counted_length_m"] == whole["cleaned_length_m"] > 0
    assert (whole["decision"]["counts"], whole["decision"]["note"]) == ("whole", "")
    back = review(analyst, number, {"counts": "auto", "note": ""}).get_json()
    assert back["decision"] == {}
    assert back["doubtful"]


def test_what_is_left_out_stays(analyst: Visitor) -> None:
    number = add(analyst, spiked(4), 4, unit=TOWN, team="三组", purpose="site", person="P2")
    kept = ("unit_code", "team", "people", "purpose", "choices", "counted_length_m", "decision")
    before = analyst.json(f"tracks/{number}")
    same = review(analyst, number, {}).get_json()
    assert {key: same[key] for key in kept} == {key: before[key] for key in kept}
    moved = review(
        analyst, number, {"unit_code": VILLAGE, "team": None, "people": ["P3", " P3 ", "P1"],
                          "purpose": "recheck", "mode": "vehicle"}
    ).get_json()  # fmt: skip
    assert (moved["unit_code"], moved["team"]) == (VILLAGE, None)
    assert (moved["people"], moved["purpose"]) == (["P1", "P3"], "recheck")
    assert (moved["mode"], moved["choices"]["mode"]) == ("vehicle", "vehicle")
    shifted = review(analyst, number, {"datum": "gcj02"}).get_json()
    assert shifted["datum"]["used"] == "gcj02"
    assert shifted["bbox"] != moved["bbox"]
    assert review(analyst, number, {"datum": None}).get_json()["bbox"] == moved["bbox"]


def test_a_copy_counts_once_and_follows_its_original(analyst: Visitor) -> None:
    points = spiked(5)
    first = add(analyst, points, 5, unit=TOWN, team="一组", person="P1")
    second = add(analyst, points[:180], 5, unit=TOWN, team="一组", person="P2")
    copy = analyst.json(f"tracks/{second}")
    assert [one["track"] for one in copy["repeats"]] == [first]
    assert copy["counted_length_m"] < 0.05 * copy["cleaned_length_m"]
    assert second in [one["track"] for one in analyst.json(f"tracks/{first}")["repeated_by"]]
    assert sorted(copy["patrol"]["tracks"]) == [first, second]
    review(analyst, first, {"counts": "nothing"})
    freed = analyst.json(f"tracks/{second}")
    assert freed["counted_length_m"] == freed["cleaned_length_m"]
    review(analyst, first, {"counts": "auto", "note": ""})
    assert analyst.json(f"tracks/{second}")["counted_length_m"] == copy["counted_length_m"]


@pytest.mark.parametrize("name", ["二号", "commander", "auditor"])
def test_others_may_look_but_not_decide(decided_app: Flask, name: str) -> None:
    visitor = Visitor(decided_app.test_client())
    visitor.sign_in(name, PASSWORD)
    before = visitor.json("tracks/1")
    answer = review(visitor, 1, {"counts": "nothing"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_your_role")
    assert "分析员" in answer.get_json()["message_zh"]
    assert visitor.json("tracks/1") == before
    assert visitor.client.get("/tracks/1").status_code == 200


def test_strangers_and_forgers_decide_nothing(decided_app: Flask, analyst: Visitor) -> None:
    stranger = Visitor(decided_app.test_client())
    for path in ("tracks/1", "tracks/1/points", "track-list", "patrols", "patrol-months"):
        assert stranger.client.get(f"/api/v1/{path}").status_code == 401
    assert stranger.client.get("/tracks").status_code == 302
    forged = analyst.client.post("/api/v1/tracks/1/review", json={"counts": "nothing"})
    assert (forged.status_code, forged.get_json()["code"]) == (400, "page_expired")


@pytest.mark.parametrize(
    "asked",
    [
        None, [], "x", 3, {"horse": 1}, {"counts": "half"}, {"counts": None}, {"mode": "horse"},
        {"datum": "moon"}, {"rules_off": "speed"}, {"rules_off": ["nonsense"]}, {"rules_off": [1]},
        {"rules_off": ["speed"] * 99}, {"unit_code": "NOPE"}, {"unit_code": 7}, {"team": "a\x00b"}, {"team": "\ud800"}, {"note": "\ud800"}, {"note": "a\x1b[2J"}, {"people": ["\u202e1"]},
        {"team": "长" * 101}, {"people": ["a" * 41]}, {"people": [""]}, {"people": "P1"},
        {"people": [None]}, {"people": ["x"] * 101}, {"purpose": "fun"}, {"note": "长" * 1001},
        {"note": ["x"]}, {"note": {"a": 1}},
    ],
)  # fmt: skip
def test_bad_decisions_are_refused_in_words(analyst: Visitor, asked: object) -> None:
    before = analyst.json("tracks/1")
    answer = review(analyst, 1, asked)
    assert answer.status_code == 400, answer.get_json()
    assert re.search("[一-鿿]", answer.get_json()["message_zh"])
    assert analyst.json("tracks/1") == before


def test_what_is_no_json_is_refused_in_words(analyst: Visitor) -> None:
    headers = {"X-CSRFToken": analyst.token("/upload")}
    for data in (b"", b"{", b"\xff\xfe", b"[" * 30_000, b'{"a":' * 5000):
        answer = analyst.client.post("/api/v1/tracks/1/review", data=data, headers=headers)
        assert answer.status_code == 400
        assert answer.get_json()["message"]
    long = analyst.client.post("/api/v1/tracks/1/review", data=b" " * 99_999, headers=headers)
    assert long.status_code == 413
    assert review(analyst, 999, {}).status_code == 404


@given(
    st.dictionaries(
        st.sampled_from(["rules_off", "mode", "datum", "counts", "unit_code", "team", "people",
                         "purpose"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=20)
        | st.lists(st.text(max_size=8) | st.none(), max_size=3)
        | st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
        min_size=1,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_no_json_breaks_the_server(analyst: Visitor, asked: dict[str, object]) -> None:
    assert review(analyst, 2, asked).status_code in {200, 400}


def test_the_list_shows_what_waits_first_and_pages_lose_nothing(analyst: Visitor) -> None:
    for day in range(3):
        start = county.START + timedelta(days=10 + day)
        text = county.gpx(spiked(20 + day), name=f"L{day}", start=start)
        analyst.send(text.encode(), "l.gpx", unit=VILLAGE, team="名单组", mode="foot")
    whole = analyst.json("track-list", limit=200)
    numbers = [track["id"] for track in whole["tracks"]]
    assert whole["total"] == len(numbers) == len(set(numbers))
    assert whole["next"] is None
    order = [(track["doubtful"], track["day"] or "", track["id"]) for track in whole["tracks"]]
    assert order == sorted(order, reverse=True)
    assert whole["waiting"] == sum(track["doubtful"] for track in whole["tracks"]) > 0
    paged, after = [], None
    while True:
        page = analyst.json("track-list", limit=2, **({} if after is None else {"after": after}))
        paged += [track["id"] for track in page["tracks"]]
        assert page["total"] == whole["total"]
        after = page["next"]
        if after is None:
            break
    assert paged == numbers
    some = analyst.json("track-list", unit=VILLAGE, team="名单组", mode="foot")["tracks"]
    assert {track["name"] for track in some} == {"L0", "L1", "L2"}
    one = {"from": "2026-05-25", "to": "2026-05-25"}
    assert [t["name"] for t in analyst.json("track-list", team="名单组", **one)["tracks"]] == ["L1"]
    doubtful = analyst.json("track-list", doubtful=1, undecided=1)
    assert doubtful["total"] == whole["waiting"]
    assert analyst.json("track-list", team="' OR 1=1 --")["total"] == 0
    assert HOSTILE in str(whole)


@pytest.mark.parametrize(
    "path",
    [
        "track-list?mode=horse", "track-list?unit=NOPE", "track-list?from=x", "track-list?to=2026-13-01",
        "track-list?after=x", "track-list?after=1_2026-05-14_", "track-list?after=1__99999999999999999999",
        "track-list?limit=many", "patrols?from=2026-05-02&to=2026-05-01", "patrols?from=0001-01-01&to=9999-12-31",
        "patrols?from=yesterday", "patrol-months?month=2026-5", "track-list?doubtful=1&limit=nan", "patrol-months?month=2026-99",
        "patrol-months?month=%00",
    ],
)  # fmt: skip
def test_bad_questions_are_answered_in_words(analyst: Visitor, path: str) -> None:
    answer = analyst.client.get(f"/api/v1/{path}")
    assert answer.status_code == 400, answer.get_json()
    assert re.search("[一-鿿]", answer.get_json()["message_zh"])


def test_patrols_add_up_to_their_tracks(analyst: Visitor) -> None:
    add(analyst, spiked(30), 14, unit=TOWN, team="合计组", person="P1", headcount="3")
    listed = analyst.json("patrols", **{"from": "2026-05-01", "to": "2026-05-31"})["patrols"]
    assert listed
    assert [p["day"] for p in listed] == sorted((p["day"] for p in listed), reverse=True)
    for patrol in listed:
        tracks = [analyst.json(f"tracks/{number}") for number in patrol["tracks"]]
        counted = sum(track["counted_length_m"] for track in tracks)
        assert patrol["distance_m"] == pytest.approx(counted, abs=0.5)
        assert patrol["person_hours"] >= 0
    mine = next(patrol for patrol in listed if patrol["team"] == "合计组")
    assert mine["unit"] == "东镇政府"
    assert mine["person_hours"] == pytest.approx(3 * 199 * 9 / 3600, abs=0.01)
    assert mine["valid"] is False
    assert mine["reasons"][0]["zh"]
    assert analyst.json("patrols", **{"from": "2031-01-01", "to": "2031-01-31"})["patrols"] == []


def test_a_month_says_what_was_divided(analyst: Visitor) -> None:
    month = analyst.json("patrol-months")
    assert month["month"] == "2026-05"
    assert month["total"]["roster"] == sum(unit["roster"] for unit in month["units"]) == 3
    for unit in [*month["units"], month["total"]]:
        assert unit["online_rate"] == pytest.approx(unit["online"] / unit["roster"])
        assert unit["reach_rate"] == pytest.approx(unit["reached"] / unit["roster"])
    assert all("÷" in text["zh"] for text in month["definitions"] if "率 =" in text["zh"])
    empty = analyst.json("patrol-months", month="2031-02")
    assert empty["total"]["online"] == 0


def test_a_new_county_has_pages_without_errors(new_app, empty_folder: Path) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    assert visitor.json("track-list") == {"tracks": [], "total": 0, "waiting": 0, "next": None}
    assert visitor.json("patrols")["patrols"] == []
    month = visitor.json("patrol-months")
    assert month["total"]["online_rate"] is None
    assert "名册" in month["definitions"][0]["zh"]
    for page in ("/tracks", "/patrols"):
        assert visitor.client.get(page).status_code == 200
    assert visitor.client.get("/tracks/1").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"headcount": "0"}, {"headcount": "many"}, {"headcount": "9" * 5000}, {"person": "x" * 41},
        {"purpose": "fun"}, {"timezone": "../etc/passwd"}, {"timezone": "Mars/Base"},
        {"crs": "EPSG:999999"}, {"crs": "+proj=merc"}, {"crs": "EPSG:4545;"}, {"day": "tomorrow"},
    ],
)  # fmt: skip
def test_what_a_sender_says_is_checked_before_anything_is_kept(
    analyst: Visitor, query: dict[str, str]
) -> None:
    before = analyst.json("receipts")["receipts"]
    answer = analyst.send(b"x", "a.gpx", **query)
    assert answer.status_code == 400, answer.get_json()
    assert analyst.json("receipts")["receipts"] == before


def test_pages_hold_hostile_names_as_text(analyst: Visitor) -> None:
    html = analyst.client.get("/tracks/2").get_data(as_text=True)
    assert "49" not in re.findall("<title>(.*)</title>", html)[0]
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert "unsafe" not in analyst.client.get("/tracks/2").headers["Content-Security-Policy"]


def test_every_doubt_and_its_evidence_has_words(app: Flask) -> None:
    codes, figures = set(), set()
    for path in sorted(Path(ROOT, "geoinspect").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Doubt":
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        codes.add(argument.value)
                    if isinstance(argument, ast.Dict):
                        figures |= {k.value for k in argument.keys if isinstance(k, ast.Constant)}
    with app.test_request_context():
        known = track_words()
    assert len(codes) > 10
    assert {code for code in codes if f"doubt_{code}" not in known} == set()
    assert {name for name in figures if f"evidence_{name}" not in known} == set()
