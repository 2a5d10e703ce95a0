"""What is in a ZIP, a tar or a compressed file, listed without trust in what it says of itself."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from geoinspect.errors import TrackError
from geoinspect.ingest.formats.containers import (
    CHUNK,
    DAMAGE,
    MAX_ENTRIES,
    Entry,
    Packing,
    damaged_archive,
    decompressed,
    too_many_entries,
)

_DIRECTORY_BYTES = 1 << 20
_TAR_BLOCK, _TAR_NAME_BYTES = 512, 4_096
_TAR_ENDINGS = ("tgz", "tbz", "tbz2", "txz")
_ZIP_PIECE = 2_048
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
# LZMA in a ZIP may ask for any amount of memory, and no common program writes it.
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


def entries(stream: BinaryIO, packing: Packing, name: str) -> list[Entry]:
    """Return the files in a container, in its order; folders left out.

    Args:
        stream: The container; it must stay open while entries are unpacked.
        packing: How it is packed.
        name: Its own name, from which a lone content is named.

    Raises:
        TrackError: It can't be opened.
        TooLargeError: Too many files.
    """
    if packing is Packing.ZIP:
        return _zip_entries(stream)
    if packing is Packing.TAR:
        return _tar_entries(stream)
    stem, _, ending = name.rpartition(".")
    inner = f"{stem}.tar" if ending.lower() in _TAR_ENDINGS else stem
    return [Entry(inner or name, partial(decompressed, stream, packing))]


class _Cautious:
    """A file that is never read in huge pieces: zipfile reads a whole directory at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY_BYTES:
            raise too_many_entries()
        return self._stream.read(size)


def _zip_entries(stream: BinaryIO) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, _Cautious(stream)))
    except DAMAGE as error:
        raise damaged_archive() from error
    return [
        Entry(_zip_name(info), partial(_zip_pieces, archive, info), _zip_refusal(info))
        for info in archive.infolist()
        if not info.filename.endswith("/")
    ]


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a name in the encoding it is really in: Windows in China writes GBK unmarked."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as member:
        # In small pieces: the last one is lost when the sum at the end is wrong.
        while piece := member.read(_ZIP_PIECE):
            yield piece


def _zip_refusal(info: zipfile.ZipInfo) -> TrackError | None:
    if info.flag_bits & _ENCRYPTED:
        return TrackError(
            "压缩包有密码;请去掉密码重新压缩,或直接上传里面的轨迹文件",
            "the archive is locked with a password: pack it again without one, or send the track "
            "files inside",
            code="encrypted",
        )
    if info.compress_type not in _ZIP_METHODS:
        return TrackError(
            f"不支持的 ZIP 压缩方式({info.compress_type});请解压后上传里面的轨迹文件",
            f"a ZIP method that is not read ({info.compress_type}): unpack it and send the track "
            "files inside",
            code="compressed",
        )
    return None


def _tar_entries(stream: BinaryIO) -> list[Entry]:
    """Return the plain files of a tar (POSIX.1-1988 ustar, with GNU and pax long names)."""
    found: list[Entry] = []
    at, long_name = 0, ""
    for _ in range(2 * MAX_ENTRIES + 1):
        stream.seek(at)
        header = stream.read(_TAR_BLOCK)
        if len(header) < _TAR_BLOCK or not header.strip(b"\0"):
            return found
        size = _tar_size(header)
        kind = header[156:157]
        if size is None:
            if not found:
                raise damaged_archive()
            return found
        at += _TAR_BLOCK
        if kind in (b"L", b"x"):
            note = stream.read(min(size, _TAR_NAME_BYTES))
            long_name = _pax_path(note) if kind == b"x" else _tar_text(note)
        else:
            if kind in (b"0", b"\0", b"7"):
                name = long_name or _tar_text(header[:100])
                found.append(Entry(name, partial(_window, stream, at, size)))
            long_name = ""
        at += -(-size // _TAR_BLOCK) * _TAR_BLOCK
    raise too_many_entries()


def _tar_size(header: bytes) -> int | None:
    """Return the size a tar header states; None when the header is none."""
    blanked = header[:148] + b" " * 8 + header[156:]
    try:
        agrees = int(header[148:156].strip(b" \0"), 8) == sum(blanked)
        # GNU writes sizes beyond eight gigabytes in binary: far beyond what is read.
        size = int(header[124:136].strip(b" \0") or b"0", 8)
    except ValueError:
        return None
    return size if agrees and size >= 0 else None


def _tar_text(raw: bytes) -> str:
    text = raw.partition(b"\0")[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("gb18030", "replace")


def _pax_path(note: bytes) -> str:
    """Return the name in a pax header, whose lines read ``length key=value``."""
    for line in note.split(b"\n"):
        key, _, value = line.partition(b" ")[2].partition(b"=")
        if key == b"path":
            return _tar_text(value)
    return ""


def _window(stream: BinaryIO, at: int, size: int) -> Iterator[bytes]:
    while size > 0:
        stream.seek(at)
        piece = stream.read(min(size, CHUNK))
        if not piece:
            raise EOFError
        yield piece
        at += len(piece)
        size -= len(piece)
