"""What a detector ranked by is kept with its patches, bit for bit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely
from review_builders import CRS, meadow_survey

from geoinspect.intake.rows import patch_rows
from geoinspect.review_state import candidates_of
from geoinspect.store import sightings
from geoinspect.store.workspace import Workspace
from geoinspect.survey_records import Detection, Patch, PatchState


def test_figures_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(4, 118)).astype(np.float32)
    logits = [2.5, -0.25, -3.0, 1.0]
    patches = tuple(
        Patch(
            rank=k + 1 if k < 3 else None,
            score=0.5,
            area_m2=4.0,
            reasons={},
            state=PatchState.SUSPECTED if k < 3 else PatchState.LICENSED,
            raster="meadow",
            crs=CRS,
            polygon=shapely.box(500_010 + 5 * k, 3_349_980, 500_012 + 5 * k, 3_349_982),
            logit=logits[k],
            features=features[k],
        )
        for k in range(4)
    )
    detection = Detection(patches, "cues", CRS, 1.0, 1.0, 1.0, 1.0)
    with Workspace.create(tmp_path / "w") as workspace:
        survey = meadow_survey(workspace, tmp_path)
        with workspace.database.writing() as session:
            sightings.survey(session, survey).detected_at = datetime.now(UTC)
            sightings.replace_patches(session, survey, patch_rows(detection, survey))
        with workspace.database.reading() as session:
            found = candidates_of(workspace, session, survey, "cues")
    # Licensed ground is nothing to review.
    assert found.features is not None
    assert np.array_equal(found.features, features[:3])
    assert list(found.logit) == logits[:3]
