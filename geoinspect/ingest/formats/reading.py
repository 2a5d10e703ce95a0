"""What a format reader hands back, and the builder that every reader fills point by point."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from itertools import compress
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from geoinspect.crs import WGS84, transform_xy
from geoinspect.errors import Text, TooLargeError
from geoinspect.ingest.formats.text import one_line
from geoinspect.ingest.times import TimeValue, parse_times
from geoinspect.records import CHINA_ZONE, F8, Datum, Extra, Problem, Segment, TrackLine

# Ten fixes a second for two days; more is no outing but an attack or a merged archive.
MAX_POINTS = 2_000_000
# A segment costs about 1 kB and 0.1 ms: more of them are drawings or an attack.
MAX_SEGMENTS = 10_000
# Python strings are turned into arrays a block at a time, which bounds the memory of a reader.
_BLOCK = 65_536
_MAX_WORDS, _MAX_WORD_CHARS = 200, 2_000
_MAX_NAME_CHARS = 500

CoordinateValue = str | float | int | None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader is told about a file beside its bytes.

    Attributes:
        zone: Zone of naive times in tables and logs; GPX, KML, TCX and GeoJSON mean UTC.
        crs: CRS that the sender declares for projected numbers, ``EPSG:n``.
        name: The sender's file name.
        columns: Which columns of a table hold what, as ``time=1,lon=2,lat=3``; None goes by its
            header.
    """

    zone: ZoneInfo = CHINA_ZONE
    crs: str | None = None
    name: str = ""
    columns: str | None = None


@dataclass(slots=True)
class Reading:
    """What stands in a file, in the file's own datum.

    Attributes:
        lines: Tracks with at least one usable point.
        refused: Unusable points by rule.
        problems: What the sender should know.
        statements: Values of fields that name the datum (``datum``, ``坐标系`` …).
        words: Free text of the file in which a datum may be named.
        waypoints: Single places that are no track.
    """

    lines: tuple[TrackLine, ...] = ()
    refused: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    waypoints: int = 0

    def note(self, text: str | None) -> None:
        """Remember free text in which a datum may be named (a bounded amount)."""
        if text and len(self.words) < _MAX_WORDS:
            self.words.append(text[:_MAX_WORD_CHARS])

    def state(self, text: str | None) -> None:
        """Remember the value of a field that names the datum."""
        if text and len(self.statements) < _MAX_WORDS:
            self.statements.append(text[:_MAX_WORD_CHARS])


class TrackBuilder:
    """Collects raw values of points into lines and segments of checked numbers.

    Readers append to ``lon``, ``lat`` and ``time`` (the raw text or number of one point each, as
    many in one as in the others) and call :meth:`end_segment` and :meth:`end_line`.

    Args:
        crs: CRS of the coordinates; anything but WGS84 is transformed on the way.
        zone: What times without a zone are taken in.
    """

    def __init__(self, crs: str = WGS84, zone: tzinfo = UTC) -> None:
        self.lon: list[CoordinateValue] = []
        self.lat: list[CoordinateValue] = []
        self.time: list[TimeValue] = []
        self.name: str | None = None
        self.refused: Counter[str] = Counter()
        self.points_seen = 0
        self._segments_seen = 0
        self._crs = crs
        self._zone = zone
        self._extras: defaultdict[Extra, dict[int, CoordinateValue]] = defaultdict(dict)
        self._datum: Datum | None = None
        self._blocks: list[Segment] = []
        self._segments: list[Segment] = []
        self._lines: list[TrackLine] = []
        self._times: Counter[str] = Counter()

    def flush_when_full(self) -> None:
        """Turn collected values into arrays once there are many; call it between points."""
        if len(self.lon) >= _BLOCK:
            self._flush()

    def end_segment(self) -> None:
        """Close the segment; one without a usable point is not kept."""
        self._flush()
        if self._blocks:
            self._segments_seen += 1
            if self._segments_seen > MAX_SEGMENTS:
                raise TooLargeError(
                    f"文件超过 {MAX_SEGMENTS} 段轨迹,请按天或按路线拆分后再上传",
                    f"the file has more than {MAX_SEGMENTS} segments: split it by day or route",
                    code="too_many_segments",
                )
            self._segments.append(joined(self._blocks))
            self._blocks = []

    def end_line(self) -> None:
        """Close the track; one without a segment is not kept."""
        self.end_segment()
        if self._segments:
            self._lines.append(TrackLine(self.name, tuple(self._segments), self._datum))
            self._segments = []
        self.name = None
        self._datum = None

    def lines(self) -> tuple[TrackLine, ...]:
        """Close whatever is open and return the tracks."""
        self.end_line()
        return tuple(self._lines)

    def set_name(self, text: str | None) -> None:
        """Name the open track; blank text names nothing."""
        self.name = clean_name(text)

    def set_datum(self, datum: Datum | None) -> None:
        """State the datum of the open track alone."""
        self._datum = datum

    def set_extra(self, extra: Extra, value: CoordinateValue) -> None:
        """Say something of the point added last; what is no number counts as not said."""
        if self.lon:
            self._extras[extra][len(self.lon) - 1] = value

    def said(self, extra: Extra) -> dict[int, CoordinateValue]:
        """Return what is said of the collected points, by their place in ``lon``, to add to.

        It stays the same object, for readers to whom :meth:`set_extra` is too slow.
        """
        return self._extras[extra]

    def time_problems(self) -> Iterator[Problem]:
        """Yield what is to be said about the times of all points."""
        naive, bad, missing = (self._times[key] for key in ("naive", "bad", "missing"))
        if naive:
            utc = self._zone is UTC
            zh, en = ("UTC(世界时)", "UTC") if utc else (f"{self._zone} 当地时间", str(self._zone))
            text = Text(
                f"{naive} 个时间没有写时区,已按 {zh}处理",
                f"{naive} times have no zone and were taken as {en}",
            )
            yield Problem("naive_time" if utc else "local_time", text, naive)
        if bad:
            yield Problem(
                "bad_time",
                Text(
                    f"{bad} 个点的时间无法识别,位置已保留",
                    f"the times of {bad} points can't be read; their positions are kept",
                ),
                bad,
            )
        if missing and self._times["good"]:
            yield Problem(
                "missing_time",
                Text(
                    f"{missing} 个点没有时间,位置已保留",
                    f"{missing} points have no time; their positions are kept",
                ),
                missing,
            )

    def _flush(self) -> None:
        if not self.lon:
            return
        self.points_seen += len(self.lon)
        if self.points_seen > MAX_POINTS:
            raise TooLargeError(
                f"文件超过 {MAX_POINTS} 个轨迹点,请按天或按路线拆分后再上传",
                f"the file has more than {MAX_POINTS} track points: split it by day or route",
                code="too_many_points",
            )
        lon, lon_missing = _numbers(self.lon)
        lat, lat_missing = _numbers(self.lat)
        usable = self._check(lon, lat, lon_missing | lat_missing)
        # A row of sums below a table is no point whose time is missing.
        times = parse_times(compress(self.time, usable.tolist()), self._zone)
        extras = {
            extra: _sparse(values, len(lon)) for extra, values in self._extras.items() if values
        }
        for values in (self.lon, self.lat, self.time):
            values.clear()
        for collected in self._extras.values():
            collected.clear()
        time_s = times.time_s
        lon, lat = lon[usable], lat[usable]
        if self._crs != WGS84:
            lon, lat = transform_xy(self._crs, WGS84, lon, lat)
            placed = np.isfinite(lon) & np.isfinite(lat)
            self._refuse("coordinate_outside_projection", ~placed)
            usable[usable] = placed
            lon, lat, time_s = lon[placed], lat[placed], time_s[placed]
        self._times["naive"] += times.naive
        self._times["bad"] += times.bad
        self._times["missing"] += times.missing
        self._times["good"] += int(np.isfinite(time_s).sum())
        if len(lon):
            said = {extra: values[usable] for extra, values in extras.items()}
            self._blocks.append(Segment(lon, lat, time_s, said))

    def _check(self, lon: F8, lat: F8, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Count unusable points under the first rule they break; return the usable ones."""
        usable = ~missing
        self._refuse("coordinate_missing", missing)
        rules = [("coordinate_not_a_number", np.isfinite(lon) & np.isfinite(lat))]
        if self._crs == WGS84:
            rules += [
                ("latitude_out_of_range", np.abs(lat) <= 90),
                ("longitude_out_of_range", np.abs(lon) <= 180),
            ]
        for rule, holds in rules:
            self._refuse(rule, usable & ~holds)
            usable &= holds
        return usable

    def _refuse(self, rule: str, points: NDArray[np.bool_]) -> None:
        count = int(points.sum())
        if count:
            self.refused[rule] += count


def clean_name(text: str | None) -> str | None:
    """Return a name of whole characters, on one line and of bounded length; None for blank text."""
    return one_line(text or "")[:_MAX_NAME_CHARS] or None


def joined(blocks: Sequence[Segment]) -> Segment:
    """Return blocks as one segment; what only some of them say is NaN in the others."""
    said = dict.fromkeys(extra for block in blocks for extra in block.extras)
    extras = {
        extra: np.concatenate(
            [block.extras.get(extra, np.full(len(block), np.nan)) for block in blocks]
        )
        for extra in said
    }
    return Segment(
        np.concatenate([block.lon for block in blocks]),
        np.concatenate([block.lat for block in blocks]),
        np.concatenate([block.time_s for block in blocks]),
        {extra: values for extra, values in extras.items() if np.isfinite(values).any()},
    )


def _sparse(values: Mapping[int, CoordinateValue], count: int) -> F8:
    numbers = np.full(count, np.nan)
    numbers[list(values)], _ = _numbers(list(values.values()))
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _numbers(values: Sequence[CoordinateValue]) -> tuple[F8, NDArray[np.bool_]]:
    """Return values as numbers (NaN where they are none) and which were missing."""
    try:
        numbers = np.fromiter(map(float, values), np.float64, len(values))  # type: ignore[arg-type]
        return numbers, np.zeros(len(values), dtype=bool)
    except (TypeError, ValueError, OverflowError):
        pass
    missing = np.array(
        [value is None or (isinstance(value, str) and not value.strip()) for value in values],
        dtype=bool,
    )
    return np.array([_number(value) for value in values], dtype=np.float64), missing


def _number(value: CoordinateValue) -> float:
    try:
        return math.nan if value is None else float(value)
    except (ValueError, OverflowError):
        return math.nan
