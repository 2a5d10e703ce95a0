"""Every layer's colours mean what its legend says, pixel by pixel."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import county_builder as county
import numpy as np
import pytest
from conftest import Visitor
from map_season import EXPIRED, STILL_HOLDS, Season, make_season
from PIL import Image
from test_tiles import place_of, tile_at

from geoinspect.cell_story import cell_at
from geoinspect.coverage.cells import STATES
from geoinspect.snapshot import Question, Snapshot
from webmap.tiles.layers import (
    FADED,
    FIRST_DOT,
    FRAME,
    HATCH,
    NOTHING,
    UNSEEN,
    Layer,
    Shade,
    colouring,
)

GAPS = {UNSEEN, HATCH, FADED}
DOTS = {FIRST_DOT, FIRST_DOT + 1, FIRST_DOT + 2}


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Season]:
    made = make_season(tmp_path_factory.mktemp("layers"))
    yield made
    made.app.extensions["geoinspect"].workspace.close()


def value_of(layer: Layer, snapshot: Snapshot, cell: int) -> float:
    """What a layer shows of a cell, worked out anew."""
    table, ground = snapshot.table, snapshot.ground
    if layer is Layer.LAST_SEEN:
        seconds = float(table.last_seen_s[cell])
        if np.isnan(seconds):
            return np.nan
        day = datetime.fromtimestamp(seconds, ZoneInfo("Asia/Shanghai")).date()
        return (snapshot.as_of - day).days
    if layer is Layer.POD:
        return float(table.pod[cell])
    if layer is Layer.SENSITIVITY:
        return float(snapshot.sensitivity[cell])
    risk = float(snapshot.risk.relative[cell])
    if layer is Layer.RISK:
        return risk
    share = float(ground.cell_m2[cell]) / ground.grid.cell_m**2
    return risk * (1 - float(snapshot.sensitivity[cell])) * share


def in_class(layer: Layer, shade: Shade, value: float) -> bool:
    low = -np.inf if shade.low is None else shade.low
    high = np.inf if shade.high is None else shade.high
    if layer is Layer.LAST_SEEN:
        return (low < value <= high) or (value == low == 0)
    return low <= value < high or (value == high == 1)


@pytest.mark.parametrize("day", [STILL_HOLDS, EXPIRED])
@pytest.mark.parametrize("layer", list(Layer))
def test_a_pixel_has_the_colour_of_its_cells_class(season: Season, layer: Layer, day: str) -> None:
    office = season.app.extensions["geoinspect"]
    painter = office.painter(1, layer, Question(as_of=date.fromisoformat(day)))
    snapshot, classes = painter.snapshot, 0
    by_colour = {shade.colour: shade for shade in painter.colours.legend}
    rng = np.random.default_rng(7)
    z = 16
    x0, y0, _c, _r = tile_at(*season.early, z)
    for x, y in ((x0, y0), (x0 + 1, y0), (x0, y0 + 1)):
        tile = np.asarray(Image.open(io.BytesIO(painter.paint(z, x, y))))
        if tile.shape != (256, 256):
            continue
        for col, row in rng.integers(0, 256, (150, 2)):
            place = int(tile[row, col])
            if place in {NOTHING, FRAME}:
                continue
            cell = cell_at(snapshot, *place_of(z, x, y, col + 0.5, row + 0.5))
            assert cell is not None
            state, faded = int(snapshot.table.state[cell]), int(snapshot.faded[cell])
            if place in DOTS:
                assert faded == place - FIRST_DOT + 1 > state
            elif place in GAPS:
                assert state == 0
                assert (place == FADED) == (faded > 0)
            elif layer is Layer.STATE:
                assert by_colour[painter.colours.palette[place]].kind == STATES[state].value
                classes += 1
            else:
                shade = by_colour[painter.colours.palette[place]]
                value = value_of(layer, snapshot, cell)
                if shade.kind == "unknown":
                    assert np.isnan(value)
                elif shade.kind == "none":
                    assert value <= 0
                else:
                    assert in_class(layer, shade, value), (shade, value)
                classes += 1
    assert classes > 20


def test_only_what_no_longer_holds_is_dotted(season: Season) -> None:
    office = season.app.extensions["geoinspect"]
    z = 16
    x, y, _c, _r = tile_at(*season.early, z)
    for day, expected in ((STILL_HOLDS, False), (EXPIRED, True)):
        painter = office.painter(1, Layer.STATE, Question(as_of=date.fromisoformat(day)))
        found = set(np.unique(np.asarray(Image.open(io.BytesIO(painter.paint(z, x, y))))))
        assert bool(found & DOTS) == expected
        kinds = {shade.kind for shade in painter.colours.legend}
        assert ("expired" in kinds) == expected


@pytest.mark.parametrize("layer", list(Layer))
def test_the_legend_adds_up_to_the_ground(season: Season, layer: Layer) -> None:
    office = season.app.extensions["geoinspect"]
    snapshot = office.snapshots.get(1, Question(as_of=date.fromisoformat(EXPIRED)))
    found = colouring(layer, snapshot)
    m2 = snapshot.ground.cell_m2
    fading = snapshot.faded > snapshot.table.state
    lost = m2[fading & (snapshot.table.state == 0)].sum()
    told = {shade.kind: shade.ground_m2 for shade in found.legend}
    rest = sum(shade.ground_m2 for shade in found.legend if shade.kind != "expired")
    if layer in {Layer.RISK, Layer.REMAINING}:
        lost = 0.0
    else:
        assert np.isclose(told["expired"], m2[fading].sum())
    assert np.isclose(rest + lost, m2.sum())
    bounds = [(s.low, s.high) for s in found.legend if s.kind == "class"]
    assert all(one[1] == other[0] for one, other in zip(bounds, bounds[1:], strict=False))
    assert max(int(p) for p in found.of_cell) <= FADED
    assert len(found.palette) == 16


def test_layers_have_addresses_of_their_own(season: Season) -> None:
    person = season.visitor()
    x, y, _c, _r = tile_at(*season.early, 15)
    tags = set()
    for layer in Layer:
        for query in ({}, {"as_of": EXPIRED}, {"team": "早班"}):
            told = person.json(f"layers/{layer.value}", **query)
            assert told["layer"] == layer.value
            answer = person.client.get(told["tiles"].format(z=15, x=x, y=y))
            assert answer.mimetype == "image/png"
            assert answer.headers["Cache-Control"].startswith("private, max-age=")
            tags.add(answer.headers["ETag"])
    assert len(tags) == 3 * len(Layer)
    assert person.client.get("/api/v1/layers/nothing").status_code == 404
    assert person.client.get(f"/tiles/cells/1/nothing/v/15/{x}/{y}").status_code == 404
    state = person.json("layers/state")["tiles"].format(z=15, x=x, y=y)
    old = person.json("overview")["coverage_tiles"].format(z=15, x=x, y=y)
    assert person.client.get(state).data == person.client.get(old).data


def test_a_new_look_changes_the_address(season: Season) -> None:
    person: Visitor = season.visitor()
    before = person.json("layers/pod")["tiles"]
    text = county.gpx(county.walk(offset=0.0002), name="新")
    assert person.send(text.encode(), "new.gpx", mode="foot").status_code == 201
    after = person.json("layers/pod")["tiles"]
    assert after != before
    x, y, _c, _r = tile_at(*season.early, 15)
    stale = person.client.get(before.format(z=15, x=x, y=y))
    assert stale.headers["Cache-Control"] == "no-store"
