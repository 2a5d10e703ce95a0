"""A simulated county at full size, for measuring the map: scripts/big_county.py FOLDER.

One campaign of some 490,000 cells, 10,000 tracks swept onto it, 200 surveys with small pictures,
100,000 patches (one in fifty reviewed), 3,000 cases and 500 sites. Rows go in in bulk, past the
intake: the tracks and surveys have no files behind them, so `doctor` complains of this workspace,
and nothing in it is real. The settings say ``simulated = true``.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from big_county_cases import add_cases, add_sites
from big_county_ground import (
    BATCH,
    DAYS,
    FIRST,
    HEIGHT_DEG,
    LAT_M,
    LON_M,
    MODES,
    SIMULATED,
    SOUTH,
    TOWNSHIPS,
    WEST,
    WIDTH_DEG,
    Size,
    boxes,
    note,
    unit_at,
)
from big_county_pictures import PICTURE_M, template_pictures
from sqlalchemy import insert
from sqlalchemy.orm import Session

from geoinspect.campaigns import ground_of
from geoinspect.intake import open_campaign
from geoinspect.intake.looks import searched_ground, track_source
from geoinspect.records import Area, Level, Mode, Segment
from geoinspect.store import grounds, people
from geoinspect.store.review_schema import PatchLabelRow
from geoinspect.store.schema import FileRow, LookRow, PatchRow, PatrolRow, SurveyRow, TrackRow
from geoinspect.store.workspace import Workspace
from geoinspect.surroundings import surroundings_of


def in_batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Return rows some thousands at a time."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def open_county(folder: Path, size: Size) -> Workspace:
    """Make a workspace with units, 16 townships, two people and the campaign."""
    workspace = Workspace.create(folder, config="simulated = true\n")
    whole = shapely.box(WEST, SOUTH, WEST + WIDTH_DEG, SOUTH + HEIGHT_DEG)
    areas = [Area("990100", "模拟大县", Level.COUNTY, None, "U", whole)]
    step = WIDTH_DEG / TOWNSHIPS, HEIGHT_DEG / TOWNSHIPS
    with workspace.database.writing() as session:
        grounds.add_unit(session, code="U", name="县禁毒办", parent_code=None)
        for i in range(TOWNSHIPS):
            for j in range(TOWNSHIPS):
                at = WEST + i * step[0], SOUTH + j * step[1]
                box = shapely.box(*at, at[0] + step[0], at[1] + step[1])
                code, name = f"9901000{i}{j}", f"第{4 * i + j + 1}乡"
                grounds.add_unit(session, code=f"U{i}{j}", name=f"{name}政府", parent_code="U")
                areas.append(Area(code, name, Level.TOWNSHIP, "990100", f"U{i}{j}", box))
        grounds.add_areas(session, areas)
    end = FIRST + timedelta(days=DAYS - 1)
    plan: dict[str, Any] = {"start": FIRST, "end": end, "cell_m": size.cell_m, "actor": "simulated"}
    open_campaign(workspace, "模拟-2026", area_code="990100", **plan)
    return workspace


def file_rows(session: Session, what: str, count: int) -> int:
    """Add rows of files that are not there; return the number of the first."""
    before = session.query(FileRow).count()
    now = datetime.now(UTC)
    rows = (
        {
            "id": before + n + 1,
            "sha256": hashlib.sha256(f"{what} {n}".encode()).hexdigest(),
            "name": f"{what}-{n + 1:05d}",
            "bytes": 0,
            "received_at": now,
        }
        for n in range(count)
    )
    for batch in in_batches(rows):
        session.execute(insert(FileRow), batch)
    return before + 1


def way(random: np.random.Generator, points: int) -> np.ndarray:
    """Return a wandering walk with 5 m steps inside the county, degrees; shape (points, 2)."""
    heading = np.cumsum(random.normal(0, 0.12, points)) + random.uniform(0, 2 * np.pi)
    steps = 5.0 * np.column_stack([np.cos(heading) / LON_M, np.sin(heading) / LAT_M])
    share = random.uniform(0.0, 1.0, 2) * (WIDTH_DEG, HEIGHT_DEG) + np.cumsum(steps, axis=0)
    # Reflected at the borders, like a patrol that turns back.
    span = np.array([WIDTH_DEG, HEIGHT_DEG])
    return np.array([WEST, SOUTH]) + np.abs(((share + span) % (2 * span)) - span)


def add_tracks(workspace: Workspace, size: Size, random: np.random.Generator) -> None:
    """Add tracks, a patrol for each, and what they saw of the campaign."""
    with workspace.database.reading() as session:
        row = grounds.campaign(session)
        ground = ground_of(row)
        campaign_id = row.id
        around = searched_ground(
            surroundings_of(workspace, session, ground, campaign_id=campaign_id)
        )
    ways = [way(random, size.points) for _ in range(size.tracks)]
    looks: list[dict[str, Any]] = []
    with workspace.database.writing() as session:
        first_file = file_rows(session, "track", size.tracks)
        rows, patrols = [], []
        for n, line in enumerate(ways):
            mode, day = MODES[n % len(MODES)], FIRST + timedelta(days=int(random.integers(DAYS)))
            start = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
            stop = start + timedelta(seconds=5 * (size.points - 1))
            segment = Segment(
                line[:, 0].copy(),
                line[:, 1].copy(),
                start.timestamp() + 5.0 * np.arange(size.points),
            )
            unit, team = unit_at(*line[0].tolist()), f"{n % 3 + 1}组"
            patrols.append(
                {
                    "id": n + 1,
                    "unit_code": unit,
                    "team": team,
                    "mode": mode.value,
                    "purpose": "search",
                    "day": day,
                    "headcount": 3,
                    "first_time": start,
                    "last_time": stop,
                }
            )
            rows.append(track_values(n, first_file, line, unit, team, mode, day, (start, stop)))
            source = track_source([segment], mode, day, workspace.settings, track_id=n + 1)
            look = source.look_on(campaign_id, around)
            if look is not None:
                looks.append(
                    {c.name: getattr(look, c.name) for c in LookRow.__table__.columns}
                    | {"id": len(looks) + 1}
                )
        for kind, values in ((PatrolRow, patrols), (TrackRow, rows), (LookRow, looks)):
            for batch in in_batches(iter(values)):
                session.execute(insert(kind), batch)
        note(session, "track.add", f"{size.tracks} tracks")


def track_values(
    n: int,
    first_file: int,
    line: np.ndarray,
    unit: str,
    team: str,
    mode: Mode,
    day: date,
    times: tuple[datetime, datetime],
) -> dict[str, Any]:
    """Return the columns of a track."""
    geometry = shapely.MultiLineString([line])
    length_m = 5.0 * (len(line) - 1)
    return {
        "id": n + 1,
        "file_id": first_file + n,
        "part": 0,
        "patrol_id": n + 1,
        "people": [],
        "counted_length_m": length_m,
        "choices": {},
        "doubts": [],
        "decision": {},
        "name": f"模拟轨迹 {n + 1}",
        "format": "gpx",
        "unit_code": unit,
        "team": team,
        "mode": mode.value,
        "day": day,
        "first_time": times[0],
        "last_time": times[1],
        "points": len(line),
        "length_m": length_m,
        "cleaned_length_m": length_m,
        "datum_used": "wgs84",
        "report": SIMULATED,
        "geometry": geometry,
        **boxes(shapely.bounds(geometry)),
    }


def add_surveys(workspace: Workspace, size: Size, random: np.random.Generator) -> np.ndarray:
    """Add surveys with pictures; return the south-west corners of their ground, degrees."""
    span = np.array([PICTURE_M / LON_M, PICTURE_M / LAT_M])
    corner = np.array([WEST, SOUTH]) + random.uniform(0, 1, (size.surveys, 2)) * (
        np.array([WIDTH_DEG, HEIGHT_DEG]) - span
    )
    templates = template_pictures(workspace.folder / "templates", random)
    with workspace.database.writing() as session:
        first_file = file_rows(session, "survey", size.surveys)
        rows = []
        for n, (west, south) in enumerate(corner.tolist()):
            day = FIRST + timedelta(days=n * DAYS // max(size.surveys, 1))
            geometry = shapely.MultiPolygon(
                [shapely.box(west, south, west + span[0], south + span[1])]
            )
            target = workspace.survey_path(n + 1)
            shutil.copyfile(templates[n % len(templates)], target)
            with rasterio.open(target, "r+", driver="GTiff") as raster:
                raster.transform = rasterio.transform.from_bounds(
                    west, south, west + span[0], south + span[1], raster.width, raster.height
                )
                width, height = raster.width, raster.height
            rows.append(
                {
                    "id": n + 1,
                    "file_id": first_file + n,
                    "name": f"模拟航测 {n + 1}",
                    "unit_code": unit_at(west, south),
                    "taken": datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
                    "width": width,
                    "height": height,
                    "band_count": 3,
                    "crs": "EPSG:4326",
                    "gsd_cm": 100 * PICTURE_M / width,
                    "valid_area_m2": PICTURE_M**2,
                    "detector": "simulated",
                    "detected_at": datetime.now(UTC),
                    "searched": True,
                    "report": SIMULATED,
                    "geometry": geometry,
                    **boxes(shapely.bounds(geometry)),
                }
            )
        session.execute(insert(SurveyRow), rows)
        note(session, "survey.add", f"{size.surveys} surveys")
    return corner


def add_patches(
    workspace: Workspace, size: Size, corner: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Add patches on the surveys, as many on each; return their middles, degrees."""
    survey = np.arange(size.patches) % size.surveys
    span = np.array([PICTURE_M / LON_M, PICTURE_M / LAT_M])
    middle = corner[survey] + random.uniform(0.01, 0.99, (size.patches, 2)) * span
    turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radius_m = random.gamma(3.0, 0.8, size.patches)[:, None] * random.uniform(
        0.7, 1.3, (size.patches, len(turns))
    )
    rings = middle[:, None, :] + np.stack(
        [radius_m * np.cos(turns) / LON_M, radius_m * np.sin(turns) / LAT_M], axis=2
    )
    shapes = shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1))
    area_m2 = shapely.area(shapes) * LON_M * LAT_M
    score = random.beta(2, 3, size.patches)
    licensed = random.random(size.patches) < 0.03
    rank = np.full(size.patches, 0)
    order = np.argsort(-np.where(licensed, -1, score), kind="stable")
    rank[order] = np.arange(1, size.patches + 1)
    bounds = shapely.bounds(shapes)
    rows = (
        {
            "id": n + 1,
            "survey_id": int(survey[n]) + 1,
            "rank": None if licensed[n] else int(rank[n]),
            "score": float(score[n]),
            "area_m2": float(area_m2[n]),
            "reasons": {"simulated": True},
            "state": "licensed" if licensed[n] else "suspected",
            "logit": float(np.log(score[n] / (1 - score[n]))),
            "features": None,
            "geometry": shapely.MultiPolygon([shapes[n]]),
            **boxes(bounds[n]),
        }
        for n in range(size.patches)
    )
    with workspace.database.writing() as session:
        for batch in in_batches(rows):
            session.execute(insert(PatchRow), batch)
        labels = [label_values(n, survey, shapes[n]) for n in range(0, size.patches, 50)]
        for batch in in_batches(iter(labels)):
            session.execute(insert(PatchLabelRow), batch)
        note(session, "survey.detect", f"{size.patches} patches")
    return middle


def label_values(n: int, survey: np.ndarray, shape: shapely.Polygon) -> dict[str, Any]:
    """Return the columns of a label."""
    return {
        "survey_id": int(survey[n]) + 1,
        "patch_id": n + 1,
        "client_id": f"simulated-{n}",
        "label": "poppy" if n % 150 == 0 else "other",
        "reason": None if n % 150 == 0 else "grass",
        "actor": "simulated",
        "at": datetime.now(UTC),
        "geometry": shape,
        **boxes(shapely.bounds(shape)),
    }


def add_people(workspace: Workspace, password: str) -> None:
    """Add an administrator of everything and a field person of one township."""
    with workspace.database.writing() as session:
        for name, role, unit in (("big", "admin", None), ("east", "field", "U30")):
            people.add_user(session, name=name, role=role, unit_code=unit, password=password)


def build(folder: Path, size: Size, *, password: str, seed: int = 7, tell: bool = False) -> None:
    """Make the county in a folder that is not there yet."""
    random, start = np.random.default_rng(seed), time.perf_counter()

    def told(what: str) -> None:
        if tell:
            print(f"{time.perf_counter() - start:6.1f} s  {what}", flush=True)

    with open_county(folder, size) as workspace:
        add_people(workspace, password)
        told("campaign")
        add_tracks(workspace, size, random)
        told(f"{size.tracks} tracks")
        corner = add_surveys(workspace, size, random)
        told(f"{size.surveys} surveys")
        middle = add_patches(workspace, size, corner, random)
        told(f"{size.patches} patches")
        add_sites(workspace, size, random)
        add_cases(workspace, size, middle)
        told(f"{size.cases} cases, {size.sites} sites")


def main(given: Sequence[str] | None = None) -> None:
    """Make the county and say who may sign in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--password", default=None, help="of the people big and east")
    for name in ("patches", "tracks", "points", "surveys", "cases", "sites"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Size(), name))
    asked = parser.parse_args(given)
    if (asked.folder / "geoinspect.db").exists():
        parser.error(f"{asked.folder} has a workspace already")
    size = Size(asked.patches, asked.tracks, asked.points, asked.surveys, asked.cases, asked.sites)
    password = asked.password or secrets.token_urlsafe(9)
    build(asked.folder, size, password=password, tell=True)
    print(f"SIMULATED county in {asked.folder}: sign in as big or east with {password}")


if __name__ == "__main__":
    main()
