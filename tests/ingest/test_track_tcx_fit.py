"""TCX and FIT: what watches write, sound or broken."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_track_files import disagreements, load

from geoinspect.errors import InputError
from geoinspect.ingest.formats.fit import checksum
from geoinspect.ingest.tracks import inspect_track, read_track
from geoinspect.records import Extra
from geoinspect.settings import Settings

SETTINGS = Settings()
FIT_EPOCH_S = 631_065_600
NOON = 1_147_000_000


@pytest.fixture
def read(tmp_path):
    def of(data: bytes | str):
        path = tmp_path / "up"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_track(path, settings=SETTINGS)

    return of


def codes(file) -> list[str]:
    return [problem.code for problem in file.problems]


def test_shared_files_agree(shared_data):
    folder = shared_data / "tracks"
    ours = {name: e for name, e in load(folder).items() if name.endswith((".tcx", ".fit"))}
    assert len(ours) >= 16
    for name, entry in ours.items():
        assert not list(disagreements(entry, inspect_track(folder / name, settings=SETTINGS))), name


# --- TCX


def trackpoint(lat: object, lon: object, moment: str = "2026-05-14T00:30:00Z") -> str:
    return (
        f"<Trackpoint><Time>{moment}</Time><Position><LatitudeDegrees>{lat}</LatitudeDegrees>"
        f"<LongitudeDegrees>{lon}</LongitudeDegrees></Position><AltitudeMeters>{lat}2.5"
        "</AltitudeMeters></Trackpoint>"
    )


def tcx(inner: str) -> str:
    return f"<TrainingCenterDatabase>{inner}</TrainingCenterDatabase>"


ACTIVITY = (
    "<Activities><Activity><Id>morning</Id><Lap><Track>{0}{1}</Track><Track>{2}</Track></Lap>"
    "<Notes>GCJ-02</Notes><Creator><Name>watch</Name></Creator></Activity>"
    "<Activity><Id>noon</Id><Lap><Track>{0}</Track></Lap></Activity></Activities>"
)
POINTS = trackpoint(23, 112), trackpoint(24, 112), trackpoint(25, 112)


def test_tcx_lines_segments_and_elevation(read):
    file = read(tcx(ACTIVITY.format(*POINTS).replace("GCJ-02", "a walk")))
    assert file.format == "tcx"
    assert [line.name for line in file.lines] == ["morning", "noon"]
    assert [[len(s) for s in line.segments] for line in file.lines] == [[2, 1], [1]]
    assert file.segments[0].extras[Extra.ELEVATION].tolist() == [232.5, 242.5]
    assert file.datum.found is None


def test_tcx_notes_may_name_the_datum(read):
    assert read(tcx(ACTIVITY.format(*POINTS))).datum.used.value == "gcj02"


def test_tcx_points_without_position_are_told_and_bad_ones_refused(read):
    indoors = "<Trackpoint><Time>2026-05-14T00:30:00Z</Time></Trackpoint>"
    half = "<Trackpoint><Position><LatitudeDegrees>1</LatitudeDegrees></Position></Trackpoint>"
    file = read(tcx(ACTIVITY.format(indoors * 3 + POINTS[0], half, trackpoint("none", 91))))
    assert file.refused == {"coordinate_missing": 1, "coordinate_not_a_number": 1}
    told = {problem.code: problem.count for problem in file.problems}
    assert told["no_position"] == 6


def test_tcx_course_only_without_an_activity(read):
    course = (
        "<Courses><Course><Name>plan</Name><Track>"
        + POINTS[1]
        + "</Track><CoursePoint><Name>bridge"
        "</Name><Time>x</Time><Position><LatitudeDegrees>1</LatitudeDegrees></Position></CoursePoint>"
        "</Course></Courses>"
    )
    planned = read(tcx(course))
    assert "route_only" in codes(planned)
    assert [line.name for line in planned.lines] == ["plan"]
    both = read(tcx(ACTIVITY.format(*POINTS) + course))
    assert [line.name for line in both.lines] == ["morning", "noon"]


def test_tcx_cut_off_keeps_its_beginning(read):
    whole = tcx(ACTIVITY.format(*POINTS))
    file = read(whole[: whole.index("<Track>", 200) + len(POINTS[0]) + 20])
    assert "truncated" in codes(file)
    assert file.lines[0].name == "morning"


# --- FIT


def crc_bit_by_bit(data: bytes) -> int:
    total = 0
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0xA001 if total & 1 else 0)
    return total


def fit(body: bytes, *, size: int | None = None, header: int = 14) -> bytes:
    """Wrap messages in a header and a check sum."""
    length = len(body) if size is None else size
    head = struct.pack("<BBHI4s", header, 0x20, 2195, length, b".FIT")
    if header == 14:
        head += struct.pack("<H", crc_bit_by_bit(head))
    return head + body + struct.pack("<H", crc_bit_by_bit(head + body))


def definition(fields, *, local=0, message=20, order="<", own=()) -> bytes:
    """Fields are (number, size, base type)."""
    raw = bytes([0x40 | local | (0x20 if own else 0), 0, order == ">"])
    raw += struct.pack(order + "H", message) + bytes([len(fields)])
    raw += b"".join(bytes(field) for field in fields)
    return raw + (bytes([len(own)]) + b"".join(bytes(field) for field in own) if own else b"")


PLACE = ((253, 4, 0x86), (0, 4, 0x85), (1, 4, 0x85))


def semicircles(degrees: float) -> int:
    return round(degrees * 2**31 / 180)


def record(second: int, lat: float, lon: float, *, local=0, order="<", more=b"") -> bytes:
    place = struct.pack(order + "Iii", NOON + second, semicircles(lat), semicircles(lon))
    return bytes([local]) + place + more


def walk(count: int = 5, **how) -> bytes:
    return b"".join(record(i, 23 + i * 1e-4, 112.5, **how) for i in range(count))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("header", [12, 14])
def test_fit_values(read, order, header):
    fields = (*PLACE, (2, 2, 0x84), (78, 4, 0x86), (31, 1, 0x02), (3, 1, 0x02))
    rows = [(3_000, 0xFFFFFFFF, 4), (0xFFFF, 2_600, 0xFF), (1, 7_567, 9)]
    body = definition(fields, order=order) + b"".join(
        record(i, 23.5 + i, -112.25, order=order, more=struct.pack(order + "HIBB", *row, 77))
        for i, row in enumerate(rows)
    )
    file = read(fit(body, header=header))
    assert file.format == "fit"
    assert not file.problems
    (segment,) = file.segments
    assert segment.lat == pytest.approx([23.5, 24.5, 25.5], abs=1e-7)
    assert segment.lon == pytest.approx([-112.25] * 3, abs=1e-7)
    assert segment.time_s.tolist() == [FIT_EPOCH_S + NOON + i for i in range(3)]
    assert segment.extras[Extra.ELEVATION] == pytest.approx([100, 20, 1013.4])
    assert np.array_equal(segment.extras[Extra.ACCURACY], [4, np.nan, 9], equal_nan=True)


def test_fit_own_fields_odd_sizes_and_other_messages_are_passed_over(read):
    body = definition(((253, 4, 0x86), (0, 1, 0x86), (2, 7, 7)), local=3, message=19)
    body += definition((*PLACE, (2, 1, 0x84)), own=((0, 6, 0), (1, 2, 0)))
    body += b"\x03" + b"\0" * 12 + walk(4, more=b"\x05" + b"x" * 8)
    file = read(fit(body))
    assert [len(segment) for segment in file.segments] == [4]
    assert Extra.ELEVATION not in file.segments[0].extras
    assert not file.problems


def test_fit_compressed_times_roll_over(read):
    body = definition(PLACE) + walk(1) + definition(PLACE[1:], local=1)
    place = struct.pack("<ii", semicircles(23), semicircles(112))
    steps = [5, 10, 31, 33, 64]
    body += b"".join(bytes([0x80 | 1 << 5 | (NOON + step) & 31]) + place for step in steps)
    times = read(fit(body)).segments[0].time_s - FIT_EPOCH_S - NOON
    assert times.tolist() == [0, *steps]


def test_fit_times_since_power_on_are_no_dates(read):
    body = definition(PLACE) + b"".join(
        b"\0" + struct.pack("<Iii", i, semicircles(23), semicircles(112)) for i in range(3)
    )
    file = read(fit(body))
    assert np.isnan(file.segments[0].time_s).all()
    assert "relative_time" in codes(file)


def test_fit_laps_and_joined_files_stay_one_segment(read):
    lap = definition(((253, 4, 0x86),), local=2, message=19) + b"\x02" + b"\0" * 4
    body = definition(PLACE) + walk() + lap + walk()
    assert [len(s) for s in read(fit(body)).segments] == [10]
    joined = read(fit(body) + fit(definition(PLACE) + walk(3)))
    assert [len(s) for s in joined.segments] == [13]
    assert not joined.problems


BODY = definition(PLACE) + walk(20)
WHOLE = fit(BODY)
BROKEN = {
    "no check sum": (WHOLE[:-2], 20, "truncated"),
    "half a check sum": (WHOLE[:-1], 20, "truncated"),
    "wrong check sum": (WHOLE[:-2] + b"\0\0", 20, "damaged"),
    "size never written": (fit(BODY, size=0)[:-2], 20, "truncated"),
    "size too large": (fit(BODY, size=len(BODY) + 90), 20, "truncated"),
    "cut in a record": (WHOLE[:-20], 18, "truncated"),
    "stray byte": (fit(definition(PLACE) + walk(7) + b"\x09" + walk(5)), 7, "damaged"),
    "bad order of bytes": (fit(BODY + b"\x41\0\x07" + b"\0" * 9), 20, "damaged"),
    "words behind": (WHOLE + b"sent by mail", 20, "damaged"),
    "first of two broken": (
        fit(definition(PLACE) + walk(3) + b"\x09") + fit(definition(PLACE) + walk(4)),
        7,
        "damaged",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_fit_gives_what_can_be_read(read, name):
    data, points, code = BROKEN[name]
    file = read(data)
    assert sum(len(segment) for segment in file.segments) == points
    assert code in codes(file)


def test_fit_without_positions_says_so(read):
    heart = definition(((253, 4, 0x86), (3, 1, 0x02)))
    for body in (heart + b"\0" * 30, definition(((253, 4, 0x86),), message=55), b""):
        data = fit(body) if body else fit(b"\x40\0\0\0\0\0")
        with pytest.raises(InputError) as caught:
            read(data)
        assert caught.value.code == "no_positions"
    with pytest.raises(InputError) as caught:
        read(fit(b"\x09\x09"))
    assert caught.value.code == "damaged"


def test_fit_cut_anywhere_keeps_a_beginning(shared_data, read):
    whole = (shared_data / "tracks" / "fitdecode__2013-02-06-12-11-14.fit").read_bytes()
    full = read(whole).segments[0]
    before, refusals = 0, set()
    for cut in range(97, len(whole), 97):
        try:
            file = read(whole[:cut])
        except InputError as error:
            refusals.add(error.code)
            continue
        (segment,) = file.segments
        assert before <= len(segment) <= len(full)
        assert np.array_equal(segment.lon, full.lon[: len(segment)])
        assert "truncated" in codes(file)
        before = len(segment)
    assert before > 570
    assert refusals <= {"truncated", "no_positions"}


def test_fit_with_flipped_bits_never_fails(shared_data, read):
    rng = np.random.default_rng(5)
    for name in ("fitdecode__garmin-fenix-5-walk.fit", "fitdecode__garmin-edge-820-bike.fit"):
        whole = (shared_data / "tracks" / name).read_bytes()
        for _ in range(150):
            data = bytearray(whole)
            for at in rng.integers(12, len(data), 3):
                data[at] ^= 1 << int(rng.integers(8))
            try:
                file = read(bytes(data))
            except InputError:
                continue
            assert {"damaged", "truncated"} & set(codes(file))
            assert all((np.abs(segment.lat) <= 90).all() for segment in file.segments)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_checksum_is_that_of_the_protocol(data):
    assert checksum(data) == crc_bit_by_bit(data)
    assert checksum(data + struct.pack("<H", checksum(data))) == 0


@pytest.mark.parametrize(
    "piece",
    [b"\0\1", definition(((0, 1, 0),)), definition([(i, 1, 2) for i in range(255)])],
    ids=["shortest messages", "short layouts", "longest layouts"],
)
def test_hostile_fit_ends_in_time(read, piece):
    size = 16_000_000
    different = b"".join(
        definition(
            [(i % 250, 1, 2), (i // 250 % 250, 1, 2), *[(2, 1, 2)] * (len(piece) > 99) * 250]
        )
        for i in range(4_000)
    )
    body = definition(((3, 1, 2),)) + (piece * (size // len(piece)))[: size // 2] + different
    head = struct.pack("<BBHI4s", 12, 0x20, 2195, len(body), b".FIT")
    begun = time.process_time()
    with pytest.raises(InputError):
        read(head + body)
    assert time.process_time() - begun < 5
