"""What the workspace caught of the dirt that was planted in the sample county's tracks.

Planted is what the generator set aside (``truth/tracks.json``); caught is what the store holds.
A planted fix is looked for by its time and place, since files are split into outings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geoinspect.errors import Text
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import RULE_WORDS
from geoinspect.patrols.choices import TrackChoices
from geoinspect.patrols.trace import trace_segments
from geoinspect.records import F8, Mode, Rule
from geoinspect.settings import Settings
from geoinspect.store import sightings
from geoinspect.store.schema import TrackRow
from geoinspect.store.workspace import Workspace

# Times are whole seconds in some formats.
_SAME_TIME_S = 1.0
_SAME_BYTES, _SEVERAL_DAYS = "same_bytes", "several_days"
_KINDS = MappingProxyType(
    {
        _SAME_BYTES: Text("同一文件再次上传", "same bytes again"),
        _SEVERAL_DAYS: Text("一个文件含多天", "several days in a file"),
        "second_device": Text("同行人的另一台设备", "second device on one walk"),
        "other_app": Text("同一轨迹由别的应用导出", "exported again by another app"),
        "overlapping_half": Text("与另一文件部分重叠", "overlaps another file"),
        "time_shifted": Text("改了时间的旧轨迹", "old track with new times"),
        "another_team": Text("别组的轨迹", "another team's track"),
        "hand_made": Text("手工画的匀速直线", "line drawn with a ruler"),
        "driven": Text("乘车却申报步行", "drive told as a walk"),
        "undeclared_datum": Text("没有注明的 GCJ-02", "GCJ-02 that does not say so"),
        "outside_days": Text("不在行动期间", "outside the campaign's days"),
    }
)

Json = dict[str, Any]


@dataclass(slots=True)
class RuleFigures:
    """How one rule did.

    Attributes:
        planted: Fixes that it should take out.
        flagged: Of them, those that any rule took out.
        wrong: Good fixes that this rule took out.
    """

    planted: int = 0
    flagged: int = 0
    wrong: int = 0


@dataclass(slots=True)
class DoubtFigures:
    """How many files of one kind were planted and which of them nobody was shown."""

    planted: int = 0
    missed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class DirtReport:
    """Planted and caught, over all track files.

    Attributes:
        good: Fixes with nothing wrong, in files whose mode was told rightly.
        refused: Unusable points planted, and those counted at reading.
        false_alarms: Files with doubts that should have none, with the codes of these.
    """

    rules: dict[Rule, RuleFigures] = field(
        default_factory=lambda: {rule: RuleFigures() for rule in Rule}
    )
    good: int = 0
    refused: RuleFigures = field(default_factory=RuleFigures)
    doubtful: dict[str, DoubtFigures] = field(default_factory=dict)
    false_alarms: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return the figures for the demo's summary."""
        return {
            "rules": {
                rule.value: {
                    "planted": found.planted,
                    "flagged": found.flagged,
                    "wrongly_flagged": round(found.wrong / max(self.good, 1), 5),
                }
                for rule, found in self.rules.items()
            },
            "good_points": self.good,
            "unusable_points": {"planted": self.refused.planted, "refused": self.refused.flagged},
            "doubtful_files": {
                kind: {
                    "planted": found.planted,
                    "caught": found.planted - len(found.missed),
                    "missed": found.missed,
                }
                for kind, found in self.doubtful.items()
            },
            "false_alarms": {"files": len(self.false_alarms), "names": self.false_alarms},
        }

    def lines(self) -> Iterator[Text]:
        """Yield the figures, a line each."""
        for rule, found in self.rules.items():
            if found.planted:
                name, got = RULE_WORDS[rule], f"{found.flagged}/{found.planted}"
                yield Text(
                    f"问题点 {name.zh}:查出 {got},误标 {found.wrong}",
                    f"{name.en}: {got} found, {found.wrong} good ones flagged",
                )
        for kind, doubt in self.doubtful.items():
            name, got = _KINDS[kind], f"{doubt.planted - len(doubt.missed)}/{doubt.planted}"
            yield Text(f"存疑文件 {name.zh}:查出 {got}", f"{name.en}: {got} found")
        wrong = sum(found.wrong for found in self.rules.values()) / max(self.good, 1)
        alarms = len(self.false_alarms)
        yield Text(
            f"正常点误标 {wrong:.2%},误报文件 {alarms} 个",
            f"{wrong:.2%} of the good points flagged, {alarms} files doubted for nothing",
        )


def dirt_report(workspace: Workspace, truth: Path) -> DirtReport:
    """Compare what was planted with what the store holds.

    Args:
        workspace: After the sample county was taken in.
        truth: ``truth/tracks.json`` of the sample county.
    """
    files: list[Json] = json.loads(truth.read_text("utf-8"))["files"]
    report = DirtReport()
    with workspace.database.reading() as session:
        rows = _rows_by_file(session)
        for file in files:
            found = rows.get(file["sha256"], [])
            _judge_file(report, file, found)
            if file["same_as"] is None:
                _judge_points(report, file, found, workspace.settings)
    return report


def _rows_by_file(session: Session) -> dict[str, list[TrackRow]]:
    found: dict[str, list[TrackRow]] = {}
    for row in sightings.tracks(session):
        found.setdefault(row.file.sha256, []).append(row)
    return found


def _judge_file(report: DirtReport, file: Json, rows: Sequence[TrackRow]) -> None:
    """Judge a file as a whole: its outings, its repeats, its doubts."""
    name = file["file"]
    codes = sorted({str(doubt["code"]) for row in rows for doubt in row.doubts})
    outings_right = len(rows) == file["outings"]
    if file["outings"] > 1:
        _count(report, _SEVERAL_DAYS, name, caught=outings_right)
    if file["same_as"] is not None:
        _count(report, _SAME_BYTES, name, caught=outings_right)
    elif file["doubt"] is not None:
        _count(report, file["doubt"], name, caught=bool(set(codes) & set(file["reasons"])))
    elif codes:
        report.false_alarms[name] = codes


def _count(report: DirtReport, kind: str, name: str, *, caught: bool) -> None:
    found = report.doubtful.setdefault(kind, DoubtFigures())
    found.planted += 1
    if not caught:
        found.missed.append(name)


def _judge_points(
    report: DirtReport, file: Json, rows: Sequence[TrackRow], settings: Settings
) -> None:
    """Judge the fixes of a file, wherever its outings keep them."""
    planted: Mapping[str, list[tuple[int, float, float, float | None]]] = file["points"]
    report.refused.planted += sum(file["refused"].values())
    if rows:
        refused: Mapping[str, int] = rows[0].report["points_refused"]
        report.refused.flagged += min(sum(refused.values()), sum(file["refused"].values()))
    places, flags = _flagged(rows, settings)
    good = np.ones(len(flags), dtype=bool)
    for rule, points in planted.items():
        found = [_nearest(places, lon, lat, time_s) for _, lon, lat, time_s in points]
        at = np.array([place for place in found if place is not None], np.int64)
        report.rules[Rule(rule)].planted += len(points)
        report.rules[Rule(rule)].flagged += int((flags[at] > 0).sum())
        good[at] = False
    # A drive told as a walk is too fast all along, and rightly flagged.
    if all(row.mode == file["mode"] for row in rows):
        report.good += int(good.sum())
        wrong = Counter(flags[good & (flags > 0)].tolist())
        for rule in Rule:
            report.rules[rule].wrong += wrong[rule.number]


def _flagged(rows: Iterable[TrackRow], settings: Settings) -> tuple[F8, NDArray[np.uint8]]:
    """Return longitude, latitude and time of the raw points of outings, shape (n, 3), with the
    rule that took each out.
    """
    places, flags = [np.empty((0, 3))], [np.empty(0, np.uint8)]
    for row in rows:
        if row.trace is None:
            continue
        choices = TrackChoices.from_json(row.choices)
        cleaned = clean(
            trace_segments(row.trace),
            mode=Mode(row.mode),
            settings=settings,
            rules_off=choices.rules_off,
        )
        places += [np.column_stack([s.lon, s.lat, s.time_s]) for s in cleaned.raw]
        flags += cleaned.flags
    return np.concatenate(places), np.concatenate(flags)


def _nearest(places: F8, lon: float, lat: float, time_s: float | None) -> int | None:
    """Return the point of a time that is nearest to a place; None when there is none."""
    known = np.isfinite(places[:, 2])
    there = ~known if time_s is None else np.abs(places[:, 2] - time_s) < _SAME_TIME_S
    candidates = np.flatnonzero(there)
    if not len(candidates):
        return None
    east = (places[candidates, 0] - lon) * np.cos(np.radians(lat))
    return int(candidates[np.argmin(np.hypot(east, places[candidates, 1] - lat))])
