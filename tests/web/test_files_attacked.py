"""Attacks that come in files, the whole way: sent by HTTP, read by a worker, shown in a browser."""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import payload_files
import pytest
from conftest import PASSWORD, ROOT
from flask import Flask
from payload_files import DONE, FLAG, MARK
from playwright.sync_api import Page, sync_playwright
from scoped_county import EAST_PLACE, scoped_workspace
from served_office import PATIENCE_S, Served, served
from test_access_matrix import World
from test_login import VALUES
from test_payloads_shown import downloads, faults_of

from geoinspect.client import Client
from geoinspect.store import people
from geoinspect.store.tokens import add_token
from geoinspect.store.workspace import Workspace
from webmap import create_app
from webmap.access_rows import ROWS

sys.path.insert(0, str(ROOT / "scripts"))

import page_walk

FIELD, DESK = "field-east", "admin-all"
# Pages on which texts of files stand; texts of people on all pages are in test_payloads_shown.
SENDERS = ["/upload", "/sent", "/today"]
PAGES = ["/tracks", "/imports", "/jobs", "/units", "/work", "/review", "/targets"]


@dataclass(frozen=True)
class Sent:
    """A served county into which every file was sent, and what became of each."""

    server: Served
    app: Flask
    statuses: dict[str, int]
    receipts: list[dict[str, Any]]
    jobs: list[dict[str, Any]]


def post(port: int, token: str, path: str, data: bytes, **query: str) -> tuple[int, dict[str, Any]]:
    """Send raw bytes with their name in the query, as scripts do."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    with suppress(BrokenPipeError):
        # What is refused by its head alone is answered before all of it was sent.
        line.request("POST", f"/api/v1/{path}?{urlencode(query)}", data, headers)
    answer = line.getresponse()
    status, body = answer.status, answer.read()
    line.close()
    return status, json.loads(body)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with a hostile name."""
    place, names = EAST_PLACE, cycle(payload_files.names())
    for kind, data in payload_files.tracks(place).items():
        yield f"{next(names)}.{kind}", data
    for _ in range(len(payload_files.names()) - 5):
        yield f"{next(names)}.geojson", payload_files.geojson(place)
    for kind, data in (
        ("csv", payload_files.metres(place)),
        ("csv", payload_files.nameless(place)),
        ("jpg", payload_files.photo(place)),
        ("tif", payload_files.raster(folder, place)),
    ):
        yield f"{next(names)}.{kind}", data
    for name, data in payload_files.broken().items():
        yield f"{MARK}<b>{name}", data


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp("attacked")
    made = scoped_workspace(folder)
    tokens = {}
    with Workspace.open(made) as workspace, workspace.database.writing() as session:
        for name in (FIELD, DESK):
            who = people.needed_user(session, name)
            tokens[name], _row = add_token(session, label=MARK, user_id=who.id, days=1)
    with served(made, folder / "log", workers=2) as server:

        def send(name: str, data: bytes) -> tuple[str, int]:
            said = payload_files.attack(short=True)[:40]
            status, told = post(server.port, tokens[FIELD], "files", data, name=name, team=said)
            return f"{name} {told.get('message_zh', '')}", status

        with ThreadPoolExecutor(4) as pool:
            statuses = dict(pool.map(lambda one: send(*one), files(folder)))
        area = ("990100001", (EAST_PLACE[0], EAST_PLACE[1] + 0.003))
        numbers = []
        for name, data in payload_files.areas(folder, *area).items():
            named = f"{payload_files.attack(short=True)}{name}"
            statuses[named], told = post(server.port, tokens[DESK], "areas", data, name=named)
            numbers.append(told["job"])
        named = f"{payload_files.attack(short=True)}.csv"
        asked = {"name": named, "tolerance": "50"}
        listed = payload_files.targets(EAST_PLACE)
        statuses[named], _told = post(server.port, tokens[DESK], "target-lists", listed, **asked)
        with Client(server.base, tokens[FIELD]) as field, Client(server.base, tokens[DESK]) as desk:
            jobs = [desk.job(number, wait_s=PATIENCE_S) for number in numbers]
            receipts = [
                field.receipt(one["receipt"], wait_s=PATIENCE_S)
                for one in field.receipts()
                if MARK in one["file"]
            ]
        app = create_app(made, testing=True)
        app.config["INLINE_JOBS"] = False
        yield Sent(server, app, statuses, receipts, jobs)
        app.extensions["geoinspect"].workspace.close()


def test_each_file_has_an_end_in_words(sent: Sent) -> None:
    assert set(sent.statuses.values()) <= {201, 202}, sent.statuses
    states = {one["file"]: one["state"] for one in sent.receipts}
    assert set(states.values()) == {"added", "refused"}, states
    for one in [*sent.receipts, *sent.jobs]:
        told = json.dumps(one, ensure_ascii=False)
        assert "Traceback" not in told
        assert str(sent.server.folder) not in told
        assert "\0" not in told
        assert not re.search(
            "[\u202a-\u202e\u2066-\u2069]",
            json.dumps(one["subject"] if "subject" in one else one["file"]),
        )
    assert {job["state"] for job in sent.jobs} == {"done"}
    assert "Traceback" not in sent.server.said()
    assert {path.name for path in sent.server.folder.parent.iterdir() if MARK in path.name} == set()


def test_every_attack_came_in(sent: Sent) -> None:
    """Else the tests below would find nothing for want of anything to find."""
    database = sqlite3.connect(sent.server.folder / "geoinspect.db")
    for table, column in (
        *(("track", "name"), ("track", "team"), ("photo", "name"), ("survey", "name")),
        *(("upload", "name"), ("upload", "result"), ("area", "name"), ("target_list", "name")),
        *(("target", "code"), ("target", "note"), ("photo", "report"), ("survey", "report")),
    ):
        (count,) = database.execute(
            f'SELECT count(*) FROM "{table}" WHERE instr("{column}", ?)', (MARK,)
        ).fetchone()
        assert count, f"{table}.{column}"
    (areas,) = database.execute(
        "SELECT count(*) FROM area WHERE instr(name, ?)", (MARK,)
    ).fetchone()
    database.close()
    assert areas == 4


def numbers_of(sent: Sent) -> dict[str, Any]:
    """The number of one attacked record of each kind."""
    database = sqlite3.connect(sent.server.folder / "geoinspect.db")
    found = {
        f"{table}_id": database.execute(
            f"SELECT max(id) FROM \"{table}\" WHERE instr(name, '{MARK}')"
        ).fetchone()[0]
        for table in ("track", "photo", "survey")
    }
    database.close()
    return found


def test_no_export_of_them_acts(sent: Sent) -> None:
    world = World(sent.app, {"all": {"own": VALUES | numbers_of(sent), "other": {}}})
    wrong, attacked = [], set()
    for endpoint, address, question in downloads(world):
        roles = ROWS[endpoint].roles
        person = f"{'admin' if 'admin' in roles else min(roles)}-all"
        answer = world.ask(person, "GET", f"{address}?{question}")
        if answer.status_code != 200:
            continue
        data = answer.get_data()
        kind = address.rpartition(".")[2] if "." in address else "html"
        name = "a.json" if answer.is_json else f"a.{kind}"
        if answer.is_json or kind != "html" or answer.mimetype == "text/html":
            wrong += [f"{address}: {fault}" for fault in faults_of(name, data)]
        if DONE.encode() in data:
            wrong.append(f"{address}: a template was filled")
        if MARK.encode() in data:
            attacked.add(endpoint)
    assert not wrong, "\n".join(wrong)
    assert attacked >= {"api.tracks", "api.photo", "api.survey", "api.units_list", "api.audit_file"}


def look(watched: page_walk.Watched, what: str, wrong: list[str]) -> bool:
    """See that nothing of what a page shows acts; return whether an attack is there as text."""
    page = watched.page
    wrong += [f"{what}: {told}" for told in watched.told()]
    if page.evaluate(f"() => '{FLAG}' in window"):
        wrong.append(f"{what}: a script ran")
    made = "[onerror], [onload], img[src='x'], a[href^='javascript:' i], a[href*='evil.example']"
    if page.locator(made).count():
        wrong.append(f"{what}: markup was made")
    text = page.locator("body").inner_text()
    if DONE in text:
        wrong.append(f"{what}: a template was filled")
    if turned := re.search(".{0,60}[\u202a-\u202e].{0,9}", text):
        wrong.append(f"{what}: the direction of the text is turned: {turned[0]!r}")
    return MARK in text


def open_lists(page: Page) -> Iterator[str]:
    """Open the table of each layer of the map, and the card of its first attacked row."""
    page.locator("#layers > summary").click()
    for button in page.get_by_role("button", name=re.compile("^列表")).all():
        name = button.get_attribute("aria-label") or button.inner_text()
        button.click()
        page.wait_for_load_state("networkidle")
        yield name
        rows = page.locator("#panel button", has_text=MARK)
        if rows.count():
            rows.first.click()
            page.wait_for_load_state("networkidle")
            yield f"{name}, a row"


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_no_page_acts_on_what_files_say(sent: Sent) -> None:
    wrong: list[str] = []
    shown: list[str] = []
    ids = numbers_of(sent)
    cards = [f"/map?{name}#{name}={ids[f'{name}_id']}" for name in ("track", "photo", "survey")]
    walks = {FIELD: SENDERS, DESK: [*PAGES, f"/tracks/{ids['track_id']}", *cards]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_walk.CHROMIUM, args=list(page_walk.ARGS)
        )
        for person, addresses in walks.items():
            context = browser.new_context(locale="zh-CN")
            watched = page_walk.Watched.of(context, sent.server.base)
            page = watched.page
            page.on("dialog", lambda one: (wrong.append(one.message), one.dismiss()))
            watched.sign_in(person, PASSWORD)
            for address in addresses:
                watched.open(address)
                if look(watched, address, wrong):
                    shown.append(address)
            if person == DESK:
                watched.open("/map?lists#on=photos,sites,surveys,tracks,areas")
                shown += [what for what in open_lists(page) if look(watched, what, wrong)]
            context.close()
        browser.close()
    assert not wrong, "\n".join(wrong)
    assert set(shown) >= {"/sent", "/tracks", "/imports", "/jobs", "/units", *cards}
    assert any("row" in what for what in shown), shown
