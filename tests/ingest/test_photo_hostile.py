"""Photos that are none, are cut off, damaged or hostile end in words, fast and in little memory."""

from __future__ import annotations

import io
import json
import random
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_builders import (
    DRONE,
    LAT,
    LON,
    SETTINGS,
    drone_xmp,
    exif_bytes,
    heic_bytes,
    in_app1,
    jpeg_bytes,
    read,
    refusal,
)

from geoinspect.errors import InputError
from geoinspect.ingest.photo_records import PhotoError
from geoinspect.ingest.photos import photo_report, read_photo
from geoinspect.ingest.pictures.exif import read_exif
from geoinspect.ingest.pictures.heif import read_heif
from geoinspect.ingest.pictures.jpeg import read_jpeg
from geoinspect.ingest.pictures.xmp import read_drone_fields
from geoinspect.settings import Settings

# --- refused and hostile ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"II*\0\x08\0\0\0" + bytes(50), "DNG"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video"),
        (b"PK\x03\x04" + bytes(50), "archive"),
        (b"<html>", "unknown"),
        (b"", "unknown"),
        (b"\xff\xd8", "unknown"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, data: bytes, word: str) -> None:
    error = refusal(tmp_path, data)
    assert error.code == "not_a_photo"
    assert word in error.text.en
    assert "HEIC" in error.text.zh


def test_missing_large_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(PhotoError) as caught:
            read_photo(path, settings=SETTINGS)
        assert caught.value.code == "not_a_file"
    path = tmp_path / "big.jpg"
    path.write_bytes(jpeg_bytes(exif_bytes()))
    with pytest.raises(InputError) as too_large:
        read_photo(path, settings=Settings(photo_max_mb=0.001))
    assert too_large.value.code == "too_large"


def test_every_cut_of_a_photo_ends_in_words(tmp_path: Path) -> None:
    for whole in (jpeg_bytes(exif_bytes(), drone_xmp(DRONE)), heic_bytes(exif_bytes(), drone_xmp(DRONE))):  # fmt: skip
        for end in range(0, len(whole), 17):
            try:
                photo = read(tmp_path, whole[:end])
            except PhotoError:
                continue
            assert (photo.lon, photo.lat) == (pytest.approx(LON), pytest.approx(LAT))


def test_every_cut_of_an_exif_block_says_that_it_is_cut() -> None:
    whole = exif_bytes()[6:]
    sound = read_exif(whole).values
    for end in range(len(whole)):
        part = read_exif(whole[:end])
        assert part.values.items() <= sound.items()
        assert part.damaged or part.values == sound


def test_random_damage_never_raises_anything_else(tmp_path: Path) -> None:
    dice = random.Random(7)
    seeds = [
        jpeg_bytes(exif_bytes(), drone_xmp(DRONE)),
        heic_bytes(exif_bytes(), drone_xmp(DRONE)),
        in_app1(exif_bytes()[6:]),
    ]
    path = tmp_path / "a"
    for turn in range(1_000):
        data = bytearray(seeds[turn % 3])
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(min(len(data), 1_500))] = dice.choice(
                (0, 1, 255, dice.randrange(256))
            )
        path.write_bytes(data)
        report = photo_report(path, settings=SETTINGS)
        json.dumps(report, allow_nan=False)
        assert report["status"] in ("ok", "ok_no_time", "refused")


def bounded(tmp_path: Path, data: bytes) -> dict[str, object]:
    """Report of a hostile file, which must be read fast and in little memory."""
    path = tmp_path / "hostile.jpg"
    path.write_bytes(data)
    tracemalloc.start()
    begun = time.perf_counter()
    try:
        report = photo_report(path, settings=SETTINGS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6
    assert time.perf_counter() - begun < 5
    return report


def test_overlapping_exif_values_take_no_memory(tmp_path: Path) -> None:
    # 5,000 fields that each claim the same 60 KB: 300 MB for who reads them all.
    claims = b"".join(struct.pack("<HHII", i, 7, 60_000, 8) for i in range(5_000))
    block = b"II*\0" + struct.pack("<IH", 8, 5_000) + claims + bytes(400)
    assert bounded(tmp_path, in_app1(block))["status"] == "refused"


def test_pointers_in_circles_end(tmp_path: Path) -> None:
    rows = struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<HHII", 0x8825, 4, 1, 8)
    block = b"II*\0" + struct.pack("<IH", 8, 2) + rows + struct.pack("<I", 8)
    assert bounded(tmp_path, in_app1(block))["status"] == "refused"


def test_a_picture_that_claims_to_be_huge_is_not_decoded(tmp_path: Path) -> None:
    data = jpeg_bytes(exif_bytes())
    frame = data.index(b"\xff\xc0")
    data = data[: frame + 5] + b"\xff\xff\xff\xff" + data[frame + 9 :]
    report = bounded(tmp_path, data)
    assert report["status"] == "ok"
    assert report["camera"]["width_px"] == 65_535  # type: ignore[index]


def test_millions_of_segments_end(tmp_path: Path) -> None:
    report = bounded(tmp_path, b"\xff\xd8" + b"\xff\xe2\0\2" * 2_000_000)
    assert report["status"] == "refused"
    assert bounded(tmp_path, b"\xff\xd8" + b"\xff" * 8_000_000)["status"] == "refused"
    filled = (b"\xff" * 4_000 + b"\xfe\0\2") * 4_000
    assert bounded(tmp_path, b"\xff\xd8" + filled)["status"] == "refused"


def test_bombs_in_xmp_are_not_set_off(tmp_path: Path) -> None:
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<x><RelativeAltitude>&b;</RelativeAltitude></x>"
    )
    deep = b"<a>" * 10_000
    for xmp in (bomb, deep, b"<x", b"\0" * 60_000, drone_xmp(DRONE)[:400]):
        report = bounded(tmp_path, jpeg_bytes(exif_bytes(), xmp))
        assert report["status"] == "ok"
        assert [p["code"] for p in report["problems"]] == ["damaged"]  # type: ignore[attr-defined]


def heif_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def heif_with(iloc: bytes, tail: bytes = b"") -> bytes:
    entry = heif_box(b"infe", struct.pack(">IHH4sB", 2 << 24, 1, 0, b"Exif", 0))
    inside = heif_box(b"iinf", struct.pack(">IH", 0, 1) + entry) + heif_box(b"iloc", iloc)
    return heif_box(b"ftyp", b"heic\0\0\0\0heic") + heif_box(b"meta", bytes(4) + inside) + tail


def test_overlapping_extents_of_heic_items_take_no_memory(tmp_path: Path) -> None:
    # An Exif item of thirty times the same 10 MB, which libheif puts together.
    extents = struct.pack(">II", 0, 10_000_000) * 30
    iloc = struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, 30) + extents
    report = bounded(tmp_path, heif_with(iloc, bytes(10_000_000)))
    assert report["status"] == "refused"
    many = struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, 65_535) + struct.pack(">II", 0, 16) * 65_535
    assert bounded(tmp_path, heif_with(many))["status"] == "refused"
    empty = struct.pack(">IHHHHH", 0, 0, 1, 1, 0, 65_535)
    assert bounded(tmp_path, heif_with(empty))["status"] == "refused"


def test_extents_without_bytes_take_no_time(tmp_path: Path) -> None:
    # Sizes of 0: six bytes an item that claim 65,535 pieces each.
    for items in (9_000, 65_000):
        iloc = struct.pack(">IHH", 0, 0, items) + struct.pack(">HHH", 1, 0, 65_535) * items
        assert bounded(tmp_path, heif_with(iloc))["status"] == "refused"


def test_too_many_pieces_of_one_item_leave_the_others(tmp_path: Path) -> None:
    item = struct.pack(">I", 6) + exif_bytes()
    many = struct.pack(">HHH", 9, 0, 100) + struct.pack(">II", 0, 1) * 100
    head = struct.pack(">IHH", 0, 0x4400, 2) + many
    start = len(heif_with(head + bytes(14)))
    iloc = head + struct.pack(">HHHII", 1, 0, 1, start, len(item))
    assert len(heif_with(iloc)) == start
    assert read(tmp_path, heif_with(iloc, item)).lat == pytest.approx(LAT)


def test_heic_blocks_inside_the_meta_box(tmp_path: Path) -> None:
    # Construction method 1: the item lies in idat.
    item = struct.pack(">I", 6) + exif_bytes()
    iloc = struct.pack(">IHHHHHHII", 1 << 24, 0x4400, 1, 1, 1, 0, 1, 0, len(item))
    data = heif_with(iloc)
    meta = data.index(b"meta") - 4
    grown = data[meta + 8 :] + heif_box(b"idat", item)
    assert read(tmp_path, data[:meta] + heif_box(b"meta", grown)).lat == pytest.approx(LAT)


@given(st.binary(max_size=400))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    assert read_jpeg(io.BytesIO(b"\xff\xd8\xff" + data)).format == "jpeg"
    assert read_heif(io.BytesIO(data)).format == "heic"
    read_exif(b"II*\0" + data)
    read_drone_fields(data)
