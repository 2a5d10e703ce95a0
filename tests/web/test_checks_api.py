"""Cross-checks, seeded trials, rates and risk rules through the API."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from xml.etree import ElementTree as Tree

import county_builder as county
import numpy as np
import pytest
from conftest import USER
from search_builders import Office, clearing_county, refused, send

from geoinspect.store import grounds
from webmap import create_app

GPX = "{http://www.topografix.com/GPX/1/1}"
FORMULA = "=HYPERLINK(1)"
UNITS = {"U990100001", "U990100002"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    app = create_app(clearing_county(tmp_path_factory.mktemp("checks")), testing=True)
    database = app.extensions["geoinspect"].workspace.database
    with database.writing() as session:
        grounds.add_unit(session, code="U3", name=FORMULA, parent_code=None)
    yield Office(app)
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def draw(office: Office) -> dict:
    asked = {"seed": "2026-06-30", "share": 0.2, "units": [*UNITS, "U3"]}
    answer = send(office.admin, "checks", json=asked)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_anybody_can_repeat_a_draw(office: Office, draw: dict) -> None:
    listed = office.reader.json("checks")
    cleared = listed["cleared"]
    assert 0 < cleared < listed["cells"]
    assert len(draw["cells"]) == -(-cleared // 5)
    again = send(office.admin, "checks", json={"seed": " 2026-06-30 ", "share": 0.2}).get_json()
    other = send(office.admin, "checks", json={"seed": "2026-07-01", "share": 0.2}).get_json()
    cells = [{one["cell"] for one in found["cells"]} for found in (draw, again, other)]
    assert cells[0] == cells[1] != cells[2]
    for one in draw["cells"]:
        assert one["unit"] != one["cleared_by"]
        assert one["unit"] in {*UNITS, "U3"}
        assert one["checked"] is None
    assert [one["seed"] for one in office.reader.json("checks")["checks"]][-1] == "2026-06-30"


def test_each_unit_gets_its_cells(office: Office, draw: dict) -> None:
    address = f"/api/v1/checks/{draw['id']}/cells"
    rows = {}
    for unit in ("", *UNITS, "U3"):
        text = office.reader.client.get(f"{address}.csv?unit={unit}").get_data(as_text=True)
        assert text.startswith("\ufeffcell,lon,lat,unit")
        rows[unit] = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        assert all(row["unit"] == unit for row in rows[unit] if unit)
    assert sum(len(rows[unit]) for unit in (*UNITS, "U3")) == len(rows[""]) == len(draw["cells"])
    # A spreadsheet must not run a unit's name.
    assert {row["unit_name"] for row in rows["U3"]} == {f"'{FORMULA}"}
    points = Tree.fromstring(office.reader.client.get(f"{address}.gpx").data).findall(f"{GPX}wpt")
    told = {(float(p.get("lon")), float(p.get("lat")), p.find(f"{GPX}name").text) for p in points}
    assert told == {(one["lon"], one["lat"], one["cell"]) for one in draw["cells"]}
    refused(office.reader.client.get(f"{address}.csv?unit=nobody"), 400, "单位")
    refused(office.reader.client.get(f"{address}.xlsx"), 404, "xlsx")


def test_finds_become_a_rate_that_can_be_taken_over(office: Office, draw: dict) -> None:
    cells, path = [one["cell"] for one in draw["cells"]], f"checks/{draw['id']}"
    assert draw["result"] is None
    refused(send(office.admin, f"{path}/adopt"), 400, "发现数太少")
    finds = {"cell": cells[0], "first_only": 2, "second_only": 6, "both": 5, "note": "<b>沟边</b>"}
    told = send(office.admin, f"{path}/finds", json=finds).get_json()
    result = told["result"]
    assert (result["rate"]["found"], result["rate"]["missed"]) == (7, 6)
    assert result["rate"]["low"] < result["rate"]["rate"] < result["rate"]["high"]
    assert told["entered"] == 1
    assert told["cells"][0]["found"]["note"] == "<b>沟边</b>"
    # Entered again, a cell's finds take the place of the earlier ones.
    told = send(office.admin, f"{path}/finds", json={**finds, "second_only": 9}).get_json()
    assert told["result"]["rate"]["missed"] == 9
    taken = send(office.admin, f"{path}/adopt").get_json()
    assert taken["looks"] >= 2
    row = next(r for r in office.admin.json("rates")["entered"] if r["id"] == taken["rate"])
    assert row["source"].startswith("cross-check")
    assert row["low"] < row["width_m"] < row["high"]
    assert send(office.admin, f"rates/{taken['rate']}", "DELETE").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("checks", {"seed": " "}, 400, "种子"), ("checks", {"seed": "a", "share": 0}, 400, "抽查比例"),
        ("checks", {"seed": "a", "share": 1.1}, 400, "抽查比例"), ("checks", {"seed": "a", "units": "U1"}, 400, "单位"),
        ("checks", {"seed": "a", "units": ["nobody"]}, 400, "nobody"), ("checks", {"seed": "a" * 201}, 400, "种子"),
        ("checks", {"seed": "a", "units": ["U990100001"], "share": 1}, 400, "U990100001"), ("checks/99/finds", {"cell": "a"}, 404, "99"),
        ("checks/1/finds", {"cell": "nowhere"}, 404, "nowhere"), ("checks/1/finds", {"cell": "a", "both": -1}, 400, "两次都发现"),
        ("checks/1/finds", {"cell": "a", "both": 1.5}, 400, "整数"), ("checks/1/finds", {}, 400, "网格"), ("checks/99/adopt", {}, 404, "99"),
        ("rates", {"source": "a"}, 400, "方式"), ("rates", {"method": "swim", "source": "a"}, 400, "swim"),
        ("rates", {"method": "foot", "rate": 0.5, "source": "a"}, 400, "扫视宽度"), ("rates", {"method": "foot", "width_m": 0, "source": "a"}, 400, "0"),
        ("rates", {"method": "foot", "width_m": 20, "low": 30, "high": 40, "source": "a"}, 400, "30"),
        ("rates", {"method": "survey", "rate": 1.2, "source": "a"}, 400, "检出率"), ("rates", {"method": "foot", "width_m": 20}, 400, "来源"),
        ("rates", {"method": "photo", "rate": 0.5, "visibility": "open", "source": "a"}, 400, "通视条件"),
        ("rates", {"method": "foot", "width_m": 20, "patch_m2": 0, "source": "a"}, 400, "最小图斑"), ("trials/99/adopt", {}, 404, "99"),
        ("risk-rules/moon", {}, 400, "moon"), ("risk-rules/roads", {"multiplier": -1}, 400, "倍数"), ("risk-rules/roads", {"decay_m": 0}, 400, "衰减"),
        ("risk-rules/roads", {"active": "yes"}, 400, "启用"), ("risk-rules/slope", {"breakpoints": [[1]]}, 400, "分段"), ("risk-rules/slope", {"breakpoints": [[10**400, 1]]}, 400, "分段"),
        ("rates", {"method": "foot", "width_m": 10**400, "source": "a"}, 400, "扫视宽度"), ("checks", {"seed": "a", "share": 10**400}, 400, "抽查比例"),
        ("checks/1/finds", {"cell": "a", "both": 10**400}, 400, "两次都发现"), ("checks", {"seed": "a", "campaign": 10**400}, 400, "行动"),
        ("risk-rules/slope", {"breakpoints": [[2, 1], [1, 1]]}, 400, "slope"), ("risk-rules/priority", {"decay_m": 5}, 400, "priority"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(office: Office, draw: dict, path, body, status, word) -> None:
    assert draw["id"] == 1
    refused(send(office.admin, path, json=body), status, word)


def test_a_row_of_the_table_changes_what_holds_until_it_is_taken_out(office: Office) -> None:
    def holding() -> dict:
        rows = office.reader.json("rates", day="2026-06-01")["rates"]
        return {(r["method"], r["for_visibility"], r["for_stage"]): r for r in rows}

    before, claim = holding(), office.reader.json("claims")["whole"]["sensitivity"]
    assert len(before) == 96
    assert all(row["assumed"] for row in before.values())
    row = {
        "method": "foot",
        "width_m": 33,
        "low": 22,
        "high": 44,
        "source": "试验 <7>",
    }
    entered = send(office.admin, "rates", json=row).get_json()
    after = holding()
    changed = {case for case in after if after[case] != before[case]}
    assert changed == {case for case in after if case[0] == "foot"}
    assert all(after[case]["width_m"] == 33 and not after[case]["assumed"] for case in changed)
    assert office.reader.json("rates")["entered"][0]["set_by"] == USER
    assert office.reader.json("claims")["whole"]["sensitivity"] < claim
    assert send(office.admin, f"rates/{entered['rate']}", "DELETE").status_code == 200
    assert holding() == before
    assert office.reader.json("claims")["whole"]["sensitivity"] == pytest.approx(claim)
    refused(send(office.admin, f"rates/{entered['rate']}", "DELETE"), 404, str(entered["rate"]))


def test_a_risk_rule_changes_the_risk_and_goes_back(office: Office) -> None:
    def rule(factor: str) -> dict:
        rules = office.reader.json("risk-rules")["rules"]
        return next(one for one in rules if one["factor"] == factor)

    def weights() -> list[float]:
        return [part["weight"] for part in office.reader.json("claims")["parts"]]

    given, before = rule("former"), weights()
    values = {"multiplier": 500, "half_life_years": 5, "source": "本县十年记录"}
    assert send(office.admin, "risk-rules/former", json=values).status_code == 200
    assert rule("former") == given | values | {"changed": True}
    assert weights() != before
    # What is left out stays.
    send(office.admin, "risk-rules/former", json={"active": False})
    assert rule("former")["multiplier"] == 500
    assert not rule("former")["active"]
    assert send(office.admin, "risk-rules/former", "DELETE").status_code == 200
    assert rule("former") == given
    assert weights() == before
    refused(send(office.admin, "risk-rules/former", "DELETE"), 404, "former")
    sloped = send(office.admin, "risk-rules/slope", json={"breakpoints": [[0, 1], [25, 3]]})
    assert sloped.get_json()["breakpoints"] == [[0.0, 1.0], [25.0, 3.0]]
    send(office.admin, "risk-rules/slope", "DELETE")


def test_stages_begin_in_their_order(office: Office) -> None:
    found = office.reader.json("growth")
    assert {area["name"] for area in found["areas"]} == {"东镇", "西乡"}
    assert not found["own_table"]
    for area in found["areas"]:
        firsts = [first for first, _last in area["begins"]]
        assert firsts == sorted(firsts)
        assert len(firsts) == len(found["stages"]) + 1
        assert all(first <= last for first, last in area["begins"])
        assert all(day.startswith("2026") for day in firsts)


def trial_files(found_within_m: float = 8.0) -> dict[str, tuple[io.BytesIO, str]]:
    """Dummies beside a walk due east, found when they are near."""
    walk = np.column_stack(
        [np.linspace(county.WEST, county.WEST + 0.02, 200), np.full(200, county.SOUTH + 0.01)]
    )
    rng = np.random.default_rng(7)
    away_m = np.linspace(0.5, 25, 40)
    lat = walk[0, 1] + rng.choice([-1, 1], 40) * away_m / 110_930
    lon = rng.uniform(county.WEST + 0.004, county.WEST + 0.016, 40)
    # Near the edge of what is seen it is chance: every third is the other way.
    hit = (away_m < found_within_m) ^ (
        (abs(away_m - found_within_m) < 5) & (np.arange(40) % 3 == 0)
    )
    rows = [f"T{k},{lon[k]:.7f},{lat[k]:.7f},{int(hit[k])}" for k in range(40)]
    table = "target,lon,lat,found\n" + "\n".join(rows)
    return {
        "targets": (io.BytesIO(table.encode()), "目标.csv"),
        "walk": (io.BytesIO(county.gpx(walk).encode()), "../../etc/走.GPX"),
    }


TAGS = {"method": "foot", "day": "2026-05-14", "visibility": "mixed"}


def test_a_trial_gives_a_width_that_can_be_taken_over(office: Office) -> None:
    answer = send(office.admin, "trials", data={**TAGS, **trial_files()})
    trial = answer.get_json()
    assert answer.status_code == 200, trial
    result = trial["result"]
    assert result["shown"] == 40
    assert result["low_m"] < result["width_m"] < result["high_m"]
    assert 10 < result["width_m"] < 24
    assert max(t["distance_m"] for t in trial["targets"]) == pytest.approx(25, abs=0.5)
    assert office.reader.json("trials")["trials"][0]["id"] == trial["id"]
    taken = send(office.admin, f"trials/{trial['id']}/adopt").get_json()
    row = office.reader.json("rates")["entered"][0]
    assert (row["id"], row["width_m"]) == (taken["rate"], result["width_m"])
    assert row["source"].startswith(f"trial {trial['id']} of ")
    send(office.admin, f"rates/{taken['rate']}", "DELETE")


def test_pictures_need_no_walk(office: Office) -> None:
    files = {"targets": trial_files()["targets"]}
    tags = {"method": "survey", "day": "2026-05-14", "patch_m2": "2.5"}
    trial = send(office.admin, "trials", data={**tags, **files}).get_json()
    assert 0 < trial["result"]["low"] < trial["result"]["rate"] < trial["result"]["high"] < 1
    assert trial["result"]["patch_m2"] == 2.5


def test_bad_trials_say_what_to_do(office: Office) -> None:
    def answer(tags: dict, **files: tuple[io.BytesIO, str]):
        return send(office.admin, "trials", data={**tags, **files})

    count = len(office.reader.json("trials")["trials"])
    files = trial_files
    refused(answer(TAGS), 400, "CSV")
    refused(answer(TAGS, targets=files()["targets"]), 400, "轨迹")
    refused(answer(TAGS, targets=files()["targets"], walk=(io.BytesIO(b"<html>"), "a.gpx")), 422)
    refused(
        answer(TAGS, targets=(io.BytesIO(b"a,b\n1,2"), "a.csv"), walk=files()["walk"]),
        422,
        "target",
    )
    refused(answer({**TAGS, "method": "swim"}, **files()), 400, "swim")
    refused(answer({**TAGS, "day": ""}, **files()), 400, "日期")
    refused(answer({**TAGS, "secret": "1"}, **files()), 400, "secret")
    big = (io.BytesIO(b"x" * 5_000_001), "a.csv")
    refused(answer(TAGS, targets=big, walk=files()["walk"]), 413, "5 MB")
    assert (
        send(
            office.admin, "trials", data={**TAGS, "targets": (io.BytesIO(b"x" * 11_000_000), "a")}
        ).status_code
        == 413
    )
    refused(send(office.admin, "trials", data=json.dumps(TAGS)), 400, "方式")
    assert len(office.reader.json("trials")["trials"]) == count
