"""Turn sendings into files with the dirt that such files have, and note what was planted."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geoinspect.crs import WGS84, transform_xy
from geoinspect.ingest.datum import wgs84_to_gcj02
from geoinspect.records import Mode, Rule
from sample_data.dirt import dirtied
from sample_data.manifest import Ledger
from sample_data.sendings import UNTIMED, Sending
from sample_data.terrain import Terrain
from sample_data.track_files import SUFFIX, write_track
from sample_data.truth import PlantedPoint, TrackTruth
from sample_data.walking import Fixes, Movement, moved, recorded, ruled
from sample_data.written import Point, TrackText, iso

# A file that was cut in two ends and begins at these shares of the recording.
_FIRST_ENDS, _SECOND_BEGINS = 0.62, 0.42
_BAD_LATITUDE, _NO_TIME = 20, 30


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """One file that was written, with how its people moved and the whole of what they recorded."""

    file: str
    sending: Sending
    movements: list[Movement]
    recordings: list[Fixes]


@dataclass(eq=False)
class Outbox:
    """Writes files, notes in the manifest what their senders know, and what was planted aside."""

    ledger: Ledger
    terrain: Terrain
    rng: np.random.Generator
    truths: list[TrackTruth] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def send(self, sending: Sending) -> Sent:
        """Walk, record and write what a team sends."""
        movements = [moved(p.line, self.terrain, p.pace, self.rng) for p in sending.patrols]
        make = ruled if sending.doubt == "hand_made" else recorded
        recordings = [
            dirtied(make(way, patrol.pace, patrol.start_s, self.rng), sending.dirt, self.rng)
            for way, patrol in zip(movements, sending.patrols, strict=True)
        ]
        written = [first_part(fixes) for fixes in recordings]
        file = self.write(sending, written if "cut_in_two" in sending.dirt else recordings)
        return Sent(file, sending, movements, recordings)

    def write(self, sending: Sending, recordings: Sequence[Fixes]) -> str:
        """Write one file of what was recorded and return its place."""
        first = sending.patrols[0]
        relative = self._name(sending)
        title = sending.title or f"{first.unit_name}{first.team} {first.day} 踏查(模拟)"
        points = [_points(fixes, self.terrain, sending) for fixes in recordings]
        write_track(self.ledger.path(relative), TrackText(title, points), sending.form)
        about = {
            "unit": first.unit,
            "team": first.team,
            "person": first.person,
            "headcount": first.headcount,
            "mode": first.mode.value,
            "day": first.day,
            "days": sorted({patrol.day for patrol in sending.patrols}),
            "format": sending.form,
            "points": sum(map(len, points)),
            "dirt": [*sending.dirt, *([sending.doubt] if sending.doubt else ())],
        }
        self.ledger.add(relative, "track", **about)
        truth = self._truth(relative, sending, recordings)
        self.truths.append(truth)
        if "uploaded_twice" in sending.dirt:
            stem, dot, suffix = relative.partition(".")
            copy = f"{stem}_again{dot}{suffix}"
            shutil.copyfile(self.ledger.folder / relative, self.ledger.folder / copy)
            self.ledger.add(copy, "track", **{**about, "dirt": ["duplicate"], "same_as": relative})
            self.truths.append(replace(truth, file=copy, same_as=relative))
        return relative

    def _name(self, sending: Sending) -> str:
        first = sending.patrols[0]
        stem = sending.file_name or f"{first.day:%Y%m%d}_{first.unit}_{first.mode.value}"
        number = 1
        while (name := stem if number == 1 else f"{stem}_{number}") in self._taken:
            number += 1
        self._taken.add(name)
        return f"tracks/{name}{SUFFIX[sending.form]}"

    def _truth(self, file: str, sending: Sending, recordings: Sequence[Fixes]) -> TrackTruth:
        planted: dict[Rule, list[PlantedPoint]] = {}
        timed, before, refused = sending.form not in UNTIMED, 0, 0
        for fixes in recordings:
            lon, lat = _degrees(fixes, self.terrain)
            spoilt = "bad_point" in sending.dirt and len(fixes) > _NO_TIME
            refused += spoilt
            for place in np.flatnonzero(fixes.planted).tolist():
                if spoilt and place == _BAD_LATITUDE:
                    continue
                point = PlantedPoint(
                    before + place,
                    round(float(lon[place]), sending.decimals),
                    round(float(lat[place]), sending.decimals),
                    float(fixes.time_s[place]) if timed else None,
                )
                planted.setdefault(tuple(Rule)[fixes.planted[place] - 1], []).append(point)
            before += len(fixes)
        return TrackTruth(
            file,
            self.ledger.files[-1].sha256,
            sending.moved or Mode(sending.patrols[0].mode),
            len({patrol.day for patrol in sending.patrols}) if timed else 1,
            planted,
            {"latitude_out_of_range": refused} if refused else {},
            sending.doubt,
            copy_of=sending.copy_of,
        )


def first_part(fixes: Fixes) -> Fixes:
    """Return the beginning of a recording that was sent in two files."""
    return fixes.part(slice(round(_FIRST_ENDS * len(fixes))))


def second_part(fixes: Fixes) -> Fixes:
    """Return the end of a recording that was sent in two files; they overlap."""
    return fixes.part(slice(round(_SECOND_BEGINS * len(fixes)), None))


def _degrees(fixes: Fixes, terrain: Terrain) -> tuple[np.ndarray, np.ndarray]:
    """Return WGS84; 0, 0 where there was no fix."""
    known = np.isfinite(fixes.x_m)
    lon, lat = np.zeros(len(fixes)), np.zeros(len(fixes))
    lon[known], lat[known] = transform_xy(terrain.crs, WGS84, fixes.x_m[known], fixes.y_m[known])
    return lon, lat


def _points(fixes: Fixes, terrain: Terrain, sending: Sending) -> list[Point]:
    """Return one recording as written, in degrees."""
    lon, lat = _degrees(fixes, terrain)
    if "gcj02" in sending.dirt or sending.doubt == "undeclared_datum":
        lon, lat = wgs84_to_gcj02(lon, lat)
    says = sending.form == "csv_gbk" or "poor_accuracy" in sending.dirt
    rows = zip(lon, lat, fixes.height_m, fixes.time_s, fixes.accuracy_m, strict=True)
    points = [
        Point(
            f"{x:.{sending.decimals}f}",
            f"{y:.{sending.decimals}f}",
            f"{z:.1f}",
            iso(t),
            float(t),
            f"{accuracy:.1f}" if says else "",
        )
        for x, y, z, t, accuracy in rows
    ]
    if "bad_point" in sending.dirt and len(points) > _NO_TIME:
        points[_BAD_LATITUDE] = replace(points[_BAD_LATITUDE], lat="91.0000000")
        points[_NO_TIME] = replace(points[_NO_TIME], time="")
    return points
