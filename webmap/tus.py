"""The words of the tus protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload):
its headers, and the bytes that a request brings.

A body is read before anything is locked, so a connection that only seems to live holds up nothing
but itself. Who comes after it makes it end, so that the bytes it brought count at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from flask import request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from geoinspect.errors import TooLargeError, UsageError
from geoinspect.intake import arrival_words

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS = ("sha1", "sha256")
PIECE_TYPE = "application/offset+octet-stream"
MOST_PIECE_BYTES = 8 << 20
# A small bite: what a wait was cut off within is lost with it.
_BITE_BYTES = 4096
_MOST_METADATA = 8000
_MOST_DIGITS = 15
# A connection this silent when another comes for the same upload is taken for dead.
_SILENT_S = 1.0
_FLUSH_S = 3.0
# A piece of a phone takes longer; one that is there at once needs nobody's leave.
_FAST_S = 2.0
_SOCKET = "gunicorn.socket"
_SHA256 = re.compile("[0-9a-f]{64}")


def whole_number(header: str) -> int:
    """Return a header that counts bytes.

    Raises:
        UsageError: It is missing or no such number.
    """
    given = request.headers.get(header, "")
    if not (given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS):
        raise UsageError(
            f"缺少或无法识别 {header}:“{given[:40]}”,应为字节数",
            f"{header} must be a number of bytes, got {given[:40]!r}",
            code="bad_header",
        )
    return int(given)


def metadata() -> dict[str, str]:
    """Return what ``Upload-Metadata`` says.

    Raises:
        UsageError: It is not what the protocol says it is.
    """
    given = request.headers.get("Upload-Metadata", "")
    said: dict[str, str] = {}
    try:
        if len(given) > _MOST_METADATA:
            raise ValueError(given)
        for pair in filter(None, (part.strip() for part in given.split(","))):
            key, _blank, value = pair.partition(" ")
            if key in said:
                raise ValueError(key)
            said[key] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (ValueError, binascii.Error) as error:
        raise UsageError(
            f"无法读取 Upload-Metadata“{given[:80]}”:应为“名称 Base64值,名称 Base64值”",
            f"cannot read Upload-Metadata {given[:80]!r}: write it as 'name base64,name base64'",
            code="bad_metadata",
        ) from error
    return said


def announced_sha256(said: Mapping[str, str]) -> str | None:
    """Return the hash of the whole file, None without one.

    Raises:
        UsageError: It is no such hash.
    """
    given = said.get("sha256", "").lower()
    if given and _SHA256.fullmatch(given) is None:
        raise UsageError(
            f"sha256 应为 64 位十六进制数,得到“{given[:80]}”",
            f"sha256 must have 64 hexadecimal digits, got {given[:80]!r}",
            code="bad_option",
        )
    return given or None


@dataclass(frozen=True, slots=True)
class Checksum:
    """The hash that a piece must have."""

    algorithm: str
    digest: bytes

    def fits(self, data: bytes) -> bool:
        """Return whether these bytes have it."""
        return hashlib.new(self.algorithm, data).digest() == self.digest


def checksum() -> Checksum | None:
    """Return what ``Upload-Checksum`` says, None without one.

    Raises:
        UsageError: Its algorithm is not known here, or its value is no Base64.
    """
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _blank, value = given.strip().partition(" ")
    try:
        if algorithm not in ALGORITHMS:
            raise ValueError(algorithm)
        digest = base64.b64decode(value.strip(), validate=True)
        if len(digest) != hashlib.new(algorithm).digest_size:
            raise ValueError(value)
    except (ValueError, binascii.Error) as error:
        raise UsageError(
            f"无法识别 Upload-Checksum“{given[:80]}”:可用 {'、'.join(ALGORITHMS)},后接 Base64 值",
            f"cannot use Upload-Checksum {given[:80]!r}: give {' or '.join(ALGORITHMS)} and the "
            "hash in Base64",
            code="bad_checksum",
        ) from error
    return Checksum(algorithm, digest)


@dataclass(slots=True, eq=False)
class Reading:
    """A body that is being read."""

    connection: socket.socket | None
    heard_s: float = field(default_factory=time.monotonic)
    cut: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """Make the reader stop waiting for more."""
        self.cut = True
        if self.connection is not None:
            # Of the socket itself, whatever encrypts what goes over it.
            with suppress(OSError):
                socket.socket.shutdown(self.connection, socket.SHUT_RD)


class Readings:
    """The bodies that are being read, by upload. Safe for threads."""

    def __init__(self) -> None:
        self._of: dict[str, list[Reading]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, upload_id: str) -> Iterator[Reading]:
        """Note that this request brings bytes for an upload, until they are kept."""
        one = Reading(request.environ.get(_SOCKET))
        with self._lock:
            self._of.setdefault(upload_id, []).append(one)
        try:
            yield one
        finally:
            one.done.set()
            with self._lock:
                rest = [other for other in self._of[upload_id] if other is not one]
                self._of[upload_id] = rest
                if not rest:
                    del self._of[upload_id]

    def end_silent(self, upload_id: str) -> None:
        """End the requests for an upload that wait in vain, and let what they brought be kept."""
        now = time.monotonic()
        with self._lock:
            silent = [r for r in self._of.get(upload_id, ()) if now - r.heard_s > _SILENT_S]
        for one in silent:
            one.end()
        for one in silent:
            one.done.wait(_FLUSH_S)


class End(Enum):
    """How a body ended: all of it came, the line broke, or too many others are as slow."""

    WHOLE = 1
    CUT = 2
    CROWDED = 3


def read_piece(
    reading: Reading, length: int, offset: int, slow: Callable[[], bool]
) -> tuple[bytes, End]:
    """Return the body, as far as it came, and how it ended.

    Args:
        reading: Of this request.
        length: Bytes of the whole file.
        offset: Of the body's first byte.
        slow: Asked once when it takes long; False ends it.

    Raises:
        TooLargeError: It is larger than a piece may be, or goes beyond the file; nothing of it
            counts.
    """
    announced = request.content_length
    if announced is not None and announced > MOST_PIECE_BYTES:
        raise _piece_too_large(announced)
    request.max_content_length = MOST_PIECE_BYTES + 1
    parts, got, end = [], 0, End.WHOLE
    slow_from_s = time.monotonic() + _FAST_S
    try:
        while bite := request.stream.read(_BITE_BYTES):
            parts.append(bite)
            got += len(bite)
            reading.heard_s = time.monotonic()
            if got > MOST_PIECE_BYTES or reading.cut:
                break
            if reading.heard_s > slow_from_s and got != announced:
                slow_from_s = math.inf
                if not slow():
                    end = End.CROWDED
                    break
    except ClientDisconnected:
        end = End.CUT
    except RequestEntityTooLarge:
        got = MOST_PIECE_BYTES + 1
    if end is End.WHOLE and announced is not None and got < announced:
        end = End.CUT
    if got > MOST_PIECE_BYTES:
        raise _piece_too_large(got)
    if got > length - offset:
        raise arrival_words.beyond(length)
    return b"".join(parts), end


def _piece_too_large(size: int) -> TooLargeError:
    return TooLargeError(
        f"这一段有 {size / (1 << 20):.1f} MiB,每段最多 8 MiB:请把客户端的分段大小设为 8 MiB 以内",
        f"this piece has {size / (1 << 20):.1f} MiB, a piece has at most 8 MiB: set the client's "
        "chunk size to 8 MiB or less",
        code="piece_too_large",
    )
