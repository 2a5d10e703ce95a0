"""One file sent by tus 1.0.0: in checked pieces, taken up again where it broke off."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests

from geoinspect.client.connection import ApiError, Connection, refusal
from geoinspect.errors import InputError

MOST_PIECE_BYTES = 8 << 20
_UPLOADS = "/api/v1/uploads"
_VERSION = {"Tus-Resumable": "1.0.0"}
_READ_BYTES = 1 << 20
# Another connection writes, it begins elsewhere, a broken piece, or no room for now.
_ASK_AGAIN = frozenset({409, 423, 429, 460, 500, 502, 503, 504})
Tell = Callable[[int, int], None]


def send_file(
    connection: Connection,
    path: Path,
    tags: Mapping[str, str],
    *,
    piece_bytes: int = MOST_PIECE_BYTES,
    tell: Tell | None = None,
) -> str:
    """Send a file; return its receipt's number once all of it is kept.

    Args:
        connection: To the server.
        path: The file.
        tags: What the server should know of it: unit, team, mode, day, datum, …
        piece_bytes: Most bytes of one request; at most 8 MiB.
        tell: Hears of the bytes kept and of all of them after every piece.

    Raises:
        InputError: The file can't be read, or changed while it was sent.
        ApiError: The server refused it, or could not be reached for longer than patience lasts.
    """
    try:
        with path.open("rb") as stream:
            digest, size = _digest(stream)
            return _Sending(connection, stream, size, piece_bytes, tell).send(
                {**tags, "filename": path.name, "sha256": digest}
            )
    except OSError as error:
        raise InputError(
            f"无法读取文件 {path.name}({error.strerror}):请检查后重试",
            f"can't read {path.name} ({error.strerror}): check it and try again",
            code="unreadable",
        ) from error


def _digest(stream: BinaryIO) -> tuple[str, int]:
    """Return the hash of all bytes, and how many there are."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_READ_BYTES):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


class _Sending:
    """One file on its way. Failures count anew whenever something arrived."""

    def __init__(
        self,
        connection: Connection,
        stream: BinaryIO,
        size: int,
        piece_bytes: int,
        tell: Tell | None,
    ) -> None:
        self._connection, self._stream, self._size = connection, stream, size
        self._piece_bytes = min(piece_bytes, MOST_PIECE_BYTES)
        self._tell = tell or (lambda _kept, _all: None)
        self._failures = 0

    def send(self, said: Mapping[str, str]) -> str:
        """Begin, send piece after piece, return the receipt."""
        answer = self._asked("POST", _UPLOADS, self._announcement(said), b"")
        while answer is None:
            answer = self._asked("POST", _UPLOADS, self._announcement(said), b"")
        address = urlsplit(answer.headers["Location"]).path
        offset: int | None = int(answer.headers.get("Upload-Offset", 0))
        receipt = answer.headers.get("Upload-Receipt")
        while receipt is None:
            answer = self._asked("HEAD", address, {}, b"") if offset is None else None
            if offset is not None:
                answer = self._next_piece(address, offset)
            if answer is None:
                offset = None
                continue
            offset = int(answer.headers["Upload-Offset"])
            self._tell(offset, self._size)
            receipt = answer.headers.get("Upload-Receipt")
        return receipt

    def _announcement(self, said: Mapping[str, str]) -> dict[str, str]:
        pairs = (
            f"{name} {base64.b64encode(str(value).encode()).decode()}"
            for name, value in said.items()
        )
        return {"Upload-Length": str(self._size), "Upload-Metadata": ",".join(pairs)}

    def _next_piece(self, address: str, offset: int) -> requests.Response | None:
        self._stream.seek(offset)
        piece = self._stream.read(self._piece_bytes)
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        answer = self._asked(
            "PATCH",
            address,
            {
                "Upload-Offset": str(offset),
                "Upload-Checksum": f"sha256 {digest}",
                "Content-Type": "application/offset+octet-stream",
            },
            piece,
        )
        if answer is not None and piece:
            self._failures = 0
        return answer

    def _asked(
        self, method: str, path: str, headers: Mapping[str, str], data: bytes
    ) -> requests.Response | None:
        """Return the answer to a request; None, after a pause, where it has to be asked anew.

        Raises:
            ApiError: The server refused for good, or too often.
        """
        answer: requests.Response | None = None
        try:
            answer = self._connection.once(method, path, headers={**_VERSION, **headers}, data=data)
            if answer.ok:
                return answer
            problem = refusal(answer)
        except ApiError as error:
            problem = error
        self._failures += 1
        final = problem.status not in _ASK_AGAIN and problem.code != "no_answer"
        if final or self._failures >= self._connection.patience.tries:
            raise problem
        time.sleep(self._connection.patience.pause_s(self._failures, answer))
        return None
