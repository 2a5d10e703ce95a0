"""Logs of receivers and flight recorders, NMEA, PLT and IGC, against writers of their own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_track_files import disagreements, load

from geoinspect.ingest import formats
from geoinspect.ingest.formats import Reader, read_any
from geoinspect.ingest.formats.reading import Reading, ReadOptions
from geoinspect.ingest.tracks import inspect_track, read_track
from geoinspect.records import Extra, Segment
from geoinspect.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import track_fuzz  # noqa: E402

SETTINGS = Settings()
START = datetime(2026, 5, 14, 23, 59, 57, tzinfo=UTC)
LOGS = (".nmea", ".log", ".plt", ".igc", ".ovjsn", ".ovkml")


def read(data: bytes | str, name: str = "up") -> tuple[str, Reading]:
    raw = data.encode() if isinstance(data, str) else data
    return read_any(BytesIO(raw), ReadOptions(name=name))


def only_segment(reading: Reading) -> Segment:
    (line,) = reading.lines
    (segment,) = line.segments
    return segment


def codes(reading: Reading) -> dict[str, int]:
    return {problem.code: problem.count for problem in reading.problems}


def sentence(body: str) -> str:
    total = 0
    for sign in body.encode():
        total ^= sign
    return f"${body}*{total:02X}\r\n"


def dm(degrees: float, width: int, sides: str) -> str:
    """Return ``ddmm.mmmmmm,N`` of degrees."""
    micro = round(abs(degrees) * 60e6)
    whole, minutes = divmod(micro, 60_000_000)
    side = sides[0] if degrees >= 0 else sides[1]
    return f"{whole:0{width}}{minutes // 1_000_000:02}.{minutes % 1_000_000:06},{side}"


def place(lat: float, lon: float) -> str:
    return f"{dm(lat, 2, 'NS')},{dm(lon, 3, 'EW')}"


def rmc(at: datetime, lat: float = 23.1, lon: float = 112.5, talker="GN", status="A") -> str:
    body = f"{talker}RMC,{at:%H%M%S}.00,{status},{place(lat, lon)},2.1,090.0,{at:%d%m%y},,,A"
    return sentence(body)


def gga(at: datetime, lat: float = 23.1, lon: float = 112.5, quality=1, elevation="120.5") -> str:
    body = f"GPGGA,{at:%H%M%S}.00,{place(lat, lon)},{quality},09,0.9,{elevation},M,-5.0,M,,"
    return sentence(body)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "UTC"])
def test_shared_logs_agree(shared_data, timezone):
    folder = shared_data / "tracks"
    logs = {name: entry for name, entry in load(folder).items() if name.endswith(LOGS)}
    assert len(logs) >= 6
    differing = {
        name: found
        for name, entry in logs.items()
        if (
            found := list(
                disagreements(
                    entry, inspect_track(folder / name, timezone=timezone, settings=SETTINGS)
                )
            )
        )
    }
    # OziExplorer's clock is local by the contract; expected.json took it as UTC.
    assert differing.keys() == ({"syn_ozi.plt"} if timezone != "UTC" else set()), differing


# --- NMEA ---

FIXES = st.lists(
    st.tuples(st.floats(-89, 89), st.floats(-179, 179), st.integers(1, 3000)),
    min_size=1,
    max_size=30,
)
NOISE = st.binary(max_size=12).map(lambda raw: raw.replace(b"$", b"").replace(b"\x00", b""))


@settings(max_examples=60, deadline=None)
@given(
    FIXES,
    st.lists(NOISE, min_size=1, max_size=5),
    st.sampled_from(["GP", "GN", "GL", "GA", "GB", "BD", "QZ"]),
)
def test_nmea_gives_back_what_was_logged_whatever_stands_between(fixes, noises, talker):
    at, data, times = START, b"", []
    for number, (lat, lon, step) in enumerate(fixes):
        at += timedelta(seconds=step)
        times.append(at.timestamp())
        data += noises[number % len(noises)] + b" " + rmc(at, lat, lon, talker).encode()
    format_, reading = read(b"2026-05-14 " + rmc(START, 0.5, 0.5).encode() + data)
    segment = only_segment(reading)
    assert format_ == "nmea"
    np.testing.assert_allclose(segment.lat[1:], [lat for lat, _, _ in fixes], atol=1e-7)
    np.testing.assert_allclose(segment.lon[1:], [lon for _, lon, _ in fixes], atol=1e-7)
    assert segment.time_s[1:].tolist() == times


def test_nmea_in_utf16_with_and_without_mark_and_with_nuls():
    text = "".join(gga(later(n)) + rmc(later(n), 23 + n / 1000) for n in range(9))
    plain = only_segment(read(text)[1])
    for data in (
        text.encode("utf-16"),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        b"\x00\x00\x17\xfe" + text.encode().replace(b"\r\n", b"\r\r\n\x00"),
        text.replace("\r\n", "").encode(),
        text.replace("\r\n", "\r").encode(),
    ):
        segment = only_segment(read(data)[1])
        assert segment.lat.tolist() == plain.lat.tolist()
        assert segment.time_s.tolist() == plain.time_s.tolist()


def test_nmea_midnight_is_crossed_with_one_date_only():
    zda = sentence(f"GPZDA,{later(0):%H%M%S},14,05,2026,00,00")
    text = gga(later(-2)) + zda + "".join(gga(later(n)) for n in range(6))
    expected = [later(-2).timestamp(), *(later(n).timestamp() for n in range(6))]
    assert only_segment(read(text)[1]).time_s.tolist() == expected


def test_nmea_date_of_a_later_sentence_reaches_back_over_midnight():
    text = "".join(gga(later(n)) for n in range(6)) + rmc(later(6))
    segment = only_segment(read(text)[1])
    assert segment.time_s.tolist() == [later(n).timestamp() for n in range(6)]


def test_nmea_without_a_date_keeps_positions():
    _, reading = read("".join(gga(later(n)) for n in range(4)))
    assert len(only_segment(reading)) == 4
    assert np.isnan(only_segment(reading).time_s).all()
    assert codes(reading) == {"no_date": 1}


def test_nmea_damage_and_void_fixes_are_counted():
    broken = rmc(later(1)).replace("2306", "2307")
    cut = gga(later(2))[:30] + "\r\n"
    text = rmc(later(0)) + broken + cut + rmc(later(3), status="V") + rmc(later(4))
    _, reading = read(text)
    assert len(only_segment(reading)) == 2
    assert codes(reading) == {"bad_checksum": 2, "no_fix": 1}
    assert not reading.refused


def test_nmea_without_checksums_is_read():
    text = "".join(rmc(later(n))[:-5] + "\n" for n in range(3))
    assert len(only_segment(read(text)[1])) == 3


@pytest.mark.parametrize("fix_first", [True, False])
def test_nmea_sentences_of_one_moment_are_one_point(fix_first):
    gst = sentence(f"GNGST,{later(0):%H%M%S}.000,12,5,4,10,3.0,4.0,9.0")
    around = gga(later(0)) + gst
    text = rmc(later(0)) + around if fix_first else around + rmc(later(0))
    segment = only_segment(read(text + rmc(later(1)))[1])
    assert segment.extras[Extra.ELEVATION][0] == 120.5
    assert segment.extras[Extra.ACCURACY][0] == 5.0
    assert np.isnan(segment.extras[Extra.ACCURACY][1])


def test_nmea_is_read_by_the_sentences_it_has_most_of():
    text = rmc(later(0)) + "".join(gga(later(n)) for n in range(9))
    assert len(only_segment(read(text)[1])) == 9
    gll = "".join(
        sentence(f"GPGLL,{place(23.1, 112.5)},{later(n):%H%M%S}.00,A,A") for n in range(5)
    )
    assert len(only_segment(read(gll)[1])) == 5
    gns = "".join(
        sentence(f"GNGNS,{later(n):%H%M%S}.00,{place(23.1, 112.5)},AAN,12,0.8,77.0,-5.0,,")
        for n in range(5)
    )
    assert only_segment(read(gns)[1]).extras[Extra.ELEVATION].tolist() == [77.0] * 5


def test_nmea_bad_places_never_lose_the_log():
    bad = sentence(f"GPRMC,{later(0):%H%M%S},A,2361.0,N,11231.0,E,1,2,140526,,,A")
    none = sentence(f"GPRMC,{later(1):%H%M%S},A,,,,,1,2,140526,,,A")
    _, reading = read(bad + none + rmc(later(2)))
    assert len(only_segment(reading)) == 1
    assert reading.refused == {"coordinate_not_a_number": 1, "coordinate_missing": 1}


@pytest.mark.parametrize("date", ["99,99,2026", "14,05,99999999999999999999", "1,1,-1", "a,b,c"])
def test_nmea_impossible_dates_are_no_dates(date):
    _, reading = read(sentence(f"GPZDA,000000,{date},00,00") + gga(later(0)))
    assert codes(reading) == {"no_date": 1}


def test_nmea_week_rollover_is_told(tmp_path):
    path = tmp_path / "old.nmea"
    path.write_text("".join(rmc(later(n) - timedelta(weeks=1024)) for n in range(3)))
    problems = {p.code for p in read_track(path, settings=SETTINGS).problems}
    assert "implausible_time" in problems


# --- PLT ---

OZI = "OziExplorer Track Point File Version 2.1\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n"
OZI += "0,2,255,巡护,0,0,2,8421376\r\n300\r\n"
GEOLIFE = "Geolife trajectory\nWGS 84\nAltitude is in Feet\nReserved 3\n0,2,255,My Track,0,0,2\n0\n"


def test_ozi_breaks_feet_and_local_times():
    text = OZI + (
        " 23.1, 112.5,1, 100.0,46156.0208333,14-May-26,12:30:00 AM\r\n"
        " 23.2, 112.5,0,-777,46156.0209491,14-May-26,12:30:10 AM\r\n"
        " 23.3, 112.5,1, 100.0,,14-May-26,12:30:20 PM\r\n"
        "gone\r\n"
    )
    format_, reading = read(text.encode("gbk"))
    (line,) = reading.lines
    assert (format_, line.name, [len(part) for part in line.segments]) == ("plt", "巡护", [2, 1])
    begun = datetime(2026, 5, 13, 16, 30, tzinfo=UTC).timestamp()
    assert line.segments[0].time_s.tolist() == [begun, begun + 10]
    assert line.segments[1].time_s.tolist() == [begun + 12 * 3600 + 20]
    elevation = line.segments[0].extras[Extra.ELEVATION]
    assert elevation[0] == pytest.approx(30.48)
    assert np.isnan(elevation[1])
    assert reading.refused == {"coordinate_malformed": 1}
    assert codes(reading)["local_time"] == 3
    assert reading.statements == ["WGS 84"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 80 * 365 * 86_400))
def test_ozi_day_numbers_give_back_whole_seconds(seconds):
    days = 25_569 + seconds / 86_400
    segment = only_segment(
        read_any(BytesIO(f"{OZI}23.1,112.5,0,0,{days:.7f}\n".encode()), ReadOptions(zone=UTC))[1]
    )
    # Seconds of the first year are no dates to us.
    assert segment.time_s[0] == seconds or seconds <= 365 * 86_400


def test_geolife_times_are_gmt():
    text = GEOLIFE + (
        "39.98,116.31,0,492,39744.1201851852,2008-10-23,02:53:04\n"
        "39.99,116.31,0,492,39744.1202546296\n"
    )
    _, reading = read(text)
    begun = datetime(2008, 10, 23, 2, 53, 4, tzinfo=UTC).timestamp()
    assert only_segment(reading).time_s.tolist() == [begun, begun + 6]
    assert not codes(reading)


def test_ozi_in_another_datum_is_told():
    _, reading = read(OZI.replace("WGS 84", "Pulkovo 1942") + "23.1,112.5,0,0,46156.02\n")
    assert "other_datum" in codes(reading)


# --- IGC ---


def b_record(at: datetime, lat: float, lon: float, validity="A", more="") -> str:
    north, east = round(abs(lat) * 60_000), round(abs(lon) * 60_000)
    return (
        f"B{at:%H%M%S}{north // 60_000:02}{north % 60_000:05}{'NS'[lat < 0]}"
        f"{east // 60_000:03}{east % 60_000:05}{'EW'[lon < 0]}{validity}0010000120{more}\r\n"
    )


@settings(max_examples=60, deadline=None)
@given(FIXES, st.sampled_from(["HFDTE140526", "HFDTEDATE:140526,01", "HODTEDATE: 140526"]))
def test_igc_gives_back_what_was_flown(fixes, date):
    at, text, times = START, f"AXXX001\r\nLXXXfree text\r\n{date}\r\n", []
    for lat, lon, step in fixes:
        text += b_record(at, lat, lon)
        times.append(at.timestamp())
        at += timedelta(seconds=step)
    format_, reading = read(text + "G8E9FD407ECB7\r\n")
    segment = only_segment(reading)
    assert format_ == "igc"
    np.testing.assert_allclose(segment.lat, [lat for lat, _, _ in fixes], atol=9e-6)
    np.testing.assert_allclose(segment.lon, [lon for _, lon, _ in fixes], atol=9e-6)
    assert segment.time_s.tolist() == times
    assert segment.extras[Extra.ELEVATION].tolist() == [120.0] * len(fixes)


def test_igc_accuracy_flat_fixes_and_damage():
    text = "HFDTE140526\nHFDTM100GPSDATUM:WGS-1984\nI023638FXA3941ENL\n"
    text += b_record(later(0), 23.1, 112.5, "A", "007000") + b_record(
        later(1), 23.1, 112.5, "V", "000000"
    )
    text += "B2359\n" + b_record(later(2), 23.1, 112.5).replace("06000N", "61000N")
    _, reading = read(text)
    segment = only_segment(reading)
    np.testing.assert_array_equal(segment.extras[Extra.ACCURACY], [7, np.nan])
    np.testing.assert_array_equal(segment.extras[Extra.ELEVATION], [120, np.nan])
    assert reading.refused == {"coordinate_malformed": 1, "coordinate_not_a_number": 1}
    assert reading.statements == ["100GPSDATUM:WGS-1984"]


def test_igc_without_a_date_keeps_positions():
    _, reading = read("AXXX\n" + b_record(later(0), 23.1, 112.5))
    assert codes(reading) == {"no_date": 1}
    assert len(only_segment(reading)) == 1


@pytest.mark.parametrize("reader", ["nmea", "plt", "igc", "ovjsn", "srt"])
def test_a_short_fuzz_campaign_finds_nothing(shared_data, reader):
    assert track_fuzz.campaign(reader, shared_data / "tracks", 1, 0, 150, SETTINGS) == 0


def test_every_format_is_in_the_table():
    table = (ROOT / "docs" / "formats.md").read_text("utf-8")
    found = set()
    for value in vars(formats).values():
        members = value.values() if isinstance(value, dict) else value
        for member in members if isinstance(value, (dict, tuple)) else [value]:
            parts = member if isinstance(member, tuple) else (member,)
            found |= {part.format for part in parts if isinstance(part, Reader)}
    assert found >= {"gpx", "kml", "geojson", "nmea", "plt", "igc", "ovjsn", "srt"}
    assert not {name for name in found if f"`{name}`" not in table}
