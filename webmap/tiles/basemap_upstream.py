"""A base map from a tile server of the office's own network, asked by our server for the page.

Only the configured address is asked, with numbers filled in: nothing that a browser sends chooses
a host or a path. What comes back must be a small picture from that very host. Tiles are kept on
disk within a bound, so that the map goes on when the other server does not.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from geoinspect.errors import UsageError

_LOG = logging.getLogger(__name__)
_MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))
_MOST_BYTES = 4 << 20
_CONNECT_S, _READ_S, _WHOLE_S = 3.0, 5.0, 10.0
_MOST_HOPS = 2
_AT_ONCE, _WAIT_S = 6, 3.0
# After a failure the server is left alone for a while: a map asks for dozens of tiles at once.
_REST_S = 20.0
_FRESH_S = 30 * 86_400
_KEEP_SHARE = 0.8
_PIECE = 64 << 10


class AwayError(Exception):
    """The other server did not give a tile; it may later."""


@dataclass(frozen=True, slots=True)
class Address:
    """The configured address of tiles, with ``{z}``, ``{x}`` and ``{y}`` or ``{-y}``."""

    template: str

    @classmethod
    def of(cls, template: str) -> Address:
        """Return the address of a setting.

        Raises:
            UsageError: It is no such address.
        """
        parts = urlsplit(template)
        named = all(name in template for name in ("{z}", "{x}"))
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or "{" in parts.netloc
            or not named
            or ("{y}" in template) == ("{-y}" in template)
        ):
            raise UsageError(
                f"设置 basemap_url 的值“{template[:80]}”不可用:应写成 "
                "http://主机/路径/{z}/{x}/{y}.png 的样子",
                f"the setting basemap_url can't be {template[:80]!r}: write it as "
                "http://host/path/{z}/{x}/{y}.png",
                code="bad_basemap",
            )
        return cls(template)

    def tile(self, z: int, x: int, y: int) -> str:
        """Return the address of a tile; ``{-y}`` counts rows from the south."""
        found = self.template.replace("{z}", str(z)).replace("{x}", str(x))
        return found.replace("{y}", str(y)).replace("{-y}", str((1 << z) - 1 - y))

    def allows(self, url: str) -> bool:
        """Return whether a redirect stays on the same server."""
        own, other = urlsplit(self.template), urlsplit(url)
        return (own.scheme, own.hostname, own.port) == (other.scheme, other.hostname, other.port)


class Upstream:
    """The tiles of one address, kept in a folder. Safe for threads.

    Args:
        address: Where tiles are.
        folder: Ours alone; made when missing.
        most_bytes: How much may be kept; the tiles unused for the longest go first.
    """

    def __init__(self, address: Address, folder: Path, most_bytes: int) -> None:
        self._address = address
        name = hashlib.sha256(address.template.encode()).hexdigest()[:16]
        self._folder = folder / name
        self._most = most_bytes
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._bytes: int | None = None
        self._rest_until_s = 0.0

    @property
    def away(self) -> bool:
        """Whether the other server failed just now."""
        return time.monotonic() < self._rest_until_s

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """Return the bytes of a tile and their type; None where the server has none.

        Raises:
            AwayError: The server did not answer with a picture, and no earlier one is kept.
        """
        path = self._folder / str(z) / str(x) / str(y)
        kept, fresh = _kept(path)
        if kept is not None and (fresh or self.away):
            return _told(kept)
        try:
            data = self._asked(self._address.tile(z, x, y))
        except AwayError:
            if kept is None:
                raise
            return _told(kept)
        # What the server does not have is kept too, as nothing.
        self._keep(path, data or b"")
        return _told(data or b"")

    def _asked(self, url: str) -> bytes | None:
        if self.away:
            raise AwayError("failed just now")
        if not self._slots.acquire(timeout=_WAIT_S):
            raise AwayError("too many questions at once")
        try:
            return self._fetched(url)
        except (requests.RequestException, AwayError, OSError) as error:
            _LOG.warning("the base map's server gave no tile: %s", type(error).__name__)
            with self._lock:
                self._rest_until_s = time.monotonic() + _REST_S
            raise AwayError(str(error)) from error
        finally:
            self._slots.release()

    def _fetched(self, url: str) -> bytes | None:
        until_s = time.monotonic() + _WHOLE_S
        with requests.Session() as session:
            # Neither proxies nor passwords of the machine's user are for this.
            session.trust_env = False
            for _ in range(_MOST_HOPS + 1):
                answer = session.get(
                    url, timeout=(_CONNECT_S, _READ_S), stream=True, allow_redirects=False
                )
                with answer:
                    if answer.status_code in (204, 404, 410):
                        return None
                    if not answer.is_redirect:
                        return _picture(answer, until_s)
                    url = urljoin(url, answer.headers["Location"])
                if not self._address.allows(url):
                    raise AwayError("it redirects to another server")
        raise AwayError("it redirects without an end")

    def _keep(self, path: Path, data: bytes) -> None:
        """Keep a tile; a full or read-only disk only costs the copy."""
        temp = path.with_name(f".{uuid.uuid4().hex}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            temp.write_bytes(data)
            temp.replace(path)
            with self._lock:
                if self._bytes is None:
                    self._bytes = sum(size for _, size, _ in _files(self._folder))
                else:
                    self._bytes += len(data)
                if self._bytes > self._most:
                    self._bytes = _swept(self._folder, int(self._most * _KEEP_SHARE))


def _picture(answer: requests.Response, until_s: float) -> bytes:
    """Return the picture in an answer.

    Raises:
        AwayError: It is none, too large, or takes too long.
    """
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if answer.status_code != 200 or not kind.startswith("image/"):
        raise AwayError(f"status {answer.status_code}, type {kind[:40]}")
    data = bytearray()
    for piece in answer.iter_content(_PIECE):
        data += piece
        if len(data) > _MOST_BYTES:
            raise AwayError("larger than a tile can be")
        if time.monotonic() > until_s:
            raise AwayError("too slow")
    if _told(bytes(data)) is None:
        raise AwayError("no picture that browsers show")
    return bytes(data)


def _told(data: bytes) -> tuple[bytes, str] | None:
    return next(((data, kind) for magic, kind in _MAGIC if data.startswith(magic)), None)


def _kept(path: Path) -> tuple[bytes | None, bool]:
    """Return a kept tile and whether it is new enough not to ask again."""
    try:
        data, age_s = path.read_bytes(), time.time() - path.stat().st_mtime
    except OSError:
        return None, False
    with contextlib.suppress(OSError):
        # The moment of its use tells what may go first; that of its making stays.
        os.utime(path, (time.time(), path.stat().st_mtime))
    return data, age_s < _FRESH_S


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Return last use, size and path of every kept tile."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                told = path.stat()
                found.append((told.st_atime, told.st_size, path))
    return found


def _swept(folder: Path, most_bytes: int) -> int:
    """Remove the tiles unused for the longest until the rest fits; return its size."""
    files = sorted(_files(folder), key=lambda file: file[0])
    left = sum(size for _, size, _ in files)
    for _, size, path in files:
        if left <= most_bytes:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            left -= size
    return left
