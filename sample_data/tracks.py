"""Turn outings into the files that teams send in, with the dirt that such files have."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoinspect.crs import WGS84, transform_xy
from geoinspect.ingest.datum import wgs84_to_gcj02
from geoinspect.records import Mode
from sample_data.manifest import Ledger
from sample_data.patrols import Patrol
from sample_data.terrain import Terrain
from sample_data.track_files import SUFFIX, Point, TrackFormat, TrackText, iso, write_track
from sample_data.walking import Fixes, recorded

F8 = NDArray[np.float64]

HOSTILE_NAME = "{{7*7}}<img src=x onerror=alert(1)>"
_UNTIMED: frozenset[TrackFormat] = frozenset({"kml_line"})


@dataclass(frozen=True, slots=True)
class Sending:
    """One file to be: the outings in it, its format, and what is wrong with it."""

    patrols: tuple[Patrol, ...]
    form: TrackFormat = "gpx11"
    dirt: tuple[str, ...] = ()
    title: str | None = None
    file_name: str | None = None


def plan_sendings(patrols: Sequence[Patrol], rng: np.random.Generator) -> list[Sending]:
    """Put outings into files: one or two a file, formats and dirt spread over them."""
    sendings: list[Sending] = []
    by_team: dict[tuple[str, str], list[Patrol]] = {}
    for patrol in patrols:
        by_team.setdefault((patrol.unit, patrol.team), []).append(patrol)
    for outings in by_team.values():
        outings.sort(key=lambda patrol: patrol.start_s)
        left = outings
        while left:
            # Some teams export twice a month what others send every evening.
            count = 2 if len(left) > 1 and left[0].mode is Mode.FOOT and rng.random() < 0.45 else 1
            sendings.append(Sending(tuple(left[:count])))
            left = left[count:]
    sendings.sort(key=lambda sending: (sending.patrols[0].day, sending.patrols[0].unit))
    forms: tuple[TrackFormat, ...] = ("gpx11", "gpx10", "gpx11", "kml_track", "gpx11", "geojson")
    on_foot = [i for i, sending in enumerate(sendings) if sending.patrols[0].mode is Mode.FOOT]
    for number, i in enumerate(on_foot):
        dirt: tuple[str, ...] = ()
        dirt += ("spikes",) if number % 6 == 1 else ()
        dirt += ("gap",) if number % 9 == 4 else ()
        dirt += ("lost_first_fix",) if number % 11 == 3 else ()
        form = forms[(number // 2) % len(forms)] if number % 2 else "gpx11"
        sendings[i] = replace(sendings[i], form=form, dirt=dirt)
    return _with_specials(sendings, on_foot)


def _with_specials(sendings: list[Sending], on_foot: list[int]) -> list[Sending]:
    """Make single files the hard cases that every county sends sooner or later."""
    spread = [on_foot[round(k * (len(on_foot) - 1) / 7)] for k in range(8)]

    def change(place: int, **what: object) -> None:
        sendings[spread[place]] = replace(sendings[spread[place]], **what)  # type: ignore[arg-type]

    change(1, form="gpx11", dirt=("bad_point",))
    change(2, form="ovkml", dirt=("gcj02",))
    change(3, form="gpx11", dirt=("hostile_name",), title=HOSTILE_NAME)
    named = sendings[spread[4]].patrols[0]
    place = named.unit_name.removesuffix("人民政府").removesuffix("林业工作站")
    change(4, form="gpx11", file_name=f"{place} {named.team} 踏查轨迹(模拟)")
    change(5, form="kml_line", dirt=("no_time",))
    first = sendings[spread[6]]
    change(6, dirt=(*first.dirt, "uploaded_twice"))
    return sendings


def write_tracks(
    ledger: Ledger, terrain: Terrain, sendings: Sequence[Sending], rng: np.random.Generator
) -> None:
    """Write every file and note in the manifest what its sender would know of it."""
    taken: set[str] = set()
    for sending in sendings:
        first = sending.patrols[0]
        stem = sending.file_name or f"{first.day:%Y%m%d}_{first.unit}_{first.mode.value}"
        number = 1
        while (name := stem if number == 1 else f"{stem}_{number}") in taken:
            number += 1
        taken.add(name)
        relative = f"tracks/{name}{SUFFIX[sending.form]}"
        walks = [
            recorded(patrol.line, terrain, patrol.pace, patrol.start_s, rng)
            for patrol in sending.patrols
        ]
        title = sending.title or f"{first.unit_name}{first.team} {first.day} 踏查(模拟)"
        points = [_points(walk, terrain, sending, rng) for walk in walks]
        write_track(ledger.path(relative), TrackText(title, points), sending.form)
        about = {
            "unit": first.unit,
            "team": first.team,
            "mode": first.mode.value,
            "day": first.day,
            "days": sorted({patrol.day for patrol in sending.patrols}),
            "format": sending.form,
            "points": sum(map(len, points)),
            "dirt": list(sending.dirt),
        }
        ledger.add(relative, "track", **about)
        if "uploaded_twice" in sending.dirt:
            copy = f"tracks/{name}_again{SUFFIX[sending.form]}"
            shutil.copyfile(ledger.folder / relative, ledger.folder / copy)
            ledger.add(copy, "track", **{**about, "dirt": ["duplicate"], "same_as": relative})


def _points(
    walk: Fixes, terrain: Terrain, sending: Sending, rng: np.random.Generator
) -> list[Point]:
    """Return one walk as written, in degrees, dirt and all."""
    walk = _dirtied(walk, sending.dirt, rng)
    lon, lat = transform_xy(terrain.crs, WGS84, walk.x_m, walk.y_m)
    if "gcj02" in sending.dirt:
        lon, lat = wgs84_to_gcj02(lon, lat)
    rows = zip(lon, lat, walk.height_m, walk.time_s, strict=True)
    points = [Point(f"{x:.7f}", f"{y:.7f}", f"{z:.1f}", iso(t)) for x, y, z, t in rows]
    if "bad_point" in sending.dirt and len(points) > 40:
        points[20] = replace(points[20], lat="91.0000000")
        points[30] = replace(points[30], time="")
    return points


def _dirtied(walk: Fixes, dirt: tuple[str, ...], rng: np.random.Generator) -> Fixes:
    """Return a walk with spikes, a long gap or a first fix from somewhere else."""
    count = len(walk.x_m)
    x, y, keep = walk.x_m.copy(), walk.y_m.copy(), np.ones(count, np.bool_)
    if "spikes" in dirt and count > 30:
        for at in rng.choice(np.arange(10, count - 5), 4, replace=False):
            angle, away_m = rng.uniform(0, 2 * np.pi), rng.uniform(200, 1500)
            x[at : at + 2] += away_m * np.cos(angle)
            y[at : at + 2] += away_m * np.sin(angle)
    if "gap" in dirt:
        lost_s = rng.uniform(12, 40) * 60
        begin = walk.time_s[0] + rng.uniform(0.25, 0.6) * (walk.time_s[-1] - walk.time_s[0])
        keep &= (walk.time_s < begin) | (walk.time_s > begin + lost_s)
    if "lost_first_fix" in dirt:
        # The handset still shows where it was switched off last night.
        x[0] += rng.uniform(2500, 5000)
        y[0] -= rng.uniform(1000, 3000)
    return Fixes(x[keep], y[keep], walk.height_m[keep], walk.time_s[keep])
