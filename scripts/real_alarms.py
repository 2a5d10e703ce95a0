"""What is marked on real pictures with no poppy on them: false alarms, every one.

    python scripts/real_alarms.py

The pictures are small, so that the numbers for each km² are coarse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from geoinspect.detect.run import detect
from geoinspect.settings import load_settings

_IMAGERY = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagery"
PICTURES = tuple(sorted(_IMAGERY.glob("*.tif")))
# What a list of the usual length holds, and a list that holds all above any cut.
BUDGET_KM2, MOST_KM2 = 300.0, 15_000.0


def real_rows(
    pictures: Sequence[Path], cuts: Mapping[str, float | None]
) -> Iterator[dict[str, Any]]:
    """Yield what is marked on each picture.

    Args:
        cuts: Logit above which simulated scenes of a stratum keep to its false alarms; None for
            a stratum where everything listed keeps to them.
    """
    settings = load_settings()
    for path in pictures:
        with rasterio.open(path) as raster:
            gsd_m = float(abs(raster.transform.a))
        found, refused = detect([(path.name, path)], settings=settings, budget_per_km2=MOST_KM2)
        if refused:
            yield {"simulated": False, "picture": path.name, "refused": refused[0].text.en}
            continue
        km2 = found.valid_area_m2 / 1e6
        logits = np.array([patch.logit for patch in found.patches if patch.rank is not None])
        scores = [patch.score for patch in found.patches if patch.rank is not None]
        usual = scores[: max(1, int(BUDGET_KM2 * km2))]
        yield {
            "simulated": False,
            "picture": path.name,
            "pixel": gsd_m,
            "km2": round(km2, 5),
            "listed": len(usual),
            "listed_km2": round(len(usual) / km2) if km2 else None,
            "mean_score": round(float(np.mean(usual)), 3) if usual else None,
            "above_cut": {
                stratum: int(np.sum(logits > (-np.inf if cut is None else cut)))
                for stratum, cut in cuts.items()
            },
            "warnings": [warning.en for warning in found.warnings],
        }


def real_markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the table for the documentation."""
    strata = list(next((r["above_cut"] for r in lines if "above_cut" in r), {}))
    head = [
        "real picture, untouched",
        "km²",
        "listed at 300 / km²",
        "mean score",
        *(f"above the cut of “{stratum}”" for stratum in strata),
    ]
    said: list[list[object]] = [head, ["---"] * len(head)]
    for r in lines:
        if "refused" in r:
            said.append([r["picture"], r["refused"], *[""] * (len(head) - 2)])
            continue
        mean = "–" if r["mean_score"] is None else f"{r['mean_score']:.2f}"
        counts = [r["above_cut"][stratum] for stratum in strata]
        said.append([r["picture"], r["km2"], r["listed"], mean, *counts])
    return "".join("| " + " | ".join(str(cell) for cell in row) + " |\n" for row in said)


if __name__ == "__main__":
    for row in real_rows(PICTURES, {}):
        print(json.dumps(row, ensure_ascii=False))
