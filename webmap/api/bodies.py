"""Raw bytes that a request brings: their name, their announced hash, and the bytes as they come."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from flask import request
from werkzeug.exceptions import ClientDisconnected

from geoinspect.casework.evidence_asked import file_name
from geoinspect.errors import TooLargeError, UsageError

RAW_BYTES = "application/octet-stream"
_CHUNK_BYTES = 1 << 18
_SHA256 = re.compile("[0-9a-f]{64}")


def sent_name() -> str:
    """Return ``?name=``, the last part of the sender's file name.

    Raises:
        UsageError: It is missing.
    """
    name = file_name(request.args.get("name", ""))
    if not name:
        raise UsageError(
            "缺少文件名:请在地址中给出 ?name=",
            "the file's name is missing: give it as ?name=",
            code="no_name",
        )
    return name


def announced_sha256() -> str | None:
    """Return ``?sha256=``, None without one.

    Raises:
        UsageError: It is no such hash.
    """
    given = request.args.get("sha256", "").lower()
    if given and _SHA256.fullmatch(given) is None:
        raise UsageError(
            f"参数 sha256 应为 64 位十六进制数,得到“{given[:80]}”",
            f"sha256 must have 64 hexadecimal digits, got {given[:80]!r}",
            code="bad_option",
        )
    return given or None


def take_at_most(most_mb: float) -> None:
    """Let the request bring so much, and refuse at once what announces more.

    Raises:
        TooLargeError: It announces more.
    """
    size = request.content_length
    if size is not None and size > most_mb * 1e6:
        raise TooLargeError(
            f"文件 {size / 1e6:.0f} MB,超过 {most_mb:g} MB 的上限:请压缩或拆分后再传",
            f"the file has {size / 1e6:.0f} MB, the limit is {most_mb:g} MB: make it smaller or "
            "send it in parts",
        )
    request.max_content_length = int(most_mb * 1e6) + 1


def body_chunks(announced: str | None) -> Iterator[bytes]:
    """Yield the body as it comes.

    Raises:
        UsageError: The connection broke before the announced end, or the bytes are not those
            that were announced; nothing is kept.
    """
    expected, got = request.content_length, 0
    digest = hashlib.sha256()
    try:
        while chunk := request.stream.read(_CHUNK_BYTES):
            got += len(chunk)
            digest.update(chunk)
            yield chunk
    except ClientDisconnected:
        expected = got + 1
    if expected is not None and got < expected:
        raise UsageError(
            f"连接中断,只收到 {got} 字节:请重传",
            f"the connection broke after {got} bytes: send the file again",
            code="incomplete",
        )
    if announced is not None and digest.hexdigest() != announced:
        raise UsageError(
            "收到的内容与 sha256 不符,文件在途中受损:请重传",
            "what arrived does not match sha256, the file was damaged on its way: send it again",
            code="checksum",
        )
