"""Evidence on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import shapely
from case_builders import case_row, county, opened, place, plot
from click.testing import CliRunner
from evidence_builders import HOSTILE, picture_at

from geoinspect.cli.evidence import add_evidence_commands
from geoinspect.errors import GeoInspectError, InputError, UsageError
from geoinspect.store.workspace import Workspace


@click.group()
@click.option("-w", "workspace", type=click.Path(path_type=Path))
@click.pass_context
def cases(context: click.Context, workspace: Path) -> None:
    context.obj = workspace


add_evidence_commands(cases)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Workspace]:
    with county(tmp_path / "w") as workspace:
        opened(workspace)
        yield workspace


def run(office: Workspace, *args: object, status: int = 0) -> Any:
    asked = ["-w", str(office.folder), *map(str, args), "--json"]
    done = CliRunner().invoke(cases, asked, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    assert done.return_value == status
    return json.loads(done.stdout)


def test_files_are_added_and_listed(office: Workspace, tmp_path: Path) -> None:
    photo, paper, empty = (tmp_path / name for name in ("a.jpg", "文书.pdf", "empty.jpg"))
    photo.write_bytes(picture_at(place()))
    paper.write_bytes(b"%PDF-1.7")
    empty.write_bytes(b"")
    files = photo, paper, empty, tmp_path / "missing.jpg"
    told = run(office, "evidence", "add", "2026-00001", *files, "--witness", "王村长", status=1)
    assert (told["added"], told["refused"]) == (2, 2)
    assert [one.get("code") for one in told["results"]] == [None, None, "empty", "not_a_file"]
    assert [one["evidence"]["kind"] for one in told["results"][:2]] == ["photo", "document"]
    listed = run(office, "evidence", "list", "1")
    assert [row["name"] for row in listed] == ["a.jpg", "文书.pdf"]
    assert listed[0]["facts"]["witness"] == "王村长"
    assert listed == [one["evidence"] for one in told["results"][:2]]


def test_what_is_no_photo_is_told_and_kept(office: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(HOSTILE["html"])
    told = run(office, "evidence", "add", "1", tmp_path / "a.jpg")["results"][0]
    assert told["evidence"]["kind"] == "document"
    assert told["problems"][0]["code"] == "not_a_picture"


def test_plants_are_counted_by_quadrats_or_one_by_one(office: Workspace) -> None:
    asked = ("--quadrats", "3,4,0,5", "--quadrat-m2", 1, "--area-m2", 80)
    found = run(office, "count", "1", *asked)["results"][0]["evidence"]["facts"]["count"]
    assert found["plants"] == 240
    plain = run(office, "count", "1", "--plants", 37)["results"][0]["evidence"]["facts"]["count"]
    assert (plain["plants"], plain["low"], plain["high"]) == (37, 37, 37)
    for wrong in (("--quadrats", "3;4", "--area-m2", 80), ("--quadrats", "3,4"), ()):
        with pytest.raises(UsageError):
            run(office, "count", "1", *wrong)


def test_ground_is_walked_or_drawn(office: Workspace, tmp_path: Path) -> None:
    ground = plot().buffer(2e-5)
    drawing, broken = tmp_path / "a.geojson", tmp_path / "b.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(ground)}
    drawing.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    broken.write_text("{", "utf-8")
    told = run(office, "area", "1", "--drawn", drawing)["results"][0]["evidence"]
    assert told["facts"]["area_how"] == "drawn"
    assert not case_row(office, 1).geometry.equals(ground)
    run(office, "area", "1", "--drawn", drawing, "--use-as-ground")
    assert case_row(office, 1).geometry.equals(ground)
    line = {"type": "LineString", "coordinates": [*ground.exterior.coords]}
    track = tmp_path / "walk.geojson"
    track.write_text(json.dumps({**feature, "geometry": line}), "utf-8")
    walked = run(office, "area", "1", "--walked", track)["results"][0]["evidence"]
    assert walked["facts"]["area_how"] == "walked"
    assert walked["facts"]["area_m2"] == pytest.approx(told["facts"]["area_m2"], rel=0.01)
    for wrong in (("--drawn", broken), ("--walked", broken), ("--walked", tmp_path / "no.gpx")):
        with pytest.raises(InputError):
            run(office, "area", "1", *wrong)
    for both in ((), ("--drawn", drawing, "--walked", track)):
        with pytest.raises(UsageError):
            run(office, "area", "1", *both)


def test_unknown_cases_are_said(office: Workspace) -> None:
    for asked in (("evidence", "list", "2099-1"), ("count", "77", "--plants", 1)):
        with pytest.raises(GeoInspectError):
            run(office, *asked)


def test_people_read_words(office: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture_at(place(1)))
    asked = ["-w", str(office.folder), "evidence"]
    done = CliRunner().invoke(cases, [*asked, "add", "1", str(tmp_path / "a.jpg")])
    assert "回执" in done.output
    assert "离线索地块" in done.output
    assert "照片" in CliRunner().invoke(cases, [*asked, "list", "1"]).output
