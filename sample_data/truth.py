"""What was planted in the tracks, kept aside: for the demo's summary, never for import."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from geoinspect.records import Mode, Rule
from sample_data.manifest import NOTE, Ledger

TRACK_TRUTH = "truth/tracks.json"

DoubtKind = Literal[
    "second_device",
    "other_app",
    "overlapping_half",
    "time_shifted",
    "another_team",
    "hand_made",
    "driven",
    "undeclared_datum",
    "outside_days",
]
# Any of these reasons shows a person what is to be seen.
REASONS: Mapping[DoubtKind, tuple[str, ...]] = MappingProxyType(
    {
        "second_device": ("repeats_same_walk",),
        "other_app": ("repeats_same_recording",),
        "overlapping_half": ("repeats_same_recording",),
        "time_shifted": ("repeats_time_shifted",),
        "another_team": ("another_teams_track",),
        "hand_made": ("constant_speed", "straight_line", "no_noise", "even_steps"),
        "driven": ("driven", "impossible_speed"),
        "undeclared_datum": ("fits_after_shift",),
        "outside_days": ("outside_days",),
    }
)


@dataclass(frozen=True, slots=True)
class PlantedPoint:
    """A point that a rule should take out.

    Attributes:
        index: Among the points of its file, in their order, unusable ones counted.
        lon, lat: WGS84 as it was written.
        time_s: Epoch seconds; None where the file has no times.
    """

    index: int
    lon: float
    lat: float
    time_s: float | None


@dataclass(frozen=True, slots=True)
class TrackTruth:
    """What was planted in one file.

    Attributes:
        mode: How its people really moved.
        outings: On how many days it was recorded; without times nobody can tell more than one.
        points: By rule.
        refused: Unusable points by rule.
        doubt: Why a person should look at it.
        same_as: The file whose bytes it has.
        copy_of: The file whose walk it repeats.
    """

    file: str
    sha256: str
    mode: Mode
    outings: int
    points: Mapping[Rule, Sequence[PlantedPoint]]
    refused: Mapping[str, int]
    doubt: DoubtKind | None
    same_as: str | None = None
    copy_of: str | None = None


def write_truth(ledger: Ledger, truths: Sequence[TrackTruth]) -> None:
    """Write the truth of all files."""
    files = [
        {
            "file": truth.file,
            "sha256": truth.sha256,
            "mode": truth.mode,
            "outings": truth.outings,
            "points": {
                rule: [[p.index, p.lon, p.lat, p.time_s] for p in points]
                for rule, points in truth.points.items()
            },
            "refused": dict(truth.refused),
            "doubt": truth.doubt,
            "reasons": list(REASONS[truth.doubt]) if truth.doubt else [],
            "same_as": truth.same_as,
            "copy_of": truth.copy_of,
        }
        for truth in truths
    ]
    lines = ",\n".join(json.dumps(file, ensure_ascii=False) for file in files)
    text = f'{{"note": {json.dumps(NOTE, ensure_ascii=False)}, "files": [\n{lines}\n]}}\n'
    ledger.path(TRACK_TRUTH).write_text(text, "utf-8")
    ledger.add(TRACK_TRUTH, "truth", tracks=len(files))
