"""Nothing that only the neighbour may see is in any answer, whatever is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import county_builder as county
import pytest
from conftest import Visitor
from flask import Flask
from scoped_county import (
    BORDER,
    CANARY,
    COUNTY_AREA,
    DAY,
    EAST_PLACE,
    WEST_AREA,
    WEST_PLACE,
    WEST_UNIT,
    numbers,
    patches_of,
    scoped_workspace,
    signed_in,
)
from search_builders import send
from test_login import VALUES

from webmap import create_app
from webmap.access_rows import ROWS

NAME = "ZH" + CANARY
KINDS = {
    "gaps_file": ("gpx", "kml", "csv", "gpkg"),
    "plan_routes": ("gpx", "kml"),
    "check_cells": ("csv", "gpx"),
    "review_file": ("csv", "geojson"),
}
# Whose turn it is to search drawn ground again is told by name.
NAMES_UNITS = {"api.check", "api.check_cells"}
WEST_NAME = f"西乡政府{CANARY}"
LAYERS = ("state", "pod", "remaining")


@dataclass
class Sweep:
    """The county, and all that can be asked of it."""

    app: Flask
    values: dict[str, list[object]]

    def addresses(self) -> list[tuple[str, str, bool]]:
        """Return every address that answers GET, of every record there is, and whether it is a
        list or sum that can be asked in many ways.
        """
        found = []
        with self.app.test_request_context():
            for rule in self.app.url_map.iter_rules():
                if "GET" not in (rule.methods or set()) or rule.endpoint not in ROWS:
                    continue
                kinds = KINDS.get(rule.endpoint.removeprefix("api."), ("gpx",))
                values = self.values | {"kind": list(kinds)}
                names = sorted(rule.arguments)
                for some in product(*(values.get(name, [VALUES.get(name)]) for name in names)):
                    arguments = dict(zip(names, some, strict=True))
                    address = self.app.url_for(rule.endpoint, **arguments)
                    asked = address.startswith("/api/") and not any("_id" in n for n in names)
                    found.append((rule.endpoint, address, asked))
        return found


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    folder = scoped_workspace(tmp_path_factory.mktemp("canary"))
    app = create_app(folder, testing=True)
    person = signed_in(app, "analyst-county")
    wish = {"name": NAME, "starts": [list(WEST_PLACE)], "hours": 0.25}
    assert send(person, "plans", json=wish).status_code == 200
    assert send(person, "checks", json={"seed": "1", "share": 0.5}).status_code == 200
    assert send(person, "claims", json={"as_of": "2026-06-30"}).status_code == 200
    records = numbers(folder)
    patches = [patches_of(folder, f"{name}-survey.tif") for name in ("east", CANARY, "border")]
    values: dict[str, list[object]] = {
        f"{kind}_id": [n for name, n in records.items() if name.partition(".")[0].endswith(kind)]
        for kind in ("track", "photo", "survey")
    }
    values |= {
        "patch_id": [patches[0][0], patches[1][0], patches[2][0], patches[2][7]],
        "campaign_id": [1, 2, 3],
        "plan_id": [1],
        "check_id": [1],
        "layer": list(LAYERS),
        "name": [*LAYERS],
    }
    yield Sweep(app, values)
    app.extensions["geoinspect"].workspace.close()


def questions() -> list[str]:
    """Return what is added to addresses: whose, where, when, of which campaign."""
    around = f"{county.WEST},{county.SOUTH},{BORDER + county.WIDTH},{county.SOUTH + county.HEIGHT}"
    border = f"lon={BORDER + 0.00005}&lat={EAST_PLACE[1]}"
    return [
        "",
        f"bbox={around}&limit=1000",
        f"lon={EAST_PLACE[0]}&lat={EAST_PLACE[1]}",
        f"lon={WEST_PLACE[0]}&lat={WEST_PLACE[1]}",
        border,
        *(f"campaign={n}" for n in (1, 2, 3)),
        *(f"area={code}&parent={code}" for code in (COUNTY_AREA, WEST_AREA)),
        f"unit={WEST_UNIT}",
        f"from={DAY}&to={DAY}&month={DAY[:7]}",
        "lacking=uncleared",
        "with=2",
    ]


def leaks(visitor: Visitor, sweep: Sweep, *, lists: bool) -> set[str]:
    """Return the endpoints whose answers hold the canary."""
    found = set()
    for endpoint, address, asked in sweep.addresses():
        if endpoint in {"api.openapi", "tiles.base"}:
            continue
        for question in questions() if lists and asked else ("",):
            answer = visitor.client.get(f"{address}?{question}" if question else address)
            assert answer.status_code < 500, (address, question)
            text = answer.get_data().decode("utf-8", "replace")
            if endpoint in NAMES_UNITS:
                for written in (WEST_NAME, json.dumps(WEST_NAME)[1:-1]):
                    text = text.replace(written, "")
            if CANARY in text:
                found.add(f"{endpoint} {address}?{question}")
    return found


def test_whoever_may_see_it_meets_the_canary_everywhere(sweep: Sweep) -> None:
    """Else the other tests would find nothing for want of anything to find."""
    met = {one.split()[0] for one in leaks(signed_in(sweep.app, "auditor-county"), sweep, lists=False)}  # fmt: skip
    assert met >= {
        *("api.areas", "api.overview", "api.zones", "api.tracks", "api.track", "api.track_list"),
        *("api.photos", "api.photo", "api.surveys", "api.survey", "api.patch", "api.patrols"),
        *("api.patrol_months", "api.plans", "api.plan", "api.claims", "api.checks"),
        *("api.growth", "api.review_surveys", "pages.track_page", "pages.tracks_page"),
        *("search_pages.plan_page", "review_pages.queue_page"),
    }


@pytest.mark.parametrize("role", ["field", "analyst", "auditor"])
def test_no_answer_to_the_east_holds_what_is_the_wests(sweep: Sweep, role: str) -> None:
    assert leaks(signed_in(sweep.app, f"{role}-east"), sweep, lists=True) == set()
