"""A small county with tracks, a drone picture and parcels, and the web app over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
import rasterio
from affine import Affine
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from raster_builders import Planted, grass, write_raster

from geoinspect import crs as crs_
from geoinspect import pipeline
from geoinspect.intake import TrackTags
from geoinspect.records import Mode
from geoinspect.store import people
from geoinspect.store.workspace import Workspace
from webmap import create_app

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "测试员", "long enough 1"
HOSTILE = "{{7*7}}<img src=x onerror=alert(1)>"
FORM = {"username": USER, "password": PASSWORD}


@pytest.fixture(scope="session", autouse=True)
def _compiled_translations() -> None:
    """Compile what an installation compiles, as the checkout may be newer than it."""
    for source in (ROOT / "webmap" / "translations").rglob("*.po"):
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parent.parent.name)
        with source.with_suffix(".mo").open("wb") as out:
            write_mo(out, catalogue)


def survey_in(folder: Path) -> Path:
    """A 45 m × 45 m meadow at 5 cm with two planted patches, one of them licensed."""
    path = folder / "meadow.tif"
    corner = np.array([county.WEST + 0.006]), np.array([county.SOUTH + 0.012])
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", *corner)
    transform = Affine(0.05, 0, round(float(x[0])), 0, -0.05, round(float(y[0])))
    pixels = grass(900, 900, [Planted(300, 340, 90, 90), Planted(620, 120, 80, 110)])
    write_raster(path, pixels, transform=transform, crs="EPSG:4545")
    with rasterio.open(path, "r+", driver="GTiff") as picture:
        picture.update_tags(TIFFTAG_DATETIME="2026:05:10 10:00:00")
    return path


def zones_in(folder: Path) -> Path:
    """A licensed parcel over the western part of the meadow, and an old growing place."""
    w, s = county.WEST + 0.006, county.SOUTH + 0.012
    licensed = county.box(w, s - 0.00042, w + 0.00015, s - 0.00025)
    former = county.box(w + 0.01, s - 0.004, w + 0.012, s - 0.002)
    features = [
        {
            "type": "Feature",
            "properties": {"kind": kind, "name": name},
            "geometry": {"type": "Polygon", "coordinates": ring},
        }
        for kind, name, ring in (("licensed", "百号一场", licensed), ("former", "旧点", former))
    ]
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def build_workspace(folder: Path, *, config: str = "simulated = true\n") -> Path:
    """Make the county's workspace and return its folder."""
    source = folder / "in"
    source.mkdir(parents=True)
    (source / "a.gpx").write_text(county.gpx(county.walk()), "utf-8")
    hostile = county.gpx(county.walk(offset=0.003), name=HOSTILE)
    (source / "hostile.gpx").write_text(hostile, "utf-8")
    names = [("U990100", "县公安局"), ("U990100001", "东镇政府"), ("U990100002", "西乡政府")]
    inputs = pipeline.Inputs(
        units=[(code, name, None) for code, name in names],
        areas=[county.write_county(source)],
        zones=[zones_in(source)],
        campaign=pipeline.CampaignPlan(
            "春季-2026", "990100", date(2026, 4, 1), date(2026, 6, 30), 100.0
        ),
        tracks=[
            (source / "a.gpx", TrackTags("U990100001", "一组", Mode.FOOT)),
            (source / "hostile.gpx", TrackTags("U990100002", HOSTILE, Mode.FOOT)),
        ],
        surveys=[survey_in(source)],
    )
    with Workspace.create(folder / "w", config=config) as workspace:
        pipeline.run(workspace, inputs, actor="test", tell=lambda _text: None)
        with workspace.database.writing() as session:
            people.add_user(session, name=USER, role="admin", unit_code=None, password=PASSWORD)
            people.add_user(session, name="二号", role="field", unit_code=None, password=PASSWORD)
    return folder / "w"


@pytest.fixture(scope="session")
def workspace_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The county's workspace. Tests of one session share it: they may add, never remove."""
    return build_workspace(tmp_path_factory.mktemp("county"))


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new county: a workspace with one person and nothing else."""
    folder = tmp_path_factory.mktemp("new") / "w"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name=USER, role="admin", unit_code=None, password=PASSWORD)
    return folder


@dataclass
class Visitor:
    """A browser without a screen: a test client and its forgery token."""

    client: FlaskClient

    def token(self, page: str = "/login") -> str:
        text = self.client.get(page).get_data(as_text=True)
        return text.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]

    def sign_in(self, name: str = USER, password: str = PASSWORD, **more: str):
        data = {"username": name, "password": password, "csrf_token": self.token(), **more}
        return self.client.post("/login", data=data)

    def send(self, data: bytes, name: str, **query: str):
        headers = {"X-CSRFToken": self.token("/upload")}
        return self.client.post(
            "/api/v1/files",
            query_string={"name": name, **query},
            data=data,
            content_type="application/octet-stream",
            headers=headers,
        )

    def json(self, path: str, **query: object):
        answer = self.client.get(f"/api/v1/{path}", query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()


def _closed(app: Flask) -> None:
    app.extensions["geoinspect"].workspace.close()


@pytest.fixture(scope="session")
def app(workspace_folder: Path) -> Iterator[Flask]:
    """The app over the county."""
    made = create_app(workspace_folder, testing=True)
    yield made
    _closed(made)


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(app.test_client())


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has signed in."""
    made = Visitor(app.test_client())
    assert made.sign_in().status_code == 302
    return made


@pytest.fixture
def patch_id(visitor: Visitor) -> int:
    """A patch of the county; a search that another test asked for gave all of them new numbers."""
    return int(visitor.json("patches", limit=1)["features"][0]["properties"]["id"])


@pytest.fixture
def new_app(tmp_path: Path) -> Iterator[Callable[[Path], Flask]]:
    """A way to make apps that are closed when the test ends."""
    made: list[Flask] = []

    def make(folder: Path) -> Flask:
        made.append(create_app(folder, testing=True))
        return made[-1]

    yield make
    for one in made:
        _closed(one)
