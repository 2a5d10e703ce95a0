"""Attacks in every text that anybody can write stay text: in answers, pages, tables and papers."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from click.testing import CliRunner
from conftest import PASSWORD, ROOT
from docx import Document
from payload_county import BODY, DONE, FLAG, FREE, INSIDE, OURS, STARTS, hostile_workspace
from payload_county import text_columns as columns_of_text
from playwright.sync_api import sync_playwright
from test_access_matrix import QUERIES, World

sys.path.insert(0, str(ROOT / "scripts"))

import page_walk

from geoinspect.cli import app as commands
from webmap import create_app
from webmap.access_rows import ROWS

# Every form that a download has; what of them isn't there answers 404 or 400.
FORMS = {
    "kind": ("gpx", "kml", "gpkg", "csv", "geojson"),
    "form": ("html", "pdf", "docx", "zip", "csv", "json"),
    "factor": ("former",),
}
# The payload's beginning, which no escaping leaves as it is in markup.
RAW = f"<img src=x onerror={FLAG}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, records = hostile_workspace(tmp_path_factory.mktemp("payloads"))
    app = create_app(folder, testing=True)
    app.config["INLINE_JOBS"] = False
    yield World(app, records)
    app.extensions["geoinspect"].workspace.close()


class Markup(HTMLParser):
    """What in a page could act: handlers, addresses that run, scripts that hold the attack."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}={value!r}>"[:200])
            if name in ("src", "href") and "evil.example" in (value or "").split("?")[0]:
                self.found.append(f"<{tag} {name}={value!r}>"[:200])
        if tag == "script":
            self.script = dict(attrs).get("type") or "script"

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self.script = None

    def handle_data(self, data: str) -> None:
        if self.script == "application/json":
            json.loads(data)
        elif self.script and FLAG in data:
            self.found.append(f"script {data[:200]!r}")


def acting(text: str) -> list[str]:
    parser = Markup()
    parser.feed(text)
    parser.close()
    return parser.found


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def formulas(rows: Iterator[list[object]] | list[list[object]]) -> list[str]:
    return [
        cell[:80]
        for row in rows
        for cell in row
        if isinstance(cell, str) and cell.startswith(STARTS) and not is_number(cell)
    ]


def faults_of(name: str, data: bytes) -> list[str]:
    """What in a file would act or can't be read, by the form that its name says."""
    kind = name.rpartition(".")[2]
    if kind == "csv":
        return formulas(list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))))
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        return [str(cell.value)[:80] for cell in cells if cell.data_type == "f" or cell.hyperlink]
    if kind in ("json", "geojson"):
        json.loads(data)
        return []
    if kind in ("gpx", "kml", "qml", "xml"):
        root = ElementTree.fromstring(data)
        # Earth browsers show a description as a page.
        told = [e.text or "" for e in root.iter() if e.tag.endswith(("description", "}desc"))]
        return [fault for text in told for fault in acting(text)] if kind == "kml" else []
    if kind in ("html", "svg"):
        return acting(data.decode("utf-8"))
    if kind == "docx":
        Document(io.BytesIO(data))
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            links = [n for n in packed.namelist() if n.endswith(".rels")]
            return [n for n in links if b'TargetMode="External"' in packed.read(n)]
    if kind == "pdf":
        actions = (b"/JavaScript", b"/JS ", b"/Launch", b"/OpenAction", b"/URI")
        return [str(word) for word in actions if word in data]
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = packed.namelist()
            bad = [n for n in names if n.startswith("/") or ".." in n.split("/") or "\\" in n]
            return bad + [f"{n}: {f}" for n in names for f in faults_of(n, packed.read(n))]
    if (
        kind in ("gpkg", "tif", "png", "jpg", "txt")
        or "/evidence/" in name
        or name.endswith("SHA256SUMS")
    ):
        return []
    raise AssertionError(f"nothing here reads {name}")


def test_every_text_of_the_tables_is_known() -> None:
    """A new column of text comes into one of the lists of payload_county, or fails here."""
    names = [f"{column.table.name}.{column.name}" for column in columns_of_text()]
    for name in names:
        lists = [name in FREE, name in INSIDE, OURS.fullmatch(name) is not None]
        assert lists.count(True) == 1, f"{name} belongs into one of FREE, INSIDE and OURS"
    assert set(names) >= FREE | INSIDE


def test_every_free_text_holds_an_attack(world: World) -> None:
    """Else the other tests would find nothing for want of anything to find."""
    folder = world.app.extensions["geoinspect"].workspace.folder
    database = sqlite3.connect(folder / "geoinspect.db")
    without = []
    for name in sorted(FREE):
        table, column = name.split(".")
        (count,) = database.execute(
            f'SELECT count(*) FROM "{table}" WHERE instr("{column}", ?)',
            (BODY,),
        ).fetchone()
        if not count:
            without.append(name)
    database.close()
    assert without == []


def downloads(world: World) -> Iterator[tuple[str, str, str]]:
    """Endpoint, address and question of every GET, in every form that it may have."""
    for endpoint in sorted(ROWS):
        (rule, *_more) = world.app.url_map.iter_rules(endpoint)
        names = [name for name in ("kind", "form", "factor") if name in rule.arguments]
        for value in FORMS[names[0]] if names else ("",):
            values = world.own | ({names[0]: value} if names else {})
            with world.app.test_request_context():
                address = world.app.url_for(endpoint, **{n: values[n] for n in rule.arguments})
            if "GET" in (rule.methods or set()):
                asked = QUERIES.get(endpoint, {})
                question = "&".join(f"{name}={value}" for name, value in asked.items())
                yield endpoint, address, question


def test_no_answer_holds_what_acts(world: World) -> None:
    wrong, kinds, attacked = [], set(), set()
    for endpoint, address, question in downloads(world):
        roles = ROWS[endpoint].roles
        person = f"{'admin' if 'admin' in roles else min(roles)}-all"
        answer = world.ask(person, "GET", f"{address}?{question}")
        data = answer.get_data()
        if answer.status_code != 200:
            assert answer.status_code in (204, 302, 400, 404), (address, answer.status_code)
            continue
        if RAW.encode() in data or json.dumps(RAW)[1:-1].encode() in data:
            attacked.add(endpoint)
        if DONE.encode() in data:
            wrong.append(f"{address}: a template was filled")
        name = "a.json" if answer.is_json else f"a.{address.rpartition('.')[2]}"
        name = "a.html" if answer.mimetype == "text/html" else name
        if "." in address or answer.is_json or name == "a.html":
            kinds.add(name.rpartition(".")[2])
            wrong += [f"{address}: {fault}" for fault in faults_of(name, data)]
        for header, value in answer.headers:
            assert "\n" not in value, (address, header)
            assert "X-Planted" not in header
    assert wrong == []
    assert kinds >= {"html", "json", "csv", "xlsx", "gpx", "kml", "gpkg", "pdf", "docx", "zip"}
    # The attack is met where it is text: in answers for scripts of every kind of record.
    assert attacked >= {"api.cases_list", "api.sites_list", "api.tips_list", "api.tracks"}


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_no_page_runs_what_its_records_say(world: World) -> None:
    wrong: list[str] = []
    shown = 0
    pages = [one for one in downloads(world) if not one[1].startswith(("/api/", "/tiles/"))]
    assert len(pages) > 25
    people = {"auditor-all": [(e, a) for e, a, _q in pages if "admin" not in ROWS[e].roles]}
    people["admin-all"] = [(e, a) for e, a, _q in pages if "admin" in ROWS[e].roles]
    with page_walk.serving(world.app) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=page_walk.CHROMIUM, args=list(page_walk.ARGS)
        )
        for person, addresses in people.items():
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            watched = page_walk.Watched.of(context, base)
            page = watched.page
            page.on(
                "dialog", lambda dialog, told=wrong: (told.append(dialog.message), dialog.dismiss())
            )
            watched.sign_in(person, PASSWORD)
            page.wait_for_load_state("networkidle")
            for _endpoint, address in addresses:
                watched.told()
                watched.open(address)
                text = page.locator("body").inner_text()
                shown += "onerror=" in text
                told = [t for t in watched.told() if "ecurity" in t or "another host" in t]
                wrong += [f"{address}: {t}" for t in told]
                if page.evaluate(f"() => 'X-Planted' in window || '{FLAG}' in window"):
                    wrong.append(f"{address}: a script ran")
                if DONE in text:
                    wrong.append(f"{address}: a template was filled")
                if page.locator("[onerror], [onload], a[href^='javascript:' i]").count():
                    wrong.append(f"{address}: markup was made")
            context.close()
        browser.close()
    assert wrong == []
    # Else there was nothing to run.
    assert shown > 8


COMMANDS = [
    ("report", "coverage", "--out", "r.xlsx"),
    ("report", "coverage", "--out", "r.csv"),
    ("report", "coverage", "--out", "r.gpkg"),
    ("coverage", "gaps", "--out", "g.kml"),
    ("coverage", "gaps", "--out", "g.csv"),
    ("cases", "export", "2026-00003", "--out", "c.zip"),
    ("labels", "export", "--survey", "1", "l.csv"),
    ("plan", "show", "1", "--out", "p.html"),
    ("plan", "show", "1", "--out", "p.kml"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_file_of_the_command_line_holds_what_acts(
    world: World, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = world.app.extensions["geoinspect"].workspace.folder
    out = tmp_path / command[-1]
    done = CliRunner().invoke(commands, ["-w", str(folder), *command[:-1], str(out)])
    assert done.exit_code == 0, done.output
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert made
    for path in made:
        assert faults_of(path.name, path.read_bytes()) == []
        assert DONE.encode() not in path.read_bytes()


def test_terminals_get_no_control_characters(world: World) -> None:
    folder = world.app.extensions["geoinspect"].workspace.folder
    for command in ("cases list", "tips list", "tracks list", "units list", "sites list"):
        told = CliRunner().invoke(commands, ["-w", str(folder), *command.split()]).output
        assert "onerr" in told, command
        assert not set(told) & set("\x1b\x07\x08\u202e"), command
