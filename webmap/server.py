"""Serve the web map with gunicorn: one process, many threads.

One process, because login limits are counted in its memory and each campaign's snapshot is kept
once; threads, because most of a request's time is spent outside Python's lock.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from geoinspect.errors import UsageError
from geoinspect.jobs.crew import Crew
from webmap.app import create_app
from webmap.health_checks import TLS_CERT
from webmap.patience import STRANGER_S, bound_answering, bound_waiting
from webmap.patient_worker import PatientWorker
from webmap.warming import warm

_THREADS = 96
# A large raster is re-encoded and searched within its request (docs/decisions/0010).
_REQUEST_S = 3600


class _Arbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which looks after the worker of the jobs too."""

    def __init__(self, app: BaseApplication, crew: Crew) -> None:
        super().__init__(app)
        self._crew = crew

    def manage_workers(self) -> None:
        """Called about once a second: see that everybody is at work."""
        super().manage_workers()
        self._crew.keep_up()

    def stop(self, graceful: bool = True) -> None:
        """End the jobs' worker while the web's worker finishes."""
        self._crew.ask_to_end()
        super().stop(graceful)
        self._crew.end()


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one workspace."""

    def __init__(self, folder: Path, options: dict[str, Any], crew: Crew) -> None:
        self._folder = folder
        self._options = options
        self._crew = crew
        super().__init__()

    def run(self) -> None:
        """Serve until ended."""
        _Arbiter(self, self._crew).run()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        app = create_app(self._folder)
        app.config[TLS_CERT] = self._options["certfile"]
        # Called in the worker, after it was forked: a thread would not come along.
        warm(app)
        return app


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    banner: str = "",
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    workers: int = 0,
) -> int:
    """Serve a workspace until interrupted; return the exit status.

    Args:
        folder: An existing workspace.
        host: Address to listen on.
        port: Port to listen on.
        banner: A line to print below the address, once people can connect.
        tls_cert: Certificate file (PEM); with ``tls_key`` the map is served over HTTPS.
        tls_key: Key file (PEM).
        workers: Jobs done at once in the background beside it; 0: none, they wait for a
            ``geoinspect worker`` elsewhere.

    Raises:
        UsageError: The address is taken or not ours, or only one TLS file was given.
    """
    if (tls_cert is None) != (tls_key is None):
        raise UsageError(
            "--tls-cert 和 --tls-key 要一起给出",
            "--tls-cert and --tls-key go together",
            code="half_tls",
        )
    for path in filter(None, (tls_cert, tls_key)):
        if not path.is_file():
            raise UsageError(f"找不到文件 {path}", f"there is no file {path}", code="no_such_file")
    check_address(host, port)
    scheme = "http" if tls_cert is None else "https"

    def when_ready(arbiter: Arbiter) -> None:
        for listener in arbiter.LISTENERS:
            bound_waiting(listener.sock, STRANGER_S)
            bound_answering(listener.sock)
        click.echo(f"{scheme}://{host}:{port}")
        if banner:
            click.echo(banner)

    options: dict[str, Any] = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": 1,
        "threads": _THREADS,
        "worker_class": PatientWorker,
        "timeout": _REQUEST_S,
        "graceful_timeout": 10,
        "loglevel": "warning",
        # No header of a request may say under which path or prefix we are: our links are made of it.
        "forwarder_headers": "",
        "when_ready": when_ready,
        "certfile": None if tls_cert is None else str(tls_cert),
        "keyfile": None if tls_key is None else str(tls_key),
    }
    _Server(folder, options, Crew(folder, workers)).run()
    return 0


def check_address(host: str, port: int) -> None:
    """Check that an address can be listened on.

    Raises:
        UsageError: It is taken, or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"无法在 {host}:{port} 上启动({reason}):请用 --port 换一个端口",
            f"cannot serve at {host}:{port} ({reason}): choose another with --port",
            code="address_taken",
        ) from error
