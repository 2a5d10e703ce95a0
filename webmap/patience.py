"""How long the server waits for the next bytes of a request.

The bound lies on the socket in the kernel: it holds for each wait, however long a body is as a
whole, and does not shorten the time in which an answer may be sent.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

STRANGER_S, KNOWN_S = 10, 30
# Room in the kernel for an answer such as any of our own files, so that no thread waits for whoever
# reads it slowly.
_ANSWER_BYTES = 256 << 10
# gunicorn's own name for the connection of a request.
_SOCKET = "gunicorn.socket"


def be_patient(environ: Mapping[str, Any], *, known: bool) -> None:
    """Set how long a request's body may stall; then reading it fails as a broken connection.

    Args:
        environ: WSGI environment; without gunicorn's socket nothing is done.
        known: Whether the person has signed in.
    """
    connection = environ.get(_SOCKET)
    if connection is not None:
        bound_waiting(connection, KNOWN_S if known else STRANGER_S)


def bound_waiting(connection: socket.socket, seconds: int) -> None:
    """Let a socket, and those it accepts from now on, wait at most so long for bytes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _as_length(seconds))


def bound_answering(connection: socket.socket) -> None:
    """Let a socket, and those it accepts from now on, wait a bounded time for each part of an answer
    to be taken.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _as_length(KNOWN_S))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ANSWER_BYTES)


def _as_length(seconds: int) -> bytes:
    if sys.platform == "win32":
        return struct.pack("L", seconds * 1000)
    return struct.pack("ll", seconds, 0)
