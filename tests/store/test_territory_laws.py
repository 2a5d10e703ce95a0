"""Laws of a territory, over trees of areas that hypothesis makes up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoinspect.records import Area, Level
from geoinspect.store import grounds
from geoinspect.store.workspace import Workspace
from geoinspect.territory import Territory, territory_of

LEVELS = [Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE]
SPOT = 0.002


@dataclass(frozen=True)
class Made:
    """A county cut into columns, these into rows; each area has a unit of its own or its parent's."""

    areas: list[Area]
    units: list[tuple[str, str | None]]


@st.composite
def counties(draw: st.DrawFn) -> Made:
    columns = draw(st.integers(1, 4))
    areas = [_area("C", Level.COUNTY, None, "U", (0, 0, columns, 4))]
    units: list[tuple[str, str | None]] = [("U", None)]
    linked = draw(st.booleans())
    for k in range(columns):
        unit = f"U{k}"
        units.append((unit, "U" if linked else None))
        areas.append(_area(f"C{k}", Level.TOWNSHIP, "C", unit, (k, 0, k + 1, 4)))
        for row in range(draw(st.integers(0, 4))):
            own = draw(st.booleans())
            if own:
                units.append((f"{unit}{row}", unit if linked else None))
            code, whose = f"C{k}{row}", f"{unit}{row}" if own else unit
            areas.append(_area(code, Level.VILLAGE, f"C{k}", whose, (k, row, k + 1, row + 1)))
    return Made(areas, units)


def _area(code: str, level: Level, parent: str | None, unit: str, at: tuple[int, ...]) -> Area:
    west, south, east, north = (SPOT * v for v in at)
    box = shapely.box(108 + west, 30 + south, 108 + east, 30 + north)
    return Area(code, code, level, parent, unit, box)


class _Undo(Exception):
    """Takes back what was written."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    with Workspace.create(tmp_path_factory.mktemp("laws") / "w") as made:
        yield made


def territories(workspace: Workspace, made: Made) -> dict[str, Territory]:
    """Return every unit's territory, of a county that is forgotten again."""
    found: dict[str, Territory] = {}
    try:
        with workspace.database.writing() as session:
            for code, parent in made.units:
                grounds.add_unit(session, code=code, name=code, parent_code=parent)
            grounds.add_areas(session, made.areas)
            for code, _parent in made.units:
                found[code] = territory_of(session, code)
            raise _Undo
    except _Undo:
        pass
    return found


spots = st.lists(
    st.tuples(st.floats(-0.001, 4 * SPOT + 0.001), st.floats(-0.001, 4 * SPOT + 0.001)),
    min_size=1,
    max_size=20,
)
LAWS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@LAWS
@given(made=counties(), places=spots)
def test_whatever_is_ones_own_is_also_that_of_the_unit_above(
    workspace: Workspace, made: Made, places: list[tuple[float, float]]
) -> None:
    found = territories(workspace, made)
    for unit, own in found.items():
        above = [other for other, _ in made.units if unit.startswith(other) and other != unit]
        for one in above:
            wide = found[one]
            assert all(wide.has_unit(code) for code in own.units)
            assert all(wide.has_area(code) for code in own.areas)
            if own.whole:
                assert wide.whole
            for x, y in places:
                if own.has_place(108 + x, 30 + y):
                    assert wide.has_place(108 + x, 30 + y)


@LAWS
@given(made=counties(), places=spots)
def test_neighbours_never_hold_the_same(
    workspace: Workspace, made: Made, places: list[tuple[float, float]]
) -> None:
    found = territories(workspace, made)
    sides = [unit for unit, _ in made.units if len(unit) == 2]
    for one in sides:
        for other in sides:
            if one >= other or found[one].whole or found[other].whole:
                continue
            assert not found[one].units & found[other].units
            assert not found[one].areas & found[other].areas
            for x, y in places:
                spot = shapely.box(108 + x, 30 + y, 108 + x + 1e-4, 30 + y + 1e-4)
                border = abs((spot.centroid.x - 108) % SPOT) < 1e-9
                assert border or not (found[one].holds(spot) and found[other].holds(spot))


@LAWS
@given(made=counties(), places=spots)
def test_the_questions_of_a_territory_agree(
    workspace: Workspace, made: Made, places: list[tuple[float, float]]
) -> None:
    lon, lat = (np.array(values) + at for values, at in zip(zip(*places, strict=True), (108, 30), strict=True))  # fmt: skip
    for own in territories(workspace, made).values():
        inside = own.has_places(lon, lat)
        for k in range(len(lon)):
            point = shapely.Point(lon[k], lat[k])
            assert inside[k] == own.has_place(lon[k], lat[k]) == own.touches(point)
            spot = point.buffer(1e-5, quad_segs=2)
            if own.covers(spot):
                assert own.holds(spot)
            if own.holds(spot):
                assert own.touches(spot)


@LAWS
@given(made=counties())
def test_two_territories_share_a_stamp_only_when_they_are_one(
    workspace: Workspace, made: Made
) -> None:
    found = territories(workspace, made)
    for one in found.values():
        assert (one.stamp == "") == one.whole
        for other in found.values():
            if one.stamp == other.stamp:
                assert (one.units, one.areas, one.tops) == (other.units, other.areas, other.tops)
