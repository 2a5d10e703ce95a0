"""Seeded trials: dummy targets laid out, a team sent over them, and what it found.

How far to the side a target is still found follows a half-normal lateral range curve
exp(−x² / 2σ²); its effective sweep width is the area under it, σ·√(2π) (Koopman 1946; Burnham,
Anderson and Laake 1980).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import shapely
from numpy.typing import NDArray

from geoinspect.crs import WGS84, transform_xy
from geoinspect.records import Mode
from sample_data.areas import Tree
from sample_data.manifest import NOTE, Ledger
from sample_data.terrain import Terrain
from sample_data.track_files import write_track
from sample_data.walking import Pace, lawn_mower, moved, recorded
from sample_data.written import Point, TrackText, iso

F8 = NDArray[np.float64]

TRIAL_TRUTH = "truth/trials.json"
_TARGETS = 30


@dataclass(frozen=True, slots=True)
class Trial:
    """How a trial was laid out.

    Attributes:
        start: When the team set out.
        width_m: True effective sweep width; the trial is there to find it.
        block_m: Width and height of the ground with targets.
        legs_m: Between the team's parallel legs.
        offset_m: From the seat of the first village to the middle of the block, east and north.
        pace: How the team moved.
    """

    mode: Mode
    start: datetime
    width_m: float
    block_m: tuple[float, float]
    legs_m: float
    offset_m: tuple[float, float]
    pace: Pace

    @property
    def name(self) -> str:
        """What its files are called by."""
        return f"{self.mode.value}-{self.start.date().isoformat()}"

    @property
    def sigma_m(self) -> float:
        """Deviation of the lateral range curve."""
        return self.width_m / math.sqrt(2 * math.pi)


_TRIALS = (
    Trial(
        Mode.FOOT,
        datetime(2026, 5, 20, 1, 10, tzinfo=UTC),
        16.0,
        (400.0, 400.0),
        40.0,
        (350.0, -150.0),
        Pace(1.1, 1.8, 5.0, 1.5, 2),
    ),
    Trial(
        Mode.DRONE,
        datetime(2026, 5, 21, 2, 0, tzinfo=UTC),
        45.0,
        (900.0, 700.0),
        100.0,
        (-500.0, 300.0),
        Pace(7.5, 0.0, 1.0, 0.6, 0),
    ),
)


def write_trials(ledger: Ledger, terrain: Terrain, tree: Tree, rng: np.random.Generator) -> None:
    """Write each trial's targets and the walk over them; the true widths go with the truth."""
    x, y = tree.level("township")[0].seat_xy
    truths = []
    for trial in _TRIALS:
        centre = (x + trial.offset_m[0], y + trial.offset_m[1])
        truths.append(_write_trial(ledger, terrain, trial, centre, rng))
    text = json.dumps({"note": NOTE, "trials": truths}, ensure_ascii=False, indent=1)
    ledger.path(TRIAL_TRUTH).write_text(text + "\n", "utf-8")
    ledger.add(TRIAL_TRUTH, "truth", trials=len(truths))


def _write_trial(
    ledger: Ledger,
    terrain: Terrain,
    trial: Trial,
    centre: tuple[float, float],
    rng: np.random.Generator,
) -> dict[str, object]:
    legs = lawn_mower(centre, *trial.block_m, trial.legs_m)
    movement = moved(legs, terrain, trial.pace, rng)
    targets = _targets(trial, centre, rng)
    away_m = _passes_m(legs, targets)
    missed = np.prod(1 - np.exp(-(away_m**2) / (2 * trial.sigma_m**2)), axis=1)
    found = rng.random(_TARGETS) >= missed

    walk = f"trials/{trial.name}-walk.gpx"
    fixes = recorded(movement, trial.pace, trial.start.timestamp(), rng)
    lon, lat = transform_xy(terrain.crs, WGS84, fixes.x_m, fixes.y_m)
    rows = zip(lon, lat, fixes.height_m, fixes.time_s, strict=True)
    points = [Point(f"{a:.7f}", f"{b:.7f}", f"{z:.1f}", iso(t), float(t)) for a, b, z, t in rows]
    title = f"探测试验 {trial.name}(模拟)"
    write_track(ledger.path(walk), TrackText(title, [points]), "gpx11")
    ledger.add(walk, "trial_walk", method=trial.mode.value, points=len(points))

    table = f"trials/{trial.name}-targets.csv"
    _write_targets(ledger, table, transform_xy(terrain.crs, WGS84, *targets.T), found)
    about = {"method": trial.mode.value, "day": trial.start.date(), "walk": walk}
    ledger.add(table, "trial", **about, targets=_TARGETS)
    return {
        "targets": table,
        "walk": walk,
        "method": trial.mode.value,
        "law": "half_normal",
        "sigma_m": round(trial.sigma_m, 4),
        "width_m": trial.width_m,
        "found": int(found.sum()),
        "nearest_pass_m": np.round(away_m.min(axis=1), 2).tolist(),
        "detection_probability": np.round(1 - missed, 4).tolist(),
    }


def _targets(trial: Trial, centre: tuple[float, float], rng: np.random.Generator) -> F8:
    """Return where the targets lie, shape (targets, 2): one at random in each strip of the block.

    Strips run along the legs, so that targets lie at every distance to the side.
    """
    wide_m, high_m = trial.block_m
    across = (np.arange(_TARGETS) + rng.random(_TARGETS)) / _TARGETS - 0.5
    along = rng.uniform(-0.5, 0.5, _TARGETS)
    places = np.column_stack([across * wide_m, along * high_m]) + centre
    # Numbered as they were laid out, not from west to east.
    return np.asarray(rng.permutation(places))


def _passes_m(legs: F8, targets: F8) -> F8:
    """Return how far each leg passes from each target, shape (targets, legs)."""
    # Turning points come in pairs, one pair a leg.
    lines = shapely.linestrings(legs.reshape(-1, 2, 2))
    return np.asarray(shapely.distance(shapely.points(targets)[:, None], lines[None, :]))


def _write_targets(
    ledger: Ledger, relative: str, places: tuple[F8, F8], found: Sequence[bool] | NDArray[np.bool_]
) -> None:
    with ledger.path(relative).open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["target", "lon", "lat", "found", "note"])
        for number, (lon, lat, hit) in enumerate(zip(*places, found, strict=True), start=1):
            table.writerow([f"T{number:02d}", f"{lon:.7f}", f"{lat:.7f}", int(hit), NOTE])
