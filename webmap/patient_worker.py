"""gunicorn's worker with threads, in which who is slow to ask or to hang up holds up nobody else.

A new connection waits without a thread until its first bytes come. From then on a thread reads the
head of its request (over TLS after the handshake), and that has a bound as a whole, a short one
when many are at it: a byte now and then keeps no thread. What was answered is closed by its own
thread; gunicorn's loop would wait for the other side, and accept nobody meanwhile.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from webmap.patience import STRANGER_S

# Shorter than a single wait may be: so the end is seen here first, and quietly.
_HEAD_S, _HURRIED_HEAD_S = 8.0, 2.0
# From so many on that are at their heads, each is given less.
_MANY = 24
_NOT_OURS = (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK)


class _Connection(TConn):  # type: ignore[misc]
    """A connection that the loop closes without waiting for anybody."""

    def close(self, graceful: bool = False) -> None:
        util.close(self.sock)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Serves requests with threads."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # Connections at the head of a request, or at the unread rest of one, and since when.
        self._asking: dict[_Connection, float] = {}
        self._lock = threading.Lock()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection and wait for its first bytes, without a thread."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            return
        try:
            connection = _Connection(self.cfg, client, address, listener.getsockname())
        except OSError:
            # It was reset before anything could be done with it.
            client.close()
            return
        self.nr_conns += 1
        connection.timeout = time.monotonic() + STRANGER_S
        self.pending_conns.append(connection)
        heard = partial(self.on_pending_socket_readable, connection)
        self.poller.register(client, EVENT_READ, heard)

    def handle(self, conn: _Connection) -> object:
        """Handle a request in a thread; say whether the connection stays open."""
        self._watch(conn)
        try:
            stays: object = super().handle(conn)
        finally:
            with self._lock:
                self._asking.pop(conn, None)
        if not stays:
            with suppress(OSError):
                util.close_graceful(conn.sock)
        return stays

    def handle_request(self, req: object, conn: _Connection) -> object:
        """Answer a request whose head is there."""
        with self._lock:
            self._asking.pop(conn, None)
        try:
            return super().handle_request(req, conn)
        except BlockingIOError:
            # Nobody took the answer for as long as we wait.
            return False

    def handle_error(
        self, req: object, client: socket.socket, addr: object, exc: BaseException
    ) -> None:
        """Tell the log and the sender what kind of fault a request had, never its bytes.

        What stands where a head should be may be the body of a login.
        """
        super().handle_error(
            req, client, addr, _in_words(exc) if isinstance(exc, ParseException) else exc
        )

    def _watch(self, conn: _Connection) -> None:
        with self._lock:
            self._asking[conn] = time.monotonic()

    def _keepalive_after(self, conn: _Connection, keepalive: object) -> bool:
        """Drop what nobody read of a body; gunicorn's own bound starts anew with each byte."""
        self._watch(conn)
        return bool(super()._keepalive_after(conn, keepalive))

    def murder_pending(self) -> None:
        """Called about once a second: end who was silent for too long, or is too slow to ask."""
        super().murder_pending()
        now = time.monotonic()
        with self._lock:
            many = len(self._asking) > _MANY
            most_s = _HURRIED_HEAD_S if many else _HEAD_S
            slow = [one for one, since in self._asking.items() if now - since > most_s]
        for one in slow:
            # Of the socket itself, whatever encrypts what goes over it: its thread hears the end.
            with suppress(OSError):
                socket.socket.shutdown(one.sock, socket.SHUT_RDWR)


def _in_words(error: ParseException) -> ParseException:
    """Return an error of the same kind that says its kind and nothing of the request."""
    kind = type(error)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
    bare: Any = type(kind.__name__, (kind,), {"__str__": lambda _self: words})
    made: ParseException = Exception.__new__(bare)
    return made
