"""Who sends which outings in which file, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geoinspect.records import Mode
from sample_data.patrols import Patrol
from sample_data.track_files import TrackFormat
from sample_data.truth import DoubtKind

HOSTILE_NAME = "{{7*7}}<img src=x onerror=alert(1)>"
# What comes in file after file on foot; as many clean ones follow before it begins again.
_CASES: tuple[tuple[TrackFormat, str], ...] = (
    ("gpx11", "bad_point"),
    ("gpx11", "spikes"),
    ("csv_gbk", "poor_accuracy"),
    ("kml_track", "small_spikes"),
    ("gpx11_gz", "resume"),
    ("nmea", "repeated_times"),
    ("geojson", "rest"),
    ("tcx", "late"),
    ("kmz", "lost_first_fix"),
    ("gpx10", "zeros"),
    ("csv_plane", "swapped"),
    ("ovkml", "gcj02"),
    ("kml_line", "no_time"),
    ("gpx11", "gap"),
    ("gpx11", "poor_accuracy"),
)
_PLAIN: tuple[TrackFormat, ...] = ("gpx11", "gpx11", "kml_track", "gpx10")
UNTIMED: frozenset[TrackFormat] = frozenset({"kml_line"})


@dataclass(frozen=True, slots=True)
class Sending:
    """One file to be: the outings in it, its format, and what is wrong with it.

    Attributes:
        decimals: Of the degrees written.
        doubt: Why a person should look at it.
        moved: How its people really moved, where they say otherwise.
        copy_of: The file whose walk it repeats.
    """

    patrols: tuple[Patrol, ...]
    form: TrackFormat = "gpx11"
    dirt: tuple[str, ...] = ()
    title: str | None = None
    file_name: str | None = None
    decimals: int = 7
    doubt: DoubtKind | None = None
    moved: Mode | None = None
    copy_of: str | None = None


def plan_sendings(patrols: Sequence[Patrol], rng: np.random.Generator) -> list[Sending]:
    """Put outings into files: one to three a file, formats and dirt spread over them."""
    sendings: list[Sending] = []
    by_team: dict[tuple[str, str], list[Patrol]] = {}
    for patrol in patrols:
        by_team.setdefault((patrol.unit, patrol.team), []).append(patrol)
    thrice = False
    for outings in by_team.values():
        outings.sort(key=lambda patrol: patrol.start_s)
        left = outings
        while left:
            # Some teams export twice a month what others send every evening.
            count = 2 if len(left) > 1 and left[0].mode is Mode.FOOT and rng.random() < 0.45 else 1
            if not thrice and len(left) > 2 and left[0].mode is Mode.FOOT:
                count, thrice = 3, True
            sendings.append(Sending(tuple(left[:count])))
            left = left[count:]
    sendings.sort(key=lambda sending: (sending.patrols[0].day, sending.patrols[0].unit))
    on_foot = [i for i, sending in enumerate(sendings) if sending.patrols[0].mode is Mode.FOOT]
    for number, i in enumerate(on_foot):
        turn = number % (2 * len(_CASES))
        if turn < len(_CASES):
            form, kind = _CASES[turn]
            sendings[i] = replace(sendings[i], form=form, dirt=(kind,))
        else:
            sendings[i] = replace(sendings[i], form=_PLAIN[turn % len(_PLAIN)])
    flown = [i for i, sending in enumerate(sendings) if sending.patrols[0].mode is Mode.DRONE]
    for i in flown:
        sendings[i] = replace(sendings[i], form="airdata")
    return _with_specials(sendings, on_foot)


def _with_specials(sendings: list[Sending], on_foot: list[int]) -> list[Sending]:
    """Give single files odd names, send one twice, and cut one in two."""
    titled = [i for i in on_foot if sendings[i].form in ("gpx11", "kml_track", "gpx10")]
    single = [i for i in on_foot if len(sendings[i].patrols) == 1 and copyable(sendings[i])]

    def change(i: int, *dirt: str, **what: object) -> None:
        dirt = (*sendings[i].dirt, *dirt)
        sendings[i] = replace(sendings[i], dirt=dirt, **what)  # type: ignore[arg-type]

    change(titled[0], "hostile_name", title=HOSTILE_NAME)
    named = sendings[titled[-1]].patrols[0]
    place = named.unit_name.removesuffix("人民政府").removesuffix("林业工作站")
    change(titled[-1], file_name=f"{place} {named.team} 踏查轨迹(模拟)")
    change(titled[len(titled) // 2], "uploaded_twice")
    change(single[len(single) // 2], "cut_in_two")
    return sendings


def copyable(sending: Sending) -> bool:
    """Return whether another file can be made of its recording: timed, and as it was walked."""
    told = sending.form not in UNTIMED and "gcj02" not in sending.dirt
    plain = not {"rest", "cut_in_two", "bad_point"} & set(sending.dirt)
    return told and plain and sending.doubt is None and sending.patrols[0].mode is Mode.FOOT
