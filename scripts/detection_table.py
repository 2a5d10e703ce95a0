"""The table of recall at fixed false alarms: ours, label-free and with ten labels, beside others.

    python scripts/detection_table.py --scenes 20 --km2 1 --real --out docs/detection-table.md

Scenes are planted by renderer B on grounds that training never saw. Each goes through a GeoTIFF
and `detect` as a user's would. All of it is simulated: it says nothing about real poppy. The
untouched real pictures (`--real`) are reported apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from detection_peers import FREE, TAUGHT, peer_points, view_of
from planted_rasters import (
    LABELS,
    Found,
    Tally,
    cut_at,
    interval,
    judge,
    share_above,
    ten_labels,
    write,
)
from planted_scenes import REAL, STRATA, Scene, Stratum, grounds_of, planted
from real_alarms import PICTURES, real_markdown, real_rows

from geoinspect.detect.labelled import Label
from geoinspect.detect.run import detect
from geoinspect.settings import load_settings

OURS = "geoinspect"
FREE_GROUP, LABEL_GROUP = "free", "labels"
# A list this long holds all that counts: of 45 scenes one alone may have all alarms that the limits
# allow to all of them.
BUDGET_KM2 = 15_000.0
LIMITS = {
    ("in bloom, 1–3 cm", FREE_GROUP): 100,
    ("in bloom, 5–10 cm", FREE_GROUP): 300,
    ("before bloom, 2–10 cm", FREE_GROUP): 300,
    ("in bloom, 1–3 cm", LABEL_GROUP): 50,
    ("in bloom, 5–10 cm", LABEL_GROUP): 100,
    ("before bloom, 2–10 cm", LABEL_GROUP): 100,
}
Results = Mapping[tuple[str, str, str], Sequence[Tally]]


def main() -> None:
    """Make the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=int, default=20, help="at least, for each stratum")
    parser.add_argument("--km2", type=float, default=0.0, help="at least, for each stratum")
    parser.add_argument("--side-m", type=float, default=230.0)
    parser.add_argument("--per-ha", type=float, default=3.0, help="patches for each hectare")
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--strata", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--real", action="store_true", help="also the untouched real pictures")
    parser.add_argument("--out", type=Path, help="the table as Markdown")
    asked = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for stratum in [STRATA[i] for i in asked.strata]:
        results: dict[tuple[str, str, str], list[Tally]] = defaultdict(list)
        for seed, scene in scenes(stratum, asked):
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                for way, group, tally in ways(scene, Path(folder) / "scene.tif", seed):
                    results[stratum.name, group, way].append(tally)
            seconds = time.perf_counter() - started
            print(stratum.name, scene.ground, seed, f"{seconds:.1f} s", sep=" | ", file=sys.stderr)
        for row in rows(results):
            print(json.dumps(row, ensure_ascii=False), flush=True)
            lines.append(row)
    text = markdown(lines)
    if asked.real:
        cuts = {r["stratum"]: r["cut"] for r in lines if r["way"] == OURS and r["labels"] == 0}
        real = list(real_rows(PICTURES, cuts))
        for row in real:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        text += "\n" + real_markdown(real)
    if asked.out:
        asked.out.write_text(text, "utf-8")


def scenes(stratum: Stratum, asked: argparse.Namespace) -> Iterator[tuple[int, Scene]]:
    """Yield planted scenes with their seeds until there are enough of them and of their ground.

    Simulated grounds in turn; every sixth is a real one where one is sharp enough.
    """
    simulated = [f"b:{name}" for name in grounds_of("b")]
    real = [f"real:{name}" for name in REAL]
    number, km2 = 0, 0.0
    while number < asked.scenes or km2 < asked.km2:
        seed = asked.seed + number
        grounds = [simulated[number % len(simulated)]]
        if number % 6 == 5:
            turn = number // 6 % len(real)
            grounds = [*real[turn:], *real[:turn], *grounds]
        for ground in grounds:
            scene = planted(
                ground, "b", stratum, seed, side_m=asked.side_m, targets_per_ha=asked.per_ha
            )
            if scene is not None:
                yield seed, scene
                km2 += scene.pixels[0].size * scene.gsd_m**2 / 1e6
                break
        number += 1


def ways(scene: Scene, path: Path, seed: int) -> Iterator[tuple[str, str, Tally]]:
    """Yield what each way found in a scene: its name, its group, its tally."""
    write(scene, path)
    labels, used = ten_labels(scene, seed)
    yield OURS, FREE_GROUP, judge(scene, ours(path))
    yield OURS, LABEL_GROUP, judge(scene, ours(path, labels), used)
    view = view_of(scene)
    for name in FREE:
        tally = peer_points(name, view)
        yield name, FREE_GROUP, judge(scene, tally)
        # The better of the label-free ways may be better than what learns from the labels.
        yield name, LABEL_GROUP, judge(scene, tally, used)
    for name in TAUGHT:
        yield name, LABEL_GROUP, judge(scene, peer_points(name, view, labels), used)


def ours(path: Path, labels: Sequence[Label] = ()) -> list[Found]:
    """Return what geoinspect lists on a raster."""
    found, refused = detect(
        [(path.name, path)],
        settings=load_settings(),
        budget_per_km2=BUDGET_KM2,
        labels=labels,
    )
    assert not refused, refused
    return [(patch.logit, patch.polygon) for patch in found.patches]


def rows(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the table's rows."""
    for (stratum, group, way), tallies in results.items():
        per_km2 = LIMITS[stratum, group]
        cut = cut_at(tallies, per_km2)
        low, high = interval(tallies, per_km2)
        yield {
            "simulated": True,
            "stratum": stratum,
            "labels": LABELS if group == LABEL_GROUP else 0,
            "way": way,
            "scenes": len(tallies),
            "km2": round(sum(tally.km2 for tally in tallies), 3),
            "patches": sum(len(tally.targets) for tally in tallies),
            "alarms_km2": per_km2,
            "cut": cut if np.isfinite(cut) else None,
            "recall": _rounded(share_above(tallies, "targets", cut)),
            "low": _rounded(low),
            "high": _rounded(high),
            "decoys_hit": _rounded(share_above(tallies, "decoys", cut)),
            "plain_hit": _rounded(share_above(tallies, "plain", cut)),
            "alike_hit": _rounded(share_above(tallies, "alike", cut)),
        }


def markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the table for the documentation."""
    head = (
        "stratum",
        "labels",
        "way",
        "scenes",
        "km²",
        "patches ≥ 10 m²",
        "false alarms / km²",
        "recall (95 %)",
        "decoys hit",
        "plain ground hit",
        "look-alikes hit",
    )
    said = [
        (
            r["stratum"],
            r["labels"] or "none",
            r["way"],
            r["scenes"],
            r["km2"],
            r["patches"],
            r["alarms_km2"],
            f"{_said(r['recall'])} ({_said(r['low'])}–{_said(r['high'])})",
            _said(r["decoys_hit"]),
            _said(r["plain_hit"]),
            _said(r["alike_hit"]),
        )
        for r in lines
    ]
    return "".join(
        "| " + " | ".join(str(cell) for cell in row) + " |\n"
        for row in (head, ("---",) * len(head), *said)
    )


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
