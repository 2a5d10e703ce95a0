"""What a phone needs to keep the pages: manifest, worker, stand-in; and a person's own week."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
from conftest import ROOT, Visitor
from flask import Flask
from PIL import Image

from geoinspect import crs as crs_
from geoinspect.casework.told import today_of
from geoinspect.records import MU_M2
from webmap.field_pages import SHELL_PAGES, TAG

SCRIPTS = ROOT / "webmap" / "static" / "js"
# What Chrome 88 lacks, with the version that has it: the oldest browser of the field pages.
NEWER = {
    r"\.at\(": 92,
    r"structuredClone": 98,
    r"Object\.hasOwn\b": 93,
    r"\.findLast(Index)?\(": 97,
    r"\.to(Sorted|Reversed|Spliced)\(": 110,
    r"Array\.fromAsync|Object\.groupBy|Promise\.withResolvers": 117,
    r"AbortSignal\.(timeout|any)": 103,
    r"\bstatic \{": 94,
    r"#\w+ in ": 91,
    r"crypto\.randomUUID": 92,
    r"\b(query|params)\.size\b|searchParams\.size": 113,
    r"^await ": 89,
}
STYLES_NEWER = {
    r":has\(": 105,
    r"@layer": 99,
    r"@container": 105,
    r"color-mix": 111,
    r"\ddvh\b": 108,
    r"(?m)^\s*&": 112,
}


def told_to_worker(text: str) -> dict[str, object]:
    return json.loads(re.match(r"self\.OFFLINE = (\{.*\});\n", text)[1])


def field_scripts() -> list[Path]:
    """The scripts of a field person's pages with all that they import; the map's are its own."""
    found: set[str] = set()
    waiting = ["today", "upload", "upload_sent", "sent_questions", "me", "case", "site"]
    waiting += ["frame", "offline"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (SCRIPTS / f"{name}.js").read_text("utf-8")
            waiting += re.findall(r'(?:from|import) "\./(\w+)\.js"', text)
    return [SCRIPTS / f"{name}.js" for name in sorted(found - {"draw"})]


def test_the_manifest_makes_an_app_in_the_readers_language(stranger: Visitor) -> None:
    for language, name in (("zh_CN", "禁种踏查"), ("en", "Poppy patrol")):
        answer = stranger.client.get(f"/manifest.webmanifest?language={language}")
        assert answer.mimetype == "application/manifest+json"
        told = answer.get_json(force=True)
        assert (told["start_url"], told["scope"], told["display"]) == ("/today", "/", "standalone")
        assert told["name"] == name
        sides = set()
        for icon in told["icons"]:
            picture = stranger.client.get(icon["src"], buffered=True)
            assert picture.status_code == 200
            if icon["type"] == "image/png":
                side = Image.open(BytesIO(picture.data)).size
                assert icon["sizes"] == f"{side[0]}x{side[1]}"
                sides.add(side)
        assert sides == {(192, 192), (512, 512)}


def test_the_worker_rules_all_pages_and_every_file_of_it_is_there(
    app: Flask, stranger: Visitor
) -> None:
    answer = stranger.client.get("/service-worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert "no-cache" in answer.headers["Cache-Control"]
    told = told_to_worker(answer.get_data(as_text=True))
    assert tuple(told["pages"]) == SHELL_PAGES
    for file in told["files"]:
        got = stranger.client.get(file)
        assert got.status_code == 200, file
        got.close()


def test_all_that_the_kept_pages_load_is_kept(visitor: Visitor) -> None:
    files = set(
        told_to_worker(visitor.client.get("/service-worker.js").get_data(as_text=True))["files"]
    )
    for page in ("/today", "/upload", "/sent", "/me"):
        text = visitor.client.get(page).get_data(as_text=True)
        asked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
        assert len(asked) > 5
        assert asked <= files, (page, asked - files)


def test_answers_name_their_session_and_strangers_get_none(
    app: Flask, visitor: Visitor, stranger: Visitor
) -> None:
    other = Visitor(app.test_client())
    other.sign_in("二号")
    tags = [v.client.get("/today").headers[TAG] for v in (visitor, other)]
    assert len(set(tags)) == 2
    assert visitor.client.get("/api/v1/today").headers[TAG] == tags[0]
    for path in ("/login", "/offline", "/service-worker.js", "/today"):
        assert TAG not in stranger.client.get(path).headers
    assert "测试员" not in visitor.client.get("/offline").get_data(as_text=True)
    # Signed in once more is another session.
    again = Visitor(app.test_client())
    again.sign_in()
    assert again.client.get("/today").headers[TAG] not in tags


def test_a_fresh_token_is_good_and_says_whose_it_is(app: Flask) -> None:
    mine = Visitor(app.test_client())
    mine.sign_in("二号")
    told = mine.json("field/pass")
    assert told["person"]["name"] == "二号"
    path = "/api/v1/cases/1/steps"
    good = mine.client.post(path, json={}, headers={"X-CSRFToken": told["csrf"]})
    stale = mine.client.post(path, json={}, headers={"X-CSRFToken": told["csrf"][:-3] + "abc"})
    assert stale.get_json()["code"] == "page_expired"
    assert good.get_json()["code"] != "page_expired"


def test_the_week_tells_what_this_person_sent(app: Flask) -> None:
    mine, other = Visitor(app.test_client()), Visitor(app.test_client())
    mine.sign_in("二号")
    other.sign_in()
    yesterday = datetime.combine(today_of() - timedelta(days=1), time(2), UTC)
    line = county.walk(offset=0.0071)
    before = other.json("field/week")
    sent = mine.send(county.gpx(line, start=yesterday).encode(), "本周.gpx")
    assert sent.status_code == 201
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", line[:, 0], line[:, 1])
    walked_m = float(np.hypot(np.diff(x), np.diff(y)).sum())
    week = mine.json("field/week")
    assert len(week["by_day"]) == 7
    assert week["last_day"] == today_of().isoformat()
    assert week["tracks"] == 1
    assert week["walked_m"] == pytest.approx(walked_m, rel=0.02)
    (day,) = [one["day"] for one in week["by_day"] if one["walked_m"]]
    assert day == yesterday.date().isoformat()
    assert week["ground"]["area_mu"] == pytest.approx(week["ground"]["area_m2"] / MU_M2, abs=0.01)
    assert other.json("field/week")["tracks"] == before["tracks"]


def test_the_field_pages_run_in_chrome_88() -> None:
    scripts = field_scripts()
    assert {"today.js", "outbox.js", "upload_send.js", "me.js"} < {path.name for path in scripts}
    found = [
        (path.name, version, match[0])
        for path in [*scripts, SCRIPTS / "service_worker.js"]
        for pattern, version in NEWER.items()
        for match in re.finditer(pattern, path.read_text("utf-8"), re.M)
    ]
    assert found == []
    for name in ("today", "upload", "frame", "parts", "tokens"):
        text = (ROOT / "webmap/static/css" / f"{name}.css").read_text("utf-8")
        assert [v for p, v in STYLES_NEWER.items() if re.search(p, text)] == [], name
