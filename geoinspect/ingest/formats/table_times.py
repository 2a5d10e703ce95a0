"""Which columns of a table say when, and their cells as times that everybody reads alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from geoinspect.ingest.formats.table_columns import Header
from geoinspect.ingest.formats.table_values import bare
from geoinspect.ingest.times import TimeValue

_MAX_CHARS = 64
# 2026-05-14 08:30:00, which needs no work.
_ISO_CHARS = 19
_TIME_WORD = re.compile(
    r"time|date|utc|gmt|zeit|datum|stamp|epoch|recorded|created|tracked|when|fecha|hora"
    r"|时间|日期|时刻|^ts$|^t$"
)
# Which of several times is the moment of the fix: lower is better.
_RANKS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (3, re.compile(r"server|creat|updat|upload|send|receive|end|上传|创建|更新|入库|结束|接收")),
    (0, re.compile(r"utc|gmt|世界时")),
    (1, re.compile(r"fix|gps|track|record|device|定位|采集|记录")),
)
_HEADER_OFFSET = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?::?(\d\d))?(?!\d)")
_HEADER_CHINA = re.compile(r"北京时间|beijing|东八区")
_HEADER_UTC = re.compile(r"utc|gmt|世界时|zulu")
_DAY = re.compile(
    r"(?:(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
    r"|(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})[-/.](?P<late_year>\d{4}))"
)
_CLOCK = re.compile(
    r"(?P<half>上午|下午|凌晨|早上|中午|晚上|[AaPp]\.?[Mm]\.?)?\s*"
    r"(?P<hour>\d{1,2})\s*[:时点]\s*(?P<minute>\d{1,2})"
    r"(?:\s*[:分]\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+)|:(?P<millis>\d{1,3}))?\s*秒?)?分?"
    r"\s*(?P<late_half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
_BETWEEN = r"(?:T|[\s,_]+(?:星期.|周.)?\s*|(?<=日)(?:星期.|周.)?)"
_MOMENT = re.compile(_DAY.pattern + _BETWEEN + _CLOCK.pattern, re.IGNORECASE)
# 20260514083005 and 20260514083005123, and without seconds; 13 digits are epoch milliseconds.
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)[T\s_]?(\d\d)(\d\d)(?:(\d\d)[.]?(\d{3})?)?")
_COMPACT_DAY = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_AFTERNOON = ("下", "晚", "中", "p", "P")
_MORNING = ("上", "凌", "早", "a", "A")
# Days since 1899-12-30, as spreadsheets count (ECMA-376 part 1, 18.17.4.1): 1954 to 2119.
_SERIAL_START = datetime(1899, 12, 30)  # noqa: DTZ001 - a clock reading
_SERIAL_DAYS = (20_000.0, 80_000.0)
# Numbers since 1970 in seconds, and in milli-, micro- and nanoseconds (1973 to 2199).
_EPOCH_RANGES = ((1e8, 7.2e9, 1.0), (1e11, 7.2e12, 1.0), (1e14, 7.2e15, 1e6), (1e17, 7.2e18, 1e9))
_MILLISECOND_UNITS = ("ms", "millisecond", "milliseconds", "毫秒")


class Kind(Enum):
    """What a cell says of the time."""

    MOMENT = "moment"
    EPOCH = "epoch"
    SERIAL = "serial"
    DAY = "day"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class When:
    """How the time of a row is read.

    Attributes:
        columns: The column of the moment, or those of day and time of day; none without times.
        zone: What is put behind a time without a zone: ``Z``, ``+08:00`` or nothing.
        serial: Whether cells are days since 1899-12-30.
        day_first: The order of 14/05/2026; None when no cell tells it.
        elapsed: Column of milliseconds since the start, with which whole seconds are divided.
        fault: ``no_date``, ``no_clock`` or ``ambiguous_date`` when times are there but of no use.
    """

    columns: tuple[int, ...] = ()
    zone: str = ""
    serial: bool = False
    day_first: bool | None = None
    elapsed: int | None = None
    fault: str | None = None

    def read(self, row: Sequence[str]) -> TimeValue:
        """Return the time of a row as text or number for :func:`parse_times`, None without one."""
        if not self.columns:
            return None
        text = row[self.columns[0]]
        if len(self.columns) == 2:
            clock = row[self.columns[1]].strip()
            if not clock:
                return None
            # 083000 without its zero, as spreadsheets leave it.
            text = f"{text.strip()} {clock.zfill(6) if clock.isdecimal() else clock}"
        if len(text) >= _ISO_CHARS and text[4] == text[7] == "-" and text[13] == text[16] == ":":
            if len(text) == _ISO_CHARS:
                # With a T, whole blocks are read at once.
                return f"{text[:10]}T{text[11:]}{self.zone}"
            # Not before a zone of its own, or AM and PM.
            if text[-1] == "Z" or (not self.zone and text[19] == "." and text[-1].isdecimal()):
                return text
        return self._written(text)

    def _written(self, text: str) -> TimeValue:
        text = bare(text)
        if len(text) > _MAX_CHARS:
            return "?"
        number = _number(text)
        if number is not None:
            return self._from_number(text, number)
        match = _MOMENT.fullmatch(text)
        if match is not None:
            written = _iso(match, self.day_first)
        else:
            compact = _COMPACT.fullmatch(text)
            if compact is None:
                return text
            written = _compact_iso(compact)
        return written if match is not None and match["zone"] else written + self.zone

    def _from_number(self, text: str, number: float) -> TimeValue:
        if self.serial:
            if not _SERIAL_DAYS[0] <= number < _SERIAL_DAYS[1]:
                return "?"
            moment = _SERIAL_START + timedelta(milliseconds=round(number * 86_400_000))
            return moment.isoformat(timespec="milliseconds") + self.zone
        compact = _COMPACT.fullmatch(text)
        if compact is not None and _is_day(*compact.groups()[:3]):
            return _compact_iso(compact) + self.zone
        for low, high, factor in _EPOCH_RANGES:
            if low <= number < high:
                return number / factor
        return "?"


def find_times(headers: Sequence[Header], rows: Sequence[Sequence[str]], width: int) -> When:
    """Return how times are read, by the headers and by what stands under them.

    Args:
        headers: The header cells; without any, every column may hold times.
        rows: The first rows of data.
        width: Columns in the table.
    """
    candidates = list(range(width))
    if headers:
        candidates = [n for n, header in enumerate(headers) if _TIME_WORD.search(header.text)]
    kinds: dict[Kind, list[int]] = {}
    for number in candidates:
        kind = _kind_of_column([row[number] for row in rows if number < len(row)])
        # Without a header, a number may be anything.
        if kind is not None and (headers or kind not in (Kind.EPOCH, Kind.SERIAL)):
            kinds.setdefault(kind, []).append(number)
    ranked = {kind: sorted(found, key=lambda n: _rank(headers, n)) for kind, found in kinds.items()}
    moments = [n for kind in (Kind.MOMENT, Kind.EPOCH, Kind.SERIAL) for n in ranked.get(kind, [])]
    if moments:
        columns: tuple[int, ...] = (min(moments, key=lambda n: _rank(headers, n)),)
    elif Kind.DAY in ranked and Kind.CLOCK in ranked:
        columns = (ranked[Kind.DAY][0], ranked[Kind.CLOCK][0])
    else:
        missing = {Kind.DAY: "no_clock", Kind.CLOCK: "no_date"}
        return When(fault=next((missing[kind] for kind in ranked if kind in missing), None))
    texts = [" ".join(row[n] for n in columns) for row in rows if max(columns) < len(row)]
    day_first, ambiguous = _day_order(texts)
    if ambiguous:
        return When(fault="ambiguous_date")
    serial = columns[0] in ranked.get(Kind.SERIAL, [])
    return When(columns, _zone(headers, columns), serial, day_first, _elapsed(headers, columns))


def _kind_of_column(cells: Iterable[str]) -> Kind | None:
    """Return what most of a column's cells are."""
    kinds = Counter(_kind(bare(cell)) for cell in cells if cell.strip())
    if not kinds:
        return None
    kind, count = kinds.most_common(1)[0]
    return kind if 2 * count >= kinds.total() else None


def _kind(text: str) -> Kind | None:
    if len(text) > _MAX_CHARS:
        return None
    number = _number(text)
    if number is None:
        if _MOMENT.fullmatch(text) or _COMPACT.fullmatch(text):
            return Kind.MOMENT
        if _DAY.fullmatch(text):
            return Kind.DAY
        return Kind.CLOCK if _CLOCK.fullmatch(text) else _named_month(text)
    compact = _COMPACT.fullmatch(text)
    if compact is not None and _is_day(*compact.groups()[:3]):
        return Kind.MOMENT
    day = _COMPACT_DAY.fullmatch(text)
    if day is not None and _is_day(*day.groups()):
        return Kind.DAY
    if any(low <= number < high for low, high, _ in _EPOCH_RANGES):
        return Kind.EPOCH
    if _SERIAL_DAYS[0] <= number < _SERIAL_DAYS[1] and "." in text:
        return Kind.SERIAL
    return Kind.CLOCK if text.isdecimal() and len(text) in (5, 6) else None


def _named_month(text: str) -> Kind | None:
    """``Thu, 14 May 2026 08:30:00 +0800`` is left to :func:`parse_times`."""
    return Kind.MOMENT if re.search(r"[A-Za-z]{3}.*\d\d:\d\d", text) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rank(headers: Sequence[Header], number: int) -> int:
    text = headers[number].text if number < len(headers) else ""
    return next((rank for rank, words in _RANKS if words.search(text)), 2)


def _zone(headers: Sequence[Header], columns: Iterable[int]) -> str:
    """Return the zone that headers name, as ISO 8601 writes it."""
    text = " ".join(headers[number].text for number in columns if number < len(headers))
    offset = _HEADER_OFFSET.search(text)
    if offset is not None:
        return f"{offset[1]}{int(offset[2]):02}:{offset[3] or '00'}"
    if _HEADER_CHINA.search(text):
        return "+08:00"
    return "Z" if _HEADER_UTC.search(text) else ""


def _elapsed(headers: Sequence[Header], columns: Iterable[int]) -> int | None:
    """Return the column of milliseconds that drones log beside whole seconds."""
    for number, header in enumerate(headers):
        in_ms = header.unit in _MILLISECOND_UNITS and header.word in ("time", "offset", "flytime")
        if in_ms and number not in columns:
            return number
    return None


def _day_order(texts: Iterable[str]) -> tuple[bool | None, bool]:
    """Return whether the day stands first in 14/05/2026, and whether there is no telling."""
    seen = False
    for text in texts:
        match = _DAY.match(text.strip())
        if match is None or match["a"] is None:
            continue
        seen = True
        if int(match["a"]) > 12 or match["sep"] == ".":
            return True, False
        if int(match["b"]) > 12 or re.search(r"\d\s*[AaPp]\.?[Mm]", text):
            return False, False
    return None, seen


def _iso(match: re.Match[str], day_first: bool | None) -> str:
    year, month, day = match["year"], match["month"], match["day"]
    if year is None:
        year = match["late_year"]
        month, day = (match["b"], match["a"]) if day_first else (match["a"], match["b"])
    hour = int(match["hour"])
    half = match["half"] or match["late_half"] or ""
    if half.startswith(_AFTERNOON) and hour < 12:
        hour += 12
    elif half.startswith(_MORNING) and hour == 12:
        hour = 0
    clock = f"{hour:02}:{int(match['minute']):02}:{int(match['second'] or 0):02}"
    digits = match["fraction"] or (match["millis"] and match["millis"].zfill(3))
    fraction = f".{digits}" if digits else ""
    zone = (match["zone"] or "").upper()
    return f"{year}-{int(month):02}-{int(day):02}T{clock}{fraction}{zone}"


def _compact_iso(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, millis = match.groups()
    fraction = f".{millis}" if millis else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{fraction}"


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
