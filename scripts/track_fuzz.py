"""Mutated track files, reader by reader, in memory: what is neither read nor refused is a find."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

from geoinspect.errors import GeoInspectError
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.formats import HEAD_BYTES, Reader, read_any, recognise
from geoinspect.ingest.formats.containers import Packed
from geoinspect.ingest.formats.reading import ReadOptions
from geoinspect.ingest.tracks import read_track
from geoinspect.settings import Settings

LIMIT_S = 5.0
# Small seeds are fast, and most faults show within a few points.
HEAD, TAIL, BINARY = 800, 200, 8_000
# One case in so many goes the whole way, through recognition, datum and cleaning.
WHOLE_WAY = 50
OPTIONS = ReadOptions()

# Formats of which the shared data holds little or nothing.
SYNTHETIC = (
    b"AXXX001\r\nHFDTE140526\r\nHFDTM100GPSDATUM:WGS-1984\r\nI023638FXA3941ENL\r\n"
    b"B2359582306000N11230000EA0010000120007000\r\nB0000032306010N11230010EV0010000120007000\r\n"
    b"G8E9FD407\r\n",
    b"Geolife trajectory\nWGS 84\nAltitude is in Feet\nReserved 3\n0,2,255,My Track,0,0,2,8421376\n"
    b"0\n39.984702,116.318417,0,492,39744.1201851852,2008-10-23,02:53:04\n"
    b"39.984683,116.31845,0,492,39744.1202546296,2008-10-23,02:53:10\n",
    b'1\n00:00:00,000 --> 00:00:00,033\n<font size="28">FrameCnt: 1\n2026-05-14 10:00:00.033\n'
    b"[latitude: 23.100000] [longitude: 112.500000] [rel_alt: 50.1 abs_alt: 512.0] "
    b"[gb_yaw: -12.5 gb_pitch: -89.9]</font>\n\n2\n00:00:00,033 --> 00:00:00,066\n"
    b"2026-05-14 10:00:01.066\n[latitude: 23.100010] [longitude: 112.500000] [rel_alt: 50.2]\n",
    b"$GPZDA,235957,14,05,2026,00,00*42\r\n$GNGNS,235958.00,2306.0,N,11230.0,E,AAN,12,0.8,77.0,,,*40\r\n"
    b"$GNGST,235958.00,12,5,4,10,3.0,4.0,9.0*4E\r\n$GPGLL,2306.0,N,11230.0,E,235959.00,A,A*64\r\n",
    '{"ObjItems":[{"Type":30,"Object":{"Name":"夹","ObjectDetail":{"ObjChildren":[{"Type":8,"Object":'
    '{"Name":"线","ObjectDetail":{"Gcj02":1,"Latlng":[23.1,112.5,23.2,112.6]}}}]}}}]}'.encode(),
)
ODD_NUMBERS = (
    b"", b"-", b"0", b"-0", b"nan", b"inf", b"1e999", b"1e-320", b"181", b"91", b"-1", b"9" * 20,
    b"0x10", b"1_0", b"1,5", "１２".encode(), b"60", b"99", b"2461", b"1e5", b"9" * 5_000,
)  # fmt: skip
ODD_VALUES = (
    "null", "true", "false", "0", "-1", "1e308", "1" + "0" * 40, '""', '"x"', '"NaN"', "NaN", '"1"',
    "[]", "{}", "[[]]", "[null]", '{"type": {}}', "[1, 2, 3]",
    '{"type": "LineString", "coordinates": [[112.5, 23.1], [112.6, 23.2, 1, 1.7e9], []]}',
)  # fmt: skip
SIGNS = b",;:\t\n\r\"'<>/&[]{}()$*#.-+TZ \x00\xff"
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
NMEA = re.compile(rb"\$([^$*\r\n]*)\*[0-9A-Fa-f]{2}")


def seeds(folder: Path) -> dict[str, list[bytes]]:
    """Return small files by the reader that takes them; packed ones under their packing."""
    found: dict[str, list[bytes]] = {}
    papers = {"LICENCES.md", "expected.json"}
    files = [path.read_bytes() for path in sorted(folder.iterdir()) if path.name not in papers]
    for data in (*files, *SYNTHETIC):
        kind = recognise(data[:HEAD_BYTES])
        if isinstance(kind, Packed):
            if len(data) < BINARY:
                found.setdefault(kind.format or kind.packing.value, []).append(data)
        elif isinstance(kind, Reader):
            found.setdefault(kind.format, []).append(shortened(data))
    return found


def shortened(data: bytes) -> bytes:
    """Return a file with less in it: JSON pruned, binary cut, text without its middle."""
    if len(data) <= HEAD + TAIL:
        return data
    try:
        return json.dumps(_pruned(json.loads(data))).encode()
    except ValueError:
        pass
    if b"\x00" in data[:HEAD] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[:BINARY]
    return data[: data.rfind(b"\n", 0, HEAD) + 1 or HEAD] + data[-TAIL:].partition(b"\n")[2]


def _pruned(value: object) -> object:
    if isinstance(value, list):
        return [_pruned(item) for item in value[:8]]
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items()}
    return value


def mutated(data: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """Return the bytes with a few wounds: of bytes, numbers, lines, signs, pieces or encoding."""
    wounded = bytearray(data)
    if data[:1] in b"{[" and random_.random() < 0.7:
        wounded[:] = _json(data, random_)
        if random_.random() < 0.7:
            return bytes(wounded)
    for _ in range(random_.choice((1, 1, 2, 3, 5, 8))):
        if wounded:
            random_.choice(WOUNDS)(wounded, others, random_)
    result = bytes(wounded)
    if b"*" in result and random_.random() < 0.8:
        result = NMEA.sub(_with_checksum, result)
    if random_.random() < 0.02:
        text = result.decode("utf-8", "replace")
        result = text.encode(
            random_.choice(("utf-16", "utf-16-le", "gb18030", "utf-8-sig")), "replace"
        )
    return result


def _json(data: bytes, random_: random.Random) -> bytes:
    """Return a document with one to five values replaced, still sound JSON."""
    try:
        document, text = json.loads(data), data.decode()
    except ValueError:
        return data
    for _ in range(random_.choice((1, 2, 5))):
        places = [
            (holder, key)
            for holder in _holders(document)
            for key in (holder if isinstance(holder, dict) else range(len(holder)))
        ]
        if places:
            holder, key = random_.choice(places)
            old = json.dumps(holder[key])
            holder[key] = json.loads(random_.choice((*ODD_VALUES, f"[{old}, {old}]", text)))
    return json.dumps(document).encode()


def _holders(value: object) -> Iterator[Any]:
    if isinstance(value, (list, dict)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _holders(item)


def _with_checksum(match: re.Match[bytes]) -> bytes:
    return b"$%b*%02X" % (match[1], reduce(xor, match[1], 0))


def _bytes(data: bytearray, _: list[bytes], random_: random.Random) -> None:
    at = random_.randrange(len(data))
    match random_.randrange(4):
        case 0:
            data[at] ^= 1 << random_.randrange(8)
        case 1:
            data[at] = random_.randrange(256)
        case 2:
            data[at:at] = random_.randbytes(random_.randint(1, 12))
        case _:
            # A length or a count of a binary format.
            data[at : at + 4] = random_.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))


def _number(data: bytearray, _: list[bytes], random_: random.Random) -> None:
    match = NUMBER.search(data, random_.randrange(len(data)))
    if match is not None:
        data[match.start() : match.end()] = random_.choice(ODD_NUMBERS)


def _span(data: bytearray, _: list[bytes], random_: random.Random) -> None:
    at = random_.randrange(len(data))
    end = at + random_.choice((1, 4, 20, 100, 500))
    match random_.randrange(3):
        case 0:
            del data[at:end]
        case 1:
            data[at:at] = data[at:end] * random_.choice((1, 1, 2, 20))
        case _:
            del data[max(at, 1) :]


def _line(data: bytearray, _: list[bytes], random_: random.Random) -> None:
    lines = data.split(b"\n")
    one, other = random_.randrange(len(lines)), random_.randrange(len(lines))
    match random_.randrange(3):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines.insert(one, lines[other])
        case _:
            del lines[one]
    data[:] = b"\n".join(lines)


def _sign(data: bytearray, _: list[bytes], random_: random.Random) -> None:
    sign = random_.choice(SIGNS)
    at = data.find(sign, random_.randrange(len(data)))
    if at < 0:
        data[0:0] = bytes([sign])
    else:
        data[at : at + 1] = bytes([random_.choice(SIGNS)]) * random_.choice((0, 1, 2, 50))


def _splice(data: bytearray, others: list[bytes], random_: random.Random) -> None:
    other = random_.choice(others)
    start = random_.randrange(len(other) + 1)
    at = random_.randrange(len(data))
    data[at:at] = other[start : start + random_.choice((10, 100, 1000))]


WOUNDS = (_bytes, _number, _number, _span, _line, _sign, _splice)


def repacked(data: bytes, random_: random.Random) -> bytes:
    """Return a sound container around unsound contents."""
    if random_.random() < 0.3:
        return gzip.compress(data, 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(random_.choice((1, 1, 2, 5))):
            name = random_.choice(("doc.kml", "../../a.gpx", "轨迹.csv", "a/b/c.nmea", "x" * 300))
            archive.writestr(f"{number}{name}" if number else name, data)
    return out.getvalue()


class SlowError(BaseException):
    """A case took longer than is allowed; no handler in the readers catches it."""


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise SlowError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def campaign(
    reader: str, folder: Path, seed: int, minutes: float, cases: int | None, settings: Settings
) -> int:
    """Feed mutated files to one reader; return 1 when anything but our own error came out.

    Args:
        reader: Short name of a format, or of a packing.
        folder: Where the seeds lie.
        seed: Of the random choices; the same gives the same cases.
        minutes: How long, unless ``cases`` says how many.
    """
    by_reader = seeds(folder)
    own = by_reader[reader]
    others = [data for some in by_reader.values() for data in some]
    random_, counts = random.Random(f"{reader} {seed}"), Counter[str]()
    begun = time.monotonic()
    slowest = (0.0, -1)
    kinds = {data: recognise(data[:HEAD_BYTES]) for data in own}
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "case"
        number = 0
        while number < cases if cases is not None else time.monotonic() < begun + minutes * 60:
            source = random_.choice(own)
            kind = kinds[source]
            if isinstance(kind, Reader):
                data = mutated(source, others, random_)
                case = _reading(kind, data)
            else:
                inner = random_.random() < 0.5
                data = (
                    repacked(mutated(random_.choice(others), others, random_), random_)
                    if inner
                    else mutated(source, others, random_)
                )
                case = _whatever(data)
            if number % WHOLE_WAY == 0:
                path.write_bytes(data)
                case = _whole_way(path, settings)
            start = time.monotonic()
            verdict = _verdict(case)
            slowest = max(slowest, (time.monotonic() - start, number))
            counts[verdict.partition(":")[0]] += 1
            if verdict.startswith("FAILED"):
                kept = Path(tempfile.gettempdir()) / f"soak-{reader}-{seed}-{number}"
                kept.write_bytes(data)
                print(f"{reader} case {number}, kept as {kept}: {verdict}", file=sys.stderr)
            number += 1
    rate = number / max(time.monotonic() - begun, 1e-9)
    print(
        f"{reader}: {number} files of {len(own)} seeds, {dict(counts)}, {rate:.0f} a second, "
        f"slowest {slowest[0]:.2f} s (case {slowest[1]}), seed {seed}"
    )
    return int(counts["FAILED"] > 0)


def _reading(kind: Reader, data: bytes) -> Callable[[], object]:
    return lambda: kind.read(io.BytesIO(data), OPTIONS)


def _whatever(data: bytes) -> Callable[[], object]:
    return lambda: read_any(io.BytesIO(data), OPTIONS)


def _whole_way(path: Path, settings: Settings) -> Callable[[], object]:
    return lambda: clean(read_track(path, settings=settings).segments, mode=None, settings=settings)


def _verdict(case: Callable[[], object]) -> str:
    try:
        with _alarm():
            case()
    except GeoInspectError:
        return "refused"
    except SlowError:
        return f"FAILED: longer than {LIMIT_S} s"
    except Exception as error:  # noqa: BLE001 - whatever else comes out is the find
        return f"FAILED: {type(error).__name__}: {error}"
    return "read"
