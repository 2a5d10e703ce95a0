"""Plans through the API: made within limits, sent to phones and paper, compared with the walk."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from xml.etree import ElementTree as Tree

import county_builder as county
import pytest
from search_builders import START, WALKED_DAY, WISH, Office, clearing_county, refused, send

from webmap import create_app

GPX = "{http://www.topografix.com/GPX/1/1}"
# Too far to get anywhere: a plan that is made at once.
FAR = {**WISH, "starts": [[county.WEST - 0.4, county.SOUTH]], "hours": 0.25}
EAST = [county.WEST + 0.021, county.SOUTH + 0.001, county.WEST + 0.039, county.SOUTH + 0.019]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    app = create_app(clearing_county(tmp_path_factory.mktemp("plans")), testing=True)
    yield Office(app)
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="module")
def plan(office: Office) -> dict:
    answer = send(office.admin, "plans", json={**WISH, "day": WALKED_DAY, "unit": "U990100001"})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def square(west: float, south: float, east: float, north: float) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": county.box(west, south, east, north)}


def test_a_plan_keeps_its_hours_and_raises_the_chance(office: Office, plan: dict) -> None:
    assert len(plan["routes"]) == 2
    for route in plan["routes"]:
        assert 0 < route["hours"] <= WISH["hours"]
        for end in (route["line"][0], route["line"][-1]):
            assert end == pytest.approx(START, abs=2e-6)
    assert plan["gain"] > 0
    assert plan["confidence_after"] - plan["confidence_before"] == pytest.approx(plan["gain"])
    assert plan["unit_name"] == "东镇政府"
    assert office.reader.json(f"plans/{plan['id']}") == plan | {
        "made_at": office.reader.json(f"plans/{plan['id']}")["made_at"]
    }
    listed = office.reader.json("plans")["plans"]
    assert plan["id"] in [one["id"] for one in listed]
    assert all("line" not in route for one in listed for route in one["routes"])


def test_only_the_chosen_ground_is_raised(office: Office) -> None:
    # A team that starts there has no reason to leave the ground that is worth something.
    wish = {
        **WISH,
        "teams": 1,
        "hours": 0.5,
        "starts": [[county.WEST + 0.03, county.SOUTH + 0.012]],
    }
    for where in ({"polygon": square(*EAST)}, {"area": "990100001"}):
        made = send(office.admin, "plans", json={**wish, **where}).get_json()
        lons = [lon for route in made["routes"] for lon, _lat in route["line"]]
        assert lons
        assert min(lons) >= county.WEST + 0.0195
        assert made["asked"]["polygon"]["type"] in {"Polygon", "MultiPolygon"}


def test_phones_get_every_point(office: Office, plan: dict) -> None:
    answer = office.reader.client.get(f"/api/v1/plans/{plan['id']}/routes.gpx")
    assert answer.mimetype == "application/gpx+xml"
    assert "attachment" in answer.headers["Content-Disposition"]
    routes = Tree.fromstring(answer.data).findall(f"{GPX}rte")
    assert len(routes) == 2
    for route, kept in zip(routes, plan["routes"], strict=True):
        points = [(float(p.get("lon")), float(p.get("lat"))) for p in route.iter(f"{GPX}rtept")]
        assert len(points) >= len(kept["line"])
        for place in kept["line"]:
            assert min(abs(x - place[0]) + abs(y - place[1]) for x, y in points) < 3e-6
    kml = office.reader.client.get(f"/api/v1/plans/{plan['id']}/routes.kml")
    assert len(Tree.fromstring(kml.data).findall(".//{*}LineString")) == 2
    refused(office.reader.client.get(f"/api/v1/plans/{plan['id']}/routes.exe"), 404, "exe")


def test_the_sheet_may_only_use_its_own_style(office: Office, plan: dict) -> None:
    answer = office.reader.client.get(f"/plans/{plan['id']}/sheet")
    html = answer.get_data(as_text=True)
    policy = answer.headers["Content-Security-Policy"]
    style = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    mark = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"style-src 'sha256-{mark}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script" not in html + policy
    assert html.count("<section>") == 2
    assert "模拟数据" in html
    assert office.reader.client.get("/plans/999/sheet").status_code == 404


def test_planned_and_walked_are_compared_once_the_day_has_come(office: Office, plan: dict) -> None:
    walked = office.reader.json(f"plans/{plan['id']}/walked")["walked"]
    assert plan["over"]
    assert walked["day"] == WALKED_DAY
    assert walked["walked_m"] > 1000
    planned = sum(route["planned_m"] for route in walked["routes"])
    assert planned == pytest.approx(sum(route["length_m"] for route in plan["routes"]), rel=1e-3)
    assert 0 <= walked["followed_m"] <= planned
    later = send(office.admin, "plans", json={**FAR, "day": "2199-01-01"}).get_json()
    assert not later["over"]
    assert office.reader.json(f"plans/{later['id']}/walked")["walked"] is None


BAD = [
    ({"name": " "}, "名称"), ({"name": "x" * 101}, "名称"), ({"name": "a\nb"}, "控制字符"), ({"hours": 0}, "小时数"),
    ({"hours": 25}, "24"), ({"hours": "six"}, "six"), ({"hours": None}, "小时数"), ({"teams": 11}, "队数"), ({"teams": 1.5}, "整数"),
    ({"starts": []}, "出发点"), ({"starts": [[1]]}, "出发点"), ({"starts": [["1", "2"]]}, "出发点"), ({"starts": [START] * 11}, "10"),
    ({"starts": [[0, 0]]}, "太远"), ({"starts": [[True, 1]]}, "出发点"), ({"starts": [[10**400, 1]]}, "出发点"), ({"hours": 10**400}, "小时数"), ({"day": "soon"}, "soon"), ({"day": "0001-01-01"}, "1990"),
    ({"unit": "none"}, "none"), ({"speed_kmh": 100}, "步行速度"), ({"width_m": -1}, "扫视宽度"), ({"seed": -1}, "种子"),
    ({"polygon": {"type": "Point", "coordinates": START}}, "多边形"), ({"polygon": square(0, 0, 1, 1)}, "行动"), ({"polygon": square(0, 0, 10**400, 1)}, "多边形"), ({"seed": 10**400}, "种子"),
    ({"iterations": 10**9}, "iterations"), ({"campaign": "x"}, "行动"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "word"), BAD)
def test_bad_wishes_name_the_field(office: Office, change: dict, word: str) -> None:
    before = len(office.admin.json("plans")["plans"])
    refused(send(office.admin, "plans", json={**WISH, **change}), 400, word)
    assert len(office.admin.json("plans")["plans"]) == before


def test_what_is_not_there_is_not_planned(office: Office) -> None:
    refused(send(office.admin, "plans", json={**WISH, "area": "nowhere"}), 404, "nowhere")
    refused(send(office.admin, "plans", json={**WISH, "campaign": 99}), 404, "99")
    refused(send(office.admin, "plans", json=[]), 400, "JSON")
    assert send(office.admin, "plans", data=b"x" * 70_000).status_code == 413


def test_one_plan_is_made_at_a_time(office: Office) -> None:
    slot = office.app.extensions["geoinspect"].plan_slot
    assert slot.acquire(blocking=False)
    try:
        answer = send(office.admin, "plans", json=WISH)
        refused(answer, 503, "稍候")
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        slot.release()
    # A wish that can't be met gives the slot back.
    assert send(office.admin, "plans", json=FAR).status_code == 200
    assert slot.acquire(blocking=False)
    slot.release()


def test_a_plan_without_routes_still_has_its_pages(office: Office) -> None:
    made = send(office.admin, "plans", json={**FAR, "day": WALKED_DAY}).get_json()
    assert made["gain"] == 0
    assert office.reader.client.get(f"/plans/{made['id']}").status_code == 200
    assert office.reader.client.get(f"/plans/{made['id']}/sheet").status_code == 200
    assert office.reader.client.get(f"/api/v1/plans/{made['id']}/walked").status_code == 200


def test_a_plan_can_be_taken_away(office: Office) -> None:
    made = send(office.admin, "plans", json=FAR).get_json()
    assert send(office.admin, f"plans/{made['id']}", "DELETE").status_code == 200
    refused(office.admin.client.get(f"/api/v1/plans/{made['id']}"), 404, str(made["id"]))
    refused(send(office.admin, f"plans/{made['id']}", "DELETE"), 404, str(made["id"]))
