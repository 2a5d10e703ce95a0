"""A meadow with many small candidates of two kinds, as a detector of this version leaves them.

The figures are made up: what is alike in them can be learnt, and nothing is detected.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import shapely
from raster_builders import grass, north_up, write_raster

from geoinspect import crs as crs_
from geoinspect.detect.objects import FEATURES
from geoinspect.intake import Intake
from geoinspect.store import sightings
from geoinspect.store.schema import PatchRow
from geoinspect.store.workspace import Workspace

CRS = "EPSG:4545"
GSD_M = 0.1
SIDE_PX = 640
DETECTOR = "cues 5"
# Every fifth candidate is of the kind that is looked for; the detector ranks them in the middle.
EACH = 5


def meadow_survey(workspace: Workspace, folder: Path, *, seed: int = 3, day: int = 10) -> int:
    """Add a picture of 64 m × 64 m and return its number."""
    path = folder / f"meadow-{seed}.tif"
    write_raster(path, grass(SIDE_PX, SIDE_PX, seed=seed), transform=north_up(GSD_M), crs=CRS)
    result = Intake(workspace, actor="test").add_survey(path, taken=date(2026, 5, day))
    assert result.record_id is not None
    return result.record_id


def is_poppy(number: int) -> bool:
    """Whether the candidate at a place of the grid is of the kind that is looked for."""
    return number % EACH == 2


def outline(number: int, *, shift_m: float = 0.0, side_m: float = 2.0) -> shapely.Geometry:
    """The square of a candidate, WGS84: a grid of eight columns, eight metres apart."""
    placed = north_up(GSD_M)
    x = placed.c + 3 + 8 * (number % 8) + shift_m
    y = placed.f - 3 - 0.8 * (number // 8)
    box = shapely.box(x, y - side_m / 4, x + side_m, y)
    return crs_.transform_geometry(CRS, crs_.WGS84, box)


def figures(count: int, *, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Figures and the detector's logits of candidates; both kinds differ in the first twenty."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, len(FEATURES))).astype(np.float32)
    kind = np.array([is_poppy(k) for k in range(count)])
    features[kind, :20] += 3
    logit = rng.normal(-2, 1, count)
    logit[kind] = -2.0
    return features, logit


def add_candidates(
    workspace: Workspace,
    survey_id: int,
    count: int = 64,
    *,
    old: bool = False,
    shift_m: float = 0.0,
) -> list[int]:
    """Put candidates on a survey as a detection would; return their numbers.

    Args:
        workspace: Opened.
        survey_id: The survey.
        count: How many.
        old: Without figures, as before version 0004.
        shift_m: How far east of where they were before.
    """
    features, logit = figures(count)
    score = 1 / (1 + np.exp(-logit))
    with workspace.database.writing() as session:
        survey = sightings.survey(session, survey_id)
        survey.detector, survey.detected_at = DETECTOR, datetime.now(UTC)
        rows = [
            PatchRow(
                survey_id=survey_id,
                rank=None,
                score=float(score[k]),
                area_m2=4.0,
                reasons={"glaucous": 0.9, "petals": 0.4, "texture": 0.6},
                state="suspected",
                geometry=outline(k, shift_m=shift_m),
                logit=None if old else float(logit[k]),
                features=None if old else features[k].astype("<f4").tobytes(),
            )
            for k in range(count)
        ]
        sightings.replace_patches(session, survey_id, rows)
        sightings.rerank(session)
        return [row.id for row in rows]
