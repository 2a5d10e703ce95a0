"""Who stops sending holds no thread for long."""

from __future__ import annotations

import socket
import time

import pytest

from webmap import patience


def test_a_silent_sender_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STRANGER_S", 1)
    ours, theirs = socket.socketpair()
    patience.be_patient({"gunicorn.socket": ours}, known=False)
    start = time.monotonic()
    with ours, theirs, pytest.raises(OSError):  # noqa: PT011 - any kind makes the body end
        ours.recv(1)
    assert 0.5 < time.monotonic() - start < 5


def test_other_servers_are_left_alone() -> None:
    patience.be_patient({}, known=True)


def test_accepted_connections_inherit_the_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        patience.bound_waiting(listener, 1)
        with socket.create_connection(listener.getsockname()):
            accepted, _address = listener.accept()
            with accepted, pytest.raises(OSError):  # noqa: PT011
                accepted.recv(1)
