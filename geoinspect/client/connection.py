"""One server and one token: requests with retries, and answers turned into values or errors."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from geoinspect.errors import GeoInspectError, InputError, UsageError

Json = dict[str, Any]
_AGAIN = frozenset({429, 502, 503, 504})
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE"})


class ApiError(GeoInspectError):
    """The server refused, or could not be reached.

    Attributes:
        status: HTTP status; 0 where no answer came.
    """

    default_code = "api"

    def __init__(self, zh: str, en: str, *, code: str | None = None, status: int = 0) -> None:
        super().__init__(zh, en, code=code)
        self.status = status


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a client tries.

    Attributes:
        connect_s: For a connection.
        read_s: For the next bytes of an answer.
        tries: Of one request, the first one included.
        first_pause_s: Before the second try; doubled before each further one.
        longest_pause_s: Bound of every pause, also of one that the server asks for.
    """

    connect_s: float = 10.0
    read_s: float = 120.0
    tries: int = 5
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0

    def pause_s(self, failures: int, answer: requests.Response | None) -> float:
        """Return how long to wait after so many failures, as Retry-After says where it does."""
        asked = "" if answer is None else answer.headers.get("Retry-After", "")
        own_s = self.first_pause_s * 2.0 ** max(failures - 1, 0)
        return min(float(asked) if asked.isdigit() else own_s, self.longest_pause_s)


class _Bearer(AuthBase):
    """Puts the token into each request; a .netrc of the machine can't replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "<token>"


class Connection:
    """Requests to one server.

    Args:
        base_url: As ``https://map.county.example``.
        token: API token; it is never shown by ``repr`` nor in errors.
        verify: Whether to check the server's certificate, or a file with the office's own.
        patience: How long and how often to try.

    Raises:
        UsageError: The address is none of a web server, or the token is empty.
    """

    def __init__(
        self, base_url: str, token: str, *, verify: bool | str = True, patience: Patience
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                f"服务器地址“{base_url[:200]}”无法识别:应如 https://map.example",
                f"{base_url[:200]!r} is no server's address: give one as https://map.example",
                code="bad_address",
            )
        if not token:
            raise UsageError(
                "缺少令牌:请在“账户”页创建",
                "the token is missing: make one on the account page",
                code="no_token",
            )
        self.base_url = base_url.rstrip("/")
        self.patience = patience
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.verify = verify

    def __repr__(self) -> str:
        return f"Connection({self.base_url!r})"

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
    ) -> Json:
        """Send a request and return the object that is answered.

        Parameters that are None are left out. Reading and deleting are tried again after a lost
        connection. A write is only where the server said that it did nothing (503, 429) or ``body`` has a ``client_id``.

        Raises:
            ApiError: The server refused or could not be reached.
        """
        safe = method in _REPEATABLE or (body is not None and bool(body.get("client_id")))
        return self._value_of(lambda: self.once(method, path, query=query, body=body), safe=safe)

    def file(self, path: str, file: Path, query: Mapping[str, object]) -> Json:
        """Send a file's bytes with their hash and return the object that is answered.

        ``query`` has a ``client_id``, so that it counts once however often it has to be sent.

        Raises:
            InputError: The file can't be read.
            ApiError: The server refused or could not be reached.
        """
        headers = {"Content-Type": "application/octet-stream"}
        try:
            with file.open("rb") as stream:
                said = {**query, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}

                def once() -> requests.Response:
                    stream.seek(0)
                    return self.once("POST", path, query=said, headers=headers, data=stream)

                return self._value_of(once, safe=True)
        except OSError as error:
            raise InputError(
                f"无法读取文件 {file.name}({error.strerror}):请检查后重试",
                f"can't read {file.name} ({error.strerror}): check it and try again",
                code="unreadable",
            ) from error

    def _value_of(self, once: Callable[[], requests.Response], *, safe: bool) -> Json:
        """Return the object that is answered, asked for again where that is safe."""
        failures = 0
        while True:
            try:
                answer = once()
            except ApiError:
                failures += 1
                if not safe or failures >= self.patience.tries:
                    raise
                time.sleep(self.patience.pause_s(failures, None))
                continue
            failures += 1
            if answer.status_code not in _AGAIN or failures >= self.patience.tries:
                return self._value(answer)
            if answer.status_code in (502, 504) and not safe:
                return self._value(answer)
            time.sleep(self.patience.pause_s(failures, answer))

    def once(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | IO[bytes] | None = None,
    ) -> requests.Response:
        """Send one request once.

        Raises:
            ApiError: No answer came.
        """
        wait = (self.patience.connect_s, self.patience.read_s)
        try:
            return self._session.request(
                method,
                f"{self.base_url}{path}",
                params=_said(query or {}),
                json=body,
                headers=headers,
                data=data,
                timeout=wait,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            kind = type(error).__name__
            raise ApiError(
                f"无法连接服务器 {self.base_url}({kind}):请检查网络后重试",
                f"no answer from {self.base_url} ({kind}): check the network and try again",
                code="no_answer",
            ) from error

    def _value(self, answer: requests.Response) -> Json:
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise refusal(answer)
        found = answer.json() if answer.content else {}
        if not isinstance(found, dict):
            raise refusal(answer)
        return found


def _said(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    """Return parameters as they are written; a list is one that is repeated."""
    return {
        name: [str(one) for one in value] if isinstance(value, list | tuple) else str(value)
        for name, value in query.items()
        if value is not None
    }


def refusal(answer: requests.Response) -> ApiError:
    """Return the error that an answer is, in the server's words where it has some."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if isinstance(said, dict) and {"code", "message", "message_zh"} <= said.keys():
        return ApiError(
            str(said["message_zh"]),
            str(said["message"]),
            code=str(said["code"]),
            status=answer.status_code,
        )
    return ApiError(
        f"服务器的答复无法识别(状态 {answer.status_code}):请检查地址",
        f"unknown answer of the server (status {answer.status_code}): check the address",
        code="odd_answer",
        status=answer.status_code,
    )
