"""The review queue through the API: answers, two people, files, models, and hostile callers."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import PASSWORD, USER, Visitor
from flask import Flask
from PIL import Image
from review_builders import add_candidates, is_poppy, meadow_survey
from search_builders import refused, send
from sqlalchemy import select

from geoinspect.store import people
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace
from webmap import create_app

SECOND, READER = "分析员二", "指挥员一"


def review_workspace(folder: Path, *, config: str = "simulated = true\n") -> tuple[Path, int, int]:
    """A workspace with two surveys of one ground and three people."""
    folder.mkdir(parents=True, exist_ok=True)
    with Workspace.create(folder / "w", config=config) as workspace:
        one, two = (meadow_survey(workspace, folder, seed=k, day=10 * k) for k in (1, 2))
        add_candidates(workspace, one)
        add_candidates(workspace, two, 8)
        with workspace.database.writing() as session:
            for name, role in ((USER, "admin"), (SECOND, "analyst"), (READER, "commander")):
                people.add_user(session, name=name, role=role, unit_code=None, password=PASSWORD)
    return folder / "w", one, two


class Desk:
    """An app over surveys to review, and its people."""

    def __init__(self, app: Flask, survey: int, other: int) -> None:
        self.app, self.survey, self.other = app, survey, other
        self.first, self.second, self.reader = map(self._signed_in, (USER, SECOND, READER))
        # The token of a session serves all it sends.
        self.tokens = {id(v): v.token("/upload") for v in (self.first, self.second, self.reader)}

    def _signed_in(self, name: str) -> Visitor:
        visitor = Visitor(self.app.test_client())
        assert visitor.sign_in(name, PASSWORD).status_code == 302
        return visitor

    def say(self, who: Visitor, patch: int, label: str, survey: int | None = None, **more: object):
        headers = {"X-CSRFToken": self.tokens[id(who)]}
        body = {"patch": patch, "label": label, **more}
        path = f"/api/v1/review/{survey or self.survey}/labels"
        return who.client.post(path, json=body, headers=headers)


def make_desk(folder: Path, **more: str) -> Desk:
    where, one, two = review_workspace(folder, **more)
    return Desk(create_app(where, testing=True), one, two)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = make_desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


def first_open(desk: Desk, who: Visitor) -> dict:
    return who.json(f"review/{desk.survey}")["coming"][0]


def test_the_queue_tells_all_that_a_person_needs(desk: Desk) -> None:
    told = desk.reader.json(f"review/{desk.survey}")
    one = told["coming"][0]
    assert len(told["coming"]) == 6
    assert set(one["reasons"]) == {"glaucous", "petals", "texture"}
    assert [other["survey"] for other in one["others"]] == [desk.survey, desk.other]
    assert [other["this"] for other in one["others"]] == [True, False]
    # The outline in metres round its middle: two metres by half a metre.
    ring = np.array(one["outline"][0])
    assert np.ptp(ring, axis=0) == pytest.approx([2.0, 0.5], abs=0.02)
    assert abs(ring.mean(axis=0)).max() < 0.3
    assert told["progress"]["candidates"] == 64
    assert {"expected", "low", "high"} <= set(told["advice"])
    listed = {row["id"]: row for row in desk.reader.json("review")["surveys"]}
    assert (
        listed[desk.survey]["open"] == 64 - told["progress"]["settled"] - told["progress"]["seen"]
    )


def test_an_answer_is_kept_once_and_can_be_taken_back(desk: Desk) -> None:
    patch = first_open(desk, desk.first)["patch"]
    seen = desk.first.json(f"review/{desk.survey}")["progress"]["seen"]
    for _ in range(2):
        told = desk.say(desk.first, patch, "other", reason="crop", seconds=2.5, client_id="a" * 32)
        assert told.status_code == 200, told.get_json()
        assert told.get_json()["progress"]["seen"] == seen + 1
        assert patch not in [one["patch"] for one in told.get_json()["coming"]]
    rows = desk.first.json(f"review/{desk.survey}/labels")["labels"]
    assert (rows[0]["patch"], rows[0]["reason"], rows[0]["actor"]) == (patch, "crop", USER)
    again = desk.say(desk.first, patch, "poppy", client_id="a" * 32)
    refused(again, 400, "提交编号")
    refused(
        desk.say(desk.first, patch, "other", reason="grass", client_id="a" * 32), 400, "提交编号"
    )
    undone = send(desk.first, f"review/{desk.survey}/undo", json={"client_id": "b" * 32})
    assert undone.get_json()["coming"][0]["patch"] == patch
    assert undone.get_json()["progress"]["seen"] == seen
    send(desk.first, f"review/{desk.survey}/undo", json={"client_id": "b" * 32})
    assert desk.first.json(f"review/{desk.survey}")["progress"]["seen"] == seen
    assert desk.first.json(f"review/{desk.survey}", patch=patch)["coming"][0]["patch"] == patch


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("labels", {"label": "poppy"}, 400, "图斑"), ("labels", {"patch": 1}, 400, "回答"),
        ("labels", {"patch": 1, "label": "withdrawn"}, 400, "回答"), ("labels", {"patch": 1, "label": "tulip"}, 400, "tulip"),
        ("labels", {"patch": "1; DROP", "label": "poppy"}, 400, "图斑"), ("labels", {"patch": -1, "label": "poppy"}, 400, "图斑"),
        ("labels", {"patch": 10**15, "label": "poppy"}, 404, str(10**15)), ("labels", {"patch": 1, "label": "other", "reason": "<b>"}, 400, "<b>"),
        ("labels", {"patch": 1, "label": "poppy", "client_id": "../../etc"}, 400, "提交编号"), ("labels", {"patch": 1, "label": "poppy", "client_id": "a" * 65}, 400, "提交编号"),
        ("labels", {"patch": 1, "label": "poppy", "seconds": "nan"}, 400, "用时"), ("labels", {"patch": 1, "label": "poppy", "actor": "x"}, 400, "actor"),
        ("labels", {"patch": 1.9, "label": "poppy"}, 400, "整数"), ("labels", {"patch": "1_0", "label": "poppy"}, 400, "图斑"),
        ("labels", {"patch": 1, "label": "poppy", "reason": "crop"}, 400, "原因"), ("labels", {"patch": "１", "label": "poppy"}, 400, "图斑"),
        ("undo", {"patch": 10**15}, 404, "撤回"), ("undo", {"patch": 2**70}, 400, "图斑"), ("models", {"name": 5}, 400, "名称"), ("models/99", {}, 404, "99"),
    ],
)  # fmt: skip
def test_bad_answers_are_refused_in_words(
    desk: Desk, path: str, body: dict, status: int, word: str
) -> None:
    refused(send(desk.first, f"review/{desk.survey}/{path}", json=body), status, word)


def test_a_patch_of_another_survey_is_none_here(desk: Desk) -> None:
    elsewhere = desk.first.json(f"review/{desk.other}")["coming"][0]["patch"]
    refused(desk.say(desk.first, elsewhere, "poppy"), 404, str(elsewhere))
    for path in ("99", "99/labels", "99/models", "99/labels.csv"):
        refused(desk.first.client.get(f"/api/v1/review/{path}"), 404, "99")
    refused(desk.say(desk.first, elsewhere, "poppy", survey=99), 404, "99")
    refused(desk.first.client.get(f"/api/v1/review/{desk.survey}/labels.exe"), 404, "exe")


def test_only_deciders_answer_and_only_with_the_token(desk: Desk) -> None:
    patch = first_open(desk, desk.reader)["patch"]
    refused(desk.say(desk.reader, patch, "poppy"), 403, "分析员")
    for path, method in (("undo", "POST"), ("models", "POST"), ("models/1", "POST"), ("models/1", "DELETE")):  # fmt: skip
        refused(send(desk.reader, f"review/{desk.survey}/{path}", method, json={}), 403)
    plain = desk.first.client.post(
        f"/api/v1/review/{desk.survey}/labels", json={"patch": patch, "label": "poppy"}
    )
    assert plain.status_code == 400
    assert plain.get_json()["code"] == "page_expired"


def test_two_people_must_agree(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "two", config="simulated = true\nreview_people = 2\n")
    try:
        patch = first_open(desk, desk.first)["patch"]
        desk.say(desk.first, patch, "poppy")
        path = f"review/{desk.survey}"
        assert desk.second.json(f"{path}/labels")["labels"] == []
        assert desk.second.client.get(f"/api/v1/{path}/labels.csv").data.count(b"\n") == 1
        told = desk.second.json(path, patch=patch)
        assert told["coming"][0]["mine"] is None
        assert told["progress"]["settled"] == 0
        told = desk.say(desk.second, patch, "other").get_json()
        assert (told["progress"]["settled"], told["progress"]["third"]) == (0, 1)
        rows = desk.first.json(f"{path}/labels", label="third")["labels"]
        assert {row["actor"]: row["label"] for row in rows} == {USER: "poppy", SECOND: "other"}
        told = desk.say(desk.second, patch, "poppy").get_json()
        assert told["progress"]["poppy"] == 1
    finally:
        desk.app.extensions["geoinspect"].workspace.close()


def picture(desk: Desk, patch: int, **query: object) -> np.ndarray:
    answer = desk.reader.client.get(f"/api/v1/patches/{patch}/chip.png", query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGBA"))


def test_chips_are_true_to_scale(desk: Desk) -> None:
    # A candidate well inside the picture.
    queue = desk.reader.json(f"review/{desk.survey}")
    patch = min(queue["coming"], key=lambda one: abs(one["point"][0] % 0.0005 - 0.00025))["patch"]
    plain = picture(desk, patch, outline=0, size=256, span_m=25.6)
    assert plain.shape == (256, 256, 4)
    assert picture(desk, patch, outline=0, size=128, span_m=12.8).shape == (128, 128, 4)
    # One pixel of the picture is four of the screen: true pixels, each a square.
    near = picture(desk, patch, outline=0, size=256, span_m=6.4)
    assert len(np.unique(near.reshape(-1, 4), axis=0)) <= 66 * 66
    drawn = picture(desk, patch, size=256, span_m=25.6)
    changed = np.argwhere((drawn != plain).any(axis=2))
    # Two metres by half a metre at a decimetre a pixel, and the line's own width.
    assert 18 <= np.ptp(changed[:, 1]) <= 28
    assert 4 <= np.ptp(changed[:, 0]) <= 12
    assert np.abs(changed.mean(axis=0) - 128).max() < 4
    other = picture(desk, patch, outline=0, size=256, span_m=25.6, survey=desk.other)
    assert not np.array_equal(other, plain)


@pytest.mark.parametrize(
    ("query", "status"),
    [("size=9999", 400), ("size=x", 400), ("span_m=0", 400), ("span_m=inf", 400), ("span_m=1e9", 400), ("survey=99", 404), ("survey=-1", 400), ("survey=1e30", 400)],
)  # fmt: skip
def test_strange_chips_are_refused(desk: Desk, query: str, status: int) -> None:
    patch = first_open(desk, desk.reader)["patch"]
    refused(desk.reader.client.get(f"/api/v1/patches/{patch}/chip.png?{query}"), status)


def test_a_chip_that_is_known_is_not_made_again(desk: Desk) -> None:
    patch = first_open(desk, desk.reader)["patch"]
    address = f"/api/v1/patches/{patch}/chip.png?size=64&span_m=10&outline=0"
    first = desk.reader.client.get(address)
    again = desk.reader.client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert "private" in first.headers["Cache-Control"]
    wider = desk.reader.client.get(address.replace("=10", "=11"))
    assert wider.headers["ETag"] != first.headers["ETag"]


def test_labels_go_out_and_models_move(desk: Desk) -> None:
    with desk.app.extensions["geoinspect"].workspace.database.reading() as session:
        mine = select(PatchRow.id).where(PatchRow.survey_id == desk.survey)
        patches = list(session.scalars(mine.order_by(PatchRow.id)))
    for k, patch in enumerate(patches[:12]):
        assert desk.say(desk.second, patch, "poppy" if is_poppy(k) else "other").status_code == 200
    address = f"/api/v1/review/{desk.survey}/labels"
    text = desk.reader.client.get(f"{address}.csv").get_data(as_text=True)
    assert text.count("poppy") >= 2
    answer = desk.reader.client.get(f"{address}.gpkg")
    assert f"labels-{desk.survey}.gpkg" in answer.headers["Content-Disposition"]
    database = sqlite3.connect(":memory:")
    database.deserialize(answer.data)
    assert database.execute("SELECT count(*) FROM labels").fetchone()[0] == text.count("\n") - 1
    assert len(desk.reader.client.get(f"{address}.geojson").get_json()["features"]) >= 12
    models = send(desk.first, f"review/{desk.survey}/models", json={"name": "<b>甲</b>"}).get_json()
    model = models["models"][0]
    assert model["name"] == "<b>甲</b>"
    path = f"review/{desk.other}/models/{model['id']}"
    used = send(desk.first, path, json={}).get_json()["models"][0]
    assert used["used"]
    assert desk.first.json(f"review/{desk.other}")["verdicts"] >= 12
    assert send(desk.first, path, "DELETE").get_json()["models"][0]["used"] is False
    refused(send(desk.first, path, "DELETE"), 404)
    refused(send(desk.first, f"review/{desk.other}/models", json={}), 400, "5")


def test_the_page_needs_a_survey(desk: Desk) -> None:
    assert desk.reader.client.get("/review/99").status_code == 404
    assert desk.reader.client.get("/review").status_code == 200
    page = desk.reader.client.get(f"/review/{desk.survey}").get_data(as_text=True)
    assert "data-say" not in page
    assert "data-say" in desk.first.client.get(f"/review/{desk.survey}").get_data(as_text=True)


def test_a_county_without_surveys_says_so(
    new_app: Callable[[Path], Flask], empty_folder: Path
) -> None:
    visitor = Visitor(new_app(empty_folder).test_client())
    visitor.sign_in()
    assert visitor.json("review")["surveys"] == []
