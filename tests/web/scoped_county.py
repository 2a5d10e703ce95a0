"""A county of two townships, each with its own records and people, to see who sees what.

Everything that only the west (or the county) may see has WEST in its name, team or code, so that
one search of an answer tells whether it leaks.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import county_builder as county
import numpy as np
import shapely
from affine import Affine
from conftest import PASSWORD, Visitor
from flask import Flask
from photo_builders import exif_bytes, jpeg_bytes
from raster_builders import grass, write_raster
from review_builders import CRS, DETECTOR, figures
from sqlalchemy import select

from geoinspect import crs as crs_
from geoinspect import pipeline
from geoinspect.intake import Intake, TrackTags, open_campaign
from geoinspect.intake.photos import add_photo
from geoinspect.records import Mode
from geoinspect.store import patrols, people, sightings
from geoinspect.store.schema import FileRow, PatchRow, PhotoRow, SurveyRow, TrackRow
from geoinspect.store.workspace import Workspace

COUNTY_UNIT, EAST_UNIT, WEST_UNIT = "U990100", "U990100001", "U990100002"
COUNTY_AREA, EAST_AREA, WEST_AREA = "990100", "990100001", "990100002"
# In whatever the west alone may see; no answer to the east holds it.
CANARY = "WESTONLY"
DAY = "2026-05-14"
# Wide sweeps and a low bar: the walks clear some cells.
CONFIG = "simulated = true\nsweep_width_foot_m = 600\ncleared_pod = 0.6\n"
BORDER = county.WEST + county.WIDTH
# Middles of grounds, lon and lat.
EAST_PLACE = (BORDER + 0.010, county.SOUTH + 0.012)
WEST_PLACE = (county.WEST + 0.010, county.SOUTH + 0.012)
BORDER_PLACE = (BORDER, county.SOUTH + 0.016)
_GSD_M, _SIDE_PX = 0.1, 640

USERS: dict[str, tuple[str, str | None]] = {
    **{
        f"{role}-{place}": (role, unit)
        for place, unit in (("east", EAST_UNIT), ("county", COUNTY_UNIT), ("all", None))
        for role in ("field", "analyst", "commander", "auditor", "admin")
    },
    "field-west": ("field", WEST_UNIT),
    "analyst-west": ("analyst", WEST_UNIT),
    "commander-west": ("commander", WEST_UNIT),
}


def scoped_workspace(folder: Path, *, config: str = CONFIG) -> Path:
    """Make the county's workspace and return its folder."""
    source = folder / "in"
    source.mkdir(parents=True)
    inputs = pipeline.Inputs(
        units=[
            (COUNTY_UNIT, "县公安局", None),
            (EAST_UNIT, "东镇政府", COUNTY_UNIT),
            (WEST_UNIT, f"西乡政府{CANARY}", COUNTY_UNIT),
        ],
        areas=[_areas_in(source)],
        zones=[_zones_in(source)],
        campaign=pipeline.CampaignPlan(
            "春季-2026", COUNTY_AREA, date(2026, 4, 1), date(2026, 6, 30), 100.0
        ),
    )
    with Workspace.create(folder / "w", config=config) as workspace:
        pipeline.add_ground(workspace, inputs, actor="test", tell=lambda _text: None)
        _add_campaigns(workspace)
        _add_people(workspace)
        _add_tracks(workspace, source)
        _add_photos(workspace, source)
        _add_surveys(workspace, source)
    return folder / "w"


@lru_cache(maxsize=8)
def numbers(folder: Path) -> dict[str, int]:
    """Return the number of every track, photo and survey of the county by its name."""
    found = {}
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        for table in (TrackRow, PhotoRow, SurveyRow):
            for row in session.scalars(select(table)):
                found[row.name] = row.id
    return found


def patches_of(folder: Path, survey: str) -> list[int]:
    """Return the numbers of a survey's patches, west to east."""
    with Workspace.open(folder) as workspace, workspace.database.reading() as session:
        rows = session.scalars(
            select(PatchRow).join(SurveyRow).where(SurveyRow.name == survey).order_by(PatchRow.west)
        )
        return [row.id for row in rows]


def signed_in(app: Flask, name: str) -> Visitor:
    """Return a browser in which somebody of the county has signed in."""
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(name, PASSWORD).status_code == 302
    return visitor


def _areas_in(folder: Path) -> Path:
    told = county.county_geojson()
    features: list[dict] = told["features"]  # type: ignore[assignment]
    for one in features:
        if one["properties"]["code"].startswith(WEST_AREA):
            one["properties"]["name"] += CANARY
    path = folder / "county.geojson"
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def _zones_in(folder: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"kind": "former", "name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": county.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001),
            },
        }
        for name, (lon, lat) in ((f"{CANARY}旧点", WEST_PLACE), ("东旧点", EAST_PLACE))
    ]
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def _add_campaigns(workspace: Workspace) -> None:
    """Add one of each township, then the county's, which is so the newest."""
    for name, area in (
        (f"{CANARY}行动", WEST_AREA),
        ("东镇行动", EAST_AREA),
        ("春季-2026", COUNTY_AREA),
    ):
        start, end = date(2026, 4, 1), date(2026, 6, 30)
        open_campaign(
            workspace, name, area_code=area, start=start, end=end, cell_m=100.0, actor="test"
        )


def _add_people(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        for name, (role, unit) in USERS.items():
            people.add_user(session, name=name, role=role, unit_code=unit, password=PASSWORD)
        patrols.set_roster(session, [("E001", EAST_UNIT), (f"{CANARY}1", WEST_UNIT)])


def line(lon: float, lat: float, *, points: int = 60) -> np.ndarray:
    """Lon, lat of a walk eastward of about 1 km round a place."""
    lons = np.linspace(lon - 0.005, lon + 0.005, points)
    return np.column_stack([lons, lat + 0.0004 * np.sin(np.linspace(0, 9, points))])


def _add_tracks(workspace: Workspace, folder: Path) -> None:
    """Add a track of each unit on its ground, the county's in the west, and some of no unit."""
    intake = Intake(workspace, actor="test")
    east, west = EAST_PLACE, WEST_PLACE
    tracks = [
        ("east-track", EAST_UNIT, "东一组", "E001", east),
        (f"{CANARY}-track", WEST_UNIT, f"{CANARY}组", f"{CANARY}1", west),
        (f"{CANARY}-county-track", COUNTY_UNIT, f"{CANARY}县组", None, (west[0], west[1] - 0.004)),
        ("east-no-unit-track", None, None, None, (east[0], east[1] + 0.003)),
        (f"{CANARY}-no-unit-track", None, None, None, (west[0], west[1] + 0.003)),
        # Sent by field-east from the neighbour's ground: a person's own is always theirs.
        ("own-track", None, None, None, (west[0], west[1] + 0.006)),
    ]
    for k, (name, unit, team, person, place) in enumerate(tracks):
        path = folder / f"{name}.gpx"
        start = datetime(2026, 5, 14, k, 30, tzinfo=UTC) + timedelta(minutes=k)
        path.write_text(county.gpx(line(*place), name=name, start=start), "utf-8")
        tags = TrackTags(unit, team, Mode.FOOT, person=person)
        assert intake.add_track(path, tags=tags).status == "added"
    _sent_by(workspace, "own-track.gpx", "field-east")


def _sent_by(workspace: Workspace, file: str, name: str) -> None:
    with workspace.database.writing() as session:
        row = session.scalar(select(FileRow).where(FileRow.name == file))
        user = people.user_named(session, name)
        assert row is not None
        assert user is not None
        people.record_upload(session, file=row, user_id=user.id, name=file)


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole, rest = divmod(degrees * 60, 60)[0], (degrees * 60) % 60
    return (float(whole), float(int(rest)), (rest - int(rest)) * 60)


def _add_photos(workspace: Workspace, folder: Path) -> None:
    photos = [
        ("east-photo.jpg", EAST_UNIT, EAST_PLACE),
        (f"{CANARY}-photo.jpg", WEST_UNIT, WEST_PLACE),
        ("east-no-unit-photo.jpg", None, EAST_PLACE),
        (f"{CANARY}-no-unit-photo.jpg", None, WEST_PLACE),
    ]
    for k, (name, unit, (lon, lat)) in enumerate(photos):
        gps = {2: _sexagesimal(lat), 4: _sexagesimal(lon + 1e-4 * k)}
        data = jpeg_bytes(exif_bytes(gps, {0x9003: f"2026:05:14 08:30:{k:02d}"}))
        path = folder / name
        path.write_bytes(data)
        tags = TrackTags(unit, None if unit is None else f"{name[:8]}-team")
        assert add_photo(workspace, path, name=None, tags=tags, actor="test").status == "added"


def _add_surveys(workspace: Workspace, folder: Path) -> None:
    """Add a survey on each side, and one of no unit across the border, with patches in a row."""
    for seed, (name, unit, place) in enumerate(
        (
            ("east-survey.tif", EAST_UNIT, EAST_PLACE),
            (f"{CANARY}-survey.tif", WEST_UNIT, WEST_PLACE),
            ("border-survey.tif", None, BORDER_PLACE),
        )
    ):
        half_m = _SIDE_PX * _GSD_M / 2
        x, y = (float(v[0]) for v in crs_.transform_xy(crs_.WGS84, CRS, *map(np.atleast_1d, place)))
        corner = (round(x) - half_m, round(y) + half_m)
        transform = Affine(_GSD_M, 0, corner[0], 0, -_GSD_M, corner[1])
        path = folder / name
        write_raster(path, grass(_SIDE_PX, _SIDE_PX, seed=seed), transform=transform, crs=CRS)
        added = Intake(workspace, actor="test").add_survey(path, taken=date(2026, 5, 10 + seed))
        assert added.record_id is not None
        _add_patches(workspace, added.record_id, unit, corner)


def _add_patches(
    workspace: Workspace, survey_id: int, unit: str | None, corner: tuple[float, float]
) -> None:
    """Put eight candidates of 2 m × 2 m in a row, 8 m apart: four on each side of the middle."""
    features, logit = figures(8)
    with workspace.database.writing() as session:
        survey = sightings.survey(session, survey_id)
        survey.detector, survey.detected_at = DETECTOR, datetime.now(UTC)
        survey.unit_code = unit
        rows = []
        for k in range(8):
            x, y = corner[0] + 3 + 8 * k, corner[1] - 30
            outline = crs_.transform_geometry(CRS, crs_.WGS84, shapely.box(x, y, x + 2, y + 2))
            rows.append(
                PatchRow(
                    survey_id=survey_id,
                    rank=None,
                    score=float(1 / (1 + np.exp(-logit[k]))),
                    area_m2=4.0,
                    reasons={"glaucous": 0.9, "petals": 0.4, "texture": 0.6},
                    state="suspected",
                    geometry=outline,
                    logit=float(logit[k]),
                    features=features[k].astype("<f4").tobytes(),
                )
            )
        sightings.replace_patches(session, survey_id, rows)
        sightings.rerank(session)
