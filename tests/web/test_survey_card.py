"""The map tells what a survey is fit for: the API gives it, the script shows it as text."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import ROOT, Visitor
from flask import Flask
from sqlalchemy import Engine, event

from geoinspect.store.schema import SurveyRow
from webmap.office import office
from webmap.words import script_words

CARD = ROOT / "webmap" / "static" / "js" / "survey_card.js"


def test_surveys_and_patches_carry_the_check(visitor: Visitor, patch_id: int) -> None:
    survey = visitor.json("surveys/1")
    check = survey["check"]
    assert {"quality", "fit_for", "advice"} <= set(check)
    assert check["fit_for"]["effective_gsd_cm"] >= survey["gsd_cm"] - 0.01
    # The meadow of the tests is 5 cm, flown on 10 May 2026.
    told = {one["code"]: one for one in check["advice"]}
    assert "fly_lower" in told
    assert any(code.startswith("stage_") for code in told)
    assert all(one["message"] and re.search("[一-鿿]", one["message_zh"]) for one in told.values())
    assert visitor.json(f"patches/{patch_id}")["survey"]["check"] == check


def test_lists_read_and_tell_nothing_of_reports(
    app: Flask, visitor: Visitor, patch_id: int
) -> None:
    """Reports hold tables and comparisons, up to megabytes: one is read where one is shown."""
    reads: list[str] = []
    patch = f"patches/{patch_id}"

    def note(*args: object) -> None:
        reads.append(str(args[2]))

    def reports(path: str) -> int:
        reads.clear()
        visitor.json(path)
        assert reads
        return sum("survey.report" in words for words in reads)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        counted = {
            path: reports(path) for path in ("patches", "surveys", "overview", patch, "surveys/1")
        }
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert counted == {"patches": 0, "surveys": 0, "overview": 0, patch: 1, "surveys/1": 1}
    (listed,) = visitor.json("surveys")["features"]
    assert set(listed["properties"]) == {
        "id", "name", "taken", "gsd_cm", "valid_area_m2", "detector", "tiles", "bbox",
    }  # fmt: skip
    shown = visitor.json("surveys/1")
    assert listed["properties"].items() <= shown.items()
    assert {"check", "sensitivity", "changes"} <= set(shown)


def test_there_is_no_other_survey(visitor: Visitor) -> None:
    for number in ("999", "9" * 30):
        assert visitor.client.get(f"/api/v1/surveys/{number}").status_code == 404


def test_a_survey_from_before_checks_is_shown_without(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        database = office().workspace.database
    with database.writing() as session:
        row = session.get(SurveyRow, 1)
        kept = row.report
        row.report = {key: value for key, value in kept.items() if key != "check"}
    try:
        assert visitor.json("surveys/1")["check"] is None
    finally:
        with database.writing() as session:
            session.get(SurveyRow, 1).report = kept


def test_the_card_reads_what_the_api_gives(app: Flask, visitor: Visitor) -> None:
    source = Path(CARD).read_text("utf-8")
    check = visitor.json("surveys/1")["check"]
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
