"""Tables of points (CSV, TXT): of phone apps, loggers, platforms, survey offices and drones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from operator import itemgetter
from typing import BinaryIO

from geoinspect.errors import Text
from geoinspect.ingest.datum_choice import DATUM_NAMES, field_datum
from geoinspect.ingest.formats.day_clock import no_date
from geoinspect.ingest.formats.flight_log import SecondDivider
from geoinspect.ingest.formats.reading import (
    CoordinateValue,
    Reading,
    ReadOptions,
    TrackBuilder,
    clean_name,
    joined,
)
from geoinspect.ingest.formats.table_columns import Columns, Role
from geoinspect.ingest.formats.table_declared import head_of_table, layout_of
from geoinspect.ingest.formats.table_layout import Layout
from geoinspect.ingest.formats.table_places import Places, find_places
from geoinspect.ingest.formats.table_rows import split_rows, table_lines
from geoinspect.ingest.formats.table_times import When, find_times
from geoinspect.ingest.formats.table_values import number
from geoinspect.ingest.formats.text import find_encoding
from geoinspect.ingest.times import TimeValue
from geoinspect.records import Datum, Extra, Problem, Segment, TrackLine

# Rows of several people come mixed; this many are sorted at a time.
_BLOCK_ROWS = 65_536
# Ovital writes one letter before the coordinates of a text table (its manual on importing txt).
_DATUM_LETTERS = {"g": Datum.GCJ02, "b": Datum.BD09}

# A track may also be the course over ground, which comes back to the same values.
_MAY_BE_COURSE = ("track", "trk")

Group = tuple[Datum | None, tuple[str, ...]]
Said = list[tuple[Extra, float]]
Point = tuple[Group, CoordinateValue, CoordinateValue, TimeValue, Said]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How every row is read."""

    layout: Layout
    places: Places
    when: When
    groups: tuple[int, ...]

    @property
    def columns(self) -> Columns:
        return self.layout.columns


@dataclass(slots=True)
class _Groups:
    """Puts the points of a mixed table together again, group by group."""

    builder: TrackBuilder
    order: dict[Group, int] = field(default_factory=dict)
    _waiting: list[tuple[int, Point]] = field(default_factory=list)

    def add(self, point: Point) -> None:
        number = self.order.setdefault(point[0], len(self.order))
        self._waiting.append((number, point))
        if len(self._waiting) >= _BLOCK_ROWS:
            self._sort_out()

    def lines(self) -> tuple[TrackLine, ...]:
        """Return one segment a group, and one line for every datum that rows name."""
        self._sort_out()
        pieces: dict[int, list[Segment]] = {}
        for line in self.builder.lines():
            pieces.setdefault(int(line.name or 0), []).extend(line.segments)
        by_datum: dict[Datum | None, list[Segment]] = {}
        for group, number_ in self.order.items():
            if number_ in pieces:
                by_datum.setdefault(group[0], []).append(joined(pieces.pop(number_)))
        names = {" ".join(names) for _, names in self.order}
        name = clean_name(names.pop()) if len(names) == 1 else None
        return tuple(
            TrackLine(name, tuple(segments), datum) for datum, segments in by_datum.items()
        )

    def _sort_out(self) -> None:
        self._waiting.sort(key=itemgetter(0))
        last = None
        for number_, point in self._waiting:
            if last is not None and number_ != last:
                self._end_piece(last)
            last = number_
            _append(self.builder, point)
        if last is not None:
            self._end_piece(last)
        self._waiting.clear()

    def _end_piece(self, number_: int) -> None:
        self.builder.set_name(str(number_))
        self.builder.end_line()


def read_table(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read a table of points: one segment for every track or person that its columns name.

    Raises:
        TrackError: No coordinates, swapped columns, or metres whose CRS has to be asked for.
        TooLargeError: More points or tracks than any day's work.
    """
    reading = Reading()
    encoding = find_encoding(stream)
    # A table declares no encoding: GBK is as good as any.
    if encoding.problem is not None and encoding.name != "gb18030":
        reading.problems.append(encoding.problem)
    head = head_of_table(table_lines(stream, encoding, Counter()))
    plan = _plan(layout_of(head, options.columns), options, reading)
    builder = TrackBuilder(plan.places.crs, options.zone)
    lines = table_lines(stream, encoding, builder.refused)
    rows = islice(split_rows(lines, plan.layout.dialect, builder.refused), plan.layout.skip, None)
    groups = _Groups(builder)
    datum_column = plan.columns.first(Role.DATUM)
    keyed = bool(plan.groups) or datum_column is not None
    for point in _points(rows, plan, builder, reading):
        if keyed:
            groups.add(point)
        else:
            _append(builder, point)
    reading.lines = groups.lines() if keyed else builder.lines()
    reading.refused = builder.refused
    reading.problems += builder.time_problems()
    return reading


def _plan(layout: Layout, options: ReadOptions, reading: Reading) -> _Plan:
    """Return how rows are read, and tell what was assumed."""
    width, columns = layout.width, layout.columns
    sample = [row[:width] + [""] * (width - len(row)) for row in layout.sample]
    for row in layout.before:
        _note_before(row, reading)
    stated = columns.datum()
    if stated is not None:
        reading.state(DATUM_NAMES[stated])
    words = " ".join([*reading.statements, *reading.words, *layout.header])
    places = find_places(columns, sample, options.crs, words)
    reading.problems += places.problems
    when = find_times(columns.headers, sample, width)
    if when.fault is not None:
        reading.problems.append(_TIME_FAULTS[when.fault])
    if not columns.headers:
        reading.problems.append(_guessed(columns))
    return _Plan(layout, places, when, _group_columns(columns, sample))


def _note_before(row: Sequence[str], reading: Reading) -> None:
    """Remember what stands above the header: ``坐标系:百度坐标`` states a datum."""
    text = " ".join(cell for cell in row if cell.strip())
    reading.note(text)
    if any(word in text.lower() for word in ("坐标系", "datum", "coordinate system")):
        reading.state(text)


def _group_columns(columns: Columns, sample: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the columns that say whose or which track a row is: those whose values repeat."""

    def repeats(column: int) -> bool:
        values = [row[column].strip() for row in sample if row[column].strip()]
        different = len(set(values))
        if columns.headers[column].word in _MAY_BE_COURSE:
            changes = sum(a != b for a, b in pairwise(values))
            return 2 * different <= len(values) and changes < different
        return 0 < 2 * different <= len(values)

    tracks = tuple(n for n in columns.roles.get(Role.TRACK, ()) if repeats(n))
    return tracks or tuple(n for n in columns.roles.get(Role.NAME, ()) if repeats(n))[:1]


def _points(
    rows: Iterator[list[str]], plan: _Plan, builder: TrackBuilder, reading: Reading
) -> Iterator[Point]:
    """Yield what is a point; headers again, events and rows before the first fix are none."""
    layout, columns, when = plan.layout, plan.columns, plan.when
    read, window, groups = plan.places.read, plan.places.window, plan.groups
    kind, datum_column = columns.first(Role.KIND), columns.first(Role.DATUM)
    extras = tuple(columns.extras.items())
    divider = SecondDivider() if when.elapsed is not None else None
    datums: dict[str, Datum | None] = {}
    blanks = [""] * layout.width
    datum = None
    no_fix = 0
    for row in rows:
        row.extend(blanks[len(row) :])
        lon, lat = read(row)
        if isinstance(lon, float) and isinstance(lat, float):
            if lon == 0 and lat == 0:
                no_fix += 1
                continue
            if window is not None and not window[0] <= lon < window[1]:
                builder.refused["coordinate_outside_projection"] += 1
                continue
        elif _is_no_point(row, layout, kind if lon is None and lat is None else None):
            continue
        time = when.read(row)
        if divider is not None and when.elapsed is not None:
            time = divider.moment(time, row[when.elapsed])
        if datum_column is not None:
            flag = row[datum_column]
            datum = datums[flag] if flag in datums else _datum_of(flag, datums)
        who = tuple([row[n].strip() for n in groups]) if groups else ()
        yield (datum, who), lon, lat, time, _said(row, extras) if extras else []
    if no_fix:
        reading.problems.append(_no_fix(no_fix))


def _is_no_point(row: list[str], layout: Layout, kind: int | None) -> bool:
    """Return whether a row without a position is a comment, the header again, or an event."""
    if row[0].startswith("#") or (layout.header and row[: len(layout.header)] == layout.header):
        return True
    # OpenTracks writes pauses and starts as rows of their own.
    return kind is not None and bool(row[kind].strip()) and "point" not in row[kind].lower()


def _said(row: list[str], extras: tuple[tuple[Extra, tuple[int, float]], ...]) -> Said:
    said = []
    for extra, (column, factor) in extras:
        value = number(row[column])
        # Apps write 0 or -1 where they know no accuracy.
        if value is not None and (value > 0 or extra is not Extra.ACCURACY):
            said.append((extra, value * factor))
    return said


def _datum_of(flag: str, known: dict[str, Datum | None]) -> Datum | None:
    text = flag.strip()
    datum = _DATUM_LETTERS.get(text.lower()) or field_datum(text[:100])
    if len(known) < 1000:
        known[flag] = datum
    return datum


def _append(builder: TrackBuilder, point: Point) -> None:
    builder.flush_when_full()
    _, lon, lat, time, said = point
    builder.lon.append(lon)
    builder.lat.append(lat)
    builder.time.append(time)
    for extra, value in said:
        builder.set_extra(extra, value)


def _guessed(columns: Columns) -> Problem:
    east, north = (0 if n is None else n + 1 for n in (columns.east, columns.north))
    return Problem(
        "columns_guessed",
        Text(
            f"表格没有可识别的表头,已按数值把第 {east} 列作为经度(东)、第 {north} 列作为纬度(北);请在地图上核对",
            f"the table has no header that is known; by its values column {east} was taken as "
            f"longitude (east) and column {north} as latitude (north): check it on the map",
        ),
    )


def _no_fix(count: int) -> Problem:
    return Problem(
        "no_fix",
        Text(
            f"{count} 行的坐标是 0,0(定位之前的记录),未使用",
            f"{count} rows are at 0,0, written before the device had a fix, and were left out",
        ),
        count,
    )


_TIME_FAULTS = {
    "no_date": no_date(),
    "no_clock": Problem(
        "no_clock",
        Text(
            "表格里只有日期,没有时刻;位置已保留,时间未采用",
            "the table has dates and no times of day: positions are kept, times were not used",
        ),
    ),
    "ambiguous_date": Problem(
        "ambiguous_date",
        Text(
            "无法判断日期中哪个是日、哪个是月(如 05/06/2026);位置已保留,时间未采用;请改成 2026-06-05 的写法",
            "there is no telling day from month (as in 05/06/2026): positions are kept, times were "
            "not used; write dates like 2026-06-05",
        ),
    ),
}
