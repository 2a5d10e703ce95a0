"""A server that nobody should call, and a count of who did."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening() -> Iterator[tuple[int, list[object]]]:
    """A server on this computer that counts who calls."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def count() -> None:
            while True:
                try:
                    caller, address = listener.accept()
                except OSError:
                    return
                calls.append(address)
                caller.close()

        thread = threading.Thread(target=count, daemon=True)
        thread.start()
        yield listener.getsockname()[1], calls
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
