"""Every way to write a place or a time into a cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_builders import TRUTH, codes, read, times

from geoinspect.ingest.formats.reading import Reading
from geoinspect.ingest.formats.table_values import coordinate, nmea_degrees, on_side, pair


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("30°12'33.4\"N", 30 + 12 / 60 + 33.4 / 3600),
        ("N30°12′33.4″", 30 + 12 / 60 + 33.4 / 3600),
        ("30度12分33秒", 30 + 12 / 60 + 33 / 3600),
        ("北纬30度12分33.5秒", 30 + 12 / 60 + 33.5 / 3600),
        ("东经120°", 120.0),
        ("120 5 30", 120 + 5 / 60 + 30 / 3600),
        ("120:05:30", 120 + 5 / 60 + 30 / 3600),
        ("120d5m30s", 120 + 5 / 60 + 30 / 3600),
        ("116°43.281029'", 116 + 43.281029 / 60),
        ("33°51'30\"S", -(33 + 51 / 60 + 30 / 3600)),
        ("70°30'W", -70.5),
        ("-70°30'", -70.5),
        ("103°47′60.00″", 103.8),
        ("30°60.0'N", 31.0),
        ("E120.5", 120.5),
        ("120.5 E", 120.5),
        ("120,5", 120.5),
        (" 120.5 ", 120.5),
        ("2,563,000.5", 2563000.5),
        ("2563000,5", 2563000.5),
    ],
)
def test_coordinates_as_written(written, degrees):
    assert coordinate(written) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize("blank", ["", "  ", "-", "--", "null", "N/A", "无"])
def test_nothing_is_missing(blank):
    assert coordinate(blank) is None


@pytest.mark.parametrize(
    "wrong",
    ["abc", "30°61'", "30°12'61\"", "30.5°12'", "N30E", "-30°S", "9" * 5000 + "x", "1 2 3 4"],
)
def test_what_is_no_coordinate(wrong):
    assert isinstance(coordinate(wrong), str)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59_999), st.sampled_from("EW"))
def test_degrees_minutes_seconds_come_back(degree, minute, millis, side):
    truth = (degree + minute / 60 + millis / 3_600_000) * (1 if side == "E" else -1)
    seconds = millis / 1000
    for text in (
        f"{degree}°{minute}'{seconds:.3f}\"{side}",
        f"{side}{degree}度{minute:02}分{seconds:06.3f}秒",
        f"{degree} {minute} {seconds:.3f} {side}",
        f"{degree}:{minute}:{seconds:.3f}{side}".replace(".", ","),
    ):
        assert coordinate(text) == pytest.approx(truth, abs=1e-9)


@given(st.text(max_size=60))
def test_any_cell_ends(text):
    value = coordinate(text)
    assert value is None or isinstance(value, (str, float))
    assert len(pair(text)) == 2


def test_small_readers():
    assert nmea_degrees(2310.164) == pytest.approx(23.1694)
    assert nmea_degrees(-11233.126) == pytest.approx(-112.5521)
    assert nmea_degrees(2375.0) == "?"
    assert on_side(23.0, "S") == on_side(23.0, " 南") == -23.0
    assert on_side(23.0, "N") == 23.0
    assert pair("POINT (112.5521 23.1694)") == TRUTH[0]


def test_times_that_say_too_little():
    def with_times(first: str, second: str, header: str = "time") -> Reading:
        return read(f"{header},lon,lat\n{first},112.5521,23.1694\n{second},112.5521287,23.169375\n")

    assert codes(with_times("08:30:00", "08:30:05")) == ["no_date"]
    assert codes(with_times("2026-05-14", "2026-05-14", "日期")) == ["no_clock"]
    assert codes(with_times("05/06/2026 08:30", "05/06/2026 08:31")) == ["ambiguous_date"]
    assert codes(with_times("0", "100", "time(ms)")) == []
    assert not np.isfinite(times(with_times("0", "100", "time(ms)"))).any()


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-14 8:30", "2026/5/14 08:30:00", "2026.05.14 08:30:00", "2026-05-14T08:30:00.000",
        "2026-05-14 08:30:00:000", "2026-5-14 8:30:0", "2026年05月14日 08:30:00", "20260514T083000",
        "2026年5月14日8时30分", "2026/5/14 星期四 8:30:00", "14.05.2026 08:30", "14/05/2026 08:30:00",
        "05/14/2026 08:30:00 AM", "2026-05-14T00:30:00Z", "2026-05-14 00:30:00 UTC",
        "2026-05-14T08:30:00+0800", "Thu, 14 May 2026 08:30:00 +0800", "1778718600", "1778718600000",
        "1778718600000000", "1778718600.0",
    ],
)  # fmt: skip
def test_times_as_written(written):
    reading = read(f'time;lon;lat\n"{written}";112.5521;23.1694\n"{written}";112.5521;23.1694\n')
    assert times(reading) == pytest.approx([0, 0], abs=1e-6)


def test_afternoon():
    reading = read(
        "时间,经度,纬度\n2026/5/14 下午 1:05:00,112,23\n2026/5/14 上午 12:05:00,112,23\n"
    )
    first, second = times(reading)
    assert first == (13 * 60 + 5 - 510) * 60
    assert second == (5 - 510) * 60


def test_header_zone_wins_over_the_sender():
    text = "datetime(utc),lon,lat\n2026-05-14 00:30:00,112.5,23.1\n2026-05-14 00:30:05,112.5,23.1\n"
    reading = read(text, zone="America/Lima")
    assert times(reading) == [0, 5]
    assert codes(reading) == []
