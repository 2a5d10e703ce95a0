"""Rows of the audit chain in words, with the page of what they are about."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from conftest import ROOT
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.records import CaseAction
from webmap.audit_words import action_words, record_place

_WRITTEN = re.compile(r'action="([a-z_]+(?:\.[a-z_]+)*)"')


def actions_of_the_program() -> set[str]:
    files = [*(ROOT / "geoinspect").rglob("*.py"), *(ROOT / "webmap").rglob("*.py")]
    found = {one for path in files for one in _WRITTEN.findall(path.read_text("utf-8"))}
    return found | {f"case.{action.value}" for action in CaseAction}


def test_every_action_has_words_in_both_languages() -> None:
    actions = actions_of_the_program()
    assert len(actions) > 60
    for action in sorted(actions):
        words = action_words(action)
        assert words.en != action, action
        assert re.search("[\u4e00-\u9fff]", words.zh), action


@pytest.mark.parametrize(
    ("action", "subject", "details", "place"),
    [
        ("case.verify", "case 8", {}, "/cases/8"),
        ("case.export", "case 8", {}, "/cases/8"),
        ("survey.add", "a.tif", {"id": 3}, "/surveys/3"),
        ("track.add", "a.gpx", {"tracks": [30]}, "/tracks/30"),
        ("setting.set", "walk_kmh", {}, "/settings#walk_kmh"),
        ("setting.set", "javascript:alert(1)", {}, None),
        ("site.add", "site 3", {}, "/sites"),
        ("backup.make", "20270501-020000Z", {}, "/backups"),
        ("login", "甲", {}, None),
        ("survey.add", "a.tif", {"id": "3"}, None),
        ("survey.add", "a.tif", {"id": True}, None),
        ("case.step", "case 0", {}, None),
    ],
)
def test_a_row_leads_to_its_record(
    action: str, subject: str, details: dict[str, object], place: str | None
) -> None:
    assert record_place(action, subject, json.dumps(details)) == place


@given(st.sampled_from(["case.x", "survey.x", "track.x", "setting.x", "x"]), st.text(), st.text())
def test_no_row_leads_out_of_the_server(action: str, subject: str, details: str) -> None:
    place = record_place(action, subject, details)
    assert place is None or (place.startswith("/") and not urlsplit(place).netloc)


def test_the_places_are_pages_of_this_server(app: Flask) -> None:
    bound = app.url_map.bind("localhost")
    for action in sorted(actions_of_the_program()):
        for details in ('{"id": 1}', '{"tracks": [1]}', "{}"):
            place = record_place(action, "case 1" if action.startswith("case.") else "x", details)
            if place is not None:
                bound.match(place.split("#")[0], method="GET")
