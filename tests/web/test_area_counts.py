"""What an area holds, counted from the map's sheets, against the rows asked one by one."""

from __future__ import annotations

import shapely
from conftest import Visitor
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from geoinspect.store import audit
from geoinspect.store.schema import AreaRow, CampaignRow, PatchRow, SurveyRow, TrackRow


def _told(session: Session, area: AreaRow) -> dict[str, int]:
    """Count as the docstring of area_counts says, each row's whole outline by itself."""
    campaign = session.scalars(select(CampaignRow)).one()
    shape = area.geometry
    days = [
        row
        for row in session.scalars(select(TrackRow))
        if row.day is not None and campaign.start <= row.day <= campaign.end
    ]
    return {
        "tracks": sum(shape.intersects(row.geometry) for row in days),
        "surveys": sum(shape.intersects(r.geometry) for r in session.scalars(select(SurveyRow))),
        "patches": sum(
            row.state == "suspected" and shape.contains(shapely.centroid(row.geometry))
            for row in session.scalars(select(PatchRow))
        ),
    }


def test_every_area_counts_what_lies_in_it(app: Flask, visitor: Visitor) -> None:
    seen = set()
    with app.extensions["geoinspect"].workspace.database.reading() as session:
        for area in session.scalars(select(AreaRow)):
            told = _told(session, area)
            for _again in range(2):
                assert visitor.json("overview", area=area.code)["counts"] == told, area.code
            seen.add(tuple(told.values()))
    # Areas that all hold the same would show nothing.
    assert len(seen) > 2


def test_a_patch_found_to_be_licensed_is_no_longer_counted(app: Flask, visitor: Visitor) -> None:
    database = app.extensions["geoinspect"].workspace.database
    before = visitor.json("overview")["counts"]["patches"]
    assert before > 0
    with database.reading() as session:
        suspected = [
            row.id for row in session.scalars(select(PatchRow)) if row.state == "suspected"
        ]

    def put(state: str) -> None:
        with database.writing() as session:
            for number in suspected:
                session.get_one(PatchRow, number).state = state
            # Every change is written with its audit row; the counts are kept until one comes.
            audit.record(session, actor="t", action="survey.detect", subject="s", details={})

    try:
        put("licensed")
        assert visitor.json("overview")["counts"]["patches"] == 0
    finally:
        put("suspected")
    assert visitor.json("overview")["counts"]["patches"] == before
