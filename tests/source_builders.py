"""Surveys, patches, licences and target lists for the county of case_builders; nothing is detected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import shapely
from case_builders import NOON, SOUTH, STEP, WEST

from geoinspect.records import Zone, ZoneKind
from geoinspect.store import grounds, sightings
from geoinspect.store.case_schema import CaseLinkRow
from geoinspect.store.schema import FileRow, PatchRow, SurveyRow
from geoinspect.store.workspace import Workspace

# Near enough for these tests: at 33° north.
DEG_NORTH_M, DEG_EAST_M = 110_922.0, 93_453.0
# Where the squares of a test are laid out from, in the first township.
ORIGIN = (WEST + 0.05, SOUTH + 0.05)


def square(east_m: float, north_m: float, side_m: float = 4.0) -> shapely.Polygon:
    """A square whose south-west corner lies so many metres from the origin, WGS84."""
    west, south = ORIGIN[0] + east_m / DEG_EAST_M, ORIGIN[1] + north_m / DEG_NORTH_M
    return shapely.box(west, south, west + side_m / DEG_EAST_M, south + side_m / DEG_NORTH_M)


def add_survey(
    workspace: Workspace,
    name: str = "一号航测",
    *,
    taken: datetime | None = NOON,
    ground: shapely.Geometry | None = None,
    report: Mapping[str, object] | None = None,
    searched: bool = True,
) -> int:
    """A survey of the first township, or of some ground, without a picture."""
    outline = ground or shapely.box(WEST, SOUTH, WEST + STEP, SOUTH + STEP)
    with workspace.database.writing() as session:
        count = len(sightings.surveys(session)) + 1
        file = FileRow(sha256=f"{count:064x}", name=f"{name}.tif", bytes=1, received_at=NOON)
        session.add(file)
        session.flush()
        row = SurveyRow(
            file_id=file.id,
            name=name,
            unit_code=None,
            taken=taken,
            width=1,
            height=1,
            band_count=3,
            crs="EPSG:4545",
            gsd_cm=3.0,
            valid_area_m2=1e6,
            detector="cues 5",
            detected_at=NOON,
            searched=searched,
            report=dict(report or {}),
            geometry=outline,
        )
        session.add(row)
        session.flush()
        return row.id


def detect(workspace: Workspace, survey_id: int, shapes: Sequence[shapely.Geometry]) -> list[int]:
    """Put patches on a survey as a new detection would; return their numbers, the best first."""
    with workspace.database.writing() as session:
        rows = [
            PatchRow(
                survey_id=survey_id,
                rank=None,
                score=0.9 - 0.001 * k,
                area_m2=16.0,
                reasons={},
                state="suspected",
                logit=None,
                features=None,
                geometry=shape,
            )
            for k, shape in enumerate(shapes)
        ]
        sightings.replace_patches(session, survey_id, rows)
        sightings.rerank(session)
        return [row.id for row in rows]


def add_licence(
    workspace: Workspace,
    ground: shapely.Geometry,
    *,
    first: date | None = date(2026, 1, 1),
    last: date | None = date(2026, 12, 31),
    number: str | None = "许-1",
    area_m2: float | None = None,
) -> None:
    """A licensed parcel."""
    zone = Zone(ZoneKind.LICENSED, "百号一场", ground, first, last, number, area_m2)
    with workspace.database.writing() as session:
        grounds.add_zones(session, [zone])


def states_of(workspace: Workspace, numbers: Sequence[int]) -> list[tuple[str, int | None]]:
    """State and rank of patches."""
    with workspace.database.reading() as session:
        rows = [sightings.patch(session, number) for number in numbers]
        return [(row.state, row.rank) for row in rows]


def linked_patches(workspace: Workspace) -> list[tuple[int, int]]:
    """Case and patch of every standing link."""
    with workspace.database.reading() as session:
        rows = session.query(CaseLinkRow).filter_by(kind="patch", gone_at=None).all()
        return sorted((row.case_id, row.source_id) for row in rows)


def target_table(path: Path, rows: Sequence[tuple[str, shapely.Geometry]]) -> Path:
    """A target list as a text table: code, and the place of each ground's middle."""
    lines = ["编号,经度,纬度,面积(平方米),影像日期,备注"]
    for code, ground in rows:
        place = ground.centroid
        lines.append(f"{code},{place.x:.8f},{place.y:.8f},16,2026-05-01,山坡")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def moment(day: int, month: int = 5) -> datetime:
    """Noon of a day of 2026 in Beijing."""
    return datetime(2026, month, day, 4, tzinfo=UTC)
