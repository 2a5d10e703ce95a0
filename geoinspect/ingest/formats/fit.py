"""FIT of sports watches: the ``record`` messages, as much of them as can be read.

Own reader of the few fields a track needs (docs/decisions/0011-fit.md). Facts: Garmin's Flexible
and Interoperable Data Transfer protocol and its profile.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from geoinspect.errors import Text, TooLargeError, TrackError
from geoinspect.ingest.formats.reading import Reading, ReadOptions, TrackBuilder
from geoinspect.ingest.formats.tcx import no_position
from geoinspect.records import Extra, Problem

# A record of place and time takes 14 bytes at least, one of a watch about 30.
_MAX_BYTES = 32 << 20
# Two million points among other messages take seconds; a new layout costs as much as ten messages.
_MAX_WORK, _LAYOUT_WORK, _MAX_LAYOUTS = 6_000_000, 10, 1_000
_SIGN = b".FIT"
_SHORTEST_HEADER, _CRC_BYTES = 12, 2

_RECORD = 20
# Number of a field → type in struct's letters and the value that means "not known".
_FIELDS = {
    253: ("I", 0xFFFFFFFF),  # timestamp, s
    0: ("i", 0x7FFFFFFF),  # position_lat, semicircles
    1: ("i", 0x7FFFFFFF),  # position_long
    78: ("I", 0xFFFFFFFF),  # enhanced_altitude, (m + 500) × 5
    2: ("H", 0xFFFF),  # altitude, likewise
    31: ("B", 0xFF),  # gps_accuracy, m
}
_CLOCK_ONLY = (253,)
_NUMBERS = tuple(_FIELDS)
_DEGREES = 180 / 2**31
# 1989-12-31T00:00:00Z. Smaller values than the second count from when the device was switched on.
_EPOCH_S, _FIRST_DATE = 631_065_600, 0x10000000

Values = list["int | None"]


class _BrokenError(Exception):
    """The messages can't be followed any further."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a definition message says of the data messages that follow it.

    Attributes:
        size: Bytes of one data message after its header.
        is_record: Whether it is a point of a track.
        slots: Which of ``_NUMBERS`` the message holds, in the order of ``unpack``, each with the
            value that means "not known".
        unpack: Takes those out of the file at an offset; None when there are none.
    """

    size: int
    is_record: bool
    slots: tuple[tuple[int, int], ...]
    unpack: Callable[[bytes, int], tuple[int, ...]] | None


class _Parts:
    """One FIT file, or several written one after another, and what is wrong with them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.cut = False
        self.damaged = False
        self.work = 0
        self._known: dict[bytes, _Layout] = {}

    def records(self) -> Iterator[Values]:
        """Yield the values of ``_NUMBERS`` of each record."""
        data, at = self.data, 0
        while data[at + 8 : at + _SHORTEST_HEADER] == _SIGN:
            begin = at + max(data[at], _SHORTEST_HEADER)
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            end = begin + size
            # A device that was interrupted never wrote the size.
            if size == 0 or end + _CRC_BYTES > len(data):
                self.cut = True
                end = min(end, len(data)) if size else len(data)
            elif checksum(memoryview(data)[at : end + _CRC_BYTES]) != 0:
                self.damaged = True
            try:
                yield from self._messages(begin, end)
            except (_BrokenError, IndexError):
                self.damaged = True
            at = end + _CRC_BYTES
        self.damaged |= bool(data[at:].strip(b"\0"))

    def _messages(self, at: int, end: int) -> Iterator[Values]:
        data = self.data
        layouts: dict[int, _Layout] = {}
        nothing: Values = [None] * len(_NUMBERS)
        clock: int | None = None
        while at < end:
            self._count(1)
            head = data[at]
            if head & 0xC0 == 0x40:
                layouts[head & 15], at = self._definition(at)
                continue
            layout = layouts.get(head >> 5 & 3 if head & 0x80 else head & 15)
            if layout is None or at + 1 + layout.size > end:
                raise _BrokenError
            values = nothing.copy()
            if layout.unpack is not None:
                said = layout.unpack(data, at + 1)
                for (slot, unknown), value in zip(layout.slots, said, strict=True):
                    if value != unknown:
                        values[slot] = value
            if head & 0x80 and clock is not None:
                # The low five bits of a time that is less than 32 s after the last one.
                values[0] = clock + ((head & 31) - clock) % 32
            clock = values[0] if values[0] is not None else clock
            if layout.is_record:
                yield values
            at += 1 + layout.size

    def _definition(self, at: int) -> tuple[_Layout, int]:
        """Return the layout that is defined at an offset, and the offset after it."""
        data = self.data
        fields_end = at + 6 + 3 * data[at + 5]
        own = 3 * data[fields_end] + 1 if data[at] & 0x20 else 0
        written = data[at : fields_end + own]
        if len(written) < fields_end + own - at or written[2] > 1:
            raise _BrokenError
        layout = self._known.get(written)
        if layout is None:
            self._count(_LAYOUT_WORK)
            if len(self._known) >= _MAX_LAYOUTS:
                self._known.clear()
            split = fields_end - at
            layout = self._known[written] = _layout(written[:split], written[split + 1 :])
        return layout, at + len(written)

    def _count(self, work: int) -> None:
        self.work += work
        if self.work > _MAX_WORK:
            raise TooLargeError(
                "FIT 文件里的记录太多,不像一次巡护;请按天拆分后再上传",
                "the FIT file holds more messages than any patrol makes: split it by day",
                code="too_many_points",
            )


def _layout(written: bytes, own_fields: bytes) -> _Layout:
    order = ">" if written[2] else "<"
    is_record = int.from_bytes(written[3:5], "big" if written[2] else "little") == _RECORD
    numbers, sizes = written[6::3], written[7::3]
    # Fields that an app defines itself stand behind the others and are only passed over.
    size = sum(sizes) + sum(own_fields[1::3])
    found = []
    for number in _NUMBERS if is_record else _CLOCK_ONLY:
        index = numbers.find(number)
        letter = _FIELDS[number][0]
        # Some devices write fields in sizes that are none; those say nothing.
        if index >= 0 and sizes[index] == struct.calcsize(letter):
            found.append((sum(sizes[:index]), _NUMBERS.index(number), letter))
    if not found:
        return _Layout(size, is_record, (), None)
    form, at = order, 0
    for offset, _, letter in sorted(found):
        form += f"{offset - at}x{letter}"
        at = offset + struct.calcsize(letter)
    slots = tuple((slot, _FIELDS[_NUMBERS[slot]][1]) for _, slot, _ in sorted(found))
    return _Layout(size, is_record, slots, struct.Struct(form).unpack_from)


def looks_like_fit(head: bytes) -> bool:
    """Return whether a file begins with a FIT header."""
    return head[8:_SHORTEST_HEADER] == _SIGN


def read_fit(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Read the positions of a FIT file as one segment; pauses and laps do not split it.

    Raises:
        TrackError: It holds no positions.
        TooLargeError: More than any day's work.
    """
    stream.seek(0)
    data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise TooLargeError(
            f"FIT 文件超过 {_MAX_BYTES >> 20} MB,不像一次巡护;请按天拆分后再上传",
            f"the FIT file has more than {_MAX_BYTES >> 20} MB: split it by day",
        )
    parts = _Parts(data)
    builder = TrackBuilder()
    add_lon, add_lat, add_time = builder.lon.append, builder.lat.append, builder.time.append
    elevations, accuracies = builder.said(Extra.ELEVATION), builder.said(Extra.ACCURACY)
    unplaced = undated = 0
    for time, lat, lon, fine_height, height, accuracy in parts.records():
        if lat is None or lon is None:
            unplaced += 1
            continue
        undated += time is not None and time < _FIRST_DATE
        builder.flush_when_full()
        add_lon(lon * _DEGREES)
        add_lat(lat * _DEGREES)
        add_time(_EPOCH_S + time if time is not None and time >= _FIRST_DATE else None)
        if (fifths := fine_height if fine_height is not None else height) is not None:
            elevations[len(builder.lon) - 1] = fifths / 5 - 500
        if accuracy is not None:
            accuracies[len(builder.lon) - 1] = accuracy
    reading = Reading(lines=builder.lines(), refused=builder.refused)
    reading.problems += _problems(parts, unplaced, undated)
    if builder.points_seen == 0:
        raise _without_positions(unplaced, reading.problems)
    reading.problems += builder.time_problems()
    return reading


def checksum(data: bytes | memoryview) -> int:
    """Return the CRC-16 of FIT (reflected polynomial 0xA001, from 0); 0 over data with its own.

    The sum is linear and blind to leading zeros, so all rows of a square are summed at once and
    then joined, each shifted by the length of a row.
    """
    columns = max(1, int(len(data) ** 0.5))
    rows = -(-len(data) // columns)
    square = np.zeros(rows * columns, np.uint8)
    square[len(square) - len(data) :] = np.frombuffer(data, np.uint8)
    sums = np.zeros(rows, np.uint16)
    shifts = np.left_shift(1, np.arange(16)).astype(np.uint16)
    for column in square.reshape(rows, columns).T:
        sums = (sums >> 8) ^ _TABLE[(sums ^ column) & 0xFF]
        shifts = (shifts >> 8) ^ _TABLE[shifts & 0xFF]
    total = 0
    for row in sums.tolist():
        bits = shifts[[bit for bit in range(16) if total >> bit & 1]]
        total = int(np.bitwise_xor.reduce(bits)) ^ row
    return total


def _crc_table() -> NDArray[np.uint16]:
    table = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        table = ((table >> 1) ^ (table & 1) * 0xA001).astype(np.uint16)
    return table


_TABLE = _crc_table()


def _problems(parts: _Parts, unplaced: int, undated: int) -> Iterator[Problem]:
    if parts.cut:
        yield Problem(
            "truncated",
            Text(
                "文件不完整(记录中断或传输被截断),已读取能读出的记录;请从手表重新导出",
                "the file is cut off (the recording or the transfer broke off); what can be read of "
                "it was read: export it again from the watch",
            ),
        )
    if parts.damaged:
        yield Problem(
            "damaged",
            Text(
                "文件有损坏(校验和不符或有读不懂的记录),已读取能读出的记录,个别点可能有误;请检查",
                "the file is damaged (a wrong check sum or records that make no sense); what can be "
                "read was read, single points may be wrong: check the track",
            ),
        )
    if unplaced:
        yield no_position(unplaced)
    if undated:
        yield Problem(
            "relative_time",
            Text(
                f"{undated} 个点的时间只是开机后的秒数,没有日期;位置已保留",
                f"the times of {undated} points count from when the device was switched on and have "
                "no date; positions are kept",
            ),
            undated,
        )


def _without_positions(records: int, problems: Sequence[Problem]) -> TrackError:
    broken = next((found for found in problems if found.code in ("truncated", "damaged")), None)
    if broken is not None and not records:
        return TrackError(broken.text.zh, broken.text.en, code=broken.code)
    return TrackError(
        f"FIT 文件里没有位置({records} 条记录都没有定位,可能是室内运动或健康数据);"
        "请上传户外巡护的记录,并确认手表已定位",
        f"the FIT file holds no positions (none of its {records} records has a fix; perhaps it is "
        "indoor or health data): send an outdoor recording and make sure that the watch had a fix",
        code="no_positions",
    )
