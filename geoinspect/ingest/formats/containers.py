"""Files inside files: gzip, bzip2, xz, tar and ZIP, with no trust in what they say of themselves.

Nothing is written under a name from inside, sizes are counted as they come out, and what a file
breaks off in is given up to the break.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Protocol, cast

from geoinspect.errors import Text, TooLargeError, TrackError

_MAX_UNPACKED, _FREE_BYTES, _MAX_RATIO = 300_000_000, 10_000_000, 200
MAX_ENTRIES = 1_000
# A ZIP of a tar.gz is the deepest that people make.
_MAX_LAYERS = 3
_MAX_STREAMS = 10_000
# xz -9 needs 65 MB to unpack.
_XZ_BYTES = 80_000_000
CHUNK, _IN_MEMORY = 1 << 18, 4 << 20
# What the libraries raise on damaged bytes.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
    OverflowError, struct.error,
)  # fmt: skip


class Packing(StrEnum):
    """How files are packed."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    TAR = "tar"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that holds others.

    Attributes:
        packing: How it is opened.
        format: ``kmz`` for a ZIP with KML in it, else None: what is inside says it.
    """

    packing: Packing
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside another.

    Attributes:
        name: As written inside; only ever shown.
        pieces: Yields the content.
        refusal: Why it can't be unpacked; None when it can.
    """

    name: str
    pieces: Callable[[], Iterator[bytes]]
    refusal: TrackError | None = None


_MAGIC: tuple[tuple[int, bytes, Packing], ...] = (
    (0, b"\x1f\x8b", Packing.GZIP),
    (0, b"BZh", Packing.BZIP2),
    (0, b"\xfd7zXZ\x00", Packing.XZ),
    (257, b"ustar", Packing.TAR),
    (0, b"PK\x03\x04", Packing.ZIP),
    (0, b"PK\x05\x06", Packing.ZIP),
)


def packed_as(head: bytes) -> Packed | None:
    """Return how a file is packed by its first bytes; None when it is not."""
    for offset, magic, packing in _MAGIC:
        if head.startswith(magic, offset):
            is_kmz = packing is Packing.ZIP and b".kml" in head.lower()
            return Packed(packing, "kmz" if is_kmz else None)
    return None


class Allowance:
    """What one upload may still unpack, through all its layers.

    Args:
        packed_bytes: Size of the upload.
    """

    def __init__(self, packed_bytes: int) -> None:
        self._most = min(_MAX_UNPACKED, max(_FREE_BYTES, packed_bytes * _MAX_RATIO))
        self._unpacked = 0
        self._entries = 0
        self._layers = 0

    @contextmanager
    def layer(self) -> Iterator[None]:
        """Go one container deeper.

        Raises:
            TrackError: Too deep.
        """
        if self._layers >= _MAX_LAYERS:
            raise TrackError(
                f"压缩包套了超过 {_MAX_LAYERS} 层;请解压后再上传里面的轨迹文件",
                f"archives inside archives, more than {_MAX_LAYERS} deep: unpack them and send the "
                "track files",
                code="nested_archive",
            )
        self._layers += 1
        try:
            yield
        finally:
            self._layers -= 1

    def take_entries(self, count: int) -> None:
        """Count files inside.

        Raises:
            TooLargeError: More than anybody sends.
        """
        self._entries += count
        if self._entries > MAX_ENTRIES:
            raise too_many_entries()

    def take_bytes(self, count: int) -> None:
        """Count unpacked bytes.

        Raises:
            TooLargeError: A bomb, or more than is read.
        """
        self._unpacked += count
        if self._unpacked > self._most:
            shown = f"{self._most / 1e6:.0f} MB"
            raise TooLargeError(
                f"压缩包解开后超过 {shown},与它的大小不相称,已停止;请解压后逐个上传轨迹文件",
                f"the archive unpacks to more than {shown}, too much for its size, and was left: "
                "unpack it and send the track files one by one",
                code="unpacks_too_large",
            )


def unpack(entry: Entry, allowance: Allowance) -> tuple[BinaryIO, bool]:
    """Return the content as a file that vanishes when closed, and whether it is all there.

    Raises:
        TrackError: Nothing of it can be unpacked.
        TooLargeError: More than is allowed.
    """
    if entry.refusal is not None:
        raise entry.refusal
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by the caller
    whole = True
    try:
        pieces = entry.pieces()
        while piece := _next_piece(pieces):
            allowance.take_bytes(len(piece))
            spool.write(piece)
    except _DamageError as error:
        whole = False
        if spool.tell() == 0:
            spool.close()
            raise damaged_archive() from error
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return cast(BinaryIO, spool), whole


class _DamageError(Exception):
    """The packed bytes make no sense."""


def _next_piece(pieces: Iterator[bytes]) -> bytes:
    """Return the next piece, empty after the last; apart from errors of the disk it goes to."""
    try:
        return next(pieces, b"")
    except DAMAGE as error:
        raise _DamageError from error


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


# 31: a gzip header and trailer around the deflated data, whose sum is checked.
_DECOMPRESSORS: dict[Packing, Callable[[], _Decompressor]] = {
    Packing.GZIP: lambda: zlib.decompressobj(wbits=31),
    Packing.BZIP2: bz2.BZ2Decompressor,
    Packing.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_BYTES),
}


def decompressed(stream: BinaryIO, packing: Packing) -> Iterator[bytes]:
    """Yield the content of all streams that stand one after another; padding is passed over."""
    stream.seek(0)
    held = stream.read(CHUNK)
    magic = held[:2]
    for _ in range(_MAX_STREAMS):
        if not held.startswith(magic):
            return
        decompressor = _DECOMPRESSORS[packing]()
        while not decompressor.eof:
            piece = decompressor.decompress(held, CHUNK)
            # zlib hands back what it did not come to, the others keep it.
            held = getattr(decompressor, "unconsumed_tail", b"")
            if piece:
                yield piece
            elif not held and not decompressor.eof:
                held = stream.read(CHUNK)
                if not held:
                    raise EOFError
        held = decompressor.unused_data.lstrip(b"\0")
        if len(held) < len(magic):
            held += stream.read(CHUNK)
    raise EOFError


def damaged_archive() -> TrackError:
    """Return the refusal of a container that can't be opened."""
    return TrackError(
        "压缩包已损坏或不完整,无法解开;请重新压缩或重新导出后再上传",
        "the archive is damaged or cut off and can't be opened: pack or export it again",
        code="bad_archive",
    )


def cut_off(name: str) -> Text:
    """Return what to say of a file of which only the beginning could be unpacked."""
    return Text(
        f"压缩包损坏,{name}只解开了前面一部分,已读取这部分;请检查原文件",
        f"the archive is damaged; only the beginning of {name or 'its content'} could be unpacked "
        "and was read: check the original",
    )


def too_many_entries() -> TooLargeError:
    """Return the refusal of a container with absurdly many files."""
    return TooLargeError(
        f"压缩包里超过 {MAX_ENTRIES} 个文件;请分成几个压缩包再上传",
        f"the archive holds more than {MAX_ENTRIES} files: split it",
        code="too_many_files",
    )
