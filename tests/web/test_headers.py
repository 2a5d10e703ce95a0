"""What every answer tells the browser: load nothing from elsewhere, run nothing unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import HOSTILE, ROOT, Visitor

from webmap.shell import OfflineFigure, make_shell


def test_pages_hold_the_browser_to_this_server(visitor: Visitor) -> None:
    for path in ("/map", "/upload", "/no/such/page"):
        answer = visitor.client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "object-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
        assert nonce
        html = answer.get_data(as_text=True)
        scripts = re.findall(r"<script\b([^>]*)>", html)
        assert all(nonce[1] in tag for tag in scripts if "application/json" not in tag)
        assert not re.search(r'\son\w+="|style="|javascript:', html)
        assert "http://" not in html.replace("http://www.w3.org", "")
        assert "https://" not in html
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Content-Encoding" not in answer.headers


def test_each_page_has_its_own_nonce(visitor: Visitor) -> None:
    policies = {visitor.client.get("/map").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_scripts_are_kept_and_compressed_and_answers_are_not_kept(visitor: Visitor) -> None:
    html = visitor.client.get("/map").get_data(as_text=True)
    script = re.search(r'src="(/static/[^"]+/leaflet\.js)"', html)
    assert script
    answer = visitor.client.get(script[1], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert len(answer.data) < 60_000
    answer.close()
    assert visitor.client.get("/api/v1/overview").headers["Cache-Control"] == "no-store"


def test_an_unknown_asset_stops_the_shell() -> None:
    import folium

    figure = OfflineFigure(lambda name: f"/static/{name}")
    figure.add_child(folium.Map(tiles=None))
    with pytest.raises(LookupError, match="not vendored"):
        figure.render_parts()


def test_the_shell_has_no_address_of_another_host() -> None:
    shell = make_shell(lambda name: f"/static/{name}")
    whole = shell.head("N0NCE") + shell.body() + shell.script()
    assert "http" not in whole.replace("http-equiv", "")
    assert "user-scalable" not in whole
    assert whole.count('nonce="N0NCE"') >= 2


def test_hostile_text_stays_text(visitor: Visitor) -> None:
    for path in ("tracks", "tracks/2", "receipts"):
        assert HOSTILE in str(visitor.json(path)) or path == "receipts"
    for page in ("/map", "/upload"):
        html = visitor.client.get(page).get_data(as_text=True)
        assert "onerror" not in html
        assert "49<img" not in html


def test_scripts_never_take_text_for_markup() -> None:
    for path in sorted(Path(ROOT, "webmap", "static", "js").glob("*.js")):
        text = path.read_text("utf-8")
        for danger in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "bindPopup",
            "bindTooltip",
        ):
            assert danger not in text, f"{danger} in {path.name}"
        assert len(text.splitlines()) < 400


def test_only_the_scope_asks_the_store() -> None:
    asked = re.compile(
        r"store import .*\b(grounds|sightings)\b|store\.(grounds|sightings) import (?!Box)"
    )
    for path in sorted(Path(ROOT, "webmap").rglob("*.py")):
        if not path.name.startswith("scope"):
            assert not asked.search(path.read_text("utf-8")), path.name
