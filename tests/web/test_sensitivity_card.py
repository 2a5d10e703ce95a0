"""The map shows what was measured of a survey's sensitivity, and that it is simulated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, Visitor
from flask import Flask

from geoinspect.detect.implants import Planted, Wish
from geoinspect.detect.sensitivity_table import Listing, Outcome, Sensitivity, shares_of
from geoinspect.search_records import GrowthStage
from geoinspect.store.schema import SurveyRow
from geoinspect.survey_records import detection_mark
from webmap.office import office
from webmap.words import script_words

SCRIPT = ROOT / "webmap" / "static" / "js" / "sensitivity.js"


def table() -> dict[str, Any]:
    wishes = [
        Wish(Planted.POPPY, area, GrowthStage.FLOWER, bloom)
        for area in (4.0, 10.0, 60.0)
        for bloom in (5.0, 40.0)
    ]
    outcomes = [Outcome(wish, planted=True, found=wish.area_m2 > 5) for wish in wishes]
    strata, decoys, ordinary = shares_of(outcomes)
    listing = Listing(0.5, 280.0, 2.0)
    told = Sensitivity(
        strata, decoys, ordinary, listing, GrowthStage.FLOWER, 0.05, 3, 1, "cues", "rehearse"
    )
    return told.as_json()


@pytest.fixture
def measured(app: Flask) -> Iterator[dict[str, Any]]:
    """The survey of the tests with a table of its present detection."""
    with app.app_context():
        database = office().workspace.database
    with database.writing() as session:
        row = session.get(SurveyRow, 1)
        kept = row.report
        told = {**table(), "detected_at": detection_mark(row.detected_at)}
        row.report = {**kept, "sensitivity": told}
    yield told
    with database.writing() as session:
        session.get(SurveyRow, 1).report = kept


def survey(visitor: Visitor) -> dict[str, Any]:
    return visitor.json("surveys/1")


def test_a_survey_carries_what_was_measured(measured: dict[str, Any], visitor: Visitor) -> None:
    assert survey(visitor)["sensitivity"] == {**measured, "outdated": False}


def test_a_table_of_an_earlier_detection_is_told_apart(
    app: Flask, measured: dict[str, Any], visitor: Visitor
) -> None:
    with app.app_context():
        database = office().workspace.database
    with database.writing() as session:
        row = session.get(SurveyRow, 1)
        old = {**measured, "detected_at": "2026-01-01T00:00:00Z"}
        row.report = {**row.report, "sensitivity": old}
    assert survey(visitor)["sensitivity"]["outdated"] is True


def test_a_survey_not_measured_has_none(visitor: Visitor) -> None:
    assert survey(visitor)["sensitivity"] is None


def test_the_script_reads_what_the_api_gives(app: Flask) -> None:
    source = SCRIPT.read_text("utf-8")
    told = {**table(), "outdated": False}
    for name in re.findall(r"\bsensitivity\.(\w+)", source):
        assert name in told, name
    for name in re.findall(r"\bcell\.(\w+)", source):
        assert name in told["strata"][0], name
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        words = script_words()
    for name in re.findall(r'say\("(\w+)"', source):
        assert words[name], name
    for cell in told["strata"]:
        assert words[f"stage_{cell['stage']}"]
    # Told as simulated, in both languages, as text.
    assert "sentence(sensitivity)" in source
    assert "not proof of field performance" in told["message"]
    assert re.search("不能证明", told["message_zh"])
    assert "innerHTML" not in source
