"""Areas taken together: circles of parents, ground outside parents, ground at the antimeridian."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from area_builders import feature, geojson, square
from shapely import MultiPolygon

from geoinspect import crs as crs_
from geoinspect import pipeline
from geoinspect.campaigns import plan_ground
from geoinspect.coverage.cells import Thresholds
from geoinspect.coverage.measure import measure
from geoinspect.coverage.sums import CoverageSum, tree_sums
from geoinspect.errors import AreaError, UsageError
from geoinspect.ingest.area_checks import circle
from geoinspect.ingest.areas import read_areas
from geoinspect.settings import Settings
from geoinspect.store import grounds
from geoinspect.store.workspace import Workspace

FIJI = MultiPolygon(
    [shapely.box(179.99, -17, 180, -16.98), shapely.box(-180, -17, -179.99, -16.98)]
)


def area(code: str, parent: str | None, level: str, shape: shapely.Geometry) -> dict[str, object]:
    return feature(shape, code=code, name=f"名{code}", parent=parent, level=level)


@pytest.fixture
def workspace(tmp_path: Path):
    with Workspace.create(tmp_path / "w") as opened:
        yield opened


def test_circles_are_found() -> None:
    assert circle({"a": None, "b": "a", "c": "gone"}) == []
    assert circle({"s": "s", "l": "m", "m": "l", "below": "m", "x": None}) == ["l", "m", "s"]


def test_areas_in_a_circle_lose_their_parent(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a",
        area("L1", "L2", "county", square(114)),
        area("L2", "L1", "township", square(115)),
        area("S", "S", "township", square(116)),
        area("C", "L2", "village", square(115)),
    )
    read = read_areas(path)
    assert {a.code: a.parent_code for a in read.areas} == {
        "L1": None, "L2": None, "S": None, "C": "L2",
    }  # fmt: skip
    (problem,) = read.problems
    assert (problem.code, problem.count) == ("parent_cycle", 3)
    assert "L1, L2, S" in problem.text.en


def test_a_circle_with_what_is_stored_is_refused_and_nothing_changes(
    tmp_path: Path, workspace: Workspace
) -> None:
    first = geojson(
        tmp_path / "a", area("A", None, "county", square()), area("B", "A", "township", square())
    )
    pipeline.add_areas(workspace, first, actor="t")
    second = geojson(tmp_path / "b", area("A", "B", "county", square()))
    with pytest.raises(AreaError) as caught:
        pipeline.add_areas(workspace, second, actor="t")
    assert caught.value.code == "parent_cycle"
    with workspace.database.reading() as session:
        assert {a.code: a.parent_code for a in grounds.areas(session)} == {"A": None, "B": "A"}


def test_a_unit_is_never_its_own_ancestor(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        grounds.add_unit(session, code="1", name="x", parent_code=None)
        grounds.add_unit(session, code="2", name="y", parent_code="1")
        for code, parent in (("1", "2"), ("3", "3")):
            with pytest.raises(UsageError) as caught:
                grounds.add_unit(session, code=code, name="z", parent_code=parent)
            assert caught.value.code == "unit_cycle"


def test_sums_and_ways_never_loop() -> None:
    own = {code: CoverageSum(area_m2=1.0) for code in "abcds"}
    parents = {"a": "b", "b": "a", "c": "b", "d": "c", "s": "s"}
    total = tree_sums(own, parents)
    assert {code: total[code].area_m2 for code in "abcds"} == {
        "a": 1.0, "b": 3.0, "c": 2.0, "d": 1.0, "s": 1.0,
    }  # fmt: skip


def test_ground_outside_a_parent_is_told(tmp_path: Path, workspace: Workspace) -> None:
    county = geojson(tmp_path / "a", area("C", None, "county", square(half=0.1)))
    inside, sliver, outside = square(), square(114.0900001), square(114.095)
    towns = geojson(
        tmp_path / "b",
        area("1", "C", "township", inside),
        area("2", "C", "village", sliver),
        area("3", "C", "compartment", outside),
    )
    _, _, problems = pipeline.add_areas(workspace, county, actor="t")
    assert problems == ()
    _, _, problems = pipeline.add_areas(workspace, towns, actor="t")
    (problem,) = problems
    m2 = crs_.geodesic_area_m2(shapely.difference(outside, square(half=0.1)))
    assert (problem.code, problem.count) == ("outside_parent", 1)
    assert f"{m2 / 1e4:.2f} ha" in problem.text.en
    assert f"名3”,超出 {m2 * 15 / 1e4:.1f} 亩" in problem.text.zh
    # A parent that shrinks is told too.
    small = geojson(tmp_path / "c", area("C", None, "county", square(half=0.0095)))
    _, _, problems = pipeline.add_areas(workspace, small, actor="t")
    assert {p.code: p.count for p in problems} == {"outside_parent": 3}


def test_the_centre_of_ground_at_the_antimeridian_is_there() -> None:
    lon, lat = crs_.centre_of(FIJI)
    assert abs(lon) == pytest.approx(180)
    assert lat == pytest.approx(-16.99)
    assert crs_.centre_of(square(120.5)) == pytest.approx((120.5, 31.0))
    lon, _ = crs_.centre_of(MultiPolygon([*FIJI.geoms, shapely.box(-179.99, -17, -179.9, -16.98)]))
    assert -180 < lon < -179.9


def test_ground_at_the_antimeridian_is_one_small_ground(
    tmp_path: Path, workspace: Workspace
) -> None:
    # The rim of a UTM zone is drawn 0.17 % too large.
    m2 = crs_.geodesic_area_m2(FIJI)
    result = measure(
        FIJI, [], [], cell_m=100, width_m=50, gap_s=300, thresholds=Thresholds(0.5, 0.8)
    ).as_json()
    assert result["area_m2"] == pytest.approx(m2, rel=2e-3)
    pipeline.add_areas(
        workspace, geojson(tmp_path / "a", area("F", None, "county", FIJI)), actor="t"
    )
    with workspace.database.reading() as session:
        ground = plan_ground(Settings(), grounds.below(session, "F"), cell_m=100)
    assert ground.cell_m2.sum() == pytest.approx(m2, rel=2e-3)
    assert ground.grid.cols < 40
