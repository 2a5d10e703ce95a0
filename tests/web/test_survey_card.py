"""The map tells what a survey is fit for: the API gives it, the script shows it as text."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT, Visitor
from flask import Flask

from geoinspect.store.schema import SurveyRow
from webmap.office import office
from webmap.words import script_words

CARD = ROOT / "webmap" / "static" / "js" / "survey_card.js"


def test_surveys_and_patches_carry_the_check(visitor: Visitor) -> None:
    survey = visitor.json("surveys")["features"][0]["properties"]
    check = survey["check"]
    assert {"quality", "fit_for", "advice"} <= set(check)
    assert check["fit_for"]["effective_gsd_cm"] >= survey["gsd_cm"] - 0.01
    # The meadow of the tests is 5 cm, flown on 10 May 2026.
    told = {one["code"]: one for one in check["advice"]}
    assert "fly_lower" in told
    assert any(code.startswith("stage_") for code in told)
    assert all(one["message"] and re.search("[一-鿿]", one["message_zh"]) for one in told.values())
    assert visitor.json("patches/1")["survey"]["check"] == check


def test_a_survey_from_before_checks_is_shown_without(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        database = office().workspace.database
    with database.writing() as session:
        row = session.get(SurveyRow, 1)
        kept = row.report
        row.report = {key: value for key, value in kept.items() if key != "check"}
    try:
        assert visitor.json("surveys")["features"][0]["properties"]["check"] is None
    finally:
        with database.writing() as session:
            session.get(SurveyRow, 1).report = kept


def test_the_card_reads_what_the_api_gives(app: Flask, visitor: Visitor) -> None:
    source = Path(CARD).read_text("utf-8")
    check = visitor.json("surveys")["features"][0]["properties"]["check"]
    for name in re.findall(r"\bfit\.(\w+)", source):
        assert name in check["fit_for"], name
    for part, name in re.findall(r"quality\.(\w+)\.(\w+)", source):
        assert name in check["quality"][part], (part, name)
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        words = script_words()
    for name in re.findall(r'say\("(\w+)"', source):
        assert words[name], name
    # Text from a survey goes in as text, never as markup.
    assert "innerHTML" not in source
