"""The claim against the shared vectors: every case, every step, every printed peer number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geoinspect.confidence.absence import Estimate, estimate, searched_cells


def cells_of(groups: list[dict[str, Any]]) -> Any:
    zones = list(dict.fromkeys(group["zone"] for group in groups))
    risks = {group["zone"]: group["zone_risk"] for group in groups}
    return searched_cells(
        [group["sensitivity"] for group in groups],
        [group["risk"] for group in groups],
        zone=[zones.index(group["zone"]) for group in groups],
        zone_names=zones,
        zone_risk=[risks[zone] for zone in zones],
        count=[group["count"] for group in groups],
    )


def seasons(case: dict[str, Any]) -> list[Estimate]:
    prior, found = case["prior"], []
    for step in case["steps"]:
        found.append(
            estimate(
                cells_of(step["groups"]),
                prior=prior,
                design_prevalence=step["design_prevalence"],
                zone_prevalence=step["zone_prevalence"],
                introduction=step["introduction"],
            )
        )
        prior = found[-1].next_prior
    return found


def test_every_case_of_the_vectors(shared_data: Path) -> None:
    cases = json.loads((shared_data / "confidence_vectors.json").read_text("utf-8"))["cases"]
    assert len(cases) >= 30
    for case in cases:
        found = seasons(case)
        for ours, expected in zip(found, case["expected"], strict=True):
            document = ours.as_json()
            for key in ("system_sensitivity", "prior", "posterior", "next_prior"):
                assert document[key] == pytest.approx(expected[key], abs=1e-9), case["name"]
            for zone, wanted in zip(document["zones"], expected["zones"], strict=True):
                assert zone.keys() == wanted.keys()
                assert zone == {
                    key: pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
                    for key, value in wanted.items()
                }, case["name"]
        for step, key, value, tolerance in case["printed"]:
            assert found[step].as_json()[key] == pytest.approx(value, abs=tolerance), case["name"]
