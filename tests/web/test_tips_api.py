"""The public form and what the office makes of tips, asked without a screen."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from case_builders import COUNTY, county, place
from conftest import PASSWORD, USER, Visitor
from flask import Flask
from photo_builders import exif_bytes, jpeg_bytes
from PIL import Image

from geoinspect.cases.tip_codes import new_code
from geoinspect.store import people
from webmap import create_app, tip_pages

PHONE, OWNER, ADDRESS, AGENT = "13912345678", "CANARY-OWNER", "203.0.113.77", "CanaryBrowser/1.0"
PEOPLE = (
    (USER, "admin", None),
    ("分析", "analyst", "U1"),
    ("指挥", "commander", "U1"),
    ("审计", "auditor", "U1"),
    ("一所", "field", "U11"),
    ("二所", "field", "U12"),
)


def tip_workspace(
    folder: Path, *, config: str = "public_tips = true\ntip_photo_max_mb = 0.2\n"
) -> Path:
    """A county with people of every role, whose public form is open."""
    with county(folder) as workspace, workspace.database.writing() as session:
        for name, role, unit in PEOPLE:
            people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
    with (folder / "geoinspect.toml").open("a", encoding="utf-8") as out:
        out.write(config)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tip_workspace(tmp_path / "w")


@pytest.fixture
def tip_app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    # Tests fill a form quicker than people.
    monkeypatch.setattr(tip_pages, "_LEAST_S", 0.0)
    made = create_app(folder, testing=True)
    yield made
    made.extensions["geoinspect"].workspace.close()


@pytest.fixture
def signed_in(tip_app: Flask) -> Callable[[str], Visitor]:
    def make(name: str) -> Visitor:
        visitor = Visitor(tip_app.test_client())
        assert visitor.sign_in(name).status_code == 302
        return visitor

    return make


class Reporter:
    """Somebody with the public form before them."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        page = self.client.get("/tip").get_data(as_text=True)
        self.token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
        self.form = page.split('name="form" value="', 1)[1].split('"', 1)[0]

    def send(self, *, script: bool = True, **more: Any):
        at = place()
        fields = {
            **{"csrf_token": self.token, "form": self.form, "text": f"有罂粟,电话{PHONE}"},
            **{"place": "李家沟", "lon": f"{at.x:.6f}", "lat": f"{at.y:.6f}"},
            **{"place_from": "map", "reward": "1", **more},
        }
        return self.client.post(
            "/tip",
            data={name: value for name, value in fields.items() if value is not None},
            headers={"Accept": "application/json"} if script else {},
            content_type="multipart/form-data",
            environ_overrides={"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": AGENT},
        )

    def ask(self, code: str):
        return self.client.post("/tip/status", data={"csrf_token": self.token, "code": code})


def photo() -> tuple[io.BytesIO, str]:
    exif = Image.Exif()
    exif.load(exif_bytes())
    exif[0x013B] = OWNER
    return io.BytesIO(jpeg_bytes(exif.tobytes())), f"{OWNER}.jpg"


def act(visitor: Visitor, tip: int, step: str, **body: object):
    headers = {"X-CSRFToken": visitor.token("/tips")}
    return visitor.client.post(f"/api/v1/tips/{tip}/{step}", json=body, headers=headers)


def test_the_public_pages_are_closed_until_opened(tmp_path: Path) -> None:
    app = create_app(tip_workspace(tmp_path / "w", config=""), testing=True)
    client = app.test_client()
    for method in ("GET", "POST"):
        for address in ("/tip", "/tip/status"):
            assert client.open(address, method=method).status_code == 404
    app.extensions["geoinspect"].workspace.close()


def test_a_tip_is_taken_and_leaves_no_trace_of_its_sender(
    tip_app: Flask, folder: Path, caplog: pytest.LogCaptureFixture, capfd
) -> None:
    caplog.set_level(logging.DEBUG)
    reporter = Reporter(tip_app)
    answer = reporter.send(photos=[photo(), photo()], photo_place="1")
    assert answer.status_code == 201, answer.get_data(as_text=True)
    told = answer.get_json()
    assert told["masked"] == 1
    assert len(told["code"]) == 23
    assert told["code"] in reporter.send(script=False).get_data(as_text=True)
    assert reporter.ask(told["code"]).status_code == 200
    for _ in range(20):
        last = Reporter(tip_app).send()
    assert last.status_code == 429
    logged = caplog.text + "".join(capfd.readouterr())
    tip_app.extensions["geoinspect"].workspace.close()
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    canaries = (PHONE, OWNER, ADDRESS, AGENT, told["code"], told["code"].replace("-", ""))
    for canary in canaries:
        assert canary.encode() not in kept, canary
        assert canary not in logged, canary
    assert "李家沟".encode() in kept


def test_a_repeat_is_one_tip_with_one_code(tip_app: Flask, signed_in) -> None:
    reporter = Reporter(tip_app)
    first, second = reporter.send().get_json(), reporter.send().get_json()
    assert (first["again"], second["again"]) == (False, True)
    assert first["code"] == second["code"]
    listed = signed_in(USER).json("tips")
    assert len(listed["tips"]) == 1
    assert listed["figures"]["unanswered"] == 1


def test_what_the_form_refuses(tip_app: Flask) -> None:
    reporter = Reporter(tip_app)
    for more, status in (
        ({"csrf_token": "x"}, 400),
        ({"form": "forged"}, 400),
        ({"website": "http://spam"}, 400),
        ({"text": "", "photos": None}, 400),
        ({"place": "", "lon": "", "lat": ""}, 400),
        ({"lon": "nan"}, 400),
        ({"photos": (io.BytesIO(b"no picture"), "a.jpg")}, 422),
        ({"photos": [photo() for _ in range(4)]}, 400),
    ):
        answer = reporter.send(**more)
        assert answer.status_code == status, more
        if "csrf_token" not in more:
            assert answer.get_json()["message_zh"]
    again = reporter.send(script=False, place="", lon="", lat="", text="有罂粟 原话")
    assert again.status_code == 400
    page = again.get_data(as_text=True)
    assert "请说明地点" in page
    assert "有罂粟 原话" in page
    # Nothing was taken, so the same form still serves.
    assert reporter.send().get_json()["again"] is False


def test_too_quick_and_too_old_forms(tip_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    reporter = Reporter(tip_app)
    monkeypatch.setattr(tip_pages, "_LEAST_S", 3600.0)
    assert "太快" in reporter.send().get_json()["message_zh"]
    monkeypatch.setattr(tip_pages, "_LEAST_S", 0.0)
    monkeypatch.setattr(tip_pages, "_MOST_S", -1.0)
    assert "过期" in reporter.send().get_json()["message_zh"]


def test_large_bodies_are_refused_before_they_are_read(tip_app: Flask) -> None:
    reporter = Reporter(tip_app)
    answer = reporter.client.post(
        "/tip",
        headers={"Accept": "application/json"},
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": "200000000"},
    )
    assert answer.status_code == 413
    assert "0.2 MB" in answer.get_json()["message"]
    large = (io.BytesIO(b"\xff\xd8" + bytes(250_000)), "a.jpg")
    assert reporter.send(photos=large).status_code == 413


def test_sending_again_is_not_telling_more(tip_app: Flask, signed_in) -> None:
    reporter = Reporter(tip_app)
    assert [reporter.send().status_code for _ in range(30)] == [201] * 30
    others = [Reporter(tip_app).send().status_code for _ in range(22)]
    assert others == [201] * 19 + [429] * 3
    # Over the limit, whose answer was lost still hears of it: it is no new tip.
    late = reporter.send()
    assert (late.status_code, late.get_json()["again"]) == (201, True)
    assert len(signed_in(USER).json("tips")["tips"]) == 20
    # Reading bodies has its own limit, for forms that are known too.
    assert [reporter.send().status_code for _ in range(30)][-3:] == [429] * 3


def test_who_found_no_slot_is_not_counted(tip_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Barrier(5), threading.Event()
    taken = tip_pages.take_tip

    def slow(*args: Any, **more: Any) -> Any:
        inside.wait(30)
        go_on.wait(30)
        return taken(*args, **more)

    monkeypatch.setattr(tip_pages, "take_tip", slow)
    reporters = [Reporter(tip_app) for _ in range(4)]
    late = Reporter(tip_app)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(one.send) for one in reporters]
        inside.wait(30)
        assert [late.send().status_code for _ in range(100)] == [503] * 100
        go_on.set()
        assert [one.result().status_code for one in waiting] == [201] * 4
    monkeypatch.setattr(tip_pages, "take_tip", taken)
    assert late.send().status_code == 201


def test_unknown_and_malformed_codes_look_alike(tip_app: Flask) -> None:
    reporter = Reporter(tip_app)
    token = reporter.token

    def page(code: str) -> str:
        answer = reporter.ask(code)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def plain(text: str) -> str:
        lines = (line for line in text.splitlines() if "csrf" not in line and "nonce" not in line)
        return "\n".join(lines)

    assert token
    pages = {plain(page(code)) for code in (new_code(), new_code(), "x", "A" * 150, "零")}
    assert len(pages) == 1
    assert "没有与此码相符的举报" in pages.pop()


def test_limits_have_clear_words(tip_app: Flask) -> None:
    reporter = Reporter(tip_app)
    answers = [reporter.ask("x").status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]
    page = reporter.ask("x").get_data(as_text=True)
    assert "110" in page
    # Another network is not held up, and neither is looking at the form.
    assert reporter.client.get("/tip/status").status_code == 200
    assert reporter.client.get("/tip").status_code == 200


def test_strangers_learn_nothing_of_the_workspace(tip_app: Flask) -> None:
    client = tip_app.test_client()
    for address in ("/tip", "/tip/status"):
        page = client.get(address).get_data(as_text=True)
        for secret in (COUNTY, "第1乡", "派出所", "县局", "/cases", "/tiles", USER):
            assert secret not in page, (address, secret)
    for address in ("/tips", "/api/v1/tips", "/api/v1/tips/1", "/api/v1/tips/1/photos/1.jpg"):
        assert client.get(address).status_code in (302, 401)
    assert client.post("/api/v1/tips/1/dismiss", json={}).status_code == 401


def test_the_office_makes_a_case_and_the_code_tells(tip_app: Flask, signed_in) -> None:
    reporter = Reporter(tip_app)
    code = reporter.send(photos=[photo()]).get_json()["code"]
    analyst = signed_in("分析")
    (tip,) = analyst.json("tips")["tips"]
    assert (tip["text"], tip["reward"]) == ("有罂粟,电话〔已隐去〕", "asked")
    picture = analyst.client.get(f"/api/v1/tips/{tip['id']}/photos/1.jpg")
    assert picture.mimetype == "image/jpeg"
    assert OWNER.encode() not in picture.data
    assert analyst.client.get(f"/api/v1/tips/{tip['id']}/photos/2.jpg").status_code == 404
    done = act(analyst, tip["id"], "case", title="李家沟后山", client_id="step-0001").get_json()
    again = act(analyst, tip["id"], "case", title="李家沟后山", client_id="step-0001").get_json()
    assert done["receipt"] == again["receipt"]
    assert again["again"] is True
    assert done["case"]["id"] == again["case"]["id"]
    assert "正在核查" in reporter.ask(code.lower()).get_data(as_text=True)
    assert act(analyst, tip["id"], "reward", state="granted", yuan=500).status_code == 403
    chief = signed_in("指挥")
    paid = act(chief, tip["id"], "reward", state="granted", yuan=500, client_id="step-0002")
    assert paid.get_json()["reward_yuan"] == 500
    assert "500 元" in reporter.ask(code).get_data(as_text=True)


def test_merging_and_setting_aside(tip_app: Flask, signed_in) -> None:
    for text in ("甲处有罂粟", "乙处有罂粟", "丙"):
        assert Reporter(tip_app).send(text=text).status_code == 201
    chief = signed_in("指挥")
    third, second, first = chief.json("tips")["tips"]
    assert {one["id"] for one in first["suggestions"]} == {second["id"], third["id"]}
    merged = act(chief, first["id"], "merge", into=second["number"], client_id="step-0001")
    assert merged.get_json()["claimant"]["id"] == first["id"]
    refused = act(chief, second["id"], "reward", state="granted", yuan=100)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_first")
    assert act(chief, third["id"], "dismiss", reason="nonsense").status_code == 400
    assert act(chief, third["id"], "dismiss", reason="other").status_code == 400
    assert act(chief, third["id"], "dismiss", reason="empty").get_json()["state"] == "dismissed"
    states = [one["state"] for one in chief.json("tips")["tips"]]
    assert states == ["received", "dismissed", "merged"]
    assert [one["id"] for one in chief.json("tips", state="merged")["tips"]] == [first["id"]]
    page = chief.json("tips", limit=2)
    assert [one["id"] for one in page["tips"]] == [second["id"], third["id"]]
    rest = chief.json("tips", limit=2, before=page["next"])
    assert [one["id"] for one in rest["tips"]] == [first["id"]]
    assert rest["next"] is None


def test_who_sees_tips(tip_app: Flask, signed_in) -> None:
    Reporter(tip_app).send()
    chief, own, other = signed_in(USER), signed_in("一所"), signed_in("二所")
    auditor = signed_in("审计")
    assert len(auditor.json("tips")["tips"]) == 1
    assert act(auditor, 1, "dismiss", reason="empty").status_code == 403
    for visitor in (own, other):
        assert visitor.json("tips") | {"may": None} == {
            **{"tips": [], "next": None, "figures": None, "may": None}
        }
        assert visitor.client.get("/api/v1/tips/1").status_code == 404
        assert act(visitor, 1, "case").status_code == 403
    case = act(chief, 1, "case").get_json()["case"]["id"]
    for action, more in (("triage", {}), ("assign", {"unit": "U11"})):
        headers = {"X-CSRFToken": chief.token("/tips")}
        step = {"action": action, **more}
        answer = chief.client.post(f"/api/v1/cases/{case}/steps", json=step, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
    (seen,) = own.json("tips")["tips"]
    assert seen["text"] == "有罂粟,电话〔已隐去〕"
    assert not {"reward", "claimant", "steps"} & seen.keys()
    assert other.json("tips")["tips"] == []
    assert other.client.get("/api/v1/tips/1").status_code == 404
