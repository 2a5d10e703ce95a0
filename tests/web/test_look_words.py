"""No half-translated screen: templates, scripts, sentences of the code and help of the commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest
from conftest import ROOT, Visitor

CJK = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
# Names of formats, systems and keys: the same in every language.
NAMES = {"geoinspect", "PDF", "DOCX", "GPX", "KML", "WGS", "GCJ", "BD", "UTC", "ZIP", "CSV", "JSON", "XLSX", "ID", "QR", "XXXXX", "EPSG", "GeoTIFF", "BOM", "PNG", "SHA", "Esc", "API", "km", "px", "EXIF", "PC"}  # fmt: skip
TEMPLATES = sorted((ROOT / "webmap" / "templates").glob("*.html"))
SCRIPTS = sorted((ROOT / "webmap" / "static" / "js").glob("*.js"))
SOURCES = sorted(p for name in ("geoinspect", "webmap") for p in (ROOT / name).rglob("*.py"))


def shown(template: str) -> Iterator[str]:
    """The words of a template that no catalogue translates."""
    plain = re.sub(r"\{#.*?#\}|<!--.*?-->", " ", template, flags=re.S)
    plain = re.sub(r"<(script|style)\b.*?</\1>", " ", plain, flags=re.S)
    plain = re.sub(r"\{% block page %\}.*?\{% endblock %\}", " ", plain, flags=re.S)
    plain = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", plain, flags=re.S)
    yield from re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', plain)
    yield from re.split(r"<[^>]*>", plain)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_say_nothing_without_the_catalogue(path: Path) -> None:
    if path.name == "language.html":
        return
    loose = [re.sub(r"/\w+", "", t).strip() for t in shown(path.read_text("utf-8"))]
    strange = [t for t in loose if CJK.search(t) or set(LATIN.findall(t)) - NAMES]
    assert strange == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_say_nothing_without_the_catalogue(path: Path) -> None:
    code = re.sub(r"^\s*//.*$|/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S | re.M)
    assert CJK.findall(code) == []
    # Words that are set as they stand, and words that stand as a child of an element.
    said = re.findall(r'textContent = "([^"]*)"', code)
    said += re.findall(r'\},\s*"([A-Z]?[a-z]+(?: [a-z]+)+[^"]*)"', code)
    assert [words for words in said if set(LATIN.findall(words)) - NAMES] == []


def _text_of(node: ast.expr) -> str | None:
    """A constant text, or what of a put-together one is fixed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [v.value for v in node.values if isinstance(v, ast.Constant)]
        return "".join(str(part) for part in parts)
    return None


def pairs() -> Iterator[tuple[str, str, str]]:
    """Where two languages are given side by side: place, Chinese, English."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            # One of our own takes its code first.
            if name == "_UnreadableError" or not (name == "Text" or name.endswith("Error")):
                continue
            zh, en = _text_of(node.args[0]), _text_of(node.args[1])
            if zh is not None and en is not None:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", zh, en


def test_every_sentence_is_said_in_both_languages() -> None:
    found = list(pairs())
    assert len(found) > 300
    # What is put together of two pieces has no words of its own.
    worded = re.compile(r"[a-z]{2,}")
    wrong = [
        where
        for where, zh, en in found
        if CJK.search(en) or (not CJK.search(zh) and worded.search(zh)) or bool(zh) != bool(en)
    ]
    assert wrong == [], "\n".join(wrong)


def commands(group: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its name."""
    yield name, group
    if isinstance(group, click.Group):
        for key, one in group.commands.items():
            yield from commands(one, f"{name} {key}".strip())


def test_the_help_of_every_command_is_in_both_languages() -> None:
    from geoinspect.cli import app

    english = re.compile(r"[A-Za-z]{2,}")
    # Codes and names of files are the same in both; two plain words after another are not.
    sentence = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")
    wrong = []
    for name, command in commands(app):
        told = command.help or ""
        if not (CJK.search(told) and english.search(told)):
            wrong.append(f"{name}: {told}")
        for one in command.params:
            if not isinstance(one, click.Option) or one.hidden or one.name in ("version", "help"):
                continue
            said = one.help or ""
            half = not english.search(said) if CJK.search(said) else sentence.search(said)
            if half or not said:
                wrong.append(f"{name} --{one.name}: {said}")
    assert wrong == [], "\n".join(wrong)


def test_days_are_written_as_people_write_them(visitor: Visitor) -> None:
    from webmap.language import day_in_words

    app = visitor.client.application
    for language, said in (("zh_CN", "2026年11月21日"), ("en", "21 Nov 2026")):
        with app.test_request_context(f"/login?language={language}"):
            app.preprocess_request()
            assert day_in_words(date(2026, 11, 21)) == said


def test_scripts_write_days_times_and_ground_in_one_place() -> None:
    # Other scripts take day(), moment() and landArea() of page.js, with the zone and both units.
    makers = {"page.js", "frame.js"}
    for path in SCRIPTS:
        code = path.read_text("utf-8")
        if path.name not in makers:
            # Sweden and Canada write days as the fields of forms do.
            plain = re.sub(r'DateTimeFormat\("(?:sv-SE|en-CA)"', "", code)
            assert "DateTimeFormat" not in plain, path.name
            assert "toLocale" not in code, path.name
    page = (ROOT / "webmap" / "static" / "js" / "page.js").read_text("utf-8")
    assert page.count("Asia/Shanghai") >= 2
    area = page.split("export function landArea", 1)[1].split("}\n", 1)[0]
    assert 'say("mu")' in area
    assert 'say("ha")' in area
