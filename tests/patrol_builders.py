"""Walks whose way is known, as devices wrote them, and an office that takes their files in."""

from __future__ import annotations

import functools
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import county_builder as county
import numpy as np

from geoinspect import pipeline
from geoinspect.errors import Text
from geoinspect.ingest.track_exports import as_gpx
from geoinspect.intake import Intake, TrackTags
from geoinspect.patrol_book import review_of
from geoinspect.patrols.choices import TrackChoices
from geoinspect.records import CHINA_TIME, AddResult, Datum, DatumChoice, Segment, TrackFile
from geoinspect.records import TrackLine as Line
from geoinspect.snapshot import take_snapshot
from geoinspect.store import audit, patrols, sightings
from geoinspect.store.schema import CopyRow, PatrolRow, TrackRow
from geoinspect.store.workspace import Workspace

# Metres of a degree at 34° N: radii of the meridian and of the parallel on WGS84.
LAT_M, LON_M = 110_925.0, 92_385.0
MAY14 = date(2026, 5, 14)
EAST, WEST = "U990100001", "U990100002"


def at(hour: float, day: int = 14) -> float:
    """Epoch seconds of an hour in China in May 2026."""
    return datetime(2026, 5, 1, tzinfo=CHINA_TIME).timestamp() + 86_400 * (day - 1) + 3600 * hour


@dataclass(frozen=True)
class Way:
    """Where somebody truly was: metres from the county's south-west corner, epoch seconds."""

    x_m: np.ndarray
    y_m: np.ndarray
    time_s: np.ndarray

    def aside(self, metres: float) -> Way:
        """Who walks abreast: so far to the left of where the way leads."""
        dx, dy = np.gradient(self.x_m), np.gradient(self.y_m)
        smooth = np.ones(25) / 25
        dx, dy = (np.convolve(np.pad(d, 12, mode="edge"), smooth, "valid") for d in (dx, dy))
        length = np.maximum(np.hypot(dx, dy), 1e-9)
        return replace(
            self, x_m=self.x_m - metres * dy / length, y_m=self.y_m + metres * dx / length
        )

    def recorded(
        self, seed: int, *, noise_m: float = 2.0, every_s: float = 5.0, ahead_s: float = 0.0
    ) -> Segment:
        """What a receiver writes of it: an error that drifts over a minute, 7 decimals."""
        random = np.random.default_rng(seed)
        time_s = np.arange(self.time_s[0] + ahead_s, self.time_s[-1], every_s)
        keep = np.exp(-every_s / 60.0)
        error = np.zeros((len(time_s), 2))
        for i in range(len(time_s)):
            before = error[i - 1] if i else random.normal(0, 1, 2)
            error[i] = keep * before + np.sqrt(1 - keep**2) * random.normal(0, 1, 2)
        x = np.interp(time_s, self.time_s, self.x_m) + noise_m * error[:, 0]
        y = np.interp(time_s, self.time_s, self.y_m) + noise_m * error[:, 1]
        lon, lat = degrees(x, y)
        return Segment(np.round(lon, 7), np.round(lat, 7), time_s)


def degrees(x_m: np.ndarray, y_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return county.WEST + x_m / LON_M, county.SOUTH + y_m / LAT_M


def wander(
    seed: int,
    *,
    minutes: float = 40,
    start_s: float | None = None,
    x_m: float = 250,
    y_m: float = 250,
) -> Way:
    """A search of a square kilometre: bent rungs 90 m apart, at a pace that comes and goes."""
    random = np.random.default_rng(seed)
    seconds = np.arange(int(minutes * 60))
    pace = np.exp(0.25 * smoothed(random, len(seconds), 90))
    along = np.cumsum(1.1 * pace)
    rung, on = np.divmod(along, 900.0)
    on = np.where(rung % 2 == 0, on, 900.0 - on)
    x = x_m + on + 9 * smoothed(random, len(seconds), 60)
    climb = 90.0 * (rung + np.clip((along % 900.0 - 870) / 30, 0, 1))
    y = y_m + climb + 9 * smoothed(random, len(seconds), 60)
    return Way(x, y, (at(8) if start_s is None else start_s) + seconds)


def smoothed(random: np.random.Generator, count: int, memory: int) -> np.ndarray:
    """Noise of about deviation 1 that changes over ``memory`` samples."""
    knots = random.normal(0, 1, count // memory + 4)
    return np.interp(np.arange(count) / memory, np.arange(len(knots)), knots)


def one(*segments: Segment) -> Segment:
    """Segments as one."""
    return Segment(
        *(np.concatenate([getattr(s, k) for s in segments]) for k in ("lon", "lat", "time_s"))
    )


def untimed(segment: Segment) -> Segment:
    return replace(segment, time_s=np.full(len(segment), np.nan))


def gpx_text(*segments: Segment, name: str = "巡护") -> str:
    """GPX by the program's own writer."""
    choice = DatumChoice(None, Datum.WGS84, Text("", ""))
    return as_gpx(TrackFile("gpx", (Line(name, segments),), {}, (), choice))


@dataclass(frozen=True)
class Seen:
    """What the campaign's snapshot says."""

    fraction: np.ndarray
    length_m: np.ndarray
    effort: np.ndarray
    total_m2: float
    total_m: float
    passes: np.ndarray

    def same(self, other: Seen) -> bool:
        """Return whether both are equal to the last bit."""
        return all(
            np.array_equal(getattr(self, k), getattr(other, k))
            for k in ("fraction", "length_m", "effort", "passes")
        )


class Office:
    """A county's workspace with a campaign in May 2026, cells of 100 m; and its clerk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(_county(), folder / "w")
        self.workspace = Workspace.open(folder / "w")
        self.intake = Intake(self.workspace, actor="clerk")

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with self.workspace.database.reading() as session:
                audit.verify(session)
            assert self.workspace.database.integrity() == "ok"
        finally:
            self.workspace.close()

    def write(self, name: str, *segments: Segment) -> Path:
        path = self.folder / name
        path.write_text(gpx_text(*segments), "utf-8")
        return path

    def add(self, name: str, *segments: Segment, **tags: object) -> AddResult:
        """Take a GPX of segments in."""
        return self.send(self.write(name, *segments), **tags)

    def send(self, path: Path, **tags: object) -> AddResult:
        return self.intake.add_track(path, tags=TrackTags(**tags))

    def track(self, number: int) -> TrackRow:
        with self.workspace.database.reading() as session:
            return sightings.track(session, number)

    def tracks(self) -> list[TrackRow]:
        with self.workspace.database.reading() as session:
            return list(sightings.tracks(session))

    def copies(self, number: int) -> list[CopyRow]:
        with self.workspace.database.reading() as session:
            return list(patrols.copies_of(session, number))

    def patrols(self) -> list[PatrolRow]:
        with self.workspace.database.reading() as session:
            return list(patrols.patrols(session))

    def review(self, number: int, **changes: object) -> TrackRow:
        """Change some of what stands of a track."""
        with self.workspace.database.reading() as session:
            standing = review_of(session, sightings.track(session, number))
        fields = set(TrackChoices.__dataclass_fields__)
        choices = replace(standing.choices, **{k: v for k, v in changes.items() if k in fields})
        rest = {k: v for k, v in changes.items() if k not in fields}
        return self.intake.tracks.review(number, replace(standing, choices=choices, **rest))

    def doubts(self, number: int) -> set[str]:
        return {doubt["code"] for doubt in self.track(number).doubts}

    def seen(self, *, as_of: date | None = None) -> Seen:
        snapshot = take_snapshot(self.workspace, 1, as_of=as_of)
        table, total = snapshot.table, snapshot.sums["990100"]
        return Seen(
            table.seen_fraction,
            table.length_m,
            table.coverage,
            total.seen_m2,
            total.length_m,
            table.passes,
        )


@functools.cache
def _county() -> Path:
    """A workspace that holds only ground, made once for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="county-"))
    areas = county.write_county(folder)
    plan = pipeline.CampaignPlan("春季", "990100", date(2026, 5, 1), date(2026, 5, 31), 100)
    inputs = pipeline.Inputs(units=[], areas=[areas], zones=[], campaign=plan)
    with Workspace.create(folder / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=lambda _: None)
        pipeline.find_or_make_campaign(workspace, plan, actor="t")
    return folder / "w"
